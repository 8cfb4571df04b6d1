//! Lists: the same as sorting everything would give, and read by an index in every order.

use super::super::list::Effort;
use super::super::{ArticleCursor, Columns, columns, postings};
use super::{
    Action, ArticleOrder, ArticleQuery, FeedId, NewArticle, PlaceRow, RelevanceRow, UserId, article, feed,
    place, store,
};
use crate::Store;
use proptest::prelude::*;
use std::cmp::Reverse;

/// An article as the plain list has it.
#[derive(Debug, Clone)]
struct Plain {
    feed: usize,
    severity: u8,
    published: i64,
    entities: Vec<u8>,
    country: Option<u8>,
    /// Of either user.
    scores: [u16; 2],
    actions: [Option<bool>; 2],
}

/// What is asked, with users and feeds by their places.
#[derive(Debug, Clone)]
struct Asked {
    /// 0 and 1: relevance to that user; 2: severity; 3: time.
    order: usize,
    reader: Option<usize>,
    min_severity: u8,
    min_score: u16,
    feed: Option<usize>,
    entity: Option<u8>,
    country: Option<u8>,
    since: Option<i64>,
    until: Option<i64>,
    hide_dismissed: bool,
}

fn plain() -> impl Strategy<Value = Plain> {
    let score = || prop_oneof![Just(0), Just(0), 1_u16..6];
    (
        0_usize..3,
        0_u8..7,
        0_i64..12,
        proptest::collection::btree_set(0_u8..4, 0..3),
        proptest::option::of(0_u8..2),
        [score(), score()],
        [proptest::option::weighted(0.3, any::<bool>()), proptest::option::weighted(0.3, any::<bool>())],
    )
        .prop_map(|(feed, severity, published, entities, country, scores, actions)| Plain {
            feed,
            severity,
            published,
            entities: entities.into_iter().collect(),
            country,
            scores,
            actions,
        })
}

fn asked() -> impl Strategy<Value = Asked> {
    (
        (0_usize..4, proptest::option::of(0_usize..2), 0_u8..8, 0_u16..5, any::<bool>()),
        proptest::option::weighted(0.3, 0_usize..3),
        proptest::option::weighted(0.4, 0_u8..5),
        proptest::option::weighted(0.3, 0_u8..2),
        proptest::option::weighted(0.4, 0_i64..12),
        proptest::option::weighted(0.4, 0_i64..13),
    )
        .prop_map(
            |(
                (order, reader, min_severity, min_score, hide_dismissed),
                feed,
                entity,
                country,
                since,
                until,
            )| Asked {
                order,
                reader,
                // Most often none.
                min_severity: min_severity.saturating_sub(2),
                min_score: min_score.saturating_sub(2),
                feed,
                entity,
                country,
                since,
                until,
                hide_dismissed,
            },
        )
}

fn country(number: u8) -> String {
    ["DE", "FR"][number as usize].to_owned()
}

/// Puts everything into a store, a piece at a time and not in the order of time.
fn fill(store: &Store, plain: &[Plain]) -> (Vec<FeedId>, Vec<UserId>) {
    let articles = store.articles();
    let feeds: Vec<_> = (0..3).map(|number| feed(store, &format!("https://{number}.example"))).collect();
    let users: Vec<_> = ["ada", "bob"].map(|name| articles.put_profile(name, "{}", 0).unwrap().id).into();
    for (number, plain) in plain.iter().enumerate() {
        let new = NewArticle {
            severity: plain.severity,
            published: plain.published,
            entities: plain.entities.iter().map(|entity| (1, format!("e{entity}"))).collect(),
            ..article(number as u64)
        };
        let id = articles.upsert(feeds[plain.feed], &[new]).unwrap()[0].article();
        assert_eq!(id.0, number as i64 + 1);
        let places: Vec<PlaceRow> = plain.country.iter().map(|number| place(1, &country(*number))).collect();
        articles.located(&[(id, places)]).unwrap();
        for (user, id_of_user) in users.iter().enumerate() {
            let act = || {
                if let Some(dismissed) = plain.actions[user] {
                    let action = if dismissed { Action::Dismissed } else { Action::Opened };
                    articles.act(*id_of_user, id, action, 1).unwrap();
                }
            };
            // Both ways round.
            if number % 2 == 0 {
                act();
            }
            let row = RelevanceRow { article: id, score: plain.scores[user], reasons: "[]".to_owned() };
            articles.put_relevance(*id_of_user, &[row]).unwrap();
            if number % 2 == 1 {
                act();
            }
        }
    }
    (feeds, users)
}

