//! What judging costs without a store: per measurement, with history, and as bytes.
//!
//! `cargo bench -p watchfire-measure`.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use watchfire_measure::{Measurement, MetricSettings, UserState};
use watchfire_signal::Timestamp;

/// A value that looks as if by chance, between 0 and 10.
fn value(index: i64) -> f64 {
    (index.wrapping_mul(2_654_435_761) % 10_007) as f64 / 1_000.7
}

fn measurement(user: usize, second: i64) -> Measurement {
    Measurement {
        id: Some(format!("{user}-{second}")),
        user: format!("user-{user}"),
        metric: "cpu".to_owned(),
        time: Timestamp::from_millis(1_700_000_000_000 + second * 1_000).unwrap_or_default(),
        value: value(second),
        unit: None,
    }
}

fn state(points: i64, settings: &MetricSettings) -> UserState {
    let mut state = UserState::default();
    for second in 0..points {
        let _ = state.judge(settings, &measurement(0, second));
    }
    state
}

/// One state, one measurement after another.
fn judging(c: &mut Criterion) {
    let settings = MetricSettings::default();
    let input: Vec<Measurement> = (0..10_000).map(|second| measurement(0, second)).collect();
    let mut group = c.benchmark_group("judge");
    group.throughput(Throughput::Elements(input.len() as u64));
    group.bench_function("10,000 of one user", |bencher| {
        bencher.iter(|| {
            let mut state = UserState::default();
            for measurement in &input {
                let _ = black_box(state.judge(&settings, measurement));
            }
            state
        });
    });
    group.finish();
}

/// What a user of a batch costs: read, five measurements, written.
fn user(c: &mut Criterion) {
    let settings = MetricSettings::default();
    let mut group = c.benchmark_group("user of five");
    group.throughput(Throughput::Elements(5));
    for history in [0, 10, 100, 1_000, 10_000] {
        let bytes = state(history, &settings).encode();
        let input: Vec<Measurement> = (0..5).map(|second| measurement(0, history + second)).collect();
        group.bench_with_input(BenchmarkId::new("after", history), &bytes, |bencher, bytes| {
            bencher.iter(|| {
                let mut state = UserState::decode(bytes).unwrap_or_default();
                for measurement in &input {
                    let _ = black_box(state.judge(&settings, measurement));
                }
                state.encode()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, judging, user);
criterion_main!(benches);
