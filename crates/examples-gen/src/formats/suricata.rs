//! Suricata's `eve.json`: alerts, and the other event types that share the file.
//!
//! Source: Suricata user guide, *EVE JSON Format*. Signature ids, texts and classes are those of the ET Open and GPL
//! rule sets and of the engine's own event rules; the class texts and priorities are `classification.config`'s.

use crate::dice::Dice;
use crate::json::Object;
use crate::moment::Moment;
use crate::record::{Product, Record};

/// A rule's class, from which its category text and priority follow.
#[derive(Debug, Clone, Copy)]
pub enum Class {
    /// `attempted-recon`
    AttemptedRecon,
    /// `attempted-admin`
    AttemptedAdmin,
    /// `attempted-user`
    AttemptedUser,
    /// `bad-unknown`
    BadUnknown,
    /// `misc-activity`
    MiscActivity,
    /// `misc-attack`
    MiscAttack,
    /// `network-scan`
    NetworkScan,
    /// `not-suspicious`
    NotSuspicious,
    /// `policy-violation`
    PolicyViolation,
    /// `protocol-command-decode`
    ProtocolDecode,
    /// `suspicious-filename-detect`
    SuspiciousFilename,
    /// `trojan-activity`
    TrojanActivity,
    /// `web-application-attack`
    WebAttack,
}

impl Class {
    const fn printed(self) -> (&'static str, u8) {
        match self {
            Self::AttemptedRecon => ("Attempted Information Leak", 2),
            Self::AttemptedAdmin => ("Attempted Administrator Privilege Gain", 1),
            Self::AttemptedUser => ("Attempted User Privilege Gain", 1),
            Self::BadUnknown => ("Potentially Bad Traffic", 2),
            Self::MiscActivity => ("Misc activity", 3),
            Self::MiscAttack => ("Misc Attack", 2),
            Self::NetworkScan => ("Detection of a Network Scan", 3),
            Self::NotSuspicious => ("Not Suspicious Traffic", 3),
            Self::PolicyViolation => ("Potential Corporate Privacy Violation", 1),
            Self::ProtocolDecode => ("Generic Protocol Command Decode", 3),
            Self::SuspiciousFilename => ("A suspicious filename was detected", 2),
            Self::TrojanActivity => ("A Network Trojan was detected", 1),
            Self::WebAttack => ("Web Application Attack", 1),
        }
    }
}

/// A rule.
#[derive(Debug, Clone, Copy)]
pub struct Signature {
    /// Its `sid`.
    pub id: u32,
    /// Its `rev`.
    pub rev: u32,
    /// Its `msg`.
    pub text: &'static str,
    /// Its `classtype`.
    pub class: Class,
}

/// A rule from its parts.
pub const fn signature(id: u32, rev: u32, text: &'static str, class: Class) -> Signature {
    Signature { id, rev, text, class }
}

/// Who talks to whom: the source opened the flow.
#[derive(Debug, Clone)]
pub struct Flow {
    /// Address that opened it.
    pub source: String,
    /// Its port; `None` for ICMP.
    pub source_port: Option<u16>,
    /// Address that it was opened to.
    pub destination: String,
    /// Its port; `None` for ICMP.
    pub destination_port: Option<u16>,
    /// `TCP`, `UDP` or `ICMP`.
    pub transport: &'static str,
    /// What Suricata recognised in it.
    pub app: Option<&'static str>,
    /// Whether the packet that counts goes the other way.
    pub answer: bool,
}

impl Flow {
    /// A TCP flow from a random port.
    pub fn tcp(dice: &mut Dice, source: &str, destination: &str, port: u16) -> Self {
        Self {
            source: source.to_owned(),
            source_port: Some(dice.port()),
            destination: destination.to_owned(),
            destination_port: Some(port),
            transport: "TCP",
            app: None,
            answer: false,
        }
    }

    /// A UDP flow from a random port.
    pub fn udp(dice: &mut Dice, source: &str, destination: &str, port: u16) -> Self {
        Self { transport: "UDP", ..Self::tcp(dice, source, destination, port) }
    }

    /// An ICMP flow.
    pub fn icmp(source: &str, destination: &str) -> Self {
        Self {
            source: source.to_owned(),
            source_port: None,
            destination: destination.to_owned(),
            destination_port: None,
            transport: "ICMP",
            app: None,
            answer: false,
        }
    }

