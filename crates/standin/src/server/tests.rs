//! Over a real port.

use super::Standin;
use crate::{Config, Provider};
use std::time::Duration;
use watchfire_http::{Client, Http, HttpError, Pool, Request};

fn check(base_url: &str) -> Request {
    Request::get(format!("{base_url}/api/v2/check?ipAddress=198.51.100.7")).header("key", "test-key")
}

#[tokio::test]
async fn it_listens_answers_counts_and_stops() {
    let running = Standin::start(Config::default()).await.unwrap();
    let client = Client::new(&Pool::default()).unwrap();
    let response = client.send(check(&running.base_url)).await.unwrap();
    assert_eq!(response.status, 200);
    let tally = client.send(Request::get(format!("{}/__standin/tally", running.base_url))).await.unwrap();
    let tally: serde_json::Value = serde_json::from_slice(&tally.body).unwrap();
    assert_eq!(tally["abuseipdb"]["answered"], 1);
    assert_eq!(running.max_in_any(Provider::AbuseIpDb, Duration::from_secs(1)), 1);
    let url = running.base_url.clone();
    running.stop().await;
    let fresh = Client::new(&Pool::default()).unwrap();
    assert!(matches!(fresh.send(check(&url)).await, Err(HttpError::Connect { .. })));
}

#[tokio::test]
async fn a_client_that_hangs_up_gives_its_place_up() {
    let config: Config =
        toml::from_str("[behaviour]\nhangs = 1.0\n[default_limits]\nconcurrency = 1").unwrap();
    let running = Standin::start(config).await.unwrap();
    let client = Client::new(&Pool::default()).unwrap();
    let short = check(&running.base_url).timeout(Duration::from_millis(100));
    assert!(client.send(short).await.is_err());
    running.behave(serde_json::json!({"hangs": 0.0})).unwrap();
    // The server hears of it a moment later.
    for _ in 0..100 {
        if client.send(check(&running.base_url)).await.unwrap().status == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the place was never given up");
}

#[tokio::test]
async fn an_address_that_is_taken_is_said_so() {
    let running = Standin::start(Config::default()).await.unwrap();
    let error = Standin::listen(&running.address.to_string(), Config::default()).await.unwrap_err();
    assert!(error.to_string().contains("hint:"), "{error}");
}
