//! Language models: what is asked, how each provider wants to be asked, what it costs, and what to make of the answer.

mod anthropic;
mod asking;
mod batch;
mod completion;
mod endpoint;
mod gemini;
mod hostile;
mod nonce;
mod openai;
mod price;
mod privacy;
mod provider;
mod question;
mod reading;
mod settings;
mod tokens;
mod wait;

pub use anthropic::Anthropic;
pub use asking::{Answer, Answers, Pack, PackConfig, Why, pack, prompt, prompt_hash, read_answers, split};
pub use batch::{
    BatchCounts, BatchFailure, BatchItem, BatchLimits, BatchPage, BatchPhase, BatchProvider, BatchResult,
    BatchResults, BatchStatus,
};
pub use completion::{Advice, Completion, Failure, Limit, Prompt, Tier, Usage};
pub use gemini::Gemini;
pub use openai::{Dialect, OpenAi};
pub use price::PriceTable;
pub use privacy::{Hidden, PrivacyConfig, Pseudonyms};
pub use provider::Provider;
pub use question::Question;
pub use settings::settings;
pub use tokens::estimate_tokens;
