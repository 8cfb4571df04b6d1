//! Alerts, and all that is decided on them.

use super::ok;
use crate::records::Records;
use crate::{
    AlertRow, AlertRows, AnalystDecisionRow, ChoiceRow, ChunkRow, Commit, DeadRow, DecisionRow, Deliveries,
    DeliveryRow, Order, PatternRow, QuestionRow, Search, SourceId, Wanted,
};
use std::sync::Arc;

/// A day of the alerts here.
const DAY: i64 = 1_700_000_000_000;
/// The number of analysts among deciders.
const ANALYST: u8 = 9;

/// A decision on a pattern that holds from a moment on.
pub fn decision(id: i64, pattern: i64, from: i64, verdict: u8, severity: u8) -> DecisionRow {
    DecisionRow {
        id,
        pattern,
        valid_from: from,
        valid_until: from + 1_000_000,
        volume: 0,
        verdict,
        severity,
        decider: 4,
        confidence: 0.75,
        detail: "{\"why\":\"a\\u0000b\"}".to_owned(),
    }
}

fn key(pattern: i64) -> [u8; 16] {
    [pattern as u8; 16]
}

fn pattern(id: i64, first: i64, last: i64, priority: u8, decision: i64) -> PatternRow {
    let description = Arc::from(format!("{{\"rule\":\"Rule {id} of 100%_Shells\"}}"));
    PatternRow { id, key: key(id), description, first_seen: first, last_seen: last, priority, decision }
}

/// Alerts of `(ordinal, time, pattern, decision, priority)`.
fn alerts(rows: &[(u64, i64, i64, i64, u8)]) -> AlertRows {
    let mut alerts = AlertRows::default();
    for (ordinal, time, pattern, decision, priority) in rows {
        let user = format!("user\0{}", ordinal % 3);
        alerts.push(&AlertRow {
            ordinal: *ordinal,
            time: *time,
            pattern: *pattern,
            decision: *decision,
            severity: 3,
            priority: *priority,
            source: Some("192.0.2.1"),
            destination: (ordinal % 2 == 0).then_some("198.51.100.7"),
            user: Some(&user),
        });
    }
    alerts
}

fn chunk(first: u64, hashes: &[u64]) -> ChunkRow {
    ChunkRow { first_ordinal: first, hashes: hashes.to_vec(), decided: [7; 16], raw: vec![1, 2, 3] }
}

/// Two patterns with three alerts, a dead letter and a question.
fn commit() -> Commit {
    Commit {
        chunk: Some(chunk(0, &[10, 11, 12, 13])),
        alerts: alerts(&[(0, DAY, 1, 11, 40), (1, DAY + 5, 1, 11, 60), (3, DAY + 9, 2, 21, 50)]),
        decisions: vec![decision(11, 1, DAY - 9, 2, 3), decision(21, 2, DAY - 9, 1, 4)],
        patterns: vec![pattern(2, DAY + 9, DAY + 9, 50, 21), pattern(1, DAY, DAY + 5, 60, 11)],
        dead: vec![DeadRow {
            ordinal: 2,
            line: 3,
            reason: "not JSON".to_owned(),
            hint: "mend it".to_owned(),
            raw: "{\0\u{1}".to_owned(),
            whole: true,
        }],
        questions: vec![QuestionRow { decision: 11, priority: 60, attempts: 0, body: "{}".to_owned() }],
    }
}

async fn source(store: &dyn Records) -> SourceId {
    ok(store.source(b"head of a file", "a\0.json", DAY)).await
}

/// However it has grown, and however it is called; the network is one source.
pub async fn a_source_is_known_by_how_it_begins(store: &dyn Records) {
    let first = ok(store.source(&[b'x'; 1_000], "a.json", 5)).await;
    let grown = ok(store.source(&vec![b'x'; 100_000], "b.json", 6)).await;
    assert_eq!(grown, first);
    assert_eq!(first.first_seen(), 5);
    let other = ok(store.source(&[b'x'; 500], "c.json", 7)).await;
    assert_ne!(other.to_string(), first.to_string(), "shorter than it is known by");
    assert_eq!(first.record_hash("a", 1), grown.record_hash("a", 1));
    let (network, next) = ok(store.network_source("api", 8)).await;
    assert_eq!(next, 0);
    ok(store.commit(network, vec![Commit { chunk: Some(chunk(0, &[1, 2])), ..Commit::default() }], 9)).await;
    assert_eq!(ok(store.network_source("api", 9)).await, (network, 2));
}

