use super::upsert::{NewArticle, Upserted};
use super::{
    Action, ArticleId, ArticleOrder, ArticleQuery, Articles, Columns, FeedCheck, FeedId, PlaceRow,
    RelevanceRow, UserId,
};
use crate::{Location, Store};

mod lists;

pub(super) fn store() -> Store {
    Store::open(&Location::Memory).unwrap()
}

fn feed(store: &Store, url: &str) -> FeedId {
    store.articles().add_feed(url, "A feed", "", "{}").unwrap().0
}

/// Differs in everything from an article with another number.
fn article(number: u64) -> NewArticle {
    NewArticle {
        guid: number,
        link_hash: Some(1_000 + number),
        content_hash: Some(2_000 + number),
        title: format!("Title {number}"),
        link: format!("https://news.example/{number}"),
        published: 1_000 + number as i64,
        fetched: 1_000_000,
        severity: 3,
        ..NewArticle::default()
    }
}

fn place(place: i64, country: &str) -> PlaceRow {
    PlaceRow {
        place,
        name: format!("Place {place}"),
        latitude: 1.5,
        longitude: -2.5,
        country: country.to_owned(),
    }
}

fn numbers(store: &Store, query: &ArticleQuery) -> Vec<i64> {
    let query = ArticleQuery { limit: 500, ..query.clone() };
    store.articles().list(&query).unwrap().articles.into_iter().map(|article| article.id).collect()
}

