//! Wazuh 4's `alerts.json`.
//!
//! Source: Wazuh documentation, *Alert management*, and the rule files of the 4.x rule set, whose ids, levels, texts,
//! groups and techniques are used. The compliance groups (`pci_dss_…`) are left out to keep the lines short.

use crate::attack::technique_of;
use crate::company::{Host, SIEM};
use crate::dice::Dice;
use crate::json::Object;
use crate::moment::Moment;
use crate::record::{Product, Record};

/// A rule.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Its id, which Wazuh writes as a string.
    pub id: &'static str,
    /// Its level, 0–15.
    pub level: u8,
    /// Its description.
    pub description: &'static str,
    /// Its groups.
    pub groups: &'static [&'static str],
    /// Its ATT&CK techniques.
    pub techniques: &'static [&'static str],
}

/// A rule from its parts.
pub const fn rule(
    id: &'static str,
    level: u8,
    description: &'static str,
    groups: &'static [&'static str],
    techniques: &'static [&'static str],
) -> Rule {
    Rule { id, level, description, groups, techniques }
}

/// Where an event was read, and what made fields of it.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The decoder's name.
    pub decoder: &'static str,
    /// The file or channel.
    pub location: &'static str,
    /// The event as it was read; `None` for Windows events, of which Wazuh keeps the fields only.
    pub full_log: Option<String>,
}

/// An event from a log file.
pub fn from_log(decoder: &'static str, location: &'static str, line: String) -> Origin {
    Origin { decoder, location, full_log: Some(line) }
}

/// An event from a Windows event channel.
pub const WINDOWS: Origin =
    Origin { decoder: "windows_eventchannel", location: "EventChannel", full_log: None };

/// An alert of a rule about an event of a host. `data` is what the decoder found.
pub fn alert(dice: &mut Dice, at: Moment, host: &Host, rule: &Rule, data: Object, origin: Origin) -> Record {
    let at = at.millis();
    let mut described = Object::new()
        .with("level", rule.level)
        .with("description", rule.description)
        .with("id", rule.id)
        .with_some("mitre", mitre(rule.techniques))
        .with("firedtimes", dice.between(1, 60))
        .with("mail", rule.level >= 12)
        .with("groups", rule.groups.to_vec());
    if matches!(rule.id, "5712" | "5763" | "60204" | "31151" | "31152" | "81615") {
        described = described.with("frequency", 8_u8);
    }
    let mut agent = Object::new().with("id", format!("{:03}", host.agent));
    agent = match host.agent {
        0 => agent.with("name", SIEM.name),
        _ => agent.with("name", host.name).with("ip", host.ip),
    };
    let record = Object::new()
        .with("timestamp", at.text("%Y-%m-%dT%H:%M:%S%.3f+0000"))
        .with("rule", described)
        .with("agent", agent)
        .with("manager", Object::new().with("name", SIEM.name))
        .with("id", format!("{}.{}", at.as_millis() / 1_000, dice.between(100_000, 99_999_999)))
        .with_some("full_log", origin.full_log)
        .with("decoder", Object::new().with("name", origin.decoder))
        .with("data", data)
        .with("location", origin.location);
    Record::new(Product::Wazuh, at, record.line())
}

fn mitre(techniques: &[&str]) -> Option<Object> {
    if techniques.is_empty() {
        return None;
    }
    let techniques: Vec<_> = techniques.iter().map(|id| technique_of(id)).collect();
    let texts =
        |of: fn(&crate::attack::Technique) -> &'static str| techniques.iter().map(of).collect::<Vec<_>>();
    Some(
        Object::new()
            .with("id", texts(|technique| technique.id))
            .with("tactic", texts(|technique| technique.tactic))
            .with("technique", texts(|technique| technique.name)),
    )
}

/// The `data` of a Windows event: the part of the system that every event has, and its own fields.
pub fn windows(
    dice: &mut Dice,
    at: Moment,
    host: &Host,
    event: u16,
    channel: &str,
    fields: Object,
) -> Object {
    let system = Object::new()
        .with("providerName", provider(channel))
        .with("eventID", event.to_string())
        .with("eventRecordID", dice.between(10_000, 9_999_999).to_string())
        .with("channel", channel)
        .with("computer", host.full_name())
        .with("systemTime", at.text("%Y-%m-%dT%H:%M:%S%.6f0Z"));
    Object::new().with("win", Object::new().with("system", system).with("eventdata", fields))
}

fn provider(channel: &str) -> &'static str {
    match channel {
        "Security" => "Microsoft-Windows-Security-Auditing",
        "System" => "Service Control Manager",
        _ => "Microsoft-Windows-Security-SPP",
    }
}

/// A line as sshd writes it through syslog.
pub fn sshd(dice: &mut Dice, at: Moment, host: &Host, message: &str) -> Origin {
    let head = at.text("%b %e %H:%M:%S");
    let line = format!("{head} {} sshd[{}]: {message}", host.name, dice.between(800, 60_000));
    from_log("sshd", "/var/log/auth.log", line)
}
