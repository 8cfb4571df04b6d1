//! Hayabusa's JSON timelines.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use std::sync::{Arc, LazyLock};
use watchfire_fuzz::Shape;

const SOURCES: &[&str] = &[
    include_str!("../../crates/signal/src/read/hayabusa.rs"),
    include_str!("../../crates/signal/src/read/hayabusa/windows.rs"),
];
const PINS: &[(&str, &str)] =
    &[("Timestamp", r#""2024-05-01 19:00:00.123 +09:00""#), ("RuleTitle", r#""x""#), ("Level", r#""high""#)];

static SHAPE: LazyLock<Shape> = LazyLock::new(|| Shape::new(SOURCES, PINS));

fuzz_target!(|data: &[u8]| watchfire_fuzz::record(data, &Arc::default()));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    SHAPE.mutate(data, size, max_size, seed)
});
