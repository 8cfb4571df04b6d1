//! What is asked, in which words, and what is made of the answers.

mod answer;
mod pack;
mod prompt;

pub use answer::{Answer, Answers, Why, read_answers};
pub use pack::{Pack, PackConfig, pack, split};
pub use prompt::{prompt, prompt_hash};
