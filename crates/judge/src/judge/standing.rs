//! The decision that stands for an alert: the pattern's, an earlier one from the archive, or a new one.

use super::{Archive, Asking, Case};
use crate::assess::rule_key;
use crate::decision::{Decision, Detail};
use crate::hashes::stable;
use crate::history::History;
use crate::learning::{Harmless, Learned};
use crate::pattern::short_id;
use crate::reuse::{Book, JUMP, PARTING, Place, Plan, Reuse, Side, Why};
use std::sync::Arc;
use watchfire_signal::Decider;

/// What stands on a pattern.
#[derive(Debug, Default)]
pub(super) struct Standing {
    current: Option<Arc<Decision>>,
    /// What was learned that stands in its place, as long as that holds.
    learned: Option<Arc<Decision>>,
    known: Vec<Arc<Decision>>,
    pub(super) analyst: Option<Arc<Decision>>,
    book: Book,
    /// When somebody was last asked, and how often at that very time.
    asked: (i64, u32),
    /// The field that parts the pattern, as a place in [`PARTING`].
    pub(super) parted_by: Option<usize>,
    /// What a model was asked and has not answered yet.
    waiting: Option<Box<Waiting>>,
}

/// How somebody came to be asked.
#[derive(Debug, Clone, Copy)]
struct Occasion {
    time: i64,
    why: Why,
    place: Place,
    is_hot: bool,
    /// What the alert says in the fields that a pattern may be parted by.
    values: [u64; PARTING.len()],
}

/// A decision that was left open, and what is needed when it is answered.
#[derive(Debug)]
struct Waiting {
    decision: Arc<Decision>,
    occasion: Occasion,
    /// The rule's hash and name.
    rule: (u64, String),
}

/// How long a decision stands that waits for an answer, in milliseconds: whoever does not answer in a day is asked again.
const MAX_WAIT: i64 = 24 * 3_600_000;

/// Finds or makes the decision on an alert that no earlier verdict stands for.
pub(super) struct Maker<'m> {
    pub(super) case: &'m Case<'m>,
    pub(super) history: &'m History,
    pub(super) asking: &'m Asking,
    pub(super) archive: &'m dyn Archive,
    /// See [`Judge::keeping`](super::Judge::keeping).
    pub(super) keeps: usize,
}

impl Maker<'_> {
    /// How long a verdict of this side may live at most.
    fn longest(&self, side: Side) -> i64 {
        let assessed = self.case.assessed;
        if side == Side::Hostile { assessed.lifetime_ms } else { assessed.benign_lifetime_ms }
    }

    /// Whether a decision costs somebody's time, so that its reuse is worth checking.
    fn is_dear(&self, decision: &Decision) -> bool {
        let is_told = matches!(decision.decider, Decider::Llm | Decider::Fallback);
        (is_told || decision.detail.learned) && (*self.asking != Asking::Nobody || self.archive.answers())
    }

    /// The earlier decision with this id, or, where nothing is known of the pattern in this run, the last that holds.
    fn earlier(&self, id: i64, any: bool) -> Option<Decision> {
        let Case { assessed, time, version, .. } = *self.case;
        let ours = |decision: &Decision| {
            // An analyst's decision is taken from history alone, which knows if it was withdrawn.
            decision.detail.version == version
                && decision.decider != Decider::Analyst
                && self.asking.accepts(decision)
        };
        if !any {
            return self.archive.decision(id).filter(ours);
        }
        // What was learned holds only as long as nothing happens on the machine.
        let holding = self.archive.decisions(assessed.pattern, time).into_iter().filter(ours);
        let holding = holding.filter(|decision| decision.id == id || !decision.detail.learned);
        holding.max_by_key(|decision| (decision.id == id, decision.valid_from))
    }

    /// A decision made now.
    fn fresh(
        &self,
        id: i64,
        reuse: &Reuse,
        place: Place,
        why: Why,
        harmless: Option<(Harmless, bool)>,
    ) -> Decision {
        let decided = Decision { id, ..self.case.decide(self.history, harmless) };
        let told = if decided.detail.learned { None } else { self.archive.ask(&decided) };
        let decided = told.unwrap_or(decided);
        let side = Side::of(decided.verdict);
        // What addresses a model is looked at each time anew: this holds for its own moment, and a run that is repeated.
        let life = if self.case.assessed.injection.is_some() {
            1
        } else if !self.is_dear(&decided) {
            reuse.free_life(side, self.longest(side)).max(1)
        } else {
            reuse.life(place, side, self.longest(side)).max(1)
        };
        let detail = Detail { why: why.name().to_owned(), ..decided.detail };
        Decision { valid_until: decided.valid_from.saturating_add(life), detail, ..decided }
    }
}

