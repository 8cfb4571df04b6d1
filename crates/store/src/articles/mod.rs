//! Articles of feeds: what they say, what they name, to whom they matter, and lists of them in any order.
//!
//! A list of a million articles has to be there at once, whatever it is filtered by. So everything that an article can be
//! found by (its feed, what it names, a country, a user to whom it matters) has a *posting list* in the same order:
//! severity, then time. A list by severity reads it as it stands. A list by time merges its seven severities, and a least
//! severity leaves some of the seven out. Either costs what the page holds, at any number of articles. `list.rs` says what
//! happens where two such lists meet.
//!
//! What is known of an article beyond the list (its text, the reasons of its scores) stands in tables of its own.
//!
//! Feeds, users and articles have numbers; numbers are never given twice.

mod columns;
mod feeds;
mod geocoded;
mod list;
mod locations;
mod maintenance;
mod postings;
mod readers;
mod relevance;
mod text;
mod upsert;

use crate::Store;

pub use columns::{Columns, ListedArticle};
pub use feeds::{FeedCheck, FeedRow};
pub use list::{ArticleCursor, ArticleOrder, ArticlePage, ArticleQuery, MOST_LISTED};
pub use locations::{PlaceRow, WaitingLocation};
pub use readers::{Action, ProfileRow};
pub use relevance::RelevanceRow;
pub use text::MOST_TEXT_BYTES;
pub use upsert::{MOST_ENTITIES, MOST_ENTITY_BYTES, NewArticle, Upserted};

/// The greatest severity: OCSF's fatal.
const MOST_SEVERE: u8 = 6;

/// A feed's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeedId(pub i64);

/// An article's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArticleId(pub i64);

/// A user's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub i64);

/// What the store knows of feeds and articles.
#[derive(Debug, Clone, Copy)]
pub struct Articles<'s> {
    store: &'s Store,
}

impl Store {
    /// Feeds and articles.
    pub fn articles(&self) -> Articles<'_> {
        Articles { store: self }
    }
}

#[cfg(test)]
mod tests;
