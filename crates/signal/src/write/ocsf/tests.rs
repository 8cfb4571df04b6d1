use crate::read::testing::alert as read;
use crate::write::ndjson::samples::{Judged, cell, full_alert, holds, hostile, json, line, minimal, pretty};
use crate::write::{OutputFormat, Record};
use crate::{Alert, Decider, Field, Format, Reputation, Verdict};
use proptest::prelude::*;
use serde_json::{Value, json};

fn finding(record: &Record<'_>) -> Value {
    json(OutputFormat::Ocsf, record)
}

#[test]
fn a_full_record_is_a_full_finding() {
    insta::assert_snapshot!(pretty(OutputFormat::Ocsf, true));
}

#[test]
fn a_minimal_record_is_a_finding() {
    insta::assert_snapshot!(pretty(OutputFormat::Ocsf, false));
}

/// Required by the class, by the base event, and by the objects that are always there.
#[test]
fn what_the_schema_requires_is_always_there() {
    let (judged, alert) = (Judged::nothing(), Alert::new(Format::Mapped, ""));
    let written = finding(&minimal(&judged, &alert));
    for pointer in [
        "/activity_id",
        "/category_uid",
        "/class_uid",
        "/finding_info/analytic/type_id",
        "/finding_info/uid",
        "/metadata/product/name",
        "/metadata/version",
        "/severity_id",
        "/time",
        "/type_uid",
    ] {
        assert!(written.pointer(pointer).is_some_and(|value| !value.is_null()), "{pointer}");
    }
    let ids =
        [&written["class_uid"], &written["activity_id"], &written["type_uid"]].map(|id| id.as_u64().unwrap());
    assert_eq!(ids[2], ids[0] * 100 + ids[1]);
}

#[test]
fn what_an_object_requires_is_there_when_the_object_is() {
    let (judged, raw) = (Judged::nothing(), "");
    let with = |field, text: &'static str| {
        let mut alert = Alert::new(Format::Mapped, raw);
        alert.set(field, text);
        finding(&Record { reputations: (Reputation::Stale, Reputation::Safe), ..minimal(&judged, &alert) })
    };
    assert_eq!(with(Field::Host, "h")["device"]["type_id"], 0);
    assert_eq!(with(Field::CloudRegion, "eu")["cloud"]["provider"], "Unknown");
    assert_eq!(with(Field::CloudRegion, "eu")["metadata"]["profiles"], json!(["incident", "cloud"]));
    let process = with(Field::ProcessParent, "/bin/sh")["evidences"][0]["process"].take();
    assert_eq!(process["uid"], "5f3a9c01be-1532");
    assert_eq!(
        process["parent_process"],
        json!({"uid": "5f3a9c01be-1532:parent", "name": "sh", "path": "/bin/sh"})
    );
    let hash = "d41d8cd98f00b204e9800998ecf8427e";
    let file = with(Field::FileHash, hash)["evidences"][0]["file"].take();
    assert_eq!((&file["name"], &file["type_id"]), (&json!(hash), &json!(0)));
    assert_eq!(file["hashes"][0]["algorithm_id"], 1);
    // HTTP alone is no evidence, nor is an endpoint without a name.
    assert_eq!(with(Field::UserAgent, "curl")["evidences"][0]["connection_info"]["direction_id"], 0);
    assert_eq!(with(Field::SourcePort, "22").get("evidences"), None);
    let stale = with(Field::SourceIp, "192.0.2.1")["enrichments"][0].take();
    assert_eq!((&stale["data"], stale.get("reputation")), (&json!({"reputation": "stale"}), None));
    let safe = with(Field::DestinationDomain, "a.example")["enrichments"][0].take();
    assert_eq!(safe["name"], "evidences.dst_endpoint.hostname");
    assert_eq!(
        (&safe["reputation"]["base_score"], &safe["reputation"]["score_id"]),
        (&json!(2.0), &json!(2))
    );
}

