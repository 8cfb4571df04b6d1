//! Checks of reuse: a sample of reused verdicts is asked about nevertheless, and what comes out bounds the error of all.
//!
//! Reused verdicts belong to strata, in each of which every one has the same chance to be drawn: those as usual, those
//! while there is an alarm, those of watched patterns, and learned ones (a tenth of the usual chance). In each stratum
//! the share of failures has an exact upper bound; the bounds together, weighted by how many verdicts each stratum has,
//! bound the error of reuse with 95 % confidence (each is held with 1 − 5 % / number of strata; Bonferroni). Benign verdicts
//! are checked a quarter more often than hostile ones; what is more is no part of the sample.
//!
//! What is asked for another reason, because a life is over, says nothing about how often reuse is wrong, since it is no
//! random sample; but it may start a closer look. A failed check, or a contradiction that turned out to be a single one,
//! makes a pattern *watched*: one in ten of its reuses is checked. It is stopped once the failures of its checks show, with
//! 95 % confidence, a greater error than the user's bound; and trusted again once they show a smaller one. A failed check,
//! or five single contradictions within a day, also raise an *alarm*: for a day, one in twenty of all reuses is checked.

use super::pattern::{Book, Mode};
use super::{HOUR, Policy, Side, Why};
use crate::hashes::mix;
use crate::statistics::binomial::{lower, upper};
use serde::Serialize;
use std::collections::VecDeque;

const CONFIDENCE: f64 = 0.95;
/// Share of reuses that is checked while there is an alarm.
const ALARMED: f64 = 0.05;
/// Share of a watched pattern's reuses that is checked.
const WATCHED: f64 = 0.1;
/// How often hostile verdicts are checked, compared to benign ones, which are dearer to get wrong.
const HOSTILE: f64 = 0.8;
/// How often learned ones are.
const LEARNED: f64 = 0.1;
/// How long an alarm lasts, and within what time single contradictions raise one.
const ALARM: i64 = 24 * HOUR;
/// How many single contradictions raise one.
const SINGLE: usize = 5;

/// One stratum, in which every reused verdict had the same chance to be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Stratum {
    /// Verdicts that could be reused, whether they were then checked or not.
    pub reused: u64,
    /// Those that were checked.
    pub checked: u64,
    /// Those whose check found another verdict.
    pub wrong: u64,
}

/// What checks say of reuse.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Measured {
    /// Verdicts as usual, those during an alarm, those of watched patterns, learned ones.
    pub strata: [Stratum; 4],
    /// Patterns that are not reused any more.
    pub stopped: u64,
}

impl Measured {
    /// All strata together.
    pub fn all(&self) -> Stratum {
        self.strata.iter().fold(Stratum::default(), |sum, stratum| Stratum {
            reused: sum.reused + stratum.reused,
            checked: sum.checked + stratum.checked,
            wrong: sum.wrong + stratum.wrong,
        })
    }

    /// The share of wrong verdicts among reused ones, as estimated, 0–1; `None` if nothing was checked.
    pub fn estimate(&self) -> Option<f64> {
        (self.all().checked > 0)
            .then(|| self.weighted(|stratum| stratum.wrong as f64 / stratum.checked.max(1) as f64))
    }

    /// What that share is at most, with 95 % confidence, 0–1; `None` if nothing was reused.
    pub fn at_most(&self) -> Option<f64> {
        let used = self.strata.iter().filter(|stratum| stratum.reused > 0).count();
        (used > 0).then(|| {
            let confidence = 1.0 - (1.0 - CONFIDENCE) / used as f64;
            self.weighted(|stratum| upper(stratum.wrong, stratum.checked, confidence))
        })
    }

    fn weighted(&self, share: impl Fn(&Stratum) -> f64) -> f64 {
        let all = self.all().reused.max(1) as f64;
        self.strata.iter().map(|stratum| stratum.reused as f64 / all * share(stratum)).sum()
    }

    /// Takes in another measurement.
    pub fn add(&mut self, other: &Self) {
        for (own, other) in self.strata.iter_mut().zip(&other.strata) {
            own.reused += other.reused;
            own.checked += other.checked;
            own.wrong += other.wrong;
        }
        self.stopped += other.stopped;
    }
}

