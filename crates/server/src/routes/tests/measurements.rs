//! Measurements, from the bytes of a batch to what a client is told.

use super::{Bed, bed, json};
use crate::measuring::Measurements;
use crate::token::Scope;
use axum::body::to_bytes;
use serde_json::{Value, json};
use std::future::Future;
use std::sync::Arc;
use watchfire_engine::measuring::AlertWeights;
use watchfire_flow::{LaneRunner, SystemClock};
use watchfire_measure::{BatchSettings, Engine, MeasureSettings};
use watchfire_store::MeasurementDeadRow;
use watchfire_store::measurements::{MeasurementStore, SqliteMeasurements};

const BATCH: &str = "/api/v1/measurements/batch";

/// A service with measurements of at most so many a batch; rejected heart rates are alerts.
fn ward(tokens: &[(&str, &[Scope], Option<u32>)], most: usize) -> (Bed, Vec<String>, LaneRunner<String>) {
    let (bed, tokens) = bed(tokens);
    let store: Arc<dyn MeasurementStore> = Arc::new(SqliteMeasurements::new(Arc::clone(&bed.store)));
    let settings = Arc::new(MeasureSettings::default());
    let bounds = BatchSettings { most_measurements: most, ..BatchSettings::default() };
    let (engine, runner) =
        Engine::new(Arc::clone(&store), Arc::clone(&settings), bounds, Arc::new(SystemClock::new()));
    let alerts = AlertWeights { least: 50, weights: [("heart_rate".to_owned(), 80)].into() };
    let measurements = Measurements { engine: Arc::new(engine), store, most, alerts, settings };
    (Bed { app: bed.app.with_measurements(measurements), store: bed.store }, tokens, runner)
}

/// Runs work beside the lanes that it needs.
async fn beside(runner: LaneRunner<String>, work: impl Future<Output = ()>) {
    tokio::select! {
        () = runner.run() => panic!("the lanes are open as long as the engine is there"),
        () = work => {}
    }
}

fn heart_rate(user: &str, minute: usize, value: f64) -> Value {
    let time = format!("2026-11-02T{:02}:{:02}:00Z", minute / 60, minute % 60);
    json!({ "user": user, "metric": "heart_rate", "time": time, "value": value })
}

/// An hour of ordinary values.
fn ordinary(user: &str) -> Vec<Value> {
    (0..60).map(|minute| heart_rate(user, minute, 66.0 + [0.0, 1.5, -1.0, 2.0, -2.0][minute % 5])).collect()
}

impl Bed {
    async fn measured(&self, items: &[Value]) -> Value {
        let body = json!({ "measurements": items }).to_string();
        let answer = self.ask("POST", BATCH, &[], &body).await;
        assert_eq!(answer.status(), 200);
        json(answer).await
    }

    async fn got(&self, path: &str) -> Value {
        let answer = self.ask("GET", path, &[], "").await;
        assert_eq!(answer.status(), 200, "{path}");
        json(answer).await
    }
}

