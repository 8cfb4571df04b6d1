//! Where the truth about an alert stands in its record.

use std::ops::Range;
use watchfire_signal::frame::Chunk;

/// Longest name of a step, in characters.
const MAX_NAME: usize = 100;

/// Which value of a record is its label, and which labels say that nothing is wrong.
#[derive(Debug, Clone)]
pub struct Labels {
    /// A column of CSV, or a member of a JSON object; dots lead inwards.
    pub field: String,
    /// What it says of alerts that are no part of an attack, in lower case. An empty label, or none, is one of them.
    pub benign: Vec<String>,
}

impl Labels {
    /// What stands in labels of alerts that are no part of an attack, in the data sets that people share.
    pub const BENIGN: [&'static str; 8] =
        ["-", "0", "benign", "false", "false_positive", "none", "normal", "null"];

    /// The step of an attack that a record belongs to; `None` if it belongs to none.
    pub(super) fn step(&self, chunk: &Chunk, record: Range<usize>) -> Option<String> {
        let label = chunk.value(record, &self.field)?;
        let label = label.trim();
        let is_benign =
            label.is_empty() || self.benign.iter().any(|benign| benign.eq_ignore_ascii_case(label));
        (!is_benign).then(|| label.chars().take(MAX_NAME).collect())
    }

    /// Whether records have it at all.
    pub(super) fn is_in(&self, chunk: &Chunk, record: Range<usize>) -> bool {
        chunk.value(record, &self.field).is_some()
    }
}
