//! What the topics hold, as the judge sees it.

use serde::Deserialize;
use std::fmt;

/// A place in a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The partition.
    pub partition: i32,
    /// The offset in it.
    pub offset: i64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.partition, self.offset)
    }
}

/// A record of the intake topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it is.
    pub place: Place,
    /// Its key.
    pub key: Vec<u8>,
    /// Which of those that were fed it says it is.
    pub number: Option<u64>,
}

/// What a source's alerts are named by.
pub type Tag = [u8; 5];

/// An alert's name in every store: its source, and its place in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AlertId {
    /// The source: a partition of the intake topic.
    pub tag: Tag,
    /// The record's offset, and the place of the item in it.
    pub ordinal: u64,
}

/// Bits of an ordinal that count the items of one record.
const ITEM_BITS: u32 = 10;

impl AlertId {
    /// From ten hexadecimal digits, a dash and a number.
    pub fn parse(text: &str) -> Option<Self> {
        let (digits, ordinal) = text.split_once('-')?;
        let plain = digits.len() == 10 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let mut tag = [0; 5];
        for (place, byte) in tag.iter_mut().enumerate() {
            *byte = u8::from_str_radix(digits.get(place * 2..place * 2 + 2)?, 16).ok()?;
        }
        plain.then_some(Self { tag, ordinal: ordinal.parse().ok()? })
    }

    /// The offset of its record.
    pub fn offset(self) -> i64 {
        (self.ordinal >> ITEM_BITS).cast_signed()
    }
}

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tag.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        write!(f, "-{}", self.ordinal)
    }
}

/// What was decided, as two places have to agree on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decided {
    /// OCSF's number of the verdict.
    pub verdict: u8,
    /// OCSF's number of the severity.
    pub severity: u8,
    /// Who decided: the number that the store has for it; 0 for a word that is none.
    pub decider: u8,
}

impl fmt::Display for Decided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "verdict {}, severity {}, decider {}", self.verdict, self.severity, self.decider)
    }
}

/// A message of the verdict topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Where it is.
    pub place: Place,
    /// Its key.
    pub key: Vec<u8>,
    /// The record that it says it comes of.
    pub source: Place,
    /// The alert.
    pub id: AlertId,
    /// A hash of the alert's text ([`text_hash`](crate::intake::text_hash)).
    pub text: u64,
    /// What was decided.
    pub decided: Decided,
}

/// A message of the dead-letter topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dead {
    /// Where it is.
    pub place: Place,
    /// The record that it says it comes of.
    pub source: Place,
    /// Whether it says why.
    pub has_reason: bool,
}

/// The parts of an OCSF finding that are looked at.
#[derive(Debug, Deserialize)]
struct Finding {
    verdict_id: u8,
    severity_id: u8,
    metadata: Metadata,
    #[serde(default)]
    raw_data: String,
    unmapped: Unmapped,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    uid: String,
}

#[derive(Debug, Deserialize)]
struct Unmapped {
    watchfire: Watchfire,
}

#[derive(Debug, Deserialize)]
struct Watchfire {
    decider: String,
}

/// The alert, the hash of its text, and what was decided; `None` if it is no finding.
pub fn finding(value: &[u8]) -> Option<(AlertId, u64, Decided)> {
    let finding: Finding = serde_json::from_slice(value).ok()?;
    let decider = match finding.unmapped.watchfire.decider.as_str() {
        "rule" => 1,
        "analyst" => 2,
        "statistics" => 3,
        "llm" => 4,
        "fallback" => 5,
        _ => 0,
    };
    let decided = Decided { verdict: finding.verdict_id, severity: finding.severity_id, decider };
    Some((AlertId::parse(&finding.metadata.uid)?, crate::intake::text_hash(&finding.raw_data), decided))
}

/// The place that a `source` header names: `topic/partition/offset`.
pub fn source(header: &[u8], topic: &str) -> Option<Place> {
    let rest = std::str::from_utf8(header).ok()?.strip_prefix(topic)?.strip_prefix('/')?;
    let (partition, offset) = rest.split_once('/')?;
    Some(Place { partition: partition.parse().ok()?, offset: offset.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::{AlertId, Decided, Place, finding, source};
    use crate::intake::text_hash;

    #[test]
    fn an_id_names_a_source_and_a_record() {
        let id = AlertId::parse("00ff10ab07-5121").unwrap();
        assert_eq!(
            (id.tag, id.offset(), id.to_string().as_str()),
            ([0, 255, 16, 171, 7], 5, "00ff10ab07-5121")
        );
        for wrong in
            ["00ff10ab07", "00ff10ab0-1", "00ff10ab0é-1", "zzff10ab07-1", "00ff10ab07-x", "+0ff10ab07-1"]
        {
            assert_eq!(AlertId::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_finding_is_read_as_it_was_written() {
        let text = br#"{"verdict_id":4,"severity_id":3,"metadata":{"uid":"00ff10ab07-1"},"raw_data":"{}","unmapped":{"watchfire":{"decider":"llm","more":1}}}"#;
        let (id, hash, decided) = finding(text).unwrap();
        assert_eq!((id.ordinal, hash), (1, text_hash("{}")));
        assert_eq!(decided, Decided { verdict: 4, severity: 3, decider: 4 });
        assert_eq!(finding(b"{}"), None);
    }

    #[test]
    fn a_source_is_a_place_in_this_topic() {
        assert_eq!(source(b"alerts/3/17", "alerts"), Some(Place { partition: 3, offset: 17 }));
        for wrong in [&b"other/3/17"[..], b"alerts/3", b"alerts/3/x", b"\xff"] {
            assert_eq!(source(wrong, "alerts"), None);
        }
    }
}
