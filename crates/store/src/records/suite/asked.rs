//! What is asked of others, what it costs, and what is known from them.

use super::judged::decision;
use super::ok;
use crate::records::Records;
use crate::{
    BatchRow, Commit, DecisionRow, LedgerRow, PatternRow, QuestionRow, ReputationRow, ServiceAnswerRow,
};

fn line(at: i64, cost_nano: Option<i64>) -> LedgerRow {
    LedgerRow {
        at,
        service: "gemini".to_owned(),
        model: "m".to_owned(),
        tier: "standard".to_owned(),
        outcome: "answered".to_owned(),
        items: 2,
        checks: 1,
        input: 100,
        cached_input: 10,
        cache_write: 0,
        output: 20,
        thinking: 3,
        cost_nano,
        latency_ms: 12,
    }
}

async fn asked(store: &dyn Records) {
    let source = ok(store.source(b"head", "a.json", 0)).await;
    let question = |decision, priority| QuestionRow {
        decision,
        priority,
        attempts: 0,
        body: format!("question\0{decision}"),
    };
    let commit = Commit {
        decisions: vec![decision(1, 7, 30, 2, 3), decision(2, 7, 20, 2, 3), decision(3, 8, 10, 2, 3)],
        patterns: vec![PatternRow {
            id: 7,
            key: [7; 16],
            description: "{}".into(),
            first_seen: 0,
            last_seen: 9,
            priority: 1,
            decision: 1,
        }],
        questions: vec![question(1, 10), question(2, 90), question(3, 10)],
        ..Commit::default()
    };
    ok(store.commit(source, vec![commit], 0)).await;
}

/// All of it or nothing, and what was asked is kept.
pub async fn an_answer_takes_the_decisions_place_and_its_question_away_and_is_paid_for(store: &dyn Records) {
    asked(store).await;
    let waiting = |attempts| async move {
        let waiting = ok(store.questions(10, attempts)).await;
        waiting.iter().map(|row| (row.decision, row.attempts)).collect::<Vec<_>>()
    };
    assert_eq!(waiting(u32::MAX).await, [(2, 0), (1, 0), (3, 0)], "most urgent first");
    let answer =
        DecisionRow { verdict: 1, decider: 5, detail: "new\0".to_owned(), ..decision(2, 7, 20, 2, 3) };
    ok(store.answer(std::slice::from_ref(&answer), &[1], &[line(5, Some(42)), line(6, None)])).await;
    assert_eq!(ok(store.decision(2)).await, Some(answer));
    assert_eq!(waiting(u32::MAX).await, [(1, 1), (3, 0)]);
    assert_eq!(waiting(1).await, [(3, 0)], "what was asked in vain often enough is left out");
    let Some(kept) = ok(store.answered(2)).await else { panic!("what was asked is not kept") };
    assert_eq!((kept.at, kept.body.as_str()), (6, "question\u{0}2"));
    assert_eq!(ok(store.answered(1)).await, None);
    assert_eq!(ok(store.question_count()).await, 2);
    let totals = ok(store.ledger(0, 7)).await;
    assert_eq!(totals.len(), 1);
    let total = &totals[0];
    assert_eq!((total.calls, total.items, total.cost_nano, total.unpriced), (2, 4, 42, 1));
    assert_eq!((total.checks, total.checks_nano, total.first, total.last), (2, 21, 5, 6));
    assert_eq!((total.input, total.output, total.thinking, total.cached_input), (200, 40, 6, 20));
    assert_eq!(ok(store.ledger(7, 10)).await, []);
}

