//! Where a client goes, whatever it is told of where names lead.

use super::{BadAddress, Found, Lookup, PublicOnly, Reach, destination, is_public};
use crate::{Client, Http, HttpError, Pool, Request};
use reqwest::dns::Resolve;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[test]
fn nothing_but_public_addresses_is_public() {
    for inside in [
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ] {
        assert!(!is_public(inside.parse().unwrap()), "{inside}");
    }
    for public in [
        "1.1.1.1",
        "8.8.8.8",
        "100.63.255.255",
        "100.128.0.1",
        "172.15.0.1",
        "172.32.0.1",
        "192.1.0.1",
        "223.255.255.1",
        "2606:4700::1111",
        "2a00:1450::1",
        "64:ff9b::808:808",
        "::ffff:8.8.8.8",
    ] {
        assert!(is_public(public.parse().unwrap()), "{public}");
    }
}

#[test]
fn an_address_is_seen_through_whatever_it_is_written_as() {
    let bad = |url: &str| destination(url, Reach::Public).unwrap_err();
    for url in [
        "https://127.0.0.1/x",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://017700000001/",
        "https://127.1:8443/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest",
        "https://①②⑦.⓪.⓪.①/",
    ] {
        assert!(matches!(bad(url), BadAddress::NotPublic(_)), "{url}: {}", bad(url));
    }
    assert!(matches!(bad("https://LOCALHOST./x"), BadAddress::ThisMachine(_)));
    assert!(matches!(bad("https://a.localhost"), BadAddress::ThisMachine(_)));
    assert_eq!(bad("http://example.org"), BadAddress::Scheme("https://"));
    assert_eq!(bad("file:///etc/passwd"), BadAddress::Scheme("https://"));
    assert_eq!(bad("https://user:secret@example.org"), BadAddress::Credentials);
    assert_eq!(bad("no address"), BadAddress::Unreadable);
    assert_eq!(
        destination("https://hooks.example.org:8443/a?b", Reach::Public).unwrap(),
        "hooks.example.org:8443"
    );
    let plain = |url: &str| destination(url, Reach::PublicWeb);
    assert_eq!(plain("http://feeds.example.org/rss").unwrap(), "feeds.example.org");
    assert!(matches!(plain("http://127.0.0.1/x").unwrap_err(), BadAddress::NotPublic(_)));
    assert_eq!(plain("ftp://example.org").unwrap_err(), BadAddress::Scheme("https:// or http://"));
    assert_eq!(destination("http://10.0.0.1/x", Reach::Anywhere).unwrap(), "10.0.0.1");
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_the_next_time_is_checked_the_next_time() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let resolver = PublicOnly::by(Arc::new(move |_| -> Found {
        let first = counted.fetch_add(1, Ordering::Relaxed) == 0;
        let address: IpAddr = if first { "8.8.8.8" } else { "127.0.0.1" }.parse().unwrap();
        Box::pin(async move { Ok(vec![SocketAddr::new(address, 0)]) })
    }));
    let name = || "rebinding.example".parse().unwrap();
    let first: Vec<_> = resolver.resolve(name()).await.unwrap().collect();
    assert_eq!(first, ["8.8.8.8:0".parse().unwrap()]);
    let refused = resolver.resolve(name()).await.err().unwrap().to_string();
    assert_eq!(refused, "rebinding.example leads to 127.0.0.1, which is not a public address");
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn of_several_addresses_only_the_public_ones_are_connected_to() {
    let resolver = PublicOnly::by(Arc::new(|_| -> Found {
        let found = ["10.0.0.1:0", "8.8.8.8:0", "[::1]:0"].map(|text| text.parse().unwrap());
        Box::pin(async move { Ok(found.to_vec()) })
    }));
    let found: Vec<_> = resolver.resolve("mixed.example".parse().unwrap()).await.unwrap().collect();
    assert_eq!(found, ["8.8.8.8:0".parse().unwrap()]);
}

#[tokio::test]
async fn nothing_is_sent_to_what_is_not_public() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = Client::reaching(&Pool::default(), Reach::Public).unwrap();
    // The second is the system's name for this machine, if it has one that isn't localhost.
    for host in ["127.0.0.1", "localhost", "ip6-localhost", "[::1]"] {
        let error =
            client.send(Request::post_json(format!("https://{host}:{port}/"), "{}")).await.unwrap_err();
        // Not every system has that other name for it.
        let refused = matches!(error, HttpError::NotPublic { .. })
            || (host == "ip6-localhost" && matches!(error, HttpError::Connect { .. }));
        assert!(refused && !error.was_sent(), "{host}: {error}");
    }
    let waiting = tokio::time::timeout(std::time::Duration::from_millis(50), listener.accept());
    assert!(waiting.await.is_err(), "somebody connected");
}

/// Answers every connection once, and counts them.
async fn listen(address: &str, answer: &'static str) -> (u16, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let (port, count) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&count);
    let serving = async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    };
    #[expect(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
    tokio::task::spawn(serving);
    (port, count)
}

#[tokio::test]
async fn a_connection_goes_to_the_address_that_was_checked_and_a_rebound_name_gets_none() {
    // 127.0.0.2 is the public network here, and 127.0.0.1 the private one. The same port is open in both.
    let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";
    let (port, outside) = listen("127.0.0.2:0", answer).await;
    let (_, inside) = listen(&format!("127.0.0.1:{port}"), answer).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let lookup: Lookup = Arc::new(move |_| {
        let first = asked.fetch_add(1, Ordering::Relaxed) == 0;
        let address: IpAddr = if first { "127.0.0.2" } else { "127.0.0.1" }.parse().unwrap();
        Box::pin(async move { Ok(vec![SocketAddr::new(address, 0)]) })
    });
    let permitted = |address: IpAddr| address == IpAddr::from([127, 0, 0, 2]);
    let resolver = PublicOnly { lookup, permitted };
    let client = Client::resolving(&Pool::default(), Reach::PublicWeb, resolver).unwrap();
    let url = format!("http://rebinding.example:{port}/");
    assert_eq!(client.send(Request::get(&url)).await.unwrap().status, 200);
    let error = client.send(Request::get(&url)).await.unwrap_err();
    assert!(matches!(error, HttpError::NotPublic { .. }), "{error}");
    assert!(error.to_string().contains("rebinding.example leads to 127.0.0.1"), "{error}");
    let counts = (outside.load(Ordering::Relaxed), inside.load(Ordering::Relaxed));
    assert_eq!(counts, (1, 0));
}
