//! Watchfire's own lines: one JSON object an alert, for scripts.
//!
//! What is known of an alert is said once, under short names that a `jq` filter can be typed against. These names are
//! an interface: keys may be added, none changes its meaning. A key whose value is absent is left out, except those
//! marked *always*. Nothing here is nested deeper than two levels, and no line holds a line break.
//!
//! | key | value |
//! |---|---|
//! | `id` | the alert's id, always |
//! | `time` | when it happened, RFC 3339 in UTC, always |
//! | `verdict` | `true_positive`, `suspicious`, `insufficient_data`, `benign_positive`, `false_positive`, `duplicate`; always |
//! | `severity` | `unknown`, `informational`, `low`, `medium`, `high`, `critical`, `fatal`: Watchfire's view, always |
//! | `priority` | how soon to look, 0 (never) to 100 (now), always |
//! | `confidence` | how sure, 0–1 with three decimals, always |
//! | `decider` | `rule`, `analyst`, `statistics`, `llm`, `fallback`; always |
//! | `reused` | whether an earlier decision on the pattern was used again, always |
//! | `category` | what it is about, such as `brute_force`, always |
//! | `reason` | one sentence that says why, always |
//! | `rule` | the vendor's rule: `{id, name, category}` |
//! | `source`, `destination` | `{ip, port, domain, country, reputation}`; `port` is a number, `ip` is what the vendor gave for an address, `country` is known of sources only |
//! | `user`, `target_user`, `host` | names |
//! | `asset` | the machine or account it is about |
//! | `techniques` | ATT&CK ids |
//! | `rules` | titles of Watchfire's rules that matched |
//! | `next_steps` | what to do, in order |
//! | `evidence` | what the reason rests on: `[{name, value}]` |
//! | `model` | the language model that decided, with its provider and the hash of its instructions: `gemini/gemini-2.5-flash@1f0c9a3e` |
//! | `settings` | how it was asked: tier, alerts in a call, what was said of sampling |
//! | `decision` | the decision that holds, the same for all alerts that share it, always |
//! | `valid_from` | from when it holds, RFC 3339: the time of the alert it was made on; left out if it always did |
//! | `pattern` | the pattern it belongs to, always |
//! | `reputation` | the worst that is known of its indicators: `malicious`, `suspicious`, `safe`, `info`, `unknown`, or why nothing is known: `limited`, `failed`, `stale`; left out if no source was asked, and so within `source` and `destination` |
//! | `format` | the format it came in, such as `suricata`, always |
//! | `event_id` | the vendor's own id of the alert |
//! | `vendor_severity` | the vendor's severity, verbatim |
//! | `message` | the vendor's text |
//! | `tenant` | whose alert it is |
//! | `count` | how many occurrences it stands for, where the vendor counts |
//! | `valid_until` | until when the decision holds, RFC 3339 |
//! | `version` | version of the deciders, always |

pub(in crate::write) mod cell;
#[cfg(test)]
pub(in crate::write) mod samples;
#[cfg(test)]
mod tests;

use super::Record;
use crate::{Alert, Field, Reputation, Timestamp};
use cell::Moment;
use serde::{Serialize, Serializer};

pub(super) fn write(record: &Record<'_>, out: &mut Vec<u8>) {
    cell::line(&Line::new(record), out);
}

#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    time: Moment,
    verdict: &'static str,
    severity: &'static str,
    priority: u8,
    confidence: f64,
    decider: &'static str,
    reused: bool,
    category: &'a str,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<Rule<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Endpoint<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination: Option<Endpoint<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    asset: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    techniques: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    rules: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    next_steps: &'a [String],
    #[serde(skip_serializing_if = "Evidence::is_empty")]
    evidence: Evidence<'a>,
    #[serde(skip_serializing_if = "str::is_empty")]
    model: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    settings: &'a str,
    decision: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_from: Option<Moment>,
    pattern: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reputation: Option<&'static str>,
    format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor_severity: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<Moment>,
    version: &'a str,
}

impl<'a> Line<'a> {
    fn new(record: &Record<'a>) -> Self {
        let alert = record.alert;
        Self {
            id: record.id,
            time: Moment(record.time),
            verdict: record.verdict.name(),
            severity: record.severity.name(),
            priority: record.priority.score(),
            confidence: cell::share(record.confidence),
            decider: record.decider.name(),
            reused: record.reused,
            category: record.category,
            reason: record.reason,
            rule: Rule::of(alert),
            source: Endpoint {
                ip: alert.get(Field::SourceIp),
                port: cell::number(alert, Field::SourcePort),
                domain: alert.get(Field::SourceDomain),
                country: alert.get(Field::SourceCountry),
                reputation: known(record.reputations.0),
            }
            .filled(),
            destination: Endpoint {
                ip: alert.get(Field::DestinationIp),
                port: cell::number(alert, Field::DestinationPort),
                domain: alert.get(Field::DestinationDomain),
                country: None,
                reputation: known(record.reputations.1),
            }
            .filled(),
            user: alert.get(Field::User),
            target_user: alert.get(Field::TargetUser),
            host: alert.get(Field::Host),
            asset: record.asset,
            techniques: record.techniques,
            rules: record.rules,
            next_steps: record.next_steps,
            evidence: Evidence(record.evidence),
            model: record.model,
            settings: record.settings,
            decision: record.decision,
            // An analyst's decision holds from the beginning of time.
            valid_from: Some(record.valid_from)
                .filter(|from| *from != 0)
                .and_then(Timestamp::from_millis)
                .map(Moment),
            pattern: record.pattern,
            reputation: known(record.reputation),
            format: alert.format.name(),
            event_id: alert.get(Field::EventId),
            vendor_severity: alert.get(Field::EventSeverity),
            message: alert.get(Field::Message),
            tenant: alert.get(Field::Tenant),
            count: alert.count,
            valid_until: Timestamp::from_millis(record.valid_until).map(Moment),
            version: record.version,
        }
    }
}

/// The name of a reputation, unless nobody was asked.
fn known(reputation: Reputation) -> Option<&'static str> {
    (reputation != Reputation::NotAsked).then(|| reputation.name())
}

#[derive(Serialize)]
struct Rule<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'a str>,
}

impl<'a> Rule<'a> {
    fn of(alert: &'a Alert<'_>) -> Option<Self> {
        let rule = Self {
            id: alert.get(Field::RuleId),
            name: alert.get(Field::RuleName),
            category: alert.get(Field::RuleCategory),
        };
        (rule.id.is_some() || rule.name.is_some() || rule.category.is_some()).then_some(rule)
    }
}

#[derive(Serialize)]
struct Endpoint<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reputation: Option<&'static str>,
}

impl Endpoint<'_> {
    fn filled(self) -> Option<Self> {
        let filled = self.ip.is_some()
            || self.port.is_some()
            || self.domain.is_some()
            || self.country.is_some()
            || self.reputation.is_some();
        filled.then_some(self)
    }
}

/// Names and values, as objects: a name may come twice.
struct Evidence<'a>(&'a [(String, String)]);

impl Evidence<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Evidence<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Pair<'a> {
            name: &'a str,
            value: &'a str,
        }
        serializer.collect_seq(self.0.iter().map(|(name, value)| Pair { name, value }))
    }
}
