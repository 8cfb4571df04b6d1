//! ArcSight Common Event Format, bare or in syslog.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use std::sync::{Arc, LazyLock};
use watchfire_fuzz::Tokens;

const SOURCES: &[&str] = &[include_str!("../../crates/signal/src/read/cef.rs")];

static TOKENS: LazyLock<Tokens> = LazyLock::new(|| Tokens::new(SOURCES, &['|', ' ', '=', '\\', '>', ':']));

fuzz_target!(|data: &[u8]| watchfire_fuzz::record(data, &Arc::default()));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    TOKENS.mutate(data, size, max_size, seed)
});
