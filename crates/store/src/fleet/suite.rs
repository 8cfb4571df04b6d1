//! What every store of workers' records promises, as tests that run on any of them.
//!
//! One function for each promise: it takes an empty store and panics where the promise is broken.
//! [`fleet_store_suite!`](crate::fleet_store_suite) makes a test of each.

#![expect(clippy::unwrap_used, reason = "only tests use it")]

use super::made::{HOUR, alert, answer, batch, dead, decision, entry, line, pattern, question};
use super::{
    FleetBatch, FleetError, FleetStore, LedgerEntry, MOST_ASKED, MOST_DECISIONS, MOST_IN_BATCH, PatternSpan,
    PutOut, Taken,
};
use std::sync::Arc;
use std::time::Duration;

/// Makes a test of each promise: `fleet_store_suite!(make)`, where `make` is an async function without arguments that returns
/// `Option<Arc<dyn FleetStore>>`: `None`, and a word on standard error, where the server that it needs is not there. The crate
/// needs tokio with `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! fleet_store_suite {
    ($make:path) => {
        $crate::fleet_store_suite!($make:
            a_partition_is_one_source_for_everybody,
            an_alert_is_stored_once_whatever_its_time_is_then,
            the_same_batch_again_changes_nothing,
            alerts_of_any_time_and_text_come_back_as_they_were,
            dead_letters_are_stored_once_and_count_as_stored,
            how_far_a_source_was_put_out_only_grows,
            a_decision_is_made_once_and_who_comes_second_is_told_how_it_stands,
            decisions_are_found_where_they_hold_the_latest_first,
            a_question_is_held_by_one_until_its_lease_is_over,
            a_question_is_answered_once,
            what_was_asked_in_vain_is_given_back_and_closed_in_the_end,
            a_question_comes_with_its_decision_only,
            a_call_is_paid_for_once,
            the_ledger_is_summed_from_a_moment_on,
            a_secret_is_made_once,
            what_is_beyond_its_bounds_is_refused,
            two_who_take_a_partition_for_theirs_store_each_alert_once,
            nothing_is_nothing,
        );
    };
    ($make:path: $($promise:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                let made: Option<std::sync::Arc<dyn $crate::fleet::FleetStore>> = $make().await;
                let Some(store) = made else { return };
                $crate::fleet::suite::$promise(store).await;
            }
        )+
    };
}

type Store = Arc<dyn FleetStore>;

/// Told by topic and number, not by who asks or when.
pub async fn a_partition_is_one_source_for_everybody(store: Store) {
    let first = store.source("alerts", 0, 5).await.unwrap();
    assert_eq!(store.source("alerts", 0, 99).await.unwrap(), first);
    assert_eq!(first.first_seen(), 5);
    let mut sources = vec![first];
    for (topic, partition) in [("alerts", 1), ("alerts", 256), ("alert", 0), ("alerts/0", 0), ("", 0)] {
        let other = store.source(topic, partition, 6).await.unwrap();
        assert!(sources.iter().all(|known| known.row() != other.row()), "{topic} {partition}");
        assert!(sources.iter().all(|known| known.to_string() != other.to_string()), "{topic} {partition}");
        sources.push(other);
    }
    assert_eq!(first.alert_id(7), format!("{first}-7"));
    let (one, two) = tokio::join!(store.source("new", 3, 1), store.source("new", 3, 2));
    assert_eq!(one.unwrap(), two.unwrap());
}

/// Also where it comes again with another time, or twice in one batch.
pub async fn an_alert_is_stored_once_whatever_its_time_is_then(store: Store) {
    let source = store.source("alerts", 0, 0).await.unwrap();
    let taken = store.take_in(&batch(vec![alert(source, 7, 1, HOUR)]), 0).await.unwrap();
    assert_eq!(taken, Taken::default());
    let again = vec![
        alert(source, 7, 1, 900 * HOUR),
        alert(source, 3, 1, HOUR),
        alert(source, 9, 2, HOUR),
        alert(source, 9, 2, 2 * HOUR),
    ];
    let taken = store.take_in(&batch(again), 0).await.unwrap();
    assert_eq!(taken.already, [(source.row(), 7)]);
    let keys = [3, 5, 7, 9].map(|ordinal| (source.row(), ordinal));
    let found = store.alerts(&keys).await.unwrap();
    assert_eq!(found.len(), 3);
    assert_eq!(found[&keys[2]].alert, alert(source, 7, 1, HOUR));
    assert_eq!(found[&keys[2]].decision, decision(10));
    assert_eq!(found[&keys[3]].alert, alert(source, 9, 2, HOUR));
    assert_eq!(store.stored(source).await.unwrap(), Some(9));
}

