//! All tables, read by page, and filled as a copy of another store's.
//!
//! Records come by `COPY … FROM STDIN (FORMAT binary)`, ten thousand in a transaction, with the note of how far the copy has
//! come in `store_copy`. A transaction of a copy is not waited for until it is on the disk: where the server falls, the last
//! ones are gone together with their notes, and the copy goes on there. The last one is waited for, and all before it with it.

use super::transaction::{Transaction, Tries};
use super::values::{self, Cell};
use super::{PostgresRecords, failed, get};
use crate::failure::{self, Doing, Failure};
use std::pin::pin;
use std::time::Duration;
use tokio::time::timeout;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::ToSql;
use watchfire_store::records::copy::{CopyTarget, PAGE_BYTES, PAGE_RECORDS, Place, RecordTables, Standing};
use watchfire_store::records::tables::{Record, TABLES, Table, Value, key_from_bytes, key_to_bytes};
use watchfire_store::records::{Answer, RecordError, SecretRecords, heads};

/// What a store's origin is a hash of.
const SECRET: &str = "store copy";
/// The lock that whoever begins a copy holds: `Wtch` and 3.
const LOCK: i64 = 0x5774_6368_0000_0003;
/// Records that are read first, to tell how long they are.
const PROBE: usize = 64;
/// How long a page may take to write, in a server that has much else to do.
const WRITING: Duration = Duration::from_secs(300);
/// What a transaction of a copy begins with; the timeout is that of `WRITING`.
const COPYING: &str = "SET LOCAL synchronous_commit = off; SET LOCAL statement_timeout = '300s'";

const NOTES: &str = "CREATE TABLE IF NOT EXISTS store_copy (
    name     text      COLLATE \"C\" PRIMARY KEY,
    origin   bytea     NOT NULL,
    records  bigint    NOT NULL,
    last     bytea,
    whole    smallint  NOT NULL
)";

/// What a column is called here.
fn column(table: &Table, name: &str) -> String {
    match (table.name, name) {
        ("measured_users", "user") => "name".to_owned(),
        _ => format!("\"{name}\""),
    }
}

fn columns(table: &Table, count: usize) -> String {
    let names: Vec<String> = table.columns[..count].iter().map(|known| column(table, known.name)).collect();
    names.join(", ")
}

impl RecordTables for PostgresRecords {
    fn name(&self) -> &'static str {
        "PostgreSQL"
    }

    fn page<'a>(&'a self, table: &'static Table, after: Option<&'a [Value]>) -> Answer<'a, Vec<Record>> {
        Box::pin(async move {
            let mut records: Vec<Record> = Vec::new();
            let mut bytes = 0;
            let mut wanted = PROBE;
            loop {
                let behind = records.last().map(|record| &record[..table.key]).or(after);
                let part = self.part(table, behind, wanted).await?;
                bytes += part.iter().flatten().map(Value::bytes).sum::<usize>();
                let is_end = part.len() < wanted;
                records.extend(part);
                // As many more as fit by what they were long so far.
                let each = (bytes / records.len().max(1)).max(1);
                wanted = (PAGE_RECORDS - records.len().min(PAGE_RECORDS))
                    .min(PAGE_BYTES.saturating_sub(bytes) / each);
                if is_end || wanted == 0 {
                    return Ok(records);
                }
            }
        })
    }

    fn last_number(&self, table: &'static Table) -> Answer<'_, i64> {
        Box::pin(async move {
            let sequence = self.sequence(table).await?;
            let text = match sequence {
                Some(sequence) => format!(
                    "SELECT greatest(coalesce((SELECT max(id) FROM {}), 0),
                         (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}))",
                    table.name
                ),
                None => format!("SELECT coalesce(max(id), 0) FROM {}", table.name),
            };
            let rows = self.postgres.ask(Doing::Reading, &text, &[], &[]).await.map_err(failed)?;
            rows.first().map_or(Ok(0), |row| get(row, 0))
        })
    }

    fn origin(&self) -> Answer<'_, [u8; 32]> {
        Box::pin(async move { Ok(heads::hash(&self.secret(SECRET).await?)) })
    }
}

