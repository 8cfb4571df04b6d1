//! CSV, read by a mapping: the first line is taken for a header, if it is one, and the rest for one row.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use std::sync::LazyLock;
use watchfire_fuzz::Tokens;
use watchfire_signal::read::{CsvPlan, Mapping, csv_plan};

const COMMAS: &str = include_str!("../../examples/mappings/ait.toml");
const SEMICOLONS: &str = r#"
name = "semicolons"
[match]
columns = ["when", "rule"]
[csv]
delimiter = ";"
[time]
from = "when"
format = "%d.%m.%Y %H:%M:%S"
[severity]
from = "level"
words = { "5" = "high" }
at_least = { medium = 40, high = 70 }
[fields]
"rule.name" = "rule"
"source.ip" = ["client", "from"]
"user.name" = { from = "text", after = "user=", before = " " }
techniques = "mitre"
groups = ["tag", "zone"]
count = "hits"
[aside]
kind = ["flow", "stats"]
"#;

static MAPPINGS: LazyLock<[Mapping; 2]> = LazyLock::new(|| {
    [COMMAS, SEMICOLONS].map(|text| Mapping::from_toml(text).expect("the mappings are sound"))
});
static PLAN: LazyLock<CsvPlan> = LazyLock::new(|| {
    csv_plan(&*MAPPINGS, "when;rule;level;client;text;mitre;tag;zone;hits;kind")
        .expect("the header has the columns")
});
static TOKENS: LazyLock<Tokens> =
    LazyLock::new(|| Tokens::new(&[COMMAS, SEMICOLONS], &[',', ';', '"', '\n', '\r']));

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    watchfire_fuzz::row(&text, &PLAN);
    if let Some((header, rest)) = text.split_once('\n')
        && let Some(plan) = csv_plan(&*MAPPINGS, header)
    {
        watchfire_fuzz::row(rest, &plan);
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    TOKENS.mutate(data, size, max_size, seed)
});
