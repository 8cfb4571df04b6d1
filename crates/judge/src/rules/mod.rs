//! Sigma rules over the normalised alert.
//!
//! Rules say what an alert is about, set the floor below which no later decider may take its severity, and, where one
//! is sure of itself, the verdict. They are evaluated for every alert, also when its verdict will be reused, because
//! which rules match is part of what makes two alerts alike.
//!
//! Evaluating a hundred rules for each of a hundred thousand alerts a second would be most of the work. But rules read
//! few fields, and those take few values: a sensor has a few hundred rule names. So rules are grouped by the set of
//! fields that they read, and each group's answer is remembered by the hash of those fields' values. The answer is
//! exactly the one that evaluation gives. For values that were not seen yet, a prefilter leaves few rules to evaluate.

mod document;
mod fields;
mod pack;
mod prefilter;

pub use document::{RuleDocument, RuleProblem};
pub use fields::RuleField;

use crate::hashes::{Hashes, mix};
use crate::{Category, Facts, Tactics};
use hashbrown::HashMap;
use prefilter::Prefilter;
use sigma_rust::Event;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::RandomState;
use std::path::Path;
use std::sync::Arc;
use watchfire_signal::{Alert, Severity, Verdict};

/// Rules that match an alert, as indices into the [`RuleSet`], in ascending order.
pub type Hits = SmallVec<[u16; 6]>;

/// How many answers of one group a thread remembers before it forgets them all.
const MEMO_BOUND: usize = 14_336;
/// How many rules there may be.
const MAX_RULES: usize = 10_000;

/// The rules in force.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<RuleDocument>,
    groups: Vec<Group>,
    fields: Vec<RuleField>,
    version: [u8; 16],
}

#[derive(Debug)]
struct Group {
    /// Indices into `RuleSet::fields`.
    fields: Vec<usize>,
    filter: Prefilter,
}

impl RuleSet {
    /// The starter set alone.
    pub fn starter() -> Self {
        let (set, problems) = Self::load::<&Path>(&[]);
        debug_assert!(problems.is_empty(), "{problems:?}");
        set
    }

    /// The starter set and every `.yml` and `.yaml` file in these folders. A rule that can't be used is left out and
    /// reported; a rule with the id of another replaces it.
    pub fn load<P: AsRef<Path>>(folders: &[P]) -> (Self, Vec<RuleProblem>) {
        let mut rules: Vec<RuleDocument> = Vec::new();
        let mut problems = Vec::new();
        for (name, text) in pack::FILES {
            document::parse(Path::new(name), text, &mut rules, &mut problems);
        }
        for folder in folders {
            document::parse_folder(folder.as_ref(), &mut rules, &mut problems);
        }
        let mut by_id: HashMap<String, usize> = HashMap::new();
        let mut kept: Vec<RuleDocument> = Vec::new();
        for rule in rules.into_iter().take(MAX_RULES) {
            match by_id.get(&rule.id) {
                Some(&at) => kept[at] = rule,
                None => {
                    by_id.insert(rule.id.clone(), kept.len());
                    kept.push(rule);
                }
            }
        }
        (Self::group(kept), problems)
    }

    fn group(rules: Vec<RuleDocument>) -> Self {
        let mut fields: Vec<RuleField> = Vec::new();
        let mut groups: BTreeMap<Vec<usize>, Vec<u16>> = BTreeMap::new();
        let mut version = blake3::Hasher::new();
        for (index, rule) in rules.iter().enumerate() {
            let mut reads: Vec<usize> = rule
                .fields
                .iter()
                .map(|field| {
                    fields.iter().position(|known| known == field).unwrap_or_else(|| {
                        fields.push(*field);
                        fields.len() - 1
                    })
                })
                .collect();
            reads.sort_unstable();
            reads.dedup();
            groups.entry(reads).or_default().push(index as u16);
            version.update(rule.text.as_bytes());
        }
        let groups = groups
            .into_iter()
            .map(|(fields, indices)| {
                let filter =
                    Prefilter::new(indices.iter().map(|&index| (index, &rules[usize::from(index)].needs)));
                Group { fields, filter }
            })
            .collect();
        let mut short = [0; 16];
        short.copy_from_slice(&version.finalize().as_bytes()[..16]);
        Self { rules, groups, fields, version: short }
    }

