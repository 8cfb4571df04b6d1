//! How much of one quota is used, and when there will be room.

use super::amounts::{Amounts, Demand, FAR, Fate, Now, When, later};
use super::config::{BudgetError, Counted, Period, Quota};
use super::governed::QuotaLog;
use super::held::Held;
use super::pace::Pace;
use super::period::bounds;
use super::saved::SavedMeter;
use super::share::Share;
use jiff::tz::TimeZone;
use std::time::Duration;
use tokio::time::Instant;

/// Windows are kept a little longer than stated: a provider may count both of its ends.
pub(super) const MARGIN: Duration = Duration::from_millis(1);

/// A saved state that says that its month ends later than this is not believed.
const LONGEST_PERIOD_MS: i64 = 32 * 86_400_000;

/// The use of one quota.
#[derive(Debug, Clone)]
pub(super) enum Meter {
    Rolling {
        counted: Counted,
        limit: u64,
        window: Duration,
        /// What calls on their way hold.
        live: u64,
        held: Held,
    },
    Aligned {
        counted: Counted,
        limit: u64,
        period: Period,
        zone: TimeZone,
        live: u64,
        settled: u64,
        /// When the current period began and when it ends, in milliseconds since 1970.
        begins_at: i64,
        ends_at: i64,
    },
    Spacing {
        gap: Duration,
        live: u64,
        free_at: Option<Instant>,
    },
    Concurrency {
        limit: u64,
        live: u64,
    },
}

impl Meter {
    pub(super) fn new(quota: &Quota) -> Result<Self, BudgetError> {
        Ok(match quota {
            Quota::Rolling { limit: 0, .. } | Quota::Aligned { limit: 0, .. } | Quota::Concurrency(0) => {
                return Err(BudgetError::ZeroLimit);
            }
            Quota::Rolling { window: Duration::ZERO, .. } => return Err(BudgetError::ZeroWindow),
            Quota::Rolling { counted, limit, window } => Self::Rolling {
                counted: *counted,
                limit: *limit,
                window: (*window).min(FAR),
                live: 0,
                held: Held::default(),
            },
            Quota::Aligned { counted, limit, period, zone } => Self::Aligned {
                counted: *counted,
                limit: *limit,
                period: *period,
                zone: TimeZone::get(zone).map_err(|_| BudgetError::Zone(zone.clone()))?,
                live: 0,
                settled: 0,
                begins_at: i64::MIN,
                ends_at: i64::MIN,
            },
            Quota::Spacing(gap) => Self::Spacing { gap: *gap, live: 0, free_at: None },
            Quota::Concurrency(limit) => Self::Concurrency { limit: *limit, live: 0 },
        })
    }

    /// Lets go of what is over.
    pub(super) fn pass(&mut self, now: Now) {
        match self {
            Self::Rolling { held, .. } => held.pass(now.at),
            Self::Aligned { period, zone, settled, begins_at, ends_at, .. } => {
                // A clock that is set back does not bring a new day.
                if now.unix_ms >= *ends_at && *ends_at != i64::MAX {
                    *settled = 0;
                    (*begins_at, *ends_at) = bounds(now.unix_ms, *period, zone);
                }
            }
            Self::Spacing { free_at, .. } => {
                if free_at.is_some_and(|free_at| free_at <= now.at) {
                    *free_at = None;
                }
            }
            Self::Concurrency { .. } => {}
        }
    }

    /// When a call that takes this much may be made. To be asked after [`Meter::pass`].
    pub(super) fn when(&self, cost: &Amounts, pace: &Pace, share: Share, now: Now) -> When {
        match self {
            Self::Rolling { counted, limit, live, held, .. } => {
                let cost = cost.of(*counted);
                if cost > *limit {
                    return When::Never;
                }
                let allowed = match counted {
                    Counted::Requests => pace.of(*limit).min(share.of(*limit)),
                    Counted::Tokens | Counted::MicroUsd => share.of(*limit),
                };
                if cost > allowed {
                    return When::AfterAnEnd;
                }
                let wanted = u128::from(*live) + held.sum() + u128::from(cost);
                match wanted.checked_sub(u128::from(allowed)) {
                    None | Some(0) => When::Now,
                    Some(excess) => held.freed(excess).map_or(When::AfterAnEnd, When::At),
                }
            }
            Self::Aligned { counted, limit, live, settled, begins_at, ends_at, .. } => {
                let cost = cost.of(*counted);
                let fits = |used: u64, limit: u64| used.checked_add(cost).is_some_and(|used| used <= limit);
                let allowed = share.of(*limit);
                if cost > *limit {
                    When::Never
                } else if fits(live.saturating_add(*settled), allowed) && share.covers(*begins_at) {
                    When::Now
                } else if *ends_at == i64::MAX && !fits(*settled, *limit) {
                    When::Never
                } else if fits(*live, allowed) && *ends_at != i64::MAX {
                    let left = u64::try_from(ends_at.saturating_sub(now.unix_ms)).unwrap_or(0);
                    When::At(later(now.at, Duration::from_millis(left.saturating_add(1))))
                } else {
                    When::AfterAnEnd
                }
            }
            Self::Spacing { live, free_at, .. } => match free_at {
                // A gap can't be shared out.
                _ if *live > 0 || !share.is_all() => When::AfterAnEnd,
                Some(free_at) if *free_at > now.at => When::At(*free_at),
                _ => When::Now,
            },
            Self::Concurrency { limit, live } if *live < share.of(*limit) => When::Now,
            Self::Concurrency { .. } => When::AfterAnEnd,
        }
    }

