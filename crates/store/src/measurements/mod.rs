//! What is known of users' measurements: one narrow trait, and the stores that keep it.
//!
//! The unit is a user: all their metrics are read and written together, as one value that the store does not understand. So a
//! batch of 500 measurements of 100 users is one read and one write wherever a store can do many at once, and one user's
//! states always agree with each other. What a measurement came to stands in that value too: there is no second record
//! that could disagree with it, and none to pay for.
//!
//! Versions make writing exact: a write names the version that it was worked out from, and changes nothing where the store
//! has another by now. Who finds that out loads again and works it out again. So two writers on one user can't lose each
//! other's work, and a write that is sent again after a lost answer is found to be done.

pub mod admission;
mod sqlite;
#[cfg(any(test, feature = "suite"))]
pub mod suite;

pub use sqlite::SqliteMeasurements;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// Bytes of a user's name at most.
pub const MOST_USER_BYTES: usize = 256;
/// Bytes of a user's value at most, as it is stored: what DynamoDB allows an item (400 KB), with room for the rest of it.
pub const MOST_VALUE_BYTES: usize = 380 * 1024;
/// Users in one call at most; a store parts it further where its server wants that.
pub const MOST_USERS: usize = 1_000;

/// What a store has of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredUser {
    /// How often it was written; 1 at first.
    pub version: u64,
    /// The value, as it was written.
    pub value: Vec<u8>,
}

/// A value to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserWrite {
    /// Whose.
    pub user: String,
    /// The version that it was worked out from; 0 where there was none.
    pub from: u64,
    /// The value: at most [`MOST_VALUE_BYTES`].
    pub value: Vec<u8>,
}

/// What came of reading or writing one user. One user's failure is nobody else's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UserFailure {
    /// The store has another version by now: load again.
    #[error("somebody else wrote this user meanwhile")]
    Conflict,
    /// The store has no room or no time for it now, and says so; nothing was done.
    #[error("the store wants less at once")]
    Throttled {
        /// When to come again, if it says.
        after: Option<Duration>,
    },
    /// It is not known whether it was done: the answer was lost. Loading again tells.
    #[error("the store's answer was lost: {0}")]
    Lost(String),
    /// It was not done, and trying again may help.
    #[error("the store failed: {0}")]
    Failed(String),
    /// It was not done, and trying again does not help: the value is too long, the name is empty, the table is not there.
    #[error("the store refuses it: {0}")]
    Refused(String),
}

/// What a call is waited for with.
pub type Waiting<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A store of users' values. Every implementation passes the same suite.
pub trait MeasurementStore: Send + Sync {
    /// What it is called in messages and metrics.
    fn name(&self) -> &'static str;

    /// Reads users, at most [`MOST_USERS`], each once. One answer for each, in their order; `None` for who is not there. Dropping the
    /// future ends the reading.
    fn load<'a>(&'a self, users: &'a [String]) -> Waiting<'a, Vec<Result<Option<StoredUser>, UserFailure>>>;

    /// Writes users, at most [`MOST_USERS`], each once. One answer for each, in their order: the version that it has now. What is
    /// answered with a version is durable. Where a write with the same `from` and the same value was done before, by this or
    /// a lost call, that is a success too. Dropping the future leaves open which were done.
    fn save<'a>(&'a self, writes: &'a [UserWrite]) -> Waiting<'a, Vec<Result<u64, UserFailure>>>;

    /// Users after a name, in the order of their names' bytes where the store has one, for who goes through all of them: at most
    /// `limit`. The place to go on from, or `None` at the end.
    #[expect(
        clippy::type_complexity,
        clippy::elidable_lifetime_names,
        reason = "as the other calls are written"
    )]
    fn users<'a>(
        &'a self,
        after: Option<String>,
        limit: usize,
    ) -> Waiting<'a, Result<(Vec<String>, Option<String>), UserFailure>>;

    /// Takes a user away. Says whether there was one.
    fn remove<'a>(&'a self, user: &'a str) -> Waiting<'a, Result<bool, UserFailure>>;
}