/// Texts that a server can't hold as they are come back as they were.
pub async fn what_was_written_is_found_by_id_by_search_and_in_the_queue(store: &dyn Records) {
    let source = source(store).await;
    assert!(!ok(store.commit(source, vec![commit()], DAY)).await);
    assert!(ok(store.is_stored(source, &chunk(0, &[10, 11, 12, 13]))).await);
    assert!(!ok(store.is_stored(source, &chunk(0, &[10, 11, 12]))).await);
    assert_eq!(ok(store.alert_count()).await, 3);
    assert_eq!(ok(store.ordinals(source, 1, 10)).await, [1, 3]);

    let stored = ok(store.alert(&source.alert_id(1))).await;
    let Some(stored) = stored else { panic!("the alert is not there") };
    assert_eq!((stored.source_name.as_str(), stored.time, stored.priority), ("a\0.json", DAY + 5, 60));
    assert_eq!((stored.pattern, stored.pattern_key), (1, key(1)));
    assert_eq!(stored.decision, decision(11, 1, DAY - 9, 2, 3));
    for none in [source.alert_id(2), "0000000000-1".to_owned(), "nonsense".to_owned()] {
        assert_eq!(ok(store.alert(&none)).await, None, "{none}");
        assert_eq!(ok(store.found(&none)).await, None, "{none}");
    }
    assert_eq!(ok(store.alert_chunk(&source.alert_id(3))).await, Some((vec![1, 2, 3], 3, 4)));
    assert_eq!(ok(store.examples(&[11, 21, 99])).await, [(11, source.alert_id(0)), (21, source.alert_id(3))]);

    let Some(found) = ok(store.found(&source.alert_id(3))).await else { panic!("it is not found") };
    assert_eq!((found.user.as_deref(), found.destination.as_deref()), (Some("user\u{0}0"), None));
    let search = |text: &str| Search { text: text.to_owned(), ..Search::default() };
    for (text, expected) in [
        ("", 3),
        ("192.0.2.1", 3),
        ("198.51.100.7", 1),
        ("user\u{0}0", 2),
        ("user", 0),
        ("RULE 2 OF", 1),
        ("100%_s", 3),
        ("100__", 0),
    ] {
        assert_eq!(ok(store.search(&search(text), None, 10)).await.len(), expected, "{text:?}");
    }
    let narrow = Search {
        pattern: Some(1),
        verdict: Some(2),
        min_severity: 3,
        min_priority: 60,
        from: Some(DAY + 5),
        to: Some(DAY + 6),
        text: "192.0.2.1".to_owned(),
    };
    let narrowed = ok(store.search(&narrow, None, 10)).await;
    assert_eq!(narrowed.iter().map(|alert| alert.id.clone()).collect::<Vec<_>>(), [source.alert_id(1)]);

    assert_eq!(ok(store.pattern(1)).await, Some((DAY, 2)));
    assert_eq!(ok(store.pattern_span(1)).await, Some((DAY, DAY + 5)));
    assert_eq!(ok(store.pattern(3)).await, None);
    assert_eq!(ok(store.pattern_count()).await, 2);
    assert!(ok(store.pattern_description(2)).await.is_some_and(|text| text.contains("Rule 2")));
    let Some(queued) = ok(store.queued(1)).await else { panic!("it is not in the queue") };
    assert_eq!((queued.alerts, queued.priority, queued.decision.id, queued.word), (2, 60, 11, None));
    assert_eq!(ok(store.decision(21)).await, Some(decision(21, 2, DAY - 9, 1, 4)));
    assert_eq!(ok(store.decisions_at(1, DAY)).await.len(), 1);
    assert_eq!(ok(store.decisions_at(1, DAY - 10)).await, []);
    assert_eq!(ok(store.decisions_on(1, 5)).await.len(), 1);
    assert_eq!(ok(store.decisions_by(4)).await, [11, 21]);
    assert_eq!(ok(store.dead_letters(0, 9)).await[0].row, commit().dead[0]);
    assert_eq!(ok(store.question_count()).await, 1);
}

