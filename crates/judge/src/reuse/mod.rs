//! When an earlier verdict on a pattern may stand for the next alert, and when somebody has to be asked again.
//!
//! Reuse saves nearly every call, and is what could make triage quietly wrong. So a verdict's life follows what is known of
//! its steadiness, and the error of reuse is measured while it happens:
//!
//! - **It begins short.** A verdict lives for an hour at first. Each time somebody is asked again and says the same, the
//!   verdicts of that rule live four times as long, up to what the material table allows; but only while the rule is
//!   steady, that is, comes in a fair share of the hours. What comes seldom is asked about each time.
//! - **What ends it early**: a silence much longer than any that an answer confirmed; many times as many alerts in an hour
//!   as were ever confirmed; a hostile verdict on the machine, after which its benign verdicts must be confirmed and live
//!   for ten minutes for the next hour.
//! - **What prolongs it**: the same answer a moment ago on the rule elsewhere, or on the machine about something else. But
//!   every pattern is asked about in its own right at least every third day.
//! - **One contradiction is not believed**: it holds for its own alert, and the next alert of the pattern is asked about as
//!   well. Only when that answer contradicts too has the pattern turned.
//! - **Checks**: a share of the reused verdicts is checked by asking nevertheless. What they find bounds the error
//!   of all reuse, exactly; a pattern that fails them is checked closely, and then no longer reused or parted.
//!
//! All this is for verdicts that somebody is paid for. What rules and statistics decide costs nothing and is no better the next
//! time: it lives as long as the material table allows, and at most four hours unless it is hostile.
//!
//! Times are the alerts' own, in milliseconds since 1970.

mod checks;
mod hosts;
mod part;
mod pattern;
mod steady;
#[cfg(test)]
mod tests;

pub use checks::{Measured, Stratum};

pub(crate) use part::PARTING;
pub(crate) use pattern::Book;

use crate::statistics::BoundedMap;
use checks::Checks;
use hosts::Host;
use pattern::Mode;
use serde::Serialize;
use steady::Rule;
use watchfire_signal::Verdict;

const SECOND: i64 = 1000;
const HOUR: i64 = 3_600_000;
/// How many times as long a verdict lives with each confirmation.
const GROWTH: i64 = 4;
/// A pattern is asked about in its own right at least this often.
const OWN: i64 = 72 * HOUR;
/// A shorter silence ends no verdict's life.
const SILENCE: i64 = 12 * HOUR;
/// Fewer alerts in an hour are no jump.
pub(crate) const JUMP: u64 = 100;
/// As many times the greatest confirmed number in an hour are a jump.
const JUMP_FACTOR: u64 = 4;
/// As long as this after a call, another alert on the same machine is about the same moment.
const MOMENT: i64 = 5 * SECOND;
/// How long benign verdicts on a machine live after a hostile one there, and for how long that goes on.
const HEATED: (i64, i64) = (HOUR / 6, HOUR);
/// How long verdicts live that cost nothing, unless they are hostile.
const FREE: i64 = 4 * HOUR;
/// How many rules and machines are kept apart.
const BOUND: usize = 57_344;

/// How far reuse may go.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// The greatest share of wrong verdicts among reused ones, 0–1.
    pub greatest_error: f64,
    /// The share of reused benign verdicts that is checked, 0–1; of hostile ones four fifths of it.
    pub checked: f64,
    /// How long a verdict lives that was never confirmed, in milliseconds.
    pub first_life_ms: i64,
    /// Lets a verdict live this long whatever happens, and checks none: how caches do it, to compare with.
    pub fixed_life_ms: Option<i64>,
    /// Which of the reused verdicts are checked follows from this, so that a run can be repeated.
    pub seed: u64,
}

impl Default for Policy {
    fn default() -> Self {
        Self { greatest_error: 0.01, checked: 0.0005, first_life_ms: HOUR, fixed_life_ms: None, seed: 0 }
    }
}

/// Why somebody is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Nothing is known of the pattern.
    New,
    /// The verdict's life is over.
    Age,
    /// It comes after a long silence.
    Silence,
    /// It comes many times as often as usual.
    Volume,
    /// Something hostile was found on the machine since.
    Context,
    /// The last answer contradicted the verdict.
    Confirm,
    /// To check reuse.
    Check,
    /// Reuse of this pattern was wrong too often.
    Stopped,
    /// The alert is from long before the verdict.
    Earlier,
}