#[tokio::test]
async fn a_batch_is_answered_in_its_order_and_a_bad_item_is_nobody_elses_trouble() {
    let (bed, _, runner) = ward(&[], 500);
    beside(runner, async {
        let mut items = ordinary("ana");
        items.insert(1, json!({ "user": "bob" }));
        items.insert(3, json!(7));
        let told = bed.measured(&items).await;
        let answers = told["answers"].as_array().unwrap();
        assert_eq!(answers.len(), 62);
        for (place, answer) in answers.iter().enumerate() {
            assert_eq!(answer["index"], place);
            let failed = [1, 3].contains(&place);
            assert_eq!(answer["status"], if failed { "failed" } else { "accepted" }, "{answer}");
            assert_eq!(answer["reason"].is_string(), failed);
        }
        assert_eq!(
            (&told["statistics"]["unreadable"], &told["statistics"]["accepted"]),
            (&json!(2), &json!(60))
        );
        let lines = "{\"user\":\"eve\",\"metric\":\"m\",\"time\":1,\"value\":2}\nnothing\n";
        let kind = [("content-type", "application/x-ndjson; charset=utf-8"), ("idempotency-key", "1")];
        let told = json(bed.ask("POST", BATCH, &kind, lines).await).await;
        let status = |place: usize| told["answers"][place]["status"].as_str().unwrap().to_owned();
        assert_eq!((status(0), status(1)), ("accepted".to_owned(), "failed".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn a_rejected_value_of_weight_becomes_one_alert_however_often_it_is_sent() {
    let (bed, _, runner) = ward(&[], 500);
    beside(runner, async {
        bed.measured(&ordinary("user-17")).await;
        let outlier = [heart_rate("user-17", 61, 250.0)];
        let told = bed.measured(&outlier).await;
        assert_eq!(
            (&told["answers"][0]["reason"], &told["statistics"]["alerts"]),
            (&json!("outlier"), &json!(1))
        );
        let again = bed.measured(&outlier).await;
        assert_eq!(
            (&again["answers"][0]["repeated"], &again["statistics"]["alerts"]),
            (&json!(true), &json!(0))
        );
        assert_eq!(bed.store.alert_count().unwrap(), 1);
        let alerts = bed.got("/api/v1/alerts").await;
        let id = alerts["items"][0]["id"].as_str().unwrap();
        let alert = bed.got(&format!("/api/v1/alerts/{id}")).await;
        assert_eq!(alert["rule"], "Rejected measurement of heart_rate");
        let raw: Value = serde_json::from_str(alert["raw"].as_str().unwrap()).unwrap();
        let title = raw["finding_info"]["title"].as_str().unwrap();
        assert!(title.starts_with("heart_rate of user-17 is 250, expected "), "{title}");
        assert_eq!(alert["user"], "user-17");
    })
    .await;
}

#[tokio::test]
async fn what_is_known_of_a_user_is_told_until_it_is_taken_away() {
    let (bed, _, runner) = ward(&[], 500);
    beside(runner, async {
        let hostile = "</script><b>\u{202e}/../";
        let mut items = ordinary(hostile);
        items.extend(ordinary("bob"));
        items.push(heart_rate("bob", 61, 250.0));
        bed.measured(&items).await;
        let first = bed.got("/api/v1/measurements/users?limit=1").await;
        let next = first["next"].as_str().unwrap().replace(['<', '>'], "%3C");
        assert_eq!(first["items"].as_array().unwrap().len(), 1, "{next}");
        let all = bed.got("/api/v1/measurements/users").await;
        assert_eq!(all["items"], json!([hostile, "bob"]));
        let path = format!("/api/v1/measurements/{}", "%3C%2Fscript%3E%3Cb%3E%E2%80%AE%2F..%2F");
        assert_eq!(bed.got(&path).await["user"], hostile);
        let bob = bed.got("/api/v1/measurements/bob").await;
        let series = &bob["metrics"][0];
        assert_eq!(
            (&series["metric"], &series["accepted"], &series["rejected"]),
            (&json!("heart_rate"), &json!(60), &json!(1))
        );
        let points = series["points"].as_array().unwrap();
        let last = points.last().unwrap();
        assert_eq!(
            (points.len(), &last["accepted"], &last["reason"]),
            (61, &json!(false), &json!("outlier"))
        );
        assert!(
            last["upper"].as_f64().unwrap() < 250.0 && last["lower"].as_f64() < last["expected"].as_f64()
        );
        assert_eq!(bed.ask("DELETE", "/api/v1/measurements/bob", &[], "").await.status(), 204);
        assert_eq!(bed.ask("DELETE", "/api/v1/measurements/bob", &[], "").await.status(), 404);
        assert_eq!(bed.ask("GET", "/api/v1/measurements/bob", &[], "").await.status(), 404);
    })
    .await;
}

#[tokio::test]
async fn dead_letters_are_judged_again_and_gone() {
    let (bed, _, runner) = ward(&[], 2);
    beside(runner, async {
        let row = |text: String| MeasurementDeadRow {
            measurement: text,
            attempts: 8,
            reason: "late".into(),
            at: 1,
        };
        let mut letters: Vec<_> =
            (0..3).map(|minute| row(heart_rate("ana", minute, 66.0).to_string())).collect();
        letters.push(row("{".to_owned()));
        bed.store.keep_measurement_dead(&letters).unwrap();
        let waiting = bed.got("/api/v1/measurements/dead?limit=3").await;
        assert_eq!(
            (&waiting["waiting"], &waiting["items"][0]["measurement"]["user"]),
            (&json!(4), &json!("ana"))
        );
        let rest =
            bed.got(&format!("/api/v1/measurements/dead?cursor={}", waiting["next"].as_str().unwrap())).await;
        assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (1, &Value::Null));
        let replay = "/api/v1/measurements/dead/replay";
        let body = json!({ "ids": [waiting["items"][0]["id"]] }).to_string();
        assert_eq!(json(bed.ask("POST", replay, &[], &body).await).await["waiting"], 3);
        let all = json(bed.ask("POST", replay, &[], "").await).await;
        assert_eq!(
            (&all["judged"], &all["accepted"], &all["failed"], &all["waiting"]),
            (&json!(2), &json!(2), &json!(1), &json!(1))
        );
        let ana = bed.got("/api/v1/measurements/ana").await;
        assert_eq!(ana["metrics"][0]["accepted"], 3);
    })
    .await;
}

#[tokio::test]
async fn bounds_and_scopes_hold_and_figures_are_told() {
    let (bed, tokens, runner) = ward(&[("ana", &[Scope::Read], None), ("siem", &Scope::ALL, None)], 3);
    beside(runner, async {
        let ask = async |token: usize, method: &str, path: &str, body: &str| {
            let value = format!("Bearer {}", tokens[token]);
            bed.ask(method, path, &[("authorization", &value)], body).await
        };
        let four = json!({ "measurements": ordinary("bob")[..4] }).to_string();
        let three = json!({ "measurements": ordinary("bob")[..3] }).to_string();
        assert_eq!(ask(0, "POST", BATCH, &three).await.status(), 403);
        assert_eq!(ask(0, "DELETE", "/api/v1/measurements/bob", "").await.status(), 403);
        assert_eq!(ask(0, "GET", "/api/v1/measurements/bob", "").await.status(), 404);
        for (body, status) in
            [(four.as_str(), 413), (three.as_str(), 200), ("{", 400), ("{\"measurements\":3}", 400)]
        {
            assert_eq!(ask(1, "POST", BATCH, body).await.status(), status, "{body}");
        }
        let statistics = json(ask(0, "GET", "/api/v1/measurements/statistics", "").await).await;
        assert_eq!(
            (&statistics["batches"], &statistics["accepted"], &statistics["store"]),
            (&json!(1), &json!(3), &json!("sqlite"))
        );
        assert_eq!((&statistics["cache"]["users"], &statistics["hints"]), (&json!(1), &json!([])));
        let metrics = ask(0, "GET", "/metrics", "").await;
        let text = String::from_utf8(to_bytes(metrics.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap();
        for line in [
            "watchfire_measurements_total{outcome=\"accepted\"} 3\n",
            "watchfire_measurements_rejected_total{reason=\"outlier\"} 0\n",
            "watchfire_measurement_batch_seconds_count 1\n",
            "watchfire_measurement_dead_letters 0\n",
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
    })
    .await;
}

#[tokio::test]
async fn without_measurements_that_is_told() {
    let (bed, _) = bed(&[]);
    for (method, path) in [
        ("POST", BATCH),
        ("GET", "/api/v1/measurements/users"),
        ("GET", "/api/v1/measurements/statistics"),
        ("GET", "/api/v1/measurements/dead"),
        ("POST", "/api/v1/measurements/dead/replay"),
        ("GET", "/api/v1/measurements/ana"),
        ("DELETE", "/api/v1/measurements/ana"),
    ] {
        let answer = bed.ask(method, path, &[], "{}").await;
        assert_eq!(answer.status(), 404, "{method} {path}");
        assert_eq!(json(answer).await["detail"], "measurements are not served here");
    }
}
