//! Who is next.
//!
//! Each user has a line per priority, first in, first out. Only the heads of lines compete: the one who has stood there
//! longest goes first, where each step of priority counts as if one had stood there so much longer. That is ageing with
//! numbers that never change, so the order is kept in a tree and nobody is compared twice.
//!
//! Whoever is served goes to the end of the others: of one priority, users take turns, however many calls one of them
//! has waiting. Were every waiter to age, and not only heads, a long line would outrank whoever comes later, and
//! neither turns nor priorities would be left. Nobody is forgotten: a head outranks every newcomer in the end, and
//! whoever stands behind is the head after a known number of turns.

use super::amounts::{Amounts, Demand};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// More than anybody waits, so that 255 steps of it are still a time.
const LONGEST_STEP: Duration = Duration::from_secs(365 * 86_400);

/// Somebody who waits.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) user: u64,
    pub(super) priority: u8,
    pub(super) cost: Amounts,
    pub(super) since: Instant,
    pub(super) deadline: Option<Instant>,
    pub(super) wake: Arc<Notify>,
}

/// A user at a priority.
type LineName = (u8, u64);

#[derive(Debug)]
struct Line {
    /// By number, and so by arrival.
    waiters: BTreeSet<u64>,
    /// Since when its head has been the head.
    since: Instant,
    /// Its place among the heads.
    rank: (Duration, u64),
}

/// All who wait at one priority.
#[derive(Debug, Default)]
struct Crowd {
    demand: Demand,
    lines: u64,
}

#[derive(Debug)]
pub(super) struct Queue {
    origin: Instant,
    ageing: Duration,
    /// By number, and so by arrival.
    waiters: BTreeMap<u64, Waiter>,
    lines: HashMap<LineName, Line>,
    /// The least is next.
    heads: BTreeMap<(Duration, u64), LineName>,
    crowds: BTreeMap<u8, Crowd>,
    /// Tells those apart who became heads at the same moment.
    turn: u64,
}

