//! Articles, from the bytes of a feed to what a client is told.

use super::{Bed, bed, json};
use crate::token::Scope;
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use watchfire_engine::ReputationCache;
use watchfire_engine::articles::{ArticleService, ArticleSetup, FeedSettings, Polling};
use watchfire_feeds::parse::{Hints, parse};
use watchfire_feeds::{EntityKind, Names};
use watchfire_flow::{CacheSettings, SystemClock};
use watchfire_intel::Intel;

const HOSTILE: &str = "</script><script>alert(1)</script> \u{202e}gpj.exe \"'{{7*7}}";
const LIST: &str = "/api/v1/articles/with-relevance";

/// A service with articles, and as many of them as are asked for, one a minute. Nobody is asked for anything outside.
fn newsroom(tokens: &[(&str, &[Scope], Option<u32>)], articles: usize) -> (Bed, Vec<String>) {
    let (bed, tokens) = bed(tokens);
    let service = ArticleService::start(ArticleSetup {
        store: Arc::clone(&bed.store),
        clock: Arc::new(SystemClock::new()),
        names: Box::new(|| {
            let mut names = Names::empty();
            names.add(EntityKind::Vendor, "Fortinet", std::iter::empty());
            names
        }),
        reputations: Arc::new(ReputationCache::open(Intel::empty(), &bed.store).unwrap()),
        fetcher: None,
        polling: Polling::default(),
        cache: CacheSettings::default(),
        asks_for_places: false,
        indicators_ms: 0,
    })
    .unwrap();
    if articles > 0 {
        let settings = FeedSettings { is_paused: true, ..FeedSettings::default() };
        let (id, _) = service.add_feed("https://news.example/rss", "News", "", &settings).unwrap();
        let feed = service.feed(id).unwrap().unwrap().row;
        let read = parse(rss(articles).as_bytes(), &Hints::default()).unwrap();
        assert_eq!(service.take_in(&feed, &read.entries, articles).unwrap().new, articles as u64);
    }
    (Bed { app: bed.app.with_articles(service), store: bed.store }, tokens)
}

/// The last one is hostile; of the others, every third is about a vendor, in Kyiv.
fn rss(articles: usize) -> String {
    let mut items = String::new();
    for number in 0..articles {
        let title = match number {
            _ if number + 1 == articles => {
                HOSTILE.replace('&', "&amp;").replace('<', "&amp;lt;").replace('>', "&amp;gt;")
            }
            _ if number % 3 == 0 => format!("Fortinet hole number {number} is exploited in Kyiv"),
            _ => format!("A quiet day, number {number}"),
        };
        items.push_str(&format!(
            "<item><title>{title}</title><link>https://news.example/{number}</link><guid>{number}</guid>\
             <pubDate>Sat, 21 Nov 2026 {:02}:{:02}:00 GMT</pubDate><description>CVE-2024-{} in Kyiv, Ukraine.\
             </description></item>",
            number / 60,
            number % 60,
            4000 + number
        ));
    }
    format!("<rss version=\"2.0\"><channel><title>News</title>{items}</channel></rss>")
}

impl Bed {
    async fn told(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.ask(method, path, &[], &body).await;
        let status = answer.status();
        let is_empty = status == StatusCode::NO_CONTENT;
        (status.as_u16(), if is_empty { Value::Null } else { json(answer).await })
    }

    async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.told("GET", path, &Value::Null).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// Gives Ana a profile and works her scores out.
    async fn ana(&self) {
        let profile =
            json!({ "stack": [{ "vendor": "Fortinet" }], "keywords": [{ "text": "quiet" }], "min_score": 0 });
        let (status, put) = self.told("PUT", "/api/v1/profiles/ana", &profile).await;
        assert_eq!(
            (status, &put["user"], &put["stack"][0]["vendor"]),
            (200, &"ana".into(), &"Fortinet".into())
        );
        let (status, queued) =
            self.told("POST", "/api/v1/relevance/calculate", &json!({ "user": "ana" })).await;
        assert_eq!(status, 202);
        let path = format!("/api/v1/relevance/{}", queued["job"].as_str().unwrap());
        let service = self.app.articles().unwrap().clone();
        let done = async {
            while self.get(&path).await["state"] != "done" {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = done => {}
            () = service.calculate_queued() => {}
        }
    }

    /// All items of a list, page by page.
    async fn all(&self, query: &str) -> Vec<Value> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        for _ in 0..1_000 {
            let page = self.get(&format!("{LIST}?{query}&cursor={cursor}")).await;
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => return items,
            }
        }
        panic!("the list does not end: {query}");
    }
}

