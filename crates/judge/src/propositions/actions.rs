//! What analysts did about such alerts, and how that ended.
//!
//! Learned from the decision log: for alerts of a rule, how often each action was chosen; where that is little, the rule's
//! category tells more. A choice that turned out wrong counts among all choices, and not in favour of its action. The
//! category counts as much as two choices on the rule (a Dirichlet prior, Gelman et al., *Bayesian Data Analysis*, ch. 5).

use super::next::{Silence, at_least};
use crate::Category;
use crate::hashes::{mix, stable};
use crate::statistics::BoundedMap;
use crate::text::tame;
use watchfire_signal::Verdict;

/// What a category's choices weigh on each of its rules, in choices.
const PRIOR: f64 = 2.0;
/// Actions remembered of a rule or category; the rarest goes.
const ACTIONS: usize = 8;
/// Longest action, in characters.
const MAX_ACTION: usize = 120;
/// Actions proposed.
const PROPOSED: usize = 3;
/// The most usual one has at least this share, with one-sided confidence of 95 %.
const FLOOR: f64 = 0.2;
/// Fewer choices than this, the category's among them, say nothing.
const FEWEST: f64 = 3.0;

/// How a decision ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Ending {
    /// What was to be done was done.
    Resolved,
    /// Somebody else took it on.
    Escalated,
    /// Nothing came of it.
    NoEffect,
    /// It should have been decided otherwise.
    Wrong,
}

impl Ending {
    /// All, in the order of [`Action::endings`].
    pub const ALL: [Self; 4] = [Self::Resolved, Self::Escalated, Self::NoEffect, Self::Wrong];

    /// The name in the decision log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Resolved => "resolved",
            Self::Escalated => "escalated",
            Self::NoEffect => "no_effect",
            Self::Wrong => "wrong",
        }
    }

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ending| ending.name() == name)
    }
}

/// An entry of the decision log.
#[derive(Debug, Clone, Copy)]
pub struct Choice<'c> {
    /// The vendor's key of the rule, such as `suricata/2010935`.
    pub rule: &'c str,
    /// What the alert was about.
    pub category: Category,
    /// What the analyst decided.
    pub verdict: Verdict,
    /// What the analyst did, in their words; empty if they did not say.
    pub action: &'c str,
    /// How it ended, if that is known.
    pub ending: Option<Ending>,
}

impl Choice<'_> {
    /// The verdict, and what was done.
    fn label(&self) -> String {
        let action = self.action.trim();
        if action.is_empty() {
            return self.verdict.name().to_owned();
        }
        format!("{}: {}", self.verdict.name(), tame(action, MAX_ACTION))
    }
}

/// What to do about an alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// The verdict, and what was done: `true_positive: isolate host`.
    pub action: String,
    /// How probable it is that this is chosen and not found wrong, 0–1.
    pub probability: f64,
    /// The lower end of that.
    pub at_least: f64,
    /// How often it was chosen for the rule, or for its category if never for the rule.
    pub chosen: u32,
    /// Out of how many choices.
    pub of: u32,
    /// How often it ended in each way of [`Ending::ALL`].
    pub endings: [u32; 4],
    /// The same in words.
    pub grounds: String,
}

/// What was chosen, for each rule and each category.
#[derive(Debug, Clone)]
pub struct Actions(BoundedMap<u64, Chosen>);

#[derive(Debug, Clone, Default)]
struct Chosen {
    of: u32,
    actions: Vec<Tally>,
}

#[derive(Debug, Clone)]
struct Tally {
    label: Box<str>,
    chosen: u32,
    endings: [u32; 4],
}

impl Tally {
    /// As often it was right, or not known to be wrong.
    fn good(&self) -> f64 {
        f64::from(self.chosen.saturating_sub(self.endings[Ending::Wrong as usize]))
    }
}

impl Actions {
    /// Knows nothing yet, and at most so many rules later.
    pub fn new(rules: usize) -> Self {
        Self(BoundedMap::new(rules + Category::ALL.len()))
    }

    /// Takes in an entry. If its ending becomes known later, it is taken back as it was and taken in again.
    pub fn learn(&mut self, choice: &Choice<'_>) {
        let label = choice.label();
        for key in keys(choice.rule, choice.category) {
            let chosen = self.0.entry(key, Chosen::default);
            chosen.of = chosen.of.saturating_add(1);
            let index = chosen.actions.iter().position(|tally| *tally.label == *label).unwrap_or_else(|| {
                if chosen.actions.len() >= ACTIONS {
                    let rarest = chosen.actions.iter().enumerate().min_by_key(|(_, tally)| tally.chosen);
                    let index = rarest.map_or(0, |(index, _)| index);
                    chosen.actions.swap_remove(index);
                }
                chosen.actions.push(Tally { label: label.as_str().into(), chosen: 0, endings: [0; 4] });
                chosen.actions.len() - 1
            });
            let Some(tally) = chosen.actions.get_mut(index) else { continue };
            tally.chosen = tally.chosen.saturating_add(1);
            if let Some(ending) = choice.ending {
                let count = &mut tally.endings[ending as usize];
                *count = count.saturating_add(1);
            }
        }
    }

