//! Workers' records in memory, for tests of what uses them: it keeps every promise of the trait, and fails when it is told to.

use super::{
    AlertKey, Calling, FleetAlert, FleetAlertRow, FleetAnswer, FleetBatch, FleetError, FleetSource,
    FleetStore, LedgerEntry, MOST_ASKED, MOST_DECISIONS, PatternSpan, PutOut, Taken,
};
use crate::{
    AnalystDecisionRow, AnsweredRow, DeadRow, DecisionRow, LedgerRow, LedgerTotal, PatternRow, QuestionRow,
};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How calls fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing was done.
    Before,
    /// It was done, and the answer is lost.
    After,
    /// Nothing was done, and no answer comes, ever.
    HangBefore,
    /// It was done, and no answer comes, ever.
    HangAfter,
}

/// A store of workers' records that ends with the process.
#[derive(Debug, Default)]
pub struct MemoryFleet {
    kept: Mutex<Kept>,
    faults: Mutex<Faults>,
}

#[derive(Debug, Default)]
struct Faults {
    calls: u64,
    every: u64,
    /// In turn.
    kinds: Vec<Fault>,
    away: bool,
}

/// Everything that is kept, for tests that look at it.
#[derive(Debug, Default, Clone)]
pub struct Kept {
    /// Sources, by topic and partition.
    pub sources: BTreeMap<(String, i32), FleetSource>,
    /// How far sources were put out, by the group and their rows.
    pub put_out: BTreeMap<(String, i64), PutOut>,
    /// Alerts.
    pub alerts: BTreeMap<AlertKey, FleetAlertRow>,
    /// Dead letters.
    pub dead: BTreeMap<AlertKey, DeadRow>,
    /// Decisions.
    pub decisions: BTreeMap<i64, DecisionRow>,
    /// Patterns, with how many alerts they have.
    pub patterns: BTreeMap<i64, (PatternRow, u64)>,
    /// Open questions, with who holds them and until when.
    pub questions: BTreeMap<i64, (QuestionRow, Option<(String, Instant)>)>,
    /// What was asked.
    pub answered: BTreeMap<i64, AnsweredRow>,
    /// Lines of the ledger.
    pub ledger: Vec<LedgerRow>,
    entries: HashSet<[u8; 16]>,
    words: Vec<AnalystDecisionRow>,
    words_version: i64,
    secrets: BTreeMap<String, [u8; 32]>,
}

impl MemoryFleet {
    /// Every `every`th call from now on fails, in these ways in turn; none where `every` is 0.
    pub fn fail(&self, every: u64, kinds: &[Fault]) {
        let mut faults = lock(&self.faults);
        (faults.calls, faults.every, faults.kinds) = (0, every, kinds.to_vec());
    }

    /// From now on the store can't be reached, or it can again.
    pub fn away(&self, away: bool) {
        lock(&self.faults).away = away;
    }

    /// What is kept now.
    pub fn kept(&self) -> Kept {
        lock(&self.kept).clone()
    }

    /// What an analyst decided, as a page would write it.
    pub fn say(&self, word: AnalystDecisionRow) {
        let mut kept = lock(&self.kept);
        kept.words_version += 1;
        kept.words.push(word);
    }

    /// Does something, or fails as it was told to.
    async fn call<T>(
        &self,
        doing: impl FnOnce(&mut Kept) -> Result<T, FleetError> + Send,
    ) -> Result<T, FleetError> {
        let fault = {
            let mut faults = lock(&self.faults);
            if faults.away {
                return Err(FleetError::Unavailable("it is away".to_owned()));
            }
            faults.calls += 1;
            let is_due = faults.every > 0 && faults.calls.is_multiple_of(faults.every);
            let turn = faults.calls / faults.every.max(1);
            is_due.then(|| faults.kinds.get(turn as usize % faults.kinds.len().max(1)).copied()).flatten()
        };
        let lost = || Err(FleetError::Unavailable("this call was to fail".to_owned()));
        match fault {
            Some(Fault::Before) => lost(),
            Some(Fault::HangBefore) => std::future::pending().await,
            Some(Fault::After) => {
                doing(&mut lock(&self.kept))?;
                lost()
            }
            Some(Fault::HangAfter) => {
                doing(&mut lock(&self.kept))?;
                std::future::pending().await
            }
            None => doing(&mut lock(&self.kept)),
        }
    }
}

