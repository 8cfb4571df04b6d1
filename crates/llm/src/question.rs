//! What is to be asked of a model about one alert.
//!
//! Two kinds of text are kept apart from here on: what the alert says, which is the attacker's, and what we know of it,
//! which is ours.

use serde::{Deserialize, Serialize};
use watchfire_signal::Severity;

/// Fields of one alert that are asked about, at most.
pub const MAX_FIELDS: usize = 40;
/// Longest value, in bytes.
pub const MAX_VALUE: usize = 512;
/// All values together, in bytes.
pub const MAX_TEXT: usize = 4096;

/// One alert that nobody embedded was sure about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The decision that the answer takes the place of.
    pub id: i64,
    /// Whose alert it is; questions of two tenants never share a prompt.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tenant: String,
    /// What it is about, roughly: questions of one family share a prompt.
    pub family: String,
    /// How soon, 0–100.
    pub priority: u8,
    /// The least severity that the rules allow, as OCSF's number.
    pub floor: u8,
    /// What the alert says: names of fields and their values.
    pub fields: Vec<(String, String)>,
    /// What we know of it, in sentences of our own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<String>,
}

impl Question {
    /// Adds a field, as far as the bounds allow.
    pub fn add(&mut self, name: &str, value: &str) {
        let used: usize = self.fields.iter().map(|(_, value)| value.len()).sum();
        let room = MAX_TEXT.saturating_sub(used).min(MAX_VALUE);
        if self.fields.len() >= MAX_FIELDS || room == 0 || value.is_empty() {
            return;
        }
        let mut end = value.len().min(room);
        while !value.is_char_boundary(end) {
            end -= 1;
        }
        self.fields.push((name.to_owned(), value[..end].to_owned()));
    }

    /// How much text it is, about.
    pub(crate) fn bytes(&self) -> usize {
        let fields = self.fields.iter().map(|(name, value)| name.len() + value.len() + 8).sum::<usize>();
        fields + self.known.iter().map(|known| known.len() + 4).sum::<usize>()
    }

    /// The least severity that the rules allow.
    pub fn floor(&self) -> Severity {
        Severity::from_id(self.floor)
    }
}
