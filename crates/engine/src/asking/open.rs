//! An open question as it is kept: what is asked, and what the answer needs to become a decision.

use serde::{Deserialize, Serialize};
use watchfire_llm::Question;

/// A question, and how long an answer to it holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Open {
    #[serde(flatten)]
    pub(crate) question: Question,
    /// Until when a hostile verdict holds, in milliseconds since 1970, in the alerts' own time.
    pub(crate) hostile_until: i64,
    /// Until when any other holds.
    pub(crate) benign_until: i64,
}
