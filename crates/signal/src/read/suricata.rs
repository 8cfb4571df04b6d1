//! Suricata EVE (`eve.json`).
//!
//! Source: Suricata user guide, *EVE JSON Format*. Only `event_type: alert` is an alert; the other types (flow, dns,
//! http, tls, stats…) are set aside. The packet that fired the rule may be the answer: since Suricata 6 the rule's own
//! view of who attacked whom is in `alert.source` and `alert.target`, and the flow's initiator in `flow.src_ip`; both
//! are preferred over the packet's `src_ip`.

use super::scalar::{MaybeObject, Object, Scalar, Texts, last_wins};
use super::{Broken, Claim, Item, Keys};
use crate::{Alert, Field, Format, Severity, Timestamp};
use serde::Deserialize;
use std::borrow::Cow;

pub(super) fn claims(keys: &Keys<'_>) -> bool {
    keys.has_all(&["event_type", "timestamp"])
}

pub(super) fn read<'a>(record: &'a str, out: &mut Vec<Item<'a>>) -> Result<Claim, serde_json::Error> {
    let eve: Eve<'a> = last_wins(record)?;
    let Some(event_type) = eve.event_type.into_text() else { return Ok(Claim::NotMine) };
    // A time that is `null` is still a key, and an alert without a time still an alert.
    if eve.timestamp.is_absent() && !serde_json::from_str::<Keys<'_>>(record)?.has("timestamp") {
        return Ok(Claim::NotMine);
    }
    if event_type != "alert" {
        out.push(Item::Aside(Cow::Owned(format!("suricata {event_type}"))));
        return Ok(Claim::Mine);
    }
    let Some(signature) = eve.alert.0 else {
        out.push(Item::Broken(Broken::new(
            "an alert event without an alert object",
            "if Suricata did not write it, name its fields in a mapping file and rename event_type or timestamp",
        )));
        return Ok(Claim::Mine);
    };

    let mut alert = Alert::new(Format::SuricataEve, record);
    alert.time = eve.timestamp.as_str().and_then(Timestamp::parse);
    alert.severity = severity(&signature);
    alert.set_some(Field::EventId, eve.flow_id.into_text());
    alert.set_some(Field::EventAction, signature.action.into_text());
    alert.set_some(Field::EventSeverity, signature.severity.into_text());
    alert.set_some(Field::RuleId, signature.signature_id.into_text());
    alert.set_some(Field::RuleName, signature.signature.into_text());
    alert.set_some(Field::RuleCategory, signature.category.into_text());
    for id in signature.metadata.0.mitre_technique_id.0 {
        alert.add_technique(id);
    }
    if let Some(cve) = signature.metadata.0.cve.0.into_iter().next() {
        alert.set(Field::Vulnerability, cve.replace('_', "-"));
    }

    // Who acted: the rule's word, then the flow's initiator, then the packet.
    let flow_turned = !eve.flow.0.src_ip.is_absent() && eve.flow.0.src_ip == eve.dest_ip;
    let (mut src_ip, mut src_port) = (eve.src_ip, eve.src_port);
    let (mut dst_ip, mut dst_port) = (eve.dest_ip, eve.dest_port);
    match (signature.source, signature.target) {
        (Some(Object(source)), Some(Object(target))) => {
            (src_ip, src_port) = (source.ip, source.port);
            (dst_ip, dst_port) = (target.ip, target.port);
        }
        _ if flow_turned => {
            std::mem::swap(&mut src_ip, &mut dst_ip);
            std::mem::swap(&mut src_port, &mut dst_port);
        }
        _ => {}
    }
    alert.set_some(Field::SourceIp, src_ip.into_text());
    alert.set_some(Field::SourcePort, src_port.into_text());
    alert.set_some(Field::DestinationIp, dst_ip.into_text());
    alert.set_some(Field::DestinationPort, dst_port.into_text());
    alert.set_some(Field::Transport, eve.proto.into_text().map(lower));
    alert.set_some(Field::Protocol, eve.app_proto.into_text());
    alert.set_some(Field::Direction, eve.direction.into_text());
    alert.set_some(Field::Host, eve.host.into_text());

    let http = eve.http.0;
    alert.set_some(Field::Url, http.url.into_text());
    alert.set_some(Field::HttpMethod, http.http_method.into_text());
    alert.set_some(Field::HttpStatus, http.status.into_text());
    alert.set_some(Field::UserAgent, http.http_user_agent.into_text());
    alert.set_some(Field::DestinationDomain, http.hostname.into_text());
    if let Some(query) = eve.dns.0.rrname.into_text().or(eve.dns.0.query.0.rrname.into_text()) {
        alert.set(Field::DnsQuestion, query);
    } else {
        alert.set_some(Field::DnsQuestion, eve.tls.0.sni.into_text());
    }
    alert.set_some(Field::FilePath, eve.fileinfo.0.filename.into_text());
    alert.set_some(Field::FileHash, eve.fileinfo.0.sha256.into_text().or(eve.fileinfo.0.md5.into_text()));
    out.push(Item::Alert(Box::new(alert)));
    Ok(Claim::Mine)
}

