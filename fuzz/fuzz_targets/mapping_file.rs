//! A mapping file that somebody found on the web: it is refused, or it reads records.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use std::sync::LazyLock;
use watchfire_fuzz::Tokens;
use watchfire_signal::read::Mapping;

const SOURCES: &[&str] = &[
    include_str!("../../crates/signal/src/read/mapping/file.rs"),
    include_str!("../../crates/signal/src/read/mapping/rules.rs"),
    include_str!("../../examples/mappings/reference-json.toml"),
    include_str!("../../crates/signal/src/field.rs"),
];
const RECORDS: &str = include_str!("../../crates/signal/src/read/samples/mapping-reference.json");
const HEADER: &str = "time,name,ip,host,short,when,rule,level\n";
const ROW: &str =
    "1714557600,Guard: Odd login (sshd).,192.0.2.5,mail,G-Odd,01.05.2024 12:00:00,\"a \"\"b\"\"\",5\n";

static TOKENS: LazyLock<Tokens> =
    LazyLock::new(|| Tokens::new(SOURCES, &['\n', '"', '=', ' ', ',', '[', ']', '{', '}', '.', '%']));

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let mapping = match Mapping::from_toml(&text) {
        Ok(mapping) => mapping,
        Err(error) => {
            assert!(!error.to_string().is_empty(), "a mistake without a word");
            return;
        }
    };
    if let Some(plan) = mapping.csv_plan(HEADER) {
        watchfire_fuzz::row(ROW, &plan);
    }
    for record in RECORDS.lines() {
        watchfire_fuzz::record(record.as_bytes(), &[mapping.clone()].into());
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    TOKENS.mutate(data, size, max_size, seed)
});
