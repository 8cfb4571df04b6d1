//! What is likely to come next after an alert, and what to do about it.
//!
//! To an analyst: *after this, on 9 machines, that came 21 of 50 times, half of the times within four minutes; eight of ten
//! times people isolated the host, and seven times that was the end of it.* Both are learned as alerts and decisions come,
//! from nothing but them; so they need no training, and are rebuilt by reading the store again.
//!
//! - [`NextSteps`] learns which rules follow one another, once for machines and once for whoever acts.
//! - [`Actions`] learns what analysts chose.
//! - Both are **silent when unsure**, and say why.
//!
//! `docs/propositions.md` has formulas and figures. Everything is bounded: beyond its bound, what was used longest ago
//! goes.

mod actions;
mod catalogue;
mod contexts;
mod delays;
mod next;
mod steps;
#[cfg(test)]
mod tests;

pub use actions::{Action, Actions, Choice, Ending};
pub use catalogue::stage;
pub use contexts::Distribution;
pub use next::{Candidate, Forecast, NextSteps, Silence, WINDOWS_S};
pub use steps::{HORIZON_MS, NOTHING, Outcome, Place, STRETCH_MS, Step, Tracker};

use crate::Category;
use crate::attack::technique;
use crate::hashes::{machine, stable};
use catalogue::{Catalogue, title};
use contexts::Ground;

/// Rules that are known. This and the next are seven eighths of a power of two, which is where a table grows.
const RULES: usize = 3_584;
/// Contexts of machines.
const CONTEXTS: usize = 7_168;
/// Machines whose latest steps are known.
const MACHINES: usize = 3_584;
/// Actors whose latest steps are known. Most come once.
const ACTORS: usize = 1_792;
/// Rules listed.
const RULES_LISTED: usize = 5;
/// Techniques listed.
const TECHNIQUES_LISTED: usize = 3;

/// An alert as it is learned from.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'s> {
    /// When it happened, in milliseconds since 1970.
    pub time: i64,
    /// Hashes of the machine and of whoever acted; 0 where nobody is named.
    pub entity: [u64; 2],
    /// The vendor's key of the rule, such as `suricata/2010935`.
    pub rule: &'s str,
    /// What the rule is called; empty if it has no other name.
    pub name: &'s str,
    /// ATT&CK ids.
    pub techniques: &'s [String],
    /// Whether it was judged hostile.
    pub hostile: bool,
}

/// What is asked about an alert.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// The moment that it is asked for, in milliseconds since 1970, in the alerts' own time.
    pub now: i64,
    /// Hashes of the machine and of whoever acted; 0 where nobody is named.
    pub entity: [u64; 2],
    /// The vendor's key of the rule.
    pub rule: &'q str,
    /// ATT&CK ids.
    pub techniques: &'q [String],
    /// What it is about.
    pub category: Category,
}

/// What a proposition is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A vendor's rule.
    Rule,
    /// An ATT&CK technique.
    Technique,
}

/// Something that may come next.
#[derive(Debug, Clone, PartialEq)]
pub struct Next {
    /// The rule's name, or the technique's.
    pub what: String,
    /// Which of these it is.
    pub kind: Kind,
    /// The vendor's key of the rule; empty for techniques.
    pub rule: String,
    /// The technique's id, where there is one.
    pub technique: Option<&'static str>,
    /// What that serves: `Credential Access`.
    pub tactic: Option<String>,
    /// How probable it is that this is what comes next, within a day; 0–1.
    pub probability: f64,
    /// The lower end of that, one-sided, at 95 %.
    pub at_least: f64,
    /// Half of the times it comes within so many seconds.
    pub typical_s: Option<f64>,
    /// Nine of ten times it comes within so many seconds.
    pub within_s: Option<f64>,
    /// Share of the rule's steps so far that were judged hostile, 0–1.
    pub hostile: f64,
    /// What it rests on, in words.
    pub grounds: String,
}

/// What is proposed about an alert.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Proposal {
    /// What may come next: at most five rules, then at most three techniques; the most probable first.
    pub next: Vec<Next>,
    /// Why there is nothing among them.
    pub silent: Option<Silence>,
    /// How probable it is that anything new comes within each of [`WINDOWS_S`]; said even where it is unsure what.
    pub anything: [f64; 3],
    /// What to do: at most three, the most probable first.
    pub actions: Vec<Action>,
    /// Why there is nothing among them.
    pub silent_on_actions: Option<Silence>,
}

