//! Zeek's JSON logs.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use std::sync::{Arc, LazyLock};
use watchfire_fuzz::Shape;

const SOURCES: &[&str] = &[include_str!("../../crates/signal/src/read/zeek.rs")];
const PINS: &[(&str, &str)] =
    &[("ts", "1714557600.123456"), ("_path", r#""notice""#), ("note", r#""A::B""#), ("msg", r#""x""#)];

static SHAPE: LazyLock<Shape> = LazyLock::new(|| Shape::new(SOURCES, PINS));

fuzz_target!(|data: &[u8]| watchfire_fuzz::record(data, &Arc::default()));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    SHAPE.mutate(data, size, max_size, seed)
});
