//! A service with articles, from the bytes of a feed, and short ways to ask it.

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

/// A title that somebody wrote to do harm.
pub(super) const HOSTILE: &str = "</script><script>alert(1)</script> \u{202e}gpj.exe \"'{{7*7}}";
/// Where lists are.
pub(super) const LIST: &str = "/api/v1/articles/with-relevance";

/// A service with articles, and as many of them as are asked for, one a minute. Nobody is asked for anything outside.
pub(super) fn newsroom(tokens: &[(&str, &[Scope], Option<u32>)], articles: usize) -> (Bed, Vec<String>) {
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
            _ if number % 3 == 0 => {
                format!("Fortinet hole number {number} is exploited in the wild, in Kyiv")
            }
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
    /// Status and answer.
    pub(super) async fn told(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.ask(method, path, &[], &body).await;
        let status = answer.status();
        let is_empty = status == StatusCode::NO_CONTENT;
        (status.as_u16(), if is_empty { Value::Null } else { json(answer).await })
    }

    /// An answer that is one.
    pub(super) async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.told("GET", path, &Value::Null).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// Gives Ana a profile and works her scores out.
    pub(super) async fn ana(&self) {
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
    pub(super) async fn all(&self, query: &str) -> Vec<Value> {
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

pub(super) fn ids(items: &[Value]) -> BTreeSet<String> {
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}
