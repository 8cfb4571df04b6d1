//! Figures as people read them: grouped, rounded, with units.
//!
//! One way for each kind of figure, so that the HTML report and its Markdown twin never disagree. Nothing here trusts
//! its input: not-a-number has a spelling too.

use watchfire_engine::{Count, Summary};
use watchfire_signal::Timestamp;

/// What stands where there is nothing to say.
pub(super) const NOTHING: &str = "–";
/// Joins a figure and its unit: the two stay on one line.
const JOINT: char = '\u{a0}';

/// `2812345` → `2,812,345`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count and its noun, in the singular if there is one of it: `1 alert`, `2,812 alerts`.
pub(super) fn counted(number: u64, noun: &str) -> String {
    format!("{}{JOINT}{noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// A share from 0 to 1 in percent. Only none is `0 %` and only all is `100 %`.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        p if !p.is_finite() => NOTHING.to_owned(),
        p if p > 0.0 && p < 0.1 => format!("<0.1{JOINT}%"),
        p if p < 100.0 && p > 99.9 => format!("99.9{JOINT}%"),
        p if p > 0.0 && p < 10.0 || p < 100.0 && p > 99.0 => format!("{p:.1}{JOINT}%"),
        p => format!("{p:.0}{JOINT}%"),
    }
}

/// `part` of `whole` in percent; nothing of nothing is [`NOTHING`].
pub(super) fn share(part: u64, whole: u64) -> String {
    if whole == 0 { NOTHING.to_owned() } else { percent(part as f64 / whole as f64) }
}

/// US dollars; cents for what costs dollars, four digits for what costs less than a cent.
pub(super) fn dollars(amount: f64) -> String {
    match amount {
        a if !a.is_finite() => format!("${NOTHING}"),
        a if a > 0.0 && a < 0.0001 => "<$0.0001".to_owned(),
        a if a > 0.0 && a < 0.01 => format!("${a:.4}"),
        a => {
            let cents = (a.max(0.0) * 100.0).round() as u64;
            format!("${}.{:02}", grouped(cents / 100), cents % 100)
        }
    }
}

/// A duration in seconds, in the units one would say it in.
pub(super) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return NOTHING.to_owned();
    }
    if seconds < 59.95 {
        return match seconds * 1e6 {
            0.0 => format!("0{JOINT}s"),
            us if us < 999.5 => format!("{}{JOINT}µs", three_digits(us)),
            us if us < 999_500.0 => format!("{}{JOINT}ms", three_digits(us / 1e3)),
            us => format!("{}{JOINT}s", three_digits(us / 1e6)),
        };
    }
    let whole = seconds.round() as u64;
    let (days, hours, minutes) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes}{JOINT}min{JOINT}{:02}{JOINT}s", whole % 60),
        (0, _) => format!("{hours}{JOINT}h{JOINT}{minutes:02}{JOINT}min"),
        (1..=9999, _) => format!("{days}{JOINT}d{JOINT}{hours:02}{JOINT}h"),
        _ => format!("{}{JOINT}d", grouped(days)),
    }
}

/// `1.234` → `1.23`, `12.34` → `12.3`, `123.4` → `123`.
fn three_digits(value: f64) -> String {
    match value {
        v if v < 9.995 => format!("{v:.2}"),
        v if v < 99.95 => format!("{v:.1}"),
        v => format!("{v:.0}"),
    }
}

/// So many a second, without digits that mean nothing.
pub(super) fn rate(per_second: f64) -> String {
    match per_second {
        r if !r.is_finite() || r < 0.0 => NOTHING.to_owned(),
        r if r < 99.95 => three_digits(r),
        r => grouped(r.round() as u64),
    }
}

/// Bytes in decimal units.
pub(super) fn bytes(count: u64) -> String {
    let (unit, size) = match count {
        0..1000 => return format!("{count}{JOINT}B"),
        1000..999_500 => ("kB", 1e3),
        999_500..999_500_000 => ("MB", 1e6),
        999_500_000..999_500_000_000 => ("GB", 1e9),
        _ => ("TB", 1e12),
    };
    format!("{}{JOINT}{unit}", three_digits(count as f64 / size))
}

/// A time as it was given, without the fraction of its second: `2026-03-17 05:48:07`. What is not a time in UTC stays
/// as it is.
pub(super) fn moment(text: &str) -> String {
    match utc_parts(text) {
        Some((date, time)) => format!("{date} {time}"),
        None if text.is_empty() => NOTHING.to_owned(),
        None => text.to_owned(),
    }
}

/// From when to when; a day that both share is said once.
pub(super) fn period(first: &str, last: &str) -> String {
    let [from, to] = period_lines(first, last);
    if to.is_empty() { from } else { format!("{from} {to}") }
}

/// The same in two halves, to be put below each other: day and times, or beginning and end.
pub(super) fn period_lines(first: &str, last: &str) -> [String; 2] {
    match (utc_parts(first), utc_parts(last)) {
        (Some((from, start)), Some(to)) if (from, start) == to => [from.to_owned(), start.to_owned()],
        (Some((from, start)), Some((to, end))) if from == to => [from.to_owned(), format!("{start} – {end}")],
        _ if first == last => [moment(first), String::new()],
        _ => [format!("{} –", moment(first)), moment(last)],
    }
}

/// How long it is from one time to another; `None` if one of them is no time, or if they are the same.
pub(super) fn length(first: &str, last: &str) -> Option<String> {
    let between = Timestamp::parse(last)?.as_millis() - Timestamp::parse(first)?.as_millis();
    (between > 0).then(|| duration(between as f64 / 1000.0))
}

