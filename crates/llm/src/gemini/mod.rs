//! Google's Gemini API, `generateContent` (ai.google.dev/api/generate-content; v1beta, because `responseJsonSchema` and
//! `serviceTier` stand only there).
//!
//! One folder per provider, with the same files: what is asked (`request`), what is answered (`response`), and what
//! failures mean (`error`). Vertex AI speaks the same format under other addresses and keys and is not covered.

mod batch;
mod error;
mod request;
mod response;

use crate::{BatchProvider, Completion, Failure, Prompt, Provider};
use serde_json::Value;
use std::fmt;
use watchfire_http::{Request, Response};

/// Gemini, at one address, with one key.
#[derive(Clone, PartialEq, Eq)]
pub struct Gemini {
    base_url: String,
    key: String,
}

impl Gemini {
    /// Google's own address.
    pub const BASE_URL: &'static str = "https://generativelanguage.googleapis.com";

    /// Gemini at this address, with or without `/v1beta` at its end.
    pub fn new(base_url: impl Into<String>, key: impl Into<String>) -> Self {
        Self { base_url: base_url.into(), key: key.into() }
    }

    /// The body of a request, as `generateContent` and each line of a batch take it.
    pub fn body(prompt: &Prompt) -> Value {
        request::body(prompt)
    }
}

impl Provider for Gemini {
    fn name(&self) -> &'static str {
        "gemini"
    }

    fn request(&self, prompt: &Prompt) -> Request {
        request::request(&self.base_url, &self.key, prompt)
    }

    fn read(&self, response: &Response) -> Result<Completion, Failure> {
        if response.is_success() { response::read(response) } else { Err(error::read(response)) }
    }

    fn batches(&self) -> Option<&dyn BatchProvider> {
        Some(self)
    }
}

/// Does not show the key.
impl fmt::Debug for Gemini {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gemini").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}
