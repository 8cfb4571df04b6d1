//! Elastic Common Schema: Elastic Security alerts, Wazuh 5 findings, and alerts that Beats ship.
//!
//! Sources: ECS field reference; Elastic Security, *Alert schema* (`kibana.alert.*`, and `signal.*` of version 7);
//! Wazuh indexer plugins 5.0, `wcs/stateless/events/findings/docs/fields.csv` and *Security analytics, architecture*
//! (a finding is the whole event with the Sigma rule under `wazuh.rule`, whatever the event's `event.kind`).
//!
//! Keys come nested, dotted or both in one document, so documents are walked by path, and where several paths say the
//! same thing the best one wins. `event.kind` tells alerts (`alert`, `signal`) from events; a firewall's or Sysmon's
//! *event* names a rule too, so `rule.*` makes an alert only where there is no `event.kind`. An alert that someone has
//! closed (`kibana.alert.workflow_status`) is still an alert.
//!
//! A hit as exported from a search (`_index`, `_source` or `fields`) is unwrapped, and its document read by whichever
//! reader it belongs to: Wazuh 4's alerts are exported so too. Shippers add `@timestamp` to the records of every
//! product, which is why this reader claims last.

use super::best::Best;
use super::flatten::leaves;
use super::scalar::Scalar;
use super::{Claim, Item, JSON_READERS, Keys};
use super::{alertmanager, chainsaw, cloudtrail, falco, guardduty, hayabusa, ocsf, suricata, wazuh4, zeek};
use crate::{Alert, Field, Format, Severity, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Every other reader; what one of them claims is not ECS.
const OTHERS: [fn(&Keys<'_>) -> bool; 10] = [
    suricata::claims,
    wazuh4::claims,
    zeek::claims,
    ocsf::claims,
    falco::claims,
    hayabusa::claims,
    chainsaw::claims,
    guardduty::claims,
    cloudtrail::claims,
    alertmanager::claims,
];

pub(super) fn claims(keys: &Keys<'_>) -> bool {
    let marked = ["event", "kibana", "signal", "wazuh", "rule", "ecs"].into_iter().any(|key| keys.has(key))
        || ["event.", "kibana.", "signal.", "wazuh.", "rule.", "ecs."]
            .into_iter()
            .any(|key| keys.has_prefix(key));
    let document = keys.has("@timestamp") && marked;
    (document || is_hit(keys)) && !OTHERS.iter().any(|claims| claims(keys))
}

fn is_hit(keys: &Keys<'_>) -> bool {
    keys.has("_index") && (keys.has("_source") || keys.has("fields"))
}

pub(super) fn read<'a>(record: &'a str, out: &mut Vec<Item<'a>>) -> Result<Claim, serde_json::Error> {
    let Some(keys) = Keys::claimed(record, claims)? else { return Ok(Claim::NotMine) };
    if is_hit(&keys) {
        return read_hit(record, out);
    }
    let mut walk = Walk::new(record);
    leaves(record, &mut |path, value| walk.take(path, value))?;
    out.push(if walk.is_alert() {
        Item::Alert(Box::new(walk.into_alert()))
    } else {
        Item::Aside(Cow::Borrowed("ecs event"))
    });
    Ok(Claim::Mine)
}

/// Reads the document in a hit. A hit from an index that no reader knows is declined, so that a mapping file may read
/// it; so is a hit within a hit, which bounds the recursion.
fn read_hit<'a>(record: &'a str, out: &mut Vec<Item<'a>>) -> Result<Claim, serde_json::Error> {
    let hit: Hit<'a> = serde_json::from_str(record)?;
    let Some(document) = hit.source.or(hit.fields).map(RawValue::get) else { return Ok(Claim::NotMine) };
    let keys: Keys<'a> = serde_json::from_str(document)?;
    let reader = JSON_READERS.iter().find(|reader| !is_hit(&keys) && (reader.claims)(&keys));
    let Some(reader) = reader else { return Ok(Claim::NotMine) };
    let before = out.len();
    let claim = (reader.read)(document, out)?;
    if let Some(id) = hit.id.into_text() {
        for item in out.iter_mut().skip(before) {
            if let Item::Alert(alert) = item {
                alert.set_default(Field::EventId, id.clone());
            }
        }
    }
    Ok(claim)
}

#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Hit<'a> {
    #[serde(rename = "_id")]
    id: Scalar<'a>,
    #[serde(rename = "_source")]
    source: Option<&'a RawValue>,
    fields: Option<&'a RawValue>,
}

