//! What a service keeps beside alerts: requests, tokens, choices, runs, and what is to be delivered.

use super::Answer;
use crate::{ChoiceRow, ChoiceSearch, Deliveries, Outbox, RequestRow, RunRow, StoredDelivery, TokenRow};
use std::collections::BTreeMap;

/// Requests that were answered.
pub trait RequestRecords: Send + Sync {
    /// The request with this key, if it was answered.
    fn request(&self, key: [u8; 32]) -> Answer<'_, Option<RequestRow>>;

    /// Forgets requests that were answered before this moment, at most 10,000 of them; says how many.
    fn forget_requests(&self, before: i64) -> Answer<'_, u64>;
}

/// Tokens of the API.
pub trait TokenRecords: Send + Sync {
    /// Keeps a token; its number.
    fn put_token<'a>(&'a self, token: &'a TokenRow) -> Answer<'a, i64>;

    /// All tokens, the oldest first, revoked ones too.
    fn tokens(&self) -> Answer<'_, Vec<TokenRow>>;

    /// Revokes the tokens of this name that still hold; says how many those are.
    fn revoke_tokens<'a>(&'a self, name: &'a str, now: i64) -> Answer<'a, u64>;
}

/// The log of choices.
pub trait ChoiceRecords: Send + Sync {
    /// An entry by its number.
    fn choice(&self, id: i64) -> Answer<'_, Option<ChoiceRow>>;

    /// The next entries, the latest first; `after` is the moment and number of the last one of the page before.
    fn choices<'a>(
        &'a self,
        search: &'a ChoiceSearch,
        after: Option<(i64, i64)>,
        limit: u32,
    ) -> Answer<'a, Vec<ChoiceRow>>;

    /// The entries about these alerts, the latest first; at most 5,000.
    fn choices_about<'a>(&'a self, alerts: &'a [String]) -> Answer<'a, Vec<ChoiceRow>>;

    /// Says how a choice ended; `None` takes that back. Whether there is such an entry.
    fn put_outcome<'a>(&'a self, id: i64, outcome: Option<&'a str>, now: i64) -> Answer<'a, bool>;
}

/// Summaries of runs.
pub trait RunRecords: Send + Sync {
    /// Keeps a run's summary; its number. The oldest beyond 1,000 go.
    fn put_run<'a>(&'a self, started_at: i64, summary: &'a str) -> Answer<'a, i64>;

    /// A run by its number, or the last one.
    fn run(&self, id: Option<i64>) -> Answer<'_, Option<RunRow>>;
}

/// What is to be delivered to webhooks, in the order in which it came about.
pub trait OutboxRecords: Send + Sync {
    /// Writes deliveries on their own, as far as there is room for them; the rest is counted as dropped.
    fn put_deliveries<'a>(&'a self, deliveries: &'a Deliveries, now: i64) -> Answer<'a, ()>;

    /// The delivery that is next for a target.
    fn next_delivery<'a>(&'a self, target: &'a str) -> Answer<'a, Option<StoredDelivery>>;

    /// The dead deliveries of a target, oldest first, from the one after `after`.
    fn dead_deliveries<'a>(
        &'a self,
        target: &'a str,
        after: i64,
        limit: usize,
    ) -> Answer<'a, Vec<StoredDelivery>>;

    /// The receiver has it.
    fn delivered(&self, id: i64) -> Answer<'_, ()>;

    /// It failed, and is to be tried again at a moment. `attempts` is how often it has failed by now.
    fn delivery_failed<'a>(&'a self, id: i64, attempts: u32, next_at: i64, error: &'a str) -> Answer<'a, ()>;

    /// It can't be delivered. Of the dead of a target, the oldest beyond 1,000 go.
    fn delivery_died<'a>(&'a self, id: i64, attempts: u32, error: &'a str) -> Answer<'a, ()>;

    /// Lets the dead deliveries of a target wait again, after what waits already; says how many those are.
    fn revive_deliveries<'a>(&'a self, target: &'a str, now: i64) -> Answer<'a, u64>;

    /// How it stands with every target that ever had something to be delivered.
    fn outboxes(&self) -> Answer<'_, BTreeMap<String, Outbox>>;
}
