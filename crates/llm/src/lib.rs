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
mod places;
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
pub use places::{
    MAX_ARTICLE, MAX_ARTICLES, MAX_PLACES, NoPlaces, Place, PlaceCall, PlacePack, PlaceQuestion, Places,
    PlacesHeard, Role, ask_for_places, hear_places, place_packs, place_prompt, place_prompt_hash,
    read_places,
};
pub use price::PriceTable;
pub use privacy::{Hidden, PrivacyConfig, Pseudonyms};
pub use provider::Provider;
pub use question::Question;
pub use settings::settings;
pub use tokens::estimate_tokens;
