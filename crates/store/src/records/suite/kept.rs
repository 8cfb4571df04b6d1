//! What is kept beside alerts: dead letters, requests, tokens, runs, choices, deliveries.

use super::ok;
use crate::records::Records;
use crate::{
    AnalystDecisionRow, Arrival, ChoiceRow, ChoiceSearch, ChunkRow, Commit, DeadRow, DeadState, DecisionRow,
    Deliveries, DeliveryRow, MOST_DEAD, MeasurementDeadRow, Outbox, RequestRow, TokenRow,
};
use std::sync::Arc;

fn dead(ordinal: u64, raw: &str) -> DeadRow {
    DeadRow {
        ordinal,
        line: ordinal + 1,
        reason: "not JSON".to_owned(),
        hint: "mend it".to_owned(),
        raw: raw.to_owned(),
        whole: false,
    }
}

/// In the order in which they came, until they are tried or dropped.
pub async fn dead_letters_wait_until_they_are_tried_or_dropped(store: &dyn Records) {
    let source = ok(store.source(b"head", "a.json", 0)).await;
    let commit =
        |raw: &str| Commit { dead: (0..5).map(|place| dead(place, raw)).collect(), ..Commit::default() };
    ok(store.commit(source, vec![commit("{\0")], 9)).await;
    let letters = ok(store.dead_letters(0, 3)).await;
    assert_eq!(letters.iter().map(|letter| letter.row.ordinal).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!((letters[0].row.clone(), letters[0].at), (dead(0, "{\0"), 9));
    assert_eq!(ok(store.dead_letters(letters[2].id, 9)).await.len(), 2);
    let ids: Vec<i64> = letters.iter().map(|letter| letter.id).collect();
    ok(store.dead_tried(&[
        (ids[1], DeadState::Replayed),
        (ids[0], DeadState::Waiting),
        (999_999, DeadState::Dropped),
    ]))
    .await;
    assert!(ok(store.drop_dead(ids[2])).await);
    assert!(!ok(store.drop_dead(ids[2])).await, "it waits no more");
    assert_eq!(ok(store.dead_count()).await, 3);
    let named = ok(store.dead_by_id(&[ids[2], ids[0], ids[1]])).await;
    assert_eq!(named.iter().map(|letter| (letter.id, letter.attempts)).collect::<Vec<_>>(), [(ids[0], 1)]);
    ok(store.commit(source, vec![commit("{\0")], 10)).await;
    assert_eq!(ok(store.dead_count()).await, 3, "the same record is no new letter");
    ok(store.commit(source, vec![commit("other")], 11)).await;
    assert_eq!(ok(store.dead_count()).await, 5, "another text is");
}

/// A letter that waits already has more attempts.
pub async fn measurements_that_fail_again_are_the_same_letter(store: &dyn Records) {
    let row = |name: &str, attempts| MeasurementDeadRow {
        measurement: format!("{{\"user\":\"{name}\"}}"),
        attempts,
        reason: "late\0".to_owned(),
        at: 1,
    };
    assert_eq!(ok(store.keep_measurement_dead(&[row("a", 2), row("b\0", 1)])).await, 0);
    assert_eq!(ok(store.keep_measurement_dead(&[row("a", 3)])).await, 0);
    let kept = ok(store.measurement_dead(0, 10)).await;
    assert_eq!(
        kept.iter().map(|letter| letter.row.clone()).collect::<Vec<_>>(),
        [row("a", 5), row("b\0", 1)]
    );
    assert_eq!(ok(store.forget_measurement_dead(&[kept[0].id, 99])).await, 1);
    assert_eq!(ok(store.measurement_dead_counts()).await, (1, 0));
    assert_eq!(ok(store.measurement_dead(kept[1].id, 10)).await, []);
}

/// With their records, in one transaction; a second time is refused whole.
pub async fn requests_are_known_again_and_forgotten(store: &dyn Records) {
    let (source, _) = ok(store.network_source("api", 0)).await;
    let request = |key| RequestRow {
        key: [key; 32],
        body: [9; 32],
        first_ordinal: 0,
        records: 2,
        set_aside: 1,
        dead: 1,
    };
    let arrival = |key, first| Arrival {
        commits: vec![Commit {
            chunk: Some(ChunkRow {
                first_ordinal: first,
                hashes: vec![1, 2],
                decided: [0; 16],
                raw: Vec::new(),
            }),
            dead: vec![dead(first, "x")],
            ..Commit::default()
        }],
        request: Some(request(key)),
        deliveries: deliveries(&[("a", "told")]),
    };
    ok(store.take_in(source, vec![arrival(1, 0), arrival(2, 2)], 5)).await;
    assert_eq!(ok(store.request([1; 32])).await, Some(request(1)));
    assert_eq!(ok(store.request([3; 32])).await, None);
    assert_eq!(ok(store.network_source("api", 1)).await.1, 4);
    assert_eq!(ok(store.dead_count()).await, 2);
    let twice = store.take_in(source, vec![arrival(3, 4), arrival(1, 6)], 6).await;
    assert!(twice.is_err_and(|error| !error.is_transient()));
    assert_eq!(ok(store.request([3; 32])).await, None, "all or nothing");
    assert_eq!(ok(store.outboxes()).await.get("a").map(|outbox| outbox.waiting), Some(2));
    assert_eq!(ok(store.forget_requests(5)).await, 0);
    assert_eq!(ok(store.forget_requests(6)).await, 2);
}

/// By name, all of them.
pub async fn tokens_hold_until_they_are_revoked(store: &dyn Records) {
    let token = |name: &str, hash, per_minute| TokenRow {
        id: 0,
        name: name.to_owned(),
        hash: [hash; 32],
        scopes: 3,
        per_minute,
        created_at: 4,
        revoked_at: None,
    };
    let first = ok(store.put_token(&token("siem", 1, Some(7)))).await;
    ok(store.put_token(&token("siem", 2, None))).await;
    ok(store.put_token(&token("other", 3, None))).await;
    assert!(store.put_token(&token("again", 3, None)).await.is_err(), "a token is one person's");
    assert_eq!(ok(store.revoke_tokens("siem", 9)).await, 2);
    assert_eq!(ok(store.revoke_tokens("siem", 10)).await, 0);
    let tokens = ok(store.tokens()).await;
    assert_eq!(tokens[0], TokenRow { id: first, revoked_at: Some(9), ..token("siem", 1, Some(7)) });
    assert_eq!(tokens.iter().map(|token| token.revoked_at).collect::<Vec<_>>(), [Some(9), Some(9), None]);
}

/// Runs by number, the last one without; choices by type, time and alert, page by page.
pub async fn runs_and_choices_are_read_back(store: &dyn Records) {
    assert_eq!(ok(store.run(None)).await, None);
    let first = ok(store.put_run(5, "{\"a\":1}")).await;
    let second = ok(store.put_run(6, "{}")).await;
    assert!(second > first);
    assert_eq!(ok(store.run(None)).await.map(|run| run.id), Some(second));
    assert_eq!(
        ok(store.run(Some(first))).await.map(|run| (run.started_at, run.summary)),
        Some((5, "{\"a\":1}".to_owned()))
    );
    assert_eq!(ok(store.run(Some(second + 1))).await, None);

    let mut entries = Vec::new();
    for place in 0..5_i64 {
        let choice = ChoiceRow {
            id: 0,
            at: 100 + place / 2,
            alert: format!("0123456789-{place}"),
            pattern: 1,
            kind: if place == 4 { "b\0" } else { "a" }.to_owned(),
            proposed: "[]".to_owned(),
            chosen: "close".to_owned(),
            verdict: 3,
            analyst: "anna".to_owned(),
            reason: "why\0".to_owned(),
            outcome: None,
            outcome_at: None,
        };
        let by = AnalystDecisionRow {
            pattern_key: [1; 16],
            verdict: 3,
            reason: String::new(),
            analyst: "anna".to_owned(),
            decided_at: choice.at,
            alert: choice.alert.clone(),
            description: "{}".to_owned(),
        };
        let decision = DecisionRow { id: 70 + place, ..super::judged::decision(1, 1, 0, 3, 3) };
        let nothing = Deliveries::default();
        let told = store.decide(&by, &decision, Some(&choice), &nothing, Arc::new(|_, _| 0.0));
        entries.extend(ok(told).await.entry);
    }
    assert_eq!(entries.len(), 5);
    let (mut after, mut met) = (None, Vec::new());
    loop {
        let page = ok(store.choices(&ChoiceSearch::default(), after, 2)).await;
        let Some(last) = page.last() else { break };
        after = Some((last.at, last.id));
        met.extend(page.iter().map(|choice| choice.id));
    }
    entries.reverse();
    assert_eq!(met, entries);
    let of = |kind: &str| ChoiceSearch { kind: Some(kind.to_owned()), from: Some(101), to: Some(103) };
    assert_eq!(ok(store.choices(&of("a"), None, 9)).await.len(), 2);
    assert_eq!(ok(store.choices(&of("b\0"), None, 9)).await.len(), 1);
    let about = ["0123456789-1".to_owned(), "nonsense".to_owned(), "0123456789-3".to_owned()];
    assert_eq!(ok(store.choices_about(&about)).await.len(), 2);
    assert!(ok(store.put_outcome(entries[0], Some("was right"), 200)).await);
    let ended = ok(store.choice(entries[0])).await;
    assert_eq!(
        ended.map(|choice| (choice.outcome, choice.outcome_at)),
        Some((Some("was right".to_owned()), Some(200)))
    );
    assert!(ok(store.put_outcome(entries[0], None, 201)).await);
    assert_eq!(ok(store.choice(entries[0])).await.and_then(|choice| choice.outcome_at), None);
    assert!(!ok(store.put_outcome(999_999, None, 201)).await);
}

fn deliveries(rows: &[(&str, &str)]) -> Deliveries {
    let row = |(target, body): &(&str, &str)| DeliveryRow {
        key: [7; 16],
        target: Arc::from(*target),
        body: (*body).to_owned(),
    };
    Deliveries { rows: rows.iter().map(row).collect(), ..Deliveries::default() }
}

/// One order for each target; what died is kept up to a bound, with its reason, and can be tried again; what there was no room
/// for is counted.
pub async fn deliveries_go_in_order_within_their_bounds(store: &dyn Records) {
    ok(store.put_deliveries(&deliveries(&[("a", "1"), ("b", "x\0"), ("a", "22")]), 5)).await;
    let Some(first) = ok(store.next_delivery("a")).await else { panic!("nothing waits") };
    assert_eq!((first.row.body.as_str(), first.attempts, first.at, first.next_at), ("1", 0, 5, 5));
    ok(store.delivery_failed(first.id, 1, 99, "no\0")).await;
    let Some(again) = ok(store.next_delivery("a")).await else { panic!("nothing waits") };
    assert_eq!((again.id, again.attempts, again.next_at, again.error.as_str()), (first.id, 1, 99, "no\0"));
    ok(store.delivered(first.id)).await;
    ok(store.delivered(first.id)).await;
    let standing = |target: &'static str| async move {
        ok(store.outboxes()).await.get(target).copied().unwrap_or_default()
    };
    assert_eq!(standing("a").await, Outbox { waiting: 1, bytes: 2, dead: 0, dropped: 0 });
    assert_eq!(ok(store.next_delivery("b")).await.map(|next| next.row.body), Some("x\0".to_owned()));

    let many: Vec<String> = (0..=MOST_DEAD).map(|number| number.to_string()).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|body| ("c", body.as_str())).collect();
    ok(store.put_deliveries(&deliveries(&many), 6)).await;
    while let Some(next) = ok(store.next_delivery("c")).await {
        ok(store.delivery_died(next.id, 3, "404")).await;
    }
    let dead = ok(store.dead_deliveries("c", 0, 5_000)).await;
    assert_eq!(dead.len() as u64, MOST_DEAD);
    assert_eq!((dead[0].row.body.as_str(), dead[0].error.as_str(), dead[0].attempts), ("1", "404", 3));
    assert_eq!(standing("c").await, Outbox { waiting: 0, bytes: 0, dead: MOST_DEAD, dropped: 0 });
    assert_eq!(ok(store.revive_deliveries("c", 9)).await, MOST_DEAD);
    let Some(next) = ok(store.next_delivery("c")).await else { panic!("nothing waits") };
    assert_eq!((next.row.body.as_str(), next.attempts, next.next_at), ("1", 0, 9));
    assert!(dead.iter().all(|dead| dead.id < next.id), "numbers are never given twice");
    assert_eq!((standing("c").await.waiting, standing("c").await.dead), (MOST_DEAD, 0));

    let left_out = Deliveries { rows: Vec::new(), left_out: [("d".into(), 4)].into() };
    ok(store.put_deliveries(&left_out, 5)).await;
    assert_eq!(standing("d").await, Outbox { waiting: 0, bytes: 0, dead: 0, dropped: 4 });
    let large = "x".repeat(64 << 20);
    for _ in 0..5 {
        ok(store.put_deliveries(&deliveries(&[("e", &large)]), 5)).await;
    }
    assert_eq!((standing("e").await.waiting, standing("e").await.dropped), (4, 1));
}
