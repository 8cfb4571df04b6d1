//! Zeek's JSON logs (`LogAscii::use_json`, or the json-streaming-logs package with `_path`).
//!
//! Sources: Zeek's `scripts/base/frameworks/notice/main.zeek` (`Notice::Info`) and the `Info` records of the other
//! logs. Only `notice` is an alert; every other log is set aside under its name. `notice_alarm` repeats notices that are
//! in `notice` already. Weird's `notice: false` and the signature log's `note` make no notice.
//!
//! Plain JSON logs don't say which log they belong to. There a notice is told by a `note` of the shape
//! `Namespace::Type`, and a log without a connection by a key of its own ([`SHAPES`]). Keys are dotted (`id.orig_h`); a
//! few shippers nest them.
//!
//! `src` and `dst` are the notice's own view of who acted on whom, and win over the connection's. `n` is "associated
//! count, or perhaps a status code"; in Zeek's own scripts it counts, save for Heartbleed's, where it is a length.
//! Notices have no severity.

use super::scalar::{Object, Scalar};
use super::{Claim, Item, Keys, ocsf, suricata};
use crate::{Alert, Field, Format};
use serde::Deserialize;
use std::borrow::Cow;

/// Keys by which the logs that have neither `_path` nor `id.orig_h` are known.
const SHAPES: [&[&str]; 14] = [
    &["note", "msg"],
    &["note", "suppress_for"],
    &["note", "sig_id"],
    &["name", "notice", "peer"],
    &["host", "software_type"],
    &["host", "port_num", "port_proto"],
    &["host", "port_num", "issuer_subject"],
    &["certificate.version", "certificate.serial"],
    &["fuid", "seen_bytes"],
    &["analyzer_kind", "analyzer_name"],
    &["peer", "ts_delta"],
    &["peer", "pkts_proc"],
    &["uids", "msg_types"],
    &["id", "hashAlgorithm"],
];

pub(super) fn claims(keys: &Keys<'_>) -> bool {
    let path = keys.has("_path");
    let time = keys.has("ts") || (path && keys.has("_write_ts"));
    let shape = path || keys.has("id.orig_h") || SHAPES.iter().any(|shape| keys.has_all(shape));
    time && shape && !suricata::claims(keys) && !ocsf::claims(keys)
}

pub(super) fn read<'a>(record: &'a str, out: &mut Vec<Item<'a>>) -> Result<Claim, serde_json::Error> {
    let Some(keys) = Keys::claimed(record, claims)? else { return Ok(Claim::NotMine) };
    if !keys.has("note") {
        let Head { path } = serde_json::from_str(record)?;
        out.push(Item::Aside(kind(path.as_str())));
        return Ok(Claim::Mine);
    }
    let notice: Notice<'a> = serde_json::from_str(record)?;
    let path = notice.path.as_str();
    let is_notice = match path {
        Some(path) => path == "notice",
        None => keys.has("msg") || keys.has("suppress_for"),
    };
    out.push(match notice.note.as_str() {
        Some(note) if is_notice && note.contains("::") => Item::Alert(Box::new(notice.into_alert(record))),
        _ => Item::Aside(kind(path)),
    });
    Ok(Claim::Mine)
}

/// The kind under which a log is set aside. A name that no log would have is not repeated: it could be anything.
fn kind(path: Option<&str>) -> Cow<'static, str> {
    let name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    match path {
        Some(path) if (1..=40).contains(&path.len()) && path.as_bytes().iter().all(name) => {
            Cow::Owned(format!("zeek {path}"))
        }
        _ => Cow::Borrowed("zeek log"),
    }
}