fn count(store: &Store, table: &str) -> i64 {
    store.reader().query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

fn upsert(store: &Store, feed: FeedId, article: NewArticle) -> Upserted {
    store.articles().upsert(feed, &[article]).unwrap()[0]
}

#[test]
fn an_article_is_recognised_by_id_then_link_then_content() {
    let store = store();
    let (one, two) = (feed(&store, "https://one.example"), feed(&store, "https://two.example"));
    let Upserted::New(first) = upsert(&store, one, article(1)) else { panic!() };
    assert_eq!(upsert(&store, one, article(1)), Upserted::Duplicate(first));
    let same_link = NewArticle { content_hash: Some(9), title: "Other".to_owned(), ..article(1) };
    assert_eq!(upsert(&store, two, same_link), Upserted::Duplicate(first));
    let same_content = NewArticle { guid: 7, link_hash: Some(7), ..article(1) };
    assert_eq!(upsert(&store, two, same_content), Upserted::Duplicate(first));
    let nothing_to_go_by = NewArticle { guid: 8, link_hash: None, content_hash: None, ..article(1) };
    assert!(matches!(upsert(&store, two, nothing_to_go_by.clone()), Upserted::New(_)));
    assert!(matches!(upsert(&store, two, NewArticle { guid: 9, ..nothing_to_go_by }), Upserted::New(_)));
    let feeds = store.articles().feeds().unwrap();
    assert_eq!((feeds[0].articles, feeds[1].articles), (1, 2));
}

#[test]
fn a_feed_that_links_all_its_articles_to_one_page_still_has_all_of_them() {
    let store = store();
    let feed = feed(&store, "https://one.example");
    let at_home = |number| NewArticle { link_hash: Some(5), ..article(number) };
    assert!(matches!(upsert(&store, feed, at_home(1)), Upserted::New(_)));
    assert!(matches!(upsert(&store, feed, at_home(2)), Upserted::New(_)));
    let again = NewArticle { title: "Title 2".to_owned(), ..at_home(3) };
    assert!(matches!(upsert(&store, feed, again), Upserted::Duplicate(_)));
}

#[test]
fn within_a_batch_each_is_told_in_order_and_all_are_there_or_none() {
    let store = store();
    let feed = feed(&store, "https://one.example");
    let changed = NewArticle { content_hash: Some(9), ..article(2) };
    let told = store.articles().upsert(feed, &[article(1), article(2), article(1), changed]).unwrap();
    let expected = [
        Upserted::New(ArticleId(1)),
        Upserted::New(ArticleId(2)),
        Upserted::Duplicate(ArticleId(1)),
        Upserted::Changed(ArticleId(2)),
    ];
    assert_eq!(told, expected);
    let expected = told.iter().map(|told| told.article().0).collect::<Vec<_>>();
    assert_eq!(expected, [1, 2, 1, 2]);
}

#[test]
fn an_article_that_changed_stands_at_its_new_place_in_every_list() {
    let store = store();
    let articles = store.articles();
    let feed = feed(&store, "https://one.example");
    let user = articles.put_profile("ada", "{}", 0).unwrap().id;
    let before =
        NewArticle { entities: vec![(1, "old".into()), (1, "kept".into())], locate: true, ..article(1) };
    let id = upsert(&store, feed, before.clone()).article();
    articles.located(&[(id, vec![place(1, "DE")])]).unwrap();
    let row = RelevanceRow { article: id, score: 500, reasons: "[]".to_owned() };
    articles.put_relevance(user, &[row]).unwrap();
    let after = NewArticle {
        severity: 5,
        published: 5_000,
        content_hash: Some(77),
        text: "now ".repeat(400),
        title: "Now".to_owned(),
        entities: vec![(1, "kept".into()), (1, "new".into())],
        ..before
    };
    assert_eq!(upsert(&store, feed, after.clone()), Upserted::Changed(id));
    assert_eq!(upsert(&store, feed, after.clone()), Upserted::Duplicate(id));
    let entity = |value: &str| Some((1, value.to_owned()));
    let severe = ArticleQuery { min_severity: 5, ..ArticleQuery::default() };
    for query in [
        severe.clone(),
        ArticleQuery { feed: Some(feed), ..severe.clone() },
        ArticleQuery { entity: entity("kept"), since: Some(5_000), ..severe.clone() },
        ArticleQuery { entity: entity("new"), ..severe.clone() },
        ArticleQuery { country: Some("DE".to_owned()), ..severe.clone() },
        ArticleQuery { order: ArticleOrder::Relevance(user), ..severe.clone() },
        ArticleQuery { reader: Some(user), min_score: 500, ..severe.clone() },
    ] {
        assert_eq!(numbers(&store, &query), [id.0], "{query:?}");
    }
    assert!(numbers(&store, &ArticleQuery { entity: entity("old"), ..severe }).is_empty());
    assert!(numbers(&store, &ArticleQuery { until: Some(5_000), ..ArticleQuery::default() }).is_empty());
    let all = articles.article(id, Some(user), Columns::ALL).unwrap().unwrap();
    assert_eq!((all.title.unwrap(), all.text.unwrap()), ("Now".to_owned(), after.text));
    assert_eq!((all.score, all.places.len(), all.entities.len()), (Some(500), 1, 2));
    assert_eq!(articles.waiting_locations(0, 9).unwrap().len(), 1);
}

#[test]
fn nobody_is_first_by_naming_a_year_to_come() {
    let store = store();
    let feed = feed(&store, "https://one.example");
    let id = upsert(&store, feed, NewArticle { published: i64::MAX, severity: 200, ..article(1) }).article();
    let stored = store.articles().article(id, None, Columns::NONE).unwrap().unwrap();
    assert_eq!((stored.published, stored.severity), (1_000_000, 6));
}

#[test]
fn articles_wait_for_their_places_in_order_through_a_kill_and_leave_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::File(folder.path().join("store.db"));
    let store = Store::open(&location).unwrap();
    let one = feed(&store, "https://one.example");
    let batch: Vec<_> = (1..=5).map(|number| NewArticle { locate: number != 3, ..article(number) }).collect();
    let ids: Vec<_> =
        store.articles().upsert(one, &batch).unwrap().iter().map(|told| told.article()).collect();
    store.articles().upsert(one, &batch).unwrap();
    store.articles().location_failed(&ids[..1]).unwrap();
    drop(store);
    let store = Store::open(&location).unwrap();
    let articles = store.articles();
    let waiting = articles.waiting_locations(0, 9).unwrap();
    let expected = [(ids[0], 1), (ids[1], 0), (ids[3], 0), (ids[4], 0)];
    assert_eq!(waiting.iter().map(|one| (one.article, one.attempts)).collect::<Vec<_>>(), expected);
    assert_eq!(articles.waiting_locations(waiting[1].number, 1).unwrap(), waiting[2..3]);
    let places = vec![place(2, "FR"), place(2, "BE"), place(3, "FR"), place(4, "")];
    let gone = ArticleId(999);
    articles.located(&[(ids[0], places.clone()), (ids[1], Vec::new()), (gone, places)]).unwrap();
    articles.located(&[(ids[3], vec![place(1, "DE")]), (ids[3], vec![place(1, "PL")])]).unwrap();
    assert_eq!(articles.count_waiting_locations().unwrap(), 1);
    let of = |country: &str| {
        numbers(&store, &ArticleQuery { country: Some(country.to_owned()), ..ArticleQuery::default() })
    };
    assert_eq!((of("FR"), of("BE"), of("DE"), of("PL")), (vec![ids[0].0], vec![], vec![], vec![ids[3].0]));
    assert_eq!(articles.article(ids[0], None, Columns::PLACES).unwrap().unwrap().places.len(), 3);
}