    /// Takes back an entry that was taken in.
    pub fn unlearn(&mut self, choice: &Choice<'_>) {
        let label = choice.label();
        for key in keys(choice.rule, choice.category) {
            let Some(chosen) = self.0.get_mut(&key) else { continue };
            // Where its action was dropped for lack of room, it still counts among all.
            chosen.of = chosen.of.saturating_sub(1);
            let Some(index) = chosen.actions.iter().position(|tally| *tally.label == *label) else {
                continue;
            };
            let tally = &mut chosen.actions[index];
            tally.chosen = tally.chosen.saturating_sub(1);
            if let Some(ending) = choice.ending {
                let count = &mut tally.endings[ending as usize];
                *count = count.saturating_sub(1);
            }
            if tally.chosen == 0 {
                chosen.actions.swap_remove(index);
            }
        }
    }

    /// What to do about an alert of this rule and category, the most probable first; or why nothing is said.
    pub fn propose(&self, rule: &str, category: Category) -> Result<Vec<Action>, Silence> {
        let none = Chosen::default();
        let [own, general] = keys(rule, category).map(|key| self.0.get(&key).unwrap_or(&none));
        let prior = PRIOR.min(f64::from(general.of));
        let evidence = f64::from(own.of) + prior;
        // A rule that nobody decided on has as much evidence as its category.
        let evidence = if own.of == 0 { f64::from(general.of) } else { evidence };
        if evidence < FEWEST {
            return Err(Silence::TooLittle);
        }
        let mut proposed: Vec<Action> = Vec::new();
        let others = general.actions.iter().filter(|tally| own.find(&tally.label).is_none());
        for tally in own.actions.iter().chain(others) {
            let of_category = general.find(&tally.label).map_or(0.0, Tally::good);
            let usual = if general.of == 0 { 0.0 } else { of_category / f64::from(general.of) };
            let good = own.find(&tally.label).map_or(0.0, Tally::good);
            let probability = (good + prior * usual) / (f64::from(own.of) + prior).max(1.0);
            let (of, whose) = match own.find(&tally.label) {
                Some(_) => (own.of, "for this rule".to_owned()),
                None => (general.of, format!("for {}", category.name().replace('_', " "))),
            };
            proposed.push(Action {
                action: tally.label.to_string(),
                probability: probability.clamp(0.0, 1.0),
                at_least: at_least(probability.clamp(0.0, 1.0), evidence),
                chosen: tally.chosen,
                of,
                endings: tally.endings,
                grounds: grounds(tally, of, &whose),
            });
        }
        proposed.sort_unstable_by(|one, other| {
            other.probability.total_cmp(&one.probability).then_with(|| one.action.cmp(&other.action))
        });
        proposed.truncate(PROPOSED);
        if proposed.first().is_none_or(|first| first.at_least < FLOOR) {
            return Err(Silence::NothingStandsOut);
        }
        proposed.retain(|action| action.probability > 0.0);
        Ok(proposed)
    }

    /// Rules and categories known.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// About how much memory it holds, in bytes.
    pub fn footprint(&self) -> usize {
        let held = |chosen: &Chosen| {
            chosen.actions.capacity() * size_of::<Tally>()
                + chosen.actions.iter().map(|tally| tally.label.len()).sum::<usize>()
        };
        super::table_bytes::<u64, Chosen>(self.0.len()) + self.0.values().map(held).sum::<usize>()
    }
}

impl Chosen {
    fn find(&self, label: &str) -> Option<&Tally> {
        self.actions.iter().find(|tally| *tally.label == *label)
    }
}

/// What a rule and its category are remembered by.
fn keys(rule: &str, category: Category) -> [u64; 2] {
    [mix(1, stable(rule)), mix(2, category as u64)]
}

fn grounds(tally: &Tally, of: u32, whose: &str) -> String {
    let mut text = format!("chosen {} of {of} times {whose}", tally.chosen);
    let endings = Ending::ALL.into_iter().zip(tally.endings).filter(|(_, count)| *count > 0);
    for (index, (ending, count)) in endings.enumerate() {
        text.push_str(if index == 0 { "; " } else { ", " });
        text.push_str(&format!("{count} {}", ending.name().replace('_', " ")));
    }
    text
}
