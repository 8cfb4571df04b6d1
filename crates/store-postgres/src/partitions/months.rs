//! Months of the Gregorian calendar in UTC, as partitions have them.

use std::fmt;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// A month, counted from January 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Month(i64);

impl Month {
    /// January 2000: nobody has alerts from before.
    pub const FIRST: Self = Self(30 * 12);
    /// December 2099.
    const LAST: Self = Self(130 * 12 - 1);

    /// That of a moment in milliseconds since 1970; `None` if it is not of 2000 to 2099.
    pub fn of(time_ms: i64) -> Option<Self> {
        if time_ms < Self::FIRST.start_ms() || time_ms >= Self::LAST.plus(1).start_ms() {
            return None;
        }
        // "chrono-Compatible Low-Level Date Algorithms", H. Hinnant, `civil_from_days`: years begin in March.
        let days = time_ms.div_euclid(DAY_MS) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let since_march = (era * 400 + year_of_era) * 12 + month;
        Some(Self(since_march + 2 - 1970 * 12))
    }

    /// Of the name of a partition.
    pub fn of_partition(name: &str) -> Option<Self> {
        let (year, month) = name.strip_prefix("alerts_")?.split_once('_')?;
        let (year, month): (i64, i64) = (year.parse().ok()?, month.parse().ok()?);
        let named = Self((year - 1970) * 12 + month - 1);
        ((1..=12).contains(&month) && (Self::FIRST..=Self::LAST).contains(&named)).then_some(named)
    }

    /// So many months later.
    pub fn plus(self, months: i64) -> Self {
        Self(self.0 + months)
    }

    /// Its first moment, in milliseconds since 1970.
    pub fn start_ms(self) -> i64 {
        // `days_from_civil`, at the same place.
        let since_march = self.0 + 1970 * 12 - 2;
        let (year, month) = (since_march.div_euclid(12), since_march.rem_euclid(12));
        let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let day_of_year = (153 * month + 2) / 5;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        (era * 146_097 + day_of_era - 719_468) * DAY_MS
    }
}

impl fmt::Display for Month {
    /// The name of its partition.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "alerts_{:04}_{:02}", 1970 + self.0.div_euclid(12), self.0.rem_euclid(12) + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::Month;

    const FIRST: Month = Month::FIRST;
    const LAST: Month = Month::LAST;

    #[test]
    fn months_follow_one_another_without_a_gap() {
        let mut month = FIRST;
        assert_eq!(month.start_ms(), 946_684_800_000, "2000-01-01T00:00:00Z");
        while month <= LAST {
            let (start, next) = (month.start_ms(), month.plus(1).start_ms());
            let days = (next - start) / 86_400_000;
            assert!((28..=31).contains(&days), "{month}");
            for moment in [start, start + 1, next - 1] {
                assert_eq!(Month::of(moment), Some(month), "{month} {moment}");
            }
            assert_eq!(Month::of_partition(&month.to_string()), Some(month));
            month = month.plus(1);
        }
        assert_eq!(Month::of(LAST.plus(1).start_ms()), None);
        assert_eq!(Month::of(FIRST.start_ms() - 1), None);
    }

    #[test]
    fn known_moments_have_their_month() {
        for (moment, name) in [
            (951_782_399_999, "alerts_2000_02"),
            (951_782_400_000, "alerts_2000_02"),
            (951_868_800_000, "alerts_2000_03"),
            (1_709_164_800_000, "alerts_2024_02"),
            (1_735_689_599_999, "alerts_2024_12"),
            (1_735_689_600_000, "alerts_2025_01"),
        ] {
            assert_eq!(Month::of(moment).map(|month| month.to_string()).as_deref(), Some(name));
        }
        for absurd in [i64::MIN, -1, 0, i64::MAX] {
            assert_eq!(Month::of(absurd), None);
        }
    }

    #[test]
    fn what_is_not_a_months_partition_is_none() {
        for name in [
            "alerts_default",
            "alerts_2024",
            "alerts_2024_13",
            "alerts_2024_00",
            "gone_alerts_2024_01",
            "alerts_9999_01",
        ] {
            assert_eq!(Month::of_partition(name), None, "{name}");
        }
    }
}
