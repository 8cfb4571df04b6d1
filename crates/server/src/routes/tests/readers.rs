//! Feeds, profiles, scores, and who may do what with them.

use super::newsroom::{LIST, newsroom};
use super::{bed, json};
use crate::token::Scope;
use axum::http::StatusCode;
use serde_json::{Value, json};

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
