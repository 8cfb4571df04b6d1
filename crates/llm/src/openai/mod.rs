//! OpenAI's Chat Completions, and those who speak it: Moonshot (Kimi), Ollama, vLLM and others
//! (developers.openai.com/api/reference, resource chat/completions; platform.kimi.ai/docs/api;
//! docs.ollama.com/api/openai-compatibility).
//!
//! The older of OpenAI's two endpoints, because it is the one that everybody else copied. Where the copies differ
//! from the original, a [`Dialect`] says how; what they only add is read from all of them.

mod batch;
mod error;
mod request;
mod response;

use crate::{BatchProvider, Completion, Failure, Prompt, Provider};
use serde_json::Value;
use std::fmt;
use watchfire_http::{Request, Response};

/// Whose Chat Completions it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// OpenAI's own.
    #[default]
    OpenAi,
    /// Moonshot AI's, for Kimi.
    Moonshot,
    /// Ollama's, on one's own machine.
    Ollama,
    /// Anybody else's: vLLM, LM Studio, a gateway. Only what all of them are known to take is sent.
    Generic,
}

impl Dialect {
    /// Its name as a provider, in ledgers, metrics and price tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Moonshot => "moonshot",
            Self::Ollama => "ollama",
            Self::Generic => "generic",
        }
    }

    /// The vendor's own address, where there is one.
    pub const fn base_url(self) -> Option<&'static str> {
        match self {
            Self::OpenAi => Some("https://api.openai.com"),
            Self::Moonshot => Some("https://api.moonshot.ai"),
            Self::Ollama => Some("http://localhost:11434"),
            Self::Generic => None,
        }
    }
}

/// A service that speaks Chat Completions, at one address, with one key.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenAi {
    base_url: String,
    key: String,
    dialect: Dialect,
}

impl OpenAi {
    /// The service at this address, with or without `/v1` at its end. An empty key is not sent: servers of one's own
    /// often have none.
    pub fn new(base_url: impl Into<String>, key: impl Into<String>, dialect: Dialect) -> Self {
        Self { base_url: base_url.into(), key: key.into(), dialect }
    }

    /// The body of a request, as the endpoint and each line of a batch take it.
    pub fn body(&self, prompt: &Prompt) -> Value {
        request::body(self.dialect, prompt)
    }
}

impl Provider for OpenAi {
    fn name(&self) -> &'static str {
        self.dialect.name()
    }

    fn request(&self, prompt: &Prompt) -> Request {
        request::request(&self.base_url, &self.key, self.dialect, prompt)
    }

    fn read(&self, response: &Response) -> Result<Completion, Failure> {
        if response.is_success() { response::read(response) } else { Err(error::read(response)) }
    }

    fn batches(&self) -> Option<&dyn BatchProvider> {
        if self.has_batches() { Some(self) } else { None }
    }
}

/// Does not show the key.
impl fmt::Debug for OpenAi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAi")
            .field("base_url", &self.base_url)
            .field("dialect", &self.dialect)
            .finish_non_exhaustive()
    }
}