    /// A call is sent, or was by an earlier process.
    pub(super) fn take(&mut self, cost: &Amounts) {
        match self {
            Self::Rolling { counted, live, .. } | Self::Aligned { counted, live, .. } => {
                *live = live.saturating_add(cost.of(*counted));
            }
            Self::Spacing { live, .. } | Self::Concurrency { live, .. } => *live += 1,
        }
    }

    /// A call that was to take `cost` ended at `end`, which may lie in the past.
    pub(super) fn end(&mut self, cost: &Amounts, fate: &Fate, end: Instant, now: Now) {
        match self {
            Self::Rolling { counted, window, live, held, .. } => {
                *live = live.saturating_sub(cost.of(*counted));
                held.hold(later(end, *window + MARGIN), fate.spent(*counted), *window);
            }
            Self::Aligned { counted, live, settled, begins_at, .. } => {
                *live = live.saturating_sub(cost.of(*counted));
                // What ended before the period began, though nobody looked then, did not arrive in it. A clock that was
                // set back says nothing about that.
                if now.unix_ms < *begins_at || now.unix_ms_of(end) >= *begins_at {
                    *settled = settled.saturating_add(fate.spent(*counted));
                }
            }
            Self::Spacing { gap, live, free_at } => {
                *live -= 1;
                if *fate != Fate::Unsent {
                    *free_at = (*free_at).max(Some(later(end, gap.saturating_add(MARGIN))));
                }
            }
            Self::Concurrency { live, .. } => *live -= 1,
        }
    }

    /// How many calls it has room for; `None` if it counts something else.
    pub(super) fn left(&self) -> Option<u64> {
        match self {
            Self::Rolling { counted: Counted::Requests, limit, live, held, .. } => {
                let held = u64::try_from(held.sum()).unwrap_or(u64::MAX);
                Some(limit.saturating_sub(*live).saturating_sub(held))
            }
            Self::Aligned { counted: Counted::Requests, limit, live, settled, .. } => {
                Some(limit.saturating_sub(*live).saturating_sub(*settled))
            }
            _ => None,
        }
    }

    /// The provider says that the current period is used up. To be called after [`Meter::pass`].
    pub(super) fn exhaust(&mut self, which: Period) {
        if let Self::Aligned { period, limit, settled, .. } = self
            && *period == which
        {
            *settled = (*settled).max(*limit);
        }
    }

    /// Whether all is as if nothing had ever been asked. To be asked after [`Meter::pass`].
    pub(super) fn is_idle(&self) -> bool {
        match self {
            Self::Rolling { live, held, .. } => *live == 0 && held.is_empty(),
            Self::Aligned { live, settled, .. } => *live == 0 && *settled == 0,
            Self::Spacing { live, free_at, .. } => *live == 0 && free_at.is_none(),
            Self::Concurrency { live, .. } => *live == 0,
        }
    }

    /// About how long it takes until the last of these calls is sent, where a response takes `latency`.
    pub(super) fn predict(&self, demand: &Demand, latency: Duration, now: Now) -> Duration {
        let times = |each: Duration, number: u128| {
            each.saturating_mul(u32::try_from(number).unwrap_or(u32::MAX)).min(FAR)
        };
        // How often the limit must be used up in full, and what is wanted after that.
        let lack = |used: u128, limit: u64, wanted: u128| {
            let limit = u128::from(limit);
            let lack = wanted.saturating_sub(limit.saturating_sub(used)).checked_sub(1)?;
            Some((lack / limit, lack % limit + 1))
        };
        match self {
            Self::Rolling { counted, limit, window, live, held } => {
                let used = u128::from(*live) + held.sum();
                let Some((whole, rest)) = lack(used, *limit, demand.of(*counted)) else {
                    return Duration::ZERO;
                };
                let cycle = window.saturating_add(latency);
                // What is held beyond the limit goes first.
                let over = used.saturating_sub(u128::from(*limit));
                let first =
                    held.freed(rest + over).map_or(cycle, |until| until.saturating_duration_since(now.at));
                times(cycle, whole).saturating_add(first)
            }
            Self::Aligned { counted, limit, period, live, settled, ends_at, .. } => {
                let used = u128::from(live.saturating_add(*settled));
                let Some((whole, _)) = lack(used, *limit, demand.of(*counted)) else {
                    return Duration::ZERO;
                };
                let days = match period {
                    Period::Day => 1,
                    Period::Month => 30,
                    Period::Total => return FAR,
                };
                let left = u64::try_from(ends_at.saturating_sub(now.unix_ms)).unwrap_or(0);
                times(Duration::from_secs(days * 86_400), whole).saturating_add(Duration::from_millis(left))
            }
            Self::Spacing { gap, live, free_at } => {
                let cycle = gap.saturating_add(latency);
                let first = match free_at {
                    _ if *live > 0 => cycle,
                    Some(free_at) => free_at.saturating_duration_since(now.at),
                    None => Duration::ZERO,
                };
                times(cycle, demand.requests().saturating_sub(1)).saturating_add(first)
            }
            Self::Concurrency { limit, live } => {
                let rounds = lack(u128::from(*live), *limit, demand.requests());
                rounds.map_or(Duration::ZERO, |(whole, _)| times(latency, whole + 1))
            }
        }
        .min(FAR)
    }