impl CopyTarget for PostgresRecords {
    fn begin(&self, origin: [u8; 32]) -> Answer<'_, Standing> {
        Box::pin(async move {
            let mut tries = Tries::default();
            loop {
                let transaction = self.begin_it().await?;
                let begun = begin(&transaction, origin).await;
                if let Some(ended) = Self::ended(transaction, begun, &mut tries).await {
                    return ended;
                }
            }
        })
    }

    fn place(&self, table: &'static Table) -> Answer<'_, Place> {
        Box::pin(async move {
            let text = "SELECT records, last FROM store_copy WHERE name = $1";
            let rows = self.postgres.ask(Doing::Reading, text, &[], &[&table.name]).await.map_err(failed)?;
            let Some(row) = rows.first() else { return Ok(Place::default()) };
            let last: Option<Vec<u8>> = get(row, 1)?;
            let unread = || RecordError::refused("the note on the copy can't be read");
            let last = last.map(|bytes| key_from_bytes(&bytes).ok_or_else(unread)).transpose()?;
            Ok(Place { records: get::<i64>(row, 0)? as u64, last })
        })
    }

    fn put<'a>(
        &'a self,
        table: &'static Table,
        records: &'a [Record],
        from: &'a Place,
        to: &'a Place,
    ) -> Answer<'a, ()> {
        Box::pin(async move {
            if let Some(time) = time_of_alerts(table) {
                let times = records.iter().filter_map(|record| match record.get(time) {
                    Some(Value::Integer(time)) => Some(*time),
                    _ => None,
                });
                self.partitions.make_sure(&self.postgres, times).await.map_err(failed)?;
            }
            let mut transaction = self.begin_with(COPYING).await.map_err(failed)?;
            transaction.wait_for(WRITING);
            let is_here = put(&transaction, table, records, from, to).await.map_err(failed)?;
            if !is_here {
                let reason = "the copy is at another place: somebody else copies too";
                return Err(RecordError::refused(reason));
            }
            Self::commit_it(transaction).await.map_err(failed)
        })
    }

    fn set_last_number(&self, table: &'static Table, number: i64) -> Answer<'_, ()> {
        Box::pin(async move {
            let Some(sequence) = self.sequence(table).await? else { return Ok(()) };
            let text = "SELECT setval($1::text::regclass, greatest($2::bigint, 1), $2::bigint > 0)";
            let values: &[&(dyn ToSql + Sync)] = &[&sequence, &number];
            self.postgres.ask(Doing::Writing, text, &[], values).await.map(drop).map_err(failed)
        })
    }

    fn end(&self) -> Answer<'_, ()> {
        Box::pin(async move {
            let mut transaction =
                self.begin_with("SET LOCAL statement_timeout = '300s'").await.map_err(failed)?;
            transaction.wait_for(WRITING);
            // A server that has not seen what came plans as if there were nothing.
            let names: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
            let analyse = format!("ANALYZE {}", names.join(", "));
            transaction.lent().batch(Doing::Reading, &analyse).await.map_err(failed)?;
            let text = "UPDATE store_copy SET whole = 1 WHERE name = ''";
            transaction.ask(text, &[]).await.map_err(failed)?;
            Self::commit_it(transaction).await.map_err(failed)
        })
    }
}

impl PostgresRecords {
    /// The next records behind a key, so many at most.
    async fn part(
        &self,
        table: &'static Table,
        behind: Option<&[Value]>,
        limit: usize,
    ) -> Result<Vec<Record>, RecordError> {
        let keys = columns(table, table.key);
        let mut cells: Vec<Cell<'_>> = behind.unwrap_or_default().iter().map(Cell).collect();
        let limit = Value::Integer(limit as i64);
        let condition = if cells.is_empty() {
            String::new()
        } else {
            let places: Vec<String> = (1..=cells.len()).map(|place| format!("${place}")).collect();
            format!("WHERE ({keys}) > ({})", places.join(", "))
        };
        let text = format!(
            "SELECT {} FROM {} {condition} ORDER BY {keys} LIMIT ${}",
            columns(table, table.columns.len()),
            table.name,
            cells.len() + 1
        );
        cells.push(Cell(&limit));
        let cells: Vec<&(dyn ToSql + Sync)> = cells.iter().map(|cell| cell as &(dyn ToSql + Sync)).collect();
        let rows = self.postgres.ask(Doing::Reading, &text, &[], &cells).await.map_err(failed)?;
        let record = |row: &tokio_postgres::Row| -> Result<Record, RecordError> {
            let kinds = table.columns.iter().map(|column| column.kind).enumerate();
            kinds.map(|(place, kind)| values::read(row, place, kind).map_err(RecordError::Refused)).collect()
        };
        rows.iter().map(record).collect()
    }

