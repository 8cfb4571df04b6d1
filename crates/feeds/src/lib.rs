//! Threat articles: from a feed's bytes to what they are about, and to whom that matters.

mod entity;
pub mod fetch;
pub mod opml;

pub use entity::{Entity, EntityKind};
