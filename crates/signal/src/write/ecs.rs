//! Elastic Common Schema: one document a line, for Elasticsearch, OpenSearch and what reads from them.
//!
//! Written for ECS 9.4.0 (repository elastic/ecs, tag v9.4.0, `generated/ecs/ecs_flat.yml`); `ecs.version` says so.
//! Every field used is in 8.11 too, with the same type. Objects are nested, not dotted.
//!
//! An index refuses a whole document if one field has the wrong type, so `ip`, `long` and `float` fields get nothing
//! else: what was given for an address and is none stays in `source.address`, where ECS wants the address as it came
//! in any case. `event.kind`, `.category`, `.type`, `.outcome` and `network.direction` take none but the values that ECS
//! allows or expects, and types only those it expects with the category; other words become labels.
//!
//! ECS has no field for a verdict, nor for what leads to one. They go into `labels`, whose values are keywords: all
//! of them are text, or lists of it. `event.severity` is OCSF's number, 0–6, because ECS asks for one scale within a
//! source, and this document's is Watchfire; the vendor's word is `labels.vendor_severity`. `event.risk_score` is the priority, 0–100, and so
//! is `event.risk_score_norm`. Known bad addresses also go into `threat.enrichments`. `event.provider` is the format
//! that the alert came in; `observer` is Watchfire, which saw the alert, not what the alert saw.
//!
//! Left out: `event.created` and `.ingested`, which the receiver knows better, and the evidence list, whose fields
//! are all in the document.

mod objects;
#[cfg(test)]
mod tests;
mod threat;

use super::Record;
use super::ndjson::cell::{self, HashKind, Moment, Present};
use crate::{Alert, Field, Reputation, Timestamp};
use objects::{Cloud, Dns, Endpoint, File, Http, Id, Name, Network, Original, Process, Related, Url, User};
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt::Display;
use threat::Threat;

/// The version of ECS that is kept to.
const ECS: &str = "9.4.0";

pub(super) fn write(record: &Record<'_>, out: &mut Vec<u8>) {
    cell::line(&Document::new(record), out);
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "@timestamp")]
    timestamp: Moment,
    message: &'a str,
    event: Event<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<Rule<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Endpoint<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination: Option<Endpoint<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<Network<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<User<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<Name<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    process: Option<Process<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<File<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<Url<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http: Option<Http<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<Original<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dns: Option<Dns<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vulnerability: Option<Id<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cloud: Option<Cloud<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<Id<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    threat: Option<Threat<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    related: Option<Related<'a>>,
    labels: Labels<'a>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tags: &'a [Cow<'a, str>],
    observer: Observer,
    ecs: Version,
}

impl<'a> Document<'a> {
    fn new(record: &Record<'a>) -> Self {
        let alert = record.alert;
        Self {
            timestamp: Moment(record.time),
            message: alert.get(Field::Message).unwrap_or(record.reason),
            event: Event::of(record),
            rule: Rule::of(alert),
            source: Endpoint::source(alert),
            destination: Endpoint::destination(alert),
            network: Network::of(alert),
            user: User::of(alert),
            host: alert.get(Field::Host).map(|name| Name { name }),
            process: Process::of(alert),
            file: File::of(alert),
            url: alert.get(Field::Url).map(Url::of),
            http: Http::of(alert),
            user_agent: alert.get(Field::UserAgent).map(|original| Original { original }),
            dns: alert.get(Field::DnsQuestion).map(|name| Dns { question: Name { name } }),
            vulnerability: alert.get(Field::Vulnerability).map(|id| Id { id }),
            cloud: Cloud::of(alert),
            organization: alert.get(Field::Tenant).map(|id| Id { id }),
            threat: Threat::of(record),
            related: Related::of(alert),
            labels: Labels::of(record),
            tags: &alert.groups,
            observer: Observer {
                vendor: "Watchfire",
                product: "Watchfire",
                version: env!("CARGO_PKG_VERSION"),
            },
            ecs: Version { version: ECS },
        }
    }
}

#[derive(Serialize)]
struct Observer {
    vendor: &'static str,
    product: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Version {
    version: &'static str,
}

#[derive(Serialize)]
struct Event<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    category: &'static [&'static str],
    r#type: Present<&'static str, 2>,
    id: &'a str,
    module: &'static str,
    dataset: &'static str,
    provider: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    reason: &'a str,
    severity: u8,
    risk_score: u8,
    risk_score_norm: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    original: Option<&'a str>,
}

