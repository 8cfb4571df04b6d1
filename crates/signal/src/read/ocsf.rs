//! OCSF Detection Finding (class 2004), and its forerunner Security Finding (class 2001, deprecated since 1.1).
//!
//! Source: the ocsf-schema repository, 1.0 to 1.9 (`events/findings`, `objects/evidences`, `objects/observable`; the
//! numbers of observable types from its dictionary). Other classes are events or posture and are set aside. So is a
//! finding's end (`activity_id` 3, Close): it is the last word on an alert, not a new one. An update is read, because
//! what it updates may never have come this way.
//!
//! What was seen is in `evidences`. Each of them may tell a part, so they are walked by path, and each fills what those
//! before it left open; some products say the same at the top of the finding. `actor.user` acted, `user` was acted upon.
//! `observables` repeat what stands elsewhere and are looked at only for what is still missing.

use super::account::user_from_target;
use super::best::Best;
use super::flatten::leaves;
use super::scalar::{Object, Scalar};
use super::{Claim, Item, Keys, suricata};
use crate::{Alert, Field, Format, Severity, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Observables beyond this many are not looked at.
const MAX_OBSERVABLES: usize = 64;

pub(super) fn claims(keys: &Keys<'_>) -> bool {
    keys.has("class_uid") && !suricata::claims(keys)
}

pub(super) fn read<'a>(record: &'a str, out: &mut Vec<Item<'a>>) -> Result<Claim, serde_json::Error> {
    if Keys::claimed(record, claims)?.is_none() {
        return Ok(Claim::NotMine);
    }
    let head: Head<'a> = serde_json::from_str(record)?;
    let activity = head.activity_id.as_u64().or(head.type_uid.as_u64().map(|uid| uid % 100));
    out.push(match head.class_uid.as_u64() {
        Some(2001 | 2004) if activity == Some(3) => Item::Aside(Cow::Borrowed("ocsf close")),
        Some(class @ (2001 | 2004)) => {
            let mut walk = Walk {
                alert: Alert::new(Format::Ocsf, record),
                best: Best::default(),
                time: None,
                severity_word: None,
            };
            leaves(record, &mut |path, value| walk.take(path, value))?;
            let alert = walk.into_alert(head.observables);
            // Class 2001 was used for posture too, with nothing in it that could be judged.
            if class == 2004 || alert.get(Field::RuleName).is_some() {
                Item::Alert(Box::new(alert))
            } else {
                Item::Aside(Cow::Borrowed("ocsf class 2001"))
            }
        }
        Some(class @ 0..1_000_000) => Item::Aside(Cow::Owned(format!("ocsf class {class}"))),
        _ => Item::Aside(Cow::Borrowed("ocsf class unknown")),
    });
    Ok(Claim::Mine)
}

#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Head<'a> {
    class_uid: Scalar<'a>,
    activity_id: Scalar<'a>,
    type_uid: Scalar<'a>,
    observables: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Observable<'a> {
    name: Scalar<'a>,
    type_id: Scalar<'a>,
    value: Scalar<'a>,
}

/// An alert in the making.
struct Walk<'a> {
    alert: Alert<'a>,
    best: Best,
    /// From `time_dt`, which some write instead of `time`.
    time: Option<Timestamp>,
    severity_word: Option<Severity>,
}

impl<'a> Walk<'a> {
    fn take(&mut self, path: &str, value: Scalar<'a>) {
        let alert = &mut self.alert;
        match path {
            "time" => alert.time = value.as_time(),
            "time_dt" => self.time = value.as_time(),
            "count" => alert.count = value.as_u64().filter(|&count| count > 0),
            "severity_id" => {
                let id = value.as_u64().and_then(|id| u8::try_from(id).ok());
                alert.severity = id.map(Severity::from_id).unwrap_or_default();
                self.best.put(alert, (Field::EventSeverity, 1), value);
            }
            "severity" => {
                self.severity_word = value.as_str().and_then(Severity::from_word);
                self.best.put(alert, (Field::EventSeverity, 0), value);
            }
            "finding_info.types" | "finding.types" => {
                self.best.put(alert, (Field::RuleCategory, 1), value.clone());
                alert.groups.extend(value.into_text());
            }
            _ if path.ends_with("attacks.technique.uid") || path.ends_with("attacks.sub_technique.uid") => {
                if let Some(id) = value.into_text() {
                    alert.add_technique(id);
                }
            }
            _ if path.ends_with("file.hashes.value") => {
                // What a hash is, its length tells; the longest of those that can be looked up is the best.
                let rank = match value.as_str().map(str::len) {
                    Some(64) => 0,
                    Some(40) => 1,
                    Some(32) => 2,
                    _ => return,
                };
                self.best.put(alert, (Field::FileHash, rank), value);
            }
            _ => {
                let evidence = path.strip_prefix("evidences.");
                let place = match evidence {
                    Some(path) => place_of_evidence(path),
                    None => place(path).or_else(|| place_of_evidence(path)),
                };
                if let Some(place) = place {
                    self.best.put(alert, place, value);
                }
            }
        }
    }

