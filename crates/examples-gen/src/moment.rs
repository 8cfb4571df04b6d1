//! Days and moments, and how products print them.
//!
//! Records are put in order by the time they print. A product that prints whole seconds therefore gets its moment cut
//! to whole seconds before the records are sorted, or its lines would seem out of order by a fraction of a second.

use crate::dice::Dice;

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;

/// A moment in UTC, in microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i64);

impl Moment {
    /// Cut to whole seconds.
    pub const fn seconds(self) -> Self {
        Self(self.0.div_euclid(SECOND) * SECOND)
    }

    /// Cut to whole milliseconds.
    pub const fn millis(self) -> Self {
        Self(self.0.div_euclid(1_000) * 1_000)
    }

    /// Later by so many seconds, or earlier if they are negative.
    pub const fn plus(self, seconds: i64) -> Self {
        Self(self.0 + seconds * SECOND)
    }

    /// Milliseconds since 1970.
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Microseconds since 1970.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Seconds since 1970 with six digits after the point.
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The moment in a strftime format.
    pub fn text(self, format: &str) -> String {
        let time = jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        time.strftime(format).to_string()
    }

    /// RFC 3339 with `Z` and milliseconds.
    pub fn rfc3339(self) -> String {
        self.text("%Y-%m-%dT%H:%M:%S%.3fZ")
    }
}

/// A day in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    midnight: i64,
}

impl Day {
    /// Tuesday, 2026-03-17: the day of the examples.
    pub const EXAMPLE: Self = Self { midnight: 1_773_705_600 * SECOND };

    /// The day that is so many days before this one.
    pub const fn before(self, days: u32) -> Self {
        Self { midnight: self.midnight - days as i64 * 24 * HOUR }
    }

    /// A moment of the day, to the second.
    pub const fn at(self, hour: i64, minute: i64, second: i64) -> Moment {
        Moment(self.midnight + hour * HOUR + (minute * 60 + second) * SECOND)
    }

    /// A moment of the day within the given second, at a random fraction of it.
    pub fn around(self, dice: &mut Dice, hour: i64, minute: i64, second: i64) -> Moment {
        Moment(self.at(hour, minute, second).0 + dice.between(0, SECOND - 1))
    }

    /// A random moment of the given hour.
    pub fn within_hour(self, dice: &mut Dice, hour: usize) -> Moment {
        Moment(self.midnight + hour as i64 * HOUR + dice.between(0, HOUR - 1))
    }

    /// The moment that is this part of a thousand of the day in.
    pub const fn part(self, thousandths: i64) -> Moment {
        Moment(self.midnight + thousandths * 24 * HOUR / 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::Day;

    #[test]
    fn the_example_day_is_the_17th_of_march_2026() {
        let moment = Day::EXAMPLE.at(8, 5, 7);
        assert_eq!(moment.rfc3339(), "2026-03-17T08:05:07.000Z");
        assert_eq!(moment.text("%a %b %e %H:%M:%S%.6f"), "Tue Mar 17 08:05:07.000000");
        assert_eq!(Day::EXAMPLE.before(17).at(0, 0, 0).rfc3339(), "2026-02-28T00:00:00.000Z");
        assert_eq!(moment.plus(-8).seconds().rfc3339(), "2026-03-17T08:04:59.000Z");
    }
}
