//! Dates in all the forms that feeds write them, as moments of UTC.
//!
//! RSS asks for RFC 822, Atom for RFC 3339, Dublin Core for W3CDTF; what comes is those and their misspellings,
//! asctime, ISO 8601 with weeks of its own, and prose. Two readers cover them: [`numeric`] for dates that begin with
//! a year, and [`wordy`] for those with the name of a month. A day or a zone that is not said is the first, and UTC:
//! a moment that is some hours off still puts an article where it belongs.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use watchfire_signal::Timestamp;

use super::date_words::{month, offset, zone};

/// The longest text that is looked at.
const MAX_BYTES: usize = 128;

/// Reads a date; `None` if there is none in `text`, or one before 1970 or after 2199.
pub fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.is_empty() || text.len() > MAX_BYTES {
        return None;
    }
    let text = western(text);
    numeric(&text).or_else(|| wordy(&text))
}

/// Korean years, months, days and halves of a day, written as ISO 8601 writes them.
fn western(text: &str) -> String {
    if text.is_ascii() || !text.contains(['년', '오', '年']) {
        return text.to_owned();
    }
    let afternoon = text.contains("오후");
    let text = text.replace("오전", " ").replace("오후", " ");
    let text = text.replace(['년', '월', '年', '月'], "-").replace(['일', '日'], " ");
    let mut words: Vec<String> = text.replace("- ", "-").split_whitespace().map(str::to_owned).collect();
    if afternoon
        && let Some(time) = words.iter_mut().find(|word| word.contains(':'))
        && let Some((hour, rest)) = time.split_once(':')
        && let Ok(hour) = hour.parse::<u8>()
        && hour < 12
    {
        *time = format!("{}:{rest}", hour + 12);
    }
    // Korea has one zone, and no daylight saving since 1988.
    let has_zone = words.last().is_some_and(|word| zone(word).is_some());
    if !has_zone && words.iter().any(|word| word.contains(':')) {
        words.push("+09:00".to_owned());
    }
    words.join(" ")
}

/// `2003-12-31T10:14:55Z` and everything near it.
fn numeric(text: &str) -> Option<Timestamp> {
    let (date, rest) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], text[at + 1..].trim()),
        None => (text, ""),
    };
    let date = date.trim_end_matches(['-', ',']);
    let (year, month, day) = calendar(date)?;
    let (clock, minutes_east) = match rest {
        "" => (Clock::default(), 0),
        rest => clock_and_zone(rest)?,
    };
    moment(year, month, day, clock, minutes_east)
}

/// Year, month and day of `2003-12-31`, `20031231`, `2003-365`, `2003-12`, `2003`, `2003/12/31`, `2004-július-13`.
fn calendar(date: &str) -> Option<(i16, i8, i8)> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = date.split(['-', '/', '.']);
    let first = parts.next()?;
    let (second, third) = (parts.next(), parts.next());
    if parts.next().is_some() || !digits(first) {
        return None;
    }
    match (first.len(), second, third) {
        (4, None, _) => Some((first.parse().ok()?, 1, 1)),
        (6, None, _) => Some((first[..4].parse().ok()?, first[4..].parse().ok()?, 1)),
        (7, None, _) => day_of_year(first[..4].parse().ok()?, first[4..].parse().ok()?),
        (8, None, _) => Some((first[..4].parse().ok()?, first[4..6].parse().ok()?, first[6..].parse().ok()?)),
        (4, Some(day), None) if day.len() == 3 && digits(day) => {
            day_of_year(first.parse().ok()?, day.parse().ok()?)
        }
        (4, Some(word), third) => {
            let number = if digits(word) { word.parse().ok()? } else { month(word)? };
            Some((first.parse().ok()?, number, third.unwrap_or("1").parse().ok()?))
        }
        _ => None,
    }
}

fn day_of_year(year: i16, day: i16) -> Option<(i16, i8, i8)> {
    let first = jiff::civil::Date::new(year, 1, 1).ok()?;
    let date = first.with().day_of_year(day).build().ok()?;
    Some((date.year(), date.month(), date.day()))
}

#[derive(Debug, Default, Clone, Copy)]
struct Clock {
    hour: i8,
    minute: i8,
    second: i8,
    milliseconds: i16,
}

