//! Alerts that are passed on: what is said of them is so.

use super::{ALERT, bed, json};
use crate::app::App;
use crate::routes::tests::Bed;
use axum::http::StatusCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use watchfire_engine::service::{Forward, ForwardRecord, NotSent, Sending};

#[derive(Default)]
struct Topic {
    records: Mutex<Vec<ForwardRecord>>,
    is_away: AtomicBool,
    hangs: AtomicBool,
}

impl Forward for Topic {
    fn most_bytes(&self) -> usize {
        10_000
    }

    fn is_ready(&self) -> bool {
        !self.is_away.load(Ordering::SeqCst)
    }

    fn send(&self, records: Vec<ForwardRecord>) -> Sending<'_> {
        Box::pin(async move {
            if self.hangs.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            if self.is_away.load(Ordering::SeqCst) {
                return Err(NotSent("no broker answered".to_owned()));
            }
            self.records.lock().unwrap().extend(records);
            Ok(())
        })
    }
}

fn passing_on() -> (Bed, Arc<Topic>) {
    let (bed, _) = bed(&[]);
    let topic = Arc::new(Topic::default());
    let app: App = bed.app.with_forward(Arc::clone(&topic) as Arc<dyn Forward>);
    (Bed { app, store: bed.store }, topic)
}

#[tokio::test]
async fn what_is_said_to_be_on_the_topic_is_there_and_nothing_is_judged_here() {
    let (bed, topic) = passing_on();
    let body = format!("{ALERT}\n{{\"event_type\":\"flow\"}}\n{{\"cut off\n[{ALERT},{ALERT}]");
    let answer = bed.ask("POST", "/api/v1/alerts", &[], &body).await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let told = json(answer).await;
    assert_eq!(told, serde_json::json!({"received": 5, "sent": 4, "set_aside": 1, "broken": 1}));
    let records = topic.records.lock().unwrap().clone();
    let alert = |text: &str| ForwardRecord { key: Some("10.0.0.1".to_owned()), text: text.to_owned() };
    let broken = ForwardRecord { key: None, text: "{\"cut off".to_owned() };
    assert_eq!(records, [alert(ALERT), broken, alert(ALERT), alert(ALERT)]);
    assert_eq!(bed.store.alert_count().unwrap(), 0);
    let metrics = bed.ask("GET", "/metrics", &[], "").await;
    let text = axum::body::to_bytes(metrics.into_body(), 1 << 20).await.unwrap();
    let text = String::from_utf8(text.to_vec()).unwrap();
    assert!(text.contains("watchfire_forwarded_total{outcome=\"sent\"} 3\n"), "{text}");
}

#[tokio::test]
async fn what_a_topic_can_not_do_is_refused() {
    let (bed, topic) = passing_on();
    let judged = bed.ask("POST", "/api/v1/alerts/process", &[], ALERT).await;
    assert_eq!(judged.status(), StatusCode::CONFLICT);
    assert!(json(judged).await["hint"].as_str().unwrap().contains("POST /api/v1/alerts"));
    let keyed = bed.ask("POST", "/api/v1/alerts", &[("idempotency-key", "1")], ALERT).await;
    assert_eq!(keyed.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(json(keyed).await["hint"].as_str().unwrap().contains("leave the header out"));
    let long = ALERT.replace("rule", &"x".repeat(10_000));
    let long = bed.ask("POST", "/api/v1/alerts", &[], &format!("{ALERT}\n{long}")).await;
    assert_eq!(long.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert!(topic.records.lock().unwrap().is_empty(), "nothing of what was refused is passed on");
}

#[tokio::test(start_paused = true)]
async fn while_the_topic_is_away_nothing_is_said_to_be_accepted() {
    let (bed, topic) = passing_on();
    assert_eq!(bed.ask("GET", "/readyz", &[], "").await.status(), StatusCode::OK);
    topic.is_away.store(true, Ordering::SeqCst);
    assert_eq!(bed.ask("GET", "/readyz", &[], "").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    for hangs in [false, true] {
        topic.hangs.store(hangs, Ordering::SeqCst);
        let answer = bed.ask("POST", "/api/v1/alerts", &[], ALERT).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "before the request is given up");
        assert_eq!(answer.headers()["retry-after"], "1");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
    topic.hangs.store(false, Ordering::SeqCst);
    topic.is_away.store(false, Ordering::SeqCst);
    assert_eq!(bed.ask("POST", "/api/v1/alerts", &[], ALERT).await.status(), StatusCode::ACCEPTED);
}
