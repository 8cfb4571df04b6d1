//! What a proposition service said to one instance of `serve` is known to the others, until somebody chooses something about it.
//!
//! With a server by `checks/redis cargo test -p watchfire --test shared_answers`.

#![cfg(feature = "redis")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod support;

use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use support::Workbench;
use support::alerts::alert;
use support::process::pause;
use support::served::Served;
use watchfire_flow::{Clock, SystemClock};

/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A proposition service: its address, and how often it was asked.
fn service() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = Vec::new();
            let mut part = [0; 4096];
            while !request.ends_with(b"}") {
                match stream.read(&mut part) {
                    Ok(0) | Err(_) => break,
                    Ok(read) => request.extend_from_slice(&part[..read]),
                }
            }
            let nth = count.fetch_add(1, Ordering::SeqCst) + 1;
            let body = format!(r#"{{"actions":[{{"action":"advice {nth}","probability":0.5}}]}}"#);
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    (address, asked)
}

/// Where the propositions about this alert came from, and the first action.
fn proposed(served: &Served, number: u64) -> (String, String) {
    let (status, answer) = served.post("/api/v1/alerts/process", alert(number).as_bytes());
    assert_eq!(status, 200, "{answer}");
    let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    let propositions = &body["results"][0]["propositions"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    assert!(propositions.is_object(), "{body}");
    (text(&propositions["from"]), text(&propositions["actions"][0]["action"]))
}

#[test]
fn what_one_instance_was_told_all_know_until_somebody_chooses_about_it() {
    let Ok(redis) = std::env::var("WATCHFIRE_REDIS_URL") else {
        eprintln!("skipped: WATCHFIRE_REDIS_URL is not set; see checks/redis");
        return;
    };
    let (url, asked) = service();
    let settings = format!(
        "[server]\nrequests_per_minute = 0\n[propositions]\nurl = \"{url}\"\n[redis]\nurl = \"{redis}\"\n"
    );
    let benches = [Workbench::new(), Workbench::new()];
    let [one, other] = benches.each_ref().map(|bench| Served::start(bench, &settings));
    // Its connection to the server is made in the background.
    pause(Duration::from_secs(2));

    let first = ("service".to_owned(), "advice 1".to_owned());
    let kept = |nth: usize| ("cache".to_owned(), format!("advice {nth}"));
    assert_eq!(proposed(&one, 1), first);
    assert_eq!(proposed(&other, 1), kept(1), "the other knows it");
    // The same type: ids repeat every seven alerts.
    assert_eq!(proposed(&other, 8), kept(1));
    assert_eq!(asked.load(Ordering::SeqCst), 1);

    let (status, answer) = one.ask("GET", "/api/v1/patterns", b"");
    assert_eq!(status, 200, "{answer}");
    let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    let pattern = body["items"][0]["id"].as_str().unwrap();
    let word = br#"{"verdict":"true_positive","reason":"seen","action":"block source"}"#;
    let (status, answer) = one.post(&format!("/api/v1/patterns/{pattern}/decision"), word);
    assert!(status < 300, "{answer}");

    let clock = SystemClock::new();
    while proposed(&other, 15) != ("service".to_owned(), "advice 2".to_owned()) {
        assert!(clock.elapsed() < PATIENCE, "the other goes on with what was forgotten");
        pause(Duration::from_millis(100));
    }
    assert_eq!(proposed(&one, 22), kept(2));
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}
