//! Lists over a million articles: how long a page takes, for each order and what it is filtered by, at the top of the list and
//! deep in it. And how fast articles are taken in.
//!
//! `cargo bench -p watchfire-store --bench articles`. It prints distributions, so it is no bench of criterion's.
//! `WATCHFIRE_ARTICLES` sets how many articles. The file is made anew each time, in the folder for temporary files.
//!
//! Articles are spread over two years, 200 feeds (few have most), 50,000 entities and 120 countries (few are named most).
//! Severity is mostly low. Each of 20 users has 20,000 articles that matter to them, and dismissed a tenth.

#![expect(clippy::unwrap_used, clippy::print_stderr, clippy::disallowed_methods, reason = "a bench")]

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::{Duration, Instant};
use watchfire_store::{
    Action, ArticleId, ArticleOrder, ArticleQuery, Articles, Checkpointer, Columns, FeedId, Location,
    NewArticle, PlaceRow, RelevanceRow, Store, UserId,
};

const USERS: usize = 20;
const RELEVANT: usize = 20_000;
const FEEDS: usize = 200;
const ENTITIES: usize = 50_000;
const COUNTRIES: usize = 120;
const BATCH: usize = 5_000;
/// As the service does, what stands in the log is brought into the file beside the writing.
const CHECKPOINT_EVERY: usize = 4;
const NOW: i64 = 1_790_000_000_000;
const DAY: i64 = 86_400_000;
const SPAN: i64 = 730 * DAY;

struct Articled {
    store: Store,
    feeds: Vec<FeedId>,
    users: Vec<UserId>,
}

/// A number below `count` that is small most often.
fn few(rng: &mut ChaCha8Rng, count: usize) -> usize {
    let share: f64 = rng.random();
    ((count as f64).powf(share) as usize).min(count) - 1
}

fn severity(rng: &mut ChaCha8Rng) -> u8 {
    match rng.random_range(0..1_000) {
        0 => 6,
        1..10 => 5,
        10..60 => 4,
        60..250 => 3,
        250..600 => 2,
        _ => 1,
    }
}

fn country(number: usize) -> String {
    let letter = |number: usize| char::from(b'A' + (number % 26) as u8);
    [letter(number / 26), letter(number)].into_iter().collect()
}

fn article(rng: &mut ChaCha8Rng, number: u64, count: usize, entities: usize, text: usize) -> NewArticle {
    // Most come in the order of time, a few hours late.
    let published = NOW - SPAN + (number as i64) * (SPAN / count as i64) - rng.random_range(0..DAY / 4);
    let words: String = (0..text / 8).map(|_| format!("{:07x} ", rng.random_range(0..9_999_999))).collect();
    NewArticle {
        guid: rng.random(),
        link_hash: Some(rng.random()),
        content_hash: Some(rng.random()),
        title: format!("Article {number} on what somebody found out about somebody else"),
        link: format!("https://news.example/2026/{number}/what-somebody-found-out"),
        author: "A. Writer".to_owned(),
        published,
        fetched: NOW,
        severity: severity(rng),
        summary: format!("{number:200}"),
        text: words,
        language: "en".to_owned(),
        entities: (0..entities).map(|_| entity(rng)).collect(),
        locate: false,
    }
}

fn make(store: Store, checkpointer: &Checkpointer, count: usize) -> Articled {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let articles = store.articles();
    let feeds: Vec<_> = (0..FEEDS)
        .map(|feed| articles.add_feed(&format!("https://{feed}.example"), "", "", "{}").unwrap().0)
        .collect();
    // Smaller ones first, for comparison: what an article costs besides what it names and says.
    for (entities, text, batches) in [(0, 0, 10), (4, 0, 10), (4, 1_600, 10)] {
        let mut taken = Duration::ZERO;
        for batch in 0..batches {
            let feed = feeds[few(&mut rng, FEEDS)];
            let batch: Vec<_> = (0..BATCH)
                .map(|index| article(&mut rng, (batch * BATCH + index) as u64, count, entities, text))
                .collect();
            taken += take_in(articles, feed, &batch);
        }
        let rate = (batches * BATCH) as f64 / taken.as_secs_f64();
        eprintln!("upsert, new, {entities} entities, {text} bytes of text: {rate:.0} articles/s");
    }
    let before = 30 * BATCH;
    let mut taken = Duration::ZERO;
    let mut number = before as u64;
    while number < count as u64 {
        let feed = feeds[few(&mut rng, FEEDS)];
        let size = BATCH.min(count - number as usize);
        let batch: Vec<_> =
            (0..size as u64).map(|index| article(&mut rng, number + index, count, 4, 0)).collect();
        taken += take_in(articles, feed, &batch);
        if number == before as u64 {
            again(articles, feed, &batch);
        }
        number += size as u64;
        if (number as usize / BATCH).is_multiple_of(CHECKPOINT_EVERY) {
            checkpointer.run().unwrap();
        }
    }
    let rate = (count - before) as f64 / taken.as_secs_f64();
    eprintln!("upsert, new, 4 entities, up to {count}: {rate:.0} articles/s");
    places(articles, &mut rng, count);
    let users = users(articles, &mut rng, count);
    let began = Instant::now();
    articles.analyse().unwrap();
    eprintln!("analyse: {:?}", began.elapsed());
    Articled { store, feeds, users }
}

