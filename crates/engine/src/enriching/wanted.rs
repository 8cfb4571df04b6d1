//! Which indicators services may be asked about, and how urgent each is.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use watchfire_judge::{Judgement, Reputations};
use watchfire_signal::{Decider, Indicator, IndicatorKind, Reputation};

/// Indicators that are collected; what is new beyond that waits for a later run.
const BOUND: usize = 200_000;
/// Longer values are not collected, in bytes: services don't take them.
const MAX_VALUE: usize = 2048;

type Found = HashMap<(IndicatorKind, Box<str>), u8>;

/// Indicators of judged alerts, each with the priority of the most urgent alert that it stands in.
#[derive(Debug, Default)]
pub struct Wanted(Mutex<Found>);

impl Wanted {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an indicator, of an alert of this priority (0–100).
    pub fn add(&self, indicator: Indicator<'_>, priority: u8) {
        let collector = Collector::default();
        collector.priority.set(priority);
        collector.reputation(indicator);
        self.take_in(collector);
    }

    /// Adds what was collected in a chunk.
    pub(crate) fn take_in(&self, collector: Collector) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, priority) in collector.found.into_inner() {
            if let Some(known) = all.get_mut(&key) {
                *known = (*known).max(priority);
            } else if all.len() < BOUND {
                all.insert(key, priority);
            }
        }
    }

    /// Takes out the most urgent that are worth asking about, at most so many, and drops those before them that are not.
    pub(crate) fn most_urgent(&self, most: usize, is_worth: impl Fn(Indicator<'_>) -> bool) -> Self {
        let mut these = Found::new();
        for (kind, value, priority) in self.by_priority() {
            if these.len() == most {
                break;
            }
            let is_worth = is_worth(Indicator { kind, value: &value });
            let key = (kind, value);
            self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
            if is_worth {
                these.insert(key, priority);
            }
        }
        Self(Mutex::new(these))
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// All of them, the most urgent first.
    pub(crate) fn by_priority(&self) -> Vec<(IndicatorKind, Box<str>, u8)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sorted: Vec<_> =
            all.iter().map(|((kind, value), priority)| (*kind, value.clone(), *priority)).collect();
        sorted.sort_by(|a, b| (b.2, a.0.id(), &a.1).cmp(&(a.2, b.0.id(), &b.1)));
        sorted
    }
}

/// Collects the indicators of a chunk by standing in for whoever knows their reputations.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    /// The priority of the alert that is looked at.
    pub(crate) priority: Cell<u8>,
    found: RefCell<Found>,
}

impl Reputations for Collector {
    fn reputation(&self, indicator: Indicator<'_>) -> Reputation {
        if !indicator.value.is_empty() && indicator.value.len() <= MAX_VALUE {
            let mut found = self.found.borrow_mut();
            let known = found.entry((indicator.kind, indicator.value.into())).or_default();
            *known = (*known).max(self.priority.get());
        }
        Reputation::NotAsked
    }
}

/// Whether what services know could change anything: not where an analyst has spoken, or a rule says that it is noise.
pub(crate) fn is_worth_asking(judgement: &Judgement) -> bool {
    let decision = &judgement.decision;
    match decision.decider {
        Decider::Analyst => false,
        Decider::Rule => !decision.verdict.is_benign(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::Wanted;
    use watchfire_signal::{Indicator, IndicatorKind};

    #[test]
    fn an_indicator_is_wanted_once_and_as_urgently_as_its_most_urgent_alert() {
        let wanted = Wanted::new();
        for (value, priority) in [("a.com", 10), ("b.com", 40), ("a.com", 90), ("a.com", 20), ("", 99)] {
            wanted.add(Indicator { kind: IndicatorKind::Domain, value }, priority);
        }
        let sorted: Vec<(Box<str>, u8)> =
            wanted.by_priority().into_iter().map(|(_, value, priority)| (value, priority)).collect();
        assert_eq!(sorted, [("a.com".into(), 90), ("b.com".into(), 40)]);
    }

    #[test]
    fn the_most_urgent_are_taken_first_and_what_is_known_is_dropped() {
        let wanted = Wanted::new();
        for (value, priority) in [("a.com", 10), ("known.com", 99), ("b.com", 40), ("c.com", 20)] {
            wanted.add(Indicator { kind: IndicatorKind::Domain, value }, priority);
        }
        let take = || {
            let these = wanted.most_urgent(2, |indicator| indicator.value != "known.com");
            these.by_priority().into_iter().map(|(_, value, _)| value.into_string()).collect::<Vec<_>>()
        };
        assert_eq!(take(), ["b.com", "c.com"]);
        assert_eq!(take(), ["a.com"]);
        assert!(take().is_empty() && wanted.is_empty());
    }
}
