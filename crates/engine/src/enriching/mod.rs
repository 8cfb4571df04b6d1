//! What services know of the indicators in alerts.
//!
//! ```text
//!  judged alerts ─▶ wanted ─▶ kept at home? ▸ known to lists? ▸ answered before? ─▶ each service at its own rate ─▶ answers
//! ```
//!
//! Asking comes after judging, as with a language model: only then is it known which indicators there are, each once, and
//! which matter most. Every service has its own budget, breaker and queue, so the slow one holds up nobody; what is not
//! answered in the time that there is stays *limited* or *failed*, and is asked by the next run. Answers are kept for as
//! long as they hold. Judging once more takes them into account.

mod answers;
mod desk;
mod enricher;
mod progress;
mod wanted;

pub(crate) use answers::Answers;
pub use desk::{Desk, LOOKUP};
pub use enricher::{Enricher, Forecast};
pub use progress::{EnrichProgress, EnrichSnapshot};
pub use wanted::Wanted;
pub(crate) use wanted::{Collector, is_worth_asking};
