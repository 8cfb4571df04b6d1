//! Zeek's JSON logs: `notice`, which are alerts, and `conn` and `dns`, which are not.
//!
//! Source: Zeek documentation, *Log Files*, and the notice types and message texts of the scripts that ship with Zeek
//! (`policy/misc/scan`, `policy/protocols/ssl/validate-certs`, `policy/protocols/ssh/detect-bruteforcing`,
//! `policy/misc/capture-loss`). `_path` is there because the company ships all logs in one stream.

use crate::dice::Dice;
use crate::formats::suricata::Flow;
use crate::json::Object;
use crate::moment::Moment;
use crate::record::{Product, Record};

/// What a notice says.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Its type, such as `SSL::Invalid_Server_Cert`.
    pub note: &'static str,
    /// What happened.
    pub message: String,
    /// More of it.
    pub sub: Option<String>,
}

/// A notice about a connection.
pub fn connection_notice(dice: &mut Dice, at: Moment, flow: &Flow, notice: Notice) -> Record {
    let record = Object::new()
        .with("_path", "notice")
        .with("ts", at.as_seconds())
        .with("uid", uid(dice))
        .and(endpoints(flow))
        .with("proto", flow.transport.to_lowercase())
        .with("note", notice.note)
        .with("msg", notice.message)
        .with_some("sub", notice.sub)
        .with("src", flow.source.as_str())
        .with("dst", flow.destination.as_str())
        .with_some("p", flow.destination_port)
        .and(tail());
    Record::new(Product::Zeek, at, record.line())
}

/// A notice about a host as a source, without one connection to show; or about the sensor, without a source.
pub fn host_notice(at: Moment, source: Option<&str>, notice: Notice) -> Record {
    let record = Object::new()
        .with("_path", "notice")
        .with("ts", at.as_seconds())
        .with("note", notice.note)
        .with("msg", notice.message)
        .with_some("sub", notice.sub)
        .with_some("src", source)
        .and(tail());
    Record::new(Product::Zeek, at, record.line())
}

fn tail() -> Object {
    Object::new()
        .with("peer_descr", "zeek01")
        .with("actions", vec!["Notice::ACTION_LOG"])
        .with("suppress_for", 3600.0)
}

/// A connection.
pub fn connection(dice: &mut Dice, at: Moment, flow: &Flow, service: Option<&str>) -> Record {
    let sent = dice.between(200, 9_000);
    let record = Object::new()
        .with("_path", "conn")
        .with("ts", at.as_seconds())
        .with("uid", uid(dice))
        .and(endpoints(flow))
        .with("proto", flow.transport.to_lowercase())
        .with_some("service", service)
        .with("duration", dice.between(1, 90_000) as f64 / 1_000.0)
        .with("orig_bytes", sent)
        .with("resp_bytes", sent * dice.between(1, 30))
        .with("conn_state", *dice.pick(&["SF", "SF", "SF", "S1", "RSTO"]))
        .with("history", "ShADadFf");
    Record::new(Product::Zeek, at, record.line())
}

/// A DNS query and its answer.
pub fn dns(dice: &mut Dice, at: Moment, flow: &Flow, query: &str, answer: &str) -> Record {
    let record = Object::new()
        .with("_path", "dns")
        .with("ts", at.as_seconds())
        .with("uid", uid(dice))
        .and(endpoints(flow))
        .with("proto", "udp")
        .with("trans_id", dice.between(1, 65_535))
        .with("query", query)
        .with("qtype_name", "A")
        .with("rcode_name", "NOERROR")
        .with("answers", vec![answer])
        .with("rejected", false);
    Record::new(Product::Zeek, at, record.line())
}

fn endpoints(flow: &Flow) -> Object {
    Object::new()
        .with("id.orig_h", flow.source.as_str())
        .with_some("id.orig_p", flow.source_port)
        .with("id.resp_h", flow.destination.as_str())
        .with_some("id.resp_p", flow.destination_port)
}

fn uid(dice: &mut Dice) -> String {
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    format!("C{}", dice.letters(letters, 17))
}
