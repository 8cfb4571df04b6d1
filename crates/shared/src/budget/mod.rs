//! A budget that several workers share; see [`SharedBudget`].
mod driver;
mod server_clock;
mod standing;
mod wire;

use crate::settings::{RedisError, RedisSettings, unique};
use driver::Driver;
use server_clock::ServerClock;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use watchfire_flow::{Ask, Budget, BudgetConfig, Clock, Closing, Denied, Outlook, Period, Slot};

/// The right to make one call; see [`Slot`].
pub type SharedSlot = Slot;

/// What a budget goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// What all share.
    Shared,
    /// Nothing: what all share is out of reach, and nobody gets a slot.
    Away,
    /// This worker's share of the limits.
    Alone,
    /// Nothing any more: it has left.
    Left,
}

/// What the driver and the handle tell each other.
#[derive(Debug)]
struct Status {
    members: AtomicU32,
    leaving: AtomicBool,
    stir: Notify,
    mode: watch::Sender<Mode>,
    live: AtomicU64,
    steps: AtomicU64,
    rejoined: AtomicU64,
}

impl Status {
    fn members(&self) -> u32 {
        self.members.load(Ordering::Relaxed)
    }

    fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Relaxed)
    }

    fn mode(&self) -> Mode {
        *self.mode.borrow()
    }

    fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    async fn stirred(&self) {
        self.stir.notified().await;
    }
}

/// A credential's budget that several workers share over Redis. Its slots are waited for, settled and given back as those of
/// a [`Budget`], and [`SharedBudget::budget`] is one.
///
/// Dropping it is like dying: nobody gets a slot any more, and what its calls hold is held until their leases are over.
#[derive(Debug)]
pub struct SharedBudget {
    budget: Budget,
    status: Arc<Status>,
    driver: JoinSet<()>,
}

impl SharedBudget {
    /// A budget that all share who use this name on this server. Returns at once; slots come once the server is reached.
    /// Must be called on a tokio runtime with time and network, which has to outlive it.
    ///
    /// The limits must be the same for all; where they count something else than others of this name, nobody gets a slot
    /// before those are gone. With [`ColdStart::Trust`](watchfire_flow::ColdStart) a server that knows nothing is taken to mean
    /// that nothing was sent.
    pub fn start(
        settings: &RedisSettings,
        name: &str,
        config: &BudgetConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, RedisError> {
        settings.check()?;
        let clock = Arc::new(ServerClock::new(clock));
        let (budget, governor) = Budget::governed(config.clone(), Arc::clone(&clock) as Arc<dyn Clock>)
            .map_err(RedisError::Budget)?;
        let status = Arc::new(Status {
            members: AtomicU32::new(1),
            leaving: AtomicBool::new(false),
            stir: Notify::new(),
            mode: watch::Sender::new(Mode::Away),
            live: AtomicU64::new(0),
            steps: AtomicU64::new(0),
            rejoined: AtomicU64::new(0),
        });
        let me = unique()?;
        let driver = Driver::new(governor, settings.clone(), me, name, config, clock, Arc::clone(&status));
        let mut tasks = JoinSet::new();
        tasks.spawn(driver.run());
        Ok(Self { budget, status, driver: tasks })
    }

    /// The budget itself, for whoever takes one. Closing it closes it for this worker only, and for good.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Waits for a slot; see [`Budget::acquire`].
    pub async fn acquire(&self, ask: Ask) -> Result<SharedSlot, Denied> {
        self.budget.acquire(ask).await
    }

    /// Nobody makes a call for so long, in any worker; see [`Budget::pause`].
    pub fn pause(&self, how_long: Duration) {
        self.budget.pause(how_long);
    }

    /// The provider refused a call although there was room; see [`Budget::on_limited`].
    pub fn on_limited(&self) {
        self.budget.on_limited();
    }

    /// The provider says that its day or month is used up; see [`Budget::exhaust`].
    pub fn exhaust(&self, period: Period) {
        self.budget.exhaust(period);
    }

    /// Nobody gets a slot of this worker any more; see [`Budget::close`].
    pub fn close(&self, why: Closing) {
        self.budget.close(why);
    }

    /// What the budget does now, as far as this worker knows.
    pub fn outlook(&self) -> Outlook {
        self.budget.outlook()
    }

    /// How many use the credential now, at most, as far as the group knows: whoever still may make a call is counted. 0 means
    /// that this worker is not one of them: it uses nothing where the server can't be reached.
    pub fn set_members(&self, members: u32) {
        if self.status.members.swap(members, Ordering::Relaxed) != members {
            self.status.stir.notify_one();
        }
    }

    /// What it goes by now.
    pub fn mode(&self) -> Mode {
        self.status.mode()
    }

    /// Waits until it goes by this.
    pub async fn reaches(&self, mode: Mode) {
        let mut modes = self.status.mode.subscribe();
        drop(modes.wait_for(|now| *now == mode).await);
    }

    /// How many calls of all workers are on their way, by the last answer.
    pub fn live(&self) -> u64 {
        self.status.live.load(Ordering::Relaxed)
    }

    /// How often the script was run, and how often the group had to be joined again.
    pub fn steps(&self) -> (u64, u64) {
        (self.status.steps.load(Ordering::Relaxed), self.status.rejoined.load(Ordering::Relaxed))
    }

    /// Closes it, waits for the calls on their way, and tells the others that this worker is gone: then its share is theirs
    /// at once. After `patience` it leaves without that.
    pub async fn leave(mut self, patience: Duration) {
        self.budget.close(Closing::ShuttingDown);
        self.status.leaving.store(true, Ordering::Relaxed);
        self.status.stir.notify_one();
        drop(timeout(patience, self.driver.join_next()).await);
    }
}
