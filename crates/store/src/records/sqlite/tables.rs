//! All tables of the SQLite file, read by page, and filled as a copy of another store's.
//!
//! How far a copy has come stands in a table of its own, `store_copy`, which only a store that was made by a copy has: a row
//! for each table of records, and one without a name for the whole.

use super::SqliteRecords;
use crate::records::copy::{CopyTarget, PAGE_BYTES, PAGE_RECORDS, Place, RecordTables, Standing};
use crate::records::tables::{Record, TABLES, Table, Value, key_from_bytes, key_to_bytes};
use crate::records::{Answer, RecordError};
use crate::{Store, StoreError};
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params_from_iter};

/// What a store's origin is a hash of.
const SECRET: &str = "store copy";

const NOTES: &str = "CREATE TABLE IF NOT EXISTS store_copy (
    name     TEXT    PRIMARY KEY,
    origin   BLOB    NOT NULL,
    records  INTEGER NOT NULL,
    last     BLOB,
    whole    INTEGER NOT NULL
) STRICT, WITHOUT ROWID";

impl RecordTables for SqliteRecords {
    fn name(&self) -> &'static str {
        "SQLite"
    }

    fn page<'a>(&'a self, table: &'static Table, after: Option<&'a [Value]>) -> Answer<'a, Vec<Record>> {
        let after = after.map(<[Value]>::to_vec);
        self.work(move |store| page(store, table, after.as_deref()))
    }

    fn last_number(&self, table: &'static Table) -> Answer<'_, i64> {
        self.work(move |store| {
            let connection = store.reader();
            let (name, key) = (table.name, table.columns[0].name);
            let greatest: i64 =
                connection.query_row(&format!("SELECT coalesce(max({key}), 0) FROM {name}"), [], |row| {
                    row.get(0)
                })?;
            let given: Option<i64> = connection
                .query_row("SELECT seq FROM sqlite_sequence WHERE name = ?1", [name], |row| row.get(0))
                .optional()?;
            Ok(greatest.max(given.unwrap_or(0)))
        })
    }

    fn origin(&self) -> Answer<'_, [u8; 32]> {
        self.work(|store| Ok(*blake3::hash(&store.secret(SECRET)?).as_bytes()))
    }
}

impl CopyTarget for SqliteRecords {
    fn begin(&self, origin: [u8; 32]) -> Answer<'_, Standing> {
        self.work(move |store| begin(store, origin))
    }

    fn place(&self, table: &'static Table) -> Answer<'_, Place> {
        self.work(move |store| {
            let found: Option<(i64, Option<Vec<u8>>)> = store
                .reader()
                .query_row("SELECT records, last FROM store_copy WHERE name = ?1", [table.name], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .optional()?;
            let Some((records, last)) = found else { return Ok(Place::default()) };
            let corrupt = StoreError::Corrupt { what: "a note on a copy" };
            let last = last.map(|bytes| key_from_bytes(&bytes).ok_or(corrupt)).transpose()?;
            Ok(Place { records: records as u64, last })
        })
    }

    fn put<'a>(
        &'a self,
        table: &'static Table,
        records: &'a [Record],
        from: &'a Place,
        to: &'a Place,
    ) -> Answer<'a, ()> {
        let (records, from, to) = (records.to_vec(), from.clone(), to.clone());
        Box::pin(async move {
            let is_done = self.work(move |store| put(store, table, &records, &from, &to)).await?;
            let elsewhere = || RecordError::refused("the copy is at another place: somebody else copies too");
            is_done.then_some(()).ok_or_else(elsewhere)
        })
    }

    fn set_last_number(&self, table: &'static Table, number: i64) -> Answer<'_, ()> {
        self.work(move |store| {
            // Where a table's numbers are not kept like this, they go on behind the greatest one.
            let connection = store.writer();
            let keeps: bool = connection.query_row(
                "SELECT sql LIKE '%AUTOINCREMENT%' FROM sqlite_schema WHERE name = ?1",
                [table.name],
                |row| row.get(0),
            )?;
            if keeps {
                connection.execute("DELETE FROM sqlite_sequence WHERE name = ?1", [table.name])?;
                connection.execute(
                    "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)",
                    (table.name, number),
                )?;
            }
            Ok(())
        })
    }

    fn end(&self) -> Answer<'_, ()> {
        self.work(|store| {
            store.writer().execute("UPDATE store_copy SET whole = 1 WHERE name = ''", [])?;
            Ok(())
        })
    }
}

