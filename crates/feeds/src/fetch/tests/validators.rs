//! Conditional requests, and being told to come later.

use super::server::{Server, answer};
use super::{NOW_MS, fetch, fetcher, settings};
use crate::fetch::{Failure, Outcome, Source, Validators};
use std::time::Duration;

#[tokio::test]
async fn what_the_server_gave_goes_back_to_the_letter() {
    let date = "Tue, 03 Nov 2026 8:00:00 +0000 (as we write it)";
    let server = Server::start(move |asked| {
        if asked.head.contains("if-none-match: w/\"a-1\"")
            && asked.head.contains("if-modified-since: tue, 03")
        {
            answer(304, "etag: W/\"A-2\"|cache-control: max-age=600", "")
        } else {
            answer(200, &format!("etag: W/\"A-1\"|last-modified: {date}"), "<rss/>")
        }
    })
    .await;
    let Outcome::New(document) = fetch(&server.url("/")).await.outcome else { panic!() };
    let validators = document.validators.unwrap();
    assert_eq!(validators.etag.as_deref(), Some("W/\"A-1\""));
    assert_eq!(validators.last_modified.as_deref(), Some(date));
    let source = Source::feed(server.url("/")).private().known(Some(validators));
    let fetched = fetcher(settings()).fetch(&source).await;
    assert_eq!(fetched.fresh_for, Some(Duration::from_secs(600)));
    let Outcome::NotModified { validators } = fetched.outcome else { panic!() };
    assert_eq!(validators.etag.as_deref(), Some("W/\"A-2\""));
    assert_eq!(validators.last_modified.as_deref(), Some(date), "what is not said again still holds");
}

#[tokio::test]
async fn a_304_without_a_condition_is_a_failure() {
    let server = Server::start(|_| answer(304, "etag: \"a\"", "")).await;
    let fetched = fetch(&server.url("/")).await;
    assert!(matches!(fetched.outcome, Outcome::Failed(Failure::Unconditional)), "{fetched:?}");
}

#[tokio::test]
async fn what_one_address_gave_is_told_to_no_other() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/moved" => answer(302, "location: /now", ""),
        _ => answer(304, "", ""),
    })
    .await;
    let known =
        |path| Validators { url: server.url(path), etag: Some("\"a\"".to_owned()), last_modified: None };
    let source = |path| Source::feed(server.url("/moved")).private().known(Some(known(path)));
    let fetched = fetcher(settings()).fetch(&source("/before")).await;
    assert!(matches!(fetched.outcome, Outcome::Failed(Failure::Unconditional)), "{fetched:?}");
    let fetched = fetcher(settings()).fetch(&source("/now")).await;
    assert!(matches!(fetched.outcome, Outcome::NotModified { .. }), "{fetched:?}");
    let told: Vec<bool> = server.asked().iter().map(|asked| asked.head.contains("if-none-match")).collect();
    assert_eq!(told, [false, false, false, true]);
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_kept_within_bounds_and_nonsense_is_a_failure() {
    for (status, value, wait_s) in [
        (503, "120", Some(120)),
        (429, "120", Some(120)),
        (503, "Sat, 21 Nov 2026 13:00:00 GMT", Some(3600)),
        (503, "99999999999999999999", Some(86_400)),
        (503, "0", Some(60)),
        (503, "Sat, 21 Nov 1926 13:00:00 GMT", Some(60)),
        (503, "whenever", None),
    ] {
        let server = Server::start(move |_| answer(status, &format!("retry-after: {value}"), "")).await;
        let fetched = fetch(&server.url("/")).await;
        match (fetched.outcome, wait_s) {
            (Outcome::Later { until_ms }, Some(wait_s)) => {
                let wait_ms = until_ms - NOW_MS;
                assert!((wait_ms - wait_s * 1000).abs() < 1000, "{value}: {wait_ms}");
            }
            (Outcome::Failed(Failure::Status(503)), None) => {}
            (other, _) => panic!("{value}: {other:?}"),
        }
    }
}
