//! Order per key, with bounded parallelism.
//!
//! Alerts of one host, measurements of one user: what has the same key depends on what came before it, what has another
//! key does not. A fixed number of workers with a queue each, chosen by hash, keeps the order, but one slow key then
//! holds up every key that hashes to the same worker. Here a key has a lane of its own for as long as it has work: its
//! jobs run one after another in the order of submission, lanes take turns, and as many run at once as are allowed. A
//! lane that is empty is forgotten, so a million keys cost what those with work cost.
//!
//! - Jobs queued or running are bounded together; whoever submits waits for room, in the order of coming.
//! - A job that panics ends itself. Its lane goes on with the next.
//! - All jobs are owned by the one future that [`LaneRunner::run`] returns: dropping it ends them.
//!
//! ```
//! # use watchfire_flow::KeyedLanes;
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let (lanes, runner) = KeyedLanes::new(4, 1_000);
//! let input = async move {
//!     let first = lanes.submit("host-1", async { 1 }).await.unwrap();
//!     let second = lanes.submit("host-1", async { 2 }).await.unwrap();
//!     assert_eq!((first.await, second.await), (Ok(1), Ok(2)));
//! };
//! tokio::join!(runner.run(), input);
//! # }
//! ```

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::hash::Hash;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::JoinSet;

/// The input of the lanes. Clones submit to the same lanes; when the last one is dropped, what is queued is done and
/// the runner ends.
#[derive(Debug)]
pub struct KeyedLanes<K> {
    lanes: Arc<Lanes<K>>,
    input: Arc<Input<K>>,
}

/// The lanes take no more jobs: they were closed, or their runner is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the lanes are closed")]
pub struct LanesClosed;

/// There will be no result: the job panicked, or the runner was dropped before the job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the job panicked or was dropped")]
pub struct JobLost;

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

struct Lanes<K> {
    state: Mutex<State<K>>,
    room: Arc<Semaphore>,
    /// For the one runner: look again.
    changed: Notify,
}

struct State<K> {
    /// A lane for each key that has a job running or queued; the running one is not in it any more.
    jobs: HashMap<K, VecDeque<Job>>,
    /// Keys with jobs queued and none running, in the order of their turns.
    ready: VecDeque<K>,
    closed: bool,
}

/// Closes the lanes when nobody can submit any more.
#[derive(Debug)]
struct Input<K>(Arc<Lanes<K>>);

impl<K> Drop for Input<K> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl<K> KeyedLanes<K>
where
    K: Clone + Eq + Hash + Send + 'static,
{
    /// Lanes of which `parallel` run at once, with at most `capacity` jobs queued or running (both at least 1), and
    /// the runner that drives them.
    pub fn new(parallel: usize, capacity: usize) -> (Self, LaneRunner<K>) {
        let state = State { jobs: HashMap::new(), ready: VecDeque::new(), closed: false };
        let lanes = Arc::new(Lanes {
            state: Mutex::new(state),
            room: Arc::new(Semaphore::new(capacity.clamp(1, Semaphore::MAX_PERMITS))),
            changed: Notify::new(),
        });
        let runner = LaneRunner { lanes: Arc::clone(&lanes), parallel: parallel.max(1) };
        (Self { input: Arc::new(Input(Arc::clone(&lanes))), lanes }, runner)
    }

    /// Queues a job behind all others of its key, and waits while there is no room. The job runs whether or not
    /// anybody waits for its result.
    ///
    /// Dropping this before it is done drops the job; it was not queued.
    pub async fn submit<F>(&self, key: K, job: F) -> Result<Submitted<F::Output>, LanesClosed>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let room = Arc::clone(&self.lanes.room).acquire_owned().await.map_err(|_| LanesClosed)?;
        let (sender, result) = oneshot::channel();
        self.lanes.enter(key, boxed(job, sender, room))?;
        Ok(Submitted { result })
    }

    /// Takes no more jobs. The runner ends when those that were taken are done.
    pub fn close(&self) {
        self.lanes.close();
    }

    /// Keys that have a job queued or running.
    pub fn busy_keys(&self) -> usize {
        self.lanes.state().jobs.len()
    }
}

fn boxed<F>(job: F, result: oneshot::Sender<F::Output>, room: OwnedSemaphorePermit) -> Job
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    Box::pin(async move {
        // Room is given back when the job ends in whatever way, and if it is never begun.
        let _room = room;
        // Nobody has to wait for the result.
        let _ = result.send(job.await);
    })
}

