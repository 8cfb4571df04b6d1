//! Records that are no alerts, in the same files as those that are: flows, name queries, handshakes, counters.

use super::rhythm::Rhythm;
use crate::company::{DC1, DC2, HOSTS};
use crate::dice::Dice;
use crate::formats::suricata::{Flow, event, http, stats};
use crate::formats::zeek::{connection, dns};
use crate::json::Object;
use crate::moment::{Day, Moment};
use crate::outside::supplier;
use crate::record::Record;

pub(super) fn records(dice: &mut Dice, day: Day) -> Vec<Record> {
    let mut records = Vec::new();
    for at in Rhythm::Office.moments(dice, day, 150) {
        records.push(eve(dice, at));
    }
    for at in Rhythm::Flat.moments(dice, day, 40) {
        records.push(eve(dice, at));
    }
    for at in Rhythm::Office.moments(dice, day, 72) {
        records.push(zeek(dice, at));
    }
    let (mut packets, mut alerts) = (0, 0);
    for part in (1..1_000).step_by(42) {
        packets += dice.between(300_000, 4_000_000);
        alerts += dice.between(5, 80);
        records.push(stats(day.part(part), 1_209_600 + part * 86, packets, alerts));
    }
    records
}

fn eve(dice: &mut Dice, at: Moment) -> Record {
    let inside = dice.pick(&HOSTS).ip;
    let (address, name) = supplier(dice);
    match dice.below(20) {
        0..9 => {
            let flow = Flow::tcp(dice, inside, address, 443).speaking("tls");
            let packets = dice.between(8, 400);
            let body = Object::new()
                .with("pkts_toserver", packets)
                .with("pkts_toclient", packets * 2)
                .with("bytes_toserver", packets * 120)
                .with("bytes_toclient", packets * 1_900)
                .with("start", at.plus(-dice.between(2, 300)).text("%Y-%m-%dT%H:%M:%S%.6f+0000"))
                .with("state", "closed")
                .with("reason", "timeout")
                .with("alerted", false);
            event(dice, at, "flow", &flow, body)
        }
        9..15 => {
            let server = dice.pick(&[DC1, DC2]).ip;
            let flow = Flow::udp(dice, inside, server, 53);
            let body = Object::new()
                .with("type", "query")
                .with("id", dice.between(1, 65_535))
                .with("rrname", name)
                .with("rrtype", "A")
                .with("tx_id", 0_u8);
            event(dice, at, "dns", &flow, body)
        }
        15..18 => {
            let flow = Flow::tcp(dice, inside, address, 443).speaking("tls");
            let body = Object::new()
                .with("subject", format!("CN={name}"))
                .with("issuerdn", "C=XX, O=Example Trust, CN=Example R3")
                .with("sni", name)
                .with("version", "TLS 1.3");
            event(dice, at, "tls", &flow, body)
        }
        _ => {
            let flow = Flow::tcp(dice, inside, address, 80).speaking("http");
            let agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)";
            event(dice, at, "http", &flow, http(name, "/index.html", agent, "GET", 200))
        }
    }
}

fn zeek(dice: &mut Dice, at: Moment) -> Record {
    let inside = dice.pick(&HOSTS).ip;
    let (address, name) = supplier(dice);
    if dice.chance(60) {
        let flow = Flow::tcp(dice, inside, address, 443);
        connection(dice, at, &flow, Some("ssl"))
    } else {
        let flow = Flow::udp(dice, inside, DC1.ip, 53);
        dns(dice, at, &flow, name, address)
    }
}
