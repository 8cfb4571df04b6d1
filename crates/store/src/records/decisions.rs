//! Decisions on patterns, and what analysts said in their place.

use super::Answer;
use crate::{AnalystDecisionRow, AnalystWordRow, ChoiceRow, DecisionRow, Deliveries, Overridden};
use std::sync::Arc;

/// What a verdict and a severity add to an alert's priority: whoever judges knows.
pub type Weighing = Arc<dyn Fn(u8, u8) -> f64 + Send + Sync>;
/// The number of the decision that stands for an analyst's verdict on a pattern.
pub type AnalystsId = Arc<dyn Fn(u8) -> i64 + Send + Sync>;

/// Decisions on patterns.
pub trait DecisionRecords: Send + Sync {
    /// A decision by its number.
    fn decision(&self, id: i64) -> Answer<'_, Option<DecisionRow>>;

    /// The decisions on a pattern that hold at this moment, the latest first; at most 64.
    fn decisions_at(&self, pattern: i64, time: i64) -> Answer<'_, Vec<DecisionRow>>;

    /// What was decided on a pattern, the latest first.
    fn decisions_on(&self, pattern: i64, limit: u32) -> Answer<'_, Vec<DecisionRow>>;

    /// The numbers of all decisions that this decider made, in order.
    fn decisions_by(&self, decider: u8) -> Answer<'_, Vec<i64>>;

    /// Keeps a decision, so that alerts can refer to it.
    fn keep_decision<'a>(&'a self, decision: &'a DecisionRow) -> Answer<'a, ()>;

    /// Moves the alerts of a decision, and their pattern, in the queue, now that the decision says something else than this verdict
    /// and severity.
    fn answered_late(
        &self,
        decision: i64,
        pattern: i64,
        before: (u8, u8),
        weight: Weighing,
    ) -> Answer<'_, ()>;
}

/// What analysts said of patterns.
pub trait WordRecords: Send + Sync {
    /// Every decision that analysts made and that still holds, oldest first; at most the latest 100,000.
    fn analyst_decisions(&self) -> Answer<'_, Vec<AnalystDecisionRow>>;

    /// The latest verdict that an analyst gave on a pattern, if it was not taken back.
    fn analyst_decision(&self, pattern_key: [u8; 16]) -> Answer<'_, Option<u8>>;

    /// What analysts said of a pattern, the latest first, also what they took back.
    fn words_on(&self, pattern_key: [u8; 16], limit: u32) -> Answer<'_, Vec<AnalystWordRow>>;

    /// Records what an analyst decided on a pattern, puts it on every stored alert of the pattern, enters the choice into the log,
    /// and what is to be delivered of it into the outbox: all or nothing.
    fn decide<'a>(
        &'a self,
        by: &'a AnalystDecisionRow,
        decision: &'a DecisionRow,
        choice: Option<&'a ChoiceRow>,
        deliveries: &'a Deliveries,
        weight: Weighing,
    ) -> Answer<'a, Overridden>;

    /// Takes back what an analyst said last of a pattern. What an analyst said before holds again, `analysts_id` telling its
    /// decision from its verdict; or else what the other deciders, whose number is not `decider`, said at the time of each
    /// alert. `None` if there is nothing to take back.
    fn undo(
        &self,
        pattern: i64,
        analysts_id: AnalystsId,
        decider: u8,
        weight: Weighing,
    ) -> Answer<'_, Option<Overridden>>;

    /// Puts on every alert of a pattern what holds for it, as taking back does; for alerts that came since then.
    fn settle(&self, pattern: i64, analysts_id: AnalystsId, decider: u8, weight: Weighing) -> Answer<'_, ()>;
}
