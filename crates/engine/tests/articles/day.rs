//! A day of 200 users, replayed: how much of it the cache answers.
//!
//! The day is made up, and this is all of it. Of 200 users, 160 are there from 8 to 18 o'clock and 40 from 20 to 6. Each comes
//! eight times, at moments drawn evenly; half of the visits are of two minutes, three in ten of ten, two in ten of an hour. A
//! page asks for its list when it is opened, and again every so often while it is open: every 15 s on one day (a screen that
//! follows what is new), every three minutes on another (somebody who reads, and then looks what is new). Half of the users
//! look at what matters to them, without what they dismissed; three in ten at the latest of all feeds with their own marks; two
//! in ten at the latest as nobody in particular. With one look in five an article is opened or dismissed. Articles come every
//! five minutes from 7 to 19 o'clock, and every half hour at night, one to three at a time.
//!
//! A list that was loaded ahead of a look counts as a hit at that look.

use crate::readers::{news, profile};
use crate::world::{World, feed_of, paused};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use watchfire_engine::articles::Act;
use watchfire_store::articles::{ArticleId, ArticleOrder, ArticleQuery, Columns, UserId};

const USERS: usize = 200;
const VISITS: usize = 8;
const HOUR_S: u64 = 3600;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Articles,
    Look(usize),
}

fn list(user: usize, id: UserId) -> ArticleQuery {
    let all = ArticleQuery { columns: Columns::BRIEF, limit: 50, ..ArticleQuery::default() };
    match user % 10 {
        0..5 => ArticleQuery { order: ArticleOrder::Relevance(id), hide_dismissed: true, ..all },
        5..8 => ArticleQuery { reader: Some(id), ..all },
        _ => all,
    }
}

/// The moments of the day, in seconds since midnight, earliest first.
fn day(chance: &mut ChaCha8Rng, look_s: u64) -> BinaryHeap<Reverse<(u64, What)>> {
    let mut day = BinaryHeap::new();
    let mut now = 0;
    while now < 24 * HOUR_S {
        day.push(Reverse((now, What::Articles)));
        now += if (7 * HOUR_S..19 * HOUR_S).contains(&now) { 300 } else { 1800 };
    }
    for user in 0..USERS {
        for _ in 0..VISITS {
            let hour = if user % 5 < 4 {
                8 + chance.random_range(0..10)
            } else {
                (20 + chance.random_range(0..10)) % 24
            };
            let start = hour * HOUR_S + chance.random_range(0..HOUR_S);
            let minutes = [2, 2, 2, 2, 2, 10, 10, 10, 60, 60][chance.random_range(0..10)];
            let looks = (0..=minutes * 60 / look_s).map(|look| start + look * look_s);
            day.extend(looks.filter(|at| *at < 24 * HOUR_S).map(|at| Reverse((at, What::Look(user)))));
        }
    }
    day
}

#[test]
fn of_a_day_of_200_users_the_cache_answers_more_than_four_fifths() {
    for (look_s, least) in [(15, 0.9), (180, 0.8)] {
        for warms in [false, true] {
            let (rate, told) = paused(replay(look_s, warms));
            eprintln!(
                "a look every {look_s} s, warmed {warms}: {:.1} % out of the cache; {told}",
                100.0 * rate
            );
            assert!(!warms || rate > least, "{rate}");
        }
    }
}

/// Replays the day; says which share of lists came out of the cache, and more in words.
async fn replay(look_s: u64, warms: bool) -> (f64, String) {
    let mut chance = ChaCha8Rng::seed_from_u64(6);
    let world = World::new();
    let service = world.embedded();
    let feed = feed_of(&service, "https://one.example/");
    service.take_in(&feed, &news(0..200), 500).unwrap();
    let ids: Vec<UserId> = (0..USERS)
        .map(|user| {
            let words = [&["SCADA"][..], &["Rotterdam"], &["Phishing", "Ransomware"]][user % 3];
            service.put_profile(&profile(&format!("u{user}"), words, &["PL"])).unwrap().id
        })
        .collect();
    let (mut lists, mut hits, mut acts, mut next) = (0_u64, 0_u64, 0_u64, 200);
    let midnight = Instant::now();
    let mut day = day(&mut chance, look_s);
    let replay = async {
        while let Some(Reverse((at, what))) = day.pop() {
            sleep_until(midnight + Duration::from_secs(at)).await;
            match what {
                What::Articles => {
                    let count = chance.random_range(1..=3);
                    service.take_in(&feed, &news(next..next + count), 500).unwrap();
                    next += count;
                }
                What::Look(user) => {
                    let before = service.list_statistics();
                    let page = service.list(list(user, ids[user])).await.unwrap();
                    let after = service.list_statistics();
                    lists += 1;
                    hits += after.hits + after.shared - before.hits - before.shared;
                    if let Some(article) = page.articles.first().filter(|_| chance.random_bool(0.2)) {
                        acts += 1;
                        let act = if chance.random_bool(0.7) { Act::Open } else { Act::Dismiss };
                        service.act(&format!("u{user}"), ArticleId(article.id), act).unwrap();
                    }
                }
            }
        }
    };
    if warms {
        tokio::select! {
            () = replay => {}
            () = service.warm_lists() => {}
        }
    } else {
        replay.await;
    }
    let loads = service.list_statistics().misses;
    (
        hits as f64 / lists as f64,
        format!("{lists} lists, {loads} loads, {acts} acts, {} articles", next - 200),
    )
}