/// What ended once is not ended by another process.
pub async fn a_batch_ends_once_and_is_paid_for_once(store: &dyn Records) {
    let batch = |name: &str, asker: &str, number: Option<&str>| BatchRow {
        name: name.to_owned(),
        asker: asker.to_owned(),
        number: number.map(str::to_owned),
        requests: 3,
        at: 7,
        body: "{}".to_owned(),
    };
    for row in [
        batch("one", "a", None),
        batch("two", "a", None),
        batch("one", "a", Some("b-1")),
        batch("x", "b", None),
    ] {
        ok(store.put_batch(&row)).await;
    }
    assert_eq!(ok(store.batches("a")).await, [batch("one", "a", Some("b-1")), batch("two", "a", None)]);
    assert_eq!(ok(store.all_batches()).await.len(), 3);
    assert!(ok(store.end_batch("one", &[], &[], &[line(1, Some(5))])).await);
    assert!(!ok(store.end_batch("one", &[], &[], &[line(1, Some(5))])).await);
    assert_eq!(ok(store.ledger(0, 10)).await[0].cost_nano, 5);
    assert_eq!(ok(store.batches("a")).await.len(), 1);
}

/// Secrets differ by their name and stay; a budget is the last that was written.
pub async fn secrets_stay_and_budgets_are_found_again(store: &dyn Records) {
    let first = ok(store.secret("a")).await;
    assert_eq!(ok(store.secret("a")).await, first);
    assert_ne!(ok(store.secret("b")).await, first);
    assert_eq!(ok(store.budget("x")).await, None);
    ok(store.put_budget("x", "{}", 3)).await;
    ok(store.put_budget("x", "{\"a\":1}", 4)).await;
    assert_eq!(ok(store.budget("x")).await, Some(("{\"a\":1}".to_owned(), 4)));
}

/// One answer for each service and indicator; one reputation for each indicator.
pub async fn what_services_and_lists_said_is_kept_and_forgotten(store: &dyn Records) {
    let answer = |service: &str, reputation, until| ServiceAnswerRow {
        service: service.to_owned(),
        kind: 0,
        value: "203.0.113.9".to_owned(),
        reputation,
        evidence: (reputation > 4).then(|| "12 of 90\0".to_owned()),
        at: until - 10,
        until,
    };
    assert!(!ok(store.has_service_answers()).await);
    ok(store.put_service_answers(&[answer("v", 4, 20), answer("a", 8, 30)], &[line(1, None)])).await;
    ok(store.put_service_answers(&[answer("v", 8, 40)], &[])).await;
    assert_eq!(ok(store.service_answers(10)).await, [answer("v", 8, 40), answer("a", 8, 30)]);
    assert_eq!(ok(store.service_answers(1)).await.len(), 1);
    assert_eq!(ok(store.forget_service_answers(35)).await, 1);
    assert_eq!(ok(store.service_answers(10)).await, [answer("v", 8, 40)]);
    assert!(ok(store.has_service_answers()).await);
    assert_eq!(ok(store.ledger(0, 9)).await.len(), 1);

    let said = |value: &str, reputation| ReputationRow { kind: 1, value: value.to_owned(), reputation };
    ok(store.put_reputations([1; 16], &[said("a", 1), said("b", 2)])).await;
    ok(store.put_reputations([2; 16], &[said("b", 3)])).await;
    assert_eq!(ok(store.reputations([1; 16], 9)).await, [said("a", 1)]);
    assert_eq!(ok(store.reputations([2; 16], 9)).await, [said("b", 3)]);
    assert_eq!(ok(store.reputations([2; 16], 0)).await, []);
}

/// In the order of the alerts; what is forgotten only moves on.
pub async fn what_is_learned_from_is_told_in_order(store: &dyn Records) {
    asked(store).await;
    let answers = [decision(1, 7, 30, 1, 3), decision(2, 7, 20, 1, 3)];
    ok(store.answer(&answers, &[], &[line(50, None)])).await;
    let told = ok(store.told(10)).await;
    assert_eq!(
        told.iter().map(|row| (row.time, row.at, row.pattern)).collect::<Vec<_>>(),
        [(20, 50, 7), (30, 50, 7)]
    );
    ok(store.forget("rule", 10)).await;
    ok(store.forget("rule", 5)).await;
    ok(store.forget("", 7)).await;
    let mut forgotten = ok(store.forgotten()).await;
    forgotten.sort();
    assert_eq!(forgotten, [(String::new(), 7), ("rule".to_owned(), 10)]);
}
