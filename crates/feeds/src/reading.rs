//! An article made ready to be judged: folded once, then asked many times.
//!
//! Severity looks for some two hundred phrases, and each user's profile for its own. All of them are looked for in
//! one folded form of the article, so that `Zero-Day`, `zero day` and `zero‑day` over a line's end are the same, and
//! so that an article that is scored for two hundred users is folded once. Title and text share one string, with
//! the title first: where a word stands says much about what the article is about.

mod folded;

pub(crate) use folded::{fold, stands_alone};

use crate::Entity;
use folded::Folded;
use serde::Serialize;
use std::fmt;

/// Most bytes of a title that are read.
pub const TITLE_BOUND: usize = 1024;
/// Most bytes of a text that are read. What an article is about stands in its first hundred pages.
pub const TEXT_BOUND: usize = 128 * 1024;
/// Most entities, countries, categories and exploited CVEs that are looked at, each.
pub(crate) const LIST_BOUND: usize = 2_000;
/// How many bytes of the text count as its opening.
const LEAD: usize = 600;

/// An article, as severity and relevance see it. All of it may be the attacker's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Subject<'a> {
    /// Its title, as plain text.
    pub title: &'a str,
    /// Its text or summary, as plain text.
    pub text: &'a str,
    /// What was found in it.
    pub entities: &'a [Entity],
    /// Those of its CVEs that are known to be exploited, by KEV or another list of the caller's.
    pub exploited: &'a [String],
    /// The countries of the places in it, by ISO 3166 code in either case. Countries among the entities need not be
    /// repeated.
    pub countries: &'a [String],
    /// The feed's own categories or tags.
    pub categories: &'a [String],
    /// The feed, by the name or address that users know it by.
    pub source: &'a str,
    /// What the feed counts: 1 is usual. Taken as between 0.25 and 2.
    pub source_weight: f32,
}

impl Default for Subject<'_> {
    fn default() -> Self {
        Self {
            title: "",
            text: "",
            entities: &[],
            exploited: &[],
            countries: &[],
            categories: &[],
            source: "",
            source_weight: 1.0,
        }
    }
}

/// The parts of an article, the most telling first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The title.
    Title,
    /// The first 600 bytes of the text.
    Lead,
    /// The rest of the text.
    Body,
}

/// Where something stands in an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Place {
    /// In which part.
    pub part: Part,
    /// At which byte of the title or of the text, as the caller gave it.
    pub at: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part {
            Part::Title => out.write_str("in the title"),
            Part::Lead => write!(out, "in the opening, byte {}", self.at),
            Part::Body => write!(out, "in the text, byte {}", self.at),
        }
    }
}

/// An article that was folded. Costs one pass over the title and text; keep it for all profiles.
#[derive(Debug, Clone)]
pub struct Reading<'a> {
    subject: Subject<'a>,
    folded: Folded,
}

impl<'a> Reading<'a> {
    /// Folds an article, up to [`TITLE_BOUND`] and [`TEXT_BOUND`].
    pub fn of(subject: Subject<'a>) -> Self {
        Self {
            folded: Folded::of(within(subject.title, TITLE_BOUND), within(subject.text, TEXT_BOUND)),
            subject,
        }
    }

    /// The article.
    pub fn subject(&self) -> &Subject<'a> {
        &self.subject
    }

    /// What was found in it, up to a bound.
    pub(crate) fn entities(&self) -> &'a [Entity] {
        first(self.subject.entities)
    }

    /// Those of its CVEs that are known to be exploited, up to a bound.
    pub(crate) fn exploited(&self) -> &'a [String] {
        first(self.subject.exploited)
    }

    /// The countries of its places, up to a bound.
    pub(crate) fn countries(&self) -> &'a [String] {
        first(self.subject.countries)
    }

    /// Its categories, up to a bound.
    pub(crate) fn categories(&self) -> &'a [String] {
        first(self.subject.categories)
    }

    /// Title and text in their folded form, with a line's end between them.
    pub(crate) fn text(&self) -> &str {
        self.folded.as_str()
    }

    /// Where a byte of the folded form stands in the article.
    pub(crate) fn place(&self, folded_at: usize) -> Place {
        let (is_title, at) = self.folded.original(folded_at);
        let part = match () {
            () if is_title => Part::Title,
            () if at < LEAD => Part::Lead,
            () => Part::Body,
        };
        Place { part, at }
    }
}

fn first<T>(list: &[T]) -> &[T] {
    &list[..list.len().min(LIST_BOUND)]
}

/// The beginning of a text, whole characters only.
pub(crate) fn within(text: &str, bound: usize) -> &str {
    &text[..text.floor_char_boundary(bound)]
}
