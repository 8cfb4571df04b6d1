//! Threat articles: from a feed's bytes to what they are about, and to whom that matters.

mod entities;
mod entity;
pub mod html;
pub mod parse;
pub mod fetch;
pub mod opml;
mod reading;
pub mod relevance;
pub mod severity;

pub use entities::{Extractor, Found, LONGEST_TEXT, MOST_FOUND, Mention, Names, Part};
pub use entity::{Entity, EntityKind};
pub use reading::{Part, Place, Reading, Subject, TEXT_BOUND, TITLE_BOUND};
