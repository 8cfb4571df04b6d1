//! One alert, whoever raised it.

use crate::{Field, Format, Severity, Timestamp};
use std::borrow::Cow;
use std::fmt;

/// An alert has at most this many techniques; what comes after is somebody's joke.
const MAX_TECHNIQUES: usize = 64;

/// A normalised alert: a small table with one text cell per [`Field`], and the few things that are not text.
///
/// It borrows from the record it was read from wherever the record's text can be used as it stands (nearly always),
/// so it lives no longer than the chunk of input that holds it.
#[derive(Clone)]
pub struct Alert<'a> {
    /// Which reader read it.
    pub format: Format,
    /// When it happened; `None` if the record does not say, or says something absurd.
    pub time: Option<Timestamp>,
    /// The vendor's severity on OCSF's scale. Its own words are in [`Field::EventSeverity`].
    pub severity: Severity,
    /// How many occurrences this one record stands for, where the vendor counts them.
    pub count: Option<u64>,
    /// ATT&CK technique ids (`T1110`, `T1110.003`), as the vendor gives them.
    pub techniques: Vec<Cow<'a, str>>,
    /// The vendor's groups or tags of the rule.
    pub groups: Vec<Cow<'a, str>>,
    /// The record, as it was read.
    pub raw: &'a str,
    cells: [Option<Cow<'a, str>>; Field::COUNT],
}

impl<'a> Alert<'a> {
    /// An alert with nothing in it.
    pub fn new(format: Format, raw: &'a str) -> Self {
        Self {
            format,
            time: None,
            severity: Severity::Unknown,
            count: None,
            techniques: Vec::new(),
            groups: Vec::new(),
            raw,
            cells: [const { None }; Field::COUNT],
        }
    }

    /// The text of a field, or `None` if the record has none. Never empty.
    pub fn get(&self, field: Field) -> Option<&str> {
        self.cells[field as usize].as_deref()
    }

    /// The text of a field, or the empty string.
    pub fn text(&self, field: Field) -> &str {
        self.get(field).unwrap_or_default()
    }

    /// Fills a field. Empty text and `-`, which several products write for *nothing*, leave it as it is.
    pub fn set(&mut self, field: Field, text: impl Into<Cow<'a, str>>) {
        let text = text.into();
        if !text.is_empty() && text != "-" {
            self.cells[field as usize] = Some(text);
        }
    }

    /// Fills a field if there is text for it.
    pub fn set_some(&mut self, field: Field, text: Option<impl Into<Cow<'a, str>>>) {
        if let Some(text) = text {
            self.set(field, text);
        }
    }

    /// Fills a field unless it is filled.
    pub fn set_default(&mut self, field: Field, text: impl Into<Cow<'a, str>>) {
        if self.cells[field as usize].is_none() {
            self.set(field, text);
        }
    }

    /// The fields that have text, with it, in the order of [`Field::ALL`].
    pub fn cells(&self) -> impl Iterator<Item = (Field, &str)> {
        Field::ALL.into_iter().filter_map(|field| Some((field, self.get(field)?)))
    }

    /// Adds ATT&CK technique ids; what is not one (`T` and four digits, with or without `.` and three digits) is left
    /// out. Case is folded: Sigma tags are written in lower case.
    pub fn add_technique(&mut self, id: impl Into<Cow<'a, str>>) {
        let id = id.into();
        let bytes = id.as_bytes();
        let shape = bytes.len() >= 5
            && bytes[0].eq_ignore_ascii_case(&b'T')
            && bytes[1..5].iter().all(u8::is_ascii_digit)
            && (bytes.len() == 5
                || (bytes.len() == 9 && bytes[5] == b'.' && bytes[6..].iter().all(u8::is_ascii_digit)));
        if !shape {
            return;
        }
        let id = if bytes[0] == b't' { Cow::Owned(id.to_ascii_uppercase()) } else { id };
        if self.techniques.len() < MAX_TECHNIQUES && !self.techniques.contains(&id) {
            self.techniques.push(id);
        }
    }

    /// The same alert without a borrow, for the few that must outlive their chunk.
    pub fn into_owned(self, raw: &str) -> Alert<'_> {
        Alert {
            format: self.format,
            time: self.time,
            severity: self.severity,
            count: self.count,
            techniques: self.techniques.into_iter().map(|text| Cow::Owned(text.into_owned())).collect(),
            groups: self.groups.into_iter().map(|text| Cow::Owned(text.into_owned())).collect(),
            raw,
            cells: self.cells.map(|cell| cell.map(|text| Cow::Owned(text.into_owned()))),
        }
    }
}

impl fmt::Debug for Alert<'_> {
    /// The cells that are filled, by name; the raw record is left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        map.entry(&"format", &self.format.name());
        map.entry(&"time", &self.time.map(|time| time.to_string()));
        map.entry(&"severity", &self.severity.name());
        map.entry(&"count", &self.count);
        map.entry(&"techniques", &self.techniques);
        map.entry(&"groups", &self.groups);
        for (field, text) in self.cells() {
            map.entry(&field.name(), &text);
        }
        map.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Alert;
    use crate::{Field, Format};

    #[test]
    fn emptiness_is_absence() {
        let mut alert = Alert::new(Format::Zeek, "");
        alert.set(Field::User, "root");
        alert.set(Field::User, "");
        alert.set(Field::Host, "-");
        assert_eq!(alert.get(Field::User), Some("root"));
        assert_eq!(alert.get(Field::Host), None);
        assert_eq!(alert.cells().count(), 1);
    }

    #[test]
    fn only_technique_ids_are_technique_ids() {
        let mut alert = Alert::new(Format::Falco, "");
        for tag in ["t1110.003", "T1110.003", "T1059", "mitre_execution", "T15", "T1059.01", "TA0001"] {
            alert.add_technique(tag);
        }
        assert_eq!(alert.techniques.as_slice(), ["T1110.003", "T1059"]);
    }
}
