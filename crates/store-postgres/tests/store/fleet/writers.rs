//! Several writers at once, on the same patterns and the same alerts; and a connection that is cut at any byte.

use super::{assert_counts, fresh, number};
use crate::proxy::{ALL, Proxy};
use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};
use proptest::test_runner::TestCaseError;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::task::JoinSet;
use watchfire_store::fleet::made::{HOUR, alert, batch, dead, question};
use watchfire_store::fleet::{FleetAlertRow, FleetBatch, FleetSource, FleetStore, LedgerEntry};
use watchfire_store_postgres::{PostgresFleet, PostgresSettings};

/// Numbers that look like chance, the same for one seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// A batch of alerts that others write too, in no order, of few patterns, over a month's end.
fn some(chance: &mut Chance, sources: &[FleetSource]) -> FleetBatch {
    const MONTHS_END: i64 = 1_735_689_600_000;
    let mut alerts = Vec::new();
    for _ in 0..chance.below(60) {
        let source = sources[chance.below(sources.len() as u64) as usize];
        let ordinal = chance.below(300);
        // The time is the alert's own, as it is where one record is read twice; but not always.
        let time = MONTHS_END + (ordinal as i64 - 150) * HOUR / 7 + chance.below(50) as i64 / 49 * HOUR;
        alerts.push(alert(source, ordinal, (ordinal % 11) as i64, time));
    }
    let mut given = batch(alerts);
    given.questions = given.decisions.iter().map(|row| question(row.id, 1)).collect();
    given.decisions.reverse();
    given.patterns.reverse();
    given.dead = (0..chance.below(3)).map(|_| dead(sources[0], 1_000 + chance.below(50))).collect();
    given
}

