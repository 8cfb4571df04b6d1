//! What waits, and when the first batch of it is due.

use super::{BatchSettings, BatchStatistics, NotPushed, Trigger};
use crate::Deadline;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore, SemaphorePermit, TryAcquireError, watch};
use tokio::time::Instant;

#[derive(Debug)]
pub(super) struct Entry<T> {
    pub(super) value: T,
    /// At most the capacity: what was taken from it.
    bytes: usize,
    queued: Instant,
    number: u64,
}

/// What the runner has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Now(Trigger),
    At(Instant),
    /// Not before something changes.
    Later,
    /// Closed, and all is done.
    Over,
}

#[derive(Debug)]
pub(super) struct Queue<T> {
    settings: BatchSettings,
    state: Mutex<State<T>>,
    /// Room for entries and for bytes. Fair: who came first gets room first. Taken by entries until they are done.
    room: Semaphore,
    room_bytes: Semaphore,
    /// For the one runner: look again.
    pub(super) changed: Notify,
    closing: watch::Sender<Option<Deadline>>,
}

#[derive(Debug)]
struct State<T> {
    /// The triggers that hold now: never beyond those of the settings.
    size: usize,
    age: Option<Duration>,
    waiting: VecDeque<Entry<T>>,
    waiting_bytes: usize,
    batches_out: usize,
    given_back: bool,
    closed: bool,
    /// How many push and find no room. What waits is due then: without a timer, an entry that fits the queue but not
    /// what is left of it would wait for one that never comes.
    pressing: usize,
    /// Somebody found no room and did not wait.
    refused: bool,
    /// Entries with smaller numbers are due because a flush was asked for.
    asked_below: u64,
    total_queued: u64,
    size_flushes: u64,
    timer_flushes: u64,
}

impl<T> Queue<T> {
    pub(super) fn new(settings: BatchSettings) -> Self {
        let settings = settings.sane();
        let state = State {
            size: settings.size,
            age: settings.age,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            batches_out: 0,
            given_back: false,
            closed: false,
            pressing: 0,
            refused: false,
            asked_below: 0,
            total_queued: 0,
            size_flushes: 0,
            timer_flushes: 0,
        };
        Self {
            settings,
            state: Mutex::new(state),
            room: Semaphore::new(settings.capacity),
            room_bytes: Semaphore::new(settings.capacity_bytes),
            changed: Notify::new(),
            closing: watch::channel(None).0,
        }
    }

    pub(super) fn settings(&self) -> &BatchSettings {
        &self.settings
    }

    /// The settings with the triggers that hold now.
    pub(super) fn current(&self) -> BatchSettings {
        let state = self.state();
        BatchSettings { size: state.size, age: state.age, ..self.settings }
    }

    /// Sets the triggers, within those of the settings.
    pub(super) fn aim(&self, size: usize, age: Duration) {
        let mut state = self.state();
        state.size = size.clamp(1, self.settings.size);
        state.age = self.settings.age.map(|most| age.min(most));
        drop(state);
        self.changed.notify_one();
    }

    pub(super) async fn push(&self, value: T, bytes: usize) -> Result<(), NotPushed<T>> {
        let value = match self.try_push(value, bytes) {
            Err(NotPushed::Full(value)) => value,
            pushed_or_closed => return pushed_or_closed,
        };
        let bytes = self.count(bytes);
        let pressing = Pressing::new(self);
        let Ok(room) = self.room.acquire().await else { return Err(NotPushed::Closed(value)) };
        let Ok(room_bytes) = self.room_bytes.acquire_many(bytes as u32).await else {
            return Err(NotPushed::Closed(value));
        };
        drop(pressing);
        self.enter(value, bytes, Duration::ZERO, room, room_bytes)
    }

    pub(super) fn try_push(&self, value: T, bytes: usize) -> Result<(), NotPushed<T>> {
        self.try_push_aged(value, bytes, Duration::ZERO)
    }

    pub(super) fn try_push_aged(&self, value: T, bytes: usize, waited: Duration) -> Result<(), NotPushed<T>> {
        let bytes = self.count(bytes);
        let room = self.room.try_acquire();
        let room_bytes = self.room_bytes.try_acquire_many(bytes as u32);
        match (room, room_bytes) {
            (Ok(room), Ok(room_bytes)) => self.enter(value, bytes, waited, room, room_bytes),
            (Err(TryAcquireError::Closed), _) | (_, Err(TryAcquireError::Closed)) => {
                Err(NotPushed::Closed(value))
            }
            (Err(TryAcquireError::NoPermits), _) | (_, Err(TryAcquireError::NoPermits)) => {
                self.state().refused = true;
                self.changed.notify_one();
                Err(NotPushed::Full(value))
            }
        }
    }

    fn count(&self, bytes: usize) -> usize {
        bytes.min(self.settings.capacity_bytes)
    }