/// Learns from alerts and decisions, and proposes.
#[derive(Debug, Clone)]
pub struct Predictor {
    machines: NextSteps,
    actors: NextSteps,
    catalogue: Catalogue,
    actions: Actions,
}

impl Default for Predictor {
    fn default() -> Self {
        Self::new()
    }
}

impl Predictor {
    /// Knows nothing yet.
    pub fn new() -> Self {
        Self::parted(STRETCH_MS)
    }

    /// The same, with alerts of a rule being two steps where they are this far apart, in milliseconds.
    pub fn parted(stretch_ms: i64) -> Self {
        Self {
            machines: NextSteps::new(RULES, CONTEXTS, MACHINES, stretch_ms),
            actors: NextSteps::new(RULES / 8, CONTEXTS / 8, ACTORS, stretch_ms),
            catalogue: Catalogue::new(RULES),
            actions: Actions::new(RULES),
        }
    }

    /// Takes in an alert, in the order in which they come. Says which step it is on its machine, if it is one.
    pub fn observe(&mut self, seen: &Seen<'_>) -> Option<Step> {
        let rule = rule_id(seen.rule);
        let known = self.catalogue.len();
        let step = |steps: &mut NextSteps, entity: u64| {
            (entity != 0).then(|| steps.observe(seen.time, entity, rule, || stage(seen.techniques), known))?
        };
        let [machine, actor] = seen.entity;
        let on_machine = step(&mut self.machines, machine);
        let by_actor = step(&mut self.actors, actor);
        if on_machine.is_some() || by_actor.is_some() {
            self.catalogue.add(rule, seen);
        }
        on_machine
    }

    /// What an analyst chose: an entry of the decision log.
    pub fn chosen(&mut self, choice: &Choice<'_>) {
        self.actions.learn(choice);
    }

    /// An entry that no longer holds, or not as it was.
    pub fn taken_back(&mut self, choice: &Choice<'_>) {
        self.actions.unlearn(choice);
    }

    /// What is likely to come next, and what to do about it.
    pub fn propose(&self, question: &Question<'_>) -> Proposal {
        let mut proposal = Proposal::default();
        let rule = rule_id(question.rule);
        let stage = stage(question.techniques);
        let forecast = |steps: &NextSteps, entity: u64| {
            let (place, since) = steps.place(entity, rule, stage, question.now);
            steps.forecast(&place, rule, since, self.catalogue.len())
        };
        let [machine, actor] = question.entity;
        let on_machine = forecast(&self.machines, machine);
        proposal.anything = on_machine.within;
        proposal.silent = on_machine.silence;
        let (forecast, whose) = match (on_machine.silence, actor) {
            (Some(_), 1..) => {
                let by_actor = forecast(&self.actors, actor);
                if by_actor.silence.is_none() {
                    proposal.silent = None;
                }
                (by_actor, "source")
            }
            _ => (on_machine, "machine"),
        };
        if proposal.silent.is_none() {
            proposal.next = self.next(&forecast, rule, whose);
            // Rules whose names were forgotten.
            proposal.silent = proposal.next.is_empty().then_some(Silence::NothingStandsOut);
        }
        match self.actions.propose(question.rule, question.category) {
            Ok(actions) => proposal.actions = actions,
            Err(silence) => proposal.silent_on_actions = Some(silence),
        }
        proposal
    }

    /// The distribution over what comes next on a machine, whether or not it should be said, and the forecast that is.
    pub fn on_machine(&self, place: &Place) -> (Distribution, Forecast) {
        let known = self.catalogue.len();
        (self.machines.distribution(place, known), self.machines.forecast(place, place.rule, 0, known))
    }

    /// How many rules are known.
    pub fn known(&self) -> usize {
        self.catalogue.len()
    }

    /// About how much memory it holds, in bytes.
    pub fn footprint(&self) -> usize {
        self.footprints().iter().sum()
    }

    /// The same for machines, actors, names and actions.
    fn footprints(&self) -> [usize; 4] {
        [
            self.machines.footprint(),
            self.actors.footprint(),
            self.catalogue.footprint(),
            self.actions.footprint(),
        ]
    }

