//! Turns, robots.txt, and who we say that we are.

use super::server::{Reply, Server, answer};
use super::{FetchSettings, fetcher, settings};
use crate::fetch::{Outcome, Refusal, Source};
use futures_util::future::join_all;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn polite() -> FetchSettings {
    FetchSettings { contact: "mailto:soc@example.org (\r\nx: y)".to_owned(), ..FetchSettings::default() }
}

fn slow(body: &str) -> Reply {
    let head = format!("HTTP/1.1 200 X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    Reply::After(Duration::from_millis(200), head.into_bytes())
}

#[tokio::test(start_paused = true)]
async fn twenty_feeds_of_one_host_are_asked_for_one_by_one_with_a_pause_and_robots_once() {
    let server = Server::start(|_| slow("")).await;
    let fetcher = fetcher(polite());
    let sources: Vec<_> =
        (0..20).map(|at| Source::feed(server.url(&format!("/feed/{at}"))).private()).collect();
    let fetched = join_all(sources.iter().map(|source| fetcher.fetch(source))).await;
    assert!(fetched.iter().all(|fetched| matches!(fetched.outcome, Outcome::New(_))), "{fetched:?}");
    let asked = server.asked();
    assert_eq!(asked.len(), 21);
    assert_eq!(asked.iter().filter(|asked| asked.path == "/robots.txt").count(), 1);
    assert!(asked.iter().all(|asked| asked.at_once == 1));
    for pair in asked.windows(2) {
        let apart = pair[1].at - pair[0].at;
        assert!(apart >= Duration::from_millis(1200) && apart < Duration::from_millis(1250), "{apart:?}");
    }
    let agent =
        concat!("user-agent: watchfire/", env!("CARGO_PKG_VERSION"), " (+mailto:soc@example.orgx:y)\r\n");
    assert!(asked.iter().all(|asked| asked.head.contains(agent)), "{}", asked[0].head);
}

#[tokio::test(start_paused = true)]
async fn what_robots_txt_disallows_is_not_asked_for_also_after_a_redirect() {
    let rules = "User-agent: *\nDisallow: /\n\nUser-agent: Watchfire\nDisallow: /private\nCrawl-delay: 5";
    let server = Server::start(move |asked| match asked.path.as_str() {
        "/robots.txt" => answer(200, "", rules),
        "/moved" => answer(302, "location: /private/feed", ""),
        _ => answer(200, "", ""),
    })
    .await;
    let fetcher = fetcher(polite());
    for (path, allowed) in
        [("/feed", true), ("/private/feed", false), ("/moved", false), ("/%70rivate", false)]
    {
        let fetched = fetcher.fetch(&Source::feed(server.url(path)).private()).await;
        let refused = matches!(fetched.outcome, Outcome::Refused(Refusal::Robots(_)));
        assert_eq!(refused, !allowed, "{path}: {fetched:?}");
    }
    assert_eq!(server.paths(), ["/robots.txt", "/feed", "/moved"]);
    let asked = server.asked();
    assert!(asked[2].at - asked[1].at >= 5 * SECOND, "the delay that the host asks for");
}

#[tokio::test(start_paused = true)]
async fn no_file_allows_all_and_a_file_out_of_reach_nothing_for_a_while() {
    for (status, asked_for) in [(404, true), (403, true), (500, false), (503, false), (429, false)] {
        let now = Arc::new(AtomicU16::new(status));
        let said = Arc::clone(&now);
        let server = Server::start(move |asked| match asked.path.as_str() {
            "/robots.txt" => answer(said.load(Ordering::Relaxed), "", ""),
            _ => answer(200, "", ""),
        })
        .await;
        let fetcher = fetcher(polite());
        let source = Source::feed(server.url("/feed")).private();
        for _ in 0..2 {
            let fetched = fetcher.fetch(&source).await;
            assert_eq!(matches!(fetched.outcome, Outcome::New(_)), asked_for, "{status}: {fetched:?}");
            assert_eq!(matches!(fetched.outcome, Outcome::Later { .. }), !asked_for, "{status}");
        }
        let robots = || server.paths().iter().filter(|path| *path == "/robots.txt").count();
        assert_eq!(robots(), 1, "{status}: it is kept");
        // What was known goes on to hold where the file is out of reach later.
        now.store(if asked_for { 500 } else { 404 }, Ordering::Relaxed);
        tokio::time::advance(25 * 3600 * SECOND).await;
        let fetched = fetcher.fetch(&source).await;
        assert!(matches!(fetched.outcome, Outcome::New(_)), "{status}: {fetched:?}");
        assert_eq!(robots(), 2, "{status}: it is read again the next day");
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_wants_to_be_left_alone_is_not_asked_by_another_feed() {
    let server = Server::start(|_| answer(429, "retry-after: 600", "")).await;
    let fetcher = fetcher(settings());
    for path in ["/one", "/two"] {
        let fetched = fetcher.fetch(&Source::feed(server.url(path)).private()).await;
        assert!(matches!(fetched.outcome, Outcome::Later { .. }), "{fetched:?}");
    }
    assert_eq!(server.paths(), ["/one"]);
    tokio::time::advance(601 * SECOND).await;
    fetcher.fetch(&Source::feed(server.url("/two")).private()).await;
    assert_eq!(server.paths(), ["/one", "/two"]);
}