fn lock<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bounded(asked: usize) -> Result<(), FleetError> {
    if asked > MOST_ASKED {
        return Err(FleetError::Refused(format!("{asked} at once, and {MOST_ASKED} are allowed")));
    }
    Ok(())
}

impl FleetStore for MemoryFleet {
    fn source<'a>(&'a self, topic: &'a str, partition: i32, now: i64) -> Calling<'a, FleetSource> {
        Box::pin(self.call(move |kept| {
            let row = kept.sources.len() as i64 + 1;
            let taken: HashSet<String> = kept.sources.values().map(FleetSource::to_string).collect();
            let (_, _, _, mut tags) = FleetSource::known_by(topic, partition);
            let mut made = tags.by_ref().map(|tag| FleetSource::new(row, tag, now));
            let source = kept.sources.entry((topic.to_owned(), partition));
            let free = |source: &FleetSource| !taken.contains(&source.to_string());
            // Tags go on without end.
            Ok(*source
                .or_insert_with(|| made.find(free).unwrap_or_else(|| FleetSource::new(row, [0; 5], now))))
        }))
    }

    fn stored(&self, source: FleetSource) -> Calling<'_, Option<u64>> {
        Box::pin(self.call(move |kept| {
            let all = (source.row(), 0)..=(source.row(), u64::MAX);
            let alert = kept.alerts.range(all.clone()).next_back().map(|((_, ordinal), _)| *ordinal);
            let dead = kept.dead.range(all).next_back().map(|((_, ordinal), _)| *ordinal);
            Ok(alert.max(dead))
        }))
    }

    fn put_out<'a>(&'a self, group: &'a str, source: FleetSource) -> Calling<'a, Option<PutOut>> {
        Box::pin(self.call(move |kept| Ok(kept.put_out.get(&(group.to_owned(), source.row())).cloned())))
    }

    fn note_put_out<'a>(&'a self, group: &'a str, notes: &'a [PutOut]) -> Calling<'a, ()> {
        Box::pin(self.call(move |kept| {
            for note in notes {
                let key = (group.to_owned(), note.source.row());
                if kept.put_out.get(&key).is_none_or(|known| known.reach < note.reach) {
                    kept.put_out.insert(key, note.clone());
                }
            }
            Ok(())
        }))
    }

    fn alerts<'a>(&'a self, keys: &'a [AlertKey]) -> Calling<'a, HashMap<AlertKey, FleetAlert>> {
        Box::pin(self.call(move |kept| {
            bounded(keys.len())?;
            let stored = keys.iter().filter_map(|key| {
                let alert = kept.alerts.get(key)?.clone();
                let decision = kept.decisions.get(&alert.decision)?.clone();
                Some((*key, FleetAlert { alert, decision }))
            });
            Ok(stored.collect())
        }))
    }

    fn decisions_on<'a>(&'a self, asked: &'a [PatternSpan]) -> Calling<'a, Vec<DecisionRow>> {
        Box::pin(self.call(move |kept| {
            bounded(asked.len())?;
            let mut found = Vec::new();
            for span in asked {
                let mut holding: Vec<&DecisionRow> = kept
                    .decisions
                    .values()
                    .filter(|row| row.pattern == span.pattern)
                    .filter(|row| row.valid_from <= span.until && row.valid_until > span.from)
                    .collect();
                holding.sort_by_key(|row| (std::cmp::Reverse(row.valid_from), row.id));
                found.extend(holding.into_iter().take(MOST_DECISIONS).cloned());
            }
            Ok(found)
        }))
    }

    fn decisions<'a>(&'a self, ids: &'a [i64]) -> Calling<'a, Vec<DecisionRow>> {
        Box::pin(self.call(move |kept| {
            bounded(ids.len())?;
            let once: BTreeSet<i64> = ids.iter().copied().collect();
            Ok(once.iter().filter_map(|id| kept.decisions.get(id).cloned()).collect())
        }))
    }

    fn take_in<'a>(&'a self, batch: &'a FleetBatch, _now: i64) -> Calling<'a, Taken> {
        Box::pin(self.call(move |kept| {
            batch.check()?;
            Ok(kept.take_in(batch))
        }))
    }

    fn claim<'a>(
        &'a self,
        decisions: &'a [i64],
        who: &'a str,
        lease: Duration,
        limit: usize,
    ) -> Calling<'a, Vec<QuestionRow>> {
        Box::pin(self.call(move |kept| {
            bounded(decisions.len())?;
            let now = Instant::now();
            let asked: HashSet<i64> = decisions.iter().copied().collect();
            let mut free: Vec<_> = kept
                .questions
                .iter_mut()
                .filter(|(decision, (_, holder))| {
                    let others = holder.as_ref().is_some_and(|(by, until)| by != who && *until > now);
                    asked.contains(*decision) && !others
                })
                .map(|(_, question)| question)
                .collect();
            free.sort_by_key(|(row, _)| (std::cmp::Reverse(row.priority), row.decision));
            free.truncate(limit);
            let claimed = free.into_iter().map(|(row, holder)| {
                *holder = Some((who.to_owned(), now + lease));
                row.clone()
            });
            Ok(claimed.collect())
        }))
    }

    fn resolved<'a>(&'a self, decisions: &'a [i64]) -> Calling<'a, Vec<DecisionRow>> {
        Box::pin(self.call(move |kept| {
            bounded(decisions.len())?;
            let closed: BTreeSet<i64> =
                decisions.iter().copied().filter(|id| !kept.questions.contains_key(id)).collect();
            Ok(closed.iter().filter_map(|id| kept.decisions.get(id).cloned()).collect())
        }))
    }

    fn answer<'a>(&'a self, answers: &'a [FleetAnswer], paid: &'a LedgerEntry) -> Calling<'a, Vec<i64>> {
        Box::pin(self.call(move |kept| {
            bounded(answers.len())?;
            kept.enter(paid);
            Ok(answers.iter().filter(|answer| kept.answer(answer)).map(|answer| answer.decision.id).collect())
        }))
    }

    fn give_back<'a>(&'a self, decisions: &'a [i64], who: &'a str, most_attempts: u32) -> Calling<'a, ()> {
        Box::pin(self.call(move |kept| {
            bounded(decisions.len())?;
            for id in decisions {
                let Some((row, holder)) = kept.questions.get_mut(id) else { continue };
                if holder.as_ref().is_none_or(|(by, _)| by != who) {
                    continue;
                }
                row.attempts += 1;
                *holder = None;
                if row.attempts >= most_attempts {
                    kept.questions.remove(id);
                }
            }
            Ok(())
        }))
    }

    fn ledger<'a>(&'a self, paid: &'a LedgerEntry) -> Calling<'a, ()> {
        Box::pin(self.call(move |kept| {
            kept.enter(paid);
            Ok(())
        }))
    }

    fn ledger_since(&self, at: i64) -> Calling<'_, Vec<LedgerTotal>> {
        Box::pin(self.call(move |kept| Ok(kept.totals(at))))
    }

    fn words(&self, known: Option<i64>) -> Calling<'_, Option<(i64, Vec<AnalystDecisionRow>)>> {
        Box::pin(self.call(move |kept| {
            if known == Some(kept.words_version) {
                return Ok(None);
            }
            let mut latest: Vec<AnalystDecisionRow> = Vec::new();
            for word in &kept.words {
                latest.retain(|other| other.pattern_key != word.pattern_key);
                latest.push(word.clone());
            }
            Ok(Some((kept.words_version, latest)))
        }))
    }

    fn secret<'a>(&'a self, name: &'a str, fresh: [u8; 32]) -> Calling<'a, [u8; 32]> {
        Box::pin(self.call(move |kept| Ok(*kept.secrets.entry(name.to_owned()).or_insert(fresh))))
    }
}

