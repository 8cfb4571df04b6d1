//! A trickle through DNS.
//!
//! The computer beside the spectrometer asks for long names under one domain, slowly. Four products notice, hours
//! apart, and none rates it higher than *low* but one, once.

use crate::company::SPECTROMETER;
use crate::dice::Dice;
use crate::formats::cef::{Threat, firewall_threat};
use crate::formats::ecs::{self, alert as elastic};
use crate::formats::suricata::{Class, Flow, Signature, alert, signature};
use crate::formats::zeek::{Notice, connection_notice};
use crate::json::Object;
use crate::moment::Day;
use crate::outside::{TUNNEL_DOMAIN, TUNNEL_SERVER};
use crate::record::{Record, Story};

const TUNNELING: ecs::Rule =
    ecs::rule("DNS Tunneling", "91f02f01-969f-4167-8f66-07827ac3bdd9", "machine_learning", 21, "T1071.004");
const UNUSUAL: ecs::Rule = ecs::rule(
    "Unusual DNS Activity",
    "746edc4c-c54c-49c6-97a1-651223819448",
    "machine_learning",
    21,
    "T1071.004",
);
const NSTX: Signature = signature(2002676, 3, "ET POLICY nstx DNS Tunnel Outbound", Class::BadUnknown);

pub(super) fn records(dice: &mut Dice, day: Day) -> Vec<Record> {
    let tell = |record: Record, what| record.telling(Story::Tunnel, SPECTROMETER.name, what);
    let mut records = Vec::new();

    for (hour, minute, rule, what) in [
        (3, 26, &TUNNELING, "too many names under one domain"),
        (13, 38, &UNUSUAL, "a name that nobody else asks for"),
    ] {
        let at = day.around(dice, hour, minute, 14);
        let question = Object::new().with("name", name(dice)).with("registered_domain", TUNNEL_DOMAIN);
        let more = Object::new()
            .with("source", Object::new().with("ip", SPECTROMETER.ip))
            .with("dns", Object::new().with("question", question));
        let reason = format!("event on lab-spec-02 created alert {}.", rule.name);
        records.push(tell(elastic(dice, at, &SPECTROMETER, rule, reason, more), what));
    }

    for (hour, minute) in [(8, 49), (22, 51)] {
        let at = day.around(dice, hour, minute, 40);
        let flow = Flow::udp(dice, SPECTROMETER.ip, TUNNEL_SERVER, 53).speaking("dns");
        let query = Object::new().with("type", "query").with("rrname", name(dice)).with("rrtype", "TXT");
        let more = Object::new().with("dns", Object::new().with("query", vec![query]));
        let record = alert(dice, at, &NSTX, &flow, more);
        records.push(tell(record, "queries past the company's own name servers"));
    }

    let at = day.around(dice, 11, 5, 9);
    let flow = Flow::udp(dice, SPECTROMETER.ip, TUNNEL_SERVER, 53);
    let notice =
        Notice { note: "Weird::Activity", message: "DNS_NAME_too_long".to_owned(), sub: Some(name(dice)) };
    let record = connection_notice(dice, at, &flow, notice);
    records.push(tell(record, "names longer than names are"));

    let at = day.around(dice, 18, 12, 27);
    let threat = Threat {
        threat: "Tunneling:quietpond.example(109001001)",
        severity: 4,
        category: "dns-c2",
        source: SPECTROMETER.ip,
        destination: (TUNNEL_SERVER, 53),
        app: "dns",
        user: None,
        action: "alert",
        request: Some(TUNNEL_DOMAIN),
        count: 1,
    };
    records.push(tell(firewall_threat(dice, at, &threat), "the firewall names it: tunneling"));
    records
}

/// A name that carries data: four labels of letters and digits before the domain.
fn name(dice: &mut Dice) -> String {
    let alphabet = "abcdefghijklmnopqrstuvwxyz234567";
    let labels: Vec<_> = (0..3).map(|_| dice.letters(alphabet, 40)).collect();
    format!("{}.t.{TUNNEL_DOMAIN}", labels.join("."))
}
