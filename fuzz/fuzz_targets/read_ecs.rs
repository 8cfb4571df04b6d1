//! Elastic Common Schema: Wazuh 5 findings and Elastic Security alerts.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use std::sync::{Arc, LazyLock};
use watchfire_fuzz::Shape;

const SOURCES: &[&str] = &[include_str!("../../crates/signal/src/read/ecs.rs")];
const PINS: &[(&str, &str)] =
    &[("@timestamp", r#""2024-05-01T12:00:00.123Z""#), ("event", r#"{"kind":"signal"}"#)];

static SHAPE: LazyLock<Shape> = LazyLock::new(|| Shape::new(SOURCES, PINS).wrapped_in(&["_source"]));

fuzz_target!(|data: &[u8]| watchfire_fuzz::record(data, &Arc::default()));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    SHAPE.mutate(data, size, max_size, seed)
});
