//! Numbers as the words and texts that the API speaks in, and back.

use crate::problem::Problem;
use watchfire_judge::tame;
use watchfire_signal::{Severity, Timestamp, Verdict};

/// A moment in RFC 3339.
pub(crate) fn moment(millis: i64) -> String {
    Timestamp::from_millis(millis).map_or_else(String::new, |time| time.to_string())
}

/// A moment, or none where it never comes.
pub(crate) fn moment_or_none(millis: i64) -> Option<String> {
    Timestamp::from_millis(millis).map(|time| time.to_string())
}

/// A number as 16 hexadecimal digits.
pub(crate) fn hexadecimal(number: i64) -> String {
    format!("{number:016x}")
}

/// The number of 16 hexadecimal digits.
pub(crate) fn number(text: &str) -> Option<i64> {
    let is_plain = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_plain.then(|| u64::from_str_radix(text, 16).ok()).flatten().map(u64::cast_signed)
}

/// The number of an id in decimal digits, as it is written: no sign, no leading zero.
pub(crate) fn decimal(text: &str) -> Option<i64> {
    let is_plain = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| text.parse().ok()).flatten()
}

/// The verdict of that name.
pub(crate) fn verdict(name: &str) -> Result<Verdict, Problem> {
    Verdict::from_name(name).ok_or_else(|| {
        let known = Verdict::ALL.map(Verdict::name).join(", ");
        Problem::bad(format!("there is no verdict {:?}", tame(name, 40)), format!("there are {known}"))
    })
}

/// The severity of that name.
pub(crate) fn severity(name: &str) -> Result<Severity, Problem> {
    Severity::ALL.into_iter().find(|severity| severity.name() == name).ok_or_else(|| {
        let known = Severity::ALL.map(Severity::name).join(", ");
        Problem::bad(format!("there is no severity {:?}", tame(name, 40)), format!("there are {known}"))
    })
}
