//! Wazuh 4 (`alerts.json`, `archives.json`, `wazuh-alerts-4.x-*`).
//!
//! Sources: Wazuh's ruleset repository (the decoders' `<order>`, the rules' `<field>`), `integrations/virustotal.py`,
//! and the dashboard's severity scale. What a decoder found stands in `data`: flat for classic logs, nested for JSON
//! ones (Windows, AWS, Suricata's EVE), so it is walked by path. The traps:
//!
//! - Types change: a level, port or id comes as a number or as text; an address may carry its port (`192.0.2.1:80`, from
//!   the Snort decoder) or be a host name (`rhost=` of PAM).
//! - `data.protocol` of the web decoders is the HTTP method, and `data.id` the status.
//! - Integrations (VirusTotal, MISP…) feed their answers back as alerts. They are knowledge about an alert, not a new
//!   one, and are set aside. But `data.integration` is also how Wazuh's own collectors sign (`aws`, `gcp`, `docker`), so
//!   it is the answer's shape that tells: under its name it carries the `source` that it was asked about.
//! - Agent `000` is the manager itself. What it reads was often sent there by other machines; then syslog's host name
//!   says which one.
//!
//! `rule.firedtimes` counts since the manager's start; it is no number of occurrences, and is not read.

use super::account::user_from_target;
use super::address::address_and_port;
use super::best::Best;
use super::flatten::leaves;
use super::hashes::best_hash;
use super::scalar::Scalar;
use super::{Claim, Item, Keys, ocsf, suricata, zeek};
use crate::{Alert, Field, Format, Severity};
use std::borrow::Cow;
use std::net::IpAddr;

pub(super) fn claims(keys: &Keys<'_>) -> bool {
    let reporter = keys.has("agent") || keys.has("manager");
    let content = keys.has("rule") || keys.has_all(&["decoder", "location"]);
    let foreign = [suricata::claims, ocsf::claims, zeek::claims].into_iter().any(|claims| claims(keys));
    keys.has("timestamp") && reporter && content && !foreign
}

pub(super) fn read<'a>(record: &'a str, out: &mut Vec<Item<'a>>) -> Result<Claim, serde_json::Error> {
    let Some(keys) = Keys::claimed(record, claims)? else { return Ok(Claim::NotMine) };
    let mut walk = Walk::new(record);
    leaves(record, &mut |path, value| walk.take(path, value))?;
    out.push(if keys.has("integration") || walk.is_feedback() {
        Item::Aside(Cow::Borrowed("wazuh4 integration"))
    } else if walk.alert.get(Field::RuleId).or(walk.alert.get(Field::RuleName)).is_none() {
        Item::Aside(Cow::Borrowed("wazuh4 event"))
    } else {
        Item::Alert(Box::new(walk.into_alert()))
    });
    Ok(Claim::Mine)
}