/// Date and time to the second of an RFC 3339 time in UTC.
fn utc_parts(text: &str) -> Option<(&str, &str)> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let second = time.split_once('.').map_or(time, |(second, _)| second);
    let shape = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-' || byte == b':')
    };
    (shape(date, 10) && shape(second, 8)).then_some((date, second))
}

/// Names with underscores or dashes as words: `benign_positive` → `benign positive`.
pub(super) fn words(name: &str) -> String {
    name.replace(['_', '-'], " ")
}

/// How many records are not accounted for; negative if some are counted twice. 0 is the promise.
pub(super) fn unaccounted(summary: &Summary) -> i128 {
    let told: i128 =
        [summary.judged, summary.set_aside, summary.dead, summary.pending].into_iter().map(i128::from).sum();
    i128::from(summary.received) - told
}

/// All records that are alerts, judged or not yet.
pub(super) fn alerts(summary: &Summary) -> u64 {
    summary.judged.saturating_add(summary.pending)
}

/// The largest count of a list, and at least 1, so that it can be divided by.
pub(super) fn largest(counts: impl IntoIterator<Item = u64>) -> u64 {
    counts.into_iter().max().unwrap_or(1).max(1)
}

/// The sum of those counts whose name is chosen.
pub(super) fn sum_where(counts: &[Count], chosen: impl Fn(&str) -> bool) -> u64 {
    counts.iter().filter(|count| chosen(&count.name)).fold(0, |sum, count| sum.saturating_add(count.alerts))
}

#[cfg(test)]
mod tests {
    use super::{bytes, dollars, duration, grouped, length, moment, percent, period, rate, share};

    /// The same text with plain spaces, for reading.
    fn plain(text: &str) -> String {
        text.replace('\u{a0}', " ")
    }

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1000), "1,000");
        assert_eq!(grouped(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn only_none_is_zero_percent_and_only_all_is_a_hundred() {
        assert_eq!(plain(&percent(0.0)), "0 %");
        assert_eq!(plain(&percent(0.0004)), "<0.1 %");
        assert_eq!(plain(&percent(0.0314)), "3.1 %");
        assert_eq!(plain(&percent(0.42)), "42 %");
        assert_eq!(plain(&percent(0.996)), "99.6 %");
        assert_eq!(plain(&percent(0.99999)), "99.9 %");
        assert_eq!(plain(&percent(1.0)), "100 %");
        assert_eq!(percent(f64::NAN), "–");
        assert_eq!(share(0, 0), "–");
    }

    #[test]
    fn money_is_shown_to_the_cent_and_small_money_below_it() {
        assert_eq!(dollars(0.0), "$0.00");
        assert_eq!(dollars(0.0036), "$0.0036");
        assert_eq!(dollars(0.00001), "<$0.0001");
        assert_eq!(dollars(1234.567), "$1,234.57");
        assert_eq!(dollars(f64::INFINITY), "$–");
        assert_eq!(dollars(f64::NAN), "$–");
    }

    #[test]
    fn durations_are_said_in_the_unit_that_fits() {
        let said: Vec<String> = [0.0, 0.0000032, 0.0014, 0.9999, 1.26, 59.96, 3661.0, 90_000.0]
            .map(|s| plain(&duration(s)))
            .into();
        let expected =
            ["0 s", "3.20 µs", "1.40 ms", "1.00 s", "1.26 s", "1 min 00 s", "1 h 01 min", "1 d 01 h"];
        assert_eq!(said, expected);
        for absurd in [f64::NAN, f64::INFINITY, -1.0] {
            assert_eq!(duration(absurd), "–");
        }
        assert!(duration(f64::MAX).ends_with('d'));
    }

    #[test]
    fn rates_and_sizes_keep_three_digits() {
        assert_eq!(rate(0.5), "0.50");
        assert_eq!(rate(223.88), "224");
        assert_eq!(rate(123_456.7), "123,457");
        assert_eq!(rate(f64::NAN), "–");
        assert_eq!(plain(&bytes(999)), "999 B");
        assert_eq!(plain(&bytes(1_950_000)), "1.95 MB");
        assert_eq!(plain(&bytes(999_600)), "1.00 MB");
    }

    #[test]
    fn times_stay_as_they_were_given() {
        assert_eq!(moment("2026-03-17T05:48:07.123Z"), "2026-03-17 05:48:07");
        assert_eq!(moment("2026-03-17T05:48:07+01:00"), "2026-03-17T05:48:07+01:00");
        assert_eq!(moment("<b>Z"), "<b>Z");
        assert_eq!(moment(""), "–");
        assert_eq!(
            period("2026-03-17T05:48:07Z", "2026-03-17T06:00:00.5Z"),
            "2026-03-17 05:48:07 – 06:00:00"
        );
        assert_eq!(period("2026-03-17T05:48:07Z", "2026-03-17T05:48:07Z"), "2026-03-17 05:48:07");
        assert_eq!(
            period("2026-03-17T23:00:00Z", "2026-03-18T01:00:00Z"),
            "2026-03-17 23:00:00 – 2026-03-18 01:00:00"
        );
        assert_eq!(
            length("2026-03-17T23:00:00Z", "2026-03-18T01:30:00Z").map(|l| plain(&l)).unwrap(),
            "2 h 30 min"
        );
        assert_eq!(length("2026-03-17T23:00:00Z", "soon"), None);
    }
}