impl<'a> Notice<'a> {
    fn into_alert(self, record: &'a str) -> Alert<'a> {
        let mut alert = Alert::new(Format::Zeek, record);
        alert.time = self.ts.as_time().or_else(|| self.write_ts.as_time());
        if !self.note.as_str().is_some_and(|note| note.starts_with("Heartbleed::")) {
            alert.count = self.n.as_u64().filter(|&count| count > 0);
        }
        alert.set_some(Field::EventId, self.uid.into_text());
        alert.set_some(Field::RuleId, self.note.clone().into_text());
        alert.set_some(Field::RuleName, self.note.into_text());
        match (self.msg.into_text(), self.sub.into_text().filter(|sub| !sub.is_empty())) {
            (Some(msg), Some(sub)) => alert.set(Field::Message, format!("{msg} ({sub})")),
            (msg, sub) => alert.set_some(Field::Message, msg.or(sub)),
        }

        // The connection, from the notice's point of view.
        let Object(id) = self.id;
        let mut from = (self.orig_h.or(id.orig_h), self.orig_p.or(id.orig_p));
        let mut to = (self.resp_h.or(id.resp_h), self.resp_p.or(id.resp_p));
        let turned = !self.src.is_absent() && self.src == to.0 && self.src != from.0;
        if turned {
            std::mem::swap(&mut from, &mut to);
        }
        set_end(&mut alert, (self.src, Scalar::Absent), from, [Field::SourceIp, Field::SourcePort]);
        set_end(&mut alert, (self.dst, self.p), to, [Field::DestinationIp, Field::DestinationPort]);
        alert.set_some(Field::Transport, self.proto.into_text());

        if let Some(described) = self.file_desc.into_text() {
            alert.set(if described.contains("://") { Field::Url } else { Field::FilePath }, described);
        }
        alert
    }
}

/// One end: as the notice says; the connection's port belongs to it only if its address does.
fn set_end<'a>(
    alert: &mut Alert<'a>,
    (own, own_port): (Scalar<'a>, Scalar<'a>),
    (address, port): (Scalar<'a>, Scalar<'a>),
    [ip_field, port_field]: [Field; 2],
) {
    let port = if own.is_absent() || own == address { port.or(own_port) } else { own_port };
    alert.set_some(ip_field, own.or(address).into_text());
    alert.set_some(port_field, port.into_text());
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct Head<'a> {
    #[serde(default, rename = "_path")]
    path: Scalar<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Notice<'a> {
    #[serde(rename = "_path")]
    path: Scalar<'a>,
    #[serde(rename = "_write_ts")]
    write_ts: Scalar<'a>,
    ts: Scalar<'a>,
    uid: Scalar<'a>,
    id: Object<Connection<'a>>,
    #[serde(rename = "id.orig_h")]
    orig_h: Scalar<'a>,
    #[serde(rename = "id.orig_p")]
    orig_p: Scalar<'a>,
    #[serde(rename = "id.resp_h")]
    resp_h: Scalar<'a>,
    #[serde(rename = "id.resp_p")]
    resp_p: Scalar<'a>,
    proto: Scalar<'a>,
    note: Scalar<'a>,
    msg: Scalar<'a>,
    sub: Scalar<'a>,
    src: Scalar<'a>,
    dst: Scalar<'a>,
    p: Scalar<'a>,
    n: Scalar<'a>,
    file_desc: Scalar<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Connection<'a> {
    orig_h: Scalar<'a>,
    orig_p: Scalar<'a>,
    resp_h: Scalar<'a>,
    resp_p: Scalar<'a>,
}

#[cfg(test)]
mod tests {
    use crate::read::testing::{alert, aside};
    use crate::{Field, Severity};

    #[test]
    fn a_notice_is_read_with_its_essentials() {
        insta::assert_debug_snapshot!(alert(include_str!("samples/zeek-notice.json")));
    }

    #[test]
    fn a_notice_without_path_or_connection_is_a_notice() {
        let read = alert(include_str!("samples/zeek-default.json"));
        insta::assert_debug_snapshot!(read);
        assert_eq!(read.severity, Severity::Unknown);
    }

