//! A service, a paused clock, and a receiver that does as it is told.

use crate::reputation::ReputationCache;
use crate::service::webhooks::{Kind, Occasion, Secret, Target};
use crate::service::{Service, Setup};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use watchfire_flow::Clock;
use watchfire_http::{Answer, Http, HttpError, Request, Response};
use watchfire_intel::Intel;
use watchfire_judge::learning::Learned;
use watchfire_judge::reuse::Policy;
use watchfire_judge::{Asking, Ground, History, MaterialTable, Network, RuleSet};
use watchfire_signal::Severity;
use watchfire_signal::frame::Limits;
use watchfire_store::{Location, Outbox, Store};

/// 2026-11-21T07:00:00Z
pub(super) const START_MS: i64 = 1_795_244_400_000;

pub(super) struct Paused(Instant);

impl Clock for Paused {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn unix_millis(&self) -> i64 {
        START_MS + self.0.elapsed().as_millis() as i64
    }
}

pub(super) fn target(name: &str) -> Target {
    Target {
        name: name.to_owned(),
        url: "https://hooks.example.org/x".to_owned(),
        kind: Kind::Generic,
        min_severity: Severity::Unknown,
        on: Occasion::NewPatterns,
        secret: Secret::new("a secret of enough bytes"),
        allow_private: false,
    }
}

pub(super) fn memory() -> Arc<Store> {
    Arc::new(Store::open(&Location::Memory).unwrap())
}

pub(super) fn service(store: Arc<Store>, webhooks: Vec<Target>) -> Service {
    Service::start(Setup {
        clock: Arc::new(Paused(Instant::now())),
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
        max_requests: 16,
        webhooks,
        store,
    })
    .unwrap()
}

/// An alert that is judged hostile, with another rule for every number.
pub(super) fn hostile(number: u32) -> String {
    record(number, &format!("ET MALWARE Cobalt Strike Beacon Observed {number}"), 1)
}

/// An alert that is not, of another machine.
pub(super) fn harmless() -> String {
    record(9999, "GPL ICMP PING", 3)
        .replace("10.0.0.5", "10.0.0.6")
        .replace("Malware Command and Control Activity Detected", "Misc activity")
}

pub(super) fn record(number: u32, signature: &str, severity: u8) -> String {
    let signature = serde_json::to_string(signature).unwrap();
    format!(
        r#"{{"timestamp":"2026-11-21T07:00:00.000000+0000","event_type":"alert","src_ip":"10.0.0.5","src_port":49152,"dest_ip":"8.8.4.4","dest_port":443,"proto":"TCP","alert":{{"action":"allowed","gid":1,"signature_id":{},"rev":3,"signature":{signature},"category":"Malware Command and Control Activity Detected","severity":{severity}}}}}"#,
        2_000_000 + number
    )
}

pub(super) async fn accept(service: &Service, records: &[String]) -> Vec<String> {
    service.accept(records.join("\n").into_bytes(), None, false).await.unwrap().alerts
}

/// What waits for a target.
pub(super) fn outbox(service: &Service, name: &str) -> Outbox {
    service.store().outboxes().unwrap().get(name).copied().unwrap_or_default()
}

/// What a receiver does with a request.
pub(super) enum Reply {
    Status(u16, &'static [(&'static str, &'static str)], &'static str),
    Hang,
    NoConnection,
}

/// What a receiver saw.
#[derive(Clone)]
pub(super) struct Seen {
    pub(super) at: Instant,
    pub(super) request: Request,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> &str {
        let mut headers = self.request.headers.iter();
        headers.find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    pub(super) fn body(&self) -> serde_json::Value {
        serde_json::from_slice(&self.request.body).unwrap()
    }
}

/// Replies as told, and then with 204.
#[derive(Default)]
pub(super) struct Receiver {
    replies: Mutex<VecDeque<Reply>>,
    seen: Mutex<Vec<Seen>>,
    at_once: Mutex<(u32, u32)>,
}

impl Receiver {
    pub(super) fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self { replies: Mutex::new(replies.into_iter().collect()), ..Self::default() }
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The greatest number of requests that it ever had at once.
    pub(super) fn most_at_once(&self) -> u32 {
        self.at_once.lock().unwrap().1
    }
}

impl Http for Receiver {
    fn send(&self, request: Request) -> Answer<'_> {
        Box::pin(async move {
            let timeout = request.timeout;
            self.seen.lock().unwrap().push(Seen { at: Instant::now(), request });
            {
                let mut at_once = self.at_once.lock().unwrap();
                at_once.0 += 1;
                at_once.1 = at_once.1.max(at_once.0);
            }
            let reply = self.replies.lock().unwrap().pop_front();
            sleep(Duration::from_millis(20)).await;
            self.at_once.lock().unwrap().0 -= 1;
            match reply.unwrap_or(Reply::Status(204, &[], "")) {
                Reply::Status(status, headers, body) => Ok(Response {
                    status,
                    headers: headers
                        .iter()
                        .map(|(name, value)| (name.to_string(), value.to_string()))
                        .collect(),
                    body: body.into(),
                }),
                Reply::Hang => {
                    sleep(timeout).await;
                    Err(HttpError::Timeout(timeout))
                }
                Reply::NoConnection => Err(HttpError::Connect {
                    host: "hooks.example.org".to_owned(),
                    reason: "refused".to_owned(),
                }),
            }
        })
    }
}

/// Delivers to the first target until `done` holds, for ten days at most.
pub(super) async fn deliver_until(service: &Service, http: &dyn Http, done: impl Fn() -> bool) {
    let until = async {
        let started = Instant::now();
        while !done() {
            assert!(started.elapsed() < Duration::from_hours(240), "it never came about");
            sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::select! {
        _ = service.deliver(&service.webhooks()[0], http) => panic!("the store failed"),
        () = until => {}
    }
}
