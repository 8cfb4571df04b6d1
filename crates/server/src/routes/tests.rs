//! What a client can rely on, request by request.

mod articles;
mod forwarding;
mod measurements;
mod newsroom;
mod readers;

use super::router;
use crate::app::{App, AppSettings};
use crate::token::{Scope, Scopes, Token};
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use axum::response::Response;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt;
use watchfire_engine::ReputationCache;
use watchfire_engine::service::{Service, Setup};
use watchfire_flow::SystemClock;
use watchfire_intel::Intel;
use watchfire_judge::learning::Learned;
use watchfire_judge::reuse::Policy;
use watchfire_judge::{Asking, Ground, History, MaterialTable, Network, RuleSet};
use watchfire_signal::frame::Limits;
use watchfire_store::{Location, Store};

const ALERT: &str = r#"{"timestamp":"2026-03-01T00:00:00.000000+0000","event_type":"alert","src_ip":"203.0.113.9","dest_ip":"10.0.0.1","alert":{"signature_id":1,"signature":"<b>rule</b>","severity":1}}"#;

struct Bed {
    app: App,
    store: Arc<Store>,
}

fn bed(tokens: &[(&str, &[Scope], Option<u32>)]) -> (Bed, Vec<String>) {
    let store = Arc::new(Store::open(&Location::Memory).unwrap());
    let made = tokens.iter().map(|(name, scopes, per_minute)| {
        let token = Token::new().unwrap();
        store.put_token(&token.row(name, Scopes::of(scopes), *per_minute, 0)).unwrap();
        token.text().to_owned()
    });
    let made = made.collect();
    let service = Service::start(Setup {
        store: Arc::clone(&store),
        clock: Arc::new(SystemClock::new()),
        ground: Ground::new(RuleSet::starter(), MaterialTable::shipped(), Network::default()),
        mappings: Arc::from([]),
        limits: Limits::default(),
        reputations: Arc::new(ReputationCache::open(Intel::empty(), &store).unwrap()),
        enriches: false,
        history: History::default(),
        asking: Asking::Nobody,
        reuse: Policy::default(),
        learned: Learned::default(),
        keep_raw: true,
        max_requests: 64,
        webhooks: Vec::new(),
    })
    .unwrap();
    let settings = AppSettings {
        is_local: true,
        requests_per_minute: 60,
        page_requests_per_minute: 600,
        max_body_bytes: 64 << 10,
        adopt: None,
        timeout: Duration::from_secs(10),
        header_timeout: Duration::from_secs(5),
        max_connections: 10,
        max_listeners: 1,
        behind_tls: false,
        grace: Duration::from_secs(1),
    };
    (Bed { app: App::new(service, settings, Vec::new(), None).unwrap(), store }, made)
}

impl Bed {
    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
        let mut request = Request::builder().method(method).uri(path).header("host", "127.0.0.1:8750");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        router(self.app.clone()).oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap()
    }
}

async fn json(response: Response) -> Value {
    serde_json::from_slice(&to_bytes(response.into_body(), 1 << 20).await.unwrap()).unwrap()
}

#[tokio::test]
async fn an_alert_goes_in_and_is_found_again() {
    let (bed, _) = bed(&[]);
    let taken = bed.ask("POST", "/api/v1/alerts", &[], ALERT).await;
    assert_eq!(taken.status(), StatusCode::ACCEPTED);
    let taken = json(taken).await;
    let id = taken["alerts"][0].as_str().unwrap();
    let detail = json(bed.ask("GET", &format!("/api/v1/alerts/{id}"), &[], "").await).await;
    assert_eq!(detail["raw"], ALERT);
    assert_eq!(detail["rule"], "<b>rule</b>", "text goes out as it came: whoever shows it shows text");
    let queue = json(bed.ask("GET", "/api/v1/patterns", &[], "").await).await;
    assert_eq!((&queue["total"], &queue["items"][0]["alerts"]), (&1.into(), &1.into()));
    let processed = json(bed.ask("POST", "/api/v1/alerts/process", &[], ALERT).await).await;
    assert_eq!(processed["results"][0]["status"], "judged");
    assert_eq!(processed["results"][0]["propositions"]["status"], "none", "too little was seen");
    let none =
        bed.ask("POST", "/api/v1/alerts/process?time_budget_ms=0", &[], &ALERT.replace(":1,", ":2,")).await;
    assert_eq!(json(none).await["results"][0]["propositions"]["status"], "timed_out");
}