#[test]
fn what_expires_leaves_nothing_behind_and_what_a_feed_still_has_stays() {
    let store = store();
    let articles = store.articles();
    let one = feed(&store, "https://one.example");
    let user = articles.put_profile("ada", "{}", 0).unwrap().id;
    let full = |number| NewArticle {
        entities: vec![(1, format!("e{number}"))],
        text: "text ".repeat(500),
        locate: number % 2 == 0,
        ..article(number)
    };
    let batch: Vec<_> = (1..=10).map(full).collect();
    for told in articles.upsert(one, &batch).unwrap() {
        let article = told.article();
        let row = RelevanceRow { article, score: 9, reasons: "[]".to_owned() };
        articles.put_relevance(user, &[row]).unwrap();
        articles.located(&[(article, vec![place(1, "DE")])]).unwrap();
        articles.act(user, article, Action::Opened, 5).unwrap();
    }
    // The feed has the first three a day later, and the others no more.
    let day = 86_400_000;
    let again: Vec<_> =
        batch[..3].iter().map(|one| NewArticle { fetched: one.fetched + day, ..one.clone() }).collect();
    articles.upsert(one, &again).unwrap();
    assert_eq!(articles.expire(1_000_001, 4).unwrap(), 4);
    assert_eq!(articles.expire(1_000_001, 4).unwrap(), 3);
    assert_eq!(articles.expire(1_000_001, 4).unwrap(), 0);
    assert_eq!(numbers(&store, &ArticleQuery::default()), [3, 2, 1]);
    assert_eq!(articles.feed(one).unwrap().unwrap().articles, 3);
    let mut after = 0;
    while let Some(next) = articles.tidy(after, 3).unwrap() {
        after = next;
    }
    assert_eq!(count(&store, "entity_names"), 3);
    articles.analyse().unwrap();
    assert!(!articles.remove_feed(one, 2).unwrap());
    assert!(articles.remove_feed(one, 2).unwrap());
    articles.tidy(0, 100).unwrap();
    for table in [
        "feeds",
        "articles",
        "article_feeds",
        "article_texts",
        "entity_names",
        "article_entities",
        "places",
        "article_countries",
        "location_queue",
        "relevance",
        "relevance_reasons",
        "actions",
    ] {
        assert_eq!(count(&store, table), 0, "{table}");
    }
}

