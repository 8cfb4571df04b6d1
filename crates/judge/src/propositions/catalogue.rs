//! The names of rules, and what they show.

use crate::attack::{Tactic, technique};
use crate::statistics::BoundedMap;
use crate::text::tame;
use smallvec::SmallVec;

/// Longest name and key, in characters.
const MAX_NAME: usize = 120;
/// Techniques remembered of a rule.
const TECHNIQUES: usize = 4;

/// What is known of a rule.
#[derive(Debug, Clone)]
pub struct Known {
    /// The vendor's key, such as `suricata/2010935`.
    pub key: Box<str>,
    /// What it is called.
    pub name: Box<str>,
    /// ATT&CK ids, of those that are in the table.
    pub techniques: SmallVec<[&'static str; 1]>,
    /// How often it was a step.
    pub steps: u32,
    /// How often that was judged hostile.
    pub hostile: u32,
}

/// Rules that are known; the one that came up longest ago goes.
#[derive(Debug, Clone)]
pub struct Catalogue(BoundedMap<u64, Known>);

impl Catalogue {
    /// At most so many.
    pub fn new(rules: usize) -> Self {
        Self(BoundedMap::new(rules))
    }

    /// A rule was a step.
    pub fn add(&mut self, rule: u64, seen: &super::Seen<'_>) {
        let known = self.0.entry(rule, || Known {
            key: tame(seen.rule, MAX_NAME).into(),
            name: tame(if seen.name.is_empty() { seen.rule } else { seen.name }, MAX_NAME).into(),
            techniques: SmallVec::new(),
            steps: 0,
            hostile: 0,
        });
        known.steps = known.steps.saturating_add(1);
        known.hostile = known.hostile.saturating_add(u32::from(seen.hostile));
        for id in seen.techniques {
            let Some(found) = technique(id) else { continue };
            if known.techniques.len() < TECHNIQUES && !known.techniques.contains(&found.id) {
                known.techniques.push(found.id);
            }
        }
    }

    /// What is known of a rule.
    pub fn get(&self, rule: u64) -> Option<&Known> {
        self.0.get(&rule)
    }

    /// How many are known.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// About how much memory it holds, in bytes.
    pub fn footprint(&self) -> usize {
        super::table_bytes::<u64, Known>(self.0.len())
            + self.0.values().map(|known| known.key.len() + known.name.len()).sum::<usize>()
    }
}

/// The tactic that techniques serve, as a number from 1: the one that is furthest in an intrusion; 0 if nobody knows.
pub fn stage(techniques: &[String]) -> u8 {
    let tactics = techniques.iter().filter_map(|id| technique(id)).flat_map(|found| found.tactics.iter());
    tactics.max().map_or(0, |tactic| tactic as u8 + 1)
}

/// What a tactic is called where people read it: `Credential Access`.
pub fn title(tactic: Tactic) -> String {
    let capital = |word: &str| match word {
        "and" => word.to_owned(),
        _ => word[..1].to_ascii_uppercase() + &word[1..],
    };
    tactic.name().split('-').map(capital).collect::<Vec<String>>().join(" ")
}
