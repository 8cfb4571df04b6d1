//! What sensors complain about though it means nothing: lost packets, odd handshakes, certificates of old devices.

use super::rhythm::Rhythm;
use crate::company::{HOSTS, MONITOR, PROXY, in_network};
use crate::dice::Dice;
use crate::formats::suricata::{Class, Flow, Signature, alert, signature};
use crate::formats::zeek::{Notice, connection_notice, host_notice};
use crate::json::Object;
use crate::moment::{Day, Moment};
use crate::outside::supplier;
use crate::record::Record;

const ODD: Class = Class::ProtocolDecode;

const ENGINE_EVENTS: [(u32, (Signature, u16)); 12] = [
    (20, (signature(2210045, 2, "SURICATA STREAM Packet with invalid ack", ODD), 443)),
    (14, (signature(2210044, 2, "SURICATA STREAM Packet with invalid timestamp", ODD), 443)),
    (12, (signature(2210020, 2, "SURICATA STREAM ESTABLISHED packet out of window", ODD), 443)),
    (10, (signature(2210029, 2, "SURICATA STREAM ESTABLISHED invalid ack", ODD), 445)),
    (8, (signature(2210054, 1, "SURICATA STREAM excessive retransmissions", ODD), 443)),
    (6, (signature(2210046, 2, "SURICATA STREAM SHUTDOWN RST invalid ack", ODD), 443)),
    (6, (signature(2210016, 2, "SURICATA STREAM CLOSEWAIT FIN out of window", ODD), 80)),
    (6, (signature(2210048, 2, "SURICATA STREAM reassembly sequence GAP -- missing packet(s)", ODD), 443)),
    (6, (signature(2260002, 1, "SURICATA Applayer Detect protocol only one direction", ODD), 8089)),
    (5, (signature(2221010, 1, "SURICATA HTTP unable to match response to request", ODD), 80)),
    (5, (signature(2230003, 1, "SURICATA TLS invalid handshake message", ODD), 443)),
    (3, (signature(2200075, 2, "SURICATA UDPv4 invalid checksum", ODD), 53)),
];

pub(super) fn records(dice: &mut Dice, day: Day) -> Vec<Record> {
    let mut records = Vec::new();
    for at in Rhythm::Office.moments(dice, day, 130) {
        records.push(engine_event(dice, at));
    }
    // Backups keep the sensor busy by night as well.
    for at in Rhythm::Night.moments(dice, day, 55) {
        records.push(engine_event(dice, at));
    }
    for at in Rhythm::Office.moments(dice, day, 34) {
        records.push(certificate(dice, at));
    }
    for part in [130, 255, 380, 505, 630, 755, 880] {
        let percent = dice.between(1, 40) as f64 / 10.0;
        let notice = Notice {
            note: "CaptureLoss::Too_Much_Loss",
            message: format!("The capture loss script detected an estimated loss rate above {percent:.3}%"),
            sub: None,
        };
        records.push(host_notice(day.part(part), None, notice));
    }
    records
}

fn engine_event(dice: &mut Dice, at: Moment) -> Record {
    let (rule, port) = *dice.weighted(&ENGINE_EVENTS);
    let inside = dice.pick(&HOSTS).ip;
    let (outside, _) = supplier(dice);
    let other = match port {
        445 | 8089 | 53 => dice.pick(&in_network("10.20.2.")).ip,
        _ => outside,
    };
    let flow =
        if port == 53 { Flow::udp(dice, inside, other, port) } else { Flow::tcp(dice, inside, other, port) };
    alert(dice, at, &rule, &flow, Object::new())
}

fn certificate(dice: &mut Dice, at: Moment) -> Record {
    let devices = [
        ("10.20.2.40", "CN=print01,O=Halden Instruments"),
        ("10.20.20.11", "CN=hplc-controller,OU=Embedded,O=Chromatic Systems"),
        ("10.20.1.1", "CN=fw-edge01,O=Halden Instruments"),
    ];
    let (device, subject) = *dice.pick(&devices);
    let client = *dice.pick(&[MONITOR.ip, PROXY.ip, "10.20.10.61", "10.20.10.71"]);
    let flow = Flow::tcp(dice, client, device, 443);
    let (note, message) = if dice.chance(80) {
        (
            "SSL::Invalid_Server_Cert",
            "SSL certificate validation failed with (self signed certificate)".to_owned(),
        )
    } else {
        (
            "SSL::Certificate_Expires_Soon",
            format!("Certificate {subject} is going to expire at 2026-04-02-00:00:00.000000000"),
        )
    };
    connection_notice(dice, at, &flow, Notice { note, message, sub: Some(subject.to_owned()) })
}
