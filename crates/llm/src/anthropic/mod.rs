//! Anthropic's Messages API (platform.claude.com/docs/en/api/messages).

mod batch;
mod error;
mod request;
mod response;

use crate::{BatchProvider, Completion, Failure, Prompt, Provider};
use serde_json::Value;
use std::fmt;
use watchfire_http::{Request, Response};

/// Claude, at one address, with one key.
#[derive(Clone, PartialEq, Eq)]
pub struct Anthropic {
    base_url: String,
    key: String,
    version: String,
}

impl Anthropic {
    /// Anthropic's own address.
    pub const BASE_URL: &'static str = "https://api.anthropic.com";
    /// The version of the API that is spoken here (platform.claude.com/docs/en/api/versioning).
    pub const VERSION: &'static str = "2023-06-01";

    /// Claude at this address, with or without `/v1` at its end, speaking this version ([`Anthropic::VERSION`]).
    pub fn new(base_url: impl Into<String>, key: impl Into<String>, version: impl Into<String>) -> Self {
        Self { base_url: base_url.into(), key: key.into(), version: version.into() }
    }

    /// The body of a request, as the endpoint and each entry (`params`) of a batch take it.
    pub fn body(prompt: &Prompt) -> Value {
        request::body(prompt)
    }
}

impl Provider for Anthropic {
    fn name(&self) -> &'static str {
        "anthropic"
    }

    fn request(&self, prompt: &Prompt) -> Request {
        request::request(&self.base_url, &self.key, &self.version, prompt)
    }

    fn read(&self, response: &Response) -> Result<Completion, Failure> {
        if response.is_success() { response::read(response) } else { Err(error::read(response)) }
    }

    fn batches(&self) -> Option<&dyn BatchProvider> {
        Some(self)
    }
}

/// Does not show the key.
impl fmt::Debug for Anthropic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Anthropic")
            .field("base_url", &self.base_url)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
