//! Judging a batch: what is read of it, what is known of it in the store, what is decided, and what is written.
//!
//! ```text
//!  records ─▶ read ▸ assess ─▶ what the store has: alerts that came before, decisions on patterns ─▶ judge ─▶ write ─▶ handled
//!             no order          two statements                                                  in order    one transaction
//! ```
//!
//! An alert that was stored before, by this worker or another, keeps the decision that it has there: so a record that is delivered
//! again comes to the verdict that it came to the first time. Whatever fails for now is tried until it goes well: what is in the log
//! is in no hurry.

use super::insisting::Insisting;
use super::log::{LogRecord, Partition};
use super::reading::{Found, Looked, Reader, ordinal, text};
use crate::archive::{decision_from_row, decision_to_row};
use crate::asking::question;
use crate::service::webhooks::{Kind, body};
use crate::tally::{describe, material_of};
use crate::work::{Said, Verdicted, alert_row, clip, with_record};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use watchfire_judge::statistics::BoundedMap;
use watchfire_judge::{Archive, Decision, Ground, Judge, Judgement};
use watchfire_signal::write::{OutputFormat, Record};
use watchfire_signal::{Decider, Priority, Timestamp};
use watchfire_store::fleet::{
    AlertKey, FleetAlert, FleetAlertRow, FleetBatch, FleetDead, FleetError, FleetSource, FleetStore,
    PatternSpan, Taken as Written,
};
use watchfire_store::{AlertRow, DeadRow, DecisionRow, PatternRow};

/// Items of records that are stored at once, and those of one more record.
const MOST_STORED: usize = 10_000;
/// Bytes that are kept of a record for its first item that can't be read, and for each further one.
const MOST_DEAD: (usize, usize) = (64 << 10, 1 << 10);
/// Bytes of a verdict that is put out with all that the alert says; a longer one has its cells cut.
const MOST_LINE: usize = 700_000;
/// Patterns whose description is remembered.
const MOST_DESCRIBED: usize = 50_000;

/// A record to be judged.
pub(super) struct Taken {
    pub(super) record: LogRecord,
    /// Which time of having its partition it belongs to.
    pub(super) epoch: u64,
    pub(super) source: FleetSource,
    /// Alerts up to this one may be stored already.
    pub(super) stored_to: Option<u64>,
}

/// A record that was judged and stored.
pub(super) struct Handled {
    pub(super) record: LogRecord,
    pub(super) epoch: u64,
    pub(super) source: FleetSource,
    pub(super) items: Vec<Judged>,
    pub(super) set_aside: u64,
    /// Whether all of it was stored before.
    pub(super) again: bool,
}

/// What an item of a record came to.
pub(super) enum Judged {
    /// A verdict.
    Alert(Box<Verdict>),
    /// A dead letter, and why.
    Dead(String),
}

/// An alert's verdict.
pub(super) struct Verdict {
    pub(super) ordinal: u64,
    pub(super) time: i64,
    pub(super) pattern: i64,
    pub(super) priority: Priority,
    pub(super) fresh: bool,
    pub(super) decision: Arc<Decision>,
    /// Whether a model may yet answer in its place.
    pub(super) open: bool,
    /// What is put out, if that was made with this decision.
    pub(super) line: Option<Vec<u8>>,
}

/// What a batch came to.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) handled: Vec<Handled>,
    /// Decisions whose questions were written with it.
    pub(super) asked: Vec<i64>,
    /// Decisions that may be open, and were left so by others, or before.
    pub(super) doubtful: HashSet<i64>,
}

/// What judges, one batch after another.
pub(super) struct Bench<'b> {
    pub(super) reader: RefCell<Reader<'b>>,
    pub(super) judge: RefCell<Judge>,
    pub(super) ground: &'b Ground,
    /// Whether a model is asked.
    pub(super) asks: bool,
    described: RefCell<BoundedMap<i64, Arc<str>>>,
}

/// What the store has on a batch.
#[derive(Default)]
struct Known {
    decisions: HashMap<i64, Vec<Decision>>,
    by_id: HashMap<i64, Decision>,
    alerts: HashMap<AlertKey, FleetAlert>,
}

impl Archive for Known {
    fn decisions(&self, pattern: i64, time: i64) -> Vec<Decision> {
        let decisions = self.decisions.get(&pattern).map_or(&[][..], Vec::as_slice);
        let holding = |decision: &&Decision| (decision.valid_from..decision.valid_until).contains(&time);
        decisions.iter().filter(holding).cloned().collect()
    }

