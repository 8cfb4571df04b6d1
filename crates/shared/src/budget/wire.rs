//! What is asked of the script, and what it answers.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;
use watchfire_flow::governed::{Ended, How, Log};
use watchfire_flow::{BudgetConfig, Counted, Period, Quota};

/// More than any limit that means something, and few enough that sums are exact in a script, which counts in doubles.
pub(super) const MOST: u64 = 100_000_000_000_000;
/// The end of a period that has none, in milliseconds since 1970.
const NEVER_MS: i64 = 1_000_000_000_000_000_000;
/// Entries of a log for each quota at most; those that end at about the same time are told as one.
const MOST_HELD: usize = 2048;

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).min(MOST)
}

/// Rounded up.
pub(super) fn millis_at_least(duration: Duration) -> u64 {
    millis(duration) + 1
}

/// A quota as the script knows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct WireQuota {
    pub(super) kind: &'static str,
    pub(super) counted: &'static str,
    pub(super) limit: u64,
    /// Or the gap.
    pub(super) window: u64,
    pub(super) begins: i64,
    pub(super) ends: i64,
    pub(super) then_ends: i64,
}

impl WireQuota {
    fn new(quota: &Quota) -> Self {
        let (kind, counted, limit, window) = match quota {
            Quota::Rolling { counted, limit, window } => ("rolling", Some(*counted), *limit, *window),
            Quota::Aligned { counted, limit, .. } => ("aligned", Some(*counted), *limit, Duration::ZERO),
            Quota::Spacing(gap) => ("spacing", None, 1, *gap),
            Quota::Concurrency(limit) => ("concurrency", None, *limit, Duration::ZERO),
        };
        let counted = match counted {
            Some(Counted::Tokens) => "tokens",
            Some(Counted::MicroUsd) => "micro_usd",
            Some(Counted::Requests) | None => "requests",
        };
        // A window is kept longer rather than shorter.
        let window = u64::try_from(window.as_nanos().div_ceil(1_000_000)).unwrap_or(MOST).min(MOST);
        Self { kind, counted, limit: limit.min(MOST), window, begins: 0, ends: 0, then_ends: 0 }
    }

    /// The current period and the end of the one after it.
    pub(super) fn set_periods(&mut self, (begins, ends): (i64, i64), then_ends: i64) {
        let bound = |at: i64| at.clamp(-NEVER_MS, NEVER_MS);
        (self.begins, self.ends, self.then_ends) = (bound(begins), bound(ends), bound(then_ends));
    }
}

/// A budget's limits as the script knows them, and what follows from them.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    pub(super) quotas: Vec<WireQuota>,
    /// What they count, in order, whatever their limits: what two programs must agree on.
    pub(super) shape: String,
    /// The longest window, in milliseconds.
    pub(super) longest: u64,
    pub(super) has_aligned: bool,
}

impl Limits {
    pub(super) fn new(config: &BudgetConfig) -> Self {
        let quotas: Vec<_> = config.quotas.iter().map(WireQuota::new).collect();
        let shape = config.quotas.iter().zip(&quotas).map(|(quota, wire)| {
            let period = match quota {
                Quota::Aligned { period, zone, .. } => format!("{}@{zone}", name_of(*period)),
                _ => String::new(),
            };
            format!("{}/{}/{}/{period};", wire.kind, wire.counted, wire.window)
        });
        Self {
            shape: shape.collect(),
            longest: quotas.iter().map(|quota| quota.window).max().unwrap_or(0) + 3,
            has_aligned: quotas.iter().any(|quota| quota.kind == "aligned"),
            quotas,
        }
    }
}

