//! Users' measurements on PostgreSQL.
//!
//! A batch is two statements, however many users it has: one reads `name = ANY($1)`, one writes arrays of names,
//! versions and values. Both are prepared once on each connection, and each is a transaction of its own, so a batch is two
//! exchanges with the server. See `statements` for how one statement keeps two instances out of each other's way.

mod statements;

use crate::failure::Doing;
use crate::{Postgres, PostgresError, PostgresSettings};
use statements::Statements;
use std::collections::HashMap;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};
use watchfire_store::measurements::admission::{Admission, check_user, stretches};
use watchfire_store::measurements::{
    MOST_USERS, MeasurementStore, StoredUser, UserFailure, UserWrite, Waiting,
};

/// Users' values in a PostgreSQL database. Its calls need the tokio runtime in which it was connected.
#[derive(Debug)]
pub struct PostgresMeasurements {
    postgres: Postgres,
    statements: Statements,
}

impl PostgresMeasurements {
    /// Connects, and brings the tables to the current version. Of several instances that do so at once, one makes them.
    pub async fn connect(settings: &PostgresSettings) -> Result<Self, PostgresError> {
        Ok(Self::of(Postgres::connect(settings).await?))
    }

    /// Over connections that others use too.
    pub fn of(postgres: Postgres) -> Self {
        let statements = Statements::of(postgres.schema());
        Self { postgres, statements }
    }

    /// Asks one prepared statement.
    async fn ask(
        &self,
        doing: Doing,
        text: &str,
        types: &[Type],
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, UserFailure> {
        Ok(self.postgres.ask(doing, text, types, values).await?)
    }

    /// Writes these users, in the order of their names; answers in the order of `writes`.
    async fn write(&self, writes: &[&UserWrite]) -> Vec<Result<u64, UserFailure>> {
        let mut answers = vec![Err(UserFailure::Conflict); writes.len()];
        let places: HashMap<&[u8], usize> =
            writes.iter().enumerate().map(|(place, write)| (write.user.as_bytes(), place)).collect();
        // A version beyond bigint was never given: such a write is a conflict without being asked for.
        let mut ordered: Vec<(&UserWrite, i64)> = writes
            .iter()
            .filter_map(|write| Some((*write, i64::try_from(write.from.checked_add(1)?).ok()?)))
            .collect();
        ordered.sort_unstable_by_key(|(write, _)| write.user.as_bytes());
        for stretch in stretches(ordered.iter().map(|(write, _)| write.value.len())) {
            let part = &ordered[stretch];
            let names: Vec<&[u8]> = part.iter().map(|(write, _)| write.user.as_bytes()).collect();
            let versions: Vec<i64> = part.iter().map(|(_, version)| *version).collect();
            let values: Vec<&[u8]> = part.iter().map(|(write, _)| write.value.as_slice()).collect();
            let types = [Type::BYTEA_ARRAY, Type::INT8_ARRAY, Type::BYTEA_ARRAY];
            let saved =
                self.ask(Doing::Writing, &self.statements.save, &types, &[&names, &versions, &values]).await;
            match saved {
                Ok(rows) => {
                    for row in rows {
                        let (Ok(name), Ok(version)) = (row.try_get::<_, &[u8]>(0), row.try_get::<_, i64>(1))
                        else {
                            continue;
                        };
                        if let Some(place) = places.get(name) {
                            answers[*place] = Ok(version as u64);
                        }
                    }
                }
                Err(failure) => {
                    for name in names {
                        answers[places[name]] = Err(failure.clone());
                    }
                }
            }
        }
        answers
    }
}

impl MeasurementStore for PostgresMeasurements {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn load<'a>(&'a self, users: &'a [String]) -> Waiting<'a, Vec<Result<Option<StoredUser>, UserFailure>>> {
        Box::pin(async move {
            let admission = Admission::of_users(users);
            if admission.asked.is_empty() {
                return admission.answers([]);
            }
            let names: Vec<&[u8]> = admission.asked.iter().map(|place| users[*place].as_bytes()).collect();
            let loaded =
                self.ask(Doing::Reading, &self.statements.load, &[Type::BYTEA_ARRAY], &[&names]).await;
            let answers = match loaded.and_then(|rows| read(&names, &rows)) {
                Ok(found) => found.into_iter().map(Ok).collect(),
                Err(failure) => vec![Err(failure); names.len()],
            };
            admission.answers(answers)
        })
    }

    fn save<'a>(&'a self, writes: &'a [UserWrite]) -> Waiting<'a, Vec<Result<u64, UserFailure>>> {
        Box::pin(async move {
            let admission = Admission::of_writes(writes);
            let asked: Vec<&UserWrite> = admission.asked.iter().map(|place| &writes[*place]).collect();
            let answers = self.write(&asked).await;
            admission.answers(answers)
        })
    }

    fn users(
        &self,
        after: Option<String>,
        limit: usize,
    ) -> Waiting<'_, Result<(Vec<String>, Option<String>), UserFailure>> {
        Box::pin(async move {
            let limit = limit.clamp(1, MOST_USERS);
            // No name is empty, so all come after the empty one.
            let after = after.unwrap_or_default();
            let types = [Type::BYTEA, Type::INT8];
            let rows = self
                .ask(Doing::Reading, &self.statements.list, &types, &[&after.as_bytes(), &(limit as i64)])
                .await?;
            let mut users = Vec::with_capacity(rows.len());
            for row in &rows {
                let name: Vec<u8> = row.try_get(0).map_err(|error| unreadable(&error))?;
                let user = String::from_utf8(name).map_err(|error| unreadable(&error))?;
                users.push(user);
            }
            let next = if users.len() < limit { None } else { users.last().cloned() };
            Ok((users, next))
        })
    }

    fn remove<'a>(&'a self, user: &'a str) -> Waiting<'a, Result<bool, UserFailure>> {
        Box::pin(async move {
            check_user(user).map_err(UserFailure::Refused)?;
            let values: &[&(dyn ToSql + Sync)] = &[&user.as_bytes()];
            let rows = self.ask(Doing::Writing, &self.statements.remove, &[Type::BYTEA], values).await?;
            Ok(!rows.is_empty())
        })
    }
}

/// What was read of these names, in their order.
fn read(names: &[&[u8]], rows: &[Row]) -> Result<Vec<Option<StoredUser>>, UserFailure> {
    let places: HashMap<&[u8], usize> =
        names.iter().enumerate().map(|(place, name)| (*name, place)).collect();
    let mut found = vec![None; names.len()];
    for row in rows {
        let name: &[u8] = row.try_get(0).map_err(|error| unreadable(&error))?;
        let version: i64 = row.try_get(1).map_err(|error| unreadable(&error))?;
        let value: Vec<u8> = row.try_get(2).map_err(|error| unreadable(&error))?;
        if let Some(place) = places.get(name) {
            found[*place] = Some(StoredUser { version: version as u64, value });
        }
    }
    Ok(found)
}

fn unreadable(error: &dyn std::error::Error) -> UserFailure {
    UserFailure::Refused(format!("the table holds what can't be read: {error}"))
}