/// An alert in the making, and what tells whether it is one.
struct Walk<'a> {
    alert: Alert<'a>,
    best: Best,
    indexed: Option<Timestamp>,
    kind: Option<Cow<'a, str>>,
    /// A detection engine's own fields are there.
    detected: bool,
    names_a_rule: bool,
    risk: Option<f64>,
}

impl<'a> Walk<'a> {
    fn new(record: &'a str) -> Self {
        Self {
            alert: Alert::new(Format::Ecs, record),
            best: Best::default(),
            indexed: None,
            kind: None,
            detected: false,
            names_a_rule: false,
            risk: None,
        }
    }

    fn take(&mut self, path: &str, value: Scalar<'a>) {
        self.detected |= ["kibana.alert.", "signal.rule.", "wazuh.rule."]
            .into_iter()
            .any(|prefix| path.starts_with(prefix));
        self.names_a_rule |= matches!(path, "rule.id" | "rule.name" | "rule.uuid");
        match path {
            "@timestamp" => self.indexed = value.as_time(),
            "kibana.alert.original_time" | "signal.original_time" => self.alert.time = value.as_time(),
            "event.kind" => self.kind = value.into_text(),
            "kibana.alert.risk_score"
            | "kibana.alert.rule.risk_score"
            | "signal.rule.risk_score"
            | "event.risk_score_norm" => {
                self.risk = self.risk.or(value.as_f64());
                self.best.put(&mut self.alert, (Field::EventSeverity, 8), value);
            }
            "kibana.alert.threshold_result.count" => self.alert.count = value.as_u64(),
            // How many were suppressed *besides* the one that is here.
            "kibana.alert.suppression.docs_count" => {
                self.alert.count = value.as_u64().map(|suppressed| suppressed.saturating_add(1));
            }
            "kibana.alert.rule.tags" | "signal.rule.tags" | "wazuh.rule.tags" => {
                if let Some(tag) = value.into_text() {
                    if let Some(technique) = tag.strip_prefix("attack.") {
                        self.alert.add_technique(technique.to_owned());
                    }
                    self.alert.groups.push(tag);
                }
            }
            _ if path.ends_with("technique.id") => {
                if let Some(id) = value.into_text() {
                    self.alert.add_technique(id);
                }
            }
            _ => {
                if let Some(place) = place(path) {
                    self.best.put(&mut self.alert, place, value);
                }
            }
        }
    }

    fn is_alert(&self) -> bool {
        self.detected
            || match self.kind.as_deref() {
                Some(kind) => matches!(kind, "alert" | "signal"),
                None => self.names_a_rule,
            }
    }

    fn into_alert(mut self) -> Alert<'a> {
        // When it happened, not when a rule that runs every five minutes came to it.
        self.alert.time = self.alert.time.or(self.indexed);
        let word = Severity::from_word(self.alert.text(Field::EventSeverity));
        self.alert.severity = word.or(self.risk.map(severity_of_risk)).unwrap_or_default();
        self.alert
    }
}

/// Elastic's default bands of `risk_score`: low up to 21, medium to 47, high to 73, critical above.
fn severity_of_risk(score: f64) -> Severity {
    match score {
        score if !(0.0..=100.0).contains(&score) => Severity::Unknown,
        score if score <= 21.0 => Severity::Low,
        score if score <= 47.0 => Severity::Medium,
        score if score <= 73.0 => Severity::High,
        _ => Severity::Critical,
    }
}

