//! Bodies without end, bombs, drips and lies.

use super::server::{Reply, Server, answer};
use super::{FetchSettings, body, fetch, fetcher, settings};
use crate::fetch::{Failure, Outcome, Refusal, Source};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;
use watchfire_http::{Client, HttpError, Lookup, Pool, Reach};

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nconnection: close\r\n";

fn head(headers: &str) -> Vec<u8> {
    [HEAD, headers.as_bytes(), b"\r\n\r\n"].concat()
}

/// Zeros, so many MiB of them, in some compression.
fn zeros(mut into: impl Write, mebibytes: usize) {
    let piece = vec![0; 1 << 20];
    for _ in 0..mebibytes {
        into.write_all(&piece).unwrap();
    }
}

#[tokio::test]
async fn a_body_of_a_gigabyte_is_given_up_at_the_bound() {
    for headers in ["content-length: 1073741824", "x: y"] {
        let server = Server::start(move |_| Reply::Flood(head(headers), vec![0; 1 << 16])).await;
        let fetched = fetch(&server.url("/")).await;
        let Outcome::Refused(Refusal::TooLarge(bound)) = fetched.outcome else { panic!("{fetched:?}") };
        assert_eq!(bound, 10 << 20);
        // More may lie in the buffers of the two sockets.
        let flooded = server.flooded.load(Ordering::SeqCst);
        println!("of 1 GiB the server got rid of {flooded} bytes");
        assert!((10 << 20..32 << 20).contains(&(flooded + (1 << 20))), "{flooded} bytes were taken");
    }
}

#[tokio::test]
async fn a_bomb_is_given_up_where_it_has_grown_to_the_bound() {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    zeros(&mut bomb, 100);
    let bomb = bomb.finish().unwrap();
    assert!(bomb.len() < 200_000);
    let mut deflated = ZlibEncoder::new(Vec::new(), Compression::best());
    zeros(&mut deflated, 100);
    for (encoding, bomb) in [("gzip", bomb), ("deflate", deflated.finish().unwrap())] {
        let server =
            Server::start(move |_| answer(200, &format!("content-encoding: {encoding}"), &bomb)).await;
        let fetched = fetch(&server.url("/")).await;
        assert!(matches!(fetched.outcome, Outcome::Refused(Refusal::TooLarge(_))), "{fetched:?}");
        assert!(server.asked()[0].head.contains(encoding), "it was not asked for");
    }
}

#[tokio::test]
async fn what_fits_is_decompressed_and_what_only_claims_to_be_compressed_fails() {
    let mut small = GzEncoder::new(Vec::new(), Compression::fast());
    small.write_all(b"<rss/>").unwrap();
    let small = small.finish().unwrap();
    let server = Server::start(move |asked| {
        let body = if asked.path == "/good" { small.clone() } else { b"<rss/>".to_vec() };
        answer(200, "content-encoding: gzip", body)
    })
    .await;
    assert_eq!(body(fetch(&server.url("/good")).await), "<rss/>");
    let fetched = fetch(&server.url("/lie")).await;
    assert!(matches!(fetched.outcome, Outcome::Failed(Failure::NoAnswer(_))), "{fetched:?}");
}

#[tokio::test(start_paused = true)]
async fn a_byte_a_second_is_ended_by_the_total_and_a_byte_a_minute_by_the_idle_time() {
    for (every, seconds) in [(1, 30), (60, 10)] {
        let drip = move || Reply::Drip(head("content-length: 1000000"), Duration::from_secs(every));
        let server = Server::start(move |_| drip()).await;
        let began = Instant::now();
        let fetched = fetch(&server.url("/")).await;
        let Outcome::Failed(Failure::NoAnswer(HttpError::Timeout(_))) = fetched.outcome else {
            panic!("{fetched:?}")
        };
        assert_eq!(began.elapsed().as_secs(), seconds);
    }
}

#[tokio::test(start_paused = true)]
async fn hops_that_each_take_long_take_no_longer_together() {
    let late = |to: &str| {
        let head =
            format!("HTTP/1.1 302 X\r\nconnection: close\r\ncontent-length: 0\r\nlocation: {to}\r\n\r\n");
        Reply::After(Duration::from_secs(12), head.into_bytes())
    };
    let server = Server::start(move |asked| late(&format!("{}x", asked.path))).await;
    let began = Instant::now();
    let fetched = fetch(&server.url("/")).await;
    assert!(matches!(fetched.outcome, Outcome::Failed(Failure::NoAnswer(_))), "{fetched:?}");
    assert_eq!((began.elapsed().as_secs(), server.asked().len()), (30, 3));
}

