//! What a feed says, whatever its format.

use std::fmt;

use watchfire_signal::Timestamp;

/// The families of formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// RSS 0.91 to 0.94 and 2.0: one `rss` element, no namespace needed.
    Rss,
    /// RSS 0.90 and 1.0: an RDF document.
    Rdf,
    /// Atom 0.3, the draft of 2003 that was never a standard and is still served.
    Atom03,
    /// Atom 1.0, RFC 4287.
    Atom10,
    /// JSON Feed 1.0 and 1.1.
    JsonFeed,
    /// Microsoft's Channel Definition Format of 1997.
    Cdf,
}

impl Format {
    /// Whether it is one of the Atoms.
    pub fn is_atom(self) -> bool {
        matches!(self, Self::Atom03 | Self::Atom10)
    }
}

/// A feed as it was read. Every string in it was written by a stranger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// Its format.
    pub format: Format,
    /// The name of the encoding that its bytes were read in, as the WHATWG spells it.
    pub encoding: &'static str,
    /// The title, as plain text on one line.
    pub title: Option<String>,
    /// What the feed says about itself.
    pub description: Option<Text>,
    /// The page that the feed belongs to, made absolute where a base is known.
    pub link: Option<String>,
    /// All links of the feed, among them those to itself, to its hub and to further pages.
    pub links: Vec<Link>,
    /// The identifier that the feed gives itself.
    pub id: Option<String>,
    /// Who writes it.
    pub authors: Vec<Person>,
    /// When the feed says it was published.
    pub published: Option<Timestamp>,
    /// When the feed says it last changed.
    pub updated: Option<Timestamp>,
    /// The language, as a tag of BCP 47, as far as the feed keeps to that.
    pub language: Option<String>,
    /// How many minutes the feed asks not to be fetched again (`ttl`, or `sy:updatePeriod` with `sy:updateFrequency`).
    pub ttl_minutes: Option<u32>,
    /// Hours of the day, 0 to 23 in UTC, in which the feed asks not to be fetched; ordered, each once.
    pub skip_hours: Vec<u8>,
    /// Days of the week, 0 for Monday to 6 for Sunday, on which the feed asks not to be fetched; ordered, each once.
    pub skip_days: Vec<u8>,
    /// The articles, in the order of the document; at most [`MAX_ENTRIES`](super::MAX_ENTRIES).
    pub entries: Vec<Entry>,
    /// What was wrong, each kind once, in the order it was met.
    pub problems: Vec<Problem>,
}

/// An article of a feed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    /// The identifier that the feed gives it: Atom's `id`, RSS's `guid`, RDF's `about`.
    pub id: Option<String>,
    /// The page of the article.
    pub link: Option<String>,
    /// All links, enclosures among them (their `rel` is `enclosure`); at most [`MAX_LINKS`](super::MAX_LINKS).
    pub links: Vec<Link>,
    /// The title, as plain text on one line.
    pub title: Option<String>,
    /// The summary, or the only text of an RSS item.
    pub summary: Option<Text>,
    /// The full text, if the feed carries it apart from the summary.
    pub content: Option<Text>,
    /// Who wrote it, if the entry says. Where it does not, it may be the feed's authors.
    pub authors: Vec<Person>,
    /// When it was first published.
    pub published: Option<Timestamp>,
    /// When it last changed. RSS 1.0 has only this one (`dc:date`).
    pub updated: Option<Timestamp>,
    /// The words it is filed under; at most [`MAX_CATEGORIES`](super::MAX_CATEGORIES).
    pub categories: Vec<String>,
}

impl Entry {
    /// The best guess at when the article came out.
    pub fn time(&self) -> Option<Timestamp> {
        self.published.or(self.updated)
    }

    /// The longest text the feed gives, as plain text; empty if it gives none.
    pub fn text(&self) -> String {
        let content = self.content.as_ref().map(Text::plain).unwrap_or_default();
        let summary = self.summary.as_ref().map(Text::plain).unwrap_or_default();
        if content.len() >= summary.len() { content } else { summary }
    }
}

/// A text that may be HTML. It is kept raw, and is never fit to be shown as HTML: [`Text::plain`] is for that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The text as the feed has it, at most [`MAX_TEXT_BYTES`](super::MAX_TEXT_BYTES).
    pub value: String,
    /// Whether `value` is HTML; otherwise `<` in it is just a sign.
    pub markup: bool,
}

