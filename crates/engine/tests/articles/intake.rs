//! Articles are taken in once, whoever brings them, and what they warn of is known to triage for a while.

use crate::world::{World, entry, feed_of, paused, published};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::sleep;
use watchfire_engine::articles::{ArticleService, ArticleSetup};
use watchfire_feeds::Names;
use watchfire_feeds::parse::Entry;
use watchfire_signal::{Indicator, IndicatorKind, Reputation};
use watchfire_store::articles::{ArticleQuery, Columns};

const DAY: Duration = Duration::from_hours(24);

fn titles(service: &ArticleService) -> Vec<String> {
    let query = ArticleQuery { columns: Columns::BRIEF, limit: 500, ..ArticleQuery::default() };
    let page = service.store().articles().list(&query).unwrap();
    page.articles.into_iter().map(|article| article.title.unwrap()).collect()
}

#[test]
fn an_article_is_known_again_by_its_id_its_link_and_its_content_and_changes_in_its_place() {
    paused(async {
        let world = World::new();
        let service = world.embedded();
        let feeds = ["https://one.example/", "https://two.example/"].map(|url| feed_of(&service, url));
        let long = "The flaw lets strangers in by the window. ".repeat(8);
        let first = entry("a", "A flaw in windows", &long);
        let take = |feed: usize, entry: &Entry| {
            service.take_in(&feeds[feed], std::slice::from_ref(entry), 10).unwrap()
        };
        let counts = |taken: watchfire_engine::articles::Taken| (taken.new, taken.changed, taken.duplicates);
        assert_eq!(counts(take(0, &first)), (1, 0, 0));
        // By its id; by its link, whatever follows readers; by what it says, in other spaces and capitals.
        assert_eq!(counts(take(0, &first)), (0, 0, 1));
        let link = Some("http://www.news.example/a/?utm_source=two#top".to_owned());
        assert_eq!(counts(take(1, &Entry { link, ..entry("x", "Otherwise", "Something else.") })), (0, 0, 1));
        let copied = entry("copied", "A FLAW  in windows", &long.replace(' ', "\n"));
        assert_eq!(counts(take(1, &copied)), (0, 0, 1));
        // "Read more" is said by many.
        for id in ["short-1", "short-2"] {
            assert_eq!(counts(take(1, &entry(id, "News", "Read more"))), (1, 0, 0));
        }
        // Its feed says something else: in its place, found by what it says now.
        let changed = entry("a", "A flaw in doors", &long.replace("window", "door of Poland"));
        let query = ArticleQuery { country: Some("PL".to_owned()), limit: 9, ..ArticleQuery::default() };
        assert!(service.list(query.clone()).await.unwrap().articles.is_empty());
        assert_eq!(counts(take(0, &changed)), (0, 1, 0));
        let mut titles = titles(&service);
        titles.sort();
        assert_eq!(titles, ["A flaw in doors", "News", "News"]);
        assert_eq!(service.list(query).await.unwrap().articles.len(), 1, "a list knows it at once");
    });
}

#[test]
fn of_a_feed_the_latest_are_taken_and_an_article_without_a_word_is_none() {
    paused(async {
        let world = World::new();
        let service = world.embedded();
        let feed = feed_of(&service, "https://one.example/");
        let dated = |day: i64| {
            published(
                entry(&day.to_string(), &format!("Day {day}"), "x"),
                world.now() - (30 - day) * 86_400_000,
            )
        };
        let mut entries: Vec<Entry> = [7, 3, 9, 1, 8].map(dated).to_vec();
        entries.push(entry("undated", "Undated", "x"));
        let taken = service.take_in(&feed, &entries, 3).unwrap();
        assert_eq!((taken.entries, taken.new, taken.left_out), (6, 3, 3));
        let mut titles = titles(&service);
        titles.sort();
        assert_eq!(titles, ["Day 8", "Day 9", "Undated"]);
        let empty = Entry { id: Some("empty".to_owned()), ..Entry::default() };
        let taken = service.take_in(&feed, &[empty], 3).unwrap();
        assert_eq!((taken.new, taken.left_out), (0, 1));
    });
}