fn ids(items: &[Value]) -> BTreeSet<String> {
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_list_by_relevance_gives_reasons_and_its_pages_lose_and_repeat_nothing() {
    let (bed, _) = newsroom(&[], 40);
    bed.ana().await;
    let whole = bed.get(&format!("{LIST}?user=ana&limit=200")).await;
    let items = whole["items"].as_array().unwrap();
    assert_eq!((items.len(), &whole["next"]), (40, &Value::Null));
    let first = &items[0];
    assert!(first["title"].as_str().unwrap().starts_with("Fortinet"), "{first}");
    assert!(first["reasons"].as_array().unwrap().iter().any(|reason| reason["what"] == "vendor"), "{first}");
    assert_eq!((&first["state"], &first["feed"]["title"]), (&"new".into(), &"News".into()));
    assert_eq!(first["places"][0]["country"], "UA", "{first}");
    assert!(first["entities"].as_array().unwrap().iter().any(|entity| entity["kind"] == "cve"), "{first}");
    let scores: Vec<u64> = items.iter().map(|item| item["score"].as_u64().unwrap()).collect();
    assert!(scores.is_sorted_by(|one, next| one >= next), "{scores:?}");
    for sort in ["relevance", "severity", "published"] {
        for limit in [1, 7, 40] {
            let items = bed.all(&format!("user=ana&sort={sort}&limit={limit}")).await;
            assert_eq!((items.len(), ids(&items).len()), (40, 40), "{sort} {limit}");
        }
    }
    let cves = bed.all("user=ana&entity=cve:cve-2024-4007").await;
    assert_eq!(cves.len(), 1, "a value is found in whatever case");
    assert_eq!(bed.all("country=ua&sort=published").await.len(), 40);
    assert_eq!(bed.all("country=DE&sort=published").await.len(), 0);
}

#[tokio::test]
async fn what_a_user_does_is_seen_by_the_next_list() {
    let (bed, _) = newsroom(&[], 12);
    bed.ana().await;
    let first =
        bed.get(&format!("{LIST}?user=ana&limit=1")).await["items"][0]["id"].as_str().unwrap().to_owned();
    let act = async |action: &str| {
        let path = format!("/api/v1/articles/{first}/action");
        bed.told("POST", &path, &json!({ "user": "ana", "action": action })).await.0
    };
    let state = async |query: &str| {
        let items = bed.all(&format!("user=ana&{query}")).await;
        items.iter().find(|item| item["id"] == first.as_str()).map(|item| item["state"].clone())
    };
    assert_eq!(act("opened").await, 204);
    assert_eq!(state("").await, Some("opened".into()));
    assert_eq!(act("dismissed").await, 204);
    assert_eq!(state("").await, None, "it is hidden if nothing else is said");
    assert_eq!(state("dismissed=show").await, Some("dismissed".into()));
    for query in ["", "&limit=1", "&sort=published", "&sort=severity"] {
        let only = bed.all(&format!("user=ana&dismissed=only{query}")).await;
        assert_eq!(ids(&only), BTreeSet::from([first.clone()]), "{query}");
    }
    assert!(bed.all("dismissed=only&sort=published").await.is_empty(), "nobody dismissed nothing");
    assert_eq!(act("none").await, 204);
    assert_eq!(state("").await, Some("new".into()));
    assert_eq!(
        bed.told("POST", "/api/v1/articles/999/action", &json!({"user": "ana", "action": "none"})).await.0,
        404
    );
    assert_eq!(
        bed.told("POST", "/api/v1/articles/1/action", &json!({"user": "bob", "action": "none"})).await.0,
        404
    );
}

#[tokio::test]
async fn scores_are_worked_out_fifty_times_in_five_minutes_and_not_once_more() {
    let (bed, _) = newsroom(&[], 1);
    bed.told("PUT", "/api/v1/profiles/ana", &json!({})).await;
    for _ in 0..50 {
        let body = json!({ "user": "ana", "since": "2026-11-01T00:00:00Z" });
        let (status, queued) = bed.told("POST", "/api/v1/relevance/calculate", &body).await;
        assert_eq!((status, &queued["ahead"]), (202, &0.into()), "{queued}");
    }
    let refused = bed.ask("POST", "/api/v1/relevance/calculate", &[], r#"{"user":"ana"}"#).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=300).contains(&wait), "{wait}");
    let other = bed.ask("POST", "/api/v1/relevance/calculate", &[], r#"{"user":"bob"}"#).await;
    assert_eq!(other.status(), StatusCode::NOT_FOUND, "whoever has no profile has no scores");
}

#[tokio::test]
async fn a_profile_comes_back_as_it_was_given_and_what_is_wrong_with_it_is_named() {
    let (bed, _) = newsroom(&[], 0);
    let whole = json!({
        "user": "ana", "stack": [{ "vendor": "Fortinet", "product": "FortiOS", "version": "7.2" }], "sectors": ["energy"],
        "regions": ["DE"], "keywords": [{ "text": "OT security", "weight": 2.0 }], "actors": ["APT29"],
        "malware": ["Akira"], "techniques": ["T1190"], "domains": ["example.com"], "muted": ["webinar"],
        "muted_sources": ["News"], "min_score": 100,
    });
    assert_eq!(bed.told("PUT", "/api/v1/profiles/ana", &whole).await, (200, whole.clone()));
    assert_eq!(bed.get("/api/v1/profiles/ana").await, whole);
    assert_eq!(bed.get("/api/v1/profiles").await["items"][0]["user"], "ana");
    for (body, named) in [
        (json!({ "colour": "red" }), "colour"),
        (json!({ "keywords": [{ "text": "x", "colour": 1 }] }), "colour"),
        (json!({ "regions": ["Atlantis"] }), "regions[0]"),
        (json!({ "techniques": ["T1"] }), "techniques[0]"),
        (json!({ "muted": ["--"] }), "muted[0]"),
        (json!({ "muted_sources": ["--"] }), "muted_sources[0]"),
        (json!({ "min_score": 1001 }), "min_score"),
        (json!({ "user": "bob" }), "user"),
    ] {
        let (status, problem) = bed.told("PUT", "/api/v1/profiles/ana", &body).await;
        let detail = problem["detail"].as_str().unwrap();
        assert!(status == 400 && detail.contains(named) && !detail.contains("watch."), "{body}: {problem}");
    }
    assert_eq!(bed.get("/api/v1/profiles/ana").await, whole, "what is refused changes nothing");
    assert_eq!(bed.told("DELETE", "/api/v1/profiles/ana", &Value::Null).await.0, 204);
    assert_eq!(bed.told("DELETE", "/api/v1/profiles/ana", &Value::Null).await.0, 404);
    assert_eq!(bed.told("GET", "/api/v1/profiles/ana", &Value::Null).await.0, 404);
}

#[tokio::test]
async fn a_feed_in_a_network_that_is_not_public_is_for_administrators_who_say_so() {
    let (bed, tokens) =
        newsroom(&[("ana", &[Scope::Read, Scope::Write], None), ("root", &Scope::ALL, None)], 0);
    let add = async |token: &str, body: Value| {
        let value = format!("Bearer {token}");
        let answer = bed.ask("POST", "/api/v1/feeds", &[("authorization", &value)], &body.to_string()).await;
        (answer.status().as_u16(), json(answer).await)
    };
    let private = "http://127.0.0.1/rss";
    for (token, body, status) in [
        (&tokens[0], json!({ "url": private }), 400),
        (&tokens[0], json!({ "url": "http://169.254.169.254/latest" }), 400),
        (&tokens[0], json!({ "url": "http://localhost:9/rss" }), 400),
        (&tokens[0], json!({ "url": "file:///etc/passwd" }), 400),
        (&tokens[0], json!({ "url": "https://ana:secret@news.example/rss" }), 400),
        (&tokens[0], json!({ "url": private, "allow_private": true }), 403),
        (&tokens[1], json!({ "url": private }), 400),
        (&tokens[1], json!({ "url": private, "allow_private": true }), 201),
        (&tokens[0], json!({ "url": "https://news.example/rss", "title": "News", "folder": "a/b" }), 201),
        (&tokens[0], json!({ "url": "https://news.example/rss", "title": "Other" }), 200),
        (&tokens[0], json!({ "url": "https://news.example/rss2", "limit": 0 }), 400),
        (&tokens[0], json!({ "url": "https://news.example/rss2", "title": "x".repeat(301) }), 400),
    ] {
        let (answered, feed) = add(token, body.clone()).await;
        assert_eq!(answered, status, "{body}: {feed}");
        if body["title"] == "Other" {
            assert_eq!((&feed["title"], &feed["state"]), (&"News".into(), &"ok".into()), "it is as it was");
        }
    }
}

#[tokio::test]
async fn a_feed_goes_with_its_articles() {
    let (bed, _) = newsroom(&[], 3);
    let feeds = bed.get("/api/v1/feeds").await;
    let feed = &feeds["items"][0];
    assert_eq!(
        (&feed["articles"], &feed["state"], &feed["next_fetch"]),
        (&3.into(), &"paused".into(), &Value::Null)
    );
    let path = format!("/api/v1/feeds/{}", feed["id"].as_str().unwrap());
    assert_eq!(bed.told("POST", &format!("{path}/fetch"), &Value::Null).await.0, 409, "it is paused");
    assert_eq!(bed.all("sort=published").await.len(), 3);
    assert_eq!(bed.told("DELETE", &path, &Value::Null).await.0, 204);
    assert_eq!(bed.all("sort=published").await.len(), 0);
    assert_eq!(bed.told("DELETE", &path, &Value::Null).await.0, 404);
    let (_, feed) = bed.told("POST", "/api/v1/feeds", &json!({ "url": "https://news.example/rss" })).await;
    let path = format!("/api/v1/feeds/{}/fetch", feed["id"].as_str().unwrap());
    assert_eq!(bed.told("POST", &path, &Value::Null).await.0, 202);
}

#[tokio::test]
async fn only_the_fields_that_are_asked_for_are_told() {
    let (bed, _) = newsroom(&[], 3);
    let page = bed.get(&format!("{LIST}?fields=title,state")).await;
    let names: Vec<_> = page["items"][0].as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["id", "state", "title"]);
    let whole = bed.get(LIST).await;
    assert_eq!(whole["items"][0]["score"], Value::Null, "nobody reads");
    assert!(whole["items"][0].as_object().unwrap().len() == 14, "{whole}");
    let (status, problem) = bed.told("GET", &format!("{LIST}?fields=title,colour"), &Value::Null).await;
    assert!(status == 400 && problem["detail"].as_str().unwrap().contains("colour"), "{problem}");
}

#[tokio::test]
async fn a_hostile_title_is_text_and_nothing_else() {
    let (bed, _) = newsroom(&[], 2);
    let answer = bed.ask("GET", &format!("{LIST}?sort=published"), &[], "").await;
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    let page = json(answer).await;
    let hostile = &page["items"][0];
    assert_eq!(hostile["title"], HOSTILE);
    let detail = bed.get(&format!("/api/v1/articles/{}", hostile["id"].as_str().unwrap())).await;
    assert_eq!(detail["title"], HOSTILE);
    assert_eq!(detail["text"], "CVE-2024-4001 in Kyiv, Ukraine.");
    let quiet = bed.get(&format!("/api/v1/articles/{}", page["items"][1]["id"].as_str().unwrap())).await;
    assert!(
        quiet["severity_reasons"].as_array().unwrap().iter().any(|reason| reason["why"] != ""),
        "{quiet}"
    );
}

#[tokio::test]
async fn a_map_has_each_place_once() {
    let (bed, _) = newsroom(&[], 9);
    let map = bed.get("/api/v1/articles/map").await;
    let kyiv: Vec<_> =
        map["places"].as_array().unwrap().iter().filter(|place| place["name"] == "Kyiv").collect();
    assert_eq!(
        (kyiv.len(), &kyiv[0]["articles"], &kyiv[0]["country"]),
        (1, &9.into(), &"UA".into()),
        "{map}"
    );
    assert_eq!(map["more"], false);
    let statistics = bed.get("/api/v1/articles/statistics").await;
    assert_eq!((&statistics["articles"], &statistics["feeds"]["total"]), (&9.into(), &1.into()));
    assert_eq!((&statistics["locations"], &statistics["cache"]["misses"]), (&Value::Null, &1.into()));
}

#[tokio::test]
async fn who_is_not_named_is_who_calls() {
    let (bed, tokens) =
        newsroom(&[("ana", &[Scope::Read, Scope::Write], None), ("bob", &[Scope::Read], None)], 3);
    let ask = async |token: &str, method: &str, path: &str, body: &str| {
        let value = format!("Bearer {token}");
        let answer = bed.ask(method, path, &[("authorization", &value)], body).await;
        (answer.status().as_u16(), json(answer).await)
    };
    assert_eq!(ask(&tokens[0], "PUT", "/api/v1/profiles/ana", "{}").await.0, 200);
    assert_eq!(ask(&tokens[1], "PUT", "/api/v1/profiles/bob", "{}").await.0, 403, "bob may only read");
    assert_eq!(ask(&tokens[1], "DELETE", "/api/v1/feeds/1", "").await.0, 403);
    assert_eq!(ask(&tokens[0], "POST", "/api/v1/relevance/calculate", "{}").await.0, 202);
    let list = format!("{LIST}?sort=published&fields=score");
    assert_eq!(ask(&tokens[0], "GET", &list, "").await.1["items"][0]["score"], 0);
    assert_eq!(ask(&tokens[1], "GET", &list, "").await.1["items"][0]["score"], Value::Null);
    let (status, problem) = ask(&tokens[1], "GET", &format!("{LIST}?sort=relevance"), "").await;
    assert!(status == 400 && problem["detail"].as_str().unwrap().contains("bob"), "{problem}");
}

#[tokio::test]
async fn what_articles_are_asked_with_has_bounds_and_errors_are_problems_with_a_hint() {
    let (bed, _) = newsroom(&[], 1);
    let long = "x".repeat(129);
    for (path, status) in [
        (format!("{LIST}?limit=0"), 400),
        (format!("{LIST}?limit=201"), 400),
        (format!("{LIST}?min_score=1001"), 400),
        (format!("{LIST}?min_severity=awful"), 400),
        (format!("{LIST}?sort=colour"), 400),
        (format!("{LIST}?sort=relevance"), 400),
        (format!("{LIST}?dismissed=maybe"), 400),
        (format!("{LIST}?entity=cve"), 400),
        (format!("{LIST}?country=Ukraine"), 400),
        (format!("{LIST}?since=yesterday"), 400),
        (format!("{LIST}?feed=-1"), 400),
        (format!("{LIST}?cursor=1.2"), 400),
        (format!("{LIST}?user={long}"), 400),
        (format!("{LIST}?colour=red"), 400),
        ("/api/v1/articles/map?limit=1".to_owned(), 400),
        ("/api/v1/articles/0".to_owned(), 404),
        ("/api/v1/articles/01".to_owned(), 404),
        ("/api/v1/articles/99999999999999999999".to_owned(), 404),
        ("/api/v1/articles/x".to_owned(), 404),
        ("/api/v1/relevance/7".to_owned(), 404),
        (format!("{LIST}?cursor=ffffffffffffffff.7fffffffffffffff.0&feed=9223372036854775807&since="), 200),
    ] {
        let answer = bed.ask("GET", &path, &[], "").await;
        assert_eq!(answer.status().as_u16(), status, "{path}");
        if status != 200 {
            assert_eq!(answer.headers()["content-type"], "application/problem+json", "{path}");
            assert!(!json(answer).await["hint"].as_str().unwrap().is_empty(), "{path}");
        }
    }
}

#[tokio::test]
async fn nothing_is_served_where_there_are_no_articles() {
    let (bed, _) = bed(&[]);
    for (method, path, body) in [
        ("GET", LIST, Value::Null),
        ("GET", "/api/v1/articles/map", Value::Null),
        ("GET", "/api/v1/articles/statistics", Value::Null),
        ("GET", "/api/v1/articles/1", Value::Null),
        ("POST", "/api/v1/articles/1/action", json!({ "action": "opened" })),
        ("POST", "/api/v1/relevance/calculate", json!({})),
        ("GET", "/api/v1/relevance/1", Value::Null),
        ("GET", "/api/v1/feeds", Value::Null),
        ("POST", "/api/v1/feeds", json!({ "url": "https://news.example/rss" })),
        ("DELETE", "/api/v1/feeds/1", Value::Null),
        ("POST", "/api/v1/feeds/1/fetch", Value::Null),
        ("GET", "/api/v1/profiles", Value::Null),
        ("PUT", "/api/v1/profiles/ana", json!({})),
        ("DELETE", "/api/v1/profiles/ana", Value::Null),
    ] {
        let (status, problem) = bed.told(method, path, &body).await;
        assert_eq!(
            (status, &problem["detail"]),
            (404, &"articles are not served here".into()),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn metrics_tell_of_feeds_and_lists() {
    let (bed, _) = newsroom(&[], 1);
    bed.get(LIST).await;
    bed.get(LIST).await;
    let answer = bed.ask("GET", "/metrics", &[], "").await;
    let text = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    let text = std::str::from_utf8(&text).unwrap();
    for line in [
        "watchfire_feeds{state=\"paused\"} 1\n",
        "watchfire_feeds{state=\"failing\"} 0\n",
        "watchfire_feed_polls_failed_total 0\n",
        "watchfire_article_lists_total{outcome=\"hit\"} 1\n",
        "watchfire_article_lists_total{outcome=\"miss\"} 1\n",
        "watchfire_relevance_jobs{state=\"waiting\"} 0\n",
        "watchfire_http_requests_total{route=\"/api/v1/articles/with-relevance\",method=\"GET\",status=\"200\"} 2\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
}
