//! A store, a judge and a paused clock.

use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use watchfire_engine::{
    AskProgress, Asked, Asker, Input, Output, Progress, ReputationCache, Summary, Triage, history, triage,
};
use watchfire_flow::{Backoff, BreakerSettings, BudgetConfig, Clock, Counted, Quota, SystemClock};
use watchfire_intel::Intel;
use watchfire_judge::learning::Learned;
use watchfire_judge::reuse::Policy;
use watchfire_judge::{Asking, Ground, MaterialTable, Network, RuleSet};
use watchfire_llm::{Gemini, PackConfig, PriceTable, Tier};
use watchfire_signal::Severity;
use watchfire_signal::frame::Limits as ReadLimits;
use watchfire_signal::write::OutputFormat;
use watchfire_standin::{Behaviour, Config, InProcess, Standin};
use watchfire_store::{Location, Store};

/// 2026-11-21T07:00:00Z: an hour before midnight in California.
pub const START_MS: i64 = 1_795_244_400_000;

/// Follows the paused clock.
pub struct Paused(pub Instant);

impl Clock for Paused {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn unix_millis(&self) -> i64 {
        START_MS + self.0.elapsed().as_millis() as i64
    }
}

pub struct World {
    pub store: Store,
    ground: Ground,
}

impl World {
    pub fn new() -> Self {
        let ground = Ground::new(RuleSet::starter(), MaterialTable::shipped(), Network::default());
        Self { store: Store::open(&Location::Memory).unwrap(), ground }
    }

    pub fn judge(&self, text: &str, asking: Asking) -> (Summary, Vec<serde_json::Value>) {
        let reputations = ReputationCache::open(Intel::empty(), &self.store).unwrap();
        let mut out = Vec::new();
        let summary = triage(Triage {
            inputs: vec![Input::Bytes("records".to_owned(), text.as_bytes().into())],
            jobs: 2,
            limits: ReadLimits::default(),
            mappings: Arc::from([]),
            ground: self.ground.clone(),
            asking,
            history: history(&self.store).unwrap(),
            reuse: Policy::default(),
            learned: Learned::default(),
            reputations: &reputations,
            wanted: None,
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
        (summary, lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    /// Asks what is open, on the paused clock. Returns what was asked and how long it took there.
    pub fn ask(&self, asker: &dyn Fn(InProcess) -> Asker, config: Config) -> (Asked, Duration, InProcess) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.unwrap().block_on(async {
            let clock: Arc<dyn Clock> = Arc::new(Paused(Instant::now()));
            let standin = Standin::in_process(Config { unix_ms: Some(START_MS), ..config });
            let asker = asker(standin.clone());
            let started = Instant::now();
            let asked = asker.ask_all(&self.store, &clock, &Arc::new(AskProgress::new())).await.unwrap();
            (asked, started.elapsed(), standin)
        })
    }
}

pub fn gemini(standin: InProcess) -> Asker {
    Asker {
        name: "llm test".to_owned(),
        provider: Arc::new(Gemini::new("http://stand.in", "test-key")),
        http: Arc::new(standin),
        model: "gemini-2.5-flash".to_owned(),
        tier: Tier::Standard,
        limits: BudgetConfig { longest_flight: Duration::from_secs(35), ..BudgetConfig::default() },
        pack: PackConfig { size: 1, ..PackConfig::default() },
        concurrency: 64,
        timeout: Duration::from_secs(30),
        patience: Duration::from_hours(48),
        batch_wait: Duration::from_hours(48),
        max_nano_usd: None,
        shared: None,
        max_nano_usd_per_day: None,
        privacy: None,
        prices: Arc::new(PriceTable::shipped()),
        breaker: BreakerSettings::default(),
        backoff: Backoff::default(),
        seed: 7,
    }
}

/// Alerts that no rule knows: `count` different ones of so many families.
pub fn alerts(count: usize, families: usize) -> String {
    let lines = (0..count).map(|index| {
        format!(
            r#"{{"timestamp":"2026-03-01T00:00:{:02}Z","event_type":"alert","src_ip":"203.0.113.{}","dest_ip":"10.0.{}.{}","alert":{{"signature_id":{index},"signature":"unheard of {index}","category":"family {}","severity":1}}}}"#,
            index % 60,
            index % 250,
            index / 250,
            index % 250,
            index % families,
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

pub fn rolling(counted: Counted, limit: u64, window: u64) -> Quota {
    Quota::Rolling { counted, limit, window: Duration::from_secs(window) }
}

pub fn jitter() -> Behaviour {
    Behaviour { latency_ms: [200, 1000], ..Behaviour::default() }
}
