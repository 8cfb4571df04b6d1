//! What an analyst decides holds for the whole pattern, at once and in every later run.

use crate::support::{Triaged, Workbench, example, number};
use serde_json::Value;

fn alert_of(run: &Triaged, id: &str) -> Value {
    let out = run.finished.out();
    let found =
        out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).find(|alert| alert["id"] == id);
    found.unwrap_or_else(|| panic!("no alert {id}"))
}

#[test]
fn the_next_run_gives_the_analyst_s_verdict() {
    let bench = Workbench::new();
    let day = example("day.ndjson");
    let first = bench.triage_with(&[&day], &["--format", "ndjson"]);
    let id = first.summary()["findings"][0]["example"].as_str().unwrap().to_owned();
    let before = alert_of(&first, &id);
    assert_ne!(before["verdict"], "benign_positive");

    let decided =
        bench.run(["decide", &id, "benign-positive", "--reason", "announced work", "--analyst", "mira"]);
    decided.ends_with(0);
    assert!(decided.out().contains("benign positive (was suspicious"), "{}", decided.out());

    let second = bench.triage_with(&[&day], &["--format", "ndjson"]);
    second.ends_with(0);
    let after = alert_of(&second, &id);
    assert_eq!(after["verdict"], "benign_positive");
    assert_eq!(after["decider"], "analyst");
    assert_eq!(after["confidence"].as_f64(), Some(1.0));
    let reason = after["reason"].as_str().unwrap();
    assert!(reason.contains("mira") && reason.contains("announced work"), "{reason}");

    let out = second.finished.out();
    let same: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|alert: &Value| alert["pattern"] == after["pattern"])
        .collect();
    assert!(
        same.iter().all(|alert| alert["decider"] == "analyst"),
        "the decision holds for a part of its pattern"
    );
    assert_eq!(number(&second.summary()["by_decider"]["analyst"]), same.len() as u64);
    let told = decided.out();
    let count =
        if same.len() == 1 { "1 stored alert ".to_owned() } else { format!("{} stored alerts ", same.len()) };
    assert!(told.contains(&count), "{told}");
    assert!(
        !second.summary()["findings"]
            .as_array()
            .unwrap()
            .iter()
            .take(10)
            .any(|finding| finding["example"] == id.as_str())
    );

    // It is known from before, so nothing is decided anew.
    let third = bench.triage_with(&[&day], &["--format", "ndjson"]);
    assert_eq!(third.share("hit_rate", "pattern"), 1.0);
    assert_eq!(alert_of(&third, &id)["decider"], "analyst");
}

#[test]
fn the_last_decision_holds() {
    let bench = Workbench::new();
    let file = example("brute-force-15.ndjson");
    let first = bench.triage(&[&file]);
    let id = first.summary()["findings"][0]["example"].as_str().unwrap().to_owned();
    for verdict in ["false_positive", "true_positive"] {
        bench.run(["decide", &id, verdict]).ends_with(0);
        let run = bench.triage_with(&[&file], &["--format", "ndjson"]);
        assert_eq!(alert_of(&run, &id)["verdict"], verdict);
        assert_eq!(alert_of(&run, &id)["decider"], "analyst");
        assert_eq!(bench.count("SELECT count(*) FROM alerts"), 15);
    }
    // Again the first one: what was withdrawn can be decided anew.
    bench.run(["decide", &id, "false_positive"]).ends_with(0);
    let run = bench.triage_with(&[&file], &["--format", "ndjson"]);
    assert_eq!(alert_of(&run, &id)["verdict"], "false_positive");
}

#[test]
fn the_stored_alerts_follow_at_once() {
    let bench = Workbench::new();
    let run = bench.triage(&[&example("brute-force-15.ndjson")]);
    let id = run.summary()["findings"][0]["example"].as_str().unwrap().to_owned();
    bench.run(["decide", &id, "true_positive"]).ends_with(0);
    let sql = "SELECT count(*) FROM alerts a JOIN decisions d ON d.id = a.decision WHERE d.decider = (SELECT decider FROM decisions ORDER BY valid_until DESC LIMIT 1) AND d.verdict = 2";
    let held = bench.count(sql);
    assert!(held > 0);
    let same_pattern = "SELECT count(*) FROM alerts WHERE pattern IN (SELECT a.pattern FROM alerts a JOIN decisions d ON d.id = a.decision WHERE d.verdict = 2)";
    assert_eq!(bench.count(same_pattern), held);
}

#[test]
fn an_alert_that_is_not_there_is_told() {
    let bench = Workbench::new();
    bench.triage(&[&example("brute-force-15.ndjson")]).ends_with(0);
    for id in ["0000000000-1", "x", "", "0000000000-99999999999999999999", "\u{1b}[2J"] {
        let run = bench.run(["decide", id, "true_positive"]);
        run.ends_with(2).says(&["there is no alert"]);
        assert!(!run.err().contains('\u{1b}'));
    }
}
