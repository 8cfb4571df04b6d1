//! Nothing lost, nothing applied twice, whatever the store and the network do.

use super::*;
use crate::state::UserState;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use tokio::time::timeout;

/// Measurements in the order of time: few users, few metrics, some spikes, some without ids.
fn input(chance: &mut ChaCha8Rng) -> Vec<Measurement> {
    let users = chance.random_range(1..6);
    (0..chance.random_range(1..120_i64))
        .map(|place| {
            let user = format!("user-{}", chance.random_range(0..users));
            let metric = format!("metric-{}", chance.random_range(0..2));
            let spike = if chance.random_bool(0.1) { 1e3 } else { 0.0 };
            let value = chance.random_range(0.0..10.0) + spike;
            let id = chance.random_bool(0.5).then(|| place.to_string());
            Measurement { id, ..measurement(&user, &metric, 1 + place / 3, value) }
        })
        .collect()
}

/// A batch as it comes over a network: shuffled, with repetitions; and for each the place in `part` that it is.
fn delivered(part: &[Measurement], chance: &mut ChaCha8Rng) -> Vec<usize> {
    let mut places: Vec<usize> = (0..part.len()).collect();
    for _ in 0..part.len() / 4 {
        places.push(chance.random_range(0..part.len()));
    }
    for place in (1..places.len()).rev() {
        places.swap(place, chance.random_range(0..=place));
    }
    places
}

/// Takes the next part of an input, and delivers it. Parts end between times, so that none is stale by the parting.
pub(super) fn next_batch(rest: &mut &[Measurement], chance: &mut ChaCha8Rng) -> Vec<Measurement> {
    let mut cut = chance.random_range(1..=rest.len());
    while cut < rest.len() && rest[cut].time == rest[cut - 1].time {
        cut += 1;
    }
    let (part, after) = rest.split_at(cut);
    *rest = after;
    delivered(part, chance).into_iter().map(|place| part[place].clone()).collect()
}

/// What a batch comes to when it is judged one by one, in its order, by who never fails.
pub(super) fn sequential(states: &mut BTreeMap<String, UserState>, batch: &[Measurement]) -> Vec<Outcome> {
    let mut order: Vec<usize> = (0..batch.len()).collect();
    order.sort_by_key(|place| batch[*place].time);
    let mut outcomes = vec![None; batch.len()];
    for place in order {
        let state = states.entry(batch[place].user.clone()).or_default();
        let (outcome, _) = state.judge(&crate::MetricSettings::default(), &batch[place]).unwrap();
        outcomes[place] = Some(Outcome { repeated: false, ..outcome });
    }
    outcomes.into_iter().flatten().collect()
}

fn on_a_paused_clock<T>(work: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(work)
}

/// Sends a batch until every measurement has an answer: gives up in the middle, comes again, comes after a restart.
async fn insist(
    store: &Arc<TestStore>,
    batch: &[Measurement],
    chance: &mut ChaCha8Rng,
    settings: BatchSettings,
) -> Vec<Outcome> {
    let mut answers: Vec<Option<Outcome>> = vec![None; batch.len()];
    for _ in 0..300 {
        let (engine, runner) = engine(store, settings);
        let sent = beside(runner, async {
            for _ in 0..3 {
                let patience = Duration::from_millis(chance.random_range(1..2_000));
                let Ok(judged) = timeout(patience, engine.judge(batch.to_vec())).await else { continue };
                let judged = judged.unwrap();
                assert_eq!(judged.answers.len(), batch.len());
                for (known, answer) in answers.iter_mut().zip(outcomes(&judged)) {
                    let said = answer.map(|outcome| Outcome { repeated: false, ..outcome });
                    assert!(
                        known.is_none() || said.is_none() || *known == said,
                        "another answer than before"
                    );
                    *known = known.or(said);
                }
                if answers.iter().all(Option::is_some) {
                    return true;
                }
            }
            false
        })
        .await;
        if sent {
            return answers.into_iter().flatten().collect();
        }
    }
    panic!("no end of trouble");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn shuffled_repeated_dropped_and_troubled_ends_as_a_sequential_run(seed: u64) {
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        let input = input(&mut chance);
        let store = Arc::new(TestStore::new(seed, Trouble::ALL));
        let cache_bytes = if chance.random_bool(0.5) { 1 << 20 } else { 0 };
        let settings = BatchSettings {
            users_in_flight: chance.random_range(1..6),
            user_time: Duration::from_secs(2),
            cache_bytes,
            seed,
            ..BatchSettings::default()
        };
        let mut states = BTreeMap::new();
        on_a_paused_clock(async {
            let mut rest = &input[..];
            while !rest.is_empty() {
                let batch = next_batch(&mut rest, &mut chance);
                let answers = insist(&store, &batch, &mut chance, settings).await;
                assert_eq!(answers, sequential(&mut states, &batch));
            }
        });
        for (user, state) in &states {
            prop_assert_eq!(store.value(user), Some(state.encode()), "{}", user);
        }
    }

    #[test]
    fn two_writers_on_one_user_end_as_one_after_the_other(seed: u64) {
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        let store = Arc::new(TestStore::new(seed, Trouble { hangs: 0.0, ..Trouble::ALL }));
        let mut of_writers: Vec<Vec<Measurement>> = Vec::new();
        for writer in 0..2_i64 {
            let mut second = 0;
            let measurements = (0..chance.random_range(1..16)).map(|place| {
                second += chance.random_range(1..5);
                let given = measurement("both", "m", second, chance.random_range(0.0..10.0));
                Measurement { id: Some(format!("{writer}-{place}")), ..given }
            });
            of_writers.push(measurements.collect());
        }
        let settings = BatchSettings { seed, ..BatchSettings::default() };
        let write = async |measurements: &[Measurement], seed: u64| {
            let mut chance = ChaCha8Rng::seed_from_u64(seed);
            let mut answers = Vec::new();
            for part in measurements.chunks(3) {
                answers.extend(insist(&store, part, &mut chance, settings).await);
            }
            answers
        };
        let (one, another) = on_a_paused_clock(async {
            tokio::join!(write(&of_writers[0], seed), write(&of_writers[1], seed.wrapping_add(1)))
        });
        let found = UserState::decode(&store.value("both").unwrap()).unwrap();
        // The state tells in which order they were applied; the same order, one by one, must give the same state.
        let points = found.series("m").unwrap().points().unwrap();
        let all: Vec<(&Measurement, &Outcome)> =
            of_writers.iter().flatten().zip(one.iter().chain(&another)).collect();
        let mut again = UserState::default();
        for point in &points {
            let same = |given: &&(&Measurement, &Outcome)| {
                given.0.time.as_millis() == point.time_ms && given.0.value == point.value
            };
            let (given, said) = all.iter().find(same).unwrap();
            let (outcome, _) = again.judge(&crate::MetricSettings::default(), given).unwrap();
            prop_assert_eq!(&outcome, *said);
        }
        prop_assert_eq!(&again, &found);
        let applied = all.iter().filter(|(_, said)| said.reason() != Some(crate::Reason::Stale)).count();
        prop_assert_eq!(applied, points.len(), "each once");
    }
}
