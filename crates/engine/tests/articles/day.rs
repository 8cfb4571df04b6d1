//! A day of 200 users, replayed: how much of it the cache answers.
//!
//! The day is made up, and this is all of it. Of 200 users, 160 are there from 8 to 18 o'clock UTC and 40 at night. Each comes
//! eight times, at moments drawn evenly; half of the visits are of two minutes, three in ten of ten, two in ten of an hour.
//! An open page asks for its list when it is opened, and again every 15 s: the page shows what is new without being
//! asked. Half of the users look at what matters to them, without what they dismissed; three in ten at the latest of all feeds
//! with their own marks, two in ten at the latest as nobody in particular. In a visit a user opens or dismisses an article with a
//! chance of one in five at each look. Articles come every five minutes from 7 to 19 o'clock, and every half hour at night, one
//! to three at a time.

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
const LOOK_S: u64 = 15;
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
fn day(chance: &mut ChaCha8Rng) -> BinaryHeap<Reverse<(u64, What)>> {
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
            let looks = (0..=minutes * 60 / LOOK_S).map(|look| start + look * LOOK_S);
            day.extend(looks.filter(|at| *at < 24 * HOUR_S).map(|at| Reverse((at, What::Look(user)))));
        }
    }
    day
}

#[test]
#[expect(clippy::print_stderr, reason = "the rate is what this is for")]
fn of_a_day_of_200_users_the_cache_answers_more_than_four_fifths() {
    paused(async {
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
        let (mut lists, mut acts, mut next) = (0_u64, 0_u64, 200);
        // The world begins at 7 o'clock; the day begins then, and ends at 7.
        let midnight = Instant::now();
        let mut day = day(&mut chance);
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
                        lists += 1;
                        let page = service.list(list(user, ids[user])).await.unwrap();
                        if let Some(article) = page.articles.first().filter(|_| chance.random_bool(0.2)) {
                            acts += 1;
                            let act = if chance.random_bool(0.7) { Act::Open } else { Act::Dismiss };
                            service.act(&format!("u{user}"), ArticleId(article.id), act).unwrap();
                        }
                    }
                }
            }
        };
        tokio::select! {
            () = replay => {}
            () = service.warm_lists() => {}
        }
        let statistics = service.list_statistics();
        let rate = (statistics.hits + statistics.shared) as f64 / lists as f64;
        eprintln!(
            "{lists} lists, {acts} acts, {next} articles: {:.1} % out of the cache; {statistics:?}",
            100.0 * rate
        );
        assert!(rate > 0.8, "{rate}");
    });
}
