//! Intelligence lists: the first line of the input names the file, the rest is in it.
//!
//! A list can be of any format and any quality. It is read, and then asked about each of its own words: what is merged
//! must be what the statements say, and what is quoted must be fit to show.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use std::path::PathBuf;
use std::sync::LazyLock;
use watchfire_fuzz::Tokens;
use watchfire_intel::{Intel, ListConfig, classify, merge};
use watchfire_signal::{Indicator, IndicatorKind, Reputation};

const SOURCES: &[&str] = &[
    include_str!("../../crates/intel/src/lists/plain.rs"),
    include_str!("../../crates/intel/src/lists/misp.rs"),
    include_str!("../../crates/intel/src/lists/kev.rs"),
    include_str!("../../crates/intel/src/lists/meaning.rs"),
    include_str!("../../crates/intel/src/entry.rs"),
    include_str!("../../crates/intel/src/defang.rs"),
];

/// A folder of this process's own.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("watchfire-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    folder
});
static TOKENS: LazyLock<Tokens> = LazyLock::new(|| {
    Tokens::new(SOURCES, &['\n', '.', '/', ':', ',', ' ', '\t', '"', '#', '|', '@', '[', ']'])
});

fuzz_target!(|data: &[u8]| {
    let cut = data.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let (name, content) = data.split_at(cut);
    let slug: String =
        name.iter().filter(|byte| byte.is_ascii_alphanumeric()).take(40).map(|&byte| byte as char).collect();
    let path = FOLDER.join(format!("{slug}.txt"));
    std::fs::write(&path, content).expect("the file can be written");
    let (intel, problems) = Intel::load(&[ListConfig { path: path.clone(), reputation: None, name: None }]);
    std::fs::remove_file(&path).expect("the file can be removed");

    for problem in &problems {
        assert!(!problem.hint.is_empty(), "a problem without a hint");
        assert!(is_fit_to_show(&problem.reason), "a reason that is not fit to show: {:?}", problem.reason);
    }
    assert!(problems.len() <= 64, "{} problems", problems.len());
    let text = String::from_utf8_lossy(content);
    for word in text.split([' ', '\n', ',', '"', '\t']).filter(|word| !word.is_empty()).take(64) {
        for kind in IndicatorKind::ALL {
            ask(&intel, Indicator { kind, value: word });
        }
        if let Some(indicator) = classify(word) {
            ask(&intel, indicator);
        }
    }
});

fn ask(intel: &Intel, indicator: Indicator<'_>) {
    let opinion = intel.lookup(indicator).reputation();
    let statements = intel.explain(indicator);
    for statement in &statements {
        assert!(is_fit_to_show(&statement.source), "a name that is not fit to show: {:?}", statement.source);
        let evidence = statement.evidence.as_deref().unwrap_or_default();
        assert!(is_fit_to_show(evidence), "evidence that is not fit to show: {evidence:?}");
    }
    if statements.is_empty() {
        assert!(
            matches!(opinion, Reputation::NotAsked | Reputation::Unknown),
            "{indicator:?} is {opinion:?}, and nobody says so"
        );
    } else {
        assert_eq!(opinion, merge(&statements), "{indicator:?}: {statements:?}");
    }
}

fn is_fit_to_show(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    TOKENS.mutate(data, size, max_size, seed)
});
