//! What triage promises, for inputs that nobody chose.

#![expect(clippy::unwrap_used, reason = "a test")]

use proptest::prelude::*;
use std::sync::Arc;
use watchfire_engine::{Input, Output, Progress, ReputationCache, Summary, Triage, history, triage};
use watchfire_flow::SystemClock;
use watchfire_intel::Intel;
use watchfire_judge::learning::Learned;
use watchfire_judge::reuse::Policy;
use watchfire_judge::{Asking, Ground, MaterialTable, Network, RuleSet};
use watchfire_signal::Severity;
use watchfire_signal::frame::Limits;
use watchfire_signal::write::OutputFormat;
use watchfire_store::{Location, Store};

/// What one run gives: the summary, and the alerts as NDJSON.
fn run(
    store: &Store,
    ground: &Ground,
    text: &str,
    jobs: usize,
    chunk_bytes: usize,
) -> (Summary, Vec<String>) {
    let reputations = ReputationCache::open(Intel::empty(), store).unwrap();
    let mut out = Vec::new();
    let summary = triage(Triage {
        inputs: vec![Input::Bytes("records".to_owned(), text.as_bytes().into())],
        jobs,
        limits: Limits { chunk_bytes, ..Limits::default() },
        mappings: Arc::from([]),
        ground: ground.clone(),
        asking: Asking::Nobody,
        history: history(store).unwrap(),
        reuse: Policy::default(),
        learned: Learned::default(),
        reputations: &reputations,
        wanted: None,
        store,
        keep_raw: true,
        output: Some((Output { format: OutputFormat::Ndjson, min_severity: Severity::Unknown }, &mut out)),
        clock: &SystemClock::new(),
        progress: &Progress::new(),
    })
    .unwrap();
    let lines = String::from_utf8(out).unwrap().lines().map(str::to_owned).collect();
    (summary, lines)
}

fn ground() -> Ground {
    Ground::new(RuleSet::starter(), MaterialTable::shipped(), Network::default())
}

/// A record of one of several kinds: alerts that repeat, alerts without a time, other events, and garbage.
fn record() -> impl Strategy<Value = String> {
    let alert = (0..6_u8, 0..5_u8, 0..4000_u32, 0..4_u8).prop_map(|(rule, host, minute, severity)| {
        let name = ["ET SCAN Nmap", "id check returned root", "unheard of", "SURICATA STREAM x", "Shellshock", "Brute force"]
            [usize::from(rule)];
        let (day, hour, minute) = (1 + minute / 1440, minute / 60 % 24, minute % 60);
        format!(
            r#"{{"timestamp":"2026-03-{day:02}T{hour:02}:{minute:02}:00.000000+0000","event_type":"alert","src_ip":"203.0.113.{rule}","dest_ip":"10.0.0.{host}","alert":{{"signature_id":{rule},"signature":"{name}","severity":{severity}}}}}"#
        )
    });
    let timeless = (0..3_u8).prop_map(|rule| {
        format!(r#"{{"timestamp":"?","event_type":"alert","dest_ip":"10.0.0.1","alert":{{"signature":"rule {rule}"}}}}"#)
    });
    prop_oneof![
        12 => alert,
        2 => timeless,
        2 => Just(r#"{"timestamp":"2026-03-01T00:00:00Z","event_type":"flow"}"#.to_owned()),
        1 => Just(r#"{"something":"else"}"#.to_owned()),
        1 => "[ -~]{1,40}",
        1 => r"\{[ -~]{0,40}",
        1 => Just(String::new()),
    ]
}

/// What must not differ between runs: everything but whether a decision was made in this very run.
fn timeless_part(lines: &[String]) -> Vec<String> {
    lines
        .iter()
        .map(|line| {
            line.replace("\"reused\":true", "\"reused\":false")
                .replace("Same pattern as an earlier alert: ", "")
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_record_is_accounted_for_and_no_worker_count_changes_a_verdict(
        records in proptest::collection::vec(record(), 0..400),
        jobs in 2_usize..6,
        chunk_bytes in 200_usize..5000,
    ) {
        let ground = ground();
        let text = records.join("\n");
        // The time of timeless alerts is when their source was first read, so both runs must know it from one store.
        let store = Store::open(&Location::Memory).unwrap();
        let (many, together) = run(&store, &ground, &text, jobs, chunk_bytes);
        let (one, alone) = run(&store, &ground, &text, 1, 256 << 10);

        prop_assert!(one.is_balanced() && many.is_balanced());
        // Garbage may run together, but it takes nothing sound with it.
        let is_sound = |record: &&String| serde_json::from_str::<serde_json::Map<_, _>>(record).is_ok();
        let sound = records.iter().filter(is_sound).count() as u64;
        let read = one.judged + one.set_aside;
        prop_assert!(read >= sound, "{read} of {sound}");
        prop_assert_eq!(
            (one.received, one.judged, one.set_aside, one.dead),
            (many.received, many.judged, many.set_aside, many.dead)
        );
        prop_assert_eq!(one.judged, alone.len() as u64);
        let (alone, together) = (timeless_part(&alone), timeless_part(&together));
        let first = alone.iter().zip(&together).find(|(alone, together)| alone != together);
        prop_assert_eq!(first, None);
        prop_assert_eq!(one.findings, many.findings);
        // The second run over the same source decides nothing anew, and stores nothing twice.
        prop_assert_eq!(one.calls_avoided, one.judged);
        prop_assert_eq!(store.alert_count().unwrap(), one.judged);
    }
}

#[test]
fn a_decision_of_an_analyst_holds_for_the_pattern_from_then_on() {
    let store = Store::open(&Location::Memory).unwrap();
    let ground = ground();
    let line = r#"{"timestamp":"2026-03-01T00:00:00Z","event_type":"alert","src_ip":"203.0.113.1","dest_ip":"10.0.0.1","alert":{"signature":"unheard of","severity":1}}"#;
    let text = format!("{line}\n{line}\n");
    let (before, _) = run(&store, &ground, &text, 2, 1000);
    let id = &before.findings[0].example;
    let decided =
        watchfire_engine::decide(&store, id, watchfire_signal::Verdict::FalsePositive, "a test", "ana", 1)
            .unwrap();
    assert_eq!((decided.alerts, decided.rule.as_str()), (2, "unheard of"));
    let (after, lines) = run(&store, &ground, &text, 2, 1000);
    assert_eq!(after.findings[0].verdict, "false_positive");
    assert!(
        lines.iter().all(|line| line.contains("\"decider\":\"analyst\"") && line.contains("a test")),
        "{lines:?}"
    );
    // And again: what an analyst decided is not decided anew either.
    let (again, _) = run(&store, &ground, &text, 2, 1000);
    assert_eq!(again.findings[0].verdict, "false_positive");
    assert!(
        watchfire_engine::decide(&store, "0000000000-9", watchfire_signal::Verdict::Suspicious, "", "ana", 1)
            .is_err()
    );
}