fn take_in(articles: Articles<'_>, feed: FeedId, batch: &[NewArticle]) -> Duration {
    let began = Instant::now();
    articles.upsert(feed, batch).unwrap();
    began.elapsed()
}

fn again(articles: Articles<'_>, feed: FeedId, batch: &[NewArticle]) {
    let taken = take_in(articles, feed, batch);
    eprintln!("upsert, seen before: {:.0} articles/s", batch.len() as f64 / taken.as_secs_f64());
    let changed: Vec<_> =
        batch.iter().map(|one| NewArticle { content_hash: Some(one.guid), ..one.clone() }).collect();
    let taken = take_in(articles, feed, &changed);
    eprintln!("upsert, changed: {:.0} articles/s", batch.len() as f64 / taken.as_secs_f64());
}

fn places(articles: Articles<'_>, rng: &mut ChaCha8Rng, count: usize) {
    let began = Instant::now();
    for first in (0..count).step_by(BATCH) {
        let located: Vec<_> = (first..(first + BATCH).min(count))
            .filter(|number| number % 2 == 0)
            .map(|number| {
                let place = PlaceRow {
                    place: rng.random_range(0..30_000),
                    name: "Somewhere".to_owned(),
                    latitude: 50.0,
                    longitude: 8.0,
                    country: country(few(rng, COUNTRIES)),
                };
                (ArticleId(number as i64 + 1), vec![place])
            })
            .collect();
        articles.located(&located).unwrap();
    }
    eprintln!("places: {:.0} articles/s", count as f64 / 2.0 / began.elapsed().as_secs_f64());
}

fn users(articles: Articles<'_>, rng: &mut ChaCha8Rng, count: usize) -> Vec<UserId> {
    let began = Instant::now();
    let mut users = Vec::new();
    for user in 0..USERS {
        let user = articles.put_profile(&format!("user-{user}"), "{}", 0).unwrap().id;
        let mut numbers: Vec<i64> = (0..RELEVANT).map(|_| rng.random_range(1..=count as i64)).collect();
        numbers.sort_unstable();
        for numbers in numbers.chunks(BATCH) {
            let rows: Vec<_> = numbers
                .iter()
                .map(|number| RelevanceRow {
                    article: ArticleId(*number),
                    score: 1 + few(rng, 1_000) as u16,
                    reasons: "[{\"what\":\"entity-7\",\"why\":\"stack\",\"weight\":120}]".to_owned(),
                })
                .collect();
            articles.put_relevance(user, &rows).unwrap();
        }
        for number in numbers.iter().step_by(10).take(500) {
            articles.act(user, ArticleId(*number), Action::Dismissed, NOW).unwrap();
        }
        users.push(user);
    }
    let rate = (USERS * RELEVANT) as f64 / began.elapsed().as_secs_f64();
    eprintln!("relevance: {rate:.0} rows/s");
    users
}