/// `10:14:55.3+01:00`, `10:14 EST`, `101455Z`.
fn clock_and_zone(text: &str) -> Option<(Clock, i32)> {
    let end = text.find(|letter: char| !(letter.is_ascii_digit() || matches!(letter, ':' | '.' | ',')));
    let (time, rest) = text.split_at(end.unwrap_or(text.len()));
    let rest = rest.trim();
    let (rest, half) = match rest.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("am") => (rest[2..].trim(), Some(0)),
        Some("pm") => (rest[2..].trim(), Some(12)),
        _ => (rest, None),
    };
    let mut clock = clock(time.trim_end_matches([',', '.', ':']))?;
    if let Some(added) = half {
        clock.hour = clock.hour % 12 + added;
    }
    // A zone nobody knows is UTC: the hour is wrong then, and the day nearly always right.
    let minutes_east = rest.split_whitespace().next().and_then(zone).unwrap_or(0);
    Some((clock, minutes_east))
}

fn clock(text: &str) -> Option<Clock> {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let mut parts = [0_i8; 3];
    if whole.contains(':') {
        let mut written = whole.split(':');
        for part in &mut parts {
            let Some(digits) = written.next() else { break };
            *part = digits.parse().ok().filter(|number| *number >= 0)?;
        }
    } else {
        if !matches!(whole.len(), 2 | 4 | 6) || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        for (part, at) in parts.iter_mut().zip((0..whole.len()).step_by(2)) {
            *part = whole[at..at + 2].parse().ok()?;
        }
    }
    let mut milliseconds = 0;
    for (digit, worth) in fraction.bytes().zip([100, 10, 1]) {
        if !digit.is_ascii_digit() {
            break;
        }
        milliseconds += i16::from(digit - b'0') * worth;
    }
    Some(Clock { hour: parts[0], minute: parts[1], second: parts[2], milliseconds })
}

/// `Thu, 01 Jan 2004 19:48:21 GMT`, `Jan 1, 2004 7:48 PM`, `Sun Jan  4 16:29:06 2004`, `Κυρ, 11 Ιούλ 2004 12:00:00 EST`.
fn wordy(text: &str) -> Option<Timestamp> {
    let spread = text.replace(',', " ");
    let mut found_month = None;
    let mut day = None;
    let mut year = None;
    let mut time = None;
    let mut minutes_east = None;
    for word in spread.split_whitespace() {
        if word.contains(':') && word.starts_with(|letter: char| letter.is_ascii_digit()) {
            let (clock, east) = clock_and_zone(word)?;
            let has_zone = word.contains(['+', '-']) || word.ends_with(['Z', 'T']);
            time = Some(clock);
            if has_zone {
                minutes_east = Some(east);
            }
            continue;
        }
        match word.to_ascii_lowercase().trim_end_matches('.') {
            "am" | "a.m" => {
                if let Some(clock) = &mut time {
                    clock.hour %= 12;
                }
                continue;
            }
            "pm" | "p.m" => {
                if let Some(clock) = &mut time {
                    clock.hour = clock.hour % 12 + 12;
                }
                continue;
            }
            _ => {}
        }
        if let Some(east) = offset(word).filter(|_| time.is_some()) {
            minutes_east = Some(minutes_east.unwrap_or(0) + east);
            continue;
        }
        // `01-Jan-2004` and `1st` are taken apart; a zone never is.
        for part in word.split(['-', '/']).filter(|part| !part.is_empty()) {
            let end = part.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(part.len());
            let (digits, suffix) = part.split_at(end);
            let ordinal =
                matches!(suffix.to_lowercase().as_str(), "" | "st" | "nd" | "rd" | "th" | "." | "º" | "o");
            match digits.parse::<i16>() {
                Ok(number) if ordinal && digits.len() <= 2 && day.is_none() && (1..=31).contains(&number) => {
                    day = Some(number as i8);
                }
                Ok(number) if ordinal && year.is_none() => year = Some(full_year(number, digits.len())?),
                // Two years are none.
                Ok(_) if digits.len() == 4 => return None,
                Ok(_) => {}
                Err(_) => match (found_month, month(part)) {
                    // `Mar` is March, and Tuesday in French: a second month overrules the first.
                    (None, Some(number)) => found_month = Some(number),
                    (Some(_), Some(number)) if day.is_none() || year.is_none() && time.is_none() => {
                        found_month = Some(number);
                    }
                    _ => {
                        if let Some(east) = zone(word).filter(|_| time.is_some() && minutes_east.is_none()) {
                            minutes_east = Some(east);
                        }
                    }
                },
            }
        }
    }
    moment(year?, found_month?, day.unwrap_or(1), time.unwrap_or_default(), minutes_east.unwrap_or(0))
}

/// RFC 2822, section 4.3: two digits are 1950 to 2049, three count from 1900.
fn full_year(number: i16, digits: usize) -> Option<i16> {
    match digits {
        1 | 2 if number < 50 => Some(number + 2000),
        1..=3 => Some(number + 1900),
        4 => Some(number),
        _ => None,
    }
}

