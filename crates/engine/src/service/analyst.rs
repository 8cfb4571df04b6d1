//! An analyst's word on a pattern while alerts come in, and its taking back.
//!
//! The word has to hold for every alert of the pattern: those stored, those judged and not yet stored, those to come. So the
//! judge hears it first, then everything judged before that is waited for, and then it is put on all stored alerts.

use super::committer::Entry;
use super::findings::Draft;
use super::{Event, Refusal, Service, Shared};
use crate::archive::{decision_from_row, decision_to_row};
use crate::decide::{Word, history, weight_of};
use crate::error::EngineError;
use std::sync::Arc;
use tokio::sync::oneshot;
use watchfire_judge::{AnalystWord, History, analyst_decision_id};
use watchfire_signal::{Decider, Verdict};
use watchfire_store::{Arrival, ChoiceRow, Search};

/// What an analyst says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// Of which pattern.
    pub pattern: i64,
    /// What it is.
    pub verdict: Verdict,
    /// Why, in their words.
    pub reason: String,
    /// Who says so.
    pub analyst: String,
    /// The alert that they looked at; the latest one if it is not said.
    pub alert: Option<String>,
    /// What they do about it; the verdict's name if nothing is said.
    pub action: String,
    /// What was proposed to them, as JSON.
    pub proposed: String,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overruled {
    /// Stored alerts that it applies to.
    pub alerts: u64,
    /// The entry in the log of choices; `None` where a word was taken back.
    pub entry: Option<i64>,
}

/// The rule of a pattern, as history knows it.
pub(crate) fn rule_of(description: &str) -> String {
    let description: serde_json::Value = serde_json::from_str(description).unwrap_or_default();
    description.get("rule_key").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

fn analysts_id(pattern: i64) -> impl Fn(u8) -> i64 {
    move |verdict| analyst_decision_id(pattern, Verdict::from_id(verdict).unwrap_or(Verdict::Unknown))
}

impl Service {
    /// Says how a choice ended; `None` takes that back. `None` comes back if there is no such entry.
    pub fn ended(&self, entry: i64, outcome: Option<&str>) -> Result<Option<ChoiceRow>, EngineError> {
        let Shared { store, propositions, clock, .. } = &*self.shared;
        let Some(before) = store.choice(entry)? else { return Ok(None) };
        store.put_outcome(entry, outcome, clock.unix_millis())?;
        let after = store.choice(entry)?;
        if let Some(after) = &after {
            propositions.taken_back(store, &before)?;
            propositions.chosen(store, after)?;
        }
        Ok(after)
    }

    /// Puts an analyst's word on a pattern: on every alert that is stored, and on all to come. `None` if there is no such
    /// pattern.
    pub async fn overrule(&self, ruling: Ruling) -> Result<Option<Overruled>, EngineError> {
        let shared = &self.shared;
        let Some(queued) = shared.store.queued(ruling.pattern)? else { return Ok(None) };
        let before = decision_from_row(&queued.decision).ok_or(EngineError::Corrupt("decision"))?;
        let alert = match ruling.alert {
            Some(alert) => alert,
            None => {
                let search = Search { pattern: Some(ruling.pattern), ..Search::default() };
                let latest = shared.store.search(&search, None, 1)?;
                latest.into_iter().next().map(|alert| alert.id).unwrap_or_default()
            }
        };
        let now = shared.clock.unix_millis();
        let word = Word {
            verdict: ruling.verdict,
            reason: &ruling.reason,
            analyst: &ruling.analyst,
            alert: &alert,
            now,
        };
        let decision = word.decision(&before);
        let deliveries = shared.turned((before.verdict, before.severity), &decision, &alert)?;
        let after = decision_to_row(&decision);
        let rule = rule_of(&queued.description);
        // Alerts that are judged from now on refer to it.
        shared.store.keep_decision(&after)?;
        let mut known = history(&shared.store)?;
        let said = AnalystWord {
            verdict: ruling.verdict,
            analyst: ruling.analyst.clone(),
            reason: ruling.reason.clone(),
        };
        known.add(queued.key, &rule, said);
        shared.heard(known, ruling.pattern).await?;
        let chosen = if ruling.action.is_empty() { ruling.verdict.name().to_owned() } else { ruling.action };
        let choice = ChoiceRow {
            id: 0,
            at: now,
            alert: alert.clone(),
            pattern: ruling.pattern,
            kind: rule,
            proposed: ruling.proposed,
            chosen,
            verdict: ruling.verdict.id(),
            analyst: ruling.analyst.clone(),
            reason: ruling.reason.clone(),
            outcome: None,
            outcome_at: None,
        };
        let row = word.row(queued.key, &queued.description);
        let overridden = shared.store.decide(&row, &after, Some(&choice), &deliveries, &weight_of);
        if overridden.is_err() {
            // What the judge heard was not kept.
            shared.bench().court.judge.set_history(history(&shared.store)?, ruling.pattern);
        }
        let overridden = overridden?;
        if !deliveries.is_empty() {
            shared.webhooks.written(&shared.store)?;
        }
        shared.propositions.chosen(&shared.store, &choice)?;
        shared.tell(Event::Patterns(Arc::from([ruling.pattern])));
        Ok(Some(Overruled { alerts: overridden.alerts, entry: overridden.entry }))
    }

    /// Takes back what an analyst said last of a pattern. `None` if there is nothing to take back.
    pub async fn undo(&self, pattern: i64) -> Result<Option<Overruled>, EngineError> {
        let shared = &self.shared;
        let (id, decider) = (analysts_id(pattern), Decider::Analyst.id());
        let Some(overridden) = shared.store.undo(pattern, &id, decider, &weight_of)? else {
            return Ok(None);
        };
        shared.heard(history(&shared.store)?, pattern).await?;
        // Alerts that were judged in between still have the word that was taken back.
        shared.store.settle(pattern, &id, decider, &weight_of)?;
        shared.tell(Event::Patterns(Arc::from([pattern])));
        Ok(Some(Overruled { alerts: overridden.alerts, entry: None }))
    }
}

impl Shared {
    /// Tells the judge what analysts say, and waits until everything that was judged before is stored.
    async fn heard(&self, history: History, pattern: i64) -> Result<(), EngineError> {
        let (reply, stored) = oneshot::channel();
        {
            let mut bench = self.bench();
            bench.court.judge.set_history(history, pattern);
            bench.court.tally.forget_lead(pattern);
            let (ticket, epoch) = (bench.ticket, bench.epoch);
            bench.ticket += 1;
            let arrival = Some(Arrival::default());
            let findings = Draft::default();
            self.committer.put(Entry {
                ticket,
                epoch,
                arrival,
                judged: 0,
                set_aside: 0,
                dead: 0,
                findings,
                reply,
                span: tracing::Span::current(),
                held: None,
            });
        }
        match stored.await {
            // What was refused was not judged.
            Ok(Ok(()) | Err(Refusal::Failed(_) | Refusal::Store(_))) => Ok(()),
            Ok(Err(refusal)) => Err(EngineError::Worker(refusal.to_string())),
            Err(_) => Err(EngineError::Worker("the service is shutting down".to_owned())),
        }
    }
}