    #[test]
    fn a_notice_without_anything_optional_is_an_alert() {
        let read = alert(r#"{"ts":1714557600.5,"note":"Weird::Activity","suppress_for":3600.0}"#);
        assert_eq!(read.get(Field::RuleName), Some("Weird::Activity"));
        assert_eq!(read.cells().count(), 2);
        assert_eq!(read.count, None);
    }

    #[test]
    fn the_notices_own_view_of_the_direction_wins() {
        let read = alert(
            r#"{"_path":"notice","ts":1714557600.5,"id.orig_h":"10.0.0.5","id.orig_p":51000,"id.resp_h":"203.0.113.9","id.resp_p":443,"note":"A::B","msg":"m","src":"203.0.113.9"}"#,
        );
        assert_eq!(read.get(Field::SourceIp), Some("203.0.113.9"));
        assert_eq!(read.get(Field::SourcePort), Some("443"));
        assert_eq!(read.get(Field::DestinationIp), Some("10.0.0.5"));
        assert_eq!(read.get(Field::DestinationPort), Some("51000"));
        let read = alert(
            r#"{"_path":"notice","ts":"2024-05-01T10:00:00.500000Z","id":{"orig_h":"10.0.0.5","orig_p":51000,"resp_h":"203.0.113.9","resp_p":443},"note":"A::B","msg":"m","src":"198.51.100.7"}"#,
        );
        assert_eq!(read.get(Field::SourceIp), Some("198.51.100.7"));
        assert_eq!(read.get(Field::SourcePort), None);
        assert_eq!(read.get(Field::DestinationIp), Some("203.0.113.9"));
        assert_eq!(read.get(Field::DestinationPort), Some("443"));
    }

    #[test]
    fn times_are_read_whatever_their_type() {
        let time = |ts: &str| {
            let record = format!(r#"{{"ts":{ts},"note":"A::B","msg":"m"}}"#);
            alert(&record).time.map(|time| time.to_string())
        };
        let expected = Some("2024-05-01T10:00:00.500Z".to_owned());
        assert_eq!(time("1714557600.5"), expected);
        assert_eq!(time("\"1714557600.500000\""), expected);
        assert_eq!(time("\"2024-05-01T10:00:00.500000Z\""), expected);
        assert_eq!(time("1714557600500"), expected);
        assert_eq!(time("{}"), None);
    }

    #[test]
    fn a_length_is_no_count() {
        let count = |note: &str| {
            let record = format!(r#"{{"ts":1.5,"note":"{note}","msg":"m","n":"30"}}"#);
            alert(&record).count
        };
        assert_eq!(count("Signatures::Count_Signature"), Some(30));
        assert_eq!(count("Heartbleed::SSL_Heartbeat_Attack"), None);
    }

    #[test]
    fn other_logs_are_set_aside_under_their_name() {
        assert_eq!(aside(r#"{"_path":"conn","ts":1714557600.1,"id.orig_h":"10.0.0.5"}"#), "zeek conn");
        assert_eq!(
            aside(r#"{"_path":"loaded_scripts","_write_ts":1714557600.1,"name":"x"}"#),
            "zeek loaded_scripts"
        );
        assert_eq!(aside(r#"{"_path":"a\u001b[31m","ts":1.1}"#), "zeek log");
        assert_eq!(aside(r#"{"ts":1.1,"id.orig_h":"10.0.0.5","query":"example.net"}"#), "zeek log");
        assert_eq!(
            aside(r#"{"_path":"weird","ts":1.1,"name":"n","notice":true,"peer":"zeek"}"#),
            "zeek weird"
        );
        assert_eq!(aside(r#"{"ts":1.1,"name":"n","notice":false,"peer":"zeek"}"#), "zeek log");
        assert_eq!(
            aside(r#"{"ts":1.1,"note":"Signatures::Sensitive_Signature","sig_id":"s","event_msg":"m"}"#),
            "zeek log"
        );
        assert_eq!(
            aside(r#"{"_path":"notice_alarm","ts":1.1,"note":"A::B","msg":"m"}"#),
            "zeek notice_alarm"
        );
        assert_eq!(aside(r#"{"_path":"notice","ts":1.1,"note":null,"msg":"m"}"#), "zeek notice");
        assert_eq!(aside(r#"{"ts":1.1,"note":"remember the milk","msg":"m"}"#), "zeek log");
        assert_eq!(aside(r#"{"ts":1.1,"host":"10.0.0.5"}"#), "unrecognised json");
    }
}