impl Text {
    /// The text without markup, blocks on lines of their own.
    pub fn plain(&self) -> String {
        if self.markup { crate::html::text(&self.value) } else { self.value.trim().to_owned() }
    }

    /// The text without markup on one line, as titles and names are kept.
    pub fn line(&self) -> String {
        let plain = self.plain();
        let mut line = String::with_capacity(plain.len());
        for word in plain.split_whitespace() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        line
    }
}

/// A link of a feed or an entry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Link {
    /// Where it goes; only the schemes of the web, mail and file transfer are kept.
    pub href: String,
    /// What it is to the entry: `alternate`, `enclosure`, `self`, `hub`, `via` and so on.
    pub rel: String,
    /// The media type it claims.
    pub media_type: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Its length in bytes, as the feed writes it.
    pub length: Option<String>,
    /// Its language.
    pub hreflang: Option<String>,
}

/// Somebody who wrote something.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Person {
    /// Name, if one is given.
    pub name: Option<String>,
    /// Address of mail.
    pub email: Option<String>,
    /// Page.
    pub url: Option<String>,
}

/// What was wrong with a feed that could be read all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Problem {
    /// Bytes that don't exist in the encoding were replaced.
    BadEncoding,
    /// The encoding that the server or the document names is not the one its bytes are in, or is not known.
    WrongCharset,
    /// Control characters that XML forbids were taken out.
    ControlCharacters,
    /// Start and end tags don't match, or a tag can't be read.
    BadNesting,
    /// The document stops before its end.
    Truncated,
    /// A reference to an entity that nobody declared was left as it was written.
    UnknownEntity,
    /// A lone `&` was taken for what it looks like.
    LoneAmpersand,
    /// An entity of HTML was used without being declared.
    HtmlEntity,
    /// Declarations of entities were not obeyed: too many, too long, nested, or from outside.
    EntityRefused,
    /// A prefix was used that is bound to no namespace.
    UndeclaredPrefix,
    /// A date can't be read.
    BadDate,
    /// A link was dropped because of its scheme, such as `javascript:`.
    UnsafeLink,
    /// There were more entries, links, elements or levels than are read.
    TooMany,
    /// A text was longer than is kept, and was cut.
    TooLong,
    /// The document is so broken that reading it to its end would take too long.
    GaveUp,
}

impl Problem {
    /// Whether it concerns the document's XML or encoding, not what is said in it.
    pub fn is_malformed(self) -> bool {
        match self {
            Self::BadEncoding
            | Self::WrongCharset
            | Self::ControlCharacters
            | Self::BadNesting
            | Self::Truncated
            | Self::UnknownEntity
            | Self::LoneAmpersand
            | Self::HtmlEntity
            | Self::UndeclaredPrefix
            | Self::GaveUp => true,
            Self::EntityRefused | Self::BadDate | Self::UnsafeLink | Self::TooMany | Self::TooLong => false,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadEncoding => "bytes that don't exist in the encoding",
            Self::WrongCharset => "the encoding is not the one that is named",
            Self::ControlCharacters => "control characters in XML",
            Self::BadNesting => "tags that don't match",
            Self::Truncated => "the document stops before its end",
            Self::UnknownEntity => "an entity that is not declared",
            Self::LoneAmpersand => "an ampersand that is not escaped",
            Self::HtmlEntity => "an entity of HTML that is not declared",
            Self::EntityRefused => "a declaration of an entity that is not obeyed",
            Self::UndeclaredPrefix => "a prefix that is not declared",
            Self::BadDate => "a date that can't be read",
            Self::UnsafeLink => "a link with a scheme that is not followed",
            Self::TooMany => "more than is read of one kind",
            Self::TooLong => "a text longer than is kept",
            Self::GaveUp => "too broken to be read to its end",
        })
    }
}

/// Problems, each kind once.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<Problem>);

impl Problems {
    pub(super) fn note(&mut self, problem: Problem) {
        // There are fifteen kinds: looking through them is cheaper than a set.
        if !self.0.contains(&problem) {
            self.0.push(problem);
        }
    }

    pub(super) fn into_vec(self) -> Vec<Problem> {
        self.0
    }
}
