//! What came of a fetch.

use super::schedule::Heard;
use super::source::Validators;
use std::time::Duration;
use watchfire_http::{BadAddress, HttpError};

/// What came of a fetch.
#[derive(Debug)]
pub struct Fetched {
    /// What it was.
    pub outcome: Outcome,
    /// Where the source is from now on: every redirect on the way was a permanent one (301 or 308), and at its end there was
    /// an answer. To be remembered once what is there turns out to be what was meant: domains that are sold redirect so too.
    pub moved_to: Option<String>,
    /// How long the answer is good for by its `Cache-Control`.
    pub fresh_for: Option<Duration>,
}

impl Outcome {
    /// What a schedule is to be told of it, where the parser found so many entries that are new.
    pub fn heard(&self, new_entries: u32) -> Heard {
        match self {
            Self::New(_) => Heard::Entries(new_entries),
            Self::NotModified { .. } => Heard::Entries(0),
            Self::Gone => Heard::Gone,
            Self::Later { until_ms } => Heard::Later(*until_ms),
            Self::Refused(_) | Self::Failed(_) => Heard::Failed,
        }
    }
}

impl From<Outcome> for Fetched {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, moved_to: None, fresh_for: None }
    }
}

/// The ways that a fetch can end.
#[derive(Debug)]
pub enum Outcome {
    /// There is something, which may be the same as the last time.
    New(Document),
    /// It is what it was the last time.
    NotModified {
        /// What it is recognised by from now on.
        validators: Validators,
    },
    /// The server says that it is gone for good (410), where it is and not where it redirects to for now.
    Gone,
    /// It is not asked for, or what came is not taken. The same will happen again until something is set otherwise.
    Refused(Refusal),
    /// The server asks to come again later.
    Later {
        /// Not before then, in milliseconds since 1970. Within the settings' bounds.
        until_ms: i64,
    },
    /// It did not work.
    Failed(Failure),
}

/// What was fetched. Nothing in it is checked: a parser finds out by itself what the bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The body, decompressed and otherwise as it came.
    pub bytes: bytes::Bytes,
    /// What the server says that it is, with the charset. At most 256 bytes.
    pub content_type: Option<String>,
    /// The address that it came from: what relative addresses in it refer to.
    pub final_url: String,
    /// What it is recognised by.
    pub validators: Option<Validators>,
}

/// Why it is not asked for or not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// An address that nothing is sent to.
    #[error("{url}: {reason}")]
    Address {
        /// The address, without its query.
        url: String,
        /// What is wrong with it.
        reason: BadAddress,
    },
    /// A name that leads into a network that is not public.
    #[error("{host}: {reason}")]
    NotPublic {
        /// The name.
        host: String,
        /// Where it leads.
        reason: String,
    },
    /// A redirect from `https` to `http`.
    #[error("it redirects from https:// to {0}, which is not protected")]
    Downgrade(String),
    /// Too many redirects.
    #[error("it redirects more than {0} times")]
    TooManyRedirects(usize),
    /// The host's robots.txt disallows it.
    #[error("the robots.txt of {0} disallows it")]
    Robots(String),
    /// More bytes than are read.
    #[error("it is larger than {0} bytes")]
    TooLarge(usize),
    /// An address that is longer than any should be.
    #[error("an address is longer than {0} bytes")]
    LongAddress(usize),
}

/// Why it did not work.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A status that means nothing here.
    #[error("the server answered {0}")]
    Status(u16),
    /// A redirect that leads nowhere.
    #[error("the server answered {0} without an address to go to")]
    Nowhere(u16),
    /// "Not modified", where nothing was said to be known.
    #[error("the server answered 304 to a request without conditions")]
    Unconditional,
    /// There was no answer.
    #[error("no answer: {0}")]
    NoAnswer(#[source] HttpError),
}