impl Kept {
    fn take_in(&mut self, batch: &FleetBatch) -> Taken {
        let mut taken = Taken::default();
        let mut new: HashSet<i64> = HashSet::new();
        for decision in &batch.decisions {
            match self.decisions.get(&decision.id) {
                None => {
                    self.decisions.insert(decision.id, decision.clone());
                    new.insert(decision.id);
                }
                Some(known) if known != decision && !new.contains(&decision.id) => {
                    taken.decisions_known.push(known.clone());
                }
                Some(_) => {}
            }
        }
        for question in batch.questions.iter().filter(|question| new.contains(&question.decision)) {
            self.questions.entry(question.decision).or_insert_with(|| (question.clone(), None));
        }
        let mut already = BTreeSet::new();
        let mut added: HashMap<i64, u64> = HashMap::new();
        let (mut new_alerts, mut new_dead) = (HashSet::new(), HashSet::new());
        for alert in &batch.alerts {
            match self.alerts.entry(alert.key()) {
                Entry::Vacant(place) => {
                    place.insert(alert.clone());
                    new_alerts.insert(alert.key());
                    *added.entry(alert.pattern).or_default() += 1;
                }
                Entry::Occupied(_) if new_alerts.contains(&alert.key()) => {}
                Entry::Occupied(_) => {
                    already.insert(alert.key());
                }
            }
        }
        for dead in &batch.dead {
            let key = (dead.source, dead.row.ordinal);
            match self.dead.entry(key) {
                Entry::Vacant(place) => {
                    place.insert(dead.row.clone());
                    new_dead.insert(key);
                }
                Entry::Occupied(_) if new_dead.contains(&key) => {}
                Entry::Occupied(_) => {
                    already.insert(key);
                }
            }
        }
        for pattern in batch.patterns_once() {
            let new = added.get(&pattern.id).copied().unwrap_or_default();
            let Some((known, alerts)) = self.patterns.get_mut(&pattern.id) else {
                self.patterns.insert(pattern.id, (pattern, new));
                continue;
            };
            if new == 0 {
                continue;
            }
            *alerts += new;
            known.first_seen = known.first_seen.min(pattern.first_seen);
            known.last_seen = known.last_seen.max(pattern.last_seen);
            if pattern.priority >= known.priority || known.decision == 0 {
                (known.priority, known.decision) = (pattern.priority.max(known.priority), pattern.decision);
            }
        }
        taken.already = already.into_iter().collect();
        taken
    }

