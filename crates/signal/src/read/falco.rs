//! Falco (`json_output: true`), also as Falcosidekick passes it on.
//!
//! Sources: Falco's `userspace/engine/formats.cpp` for the record, *Supported Fields for Conditions and Outputs* for
//! `output_fields`, and the rules repository for which of them rules put out. Falco sees a connection from one of its
//! two ends, so `fd.l*` and `fd.r*` (local, remote) say nothing of who began it; `fd.c*` and `fd.s*` (client, server)
//! do, and so does `fd.name` of a socket: `client:port->server:port`. Of a file, `fd.name` is the path.
//!
//! A field that has no value comes as `null` or as `<NA>`. Rules have no id but their name. Tags mix ATT&CK ids with
//! words. Falco's own metrics come as records of a rule too and are set aside; its notices of lost events stay alerts,
//! since flooding the sensor is a way to hide.

use super::address::address_and_port;
use super::best::Best;
use super::flatten::leaves;
use super::scalar::Scalar;
use super::{Claim, Item, Keys, ocsf, suricata, wazuh4, zeek};
use crate::{Alert, Field, Format, Severity};
use std::borrow::Cow;

pub(super) fn claims(keys: &Keys<'_>) -> bool {
    let output = keys.has("output") || keys.has("output_fields");
    let foreign = [suricata::claims, ocsf::claims, zeek::claims, wazuh4::claims];
    keys.has_all(&["rule", "priority"]) && output && !foreign.into_iter().any(|claims| claims(keys))
}

pub(super) fn read<'a>(record: &'a str, out: &mut Vec<Item<'a>>) -> Result<Claim, serde_json::Error> {
    if Keys::claimed(record, claims)?.is_none() {
        return Ok(Claim::NotMine);
    }
    let mut walk = Walk { alert: Alert::new(Format::Falco, record), best: Best::default(), descriptor: None };
    leaves(record, &mut |path, value| {
        if value.as_str() != Some("<NA>") {
            walk.take(path, value);
        }
    })?;
    out.push(match walk.alert.get(Field::RuleName) {
        None => Item::Aside(Cow::Borrowed("falco event")),
        Some("Falco internal: metrics snapshot") => Item::Aside(Cow::Borrowed("falco metrics")),
        Some(_) => Item::Alert(Box::new(walk.into_alert())),
    });
    Ok(Claim::Mine)
}

struct Walk<'a> {
    alert: Alert<'a>,
    best: Best,
    /// `fd.name`: a connection or a path.
    descriptor: Option<Cow<'a, str>>,
}

impl<'a> Walk<'a> {
    fn take(&mut self, path: &str, value: Scalar<'a>) {
        let alert = &mut self.alert;
        match path {
            "time" => alert.time = value.as_time(),
            "output_fields.evt.time" | "output_fields.evt.rawtime" => {
                // As text it is a time of day.
                let whole = value.as_u64().is_some();
                alert.time = alert.time.or(value.as_time().filter(|_| whole));
            }
            "rule" => {
                self.best.put(alert, (Field::RuleId, 0), value.clone());
                self.best.put(alert, (Field::RuleName, 0), value);
            }
            "priority" => {
                alert.severity = value.as_str().and_then(Severity::from_word).unwrap_or_default();
                self.best.put(alert, (Field::EventSeverity, 0), value);
            }
            "tags" => {
                let Some(tag) = value.into_text() else { return };
                let before = alert.techniques.len();
                alert.add_technique(tag.clone());
                if alert.techniques.len() == before && !alert.techniques.contains(&tag) {
                    alert.groups.push(tag);
                }
            }
            "output_fields.fd.name" => self.descriptor = value.into_text(),
            "output_fields.evt.res" => {
                let outcome = if value.as_str() == Some("SUCCESS") { "success" } else { "failure" };
                alert.set(Field::EventOutcome, outcome);
            }
            // Falco's way to say that it happened in no container.
            "output_fields.container.id" | "output_fields.container.name"
                if value.as_str() == Some("host") => {}
            _ => {
                if let Some(place) = place(path) {
                    self.best.put(alert, place, value);
                }
            }
        }
    }

    fn into_alert(mut self) -> Alert<'a> {
        let alert = &mut self.alert;
        let Some(descriptor) = self.descriptor else { return self.alert };
        if let Some((client, server)) = descriptor.split_once("->") {
            if let (Some((client, from)), Some((server, to))) =
                (address_and_port(client), address_and_port(server))
            {
                alert.set_default(Field::SourceIp, client.to_owned());
                alert.set_default(Field::SourcePort, from.to_owned());
                alert.set_default(Field::DestinationIp, server.to_owned());
                alert.set_default(Field::DestinationPort, to.to_owned());
            }
        } else if descriptor.starts_with(['/', '.']) || descriptor.contains('\\') {
            alert.set(Field::FilePath, descriptor);
        }
        self.alert
    }
}

