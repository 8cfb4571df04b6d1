//! A circuit breaker that several workers share; see [`SharedBreaker`].

use crate::connection::Connection;
use crate::line::{Event, Line};
use crate::settings::{RedisError, RedisSettings, unique};
use redis::Script;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use watchfire_flow::{
    Breaker, BreakerPermit, BreakerSettings, BreakerState, Breaking, Breaks, CallPermit, Open,
};

/// Outcomes that wait to be told; more are not, and their leases end by themselves.
const MOST_REPORTS: usize = 256;
/// Where a probe is out, it is looked again at least so often and at most so seldom.
const LOOK: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// A breaker that several workers share: the words and states are those of [`Breaker`].
///
/// - *Closed*: each worker counts its own failures, and nothing is asked of the server. Whoever finds cause to open opens it
///   for all.
/// - *Open*: nobody calls until a moment that all know.
/// - *Half open*: so many probes are out among all workers together, and no more. If they succeed, it closes for all; if one
///   fails, it opens again for all, for longer. A probe whose worker died is given to another when its lease is over.
///
/// Where the server can't be reached, each worker has a breaker of its own.
#[derive(Debug)]
pub struct SharedBreaker {
    shared: Arc<Shared>,
    line: Line,
    _reporter: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    settings: BreakerSettings,
    known: Mutex<Known>,
    changed: Notify,
    reports: mpsc::Sender<Report>,
    remote: Remote,
    token: String,
    last: AtomicU64,
}

/// What is known here.
#[derive(Debug)]
struct Known {
    /// Counts while it is closed, and is all there is without a server.
    local: Breaker,
    epoch: String,
    /// When it is, or may be, half open; `None` when it is closed.
    open_until: Option<Instant>,
}

/// How the script is called.
#[derive(Debug)]
struct Remote {
    keys: [String; 2],
    channel: String,
    numbers: [String; 4],
}

#[derive(Debug)]
struct Report {
    op: &'static str,
    epoch: String,
    token: String,
    outcome: &'static str,
}

type Answer = (String, String, u64);

impl Remote {
    async fn call(&self, connection: &Connection, report: &Report) -> Result<Answer, RedisError> {
        let script = Script::new(include_str!("breaker.lua"));
        let mut arguments = vec![
            report.op.as_bytes(),
            report.epoch.as_bytes(),
            report.token.as_bytes(),
            report.outcome.as_bytes(),
        ];
        arguments.extend(self.numbers.iter().map(String::as_bytes));
        arguments.push(self.channel.as_bytes());
        connection.run_script(&script, &self.keys, &arguments).await
    }
}

impl Shared {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state is this.
    fn hear(&self, (what, epoch, left_ms): Answer) {
        let mut known = self.known();
        let is_new = known.epoch != epoch;
        known.epoch = epoch;
        let left = Duration::from_millis(left_ms.min(365 * 86_400_000));
        known.open_until = (what == "open").then(|| Instant::now() + left);
        if what == "closed" && is_new {
            // What it counted led to what is over now.
            known.local = Breaker::new(self.settings);
        }
        drop(known);
        self.changed.notify_waiters();
    }
}

impl SharedBreaker {
    /// A breaker that all share who use this name on this server. Returns at once. `lease` is how long a probe's outcome is
    /// waited for. Must be called on a tokio runtime with time and network, which has to outlive it.
    pub fn start(
        redis: &RedisSettings,
        name: &str,
        settings: BreakerSettings,
        lease: Duration,
    ) -> Result<Self, RedisError> {
        redis.check()?;
        let key = |part: &str| redis.key("breaker", name, part);
        let millis = |duration: Duration| duration.as_millis().clamp(1, 365 * 86_400_000).to_string();
        let probes = settings.probes.max(1).to_string();
        let remote = Remote {
            keys: [key("state"), key("probes")],
            channel: key("news"),
            numbers: [probes, millis(settings.open), millis(settings.longest_open), millis(lease)],
        };
        let (reports, mut reported) = mpsc::channel::<Report>(MOST_REPORTS);
        let channel = remote.channel.clone();
        let known = Known { local: Breaker::new(settings), epoch: String::new(), open_until: None };
        let shared = Arc::new(Shared {
            settings,
            known: Mutex::new(known),
            changed: Notify::new(),
            reports,
            remote,
            token: unique()?,
            last: AtomicU64::new(0),
        });
        let hears = {
            let shared = Arc::clone(&shared);
            move |event: Event, _: Option<&Connection>| match event {
                Event::Connected => {
                    let look = Report { op: "look", epoch: String::new(), token: String::new(), outcome: "" };
                    drop(shared.reports.try_send(look));
                }
                Event::Said(said) => {
                    if let Ok(answer) = serde_json::from_slice(&said) {
                        shared.hear(answer);
                    }
                }
                Event::Gone => {
                    shared.known().open_until = None;
                    shared.changed.notify_waiters();
                }
            }
        };
        let line = Line::start(redis.clone(), channel, hears);
        let mut reporter = JoinSet::new();
        let (weak, current) = (Arc::downgrade(&shared), line.watch());
        reporter.spawn(async move {
            while let Some(report) = reported.recv().await {
                let (Some(shared), Some(connection)) = (weak.upgrade(), current.borrow().clone()) else {
                    continue;
                };
                if let Ok(answer) = shared.remote.call(&connection, &report).await {
                    shared.hear(answer);
                }
            }
        });
        Ok(Self { shared, line, _reporter: reporter })
    }

