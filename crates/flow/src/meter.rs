//! Counters and gauges with names that are fixed when the program is compiled.
//!
//! A meter that is looked up by a string costs a hash at every count, and a typing error makes a new series instead of
//! a compile error; a label that comes from input makes as many series as an attacker likes. Here the names are the
//! variants of two enums, one for counters and one for gauges, so that the compiler knows them, a count is one atomic
//! addition, and how many there are is settled before the first one.

use std::sync::atomic::{AtomicU64, Ordering};

/// An enum whose variants name meters.
pub trait MeterName: Copy + 'static {
    /// Every variant, in the order of [`MeterName::index`].
    const ALL: &'static [Self];

    /// The variant's place in [`MeterName::ALL`]: `self as usize` for an enum without values of its own.
    fn index(self) -> usize;

    /// The name that is exported, with its unit: `calls_total`, `queued_entries`.
    fn name(self) -> &'static str;
}

/// No meters of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoMeters {}

impl MeterName for NoMeters {
    const ALL: &'static [Self] = &[];

    fn index(self) -> usize {
        match self {}
    }

    fn name(self) -> &'static str {
        match self {}
    }
}

/// What a meter does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MeterKind {
    /// Only ever rises.
    Counter,
    /// Rises and falls.
    Gauge,
}

/// One meter at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Reading {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub kind: MeterKind,
    /// How far it has come.
    pub value: u64,
}

/// A set of meters: counters named by `C`, gauges named by `G`. Shared by reference or in an `Arc`; never blocks.
#[derive(Debug)]
pub struct Meters<C, G = NoMeters> {
    counters: Box<[AtomicU64]>,
    gauges: Box<[AtomicU64]>,
    names: std::marker::PhantomData<fn(C, G)>,
}

impl<C: MeterName, G: MeterName> Meters<C, G> {
    /// All at zero.
    pub fn new() -> Self {
        debug_assert!(C::ALL.iter().enumerate().all(|(place, name)| name.index() == place));
        debug_assert!(G::ALL.iter().enumerate().all(|(place, name)| name.index() == place));
        let zeros = |number: usize| (0..number).map(|_| AtomicU64::new(0)).collect();
        Self { counters: zeros(C::ALL.len()), gauges: zeros(G::ALL.len()), names: std::marker::PhantomData }
    }

    /// Counts one more.
    pub fn count(&self, counter: C) {
        self.add(counter, 1);
    }

    /// Counts so many more.
    pub fn add(&self, counter: C, number: u64) {
        if let Some(cell) = self.counters.get(counter.index()) {
            cell.fetch_add(number, Ordering::Relaxed);
        }
    }

    /// What was counted.
    pub fn counted(&self, counter: C) -> u64 {
        self.counters.get(counter.index()).map_or(0, |cell| cell.load(Ordering::Relaxed))
    }

    /// Sets a gauge.
    pub fn set(&self, gauge: G, value: u64) {
        if let Some(cell) = self.gauges.get(gauge.index()) {
            cell.store(value, Ordering::Relaxed);
        }
    }

    /// Where a gauge stands.
    pub fn level(&self, gauge: G) -> u64 {
        self.gauges.get(gauge.index()).map_or(0, |cell| cell.load(Ordering::Relaxed))
    }

    /// Raises a gauge by one for as long as the guard lives: what is under way, however it ends.
    pub fn raise(&self, gauge: G) -> Raised<'_> {
        let cell = self.gauges.get(gauge.index());
        if let Some(cell) = cell {
            cell.fetch_add(1, Ordering::Relaxed);
        }
        Raised { cell }
    }

    /// All meters, each read by itself: what is counted while reading may show in one and not in another.
    pub fn snapshot(&self) -> Vec<Reading> {
        let counters = C::ALL.iter().map(|&counter| Reading {
            name: counter.name(),
            kind: MeterKind::Counter,
            value: self.counted(counter),
        });
        let gauges = G::ALL.iter().map(|&gauge| Reading {
            name: gauge.name(),
            kind: MeterKind::Gauge,
            value: self.level(gauge),
        });
        counters.chain(gauges).collect()
    }
}

impl<C: MeterName, G: MeterName> Default for Meters<C, G> {
    fn default() -> Self {
        Self::new()
    }
}

/// A gauge stands higher by one until this is dropped.
#[derive(Debug)]
#[must_use = "the gauge falls when this is dropped"]
pub struct Raised<'a> {
    cell: Option<&'a AtomicU64>,
}

impl Drop for Raised<'_> {
    fn drop(&mut self) {
        if let Some(cell) = self.cell {
            // A gauge that was set in between stops at zero instead of wrapping round.
            let lower = |level: u64| level.checked_sub(1);
            let _ = cell.fetch_update(Ordering::Relaxed, Ordering::Relaxed, lower);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MeterKind, MeterName, Meters, NoMeters, Reading};

    #[derive(Clone, Copy)]
    enum Count {
        Calls,
        Failures,
    }

    impl MeterName for Count {
        const ALL: &'static [Self] = &[Self::Calls, Self::Failures];

        fn index(self) -> usize {
            self as usize
        }

        fn name(self) -> &'static str {
            match self {
                Self::Calls => "calls_total",
                Self::Failures => "failures_total",
            }
        }
    }

    #[derive(Clone, Copy)]
    enum Level {
        UnderWay,
    }

    impl MeterName for Level {
        const ALL: &'static [Self] = &[Self::UnderWay];

        fn index(self) -> usize {
            self as usize
        }

        fn name(self) -> &'static str {
            "calls_under_way"
        }
    }

    #[test]
    fn every_count_of_every_thread_is_in_the_snapshot() {
        let meters = Meters::<Count, Level>::new();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1_000 {
                        let _call = meters.raise(Level::UnderWay);
                        meters.count(Count::Calls);
                    }
                    meters.add(Count::Failures, 3);
                });
            }
        });
        let reading = |name, kind, value| Reading { name, kind, value };
        assert_eq!(
            meters.snapshot(),
            [
                reading("calls_total", MeterKind::Counter, 4_000),
                reading("failures_total", MeterKind::Counter, 12),
                reading("calls_under_way", MeterKind::Gauge, 0),
            ]
        );
    }

    #[test]
    fn what_is_under_way_is_not_counted_any_more_after_a_panic() {
        let meters = Meters::<Count, Level>::new();
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _call = meters.raise(Level::UnderWay);
            assert_eq!(meters.level(Level::UnderWay), 1);
            std::panic::resume_unwind(Box::new(()));
        }));
        assert!(outcome.is_err());
        assert_eq!(meters.level(Level::UnderWay), 0);
        let call = meters.raise(Level::UnderWay);
        meters.set(Level::UnderWay, 0);
        drop(call);
        assert_eq!(meters.level(Level::UnderWay), 0, "never below zero");
        assert!(Meters::<Count, NoMeters>::new().snapshot().len() == 2);
    }
}
