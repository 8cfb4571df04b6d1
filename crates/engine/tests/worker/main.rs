//! What workers promise, on a paused clock, over a log and a shared store in memory that fail in every way: nothing lost, nothing put
//! out twice, one verdict an alert, the order of each key.

#![expect(clippy::unwrap_used, reason = "a test")]

mod cluster;

use cluster::Cluster;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep, timeout};
use watchfire_engine::worker::log::{LogRecord, Partition};
use watchfire_engine::worker::{Ended, Setup, Worker};
use watchfire_engine::{Asker, ReputationCache};
use watchfire_flow::{Backoff, BreakerSettings, BudgetConfig, Clock, Counted, Quota, Watermark};
use watchfire_intel::Intel;
use watchfire_judge::reuse::Policy;
use watchfire_judge::{Ground, MaterialTable, Network, RuleSet};
use watchfire_llm::{Gemini, PackConfig, PriceTable, Tier};
use watchfire_standin::{Behaviour, Config, InProcess, Limits, Provider, Quota as Allowed, Standin};
use watchfire_store::fleet::memory::{Fault, MemoryFleet};
use watchfire_store::{Location, Store};

/// 2026-11-21T07:00:00Z.
const START_MS: i64 = 1_795_244_400_000;

struct Paused(Instant);

impl Clock for Paused {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn unix_millis(&self) -> i64 {
        START_MS + self.0.elapsed().as_millis() as i64
    }
}

fn asker(standin: InProcess) -> Asker {
    let quota = Quota::Rolling { counted: Counted::Requests, limit: 1000, window: Duration::from_secs(6) };
    Asker {
        name: "llm test".to_owned(),
        provider: Arc::new(Gemini::new("http://stand.in", "test-key")),
        http: Arc::new(standin),
        model: "gemini-2.5-flash".to_owned(),
        tier: Tier::Standard,
        limits: BudgetConfig {
            quotas: vec![quota],
            longest_flight: Duration::from_secs(35),
            ..BudgetConfig::default()
        },
        pack: PackConfig { size: 5, ..PackConfig::default() },
        concurrency: 8,
        timeout: Duration::from_secs(30),
        patience: Duration::from_hours(1),
        batch_wait: Duration::from_hours(1),
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

/// A record of one entity: mostly an alert, or several, sometimes none, sometimes broken.
fn record(rng: &mut ChaCha8Rng, index: usize) -> LogRecord {
    let entity = rng.random_range(0..12);
    let alert = |nth: usize| {
        format!(
            r#"{{"timestamp":"2026-03-01T00:{:02}:{:02}Z","event_type":"alert","src_ip":"203.0.113.{entity}","dest_ip":"10.0.0.{entity}","alert":{{"signature_id":{},"signature":"unheard of {}","category":"family","severity":1}}}}"#,
            index / 60 % 60,
            index % 60,
            index % 9,
            (index + nth) % 9,
        )
    };
    let value = match rng.random_range(0..20) {
        0 => "{\"timestamp\": broken".to_owned(),
        1 => r#"{"timestamp":"2026-03-01T00:00:00Z","event_type":"flow","src_ip":"1.2.3.4"}"#.to_owned(),
        2 => format!("[{},{},{}]", alert(0), alert(1), alert(2)),
        _ => alert(0),
    };
    let key = (entity != 11).then(|| format!("host-{entity}").into_bytes());
    let partition = Partition { topic: "alerts".into(), number: 0 };
    LogRecord { partition, offset: 0, key, value: value.into_bytes(), at: Some(START_MS) }
}

/// A worker that begins anew whenever its connection ends, until it is killed.
async fn work(cluster: &Arc<Cluster>, store: &MemoryFleet, standin: Option<InProcess>, id: u64) {
    let ground = Ground::new(RuleSet::starter(), MaterialTable::shipped(), Network::default());
    let own = Store::open(&Location::Memory).unwrap();
    let reputations = ReputationCache::open(Intel::empty(), &own).unwrap();
    let asker = standin.map(asker);
    let mut process = [0; 16];
    process[..8].copy_from_slice(&id.to_le_bytes());
    let setup = Setup {
        name: format!("worker {id}"),
        group: "workers".to_owned(),
        store,
        clock: Arc::new(Paused(Instant::now())),
        ground: &ground,
        mappings: Arc::from([]),
        max_record_bytes: 1 << 20,
        reputations: &reputations,
        reuse: Policy::default(),
        asker: asker.as_ref(),
        patience: Duration::from_mins(20),
        process,
        members: &|_| {},
    };
    let mut worker = Worker::new(setup).await.unwrap();
    loop {
        let mut connection = cluster.join();
        let member = Leaving(Arc::clone(cluster), connection.member.id);
        let mut never = std::future::pending::<()>();
        let ended = worker.run(&mut connection, &mut never).await.unwrap();
        assert!(matches!(ended, Ended::Again(_)));
        drop(member);
        sleep(Duration::from_millis(500)).await;
    }
}

/// Whoever is killed is noticed to be gone.
struct Leaving(Arc<Cluster>, u64);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.expel(self.1);
    }
}

