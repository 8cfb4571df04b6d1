//! Judged alerts that the tests of every writer start from.

use crate::read::testing::alert;
use crate::write::{OutputFormat, Record};
use crate::{Alert, Decider, Field, Format, Priority, Reputation, Severity, Timestamp, Verdict};
use proptest::prelude::*;
use serde_json::Value;

/// An alert with nearly every cell filled.
pub(in crate::write) fn full_alert() -> Alert<'static> {
    let mut alert = alert(include_str!("../../read/samples/ocsf-detection.json"));
    alert.set(Field::EventOutcome, "failure");
    alert.set(Field::FilePath, "/usr/sbin/sshd");
    alert.set(Field::HttpMethod, "post");
    alert.set(Field::HttpStatus, "401");
    alert.set(Field::UserAgent, "curl/8.0");
    alert.set(Field::Protocol, "ssh");
    // Its record is not what the tests are about.
    alert.raw = "{\"raw\": \"as it came\"}";
    alert
}

/// What judging that alert might give.
pub(in crate::write) struct Judged {
    techniques: Vec<String>,
    rules: Vec<String>,
    next_steps: Vec<String>,
    evidence: Vec<(String, String)>,
}

impl Judged {
    pub(in crate::write) fn full() -> Self {
        let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        Self {
            techniques: owned(&["T1110", "T1110.001", "T1078"]),
            rules: owned(&["Password guessing that worked", "Login from a listed address"]),
            next_steps: owned(&["Lock the account root.", "Block 198.51.100.7 at the edge."]),
            evidence: vec![("user.name".to_owned(), "root".to_owned())],
        }
    }

    pub(in crate::write) fn nothing() -> Self {
        Self { techniques: Vec::new(), rules: Vec::new(), next_steps: Vec::new(), evidence: Vec::new() }
    }

    /// The record of an alert that was judged so.
    pub(in crate::write) fn record<'r>(&'r self, alert: &'r Alert<'r>) -> Record<'r> {
        Record {
            id: "5f3a9c01be-1532",
            alert,
            time: alert.time.unwrap_or(Timestamp::EPOCH),
            verdict: Verdict::TruePositive,
            severity: Severity::Critical,
            priority: Priority::from_score(92.0),
            confidence: 0.9312,
            decider: Decider::Rule,
            reused: true,
            category: "brute_force",
            reason: "“Password guessing” from 198.51.100.7 to bastion; 12 occurrences.",
            techniques: &self.techniques,
            rules: &self.rules,
            next_steps: &self.next_steps,
            evidence: &self.evidence,
            model: "gemini/gemini-2.5-flash@1f0c9a3e",
            settings: "standard tier, at most 6 alerts a call, temperature 0, seed 1",
            decision: "00decade00decade",
            valid_from: 1_714_557_600_000,
            pattern: "00c0ffee00c0ffee",
            valid_until: 1_714_644_000_000,
            version: "1:0a1b2c",
            asset: "bastion",
            reputation: Reputation::Malicious,
            reputations: (Reputation::Malicious, Reputation::NotAsked),
        }
    }
}

/// What there is to say of an alert that says nothing.
pub(in crate::write) fn minimal<'r>(judged: &'r Judged, alert: &'r Alert<'r>) -> Record<'r> {
    Record {
        verdict: Verdict::InsufficientData,
        severity: Severity::Unknown,
        priority: Priority::from_score(0.0),
        confidence: f64::NAN,
        decider: Decider::Fallback,
        reused: false,
        category: "other",
        reason: "no rule knows it.",
        asset: "",
        reputation: Reputation::NotAsked,
        reputations: (Reputation::NotAsked, Reputation::NotAsked),
        model: "",
        settings: "",
        valid_from: 0,
        valid_until: i64::MAX,
        ..judged.record(alert)
    }
}

/// The one line that a record becomes, checked to be one.
pub(in crate::write) fn line(format: OutputFormat, record: &Record<'_>) -> String {
    let mut out = b"what was there".to_vec();
    format.write(record, &mut out);
    let written = String::from_utf8(out).unwrap();
    let line = written.strip_prefix("what was there").unwrap().strip_suffix('\n').unwrap();
    assert!(!line.contains(['\n', '\r']), "{line:?}");
    line.to_owned()
}

/// The JSON that a record becomes.
pub(in crate::write) fn json(format: OutputFormat, record: &Record<'_>) -> Value {
    serde_json::from_str(&line(format, record)).unwrap()
}

/// The JSON that the full, or the minimal, record becomes, for people to read.
pub(in crate::write) fn pretty(format: OutputFormat, full: bool) -> String {
    let value = if full {
        let (judged, alert) = (Judged::full(), full_alert());
        json(format, &judged.record(&alert))
    } else {
        let (judged, alert) = (Judged::nothing(), Alert::new(Format::Mapped, ""));
        json(format, &minimal(&judged, &alert))
    };
    serde_json::to_string_pretty(&value).unwrap().replace(env!("CARGO_PKG_VERSION"), "[version]")
}

/// Whether the text stands somewhere in a value, whole.
pub(in crate::write) fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(found) => found == text,
        Value::Array(values) => values.iter().any(|value| holds(value, text)),
        Value::Object(map) => map.values().any(|value| holds(value, text)),
        _ => false,
    }
}

/// Any text, with a bias to what hurts.
pub(in crate::write) fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[=+@\t\r\n\",;' \\\\/<>&\u{0}\u{1b}\u{7f}\u{85}\u{2028}\u{202e}\u{feff}a-]{0,12}",
    ]
}

/// A cell that is filled with any text.
pub(in crate::write) fn cell() -> impl Strategy<Value = (Field, String)> {
    (proptest::sample::select(Field::ALL.to_vec()), hostile())
}
