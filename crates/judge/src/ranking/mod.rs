//! In which order an analyst opens patterns, where nobody knows yet which are part of an attack.
//!
//! To an analyst: *first what broke a long silence while other things on the same machine did so too; what you have
//! already seen (in the same seconds on the same machine, of the same sensor there, of the same rule elsewhere) counts less
//! and less.*
//!
//! 1. A pattern's alerts are [episodes](Trace), parted by pauses. An episode that breaks a long silence is surprising,
//!    absolutely and by how long the record is.
//! 2. An episode weighs more in company: if other patterns of the machine, or other sensors anywhere,
//!    show something surprising about the same time.
//! 3. Patterns are opened one by one, the heaviest first; what an opened one has shown makes lighter what
//!    shows the same.
//!
//! Rarity alone is a poor guide: on four labelled networks, opening the rarest pattern first takes 128 to 144 patterns until
//! every step of the attacks was seen, and this order 18. The constants are the middles of wide plateaus, found on
//! these four: `docs/eval.md` says how.

mod company;
mod greedy;
#[cfg(test)]
mod tests;
mod trace;

pub use trace::Trace;

use company::weigh;
use greedy::open;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use watchfire_signal::{Alert, Field, Priority, Verdict};

/// Patterns that are weighed against each other, at most; what surprises less follows in the order of its surprise.
const MAX_WEIGHED: usize = 1000;

/// How much a priority of 100 counts against one of 0, as a power of e: what rules know of an alert and what its times tell
/// are both worth something, and neither is worth everything.
const PRIORITY: f64 = 3.0;
/// What a pattern counts that was found harmless.
const HARMLESS: f64 = 0.05;

/// How much a pattern counts whose most urgent alert has this priority and verdict.
pub fn weight(priority: Priority, verdict: Verdict) -> f64 {
    if verdict.is_benign() { HARMLESS } else { (PRIORITY * f64::from(priority.score()) / 100.0).exp() }
}

/// A pattern that may be opened.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'t> {
    /// When its alerts came.
    pub trace: &'t Trace,
    /// What raised it, wherever: a hash.
    pub rule: u64,
    /// The machine it is about: a hash.
    pub host: u64,
    /// The kind of sensor that raised it: a hash.
    pub sensor: u64,
    /// How much what is known of it besides its times counts: see [`weight`].
    pub weight: f64,
}

/// The kind of sensor that raised an alert, as [`Candidate::sensor`] wants it: the product, and the category it files its
/// rule under.
pub fn sensor(alert: &Alert<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (alert.format.name(), alert.text(Field::RuleCategory)).hash(&mut hasher);
    hasher.finish()
}

/// An episode among those that are weighed.
#[derive(Debug, Clone, Copy)]
struct Scene {
    /// The place of its pattern.
    pattern: usize,
    start: i64,
    end: i64,
    surprise: f64,
    /// With its company.
    weight: f64,
    /// How many opened patterns have shown something at the same time and place.
    seen: u32,
}

/// The order in which to open patterns: places in `candidates`, each once. The same for the same candidates in the same
/// order, which should be that of their first alerts: of two equal ones the former goes first.
pub fn rank(candidates: &[Candidate<'_>]) -> Vec<usize> {
    let mut by_host: HashMap<u64, u32> = HashMap::new();
    for candidate in candidates {
        *by_host.entry(candidate.host).or_default() += 1;
    }
    let most = by_host.values().copied().max().unwrap_or(1);
    let factor = |candidate: &Candidate<'_>| {
        let share = f64::from(by_host[&candidate.host]) / f64::from(most);
        // A pattern that shows more is worth more, and a quiet machine's surprise weighs more.
        (9.0 + candidate.trace.alerts() as f64).log10().sqrt() * share.powf(-0.25) * candidate.weight
    };
    let mut order: Vec<(usize, f64)> = candidates
        .iter()
        .enumerate()
        .map(|(place, candidate)| (place, candidate.trace.surprise() * factor(candidate)))
        .collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let rest: Vec<usize> = order.iter().skip(MAX_WEIGHED).map(|(place, _)| *place).collect();
    order.truncate(MAX_WEIGHED);
    order.sort_by_key(|(place, _)| *place);
    let weighed: Vec<usize> = order.into_iter().map(|(place, _)| place).collect();
    let mut scenes = Vec::new();
    for (pattern, &place) in weighed.iter().enumerate() {
        let Some(candidate) = candidates.get(place) else { continue };
        let factor = factor(candidate);
        scenes.extend(candidate.trace.episodes().into_iter().map(|episode| Scene {
            pattern,
            start: episode.start,
            end: episode.end,
            surprise: episode.surprise * factor,
            weight: 0.0,
            seen: 0,
        }));
    }
    let chosen: Vec<Candidate<'_>> =
        weighed.iter().filter_map(|&place| candidates.get(place).copied()).collect();
    weigh(&mut scenes, &chosen);
    let opened = open(&mut scenes, &chosen);
    opened.into_iter().filter_map(|pattern| weighed.get(pattern).copied()).chain(rest).collect()
}