    /// Whether the decision stands as the answer says.
    fn answer(&mut self, answer: &FleetAnswer) -> bool {
        let Some(known) = self.decisions.get_mut(&answer.decision.id) else { return false };
        let stands = DecisionRow {
            pattern: known.pattern,
            valid_from: known.valid_from,
            volume: known.volume,
            ..answer.decision.clone()
        };
        if self.questions.remove(&stands.id).is_some() {
            self.answered.insert(stands.id, answer.answered.clone());
            *known = stands;
            return true;
        }
        *known == stands && self.answered.contains_key(&stands.id)
    }

    fn enter(&mut self, paid: &LedgerEntry) {
        if !paid.lines.is_empty() && self.entries.insert(paid.id) {
            self.ledger.extend(paid.lines.iter().cloned());
        }
    }

    fn totals(&self, since: i64) -> Vec<LedgerTotal> {
        let mut totals: BTreeMap<[&str; 4], LedgerTotal> = BTreeMap::new();
        for line in self.ledger.iter().filter(|line| line.at >= since) {
            let total =
                totals.entry([&line.service, &line.model, &line.tier, &line.outcome]).or_insert_with(|| {
                    LedgerTotal {
                        service: line.service.clone(),
                        model: line.model.clone(),
                        tier: line.tier.clone(),
                        outcome: line.outcome.clone(),
                        calls: 0,
                        items: 0,
                        checks: 0,
                        checks_nano: 0,
                        input: 0,
                        cached_input: 0,
                        cache_write: 0,
                        output: 0,
                        thinking: 0,
                        cost_nano: 0,
                        unpriced: 0,
                        first: line.at,
                        last: line.at,
                    }
                });
            total.calls += 1;
            total.items += u64::from(line.items);
            total.checks += u64::from(line.checks);
            total.input += line.input;
            total.cached_input += line.cached_input;
            total.cache_write += line.cache_write;
            total.output += line.output;
            total.thinking += line.thinking;
            total.first = total.first.min(line.at);
            total.last = total.last.max(line.at);
            match line.cost_nano {
                Some(cost) => {
                    total.cost_nano += cost;
                    total.checks_nano += cost * i64::from(line.checks) / i64::from(line.items.max(1));
                }
                None => total.unpriced += 1,
            }
        }
        let mut totals: Vec<LedgerTotal> = totals.into_values().collect();
        totals.sort_by_key(|total| std::cmp::Reverse(total.cost_nano));
        totals
    }
}

#[cfg(test)]
#[path = "memory_tests.rs"]
mod tests;
