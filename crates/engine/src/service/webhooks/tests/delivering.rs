//! Order, retries, death, restarts.

use super::world::{
    Receiver, Reply, START_MS, accept, deliver_until, hostile, memory, outbox, service, target,
};
use crate::service::Service;
use crate::service::webhooks::{ATTEMPTS, Counts, DELIVERY, SIGNATURE, Secret, signature};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use watchfire_http::{Client, Pool, Reach};
use watchfire_store::{Location, Store};

fn counts(service: &Service) -> Counts {
    service.webhooks()[0].counts()
}

fn names(receiver: &Receiver) -> Vec<String> {
    let name = |seen: &super::world::Seen| seen.body()["rule"]["name"].as_str().unwrap().to_owned();
    receiver.seen().iter().map(name).collect()
}

fn numbers(receiver: &Receiver) -> Vec<u32> {
    names(receiver).iter().map(|name| name.rsplit(' ').next().unwrap().parse().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_tried_again_and_nothing_overtakes_it() {
    let service = service(memory(), vec![target("a")]);
    accept(&service, &[hostile(1), hostile(2), hostile(3)]).await;
    accept(&service, &[hostile(4)]).await;
    assert_eq!(outbox(&service, "a").waiting, 4);
    let failing = [
        Reply::Status(500, &[], "no"),
        Reply::Hang,
        Reply::NoConnection,
        Reply::Status(204, &[], ""),
        Reply::Status(408, &[], ""),
        Reply::Status(425, &[], ""),
        Reply::Status(503, &[], ""),
    ];
    let receiver = Receiver::new(failing);
    deliver_until(&service, &receiver, || counts(&service).delivered == 4).await;
    assert_eq!(numbers(&receiver), [1, 1, 1, 1, 2, 2, 2, 2, 3, 4]);
    assert_eq!(receiver.most_at_once(), 1);
    let seen = receiver.seen();
    let keys: Vec<&str> = seen.iter().map(|seen| seen.header(DELIVERY)).collect();
    assert!(keys[..4].iter().all(|key| *key == keys[0] && key.len() == 32), "one key over all attempts");
    assert!(keys[0] != keys[4] && keys[4] != keys[8] && keys[8] != keys[9]);
    let Counts { retried, died, waiting, dropped, .. } = counts(&service);
    assert_eq!((retried, died, waiting, dropped), (6, 0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_the_receiver_refuses_is_dead_at_once_and_the_next_is_delivered() {
    let service = service(memory(), vec![target("a")]);
    accept(&service, &[hostile(1), hostile(2), hostile(3)]).await;
    let refusing = [Reply::Status(404, &[], "no_service\u{1b}[2J\n"), Reply::Status(302, &[], "")];
    let receiver = Receiver::new(refusing);
    deliver_until(&service, &receiver, || counts(&service).delivered == 1).await;
    assert_eq!(numbers(&receiver), [1, 2, 3]);
    let dead = service.store().dead_deliveries("a", 0, 10).unwrap();
    let reasons: Vec<&str> = dead.iter().map(|dead| dead.error.as_str()).collect();
    assert_eq!(reasons, ["404 no_service·[2J", "302 (redirects are not followed)"]);
    let counted = counts(&service);
    assert_eq!((counted.died, counted.dead, counted.waiting), (2, 2, 0));
    assert_eq!(service.webhooks()[0].breaker(), "closed");
}

#[tokio::test(start_paused = true)]
async fn the_wait_that_a_receiver_asks_for_is_kept_to() {
    let service = service(memory(), vec![target("a")]);
    accept(&service, &[hostile(1)]).await;
    let receiver = Receiver::new([
        Reply::Status(429, &[("retry-after", "120")], ""),
        Reply::Status(503, &[("retry-after", "999999999")], ""),
    ]);
    deliver_until(&service, &receiver, || counts(&service).delivered == 1).await;
    let seen = receiver.seen();
    let waits: Vec<u64> = seen.windows(2).map(|two| (two[1].at - two[0].at).as_secs()).collect();
    assert!((120..=122).contains(&waits[0]), "{waits:?}");
    assert!((3600..=3602).contains(&waits[1]), "an hour is the most that is waited: {waits:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_answered_in_vain_too_often_is_dead_and_what_finds_nobody_waits() {
    let service = service(memory(), vec![target("a")]);
    accept(&service, &[hostile(1), hostile(2)]).await;
    let failing =
        (0..ATTEMPTS).map(|_| Reply::Status(500, &[], "")).chain((0..500).map(|_| Reply::NoConnection));
    let receiver = Receiver::new(failing);
    deliver_until(&service, &receiver, || receiver.seen().len() as u32 >= ATTEMPTS + 400).await;
    let counted = counts(&service);
    assert_eq!((counted.died, counted.dead, counted.waiting, counted.delivered), (1, 1, 1, 0));
    assert!(counted.error.starts_with("can't connect to hooks.example.org"), "{}", counted.error);
    assert!(matches!(service.webhooks()[0].breaker(), "open" | "half_open"));
    deliver_until(&service, &receiver, || counts(&service).delivered == 1).await;
    assert_eq!(service.store().revive_deliveries("a", START_MS).unwrap(), 1);
    deliver_until(&service, &receiver, || counts(&service).delivered == 2).await;
    assert_eq!(numbers(&receiver).last(), Some(&1));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_over_a_restart_and_what_was_on_its_way_comes_again_under_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::File(folder.path().join("store.db"));
    let open = || Arc::new(Store::open(&location).unwrap());
    let first = service(open(), vec![target("a")]);
    accept(&first, &[hostile(1), hostile(2), hostile(3)]).await;
    let receiver = Receiver::new([Reply::Status(200, &[], "ok"), Reply::Hang]);
    // Killed while the second is on its way.
    deliver_until(&first, &receiver, || receiver.seen().len() == 2).await;
    drop(first);
    let second = service(open(), vec![target("a")]);
    assert_eq!(counts(&second).waiting, 2);
    accept(&second, &[hostile(4)]).await;
    deliver_until(&second, &receiver, || outbox(&second, "a").waiting == 0).await;
    assert_eq!(numbers(&receiver), [1, 2, 2, 3, 4]);
    let seen = receiver.seen();
    assert_eq!(seen[1].header(DELIVERY), seen[2].header(DELIVERY));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_comes_again_is_not_told_of_again() {
    let service = service(memory(), vec![target("a")]);
    for _ in 0..2 {
        service.accept(hostile(1).into_bytes(), Some([1; 32]), false).await.unwrap();
    }
    assert_eq!(outbox(&service, "a").waiting, 1);
}

/// Takes one request on a socket, answers it, and returns its head and body.
async fn take(listener: &TcpListener) -> (String, Vec<u8>) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut read = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).await.unwrap();
        read.extend_from_slice(&piece[..count]);
        let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(read[..end].to_vec()).unwrap();
        let length: usize = header(&head, "content-length").parse().unwrap();
        if read.len() >= end + 4 + length {
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
            return (head, read[end + 4..].to_vec());
        }
    }
}

fn header<'h>(head: &'h str, name: &str) -> &'h str {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
}

#[tokio::test]
async fn a_receiver_can_tell_who_sent_a_request_and_what() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut own = target("a");
    own.url = format!("http://{}/hook?x=1", listener.local_addr().unwrap());
    own.allow_private = true;
    let service = service(memory(), vec![own]);
    accept(&service, &[hostile(1)]).await;
    let client = Client::reaching(&Pool::default(), Reach::Anywhere).unwrap();
    let (head, body) = tokio::select! {
        _ = service.deliver(&service.webhooks()[0], &client) => panic!("the store failed"),
        taken = take(&listener) => taken,
    };
    assert!(head.starts_with("POST /hook?x=1 HTTP/1.1"), "{head}");
    assert_eq!(header(&head, "content-type"), "application/json");
    assert_eq!(header(&head, DELIVERY).len(), 32);
    let signed = header(&head, SIGNATURE);
    let time: i64 = signed.strip_prefix("t=").unwrap().split(',').next().unwrap().parse().unwrap();
    assert!((START_MS / 1000..START_MS / 1000 + 60).contains(&time));
    let secret = Secret::new("a secret of enough bytes").unwrap();
    assert_eq!(signed, signature(&secret, time, &body));
    let mut other = body.clone();
    other[10] ^= 1;
    assert_ne!(signed, signature(&secret, time, &other));
}

#[tokio::test]
async fn a_name_that_leads_into_the_own_network_is_not_followed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut inside = target("a");
    // As if a name had been let through by the settings and led here later.
    inside.url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    let service = service(memory(), vec![inside]);
    accept(&service, &[hostile(1)]).await;
    let client = Client::reaching(&Pool::default(), Reach::Public).unwrap();
    deliver_until(&service, &client, || counts(&service).retried > 0).await;
    assert_eq!(counts(&service).waiting, 1);
    assert!(counts(&service).error.contains("is this machine"), "{}", counts(&service).error);
    let connected = tokio::time::timeout(Duration::from_millis(20), listener.accept()).await;
    assert!(connected.is_err(), "somebody connected");
}
