//! Users' values in the store's SQLite file: one statement reads a batch, one writes it.
//!
//! A list of values of any length is a statement of its own to SQLite, so lists are filled up with nulls to the next power
//! of two: eleven texts at most are prepared, and then kept. A write is one `INSERT … ON CONFLICT` without a transaction
//! around it: a statement alone is its own transaction, and durable (`synchronous=FULL`) once its last row was read.
//!
//! SQLite blocks, so each call runs on one of the runtime's threads for that, and takes its own copy of what it writes.

use super::admission::{Admission, check_user, stretches};
use super::{MOST_USERS, MeasurementStore, StoredUser, UserFailure, UserWrite, Waiting};
use crate::{Store, StoreError};
use rusqlite::params_from_iter;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// When to come again where another process writes to the file: it was waited for long enough already.
const BUSY_AFTER: Duration = Duration::from_millis(100);

/// Users' values in a [`Store`]. Its calls need a tokio runtime around them.
#[derive(Debug, Clone)]
pub struct SqliteMeasurements {
    store: Arc<Store>,
}

impl SqliteMeasurements {
    /// In this store, beside everything else that is in it.
    pub fn new(store: Arc<Store>) -> Self {
        Self { store }
    }

    /// Runs work on a thread that may block. It learns from `Caller` whether anybody still waits for it. `None` if it
    /// gave no answer, since it panicked or the runtime ends.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store, &Caller<T>) -> T + Send + 'static,
    ) -> Option<T> {
        let (sender, receiver) = oneshot::channel();
        let store = Arc::clone(&self.store);
        drop(tokio::task::spawn_blocking(move || {
            let caller = Caller(sender);
            if caller.is_gone() {
                return;
            }
            let answer = work(&store, &caller);
            // Who no longer waits does not need it.
            let _ = caller.0.send(answer);
        }));
        receiver.await.ok()
    }
}

/// Who waits for an answer.
struct Caller<T>(oneshot::Sender<T>);

impl<T> Caller<T> {
    fn is_gone(&self) -> bool {
        self.0.is_closed()
    }
}

impl MeasurementStore for SqliteMeasurements {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    fn load<'a>(&'a self, users: &'a [String]) -> Waiting<'a, Vec<Result<Option<StoredUser>, UserFailure>>> {
        Box::pin(async move {
            let admission = Admission::of_users(users);
            let names: Vec<String> = admission.asked.iter().map(|place| users[*place].clone()).collect();
            let count = names.len();
            let read = self.run(move |store, caller| read(store, &names, &|| caller.is_gone())).await;
            let answers: Vec<_> = match read {
                Some(Ok(found)) => found.into_iter().map(Ok).collect(),
                Some(Err(error)) => vec![Err(not_done(&error)); count],
                None => vec![Err(UserFailure::Failed("the reading ended".to_owned())); count],
            };
            admission.answers(answers)
        })
    }

    fn save<'a>(&'a self, writes: &'a [UserWrite]) -> Waiting<'a, Vec<Result<u64, UserFailure>>> {
        Box::pin(async move {
            let admission = Admission::of_writes(writes);
            let asked: Vec<UserWrite> = admission.asked.iter().map(|place| writes[*place].clone()).collect();
            let count = asked.len();
            let saved = self.run(move |store, _| write_all(store, &asked)).await;
            let lost =
                || vec![Err(UserFailure::Lost("the writing ended without an answer".to_owned())); count];
            admission.answers(saved.unwrap_or_else(lost))
        })
    }

    fn users(
        &self,
        after: Option<String>,
        limit: usize,
    ) -> Waiting<'_, Result<(Vec<String>, Option<String>), UserFailure>> {
        Box::pin(async move {
            let limit = limit.clamp(1, MOST_USERS);
            match self.run(move |store, _| list(store, after.as_deref(), limit)).await {
                Some(Ok(users)) => {
                    let next = if users.len() < limit { None } else { users.last().cloned() };
                    Ok((users, next))
                }
                Some(Err(error)) => Err(not_done(&error)),
                None => Err(UserFailure::Failed("the reading ended".to_owned())),
            }
        })
    }

    fn remove<'a>(&'a self, user: &'a str) -> Waiting<'a, Result<bool, UserFailure>> {
        Box::pin(async move {
            check_user(user).map_err(UserFailure::Refused)?;
            let user = user.to_owned();
            match self.run(move |store, _| take_away(store, &user)).await {
                Some(removed) => removed.map_err(|error| not_known(&error)),
                None => Err(UserFailure::Lost("the removal ended without an answer".to_owned())),
            }
        })
    }
}

