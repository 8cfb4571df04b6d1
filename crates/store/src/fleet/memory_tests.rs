use super::{Fault, MemoryFleet};
use crate::fleet::made::{HOUR, alert, batch, pattern};
use crate::fleet::{FleetBatch, FleetError, FleetStore};
use crate::{AnalystDecisionRow, fleet_store_suite};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

#[expect(clippy::unused_async, reason = "as stores on servers are made")]
async fn fresh() -> Option<Arc<dyn FleetStore>> {
    Some(Arc::new(MemoryFleet::default()))
}

fleet_store_suite!(fresh);

#[tokio::test]
async fn a_pattern_counts_what_is_new_and_shows_the_greatest_priority() {
    let store = MemoryFleet::default();
    let source = store.source("alerts", 0, 0).await.unwrap();
    let given = batch(vec![alert(source, 40, 1, 5 * HOUR), alert(source, 30, 1, 7 * HOUR)]);
    store.take_in(&given, 0).await.unwrap();
    let more = batch(vec![alert(source, 30, 1, HOUR), alert(source, 20, 1, 9 * HOUR)]);
    store.take_in(&more, 0).await.unwrap();
    let (row, alerts) = store.kept().patterns[&1].clone();
    assert_eq!((alerts, row.priority, row.decision), (3, 40, 10));
    assert_eq!((row.first_seen, row.last_seen), (HOUR, 9 * HOUR));
    let twice = FleetBatch { patterns: vec![pattern(2, 9), pattern(2, 4)], ..FleetBatch::default() };
    let once = twice.patterns_once();
    assert_eq!(once.iter().map(|row| (row.first_seen, row.last_seen)).collect::<Vec<_>>(), [(4, 9)]);
}

#[tokio::test]
async fn it_fails_as_it_is_told_to() {
    let store = MemoryFleet::default();
    let source = store.source("alerts", 0, 0).await.unwrap();
    let given = |ordinal| batch(vec![alert(source, ordinal, 1, HOUR)]);
    store.fail(2, &[Fault::After, Fault::Before]);
    store.take_in(&given(0), 0).await.unwrap();
    assert!(matches!(store.take_in(&given(1), 0).await, Err(FleetError::Unavailable(_))));
    assert_eq!(store.kept().alerts.len(), 1, "it was not done");
    store.take_in(&given(1), 0).await.unwrap();
    assert!(matches!(store.take_in(&given(2), 0).await, Err(FleetError::Unavailable(_))));
    assert_eq!(store.kept().alerts.len(), 3, "it was done, and nobody was told");
    store.fail(1, &[Fault::HangAfter]);
    assert!(timeout(Duration::from_millis(20), store.take_in(&given(3), 0)).await.is_err());
    store.fail(0, &[]);
    assert_eq!(store.take_in(&given(3), 0).await.unwrap().already, [(source.row(), 3)]);
    store.away(true);
    assert!(store.stored(source).await.is_err_and(|error| error.is_passing()));
    store.away(false);
    assert_eq!(store.stored(source).await.unwrap(), Some(3));
}

#[tokio::test]
async fn the_last_word_on_a_pattern_counts() {
    let store = MemoryFleet::default();
    let word = |key: u8, verdict| AnalystDecisionRow {
        pattern_key: [key; 16],
        verdict,
        reason: String::new(),
        analyst: "an analyst".to_owned(),
        decided_at: 0,
        alert: String::new(),
        description: "{}".to_owned(),
    };
    store.say(word(1, 1));
    store.say(word(2, 1));
    store.say(word(1, 2));
    let (version, words) = store.words(Some(0)).await.unwrap().unwrap();
    assert_eq!(words, [word(2, 1), word(1, 2)]);
    assert_eq!(store.words(Some(version)).await.unwrap(), None);
}
