//! What asking services promises, on a paused clock, against a stand-in that counts arrivals as they do.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use watchfire_engine::{
    Desk, EnrichProgress, Enriched, Enricher, Input, Output, Progress, ReputationCache, Triage, Wanted,
    history, triage,
};
use watchfire_flow::{Backoff, BreakerSettings, BudgetConfig, Clock, Counted, Period, Quota, SystemClock};
use watchfire_intel::services::{self, Outbound, Window};
use watchfire_intel::{Intel, ListConfig};
use watchfire_judge::learning::Learned;
use watchfire_judge::reuse::Policy;
use watchfire_judge::{Asking, Ground, MaterialTable, Network, RuleSet};
use watchfire_signal::frame::Limits as ReadLimits;
use watchfire_signal::write::OutputFormat;
use watchfire_signal::{Indicator, IndicatorKind, Reputation, Severity};
use watchfire_standin::{
    Behaviour, Config, InProcess, Limits, Provider as At, Quota as Allowed, Reputation as Believed, Standin,
    Tally,
};
use watchfire_store::{Location, Store};

/// 2026-11-21T07:00:00Z.
const START_MS: i64 = 1_795_244_400_000;

/// Follows the paused clock.
struct Paused(Instant);

impl Clock for Paused {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn unix_millis(&self) -> i64 {
        START_MS + self.0.elapsed().as_millis() as i64
    }
}

struct World {
    store: Store,
    ground: Ground,
    lists: Intel,
}

impl World {
    fn new() -> Self {
        let ground = Ground::new(RuleSet::starter(), MaterialTable::shipped(), Network::default());
        Self { store: Store::open(&Location::Memory).unwrap(), ground, lists: Intel::empty() }
    }

    fn reputations(&self, now: i64) -> ReputationCache {
        let cache = ReputationCache::open(self.lists.clone(), &self.store).unwrap();
        cache.with_services(&self.store, now).unwrap()
    }

    fn judge(
        &self,
        text: &str,
        reputations: &ReputationCache,
        wanted: Option<&Wanted>,
    ) -> Vec<serde_json::Value> {
        let mut out = Vec::new();
        triage(Triage {
            inputs: vec![Input::Bytes("records".to_owned(), text.as_bytes().into())],
            jobs: 2,
            limits: ReadLimits::default(),
            mappings: Arc::from([]),
            ground: self.ground.clone(),
            asking: Asking::Nobody,
            history: history(&self.store).unwrap(),
            reuse: Policy::default(),
            learned: Learned::default(),
            reputations,
            wanted,
            store: &self.store,
            keep_raw: true,
            output: Some((
                Output { format: OutputFormat::Ndjson, min_severity: Severity::Unknown },
                &mut out,
            )),
            clock: &SystemClock::new(),
            progress: &Progress::new(),
        })
        .unwrap();
        let lines = String::from_utf8(out).unwrap();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Asks about what is wanted, on the paused clock. How long it took there, and what the stand-in saw.
    fn ask(
        &self,
        enricher: &dyn Fn(InProcess) -> Enricher,
        config: Config,
        reputations: &ReputationCache,
        wanted: &Wanted,
    ) -> (Enriched, Duration, Tally) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.unwrap().block_on(async {
            let clock: Arc<dyn Clock> = Arc::new(Paused(Instant::now()));
            let standin = Standin::in_process(Config { unix_ms: Some(START_MS), ..config });
            let enricher = enricher(standin.clone());
            let started = Instant::now();
            let progress = EnrichProgress::new();
            let asked = enricher.ask_all(&self.store, reputations, wanted, &clock, &progress).await.unwrap();
            (asked, started.elapsed(), standin.tally())
        })
    }
}

fn desk(name: &str, standin: &InProcess, quotas: Vec<Quota>) -> Desk {
    Desk {
        service: services::open(name, "test-key", Some("http://stand.in")).unwrap().into(),
        http: Arc::new(standin.clone()),
        limits: BudgetConfig { quotas, longest_flight: Duration::from_secs(35), ..BudgetConfig::default() },
        concurrency: 8,
        timeout: Duration::from_secs(30),
        patience: Duration::from_hours(1),
        lifetimes: *services::lifetimes(name).unwrap(),
        breaker: BreakerSettings::default(),
        backoff: Backoff::default(),
    }
}

