//! What every provider does: turn a prompt into a request, and a response into a completion.
//!
//! Both are pure: sending is for whoever holds the budget. So every provider is tried on recorded bytes alone.

use crate::{BatchProvider, Completion, Failure, Prompt};
use watchfire_http::{HttpError, Request, Response};

/// One way to speak to a model.
pub trait Provider: Send + Sync {
    /// Its short name, for ledgers and metrics.
    fn name(&self) -> &'static str;

    /// The request that asks this.
    fn request(&self, prompt: &Prompt) -> Request;

    /// What was answered.
    fn read(&self, response: &Response) -> Result<Completion, Failure>;

    /// How it takes batches; `None` if it doesn't.
    fn batches(&self) -> Option<&dyn BatchProvider> {
        None
    }
}

/// A call that ended without an answer, as a failure.
impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        if error.is_transient() {
            Self::Unreachable { reason: error.to_string(), sent: error.was_sent() }
        } else {
            Self::Rejected(error.to_string())
        }
    }
}
