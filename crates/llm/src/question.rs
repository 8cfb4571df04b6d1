//! What is to be asked of a model about one alert.
//!
//! Two kinds of text are kept apart from here on: what the alert says, which is the attacker's, and what we know of it,
//! which is ours. Both are bounded here, whether a question is built or read from where it was kept, and nowhere else: so
//! no prompt grows beyond its size.

use serde::{Deserialize, Serialize};
use watchfire_signal::Severity;

/// Fields of one alert that are asked about, at most.
pub const MAX_FIELDS: usize = 40;
/// Longest value, in bytes.
pub const MAX_VALUE: usize = 512;
/// All values together, in bytes.
pub const MAX_TEXT: usize = 4096;
/// Longest name of a field, in bytes; a field with a longer one is left out.
const MAX_NAME: usize = 64;
/// Sentences of our own, at most.
const MAX_KNOWN: usize = 40;

/// One alert that nobody embedded was sure about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Kept")]
pub struct Question {
    /// The decision that the answer takes the place of.
    pub id: i64,
    /// Whose alert it is; questions of two tenants never share a prompt.
    #[serde(skip_serializing_if = "String::is_empty")]
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<String>,
}

/// A question as it was kept, before its bounds were looked at.
#[derive(Deserialize)]
struct Kept {
    id: i64,
    #[serde(default)]
    tenant: String,
    family: String,
    priority: u8,
    floor: u8,
    fields: Vec<(String, String)>,
    #[serde(default)]
    known: Vec<String>,
}

impl From<Kept> for Question {
    fn from(kept: Kept) -> Self {
        let Kept { id, tenant, family, priority, floor, fields, mut known } = kept;
        known.truncate(MAX_KNOWN);
        for sentence in &mut known {
            sentence.truncate(sentence.floor_char_boundary(MAX_VALUE));
        }
        let mut question = Self { id, tenant, family, priority, floor, fields: Vec::new(), known };
        for (name, value) in &fields {
            question.add(name, value);
        }
        question
    }
}

impl Question {
    /// Adds a field, as far as the bounds allow.
    pub fn add(&mut self, name: &str, value: &str) {
        let used: usize = self.fields.iter().map(|(_, value)| value.len()).sum();
        let room = MAX_TEXT.saturating_sub(used).min(MAX_VALUE);
        let value = &value[..value.floor_char_boundary(room)];
        if self.fields.len() < MAX_FIELDS && name.len() <= MAX_NAME && !value.is_empty() {
            self.fields.push((name.to_owned(), value.to_owned()));
        }
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

#[cfg(test)]
mod tests {
    use super::{MAX_FIELDS, MAX_KNOWN, MAX_TEXT, MAX_VALUE, Question};
    use serde_json::json;

    #[test]
    fn a_kept_question_is_brought_within_its_bounds() {
        let long = "é€".repeat(2000);
        let fields: Vec<(String, String)> =
            (0..100).map(|number| (format!("field.{number}"), format!("{number}{long}"))).collect();
        let kept = json!({"id": 7, "family": "f", "priority": 9, "floor": 3, "fields": fields,
            "known": vec![long; 100]});
        let question: Question = serde_json::from_str(&kept.to_string()).unwrap();
        assert_eq!(
            question.fields.iter().map(|(_, value)| value.len()).sum::<usize>().div_ceil(8),
            MAX_TEXT / 8
        );
        assert!(question.fields.iter().all(|(_, value)| value.len() <= MAX_VALUE));
        assert_eq!(question.known.len(), MAX_KNOWN);
        assert!(question.known.iter().all(|sentence| sentence.len() <= MAX_VALUE));
        let again: Question = serde_json::from_str(&serde_json::to_string(&question).unwrap()).unwrap();
        assert_eq!(again, question);

        let many: Vec<(String, String)> =
            (0..100).map(|number| (number.to_string(), "x".to_owned())).collect();
        let kept = json!({"id": 7, "family": "f", "priority": 9, "floor": 3, "fields": many});
        let question: Question = serde_json::from_str(&kept.to_string()).unwrap();
        assert_eq!(question.fields.len(), MAX_FIELDS);
    }

    #[test]
    fn what_was_kept_before_there_were_tenants_is_still_read() {
        let kept = r#"{"id":1,"family":"f","priority":1,"floor":3,"fields":[["user.name","bob"]]}"#;
        let question: Question = serde_json::from_str(kept).unwrap();
        assert_eq!((question.tenant.as_str(), question.known.len(), question.fields.len()), ("", 0, 1));
    }
}
