use crate::read::testing::alert as read;
use crate::write::ndjson::samples::{Judged, cell, full_alert, holds, hostile, json, line, minimal, pretty};
use crate::write::{OutputFormat, Record};
use crate::{Alert, Field, Format, Reputation};
use proptest::prelude::*;
use serde_json::{Value, json};

fn document(record: &Record<'_>) -> Value {
    json(OutputFormat::Ecs, record)
}

#[test]
fn a_full_record_is_a_full_document() {
    insta::assert_snapshot!(pretty(OutputFormat::Ecs, true));
}

#[test]
fn a_minimal_record_is_a_document() {
    insta::assert_snapshot!(pretty(OutputFormat::Ecs, false));
}

#[test]
fn an_index_finds_nothing_of_the_wrong_type() {
    let (judged, mut alert) = (Judged::nothing(), Alert::new(Format::Mapped, ""));
    for (field, text) in [
        (Field::SourceIp, "cloudtrail.amazonaws.com"),
        (Field::SourcePort, "ssh"),
        (Field::DestinationIp, "300.1.1.1"),
        (Field::HttpStatus, "OK"),
        (Field::FileHash, "not a hash"),
        (Field::EventOutcome, "Success"),
        (Field::Transport, "TCP"),
        (Field::Direction, "to_server"),
    ] {
        alert.set(field, text);
    }
    let written = document(&minimal(&judged, &alert));
    assert_eq!(written["source"], json!({"address": "cloudtrail.amazonaws.com"}));
    assert_eq!(written["destination"], json!({"address": "300.1.1.1"}));
    assert_eq!((written.get("http"), written.get("file"), written.get("related")), (None, None, None));
    assert_eq!((&written["event"]["outcome"], written["labels"].get("outcome")), (&json!("success"), None));
    assert_eq!(written["network"], json!({"transport": "tcp"}));
    assert_eq!(written["labels"]["direction"], "to_server");
    assert_eq!(written["labels"]["file_hash"], "not a hash");
}

#[test]
fn labels_are_flat_and_text() {
    let (judged, alert) = (Judged::full(), full_alert());
    let written = document(&judged.record(&alert));
    for (name, label) in written["labels"].as_object().unwrap() {
        let is_list = label.as_array().is_some_and(|list| list.iter().all(Value::is_string));
        assert!(label.is_string() || is_list, "{name}: {label}");
    }
}

/// From ECS's table of categories and the types expected with them, as far as they are used.
#[test]
fn types_are_those_expected_with_their_category() {
    const EXPECTED: [(&str, &[&str]); 8] = [
        ("authentication", &["start", "end", "info"]),
        ("host", &["access", "change", "end", "info", "start"]),
        ("intrusion_detection", &["allowed", "denied", "info"]),
        ("malware", &["info"]),
        ("network", &["access", "allowed", "connection", "denied", "end", "info", "protocol", "start"]),
        ("process", &["access", "change", "end", "info", "start"]),
        ("web", &["access", "error", "info"]),
        ("vulnerability", &["info"]),
    ];
    let judged = Judged::nothing();
    for category in [
        "brute_force",
        "malware",
        "scanning",
        "web_attack",
        "execution",
        "persistence",
        "policy",
        "availability",
        "noise",
    ] {
        let mut alert = Alert::new(Format::Mapped, "");
        alert.set(Field::EventAction, "Blocked");
        let event = document(&Record { category, ..minimal(&judged, &alert) })["event"].take();
        let categories: Vec<_> = event["category"].as_array().into_iter().flatten().collect();
        let allowed: Vec<_> =
            EXPECTED.iter().filter(|(name, _)| categories.iter().any(|c| *c == name)).collect();
        assert_eq!(allowed.len(), categories.len(), "{category}: {categories:?}");
        for kind in event["type"].as_array().unwrap() {
            let expected = allowed.iter().any(|(_, types)| types.iter().any(|name| kind == name));
            assert!(expected || categories.is_empty(), "{category}: {kind}");
        }
        let is_intrusion = categories.iter().any(|name| *name == "intrusion_detection");
        assert_eq!(event["type"] == json!(["info", "denied"]), is_intrusion, "{category}");
    }
}

#[test]
fn techniques_and_their_parts_are_told_once() {
    let (judged, alert) = (Judged::full(), full_alert());
    let threat = document(&judged.record(&alert))["threat"].take();
    assert_eq!(threat["technique"]["id"], json!(["T1110", "T1078"]));
    assert_eq!(threat["technique"]["subtechnique"]["id"], json!(["T1110.001"]));
}

#[test]
fn only_bad_addresses_are_threats() {
    let (judged, alert) = (Judged::nothing(), full_alert());
    for reputation in Reputation::ALL {
        let record = Record { reputations: (reputation, Reputation::NotAsked), ..minimal(&judged, &alert) };
        let written = document(&record);
        let bad = matches!(reputation, Reputation::Malicious | Reputation::Suspicious);
        let field = written.pointer("/threat/enrichments/0/matched/field");
        assert_eq!(field, bad.then_some(&json!("source.ip")), "{reputation:?}");
    }
}

#[test]
fn a_document_reads_back_with_what_was_seen() {
    let (judged, alert) = (Judged::full(), full_alert());
    let line = line(OutputFormat::Ecs, &judged.record(&alert));
    let back = read(&line);
    for field in
        [Field::SourceIp, Field::DestinationIp, Field::RuleName, Field::User, Field::Host, Field::Message]
    {
        assert_eq!(back.get(field), alert.get(field), "{field:?}");
    }
    assert_eq!(back.time, alert.time);
}

proptest! {
    #[test]
    fn any_text_in_any_cell_makes_one_document_that_holds_it((field, text) in cell(), reason in hostile()) {
        let mut alert = Alert::new(Format::Mapped, "");
        alert.set(field, text.as_str());
        let judged = Judged::nothing();
        let written = document(&Record { reason: &reason, asset: &reason, ..minimal(&judged, &alert) });
        prop_assert_eq!(written["event"]["reason"].as_str(), Some(reason.as_str()));
        let is_typed = matches!(
            field,
            Field::SourcePort | Field::DestinationPort | Field::HttpStatus
        );
        let is_lower = matches!(field, Field::Transport | Field::Protocol);
        if let Some(told) = alert.get(field).filter(|_| !is_typed) {
            let told = if is_lower { told.to_ascii_lowercase() } else { told.to_owned() };
            prop_assert!(holds(&written, &told), "{field:?} {told:?} in {written}");
        }
    }
}
