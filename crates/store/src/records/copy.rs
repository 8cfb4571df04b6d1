//! Bringing all records from one store to another, so that it can be interrupted at any moment.
//!
//! Tables are read in the order of their keys, page by page, and written as they were read; while one page is written the next
//! is read. The store that takes them notes in the same transaction how far it has come, so whoever starts again after a kill
//! goes on behind the last record that is there: nothing is missing and nothing is there twice. The note also says of which
//! store the copy is. A store that has records of its own, or a copy of another store, is left alone.
//!
//! Nobody may write to either store meanwhile. What is written to the first one behind the reader's back is found by
//! [`compare`](super::compare).

use super::tables::{Record, TABLES, Table, Value};
use super::{Answer, RecordError};

/// Records in a page at most.
pub const PAGE_RECORDS: usize = 10_000;
/// Bytes of a page's values from which on it ends.
pub const PAGE_BYTES: usize = 8 << 20;

/// A store whose records can be gone through.
pub trait RecordTables: Send + Sync {
    /// What it is called in messages.
    fn name(&self) -> &'static str;

    /// The records of a table behind this key, in the order of keys: at most [`PAGE_RECORDS`], and none more once they have
    /// [`PAGE_BYTES`]. None at the end of the table.
    fn page<'a>(&'a self, table: &'static Table, after: Option<&'a [Value]>) -> Answer<'a, Vec<Record>>;

    /// The greatest number that a numbered table has given, whether its record is still there or not; 0 if none.
    fn last_number(&self, table: &'static Table) -> Answer<'_, i64>;

    /// What the store is known by, the same as long as it is there.
    fn origin(&self) -> Answer<'_, [u8; 32]>;
}

/// How a store stands to a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It had nothing; the copy begins.
    Begun,
    /// It has part of this copy.
    Interrupted,
    /// It has all of it already.
    Whole,
    /// It has a copy of another store, or part of it.
    OfAnother,
    /// It has records that no copy brought, in this table.
    Occupied(&'static Table),
}

/// How far the copy of a table has come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// How many records were brought.
    pub records: u64,
    /// The key of the last one.
    pub last: Option<Vec<Value>>,
}

/// A store that takes a copy.
pub trait CopyTarget: RecordTables {
    /// Prepares for a copy of the store that is known by `origin`, if it has nothing yet.
    fn begin(&self, origin: [u8; 32]) -> Answer<'_, Standing>;

    /// How far the copy of a table has come.
    fn place(&self, table: &'static Table) -> Answer<'_, Place>;

    /// Adds these records, and notes that the copy of their table has come from `from` to `to`: both or neither. Refuses where the
    /// copy is not at `from`, since then somebody else is copying too.
    fn put<'a>(
        &'a self,
        table: &'static Table,
        records: &'a [Record],
        from: &'a Place,
        to: &'a Place,
    ) -> Answer<'a, ()>;

    /// Gives only greater numbers than this one from now on.
    fn set_last_number(&self, table: &'static Table, number: i64) -> Answer<'_, ()>;

    /// Works out what a store keeps beside its records and can tell from them, and notes that the copy is whole. Durable once
    /// it is answered.
    fn end(&self) -> Answer<'_, ()>;
}

/// What came of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// How it stood at first: begun, interrupted or whole.
    pub standing: Standing,
    /// For each of [`TABLES`], how many records were brought now, and how many in all.
    pub records: Vec<(u64, u64)>,
}

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The store that is copied can't be read.
    #[error("can't read {table} from {store}")]
    Read {
        /// What was read.
        table: &'static str,
        /// From which store.
        store: &'static str,
        /// Why.
        source: RecordError,
    },
    /// The store that takes the copy can't be written.
    #[error("can't write {table} to {store}")]
    Write {
        /// What was written.
        table: &'static str,
        /// To which store.
        store: &'static str,
        /// Why.
        source: RecordError,
    },
    /// The store has records that no copy brought.
    #[error("the {store} store has {table} already that this copy did not bring")]
    Occupied {
        /// What it has.
        table: &'static str,
        /// Which store.
        store: &'static str,
    },
    /// The store has a copy of another store.
    #[error("the {store} store has a copy of another store, or part of one")]
    OfAnother {
        /// Which store.
        store: &'static str,
    },
}

impl CopyError {
    /// What the user can do.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Read { source, .. } | Self::Write { source, .. } if source.is_transient() => {
                "run the same command again when it is there: the copy goes on where it stopped, and nothing is there twice"
            }
            Self::Read { .. } => "copy with the version of Watchfire that wrote the store",
            Self::Write { .. } => {
                "is another copy running? if not, start over: drop the schema, or name another one, and run the same command again"
            }
            Self::Occupied { .. } | Self::OfAnother { .. } => {
                "name another schema or file that is empty; nothing was changed"
            }
        }
    }
}

/// Copies all records. `told` hears of each page: the table, how many of its records were brought so far. Dropping the future leaves
/// an interrupted copy.
pub async fn copy(
    from: &dyn RecordTables,
    to: &dyn CopyTarget,
    told: &(dyn Fn(&'static Table, u64) + Sync),
) -> Result<Copied, CopyError> {
    let read = |table, source| CopyError::Read { table, store: from.name(), source };
    let write = |table, source| CopyError::Write { table, store: to.name(), source };
    let origin = from.origin().await.map_err(|source| read("secrets", source))?;
    let standing = to.begin(origin).await.map_err(|source| write("how the copy stands", source))?;
    match standing {
        Standing::Begun | Standing::Interrupted | Standing::Whole => {}
        Standing::OfAnother => return Err(CopyError::OfAnother { store: to.name() }),
        Standing::Occupied(table) => {
            return Err(CopyError::Occupied { table: table.what, store: to.name() });
        }
    }
    let mut copied = Copied { standing, records: Vec::with_capacity(TABLES.len()) };
    for table in &TABLES {
        let mut place = to.place(table).await.map_err(|source| write(table.what, source))?;
        let before = place.records;
        if standing != Standing::Whole {
            let mut page =
                from.page(table, place.last.as_deref()).await.map_err(|source| read(table.what, source))?;
            while let Some(last) = page.last() {
                let next = Place {
                    records: place.records + page.len() as u64,
                    last: Some(last[..table.key].to_vec()),
                };
                let (put, following) =
                    tokio::join!(to.put(table, &page, &place, &next), from.page(table, next.last.as_deref()));
                put.map_err(|source| write(table.what, source))?;
                place = next;
                told(table, place.records);
                page = following.map_err(|source| read(table.what, source))?;
            }
            if table.is_numbered {
                let number = from.last_number(table).await.map_err(|source| read(table.what, source))?;
                to.set_last_number(table, number).await.map_err(|source| write(table.what, source))?;
            }
        }
        copied.records.push((place.records - before, place.records));
    }
    if standing != Standing::Whole {
        to.end().await.map_err(|source| write("how the copy stands", source))?;
    }
    Ok(copied)
}

#[cfg(test)]
mod tests;