/// Draws checks and keeps their outcome.
#[derive(Debug)]
pub(super) struct Checks {
    policy: Policy,
    measured: Measured,
    /// The stratum of the check that was drawn last; `None` if it is one more than its stratum's share.
    drawn: Option<usize>,
    draws: u64,
    alarm_until: i64,
    single: VecDeque<i64>,
}

impl Checks {
    pub(super) fn new(policy: &Policy) -> Self {
        Self {
            policy: policy.clone(),
            measured: Measured::default(),
            drawn: None,
            draws: 0,
            alarm_until: i64::MIN,
            single: VecDeque::new(),
        }
    }

    pub(super) fn measured(&self) -> Measured {
        self.measured
    }

    /// A verdict could be reused: whether it is to be checked.
    pub(super) fn draw(&mut self, book: &Book, pattern: i64, side: Side, time: i64) -> bool {
        if self.policy.checked <= 0.0 {
            return false;
        }
        // A benign verdict is checked a little more often than its stratum: such checks warn, but bound nothing.
        let (stratum, share, chance) = if book.mode == Mode::Watched {
            let share = WATCHED.max(self.policy.checked);
            (2, share, share)
        } else if time < self.alarm_until {
            let share = ALARMED.max(self.policy.checked);
            (1, share, share)
        } else if book.learned.is_some() {
            let share = LEARNED * self.policy.checked;
            (3, share, share)
        } else {
            let share = HOSTILE * self.policy.checked;
            (0, share, if side == Side::Hostile { share } else { self.policy.checked })
        };
        self.draws += 1;
        self.measured.strata[stratum].reused += 1;
        let drawn = uniform(mix(mix(self.policy.seed, pattern.cast_unsigned()), self.draws));
        self.drawn = (drawn < share).then_some(stratum);
        drawn < chance
    }

    /// An answer: what it says of reuse.
    pub(super) fn answered(&mut self, book: &mut Book, agrees: bool, time: i64, why: Why) {
        match why {
            Why::Check => {
                if let Some(stratum) = self.drawn.and_then(|drawn| self.measured.strata.get_mut(drawn)) {
                    stratum.checked += 1;
                    stratum.wrong += u64::from(!agrees);
                }
                book.checks += 1;
                book.failures += u64::from(!agrees);
                if !agrees {
                    self.alarm_until = time.saturating_add(ALARM);
                    watch(book);
                }
            }
            Why::Stopped => {
                book.checks += 1;
                book.failures += u64::from(!agrees);
            }
            Why::Confirm if agrees => {
                // The contradiction before was a single one.
                book.checks += 1;
                book.failures += 1;
                watch(book);
                self.single.push_back(time);
                if self.single.len() >= SINGLE {
                    let first = self.single.pop_front().unwrap_or(time);
                    if time.saturating_sub(first) < ALARM {
                        self.alarm_until = time.saturating_add(ALARM);
                    }
                }
            }
            _ => return,
        }
        self.trust(book);
    }

    /// Stops a pattern, or trusts it again, where its checks show enough.
    fn trust(&mut self, book: &mut Book) {
        let bound = self.policy.greatest_error;
        let Book { checks, failures, .. } = *book;
        if book.mode == Mode::Watched && failures >= 2 && lower(failures, checks, CONFIDENCE) > bound {
            book.mode = Mode::Stopped;
            self.measured.stopped += 1;
            (book.checks, book.failures) = (0, 0);
        } else if book.mode != Mode::Trusted
            && checks.is_multiple_of(25)
            && failures as f64 <= checks as f64 * bound
            && upper(failures, checks, CONFIDENCE) <= bound
        {
            self.measured.stopped -= u64::from(book.mode == Mode::Stopped);
            book.mode = Mode::Trusted;
            (book.checks, book.failures) = (0, 0);
        }
    }
}

fn watch(book: &mut Book) {
    if book.mode == Mode::Trusted {
        book.mode = Mode::Watched;
    }
}

/// A number of 0–1 from a hash: the finaliser of `SplitMix64` (Steele, Lea, Flood 2014).
fn uniform(hash: u64) -> f64 {
    let mut x = hash.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((x ^ (x >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}
