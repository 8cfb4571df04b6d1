//! What learning from an alert costs, and what proposing does: a flood, and a network where most alerts are steps.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use watchfire_judge::Category;
use watchfire_judge::propositions::{Predictor, Question, Seen};

/// Alerts learned from in one go.
const ALERTS: u64 = 100_000;
const START: i64 = 1_700_000_000_000;

/// A number that looks drawn by lot.
fn lot(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// Alerts of so many rules on so many machines, so far apart.
fn learned(rules: &[String], machines: u64, gap_ms: i64) -> Predictor {
    let mut predictor = Predictor::new();
    let mut state = 1;
    for index in 0..ALERTS {
        let rule = &rules[(lot(&mut state) % rules.len() as u64) as usize];
        let machine = 1 + lot(&mut state) % machines;
        predictor.observe(&Seen {
            time: START + index as i64 * gap_ms,
            entity: [machine, 1_000_000 + machine],
            rule,
            name: "a rule of a usual name",
            techniques: &[],
            hostile: false,
        });
    }
    predictor
}

fn propositions(criterion: &mut Criterion) {
    let rules: Vec<String> = (0..1_000).map(|rule| format!("suricata/{}", 2_000_000 + rule)).collect();
    let mut group = criterion.benchmark_group("propositions");
    group.sample_size(10).throughput(Throughput::Elements(ALERTS));
    group.bench_function("learn from a flood", |bencher| {
        bencher.iter(|| black_box(learned(&rules[..8], 200, 10)));
    });
    group.bench_function("learn where most alerts are steps", |bencher| {
        bencher.iter(|| black_box(learned(&rules, 500, 2_000)));
    });
    let predictor = learned(&rules, 500, 2_000);
    let question = Question {
        now: START + ALERTS as i64 * 2_000,
        entity: [7, 1_000_007],
        rule: &rules[3],
        techniques: &[],
        category: Category::Other,
    };
    group.throughput(Throughput::Elements(1));
    group.bench_function("propose", |bencher| bencher.iter(|| black_box(predictor.propose(&question))));
    group.finish();
}

criterion_group!(benches, propositions);
criterion_main!(benches);
