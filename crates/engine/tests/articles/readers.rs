//! What matters to whom: scores are those of the rules, what is dismissed is gone until it is taken back, and nobody's
//! calculation waits for the whole of somebody else's.

use crate::world::{World, entry, feed_of, paused};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::sleep;
use watchfire_engine::articles::{Act, ArticleEvent, ArticleService, Job, JobState, NotQueued};
use watchfire_feeds::parse::Entry;
use watchfire_feeds::relevance::{CompiledProfile, Keyword, Leaning, Profile};
use watchfire_feeds::severity::severity;
use watchfire_feeds::{Entity, EntityKind, Reading, Subject};
use watchfire_store::articles::{ArticleId, ArticleOrder, ArticleQuery, Columns, UserId};

pub fn profile(user: &str, keywords: &[&str], regions: &[&str]) -> Profile {
    Profile {
        minimum_score: 1,
        keywords: keywords.iter().map(|word| Keyword::new(*word)).collect(),
        regions: regions.iter().map(|region| (*region).to_owned()).collect(),
        ..Profile::new(user)
    }
}

/// Articles of many kinds, all different.
pub fn news(numbers: std::ops::Range<usize>) -> Vec<Entry> {
    const WHAT: [&str; 5] =
        ["Ransomware", "A zero-day exploited in the wild", "A webinar", "Phishing", "A quiet day"];
    const WHERE: [&str; 4] =
        ["a hospital in Poland", "the port of Rotterdam", "a grid in Spain", "nowhere in particular"];
    let one = |number: usize| {
        let (what, place) = (WHAT[number % 5], WHERE[number / 5 % 4]);
        let text = format!(
            "{what} at {place}. CVE-2026-{:04} and 198[.]51[.]100[.]{} are named; the SCADA of number {number} too.",
            1000 + number % 7,
            number % 200,
        );
        entry(&format!("n{number}"), &format!("{what}: {place} ({number})"), &text)
    };
    numbers.map(one).collect()
}

pub fn by_relevance(user: UserId) -> ArticleQuery {
    let columns = Columns::SCORE | Columns::REASONS | Columns::ACTION | Columns::TITLE;
    ArticleQuery {
        order: ArticleOrder::Relevance(user),
        hide_dismissed: true,
        columns,
        limit: 500,
        ..ArticleQuery::default()
    }
}

/// Does the work while calculations go on, until none waits or runs.
async fn calculated<T>(service: &ArticleService, work: impl Future<Output = T>) -> T {
    let until_done = async {
        let done = work.await;
        while service.jobs() != (0, 0) {
            sleep(Duration::from_millis(10)).await;
        }
        done
    };
    tokio::select! {
        done = until_done => done,
        () = service.calculate_queued() => panic!("nobody calculates any more"),
    }
}

/// The list of a reader: article, score.
async fn scores(service: &ArticleService, user: UserId) -> Vec<(i64, u16)> {
    let page = service.list(by_relevance(user)).await.unwrap();
    page.articles.iter().map(|article| (article.id, article.score.unwrap())).collect()
}

/// What the rules say of each article that is stored, the best first.
fn scored_directly(world: &World, profile: &Profile, source: &str) -> Vec<(i64, u16)> {
    let compiled = CompiledProfile::new(profile).unwrap();
    let columns = Columns::TITLE | Columns::TEXT | Columns::ENTITIES | Columns::PLACES;
    let mut scores = Vec::new();
    for id in world.articles() {
        let read = world.store.articles().article(id, None, columns).unwrap().unwrap();
        let entities: Vec<Entity> = read
            .entities
            .into_iter()
            .map(|(kind, value)| Entity { kind: EntityKind::from_id(kind).unwrap(), value })
            .collect();
        let countries: Vec<String> = read.places.into_iter().map(|place| place.country).collect();
        let (title, text) = (read.title.unwrap(), read.text.unwrap());
        let subject = Subject {
            title: &title,
            text: &text,
            entities: &entities,
            countries: &countries,
            source,
            source_weight: 1.0,
            ..Subject::default()
        };
        let reading = Reading::of(subject);
        let relevance = compiled.score(&reading, &severity(&reading), &Leaning::default());
        if relevance.is_wanted && relevance.score > 0 {
            scores.push((id.0, relevance.score, read.published));
        }
    }
    scores.sort_by_key(|(id, score, published)| std::cmp::Reverse((*score, *published, *id)));
    scores.into_iter().map(|(id, score, _)| (id, score)).collect()
}