fn page(store: &Store, table: &'static Table, after: Option<&[Value]>) -> Result<Vec<Record>, StoreError> {
    let keys = table.key_columns().iter().map(|column| column.name).collect::<Vec<_>>().join(", ");
    let behind = match after {
        None => String::new(),
        Some(key) => format!("WHERE ({keys}) > ({})", vec!["?"; key.len()].join(", ")),
    };
    let connection = store.reader();
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {} FROM {} {behind} ORDER BY {keys} LIMIT {PAGE_RECORDS}",
        table.names(),
        table.name
    ))?;
    let mut rows = statement.query(params_from_iter(after.unwrap_or_default()))?;
    let mut records = Vec::new();
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let mut record = Vec::with_capacity(table.columns.len());
        for place in 0..table.columns.len() {
            let value = read(row.get_ref(place)?)?;
            bytes += value.bytes();
            record.push(value);
        }
        records.push(record);
        if bytes >= PAGE_BYTES {
            break;
        }
    }
    Ok(records)
}

fn read(value: ValueRef<'_>) -> Result<Value, StoreError> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text).map_err(|_| StoreError::Corrupt { what: "text" })?;
            Value::Text(text.to_owned())
        }
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    })
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Real(number) => ValueRef::Real(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn begin(store: &Store, origin: [u8; 32]) -> Result<Standing, StoreError> {
    let mut connection = store.writer();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let is_copy: bool = transaction.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'store_copy')",
        [],
        |row| row.get(0),
    )?;
    if is_copy {
        let noted: Option<([u8; 32], bool)> = transaction
            .query_row("SELECT origin, whole FROM store_copy WHERE name = ''", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        if let Some((noted, is_whole)) = noted {
            return Ok(match is_whole {
                _ if noted != origin => Standing::OfAnother,
                true => Standing::Whole,
                false => Standing::Interrupted,
            });
        }
    }
    for table in &TABLES {
        if has_records(&transaction, table)? {
            return Ok(Standing::Occupied(table));
        }
    }
    transaction.execute("DELETE FROM measurement_dead_dropped", [])?;
    transaction.execute_batch(NOTES)?;
    transaction
        .execute("INSERT INTO store_copy (name, origin, records, whole) VALUES ('', ?1, 0, 0)", [origin])?;
    transaction.commit()?;
    Ok(Standing::Begun)
}

/// Whether a table has records that a new store does not have.
fn has_records(connection: &Connection, table: &Table) -> Result<bool, StoreError> {
    let of_its_own = if table.name == "measurement_dead_dropped" { "WHERE count > 0" } else { "" };
    let text = format!("SELECT EXISTS (SELECT 1 FROM {} {of_its_own})", table.name);
    Ok(connection.query_row(&text, [], |row| row.get(0))?)
}

/// Whether the copy was at `from`; if not, nothing is done.
fn put(
    store: &Store,
    table: &'static Table,
    records: &[Record],
    from: &Place,
    to: &Place,
) -> Result<bool, StoreError> {
    let mut connection = store.writer();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let at: Option<i64> = transaction
        .query_row("SELECT records FROM store_copy WHERE name = ?1", [table.name], |row| row.get(0))
        .optional()?;
    if at.unwrap_or(0) as u64 != from.records {
        return Ok(false);
    }
    {
        let places = vec!["?"; table.columns.len()].join(", ");
        let mut insert = transaction.prepare_cached(&format!(
            "INSERT INTO {} ({}) VALUES ({places})",
            table.name,
            table.names()
        ))?;
        for record in records {
            insert.execute(params_from_iter(record))?;
        }
        transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO store_copy (name, origin, records, last, whole)
                 SELECT ?1, origin, ?2, ?3, 0 FROM store_copy WHERE name = ''",
            )?
            .execute((table.name, to.records as i64, to.last.as_deref().map(key_to_bytes)))?;
    }
    transaction.commit()?;
    Ok(true)
}