impl Queue {
    pub(super) fn new(origin: Instant, ageing: Duration) -> Self {
        Self {
            origin,
            ageing: ageing.min(LONGEST_STEP),
            waiters: BTreeMap::new(),
            lines: HashMap::new(),
            heads: BTreeMap::new(),
            crowds: BTreeMap::new(),
            turn: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.waiters.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiters.is_empty()
    }

    pub(super) fn get(&self, id: u64) -> Option<&Waiter> {
        self.waiters.get(&id)
    }

    /// Whoever has waited longest; see [`super::state::State::dispatch`].
    pub(super) fn oldest(&self) -> Option<(u64, &Waiter)> {
        self.waiters.first_key_value().map(|(&id, waiter)| (id, waiter))
    }

    pub(super) fn next(&self) -> Option<u64> {
        let (_, name) = self.heads.first_key_value()?;
        self.lines.get(name)?.waiters.first().copied()
    }

    /// Who would be served if so many were, in order.
    pub(super) fn upcoming(&self, most: usize, now: Instant) -> Vec<u64> {
        let mut heads = self.heads.iter().map(|(&rank, &name)| (rank, name, 0)).peekable();
        // Lines whose heads would have been served: the places of those who stood behind them.
        let mut behind: BTreeMap<(Duration, u64), (LineName, usize)> = BTreeMap::new();
        let (mut order, mut turn) = (Vec::new(), self.turn);
        while order.len() < most {
            let first_behind = behind.first_key_value().map(|(&rank, _)| rank);
            let next = match (heads.peek(), first_behind) {
                (Some(&(rank, ..)), Some(other)) if other < rank => behind.pop_first().map(|(_, next)| next),
                (Some(_), _) => heads.next().map(|(_, name, place)| (name, place)),
                (None, _) => behind.pop_first().map(|(_, next)| next),
            };
            let Some((name, place)) = next else { break };
            let Some(line) = self.lines.get(&name) else { break };
            let mut waiters = line.waiters.iter().skip(place);
            order.extend(waiters.next());
            if waiters.next().is_some() {
                turn += 1;
                behind.insert(self.rank_of(name.0, now, turn), (name, place + 1));
            }
        }
        order
    }

    /// Stands in line. Numbers rise.
    pub(super) fn push(&mut self, id: u64, waiter: Waiter) {
        let name = (waiter.priority, waiter.user);
        let crowd = self.crowds.entry(waiter.priority).or_default();
        crowd.demand.add(&waiter.cost);
        if let Some(line) = self.lines.get_mut(&name) {
            line.waiters.insert(id);
        } else {
            crowd.lines += 1;
            let rank = self.rank(waiter.priority, waiter.since);
            self.heads.insert(rank, name);
            let line = Line { waiters: BTreeSet::from([id]), since: waiter.since, rank };
            self.lines.insert(name, line);
        }
        self.waiters.insert(id, waiter);
    }

    /// It is somebody's turn: the next of the line becomes its head now.
    pub(super) fn serve(&mut self, id: u64, now: Instant) -> Option<Waiter> {
        self.take(id, Some(now))
    }

    /// Somebody gives up: the next of the line is head for as long as both have stood there.
    pub(super) fn remove(&mut self, id: u64) -> Option<Waiter> {
        self.take(id, None)
    }

    /// Everybody, in no order.
    pub(super) fn drain(&mut self) -> BTreeMap<u64, Waiter> {
        self.lines.clear();
        self.heads.clear();
        self.crowds.clear();
        std::mem::take(&mut self.waiters)
    }

    fn take(&mut self, id: u64, served_at: Option<Instant>) -> Option<Waiter> {
        let waiter = self.waiters.remove(&id)?;
        let name = (waiter.priority, waiter.user);
        let crowd = self.crowds.entry(waiter.priority).or_default();
        crowd.demand.remove(&waiter.cost);
        let line = self.lines.get_mut(&name)?;
        let was_head = line.waiters.first() == Some(&id);
        line.waiters.remove(&id);
        if !was_head {
            return Some(waiter);
        }
        let (old_rank, stood_since) = (line.rank, line.since);
        self.heads.remove(&old_rank);
        if let Some(&head) = line.waiters.first() {
            let came = self.waiters.get(&head).map_or(stood_since, |head| head.since);
            let since = served_at.unwrap_or(stood_since).max(came);
            let rank = self.rank(waiter.priority, since);
            self.heads.insert(rank, name);
            if let Some(line) = self.lines.get_mut(&name) {
                (line.since, line.rank) = (since, rank);
            }
        } else {
            self.lines.remove(&name);
            crowd.lines -= 1;
            if crowd.lines == 0 {
                self.crowds.remove(&waiter.priority);
            }
        }
        Some(waiter)
    }

    fn rank(&mut self, priority: u8, since: Instant) -> (Duration, u64) {
        self.turn += 1;
        self.rank_of(priority, since, self.turn)
    }

    fn rank_of(&self, priority: u8, since: Instant, turn: u64) -> (Duration, u64) {
        let handicap = self.ageing * u32::from(u8::MAX - priority);
        (since.saturating_duration_since(self.origin).saturating_add(handicap), turn)
    }

    /// About what goes before a newcomer: all who are more urgent; of those as urgent, as many turns as the newcomer
    /// has to wait for. Whoever is less urgent but older is left out.
    pub(super) fn before(&self, user: u64, priority: u8) -> Demand {
        let mut before = Demand::default();
        for (&other, crowd) in self.crowds.range(priority..) {
            if other > priority {
                before = before.and(&crowd.demand);
                continue;
            }
            let own = self.lines.get(&(priority, user)).map_or(0, |line| line.waiters.len() as u64);
            let others = crowd.lines - u64::from(own > 0);
            let turns = u128::from(own) + u128::from(others) * (u128::from(own) + 1);
            before = before.and(&crowd.demand.part(turns));
        }
        before
    }
}

#[cfg(test)]
mod tests {
    use super::{Amounts, Queue, Waiter};
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::time::Duration;
    use tokio::time::Instant;

