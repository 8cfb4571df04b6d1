//! The pattern's stem: two alerts that agree in what is material share it, two that don't do not.
//!
//! The input is a list of cells, a line each: the field by its place, whether it is set in the first alert, the second
//! or both, and its text.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use std::cell::RefCell;
use std::sync::LazyLock;
use watchfire_fuzz::Tokens;
use watchfire_judge::{
    Assessor, Category, Facts, Ground, MaterialTable, Network, RuleSet, material_values, rule_key, stem,
};
use watchfire_signal::{Alert, Field, Format, Indicator, Reputation, Severity};

static GROUND: LazyLock<Ground> =
    LazyLock::new(|| Ground::new(RuleSet::starter(), MaterialTable::shipped(), Network::default()));
static TOKENS: LazyLock<Tokens> = LazyLock::new(|| {
    Tokens::new(
        &[
            include_str!("../../crates/judge/rules/cases.json"),
            include_str!("../../crates/judge/rules/brute_force.yml"),
            include_str!("../../crates/judge/rules/malware.yml"),
            include_str!("../../crates/judge/rules/web_attack.yml"),
            include_str!("../../crates/judge/rules/noise.yml"),
        ],
        &['\n', ' ', '.', '/'],
    )
});

thread_local! {
    /// Lives as long as the process, and so remembers what fresh ones have to work out.
    static OLD: RefCell<Assessor> = RefCell::new(Assessor::new(GROUND.clone()));
}

/// A reputation that depends on nothing but the indicator.
struct Gossip;

impl watchfire_judge::Reputations for Gossip {
    fn reputation(&self, indicator: Indicator<'_>) -> Reputation {
        Reputation::ALL[indicator.value.bytes().map(usize::from).sum::<usize>() % Reputation::ALL.len()]
    }
}

fn alerts(text: &str) -> [Alert<'_>; 2] {
    let mut first = Alert::new(Format::Mapped, text);
    if let Some(byte) = text.bytes().next() {
        first.format = Format::ALL[usize::from(byte) % Format::ALL.len()];
    }
    let mut second = first.clone();
    for line in text.lines() {
        let mut characters = line.chars();
        let (Some(field), Some(whose)) = (characters.next(), characters.next()) else { continue };
        let cell = characters.as_str();
        for (alert, bit) in [(&mut first, 1), (&mut second, 2)] {
            if whose as u32 & bit == 0 {
                match field as usize % (Field::COUNT + 4) {
                    at if at < Field::COUNT => alert.set(Field::ALL[at], cell),
                    at if at == Field::COUNT => alert.count = cell.parse().ok(),
                    at if at == Field::COUNT + 1 => alert.groups.push(cell.into()),
                    at if at == Field::COUNT + 2 => alert.add_technique(cell),
                    _ => alert.severity = Severity::from_word(cell).unwrap_or_default(),
                }
            }
        }
    }
    [first, second]
}

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let [first, second] = alerts(&text);
    let network = &GROUND.network;
    let facts = [Facts::of(&first, network, &Gossip), Facts::of(&second, network, &Gossip)];
    for category in Category::ALL {
        let entry = GROUND.material.entry(category).expect("every category has an entry");
        let stems = [stem(&first, &facts[0], entry), stem(&second, &facts[1], entry)];
        let values = [material_values(&first, &facts[0], entry), material_values(&second, &facts[1], entry)];
        // What is shown is cut at 200 characters, what is hashed at 1024 bytes.
        let all = values.iter().flatten();
        if all.clone().all(|(_, value)| value.chars().count() < 200) {
            assert_eq!(stems[0] == stems[1], values[0] == values[1], "{}: {values:?}", category.name());
        }
    }
    // Rules take most of the time, so one of the two has to do.
    let (alert, facts) =
        if text.len().is_multiple_of(2) { (&first, &facts[0]) } else { (&second, &facts[1]) };
    assert!(rule_key(alert).starts_with(alert.format.name()));
    let now = Assessor::new(GROUND.clone()).assess(alert, facts);
    let remembered = OLD.with_borrow_mut(|old| old.assess(alert, facts));
    assert_eq!(format!("{now:?}"), format!("{remembered:?}"), "what is remembered differs");
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    TOKENS.mutate(data, size, max_size, seed)
});
