//! AWS CloudTrail events.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use std::sync::{Arc, LazyLock};
use watchfire_fuzz::Shape;

const SOURCES: &[&str] = &[
    include_str!("../../crates/signal/src/read/cloudtrail.rs"),
    include_str!("../../crates/signal/src/read/cloudtrail/watched.rs"),
];
const PINS: &[(&str, &str)] = &[
    ("eventVersion", r#""1.08""#),
    ("eventSource", r#""cloudtrail.amazonaws.com""#),
    ("eventName", r#""StopLogging""#),
    ("eventTime", r#""2024-05-01T12:00:00.123Z""#),
];

static SHAPE: LazyLock<Shape> = LazyLock::new(|| Shape::new(SOURCES, PINS).wrapped_in(&["Records"]));

fuzz_target!(|data: &[u8]| watchfire_fuzz::record(data, &Arc::default()));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    SHAPE.mutate(data, size, max_size, seed)
});
