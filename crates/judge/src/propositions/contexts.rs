//! What followed in which context, and how far each kind of context is to be trusted.
//!
//! Eight contexts, from the general to the particular: everything; the entity; the tactic; the rule; the rule on this
//! entity; the last two rules in any order; all rules that are going on; all these on this entity. A particular one knows
//! more and has seen less. Their relative frequencies are interpolated, each with what the more general ones say (Jelinek
//! and Mercer 1980):
//!
//! > pₖ(next) = λₖ · countₖ(next) / countₖ + (1 − λₖ) · pₖ₋₁(next)
//!
//! How far a context is trusted, λ, is itself learned: contexts are grouped by kind, by how much they have seen, and by
//! whether that was always the same, and before each outcome is counted it is asked whether the context or what lies
//! below it had foretold it (one step of expectation and maximisation). The start is Witten and Bell's (1991)
//! λ = count / (count + different ones). So there is little to tune, and a context that only repeats noise comes
//! to be ignored.
//!
//! Counts fade by 2 % with each outcome of a context, since networks change.

use super::steps::{NOTHING, Place};
use crate::hashes::mix;
use crate::statistics::BoundedMap;
use smallvec::SmallVec;

/// Kinds of contexts.
const KINDS: usize = 8;
/// Successors remembered in a context; the least frequent goes.
const SUCCESSORS: usize = 8;
/// Successors remembered of everything.
const ALL_SUCCESSORS: usize = 256;
/// How much more each outcome counts than the one before it.
const GROWTH: f32 = 1.0 / 0.98;
/// The same where everything is counted.
const ALL_GROWTH: f32 = 1.0 / 0.999;
/// Weights are brought back to 1 from here.
const GREATEST_UNIT: f32 = 1e6;
/// Groups by evidence: powers of two.
const SIZES: usize = 7;
/// What Witten and Bell's guess weighs against what was learned, in outcomes.
const GUESS: f32 = 1.0;
/// What was learned of a group of contexts fades from here, in outcomes.
const MOST: f32 = 2_000.0;

/// What followed in one context.
#[derive(Debug, Clone, Default)]
struct Context {
    /// What the latest outcome weighs.
    unit: f32,
    /// How often anything followed.
    times: u32,
    next: SmallVec<[Successor; 1]>,
}

/// What followed, how often, and what that weighs.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Successor {
    rule: u64,
    weight: f32,
    times: u32,
}

/// What is known in one context.
struct Level {
    /// The group of contexts that it belongs to.
    group: usize,
    /// How far it is trusted, 0–1.
    trust: f32,
    /// What it has seen, faded; without what can't follow.
    count: f32,
}

/// A distribution over what comes next.
#[derive(Debug, Clone, Default)]
pub struct Distribution {
    /// Rules with their probabilities, and [`NOTHING`] with its own; the most probable first.
    pub listed: Vec<(u64, f64)>,
    /// The probability of each other rule that is known, and that of all that are not.
    pub each_other: f64,
    /// Outcomes that it rests on: those of each context, by its share in the result.
    pub evidence: f64,
}

impl Distribution {
    /// The probability of a rule, or of [`NOTHING`].
    pub fn of(&self, rule: u64) -> f64 {
        let listed = self.listed.iter().find(|(listed, _)| *listed == rule);
        listed.map_or(self.each_other, |(_, probability)| *probability)
    }
}

/// The kinds of contexts that grounds name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Ground {
    /// Everything.
    Anywhere = 0,
    /// What came on the entity.
    Entity = 1,
    /// What came after rules of the tactic.
    Stage = 2,
    /// What came after the rule.
    Rule = 3,
    /// What came after these two rules.
    Pair = 5,
    /// What came while the same rules were going on.
    Company = 6,
}

impl Ground {
    /// In the order in which they are named.
    const ALL: [Self; 6] = [Self::Rule, Self::Company, Self::Pair, Self::Entity, Self::Stage, Self::Anywhere];
}

/// Everything that followed anything.
#[derive(Debug, Clone)]
pub struct Contexts {
    all: Context,
    table: BoundedMap<u64, Context>,
    trust: Vec<(f32, f32)>,
}

impl Contexts {
    /// Knows nothing yet, and at most so many contexts later.
    pub fn new(contexts: usize) -> Self {
        Self {
            all: Context::default(),
            table: BoundedMap::new(contexts),
            trust: vec![(0.0, 0.0); KINDS * SIZES * 3],
        }
    }

    /// How often anything followed.
    pub fn times(&self) -> u32 {
        self.all.times
    }

    /// What comes next, among so many rules that are known.
    pub fn distribution(&self, place: &Place, known: usize) -> Distribution {
        let base = 1.0 / (known as f64 + 2.0);
        let mut listed: Vec<(u64, f64)> = vec![(NOTHING, base)];
        let (mut rest, mut evidence) = (base, 0.0);
        for (kind, key) in keys(place).into_iter().enumerate() {
            let Some((context, level)) = self.level(kind, key, place.rule) else { continue };
            let trust = f64::from(level.trust);
            for (_, probability) in &mut listed {
                *probability *= 1.0 - trust;
            }
            rest *= 1.0 - trust;
            evidence = evidence * (1.0 - trust) + f64::from(level.count) * trust;
            for successor in context.next.iter().filter(|successor| successor.rule != place.rule) {
                let share = trust * f64::from(successor.weight / context.unit / level.count);
                match listed.iter_mut().find(|(rule, _)| *rule == successor.rule) {
                    Some((_, probability)) => *probability += share,
                    None => listed.push((successor.rule, rest + share)),
                }
            }
        }
        // Of those that are known, what is asked about can't come next; NOTHING, which is listed, is none of them.
        let others = known.saturating_sub(listed.len()) as f64;
        let sum = listed.iter().map(|(_, probability)| probability).sum::<f64>() + rest * (others + 1.0);
        for (_, probability) in &mut listed {
            *probability /= sum;
        }
        listed.sort_unstable_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
        Distribution { listed, each_other: rest / sum, evidence }
    }

