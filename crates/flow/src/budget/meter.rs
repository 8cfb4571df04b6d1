//! How much of one quota is used, and when there will be room.

use super::config::{BudgetError, Counted, Period, Quota};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// Windows are kept a little longer than stated: a provider may count both of its ends.
const MARGIN: Duration = Duration::from_millis(1);

/// What a call takes of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Amounts {
    pub(super) requests: u64,
    pub(super) tokens: u64,
    pub(super) micro_usd: u64,
}

impl Amounts {
    pub(super) const fn of(&self, counted: Counted) -> u64 {
        match counted {
            Counted::Requests => self.requests,
            Counted::Tokens => self.tokens,
            Counted::MicroUsd => self.micro_usd,
        }
    }
}

/// When a call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Now,
    At(Instant),
    /// When a call that is on its way has ended; nobody knows when that is.
    AfterAnEnd,
    Never,
}

impl When {
    /// The later of two.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Never, _) | (_, Self::Never) => Self::Never,
            (Self::AfterAnEnd, _) | (_, Self::AfterAnEnd) => Self::AfterAnEnd,
            (Self::At(one), Self::At(two)) => Self::At(one.max(two)),
            (Self::Now, other) | (other, Self::Now) => other,
        }
    }
}

/// The use of one quota.
#[derive(Debug)]
pub(super) enum Meter {
    Rolling {
        counted: Counted,
        limit: u64,
        window: Duration,
        /// What calls on their way hold.
        live: u64,
        /// What ended calls hold, and until when; in that order.
        held: VecDeque<(Instant, u64)>,
        held_sum: u64,
    },
    Aligned {
        counted: Counted,
        limit: u64,
        period: Period,
        zone: TimeZone,
        live: u64,
        settled: u64,
        /// When the current period ends, in milliseconds since 1970.
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
                window: *window,
                live: 0,
                held: VecDeque::new(),
                held_sum: 0,
            },
            Quota::Aligned { counted, limit, period, zone } => Self::Aligned {
                counted: *counted,
                limit: *limit,
                period: *period,
                zone: TimeZone::get(zone).map_err(|_| BudgetError::Zone(zone.clone()))?,
                live: 0,
                settled: 0,
                ends_at: i64::MIN,
            },
            Quota::Spacing(gap) => Self::Spacing { gap: *gap, live: 0, free_at: None },
            Quota::Concurrency(limit) => Self::Concurrency { limit: *limit, live: 0 },
        })
    }

    /// Lets go of what is over by `now` (`unix_ms` by the wall clock).
    pub(super) fn pass(&mut self, now: Instant, unix_ms: i64) {
        match self {
            Self::Rolling { held, held_sum, .. } => {
                while let Some(&(until, amount)) = held.front()
                    && until <= now
                {
                    *held_sum -= amount;
                    held.pop_front();
                }
            }
            Self::Aligned { period, zone, settled, ends_at, .. } => {
                if unix_ms >= *ends_at {
                    *settled = 0;
                    *ends_at = period_end(unix_ms, *period, zone);
                }
            }
            Self::Spacing { .. } | Self::Concurrency { .. } => {}
        }
    }

    /// When a call that takes this much may be made. `allowance` is the share of the limit on calls that is made use of.
    pub(super) fn when(&self, cost: &Amounts, allowance: f64, now: Instant, unix_ms: i64) -> When {
        match self {
            Self::Rolling { counted, limit, live, held, held_sum, .. } => {
                let cost = cost.of(*counted);
                if cost > *limit {
                    return When::Never;
                }
                let allowed = match counted {
                    Counted::Requests => ((*limit as f64 * allowance) as u64).clamp(1, *limit),
                    Counted::Tokens | Counted::MicroUsd => *limit,
                };
                let mut used = live.saturating_add(*held_sum);
                if used.saturating_add(cost) <= allowed {
                    return When::Now;
                }
                for &(until, amount) in held {
                    used -= amount;
                    if used.saturating_add(cost) <= allowed {
                        return When::At(until);
                    }
                }
                When::AfterAnEnd
            }
            Self::Aligned { counted, limit, live, settled, ends_at, .. } => {
                let cost = cost.of(*counted);
                if cost > *limit {
                    When::Never
                } else if live.saturating_add(*settled).saturating_add(cost) <= *limit {
                    When::Now
                } else if live.saturating_add(cost) <= *limit {
                    let left = u64::try_from(ends_at.saturating_sub(unix_ms)).unwrap_or(0);
                    When::At(now + Duration::from_millis(left.saturating_add(1)))
                } else {
                    When::AfterAnEnd
                }
            }
            Self::Spacing { live, free_at, .. } => match free_at {
                _ if *live > 0 => When::AfterAnEnd,
                Some(free_at) if *free_at > now => When::At(*free_at),
                _ => When::Now,
            },
            Self::Concurrency { limit, live } => {
                if live < limit {
                    When::Now
                } else {
                    When::AfterAnEnd
                }
            }
        }
    }

    /// A call is sent.
    pub(super) fn take(&mut self, cost: &Amounts) {
        match self {
            Self::Rolling { counted, live, .. } | Self::Aligned { counted, live, .. } => {
                *live += cost.of(*counted);
            }
            Self::Spacing { live, .. } | Self::Concurrency { live, .. } => *live += 1,
        }
    }

    /// A call that was to take `cost` ended at `end`, which may lie in the past, and took `spent`; `None` if the provider
    /// does not count it.
    pub(super) fn end(&mut self, cost: &Amounts, spent: Option<&Amounts>, end: Instant) {
        match self {
            Self::Rolling { counted, window, live, held, held_sum, .. } => {
                *live -= cost.of(*counted);
                let amount = spent.map_or(0, |spent| spent.of(*counted));
                if amount > 0 {
                    hold(held, held_sum, end + *window + MARGIN, amount);
                }
            }
            Self::Aligned { counted, live, settled, .. } => {
                *live -= cost.of(*counted);
                *settled = settled.saturating_add(spent.map_or(0, |spent| spent.of(*counted)));
            }
            Self::Spacing { gap, live, free_at } => {
                *live -= 1;
                if spent.is_some() {
                    *free_at = (*free_at).max(Some(end + *gap + MARGIN));
                }
            }
            Self::Concurrency { live, .. } => *live -= 1,
        }
    }

    /// The provider says that the current period is used up.
    pub(super) fn exhaust(&mut self, period: Period) {
        if let Self::Aligned { period: own, limit, settled, .. } = self
            && *own == period
        {
            *settled = *limit;
        }
    }

    /// Whether all is as if nothing had ever been asked.
    pub(super) fn is_idle(&self) -> bool {
        match self {
            Self::Rolling { live, held, .. } => *live == 0 && held.is_empty(),
            Self::Aligned { live, settled, .. } => *live == 0 && *settled == 0,
            Self::Spacing { live, free_at, .. } => *live == 0 && free_at.is_none(),
            Self::Concurrency { live, .. } => *live == 0,
        }
    }

    /// About how long a call waits that has `before` others before it.
    pub(super) fn predict(&self, before: u64, now: Instant) -> Duration {
        let Self::Rolling { counted: Counted::Requests, limit, window, live, held, held_sum } = self else {
            return Duration::ZERO;
        };
        let free = limit.saturating_sub(live + held_sum);
        let Some(place) = before.checked_sub(free) else { return Duration::ZERO };
        let whole = u32::try_from(place / limit).unwrap_or(u32::MAX);
        let mut rest = place % limit;
        let mut until = *window;
        for &(free_at, amount) in held {
            if rest < amount {
                until = free_at.saturating_duration_since(now);
                break;
            }
            rest -= amount;
        }
        window.saturating_mul(whole).saturating_add(until)
    }

    /// What is held, as time from `now` until it is free, with what is live as if it ended `flight` from now.
    pub(super) fn snapshot(&self, now: Instant, flight: Duration) -> Vec<(u64, u64)> {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX) + 1;
        match self {
            Self::Rolling { live, held, window, .. } => {
                let mut all: Vec<_> = held
                    .iter()
                    .map(|&(until, amount)| (millis(until.saturating_duration_since(now)), amount))
                    .collect();
                if *live > 0 {
                    all.push((millis(flight + *window), *live));
                }
                all
            }
            Self::Aligned { live, settled, ends_at, .. } => {
                Vec::from([(u64::try_from(*ends_at).unwrap_or(0), live + settled)])
            }
            Self::Spacing { .. } | Self::Concurrency { .. } => Vec::new(),
        }
    }

    /// Takes over what an earlier process held, `elapsed` ago.
    pub(super) fn restore(&mut self, saved: &[(u64, u64)], elapsed: Duration, now: Instant, unix_ms: i64) {
        match self {
            Self::Rolling { held, held_sum, .. } => {
                for &(left_ms, amount) in saved {
                    let left = Duration::from_millis(left_ms).saturating_sub(elapsed);
                    if !left.is_zero() {
                        hold(held, held_sum, now + left, amount);
                    }
                }
            }
            Self::Aligned { settled, ends_at, .. } => {
                if let Some(&(ends, used)) = saved.first()
                    && i64::try_from(ends).is_ok_and(|ends| unix_ms < ends)
                {
                    *ends_at = ends as i64;
                    *settled = settled.saturating_add(used);
                }
            }
            Self::Spacing { .. } | Self::Concurrency { .. } => {}
        }
    }
}

