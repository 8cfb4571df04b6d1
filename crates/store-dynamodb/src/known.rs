//! Who may be there: a Bloom filter of users' names, so that those who are not cost no read.
//!
//! A new user's first measurement would otherwise read an item that can't be there. The filter errs on one side: of somebody
//! who is there it never says that they are absent, as long as nobody else writes the table. Somebody who was taken away
//! stays in it, and costs a read.
//!
//! Ten bits and seven probes a user give about one wrong "maybe" in 120 (Bloom 1970); the probes come from two halves of
//! one hash (Kirsch and Mitzenmacher 2006). Past the number that it was made for it says "maybe" more often, and stays right.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const BITS_PER_USER: u64 = 10;
const PROBES: u64 = 7;

#[derive(Debug)]
pub(crate) struct Known {
    words: Vec<AtomicU64>,
    /// Whether everybody who is there has been put in.
    complete: AtomicBool,
}

impl Known {
    /// For so many users.
    pub(crate) fn new(users: usize) -> Self {
        let words = (users as u64).saturating_mul(BITS_PER_USER).div_ceil(64).max(1);
        Self { words: (0..words).map(|_| AtomicU64::new(0)).collect(), complete: AtomicBool::new(false) }
    }

    /// Takes in a user. To be done before they are written.
    pub(crate) fn insert(&self, user: &str) {
        for (word, bit) in self.places(user) {
            // Whoever loads a user after a save was answered has to see this.
            self.words[word].fetch_or(bit, Ordering::Release);
        }
    }

    /// Whether the user is surely not there.
    pub(crate) fn is_absent(&self, user: &str) -> bool {
        self.complete.load(Ordering::Acquire)
            && self.places(user).any(|(word, bit)| self.words[word].load(Ordering::Acquire) & bit == 0)
    }

    /// Everybody who is there has been taken in.
    pub(crate) fn complete(&self) {
        self.complete.store(true, Ordering::Release);
    }

    fn places(&self, user: &str) -> impl Iterator<Item = (usize, u64)> {
        let mut hasher = DefaultHasher::new();
        user.hash(&mut hasher);
        let hash = hasher.finish();
        let bits = self.words.len() as u64 * 64;
        // An odd step, so that it is not zero.
        let step = (hash >> 32) | 1;
        (0..PROBES).map(move |probe| {
            let bit = hash.wrapping_add(probe.wrapping_mul(step)) % bits;
            ((bit / 64) as usize, 1 << (bit % 64))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn nobody_who_was_taken_in_is_called_absent(users in proptest::collection::vec(".{0,40}", 0..200), capacity in 0_usize..50) {
            let known = Known::new(capacity);
            for user in &users {
                known.insert(user);
            }
            known.complete();
            for user in &users {
                prop_assert!(!known.is_absent(user));
            }
        }
    }

    #[test]
    fn nobody_is_called_absent_before_everybody_was_taken_in() {
        let known = Known::new(100);
        assert!(!known.is_absent("anybody"));
        known.complete();
        assert!(known.is_absent("anybody"));
    }

    #[test]
    fn absent_users_are_known_but_for_about_one_in_a_hundred() {
        let known = Known::new(20_000);
        for user in 0..20_000 {
            known.insert(&format!("user-{user}"));
        }
        known.complete();
        let maybe = (0..20_000).filter(|user| !known.is_absent(&format!("other-{user}"))).count();
        assert!(maybe < 300, "{maybe} of 20,000");
    }
}
