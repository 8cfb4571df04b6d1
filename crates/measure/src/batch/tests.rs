//! What a batch promises: one read and one write, order, bounds, and one user's trouble is nobody else's.

mod exactness;
mod store;
mod stores;

use super::*;
use crate::filter::Outcome;
use std::future::Future;
use store::{TestStore, Trouble};
use tokio::task::JoinSet;
use tokio::time::Instant;
use watchfire_flow::SystemClock;
use watchfire_signal::Timestamp;
use watchfire_store::measurements::UserFailure;

fn measurement(user: &str, metric: &str, second: i64, value: f64) -> Measurement {
    Measurement {
        id: None,
        user: user.to_owned(),
        metric: metric.to_owned(),
        time: Timestamp::from_millis(second * 1_000).unwrap(),
        value,
        unit: None,
    }
}

/// Five measurements for each of so many users.
fn batch(users: usize, from_second: i64) -> Vec<Measurement> {
    (0..5 * users as i64)
        .map(|place| {
            measurement(&format!("user-{}", place % users as i64), "m", from_second + place, place as f64)
        })
        .collect()
}

fn engine(store: &Arc<TestStore>, settings: BatchSettings) -> (Arc<Engine>, LaneRunner<String>) {
    let store: Arc<dyn MeasurementStore> = Arc::clone(store) as _;
    let (engine, runner) = Engine::new(store, Arc::default(), settings, Arc::new(SystemClock::new()));
    (Arc::new(engine), runner)
}

/// Runs work beside the lanes that it needs.
async fn beside<T>(runner: LaneRunner<String>, work: impl Future<Output = T>) -> T {
    tokio::select! {
        () = runner.run() => unreachable!("the lanes are open as long as the engine is there"),
        done = work => done,
    }
}

fn outcomes(judged: &Judged) -> Vec<Option<Outcome>> {
    judged.answers.iter().map(|answer| answer.outcome().copied()).collect()
}