/// Keeps the order by time: calls may end in the past.
fn hold(held: &mut VecDeque<(Instant, u64)>, sum: &mut u64, until: Instant, amount: u64) {
    *sum += amount;
    let at = held.partition_point(|&(other, _)| other <= until);
    held.insert(at, (until, amount));
}

/// When the period around this moment ends.
fn period_end(unix_ms: i64, period: Period, zone: &TimeZone) -> i64 {
    let end = || {
        let now = Timestamp::from_millisecond(unix_ms).ok()?.to_zoned(zone.clone());
        let next = match period {
            Period::Day => {
                now.start_of_day().ok()?.checked_add(Span::new().days(1)).ok()?.start_of_day().ok()?
            }
            Period::Month => {
                now.first_of_month().ok()?.checked_add(Span::new().months(1)).ok()?.start_of_day().ok()?
            }
        };
        Some(next.timestamp().as_millisecond())
    };
    // Beyond the calendar's end there are no periods any more.
    end().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Period, period_end};
    use jiff::tz::TimeZone;

    #[test]
    fn a_day_ends_at_midnight_in_its_own_zone_and_has_23_hours_in_spring() {
        let zone = TimeZone::get("America/Los_Angeles").unwrap();
        let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        assert_eq!(period_end(at("2026-11-21T05:00:00Z"), Period::Day, &zone), at("2026-11-21T08:00:00Z"));
        assert_eq!(period_end(at("2026-11-21T08:00:00Z"), Period::Day, &zone), at("2026-11-22T08:00:00Z"));
        assert_eq!(period_end(at("2026-03-08T08:00:00Z"), Period::Day, &zone), at("2026-03-09T07:00:00Z"));
        assert_eq!(period_end(at("2026-12-15T00:00:00Z"), Period::Month, &zone), at("2027-01-01T08:00:00Z"));
    }
}
