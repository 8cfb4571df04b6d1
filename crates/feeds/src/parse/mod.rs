//! Feeds from bytes: RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0, CDF and JSON Feed, as they are found in the wild.
//!
//! Feeds that matter are often broken: entities of HTML in XML, prefixes that nobody declared, an encoding that is
//! not the one named, a last kilobyte that is missing. A reader that refuses them loses the article, so everything
//! is read as far as it can be, and [`Feed::problems`] tells what was wrong. [`NotAFeed`] is for documents in which
//! no feed can be seen at all.
//!
//! **Why not a library for it.** feed-rs 2.4.0 was measured on the cases of Python's feedparser that are about
//! title, link, id, date, author, summary and content: it gets 51 % right, 75 % after Atom 0.3 is renamed to
//! 1.0 before it looks. It stops at the first error of XML, knows no Atom 0.3, CDF, `xhtml:body` or Dublin Core title,
//! and takes only a few forms of dates. What it lacks is most of the work, so this is written on quick-xml.
//! `tests/conformance.rs` measures this module on the same cases.
//!
//! **Against hostile feeds.** Nothing is loaded from outside. A document type is not obeyed, but for a few short
//! entities ([`MAX_DECLARED_ENTITIES`], [`MAX_ENTITY_BYTES`], [`MAX_EXPANDED_BYTES`]) whose texts are never expanded
//! again. Only one child of the feed is held as a tree at a time, with [`MAX_DEPTH`] and [`MAX_ELEMENTS`]. Reading
//! goes through a document a bounded number of times (see `scan.rs`), however it is broken. The caller bounds the
//! size of the body.
//!
//! The way of a document: `encoding` makes text of bytes, `scan` makes tags and text of it, `tree` puts them into
//! elements with namespaces, `channel` and `fields` take from the
//! elements what a feed says. `json` goes its own way.

mod base64;
mod channel;
mod content;
mod date;
mod date_words;
mod element;
mod encoding;
mod entity;
mod fields;
mod json;
mod link;
mod model;
mod person;
mod scan;
mod space;
mod tree;

#[cfg(test)]
mod tests;

use thiserror::Error;
use url::Url;

pub use date::parse as parse_date;
pub(crate) use encoding::decode_html;
pub use model::{Entry, Feed, Format, Link, Person, Problem, Text};

/// Entries that are read of one feed; the rest is not looked at.
pub const MAX_ENTRIES: usize = 10_000;
/// Levels of elements; deeper ones are read as the text in them.
pub const MAX_DEPTH: usize = 256;
/// Elements of one entry; further ones are read as the text in them.
pub const MAX_ELEMENTS: usize = 20_000;
/// Bytes of a summary or content.
pub const MAX_TEXT_BYTES: usize = 1 << 20;
/// Bytes of a title, a name, a category or an id.
pub const MAX_LINE_BYTES: usize = 4 << 10;
/// Bytes of a link or of another attribute.
pub const MAX_LINK_BYTES: usize = 8 << 10;
/// Links of one entry, enclosures included.
pub const MAX_LINKS: usize = 100;
/// Categories of one entry.
pub const MAX_CATEGORIES: usize = 100;
/// Authors of one entry.
pub const MAX_AUTHORS: usize = 100;
/// Entities that a document may declare for itself.
pub const MAX_DECLARED_ENTITIES: usize = 64;
/// Bytes of one declared entity.
pub const MAX_ENTITY_BYTES: usize = 1 << 10;
/// Bytes that declared entities may come to, over the whole document.
pub const MAX_EXPANDED_BYTES: usize = 64 << 10;

/// What is known about a body from the way it came.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// The `Content-Type` header.
    pub content_type: Option<String>,
    /// The `Content-Location` header; taken relative to `url`.
    pub content_location: Option<String>,
    /// The address that the body was fetched from, after redirects.
    pub url: Option<Url>,
}

impl Hints {
    /// The address that relative links start from: RFC 3986, section 5.1.
    fn base(&self) -> Option<Url> {
        let location =
            self.content_location.as_deref().map(str::trim).filter(|location| !location.is_empty());
        let located = location.and_then(|location| match &self.url {
            Some(url) => url.join(location).ok(),
            None => Url::parse(location).ok(),
        });
        located.filter(|url| matches!(url.scheme(), "http" | "https")).or_else(|| self.url.clone())
    }
}

/// The body is no feed that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotAFeed {
    /// There is nothing in it.
    #[error("the document is empty")]
    Empty,
    /// It is a page of HTML, as servers send for errors and logins.
    #[error("the document is a web page, not a feed")]
    WebPage,
    /// It is JSON, but not a JSON Feed, or JSON that is broken.
    #[error("the document is JSON, but not a JSON Feed")]
    OtherJson,
    /// It is XML of another kind, or nothing known.
    #[error("the document is neither RSS, Atom, CDF nor JSON Feed")]
    Unknown,
}

/// Reads a feed.
///
/// # Errors
/// [`NotAFeed`] if no feed can be seen in `bytes`. Anything else that is wrong is in [`Feed::problems`].
pub fn parse(bytes: &[u8], hints: &Hints) -> Result<Feed, NotAFeed> {
    let mut problems = model::Problems::default();
    let decoded = encoding::decode(bytes, hints.content_type.as_deref(), &mut problems);
    let text = decoded.text.trim_start();
    if text.is_empty() {
        return Err(NotAFeed::Empty);
    }
    if text.starts_with(['{', '[']) {
        return json::read(text, decoded.encoding, hints.base().as_ref(), problems);
    }
    tree::read(text, decoded.encoding, hints.base(), problems)
}