fn free_plan(name: &str) -> Vec<Quota> {
    let quota = |quota: &services::DefaultQuota| {
        let (counted, limit) = (Counted::Requests, u64::from(quota.requests));
        match quota.window {
            Window::Rolling(window) => Quota::Rolling { counted, limit, window },
            Window::UtcDay => Quota::Aligned { counted, limit, period: Period::Day, zone: "UTC".to_owned() },
        }
    };
    services::default_quotas(name).map(quota).collect()
}

fn all(standin: InProcess) -> Enricher {
    Enricher {
        desks: services::NAMES.into_iter().map(|name| desk(name, &standin, free_plan(name))).collect(),
        outbound: Outbound::new(["corp.example"]).unwrap(),
        seed: 7,
    }
}

fn want(values: impl IntoIterator<Item = (IndicatorKind, String)>) -> Wanted {
    let wanted = Wanted::new();
    for (kind, value) in values {
        wanted.add(Indicator { kind, value: &value }, 50);
    }
    wanted
}

fn addresses(count: usize) -> Wanted {
    want((0..count).map(|index| (IndicatorKind::Ip, format!("45.{}.{}.7", index / 200, index % 200))))
}

fn by_name(enriched: &Enriched) -> HashMap<&str, &watchfire_engine::EnrichedBy> {
    enriched.services.iter().map(|by| (by.service.as_str(), by)).collect()
}

fn at(name: &str) -> At {
    match name {
        "abuseipdb" => At::AbuseIpDb,
        "virustotal" => At::VirusTotal,
        "otx" => At::Otx,
        "greynoise" => At::GreyNoise,
        "urlhaus" => At::UrlHaus,
        _ => At::ThreatFox,
    }
}

/// A line of Suricata's about traffic between these.
fn alert(index: usize, from: &str, to: &str, name: &str) -> String {
    format!(
        r#"{{"timestamp":"2026-03-01T00:00:{:02}Z","event_type":"alert","src_ip":"{from}","dest_ip":"{to}","alert":{{"signature_id":{index},"signature":"unheard of {index}","category":"family","severity":2}},"dns":{{"rrname":"{name}"}}}}"#,
        index % 60,
    )
}

#[test]
fn what_services_know_changes_verdicts_and_what_is_private_or_known_good_never_leaves() {
    let mut world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("resolvers.txt");
    std::fs::write(&list, "8.8.8.8\n").unwrap();
    let (lists, problems) =
        Intel::load(&[ListConfig { path: list, reputation: Some(Reputation::Safe), name: None }]);
    assert!(problems.is_empty(), "{problems:?}");
    world.lists = lists;
    let text = [
        alert(1, "45.0.0.1", "10.0.0.5", "quiet.net"),
        alert(2, "45.0.0.2", "10.0.0.5", "wiki.corp.example"),
        alert(3, "10.0.0.5", "8.8.8.8", "printer.local"),
        alert(4, "192.168.3.3", "100.64.1.1", "intranet"),
    ]
    .join("\n");
    let believed = BTreeMap::from([
        ("45.0.0.1".to_owned(), Believed::Malicious),
        ("45.0.0.2".to_owned(), Believed::Clean),
        ("quiet.net".to_owned(), Believed::Unknown),
    ]);
    let reputations = world.reputations(START_MS);
    let wanted = Wanted::new();
    let before = world.judge(&text, &reputations, Some(&wanted));
    let config = Config { indicators: believed, ..Config::default() };
    let (enriched, _, tally) = world.ask(&all, config, &reputations, &wanted);
    let after = world.judge(&text, &reputations, None);

    assert_eq!(before.len(), after.len());
    assert_ne!(before[0]["verdict"], after[0]["verdict"], "{}", after[0]);
    assert!(after[0]["priority"].as_f64() > before[0]["priority"].as_f64(), "{}", after[0]);
    assert_eq!(before[3]["verdict"], after[3]["verdict"]);
    let kept: HashMap<&str, u64> =
        enriched.kept.iter().map(|count| (count.name.as_str(), count.alerts)).collect();
    assert_eq!(kept["known_good"], 1);
    assert_eq!(kept["own_domain"], 1);
    assert!(kept["internal_name"] >= 2, "{kept:?}");
    for (provider, tally) in &tally.providers {
        assert_eq!(tally.private_lookups, 0, "{provider:?}");
        assert_eq!(tally.refused, 0, "{provider:?}");
    }
    let asked = by_name(&enriched);
    assert_eq!(asked["abuseipdb"].calls, 2);
    assert_eq!(asked["virustotal"].calls, 3);
    assert_eq!(asked["greynoise"].calls, 2);
}