    /// The same flow with the answer's packet as the one that counts.
    pub fn answered(mut self) -> Self {
        self.answer = true;
        self
    }

    /// The same flow with a recognised protocol.
    pub fn speaking(mut self, app: &'static str) -> Self {
        self.app = Some(app);
        self
    }
}

/// The `http` object of an event.
pub fn http(hostname: &str, url: &str, user_agent: &str, method: &str, status: u16) -> Object {
    Object::new()
        .with("hostname", hostname)
        .with("url", url)
        .with("http_user_agent", user_agent)
        .with("http_method", method)
        .with("protocol", "HTTP/1.1")
        .with("status", status)
}

/// An alert. `more` holds the objects of the recognised protocol, such as `http`.
pub fn alert(dice: &mut Dice, at: Moment, rule: &Signature, flow: &Flow, more: Object) -> Record {
    decided(dice, at, rule, flow, more, "allowed")
}

/// An alert of a rule that dropped the packet.
pub fn dropped(dice: &mut Dice, at: Moment, rule: &Signature, flow: &Flow, more: Object) -> Record {
    decided(dice, at, rule, flow, more, "blocked")
}

fn decided(dice: &mut Dice, at: Moment, rule: &Signature, flow: &Flow, more: Object, action: &str) -> Record {
    let (category, severity) = rule.class.printed();
    let alert = Object::new()
        .with("action", action)
        .with("gid", 1_u8)
        .with("signature_id", rule.id)
        .with("rev", rule.rev)
        .with("signature", rule.text)
        .with("category", category)
        .with("severity", severity);
    let packets = dice.between(1, 40);
    let traffic = Object::new()
        .with("pkts_toserver", packets)
        .with("pkts_toclient", dice.below(20) as i64)
        .with("bytes_toserver", packets * dice.between(60, 400))
        .with("start", at.plus(-dice.between(0, 5)).text(TIME))
        .with("src_ip", flow.source.as_str())
        .with("dest_ip", flow.destination.as_str());
    let event = head(dice, at, "alert", flow).with("alert", alert).and(more);
    let event = event.with_some("app_proto", flow.app).with("flow", traffic);
    Record::new(Product::Suricata, at, event.line())
}

/// An event of another type, which no rule fired on: `flow`, `dns`, `tls`, `http`… `body` is its own object.
pub fn event(dice: &mut Dice, at: Moment, kind: &'static str, flow: &Flow, body: Object) -> Record {
    let event = head(dice, at, kind, flow).with_some("app_proto", flow.app).with(kind, body);
    Record::new(Product::Suricata, at, event.line())
}

/// A `stats` event: counters, no flow.
pub fn stats(at: Moment, uptime: i64, packets: i64, alerts: i64) -> Record {
    let capture = Object::new().with("kernel_packets", packets).with("kernel_drops", packets / 400_000);
    let decoder =
        Object::new().with("pkts", packets).with("bytes", packets * 612).with("invalid", packets / 90_000);
    let stats = Object::new()
        .with("uptime", uptime)
        .with("capture", capture)
        .with("decoder", decoder)
        .with("detect", Object::new().with("alert", alerts));
    let event = Object::new()
        .with("timestamp", at.text(TIME))
        .with("host", SENSOR)
        .with("event_type", "stats")
        .with("stats", stats);
    Record::new(Product::Suricata, at, event.line())
}

const TIME: &str = "%Y-%m-%dT%H:%M:%S%.6f+0000";
const SENSOR: &str = "ids01";

fn head(dice: &mut Dice, at: Moment, kind: &str, flow: &Flow) -> Object {
    let (mut from, mut to) = ((&flow.source, flow.source_port), (&flow.destination, flow.destination_port));
    if flow.answer {
        std::mem::swap(&mut from, &mut to);
    }
    Object::new()
        .with("timestamp", at.text(TIME))
        .with("flow_id", dice.between(1_000_000_000_000, 2_200_000_000_000_000))
        .with("in_iface", "eth1")
        .with("event_type", kind)
        .with("src_ip", from.0.as_str())
        .with_some("src_port", from.1)
        .with("dest_ip", to.0.as_str())
        .with_some("dest_port", to.1)
        .with("proto", flow.transport)
        .with("host", SENSOR)
}