    fn next(&self, forecast: &Forecast, asked: u64, whose: &str) -> Vec<Next> {
        // The alert may be one of those that merely go on while something else came last.
        let last = self.catalogue.get(forecast.after).filter(|_| forecast.after != asked);
        let after =
            last.map_or_else(|| "this".to_owned(), |known| format!("{}, which came last", known.name));
        let grounds = |candidate: &Candidate| grounds(candidate, &after, whose);
        let known = |candidate: &Candidate| self.catalogue.get(candidate.rule);
        let mut next: Vec<Next> = Vec::new();
        let mut techniques: Vec<(&'static str, f64, &Candidate)> = Vec::new();
        for candidate in &forecast.candidates {
            let Some(known) = known(candidate) else { continue };
            for id in &known.techniques {
                match techniques.iter_mut().find(|(seen, ..)| seen == id) {
                    Some((_, probability, _)) => *probability += candidate.probability,
                    None => techniques.push((id, candidate.probability, candidate)),
                }
            }
            if next.len() < RULES_LISTED {
                let technique = known.techniques.first().copied();
                next.push(Next {
                    what: known.name.to_string(),
                    kind: Kind::Rule,
                    rule: known.key.to_string(),
                    technique,
                    tactic: technique.and_then(tactic),
                    hostile: f64::from(known.hostile) / f64::from(known.steps.max(1)),
                    grounds: grounds(candidate),
                    ..Next::of(candidate, candidate.probability, forecast)
                });
            }
        }
        techniques.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(other.0)));
        for (id, probability, candidate) in techniques.into_iter().take(TECHNIQUES_LISTED) {
            next.push(Next {
                what: technique(id).map_or(id, |found| found.name).to_owned(),
                kind: Kind::Technique,
                technique: Some(id),
                tactic: tactic(id),
                grounds: known(candidate)
                    .map(|known| format!("above all {}, {}", known.name, grounds(candidate)))
                    .unwrap_or_default(),
                ..Next::of(candidate, probability.min(1.0), forecast)
            });
        }
        next
    }
}

impl Next {
    fn of(candidate: &Candidate, probability: f64, forecast: &Forecast) -> Self {
        Self {
            what: String::new(),
            kind: Kind::Rule,
            rule: String::new(),
            technique: None,
            tactic: None,
            probability,
            at_least: next::at_least(probability, forecast.evidence),
            typical_s: candidate.typical_s,
            within_s: candidate.within_s,
            hostile: 0.0,
            grounds: String::new(),
        }
    }
}

/// The hashes that a machine and whoever acted are known by, from their names; 0 where there is none.
pub fn entity(asset: &str, actor: &str) -> [u64; 2] {
    let of = |name: &str, hash: u64| if name.is_empty() { 0 } else { hash };
    [of(asset, machine(asset)), of(actor, stable(actor))]
}

/// A rule's number. 0 is nothing.
pub fn rule_id(rule: &str) -> u64 {
    stable(rule).max(1)
}

/// The first tactic of a technique.
fn tactic(id: &str) -> Option<String> {
    technique(id)?.tactics.iter().next().map(title)
}

fn grounds(candidate: &Candidate, after: &str, whose: &str) -> String {
    let Some((ground, times, of)) = candidate.grounds else { return "seen elsewhere".to_owned() };
    let counts = format!("{times} of {of} times");
    match ground {
        Ground::Rule => {
            let (plural, on) =
                (if candidate.entities == 1 { "" } else { "s" }, if whose == "source" { "by" } else { "on" });
            format!("seen after {after} {counts}, {on} at least {} {whose}{plural}", candidate.entities)
        }
        Ground::Company => format!("seen {counts} while the same rules were going on"),
        Ground::Pair => format!("seen {counts} after the last two rules"),
        Ground::Entity => format!("seen next {counts} for this {whose}"),
        Ground::Stage => format!("seen {counts} after alerts of the same tactic"),
        Ground::Anywhere => format!("seen next {counts} after anything"),
    }
}

/// About how much memory a table of so many entries takes: hashbrown keeps a byte and a slot for each of a power of two,
/// of which it fills at most seven eighths.
fn table_bytes<K, V>(entries: usize) -> usize {
    if entries == 0 {
        0
    } else {
        (entries * 8).div_ceil(7).next_power_of_two() * (size_of::<(K, (u64, V))>() + 1)
    }
}
