//! What asking again promises.

use crate::world::{World, alerts, gemini};
use std::sync::Arc;
use tokio::time::Instant;
use watchfire_engine::{AskProgress, Asker, Sample, Verified};
use watchfire_flow::Clock;
use watchfire_judge::Asking;
use watchfire_llm::PackConfig;
use watchfire_standin::{Behaviour, Config, InProcess, Provider, Standin};

/// A store in which a model that does not change its mind has decided on so many patterns.
fn decided(count: usize) -> World {
    let world = World::new();
    let mark = gemini(Standin::in_process(Config::default())).mark();
    world.judge(&alerts(count, 7), Asking::Model(mark));
    let (asked, ..) = world.ask(&gemini, Config::default());
    assert_eq!(asked.answered, count as u64);
    world
}

fn verify(world: &World, size: usize, seed: u64, fickle: f64) -> (Verified, InProcess) {
    let sample = Sample::draw(&world.store, size, seed).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(async {
        let clock: Arc<dyn Clock> = Arc::new(crate::world::Paused(Instant::now()));
        let behaviour = Behaviour { fickle, ..Behaviour::default() };
        let standin = Standin::in_process(Config { behaviour, ..Config::default() });
        let asker = Asker { pack: PackConfig::default(), seed, ..gemini(standin.clone()) };
        let progress = Arc::new(AskProgress::new());
        (sample.verify_all(&asker, &world.store, &clock, &progress).await.unwrap(), standin)
    })
}

/// Everything that is stored of decisions.
fn stored(world: &World) -> Vec<watchfire_store::DecisionRow> {
    let ids = world.store.decisions_by(watchfire_signal::Decider::Llm.id()).unwrap();
    ids.into_iter().map(|id| world.store.decision(id).unwrap().unwrap()).collect()
}

#[test]
fn a_model_that_says_the_same_has_no_flips_and_is_really_asked() {
    let world = decided(60);
    let before = stored(&world);
    let (verified, standin) = verify(&world, 40, 1, 0.0);
    let Verified { population, sampled, asked, answered, flips, .. } = verified;
    assert_eq!((population, sampled, asked, answered), (60, 40, 40, 40));
    assert_eq!((flips.count, verified.same_side_other_word, verified.changed.len()), (0, 0, 0));
    // 1 − 0.025^(1/40)
    assert!(flips.low == 0.0 && (flips.high - 0.088_097).abs() < 1e-5, "{flips:?}");
    assert_eq!(standin.tally().providers[&Provider::Gemini].calls, verified.calls.calls);
    assert!(verified.calls.calls >= 7, "each is asked: {:?}", verified.calls);
    assert_eq!(stored(&world), before);
    assert_eq!(world.store.question_count().unwrap(), 0);
    // Both times are in the ledger.
    let items: u64 = world.store.ledger(0, i64::MAX).unwrap().iter().map(|line| line.items).sum();
    assert_eq!(items, 100);
}

#[test]
fn flips_are_found_told_and_change_nothing_and_a_seed_repeats_them() {
    let world = decided(300);
    let before = stored(&world);
    let (verified, _) = verify(&world, 1000, 3, 0.2);
    assert_eq!((verified.sampled, verified.answered), (300, 300), "no more than there are");
    let told = verified.flips.count + verified.same_side_other_word;
    assert!((30..=90).contains(&told) && verified.flips.count >= 20, "{told} {:?}", verified.flips);
    assert!(verified.flips.low < verified.flips.share && verified.flips.share < verified.flips.high);
    for part in [&verified.by_verdict, &verified.by_model] {
        assert_eq!(part.iter().map(|part| part.answered).sum::<u64>(), 300);
        assert_eq!(part.iter().map(|part| part.flips.count).sum::<u64>(), verified.flips.count);
    }
    assert_eq!(verified.by_model.len(), 1);
    assert_eq!(verified.by_model[0].name, verified.model);
    assert_eq!(verified.changed.len() as u64, verified.flips.count);
    for flip in &verified.changed {
        assert_ne!(flip.before, flip.after);
        assert!(flip.rule.starts_with("unheard of"), "{flip:?}");
        let alert = world.store.alert(&flip.alert).unwrap().unwrap();
        assert_eq!(format!("{:016x}", alert.decision.id), flip.decision);
    }
    assert_eq!(stored(&world), before);
    let ids = |verified: &Verified| -> Vec<String> {
        verified.changed.iter().map(|flip| flip.decision.clone()).collect()
    };
    assert_eq!(ids(&verify(&world, 1000, 3, 0.2).0), ids(&verified));
    assert_ne!(ids(&verify(&world, 1000, 4, 0.2).0), ids(&verified));
}

#[test]
fn every_decision_is_as_likely_to_be_drawn_and_a_seed_draws_the_same() {
    let world = decided(20);
    let mut drawn = std::collections::BTreeMap::<String, u32>::new();
    for seed in 0..150 {
        let (verified, _) = verify(&world, 2, seed, 1.0);
        assert_eq!(verified.sampled, 2);
        for flip in verified.changed {
            *drawn.entry(flip.decision).or_default() += 1;
        }
    }
    // 15 times each, less those that stayed on their side.
    assert!(drawn.len() >= 18 && drawn.values().all(|count| *count <= 32), "{drawn:?}");
}

#[test]
fn verdicts_say_how_they_came_about() {
    let world = World::new();
    let asker = gemini(Standin::in_process(Config::default()));
    let one = alerts(1, 1);
    let twice = format!("{one}\n{one}");
    world.judge(&twice, Asking::Model(asker.mark()));
    world.ask(&gemini, Config::default());
    let (_, lines) = world.judge(&twice, Asking::Asked(asker.mark()));
    for line in &lines {
        assert_eq!(line["model"], *asker.mark());
        assert_eq!(line["settings"], "standard tier, at most 1 alerts a call, temperature 0, seed 1");
        assert_eq!(line["decision"], lines[0]["decision"], "one decision for both");
        assert_eq!(line["valid_from"], lines[0]["time"]);
    }
}
