//! What is known of indicators and rules: what lists and services said, and what is learned from.

use super::Answer;
use crate::{LedgerRow, ReputationRow, ServiceAnswerRow, ToldRow};

/// What lists said of indicators.
pub trait ReputationRecords: Send + Sync {
    /// What was said by this version of the lists, at most `limit` indicators.
    fn reputations(&self, version: [u8; 16], limit: usize) -> Answer<'_, Vec<ReputationRow>>;

    /// Keeps what this version of the lists said.
    fn put_reputations<'a>(&'a self, version: [u8; 16], rows: &'a [ReputationRow]) -> Answer<'a, ()>;
}

/// What services said of indicators.
pub trait ServiceAnswerRecords: Send + Sync {
    /// The newest answers, at most `limit`, whether they still hold or not.
    fn service_answers(&self, limit: usize) -> Answer<'_, Vec<ServiceAnswerRow>>;

    /// Whether anybody said anything.
    fn has_service_answers(&self) -> Answer<'_, bool>;

    /// Keeps answers and what the calls for them took: all or nothing.
    fn put_service_answers<'a>(
        &'a self,
        answers: &'a [ServiceAnswerRow],
        ledger: &'a [LedgerRow],
    ) -> Answer<'a, ()>;

    /// Forgets answers that ceased to hold before `until`; says how many.
    fn forget_service_answers(&self, until: i64) -> Answer<'_, u64>;
}

/// Verdicts that are learned from, and rules that are not.
pub trait LearningRecords: Send + Sync {
    /// What models said, the latest answers, in the order of the alerts.
    fn told(&self, limit: u32) -> Answer<'_, Vec<ToldRow>>;

    /// Does not learn any more from what was said of a rule before this moment; of all rules if the name is empty.
    fn forget<'a>(&'a self, rule: &'a str, before: i64) -> Answer<'a, ()>;

    /// Rules that are not learned from, and until when.
    fn forgotten(&self) -> Answer<'_, Vec<(String, i64)>>;
}