    /// Hash of every rule's text.
    pub fn version(&self) -> [u8; 16] {
        self.version
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// A rule by its index.
    pub fn get(&self, index: u16) -> Option<&RuleDocument> {
        self.rules.get(usize::from(index))
    }

    /// The rules at these indices.
    pub fn named<'r>(&'r self, hits: &'r [u16]) -> impl Iterator<Item = &'r RuleDocument> {
        hits.iter().filter_map(|&index| self.get(index))
    }

    /// What the matching rules say together.
    pub fn say(&self, hits: &[u16]) -> RulesSay {
        let mut say = RulesSay::default();
        let (mut hostile, mut benign, mut silent) = (None, None, false);
        for rule in self.named(hits) {
            let (floor, rank) = (rule.floor, rule.category.rank());
            if floor > say.floor || (floor == say.floor && rank < say.category.rank()) {
                say.category = rule.category;
            }
            say.floor = say.floor.max(floor);
            say.tactics = say.tactics.union(rule.tactics);
            match rule.verdict {
                Some((verdict, confidence)) if verdict.is_benign() => benign = Some((verdict, confidence)),
                Some((verdict, confidence)) => hostile = Some((verdict, confidence)),
                // A rule that only classifies noise does not speak against another that calls it noise.
                None => silent |= rule.floor > Severity::Informational,
            }
        }
        say.verdict = match (hostile, benign) {
            (Some(hostile), _) => Some(hostile),
            (None, Some(benign)) if !silent && say.floor <= Severity::Informational => Some(benign),
            _ => None,
        };
        say
    }
}

/// What several rules say together.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RulesSay {
    /// The highest floor.
    pub floor: Severity,
    /// The category of the rule with the highest floor; among equals the most telling one.
    pub category: Category,
    /// All tactics.
    pub tactics: Tactics,
    /// A verdict, if a rule is sure and none speaks against it. A benign one only counts if no rule sets a floor.
    pub verdict: Option<(Verdict, f64)>,
}

/// What is known of a combination of values: the rules that match, their hash, and what they say together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Matched {
    pub(crate) hits: Hits,
    pub(crate) hash: [u8; 8],
    pub(crate) say: RulesSay,
}

/// Evaluates rules, remembering answers. One per thread.
#[derive(Debug)]
pub struct RuleMatcher {
    set: Arc<RuleSet>,
    /// By the values of all fields that any rule reads.
    whole: HashMap<u64, Matched>,
    /// By the values of one group's fields.
    groups: Vec<HashMap<u64, SmallVec<[u16; 2]>>>,
    hasher: RandomState,
}

impl RuleMatcher {
    /// A matcher for these rules.
    pub fn new(set: Arc<RuleSet>) -> Self {
        let groups = vec![HashMap::new(); set.groups.len()];
        Self { set, whole: HashMap::new(), groups, hasher: RandomState::new() }
    }

    /// The rules that match.
    pub fn matches(&mut self, alert: &Alert<'_>, facts: &Facts<'_>) -> Hits {
        let hashes = Hashes::of(alert, facts, &self.hasher);
        self.matched(alert, facts, &hashes).hits.clone()
    }

    /// What matches, given the alert's hashes. These must all be under one key.
    pub(crate) fn matched(&mut self, alert: &Alert<'_>, facts: &Facts<'_>, hashes: &Hashes) -> &Matched {
        let key = self.set.fields.iter().fold(0, |key, &field| mix(key, hashes.field(field)));
        if self.whole.len() >= MEMO_BOUND && !self.whole.contains_key(&key) {
            self.whole.clear();
        }
        if !self.whole.contains_key(&key) {
            let hits = self.evaluate(alert, facts, hashes);
            let matched = Matched { hash: hits_hash(&self.set, &hits), say: self.set.say(&hits), hits };
            self.whole.insert(key, matched);
        }
        &self.whole[&key]
    }

    fn evaluate(&mut self, alert: &Alert<'_>, facts: &Facts<'_>, hashes: &Hashes) -> Hits {
        let set = &self.set;
        let mut hits = Hits::new();
        for (group, memo) in set.groups.iter().zip(&mut self.groups) {
            let key = group.fields.iter().fold(0, |key, &field| mix(key, hashes.field(set.fields[field])));
            if let Some(known) = memo.get(&key) {
                hits.extend_from_slice(known);
                continue;
            }
            let mut event = Event::new();
            let mut texts: SmallVec<[Cow<'_, str>; 4]> = SmallVec::new();
            for &field in &group.fields {
                set.fields[field].insert(alert, facts, &mut event);
                texts.extend(set.fields[field].text(alert, facts));
            }
            let mut found = SmallVec::new();
            for index in group.filter.candidates(texts.iter().map(AsRef::as_ref)) {
                if set.rules[usize::from(index)].sigma.is_match(&event) {
                    found.push(index);
                }
            }
            hits.extend_from_slice(&found);
            if memo.len() >= MEMO_BOUND {
                memo.clear();
            }
            memo.insert(key, found);
        }
        hits.sort_unstable();
        hits
    }
}

/// Hash of the ids of the rules that match: stays the same when unrelated rules come or go.
fn hits_hash(set: &RuleSet, hits: &[u16]) -> [u8; 8] {
    let mut hasher = blake3::Hasher::new();
    for rule in set.named(hits) {
        hasher.update(rule.id.as_bytes());
    }
    let mut short = [0; 8];
    short.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    short
}

#[cfg(test)]
mod tests;
