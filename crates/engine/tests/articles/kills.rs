//! A kill at any moment: what was stored is placed in the end, once, and nothing begins to wait anew.

use crate::heard::Heard;
use crate::world::{World, dispatch, dispatches, during, entry, feed_of, latency, locator, paused, standin};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

#[test]
fn whenever_it_is_killed_each_article_is_placed_and_only_a_call_on_its_way_is_made_again() {
    let (mut kills, mut cut_off) = (0, 0);
    for seed in 0..50 {
        paused(async {
            let mut chance = ChaCha8Rng::seed_from_u64(seed);
            let world = World::new();
            let heard = Heard::new(standin(latency(200, 3_000)));
            let locator = locator(&heard);
            let mut taken = chance.random_range(15..35);
            let service = world.asking();
            let feed = feed_of(&service, "https://news.example/feed");
            service.take_in(&feed, &dispatches(0..taken), usize::MAX).unwrap();
            let mut of_this = 0;
            while world.waiting() > 0 {
                // Some kills come within a call, some within the wait for a batch.
                let longest = if chance.random_bool(0.5) { 5_000 } else { 400_000 };
                let moment = Duration::from_millis(chance.random_range(0..longest));
                let service = world.asking();
                if timeout(moment, world.find_all(&service, &locator)).await.is_err() {
                    of_this += 1;
                    if chance.random_bool(0.3) {
                        service.take_in(&feed, &[dispatch(taken)], 1).unwrap();
                        taken += 1;
                    }
                    sleep(Duration::from_millis(chance.random_range(0..60_000))).await;
                }
            }
            world.all_are_placed();
            let mut answered: HashMap<usize, usize> = HashMap::new();
            for number in heard.answered() {
                *answered.entry(number).or_default() += 1;
            }
            assert_eq!(answered.len(), taken, "seed {seed}");
            let twice: usize = answered.values().map(|times| times - 1).sum();
            assert_eq!(twice, 0, "seed {seed}: what was answered is stored before anything else is asked");
            kills += of_this;
            cut_off += heard.calls().iter().filter(|call| !call.is_answered).count();
        });
    }
    eprintln!("{kills} kills, {cut_off} of them within a call");
    assert!(cut_off > 10);
}

#[test]
fn an_articles_age_counts_from_when_it_was_stored() {
    paused(async {
        let world = World::new();
        let heard = Heard::new(standin(latency(0, 0)));
        let locator = locator(&heard);
        let started = Instant::now();
        let service = world.asking();
        let feed = feed_of(&service, "https://news.example/feed");
        service.take_in(&feed, &[dispatch(0)], 1).unwrap();
        for seconds in [130, 70] {
            during(&service, &locator, sleep(Duration::from_secs(seconds))).await;
            sleep(Duration::from_secs(30)).await;
        }
        assert!(heard.calls().is_empty());
        // At 260 s the third one starts. It has 40 s left.
        world.find_all(&world.asking(), &locator).await;
        let calls = heard.calls();
        assert_eq!(calls.len(), 1);
        assert!(calls[0].at.abs_diff(Duration::from_secs(300)) <= Duration::from_millis(10), "{calls:?}");
        assert!(started.elapsed() < Duration::from_secs(302));
    });
}

#[test]
fn an_article_that_changes_while_it_is_asked_about_is_placed_by_what_it_says_now() {
    paused(async {
        let world = World::new();
        let heard = Heard::new(standin(latency(4_000, 4_000)));
        let locator = locator(&heard);
        let service = world.asking();
        let feed = feed_of(&service, "https://news.example/feed");
        service.take_in(&feed, &dispatches(0..10), 10).unwrap();
        during(&service, &locator, async {
            sleep(Duration::from_secs(5)).await;
            assert_eq!(heard.calls().len(), 1);
            let long = "It was in Hungary after all. ".repeat(10);
            let taken =
                service.take_in(&feed, &[entry("d3", "Outage of a grid, dispatch 3:", &long)], 1).unwrap();
            assert_eq!((taken.changed, world.waiting()), (1, 10));
            while world.waiting() > 0 {
                sleep(Duration::from_secs(1)).await;
            }
        })
        .await;
        let countries = |number: usize| -> Vec<String> {
            let places = world.places(world.articles()[number]);
            places.into_iter().map(|place| place.country).collect()
        };
        assert_eq!((countries(3), countries(4)), (vec!["HU".to_owned()], vec!["NO".to_owned()]));
        assert_eq!(heard.calls()[1].dispatches, [3], "the others are not asked about again");
    });
}

#[test]
fn what_is_removed_while_it_waits_is_not_asked_about() {
    paused(async {
        let world = World::new();
        let heard = Heard::new(standin(latency(0, 0)));
        let locator = locator(&heard);
        let service = world.asking();
        let feeds = [feed_of(&service, "https://a.example/"), feed_of(&service, "https://b.example/")];
        service.take_in(&feeds[0], &dispatches(0..5), 10).unwrap();
        service.take_in(&feeds[1], &dispatches(5..8), 10).unwrap();
        during(&service, &locator, async {
            sleep(Duration::from_secs(60)).await;
            service.remove_feed(feeds[0].id).unwrap();
            sleep(Duration::from_secs(600)).await;
        })
        .await;
        assert_eq!((heard.answered(), world.waiting()), (vec![5, 6, 7], 0));
    });
}
