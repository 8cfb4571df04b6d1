//! Puts questions that a model has answered to it once more, and counts how often it says something else.
//!
//! A model need not say the same twice: sampling, the other alerts in a prompt and changes behind a model's name all move
//! it. How much is measured here, on a uniform random sample of the stored decisions, so that a bound on the rate holds for
//! all of them (`watchfire_judge::statistics::binomial`).
//!
//! What is asked is the question as it was kept, word for word, with today's instructions. Its company in the prompt is
//! another, which is meant: the same alert should get the same verdict whoever stands beside it. Nothing that was decided changes, and
//! nothing that was answered is used in place of asking. Decisions whose question was not kept are counted, not replaced by
//! others, since what they have in common is not known.

use crate::archive::decision_from_row;
use crate::asking::{AskProgress, Asker, Open, Quote};
use crate::error::EngineError;
use crate::summary::Asked;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use watchfire_flow::Clock;
use watchfire_judge::reuse::Side;
use watchfire_judge::statistics::binomial;
use watchfire_judge::{Decision, tame};
use watchfire_signal::Decider;
use watchfire_store::Store;

/// How sure intervals are: two-sided.
const CONFIDENCE: f64 = 0.95;

/// Decisions of models that were drawn to be asked again.
pub struct Sample {
    decisions: Vec<Decision>,
    /// What was asked for them, and when it was answered.
    answered: HashMap<i64, (Open, i64)>,
    population: u64,
    sampled: u64,
    not_kept: u64,
    unreadable: u64,
}

/// What asking again came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verified {
    /// Decisions of models in the store.
    pub population: u64,
    /// Decisions that were drawn.
    pub sampled: u64,
    /// Of these, those whose question was not kept: they were made by a version that kept none.
    pub not_kept: u64,
    /// Of these, those that this version can't read.
    pub unreadable: u64,
    /// Decisions that were asked about again.
    pub asked: u64,
    /// Questions that got an answer.
    pub answered: u64,
    /// Answers that are on another side than the first.
    pub flips: Rate,
    /// Answers on the same side in another word.
    pub same_side_other_word: u64,
    /// By what was said first.
    pub by_verdict: Vec<Part>,
    /// By who said it first: model and hash of instructions.
    pub by_model: Vec<Part>,
    /// Who was asked now: model and hash of instructions.
    pub model: String,
    /// How.
    pub settings: String,
    /// Each flip, by the number of its decision.
    pub changed: Vec<Flip>,
    /// What asking took.
    pub calls: Asked,
}

/// A share of answers, with what can be said of the share among all of their kind.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rate {
    /// How many.
    pub count: u64,
    /// The share, 0–1; 0 if there was none to count.
    pub share: f64,
    /// Lower end of the two-sided interval of 95 % (Clopper and Pearson).
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Rate {
    fn of(count: u64, all: u64) -> Self {
        let one_sided = f64::midpoint(1.0, CONFIDENCE);
        Self {
            count,
            share: if all == 0 { 0.0 } else { count as f64 / all as f64 },
            low: binomial::lower(count, all, one_sided),
            high: binomial::upper(count, all, one_sided),
        }
    }
}

/// Answers that have something in common.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// What.
    pub name: String,
    /// How many there are.
    pub answered: u64,
    /// How many of them are on another side now.
    pub flips: Rate,
}

/// A decision that is another one now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Flip {
    /// An alert it holds for; empty if it holds for none any more, as after an analyst's decision.
    pub alert: String,
    /// Its number, in hexadecimal, as in the output.
    pub decision: String,
    /// The vendor's rule.
    pub rule: String,
    /// What was said first.
    pub before: &'static str,
    /// What is said now.
    pub after: &'static str,
    /// How severe it was.
    pub severity_before: &'static str,
    /// How severe it is now.
    pub severity_after: &'static str,
    /// Who said it first.
    pub model_before: String,
    /// When, in milliseconds since 1970.
    pub answered_at: i64,
    /// Why it was said first.
    pub reason_before: String,
    /// Why it is said now.
    pub reason_after: String,
}

impl Sample {
    /// Draws so many of all decisions of models in the store, each as likely as any other; the same for the same seed and
    /// store.
    pub fn draw(store: &Store, size: usize, seed: u64) -> Result<Self, EngineError> {
        let mut drawn = store.decisions_by(Decider::Llm.id())?;
        let population = drawn.len() as u64;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // The first steps of a shuffle (Fisher and Yates) choose as many.
        for place in 0..size.min(drawn.len()) {
            let chosen = rng.random_range(place..drawn.len());
            drawn.swap(place, chosen);
        }
        drawn.truncate(size);
        drawn.sort_unstable();
        let mut sample = Self {
            decisions: Vec::new(),
            answered: HashMap::new(),
            population,
            sampled: drawn.len() as u64,
            not_kept: 0,
            unreadable: 0,
        };
        for id in drawn {
            let Some(decision) = store.decision(id)?.as_ref().and_then(decision_from_row) else {
                sample.unreadable += 1;
                continue;
            };
            let Some(kept) = store.answered(id)? else {
                sample.not_kept += 1;
                continue;
            };
            match serde_json::from_str::<Open>(&kept.body) {
                Ok(open) => {
                    sample.answered.insert(id, (open, kept.at));
                    sample.decisions.push(decision);
                }
                Err(_) => sample.unreadable += 1,
            }
        }
        Ok(sample)
    }