/// An alert in the making: what has its cell is in `alert`, what can only be understood together stands beside it.
struct Walk<'a> {
    alert: Alert<'a>,
    best: Best,
    source: Option<(u8, Cow<'a, str>)>,
    destination: Option<(u8, Cow<'a, str>)>,
    /// The flow's initiator, where Suricata says so.
    initiator: Option<Cow<'a, str>>,
    protocol: Option<Cow<'a, str>>,
    data_id: Option<Cow<'a, str>>,
    syslog_host: Option<Cow<'a, str>>,
    read_by_manager: bool,
    integration: Option<Cow<'a, str>>,
    /// The key in `data` that carries a `source` of its own.
    answered: Option<String>,
}

impl<'a> Walk<'a> {
    fn new(record: &'a str) -> Self {
        Self {
            alert: Alert::new(Format::Wazuh4, record),
            best: Best::default(),
            source: None,
            destination: None,
            initiator: None,
            protocol: None,
            data_id: None,
            syslog_host: None,
            read_by_manager: false,
            integration: None,
            answered: None,
        }
    }

    fn take(&mut self, path: &str, value: Scalar<'a>) {
        match path {
            "timestamp" => self.alert.time = value.as_time(),
            "rule.level" => {
                self.alert.severity = severity(&value);
                self.best.put(&mut self.alert, (Field::EventSeverity, 0), value);
            }
            "rule.groups" => self.alert.groups.extend(value.into_text()),
            "rule.mitre.id" | "data.alert.metadata.mitre_technique_id" => {
                if let Some(id) = value.into_text() {
                    self.alert.add_technique(id);
                }
            }
            "agent.id" => self.read_by_manager = value.as_str() == Some("000"),
            "predecoder.hostname" => self.syslog_host = value.into_text(),
            "data.integration" => self.integration = value.into_text(),
            "data.flow.src_ip" => self.initiator = value.into_text(),
            "data.protocol" | "data.proto" => self.protocol = value.into_text(),
            "data.id" => self.data_id = value.into_text(),
            "data.win.eventdata.hashes" => {
                if let Some(hash) = value.as_str().and_then(best_hash) {
                    self.best.put(
                        &mut self.alert,
                        (Field::FileHash, 3),
                        Scalar::Text(hash.to_owned().into()),
                    );
                }
            }
            _ => match place(path) {
                Some((Field::SourceIp, rank)) => offer(&mut self.source, rank, value),
                Some((Field::DestinationIp, rank)) => offer(&mut self.destination, rank, value),
                Some(place @ (Field::User | Field::TargetUser, _)) => {
                    self.best.put(&mut self.alert, place, without_brackets(value));
                }
                Some(place) => self.best.put(&mut self.alert, place, value),
                None if self.answered.is_none() => {
                    let answer = path.strip_prefix("data.").and_then(|rest| rest.split_once(".source."));
                    self.answered = answer.map(|(name, _)| name.to_owned());
                }
                None => {}
            },
        }
    }

    /// Whether it is what an integration answered about an earlier alert.
    fn is_feedback(&self) -> bool {
        self.integration.as_deref().is_some_and(|name| {
            matches!(name, "virustotal" | "maltiverse")
                || name.starts_with("custom-")
                || self.answered.as_deref() == Some(name)
        })
    }

    fn into_alert(mut self) -> Alert<'a> {
        let alert = &mut self.alert;
        if self.read_by_manager {
            alert.set_some(Field::Host, self.syslog_host);
        }
        user_from_target(alert);
        let (mut source, mut destination) =
            (self.source.map(|(_, text)| text), self.destination.map(|(_, text)| text));
        // As in Suricata's own records, the packet may be the answer's.
        if self.initiator.is_some() && self.initiator == destination {
            std::mem::swap(&mut source, &mut destination);
            let (from, to) = (alert.text(Field::SourcePort), alert.text(Field::DestinationPort));
            let (from, to) = (from.to_owned(), to.to_owned());
            alert.set(Field::SourcePort, to);
            alert.set(Field::DestinationPort, from);
        }
        set_address(alert, source, [Field::SourceIp, Field::SourcePort, Field::SourceDomain]);
        set_address(
            alert,
            destination,
            [Field::DestinationIp, Field::DestinationPort, Field::DestinationDomain],
        );
        match self.protocol {
            Some(name) if is_method(&name) => {
                alert.set(Field::HttpMethod, name);
                alert.set_some(Field::HttpStatus, self.data_id);
            }
            Some(name) if is_transport(&name) => alert.set(Field::Transport, name.to_ascii_lowercase()),
            Some(name) => alert.set_default(Field::Protocol, name.to_ascii_lowercase()),
            None => {}
        }
        self.alert
    }
}

