//! Comparing two stores, record by record and column by column.
//!
//! Both are read in the order of keys, page by page, and merged: what one has and the other has not is found as surely as what
//! differs. That each side really comes in the order of its keys is checked, since a merge of anything else would find what is
//! not so, and pass over what is.

use super::copy::RecordTables;
use super::tables::{Record, TABLES, Table, Value, compare_keys};
use super::{Answer, RecordError};
use std::cmp::Ordering;
use std::collections::VecDeque;

/// Differences of a table that are kept to be shown.
pub const SHOWN: usize = 10;

/// How a record differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Differing {
    /// Only the first store has it.
    Missing,
    /// Only the second store has it.
    Extra,
    /// Both have it, and these columns differ: their places, what the first store has, what the second.
    Columns(Vec<(usize, Value, Value)>),
}

/// A record that is not the same in both stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its key.
    pub key: Vec<Value>,
    /// How it differs.
    pub how: Differing,
}

/// What came of comparing a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// Which.
    pub table: &'static Table,
    /// Records that the first store has.
    pub first: u64,
    /// Records that the second store has.
    pub second: u64,
    /// Records that are not the same.
    pub differing: u64,
    /// The first [`SHOWN`] of them.
    pub shown: Vec<Difference>,
}

/// Why two stores could not be compared.
#[derive(Debug, thiserror::Error)]
#[error("can't read {table} from {store}")]
pub struct CompareError {
    /// What was read.
    pub table: &'static str,
    /// From which store.
    pub store: &'static str,
    /// Why.
    pub source: RecordError,
}

impl CompareError {
    /// What the user can do.
    pub const fn hint(&self) -> &'static str {
        self.source.hint()
    }
}

/// Compares all tables. `told` hears of each page: the table, how many of its records were compared so far.
pub async fn compare(
    first: &dyn RecordTables,
    second: &dyn RecordTables,
    told: &(dyn Fn(&'static Table, u64) + Sync),
) -> Result<Vec<Compared>, CompareError> {
    let mut compared = Vec::with_capacity(TABLES.len());
    for table in &TABLES {
        compared.push(compare_table(table, first, second, told).await?);
    }
    Ok(compared)
}

async fn compare_table(
    table: &'static Table,
    first: &dyn RecordTables,
    second: &dyn RecordTables,
    told: &(dyn Fn(&'static Table, u64) + Sync),
) -> Result<Compared, CompareError> {
    let mut compared = Compared { table, first: 0, second: 0, differing: 0, shown: Vec::new() };
    let (mut one, mut two) = (Side::new(table, first), Side::new(table, second));
    loop {
        let (loaded, also) = tokio::join!(one.fill(), two.fill());
        let failed = |store, source| CompareError { table: table.what, store, source };
        loaded.map_err(|source| failed(first.name(), source))?;
        also.map_err(|source| failed(second.name(), source))?;
        if one.waiting.is_empty() && two.waiting.is_empty() {
            return Ok(compared);
        }
        // Until one of them has to be filled again; a side that has ended has nothing less than what the other has.
        while !(one.is_to_be_filled() || two.is_to_be_filled()) {
            let order = match (one.waiting.front(), two.waiting.front()) {
                (Some(one), Some(two)) => compare_keys(&one[..table.key], &two[..table.key]),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => break,
            };
            let ours = if order.is_le() { one.waiting.pop_front() } else { None };
            let theirs = if order.is_ge() { two.waiting.pop_front() } else { None };
            compared.count(ours, theirs);
        }
        told(table, compared.first.max(compared.second));
    }
}

impl Compared {
    /// Whether every record is the same in both.
    pub const fn is_same(&self) -> bool {
        self.differing == 0
    }

    fn count(&mut self, first: Option<Record>, second: Option<Record>) {
        self.first += u64::from(first.is_some());
        self.second += u64::from(second.is_some());
        if first == second {
            return;
        }
        self.differing += 1;
        if self.shown.len() >= SHOWN {
            return;
        }
        let key = first.as_ref().or(second.as_ref()).map(|record| record[..self.table.key].to_vec());
        let how = match (first, second) {
            (Some(first), Some(second)) => Differing::Columns(
                first
                    .into_iter()
                    .zip(second)
                    .enumerate()
                    .filter(|(_, (one, two))| one != two)
                    .map(|(place, (one, two))| (place, one, two))
                    .collect(),
            ),
            (_, None) => Differing::Missing,
            (None, _) => Differing::Extra,
        };
        self.shown.push(Difference { key: key.unwrap_or_default(), how });
    }
}

/// One of the two stores, while its table is gone through.
struct Side<'s> {
    table: &'static Table,
    store: &'s dyn RecordTables,
    waiting: VecDeque<Record>,
    last: Option<Vec<Value>>,
    has_ended: bool,
}

impl<'s> Side<'s> {
    fn new(table: &'static Table, store: &'s dyn RecordTables) -> Self {
        Self { table, store, waiting: VecDeque::new(), last: None, has_ended: false }
    }

    fn is_to_be_filled(&self) -> bool {
        self.waiting.is_empty() && !self.has_ended
    }

    /// Reads the next page, if there is none left of the one before.
    fn fill(&mut self) -> Answer<'_, ()> {
        Box::pin(async move {
            if !self.is_to_be_filled() {
                return Ok(());
            }
            let page = self.store.page(self.table, self.last.as_deref()).await?;
            let mut before = self.last.as_deref();
            for record in &page {
                let key = record.get(..self.table.key);
                let in_order = |key: &[Value]| before.is_none_or(|before| compare_keys(before, key).is_lt());
                if record.len() != self.table.columns.len() || !key.is_some_and(in_order) {
                    let reason = format!("{} does not come in the order of its key", self.table.name);
                    return Err(RecordError::refused(reason));
                }
                before = key;
            }
            self.has_ended = page.is_empty();
            if let Some(last) = page.last() {
                self.last = Some(last[..self.table.key].to_vec());
            }
            self.waiting = page.into();
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests;