impl Standing {
    /// The decision that stands for this alert: the current one, an earlier one, or a new one. Says whether it is new.
    pub(super) fn next(
        &mut self,
        reuse: &mut Reuse,
        learned: &mut Learned,
        place: Place,
        maker: &Maker<'_>,
    ) -> (Arc<Decision>, bool) {
        let Case { assessed, time, version, .. } = *maker.case;
        let alone = assessed.injection.is_some();
        reuse.seen(&mut self.book, place, time);
        if !alone && let Some(standing) = self.while_waiting(time) {
            return (standing, false);
        }
        let by_learning = match &self.learned {
            Some(decision) if !alone => {
                let plan = reuse.plan_learned(&mut self.book, place, time, maker.is_dear(decision));
                if plan == Some(Plan::Reuse) {
                    return (Arc::clone(decision), false);
                }
                plan
            }
            _ => None,
        };
        let plan = match (by_learning, &self.current) {
            (Some(check), _) => check,
            (None, Some(current)) if !alone => {
                let longest = maker.longest(Side::of(current.verdict));
                reuse.plan(&mut self.book, place, time, longest, maker.is_dear(current))
            }
            _ => reuse.plan(&mut self.book, place, time, 0, false),
        };
        let why = match (plan, &self.current) {
            (Plan::Reuse, Some(current)) if !alone => return (Arc::clone(current), false),
            (Plan::Ask(why), _) => why,
            _ => Why::New,
        };
        let is_hot = reuse.is_hot(place, time);
        let is_doubted = why == Why::Check || self.current.is_some() && !self.book.may_be_learned();
        let harmless = if is_doubted || !maker.case.may_be_learned() {
            None
        } else {
            learned.harmless(assessed.entities.rule, is_hot, self.book.in_hour())
        };
        // Clocks that tell seconds only put many alerts at one time.
        self.asked = if self.asked.0 == time { (time, self.asked.1 + 1) } else { (time, 0) };
        let id = |why: &str| decision_id(place, version, (time, self.asked.1), why);
        let (usual, by_learning) = (id(why.name()), id("learned"));
        let anew = matches!(why, Why::New | Why::Earlier) && place.part == 0;
        let known = self.known.iter().filter(|known| known.id == usual || anew && known.holds(time));
        let known = known.max_by_key(|known| (known.id == usual, known.valid_from)).cloned();
        // What somebody said goes before what was learned since.
        let earlier = known.or_else(|| maker.earlier(usual, anew).map(Arc::new));
        let earlier = match (earlier, harmless) {
            (None, Some(_)) => maker.earlier(by_learning, false).map(Arc::new),
            (earlier, _) => earlier,
        };
        let fresh = earlier.is_none();
        let decision = earlier.unwrap_or_else(|| {
            let harmless = harmless.map(|harmless| (harmless, is_hot));
            let id = if harmless.is_some() { by_learning } else { usual };
            Arc::new(maker.fresh(id, reuse, place, why, harmless))
        });
        if !self.known.iter().any(|known| known.id == decision.id) {
            if self.known.len() >= maker.keeps {
                self.known.remove(0);
            }
            self.known.push(Arc::clone(&decision));
        }
        let side = Side::of(decision.verdict);
        if decision.detail.learned {
            let jump = harmless.map_or(JUMP, |harmless| harmless.jump);
            self.book.learned(time, jump);
            self.learned = Some(Arc::clone(&decision));
            return (decision, fresh);
        }
        let values = PARTING.map(|field| maker.case.alert.get(field).map_or(0, stable));
        let occasion = Occasion { time, why, place, is_hot, values };
        if fresh && matches!(maker.asking, Asking::Live(_)) && decision.decider == Decider::Fallback {
            let rule = (assessed.entities.rule, rule_key(maker.case.alert));
            self.waiting = Some(Box::new(Waiting { decision: Arc::clone(&decision), occasion, rule }));
            self.current.get_or_insert_with(|| Arc::clone(&decision));
            return (decision, fresh);
        }
        self.teach(learned, &decision, occasion, assessed.entities.rule, || rule_key(maker.case.alert));
        if !maker.is_dear(&decision) {
            let is_sure = matches!(decision.decider, Decider::Rule | Decider::Llm);
            reuse.decided(&mut self.book, place, time, side, is_sure);
            self.current = Some(Arc::clone(&decision));
            return (decision, fresh);
        }
        self.told(reuse, &decision, occasion);
        (decision, fresh)
    }