    /// The right to make one call, whose outcome is then to be recorded on the permit. Asks the server only for probes.
    pub async fn permit(&self) -> Result<SharedPermit, Open> {
        let (local, epoch, open_until) = {
            let known = self.shared.known();
            (known.local.clone(), known.epoch.clone(), known.open_until)
        };
        if let (Some(until), Some(connection)) = (open_until, self.line.get()) {
            if Instant::now() < until {
                return Err(Open { until });
            }
            let number = self.shared.last.fetch_add(1, Ordering::Relaxed);
            let token = format!("{}.{number}", self.shared.token);
            let probe = Report { op: "probe", epoch, token: token.clone(), outcome: "" };
            if let Ok((what, epoch, left_ms)) = self.shared.remote.call(&connection, &probe).await {
                match what.as_str() {
                    "probe" => {
                        let right = Right::Probe { epoch, token };
                        return Ok(SharedPermit {
                            shared: Arc::clone(&self.shared),
                            right,
                            outcome: "ignored",
                        });
                    }
                    "open" => {
                        let left = Duration::from_millis(left_ms).clamp(LOOK.0, LOOK.1);
                        let until = Instant::now() + left;
                        let mut known = self.shared.known();
                        if known.open_until.is_some() {
                            known.open_until = Some(until);
                        }
                        return Err(Open { until });
                    }
                    _ => self.shared.hear((what, epoch, left_ms)),
                }
            }
        }
        let permit = local.permit()?;
        let right = Right::Local { breaker: local, permit: Some(permit) };
        Ok(SharedPermit { shared: Arc::clone(&self.shared), right, outcome: "ignored" })
    }

    /// What it does now, as far as is known here.
    pub fn state(&self) -> BreakerState {
        let known = self.shared.known();
        match known.open_until {
            None => known.local.state(),
            Some(until) if Instant::now() < until => BreakerState::Open { until },
            Some(_) => BreakerState::HalfOpen,
        }
    }

    /// Waits until calls may flow, as [`Breaker::closed`] does. Dropping this costs nothing.
    pub async fn closed(&self) {
        loop {
            let mut changed = pin!(self.shared.changed.notified());
            changed.as_mut().enable();
            let (local, open_until) = {
                let known = self.shared.known();
                (known.local.clone(), known.open_until)
            };
            match open_until {
                Some(until) if Instant::now() >= until => return,
                Some(until) => tokio::select! {
                    () = sleep_until(until) => {}
                    () = changed => {}
                },
                None => tokio::select! {
                    () = local.closed() => return,
                    () = changed => {}
                },
            }
        }
    }

    /// Waits until the server is reached.
    pub async fn connected(&self) {
        self.line.connected().await;
    }
}

impl Breaking for SharedBreaker {
    fn permit(&self) -> Breaks<'_, Result<CallPermit, Open>> {
        Box::pin(async { Self::permit(self).await.map(CallPermit::from) })
    }

    fn closed(&self) -> Breaks<'_, ()> {
        Box::pin(Self::closed(self))
    }

    fn state(&self) -> BreakerState {
        Self::state(self)
    }
}

impl From<SharedPermit> for CallPermit {
    fn from(permit: SharedPermit) -> Self {
        Self::new(move |answered| if answered { permit.success() } else { permit.failure() })
    }
}

#[derive(Debug)]
enum Right {
    Local { breaker: Breaker, permit: Option<BreakerPermit> },
    Probe { epoch: String, token: String },
}

/// The right to make one call. Dropped without an outcome, it counts for nothing; if it was a probe, the probe is there for
/// another.
#[derive(Debug)]
#[must_use = "the outcome of the call is recorded on its permit"]
pub struct SharedPermit {
    shared: Arc<Shared>,
    right: Right,
    outcome: &'static str,
}

impl SharedPermit {
    /// The service answered: also if it answered that the request was wrong.
    pub fn success(mut self) {
        self.outcome = "success";
    }

    /// The service failed, or did not answer in time.
    pub fn failure(mut self) {
        self.outcome = "failure";
    }

    /// The call says nothing about the service.
    pub fn ignore(self) {
        drop(self);
    }

    /// Whether the call is to find out if the service is back.
    pub const fn is_probe(&self) -> bool {
        matches!(self.right, Right::Probe { .. })
    }
}

impl Drop for SharedPermit {
    fn drop(&mut self) {
        let outcome = self.outcome;
        let report = match &mut self.right {
            Right::Probe { epoch, token } => {
                Report { op: "ended", epoch: std::mem::take(epoch), token: std::mem::take(token), outcome }
            }
            Right::Local { breaker, permit } => {
                let Some(permit) = permit.take() else { return };
                match outcome {
                    "success" => return permit.success(),
                    "failure" => permit.failure(),
                    _ => return permit.ignore(),
                }
                if !matches!(breaker.state(), BreakerState::Open { .. }) {
                    return;
                }
                let epoch = self.shared.known().epoch.clone();
                Report { op: "open", epoch, token: String::new(), outcome }
            }
        };
        // Where it can't be told, a lease ends by itself, and a breaker opens for this worker alone.
        drop(self.shared.reports.try_send(report));
    }
}