/// Nothing counts twice, and what was read in larger pieces before stays.
pub async fn the_same_chunk_twice_is_there_once(store: &dyn Records) {
    let source = source(store).await;
    for _ in 0..3 {
        assert!(!ok(store.commit(source, vec![commit()], DAY)).await);
    }
    assert_eq!(ok(store.alert_count()).await, 3);
    assert_eq!(ok(store.pattern(1)).await, Some((DAY, 2)));
    assert_eq!(ok(store.dead_count()).await, 1);
    assert_eq!(ok(store.question_count()).await, 1);
    let part = Commit {
        chunk: Some(chunk(1, &[11, 12])),
        alerts: alerts(&[(1, DAY + 5, 1, 11, 60)]),
        patterns: vec![pattern(1, DAY + 5, DAY + 5, 60, 11)],
        dead: commit().dead,
        ..Commit::default()
    };
    assert!(!ok(store.commit(source, vec![part], DAY)).await);
    assert!(ok(store.is_stored(source, &chunk(0, &[10, 11, 12, 13]))).await);
    assert_eq!((ok(store.alert_count()).await, ok(store.dead_count()).await), (3, 1));
    assert_eq!(ok(store.pattern(1)).await.map(|(_, alerts)| alerts), Some(2));
}

/// Other texts in the places of a chunk replace what stood there, and what was beyond the new end goes.
pub async fn a_source_that_was_edited_says_what_it_says_now(store: &dyn Records) {
    let source = source(store).await;
    ok(store.commit(source, vec![commit()], DAY)).await;
    let edited = Commit {
        chunk: Some(chunk(0, &[10, 99])),
        alerts: alerts(&[(0, DAY, 1, 11, 40), (1, DAY + 7, 2, 21, 70)]),
        patterns: vec![pattern(1, DAY, DAY, 40, 11), pattern(2, DAY + 7, DAY + 7, 70, 21)],
        ..Commit::default()
    };
    assert!(ok(store.commit(source, vec![edited], DAY)).await, "a record had another text");
    ok(store.trim(source, 2)).await;
    assert_eq!(ok(store.ordinals(source, 0, 100)).await, [0, 1]);
    assert_eq!(ok(store.pattern(1)).await.map(|(_, alerts)| alerts), Some(1));
    assert_eq!(ok(store.pattern(2)).await.map(|(_, alerts)| alerts), Some(1));
    assert_eq!(ok(store.dead_count()).await, 0);
    assert!(ok(store.is_stored(source, &chunk(0, &[10, 99]))).await);
    ok(store.trim(source, 0)).await;
    assert_eq!((ok(store.alert_count()).await, ok(store.pattern_count()).await), (0, 0));
}

/// Also where many are of one moment.
pub async fn pages_of_a_search_meet_each_alert_once(store: &dyn Records) {
    let source = source(store).await;
    let rows: Vec<_> =
        (0..50).map(|place| (place, DAY + place as i64 / 20, 1, 11, (place % 7) as u8)).collect();
    let commit = Commit {
        alerts: alerts(&rows),
        decisions: vec![decision(11, 1, 0, 2, 3)],
        patterns: vec![pattern(1, DAY, DAY + 2, 6, 11)],
        ..Commit::default()
    };
    ok(store.commit(source, vec![commit], DAY)).await;
    for text in ["", "192.0.2.1", "rule 1"] {
        let search = Search { text: text.to_owned(), ..Search::default() };
        let (mut after, mut met) = (None, Vec::new());
        loop {
            let page = ok(store.search(&search, after, 7)).await;
            let Some(last) = page.last() else { break };
            after = Some(last.place);
            met.extend(page.into_iter().map(|alert| alert.place));
        }
        assert_eq!(met.len(), 50, "{text}");
        assert!(met.windows(2).all(|pair| pair[0] > pair[1]), "{text}: {met:?}");
    }
}

