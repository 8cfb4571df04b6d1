//! AWS GuardDuty findings.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use std::sync::{Arc, LazyLock};
use watchfire_fuzz::Shape;

const SOURCES: &[&str] = &[include_str!("../../crates/signal/src/read/guardduty.rs")];
const PINS: &[(&str, &str)] =
    &[("accountId", r#""x""#), ("type", r#""A:B/C""#), ("severity", "5"), ("service", "{}")];

static SHAPE: LazyLock<Shape> =
    LazyLock::new(|| Shape::new(SOURCES, PINS).wrapped_in(&["Findings", "detail"]));

fuzz_target!(|data: &[u8]| watchfire_fuzz::record(data, &Arc::default()));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    SHAPE.mutate(data, size, max_size, seed)
});