/// As after an answer that was lost.
pub async fn the_same_batch_again_changes_nothing(store: Store) {
    let source = store.source("alerts", 0, 0).await.unwrap();
    let mut given = batch((0..100).map(|ordinal| alert(source, ordinal, ordinal as i64 % 7, HOUR)).collect());
    given.questions = vec![question(10, 50)];
    given.dead = vec![dead(source, 100)];
    assert_eq!(store.take_in(&given, 3).await.unwrap(), Taken::default());
    let keys: Vec<_> = (0..101).map(|ordinal| (source.row(), ordinal)).collect();
    let before = store.alerts(&keys).await.unwrap();
    for _ in 0..2 {
        let taken = store.take_in(&given, 4).await.unwrap();
        assert_eq!(taken, Taken { already: keys.clone(), decisions_known: Vec::new() });
    }
    assert_eq!(store.alerts(&keys).await.unwrap(), before);
    assert_eq!(before.len(), 100);
    assert_eq!(store.claim(&[10], "w", Duration::from_secs(60), 9).await.unwrap(), [question(10, 50)]);
}

/// Nothing is cut, folded or refused.
pub async fn alerts_of_any_time_and_text_come_back_as_they_were(store: Store) {
    let source = store.source("alerts", 0, 0).await.unwrap();
    let times = [
        i64::MIN,
        -1,
        0,
        1,
        946_684_799_999,
        946_684_800_000,
        1_735_689_599_999,
        1_735_689_600_000,
        i64::MAX,
    ];
    let long = "x".repeat(100_000);
    let texts = ["", "a\0b", "\0", "\u{1}", "\u{1}\u{2}", "é", "🔥", "'; --", "%_\\", &long];
    let mut alerts = Vec::new();
    for (index, (time, text)) in times.into_iter().cycle().zip(texts.into_iter().cycle()).take(90).enumerate()
    {
        let mut row = alert(source, index as u64, index as i64, time);
        (row.src, row.user) = (Some(text.to_owned()), Some(format!("{text}{text}")));
        alerts.push(row);
    }
    let mut given = batch(alerts.clone());
    for decision in &mut given.decisions {
        decision.detail = "{\"a\":\"\0\u{1}\"}".to_owned();
    }
    given.dead = vec![dead(source, 1_000)];
    given.dead[0].row.raw = "\0raw\u{1}".to_owned();
    store.take_in(&given, 0).await.unwrap();
    let keys: Vec<_> = alerts.iter().map(super::FleetAlertRow::key).collect();
    let found = store.alerts(&keys).await.unwrap();
    for row in alerts {
        let found = &found[&row.key()];
        assert!(found.alert == row, "{row:?}");
        assert_eq!(found.decision.detail, "{\"a\":\"\0\u{1}\"}");
    }
}

/// What could not be read is not read again for ever.
pub async fn dead_letters_are_stored_once_and_count_as_stored(store: Store) {
    let source = store.source("alerts", 0, 0).await.unwrap();
    assert_eq!(store.stored(source).await.unwrap(), None);
    let given = FleetBatch { dead: vec![dead(source, 4), dead(source, 2)], ..FleetBatch::default() };
    assert_eq!(store.take_in(&given, 0).await.unwrap(), Taken::default());
    assert_eq!(store.take_in(&given, 1).await.unwrap().already, [(source.row(), 2), (source.row(), 4)]);
    assert_eq!(store.stored(source).await.unwrap(), Some(4));
    assert!(store.alerts(&[(source.row(), 2)]).await.unwrap().is_empty());
}

/// Also where the note of an earlier owner comes late. Another group's is another's.
pub async fn how_far_a_source_was_put_out_only_grows(store: Store) {
    let one = store.source("alerts", 0, 0).await.unwrap();
    let two = store.source("alerts", 1, 0).await.unwrap();
    let note = |source, next, text: &str, reach| PutOut { source, next, text: text.to_owned(), reach };
    assert_eq!(store.put_out("g", one).await.unwrap(), None);
    store.note_put_out("g", &[note(two, 9, "", 9), note(one, 3, "wf1.AAE", 5)]).await.unwrap();
    for (late, stands) in [
        (note(one, 4, "", 4), note(one, 3, "wf1.AAE", 5)),
        (note(one, 3, "wf1.AAE", 5), note(one, 3, "wf1.AAE", 5)),
        (note(one, 6, "", 6), note(one, 6, "", 6)),
        (note(one, 3, "wf1.AAE", 5), note(one, 6, "", 6)),
    ] {
        store.note_put_out("g", &[late]).await.unwrap();
        assert_eq!(store.put_out("g", one).await.unwrap(), Some(stands));
    }
    assert_eq!(store.put_out("g", two).await.unwrap(), Some(note(two, 9, "", 9)));
    assert_eq!(store.put_out("h", two).await.unwrap(), None);
    store.note_put_out("h", &[note(two, 1, "", 1)]).await.unwrap();
    assert_eq!(store.put_out("h", two).await.unwrap(), Some(note(two, 1, "", 1)));
}

