//! A provider that fails for an hour costs time and no article.

use crate::heard::Heard;
use crate::world::{World, bill, dispatch, dispatches, during, feed_of, latency, locator, paused, standin};
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use watchfire_engine::Asker;
use watchfire_engine::articles::Locator;
use watchfire_standin::{Behaviour, Config, Garbage};

const HOUR: Duration = Duration::from_hours(1);

/// Ends the provider's life for an hour once it was called so often; ends the garbage, too.
async fn dies_after(heard: &Heard, calls: usize) -> Duration {
    let started = Instant::now();
    while heard.calls().len() < calls {
        sleep(Duration::from_millis(5)).await;
    }
    heard.standin.behave(json!({"dead_for_ms": HOUR.as_millis() as u64, "garbage": 0.0})).unwrap();
    started.elapsed()
}

#[test]
fn an_hours_outage_loses_nothing_keeps_the_order_and_is_hardly_called() {
    paused(async {
        let world = World::new();
        let heard = Heard::new(standin(latency(200, 400)));
        let locator = locator(&heard);
        let service = world.asking();
        let feed = feed_of(&service, "https://news.example/feed");
        service.take_in(&feed, &dispatches(0..200), usize::MAX).unwrap();
        let (died, took) = during(&service, &locator, async {
            let died = dies_after(&heard, 8).await;
            // Articles go on coming meanwhile, and after it.
            for number in 200..320 {
                service.take_in(&feed, &[dispatch(number)], 10).unwrap();
                sleep(Duration::from_secs(60)).await;
            }
            let started = Instant::now();
            while world.waiting() > 0 {
                sleep(Duration::from_secs(1)).await;
            }
            (died, started.elapsed())
        })
        .await;
        let during_it = heard.calls().iter().filter(|call| call.at > died && call.at < died + HOUR).count();
        eprintln!(
            "{during_it} calls in an hour of failing; the last was placed {took:?} after the last came"
        );
        assert!(during_it <= 40, "{during_it} calls to a provider that is dead");
        assert_eq!(heard.answered(), (0..320).collect::<Vec<_>>(), "in order, each answered once");
        assert_eq!(service.location_statistics().unwrap().unwrap().given_up, 0);
        world.all_are_placed();
        assert!(took <= Duration::from_mins(5), "{took:?}");
        let lines: u64 = world.store.ledger(0, i64::MAX).unwrap().iter().map(|line| line.calls).sum();
        assert_eq!(lines, bill(&heard).calls, "what failed is in the ledger too");
    });
}

#[test]
fn an_outage_in_the_middle_of_a_batch_costs_none_of_it() {
    paused(async {
        let world = World::new();
        // The first answer can't be read, so that the batch is asked about in halves, and the first half is still answered.
        let garbled =
            Behaviour { garbage: 1.0, garbage_kinds: vec![Garbage::TruncatedJson], ..latency(500, 500) };
        let heard = Heard::new(standin(garbled));
        let locator = locator(&heard);
        let service = world.asking();
        let feed = feed_of(&service, "https://news.example/feed");
        service.take_in(&feed, &dispatches(0..30), usize::MAX).unwrap();
        during(&service, &locator, async {
            while heard.calls().len() < 2 {
                sleep(Duration::from_millis(5)).await;
            }
            heard.standin.behave(json!({"garbage": 0.0})).unwrap();
            dies_after(&heard, 3).await;
            sleep(HOUR / 2).await;
            assert_eq!(world.waiting(), 25, "what was answered is stored");
            sleep(HOUR / 2).await;
            while world.waiting() > 0 {
                sleep(Duration::from_secs(1)).await;
            }
        })
        .await;
        world.all_are_placed();
        assert_eq!(service.location_statistics().unwrap().unwrap().given_up, 0);
        let after = heard.calls().into_iter().filter(|call| call.at > HOUR && call.is_answered);
        assert_eq!(after.flat_map(|call| call.dispatches).collect::<Vec<_>>(), (5..30).collect::<Vec<_>>());
    });
}

#[test]
fn a_provider_that_fails_for_good_is_called_ever_more_seldom_and_then_the_gazetteer_places() {
    let failing = standin(Behaviour { server_errors: 1.0, ..latency(0, 0) });
    let refusing = Config { key: "another".to_owned(), ..standin(latency(0, 0)) };
    for (config, least) in [(failing, HOUR), (refusing, HOUR / 2)] {
        paused(async {
            let world = World::new();
            let heard = Heard::new(config);
            let locator = locator(&heard);
            let service = world.asking();
            let feed = feed_of(&service, "https://news.example/feed");
            service.take_in(&feed, &dispatches(0..10), usize::MAX).unwrap();
            let started = Instant::now();
            timeout(24 * HOUR, world.find_all(&service, &locator)).await.unwrap();
            let (took, calls) = (started.elapsed(), heard.calls().len());
            eprintln!("given up after {took:?} and {calls} calls");
            assert!(took > least && calls < 60, "{calls} calls in {took:?}");
            world.all_are_placed();
            assert_eq!(service.location_statistics().unwrap().unwrap().given_up, 10);
        });
    }
}

#[test]
fn finding_places_now_ends_though_the_provider_is_dead_and_the_next_time_finds_them() {
    paused(async {
        let world = World::new();
        let heard = Heard::new(standin(Behaviour { dead: true, ..latency(0, 0) }));
        let usual = locator(&heard);
        let locator = Locator { asker: Asker { patience: Duration::from_secs(60), ..usual.asker }, ..usual };
        let service = world.asking();
        let feed = feed_of(&service, "https://news.example/feed");
        service.take_in(&feed, &dispatches(0..25), usize::MAX).unwrap();
        let ended = timeout(Duration::from_mins(30), service.find_places_now(&locator)).await;
        ended.unwrap().unwrap();
        assert_eq!(world.waiting(), 25);
        heard.standin.behave(json!({"dead": false})).unwrap();
        service.find_places_now(&locator).await.unwrap();
        world.all_are_placed();
    });
}