/// What disturbs the workers.
#[derive(Debug, Clone, Copy)]
struct Storm {
    seed: u64,
    records: usize,
    partitions: usize,
    strikes: usize,
    put_faults: u32,
    store_faults: u64,
    asks: bool,
}

/// Lets workers work through a storm, and checks what came out.
fn weather(storm: Storm) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(storm.seed);
    let mut partitions = vec![Vec::new(); storm.partitions];
    for index in 0..storm.records {
        let record = record(&mut rng, index);
        let at = record.key.as_ref().map_or(index, |key| key.iter().map(|byte| usize::from(*byte)).sum());
        partitions[at % storm.partitions].push(record);
    }
    let sent = partitions.clone();
    let cluster = Cluster::new(partitions, storm.seed, storm.put_faults);
    let store = Arc::new(MemoryFleet::default());
    store.fail(storm.store_faults, &[Fault::Before, Fault::After]);
    let window = Duration::from_secs(6);
    let limits = Limits { requests: Some(Allowed { amount: 1000, window }), ..Limits::default() };
    let behaviour =
        Behaviour { latency_ms: [50, 400], garbage: 0.05, server_errors: 0.05, ..Behaviour::default() };
    runtime.block_on(async {
        let config =
            Config { default_limits: limits, behaviour, unix_ms: Some(START_MS), ..Config::default() };
        let standin = Standin::in_process(config);
        let local = LocalSet::new();
        let start = |id: u64| {
            let (cluster, store) = (Arc::clone(&cluster), Arc::clone(&store));
            let standin = storm.asks.then(|| standin.clone());
            local.spawn_local(async move { work(&cluster, &store, standin, id).await })
        };
        let mut running = vec![start(0), start(1), start(2)];
        let mut next = 3;
        local
            .run_until(async {
                for _ in 0..storm.strikes {
                    sleep(Duration::from_millis(rng.random_range(5..400))).await;
                    match rng.random_range(0..5) {
                        0 if running.len() > 1 => {
                            let victim = running.swap_remove(rng.random_range(0..running.len()));
                            victim.abort();
                        }
                        1 | 2 => {
                            let place = rng.random_range(0..running.len());
                            std::mem::replace(&mut running[place], start(next)).abort();
                            next += 1;
                        }
                        3 if running.len() < 5 => {
                            running.push(start(next));
                            next += 1;
                        }
                        _ => {
                            store.away(true);
                            sleep(Duration::from_millis(rng.random_range(5..3_000))).await;
                            store.away(false);
                        }
                    }
                }
                cluster.faultless();
                store.fail(0, &[]);
                let through = async {
                    while !cluster.is_through() {
                        assert!(running.iter().all(|worker| !worker.is_finished()), "a worker gave up");
                        sleep(Duration::from_millis(100)).await;
                    }
                };
                timeout(Duration::from_hours(3), through).await.expect("all ends some day");
            })
            .await;
        if storm.asks {
            let tally = standin.tally();
            assert!(tally.providers[&Provider::Gemini].answered > 0, "somebody was asked");
        }
    });
    check(&sent, &cluster, &store);
}

fn check(sent: &[Vec<LogRecord>], cluster: &Cluster, store: &MemoryFleet) {
    let kept = store.kept();
    let mut verdicts: BTreeMap<(i32, i64), Vec<serde_json::Value>> = BTreeMap::new();
    let mut order: HashMap<(i32, Vec<u8>), i64> = HashMap::new();
    let mut ids = BTreeSet::new();
    for message in cluster.verdicts() {
        let (partition, offset) = (message.source.0.number, message.source.1);
        let verdict: serde_json::Value = serde_json::from_slice(&message.value).unwrap();
        let id = verdict["finding_info"]["uid"].as_str().unwrap().to_owned();
        assert!(ids.insert(id.clone()), "{id} was put out twice");
        if let Some(key) = &message.key {
            let last = order.insert((partition, key.clone()), offset).unwrap_or(-1);
            assert!(offset >= last, "{partition}/{offset} was put out after {last} of its key");
        }
        verdicts.entry((partition, offset)).or_default().push(verdict);
    }
    let dead: BTreeSet<(i32, i64)> =
        cluster.dead().iter().map(|message| (message.source.0.number, message.source.1)).collect();
    assert_eq!(dead.len(), cluster.dead().len(), "a dead letter was put out twice");
    let mut stored: HashMap<String, u8> = HashMap::new();
    for alert in kept.alerts.values() {
        let source = kept.sources.values().find(|source| source.row() == alert.source).unwrap();
        stored.insert(source.alert_id(alert.ordinal), kept.decisions[&alert.decision].verdict);
    }
    let mut alerts = 0;
    for (partition, records) in sent.iter().enumerate() {
        for (offset, record) in records.iter().enumerate() {
            let place = (partition as i32, offset as i64);
            let text = String::from_utf8(record.value.clone()).unwrap();
            let expected = text.matches("\"signature\"").count();
            alerts += expected;
            assert_eq!(verdicts.get(&place).map_or(0, Vec::len), expected, "{place:?}: {text}");
            assert_eq!(dead.contains(&place), text.contains("broken"), "{place:?}: {text}");
            for verdict in verdicts.get(&place).into_iter().flatten() {
                let id = verdict["finding_info"]["uid"].as_str().unwrap();
                if verdict["verdict_id"].as_u64() != Some(u64::from(stored[id])) {
                    let (tag, ordinal) = id.split_once('-').unwrap();
                    let source = kept.sources.values().find(|source| source.to_string() == tag).unwrap();
                    let alert = &kept.alerts[&(source.row(), ordinal.parse().unwrap())];
                    let decision = &kept.decisions[&alert.decision];
                    panic!(
                        "{id} says {verdict}, and the store {alert:?}, {decision:?}, asked {:?}",
                        kept.answered.get(&decision.id)
                    );
                }
            }
        }
    }
    assert_eq!(kept.alerts.len(), alerts);
    assert_eq!(kept.patterns.values().map(|(_, alerts)| *alerts).sum::<u64>(), alerts as u64);
}