impl<'a> Event<'a> {
    fn of(record: &Record<'a>) -> Self {
        let alert = record.alert;
        let category = categories(record.category);
        let action = alert.get(Field::EventAction);
        // Among the categories used here, intrusions and networks are what is allowed or denied.
        let gate = action.filter(|_| category.contains(&"intrusion_detection")).and_then(|action| {
            let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(action));
            match () {
                () if is(&["denied", "deny", "blocked", "block", "drop", "dropped", "reject"]) => {
                    Some("denied")
                }
                () if is(&["allowed", "allow", "pass", "accept", "permit"]) => Some("allowed"),
                () => None,
            }
        });
        Self {
            kind: "alert",
            category,
            r#type: Present([Some("info"), gate]),
            id: record.id,
            module: "watchfire",
            dataset: "watchfire.alert",
            provider: alert.format.name(),
            action,
            outcome: alert.get(Field::EventOutcome).and_then(outcome),
            reason: record.reason,
            severity: record.severity.id(),
            risk_score: record.priority.score(),
            risk_score_norm: record.priority.score(),
            original: cell::raw(alert),
        }
    }
}

/// ECS's categories for one of ours. All of them expect the type `info`.
fn categories(category: &str) -> &'static [&'static str] {
    match category {
        "brute_force" | "credential_access" | "impossible_travel" => {
            &["intrusion_detection", "authentication"]
        }
        "malware" => &["intrusion_detection", "malware"],
        "command_and_control" | "exfiltration" | "lateral_movement" | "scanning" => {
            &["intrusion_detection", "network"]
        }
        "web_attack" => &["intrusion_detection", "web"],
        "execution" => &["intrusion_detection", "process"],
        "persistence" | "defense_evasion" => &["intrusion_detection", "host"],
        "exploitation" | "privilege_escalation" | "impact" | "policy" | "anomaly" => &["intrusion_detection"],
        "availability" => &["host"],
        _ => &[],
    }
}

/// The outcome, if it is one that ECS allows.
fn outcome(text: &str) -> Option<&'static str> {
    ["success", "failure", "unknown"].into_iter().find(|word| word.eq_ignore_ascii_case(text))
}

#[derive(Serialize)]
struct Rule<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ruleset: Option<&'a str>,
}

impl<'a> Rule<'a> {
    fn of(alert: &'a Alert<'_>) -> Option<Self> {
        let rule = Self {
            id: alert.get(Field::RuleId),
            name: alert.get(Field::RuleName),
            category: alert.get(Field::RuleCategory),
            ruleset: alert.groups.first().map(AsRef::as_ref),
        };
        (rule.id.is_some() || rule.name.is_some() || rule.category.is_some()).then_some(rule)
    }
}

/// What ECS has no field for. Flat, and every value text.
#[derive(Serialize)]
struct Labels<'a> {
    verdict: &'static str,
    severity: &'static str,
    priority: Text<u8>,
    confidence: Text<f64>,
    decider: &'static str,
    reused: Text<bool>,
    category: &'a str,
    pattern: &'a str,
    version: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    asset: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    watchfire_rules: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    next_steps: &'a [String],
    reputation: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_reputation: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_reputation: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_hash: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor_severity: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<Text<u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<Moment>,
}

impl<'a> Labels<'a> {
    fn of(record: &Record<'a>) -> Self {
        let alert = record.alert;
        let known = |reputation: Reputation| (reputation != Reputation::NotAsked).then(|| reputation.name());
        Self {
            verdict: record.verdict.name(),
            severity: record.severity.name(),
            priority: Text(record.priority.score()),
            confidence: Text(cell::share(record.confidence)),
            decider: record.decider.name(),
            reused: Text(record.reused),
            category: record.category,
            pattern: record.pattern,
            version: record.version,
            asset: record.asset,
            watchfire_rules: record.rules,
            next_steps: record.next_steps,
            reputation: record.reputation.name(),
            source_reputation: known(record.reputations.0),
            destination_reputation: known(record.reputations.1),
            event_id: alert.get(Field::EventId),
            outcome: alert.get(Field::EventOutcome).filter(|text| outcome(text).is_none()),
            direction: alert.get(Field::Direction).filter(|text| objects::direction(text).is_none()),
            file_hash: alert.get(Field::FileHash).filter(|text| HashKind::of(text).is_none()),
            vendor_severity: alert.get(Field::EventSeverity),
            count: alert.count.map(Text),
            valid_until: Timestamp::from_millis(record.valid_until).map(Moment),
        }
    }
}

/// A value as text.
struct Text<T>(T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
