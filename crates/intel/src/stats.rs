//! What is loaded.

use std::path::Path;
use std::sync::Arc;
use watchfire_signal::{IndicatorKind, Timestamp};

/// All lists, and what they occupy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// Each list, in the order they were read.
    pub lists: Vec<ListStats>,
    /// Memory that entries and evidence occupy, in bytes.
    pub memory_bytes: usize,
}

impl Stats {
    /// Entries about one kind of indicator in all lists, what several lists name counted for each.
    pub fn entries(&self, kind: IndicatorKind) -> u64 {
        self.lists.iter().map(|list| list.entries(kind)).sum()
    }
}

/// One list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListStats {
    /// The name it is shown by.
    pub name: Arc<str>,
    /// Where it is.
    pub file: Arc<Path>,
    /// `plain`, `misp` or `kev`; empty if it could not be read.
    pub format: &'static str,
    /// When the file was changed last.
    pub modified: Option<Timestamp>,
    /// Entries that say nothing about any kind of indicator here (file names, mail addresses, regular expressions),
    /// or were not understood.
    pub left_out: u64,
    /// Why it could not be read. Such a list answers `Failed`.
    pub failure: Option<String>,
    pub(crate) entries: [u64; IndicatorKind::ALL.len()],
}

impl ListStats {
    /// Entries about one kind of indicator; networks count as addresses.
    pub fn entries(&self, kind: IndicatorKind) -> u64 {
        self.entries[slot(kind)]
    }
}

/// Where a kind's count is.
pub(crate) const fn slot(kind: IndicatorKind) -> usize {
    kind.id() as usize - 1
}