    fn enter(
        &self,
        value: T,
        bytes: usize,
        waited: Duration,
        room: SemaphorePermit<'_>,
        room_bytes: SemaphorePermit<'_>,
    ) -> Result<(), NotPushed<T>> {
        let mut state = self.state();
        if state.closed {
            return Err(NotPushed::Closed(value));
        }
        room.forget();
        room_bytes.forget();
        let number = state.total_queued;
        state.total_queued += 1;
        state.waiting_bytes += bytes;
        let now = Instant::now();
        // A clock that began later than the wait counts from its own beginning.
        let queued = now.checked_sub(waited).unwrap_or(now);
        state.waiting.push_back(Entry { value, bytes, queued, number });
        // Anything between the first entry and the last one of a batch changes nothing for the runner.
        let matters = state.waiting.len() == 1 || self.is_full(&state);
        drop(state);
        if matters {
            self.changed.notify_one();
        }
        Ok(())
    }

    pub(super) fn flush(&self) {
        let mut state = self.state();
        state.asked_below = state.total_queued;
        drop(state);
        self.changed.notify_one();
    }

    pub(super) fn close(&self, deadline: Deadline) {
        self.state().closed = true;
        self.room.close();
        self.room_bytes.close();
        self.closing.send_modify(|closing| *closing = Some(closing.unwrap_or_default().sooner(deadline)));
        self.changed.notify_one();
    }

    /// Waits until the runner has to end, done or not.
    pub(super) async fn cut_off(&self) {
        let mut closing = self.closing.subscribe();
        loop {
            let deadline = closing.borrow_and_update().unwrap_or_default();
            tokio::select! {
                biased;
                () = deadline.passed() => return,
                // The sender lives as long as this does.
                _ = closing.changed() => {}
            }
        }
    }

    /// When the next batch is due.
    pub(super) fn due(&self, now: Instant) -> Due {
        let state = self.state();
        let Some(first) = state.waiting.front() else {
            return if state.closed && state.batches_out == 0 { Due::Over } else { Due::Later };
        };
        let deadline = state.age.and_then(|age| first.queued.checked_add(age));
        if self.is_full(&state) {
            Due::Now(Trigger::Size)
        } else if deadline.is_some_and(|deadline| deadline <= now) {
            Due::Now(Trigger::Timer)
        } else if state.closed || first.number < state.asked_below {
            Due::Now(Trigger::Asked)
        } else {
            deadline.map_or(Due::Later, Due::At)
        }
    }

    fn is_full(&self, state: &State<T>) -> bool {
        state.waiting.len() >= state.size
            || state.waiting_bytes >= self.settings.bytes
            || state.pressing > 0
            || state.refused
    }

    /// Takes the oldest entries out, as many as make a batch.
    pub(super) fn take(&self) -> Vec<Entry<T>> {
        let mut state = self.state();
        state.refused = false;
        let (mut number, mut bytes) = (0, 0_usize);
        for entry in state.waiting.iter().take(state.size) {
            bytes = bytes.saturating_add(entry.bytes);
            if number > 0 && bytes > self.settings.bytes {
                break;
            }
            number += 1;
        }
        let taken: Vec<Entry<T>> = state.waiting.drain(..number).collect();
        state.waiting_bytes -= taken.iter().map(|entry| entry.bytes).sum::<usize>();
        state.batches_out += usize::from(!taken.is_empty());
        taken
    }

    /// Entries are done: there is room for others.
    pub(super) fn done(&self, entries: &[Entry<T>]) {
        self.room.add_permits(entries.len());
        self.room_bytes.add_permits(entries.iter().map(|entry| entry.bytes).sum());
    }

    pub(super) fn count_flush(&self, trigger: Trigger) {
        let mut state = self.state();
        match trigger {
            Trigger::Size => state.size_flushes += 1,
            Trigger::Timer => state.timer_flushes += 1,
            Trigger::Asked => {}
        }
    }

    /// A batch is out of the sink's hands; these were not done.
    pub(super) fn end_batch(&self, rest: Vec<Entry<T>>) {
        let mut state = self.state();
        state.batches_out = state.batches_out.saturating_sub(1);
        state.given_back |= !rest.is_empty();
        for entry in rest.into_iter().rev() {
            state.waiting_bytes += entry.bytes;
            state.waiting.push_front(entry);
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Whether entries were given back since this was last asked.
    pub(super) fn was_given_back(&self) -> bool {
        std::mem::take(&mut self.state().given_back)
    }

    pub(super) fn take_rest(&self) -> Vec<T> {
        let mut state = self.state();
        let rest: Vec<Entry<T>> = state.waiting.drain(..).collect();
        state.waiting_bytes = 0;
        drop(state);
        self.done(&rest);
        self.changed.notify_one();
        rest.into_iter().map(|entry| entry.value).collect()
    }

    pub(super) fn statistics(&self) -> BatchStatistics {
        let state = self.state();
        BatchStatistics {
            total_queued: state.total_queued,
            size_flushes: state.size_flushes,
            timer_flushes: state.timer_flushes,
            current_buffer_size: state.waiting.len(),
            first_entry_age: state.waiting.front().map(|first| first.queued.elapsed()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody waits for room, for as long as this lives.
struct Pressing<'a, T>(&'a Queue<T>);

impl<'a, T> Pressing<'a, T> {
    fn new(queue: &'a Queue<T>) -> Self {
        queue.state().pressing += 1;
        queue.changed.notify_one();
        Self(queue)
    }
}

impl<T> Drop for Pressing<'_, T> {
    fn drop(&mut self) {
        self.0.state().pressing -= 1;
    }
}
