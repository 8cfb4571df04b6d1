//! Reading alone, and triage cold and warm, on the Suricata records of the CPTC data set.
//!
//! `WATCHFIRE_DATA=… cargo bench -p watchfire-engine --bench triage`. Without the data the shipped example is used, and
//! the figures are those of a much more varied and much smaller input.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a bench")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use watchfire_engine::{Input, Progress, ReputationCache, Summary, Triage, triage};
use watchfire_flow::SystemClock;
use watchfire_intel::Intel;
use watchfire_judge::learning::Learned;
use watchfire_judge::reuse::Policy;
use watchfire_judge::{Asking, Ground, History, MaterialTable, Network, RuleSet};
use watchfire_signal::frame::{Framer, Limits};
use watchfire_signal::read::{Item, RecordReader};
use watchfire_store::{Location, Store};

/// How often the records are repeated, so that starting up is a small part.
const REPEATS: usize = 16;
const JOBS: usize = 2;

/// The program's own allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn records() -> Vec<u8> {
    let mut bytes = Vec::new();
    match std::env::var_os("WATCHFIRE_DATA") {
        Some(folder) => {
            let folder = PathBuf::from(folder).join("suricata-cptc");
            let mut files: Vec<_> =
                std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
            files.sort();
            for file in files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "gz")) {
                flate2::read::MultiGzDecoder::new(std::fs::File::open(file).unwrap())
                    .read_to_end(&mut bytes)
                    .unwrap();
            }
        }
        None => {
            eprintln!("WATCHFIRE_DATA is not set: measuring on examples/day.ndjson");
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/day.ndjson");
            bytes = std::fs::read(path).unwrap();
        }
    }
    bytes.repeat(REPEATS)
}

fn count_alerts(bytes: &[u8]) -> u64 {
    let mut framer = Framer::new(bytes, Arc::default(), Limits::default(), &[]).unwrap();
    let mut reader = RecordReader::default();
    let mut alerts = 0;
    while let Some(chunk) = framer.next_chunk() {
        chunk.read(&mut reader, |_, items| {
            alerts += items.iter().filter(|item| matches!(item, Item::Alert(_))).count() as u64;
        });
    }
    alerts
}

/// Reads with as many threads as triage uses: one cuts, the others parse.
fn parse_in_parallel(bytes: &[u8]) -> u64 {
    let (sender, receiver) = crossbeam_channel::bounded(JOBS);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut framer = Framer::new(bytes, Arc::default(), Limits::default(), &[]).unwrap();
            while let Some(chunk) = framer.next_chunk() {
                sender.send(chunk).unwrap();
            }
        });
        let workers: Vec<_> = (0..JOBS)
            .map(|_| {
                let receiver = receiver.clone();
                scope.spawn(move || {
                    let mut reader = RecordReader::default();
                    let mut alerts = 0;
                    for chunk in receiver {
                        chunk.read(&mut reader, |_, items| alerts += items.len() as u64);
                    }
                    alerts
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    })
}

fn run(ground: &Ground, store: &Store, bytes: &Arc<[u8]>) -> Summary {
    let reputations = ReputationCache::open(Intel::empty(), store).unwrap();
    triage(Triage {
        inputs: vec![Input::Bytes("records".to_owned(), Arc::clone(bytes))],
        jobs: JOBS,
        limits: Limits::default(),
        mappings: Arc::from([]),
        ground: ground.clone(),
        asking: Asking::Nobody,
        history: History::default(),
        reuse: Policy::default(),
        learned: Learned::default(),
        reputations: &reputations,
        wanted: None,
        store,
        keep_raw: true,
        output: None,
        clock: &SystemClock::new(),
        progress: &Progress::new(),
    })
    .unwrap()
}

fn bench(criterion: &mut Criterion) {
    let bytes: Arc<[u8]> = records().into();
    let ground = Ground::new(RuleSet::starter(), MaterialTable::shipped(), Network::default());
    let alerts = count_alerts(&bytes);
    let folder = tempfile::tempdir().unwrap();
    let open = |name: &str| {
        for ending in ["", "-wal", "-shm"] {
            drop(std::fs::remove_file(folder.path().join(format!("{name}{ending}"))));
        }
        Store::open(&Location::File(folder.path().join(name))).unwrap()
    };

    let mut group = criterion.benchmark_group("triage");
    group.throughput(Throughput::Elements(alerts)).sample_size(10);
    group.bench_function("parse only, 1 thread", |bencher| bencher.iter(|| count_alerts(&bytes)));
    group.bench_function("parse only, 2 threads", |bencher| bencher.iter(|| parse_in_parallel(&bytes)));
    group.bench_function("cold: new store", |bencher| {
        bencher.iter_batched(
            || open("cold.db"),
            |store| run(&ground, &store, &bytes),
            BatchSize::PerIteration,
        );
    });
    let warm = open("warm.db");
    run(&ground, &warm, &bytes);
    group.bench_function("warm: the same file again", |bencher| {
        bencher.iter(|| assert_eq!(run(&ground, &warm, &bytes).calls_avoided, alerts));
    });
    // Other bytes, the same patterns at the same times: every alert is new to the store, none needs a decision.
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let mut round = 0;
    group.bench_function("warm: new alerts of known patterns", |bencher| {
        bencher.iter_batched(
            || {
                round += 1;
                text.replace("\"flow_id\":", &format!("\"round\":{round},\"flow_id\":")).into_bytes().into()
            },
            |bytes: Arc<[u8]>| assert!(run(&ground, &warm, &bytes).hit_rate.pattern > 0.99),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