/// Which field a path fills, and how good it is at that: the lowest rank wins.
fn place(path: &str) -> Option<(Field, u8)> {
    Some(match path {
        "kibana.alert.uuid" => (Field::EventId, 0),
        "event.id" => (Field::EventId, 1),
        "wazuh.event.id" => (Field::EventId, 2),
        "event.action" => (Field::EventAction, 0),
        "event.outcome" => (Field::EventOutcome, 0),
        "kibana.alert.severity" => (Field::EventSeverity, 0),
        "wazuh.rule.level" => (Field::EventSeverity, 1),
        "kibana.alert.rule.severity" | "signal.rule.severity" => (Field::EventSeverity, 2),
        "event.severity" => (Field::EventSeverity, 9),
        "kibana.alert.rule.rule_id" | "signal.rule.rule_id" | "wazuh.rule.id" => (Field::RuleId, 0),
        "kibana.alert.rule.uuid" | "signal.rule.id" => (Field::RuleId, 1),
        "rule.id" => (Field::RuleId, 2),
        "rule.uuid" => (Field::RuleId, 3),
        "kibana.alert.rule.name" | "signal.rule.name" | "wazuh.rule.title" => (Field::RuleName, 0),
        "wazuh.rule.name" => (Field::RuleName, 1),
        "rule.name" => (Field::RuleName, 2),
        "rule.category" | "wazuh.rule.category" => (Field::RuleCategory, 0),
        "source.ip" => (Field::SourceIp, 0),
        "client.ip" => (Field::SourceIp, 1),
        "source.port" => (Field::SourcePort, 0),
        "client.port" => (Field::SourcePort, 1),
        "source.domain" => (Field::SourceDomain, 0),
        "client.domain" => (Field::SourceDomain, 1),
        "source.geo.country_iso_code" => (Field::SourceCountry, 0),
        "source.geo.country_name" => (Field::SourceCountry, 1),
        "destination.ip" => (Field::DestinationIp, 0),
        "server.ip" => (Field::DestinationIp, 1),
        "destination.port" => (Field::DestinationPort, 0),
        "server.port" => (Field::DestinationPort, 1),
        "destination.domain" => (Field::DestinationDomain, 0),
        "server.domain" => (Field::DestinationDomain, 1),
        "network.transport" => (Field::Transport, 0),
        "network.protocol" => (Field::Protocol, 0),
        "network.direction" => (Field::Direction, 0),
        "user.name" => (Field::User, 0),
        "source.user.name" | "client.user.name" => (Field::User, 1),
        "user.target.name" => (Field::TargetUser, 0),
        "destination.user.name" => (Field::TargetUser, 1),
        "host.name" => (Field::Host, 0),
        "host.hostname" => (Field::Host, 1),
        "wazuh.agent.name" | "wazuh.agent.host.name" => (Field::Host, 2),
        "agent.name" => (Field::Host, 3),
        "url.full" => (Field::Url, 0),
        "url.original" => (Field::Url, 1),
        "url.path" => (Field::Url, 2),
        "http.request.method" => (Field::HttpMethod, 0),
        "http.response.status_code" => (Field::HttpStatus, 0),
        "user_agent.original" => (Field::UserAgent, 0),
        "dns.question.name" => (Field::DnsQuestion, 0),
        "tls.client.server_name" => (Field::DnsQuestion, 1),
        "file.path" => (Field::FilePath, 0),
        "file.name" => (Field::FilePath, 1),
        "file.hash.sha256" => (Field::FileHash, 0),
        "file.hash.sha1" => (Field::FileHash, 1),
        "file.hash.md5" => (Field::FileHash, 2),
        "process.hash.sha256" => (Field::FileHash, 3),
        "process.hash.sha1" => (Field::FileHash, 4),
        "process.hash.md5" => (Field::FileHash, 5),
        "process.name" => (Field::Process, 0),
        "process.executable" => (Field::Process, 1),
        "process.parent.name" => (Field::ProcessParent, 0),
        "process.parent.executable" => (Field::ProcessParent, 1),
        "process.command_line" => (Field::CommandLine, 0),
        "cloud.account.id" => (Field::CloudAccount, 0),
        "cloud.region" => (Field::CloudRegion, 0),
        "vulnerability.id" => (Field::Vulnerability, 0),
        "message" => (Field::Message, 0),
        "event.original" => (Field::Message, 1),
        "kibana.alert.reason" | "event.reason" => (Field::Message, 2),
        "organization.id" => (Field::Tenant, 0),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::read::testing::{alert, aside};
    use crate::{Field, Format, Severity};

    #[test]
    fn an_elastic_alert_is_read_with_its_essentials() {
        insta::assert_debug_snapshot!(alert(include_str!("samples/ecs-elastic.json")));
    }

    #[test]
    fn a_wazuh_5_finding_is_read_with_its_essentials() {
        insta::assert_debug_snapshot!(alert(include_str!("samples/ecs-wazuh5.json")));
    }

    #[test]
    fn nested_and_dotted_keys_are_the_same_alert() {
        let nested = r#"{"@timestamp":"2024-05-01T10:00:00Z","event":{"kind":"alert"},"rule":{"name":"r"},"source":{"ip":"198.51.100.7"}}"#;
        let dotted = r#"{"@timestamp":"2024-05-01T10:00:00Z","event.kind":"alert","rule.name":"r","source.ip":"198.51.100.7"}"#;
        assert_eq!(format!("{:?}", alert(nested)), format!("{:?}", alert(dotted)));
        assert_eq!(alert(nested).get(Field::SourceIp), Some("198.51.100.7"));
    }

    #[test]
    fn a_hit_is_unwrapped_whoever_wrote_its_document() {
        let hit = r#"{"_index":".ds-logs","_id":"AbC","_source":{"@timestamp":"2024-05-01T10:00:00Z","event":{"kind":"alert"}}}"#;
        assert_eq!(alert(hit).get(Field::EventId), Some("AbC"));
        let fields = r#"{"_index":".alerts","_id":"x","fields":{"@timestamp":["2024-05-01T10:00:00Z"],"event.kind":["signal"],"kibana.alert.rule.name":["R"],"kibana.alert.severity":["high"]}}"#;
        assert_eq!(alert(fields).get(Field::RuleName), Some("R"));
        assert_eq!(alert(fields).severity, Severity::High);
        let wazuh4 = r#"{"_index":"wazuh-alerts-4.x-2024.05.01","_id":"y","_source":{"@timestamp":"2024-05-01T10:00:00Z","timestamp":"2024-05-01T10:00:00.000+0000","id":"1714557600.1","rule":{"id":"5710","level":5},"agent":{"id":"001"}}}"#;
        assert_eq!(alert(wazuh4).format, Format::Wazuh4);
        assert_eq!(alert(wazuh4).get(Field::EventId), Some("1714557600.1"));
        for unknown in [
            r#"{"_index":"i","_source":{"a":1}}"#,
            r#"{"_index":"i","_source":null}"#,
            r#"{"_index":"i","_source":{"_index":"i","_source":{"@timestamp":"x","event":{}}}}"#,
        ] {
            assert_eq!(aside(unknown), "unrecognised json", "{unknown}");
        }
    }

    #[test]
    fn events_are_set_aside_even_if_they_name_a_rule() {
        let aside_as_event = |record| assert_eq!(aside(record), "ecs event", "{record}");
        aside_as_event(
            r#"{"@timestamp":"2024-05-01T10:00:00Z","event":{"kind":"event"},"source":{"ip":"192.0.2.1"}}"#,
        );
        aside_as_event(
            r#"{"@timestamp":"2024-05-01T10:00:00Z","event.kind":"event","rule.name":"allow-web"}"#,
        );
        aside_as_event(r#"{"@timestamp":"2024-05-01T10:00:00Z","ecs":{"version":"9.1.0"}}"#);
        aside_as_event(
            r#"{"@timestamp":"2024-05-01T10:00:00Z","event":{"kind":"event"},"wazuh":{"agent":{"name":"a"},"integration":{"rules":["1002"]}}}"#,
        );
    }

    #[test]
    fn a_rule_makes_an_alert_where_nothing_says_otherwise() {
        let bare = r#"{"@timestamp":"2024-05-01T10:00:00Z","rule":{"name":"r"}}"#;
        assert_eq!(alert(bare).get(Field::RuleName), Some("r"));
        let old = r#"{"@timestamp":"2021-05-01T10:00:00Z","signal":{"rule":{"name":"r","severity":"critical","threat":[{"technique":[{"id":"T1021","subtechnique":[{"id":"T1021.001"}]}]}]}}}"#;
        assert_eq!(alert(old).severity, Severity::Critical);
        assert_eq!(alert(old).techniques.as_slice(), ["T1021", "T1021.001"]);
    }

    #[test]
    fn the_risk_score_counts_where_there_is_no_word() {
        let graded = |fields: &str| {
            let record = format!(r#"{{"@timestamp":1714557600000,"event":{{"kind":"signal"}},{fields}}}"#);
            alert(&record).severity
        };
        assert_eq!(graded(r#""kibana.alert.risk_score":21"#), Severity::Low);
        assert_eq!(graded(r#""kibana.alert.risk_score":"47""#), Severity::Medium);
        assert_eq!(graded(r#""kibana.alert.risk_score":73.0"#), Severity::High);
        assert_eq!(graded(r#""kibana":{"alert":{"risk_score":99}}"#), Severity::Critical);
        assert_eq!(graded(r#""kibana.alert.risk_score":99,"kibana.alert.severity":"low""#), Severity::Low);
        assert_eq!(graded(r#""kibana.alert.risk_score":1e300"#), Severity::Unknown);
        assert_eq!(graded(r#""event.severity":3"#), Severity::Unknown);
    }

    #[test]
    fn suppressed_alerts_are_counted() {
        let record = r#"{"@timestamp":"2024-05-01T10:00:00Z","kibana.alert.suppression.docs_count":41}"#;
        assert_eq!(alert(record).count, Some(42));
        let record = record.replace("41", "18446744073709551615");
        assert_eq!(alert(&record).count, Some(u64::MAX));
    }

    #[test]
    fn a_shipped_record_of_another_product_stays_its_own() {
        let zeek = r#"{"@timestamp":"2024-05-01T10:00:00Z","ecs":{"version":"8.0.0"},"_path":"conn","ts":1714557600.1}"#;
        assert_eq!(aside(zeek), "zeek conn");
    }
}
