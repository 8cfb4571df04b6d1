//! What nobody embedded was sure about, asked of a language model.
//!
//! ```text
//!  judged alerts ─▶ open decisions ─▶ packs ─▶ breaker ▸ budget ▸ money ─▶ call ─▶ checked answers ─▶ decisions
//!                   (in the store)              ▲            retry ◀────────┘  └─▶ ledger           (in their place)
//! ```
//!
//! Asking comes after judging, not within it: a file is read at full speed whatever a provider allows, what is asked
//! about is known as a whole and packed well, and the most urgent goes first. The answers take the places of the
//! decisions that were left open, and judging the file once more, which decides nothing anew, gives the last word.

mod asker;
mod batches;
mod call;
mod open;
mod progress;
mod question;
mod run;
mod verdict;

pub use asker::{ASKER_PREFIX, Asker, Quote};
pub(crate) use call::Line;
pub(crate) use open::{Open, Which};
pub(crate) use progress::add;
pub use progress::{AskProgress, AskSnapshot};
pub(crate) use question::question;
