//! Connections, lent for one call each, and bounded in time.
//!
//! A connection that is not known to be as it was before is closed: where a statement failed, where no answer came, where
//! nobody waited for it any more. An unfinished transaction ends with it.

use crate::failure::{self, Doing, Failure};
use crate::{PostgresError, PostgresSettings, schema};
use deadpool_postgres::{Object, Pool};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Row, Statement};

/// A database with Watchfire's tables, and the connections to it. Clones share them. Its calls need the tokio runtime in
/// which it was connected.
#[derive(Debug, Clone)]
pub struct Postgres {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    pool: Pool,
    schema: String,
    /// For a connection: a free one, or a new one.
    wait: Duration,
    /// For the server's answer, where it gives none although its own timeout has passed.
    answer: Duration,
}

impl Postgres {
    /// Connects, and brings the tables to the current version. Of several instances that do so at once, one makes them.
    pub async fn connect(settings: &PostgresSettings) -> Result<Self, PostgresError> {
        let pool = settings.pool()?;
        let wait = settings.wait_timeout + settings.connect_timeout;
        let mut connection = timeout(wait, pool.get())
            .await
            .map_err(|_| PostgresError::Late { after: wait })?
            .map_err(|source| PostgresError::Connect { source: Box::new(source) })?;
        schema::migrate(&mut connection, &settings.schema).await?;
        drop(connection);
        let answer = settings.statement_timeout + settings.connect_timeout;
        let shared = Shared { pool, schema: settings.schema.clone(), wait, answer };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The schema's name, which needs no quoting. Each connection looks for tables there first.
    pub(crate) fn schema(&self) -> &str {
        &self.shared.schema
    }

    /// A connection for one call.
    pub(crate) async fn lend(&self) -> Result<Lent, Failure> {
        match timeout(self.shared.wait, self.shared.pool.get()).await {
            Ok(Ok(connection)) => Ok(Lent { connection: Some(connection), answer: self.shared.answer }),
            Ok(Err(error)) => Err(failure::of_pool(&error)),
            Err(_) => Err(Failure::Throttled),
        }
    }

    /// Asks one statement, which is prepared once on each connection.
    pub(crate) async fn ask(
        &self,
        doing: Doing,
        text: &str,
        types: &[Type],
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failure> {
        let lent = self.lend().await?;
        let prepared = lent.prepare(text, types).await?;
        match timeout(lent.answer, lent.client()?.query(&prepared, values)).await {
            Ok(Ok(rows)) => {
                lent.give_back();
                Ok(rows)
            }
            Ok(Err(error)) => {
                if failure::leaves_connection(&error) {
                    lent.give_back();
                }
                Err(failure::of(&error, doing))
            }
            Err(_) => Err(failure::without_answer(doing, lent.answer)),
        }
    }
}

/// A connection for one call. Unless it is given back, it is closed: an unfinished statement would keep the next one waiting.
pub(crate) struct Lent {
    /// Always there until it is given back or dropped.
    connection: Option<Object>,
    answer: Duration,
}

impl Lent {
    /// From now on its answers are waited for so long, as a statement of maintenance needs.
    pub(crate) fn wait_for(&mut self, answer: Duration) {
        self.answer = answer;
    }

    /// A statement, prepared once on each connection. Nothing is done by it.
    pub(crate) async fn prepare(&self, text: &str, types: &[Type]) -> Result<Statement, Failure> {
        match timeout(self.answer, self.client()?.prepare_typed_cached(text, types)).await {
            Ok(prepared) => prepared.map_err(|error| failure::of(&error, Doing::Reading)),
            Err(_) => Err(failure::without_answer(Doing::Reading, self.answer)),
        }
    }

    /// Asks a prepared statement. Several may be asked at once: the server does them in the order in which they were polled first.
    pub(crate) async fn query(
        &self,
        doing: Doing,
        prepared: &Statement,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failure> {
        match timeout(self.answer, self.client()?.query(prepared, values)).await {
            Ok(rows) => rows.map_err(|error| failure::of(&error, doing)),
            Err(_) => Err(failure::without_answer(doing, self.answer)),
        }
    }

    /// Asks one statement of a transaction, of which nothing is done before it is committed.
    pub(crate) async fn ask(
        &self,
        text: &str,
        types: &[Type],
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failure> {
        let prepared = self.prepare(text, types).await?;
        self.query(Doing::Reading, &prepared, values).await
    }

    /// Does statements without values and answers, such as those that begin or end a transaction.
    pub(crate) async fn batch(&self, doing: Doing, text: &str) -> Result<(), Failure> {
        match timeout(self.answer, self.client()?.batch_execute(text)).await {
            Ok(done) => done.map_err(|error| failure::of(&error, doing)),
            Err(_) => Err(failure::without_answer(doing, self.answer)),
        }
    }

    /// It is as it was before: no transaction is open, no answer is awaited.
    pub(crate) fn give_back(mut self) {
        self.connection = None;
    }

    /// The connection itself, for what this type does not have, such as COPY.
    pub(crate) fn client(&self) -> Result<&Object, Failure> {
        self.connection.as_ref().ok_or_else(|| Failure::Failed("the connection is closed".to_owned()))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(Object::take(connection));
        }
    }
}