/// Each by a cursor, none counted twice, in the order that was asked for.
pub async fn pages_of_the_queue_meet_each_pattern_once_in_every_order(store: &dyn Records) {
    let source = source(store).await;
    let rows: Vec<_> = (0..60)
        .map(|place| (place, DAY + place as i64, 1 + place as i64 % 20, 100 + place as i64 % 20, 9))
        .collect();
    let commit = Commit {
        alerts: alerts(&rows),
        decisions: (1..=20).map(|id| decision(100 + id, id, 0, (id % 3) as u8, 3)).collect(),
        patterns: (1..=20).map(|id| pattern(id, DAY, DAY + id % 4, (id % 5) as u8 * 10, 100 + id)).collect(),
        ..Commit::default()
    };
    ok(store.commit(source, vec![commit], DAY)).await;
    for order in [Order::Priority, Order::Newest, Order::Alerts] {
        let wanted = Wanted { decided: Some(false), order, ..Wanted::default() };
        let (mut after, mut met) = (None, Vec::new());
        loop {
            let page = ok(store.queue(&wanted, after, 3)).await;
            let Some(last) = page.last() else { break };
            after = Some(last.after(order));
            met.extend(page);
        }
        assert_eq!(met.len(), 20, "{order:?}");
        let places: Vec<_> = met
            .iter()
            .map(|pattern| {
                let (value, seen, id) = pattern.after(order);
                (value, seen, -id)
            })
            .collect();
        assert!(places.windows(2).all(|pair| pair[0] > pair[1]), "{order:?}: {places:?}");
        assert_eq!(ok(store.queue_count(&wanted)).await, 20);
    }
    let of = |wanted: Wanted| async move { ok(store.queue_count(&wanted)).await };
    assert_eq!(of(Wanted { verdict: Some(1), ..Wanted::default() }).await, 7);
    assert_eq!(of(Wanted { min_severity: 4, ..Wanted::default() }).await, 0);
    assert_eq!(of(Wanted { decider: Some(4), ..Wanted::default() }).await, 20);
    assert_eq!(of(Wanted { text: "rule 7 ".to_owned(), ..Wanted::default() }).await, 1);
    assert_eq!(of(Wanted { decided: Some(true), ..Wanted::default() }).await, 0);
}

fn word(pattern: i64, verdict: u8) -> AnalystDecisionRow {
    AnalystDecisionRow {
        pattern_key: key(pattern),
        verdict,
        reason: "because\0".to_owned(),
        analyst: "anna".to_owned(),
        decided_at: DAY + 50,
        alert: "0123456789-1".to_owned(),
        description: "{}".to_owned(),
    }
}

fn analysts(verdict: u8) -> DecisionRow {
    DecisionRow { decider: ANALYST, ..decision(1_000 + i64::from(verdict), 1, DAY + 50, verdict, verdict) }
}