    fn decision(&self, id: i64) -> Option<Decision> {
        self.by_id.get(&id).cloned()
    }
}

impl<'b> Bench<'b> {
    pub(super) fn new(reader: Reader<'b>, judge: Judge, ground: &'b Ground, asks: bool) -> Self {
        Self {
            reader: RefCell::new(reader),
            judge: RefCell::new(judge),
            ground,
            asks,
            described: RefCell::new(BoundedMap::new(MOST_DESCRIBED)),
        }
    }

    /// Judges these records and stores what they come to. Dropping the future leaves open what of it is stored; judging the same
    /// again is harmless. Fails only where trying again does not help.
    pub(super) async fn work<S: FleetStore>(
        &self,
        store: &Insisting<'_, S>,
        batch: Vec<Taken>,
        now: i64,
    ) -> Result<Batch, FleetError> {
        let texts: Vec<String> = batch.iter().map(|taken| text(&taken.record)).collect();
        let read: Vec<Vec<Found<'_>>> = {
            let mut reader = self.reader.borrow_mut();
            texts.iter().map(|text| reader.read(text)).collect()
        };
        let mut whole = Batch::default();
        let (mut batch, mut read, mut texts) = (batch.into_iter(), &read[..], &texts[..]);
        while !read.is_empty() {
            let mut items = 0;
            let few = read.iter().take_while(|found| {
                let fits = items < MOST_STORED;
                items += found.len();
                fits
            });
            let few = few.count();
            let taken: Vec<Taken> = batch.by_ref().take(few).collect();
            let part = self.part(store, taken, &read[..few], &texts[..few], now).await?;
            whole.handled.extend(part.handled);
            whole.asked.extend(part.asked);
            whole.doubtful.extend(part.doubtful);
            (read, texts) = (&read[few..], &texts[few..]);
        }
        Ok(whole)
    }

    /// Judges and stores a part of a batch.
    async fn part<S: FleetStore>(
        &self,
        store: &Insisting<'_, S>,
        batch: Vec<Taken>,
        read: &[Vec<Found<'_>>],
        texts: &[String],
        now: i64,
    ) -> Result<Batch, FleetError> {
        let mut known = self.known(store, &batch, read).await?;
        let mut whole = FleetBatch::default();
        let mut patterns = BTreeMap::new();
        let mut out = Batch { handled: Vec::with_capacity(batch.len()), ..Batch::default() };
        for ((taken, found), text) in batch.into_iter().zip(read).zip(texts) {
            out.handled.push(self.judge(taken, found, text, &known, &mut whole, &mut patterns));
        }
        whole.patterns = patterns.into_values().collect();
        let mut written = Written::default();
        if !whole.is_empty() {
            written = store.insist(|store| store.take_in(&whole, now)).await?;
        }
        if !written.already.is_empty() {
            let there = store.insist(|store| store.alerts(&written.already)).await?;
            known.alerts.extend(there);
        }
        self.as_stored(&mut out, &known, &written.decisions_known);
        let questions: HashSet<i64> = whole.questions.iter().map(|question| question.decision).collect();
        for verdict in out.handled.iter_mut().flat_map(|handled| &mut handled.items).filter_map(alert_mut) {
            verdict.open = self.asks && verdict.decision.decider == Decider::Fallback;
            if verdict.open && !questions.contains(&verdict.decision.id) {
                out.doubtful.insert(verdict.decision.id);
            }
        }
        out.asked = questions.into_iter().collect();
        Ok(out)
    }

    /// What the store has on these: alerts that may have been stored before, and decisions on patterns that nobody here
    /// knows.
    async fn known<S: FleetStore>(
        &self,
        store: &Insisting<'_, S>,
        batch: &[Taken],
        read: &[Vec<Found<'_>>],
    ) -> Result<Known, FleetError> {
        let (mut before, mut spans) = (Vec::new(), HashMap::<i64, (i64, i64)>::new());
        {
            let judge = self.judge.borrow();
            for (taken, found) in batch.iter().zip(read) {
                for (item, looked) in
                    found.iter().enumerate().filter_map(|(item, found)| Some((item, alert_of(found)?)))
                {
                    let ordinal = ordinal(taken.record.offset, item);
                    if taken.stored_to.is_some_and(|stored| ordinal <= stored) {
                        before.push((taken.source.row(), ordinal));
                    }
                    if !judge.knows(looked.assessed.pattern) {
                        let time = time_of(looked, taken);
                        let span = spans.entry(looked.assessed.pattern).or_insert((time, time));
                        *span = (span.0.min(time), span.1.max(time));
                    }
                }
            }
        }
        let mut known = Known::default();
        if !before.is_empty() {
            known.alerts = store.insist(|store| store.alerts(&before)).await?;
        }
        if !spans.is_empty() {
            let spans: Vec<PatternSpan> = spans
                .into_iter()
                .map(|(pattern, (from, until))| PatternSpan { pattern, from, until })
                .collect();
            for row in store.insist(|store| store.decisions_on(&spans)).await? {
                if let Some(decision) = decision_from_row(&row) {
                    known.by_id.insert(decision.id, decision.clone());
                    known.decisions.entry(decision.pattern).or_default().push(decision);
                }
            }
        }
        Ok(known)
    }

    fn judge(
        &self,
        taken: Taken,
        found: &[Found<'_>],
        text: &str,
        known: &Known,
        whole: &mut FleetBatch,
        patterns: &mut BTreeMap<i64, PatternRow>,
    ) -> Handled {
        let mut handled = Handled {
            items: Vec::with_capacity(found.len()),
            set_aside: 0,
            again: !found.is_empty(),
            epoch: taken.epoch,
            source: taken.source,
            record: taken.record,
        };
        for (item, found) in found.iter().enumerate() {
            let ordinal = ordinal(handled.record.offset, item);
            match found {
                Found::Aside => handled.set_aside += 1,
                Found::Dead(broken) => {
                    handled.again &= taken.stored_to.is_some_and(|stored| ordinal <= stored);
                    let is_first = !handled.items.iter().any(|item| matches!(item, Judged::Dead(_)));
                    let most = if is_first { MOST_DEAD.0 } else { MOST_DEAD.1 };
                    handled.items.push(Judged::Dead(broken.reason.clone()));
                    let row = DeadRow {
                        ordinal,
                        line: 1,
                        reason: broken.reason.clone(),
                        hint: broken.hint.to_owned(),
                        raw: clip(text, most).to_owned(),
                        whole: text.len() <= most,
                    };
                    whole.dead.push(FleetDead { source: taken.source.row(), row });
                }
                Found::Alert(looked) => {
                    let stored = known.alerts.get(&(taken.source.row(), ordinal));
                    handled.again &= stored.is_some();
                    let time =
                        looked.alert.time.map_or(handled.record.at.unwrap_or_default(), Timestamp::as_millis);
                    let verdict =
                        self.alert(looked, (taken.source, ordinal, time), known, stored, whole, patterns);
                    handled.items.push(Judged::Alert(Box::new(verdict)));
                }
            }
        }
        handled
    }

    fn alert(
        &self,
        looked: &Looked<'_>,
        (source, ordinal, time): (FleetSource, u64, i64),
        known: &Known,
        stored: Option<&FleetAlert>,
        whole: &mut FleetBatch,
        patterns: &mut BTreeMap<i64, PatternRow>,
    ) -> Verdict {
        let Looked { alert, assessed } = looked;
        let facts = self.reader.borrow().facts(alert);
        let judgement = self.judge.borrow_mut().judge(alert, &facts, assessed, time, known);
        let Judgement { decision, fresh, priority, .. } = &judgement;
        if *fresh {
            whole.decisions.push(decision_to_row(decision));
            if self.asks && decision.decider == Decider::Fallback {
                whole.questions.push(question(self.ground, alert, &facts, assessed, &judgement));
            }
        }
        let verdicted = Verdicted { ordinal, time, judgement: judgement.clone() };
        if stored.is_none() {
            whole.alerts.push(owned(source, &alert_row(alert, &facts, &verdicted)));
            let description = {
                let mut described = self.described.borrow_mut();
                let describe = || {
                    let category = assessed.say.category;
                    describe(
                        alert,
                        &facts,
                        &judgement,
                        &material_of(alert, &facts, &self.ground.material, category),
                    )
                };
                Arc::clone(described.entry(assessed.pattern, describe))
            };
            let row = patterns.entry(assessed.pattern).or_insert_with(|| PatternRow {
                id: assessed.pattern,
                key: assessed.key,
                description,
                first_seen: time,
                last_seen: time,
                priority: priority.score(),
                decision: decision.id,
            });
            row.first_seen = row.first_seen.min(time);
            row.last_seen = row.last_seen.max(time);
            if priority.score() > row.priority {
                (row.priority, row.decision) = (priority.score(), decision.id);
            }
        }
        // What is left open is written when it is answered.
        let line = (!self.asks || decision.decider != Decider::Fallback).then(|| {
            with_record(
                &source.alert_id(ordinal),
                alert,
                &facts,
                Said::of(&verdicted, assessed.pattern),
                written,
            )
        });
        Verdict {
            ordinal,
            time,
            pattern: assessed.pattern,
            priority: *priority,
            fresh: *fresh,
            decision: Arc::clone(decision),
            open: false,
            line,
        }
    }

    /// Puts what the store has in the place of what was judged.
    fn as_stored(&self, out: &mut Batch, known: &Known, decisions: &[DecisionRow]) {
        let changed: HashMap<i64, Arc<Decision>> =
            decisions.iter().filter_map(|row| Some((row.id, Arc::new(decision_from_row(row)?)))).collect();
        for handled in &mut out.handled {
            for verdict in handled.items.iter_mut().filter_map(alert_mut) {
                if let Some(stored) = known.alerts.get(&(handled.source.row(), verdict.ordinal)) {
                    let Some(decision) = decision_from_row(&stored.decision) else { continue };
                    let same = decision == *verdict.decision;
                    // Whether it was decided on for this alert can be told by when.
                    verdict.fresh = decision.valid_from == stored.alert.time;
                    verdict.priority = Priority::from_score(f64::from(stored.alert.priority));
                    verdict.time = stored.alert.time;
                    verdict.decision = Arc::new(decision);
                    verdict.line = verdict.line.take().filter(|_| same);
                } else if let Some(decision) = changed.get(&verdict.decision.id) {
                    verdict.line = verdict.line.take().filter(|_| *decision == verdict.decision);
                    verdict.decision = Arc::clone(decision);
                }
            }
        }
        let mut judge = self.judge.borrow_mut();
        for decision in changed.into_values() {
            judge.stands(Arc::unwrap_or_clone(decision));
        }
    }

    /// What is put out of an alert, by the decision that holds for it now. `None` if the record can't be read as it was: then
    /// another version of the program read it.
    pub(super) fn line(
        &self,
        text: &str,
        source: FleetSource,
        offset: i64,
        verdict: &Verdict,
    ) -> Option<Vec<u8>> {
        let mut reader = self.reader.borrow_mut();
        let item = usize::try_from(verdict.ordinal - ordinal(offset, 0)).ok()?;
        let found = reader.read(text);
        let looked = alert_of(found.get(item)?)?;
        let facts = reader.facts(&looked.alert);
        let said = Said {
            decision: &verdict.decision,
            fresh: verdict.fresh,
            priority: verdict.priority,
            time: verdict.time,
            pattern: verdict.pattern,
        };
        Some(with_record(&source.alert_id(verdict.ordinal), &looked.alert, &facts, said, written))
    }
}

/// A verdict as it is put out.
fn written(record: &Record<'_>) -> Vec<u8> {
    let mut line = Vec::new();
    OutputFormat::Ocsf.write(record, &mut line);
    line.truncate(line.trim_ascii_end().len());
    if line.len() > MOST_LINE { body(Kind::Ocsf, record).into_bytes() } else { line }
}

fn owned(source: FleetSource, row: &AlertRow<'_>) -> FleetAlertRow {
    FleetAlertRow {
        source: source.row(),
        ordinal: row.ordinal,
        time: row.time,
        pattern: row.pattern,
        decision: row.decision,
        severity: row.severity,
        priority: row.priority,
        src: row.source.map(str::to_owned),
        dst: row.destination.map(str::to_owned),
        user: row.user.map(str::to_owned),
    }
}

fn alert_of<'f, 't>(found: &'f Found<'t>) -> Option<&'f Looked<'t>> {
    match found {
        Found::Alert(looked) => Some(looked),
        Found::Aside | Found::Dead(_) => None,
    }
}

pub(super) fn alert_mut(item: &mut Judged) -> Option<&mut Verdict> {
    match item {
        Judged::Alert(verdict) => Some(verdict),
        Judged::Dead(_) => None,
    }
}

/// When an alert happened; if it does not say so, when it was put into the log: the same however often it is delivered.
fn time_of(looked: &Looked<'_>, taken: &Taken) -> i64 {
    looked.alert.time.map_or(taken.record.at.unwrap_or_default(), Timestamp::as_millis)
}

/// Where a record is.
pub(super) fn place(record: &LogRecord) -> (Partition, i64) {
    (record.partition.clone(), record.offset)
}
