//! JSON of any other kind, read by the mapping that uses every feature.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use std::sync::{Arc, LazyLock};
use watchfire_fuzz::Shape;
use watchfire_signal::read::Mapping;

const MAPPING: &str = include_str!("../../examples/mappings/reference-json.toml");
const PINS: &[(&str, &str)] =
    &[("version", "1"), ("detector", r#""a: b""#), ("found", r#"{"what":"x","rule":1}"#)];

static MAPPINGS: LazyLock<Arc<[Mapping]>> =
    LazyLock::new(|| [Mapping::from_toml(MAPPING).expect("the shipped mapping is sound")].into());
static SHAPE: LazyLock<Shape> =
    LazyLock::new(|| Shape::new(&[MAPPING], PINS).fixed(&[("kind", r#""alert""#)]));

fuzz_target!(|data: &[u8]| watchfire_fuzz::record(data, &MAPPINGS));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    SHAPE.mutate(data, size, max_size, seed)
});
