//! What is asked of models and services: questions, batches, what it cost, and what is kept so that limits hold.

use super::Answer;
use crate::{AnsweredRow, BatchRow, DecisionRow, LedgerRow, LedgerTotal, QuestionRow};

/// What is left to ask, and what was asked.
pub trait QuestionRecords: Send + Sync {
    /// The questions that wait and were asked in vain less often than `attempts` times, the most urgent first.
    fn questions(&self, limit: u32, attempts: u32) -> Answer<'_, Vec<QuestionRow>>;

    /// How many questions wait.
    fn question_count(&self) -> Answer<'_, u64>;

    /// What was asked for a decision; `None` if it was not kept.
    fn answered(&self, decision: i64) -> Answer<'_, Option<AnsweredRow>>;

    /// Writes what a call brought: decisions that take the place of those that left their questions open, and the lines in the
    /// ledger. `unanswered` are questions that were asked in vain; they stay. All or nothing.
    fn answer<'a>(
        &'a self,
        decisions: &'a [DecisionRow],
        unanswered: &'a [i64],
        ledger: &'a [LedgerRow],
    ) -> Answer<'a, ()>;
}

/// Batches at providers.
pub trait BatchRecords: Send + Sync {
    /// The batches of this asker that are not done, oldest first.
    fn batches<'a>(&'a self, asker: &'a str) -> Answer<'a, Vec<BatchRow>>;

    /// All batches that are not done, oldest first.
    fn all_batches(&self) -> Answer<'_, Vec<BatchRow>>;

    /// Writes a batch down, or what has become known of it.
    fn put_batch<'a>(&'a self, batch: &'a BatchRow) -> Answer<'a, ()>;

    /// Writes what a batch brought, as [`QuestionRecords::answer`] does, and takes the batch away: all of it or nothing. Whether
    /// the batch was still there; if not, nothing is written, since another process has done so.
    fn end_batch<'a>(
        &'a self,
        name: &'a str,
        decisions: &'a [DecisionRow],
        unanswered: &'a [i64],
        ledger: &'a [LedgerRow],
    ) -> Answer<'a, bool>;
}

/// What calls cost.
pub trait LedgerRecords: Send + Sync {
    /// The ledger's sums from `since` (milliseconds since 1970) to before `until`, by service, model, tier and outcome, the
    /// dearest first.
    fn ledger(&self, since: i64, until: i64) -> Answer<'_, Vec<LedgerTotal>>;
}

/// Where budgets stood.
pub trait BudgetRecords: Send + Sync {
    /// Where a budget stood, and when that was written.
    fn budget<'a>(&'a self, name: &'a str) -> Answer<'a, Option<(String, i64)>>;

    /// Keeps where a budget stands.
    fn put_budget<'a>(&'a self, name: &'a str, state: &'a str, now: i64) -> Answer<'a, ()>;
}

/// What this store knows and nobody else does.
pub trait SecretRecords: Send + Sync {
    /// A secret of this store: 32 random bytes, the same from the first time they are asked for.
    fn secret<'a>(&'a self, name: &'a str) -> Answer<'a, [u8; 32]>;
}
