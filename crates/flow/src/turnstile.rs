//! Work in parallel, with a section that is passed in order.
//!
//! Reading, enriching and writing an alert can be done for many alerts at once; deciding can't, because a decision
//! depends on what came before. Queues between stages would solve that by copying: everything that crosses a queue
//! must own its text. A turnstile solves it in place. Each worker takes the next piece of input and its ticket, works,
//! waits for its turn, decides, and works on, with all that it borrowed still at hand.
//!
//! ```
//! use watchfire_flow::Turnstile;
//! let turnstile = Turnstile::new();
//! let order = std::sync::Mutex::new(Vec::new());
//! std::thread::scope(|scope| {
//!     for ticket in (0..4).rev() {
//!         let (turnstile, order) = (&turnstile, &order);
//!         scope.spawn(move || {
//!             let _turn = turnstile.enter(ticket);
//!             order.lock().unwrap().push(ticket);
//!         });
//!     }
//! });
//! assert_eq!(order.into_inner().ok(), Some(vec![0, 1, 2, 3]));
//! ```

use std::sync::{Condvar, Mutex, PoisonError};

/// Lets tickets 0, 1, 2, … through one at a time, in that order.
///
/// Every ticket below one that waits must be entered sooner or later, or the wait does not end. Tickets handed out by
/// one counter together with the work, to workers that always enter, keep that promise.
#[derive(Debug, Default)]
pub struct Turnstile {
    next: Mutex<u64>,
    moved: Condvar,
}

impl Turnstile {
    /// A turnstile that waits for ticket 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits until every ticket below `ticket` has left, and holds the place until the turn is dropped.
    pub fn enter(&self, ticket: u64) -> Turn<'_> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        while *next != ticket {
            debug_assert!(*next < ticket, "ticket {ticket} was used twice");
            next = self.moved.wait(next).unwrap_or_else(PoisonError::into_inner);
        }
        Turn { turnstile: self }
    }
}

/// The right to be in the ordered section. Dropping it, also by a panic, lets the next ticket in.
#[derive(Debug)]
#[must_use = "the section ends when the turn is dropped"]
pub struct Turn<'a> {
    turnstile: &'a Turnstile,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.turnstile.next.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.turnstile.moved.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::Turnstile;
    use proptest::prelude::*;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU64, Ordering};

    proptest! {
        #[test]
        fn the_section_is_passed_in_order_whatever_the_workers_do(
            workers in 1_usize..8,
            pauses in proptest::collection::vec(0_u8..4, 1..60),
            panics in proptest::collection::vec(any::<bool>(), 60),
        ) {
            let turnstile = Turnstile::new();
            let tickets = AtomicU64::new(0);
            let passed = Mutex::new(Vec::new());
            std::thread::scope(|scope| {
                for _ in 0..workers {
                    scope.spawn(|| {
                        loop {
                            let ticket = tickets.fetch_add(1, Ordering::SeqCst);
                            let Some(&pause) = pauses.get(ticket as usize) else { return };
                            for _ in 0..pause {
                                std::thread::yield_now();
                            }
                            let outcome = std::panic::catch_unwind(|| {
                                let _turn = turnstile.enter(ticket);
                                passed.lock().unwrap().push(ticket);
                                // Unwinds without the panic hook's message.
                                if panics[ticket as usize] {
                                    std::panic::resume_unwind(Box::new(()));
                                }
                            });
                            assert_eq!(outcome.is_err(), panics[ticket as usize]);
                        }
                    });
                }
            });
            let passed = passed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
            prop_assert_eq!(passed, (0..pauses.len() as u64).collect::<Vec<_>>());
        }
    }
}
