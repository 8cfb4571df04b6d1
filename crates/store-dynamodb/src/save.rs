//! Writing users: transactions of 25, and what is done when one does not pass.
//!
//! A transaction is all or nothing, so one user's trouble would be 24 others'. Its reasons say whose it is: who conflicts is
//! answered, who is throttled waits, and the others are written again at once without them. A transaction that is refused as
//! a whole (too large for the service by what stands there already, say) is written user by user.
//!
//! After an answer was lost, it is not known whether it was done. Sending the same again finds out: each condition fails, and the
//! item that comes back is the one that was to be written. Only who is still unknown when the attempts are used up is answered
//! [`UserFailure::Lost`], also if the last attempt itself surely did nothing.

use std::collections::HashSet;

use futures_util::stream::{self, StreamExt as _};
use watchfire_store::measurements::{MOST_USERS, UserFailure, UserWrite};

use crate::DynamoDb;
use crate::failure::Told;
use crate::item;
use crate::write::{Outcome, Reason};

/// Bytes of values in one transaction at most, unless it is a single one. DynamoDB allows 4 MB of items.
const MOST_TRANSACTION_BYTES: usize = 3 * 1024 * 1024;

type Answer = Result<u64, UserFailure>;

/// A write by its place among all of them.
type Place = usize;

impl DynamoDb {
    pub(crate) async fn save_users(&self, writes: &[UserWrite]) -> Vec<Answer> {
        let mut answers: Vec<Option<Answer>> = vec![None; writes.len()];
        let mut seen = HashSet::with_capacity(writes.len());
        let mut sound = Vec::with_capacity(writes.len());
        for (place, write) in writes.iter().enumerate() {
            let refused = |why: &str| Err(UserFailure::Refused(why.to_owned()));
            let checked = if place >= MOST_USERS {
                refused("too many users in one call")
            } else if seen.insert(write.user.as_str()) {
                item::check_write(write)
            } else {
                refused("the user is written twice in one call")
            };
            match checked {
                Err(failure) => answers[place] = Some(Err(failure)),
                Ok(()) => {
                    if let Some(known) = &self.known {
                        known.insert(&write.user);
                    }
                    sound.push(place);
                }
            }
        }
        let groups = grouped(&sound, self.settings.users_per_write, |place| writes[place].value.len());
        let mut calls =
            stream::iter(groups.into_iter().map(|group| Group::new(self, writes, group).written()))
                .buffer_unordered(self.settings.calls_at_once);
        while let Some(group) = calls.next().await {
            for (place, answer) in group {
                answers[place] = Some(answer);
            }
        }
        let unanswered = || Err(UserFailure::Lost("no answer for this user".to_owned()));
        answers.into_iter().map(|answer| answer.unwrap_or_else(unanswered)).collect()
    }
}

/// Parts what is to be written into groups of so many, and of so many bytes.
fn grouped(places: &[Place], most: usize, bytes: impl Fn(Place) -> usize) -> Vec<Vec<Place>> {
    let mut groups: Vec<Vec<Place>> = Vec::new();
    let mut group_bytes = 0;
    for &place in places {
        let more = bytes(place);
        match groups.last_mut() {
            Some(group) if group.len() < most && group_bytes + more <= MOST_TRANSACTION_BYTES => {
                group.push(place);
                group_bytes += more;
            }
            _ => {
                groups.push(vec![place]);
                group_bytes = more;
            }
        }
    }
    groups
}

/// Writes that go together, until each of them is answered.
struct Group<'a> {
    store: &'a DynamoDb,
    writes: &'a [UserWrite],
    /// Those of the next call.
    now: Vec<Place>,
    /// Those that are to wait, since they were too much.
    later: Vec<Place>,
    /// Those that a call whose answer was lost may have done.
    unknown: HashSet<Place>,
    answers: Vec<(Place, Answer)>,
    /// Calls in a row that got nobody answered.
    idle_calls: u32,
}

impl<'a> Group<'a> {
    fn new(store: &'a DynamoDb, writes: &'a [UserWrite], now: Vec<Place>) -> Self {
        let answers = Vec::with_capacity(now.len());
        Self { store, writes, now, later: Vec::new(), unknown: HashSet::new(), answers, idle_calls: 0 }
    }

