//! What the service promises of asking intelligence services: at their full rate, never refused, each indicator once, and the
//! next alert is judged by the answer.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use watchfire_engine::service::{Enrichment, Outcome, Service, Setup};
use watchfire_engine::{Desk, Enricher, ReputationCache};
use watchfire_flow::{Backoff, BreakerSettings, BudgetConfig, Clock, Counted, Quota};
use watchfire_intel::Intel;
use watchfire_intel::services::{self, Outbound};
use watchfire_judge::learning::Learned;
use watchfire_judge::reuse::Policy;
use watchfire_judge::{Asking, Ground, MaterialTable, Network, RuleSet};
use watchfire_signal::frame::Limits as ReadLimits;
use watchfire_standin::{Config, Limits, Provider as At, Quota as Allowed, Reputation as Believed, Standin};
use watchfire_store::{Location, Store};

/// 2026-11-21T07:00:00Z.
const START_MS: i64 = 1_795_244_400_000;
const WINDOW: Duration = Duration::from_secs(6);

struct Paused(Instant);

impl Clock for Paused {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn unix_millis(&self) -> i64 {
        START_MS + self.0.elapsed().as_millis() as i64
    }
}

fn service(store: &Arc<Store>, clock: &Arc<dyn Clock>) -> Service {
    let reputations = ReputationCache::open(Intel::empty(), store).unwrap();
    let reputations = reputations.with_services(store, clock.unix_millis()).unwrap();
    Service::start(Setup {
        store: Arc::clone(store),
        clock: Arc::clone(clock),
        ground: Ground::new(RuleSet::starter(), MaterialTable::shipped(), Network::default()),
        mappings: Arc::from([]),
        limits: ReadLimits::default(),
        reputations: Arc::new(reputations),
        enriches: true,
        history: watchfire_engine::history(store).unwrap(),
        asking: Asking::Nobody,
        reuse: Policy::default(),
        learned: Learned::default(),
        keep_raw: true,
        max_requests: 64,
        webhooks: Vec::new(),
    })
    .unwrap()
}

fn alerts(addresses: std::ops::Range<u8>) -> Vec<u8> {
    let alert = |last: u8| {
        format!(
            r#"{{"timestamp":"2026-11-21T07:00:00.000000+0000","event_type":"alert","src_ip":"45.77.12.{last}","dest_ip":"10.0.0.5","dest_port":22,"proto":"TCP","alert":{{"signature_id":7,"signature":"something odd","severity":2}}}}"#
        )
    };
    addresses.map(alert).collect::<Vec<_>>().join("\n").into_bytes()
}

/// What the source of each alert is known as, by what the service answers.
async fn reputations_of(service: &Service, body: Vec<u8>) -> Vec<String> {
    let accepted = service.accept(body, None, true).await.unwrap();
    let read = |outcome: &Outcome| {
        let Outcome::Judged { json, .. } = outcome else { panic!("{outcome:?}") };
        let verdict: serde_json::Value = serde_json::from_str(json).unwrap();
        verdict["reputation"].as_str().unwrap_or("not_asked").to_owned()
    };
    accepted.outcomes.iter().map(read).collect()
}

#[tokio::test(start_paused = true)]
async fn what_alerts_name_is_asked_about_once_at_the_full_rate_and_the_next_alert_knows() {
    let clock: Arc<dyn Clock> = Arc::new(Paused(Instant::now()));
    let store = Arc::new(Store::open(&Location::Memory).unwrap());
    let service = service(&store, &clock);
    let standin = Standin::in_process(Config {
        unix_ms: Some(START_MS),
        default_limits: Limits {
            requests: Some(Allowed { amount: 15, window: WINDOW }),
            ..Limits::default()
        },
        indicators: (1..91).map(|last| (format!("45.77.12.{last}"), Believed::Malicious)).collect(),
        ..Config::default()
    });
    let quotas = vec![Quota::Rolling { counted: Counted::Requests, limit: 15, window: WINDOW }];
    let enricher = Enricher {
        desks: vec![Desk {
            service: services::open("abuseipdb", "test-key", Some("http://stand.in")).unwrap().into(),
            http: Arc::new(standin.clone()),
            limits: BudgetConfig {
                quotas,
                longest_flight: Duration::from_secs(35),
                ..BudgetConfig::default()
            },
            concurrency: 8,
            timeout: Duration::from_secs(30),
            patience: Duration::from_hours(1),
            lifetimes: *services::lifetimes("abuseipdb").unwrap(),
            breaker: BreakerSettings::default(),
            backoff: Backoff::default(),
        }],
        outbound: Outbound::new(["corp.example"]).unwrap(),
        seed: 7,
    };
    let before = reputations_of(&service, alerts(1..91)).await;
    assert!(before.iter().all(|reputation| reputation == "not_asked"), "{before:?}");
    let enrichment = Enrichment::default();
    // Ninety at fifteen in six seconds: five windows pass before the last can be asked.
    let asking = timeout(7 * WINDOW, service.enrich(&enricher, &enrichment)).await;
    assert!(asking.is_err(), "it goes on for ever");
    let tally = standin.tally().providers[&At::AbuseIpDb].clone();
    assert_eq!((tally.answered, tally.refused), (90, 0));
    assert_eq!(enrichment.told()[0].calls, 90);
    let after = reputations_of(&service, alerts(1..91)).await;
    let is_bad = |reputation: &String| matches!(reputation.as_str(), "malicious" | "suspicious");
    assert!(after.iter().all(is_bad), "{after:?}");
    // What is known is not asked about again.
    assert!(timeout(2 * WINDOW, service.enrich(&enricher, &enrichment)).await.is_err());
    assert_eq!(standin.tally().providers[&At::AbuseIpDb].calls, 90);
}