#[tokio::test(start_paused = true)]
async fn five_hundred_measurements_of_a_hundred_users_are_one_read_and_one_write() {
    let store = Arc::new(TestStore::new(1, Trouble::default()));
    let (engine, runner) = engine(&store, BatchSettings::default());
    beside(runner, async {
        let judged = engine.judge(batch(100, 0)).await.unwrap();
        assert_eq!((store.calls(), judged.answers.len(), judged.dead.len()), ((1, 1), 500, 0));
        assert_eq!((judged.counts.accepted, judged.counts.written), (500, 100));
        // Who is at hand costs no read, and who did not change no write.
        engine.judge(batch(100, 1_000)).await.unwrap();
        assert_eq!(store.calls(), (1, 2));
        let again = engine.judge(batch(100, 1_000)).await.unwrap();
        assert_eq!((store.calls(), again.counts.repeated), ((1, 2), 500));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn who_was_removed_is_new_also_where_a_batch_has_just_been_judged() {
    let store = Arc::new(TestStore::new(1, Trouble::default()));
    let (engine, runner) = engine(&store, BatchSettings::default());
    beside(runner, async {
        engine.judge(batch(10, 0)).await.unwrap();
        assert_eq!(engine.remove("user-1").await, Ok(true));
        assert_eq!(engine.remove("user-1").await, Ok(false));
        let again = engine.judge(batch(10, 0)).await.unwrap();
        assert_eq!((again.counts.repeated, again.counts.accepted), (45, 50));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn answers_are_in_input_order_whatever_the_order_of_judging() {
    let store = Arc::new(TestStore::new(2, Trouble::default()));
    let (engine, runner) = engine(&store, BatchSettings::default());
    let mut shuffled = vec![
        measurement("b", "m", 3, 30.0),
        measurement("a", "m", 2, 2.0),
        measurement("", "m", 0, 0.0),
        measurement("b", "m", 1, 10.0),
        measurement("a", "m", 1, f64::NAN),
    ];
    let judged = beside(runner, engine.judge(shuffled.clone())).await.unwrap();
    let expected = |place: usize| judged.answers[place].outcome().and_then(|outcome| outcome.band);
    assert_eq!(
        expected(0).unwrap().expected.round(),
        10.0,
        "the later one of b is compared with the earlier"
    );
    assert_eq!(expected(1).unwrap().expected, 2.0);
    assert_eq!(judged.answers[4].outcome().unwrap().reason(), Some(crate::Reason::NotFinite));
    assert_eq!(judged.dead.len(), 1);
    assert_eq!((judged.dead[0].index, &judged.dead[0].measurement), (2, &shuffled.remove(2)));
}

#[tokio::test(start_paused = true)]
async fn one_users_trouble_is_nobody_elses() {
    let store = Arc::new(TestStore::new(3, Trouble::default()));
    let trouble = [
        ("user-1", UserFailure::Refused("no".to_owned())),
        ("user-2", UserFailure::Failed("down".to_owned())),
        ("user-3", UserFailure::Throttled { after: Some(Duration::from_millis(1)) }),
    ];
    *store.always.lock().unwrap() =
        trouble.into_iter().map(|(user, failure)| (user.to_owned(), failure)).collect();
    store.put("user-4", b"something else".to_vec());
    let (engine, runner) = engine(&store, BatchSettings::default());
    let judged = beside(runner, engine.judge(batch(100, 0))).await.unwrap();
    assert_eq!((judged.counts.accepted, judged.dead.len()), (480, 20));
    let of = |place: usize| match &judged.answers[place] {
        Answer::Failed { attempts, reason } => (*attempts, reason.clone()),
        Answer::Judged(_) => (0, Failure::Timeout),
    };
    let attempts = BatchSettings::default().backoff.attempts;
    assert_eq!(of(1), (1, Failure::Refused("no".to_owned())));
    assert_eq!(of(2), (attempts, Failure::Store("down".to_owned())));
    assert_eq!(of(3), (attempts, Failure::Throttled));
    assert!(matches!(of(4).1, Failure::Unreadable(_)));
    assert_eq!(store.value("user-4").unwrap(), b"something else", "left as it is");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_takes_a_few_at_once_but_moves_is_not_failing() {
    let mut store = TestStore::new(4, Trouble::default());
    store.most_at_once = 3;
    let store = Arc::new(store);
    let (engine, runner) = engine(&store, BatchSettings::default());
    let judged = beside(runner, engine.judge(batch(100, 0))).await.unwrap();
    assert_eq!((judged.counts.accepted, judged.counts.saves), (500, 34));
    assert!(judged.counts.throttles > 1_000);
}

#[tokio::test(start_paused = true)]
async fn no_batch_takes_longer_than_it_may() {
    let store = Arc::new(TestStore::new(5, Trouble { hangs: 1.0, ..Trouble::default() }));
    let settings = BatchSettings { user_time: Duration::from_secs(3), ..BatchSettings::default() };
    let (engine, runner) = engine(&store, settings);
    let began = Instant::now();
    let judged = beside(runner, engine.judge(batch(10, 0))).await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 3);
    assert!(judged.dead.iter().all(|dead| dead.reason == Failure::Timeout) && judged.dead.len() == 50);
    assert_eq!(engine.statistics().timeouts, 1);
}

#[tokio::test(start_paused = true)]
async fn too_large_a_batch_is_not_begun_and_a_stream_goes_in_parts() {
    let store = Arc::new(TestStore::new(6, Trouble::default()));
    let settings = BatchSettings { most_measurements: 100, users_in_flight: 7, ..BatchSettings::default() };
    let (engine, runner) = engine(&store, settings);
    beside(runner, async {
        let refused = engine.judge(batch(100, 0)).await;
        assert_eq!(refused, Err(BatchError::TooMany { found: 500, most: 100 }));
        assert_eq!(store.calls(), (0, 0));
        let mut answers = Vec::new();
        engine.judge_all(batch(100, 0), |judged| answers.push(judged.answers.len())).await.unwrap();
        assert_eq!(answers, [100; 5]);
        assert_eq!(engine.statistics().counts.accepted, 500);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn batches_that_share_users_never_wait_in_a_circle() {
    let store = Arc::new(TestStore::new(7, Trouble { slow_ms: 5, ..Trouble::default() }));
    let settings = BatchSettings { users_in_flight: 10, cache_bytes: 0, ..BatchSettings::default() };
    let (engine, runner) = engine(&store, settings);
    let judged = beside(runner, async {
        let mut running = JoinSet::new();
        for turn in 0..40_i64 {
            let engine = Arc::clone(&engine);
            let mut batch = batch(10, 100 * turn);
            if turn % 2 == 0 {
                batch.reverse();
            }
            batch.truncate(5 + turn as usize);
            running.spawn(async move { engine.judge(batch).await.unwrap() });
        }
        running.join_all().await
    })
    .await;
    assert!(judged.iter().all(|judged| judged.dead.is_empty() && judged.counts.conflicts == 0));
}

#[tokio::test(start_paused = true)]
async fn a_large_batch_is_judged_by_several_tasks_with_the_same_answers() {
    let large = batch(2_000, 0);
    let mut all = Vec::new();
    for parallel in [1, 4] {
        let store = Arc::new(TestStore::new(8, Trouble::default()));
        let settings = BatchSettings { parallel, most_measurements: 10_000, ..BatchSettings::default() };
        let (engine, runner) = engine(&store, settings);
        let judged = beside(runner, engine.judge(large.clone())).await.unwrap();
        all.push((outcomes(&judged), store.value("user-77")));
    }
    assert!(all[0] == all[1] && all[0].1.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_runs_ahead_makes_nothing_stale() {
    let store = Arc::new(TestStore::new(10, Trouble::default()));
    let (engine, runner) = engine(&store, BatchSettings::default());
    let later = Measurement {
        time: Timestamp::parse("2199-01-01T00:00:00Z").unwrap(),
        ..measurement("a", "m", 1, 1.0)
    };
    let judged = beside(runner, async {
        engine.judge(vec![later]).await.unwrap();
        engine.judge(vec![measurement("a", "m", 2, 1.0)]).await.unwrap()
    })
    .await;
    assert_eq!(judged.counts.accepted, 1);
}

#[tokio::test(start_paused = true)]
async fn hints_name_their_figures() {
    let store = Arc::new(TestStore::new(9, Trouble { throttled: 0.1, ..Trouble::default() }));
    let (engine, runner) = engine(&store, BatchSettings::default());
    beside(runner, async {
        assert_eq!(engine.hints(), Vec::<String>::new());
        for turn in 0..20 {
            engine.judge(batch(2, 100 * turn)).await.unwrap();
        }
    })
    .await;
    let hints = engine.hints();
    assert!(
        hints[0].starts_with("batch size: a batch has 10 measurements in the mean, and may have 500"),
        "{hints:?}"
    );
    assert!(hints.iter().any(|hint| hint.starts_with("parallelism: the store wanted")), "{hints:?}");
    assert_eq!(engine.statistics().slowest.len(), 2);
}