/// What the list must be: everything filtered, then sorted.
fn expected(plain: &[Plain], asked: &Asked) -> Vec<i64> {
    let user = if asked.order < 2 { Some(asked.order) } else { asked.reader };
    let mut rows: Vec<_> = plain
        .iter()
        .enumerate()
        .filter(|(_, plain)| {
            let score = user.map_or(0, |user| plain.scores[user]);
            let dismissed = user.is_some_and(|user| plain.actions[user] == Some(true));
            plain.severity >= asked.min_severity
                && score >= asked.min_score
                && (asked.order >= 2 || score > 0)
                && asked.feed.is_none_or(|feed| plain.feed == feed)
                && asked.entity.is_none_or(|entity| plain.entities.contains(&entity))
                && asked.country.is_none_or(|country| plain.country == Some(country))
                && asked.since.is_none_or(|since| plain.published >= since)
                && asked.until.is_none_or(|until| plain.published < until)
                && !(asked.hide_dismissed && dismissed)
        })
        .map(|(number, plain)| {
            let value = match asked.order {
                3 => plain.published,
                2 => i64::from(plain.severity),
                user => i64::from(plain.scores[user]),
            };
            (value, plain.published, number as i64 + 1)
        })
        .collect();
    rows.sort_unstable_by_key(|row| Reverse(*row));
    rows.into_iter().map(|(.., number)| number).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Page by page, with whatever limit and however little may be spent on a page.
    #[test]
    fn pages_put_together_are_everything_filtered_and_sorted(
        plain in proptest::collection::vec(plain(), 0..60),
        queries in proptest::collection::vec((asked(), 1_u32..20, 0_u32..60, 0_usize..20), 40),
    ) {
        let store = store();
        let (feeds, users) = fill(&store, &plain);
        for (asked, limit, most_spent, short) in queries {
            let mut query = ArticleQuery {
                order: match asked.order {
                    2 => ArticleOrder::Severity,
                    3 => ArticleOrder::Published,
                    user => ArticleOrder::Relevance(users[user]),
                },
                reader: asked.reader.map(|reader| users[reader]),
                min_severity: asked.min_severity,
                min_score: asked.min_score,
                feed: asked.feed.map(|feed| feeds[feed]),
                entity: asked.entity.map(|entity| (1, format!("e{entity}"))),
                country: asked.country.map(country),
                since: asked.since,
                until: asked.until,
                hide_dismissed: asked.hide_dismissed,
                columns: Columns::FEED,
                limit,
                after: None,
            };
            let mut listed = Vec::new();
            for pages in 0.. {
                prop_assert!(pages <= plain.len() + 1, "no end: {query:?}");
                let page = store.articles().list_with(&query, Effort { most_spent, short }).unwrap();
                prop_assert!(page.articles.len() <= limit as usize);
                listed.extend(page.articles.iter().map(|article| article.id));
                if page.next.is_none() {
                    break;
                }
                query.after = page.next;
            }
            prop_assert_eq!(listed, expected(&plain, &asked), "{:?}", asked);
        }
    }

    #[test]
    fn a_cursor_that_was_made_up_does_no_harm(value: i64, published: i64, number: i64, order in 0_usize..3) {
        let store = store();
        let orders = [ArticleOrder::Severity, ArticleOrder::Published, ArticleOrder::Relevance(UserId(1))];
        let after = Some(ArticleCursor { value, published, article: number });
        let query = ArticleQuery { order: orders[order], after, limit: u32::MAX, ..ArticleQuery::default() };
        prop_assert!(store.articles().list(&query).unwrap().articles.is_empty());
    }
}

/// How SQLite reads what a statement asks for.
fn plan(store: &Store, statement: &str) -> Vec<String> {
    let connection = store.reader();
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
    // Its parameters are not bound: that is how it is planned, too.
    let lines: Vec<String> =
        statement.raw_query().mapped(|row| row.get(3)).collect::<Result<_, _>>().unwrap();
    lines
}

#[test]
fn every_order_is_served_by_an_index_whatever_the_statistics_say() {
    let store = store();
    let check = || {
        for statement in postings::statements().chain(columns::statements()) {
            let plan = plan(&store, statement);
            for line in &plan {
                assert!(line.contains("SEARCH") && !line.contains("TEMP B-TREE"), "{statement}\n{plan:#?}");
            }
        }
        // What lists are walked by is read from the index alone, and begins at the key that it is to begin below.
        for statement in postings::statements().filter(|statement| statement.contains("ORDER BY")) {
            let plan = plan(&store, statement).join("\n");
            assert!(plan.contains("COVERING INDEX") || plan.contains("PRIMARY KEY"), "{statement}\n{plan}");
            let from = if statement.contains("score >=") { "score" } else { "published" };
            assert!(plan.contains(&format!("{from}>? AND ({from},")), "{statement}\n{plan}");
        }
    };
    check();
    let plain: Vec<_> = (0..300)
        .map(|number| Plain {
            feed: number % 3,
            severity: (number % 7) as u8,
            published: number as i64 % 5,
            entities: vec![0],
            country: Some(0),
            scores: [number as u16 % 3, 1],
            actions: [None, Some(true)],
        })
        .collect();
    fill(&store, &plain);
    store.articles().analyse().unwrap();
    check();
}

#[test]
fn only_what_is_asked_for_is_read() {
    let store = store();
    let feed = feed(&store, "https://one.example");
    let new = NewArticle {
        entities: vec![(2, "x".into())],
        author: "Ada".into(),
        text: "Text".into(),
        ..article(1)
    };
    store.articles().upsert(feed, &[new]).unwrap();
    let query = |columns| ArticleQuery { columns, limit: 1, ..ArticleQuery::default() };
    let listed = |columns| store.articles().list(&query(columns)).unwrap().articles.remove(0);
    let none = listed(Columns::NONE);
    assert_eq!((none.id, none.severity, none.published), (1, 3, 1_001));
    assert_eq!((none.title, none.text, none.feed, none.entities.len()), (None, None, None, 0));
    let some = listed(Columns::AUTHOR | Columns::TEXT | Columns::ENTITIES);
    assert_eq!((some.author.as_deref(), some.text.as_deref(), some.title), (Some("Ada"), Some("Text"), None));
    assert_eq!(some.entities, [(2, "x".to_owned())]);
    // Without a text, the store need not even hold what it would be read from.
    store
        .writer()
        .execute_batch("DROP TABLE article_texts; DROP TABLE entity_names; DROP TABLE places")
        .unwrap();
    assert_eq!(listed(Columns::BRIEF).title.as_deref(), Some("Title 1"));
}