#[test]
fn every_service_goes_at_its_own_full_rate_and_nothing_is_asked_twice() {
    let world = World::new();
    let reputations = world.reputations(START_MS);
    let wanted = addresses(40);
    let limits = |name: &str| {
        let mut limits = Limits::default();
        for quota in services::default_quotas(name) {
            match quota.window {
                Window::Rolling(window) => {
                    limits.requests = Some(Allowed { amount: u64::from(quota.requests), window });
                }
                Window::UtcDay => limits.requests_per_day = Some(u64::from(quota.requests)),
            }
        }
        limits
    };
    let config = Config {
        limits: services::NAMES.into_iter().map(|name| (at(name), limits(name))).collect(),
        behaviour: Behaviour { latency_ms: [200, 1000], ..Behaviour::default() },
        ..Config::default()
    };
    let (enriched, took, tally) = world.ask(&all, config.clone(), &reputations, &wanted);
    for by in &enriched.services {
        assert_eq!((by.calls, by.rate_limited), (40, 0), "{}", by.service);
        assert_eq!(tally.providers[&at(&by.service)].refused, 0, "{}", by.service);
        assert_eq!(by.reputations.iter().map(|count| count.alerts).sum::<u64>(), 40, "{}", by.service);
    }
    // Four a minute: nine windows have to pass, and nobody waits for anybody else.
    let least = Duration::from_secs(9 * 60);
    assert!(took >= least && took.as_secs_f64() <= 1.05 * (least.as_secs_f64() + 10.0), "{took:?}");
    let ledger = world.store.ledger(0, i64::MAX).unwrap();
    assert_eq!(ledger.iter().map(|line| line.calls).sum::<u64>(), 6 * 40);

    // The next run knows it all.
    let later = world.reputations(START_MS + took.as_millis() as i64);
    let (again, _, tally) = world.ask(&all, config, &later, &wanted);
    assert!(again.services.iter().all(|by| by.cached == 40 && by.calls == 0));
    assert!(tally.providers.values().all(|tally| tally.calls == 0));
}

#[test]
fn answers_grow_old_at_their_own_pace() {
    let world = World::new();
    let wanted = want([
        (IndicatorKind::Ip, "45.0.0.1".to_owned()),
        (IndicatorKind::Ip, "45.0.0.2".to_owned()),
        (IndicatorKind::Ip, "45.0.0.2:443".to_owned()),
    ]);
    let config = Config {
        indicators: BTreeMap::from([
            ("45.0.0.1".to_owned(), Believed::Malicious),
            ("45.0.0.2".to_owned(), Believed::Unknown),
        ]),
        ..Config::default()
    };
    let one = |standin: InProcess| Enricher {
        desks: vec![desk("abuseipdb", &standin, Vec::new())],
        ..Enricher::default()
    };
    let calls = |hours: i64| {
        let reputations = world.reputations(START_MS + hours * 3_600_000);
        world.ask(&one, config.clone(), &reputations, &wanted).0.services[0].calls
    };
    assert_eq!(calls(0), 2, "two spellings of an address are one");
    assert_eq!(calls(0), 0);
    assert_eq!(calls(2), 1, "what nobody knew may have become known");
    assert_eq!(calls(25), 2);
}