    /// Whether this decision waits for an answer.
    pub(super) fn waits_for(&self, id: i64) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| waiting.decision.id == id)
    }

    /// What stands while an answer is waited for: what stood before, if there was no reason to doubt it, else what was left
    /// open.
    fn while_waiting(&mut self, time: i64) -> Option<Arc<Decision>> {
        let Waiting { decision, occasion, .. } = self.waiting.as_deref()?;
        if time.saturating_sub(occasion.time).saturating_abs() > MAX_WAIT {
            self.waiting = None;
            return None;
        }
        let before = self.learned.as_ref().or(self.current.as_ref());
        let is_trusted = matches!(occasion.why, Why::Check | Why::Age);
        Some(Arc::clone(before.filter(|_| is_trusted).unwrap_or(decision)))
    }

    /// Takes in the answer that was waited for.
    pub(super) fn answered(&mut self, reuse: &mut Reuse, learned: &mut Learned, answer: Decision) {
        if !self.waits_for(answer.id) {
            return;
        }
        let Some(waiting) = self.waiting.take() else { return };
        let answer = Arc::new(answer);
        for known in self.known.iter_mut().filter(|known| known.id == answer.id) {
            *known = Arc::clone(&answer);
        }
        if self.current.as_ref().is_some_and(|current| current.id == answer.id) {
            self.current = Some(Arc::clone(&answer));
        }
        let (rule, name) = waiting.rule;
        self.teach(learned, &answer, waiting.occasion, rule, || name);
        self.told(reuse, &answer, waiting.occasion);
    }

    /// Puts a decision in the place of the one with its id.
    pub(super) fn stands(&mut self, decision: &Arc<Decision>) {
        let places = self.known.iter_mut().chain(&mut self.current).chain(&mut self.learned);
        let waiting = self.waiting.iter_mut().map(|waiting| &mut waiting.decision);
        for place in places.chain(waiting).filter(|place| place.id == decision.id) {
            *place = Arc::clone(decision);
        }
    }

    /// Learns from what a model said.
    fn teach(
        &mut self,
        learned: &mut Learned,
        decision: &Decision,
        occasion: Occasion,
        rule: u64,
        name: impl FnOnce() -> String,
    ) {
        if decision.decider != Decider::Llm {
            return;
        }
        let side = Side::of(decision.verdict);
        if side == Side::Hostile && self.book.teaches(occasion.is_hot) {
            learned.add(rule, &name(), occasion.is_hot, true, 1.0);
        } else if side == Side::Benign && !learned.is_empty() {
            learned.peak(rule, &name(), self.book.in_hour());
        }
    }

    /// Takes in what somebody said who was asked.
    fn told(&mut self, reuse: &mut Reuse, decision: &Arc<Decision>, occasion: Occasion) {
        let Occasion { time, why, place, values, .. } = occasion;
        let side = Side::of(decision.verdict);
        if reuse.answered(&mut self.book, place, time, side, why) || self.current.is_none() {
            self.current = Some(Arc::clone(decision));
        }
        if self.book.is_watched() {
            self.book.notes.add(side, values);
            if self.book.is_stopped() && self.parted_by.is_none() && place.part == 0 {
                self.parted_by = self.book.notes.best();
            }
        }
    }
}

/// The id of a decision: the same for the same decision, so that a run that is repeated does not add to the store.
fn decision_id(place: Place, version: &str, (time, nth): (i64, u32), why: &str) -> i64 {
    let mut bytes = Vec::with_capacity(48);
    bytes.extend_from_slice(&place.pattern.to_le_bytes());
    bytes.extend_from_slice(&place.part.to_le_bytes());
    bytes.extend_from_slice(version.as_bytes());
    bytes.extend_from_slice(&time.to_le_bytes());
    bytes.extend_from_slice(&nth.to_le_bytes());
    bytes.extend_from_slice(why.as_bytes());
    short_id(&bytes)
}
