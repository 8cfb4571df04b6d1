use super::samples::{Judged, cell, holds, hostile, json, line, minimal, pretty};
use crate::write::{OutputFormat, Record};
use crate::{Alert, Field, Format};
use proptest::prelude::*;

#[test]
fn a_full_record_says_everything() {
    insta::assert_snapshot!(pretty(OutputFormat::Ndjson, true));
}

#[test]
fn what_is_absent_is_left_out() {
    insta::assert_snapshot!(pretty(OutputFormat::Ndjson, false));
}

#[test]
fn keys_come_in_the_order_of_their_table() {
    let (judged, alert) = (Judged::full(), super::samples::full_alert());
    let line = line(OutputFormat::Ndjson, &judged.record(&alert));
    assert!(line.starts_with(
        r#"{"id":"5f3a9c01be-1532","time":"2024-05-01T10:00:00.123Z","verdict":"true_positive","#
    ));
    let places: Vec<_> = ["\"rule\":", "\"source\":", "\"evidence\":", "\"format\":", "\"version\":"]
        .map(|key| line.find(key))
        .into();
    assert!(places.is_sorted() && places.iter().all(Option::is_some), "{places:?}");
}

proptest! {
    #[test]
    fn any_text_in_any_cell_makes_one_line_that_holds_it((field, text) in cell(), reason in hostile()) {
        let mut alert = Alert::new(Format::Mapped, "");
        alert.set(field, text.as_str());
        let judged = Judged::nothing();
        let record = Record { reason: &reason, asset: &reason, ..minimal(&judged, &alert) };
        let value = json(OutputFormat::Ndjson, &record);
        prop_assert_eq!(value["reason"].as_str(), Some(reason.as_str()));
        let told = match field {
            Field::EventId => &value["event_id"],
            Field::EventSeverity => &value["vendor_severity"],
            Field::RuleId => &value["rule"]["id"],
            Field::RuleName => &value["rule"]["name"],
            Field::RuleCategory => &value["rule"]["category"],
            Field::SourceIp => &value["source"]["ip"],
            Field::SourceDomain => &value["source"]["domain"],
            Field::SourceCountry => &value["source"]["country"],
            Field::DestinationIp => &value["destination"]["ip"],
            Field::DestinationDomain => &value["destination"]["domain"],
            Field::User => &value["user"],
            Field::TargetUser => &value["target_user"],
            Field::Host => &value["host"],
            Field::Message => &value["message"],
            Field::Tenant => &value["tenant"],
            _ => return Ok(()),
        };
        prop_assert_eq!(told.as_str(), alert.get(field));
        prop_assert!(alert.get(field).is_none_or(|text| holds(&value, text)));
    }
}