/// Which field a path fills, and how good it is at that: the lowest rank wins.
fn place(path: &str) -> Option<(Field, u8)> {
    let Some(path) = path.strip_prefix("data.") else {
        return Some(match path {
            "id" => (Field::EventId, 0),
            "rule.id" => (Field::RuleId, 0),
            "rule.description" => (Field::RuleName, 0),
            "full_log" => (Field::Message, 0),
            "agent.name" => (Field::Host, 0),
            "agent.ip" => (Field::Host, 1),
            "manager.name" => (Field::Host, 2),
            "GeoLocation.country_name" => (Field::SourceCountry, 0),
            "syscheck.event" => (Field::EventAction, 0),
            "syscheck.path" => (Field::FilePath, 0),
            "syscheck.sha256_after" => (Field::FileHash, 0),
            "syscheck.sha1_after" => (Field::FileHash, 1),
            "syscheck.md5_after" => (Field::FileHash, 2),
            "syscheck.audit.user.name" => (Field::User, 0),
            "syscheck.audit.process.name" => (Field::Process, 0),
            _ => return None,
        });
    };
    let event_data = path.strip_prefix("win.eventdata.");
    Some(match event_data.unwrap_or(path) {
        "ipAddress" => (Field::SourceIp, 2),
        "sourceIp" => (Field::SourceIp, 3),
        "ipPort" | "sourcePort" => (Field::SourcePort, 2),
        "destinationIp" => (Field::DestinationIp, 2),
        "destinationPort" => (Field::DestinationPort, 2),
        "destinationHostname" => (Field::DestinationDomain, 1),
        "subjectUserName" => (Field::User, 2),
        "targetUserName" => (Field::TargetUser, 1),
        "queryName" => (Field::DnsQuestion, 1),
        "targetFilename" => (Field::FilePath, 1),
        "image" => (Field::Process, 1),
        "newProcessName" => (Field::Process, 2),
        "parentImage" => (Field::ProcessParent, 0),
        "parentProcessName" => (Field::ProcessParent, 1),
        "commandLine" => (Field::CommandLine, 0),
        "srcip" => (Field::SourceIp, 0),
        "src_ip" => (Field::SourceIp, 1),
        "srcport" | "src_port" => (Field::SourcePort, 0),
        "dstip" => (Field::DestinationIp, 0),
        "dest_ip" | "dst_ip" => (Field::DestinationIp, 1),
        "dstport" | "dest_port" | "dst_port" => (Field::DestinationPort, 0),
        "srcuser" => (Field::User, 1),
        "user" => (Field::User, 3),
        "dstuser" => (Field::TargetUser, 0),
        "app_proto" => (Field::Protocol, 0),
        "url" => (Field::Url, 0),
        "http.url" => (Field::Url, 1),
        "http.hostname" => (Field::DestinationDomain, 0),
        "http.http_method" => (Field::HttpMethod, 0),
        "http.status" => (Field::HttpStatus, 0),
        "http.http_user_agent" | "aws.userAgent" => (Field::UserAgent, 0),
        "dns.rrname" | "dns.query.rrname" => (Field::DnsQuestion, 0),
        "tls.sni" => (Field::DnsQuestion, 2),
        "fileinfo.filename" | "audit.file.name" => (Field::FilePath, 2),
        "fileinfo.sha256" => (Field::FileHash, 4),
        "action" | "alert.action" | "aws.eventName" => (Field::EventAction, 1),
        "alert.category" => (Field::RuleCategory, 0),
        "audit.exe" => (Field::Process, 3),
        "audit.command" => (Field::Process, 4),
        "vulnerability.cve" => (Field::Vulnerability, 0),
        "aws.sourceIPAddress" | "aws.source_ip_address" => (Field::SourceIp, 4),
        "aws.srcaddr" => (Field::SourceIp, 5),
        "aws.dstaddr" => (Field::DestinationIp, 5),
        "aws.userIdentity.userName" => (Field::User, 4),
        "aws.aws_account_id" => (Field::CloudAccount, 0),
        "aws.accountId" | "aws.userIdentity.accountId" => (Field::CloudAccount, 1),
        "aws.awsRegion" | "aws.region" => (Field::CloudRegion, 0),
        _ => return None,
    })
}

/// The dashboard's scale, with its lowest class cut in two: what the ruleset calls *none*, *low* and *successful* is
/// informational.
fn severity(level: &Scalar<'_>) -> Severity {
    match level.as_u64() {
        Some(0..=3) => Severity::Informational,
        Some(4..=6) => Severity::Low,
        Some(7..=11) => Severity::Medium,
        Some(12..=14) => Severity::High,
        Some(15..) => Severity::Critical,
        None => Severity::Unknown,
    }
}

