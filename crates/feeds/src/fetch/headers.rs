//! Headers that say when to come again.

use jiff::civil::{DateTime, datetime};
use jiff::fmt::{rfc2822::DateTimeParser, strtime};
use std::time::Duration;
use watchfire_http::Response;

const EPOCH: DateTime = datetime(1970, 1, 1, 0, 0, 0, 0);

/// A date of HTTP in milliseconds since 1970: in the form that is sent, or one of the two that are old (RFC 9110, section
/// 5.6.7), or else as mail has it, with an offset.
pub(super) fn date_ms(text: &str) -> Option<i64> {
    static MAIL: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);
    // No form is longer than the one with the whole name of a Wednesday.
    if text.len() > 40 {
        return None;
    }
    // A weekday that is not the date's is the sender's slip, so it is not looked at.
    let rest = text.split_once(", ").map_or(text, |(_, rest)| rest);
    let forms = [
        ("%d %b %Y %H:%M:%S GMT", rest),
        ("%d-%b-%y %H:%M:%S GMT", rest),
        ("%b %e %H:%M:%S %Y", text.get(4..).unwrap_or_default()),
    ];
    let read = |(form, text): (&str, &str)| strtime::parse(form, text).ok()?.to_datetime().ok();
    if let Some(date) = forms.into_iter().find_map(read) {
        // Counted by hand, because the end of the year 9999, which is meant as "never", is past the last timestamp.
        return i64::try_from(date.duration_since(EPOCH).as_millis()).ok();
    }
    Some(MAIL.parse_timestamp(text).ok()?.as_millisecond())
}

/// How long `Retry-After` asks to wait, in seconds or until a date (RFC 9110, section 10.2.3). What is absurd is brought
/// between the two bounds; what is no number and no date is `None`.
pub(super) fn retry_after(
    response: &Response,
    now_ms: i64,
    least: Duration,
    longest: Duration,
) -> Option<Duration> {
    let text = response.header("retry-after")?;
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        Duration::from_millis(u64::try_from(date_ms(text)?.saturating_sub(now_ms)).unwrap_or(0))
    };
    Some(wait.max(least).min(longest))
}

/// How long the answer is good for by the `max-age` of its `Cache-Control`, less its `Age` (RFC 9111, sections 4.2 and 5.2.2).
pub(super) fn fresh_for(response: &Response) -> Option<Duration> {
    let number = |text: &str| {
        let digits = text.trim().trim_matches('"');
        (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| digits.parse::<u64>().unwrap_or(u64::MAX))
    };
    let mut max_age = None;
    for directive in response.header("cache-control")?.split(',') {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "no-cache" | "no-store" => return None,
            "max-age" => max_age = max_age.or_else(|| number(value)),
            _ => {}
        }
    }
    let age = response.header("age").and_then(number).unwrap_or(0);
    max_age.map(|max_age| Duration::from_secs(max_age.saturating_sub(age)))
}

#[cfg(test)]
mod tests {
    use super::{date_ms, fresh_for, retry_after};
    use proptest::prelude::*;
    use std::time::Duration;
    use watchfire_http::Response;

    const NOW_MS: i64 = 784_111_777_000;

    fn response(name: &str, value: &str) -> Response {
        Response {
            status: 503,
            headers: vec![(name.to_owned(), value.to_owned())],
            body: bytes::Bytes::new(),
        }
    }

    fn wait_s(value: &str) -> Option<u64> {
        let (least, longest) = (Duration::from_secs(60), Duration::from_secs(86_400));
        retry_after(&response("retry-after", value), NOW_MS, least, longest).map(|wait| wait.as_secs())
    }

    #[test]
    fn every_form_of_a_date_is_the_same_moment() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 6 Nov 1994 09:49:37 +0100",
        ] {
            assert_eq!(date_ms(text), Some(NOW_MS), "{text}");
        }
        for nonsense in ["", "soon", "Sun, 99 Nov 1994 08:49:37 GMT", "1994-11-06", "é, é"] {
            assert_eq!(date_ms(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn a_wait_is_read_as_seconds_or_date_and_an_absurd_one_is_bounded() {
        assert_eq!(wait_s("120"), Some(120));
        assert_eq!(wait_s("Sun, 06 Nov 1994 09:49:37 GMT"), Some(3600));
        for (absurd, bound) in [
            ("0", 60),
            ("99999999999999999999999999", 86_400),
            ("Sun, 06 Nov 1904 09:49:37 GMT", 60),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400),
        ] {
            assert_eq!(wait_s(absurd), Some(bound), "{absurd}");
        }
        for nonsense in ["", "-5", "1e9", "NaN", "tomorrow", "12 s"] {
            assert_eq!(wait_s(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn an_answer_is_fresh_for_its_age_less_what_has_passed() {
        let fresh = |value: &str| fresh_for(&response("cache-control", value)).map(|age| age.as_secs());
        assert_eq!(fresh("public, Max-Age=\"600\", max-age=5"), Some(600));
        assert_eq!(fresh("max-age=600, no-cache"), None);
        assert_eq!(fresh("s-maxage=600"), None);
        assert_eq!(fresh("max-age=-1"), None);
        assert_eq!(fresh("max-age=99999999999999999999999"), Some(u64::MAX));
        let mut aged = response("cache-control", "max-age=600");
        aged.headers.push(("age".to_owned(), "590".to_owned()));
        assert_eq!(fresh_for(&aged), Some(Duration::from_secs(10)));
    }

    proptest! {
        #[test]
        fn no_header_panics_or_escapes_its_bounds(text in ".{0,60}") {
            if let Some(wait) = wait_s(&text) {
                prop_assert!((60..=86_400).contains(&wait));
            }
            fresh_for(&response("cache-control", &text));
        }
    }
}
