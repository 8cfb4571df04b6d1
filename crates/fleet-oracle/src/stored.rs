//! What the tables hold, asked of the server by no proxy and by nobody's code but this.

use crate::error::OracleError;
use crate::log::{AlertId, Decided};
use futures_util::TryStreamExt;
use std::collections::HashMap;
use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls, Row};

/// What the tables hold.
#[derive(Debug, Default)]
pub struct Stored {
    /// Alerts, each with the decisions of its rows: `None` where the row's decision is not there.
    pub alerts: HashMap<AlertId, Vec<Option<Decided>>>,
    /// Dead letters.
    pub dead: Vec<AlertId>,
    /// Questions that wait for an answer.
    pub questions: u64,
}

/// A connection to a database. It ends when this is dropped.
pub struct Database {
    /// The connection.
    pub client: Client,
    _task: JoinSet<()>,
}

/// Connects to `database`, or to the one that the address names.
pub async fn connect(url: &str, database: Option<&str>) -> Result<Database, OracleError> {
    let failed = |source| OracleError::Postgres { doing: "connect to PostgreSQL", source };
    let mut config: tokio_postgres::Config = url.parse().map_err(failed)?;
    if let Some(database) = database {
        config.dbname(database);
    }
    let (client, connection) = config.connect(NoTls).await.map_err(failed)?;
    let mut task = JoinSet::new();
    task.spawn(async move {
        // What went wrong is told to whoever waits for an answer.
        let _ = connection.await;
    });
    Ok(Database { client, _task: task })
}

/// Reads the tables in this schema.
pub async fn read(client: &Client, schema: &str) -> Result<Stored, OracleError> {
    let failed = |doing| move |source| OracleError::Postgres { doing, source };
    let mut stored = Stored::default();
    let alerts = failed("read the alerts");
    let text = format!(
        "SELECT s.tag, a.ordinal, d.verdict, d.severity, d.decider FROM {schema}.alerts a
         JOIN {schema}.sources s ON s.id = a.source LEFT JOIN {schema}.decisions d ON d.id = a.decision"
    );
    let rows = client.query_raw(&text, Vec::<i64>::new()).await.map_err(alerts)?;
    let mut rows = std::pin::pin!(rows);
    while let Some(row) = rows.try_next().await.map_err(alerts)? {
        let id = id(&row).map_err(alerts)?;
        let number = |place| row.try_get::<_, Option<i16>>(place);
        let (verdict, severity, decider) =
            (number(2).map_err(alerts)?, number(3).map_err(alerts)?, number(4).map_err(alerts)?);
        let small = |number: Option<i16>| u8::try_from(number.unwrap_or_default()).unwrap_or_default();
        let decided = verdict.map(|_| Decided {
            verdict: small(verdict),
            severity: small(severity),
            decider: small(decider),
        });
        stored.alerts.entry(id).or_default().push(decided);
    }
    let dead = failed("read the dead letters");
    let text = format!(
        "SELECT s.tag, d.ordinal FROM {schema}.dead_letters d JOIN {schema}.sources s ON s.id = d.source"
    );
    for row in client.query(&text, &[]).await.map_err(dead)? {
        stored.dead.push(id(&row).map_err(dead)?);
    }
    let questions = failed("count the questions");
    let row = client
        .query_one(&format!("SELECT count(*) FROM {schema}.questions"), &[])
        .await
        .map_err(questions)?;
    stored.questions = u64::try_from(row.try_get::<_, i64>(0).map_err(questions)?).unwrap_or_default();
    Ok(stored)
}

/// The tag and the ordinal that a row begins with. A tag of another length is none of a source's, and no verdict has it.
fn id(row: &Row) -> Result<AlertId, tokio_postgres::Error> {
    let (tag, ordinal): (&[u8], i64) = (row.try_get(0)?, row.try_get(1)?);
    Ok(AlertId { tag: tag.try_into().unwrap_or_default(), ordinal: ordinal.cast_unsigned() })
}
