//! What analysts said of a rule on some machines is learned for others, can be seen, and can be forgotten.

use crate::support::{Triaged, Workbench};
use serde_json::Value;

/// An alert of a rule that nobody knows, on a machine of ours.
fn alert(machine: u32) -> String {
    format!(
        r#"{{"timestamp":"2026-03-{:02}T{:02}:00:00Z","event_type":"alert","src_ip":"10.0.9.9","dest_ip":"10.0.0.{machine}","alert":{{"signature_id":4711,"signature":"unheard of","category":"family","severity":3}}}}"#,
        1 + machine / 24,
        machine % 24,
    ) + "\n"
}

fn alerts(run: &Triaged) -> Vec<Value> {
    run.finished.out().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_rule_that_analysts_found_harmless_often_enough_is_harmless_elsewhere_until_that_is_forgotten() {
    let bench = Workbench::new();
    let file = bench.file("first.json", (1..=14).map(alert).collect::<String>());
    let run = bench.triage_with(&[&file], &["--format", "ndjson"]);
    assert_eq!(
        bench.run(["learn"]).out(),
        "Nothing was learned yet: no model and no analyst said anything.\n"
    );
    for alert in alerts(&run) {
        assert_eq!(alert["verdict"], "insufficient_data");
        bench.run(["decide", alert["id"].as_str().unwrap(), "benign-positive"]).ends_with(0);
    }
    let shown = bench.run(["learn"]);
    shown.ends_with(0);
    assert!(shown.out().contains("suricata/4711") && shown.out().contains('✓'), "{}", shown.out());
    let line: Value = serde_json::from_str(bench.run(["learn", "--json"]).out().trim()).unwrap();
    assert_eq!(
        (line["quiet"]["harmless"].as_f64(), line["quiet"]["hostile"].as_f64()),
        (Some(14.0), Some(0.0))
    );
    assert_eq!(
        (line["quiet"]["says"].as_str(), line["hot"]["says"].as_str()),
        (Some("harmless"), Some("asks"))
    );

    let elsewhere = bench.file("second.json", alert(40));
    let learned = alerts(&bench.triage_with(&[&elsewhere], &["--format", "ndjson"])).remove(0);
    assert_eq!((&learned["verdict"], &learned["decider"]), (&"benign_positive".into(), &"statistics".into()));
    let reason = learned["reason"].as_str().unwrap();
    assert!(
        reason.contains("of 14 hours with this rule on quiet machines, 0 were part of an attack"),
        "{reason}"
    );

    let unknown = bench.run(["learn", "--forget", "suricata/1"]);
    unknown.ends_with(2);
    assert!(unknown.err().contains("nothing was learned of a rule"), "{}", unknown.err());
    bench.run(["learn", "--forget", "suricata/4711"]).ends_with(0);
    assert!(bench.run(["learn"]).out().starts_with("Nothing was learned yet"));
    let third = bench.file("third.json", alert(41));
    let asked = alerts(&bench.triage_with(&[&third], &["--format", "ndjson"])).remove(0);
    assert_eq!(asked["verdict"], "insufficient_data");
}