/// Two workers decide on one pattern at once: one of them decided.
pub async fn a_decision_is_made_once_and_who_comes_second_is_told_how_it_stands(store: Store) {
    let made = FleetBatch { decisions: vec![decision(1), decision(2)], ..FleetBatch::default() };
    assert_eq!(store.take_in(&made, 0).await.unwrap(), Taken::default());
    let mut other = decision(2);
    (other.verdict, other.confidence) = (2, 0.125);
    let made = FleetBatch { decisions: vec![decision(1), other, decision(3)], ..FleetBatch::default() };
    assert_eq!(store.take_in(&made, 0).await.unwrap().decisions_known, [decision(2)]);
    let mut found = store.decisions(&[3, 1, 2, 2, 9]).await.unwrap();
    found.sort_by_key(|row| row.id);
    assert_eq!(found, [decision(1), decision(2), decision(3)]);
}

/// Those that end before the span, or begin after it, are not found.
pub async fn decisions_are_found_where_they_hold_the_latest_first(store: Store) {
    let mut decisions = Vec::new();
    for id in 0..40 {
        let mut row = decision(id);
        (row.pattern, row.valid_from, row.valid_until) = (id % 2, id * 10, id * 10 + 15);
        decisions.push(row);
    }
    store.take_in(&FleetBatch { decisions, ..FleetBatch::default() }, 0).await.unwrap();
    let span = |pattern, from, until| PatternSpan { pattern, from, until };
    let ids = async |asked: &[PatternSpan]| -> Vec<i64> {
        store.decisions_on(asked).await.unwrap().iter().map(|row| row.id).collect()
    };
    assert_eq!(ids(&[span(0, 20, 20)]).await, [2], "from its first moment on");
    assert_eq!(ids(&[span(0, 19, 19)]).await, Vec::<i64>::new());
    assert_eq!(ids(&[span(0, 34, 34)]).await, [2]);
    assert_eq!(ids(&[span(0, 35, 35)]).await, Vec::<i64>::new(), "its end is not in it");
    assert_eq!(ids(&[span(0, 34, 40)]).await, [4, 2], "the latest first");
    assert_eq!(ids(&[span(1, 0, 400), span(2, 0, 400), span(0, 0, 1)]).await.len(), MOST_DECISIONS + 1);
    assert_eq!(ids(&[span(1, i64::MIN, i64::MAX)]).await[..2], [39, 37]);
}