    /// What ended calls hold, to be kept.
    pub(super) fn save(&self, quota: &Quota, now: Instant) -> SavedMeter {
        // Rounded up: nothing is free early.
        let left = |until: Instant| {
            u64::try_from(until.saturating_duration_since(now).as_millis()).unwrap_or(u64::MAX) + 1
        };
        let mut saved = SavedMeter::new(quota.clone());
        match self {
            Self::Rolling { held, .. } => {
                saved.held_ms = held.iter().map(|(until, amount)| (left(until), amount)).collect();
            }
            Self::Aligned { settled, ends_at, .. } => (saved.used, saved.ends_at) = (*settled, *ends_at),
            Self::Spacing { free_at, .. } => saved.held_ms.extend(free_at.map(|at| (left(at), 1))),
            Self::Concurrency { .. } => {}
        }
        saved
    }

    /// Of a day or month: when the one around this moment begins and ends, and when the one after it ends.
    pub(super) fn periods(&self, unix_ms: i64) -> Option<((i64, i64), i64)> {
        let Self::Aligned { period, zone, .. } = self else { return None };
        let current = bounds(unix_ms, *period, zone);
        Some((current, bounds(current.1, *period, zone).1))
    }

    /// What calls of this process hold.
    pub(super) fn log(&self, now: Instant) -> QuotaLog {
        // Rounded up: nothing is free early.
        let left = |until: Instant| {
            u64::try_from(until.saturating_duration_since(now).as_millis()).unwrap_or(u64::MAX - 1) + 1
        };
        match self {
            Self::Rolling { held, .. } => QuotaLog {
                held_ms: held.iter().map(|(until, amount)| (left(until), amount)).collect(),
                ..QuotaLog::default()
            },
            Self::Aligned { settled, begins_at, ends_at, .. } => {
                QuotaLog { used: *settled, begins_at: *begins_at, ends_at: *ends_at, ..QuotaLog::default() }
            }
            Self::Spacing { free_at, .. } => {
                QuotaLog { held_ms: free_at.iter().map(|&at| (left(at), 1)).collect(), ..QuotaLog::default() }
            }
            Self::Concurrency { .. } => QuotaLog::default(),
        }
    }

    /// Takes over what an earlier process held, `elapsed` ago. To be called after [`Meter::pass`].
    pub(super) fn restore(&mut self, saved: &SavedMeter, elapsed: Duration, now: Now) {
        let until = |left_ms: u64, longest: Duration| {
            // No honest state says more than the longest.
            let left = Duration::from_millis(left_ms).min(longest).saturating_sub(elapsed);
            (!left.is_zero()).then(|| later(now.at, left))
        };
        match self {
            Self::Rolling { held, window, .. } => {
                for &(left_ms, amount) in &saved.held_ms {
                    if let Some(until) = until(left_ms, *window + 2 * MARGIN) {
                        held.hold(until, amount, *window);
                    }
                }
            }
            Self::Aligned { settled, ends_at, .. } => {
                // A clock that went back finds itself in an earlier period; what was used is used even so.
                if now.unix_ms < saved.ends_at {
                    *settled = settled.saturating_add(saved.used);
                    if saved.ends_at.saturating_sub(*ends_at) <= LONGEST_PERIOD_MS {
                        *ends_at = (*ends_at).max(saved.ends_at);
                    }
                }
            }
            Self::Spacing { gap, free_at, .. } => {
                for &(left_ms, _) in &saved.held_ms {
                    *free_at = (*free_at).max(until(left_ms, gap.saturating_add(2 * MARGIN)));
                }
            }
            Self::Concurrency { .. } => {}
        }
    }
}
