//! What a worker counts, and tells once a second where something changed.

use super::asking::Desk;
use super::bench::{Handled, Judged};
use std::cell::Cell;

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Figures {
    records: Cell<u64>,
    bytes: Cell<u64>,
    alerts: Cell<u64>,
    set_aside: Cell<u64>,
    dead: Cell<u64>,
    redelivered: Cell<u64>,
    put_out: Cell<u64>,
    withdrawn: Cell<u64>,
    told: Cell<u64>,
}

fn add(cell: &Cell<u64>, more: u64) {
    cell.set(cell.get() + more);
}

impl Figures {
    pub(super) fn took(&self, records: usize, bytes: usize) {
        add(&self.records, records as u64);
        add(&self.bytes, bytes as u64);
    }

    pub(super) fn judged(&self, handled: &Handled) {
        add(&self.set_aside, handled.set_aside);
        add(&self.redelivered, u64::from(handled.again));
        for item in &handled.items {
            match item {
                Judged::Alert(_) => add(&self.alerts, 1),
                Judged::Dead(_) => add(&self.dead, 1),
            }
        }
    }

    pub(super) fn put_out(&self, messages: u64) {
        add(&self.put_out, messages);
    }

    pub(super) fn withdrawn(&self, messages: u64) {
        add(&self.withdrawn, messages);
    }

    /// Tells what was counted, if it is more than was told last.
    pub(super) fn tell(&self, waiting: usize, desk: &Desk) {
        let sum = self.records.get() + self.put_out.get() + self.withdrawn.get();
        let counts = *desk.counts.borrow();
        let sum = sum + counts.asked + counts.answered + counts.closed;
        if self.told.replace(sum) == sum {
            return;
        }
        self.write(waiting, desk);
    }

    /// Tells what was counted.
    pub(super) fn write(&self, waiting: usize, desk: &Desk) {
        let counts = *desk.counts.borrow();
        tracing::info!(
            records = self.records.get(),
            alerts = self.alerts.get(),
            set_aside = self.set_aside.get(),
            dead = self.dead.get(),
            redelivered = self.redelivered.get(),
            asked = counts.asked,
            answered = counts.answered,
            closed = counts.closed,
            put_out = self.put_out.get(),
            withdrawn = self.withdrawn.get(),
            waiting,
            open = desk.open(),
            "worker"
        );
    }
}
