//! The stand-in's own clock: nobody else's stamps count.

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use std::time::Duration;
use tokio::time::Instant;

/// Time since the start, and the wall clock as it was then. Both stand still on a paused runtime.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    start: Instant,
    unix_ms: i64,
}

impl Clock {
    /// A clock that starts now; `unix_ms` is what the wall clock shows, the machine's if `None`.
    pub fn new(unix_ms: Option<i64>) -> Self {
        #[expect(clippy::disallowed_methods, reason = "read once, at the start, for what headers show")]
        let unix_ms = unix_ms.unwrap_or_else(|| Timestamp::now().as_millisecond());
        Self { start: Instant::now(), unix_ms }
    }

    /// Time since the start.
    pub fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// The wall clock at this time since the start, in milliseconds since 1970.
    pub fn unix_ms(&self, at: Duration) -> i64 {
        self.unix_ms.saturating_add(i64::try_from(at.as_millis()).unwrap_or(i64::MAX))
    }

    /// The same, as RFC 3339 in whole seconds, rounded up: who waits that long has waited long enough.
    pub fn rfc3339(&self, at: Duration) -> String {
        let seconds = self.unix_ms(at).saturating_add(999).div_euclid(1000);
        Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
    }
}

/// Seconds that Pacific time is behind UTC: 7 h from the second Sunday of March to the first of November at 2:00, else
/// 8 h (15 U.S.C. 260a). Computed, because the machine may have no time zone database.
pub(crate) fn pacific_offset(unix_ms: i64) -> i64 {
    const STANDARD: i64 = 8 * 3600;
    let Ok(moment) = Timestamp::from_millisecond(unix_ms) else { return STANDARD };
    let year = moment.to_zoned(jiff::tz::TimeZone::UTC).year();
    let change = |month, nth, hour: i64| {
        let first = Date::new(year, month, 1).ok()?;
        let day = first.nth_weekday_of_month(nth, Weekday::Sunday).ok()?;
        let midnight = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
        Some(midnight.as_second() + hour * 3600)
    };
    let (Some(spring), Some(autumn)) = (change(3, 2, 10), change(11, 1, 9)) else { return STANDARD };
    if (spring..autumn).contains(&moment.as_second()) { STANDARD - 3600 } else { STANDARD }
}

#[cfg(test)]
mod tests {
    use super::{Clock, pacific_offset};
    use std::time::Duration;

    fn at(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn pacific_midnight_moves_with_daylight_saving() {
        assert_eq!(pacific_offset(at("2026-01-15T00:00:00Z")), 8 * 3600);
        assert_eq!(pacific_offset(at("2026-07-15T00:00:00Z")), 7 * 3600);
        assert_eq!(pacific_offset(at("2026-03-08T09:59:59Z")), 8 * 3600);
        assert_eq!(pacific_offset(at("2026-03-08T10:00:00Z")), 7 * 3600);
        assert_eq!(pacific_offset(at("2026-11-01T08:59:59Z")), 7 * 3600);
        assert_eq!(pacific_offset(at("2026-11-01T09:00:00Z")), 8 * 3600);
    }

    #[tokio::test(start_paused = true)]
    async fn the_wall_clock_moves_with_the_runtime() {
        let clock = Clock::new(Some(at("2026-11-21T10:00:00Z")));
        tokio::time::advance(Duration::from_millis(1500)).await;
        assert_eq!(clock.now(), Duration::from_millis(1500));
        assert_eq!(clock.rfc3339(clock.now()), "2026-11-21T10:00:02Z");
    }
}