fn is_method(name: &str) -> bool {
    matches!(
        name,
        "GET" | "POST" | "HEAD" | "PUT" | "DELETE" | "OPTIONS" | "PATCH" | "CONNECT" | "TRACE" | "PROPFIND"
    )
}

fn is_transport(name: &str) -> bool {
    ["tcp", "udp", "icmp", "icmpv6", "ipv6-icmp", "sctp"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Mail servers write an account as `<name>`, and their decoder keeps it so.
fn without_brackets(value: Scalar<'_>) -> Scalar<'_> {
    let name = value.as_str().and_then(|text| text.strip_prefix('<')?.strip_suffix('>')).map(str::to_owned);
    name.map_or(value, |name| Scalar::Text(name.into()))
}

fn offer<'a>(slot: &mut Option<(u8, Cow<'a, str>)>, rank: u8, value: Scalar<'a>) {
    if slot.as_ref().is_none_or(|(held, _)| rank < *held)
        && let Some(text) = value.into_content()
    {
        *slot = Some((rank, text));
    }
}

fn set_address<'a>(alert: &mut Alert<'a>, text: Option<Cow<'a, str>>, [ip, port, domain]: [Field; 3]) {
    let Some(text) = text else { return };
    if text.parse::<IpAddr>().is_ok() {
        alert.set(ip, text);
    } else if let Some((address, number)) = address_and_port(&text) {
        alert.set(ip, address.to_owned());
        alert.set_default(port, number.to_owned());
    } else {
        alert.set_default(domain, text);
    }
}

#[cfg(test)]
mod tests {
    use crate::read::testing::{alert, aside};
    use crate::{Field, Severity};

    fn with_data(data: &str) -> String {
        format!(
            r#"{{"timestamp":"2024-05-01T10:00:00.123+0000","rule":{{"id":"1","level":5}},"agent":{{"id":"007","name":"web-1"}},"data":{data}}}"#
        )
    }

    #[test]
    fn an_alert_is_read_with_its_essentials() {
        insta::assert_debug_snapshot!(alert(include_str!("samples/wazuh4-login.json")));
    }

    #[test]
    fn windows_event_data_is_read() {
        insta::assert_debug_snapshot!(alert(include_str!("samples/wazuh4-sysmon.json")));
    }

    #[test]
    fn a_wrapped_eve_alert_keeps_what_eve_says() {
        insta::assert_debug_snapshot!(alert(include_str!("samples/wazuh4-suricata.json")));
    }

    #[test]
    fn a_changed_file_is_read_with_its_hash() {
        insta::assert_debug_snapshot!(alert(include_str!("samples/wazuh4-syscheck.json")));
    }

    #[test]
    fn levels_are_graded_as_on_the_dashboard_whatever_their_type() {
        let graded = |level: &str| {
            let record = format!(
                r#"{{"timestamp":"2024-05-01T10:00:00.123+0000","rule":{{"id":5710,"level":{level}}},"manager":{{"name":"m"}}}}"#
            );
            alert(&record).severity
        };
        assert_eq!(graded("3"), Severity::Informational);
        assert_eq!(graded("\"4\""), Severity::Low);
        assert_eq!(graded("7.0"), Severity::Medium);
        assert_eq!(graded("\"11\""), Severity::Medium);
        assert_eq!(graded("[12]"), Severity::High);
        assert_eq!(graded("16"), Severity::Critical);
        assert_eq!(graded("-1"), Severity::Unknown);
        assert_eq!(graded("{}"), Severity::Unknown);
    }

    #[test]
    fn an_alert_without_anything_optional_is_an_alert() {
        let record = r#"{"timestamp":"2024-05-01T10:00:00.123+0000","rule":{"id":"5710"},"agent":{}}"#;
        let alert = alert(record);
        assert_eq!(alert.get(Field::RuleId), Some("5710"));
        assert_eq!(alert.cells().count(), 1);
        assert_eq!(alert.count, None);
    }

