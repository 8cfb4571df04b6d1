//! Threat articles: from a feed's bytes to what they are about, and to whom that matters.

mod entity;
mod reading;
pub mod relevance;
pub mod severity;

pub use entity::{Entity, EntityKind};
pub use reading::{Part, Place, Reading, Subject, TEXT_BOUND, TITLE_BOUND};