#[test]
fn a_list_by_relevance_is_what_the_rules_say_of_each_article_whether_it_came_before_or_after_the_profile() {
    paused(async {
        let world = World::new();
        let service = world.embedded();
        let feed = feed_of(&service, "https://one.example/");
        service.take_in(&feed, &news(0..120), 500).unwrap();
        let profile = profile("ann", &["SCADA", "Ransomware"], &["PL", "ES"]);
        let ann = service.put_profile(&profile).unwrap().id;
        assert!(scores(&service, ann).await.is_empty(), "nothing is calculated yet");
        calculated(&service, async { service.calculate("ann", 0).unwrap() }).await;
        let before = scores(&service, ann).await;
        assert_eq!(before, scored_directly(&world, &profile, &feed.url));
        assert!(before.len() > 100 && before[0].1 > before[99].1, "{before:?}");
        // What comes later is scored as it comes, and calculating it again changes nothing.
        service.take_in(&feed, &news(120..240), 500).unwrap();
        let fresh = scores(&service, ann).await;
        assert_eq!(fresh, scored_directly(&world, &profile, &feed.url));
        calculated(&service, async { service.calculate("ann", 0).unwrap() }).await;
        assert_eq!(scores(&service, ann).await, fresh);
        // Of another profile nothing of the first is left.
        let other = Profile { minimum_score: 300, ..self::profile("ann", &["Rotterdam"], &[]) };
        service.put_profile(&other).unwrap();
        calculated(&service, async { service.calculate("ann", 0).unwrap() }).await;
        assert_eq!(scores(&service, ann).await, scored_directly(&world, &other, &feed.url));
    });
}

#[test]
fn what_is_dismissed_is_hidden_until_it_is_taken_back_and_that_leaves_no_trace() {
    paused(async {
        let world = World::new();
        let service = world.embedded();
        let feed = feed_of(&service, "https://one.example/");
        service.take_in(&feed, &news(0..40), 500).unwrap();
        let ann = service.put_profile(&profile("ann", &["SCADA"], &["PL"])).unwrap().id;
        let bob = service.put_profile(&profile("bob", &["SCADA"], &["PL"])).unwrap().id;
        calculated(&service, async {
            (service.calculate("ann", 0).unwrap(), service.calculate("bob", 0).unwrap())
        })
        .await;
        let before = scores(&service, ann).await;
        let first = ArticleId(before[0].0);
        for _ in 0..2 {
            service.act("ann", first, Act::Dismiss).unwrap();
            assert!(!scores(&service, ann).await.iter().any(|(id, _)| *id == first.0));
            assert_eq!(scores(&service, bob).await.len(), before.len(), "it is ann's own affair");
        }
        // It learns: what is like it matters less, once it is calculated again; taken back, it is as before.
        calculated(&service, async { service.calculate("ann", 0).unwrap() }).await;
        let learned = scores(&service, ann).await;
        let score = |scores: &[(i64, u16)], id| {
            scores.iter().find(|(known, _)| *known == id).map(|(_, score)| *score)
        };
        assert!(learned.iter().any(|(id, after)| score(&before, *id).unwrap() > *after));
        service.act("ann", first, Act::TakeBack).unwrap();
        calculated(&service, async { service.calculate("ann", 0).unwrap() }).await;
        assert_eq!(scores(&service, ann).await, before);
        // After a restart it still knows.
        service.act("ann", first, Act::Dismiss).unwrap();
        let again = world.embedded();
        calculated(&again, async { again.calculate("ann", 0).unwrap() }).await;
        assert_eq!(scores(&again, ann).await, learned);
    });
}

