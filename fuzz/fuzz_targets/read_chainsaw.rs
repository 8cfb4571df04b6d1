//! Chainsaw's `hunt --json`.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use std::sync::{Arc, LazyLock};
use watchfire_fuzz::Shape;

const SOURCES: &[&str] = &[
    include_str!("../../crates/signal/src/read/chainsaw.rs"),
    include_str!("../../crates/signal/src/read/hayabusa/windows.rs"),
];
const PINS: &[(&str, &str)] = &[
    ("kind", r#""individual""#),
    ("name", r#""x""#),
    ("group", r#""x""#),
    ("timestamp", r#""2024-05-01T12:00:00.123Z""#),
    ("document", "{}"),
];

static SHAPE: LazyLock<Shape> = LazyLock::new(|| Shape::new(SOURCES, PINS));

fuzz_target!(|data: &[u8]| watchfire_fuzz::record(data, &Arc::default()));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    SHAPE.mutate(data, size, max_size, seed)
});