/// Reads these users, in their order; stops early, with what it has, where nobody waits for it any more.
fn read(
    store: &Store,
    users: &[String],
    is_gone: &dyn Fn() -> bool,
) -> Result<Vec<Option<StoredUser>>, StoreError> {
    let mut found = vec![None; users.len()];
    if users.is_empty() {
        return Ok(found);
    }
    let places: HashMap<&str, usize> =
        users.iter().enumerate().map(|(place, user)| (user.as_str(), place)).collect();
    let room = users.len().next_power_of_two();
    let connection = store.reader();
    let mut statement = connection.prepare_cached(&load_text(room))?;
    let names = users.iter().map(Some).chain(std::iter::repeat_n(None, room - users.len()));
    let mut rows = statement.query(params_from_iter(names))?;
    while let Some(row) = rows.next()? {
        if is_gone() {
            break;
        }
        let Some(place) = places.get(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?) else {
            continue;
        };
        found[*place] = Some(StoredUser { version: row.get::<_, i64>(1)? as u64, value: row.get(2)? });
    }
    Ok(found)
}

/// Writes these users, as many in one statement as its bound on bytes allows. Each statement is done as a whole or not at all.
fn write_all(store: &Store, writes: &[UserWrite]) -> Vec<Result<u64, UserFailure>> {
    let mut answers = Vec::with_capacity(writes.len());
    for stretch in stretches(writes.iter().map(|write| write.value.len())) {
        let writes = &writes[stretch];
        match write(store, writes) {
            Ok(versions) => {
                answers.extend(versions.into_iter().map(|version| version.ok_or(UserFailure::Conflict)));
            }
            Err(error) => answers.extend(std::iter::repeat_n(Err(not_known(&error)), writes.len())),
        }
    }
    answers
}

/// The versions that these users have now, or `None` where the store has another than the one worked from.
fn write(store: &Store, writes: &[UserWrite]) -> Result<Vec<Option<u64>>, StoreError> {
    let mut versions = vec![None; writes.len()];
    let places: HashMap<&str, usize> =
        writes.iter().enumerate().map(|(place, write)| (write.user.as_str(), place)).collect();
    let room = writes.len().next_power_of_two();
    let connection = store.writer();
    let mut statement = connection.prepare_cached(&save_text(room))?;
    // What is not bound is null, and a row without a name is left out.
    for (index, write) in writes.iter().enumerate() {
        // A version beyond what SQLite's integers hold was never given: its row is left out, which makes it a conflict.
        let Some(version) = write.from.checked_add(1).and_then(|next| i64::try_from(next).ok()) else {
            continue;
        };
        statement.raw_bind_parameter(3 * index + 1, &write.user)?;
        statement.raw_bind_parameter(3 * index + 2, version)?;
        statement.raw_bind_parameter(3 * index + 3, &write.value)?;
    }
    let mut rows = statement.raw_query();
    // The statement commits when its last row was read, so an error at the end takes all of it back.
    while let Some(row) = rows.next()? {
        if let Some(place) = places.get(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?) {
            versions[*place] = Some(row.get::<_, i64>(1)? as u64);
        }
    }
    Ok(versions)
}

fn list(store: &Store, after: Option<&str>, limit: usize) -> Result<Vec<String>, StoreError> {
    let connection = store.reader();
    // No name is empty, so all come after the empty one.
    let mut statement = connection
        .prepare_cached("SELECT user FROM measured_users WHERE user > ?1 ORDER BY user LIMIT ?2")?;
    let rows = statement.query_map((after.unwrap_or(""), limit as i64), |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn take_away(store: &Store, user: &str) -> Result<bool, StoreError> {
    let connection = store.writer();
    let mut statement = connection.prepare_cached("DELETE FROM measured_users WHERE user = ?1")?;
    Ok(statement.execute([user])? > 0)
}

fn load_text(room: usize) -> String {
    let places = vec!["?"; room].join(",");
    format!("SELECT user, version, value FROM measured_users WHERE user IN ({places})")
}

/// A row is inserted where none was known and none is there, and replaced where the version is the one worked from. The same
/// write again finds its own version and value, and is answered as the first was.
fn save_text(room: usize) -> String {
    let rows = vec!["(?,?,?)"; room].join(",");
    format!(
        "INSERT INTO measured_users (user, version, value)
         SELECT column1, column2, column3 FROM (VALUES {rows})
         WHERE column1 IS NOT NULL
             AND (column2 = 1 OR EXISTS (SELECT 1 FROM measured_users WHERE user = column1))
         ON CONFLICT (user) DO UPDATE SET version = excluded.version, value = excluded.value
         WHERE version = excluded.version - 1 OR (version = excluded.version AND value = excluded.value)
         RETURNING user, version"
    )
}

/// What it means for a user that the store could not be read.
fn not_done(error: &StoreError) -> UserFailure {
    match error {
        StoreError::Busy(_) => UserFailure::Throttled { after: Some(BUSY_AFTER) },
        other => UserFailure::Failed(with_source(other)),
    }
}

/// What it means for a user that a write to the store failed. Where the disk fails as the log is brought to it, nobody can say
/// what a restart will find there.
fn not_known(error: &StoreError) -> UserFailure {
    match error {
        StoreError::Full(source)
            if source.sqlite_error_code() == Some(rusqlite::ErrorCode::SystemIoFailure) =>
        {
            UserFailure::Lost(with_source(error))
        }
        other => not_done(other),
    }
}

fn with_source(error: &StoreError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