    fn into_alert(mut self, observables: Option<&'a RawValue>) -> Alert<'a> {
        let alert = &mut self.alert;
        alert.time = alert.time.or(self.time);
        if alert.severity == Severity::Unknown {
            alert.severity = self.severity_word.unwrap_or_default();
        }
        if let Some(protocol) = alert.get(Field::Transport).map(str::to_ascii_lowercase) {
            alert.set(Field::Transport, protocol);
        }
        user_from_target(alert);
        let list = observables.and_then(|list| serde_json::from_str::<Vec<&'a RawValue>>(list.get()).ok());
        for element in list.unwrap_or_default().into_iter().take(MAX_OBSERVABLES) {
            if let Ok(Object(observable)) = serde_json::from_str::<Object<Observable<'a>>>(element.get()) {
                observable.fill(alert);
            }
        }
        self.alert
    }
}

impl<'a> Observable<'a> {
    fn fill(self, alert: &mut Alert<'a>) {
        let Some(value) = self.value.into_text() else { return };
        let name = self.name.as_str().unwrap_or_default();
        let field = match self.type_id.as_u64() {
            Some(1) => Field::Host,
            Some(2) if name.contains("dst") => Field::DestinationIp,
            Some(2) if name.contains("src") => Field::SourceIp,
            // An address whose part is not told can be looked up as the source, where no other is known.
            Some(2) if alert.get(Field::DestinationIp).is_none() => Field::SourceIp,
            Some(4) => Field::User,
            Some(6) => Field::Url,
            Some(7 | 45) => Field::FilePath,
            Some(8) if matches!(value.len(), 32 | 40 | 64) => Field::FileHash,
            Some(9) => Field::Process,
            Some(13) => Field::CommandLine,
            Some(16) => Field::UserAgent,
            Some(18) => Field::Vulnerability,
            _ => return,
        };
        alert.set_default(field, value);
    }
}

/// Which field a path of the finding fills, and how good it is at that: the lowest rank wins.
fn place(path: &str) -> Option<(Field, u8)> {
    Some(match path {
        "finding_info.uid" | "finding.uid" => (Field::EventId, 0),
        "metadata.uid" => (Field::EventId, 1),
        "action" => (Field::EventAction, 0),
        "disposition" => (Field::EventAction, 1),
        "metadata.tenant_uid" => (Field::Tenant, 0),
        "cloud.org.uid" => (Field::Tenant, 1),
        "message" => (Field::Message, 0),
        "finding_info.desc" | "finding.desc" => (Field::Message, 1),
        "finding_info.analytic.uid" | "analytic.uid" => (Field::RuleId, 0),
        "finding_info.analytic.name" | "analytic.name" => (Field::RuleName, 0),
        "finding_info.title" | "finding.title" => (Field::RuleName, 1),
        "finding_info.analytic.category" | "analytic.category" => (Field::RuleCategory, 0),
        "vulnerabilities.cve.uid" => (Field::Vulnerability, 0),
        "cloud.account.uid" => (Field::CloudAccount, 0),
        "cloud.region" => (Field::CloudRegion, 0),
        "resources.region" => (Field::CloudRegion, 1),
        // The finding's own device is the affected one.
        "device.hostname" => (Field::Host, 0),
        "device.name" => (Field::Host, 1),
        "device.ip" => (Field::Host, 4),
        _ => return None,
    })
}

fn place_of_evidence(path: &str) -> Option<(Field, u8)> {
    Some(match path {
        "device.hostname" => (Field::Host, 2),
        "device.name" => (Field::Host, 3),
        "device.ip" => (Field::Host, 5),
        "src_endpoint.ip" => (Field::SourceIp, 0),
        "src_endpoint.port" => (Field::SourcePort, 0),
        "src_endpoint.hostname" => (Field::SourceDomain, 0),
        "src_endpoint.domain" => (Field::SourceDomain, 1),
        "src_endpoint.location.country" => (Field::SourceCountry, 0),
        "dst_endpoint.ip" => (Field::DestinationIp, 0),
        "dst_endpoint.port" => (Field::DestinationPort, 0),
        "dst_endpoint.hostname" => (Field::DestinationDomain, 0),
        "dst_endpoint.domain" => (Field::DestinationDomain, 1),
        "connection_info.protocol_name" => (Field::Transport, 0),
        "connection_info.direction" => (Field::Direction, 0),
        "actor.user.name" => (Field::User, 0),
        "process.user.name" | "actor.process.user.name" => (Field::User, 1),
        "user.name" => (Field::TargetUser, 0),
        "url.url_string" => (Field::Url, 0),
        "http_request.url.url_string" => (Field::Url, 1),
        "http_request.http_method" => (Field::HttpMethod, 0),
        "http_request.user_agent" => (Field::UserAgent, 0),
        "http_response.code" => (Field::HttpStatus, 0),
        "query.hostname" => (Field::DnsQuestion, 0),
        "tls.sni" => (Field::DnsQuestion, 1),
        "api.operation" => (Field::EventAction, 2),
        "file.path" => (Field::FilePath, 0),
        "file.name" => (Field::FilePath, 1),
        "process.name" => (Field::Process, 0),
        "process.path" | "process.file.path" => (Field::Process, 1),
        "process.file.name" => (Field::Process, 2),
        "actor.process.name" => (Field::Process, 3),
        "actor.process.path" | "actor.process.file.path" => (Field::Process, 4),
        "process.cmd_line" => (Field::CommandLine, 0),
        "actor.process.cmd_line" => (Field::CommandLine, 1),
        "process.parent_process.name" => (Field::ProcessParent, 0),
        "process.parent_process.path" | "process.parent_process.file.path" => (Field::ProcessParent, 1),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::read::Item;
    use crate::read::testing::{alert, aside, items};
    use crate::{Field, Severity, Timestamp};

    #[test]
    fn a_detection_finding_is_read_with_its_essentials() {
        insta::assert_debug_snapshot!(alert(include_str!("samples/ocsf-detection.json")));
    }

    #[test]
    fn a_security_finding_is_read_too() {
        insta::assert_debug_snapshot!(alert(include_str!("samples/ocsf-security.json")));
        assert_eq!(
            aside(r#"{"class_uid":2001,"activity_id":1,"compliance":{"status":"FAILED"}}"#),
            "ocsf class 2001"
        );
    }

    #[test]
    fn a_finding_without_anything_optional_is_an_alert() {
        let read = alert(r#"{"class_uid":2004}"#);
        assert_eq!(read.cells().count(), 0);
        assert_eq!((read.severity, read.time, read.count), (Severity::Unknown, None, None));
    }

    #[test]
    fn each_evidence_fills_what_is_open() {
        let read = alert(
            r#"{"class_uid":2004,"evidences":[{"src_endpoint":{"ip":"198.51.100.7"}},{"src_endpoint":{"ip":"203.0.113.9","port":40030}},{"user":{"name":"root"},"process":{"file":{"path":"/bin/sh"}}}]}"#,
        );
        assert_eq!(read.get(Field::SourceIp), Some("198.51.100.7"));
        assert_eq!(read.get(Field::SourcePort), Some("40030"));
        assert_eq!(read.get(Field::User), Some("root"));
        assert_eq!(read.get(Field::Process), Some("/bin/sh"));
    }

    #[test]
    fn observables_fill_only_what_nothing_else_says() {
        let read = alert(
            r#"{"class_uid":2004,"evidences":{"dst_endpoint":{"ip":"192.0.2.10"}},"observables":[{"name":"dst_endpoint.ip","type_id":2,"value":"203.0.113.1"},{"type_id":2,"value":"203.0.113.2"},{"name":"src_endpoint.ip","type_id":"2","value":"198.51.100.7"},{"type_id":8,"value":"d41d8cd98f00b204e9800998ecf8427e"},{"type_id":8,"value":"T1xyz"},{"type_id":18,"value":"CVE-2024-0001"},"text",null,{"type_id":4,"value":{}}]}"#,
        );
        assert_eq!(read.get(Field::DestinationIp), Some("192.0.2.10"));
        assert_eq!(read.get(Field::SourceIp), Some("198.51.100.7"));
        assert_eq!(read.get(Field::FileHash), Some("d41d8cd98f00b204e9800998ecf8427e"));
        assert_eq!(read.get(Field::Vulnerability), Some("CVE-2024-0001"));
        let lone = alert(r#"{"class_uid":2004,"observables":[{"type_id":2,"value":"203.0.113.2"}]}"#);
        assert_eq!(lone.get(Field::SourceIp), Some("203.0.113.2"));
    }

    #[test]
    fn types_may_change() {
        let read = alert(
            r#"{"class_uid":"2004","severity_id":"4","time":"2024-05-01T10:00:00Z","count":"3","observables":{}}"#,
        );
        assert_eq!((read.severity, read.count), (Severity::High, Some(3)));
        assert_eq!(read.time.map(Timestamp::as_millis), Some(1_714_557_600_000));
        let read = alert(
            r#"{"class_uid":2004,"severity_id":99,"severity":"Moderate","time_dt":"2024-05-01T10:00:00Z"}"#,
        );
        assert_eq!(read.severity, Severity::Medium);
        assert_eq!(read.time.map(Timestamp::as_millis), Some(1_714_557_600_000));
        assert_eq!(alert(r#"{"class_uid":2004,"severity_id":4294967300}"#).severity, Severity::Unknown);
    }

    #[test]
    fn the_end_of_a_finding_and_other_classes_are_set_aside() {
        assert_eq!(aside(r#"{"class_uid":2004,"activity_id":3,"finding_info":{"uid":"f"}}"#), "ocsf close");
        assert_eq!(aside(r#"{"class_uid":2004,"type_uid":200403}"#), "ocsf close");
        assert_eq!(aside(r#"{"class_uid":4001,"activity_id":3}"#), "ocsf class 4001");
        assert_eq!(aside(r#"{"class_uid":{"a":1}}"#), "ocsf class unknown");
        assert!(matches!(&items(r#"{"class_uid":2004,"activity_id":2}"#)[..], [Item::Alert(_)]));
    }
}