/// Who does not come back loses what it held.
pub async fn a_question_is_held_by_one_until_its_lease_is_over(store: Store) {
    let long = Duration::from_secs(3_600);
    store.take_in(&open(&[1, 2, 3]), 0).await.unwrap();
    let ids = |rows: Vec<crate::QuestionRow>| rows.iter().map(|row| row.decision).collect::<Vec<_>>();
    assert_eq!(ids(store.claim(&[1, 2, 3, 4], "a", long, 2).await.unwrap()), [3, 2], "the most urgent first");
    assert_eq!(ids(store.claim(&[1, 2, 3], "b", Duration::from_millis(1), 9).await.unwrap()), [1]);
    assert_eq!(ids(store.claim(&[3, 2], "b", long, 9).await.unwrap()), Vec::<i64>::new());
    assert_eq!(ids(store.claim(&[3, 2], "a", long, 9).await.unwrap()), [3, 2], "its own, again");
    for attempt in 0.. {
        if ids(store.claim(&[1], "c", long, 9).await.unwrap()) == [1] {
            break;
        }
        assert!(attempt < 500, "the lease does not end");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(ids(store.claim(&[1], "b", long, 9).await.unwrap()), Vec::<i64>::new());
}

/// The first answer stands; whoever gave it may ask whether it does.
pub async fn a_question_is_answered_once(store: Store) {
    store.take_in(&open(&[1, 2]), 0).await.unwrap();
    assert!(store.resolved(&[1, 2]).await.unwrap().is_empty());
    let none = LedgerEntry::default();
    let first = [answer(1, 2), answer(7, 2)];
    for _ in 0..2 {
        assert_eq!(store.answer(&first, &none).await.unwrap(), [1], "also when it comes again");
    }
    assert_eq!(
        store.answer(&[answer(1, 3), answer(2, 4)], &none).await.unwrap(),
        [2],
        "too late for the first"
    );
    let mut resolved = store.resolved(&[1, 2, 7]).await.unwrap();
    resolved.sort_by_key(|row| row.id);
    assert_eq!(resolved.iter().map(|row| (row.id, row.verdict)).collect::<Vec<_>>(), [(1, 2), (2, 4)]);
    assert_eq!((resolved[0].pattern, resolved[0].valid_from), (1, 0), "what it is about stays");
    assert_eq!((resolved[0].valid_until, resolved[0].confidence), (77 * HOUR, 0.75));
    assert!(store.claim(&[1, 2], "w", Duration::from_secs(1), 9).await.unwrap().is_empty());
    // Who took the alerts in before the answer does so again: the answer stays.
    let known = store.take_in(&open(&[1]), 0).await.unwrap().decisions_known;
    assert_eq!(known.iter().map(|row| (row.id, row.verdict)).collect::<Vec<_>>(), [(1, 2)]);
    assert_eq!(store.resolved(&[1]).await.unwrap().len(), 1, "and its question does not come back");
}

/// Only by who holds it, so that giving back twice counts once.
pub async fn what_was_asked_in_vain_is_given_back_and_closed_in_the_end(store: Store) {
    let lease = Duration::from_secs(3_600);
    store.take_in(&open(&[1, 2]), 0).await.unwrap();
    for attempts in 0..3 {
        let claimed = store.claim(&[1], "w", lease, 9).await.unwrap();
        assert_eq!(claimed.iter().map(|row| row.attempts).collect::<Vec<_>>(), [attempts]);
        store.give_back(&[1, 2], "another", 3).await.unwrap();
        for _ in 0..2 {
            store.give_back(&[1, 2], "w", 3).await.unwrap();
        }
    }
    assert!(store.claim(&[1], "w", lease, 9).await.unwrap().is_empty());
    assert_eq!(store.resolved(&[1, 2]).await.unwrap(), [decision(1)], "what was decided stands");
    assert_eq!(store.answer(&[answer(1, 2)], &LedgerEntry::default()).await.unwrap(), Vec::<i64>::new());
    assert_eq!(store.resolved(&[1]).await.unwrap(), [decision(1)]);
    assert_eq!(store.claim(&[2], "w", lease, 9).await.unwrap(), [question(2, 2)]);
}

/// A decision that somebody else made was somebody else's to ask about.
pub async fn a_question_comes_with_its_decision_only(store: Store) {
    let made = FleetBatch { decisions: vec![decision(1)], ..FleetBatch::default() };
    store.take_in(&made, 0).await.unwrap();
    store.take_in(&open(&[1, 2]), 0).await.unwrap();
    let stray = FleetBatch { questions: vec![question(9, 9)], ..FleetBatch::default() };
    store.take_in(&stray, 0).await.unwrap();
    let claimed = store.claim(&[1, 2, 9], "w", Duration::from_secs(60), 9).await.unwrap();
    assert_eq!(claimed, [question(2, 2)]);
}

/// With its answers or without.
pub async fn a_call_is_paid_for_once(store: Store) {
    store.take_in(&open(&[1]), 0).await.unwrap();
    let calls = async || store.ledger_since(0).await.unwrap().iter().map(|total| total.calls).sum::<u64>();
    for _ in 0..2 {
        store.answer(&[answer(1, 2)], &entry(1)).await.unwrap();
        store.ledger(&entry(2)).await.unwrap();
    }
    assert_eq!(calls().await, 4, "two lines each");
    store.ledger(&LedgerEntry { lines: Vec::new(), ..entry(3) }).await.unwrap();
    store.answer(&[], &entry(3)).await.unwrap();
    assert_eq!(calls().await, 6);
    assert_ne!(entry(1).id, entry(2).id);
}

/// As the page shows it.
pub async fn the_ledger_is_summed_from_a_moment_on(store: Store) {
    let lines = vec![line(5, Some(42)), line(6, None), line(9, Some(100))];
    store.ledger(&LedgerEntry { lines, ..entry(1) }).await.unwrap();
    let mut dear = line(9, Some(1_000));
    dear.model = "dear".to_owned();
    store.ledger(&LedgerEntry { lines: vec![dear], ..entry(2) }).await.unwrap();
    let totals = store.ledger_since(6).await.unwrap();
    assert_eq!(totals.iter().map(|total| total.model.as_str()).collect::<Vec<_>>(), ["dear", "m"]);
    let total = &totals[1];
    assert_eq!((total.calls, total.items, total.checks), (2, 4, 2));
    assert_eq!((total.cost_nano, total.unpriced, total.checks_nano), (100, 1, 50));
    assert_eq!((total.input, total.cached_input, total.cache_write), (200, 20, 0));
    assert_eq!((total.output, total.thinking, total.first, total.last), (40, 6, 6, 9));
    assert!(store.ledger_since(10).await.unwrap().is_empty());
}

/// Whoever is first.
pub async fn a_secret_is_made_once(store: Store) {
    let (one, two) = tokio::join!(store.secret("names", [1; 32]), store.secret("names", [2; 32]));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert!(one == two && (one == [1; 32] || one == [2; 32]));
    assert_eq!(store.secret("names", [3; 32]).await.unwrap(), one);
    assert_eq!(store.secret("other", [3; 32]).await.unwrap(), [3; 32]);
}

/// A bug is told as one, and not tried again for ever.
pub async fn what_is_beyond_its_bounds_is_refused(store: Store) {
    fn refused<T>(answer: Result<T, FleetError>) -> bool {
        matches!(answer, Err(FleetError::Refused(_)))
    }
    let source = store.source("alerts", 0, 0).await.unwrap();
    let without = FleetBatch { patterns: vec![pattern(2, 0)], ..batch(vec![alert(source, 0, 1, 0)]) };
    assert!(refused(store.take_in(&without, 0).await), "its pattern is missing");
    let far = batch(vec![alert(source, u64::MAX, 1, 0)]);
    assert!(refused(store.take_in(&far, 0).await));
    let many = batch((0..=MOST_IN_BATCH as u64).map(|ordinal| alert(source, ordinal, 1, 0)).collect());
    assert!(refused(store.take_in(&many, 0).await));
    let ids = vec![1; MOST_ASKED + 1];
    assert!(refused(store.decisions(&ids).await));
    assert!(refused(store.resolved(&ids).await));
    assert_eq!(store.stored(source).await.unwrap(), None, "nothing was written");
}

/// One was hung and does not know yet that its partition is another's.
pub async fn two_who_take_a_partition_for_theirs_store_each_alert_once(store: Store) {
    let source = store.source("alerts", 0, 0).await.unwrap();
    let write = async |time: i64| -> Vec<u64> {
        let mut stored = Vec::new();
        for first in (0..200).step_by(20) {
            let alerts = (first..first + 20).map(|ordinal| alert(source, ordinal, ordinal as i64 % 3, time));
            let taken = store.take_in(&batch(alerts.collect()), 0).await.unwrap();
            let is_new = |ordinal: &u64| !taken.already.contains(&(source.row(), *ordinal));
            stored.extend((first..first + 20).filter(is_new));
        }
        stored
    };
    let (mut one, two) = tokio::join!(write(HOUR), write(2 * HOUR));
    one.extend(two);
    one.sort_unstable();
    assert_eq!(one, (0..200).collect::<Vec<_>>(), "each was new for one of them");
}

/// No call about nothing is a failure.
pub async fn nothing_is_nothing(store: Store) {
    assert_eq!(store.take_in(&FleetBatch::default(), 0).await.unwrap(), Taken::default());
    assert!(store.alerts(&[]).await.unwrap().is_empty());
    assert!(store.decisions_on(&[]).await.unwrap().is_empty());
    assert!(store.decisions(&[]).await.unwrap().is_empty());
    assert!(store.resolved(&[]).await.unwrap().is_empty());
    assert!(store.claim(&[], "w", Duration::ZERO, 9).await.unwrap().is_empty());
    assert!(store.answer(&[], &LedgerEntry::default()).await.unwrap().is_empty());
    store.give_back(&[], "w", 1).await.unwrap();
    store.note_put_out("g", &[]).await.unwrap();
    assert!(store.ledger_since(i64::MIN).await.unwrap().is_empty());
    let (version, words) = store.words(None).await.unwrap().unwrap();
    assert!(words.is_empty());
    assert_eq!(store.words(Some(version)).await.unwrap(), None);
}

/// Decisions with these ids, each with a question as urgent as its id is great.
fn open(ids: &[i64]) -> FleetBatch {
    FleetBatch {
        decisions: ids.iter().map(|id| decision(*id)).collect(),
        questions: ids.iter().map(|id| question(*id, *id as u8)).collect(),
        ..FleetBatch::default()
    }
}