/// Each alert's priority moves by what its decision weighed before and weighs now; taken back, each has what was decided at its
/// time.
pub async fn an_analysts_word_moves_all_alerts_and_can_be_taken_back(store: &dyn Records) {
    let source = source(store).await;
    let commit = Commit {
        alerts: alerts(&[
            (0, DAY, 1, 11, 40),
            (1, DAY + 20, 1, 12, 60),
            (2, DAY + 30, 1, 12, 97),
            (3, DAY, 2, 21, 5),
        ]),
        decisions: vec![
            decision(11, 1, DAY - 9, 2, 3),
            decision(12, 1, DAY + 10, 5, 4),
            decision(21, 2, 0, 1, 1),
        ],
        patterns: vec![pattern(1, DAY, DAY + 30, 97, 12), pattern(2, DAY, DAY, 5, 21)],
        ..Commit::default()
    };
    ok(store.commit(source, vec![commit], DAY)).await;
    let weight = || Arc::new(|verdict: u8, severity: u8| f64::from(verdict) * 2.5 + f64::from(severity));
    let analysts_id = || Arc::new(|verdict: u8| 1_000 + i64::from(verdict));
    let choice = ChoiceRow {
        id: 0,
        at: DAY + 50,
        alert: source.alert_id(1),
        pattern: 1,
        kind: "Rule 1".to_owned(),
        proposed: "[]".to_owned(),
        chosen: "close".to_owned(),
        verdict: 6,
        analyst: "anna".to_owned(),
        reason: String::new(),
        outcome: None,
        outcome_at: None,
    };
    let row = DeliveryRow { key: [1; 16], target: "siem".into(), body: "{}".to_owned() };
    let deliveries = Deliveries { rows: vec![row], ..Deliveries::default() };
    let first = ok(store.decide(&word(1, 6), &analysts(6), Some(&choice), &deliveries, weight())).await;
    assert_eq!(first.alerts, 3);
    let Some(entry) = first.entry else { panic!("the choice has no number") };
    assert_eq!(ok(store.choice(entry)).await.map(|row| row.chosen), Some("close".to_owned()));
    assert!(ok(store.next_delivery("siem")).await.is_some());
    let standing = || async {
        let mut standing = Vec::new();
        for ordinal in 0..4 {
            if let Some(alert) = ok(store.alert(&source.alert_id(ordinal))).await {
                standing.push((alert.decision.id, alert.priority));
            }
        }
        standing
    };
    // 6 weighs 21, the first decision 8, the second 16.5: by 13, and by 4.5, of which half is rounded up.
    assert_eq!(standing().await, [(1_006, 53), (1_006, 65), (1_006, 100), (21, 5)]);
    let Some(queued) = ok(store.queued(1)).await else { panic!("it is not in the queue") };
    assert_eq!((queued.priority, queued.decision.id), (100, 1_006));
    assert_eq!(
        queued.word.map(|word| (word.verdict, word.reason, word.undone)),
        Some((6, "because\0".to_owned(), false))
    );
    assert_eq!(ok(store.analyst_decision(key(1))).await, Some(6));
    assert_eq!(ok(store.queue_count(&Wanted { decided: Some(true), ..Wanted::default() })).await, 1);

    ok(store.decide(&word(1, 3), &analysts(3), None, &Deliveries::default(), weight())).await;
    assert_eq!(ok(store.analyst_decisions()).await, [word(1, 3)]);
    let undone = ok(store.undo(1, analysts_id(), ANALYST, weight())).await;
    assert_eq!(undone.map(|undone| undone.alerts), Some(3));
    assert_eq!(ok(store.analyst_decision(key(1))).await, Some(6), "what was said before holds again");
    assert!(standing().await[..3].iter().all(|(decision, _)| *decision == 1_006));
    assert!(ok(store.undo(1, analysts_id(), ANALYST, weight())).await.is_some());
    assert!(
        ok(store.undo(1, analysts_id(), ANALYST, weight())).await.is_none(),
        "nothing is left to take back"
    );
    let decisions: Vec<i64> = standing().await.into_iter().map(|(decision, _)| decision).collect();
    assert_eq!(decisions, [11, 12, 12, 21]);
    let words = ok(store.words_on(key(1), 9)).await;
    assert_eq!(
        words.iter().map(|word| (word.verdict, word.undone)).collect::<Vec<_>>(),
        [(3, true), (6, true)]
    );
    assert_eq!(ok(store.analyst_decisions()).await, []);

    // An alert that came meanwhile, with a decision that does not hold for it any more.
    ok(store.decide(&word(1, 6), &analysts(6), None, &Deliveries::default(), weight())).await;
    let late = Commit {
        alerts: alerts(&[(9, DAY + 60, 1, 12, 50)]),
        patterns: vec![pattern(1, DAY + 60, DAY + 60, 50, 12)],
        ..Commit::default()
    };
    ok(store.commit(source, vec![late], DAY)).await;
    ok(store.settle(1, analysts_id(), ANALYST, weight())).await;
    let settled = ok(store.alert(&source.alert_id(9))).await;
    assert_eq!(settled.map(|alert| (alert.decision.id, alert.priority)), Some((1_006, 55)));
}

/// Of one decision only, and the pattern with them.
pub async fn a_late_answer_moves_its_alerts(store: &dyn Records) {
    let source = source(store).await;
    let commit = Commit {
        alerts: alerts(&[(0, DAY, 1, 11, 40), (1, DAY + 20, 1, 12, 60)]),
        decisions: vec![decision(11, 1, DAY - 9, 2, 3), decision(12, 1, DAY + 10, 5, 4)],
        patterns: vec![pattern(1, DAY, DAY + 20, 60, 12)],
        ..Commit::default()
    };
    ok(store.commit(source, vec![commit], DAY)).await;
    ok(store.keep_decision(&decision(11, 1, DAY - 9, 20, 6))).await;
    let weight = Arc::new(|verdict: u8, _: u8| f64::from(verdict) * 2.0);
    ok(store.answered_late(11, 1, (2, 3), weight)).await;
    let moved = ok(store.alert(&source.alert_id(0))).await;
    assert_eq!(moved.map(|alert| (alert.priority, alert.decision.severity)), Some((76, 6)));
    let Some(found) = ok(store.found(&source.alert_id(1))).await else { panic!("it is not found") };
    assert_eq!((found.priority, found.severity), (60, 3));
    let Some(queued) = ok(store.queued(1)).await else { panic!("it is not in the queue") };
    assert_eq!((queued.priority, queued.decision.id), (76, 11));
}