    fn waiter(user: u64, priority: u8, since: Instant) -> Waiter {
        let cost = Amounts { requests: 1, ..Amounts::default() };
        Waiter { user, priority, cost, since, deadline: None, wake: std::sync::Arc::default() }
    }

    proptest! {
        /// One is served each second, while calls more urgent come in at any rate and users flood their lines.
        #[test]
        fn nobody_is_forgotten_and_each_line_keeps_its_order(
            arrivals in proptest::collection::vec((0_u64..4, 0_u8..4, 0_u64..3), 1..200),
            gives_up in 0_u64..200,
        ) {
            let start = Instant::now();
            let mut queue = Queue::new(start, Duration::from_secs(10));
            let mut came = BTreeMap::new();
            let mut last_of_line = BTreeMap::new();
            let mut now = start;
            let mut arrivals = arrivals.into_iter().enumerate().peekable();
            let mut burst = 0;
            while arrivals.peek().is_some() || !queue.is_empty() {
                if let Some((id, (user, priority, gap))) = arrivals.next_if(|_| burst < 3) {
                    burst = if gap == 0 { burst + 1 } else { 3 };
                    queue.push(id as u64, waiter(user, priority, now));
                    came.insert(id as u64, (user, priority));
                    if id as u64 == gives_up {
                        queue.remove(id as u64);
                        came.remove(&gives_up);
                    }
                    continue;
                }
                burst = 0;
                now += Duration::from_secs(1);
                let Some(id) = queue.next() else { continue };
                let served = queue.serve(id, now).unwrap();
                prop_assert_eq!(came.remove(&id), Some((served.user, served.priority)));
                let before = last_of_line.insert((served.user, served.priority), id);
                prop_assert!(before < Some(id), "first in, first out");
                // There are 16 lines: with 3 steps of 10 s, no head stands longer than that and one turn of each.
                let stood = queue.lines.values().map(|line| now - line.since).max().unwrap_or_default();
                prop_assert!(stood <= Duration::from_secs(30 + 3 * 16), "{:?}", stood);
            }
            prop_assert!(came.is_empty());
            prop_assert!(queue.lines.is_empty() && queue.heads.is_empty() && queue.crowds.is_empty());
        }
    }

    proptest! {
        #[test]
        fn who_is_upcoming_is_who_is_served(arrivals in proptest::collection::vec((0_u64..4, 0_u8..4, 0_u64..9), 1..60)) {
            let start = Instant::now();
            let mut queue = Queue::new(start, Duration::from_secs(10));
            for (id, &(user, priority, after)) in arrivals.iter().enumerate() {
                queue.push(id as u64, waiter(user, priority, start + Duration::from_secs(after)));
            }
            let now = start + Duration::from_secs(20);
            let upcoming = queue.upcoming(arrivals.len(), now);
            prop_assert_eq!(queue.upcoming(3, now), upcoming.iter().copied().take(3).collect::<Vec<_>>());
            let mut served = Vec::new();
            while let Some(id) = queue.next() {
                queue.serve(id, now).unwrap();
                served.push(id);
            }
            prop_assert_eq!(upcoming, served);
        }
    }

    #[test]
    fn a_flood_of_one_user_does_not_hold_up_another_who_comes_much_later() {
        let start = Instant::now();
        let mut queue = Queue::new(start, Duration::from_secs(10));
        (0..1000).for_each(|id| queue.push(id, waiter(1, 0, start)));
        for second in 1..=300 {
            queue.serve(queue.next().unwrap(), start + Duration::from_secs(second));
        }
        assert_eq!(queue.before(2, 0).requests(), 1, "one turn of the other");
        queue.push(1000, waiter(2, 0, start + Duration::from_secs(300)));
        queue.serve(queue.next().unwrap(), start + Duration::from_secs(301));
        assert_eq!(queue.next(), Some(1000));
    }
}
