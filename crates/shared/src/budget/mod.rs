//! A budget that several workers share, as exact as a local one.
//!
//! ```text
//!  those who wait ─▶ queue of flow ─▶ driver ── one request at a time ──▶ budget.lua, at once and by the server's clock
//!        ▲            (order, ageing)  │  ▲                                 live ▸ held ▸ days ▸ members ▸ shares
//!        └──────── slots ◀── grants ───┘  └── what calls hold, by this worker's own count (flow)
//! ```
//!
//! The script keeps for each quota what calls on their way have reserved (*live*) and what ended calls hold until a window
//! after their response (*held*), and grants a call where `live + held + cost ≤ limit − what is set aside`. Every worker
//! keeps the same of its own calls. **Why no window of the provider's clock holds more than the limit:** a call's arrival
//! lies between its grant and its response. The last granted of the calls that arrive in a window was granted when each of
//! the others was live or held, since none of them had its response more than a window before; so all were counted. What
//! remains is to show that live and held are never less than they should be:
//!
//! - **Skew.** Only the server's clock is compared with itself. Workers measure spans with clocks that never go back, and
//!   tell how long ago something ended; what they round, and what a message takes, is on the side of holding longer. The
//!   server's clock set back makes nothing free early; set back by more than a lease, memory counts as lost. It must not be
//!   set forward in jumps: nobody could tell that from time passing.
//! - **A slow script or a slow way.** A grant counts from the script's run, which is before the slot is handed out. An answer
//!   that comes after the timeout is not used: its grants are given back, unsent. A flight is given up by the script after
//!   the longest flight and twice the timeout; the driver prolongs those it still sees.
//! - **A lost answer, or a request that arrives late.** There is one request at a time, each with a number and the number of
//!   its connection; after a connection is lost the script says how far it came, and takes nothing from earlier
//!   connections. What was asked and not heard was given to nobody. A call that nobody settles is live until its flight is
//!   given up, and held for a window after that.
//! - **The server out of reach.** Each member has a *share*, handed out by the script such that all shares together are at
//!   most the whole, counted as the larger one while it is not sure which a member knows. A member whose lease is over has
//!   its share set aside. A request only counts if it comes within a lease of the last answer its sender had; so after
//!   two leases from that answer the share is surely set aside, and after a longest flight and a window more what others
//!   were granted before is over. Then, and not before, the member uses its share alone, with its own count. When it
//!   returns, it stops first, and tells all that its calls hold in the same step that ends the setting aside. It stops by
//!   itself, too, long enough before the others take its share for what it sent to be over. Of days and months it uses
//!   only those that begin meanwhile, for others may have used up the one before; a gap between calls can't be shared.
//! - **Failover and forgetting.** A memory has an *epoch*. It is another one where the server's process is another, the
//!   state is gone, a part of it does not fit the rest (something was thrown out), or the clock went back. A new epoch knows
//!   nothing and grants nothing until every member that any of its members ever heard of has told it what its calls hold,
//!   or until a longest flight and a window have passed. That is all who may have called: nobody is granted anything before
//!   all members in reach have heard of it, and those who left or died stay on that list until their calls are over. What
//!   days have used is told by the last answers. Where nobody remembers anything,
//!   [`ColdStart`](watchfire_flow::ColdStart) says whether to wait.
//!
//! **All of the limit is used**, since grants are exact, whoever has to wait is told when to come or woken by a message, and
//! shares are set aside only for those who are away. Whoever is surely gone is soon not set aside for: when for a while
//! everybody in reach says that the group is no larger than they are ([`SharedBudget::set_members`]).
//!
//! **Nobody is forgotten:** of one worker, the queue of `flow` decides. Among workers, whoever has waited longest goes first:
//! what those before want is left to them as long as their leases hold. Whoever was served stands behind the others.
//!
//! Memory on the server is bounded: a quota's held amounts are kept in at most some 8,200 entries, flights by the limits,
//! members by who was there lately; all keys of a budget are in one slot of a cluster and expire forty days after the last
//! use.

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
            members: AtomicU32::new(0),
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

    /// How many use the credential now, as far as the group knows: whoever may still make a call has to be counted. 0, as
    /// before this was called, means that nobody knows, or that this worker is not one of them: then it uses nothing where
    /// the server can't be reached.
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
