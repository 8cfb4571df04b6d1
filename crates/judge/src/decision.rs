//! A decision: what an alert's pattern was found to be, by whom, on what grounds, and for how long that holds.

use crate::Category;
use serde::{Deserialize, Serialize};
use watchfire_signal::{Decider, Severity, Verdict};

/// A decision on a pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// Hash of pattern, version of the deciders, start and volume.
    pub id: i64,
    /// The pattern's number.
    pub pattern: i64,
    /// What was decided.
    pub verdict: Verdict,
    /// How bad: never below the rules' floor.
    pub severity: Severity,
    /// Who decided.
    pub decider: Decider,
    /// How sure, 0–1.
    pub confidence: f64,
    /// From when it holds, in milliseconds since 1970, in the alerts' own time.
    pub valid_from: i64,
    /// Until when.
    pub valid_until: i64,
    /// Always 0; once the order of magnitude of the alerts it stands for.
    pub volume: u8,
    /// Everything that explains it.
    pub detail: Detail,
}

impl Decision {
    /// Whether it was told about its pattern, not learned about its rule, and holds at `time`.
    pub(crate) fn holds(&self, time: i64) -> bool {
        !self.detail.learned && (self.valid_from..self.valid_until).contains(&time)
    }
}

/// The grounds of a decision.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Detail {
    /// Version of rules, material table and deciders that made it.
    pub version: String,
    /// What the alert is about.
    pub category: Category,
    /// One sentence that cites fields of the alert.
    pub reason: String,
    /// ATT&CK technique ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub techniques: Vec<String>,
    /// Titles of the rules that matched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// What to do, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next_steps: Vec<String>,
    /// What the reason rests on: names and values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<(String, String)>,
    /// How unlike the usual it was, 0–1.
    #[serde(default)]
    pub score: f64,
    /// The model that decided, with the hash of its instructions; empty if none did.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// Why somebody was asked, in place of reusing an earlier verdict ([`Why`](crate::reuse::Why)).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Whether it follows from what was learned ([`learning`](crate::learning)).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub learned: bool,
    /// How it was asked: tier, alerts in a call, sampling; empty if none was.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub settings: String,
    /// The least severity that the rules allow.
    #[serde(default, with = "floor", skip_serializing_if = "is_unknown")]
    pub floor: Severity,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_unknown(severity: &Severity) -> bool {
    *severity == Severity::Unknown
}

/// A severity as its OCSF number.
mod floor {
    use serde::{Deserialize, Deserializer, Serializer};
    use watchfire_signal::Severity;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    pub(super) fn serialize<S: Serializer>(severity: &Severity, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(severity.id())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Severity, D::Error> {
        Ok(Severity::from_id(u8::deserialize(deserializer)?))
    }
}