    /// Takes in what followed.
    pub fn learn(&mut self, place: &Place, next: u64, known: usize) {
        let keys = keys(place);
        let mut below = 1.0 / (known as f32 + 2.0);
        for (kind, key) in keys.into_iter().enumerate() {
            let Some((context, level)) = self.level(kind, key, place.rule) else { continue };
            let found = context.next.iter().find(|successor| successor.rule == next);
            let here = found.map_or(0.0, |successor| successor.weight / context.unit / level.count);
            let (foretold, otherwise) = (level.trust * here, (1.0 - level.trust) * below);
            below = foretold + otherwise;
            let share = if below > 0.0 { foretold / below } else { 0.0 };
            let Some((yes, no)) = self.trust.get_mut(level.group) else { continue };
            *yes += share;
            *no += 1.0 - share;
            if *yes + *no > MOST {
                *yes /= 2.0;
                *no /= 2.0;
            }
        }
        for (kind, key) in keys.into_iter().enumerate() {
            match (kind, key) {
                (0, _) => self.all.count(next, ALL_GROWTH, ALL_SUCCESSORS),
                (_, None) => {}
                (_, Some(key)) => self.table.entry(key, Context::default).count(next, GROWTH, SUCCESSORS),
            }
        }
    }

    /// In which kind of context something was seen to come next, how often, and how often anything came there: that of
    /// the rule if it was ever seen there, else the most particular one.
    pub fn grounds(&self, place: &Place, next: u64) -> Option<(Ground, u32, u32)> {
        let keys = keys(place);
        Ground::ALL.into_iter().find_map(|ground| {
            let context = match ground {
                Ground::Anywhere => &self.all,
                _ => self.table.get(&keys[ground as usize]?)?,
            };
            let found = context.next.iter().find(|successor| successor.rule == next)?;
            Some((ground, found.times, context.times))
        })
    }

    /// A context and what it is worth, if it has seen anything but `current`, which can't come next.
    fn level(&self, kind: usize, key: Option<u64>, current: u64) -> Option<(&Context, Level)> {
        let context = if kind == 0 { &self.all } else { self.table.get(&key?)? };
        let possible = || context.next.iter().filter(|successor| successor.rule != current);
        let different = possible().count();
        if different == 0 {
            return None;
        }
        let count = possible().map(|successor| successor.weight).sum::<f32>() / context.unit;
        let size = (count.max(1.0).log2() as usize).min(SIZES - 1);
        let variety = match different as f32 {
            1.0 => 0,
            many if many * 2.0 <= count => 1,
            _ => 2,
        };
        let group = (kind * SIZES + size) * 3 + variety;
        let (yes, no) = self.trust.get(group).copied().unwrap_or_default();
        let guess = count / (count + different as f32);
        let trust = (yes + GUESS * guess) / (yes + no + GUESS);
        Some((context, Level { group, trust, count }))
    }

    /// About how much memory it holds, in bytes.
    pub fn footprint(&self) -> usize {
        let spilled =
            |context: &Context| if context.next.spilled() { context.next.capacity() * 16 } else { 0 };
        super::table_bytes::<u64, Context>(self.table.len())
            + self.table.values().map(spilled).sum::<usize>()
            + spilled(&self.all)
            + self.trust.capacity() * 8
    }
}

impl Context {
    fn count(&mut self, next: u64, growth: f32, most: usize) {
        self.unit = if self.times == 0 { 1.0 } else { self.unit * growth };
        self.times = self.times.saturating_add(1);
        match self.next.iter_mut().find(|successor| successor.rule == next) {
            Some(successor) => {
                successor.weight += self.unit;
                successor.times = successor.times.saturating_add(1);
            }
            None => {
                if self.next.len() >= most {
                    let least = self
                        .next
                        .iter()
                        .enumerate()
                        .min_by(|(_, one), (_, other)| one.weight.total_cmp(&other.weight));
                    if let Some((index, _)) = least {
                        self.next.swap_remove(index);
                    }
                }
                self.next.push(Successor { rule: next, weight: self.unit, times: 1 });
            }
        }
        if self.unit > GREATEST_UNIT {
            for successor in &mut self.next {
                successor.weight /= self.unit;
            }
            self.unit = 1.0;
        }
    }
}

/// The contexts of a place, from the general to the particular; `None` where there is none of that kind.
fn keys(place: &Place) -> [Option<u64>; KINDS] {
    let key = |kind: u64, one: u64, other: u64| Some(mix(mix(mix(0x9a7e, kind), one), other));
    let (low, high) = (place.rule.min(place.before), place.rule.max(place.before));
    [
        None,
        key(1, place.entity, 0),
        if place.stage == 0 { None } else { key(2, u64::from(place.stage), 0) },
        key(3, place.rule, 0),
        key(4, place.entity, place.rule),
        if place.before == 0 { None } else { key(5, low, high) },
        key(6, place.company, 0),
        key(7, place.company, place.entity),
    ]
}
