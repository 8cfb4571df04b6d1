//! `watchfire store copy`, `watchfire store verify`
//!
//! A copy is always compared with what it is of, record by record: what is told of it is what was read back.

mod opened;
mod told;

use super::newsroom;
use crate::cli::{Common, StoreCommand, Stores};
use crate::config::{Settings, load};
use crate::exit::{Problem, Status};
use crate::terminal;
use opened::Opened;
use std::sync::Mutex;
use std::time::Duration;
use told::Told;
use watchfire_flow::{Clock, SystemClock};
use watchfire_store::records::compare::{CompareError, compare};
use watchfire_store::records::copy::{CopyError, Standing, copy};
use watchfire_store::records::tables::Table;

/// How often progress is told.
const PROGRESS: Duration = Duration::from_secs(2);

pub(super) fn run(common: &Common, command: &StoreCommand) -> Result<Status, Problem> {
    let loaded = load(common.config.as_deref())?;
    let runtime = newsroom::runtime()?;
    match command {
        StoreCommand::Copy(stores) => runtime.block_on(copied(&loaded.settings, stores)),
        StoreCommand::Verify(stores) => runtime.block_on(verified(&loaded.settings, stores)),
    }
}

async fn copied(settings: &Settings, stores: &Stores) -> Result<Status, Problem> {
    let from = Opened::existing(settings, &stores.from).await?;
    let to = Opened::to_fill(settings, &stores.to).await?;
    let clock = SystemClock::new();
    let mut told = Told::default();
    let progress = Progress::new(&clock, "copied", stores.quiet);
    let copied = copy(from.tables(), to.target(), &|table, count| progress.tell(table, count))
        .await
        .map_err(of_copy)?;
    told.copied = Some(copied.records.iter().map(|(now, _)| *now).collect());
    told.copying = clock.elapsed().saturating_sub(progress.began);
    if copied.standing == Standing::Whole && !stores.quiet {
        terminal::note("the copy was whole already: nothing was copied, and the two are compared");
    }
    judged(&from, &to, &clock, stores, told).await
}

async fn verified(settings: &Settings, stores: &Stores) -> Result<Status, Problem> {
    let from = Opened::existing(settings, &stores.from).await?;
    let to = Opened::existing(settings, &stores.to).await?;
    judged(&from, &to, &SystemClock::new(), stores, Told::default()).await
}

/// Compares the two, and tells.
async fn judged(
    from: &Opened,
    to: &Opened,
    clock: &SystemClock,
    stores: &Stores,
    mut told: Told,
) -> Result<Status, Problem> {
    let progress = Progress::new(clock, "compared", stores.quiet);
    let compared = compare(from.tables(), to.tables(), &|table, count| progress.tell(table, count))
        .await
        .map_err(of_compare)?;
    told.comparing = clock.elapsed().saturating_sub(progress.began);
    let text = if stores.json { terminal::json_line(&told.json(&compared)) } else { told.text(&compared) };
    terminal::write_out(text.as_bytes())?;
    let is_same = compared.iter().all(watchfire_store::records::compare::Compared::is_same);
    Ok(if is_same { Status::Done } else { Status::Failed })
}

fn of_copy(error: CopyError) -> Problem {
    Problem::from_error(Status::Failed, &error, error.hint())
}

fn of_compare(error: CompareError) -> Problem {
    Problem::from_error(Status::Failed, &error, error.hint())
}

/// Tells how far it is, now and then.
struct Progress<'c> {
    clock: &'c SystemClock,
    what: &'static str,
    quiet: bool,
    began: Duration,
    told: Mutex<Duration>,
}

impl<'c> Progress<'c> {
    fn new(clock: &'c SystemClock, what: &'static str, quiet: bool) -> Self {
        let began = clock.elapsed();
        Self { clock, what, quiet, began, told: Mutex::new(began) }
    }

    fn tell(&self, table: &'static Table, count: u64) {
        let now = self.clock.elapsed();
        let Ok(mut told) = self.told.lock() else { return };
        if self.quiet || now.saturating_sub(*told) < PROGRESS {
            return;
        }
        *told = now;
        terminal::note(&format!("{}: {} {}", self.what, terminal::grouped(count), table.what));
    }
}