#[tokio::test]
async fn lies_about_length_type_and_charset_change_no_byte() {
    let utf_16: Vec<u8> = "<rss/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let sent = utf_16.clone();
    let server = Server::start(move |asked| match asked.path.as_str() {
        "/type" => answer(200, "content-type: image/png; charset=klingon", &sent),
        // Less is said than comes: what comes after it is not the body.
        "/short" => Reply::Bytes([&head("content-length: 4")[..], b"<rss/>"].concat()),
        // More is said than comes.
        "/long" => Reply::Bytes([&head("content-length: 400")[..], b"<rss/>"].concat()),
        "/huge" => Reply::Bytes([&head("content-length: 99999999999999999999")[..], b"<rss/>"].concat()),
        _ => Reply::Bytes([&head("content-length: 6\r\ncontent-length: 5")[..], b"<rss/>"].concat()),
    })
    .await;
    let Outcome::New(document) = fetch(&server.url("/type")).await.outcome else { panic!() };
    assert_eq!(document.bytes, utf_16);
    assert_eq!(document.content_type.as_deref(), Some("image/png; charset=klingon"));
    assert_eq!(body(fetch(&server.url("/short")).await), "<rss");
    for path in ["/long", "/huge", "/two"] {
        let fetched = fetch(&server.url(path)).await;
        assert!(matches!(fetched.outcome, Outcome::Failed(Failure::NoAnswer(_))), "{path}: {fetched:?}");
    }
}

#[tokio::test]
async fn the_greatest_body_is_a_setting() {
    let server = Server::start(|_| answer(200, "", [b'x'; 100])).await;
    for (max_body, fits) in [(100, true), (99, false)] {
        let fetched = fetcher(FetchSettings { max_body, ..settings() })
            .fetch(&Source::feed(server.url("/")).private())
            .await;
        assert_eq!(matches!(fetched.outcome, Outcome::New(_)), fits);
    }
}

#[tokio::test]
async fn nothing_is_sent_to_a_private_address_however_it_is_written_or_named() {
    let server = Server::start(|_| answer(200, "", "secret")).await;
    let port = server.port;
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "localhost", "a.localhost"] {
        let source = Source::feed(format!("http://{host}:{port}/"));
        let fetched = fetcher(settings()).fetch(&source).await;
        assert!(matches!(fetched.outcome, Outcome::Refused(Refusal::Address { .. })), "{host}: {fetched:?}");
    }
    for url in ["file:///etc/passwd", "gopher://example.org/", "data:,x", "http://user:key@example.org/", "x"]
    {
        let fetched = fetcher(settings()).fetch(&Source::feed(url)).await;
        let Outcome::Refused(refusal) = fetched.outcome else { panic!("{url}: {fetched:?}") };
        assert!(!refusal.to_string().contains("key"), "{refusal}");
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_when_the_connection_is_made() {
    let server = Server::start(|_| answer(200, "", "secret")).await;
    let lookup: Lookup = Arc::new(|_| Box::pin(async { Ok(vec!["127.0.0.1:0".parse().unwrap()]) }));
    let client = |reach| Arc::new(Client::looking_up(&Pool::default(), reach, Arc::clone(&lookup)).unwrap());
    let clock = Arc::new(super::RuntimeClock(Instant::now()));
    let (public, anywhere) = (client(Reach::PublicWeb), client(Reach::Anywhere));
    for robots in [false, true] {
        let settings = FetchSettings { robots, ..settings() };
        let fetcher = crate::fetch::Fetcher::over(public.clone(), anywhere.clone(), settings, clock.clone());
        let fetched = fetcher.fetch(&Source::feed(format!("http://feed.example:{}/", server.port))).await;
        let Outcome::Refused(Refusal::NotPublic { reason, .. }) = fetched.outcome else {
            panic!("{fetched:?}")
        };
        assert!(reason.contains("feed.example leads to 127.0.0.1"), "{reason}");
    }
    assert!(server.asked().is_empty());
}