#[tokio::test]
async fn errors_are_problems_with_a_hint() {
    let (bed, _) = bed(&[]);
    let long = "x".repeat(65 << 10);
    for (method, path, body, status) in [
        ("GET", "/api/v1/nothing", "", 404),
        ("GET", "/nothing", "", 404),
        ("PUT", "/api/v1/alerts", "", 405),
        ("GET", "/api/v1/alerts?limit=0", "", 400),
        ("GET", "/api/v1/alerts?limit=x", "", 400),
        ("GET", "/api/v1/alerts?colour=red", "", 400),
        ("GET", "/api/v1/alerts?cursor=1.2", "", 400),
        ("GET", "/api/v1/alerts?pattern=zzz", "", 400),
        ("GET", "/api/v1/alerts?from=yesterday", "", 400),
        ("GET", "/api/v1/alerts/nothing", "", 404),
        ("GET", "/api/v1/patterns/zzz", "", 404),
        ("GET", "/api/v1/decisions/x", "", 404),
        ("POST", "/api/v1/patterns/0000000000000001/decision", "{", 400),
        ("POST", "/api/v1/patterns/0000000000000001/decision", r#"{"verdict":"fine"}"#, 400),
        ("POST", "/api/v1/patterns/0000000000000001/decision", r#"{"verdict":"suspicious"}"#, 404),
        ("DELETE", "/api/v1/patterns/0000000000000001/decision", "", 404),
        ("POST", "/api/v1/alerts", long.as_str(), 413),
        ("POST", "/api/v1/dead-letters/replay", "[]", 400),
    ] {
        let answer = bed.ask(method, path, &[], body).await;
        assert_eq!(answer.status().as_u16(), status, "{method} {path}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{method} {path}");
        assert!(answer.headers().contains_key("content-security-policy"));
        let problem = json(answer).await;
        assert_eq!(problem["status"], status);
        assert!(
            !problem["hint"].as_str().unwrap().is_empty() && !problem["detail"].as_str().unwrap().is_empty()
        );
    }
}

#[tokio::test]
async fn a_token_may_do_what_its_scopes_say_and_nobody_else_anything() {
    let (bed, tokens) =
        bed(&[("ana", &[Scope::Read], None), ("siem", &[Scope::Write], None), ("root", &Scope::ALL, None)]);
    let bearer = |token: &str| format!("Bearer {token}");
    let status = async |token: Option<&str>, method: &str, path: &str| {
        let value = token.map(bearer);
        let headers: Vec<(&str, &str)> =
            value.iter().map(|value| ("authorization", value.as_str())).collect();
        bed.ask(method, path, &headers, ALERT).await.status().as_u16()
    };
    let wrong = format!("wf_{}", "0".repeat(64));
    for token in [None, Some(wrong.as_str()), Some("")] {
        assert_eq!(status(token, "GET", "/api/v1/alerts").await, 401);
        assert_eq!(status(token, "POST", "/api/v1/alerts").await, 401);
        assert_eq!(status(token, "GET", "/metrics").await, 401);
        assert_eq!(status(token, "GET", "/healthz").await, 200);
    }
    assert_eq!(status(Some(&tokens[0]), "GET", "/api/v1/alerts").await, 200);
    assert_eq!(status(Some(&tokens[0]), "POST", "/api/v1/alerts").await, 403);
    assert_eq!(status(Some(&tokens[1]), "POST", "/api/v1/alerts").await, 202);
    assert_eq!(status(Some(&tokens[1]), "GET", "/api/v1/alerts").await, 403);
    assert_eq!(status(Some(&tokens[1]), "DELETE", "/api/v1/dead-letters/1").await, 403);
    assert_eq!(status(Some(&tokens[2]), "DELETE", "/api/v1/dead-letters/1").await, 404);
}

#[tokio::test]
async fn a_page_signs_in_with_a_cookie_that_only_it_can_use() {
    let (bed, tokens) = bed(&[("ana", &[Scope::Read, Scope::Write], None)]);
    let wrong = bed.ask("POST", "/api/v1/session", &[], r#"{"token":"wf_0"}"#).await;
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    let body = format!(r#"{{"token":"{}"}}"#, tokens[0]);
    let answer = bed.ask("POST", "/api/v1/session", &[], &body).await;
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    assert!(!cookie.contains(&tokens[0]), "the token itself is not in it");
    let cookie = cookie.split(';').next().unwrap();
    let status = async |method: &str, headers: &[(&str, &str)]| {
        let all: Vec<_> = headers.iter().copied().chain([("cookie", cookie)]).collect();
        bed.ask(method, "/api/v1/alerts", &all, ALERT).await.status().as_u16()
    };
    assert_eq!(status("GET", &[]).await, 200);
    assert_eq!(status("POST", &[]).await, 403, "without the page's own header");
    assert_eq!(status("POST", &[("x-watchfire", "1")]).await, 202);
    assert_eq!(status("POST", &[("x-watchfire", "1"), ("origin", "http://evil.example")]).await, 403);
    assert_eq!(bed.ask("DELETE", "/api/v1/session", &[("cookie", cookie)], "").await.status(), 204);
    assert_eq!(status("GET", &[]).await, 401);
}

#[tokio::test(start_paused = true)]
async fn a_token_may_come_so_often_a_minute_and_not_once_more() {
    let (bed, tokens) = bed(&[("ana", &[Scope::Read], Some(3)), ("bob", &[Scope::Read], Some(0))]);
    let value = format!("Bearer {}", tokens[0]);
    let get =
        async || bed.ask("GET", "/api/v1/patterns/0000000000000001", &[("authorization", &value)], "").await;
    for left in [2, 1, 0] {
        let answer = get().await;
        assert_eq!(answer.status(), 404);
        assert_eq!(answer.headers()["ratelimit-policy"], "\"default\";q=3;w=60");
        let state = answer.headers()["ratelimit"].to_str().unwrap().to_owned();
        assert!(state.starts_with(&format!("\"default\";r={left};")), "{state}");
    }
    let refused = get().await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    tokio::time::advance(Duration::from_secs(wait) + Duration::from_millis(10)).await;
    assert_eq!(get().await.status(), 404, "Retry-After says when");
    let other = format!("Bearer {}", tokens[1]);
    for _ in 0..100 {
        let answer = bed.ask("GET", "/api/v1/patterns/1", &[("authorization", &other)], "").await;
        assert_eq!(answer.status(), 404);
    }
}

#[tokio::test]
async fn a_key_is_its_senders_own() {
    let (bed, tokens) = bed(&[("ana", &[Scope::Write], None), ("bob", &[Scope::Write], None)]);
    for token in &tokens {
        let value = format!("Bearer {token}");
        let headers = [("authorization", value.as_str()), ("idempotency-key", "1")];
        assert_eq!(json(bed.ask("POST", "/api/v1/alerts", &headers, ALERT).await).await["replayed"], false);
        assert_eq!(json(bed.ask("POST", "/api/v1/alerts", &headers, ALERT).await).await["replayed"], true);
        assert_eq!(bed.ask("POST", "/api/v1/alerts", &headers, "{}").await.status(), 422);
    }
    assert_eq!(bed.store.alert_count().unwrap(), 2);
}

#[tokio::test]
async fn the_document_names_every_route_that_is_counted() {
    let (bed, _) = bed(&[]);
    let document = json(bed.ask("GET", "/api/v1/openapi.json", &[], "").await).await;
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() >= 18, "{}", paths.len());
    for (path, operations) in paths {
        for (method, operation) in operations.as_object().unwrap() {
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.keys().any(|status| status.starts_with('2')), "{method} {path}");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let place = parameter["in"].as_str().unwrap();
                let name = format!("{{{}}}", parameter["name"].as_str().unwrap());
                assert_eq!(place == "path", path.contains(&name), "{method} {path} {parameter}");
            }
        }
    }
}

#[tokio::test]
async fn listeners_beyond_the_bound_are_told_so() {
    let (bed, _) = bed(&[]);
    let first = bed.ask("GET", "/api/v1/events", &[], "").await;
    assert_eq!((first.status().as_u16(), bed.app.shared.hub.listeners()), (200, 1));
    assert_eq!(bed.ask("GET", "/api/v1/events", &[], "").await.status(), 503);
    drop(first);
    assert_eq!(bed.app.shared.hub.listeners(), 0);
}

#[tokio::test]
async fn metrics_are_whole_and_nothing_that_comes_in_names_one() {
    let (bed, _) = bed(&[]);
    bed.ask("POST", "/api/v1/alerts", &[], ALERT).await;
    bed.ask("GET", "/api/v1/%22evil%22", &[], "").await;
    bed.ask("BREW", "/coffee", &[], "").await;
    let answer = bed.ask("GET", "/metrics", &[], "").await;
    let text = String::from_utf8(to_bytes(answer.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap();
    assert!(text.ends_with("# EOF\n"));
    assert!(text.contains("watchfire_alerts_total{outcome=\"judged\"} 1\n"), "{text}");
    assert!(text.contains("watchfire_accept_seconds_bucket{le=\"+Inf\"} 1\n"), "{text}");
    assert!(
        text.contains("route=\"other\",method=\"other\"") && !text.contains("evil") && !text.contains("BREW")
    );
}