#[test]
fn without_trouble_everything_comes_through_once() {
    let calm = Storm {
        seed: 1,
        records: 600,
        partitions: 6,
        strikes: 0,
        put_faults: 0,
        store_faults: 0,
        asks: true,
    };
    weather(calm);
    weather(Storm { asks: false, records: 3_000, ..calm });
}

/// A partition's last record may have been done by an earlier owner, ahead of others. It is committed too, though nothing of the
/// partition is put out any more.
#[test]
fn what_an_earlier_owner_had_done_at_the_end_is_committed() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let cluster = Cluster::new(vec![(0..3).map(|index| record(&mut rng, index)).collect()], 3, 0);
    let mut first = Watermark::new(0, "");
    assert!((0..3).all(|offset| first.begin(offset)));
    let (next, text) = first.text(&[1, 2]).unwrap();
    let mut second = Watermark::new(next, &text);
    assert!(second.begin(0));
    // It has not read on yet.
    let (next, text) = second.text(&[0]).unwrap();
    assert_eq!(next, 1);
    cluster.commit(0, next, &text);
    let store = MemoryFleet::default();
    runtime.block_on(LocalSet::new().run_until(async {
        let through = async {
            while !cluster.is_through() {
                sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::select! {
            () = work(&cluster, &store, None, 0) => {}
            through = timeout(Duration::from_mins(1), through) => through.expect("it is committed"),
        }
    }));
    assert_eq!((cluster.verdicts(), cluster.dead()), (Vec::new(), Vec::new()));
}

/// A broker that came back from a crash may have forgotten what was committed.
#[test]
fn what_was_put_out_is_not_put_out_again_where_the_log_forgets_what_was_committed() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut sent: Vec<Vec<LogRecord>> =
        (0..3).map(|_| (0..200).map(|index| record(&mut rng, index)).collect()).collect();
    // Of one machine each, so that every partition has its own keys.
    for (number, partition) in sent.iter_mut().enumerate() {
        for record in partition.iter_mut() {
            record.key = Some(format!("host-{number}").into_bytes());
        }
    }
    let cluster = Cluster::new(sent.clone(), 5, 0);
    let store = Arc::new(MemoryFleet::default());
    runtime.block_on(LocalSet::new().run_until(async {
        let workers: Vec<_> = (0..2)
            .map(|id| {
                let (cluster, store) = (Arc::clone(&cluster), Arc::clone(&store));
                tokio::task::spawn_local(async move { work(&cluster, &store, None, id).await })
            })
            .collect();
        let through = async || {
            while !cluster.is_through() {
                sleep(Duration::from_millis(100)).await;
            }
        };
        timeout(Duration::from_hours(1), through()).await.unwrap();
        sleep(Duration::from_secs(2)).await;
        cluster.forget();
        while cluster.owned() < 3 {
            sleep(Duration::from_millis(100)).await;
        }
        sleep(Duration::from_secs(60)).await;
        for (number, partition) in sent.iter_mut().enumerate() {
            let more = LogRecord { key: partition[0].key.clone(), ..record(&mut rng, 200) };
            cluster.append(number as i32, more.clone());
            partition.push(more);
        }
        timeout(Duration::from_hours(1), through()).await.unwrap();
        assert!(workers.iter().all(|worker| !worker.is_finished()), "a worker gave up");
    }));
    check(&sent, &cluster, &store);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 30, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_doubled_or_out_of_order_whatever_fails(
        seed in any::<u64>(),
        records in 1_usize..500,
        partitions in 1_usize..7,
        strikes in 0_usize..30,
        put_faults in prop::sample::select(vec![0_u32, 6, 30]),
        store_faults in prop::sample::select(vec![0_u64, 4, 17]),
        asks in any::<bool>(),
    ) {
        weather(Storm { seed, records, partitions, strikes, put_faults, store_faults, asks });
    }
}
