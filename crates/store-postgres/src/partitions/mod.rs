//! Alerts by the month: partitions made ahead, made when they are needed first, and dropped when they are old.
//!
//! A month that has no partition loses nothing: its alerts are in the default partition, with those whose time makes no sense, until
//! maintenance makes the month and moves them. So making one may fail, or be forbidden to this user, and nobody waits for it.

mod months;
mod retention;

pub(crate) use months::Month;
pub use retention::{Maintained, Retained};

use crate::Postgres;
use crate::failure::{Doing, Failure};
use crate::found::column;
use crate::pool::Lent;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Months with partitions at most: ten years of them cost a look for an alert whose time is not known as many looks into indexes.
const MOST_PARTITIONS: usize = 120;
/// Months that one call makes at most.
const MOST_MADE: usize = 24;
/// Whoever changes partitions waits no longer for those who use them, since all others wait behind.
const LOCK_TIMEOUT_MS: u32 = 2_000;
/// What a step of maintenance may take.
const STEP: Duration = Duration::from_secs(600);

/// The months that need no look any more.
#[derive(Debug, Default)]
pub(crate) struct Partitions {
    known: Mutex<BTreeSet<Month>>,
}

impl Partitions {
    /// Makes the months of these times, as far as they are missing and can be made.
    pub async fn make_sure(
        &self,
        postgres: &Postgres,
        times: impl Iterator<Item = i64>,
    ) -> Result<(), Failure> {
        let mut missing: BTreeSet<Month> = BTreeSet::new();
        {
            let known = self.known();
            let mut last = None;
            for month in times.filter_map(Month::of) {
                // Most are of the same month as the one before.
                if last != Some(month) && !known.contains(&month) && missing.len() < MOST_MADE {
                    missing.insert(month);
                }
                last = Some(month);
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let made = make(postgres, &missing).await;
        self.known().extend(missing);
        match made {
            // Somebody is in the way, the default partition is large, or this user may not: maintenance sees to it.
            Ok(_) | Err(Failure::Refused(_) | Failure::Crossed(_) | Failure::Throttled) => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    fn known(&self) -> MutexGuard<'_, BTreeSet<Month>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes partitions for these months; how many there were not.
pub(crate) async fn make(postgres: &Postgres, months: &BTreeSet<Month>) -> Result<usize, Failure> {
    let lent = postgres.lend().await?;
    let there = existing(&lent).await?;
    if months.is_subset(&there) {
        lent.give_back();
        return Ok(0);
    }
    begin(&lent, true).await?;
    let made = make_within(&lent, months).await?;
    lent.batch(Doing::Writing, "COMMIT").await?;
    lent.give_back();
    Ok(made)
}

/// Makes partitions in a transaction that holds the lock on partitions, and moves into them what is in the default partition.
async fn make_within(lent: &Lent, months: &BTreeSet<Month>) -> Result<usize, Failure> {
    let there = existing(lent).await?;
    let room = MOST_PARTITIONS.saturating_sub(there.len());
    let missing: Vec<Month> = months.difference(&there).copied().take(room.min(MOST_MADE)).collect();
    if !missing.is_empty() {
        // Nobody puts alerts of these months there between their moving and the attaching, which takes this lock anyway.
        lent.batch(Doing::Reading, "LOCK TABLE alerts_default IN ACCESS EXCLUSIVE MODE").await?;
    }
    for month in &missing {
        let (start, end) = (month.start_ms(), month.plus(1).start_ms());
        // Attaching it, unlike making it as a partition, leaves those alone who write into other months. Statements on a
        // partition itself fire no triggers: the alerts that move are counted already.
        let text = format!(
            "CREATE TABLE {month} (LIKE alerts INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
             WITH moved AS (DELETE FROM alerts_default WHERE \"time\" >= {start} AND \"time\" < {end} RETURNING *)
             INSERT INTO {month} SELECT * FROM moved;
             ALTER TABLE alerts ATTACH PARTITION {month} FOR VALUES FROM ({start}) TO ({end})"
        );
        lent.batch(Doing::Reading, &text).await?;
    }
    Ok(missing.len())
}

/// The months that have partitions.
async fn existing(lent: &Lent) -> Result<BTreeSet<Month>, Failure> {
    let partitions = "SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'alerts'::regclass";
    let mut months = BTreeSet::new();
    for row in lent.ask(partitions, &[], &[]).await? {
        months.extend(Month::of_partition(column(&row, 0)?));
    }
    Ok(months)
}

/// Begins a transaction that changes partitions. One does so at a time; says whether it is this one. Who `waits` is always.
async fn begin(lent: &Lent, waits: bool) -> Result<bool, Failure> {
    let text = format!(
        "BEGIN; SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}; SET LOCAL statement_timeout = {}",
        STEP.as_millis()
    );
    lent.batch(Doing::Reading, &text).await?;
    // The lock is this schema's: there may be others in the database.
    let key = "hashtextextended('watchfire partitions of ' || current_schema(), 0)";
    let text = if waits {
        format!("SELECT pg_advisory_xact_lock({key}) IS NOT NULL")
    } else {
        format!("SELECT pg_try_advisory_xact_lock({key})")
    };
    let rows = lent.ask(&text, &[], &[]).await?;
    rows.first().map_or(Ok(false), |row| column(row, 0))
}
