//! Language models: what is asked, how each provider wants to be asked, what it costs, and what to make of the answer.

mod completion;
mod provider;
mod question;

pub use completion::{Advice, Completion, Failure, Limit, Prompt, Tier, Usage};
pub use provider::Provider;
pub use question::Question;