#[test]
fn what_a_field_does_not_take_goes_elsewhere() {
    let (judged, mut alert) = (Judged::nothing(), Alert::new(Format::Mapped, ""));
    alert.set(Field::SourceIp, "cloudtrail.amazonaws.com");
    alert.set(Field::SourcePort, "70000");
    alert.set(Field::SourceCountry, "Antarctica");
    alert.set(Field::HttpMethod, "PROPFIND");
    alert.set(Field::Url, "/index.php");
    alert.set(Field::Direction, "to_server");
    alert.set(Field::FileHash, "not a hash");
    alert.count = Some(u64::MAX);
    let written = finding(&minimal(&judged, &alert));
    let evidence = &written["evidences"][0];
    assert_eq!(evidence["src_endpoint"], json!({"name": "cloudtrail.amazonaws.com"}));
    assert_eq!(evidence["url"], json!({"path": "/index.php"}));
    assert_eq!(evidence["connection_info"], json!({"direction_id": 99, "direction": "to_server"}));
    assert_eq!(written["unmapped"]["watchfire"]["http_method"], "PROPFIND");
    assert_eq!(written["unmapped"]["watchfire"]["source_country"], "Antarctica");
    assert_eq!(
        (&written["unmapped"]["watchfire"]["file_hash"], evidence.get("file")),
        (&json!("not a hash"), None)
    );
    assert_eq!(written["count"], i32::MAX);
}

#[test]
fn who_decided_is_told_by_number() {
    let (judged, alert) = (Judged::full(), full_alert());
    for (decider, type_id) in [
        (Decider::Rule, 1),
        (Decider::Statistics, 3),
        (Decider::Llm, 4),
        (Decider::Analyst, 99),
        (Decider::Fallback, 99),
    ] {
        let written = finding(&Record { decider, ..judged.record(&alert) });
        assert_eq!(written["finding_info"]["analytic"]["type_id"], type_id);
        assert_eq!(written["unmapped"]["watchfire"]["decider"], decider.name());
    }
}

#[test]
fn a_benign_finding_is_no_alert() {
    let (judged, alert) = (Judged::full(), full_alert());
    for verdict in Verdict::ALL {
        let written = finding(&Record { verdict, ..judged.record(&alert) });
        assert_eq!(written["is_alert"], !verdict.is_benign(), "{verdict:?}");
        assert_eq!(written["verdict_id"], verdict.id());
    }
}

#[test]
fn a_long_record_is_cut_and_says_so() {
    let judged = Judged::nothing();
    let raw = "é".repeat(40_000);
    let written = finding(&minimal(&judged, &Alert::new(Format::Mapped, &raw)));
    assert_eq!(written["raw_data"].as_str().map(str::len), Some(64 * 1024));
    assert_eq!(
        (&written["raw_data_size"], &written["metadata"]["is_truncated"]),
        (&json!(80_000), &json!(true))
    );
}

/// What was seen is found again by whoever reads a finding as ours are read.
#[test]
fn a_finding_reads_back_with_what_was_seen() {
    let (judged, alert) = (Judged::full(), full_alert());
    let line = line(OutputFormat::Ocsf, &judged.record(&alert));
    let back = read(&line);
    for field in [
        Field::SourceIp,
        Field::SourcePort,
        Field::SourceDomain,
        Field::SourceCountry,
        Field::DestinationIp,
        Field::DestinationPort,
        Field::Transport,
        Field::User,
        Field::TargetUser,
        Field::Host,
        Field::Url,
        Field::HttpStatus,
        Field::UserAgent,
        Field::DnsQuestion,
        Field::FilePath,
        Field::FileHash,
        Field::Process,
        Field::ProcessParent,
        Field::CommandLine,
        Field::CloudAccount,
        Field::CloudRegion,
        Field::Vulnerability,
        Field::Message,
        Field::Tenant,
    ] {
        assert_eq!(back.get(field), alert.get(field), "{field:?}");
        assert!(back.get(field).is_some(), "{field:?}");
    }
    assert_eq!((back.time, back.count), (alert.time, alert.count));
    assert_eq!(back.techniques, ["T1110", "T1110.001", "T1078"]);
}

proptest! {
    #[test]
    fn any_text_in_any_cell_makes_one_finding_that_holds_it((field, text) in cell(), reason in hostile()) {
        let mut alert = Alert::new(Format::Mapped, "");
        alert.set(field, text.as_str());
        let judged = Judged::nothing();
        let written = finding(&Record { reason: &reason, asset: &reason, ..minimal(&judged, &alert) });
        prop_assert_eq!(written["finding_info"]["desc"].as_str(), Some(reason.as_str()));
        let is_number = matches!(field, Field::SourcePort | Field::DestinationPort | Field::HttpStatus);
        // A word that the schema has is written as the schema writes it.
        let is_word = matches!(field, Field::Direction | Field::HttpMethod);
        let is_lone_country = field == Field::SourceCountry && text.len() == 2;
        if let Some(told) = alert.get(field).filter(|_| !is_number && !is_word && !is_lone_country) {
            prop_assert!(holds(&written, told), "{field:?} {told:?} in {written}");
        }
    }
}