/// Which field a path fills, and how good it is at that: the lowest rank wins.
fn place(path: &str) -> Option<(Field, u8)> {
    let Some(output_field) = path.strip_prefix("output_fields.") else {
        return Some(match path {
            "uuid" => (Field::EventId, 0),
            "hostname" => (Field::Host, 0),
            "source" => (Field::RuleCategory, 0),
            // As `output`, without the time of day and the priority before it.
            "message" => (Field::Message, 0),
            "output" => (Field::Message, 1),
            _ => return None,
        });
    };
    Some(match output_field {
        "evt.type" => (Field::EventAction, 0),
        "evt.hostname" => (Field::Host, 1),
        "k8s.pod.name" => (Field::Host, 2),
        "container.name" => (Field::Host, 3),
        "container.id" => (Field::Host, 4),
        "fd.cip" => (Field::SourceIp, 0),
        "fd.cport" => (Field::SourcePort, 0),
        "fd.cip.name" => (Field::SourceDomain, 0),
        "fd.sip" => (Field::DestinationIp, 0),
        "fd.sport" => (Field::DestinationPort, 0),
        "fd.sip.name" => (Field::DestinationDomain, 0),
        "fd.l4proto" => (Field::Transport, 0),
        "fs.path.name" => (Field::FilePath, 0),
        "user.name" => (Field::User, 0),
        "proc.name" => (Field::Process, 0),
        "proc.exepath" => (Field::Process, 1),
        "proc.pname" => (Field::ProcessParent, 0),
        "proc.cmdline" => (Field::CommandLine, 0),
        // The plugins for Kubernetes' audit log and CloudTrail.
        "ka.verb" | "ct.name" => (Field::EventAction, 1),
        "ka.user.name" | "ct.user" => (Field::User, 1),
        "ka.uri" => (Field::Url, 0),
        "ct.srcip" => (Field::SourceIp, 1),
        "ct.user.accountid" => (Field::CloudAccount, 0),
        "ct.region" => (Field::CloudRegion, 0),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::read::testing::{alert, aside};
    use crate::{Field, Severity};

    fn with_fields(fields: &str) -> String {
        format!(
            r#"{{"time":"2024-05-01T10:00:00.123456789Z","rule":"R","priority":"Notice","output_fields":{{{fields}}}}}"#
        )
    }

    #[test]
    fn an_alert_is_read_with_its_essentials() {
        insta::assert_debug_snapshot!(alert(include_str!("samples/falco-shell.json")));
    }

    #[test]
    fn a_connection_runs_from_client_to_server() {
        insta::assert_debug_snapshot!(alert(include_str!("samples/falco-connect.json")));
    }

    #[test]
    fn a_connections_name_tells_who_began_it() {
        let record =
            with_fields(r#""fd.name":"10.0.0.5:41234->203.0.113.9:443","fd.rport":443,"fd.lport":41234"#);
        let read = alert(&record);
        assert_eq!(read.get(Field::SourceIp), Some("10.0.0.5"));
        assert_eq!(read.get(Field::SourcePort), Some("41234"));
        assert_eq!(read.get(Field::DestinationIp), Some("203.0.113.9"));
        assert_eq!(read.get(Field::DestinationPort), Some("443"));
        assert_eq!(read.get(Field::FilePath), None);
        for descriptor in ["->", "a->b", "10.0.0.5:1->", "é->é:1", "eventpoll"] {
            let record = with_fields(&format!(r#""fd.name":"{descriptor}""#));
            assert_eq!(alert(&record).cells().count(), 3, "{descriptor}");
        }
        let record = with_fields(r#""fd.name":"/etc/shadow""#);
        assert_eq!(alert(&record).get(Field::FilePath), Some("/etc/shadow"));
    }

    #[test]
    fn it_may_arrive_inside_syslog() {
        let record = format!(
            "<14>May  1 10:00:00 node-1 falco[811]: {}",
            include_str!("samples/falco-shell.json").trim_ascii()
        );
        assert_eq!(alert(&record).get(Field::RuleName), Some("Terminal shell in container"));
    }

    #[test]
    fn what_is_not_available_is_absent() {
        let record = with_fields(
            r#""user.name":"<NA>","k8s.pod.name":null,"container.id":"host","proc.name":"cat","evt.res":"EACCES""#,
        );
        let read = alert(&record);
        assert_eq!(read.get(Field::User), None);
        assert_eq!(read.get(Field::Host), None);
        assert_eq!(read.get(Field::Process), Some("cat"));
        assert_eq!(read.get(Field::EventOutcome), Some("failure"));
    }

    #[test]
    fn times_and_priorities_are_read_whatever_their_type() {
        let read = |time: &str| {
            let record = format!(r#"{{{time},"rule":"R","priority":"CRITICAL","output":"o"}}"#);
            let read = alert(&record);
            (read.time.map(|time| time.to_string()), read.severity)
        };
        let expected = (Some("2024-05-01T10:00:00.123Z".to_owned()), Severity::Critical);
        assert_eq!(read(r#""time":"2024-05-01T10:00:00.123456789Z""#), expected);
        assert_eq!(read(r#""time":1714557600123456789"#), expected);
        assert_eq!(read(r#""output_fields":{"evt.time":1714557600123456789}"#), expected);
        assert_eq!(read(r#""output_fields":{"evt.time":"10:00:00.123456789"}"#).0, None);
        let record = r#"{"rule":"R","priority":3,"output":null}"#;
        assert_eq!(alert(record).severity, Severity::Unknown);
    }

    #[test]
    fn what_is_no_alert_is_set_aside() {
        let metrics = r#"{"time":"2024-05-01T10:00:00Z","rule":"Falco internal: metrics snapshot","priority":"Informational","output_fields":{"falco.num_evts":1}}"#;
        assert_eq!(aside(metrics), "falco metrics");
        let drops = r#"{"rule":"Falco internal: syscall event drop","priority":"Critical","output":"o"}"#;
        assert_eq!(alert(drops).severity, Severity::Critical);
        let other = r#"{"rule":{"id":1},"priority":"high","output":"o"}"#;
        assert_eq!(aside(other), "falco event");
    }
}