#[test]
fn one_service_failing_fails_no_alert_and_says_so() {
    let world = World::new();
    let reputations = world.reputations(START_MS);
    let wanted = addresses(30);
    let dead = Behaviour { dead: true, ..Behaviour::default() };
    let config = Config {
        behaviours: BTreeMap::from([(At::AbuseIpDb, dead)]),
        keys: BTreeMap::from([(At::GreyNoise, "another-key".to_owned())]),
        limits: BTreeMap::from([(
            At::VirusTotal,
            Limits { requests_per_day: Some(10), ..Limits::default() },
        )]),
        ..Config::default()
    };
    let two = |standin: InProcess| {
        let mut enricher = all(standin);
        for desk in &mut enricher.desks {
            desk.limits.quotas.clear();
            desk.patience = Duration::from_mins(10);
        }
        enricher
    };
    let (enriched, took, tally) = world.ask(&two, config, &reputations, &wanted);
    assert!(took <= Duration::from_mins(12), "{took:?}");
    let asked = by_name(&enriched);
    let count = |name: &str, reputation: &str| {
        let counts = &asked[name].reputations;
        counts.iter().find(|count| count.name == reputation).map_or(0, |count| count.alerts)
    };
    assert_eq!(count("abuseipdb", "failed"), 30);
    assert!(asked["abuseipdb"].calls <= 60, "{} calls", asked["abuseipdb"].calls);
    assert_eq!(count("greynoise", "failed"), 30);
    assert!(asked["greynoise"].calls <= 8 && asked["greynoise"].stopped.contains("key"));
    assert!(count("virustotal", "limited") + count("virustotal", "failed") >= 20);
    assert_eq!(tally.providers[&At::VirusTotal].answered, 10);
    assert_eq!(count("otx", "failed") + count("otx", "limited"), 0);
    // Nothing that is no answer is kept.
    let kept = world.store.service_answers(1000).unwrap();
    assert!(kept.iter().all(|row| row.reputation >= Reputation::Unknown.id()));
    assert!(kept.iter().all(|row| row.service != "abuseipdb" && row.service != "greynoise"));
    // And what others say stands.
    let mixed = reputations.statements(Indicator { kind: IndicatorKind::Ip, value: "45.0.0.7" });
    assert_eq!(mixed.len(), services::NAMES.len());
}

#[test]
fn a_killed_run_is_gone_on_with_and_no_limit_is_exceeded() {
    let world = World::new();
    let wanted = addresses(60);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(async {
        let clock: Arc<dyn Clock> = Arc::new(Paused(Instant::now()));
        let window = Duration::from_secs(6);
        let standin = Standin::in_process(Config {
            unix_ms: Some(START_MS),
            default_limits: Limits { requests: Some(Allowed { amount: 15, window }), ..Limits::default() },
            behaviour: Behaviour { latency_ms: [200, 1000], ..Behaviour::default() },
            ..Config::default()
        });
        let quota = Quota::Rolling { counted: Counted::Requests, limit: 15, window };
        let enricher = Enricher {
            desks: services::NAMES.map(|name| desk(name, &standin, vec![quota.clone()])).to_vec(),
            ..Enricher::default()
        };
        let mut kills = 0;
        // Each time a little later than the last, also before anything could be written down.
        for millis in [10, 400, 900, 1500, 43_000, 48_000, u64::MAX / 1_000_000] {
            let reputations = world.reputations(clock.unix_millis());
            let progress = EnrichProgress::new();
            let run = enricher.ask_all(&world.store, &reputations, &wanted, &clock, &progress);
            match tokio::time::timeout(Duration::from_millis(millis), run).await {
                Err(_) => kills += 1,
                Ok(enriched) => {
                    let enriched = enriched.unwrap();
                    assert!(enriched.services.iter().all(|by| by.cached + by.calls == 60));
                }
            }
        }
        assert_eq!(kills, 6);
        for (provider, tally) in standin.tally().providers {
            assert_eq!(tally.refused, 0, "{provider:?}");
            assert!(tally.answered >= 60, "{provider:?}");
        }
    });
}