impl<K> Clone for KeyedLanes<K> {
    fn clone(&self) -> Self {
        Self { lanes: Arc::clone(&self.lanes), input: Arc::clone(&self.input) }
    }
}

/// A job that was queued; resolves to its result. Dropping this does not cancel the job.
#[derive(Debug)]
#[must_use = "the result of the job, or that there is none, is known by awaiting this"]
pub struct Submitted<T> {
    result: oneshot::Receiver<T>,
}

impl<T> Future for Submitted<T> {
    type Output = Result<T, JobLost>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.result).poll(context).map_err(|_| JobLost)
    }
}

/// The other end of [`KeyedLanes`]. Dropping it drops all jobs that are queued, and closes the lanes.
#[derive(Debug)]
pub struct LaneRunner<K>
where
    K: Clone + Eq + Hash + Send + 'static,
{
    lanes: Arc<Lanes<K>>,
    parallel: usize,
}

impl<K> LaneRunner<K>
where
    K: Clone + Eq + Hash + Send + 'static,
{
    /// Runs jobs, on all threads of the runtime, until the lanes are closed and every job is done.
    ///
    /// Dropping this ends the running jobs at their next `await` and drops those that are queued; whoever waits for
    /// one of them is told [`JobLost`].
    pub async fn run(self) {
        let mut running = JoinSet::new();
        loop {
            while running.len() < self.parallel
                && let Some((turn, job)) = self.lanes.next_turn()
            {
                running.spawn(async move {
                    let _turn = turn;
                    job.await;
                });
            }
            if running.is_empty() && self.lanes.is_over() {
                return;
            }
            tokio::select! {
                // A panic is told to whoever waits for the job, by the loss of its result.
                Some(_) = running.join_next() => {}
                () = self.lanes.changed.notified() => {}
            }
        }
    }
}

impl<K> Drop for LaneRunner<K>
where
    K: Clone + Eq + Hash + Send + 'static,
{
    fn drop(&mut self) {
        self.lanes.close();
        let mut state = self.lanes.state();
        state.ready.clear();
        let jobs: Vec<VecDeque<Job>> = state.jobs.drain().map(|(_, jobs)| jobs).collect();
        drop(state);
        // What a job does when it is dropped must not find the lock taken.
        drop(jobs);
    }
}

/// A lane's turn to run one job. When it is dropped, by a panic too, the lane queues for its next turn.
struct LaneTurn<K>
where
    K: Clone + Eq + Hash + Send + 'static,
{
    lanes: Arc<Lanes<K>>,
    key: Option<K>,
}

impl<K> Drop for LaneTurn<K>
where
    K: Clone + Eq + Hash + Send + 'static,
{
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            self.lanes.end_turn(key);
        }
    }
}

impl<K> Lanes<K> {
    fn close(&self) {
        self.state().closed = true;
        self.room.close();
        self.changed.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K> Lanes<K>
where
    K: Clone + Eq + Hash + Send + 'static,
{
    fn enter(&self, key: K, job: Job) -> Result<(), LanesClosed> {
        let mut state = self.state();
        if state.closed {
            return Err(LanesClosed);
        }
        if let Some(lane) = state.jobs.get_mut(&key) {
            lane.push_back(job);
            return Ok(());
        }
        state.jobs.insert(key.clone(), VecDeque::from([job]));
        state.ready.push_back(key);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    fn next_turn(self: &Arc<Self>) -> Option<(LaneTurn<K>, Job)> {
        let mut state = self.state();
        let key = state.ready.pop_front()?;
        let job = state.jobs.get_mut(&key)?.pop_front()?;
        drop(state);
        Some((LaneTurn { lanes: Arc::clone(self), key: Some(key) }, job))
    }

    fn end_turn(&self, key: K) {
        let mut state = self.state();
        match state.jobs.get(&key) {
            Some(lane) if lane.is_empty() => {
                state.jobs.remove(&key);
            }
            // Behind the others: a key with much work does not hold up those with little.
            Some(_) => state.ready.push_back(key),
            None => {}
        }
        drop(state);
        self.changed.notify_one();
    }

    fn is_over(&self) -> bool {
        let state = self.state();
        state.closed && state.jobs.is_empty()
    }
}

impl<K> std::fmt::Debug for Lanes<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lanes").field("busy_keys", &self.state().jobs.len()).finish_non_exhaustive()
    }
}