#[test]
fn what_an_article_warns_of_is_suspicious_with_the_article_as_evidence_and_forgotten_in_time() {
    paused(async {
        let world = World::new();
        let indicators_ms = 7 * 86_400_000;
        let service = ArticleService::start(ArticleSetup { indicators_ms, ..world.setup() }).unwrap();
        let feed = feed_of(&service, "https://one.example/");
        let title = "Ransomware gang exploits zero-day in the wild";
        let words = "Actively exploited. The loader calls hxxps://panel[.]gate-of-evil[.]top/in and 45[.]155[.]205[.]233; \
                     see https://vendor.com/advice.";
        let opinion = |kind, value| {
            let indicator = Indicator { kind, value };
            (world.reputations.opinion(indicator).reputation(), world.reputations.statements(indicator))
        };
        // Asked before: what is remembered of it must not stand in the way.
        assert_ne!(opinion(IndicatorKind::Ip, "45.155.205.233").0, Reputation::Suspicious);
        let taken = service.take_in(&feed, &[entry("a", title, words)], 10).unwrap();
        assert!(taken.indicators >= 2, "{taken:?}");
        let (reputation, statements) = opinion(IndicatorKind::Url, "https://panel.gate-of-evil.top/in");
        assert_eq!(reputation, Reputation::Suspicious);
        let evidence = statements.iter().find_map(|statement| statement.evidence.clone()).unwrap();
        assert!(evidence.contains(title) && evidence.contains("https://news.example/a"), "{evidence}");
        assert_eq!(opinion(IndicatorKind::Ip, "45.155.205.233").0, Reputation::Suspicious);
        // What stands there for readers to click is no warning.
        assert_ne!(opinion(IndicatorKind::Domain, "vendor.com").0, Reputation::Suspicious);

        sleep((7 * DAY).saturating_sub(Duration::from_secs(60))).await;
        let again = service.clone();
        let polling = async move { again.poll_feeds().await };
        tokio::select! {
            () = polling => {}
            () = sleep(Duration::from_secs(30)) => {}
        }
        assert_eq!(opinion(IndicatorKind::Ip, "45.155.205.233").0, Reputation::Suspicious);
        let again = service.clone();
        tokio::select! {
            () = again.poll_feeds() => {}
            () = sleep(Duration::from_secs(90)) => {}
        }
        assert_ne!(opinion(IndicatorKind::Ip, "45.155.205.233").0, Reputation::Suspicious, "a week is over");
    });
}

#[test]
fn an_article_that_says_it_again_prolongs_the_warning_and_one_of_low_severity_gives_none() {
    paused(async {
        let world = World::new();
        let indicators_ms = 86_400_000;
        let service = ArticleService::start(ArticleSetup { indicators_ms, ..world.setup() }).unwrap();
        let feed = feed_of(&service, "https://one.example/");
        let address = Indicator { kind: IndicatorKind::Ip, value: "45.155.205.233" };
        let low = entry("low", "A summer's day", "We looked at 45[.]155[.]205[.]233 and had ice cream.");
        assert_eq!(service.take_in(&feed, &[low], 10).unwrap().indicators, 0);
        let severe = |id| {
            entry(
                id,
                &format!("Zero-day exploited in the wild {id}"),
                "Actively exploited from 45[.]155[.]205[.]233.",
            )
        };
        for id in ["one", "two"] {
            assert_eq!(service.take_in(&feed, &[severe(id)], 10).unwrap().indicators, 1);
            sleep(Duration::from_hours(20)).await;
        }
        assert_eq!(world.reputations.opinion(address).reputation(), Reputation::Suspicious);
        // An old article warns of nothing any more.
        let old = published(severe("old"), world.now() - 2 * 86_400_000);
        assert_eq!(service.take_in(&feed, &[old], 10).unwrap().indicators, 0);
    });
}

#[test]
fn an_article_that_can_not_be_read_costs_no_other() {
    paused(async {
        let world = World::new();
        // The names can't be had the first time, which is a panic in the middle of reading.
        let is_first = AtomicBool::new(true);
        let names = move || {
            assert!(!is_first.swap(false, Ordering::SeqCst), "no names");
            Names::empty()
        };
        let service =
            ArticleService::start(ArticleSetup { names: Box::new(names), ..world.setup() }).unwrap();
        let feed = feed_of(&service, "https://one.example/");
        let entries: Vec<Entry> = ["a", "b", "c"].map(|id| entry(id, &format!("News {id}"), "x")).to_vec();
        let taken = service.take_in(&feed, &entries, 10).unwrap();
        assert_eq!((taken.new, taken.left_out), (2, 1));
        assert_eq!(service.take_in(&feed, &entries, 10).unwrap().new, 1, "the next poll has it again");
    });
}
