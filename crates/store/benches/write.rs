//! Writing alerts in bulk: 10,000 rows in one durable transaction.

#![expect(clippy::unwrap_used, reason = "a bench")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use watchfire_store::{AlertRow, AlertRows, ChunkRow, Commit, Location, Store};

const ROWS: u64 = 10_000;

fn commit(sequence: u64) -> Commit {
    let mut alerts = AlertRows::default();
    for index in 0..ROWS {
        alerts.push(&AlertRow {
            ordinal: sequence * ROWS + index,
            time: 1_700_000_000_000 + index as i64,
            pattern: (index % 500) as i64 * 7_919_000_000,
            decision: (index % 900) as i64 * 104_729_000_000,
            severity: 3,
            priority: 40,
            source: Some("203.0.113.77"),
            destination: Some("10.20.30.40"),
            user: None,
        });
    }
    let chunk = ChunkRow {
        first_ordinal: sequence * ROWS,
        hashes: (0..ROWS).map(|index| sequence * ROWS + index).collect(),
        decided: [0; 16],
        raw: Vec::new(),
    };
    Commit { chunk: Some(chunk), alerts, ..Commit::default() }
}

fn bench(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&Location::File(folder.path().join("bench.db"))).unwrap();
    let source = store.source(b"bench", "bench", 0).unwrap();
    let mut sequence = 0;
    let mut group = criterion.benchmark_group("store");
    group.throughput(Throughput::Elements(ROWS)).sample_size(20);
    group.bench_function("bulk write, durable", |bencher| {
        bencher.iter_batched(
            || {
                sequence += 1;
                [commit(sequence)]
            },
            |commits| store.commit(source, &commits, 0).unwrap(),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
