//! Lists of feeds as other readers write and read them: OPML 1.0 and 2.0 (<http://opml.org/spec2.opml>).
//!
//! An outline with an `xmlUrl` is a feed; one without is a folder. What readers write is often no XML: ampersands stand bare
//! in addresses, names of attributes come in any case. So what can be read is read, up to where the file breaks. A file
//! with a document type is refused whole: no reader writes one, and entities that grow (CVE-2003-1564) are all that it is
//! good for.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::read;
pub use write::write;

/// The largest file that is read, in bytes.
pub const MAX_BYTES: usize = 8 << 20;
/// So many feeds are read of one file.
pub const MAX_FEEDS: usize = 20_000;

/// A list of feeds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Opml {
    /// What the list is called.
    pub title: Option<String>,
    /// The feeds, each address once, in their order.
    pub feeds: Vec<ListedFeed>,
    /// Outlines with an address that is none of HTTP, and how often an address came again.
    pub passed_over: usize,
    /// Why the rest could not be read, if there is a rest.
    pub broken: Option<String>,
}

/// A feed of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFeed {
    /// Its address, `http` or `https`, of at most 4096 bytes.
    pub url: String,
    /// What it is called; at most 200 characters.
    pub title: Option<String>,
    /// The address of its page.
    pub page: Option<String>,
    /// The folders that it is in, from the outside in; at most four, of at most 100 characters.
    pub folders: Vec<String>,
}

/// Why a file is no list of feeds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpmlError {
    /// It is too large.
    #[error("the file is larger than {MAX_BYTES} bytes")]
    TooLarge,
    /// It has a document type.
    #[error("the file has a document type (<!DOCTYPE …>), which lists of feeds don't need")]
    DocumentType,
    /// It is something else.
    #[error("the file is no OPML: it has no <opml> element")]
    NotOpml,
}