impl Why {
    /// All of them, in the order in which people should read them.
    pub const ALL: [Self; 9] = [
        Self::New,
        Self::Age,
        Self::Silence,
        Self::Volume,
        Self::Context,
        Self::Confirm,
        Self::Check,
        Self::Stopped,
        Self::Earlier,
    ];

    /// A word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Age => "age",
            Self::Silence => "silence",
            Self::Volume => "volume",
            Self::Context => "context",
            Self::Confirm => "confirm",
            Self::Check => "check",
            Self::Stopped => "stopped",
            Self::Earlier => "earlier",
        }
    }
}

/// Where a verdict stands: what changes what somebody does about an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Looks hostile.
    Hostile,
    /// Allowed or harmless.
    Benign,
    /// Nobody could tell.
    Undecided,
}

impl Side {
    /// The side of a verdict.
    pub fn of(verdict: Verdict) -> Self {
        if verdict.is_hostile() {
            Self::Hostile
        } else if verdict.is_benign() {
            Self::Benign
        } else {
            Self::Undecided
        }
    }
}

/// Where an alert belongs: its pattern, and hashes of its rule and machine, with the tenant in them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) pattern: i64,
    /// Where the pattern is parted, the hash of the value that this part has; else 0.
    pub(crate) part: u64,
    pub(crate) rule: u64,
    pub(crate) host: u64,
}

/// What to do about an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plan {
    /// The pattern's verdict stands.
    Reuse,
    Ask(Why),
}

/// Plans reuse, and learns from answers.
#[derive(Debug)]
pub(crate) struct Reuse {
    policy: Policy,
    rules: BoundedMap<u64, Rule>,
    hosts: BoundedMap<u64, Host>,
    checks: Checks,
}