const fn name_of(period: Period) -> &'static str {
    match period {
        Period::Day => "day",
        Period::Month => "month",
        Period::Total => "total",
    }
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct WireAsk {
    pub(super) id: String,
    pub(super) t: u64,
    pub(super) m: u64,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct WireEnded {
    pub(super) id: String,
    pub(super) how: &'static str,
    pub(super) t: u64,
    pub(super) m: u64,
    /// How long ago, in milliseconds, rounded down.
    pub(super) ago: u64,
}

impl WireEnded {
    pub(super) fn new(id: String, ended: &Ended, ago: Duration) -> Self {
        let (how, t, m) = match ended.how {
            How::Unsent => ("unsent", 0, 0),
            How::Uncounted => ("uncounted", 0, 0),
            How::Spent { tokens, micro_usd } => ("spent", tokens.min(MOST), micro_usd.min(MOST)),
        };
        Self { id, how, t, m, ago: millis(ago) }
    }
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct WireQuotaLog {
    held: Vec<(u64, u64)>,
    used: u64,
    ends: i64,
    told: u64,
    told_ends: i64,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct WireFlown {
    id: String,
    t: u64,
    m: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<u64>,
}

/// What a member's calls hold, for a memory that does not know.
#[derive(Debug, Clone, Serialize)]
pub(super) struct WireLog {
    quotas: Vec<WireQuotaLog>,
    flights: Vec<WireFlown>,
    paused: u64,
    allow: f64,
    /// All members it heard of, where it knew the memory that is lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    roster: Option<Vec<String>>,
}

impl WireLog {
    /// `told` is what was used of days and months when it was last heard; `alone` whether days and months were used without
    /// asking since; `late` is added to flights nobody sees the end of.
    pub(super) fn new(
        log: &Log,
        told: &BTreeMap<usize, (u64, i64)>,
        alone_since: Option<i64>,
        roster: Option<Vec<String>>,
        name: impl Fn(u64) -> String,
    ) -> Self {
        let quotas = log.quotas.iter().enumerate().map(|(place, quota)| {
            let alone = alone_since.is_some_and(|since| quota.begins_at >= since && quota.ends_at != 0);
            let (used_before, told_ends) = told.get(&place).copied().unwrap_or((0, -1));
            WireQuotaLog {
                held: fewer(&quota.held_ms),
                used: if alone { quota.used.min(MOST) } else { 0 },
                ends: quota.ends_at.clamp(-NEVER_MS, NEVER_MS),
                told: used_before.min(MOST),
                told_ends,
            }
        });
        let flights = log.flights.iter().map(|flown| WireFlown {
            id: name(flown.id),
            t: flown.tokens.min(MOST),
            m: flown.micro_usd.min(MOST),
            left: flown.left.map(millis_at_least),
        });
        Self {
            quotas: quotas.collect(),
            flights: flights.collect(),
            paused: millis(log.paused),
            allow: log.allowance,
            roster,
        }
    }
}

/// The same in fewer entries, none of which ends earlier.
fn fewer(held: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let each = held.len().div_ceil(MOST_HELD).max(1);
    let together = |entries: &[(u64, u64)]| {
        let last = entries.iter().map(|&(left, _)| left).max().unwrap_or(0);
        let sum = entries.iter().fold(0_u64, |sum, &(_, amount)| sum.saturating_add(amount));
        (last.min(MOST), sum.min(MOST))
    };
    held.chunks(each).map(together).collect()
}

/// One step.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Request<'a> {
    pub(super) op: &'static str,
    pub(super) me: &'a str,
    #[serde(rename = "gen")]
    pub(super) generation: u64,
    pub(super) seq: u64,
    pub(super) epoch: &'a str,
    pub(super) run: &'a str,
    pub(super) shape: &'a str,
    pub(super) t: i64,
    pub(super) share: u64,
    pub(super) n: u32,
    pub(super) rv: u64,
    pub(super) joining: u64,
    pub(super) quotas: &'a [WireQuota],
    pub(super) flight: u64,
    pub(super) longest: u64,
    pub(super) lease: u64,
    pub(super) silence: u64,
    pub(super) absence: u64,
    pub(super) expire: u64,
    pub(super) grace: u64,
    pub(super) trust: bool,
    pub(super) asks: Vec<WireAsk>,
    pub(super) ended: Vec<WireEnded>,
    pub(super) keep: Vec<String>,
    pub(super) pause: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) slowed: Option<f64>,
    pub(super) exhausted: Vec<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) log: Option<&'a WireLog>,
}

/// What came of it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Reply {
    /// Why nothing was done.
    pub(super) no: Option<String>,
    pub(super) now: i64,
    pub(super) epoch: String,
    pub(super) known: bool,
    pub(super) seq: u64,
    pub(super) share: u64,
    pub(super) rv: u64,
    pub(super) live: u64,
    pub(super) allow: String,
    pub(super) paused: f64,
    pub(super) cold: f64,
    pub(super) waits: bool,
    pub(super) next: Option<f64>,
    pub(super) granted: Vec<String>,
    pub(super) never: Vec<(String, usize)>,
    pub(super) roster: Option<Vec<String>>,
    /// Of each day or month: its place, how much of it is used and when it ends.
    pub(super) told: Vec<(usize, f64, f64)>,
}

#[cfg(test)]
mod tests {
    use super::{MOST_HELD, fewer};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_log_told_in_fewer_entries_holds_as_much_and_none_of_it_ends_earlier(
            held in proptest::collection::vec((0_u64..100_000, 1_u64..9), 0..6000),
        ) {
            let mut held = held;
            held.sort_unstable();
            let told = fewer(&held);
            prop_assert!(told.len() <= MOST_HELD);
            for at in (0..100_000).step_by(9_999) {
                let after = |entries: &[(u64, u64)]| {
                    entries.iter().filter(|&&(left, _)| left > at).map(|&(_, amount)| amount).sum::<u64>()
                };
                prop_assert!(after(&told) >= after(&held));
            }
        }
    }
}