/// 1 is Suricata's worst. The rule's own `signature_severity` says more, where the rule has one.
fn severity(signature: &Signature<'_>) -> Severity {
    match signature.metadata.0.signature_severity.0.first().map(AsRef::as_ref) {
        Some("Critical") => return Severity::Critical,
        Some("Major") => return Severity::High,
        Some("Minor") => return Severity::Low,
        Some("Informational" | "Audit") => return Severity::Informational,
        _ => {}
    }
    match signature.severity.as_u64() {
        Some(1) => Severity::High,
        Some(2) => Severity::Medium,
        Some(3) => Severity::Low,
        Some(4..=255) => Severity::Informational,
        _ => Severity::Unknown,
    }
}

fn lower(text: Cow<'_, str>) -> Cow<'_, str> {
    match text.as_ref() {
        "TCP" => Cow::Borrowed("tcp"),
        "UDP" => Cow::Borrowed("udp"),
        "ICMP" => Cow::Borrowed("icmp"),
        _ => Cow::Owned(text.to_ascii_lowercase()),
    }
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct Eve<'a> {
    #[serde(default)]
    timestamp: Scalar<'a>,
    #[serde(default)]
    event_type: Scalar<'a>,
    #[serde(default)]
    flow_id: Scalar<'a>,
    #[serde(default)]
    src_ip: Scalar<'a>,
    #[serde(default)]
    src_port: Scalar<'a>,
    #[serde(default)]
    dest_ip: Scalar<'a>,
    #[serde(default)]
    dest_port: Scalar<'a>,
    #[serde(default)]
    proto: Scalar<'a>,
    #[serde(default)]
    app_proto: Scalar<'a>,
    #[serde(default)]
    direction: Scalar<'a>,
    #[serde(default)]
    host: Scalar<'a>,
    #[serde(default)]
    alert: MaybeObject<Signature<'a>>,
    #[serde(default)]
    flow: Object<Flow<'a>>,
    #[serde(default)]
    http: Object<Http<'a>>,
    #[serde(default)]
    dns: Object<Dns<'a>>,
    #[serde(default)]
    tls: Object<Tls<'a>>,
    #[serde(default)]
    fileinfo: Object<FileInfo<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Signature<'a> {
    #[serde(default)]
    action: Scalar<'a>,
    #[serde(default)]
    signature_id: Scalar<'a>,
    #[serde(default)]
    signature: Scalar<'a>,
    #[serde(default)]
    category: Scalar<'a>,
    #[serde(default)]
    severity: Scalar<'a>,
    source: Option<Object<Party<'a>>>,
    target: Option<Object<Party<'a>>>,
    #[serde(default)]
    metadata: Object<Metadata<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Party<'a> {
    ip: Scalar<'a>,
    port: Scalar<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Metadata<'a> {
    signature_severity: Texts<'a>,
    mitre_technique_id: Texts<'a>,
    cve: Texts<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Flow<'a> {
    src_ip: Scalar<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Http<'a> {
    hostname: Scalar<'a>,
    url: Scalar<'a>,
    http_method: Scalar<'a>,
    status: Scalar<'a>,
    http_user_agent: Scalar<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Dns<'a> {
    rrname: Scalar<'a>,
    query: Object<DnsQuery<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct DnsQuery<'a> {
    rrname: Scalar<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Tls<'a> {
    sni: Scalar<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct FileInfo<'a> {
    filename: Scalar<'a>,
    sha256: Scalar<'a>,
    md5: Scalar<'a>,
}

#[cfg(test)]
mod tests {
    use crate::read::Item;
    use crate::read::testing::{alert, aside, items};
    use crate::{Field, Severity};

    #[test]
    fn an_alert_is_read_with_its_essentials() {
        let alert = alert(include_str!("samples/suricata-alert.json"));
        insta::assert_debug_snapshot!(alert);
    }

    #[test]
    fn the_rules_own_view_of_the_direction_wins() {
        let alert = alert(include_str!("samples/suricata-target.json"));
        assert_eq!(alert.get(Field::SourceIp), Some("198.51.100.7"));
        assert_eq!(alert.get(Field::DestinationIp), Some("10.0.0.5"));
        assert_eq!(alert.severity, Severity::High);
        assert_eq!(alert.techniques.as_slice(), ["T1190"]);
    }

    #[test]
    fn an_answers_packet_is_turned_round_by_its_flow() {
        let alert = alert(include_str!("samples/suricata-answer.json"));
        assert_eq!(alert.get(Field::SourceIp), Some("203.0.113.9"));
        assert_eq!(alert.get(Field::DestinationIp), Some("10.0.0.5"));
        assert_eq!(alert.get(Field::DestinationPort), Some("21"));
    }

    #[test]
    fn an_alert_without_a_usable_time_is_still_an_alert() {
        for time in ["null", "{}", "[]", "17", "\"soon\""] {
            let record =
                format!(r#"{{"timestamp":{time},"event_type":"alert","alert":{{"signature":"s"}}}}"#);
            assert_eq!(alert(&record).get(Field::RuleName), Some("s"), "{time}");
        }
        let without = r#"{"event_type":"alert","alert":{"signature":"s"}}"#;
        assert_eq!(aside(without), "unrecognised json");
    }

    #[test]
    fn an_alert_event_without_an_alert_object_is_broken() {
        for object in [r#","alert":null"#, r#","alert":"text""#, r#","alert":[]"#, ""] {
            let record = format!(r#"{{"timestamp":null,"event_type":"alert"{object}}}"#);
            let items = items(&record);
            assert!(
                matches!(&items[..], [Item::Broken(broken)] if broken.reason.contains("without an alert object")),
                "{record}: {items:?}"
            );
        }
    }

    #[test]
    fn a_key_that_comes_twice_does_not_cost_the_alert() {
        let alert = alert(
            r#"{"timestamp":"2024-05-01T10:00:00Z","event_type":"flow","src_ip":"10.0.0.1","event_type":"alert",
            "alert":{"signature":"a","signature":"b\n"},"src_ip":"198.51.100.7"}"#,
        );
        assert_eq!(alert.get(Field::SourceIp), Some("198.51.100.7"));
        assert_eq!(alert.get(Field::RuleName), Some("b\n"));
        assert!(alert.time.is_some());
    }

    #[test]
    fn other_event_types_are_set_aside() {
        let record =
            r#"{"timestamp":"2024-05-01T10:00:00.000000+0000","event_type":"flow","src_ip":"10.0.0.1"}"#;
        assert_eq!(aside(record), "suricata flow");
    }
}