    /// The sequence that a table's numbers come from.
    async fn sequence(&self, table: &'static Table) -> Result<Option<String>, RecordError> {
        let named = format!("{}.{}", self.postgres.schema(), table.name);
        let text = "SELECT pg_get_serial_sequence($1, 'id')";
        let rows = self.postgres.ask(Doing::Reading, text, &[], &[&named]).await.map_err(failed)?;
        rows.first().map_or(Ok(None), |row| get(row, 0))
    }
}

/// Where an alert's time stands.
fn time_of_alerts(table: &Table) -> Option<usize> {
    let place = table.columns.iter().position(|column| column.name == "time");
    place.filter(|_| table.name == "alerts")
}

async fn begin(transaction: &Transaction, origin: [u8; 32]) -> Result<Standing, Failure> {
    transaction.ask("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    let there = transaction.ask("SELECT to_regclass('store_copy') IS NOT NULL", &[]).await?;
    if there.first().is_some_and(|row| row.get(0)) {
        let text = "SELECT origin, whole = 1 FROM store_copy WHERE name = ''";
        if let Some(noted) = transaction.ask(text, &[]).await?.first() {
            let known: &[u8] = noted.get(0);
            return Ok(match noted.get(1) {
                _ if known != origin => Standing::OfAnother,
                true => Standing::Whole,
                false => Standing::Interrupted,
            });
        }
    }
    for table in &TABLES {
        let of_its_own = if table.name == "measurement_dead_dropped" { "WHERE count > 0" } else { "" };
        let text = format!("SELECT EXISTS (SELECT 1 FROM {} {of_its_own})", table.name);
        if transaction.ask(&text, &[]).await?.first().is_some_and(|row| row.get(0)) {
            return Ok(Standing::Occupied(table));
        }
    }
    transaction.lent().batch(Doing::Reading, NOTES).await?;
    transaction.ask("DELETE FROM measurement_dead_dropped", &[]).await?;
    let text = "INSERT INTO store_copy (name, origin, records, whole) VALUES ('', $1, 0, 0)";
    transaction.ask(text, &[&origin.as_slice()]).await?;
    Ok(Standing::Begun)
}

/// Whether the copy was at `from`; if not, nothing is to be committed.
async fn put(
    transaction: &Transaction,
    table: &'static Table,
    records: &[Record],
    from: &Place,
    to: &Place,
) -> Result<bool, Failure> {
    let note = "INSERT INTO store_copy AS c (name, origin, records, last, whole)
        SELECT $1, origin, $2, $3, 0 FROM store_copy WHERE name = ''
        ON CONFLICT (name) DO UPDATE SET records = excluded.records, last = excluded.last
        WHERE c.records = $4
        RETURNING xmax = 0";
    let last = to.last.as_deref().map(key_to_bytes);
    let noted =
        transaction.ask(note, &[&table.name, &(to.records as i64), &last, &(from.records as i64)]).await?;
    // Only who begins adds the note.
    let is_new = |row: &tokio_postgres::Row| row.get::<_, bool>(0);
    if noted.first().is_none_or(|row| is_new(row) != (from.records == 0)) {
        return Ok(false);
    }
    fill(transaction, table, records).await?;
    Ok(true)
}

/// Adds records by COPY.
async fn fill(transaction: &Transaction, table: &Table, records: &[Record]) -> Result<(), Failure> {
    let names = columns(table, table.columns.len());
    let shape =
        transaction.lent().prepare(&format!("SELECT {names} FROM {} LIMIT 0", table.name), &[]).await?;
    let kinds: Vec<_> = shape.columns().iter().map(|column| column.type_().clone()).collect();
    let text = format!("COPY {} ({names}) FROM STDIN (FORMAT binary)", table.name);
    let failed = |error: &tokio_postgres::Error| failure::of(error, Doing::Reading);
    let client = transaction.lent().client()?;
    let copying = async {
        let sink = client.copy_in(&text).await.map_err(|error| failed(&error))?;
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &kinds));
        for record in records {
            let cells: Vec<Cell<'_>> = record.iter().map(Cell).collect();
            let cells: Vec<&(dyn ToSql + Sync)> =
                cells.iter().map(|cell| cell as &(dyn ToSql + Sync)).collect();
            writer.as_mut().write(&cells).await.map_err(|error| failed(&error))?;
        }
        writer.finish().await.map_err(|error| failed(&error))
    };
    match timeout(WRITING, copying).await {
        Ok(done) => done.map(drop),
        Err(_) => Err(failure::without_answer(Doing::Reading, WRITING)),
    }
}
