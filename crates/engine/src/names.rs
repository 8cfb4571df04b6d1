//! The most frequent names, in bounded memory.

use crate::summary::{Count, Counts, Ranked};
use hashbrown::HashMap;
use watchfire_judge::statistics::BoundedMap;
use watchfire_judge::tame;

/// Names that are counted apart.
const BOUND: usize = 20_000;
/// Longest name shown, in characters.
const MAX_NAME: usize = 100;

/// Counts alerts by name, given the name's hash; names beyond the bound push out those not seen for longest.
#[derive(Debug)]
pub(crate) struct TopNames {
    names: BoundedMap<u64, Named>,
}

#[derive(Debug)]
struct Named {
    name: String,
    alerts: u64,
    priority: u8,
}

impl TopNames {
    pub(crate) fn new() -> Self {
        Self { names: BoundedMap::new(BOUND) }
    }

    pub(crate) fn add(&mut self, hash: u64, name: &str, priority: u8) {
        let named = self.names.entry(hash, || Named { name: tame(name, MAX_NAME), alerts: 0, priority: 0 });
        named.alerts += 1;
        named.priority = named.priority.max(priority);
    }

    pub(crate) fn top(&self, count: usize) -> Vec<Ranked> {
        let mut ranked: Vec<Ranked> = self
            .names
            .values()
            .map(|named| Ranked { name: named.name.clone(), alerts: named.alerts, priority: named.priority })
            .collect();
        ranked.sort_by(|a, b| b.alerts.cmp(&a.alerts).then_with(|| a.name.cmp(&b.name)));
        ranked.truncate(count);
        ranked
    }
}

/// Counts by a text from the input, of which there may be any number: beyond a bound all others count as one.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    counts: HashMap<String, u64>,
}

impl Labels {
    const BOUND: usize = 200;

    pub(crate) fn add(&mut self, label: &str) {
        if let Some(count) = self.counts.get_mut(label) {
            *count += 1;
            return;
        }
        let label = tame(label, MAX_NAME);
        let full = self.counts.len() >= Self::BOUND && !self.counts.contains_key(&label);
        *self.counts.entry(if full { "other".to_owned() } else { label }).or_default() += 1;
    }

    pub(crate) fn counts(&self) -> Counts {
        let mut counts: Counts =
            self.counts.iter().map(|(name, &alerts)| Count { name: name.clone(), alerts }).collect();
        counts.sort_by(|a, b| b.alerts.cmp(&a.alerts).then_with(|| a.name.cmp(&b.name)));
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::Labels;

    #[test]
    fn labels_from_the_input_are_bounded_and_tamed() {
        let mut labels = Labels::default();
        for number in 0..10_000 {
            labels.add(&format!("kind {number}\u{1b}[31m"));
        }
        let counts = labels.counts();
        assert!(counts.len() <= Labels::BOUND + 1);
        assert_eq!(counts.iter().map(|count| count.alerts).sum::<u64>(), 10_000);
        assert_eq!(counts[0].name, "other");
        assert!(counts.iter().all(|count| !count.name.contains('\u{1b}')));
    }
}
