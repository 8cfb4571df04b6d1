//! Batches go when they are full or when their first article has waited long enough, and keep to the provider's limit.

use crate::heard::Heard;
use crate::world::{
    World, bill, dispatch, dispatches, during, feed_of, latency, locator, paused, rolling, standin,
};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use watchfire_engine::articles::Locator;
use watchfire_engine::{Asker, articles::ArticleService};
use watchfire_flow::BudgetConfig;
use watchfire_standin::{Config, Limits, Quota};

const AGE: Duration = Duration::from_secs(300);
const TEN_MS: Duration = Duration::from_millis(10);

#[test]
fn ten_thousand_articles_are_a_thousand_calls_none_refused_and_each_is_placed_once() {
    paused(async {
        let world = World::new();
        // 50 a minute, ten times as fast.
        let window = Duration::from_secs(6);
        let limits = Limits { requests: Some(Quota { amount: 50, window }), ..Limits::default() };
        let heard = Heard::new(Config { default_limits: limits, ..standin(latency(10, 40)) });
        let usual = locator(&heard);
        let limits = BudgetConfig { quotas: vec![rolling(50, 6)], ..usual.asker.limits.clone() };
        let locator = Locator { asker: Asker { limits, ..usual.asker }, ..usual };
        let service = world.asking();
        let feed = feed_of(&service, "https://news.example/feed");
        let taken = service.take_in(&feed, &dispatches(0..10_000), usize::MAX).unwrap();
        assert_eq!((taken.new, world.waiting()), (10_000, 10_000));

        let started = Instant::now();
        world.find_all(&service, &locator).await;
        eprintln!("10,000 articles in {:?} at 50 calls in 6 s", started.elapsed());
        let bill = bill(&heard);
        assert_eq!((bill.refused, bill.calls, bill.answered, bill.most_articles), (0, 1_000, 1_000, 10));
        assert_eq!(bill.max_in_window, 50, "all of the limit is used");
        // Each was asked about once, in the order in which it came, and has its own place.
        assert_eq!(heard.answered(), (0..10_000).collect::<Vec<_>>());
        world.all_are_placed();
        let lines: u64 = world.store.ledger(0, i64::MAX).unwrap().iter().map(|line| line.calls).sum();
        assert_eq!(lines, bill.calls, "the ledger is the provider's own count");
        let statistics = service.location_statistics().unwrap().unwrap();
        assert_eq!((statistics.given_up, statistics.batches.size_flushes), (0, 1_000));
        // 20 rounds of 50; what is added is what calls take, since a slot is free a window after its response.
        assert!(started.elapsed() < Duration::from_secs(20 * 6 + 60), "{:?}", started.elapsed());
    });
}

/// Takes one in each minute, and says when each was stored.
async fn trickle(service: &ArticleService, started: Instant, count: usize) -> Vec<Duration> {
    let feed = feed_of(service, "https://news.example/feed");
    let mut stored = Vec::new();
    for number in 0..count {
        stored.push(started.elapsed());
        service.take_in(&feed, &[dispatch(number)], 10).unwrap();
        sleep(Duration::from_secs(60)).await;
    }
    stored
}

#[test]
fn of_a_trickle_each_article_is_asked_about_300_s_after_the_first_of_its_batch_and_nothing_when_idle() {
    for adaptive in [false, true] {
        paused(async {
            let world = World::new();
            let heard = Heard::new(standin(latency(0, 0)));
            let locator = Locator { adaptive, ..locator(&heard) };
            let (service, started) = (world.asking(), Instant::now());
            let stored = during(&service, &locator, async {
                // Nobody comes at first.
                sleep(Duration::from_mins(17)).await;
                let stored = trickle(&service, started, 60).await;
                sleep(Duration::from_hours(3)).await;
                stored
            })
            .await;
            let calls = heard.calls();
            assert_eq!(heard.answered(), (0..60).collect::<Vec<_>>());
            world.all_are_placed();
            for call in &calls {
                let waited = call.at.abs_diff(stored[call.dispatches[0]]);
                if adaptive {
                    assert!(waited <= AGE + TEN_MS, "{waited:?} of {call:?}");
                } else {
                    assert!(waited.abs_diff(AGE) <= TEN_MS, "{waited:?} of {call:?}");
                }
            }
            // Five come in 300 s. Where the hour's traffic is followed, smaller batches go while it is being learned.
            assert!(calls.len() <= if adaptive { 20 } else { 12 }, "{}", calls.len());
        });
    }
}