    async fn written(mut self) -> Vec<(Place, Answer)> {
        while !self.now.is_empty() {
            let writes: Vec<&UserWrite> = self.now.iter().map(|place| &self.writes[*place]).collect();
            match self.store.write(&writes).await {
                Outcome::Done => self.all_written().await,
                Outcome::Cancelled(reasons) => self.cancelled(reasons).await,
                Outcome::Failed(Told::Invalid(_)) if self.now.len() > 1 => self.one_by_one().await,
                Outcome::Failed(told) => self.failed(told).await,
            }
        }
        self.answers
    }

    async fn all_written(&mut self) {
        for place in self.now.drain(..) {
            self.answers.push((place, Ok(self.writes[place].from + 1)));
        }
        self.idle_calls = 0;
        self.take_up_later(&Told::Throttled).await;
    }

    async fn cancelled(&mut self, reasons: Vec<Reason>) {
        let before = self.answers.len();
        let mut held_up = Vec::with_capacity(self.now.len());
        for (place, reason) in self.now.drain(..).zip(reasons) {
            match reason {
                Reason::HeldUp => held_up.push(place),
                Reason::Settled(answer) => self.answers.push((place, answer)),
                Reason::Busy => self.later.push(place),
            }
        }
        if self.answers.len() > before {
            self.idle_calls = 0;
        }
        // Each round is smaller than the one before, so this ends.
        self.now = held_up;
        if self.now.is_empty() {
            if self.answers.len() == before {
                self.idle_calls += 1;
            }
            self.take_up_later(&Told::Throttled).await;
        }
    }

    async fn failed(&mut self, told: Told) {
        if matches!(told, Told::Lost(_)) {
            self.unknown.extend(self.now.iter().copied());
        }
        self.idle_calls += 1;
        self.later.append(&mut self.now);
        self.take_up_later(&told).await;
    }

    /// Goes on with those that had to wait, or answers them with this if that is of no use.
    async fn take_up_later(&mut self, told: &Told) {
        if self.later.is_empty() {
            return;
        }
        if self.store.again(told, self.idle_calls).await {
            self.now = std::mem::take(&mut self.later);
            return;
        }
        for place in self.later.drain(..) {
            let failure = match (self.unknown.contains(&place), told) {
                (true, Told::Lost(_))
                | (false, Told::Throttled | Told::Failed(_) | Told::Refused(_) | Told::Invalid(_)) => {
                    told.failure()
                }
                (true, _) => UserFailure::Lost("an earlier attempt was not answered".to_owned()),
                // Who was set aside before the call that was lost was not in it.
                (false, Told::Lost(_)) => UserFailure::Throttled { after: None },
            };
            self.answers.push((place, Err(failure)));
        }
    }

    /// Each as a group of its own, one after another: it is not known whose fault it is.
    async fn one_by_one(&mut self) {
        let (store, writes) = (self.store, self.writes);
        let singles: Vec<Place> = self.now.drain(..).chain(self.later.drain(..)).collect();
        for place in singles {
            let mut single = Group::new(store, writes, vec![place]);
            single.unknown.extend(self.unknown.get(&place));
            self.answers.extend(Box::pin(single.written()).await);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn groups_hold_everything_once_within_both_bounds(
            bytes in proptest::collection::vec(0_usize..400_000, 0..300),
            most in 1_usize..=100,
        ) {
            let places: Vec<_> = (0..bytes.len()).collect();
            let groups = grouped(&places, most, |place| bytes[place]);
            prop_assert_eq!(groups.concat(), places);
            for group in groups {
                prop_assert!((1..=most).contains(&group.len()));
                let whole: usize = group.iter().map(|place| bytes[*place]).sum();
                prop_assert!(group.len() == 1 || whole <= MOST_TRANSACTION_BYTES);
            }
        }
    }

    #[test]
    fn a_hundred_small_users_are_four_groups() {
        let places: Vec<_> = (0..100).collect();
        assert_eq!(grouped(&places, 25, |_| 1_000).len(), 4);
    }
}
