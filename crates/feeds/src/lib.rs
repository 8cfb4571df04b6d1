//! Threat articles: from a feed's bytes to what they are about, and to whom that matters.

pub mod entities;
mod entity;
pub mod fetch;
pub mod html;
pub mod opml;
pub mod parse;
mod reading;
pub mod relevance;
pub mod severity;

pub use entities::{Extractor, Found, Mention, Names};
pub use entity::{Entity, EntityKind};
pub use reading::{Part, Place, Reading, Subject, TEXT_BOUND, TITLE_BOUND};
