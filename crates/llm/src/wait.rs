//! How long to wait, in the ways providers write it.
//!
//! OpenAI's headers are Go durations (`6m0s`, `1h2m3.5s`, `17ms`: pkg.go.dev/time#ParseDuration), Google's
//! `RetryInfo` is a protobuf duration (`22s`, `45.837906927s`: protobuf.dev, JSON mapping), which is a Go duration of
//! one unit. Some compatible servers write bare seconds. Others say it in a sentence only.

use crate::Tier;
use std::time::Duration;

/// A longer wait is nonsense, or a moment in disguise (some servers write a Unix time).
const MAX_WAIT: Duration = Duration::from_secs(31 * 24 * 3600);

/// Nanoseconds of a unit; the longer names first, because `m` begins `ms`.
const UNITS: [(&str, u128); 9] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

/// This wait, if it can be meant: longer than zero and at most a month.
pub(crate) fn believable(wait: Duration) -> Option<Duration> {
    (wait > Duration::ZERO && wait <= MAX_WAIT).then_some(wait)
}

/// Reads a Go or protobuf duration, or bare seconds.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest.is_empty() || rest.len() > 64 {
        return None;
    }
    let mut nanos: u128 = 0;
    while !rest.is_empty() {
        let (number, after) = number(rest)?;
        let (unit, after) =
            match UNITS.iter().find_map(|(name, unit)| Some((*unit, after.strip_prefix(name)?))) {
                Some(found) => found,
                None if after.is_empty() && nanos == 0 => (1_000_000_000, after),
                None => return None,
            };
        nanos = nanos.checked_add(number.checked_mul(unit)? / BILLION)?;
        rest = after;
    }
    believable(Duration::from_nanos(u64::try_from(nanos).ok()?))
}

const BILLION: u128 = 1_000_000_000;

/// The decimal number that stands first, in billionths, and what follows it.
fn number(text: &str) -> Option<(u128, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (digits, after) = text.split_at(end);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if digits.is_empty() || digits == "." || fraction.contains('.') || whole.len() > 12 {
        return None;
    }
    let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let fraction = format!("{fraction:0<9.9}").parse::<u128>().ok()?;
    Some((whole * BILLION + fraction, after))
}

/// The wait that a sentence asks for: `Please try again in 6.596s`, `retry in 45.5s.`, `try again after 1 seconds`.
pub(crate) fn in_sentence(message: &str) -> Option<Duration> {
    let words = ["try again in ", "retry in ", "try again after ", "retry after "];
    let start = words.iter().find_map(|word| Some(message.find(word)? + word.len()))?;
    let rest = message.get(start..)?;
    let mut words = rest.split_whitespace();
    let first = words.next()?.trim_end_matches(['.', ',', ';']);
    let unit = words.next().unwrap_or_default();
    if first.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        let seconds = match unit.trim_end_matches(['.', ',', ';']) {
            "second" | "seconds" | "s" => format!("{first}s"),
            "minute" | "minutes" => format!("{first}m"),
            "millisecond" | "milliseconds" | "ms" => format!("{first}ms"),
            _ => return None,
        };
        return duration(&seconds);
    }
    duration(first)
}

/// How long a call of this tier may take. Flex calls queue: Gemini and OpenAI name up to 15 minutes.
pub(crate) const fn patience(tier: Tier) -> Duration {
    match tier {
        Tier::Standard | Tier::Batch => Duration::from_secs(120),
        Tier::Flex => Duration::from_secs(900),
    }
}

#[cfg(test)]
mod tests {
    use super::{duration, in_sentence};
    use std::time::Duration;

    #[test]
    fn go_and_protobuf_durations_are_read_to_the_nanosecond() {
        for (text, nanos) in [
            ("6m0s", 360_000_000_000),
            ("1h2m3.5s", 3_723_500_000_000),
            ("17ms", 17_000_000),
            ("22s", 22_000_000_000),
            ("45.837906927s", 45_837_906_927),
            ("7.66s", 7_660_000_000),
            ("1.5µs", 1_500),
            ("1d", 86_400_000_000_000),
            (" 59 ", 59_000_000_000),
            (".5s", 500_000_000),
        ] {
            assert_eq!(duration(text), Some(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn nonsense_is_no_wait() {
        let long = "9".repeat(65);
        for text in [
            "",
            "s",
            ".",
            "-5s",
            "0s",
            "0",
            "1x",
            "1s2",
            "1.2.3s",
            "NaN",
            "inf",
            "1e9s",
            "1700000000",
            "9999999d",
            "2026-11-21T00:00:00Z",
            "é",
            "1é",
            "99999999999999999999s",
            &long,
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn a_wait_is_found_in_a_sentence() {
        for (message, millis) in [
            ("Limit 30000, Used 22343. Please try again in 6.596s. Visit https://example.org", 6_596),
            ("Please try again in 644ms.", 644),
            ("Please try again in 7m12s.", 432_000),
            ("reached max request: 3, please try again after 1 seconds", 1_000),
            ("Please retry in 45.578569677s.", 45_578),
        ] {
            assert_eq!(in_sentence(message).map(|wait| wait.as_millis()), Some(millis), "{message}");
        }
        for message in
            ["try again later", "Please try again in ", "please try again after 3 apples", "retry in é"]
        {
            assert_eq!(in_sentence(message), None, "{message}");
        }
    }
}