#[test]
fn what_a_user_does_last_counts_and_what_they_did_before_is_told() {
    let store = store();
    let articles = store.articles();
    let feed = feed(&store, "https://one.example");
    let user = articles.put_profile("ada", "{}", 0).unwrap().id;
    let id = upsert(&store, feed, article(1)).article();
    assert_eq!(articles.act(user, id, Action::Opened, 1).unwrap(), None);
    assert_eq!(articles.act(user, id, Action::Dismissed, 2).unwrap(), Some((Action::Opened, 1)));
    articles.act(user, ArticleId(99), Action::Dismissed, 3).unwrap();
    assert_eq!(articles.actions_of(user, 9).unwrap(), [(id, Action::Dismissed, 2)]);
    // Scored only after it was dismissed.
    let row = |score| [RelevanceRow { article: id, score, reasons: "[1]".to_owned() }];
    articles.put_relevance(user, &row(5)).unwrap();
    let shown = ArticleQuery { order: ArticleOrder::Relevance(user), ..ArticleQuery::default() };
    let hidden = ArticleQuery { hide_dismissed: true, ..shown.clone() };
    assert_eq!((numbers(&store, &shown), numbers(&store, &hidden)), (vec![id.0], vec![]));
    articles.act(user, id, Action::Opened, 4).unwrap();
    assert_eq!(numbers(&store, &hidden), [id.0]);
    articles.put_relevance(user, &row(0)).unwrap();
    assert_eq!((count(&store, "relevance"), count(&store, "relevance_reasons")), (0, 0));
    articles
        .put_relevance(user, &[RelevanceRow { article: ArticleId(99), score: 5, reasons: String::new() }])
        .unwrap();
    assert_eq!((count(&store, "relevance"), count(&store, "relevance_reasons")), (0, 0));
    articles.put_taste(user, "{\"a\":1}", 9).unwrap();
    assert_eq!(articles.taste(user).unwrap().as_deref(), Some("{\"a\":1}"));
    assert!(articles.remove_user(user, 100).unwrap());
    assert_eq!((articles.taste(user).unwrap(), articles.profile("ada").unwrap()), (None, None));
    assert_eq!(count(&store, "actions"), 0);
}

#[test]
fn a_profile_has_a_new_version_only_if_it_says_something_else() {
    let store = store();
    let articles = store.articles();
    let first = articles.put_profile("ada", "{}", 1).unwrap();
    assert_eq!(articles.put_profile("ada", "{}", 2).unwrap(), first);
    let second = articles.put_profile("ada", "{\"a\":1}", 3).unwrap();
    assert_eq!((second.id, second.version, second.at), (first.id, 2, 3));
    assert_ne!(articles.put_profile("bob", "{}", 1).unwrap().id, first.id);
    assert_eq!(articles.profiles().unwrap().len(), 2);
}

#[test]
fn a_feed_is_added_once_and_remembers_how_it_went() {
    let store = store();
    let articles = store.articles();
    let (id, new) = articles.add_feed("https://one.example", "One", "news", "{}").unwrap();
    assert!(new);
    let moved_to = Some("https://moved.example".to_owned());
    let check = FeedCheck {
        at: 5,
        status: Some(200),
        moved_to,
        state: "{\"etag\":1}".to_owned(),
        ..FeedCheck::default()
    };
    articles.feed_checked(id, &check).unwrap();
    let broken =
        FeedCheck { at: 6, problem: "broken".to_owned(), state: "{}".to_owned(), ..FeedCheck::default() };
    articles.feed_checked(id, &broken).unwrap();
    for url in ["https://one.example", "https://moved.example"] {
        assert_eq!(articles.add_feed(url, "", "", "{}").unwrap(), (id, false));
    }
    assert!(articles.change_feed(id, "Two", "", "{}").unwrap());
    let row = articles.feed(id).unwrap().unwrap();
    assert_eq!((row.title.as_str(), row.url.as_str()), ("Two", "https://moved.example"));
    assert_eq!((row.polls, row.failures, row.status, row.problem.as_str()), (2, 1, None, "broken"));
    assert!(!articles.change_feed(FeedId(99), "", "", "").unwrap());
}

#[test]
fn a_geocoder_is_asked_once() {
    let store = store();
    let articles = store.articles();
    articles.put_geocoder_answers(&[("Paris".to_owned(), "[]".to_owned())], 5).unwrap();
    assert_eq!(articles.geocoder_answer("Paris").unwrap(), Some(("[]".to_owned(), 5)));
    assert_eq!(articles.forget_geocoder_answers(5).unwrap(), 0);
    assert_eq!(articles.forget_geocoder_answers(6).unwrap(), 1);
    assert_eq!(articles.geocoder_answer("Paris").unwrap(), None);
}

#[test]
fn hashes_do_not_change() {
    assert_eq!(Articles::hash_of(""), 0xa6a1_f9f5_b949_13af);
}

#[test]
fn a_user_without_a_number_has_no_list() {
    let store = store();
    let order = ArticleOrder::Relevance(UserId(7));
    assert!(numbers(&store, &ArticleQuery { order, ..ArticleQuery::default() }).is_empty());
}