impl Reuse {
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            checks: Checks::new(&policy),
            policy,
            rules: BoundedMap::new(BOUND),
            hosts: BoundedMap::new(BOUND),
        }
    }

    /// Takes in that an alert came.
    pub(crate) fn seen(&mut self, book: &mut Book, place: Place, time: i64) {
        self.rules.entry(place.rule, Rule::default).seen(time);
        book.seen(time);
    }

    /// Whether the pattern is still harmless by what was learned, and if so, what to do.
    pub(crate) fn plan_learned(
        &mut self,
        book: &mut Book,
        place: Place,
        time: i64,
        is_checked: bool,
    ) -> Option<Plan> {
        let (since, jump) = book.learned?;
        let hostile = self.hosts.get(&place.host).map_or(i64::MIN, |host| host.hostile);
        let age = time.saturating_sub(since);
        if !(0..=self.policy.first_life_ms).contains(&age) || hostile >= since || book.in_hour > jump {
            book.learned = None;
            return None;
        }
        let checked = is_checked && self.checks.draw(book, place.pattern, Side::Benign, time);
        Some(if checked { Plan::Ask(Why::Check) } else { Plan::Reuse })
    }

    /// What to do about an alert at `time`. `longest` is how long the pattern's verdict may live; `is_dear` whether somebody
    /// is paid for another.
    pub(crate) fn plan(
        &mut self,
        book: &mut Book,
        place: Place,
        time: i64,
        longest: i64,
        is_dear: bool,
    ) -> Plan {
        let Some(side) = book.side else { return Plan::Ask(Why::New) };
        let rule = self.rules.entry(place.rule, Rule::default);
        if let Some(life) = self.policy.fixed_life_ms {
            return if time.saturating_sub(book.judged).saturating_abs() <= life {
                Plan::Reuse
            } else {
                Plan::Ask(Why::Age)
            };
        }
        if !is_dear {
            return free(book, side, time, longest);
        }
        let host = self.hosts.entry(place.host, Host::default);
        let heated = side != Side::Hostile && host.is_heated(time);
        let mut life = rule.life(side, self.policy.first_life_ms, longest);
        if heated {
            life = life.min(HEATED.0);
        }
        let age = time.saturating_sub(book.judged);
        if age < life.saturating_neg() {
            return Plan::Ask(Why::Earlier);
        }
        let why = if book.mode == Mode::Stopped {
            Some(Why::Stopped)
        } else if book.is_contradicted {
            Some(Why::Confirm)
        } else if heated && book.judged < host.turned {
            Some(Why::Context)
        } else if age > life {
            let own = time.saturating_sub(book.own) <= OWN;
            if own && !heated && rule.side == Some(side) && time.saturating_sub(rule.called) <= life {
                book.judged = rule.called;
                None
            } else if own && host.said(side, time) {
                book.judged = time;
                None
            } else {
                Some(Why::Age)
            }
        } else if book.silence() > SILENCE.max(book.longest_silence.saturating_mul(2)) {
            Some(Why::Silence)
        } else if book.in_hour > JUMP.max(book.most_in_hour.saturating_mul(JUMP_FACTOR)) {
            Some(Why::Volume)
        } else {
            None
        };
        match why {
            Some(why) => Plan::Ask(why),
            None if self.checks.draw(book, place.pattern, side, time) => Plan::Ask(Why::Check),
            None => Plan::Reuse,
        }
    }

    /// How long a verdict of this side lives that cost nothing.
    pub(crate) fn free_life(&self, side: Side, longest: i64) -> i64 {
        self.policy.fixed_life_ms.unwrap_or_else(|| free_life(side, longest))
    }

    /// How long a verdict of this side on this place lives from now, if nothing happens.
    pub(crate) fn life(&self, place: Place, side: Side, longest: i64) -> i64 {
        if let Some(life) = self.policy.fixed_life_ms {
            return life;
        }
        let first = self.policy.first_life_ms.min(longest);
        self.rules.get(&place.rule).map_or(first, |rule| rule.life(side, first, longest))
    }

    /// Whether somebody found something hostile on the machine a while ago.
    pub(crate) fn is_hot(&self, place: Place, time: i64) -> bool {
        self.hosts.get(&place.host).is_some_and(|host| {
            host.hostile != i64::MIN && time.saturating_sub(host.hostile) <= crate::learning::HOT_MS
        })
    }

    /// Takes in what was decided at `time` by rules or statistics, which cost nothing and know no better the next time.
    pub(crate) fn decided(&mut self, book: &mut Book, place: Place, time: i64, side: Side, is_sure: bool) {
        if is_sure && side == Side::Hostile {
            let host = self.hosts.entry(place.host, Host::default);
            if book.side != Some(side) {
                host.turned = time;
            }
            host.hostile = time;
        }
        book.confirmed();
        book.side = Some(side);
        (book.judged, book.own) = (time, time);
    }

    /// Takes in what was answered at `time`, when somebody was asked because of `why`. Says whether the pattern's verdict
    /// is the answer's from now on.
    pub(crate) fn answered(
        &mut self,
        book: &mut Book,
        place: Place,
        time: i64,
        side: Side,
        why: Why,
    ) -> bool {
        let host = self.hosts.entry(place.host, Host::default);
        host.answered(side, time);
        let rule = self.rules.entry(place.rule, Rule::default);
        let known = book.side;
        // What a check of something learned finds says whether that was right.
        let stood = if book.learned.take().is_some() { Some(Side::Benign) } else { known };
        let agrees = known == Some(side);
        if !agrees && side == Side::Hostile {
            host.turned = time;
        }
        self.checks.answered(book, stood == Some(side), time, why);
        if known.is_none() || why == Why::Earlier || self.policy.fixed_life_ms.is_some() {
            book.side = Some(side);
            rule.answered(side, true);
        } else if agrees {
            let confirms = time.saturating_sub(book.judged) >= self.policy.first_life_ms || why == Why::Check;
            rule.answered(side, confirms);
            book.confirmed();
        } else if book.is_contradicted {
            book.turn(side);
            rule.turned(side);
        } else {
            book.is_contradicted = true;
        }
        book.judged = time;
        book.own = time;
        rule.called = time;
        book.side == Some(side)
    }

    /// What the checks say of reuse so far.
    pub(crate) fn measured(&self) -> Measured {
        self.checks.measured()
    }
}

/// How long a verdict of this side lives that cost nothing, where lives are not fixed.
fn free_life(side: Side, longest: i64) -> i64 {
    if side == Side::Hostile { longest } else { longest.min(FREE) }
}

/// What to do about an alert whose pattern was decided on by rules or statistics: decide anew when the life is over, and when
/// many more alerts have come.
fn free(book: &Book, side: Side, time: i64, longest: i64) -> Plan {
    let life = free_life(side, longest);
    let age = time.saturating_sub(book.judged);
    if age > life {
        Plan::Ask(Why::Age)
    } else if age < life.saturating_neg() {
        Plan::Ask(Why::Earlier)
    } else if book.in_hour > JUMP.max(book.most_in_hour.saturating_mul(JUMP_FACTOR)) {
        Plan::Ask(Why::Volume)
    } else {
        Plan::Reuse
    }
}
