//! Days and months in a time zone.

use super::config::Period;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// When the period around this moment began and when it ends, in milliseconds since 1970.
pub(super) fn bounds(unix_ms: i64, period: Period, zone: &TimeZone) -> (i64, i64) {
    let bounds = || {
        let now = Timestamp::from_millisecond(unix_ms).ok()?.to_zoned(zone.clone());
        let (first, length) = match period {
            Period::Day => (now.start_of_day().ok()?, Span::new().days(1)),
            Period::Month => (now.first_of_month().ok()?.start_of_day().ok()?, Span::new().months(1)),
            Period::Total => return None,
        };
        let next = first.checked_add(length).ok()?.start_of_day().ok()?;
        Some((first.timestamp().as_millisecond(), next.timestamp().as_millisecond()))
    };
    // Beyond the calendar's end there are no periods any more.
    bounds().unwrap_or((i64::MIN, i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::{Period, bounds};
    use jiff::tz::TimeZone;

    #[test]
    fn a_day_ends_at_midnight_in_its_own_zone_and_has_23_hours_in_spring() {
        let zone = TimeZone::get("America/Los_Angeles").unwrap();
        let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        let day = |text| bounds(at(text), Period::Day, &zone);
        assert_eq!(day("2026-11-21T05:00:00Z"), (at("2026-11-20T08:00:00Z"), at("2026-11-21T08:00:00Z")));
        assert_eq!(day("2026-11-21T08:00:00Z"), (at("2026-11-21T08:00:00Z"), at("2026-11-22T08:00:00Z")));
        assert_eq!(day("2026-03-08T08:00:00Z"), (at("2026-03-08T08:00:00Z"), at("2026-03-09T07:00:00Z")));
        let december = bounds(at("2026-12-15T00:00:00Z"), Period::Month, &zone);
        assert_eq!(december, (at("2026-12-01T08:00:00Z"), at("2027-01-01T08:00:00Z")));
        assert_eq!(bounds(0, Period::Total, &zone), (i64::MIN, i64::MAX));
        assert_eq!(bounds(i64::MAX, Period::Day, &zone), (i64::MIN, i64::MAX));
    }
}