    /// Decisions that can be asked about again.
    pub fn len(&self) -> usize {
        self.decisions.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.decisions.is_empty()
    }

    /// What asking again would cost.
    pub fn quote(&self, asker: &Asker) -> Quote {
        asker.quote_for(self.decisions.iter().map(|decision| &self.answered[&decision.id].0.question))
    }

    /// Asks again. Blocks; to be called outside of any runtime. The asker must not be one for batches.
    pub fn verify(
        &self,
        asker: &Asker,
        store: &Store,
        clock: &Arc<dyn Clock>,
        progress: &Arc<AskProgress>,
    ) -> Result<Verified, EngineError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.map_err(EngineError::Runtime)?.block_on(self.verify_all(asker, store, clock, progress))
    }

    /// As [`Sample::verify`], on the caller's runtime. Dropping the future ends asking; what was asked by then is in the
    /// ledger.
    pub async fn verify_all(
        &self,
        asker: &Asker,
        store: &Store,
        clock: &Arc<dyn Clock>,
        progress: &Arc<AskProgress>,
    ) -> Result<Verified, EngineError> {
        let questions = self.answered.iter().map(|(id, (open, _))| (*id, open.clone())).collect();
        let (calls, rows) = asker.ask_again(store, questions, clock, progress).await?;
        let after: HashMap<i64, Decision> =
            rows.iter().filter_map(|row| Some((row.id, decision_from_row(row)?))).collect();
        let pairs: Vec<(&Decision, &Decision)> =
            self.decisions.iter().filter_map(|before| Some((before, after.get(&before.id)?))).collect();
        let changed = self.changed(store, &pairs)?;
        Ok(Verified {
            population: self.population,
            sampled: self.sampled,
            not_kept: self.not_kept,
            unreadable: self.unreadable,
            asked: self.decisions.len() as u64,
            answered: pairs.len() as u64,
            flips: Rate::of(changed.len() as u64, pairs.len() as u64),
            same_side_other_word: pairs
                .iter()
                .filter(|(before, after)| !is_flip(before, after) && before.verdict != after.verdict)
                .count() as u64,
            by_verdict: parts(&pairs, |before| before.verdict.name()),
            by_model: parts(&pairs, |before| &before.detail.model),
            model: asker.mark().to_string(),
            settings: asker.settings(),
            changed,
            calls,
        })
    }

    fn changed(&self, store: &Store, pairs: &[(&Decision, &Decision)]) -> Result<Vec<Flip>, EngineError> {
        let flips = || pairs.iter().filter(|(before, after)| is_flip(before, after));
        let ids: Vec<i64> = flips().map(|(before, _)| before.id).collect();
        let alerts: HashMap<i64, String> = store.examples(&ids)?.into_iter().collect();
        let mut changed = Vec::new();
        for (before, after) in flips() {
            let description = store.pattern_description(before.pattern)?.unwrap_or_default();
            let description: serde_json::Value = serde_json::from_str(&description).unwrap_or_default();
            let rule = description.get("rule").and_then(serde_json::Value::as_str).unwrap_or_default();
            changed.push(Flip {
                alert: alerts.get(&before.id).cloned().unwrap_or_default(),
                decision: format!("{:016x}", before.id),
                rule: tame(rule, 200),
                before: before.verdict.name(),
                after: after.verdict.name(),
                severity_before: before.severity.name(),
                severity_after: after.severity.name(),
                model_before: before.detail.model.clone(),
                answered_at: self.answered.get(&before.id).map_or(0, |(_, at)| *at),
                reason_before: before.detail.reason.clone(),
                reason_after: after.detail.reason.clone(),
            });
        }
        Ok(changed)
    }
}

fn is_flip(before: &Decision, after: &Decision) -> bool {
    Side::of(before.verdict) != Side::of(after.verdict)
}

fn parts<'d>(pairs: &[(&'d Decision, &Decision)], name: impl Fn(&'d Decision) -> &'d str) -> Vec<Part> {
    let mut counts: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for (before, after) in pairs {
        let (answered, flips) = counts.entry(name(before)).or_default();
        *answered += 1;
        *flips += u64::from(is_flip(before, after));
    }
    let part = |(name, (answered, flips)): (&str, (u64, u64))| Part {
        name: name.to_owned(),
        answered,
        flips: Rate::of(flips, answered),
    };
    counts.into_iter().map(part).collect()
}