    #[test]
    fn addresses_lose_their_port_and_names_are_no_addresses() {
        let record = with_data(r#"{"srcip":"198.51.100.7","dstip":"192.0.2.10:80"}"#);
        let read = alert(&record);
        assert_eq!(read.get(Field::DestinationIp), Some("192.0.2.10"));
        assert_eq!(read.get(Field::DestinationPort), Some("80"));
        let record = with_data(r#"{"srcip":"dialup.example","srcport":4711}"#);
        let read = alert(&record);
        assert_eq!(read.get(Field::SourceIp), None);
        assert_eq!(read.get(Field::SourceDomain), Some("dialup.example"));
    }

    #[test]
    fn an_account_in_brackets_is_the_same_account() {
        let user = |data: &str| alert(&with_data(data)).get(Field::User).map(str::to_owned);
        assert_eq!(user(r#"{"srcuser":"<berta>"}"#).as_deref(), Some("berta"));
        assert_eq!(user(r#"{"srcuser":"<"}"#).as_deref(), Some("<"));
        assert_eq!(user(r#"{"srcuser":"<>","user":"root"}"#).as_deref(), Some("root"));
    }

    #[test]
    fn the_protocol_of_web_logs_is_a_method() {
        let record = with_data(r#"{"srcip":"198.51.100.7","protocol":"GET","url":"/a","id":"404"}"#);
        let read = alert(&record);
        assert_eq!(read.get(Field::HttpMethod), Some("GET"));
        assert_eq!(read.get(Field::HttpStatus), Some("404"));
        assert_eq!(read.get(Field::Transport), None);
        let record = with_data(r#"{"protocol":"TCP","id":"404"}"#);
        assert_eq!(alert(&record).get(Field::Transport), Some("tcp"));
        assert_eq!(alert(&record).get(Field::HttpStatus), None);
    }

    #[test]
    fn what_the_manager_read_is_about_the_machine_in_syslog() {
        let record = r#"{"timestamp":"2024-05-01T10:00:00.123+0000","rule":{"id":"1"},"agent":{"id":"000","name":"siem"},"predecoder":{"hostname":"mail"}}"#;
        assert_eq!(alert(record).get(Field::Host), Some("mail"));
        let record = record.replace("000", "001");
        assert_eq!(alert(&record).get(Field::Host), Some("siem"));
    }

    #[test]
    fn answers_of_integrations_are_set_aside_and_collectors_are_not() {
        for data in [
            r#"{"integration":"virustotal","virustotal":{"error":"204"}}"#,
            r#"{"integration":"custom-misp"}"#,
            r#"{"integration":"abuseipdb","abuseipdb":{"source":{"alert_id":"1714557600.1","srcip":"198.51.100.7"}}}"#,
            r#"{"abuseipdb":{"source":{"rule":"5710"}},"integration":"abuseipdb"}"#,
        ] {
            assert_eq!(aside(&with_data(data)), "wazuh4 integration", "{data}");
        }
        let top = r#"{"timestamp":"2024-05-01T10:00:00.123+0000","rule":{"id":"1"},"agent":{},"integration":"misp"}"#;
        assert_eq!(aside(top), "wazuh4 integration");
        let record = with_data(
            r#"{"integration":"aws","aws":{"source":"cloudtrail","eventName":"StopLogging","awsRegion":"eu-central-1","source_ip_address":"198.51.100.7","aws_account_id":"123456789012","userIdentity":{"userName":"ci"}}}"#,
        );
        insta::assert_debug_snapshot!(alert(&record));
    }

    #[test]
    fn events_in_the_archive_that_no_rule_matched_are_set_aside() {
        let record = r#"{"timestamp":"2024-05-01T10:00:00.123+0000","agent":{"id":"001"},"full_log":"x","decoder":{},"location":"journald"}"#;
        assert_eq!(aside(record), "wazuh4 event");
        let record = r#"{"timestamp":"2024-05-01T10:00:00.123+0000","agent":"a","rule":"text"}"#;
        assert_eq!(aside(record), "wazuh4 event");
    }

    #[test]
    fn a_vulnerability_is_read_with_its_cve() {
        let record = with_data(r#"{"vulnerability":{"cve":"CVE-2024-0001","severity":"High"}}"#);
        assert_eq!(alert(&record).get(Field::Vulnerability), Some("CVE-2024-0001"));
    }
}
