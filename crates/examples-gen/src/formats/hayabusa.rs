//! Hayabusa's `json-timeline -L` (JSONL).
//!
//! Source: Hayabusa's README (output profiles, abbreviations) and hayabusa-rules, whose titles, ids, levels and
//! `details` fields are used. The profile is the standard one with `MitreTactics` and `MitreTags` added, as the verbose
//! one has them.

use crate::attack::technique_of;
use crate::company::Host;
use crate::dice::Dice;
use crate::json::Object;
use crate::moment::Moment;
use crate::record::{Product, Record};

/// A rule, with the event that it matches.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Its title.
    pub title: &'static str,
    /// Its id.
    pub id: &'static str,
    /// Its level, abbreviated.
    pub level: &'static str,
    /// The event's channel, abbreviated.
    pub channel: &'static str,
    /// The event's id.
    pub event: u16,
    /// Its ATT&CK techniques.
    pub techniques: &'static [&'static str],
}

/// A rule without techniques, from its parts.
pub const fn rule(
    title: &'static str,
    id: &'static str,
    level: &'static str,
    channel: &'static str,
    event: u16,
) -> Rule {
    Rule { title, id, level, channel, event, techniques: &[] }
}

impl Rule {
    /// The rule with techniques.
    pub const fn about(mut self, techniques: &'static [&'static str]) -> Self {
        self.techniques = techniques;
        self
    }
}

/// A detection. `details` are the fields that the rule prints, `extra` those that it does not.
pub fn detection(
    dice: &mut Dice,
    at: Moment,
    host: &Host,
    rule: &Rule,
    details: Object,
    extra: Object,
) -> Record {
    let at = at.millis();
    let techniques: Vec<_> = rule.techniques.iter().map(|id| technique_of(id)).collect();
    let mut tactics: Vec<_> = techniques.iter().map(|technique| abbreviated(technique.tactic)).collect();
    tactics.dedup();
    let mut record = Object::new()
        .with("Timestamp", at.text("%Y-%m-%d %H:%M:%S%.3f +00:00"))
        .with("RuleTitle", rule.title)
        .with("Level", rule.level)
        .with("Computer", host.full_name())
        .with("Channel", rule.channel)
        .with("EventID", rule.event);
    if !techniques.is_empty() {
        let tags: Vec<_> = techniques.iter().map(|technique| technique.id).collect();
        record = record.with("MitreTactics", tactics).with("MitreTags", tags);
    }
    let record = record
        .with("RecordID", dice.between(10_000, 9_999_999))
        .with("Details", details)
        .with("ExtraFieldInfo", extra)
        .with("RuleID", rule.id);
    Record::new(Product::Hayabusa, at, record.line())
}

/// The abbreviations of `mitre_tactics.txt`.
fn abbreviated(tactic: &'static str) -> &'static str {
    match tactic {
        "Initial Access" => "InitAccess",
        "Execution" => "Exec",
        "Persistence" => "Persis",
        "Privilege Escalation" => "PrivEsc",
        "Defense Evasion" => "Evas",
        "Credential Access" => "CredAccess",
        "Discovery" => "Disc",
        "Lateral Movement" => "LatMov",
        "Collection" => "Collect",
        "Command and Control" => "C2",
        "Exfiltration" => "Exfil",
        other => other,
    }
}

/// A logon id, as Windows prints it.
pub fn logon_id(dice: &mut Dice) -> String {
    format!("0x{}", dice.hex(6))
}