#[test]
fn of_what_two_do_at_once_in_one_name_all_is_learned() {
    paused(async {
        let world = World::new();
        let service = world.embedded();
        let feed = feed_of(&service, "https://one.example/");
        service.take_in(&feed, &news(0..60), 500).unwrap();
        let ann = service.put_profile(&profile("ann", &["SCADA"], &["PL"])).unwrap().id;
        calculated(&service, async { service.calculate("ann", 0).unwrap() }).await;
        let before = scores(&service, ann).await;
        let at_once = |act| {
            std::thread::scope(|threads| {
                for half in world.articles().chunks(30) {
                    let (service, half) = (&service, half.to_vec());
                    threads
                        .spawn(move || half.into_iter().for_each(|id| service.act("ann", id, act).unwrap()));
                }
            });
        };
        at_once(Act::Dismiss);
        assert!(scores(&service, ann).await.is_empty());
        at_once(Act::TakeBack);
        calculated(&service, async { service.calculate("ann", 0).unwrap() }).await;
        assert_eq!(scores(&service, ann).await, before, "taken back, nothing is left of it");
    });
}

#[test]
fn the_fifty_first_calculation_in_five_minutes_is_refused_with_the_wait_and_goes_after_it() {
    paused(async {
        let world = World::new();
        let service = world.embedded();
        for user in ["ann", "bob"] {
            service.put_profile(&profile(user, &["SCADA"], &[])).unwrap();
        }
        for since in 0..50 {
            service.calculate("ann", since).unwrap();
            sleep(Duration::from_secs(1)).await;
        }
        let Err(NotQueued::TooOften(wait)) = service.calculate("ann", 0) else { panic!("the 51st went") };
        // Until the first is five minutes ago.
        assert!(wait.abs_diff(Duration::from_secs(250)) <= Duration::from_millis(1), "{wait:?}");
        service.calculate("bob", 0).unwrap();
        sleep(wait.saturating_sub(Duration::from_millis(2))).await;
        assert!(service.calculate("ann", 0).is_err());
        sleep(Duration::from_millis(2)).await;
        service.calculate("ann", 0).unwrap();
        assert!(service.calculate("ann", 0).is_err(), "one was free");
        assert_eq!(service.calculate("nobody", 0), Err(NotQueued::Nobody("nobody".to_owned())));
    });
}

#[test]
fn readers_take_turns_though_one_of_them_asks_for_much() {
    paused(async {
        let world = World::new();
        let service = world.embedded();
        let feed = feed_of(&service, "https://one.example/");
        service.take_in(&feed, &news(0..1_000), 5_000).unwrap();
        for user in ["ann", "bob", "cid", "dee", "eve"] {
            service.put_profile(&profile(user, &["SCADA"], &[])).unwrap();
        }
        let mut events = service.events();
        let jobs = calculated(&service, async {
            // Ann asks for four, then the others for one each.
            let mut jobs: Vec<u64> =
                (0..4).map(|since| service.calculate("ann", since).unwrap().job).collect();
            jobs.extend(["bob", "cid", "dee", "eve"].map(|user| service.calculate(user, 0).unwrap().job));
            jobs
        })
        .await;
        // How far the others were when somebody was first done with all.
        let mut done: HashMap<u64, u64> = HashMap::new();
        let mut at_the_first_end = None;
        let mut order = Vec::new();
        while let Ok(event) = events.try_recv() {
            let ArticleEvent::Job(Job { id, done: of_it, total, state, .. }) = event else { continue };
            done.insert(id, of_it);
            if of_it == total && total > 0 && at_the_first_end.is_none() {
                at_the_first_end = Some(done.clone());
            }
            if state == JobState::Done {
                order.push(id);
            }
        }
        let at_the_first_end = at_the_first_end.unwrap();
        for other in &jobs[4..] {
            let of_it = at_the_first_end.get(other).copied().unwrap_or(0);
            assert!(
                of_it >= 600,
                "job {other} had {of_it} of 1,000 when the first was done: {at_the_first_end:?}"
            );
        }
        // Ann's second begins after her first, with the others before it.
        assert_eq!(order[5..], jobs[1..4], "{order:?}");
        for job in jobs {
            let job = service.job(job).unwrap();
            assert_eq!((job.state, job.done, job.total), (JobState::Done, 1_000, 1_000));
        }
    });
}
