//! Namespaces: which vocabulary an element belongs to.
//!
//! Feeds write the addresses of namespaces in many spellings, or use the usual prefix and declare nothing, so both
//! are looked up leniently. An address that nobody knows, set as the default, is taken for the feed's own vocabulary:
//! RSS has none, and people invent one.

/// The vocabularies that are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Space {
    /// RSS, CDF, or no namespace.
    Core,
    Atom03,
    Atom10,
    Rdf,
    DublinCore,
    DublinCoreTerms,
    Content,
    Media,
    Itunes,
    Syndication,
    Xhtml,
    /// The `xml` prefix.
    Xml,
    /// Something else.
    Other,
}

impl Space {
    /// The vocabulary of a namespace's address; `None` if it is not known.
    pub(super) fn of_address(address: &str) -> Option<Self> {
        let address = address.trim().to_ascii_lowercase();
        let trimmed = address.trim_end_matches(['/', '#']);
        let bare =
            trimmed.strip_prefix("http://").or_else(|| trimmed.strip_prefix("https://")).unwrap_or(trimmed);
        Some(match bare {
            "" => Self::Core,
            "www.w3.org/2005/atom" => Self::Atom10,
            "purl.org/atom/ns"
            | "example.com/newformat"
            | "example.com/necho"
            | "purl.org/echo"
            | "uri/of/echo/namespace" => Self::Atom03,
            "www.w3.org/1999/02/22-rdf-syntax-ns" => Self::Rdf,
            "purl.org/dc/elements/1.1" | "purl.org/dc/elements/1.0" | "purl.org/dc" => Self::DublinCore,
            "purl.org/dc/terms" => Self::DublinCoreTerms,
            "purl.org/rss/1.0/modules/content" => Self::Content,
            "search.yahoo.com/mrss" | "www.rssboard.org/media-rss" | "tools.search.yahoo.com/mrss" => {
                Self::Media
            }
            "www.itunes.com/dtds/podcast-1.0.dtd" | "example.com/dtds/podcast-1.0.dtd" => Self::Itunes,
            "purl.org/rss/1.0/modules/syndication" => Self::Syndication,
            "www.w3.org/1999/xhtml" => Self::Xhtml,
            "www.w3.org/xml/1998/namespace" => Self::Xml,
            "backend.userland.com/rss"
            | "backend.userland.com/rss2"
            | "backend.userland.com/rss091"
            | "blogs.law.harvard.edu/tech/rss"
            | "purl.org/rss/1.0"
            | "my.netscape.com/rdf/simple/0.9"
            | "my.netscape.com/publish/formats/rss-0.91.dtd"
            | "purl.org/net/rss1.1"
            | "channel.netscape.com/rdf/simple/0.9" => Self::Core,
            _ => return None,
        })
    }

    /// The vocabulary that a prefix stands for by custom, for feeds that don't declare it.
    pub(super) fn of_prefix(prefix: &str) -> Option<Self> {
        Some(match prefix.to_ascii_lowercase().as_str() {
            "xml" => Self::Xml,
            "atom" | "atom10" | "a10" => Self::Atom10,
            "rdf" => Self::Rdf,
            "rss" => Self::Core,
            "dc" => Self::DublinCore,
            "dcterms" | "dct" => Self::DublinCoreTerms,
            "content" => Self::Content,
            "media" => Self::Media,
            "itunes" => Self::Itunes,
            "sy" => Self::Syndication,
            "xhtml" | "html" => Self::Xhtml,
            _ => return None,
        })
    }

    /// Whether it is the feed's own vocabulary: RSS, Atom or CDF.
    pub(super) fn is_own(self) -> bool {
        matches!(self, Self::Core | Self::Atom03 | Self::Atom10)
    }
}