/// What two writers wrote, several times over, is counted once.
async fn write_at_once(seed: u64) -> Result<(), TestCaseError> {
    let Some((store, client, _tasks, _)) = fresh().await else { return Ok(()) };
    let store = Arc::new(store);
    let mut sources = Vec::new();
    for partition in 0..3 {
        sources.push(store.source("alerts", partition, 0).await.unwrap());
    }
    let mut writers = JoinSet::new();
    for writer in 0..4 {
        let (store, sources) = (Arc::clone(&store), sources.clone());
        writers.spawn(async move {
            let mut chance = Chance(seed ^ (writer + 1));
            let mut new = Vec::new();
            let mut keys = BTreeSet::new();
            for _ in 0..12 {
                let given = some(&mut chance, &sources);
                let taken = store.take_in(&given, 0).await.unwrap();
                let written: BTreeSet<_> = given
                    .alerts
                    .iter()
                    .map(FleetAlertRow::key)
                    .chain(given.dead.iter().map(|dead| (dead.source, dead.row.ordinal)))
                    .collect();
                new.extend(written.iter().copied().filter(|key| !taken.already.contains(key)));
                keys.extend(written);
            }
            (new, keys)
        });
    }
    let (mut new, mut keys) = (Vec::new(), BTreeSet::new());
    while let Some(done) = writers.join_next().await {
        let (some, of) = done.unwrap();
        new.extend(some);
        keys.extend(of);
    }
    new.sort_unstable();
    prop_assert_eq!(new, keys.iter().copied().collect::<Vec<_>>(), "each was new for one writer");
    assert_counts(&client).await;
    let stored = number(&client, "SELECT count(*) FROM (SELECT source, ordinal FROM alerts UNION ALL SELECT source, ordinal FROM dead_letters) s").await;
    prop_assert_eq!(stored, keys.len() as i64);
    let open = number(&client, "SELECT count(*) FROM questions").await;
    prop_assert_eq!(
        open,
        number(&client, "SELECT count(*) FROM decisions").await,
        "each decision left one open"
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn writers_of_the_same_patterns_count_each_alert_once_and_never_stop_one_another(seed in any::<u64>()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(write_at_once(seed))?;
    }
}

/// The batch is made again until it is answered, as a worker does.
#[tokio::test]
async fn a_batch_whose_connection_is_cut_at_any_byte_is_done_once() {
    let Some((first, client, _tasks, settings)) = fresh().await else { return };
    let source = first.source("alerts", 0, 0).await.unwrap();
    let proxy = Proxy::before(&settings.url).await;
    let settings = PostgresSettings { url: proxy.url.clone(), connections: 1, ..settings };
    let store = PostgresFleet::connect(&settings).await.unwrap();
    let given = |round: u64| {
        let mut given = batch((0..5).map(|place| alert(source, round * 5 + place, 3, HOUR)).collect());
        given.dead = vec![dead(source, 1_000_000 + round)];
        given
    };
    store.take_in(&given(0), 0).await.unwrap();
    proxy.cut_after(ALL, ALL);
    store.take_in(&given(1), 0).await.unwrap();
    let (asked, answered) = proxy.passed();
    let mut failed = 0;
    let mut rounds = 2;
    for share in 0..=24 {
        for (to_server, to_client) in [(asked * share / 24, ALL), (ALL, answered * share / 24)] {
            proxy.cut_after(to_server, to_client);
            failed += usize::from(store.take_in(&given(rounds), 0).await.is_err());
            proxy.cut_after(ALL, ALL);
            let mut again = store.take_in(&given(rounds), 0).await;
            // A connection that was cut may be found so only now.
            if again.is_err() {
                again = store.take_in(&given(rounds), 0).await;
            }
            again.unwrap();
            rounds += 1;
        }
    }
    assert!(failed > 20, "{failed} were cut");
    assert_eq!(number(&client, "SELECT alerts FROM patterns").await, rounds as i64 * 5);
    assert_eq!(number(&client, "SELECT count(*) FROM dead_letters").await, rounds as i64);
    assert_counts(&client).await;
}

/// Who claims, answers, gives back and takes in at once gets in nobody's way, and each question ends once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_end_once_whoever_answers_them() {
    let Some((store, client, _tasks, _)) = fresh().await else { return };
    let store = Arc::new(store);
    let ids: Vec<i64> = (1..=60).map(|pattern| pattern * 10).collect();
    let mut workers = JoinSet::new();
    for worker in 0..4_u64 {
        let (store, ids) = (Arc::clone(&store), ids.clone());
        workers.spawn(async move {
            let mut chance = Chance(worker + 5);
            let who = format!("w{worker}");
            let source = store.source("alerts", worker as i32, 0).await.unwrap();
            let mut answered: Vec<i64> = Vec::new();
            let mut number = 0;
            while store.resolved(&ids).await.unwrap().len() < ids.len() {
                let pattern = chance.below(60) as i64 + 1;
                let mut given = batch(vec![alert(source, number, pattern, HOUR)]);
                given.questions = vec![question(pattern * 10, 1)];
                store.take_in(&given, 0).await.unwrap();
                let lease = std::time::Duration::from_millis(chance.below(30));
                let claimed = store.claim(&ids, &who, lease, 5).await.unwrap();
                let held: Vec<i64> = claimed.iter().map(|row| row.decision).collect();
                if chance.below(3) == 0 {
                    store.give_back(&held, &who, u32::MAX).await.unwrap();
                    continue;
                }
                let answers: Vec<_> = held
                    .iter()
                    .rev()
                    .map(|id| {
                        let mut answer = watchfire_store::fleet::made::answer(*id, 2);
                        answer.decision.detail = format!("\"{who}\"");
                        answer
                    })
                    .collect();
                number += 1;
                let line = watchfire_store::fleet::made::line(1, None);
                let paid = LedgerEntry::of([worker as u8; 16], number, vec![line]);
                answered.extend(store.answer(&answers, &paid).await.unwrap());
            }
            answered
        });
    }
    let mut answered = Vec::new();
    while let Some(done) = workers.join_next().await {
        answered.extend(done.unwrap());
    }
    answered.sort_unstable();
    assert_eq!(answered, ids, "each by one worker");
    assert_counts(&client).await;
}
