//! What every provider is asked and answers, in one shape.

use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// One thing to ask of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Prompt {
    /// The model's name, as the provider knows it.
    pub model: String,
    /// Instructions: ours alone, never a word from an alert.
    pub system: Arc<str>,
    /// What is asked about: alerts, as data.
    pub user: String,
    /// The shape that the answer must have: JSON Schema, in the subset that every provider takes.
    pub schema: Arc<Value>,
    /// The most that the answer may have, in tokens.
    pub max_output_tokens: u32,
    /// What is asked of the provider beyond that.
    pub tier: Tier,
}

/// How soon, and at what price.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// At once, at list price.
    #[default]
    Standard,
    /// At once, slower, and cheaper; may be shed.
    Flex,
    /// Within a day, through the provider's batch endpoint.
    Batch,
}

impl Tier {
    /// Its name in ledgers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Flex => "flex",
            Self::Batch => "batch",
        }
    }
}

/// What a call used, in tokens. The parts do not overlap, whatever the provider's way to say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Usage {
    /// Input at full price.
    pub input: u64,
    /// Input that was read from the provider's cache.
    pub cached_input: u64,
    /// Input that was written to the provider's cache.
    pub cache_write: u64,
    /// Output that was answered.
    pub output: u64,
    /// Output that was thought and not shown; billed as output.
    pub thinking: u64,
}

impl Usage {
    /// Everything that counts against a limit on input.
    pub fn all_input(&self) -> u64 {
        self.input + self.cached_input + self.cache_write
    }

    /// Everything that is billed as output.
    pub fn all_output(&self) -> u64 {
        self.output + self.thinking
    }
}

/// An answer that is whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// Its text: JSON, if the provider kept to the schema.
    pub text: String,
    /// What it used.
    pub usage: Usage,
    /// The model that answered, as the provider says.
    pub model: String,
    /// The tier that was billed.
    pub tier: Tier,
}

/// Which limit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Requests in a short window (a minute, or whatever the provider calls so).
    Requests,
    /// Tokens in a short window.
    Tokens,
    /// Calls at once.
    Concurrency,
    /// Requests or tokens in a day: there is no use in asking before it ends.
    Day,
    /// Money: there is no use in asking before somebody pays.
    Spend,
    /// The provider does not say.
    Unknown,
}

/// Why there is no answer that can be used. What was used all the same stands in [`Failure::usage`]: it is billed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Failure {
    /// A limit was reached.
    #[error("rate limited ({limit:?}): {message}")]
    Limited {
        /// Which.
        limit: Limit,
        /// When to ask again, if the provider says so and can be believed.
        retry_after: Option<Duration>,
        /// The provider's words, bounded.
        message: String,
    },
    /// The provider will not answer this, for its contents.
    #[error("the provider refused to answer: {reason}")]
    Refused {
        /// Its reason, bounded.
        reason: String,
        /// What it used.
        usage: Usage,
    },
    /// The answer was cut off.
    #[error("the answer was cut off at {} tokens", usage.all_output())]
    Truncated {
        /// What it used.
        usage: Usage,
    },
    /// A success that can't be understood.
    #[error("the provider's answer can't be understood: {reason}")]
    Garbled {
        /// What is wrong with it.
        reason: String,
        /// What it used, as far as it can be read.
        usage: Usage,
    },
    /// The provider has trouble of its own.
    #[error("the provider failed with status {status}: {message}")]
    Server {
        /// The HTTP status.
        status: u16,
        /// When to ask again, if it says so.
        retry_after: Option<Duration>,
        /// Its words, bounded.
        message: String,
    },
    /// The key is not accepted.
    #[error("the provider does not accept the key: {0}")]
    Unauthorized(String),
    /// The request is wrong: asking again is no use.
    #[error("the provider does not accept the request: {0}")]
    Rejected(String),
    /// No answer came.
    #[error("no answer: {reason}")]
    Unreachable {
        /// Why.
        reason: String,
        /// Whether the provider may have seen the request.
        sent: bool,
    },
}

/// What to do about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// Ask again, after this long if the provider said so, else after a backoff.
    Retry(Option<Duration>),
    /// Pause everybody who uses this key, for this long if the provider said so.
    Pause(Limit, Option<Duration>),
    /// The same prompt will fail again; a smaller one may not.
    Split,
    /// No use in asking this provider at all before somebody changes something.
    Stop,
}

impl Failure {
    /// What to do about it.
    pub fn advice(&self) -> Advice {
        match self {
            Self::Limited { limit, retry_after, .. } => Advice::Pause(*limit, *retry_after),
            Self::Refused { .. } | Self::Truncated { .. } | Self::Garbled { .. } | Self::Rejected(_) => {
                Advice::Split
            }
            Self::Server { retry_after, .. } => Advice::Retry(*retry_after),
            Self::Unreachable { .. } => Advice::Retry(None),
            Self::Unauthorized(_) => Advice::Stop,
        }
    }

    /// What the failed call used.
    pub fn usage(&self) -> Usage {
        match self {
            Self::Refused { usage, .. } | Self::Truncated { usage } | Self::Garbled { usage, .. } => *usage,
            _ => Usage::default(),
        }
    }
}
