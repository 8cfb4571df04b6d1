//! When: milliseconds since 1970, and the ways vendors write it.

use std::fmt;

/// A moment in milliseconds since 1970-01-01T00:00:00Z, as OCSF writes it.
///
/// Alerts outside 1970–2199 are taken for misread: no sensor dates from before, and none reports from after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);
    /// 2200-01-01T00:00:00Z, the first moment that is too late.
    const END_MS: i64 = 7_258_118_400_000;

    /// A moment from milliseconds since 1970; `None` outside 1970–2199.
    pub const fn from_millis(ms: i64) -> Option<Self> {
        if ms >= 0 && ms < Self::END_MS { Some(Self(ms)) } else { None }
    }

    /// A moment from seconds since 1970 with a fraction, as Zeek writes it.
    pub fn from_seconds(seconds: f64) -> Option<Self> {
        let ms = seconds * 1000.0;
        if ms.is_finite() && ms.abs() < 1e16 { Self::from_millis(ms.round() as i64) } else { None }
    }

    /// A moment from a number whose unit is told by its size: seconds, milliseconds, microseconds or nanoseconds.
    pub fn from_number(number: f64) -> Option<Self> {
        // 1e11 s is the year 5138, 1e11 ms is 1973: no two units share a plausible range.
        match number.abs() {
            n if n < 1e11 => Self::from_seconds(number),
            n if n < 1e14 => Self::from_seconds(number / 1e3),
            n if n < 1e17 => Self::from_seconds(number / 1e6),
            _ => Self::from_seconds(number / 1e9),
        }
    }

    /// Milliseconds since 1970.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339 and its relatives: `T` or a space between date and time, an offset of `Z`, `+01:00` or `+0100`,
    /// with or without a space before it, or none (then UTC). Numbers are taken as in [`Timestamp::from_number`].
    pub fn parse(text: &str) -> Option<Self> {
        use jiff::fmt::temporal::DateTimeParser;
        static PARSER: DateTimeParser = DateTimeParser::new();
        let text = text.trim();
        if let Ok(time) = PARSER.parse_timestamp(text) {
            return Self::from_millis(time.as_millisecond());
        }
        if let Ok(civil) = PARSER.parse_datetime(text)
            && !text.contains(['+', ' '])
        {
            return Self::from_civil(civil);
        }
        if let Ok(number) = text.parse::<f64>() {
            return Self::from_number(number);
        }
        // `2016-08-19 08:06:57.658 +09:00`, `2016-08-19 08:06:57 UTC`
        let (head, offset) = text.rsplit_once(' ')?;
        match offset {
            "UTC" | "GMT" | "Z" => Self::from_civil(PARSER.parse_datetime(head).ok()?),
            _ if offset.starts_with(['+', '-']) => {
                let joined = format!("{head}{offset}");
                Self::from_millis(PARSER.parse_timestamp(&joined).ok()?.as_millisecond())
            }
            _ => Self::from_civil(PARSER.parse_datetime(text).ok()?),
        }
    }

    /// Reads `text` by a strptime format, such as `%b %d %Y %H:%M:%S`; UTC if the format names no offset.
    pub fn parse_as(format: &str, text: &str) -> Option<Self> {
        let parsed = jiff::fmt::strtime::parse(format, text).ok()?;
        if let Ok(time) = parsed.to_timestamp() {
            return Self::from_millis(time.as_millisecond());
        }
        Self::from_civil(parsed.to_datetime().ok()?)
    }

    fn from_civil(civil: jiff::civil::DateTime) -> Option<Self> {
        let time = jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()?;
        Self::from_millis(time.as_millisecond())
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with milliseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(time) => write!(f, "{time:.3}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    fn millis(text: &str) -> Option<i64> {
        Timestamp::parse(text).map(Timestamp::as_millis)
    }

    #[test]
    fn the_ways_vendors_write_time_agree() {
        let expected = Some(1_509_799_716_300);
        assert_eq!(millis("2017-11-04T12:48:36.300352+0000"), expected);
        assert_eq!(millis("2017-11-04T12:48:36.300Z"), expected);
        assert_eq!(millis("2017-11-04T13:48:36.3+01:00"), expected);
        assert_eq!(millis("2017-11-04 12:48:36.300"), expected);
        assert_eq!(millis("2017-11-04T12:48:36.300"), expected);
        assert_eq!(millis("2017-11-04 21:48:36.300 +09:00"), expected);
        assert_eq!(millis("2017-11-04 12:48:36.300 UTC"), expected);
        assert_eq!(millis("1509799716.300"), expected);
        assert_eq!(millis("1509799716300"), expected);
        assert_eq!(millis("1509799716300352"), expected);
        assert_eq!(millis("1509799716300352000"), expected);
        let by_format = Timestamp::parse_as("%b %d %Y %H:%M:%S", "Nov 04 2017 12:48:36");
        assert_eq!(by_format.map(Timestamp::as_millis), Some(1_509_799_716_000));
    }

    #[test]
    fn absurd_dates_are_no_dates() {
        for text in [
            "",
            "yesterday",
            "0000-00-00T00:00:00Z",
            "9999-12-31T00:00:00Z",
            "1e308",
            "NaN",
            "-5",
            "1609-01-01T00:00:00Z",
        ] {
            assert_eq!(millis(text), None, "{text}");
        }
    }

    #[test]
    fn it_is_written_as_rfc_3339() {
        assert_eq!(Timestamp::parse("1509799716.3").unwrap().to_string(), "2017-11-04T12:48:36.300Z");
    }
}