type Kind = (&'static str, fn(&mut ArticleQuery, &Articled, &mut ChaCha8Rng));

fn entity(rng: &mut ChaCha8Rng) -> (u8, String) {
    let entity = few(rng, ENTITIES);
    ((entity % 12) as u8, format!("entity-{entity}"))
}

fn some_time(rng: &mut ChaCha8Rng) -> i64 {
    NOW - rng.random_range(0..SPAN)
}

const FILTERS: [Kind; 15] = [
    ("all", |_, _, _| {}),
    ("severity >= 3", |query, _, _| query.min_severity = 3),
    ("severity >= 5", |query, _, _| query.min_severity = 5),
    ("severity >= 6", |query, _, _| query.min_severity = 6),
    ("score >= 200", |query, _, _| query.min_score = 200),
    ("score >= 900", |query, _, _| query.min_score = 900),
    ("feed", |query, made, rng| query.feed = Some(made.feeds[few(rng, FEEDS)])),
    ("entity", |query, _, rng| query.entity = Some(entity(rng))),
    ("country", |query, _, rng| query.country = Some(country(few(rng, COUNTRIES)))),
    ("last week", |query, _, _| query.since = Some(NOW - 7 * DAY)),
    ("some 90 days", |query, _, rng| {
        let since = some_time(rng);
        (query.since, query.until) = (Some(since), Some(since + 90 * DAY));
    }),
    ("undismissed", |query, _, _| query.hide_dismissed = true),
    ("undismissed, severity >= 4, 90 days", |query, _, rng| {
        (query.hide_dismissed, query.min_severity) = (true, 4);
        query.since = Some(some_time(rng));
    }),
    ("entity and country", |query, _, rng| {
        (query.entity, query.country) = (Some(entity(rng)), Some(country(few(rng, COUNTRIES))));
    }),
    ("entity, feed, severity >= 4", |query, made, rng| {
        (query.entity, query.feed) = (Some(entity(rng)), Some(made.feeds[few(rng, FEEDS)]));
        query.min_severity = 4;
    }),
];

/// So many queries of each kind.
fn lists(made: &Articled, limit: u32, columns: Columns, queries: usize) {
    let articles = made.store.articles();
    eprintln!(
        "limit {limit}, p50 / p99 / most in microseconds (p99 / most without waiting for a core); short: neither full nor the last page"
    );
    for order in ["relevance", "severity", "published"] {
        for (name, filter) in FILTERS {
            let mut rng = ChaCha8Rng::seed_from_u64(7);
            let (mut first, mut deep, mut rows, mut short) = (Vec::new(), Vec::new(), 0, 0);
            for _ in 0..queries {
                let user = made.users[rng.random_range(0..USERS)];
                let mut query = ArticleQuery {
                    order: match order {
                        "relevance" => ArticleOrder::Relevance(user),
                        "severity" => ArticleOrder::Severity,
                        _ => ArticleOrder::Published,
                    },
                    reader: Some(user),
                    columns,
                    limit,
                    ..ArticleQuery::default()
                };
                filter(&mut query, made, &mut rng);
                let mut take = |query: &ArticleQuery, into: &mut Vec<(Duration, Duration)>| {
                    let waited = waited_for_a_core();
                    let began = Instant::now();
                    let page = articles.list(query).unwrap();
                    let taken = began.elapsed();
                    into.push((taken, taken.saturating_sub(waited_for_a_core().saturating_sub(waited))));
                    rows += page.articles.len();
                    short += usize::from(page.next.is_some() && page.articles.len() < limit as usize);
                };
                take(&query, &mut first);
                let published = some_time(&mut rng);
                let value = match order {
                    "relevance" => 1 + few(&mut rng, 1_000) as i64,
                    "severity" => i64::from(severity(&mut rng)),
                    _ => published,
                };
                let article = rng.random_range(0..1_000_000);
                query.after = Some(watchfire_store::ArticleCursor { value, published, article });
                take(&query, &mut deep);
            }
            let pages = (2 * queries) as f64;
            eprintln!(
                "{order:>9}, {name:<36} first {} deep {} rows {:>5.1} short {:>4.1} %",
                spread(&mut first),
                spread(&mut deep),
                rows as f64 / pages,
                100.0 * short as f64 / pages,
            );
        }
    }
}

/// How long this thread stood in the queue for a core so far: on a machine that does other things, much of the slowest pages
/// is that. Zero where the system does not say.
fn waited_for_a_core() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split_whitespace().nth(1).and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

/// p50, p99 and most as it went; p99 and most without waiting for a core.
fn spread(taken: &mut [(Duration, Duration)]) -> String {
    let place = |share: f64| ((taken.len() - 1) as f64 * share) as usize;
    let places = [place(0.5), place(0.99), place(1.0)];
    taken.sort_unstable_by_key(|(wall, _)| *wall);
    let wall = places.map(|place| taken[place].0.as_micros());
    taken.sort_unstable_by_key(|(_, running)| *running);
    let running = places.map(|place| taken[place].1.as_micros());
    format!("{:>5} / {:>5} / {:>6} ({:>5} / {:>6})", wall[0], wall[1], wall[2], running[1], running[2])
}

fn expiry(made: &Articled) {
    let articles = made.store.articles();
    let mut taken: Vec<_> = (0..100)
        .map(|_| {
            let waited = waited_for_a_core();
            let began = Instant::now();
            assert_eq!(articles.expire(NOW + 1, 100).unwrap(), 100);
            let taken = began.elapsed();
            (taken, taken.saturating_sub(waited_for_a_core().saturating_sub(waited)))
        })
        .collect();
    eprintln!("expire 100 at a time: {} microseconds", spread(&mut taken));
}

fn main() {
    let count = std::env::var("WATCHFIRE_ARTICLES").ok().and_then(|count| count.parse().ok());
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&Location::File(folder.path().join("articles.db"))).unwrap();
    let checkpointer = store.checkpointer().unwrap().unwrap();
    let made = make(store, &checkpointer, count.unwrap_or(1_000_000).max(200_000));
    checkpointer.run().unwrap();
    let path = folder.path().join("articles.db");
    // The file is in the system's cache from here on, as that of a service is that has run for a while. SQLite's own is cold.
    let size = std::io::copy(&mut std::fs::File::open(path).unwrap(), &mut std::io::sink()).unwrap();
    eprintln!("file: {} MB", size >> 20);
    lists(&made, 50, Columns::BRIEF | Columns::SUMMARY, 400);
    lists(&made, 500, Columns::BRIEF, 100);
    expiry(&made);
}