fn moment(year: i16, month: i8, day: i8, clock: Clock, minutes_east: i32) -> Option<Timestamp> {
    // Midnight at the end of a day, and a leap second: both are the second before, or the one after.
    let (hour, next_day) = if clock.hour == 24 { (0, 24 * 60 * 60_000) } else { (clock.hour, 0) };
    let nanoseconds = i32::from(clock.milliseconds) * 1_000_000;
    let civil =
        DateTime::new(year, month, day, hour, clock.minute, clock.second.min(59), nanoseconds).ok()?;
    let local = TimeZone::UTC.to_timestamp(civil).ok()?.as_millisecond();
    Timestamp::from_millis(local + next_day - i64::from(minutes_east) * 60_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        parse(text).map_or_else(|| "none".to_owned(), |time| time.to_string().replace(".000Z", "Z"))
    }

    #[test]
    fn the_forms_of_iso_8601_agree() {
        let expected = "2003-12-31T10:14:55Z";
        for text in [
            "2003-12-31T10:14:55Z",
            "2003-12-31T10:14:55.000Z",
            "2003-12-31 10:14:55",
            "2003-12-31T02:14:55-08:00",
            "2003-12-31T02:14:55-0800",
            "2003-12-31T10:14:55+00",
            "20031231T101455Z",
            "2003-365T10:14:55Z",
            "2003/12/31 10:14:55 GMT",
            "2003-12-31t18:14:55+8:00",
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        assert_eq!(read("2003"), "2003-01-01T00:00:00Z");
        assert_eq!(read("2003-12"), "2003-12-01T00:00:00Z");
        assert_eq!(read("2003335"), "2003-12-01T00:00:00Z");
        assert_eq!(read("2003-12-31T24:00:00Z"), "2004-01-01T00:00:00Z");
    }

    #[test]
    fn the_forms_of_rfc_822_and_asctime_agree() {
        let expected = "2004-01-01T19:48:21Z";
        for text in [
            "Thu, 01 Jan 2004 19:48:21 GMT",
            "Thu, 1 Jan 04 19:48:21 UT",
            "01 Jan 2004 19:48:21 +0000",
            "Thursday, January 01, 2004 7:48:21 PM",
            "Thu Jan  1 19:48:21 2004",
            "Thu Jan 1 19:48:21 GMT 2004",
            "Thu, 01 Jan 2004 14:48:21 EST",
            "Thu, 01 Jan 2004 14:48:21 -05:00",
            "Thu, 01 Jan 2004 21:48:21 GMT+0200",
            "Thu, 01-Jan-2004 19:48:21 GMT",
            "Thu, 01 Jan 2004 19:48:21 Nowhere",
            "Jan 1st, 2004 19:48:21",
            "Do, 01 Januar 2004 20:48:21 +0100",
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        assert_eq!(read("Mon, 16 Nov 2009 12:23:01"), "2009-11-16T12:23:01Z");
        assert_eq!(read("mar, 02 Mar 2010 10:00:00 GMT"), "2010-03-02T10:00:00Z");
        assert_eq!(read("1 May 2020"), "2020-05-01T00:00:00Z");
    }

    #[test]
    fn greek_hungarian_and_korean_dates_are_read() {
        assert_eq!(read("Κυρ, 11 Ιούλ 2004 12:00:00 EST"), "2004-07-11T17:00:00Z");
        assert_eq!(read("2004-július-13T9:15-05:00"), "2004-07-13T14:15:00Z");
        assert_eq!(read("2004년 05월 28일  오후 01:56:22"), "2004-05-28T04:56:22Z");
        assert_eq!(read("2004-05-25 오후 11:23:17"), "2004-05-25T14:23:17Z");
        assert_eq!(read("2004-07-08 23:56:58.0"), "2004-07-08T23:56:58Z");
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "yesterday",
            "2003-13-01",
            "32 Jan 2004",
            "12:00:00",
            "Jan",
            "99999999999999",
            "5",
            "-",
            "2004-02-30",
        ] {
            assert_eq!(read(text), "none", "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_date_or_none(text in "\\PC{0,60}") {
            let _ = parse(&text);
        }

        #[test]
        fn anything_that_looks_like_a_date_is_read_without_panic(
            text in "(Mon|Κυρ|2004|[0-9]{1,4})?[, T:-]{0,2}([0-9]{1,4}|Jan|오후|년)[ :/.+-]{0,2}[0-9]{0,4}[ :/.+-]?[0-9é]{0,4} ?(GMT|PM|EST|[+-][0-9:]{0,6})?",
        ) {
            let _ = parse(&text);
        }
    }
}
