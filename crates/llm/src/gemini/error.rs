//! What Gemini's failures mean (ai.google.dev/gemini-api/docs/troubleshooting and /rate-limits; google.rpc's
//! error_details.proto; bodies as reported in google-gemini/gemini-cli#8437, continuedev/continue#9570,
//! googleapis/python-genai#2065, langgenius/dify#19838).
//!
//! All limits share status 429 `RESOURCE_EXHAUSTED` and one sentence ("You exceeded your current quota, please check
//! your plan and billing details"), which therefore tells nothing; there is no Retry-After. What tells them apart is
//! `QuotaFailure.violations[].quotaId`, else `quotaMetric`, else the lines of the message that name the metric. Any
//! of them may be absent. Where several are violated the hardest counts: no quota at all, then the day, then
//! money, then the minute.
//!
//! `RetryInfo.retryDelay` is given even where the quota is a day's, and then is a few seconds: it is believed for
//! short windows only. A quota of 0 (a model that the plan does not have) is refused in the same words; no wait
//! helps, only another plan, so that it counts as money, without a wait. The limit on spending counts ten rolling
//! minutes, and Google's advice is to wait (/rate-limits, "Spend-based rate limits"): money, with a wait. Its id was
//! not found in any published body; an id that has `spend` in it is taken for it.

use crate::reading::{by_status, complaint, limited, list, server, text, wait};
use crate::wait::{duration, in_sentence};
use crate::{Failure, Limit};
use serde_json::Value;
use std::time::Duration;
use watchfire_http::Response;

/// The window of the limit on spending.
const SPEND_WINDOW: Duration = Duration::from_secs(600);
/// Violations and lines that are looked at, at most.
const MAX_VIOLATIONS: usize = 64;

pub(super) fn read(response: &Response) -> Failure {
    let (error, message) = complaint(response);
    let status = text(&error, "/status");
    if response.status == 429 || status == "RESOURCE_EXHAUSTED" {
        return exhausted(response, &error, message);
    }
    match status {
        // A bad key is an invalid argument to Google, a country or project that is not served a failed precondition.
        "INVALID_ARGUMENT" if has_reason(&error, "API_KEY_INVALID") => Failure::Unauthorized(message),
        "FAILED_PRECONDITION" | "UNAUTHENTICATED" | "PERMISSION_DENIED" => Failure::Unauthorized(message),
        "UNAVAILABLE" | "INTERNAL" | "DEADLINE_EXCEEDED" => {
            match (server(response, message), delay(&error)) {
                (Failure::Server { status, retry_after: None, message }, retry_after) => {
                    Failure::Server { status, retry_after, message }
                }
                (failure, _) => failure,
            }
        }
        _ => by_status(response, message),
    }
}

fn exhausted(response: &Response, error: &Value, message: String) -> Failure {
    // The message is kept on one bounded line; what it says of metrics stands on lines of the original.
    let words = text(error, "/message");
    let violated = details(error, "QuotaFailure")
        .flat_map(|detail| list(detail, "/violations"))
        .take(MAX_VIOLATIONS)
        .map(violated)
        .max_by_key(Violated::hardness)
        .filter(|violated| *violated != Violated::Limit(Limit::Unknown))
        .unwrap_or_else(|| told_in_words(words));
    let (limit, asked) = match violated {
        Violated::NotInPlan => return limited(Limit::Spend, None, message),
        Violated::Limit(limit) => (limit, delay(error)),
    };
    let retry_after = match limit {
        Limit::Day => None,
        Limit::Spend => asked.or(Some(SPEND_WINDOW)),
        // The header is no word of Google's, but a gateway may add one.
        _ => asked.or_else(|| in_sentence(words)).or_else(|| wait(response)),
    };
    limited(limit, retry_after, message)
}

/// What is violated.
#[derive(PartialEq, Eq)]
enum Violated {
    /// A limit that there is.
    Limit(Limit),
    /// A quota of 0: the plan does not have this model.
    NotInPlan,
}

impl Violated {
    const fn hardness(&self) -> u8 {
        match self {
            Self::Limit(Limit::Unknown) => 0,
            Self::Limit(Limit::Concurrency) => 1,
            Self::Limit(Limit::Requests) => 2,
            Self::Limit(Limit::Tokens) => 3,
            Self::Limit(Limit::Spend) => 4,
            Self::Limit(Limit::Day) => 5,
            Self::NotInPlan => 6,
        }
    }
}

/// Which limit a violation names.
fn violated(violation: &Value) -> Violated {
    if text(violation, "/quotaValue") == "0" {
        return Violated::NotInPlan;
    }
    Violated::Limit(match named(text(violation, "/quotaId")) {
        Limit::Unknown => named(text(violation, "/quotaMetric")),
        limit => limit,
    })
}

/// Which limit an id or metric names: `GenerateRequestsPerDayPerProjectPerModel-FreeTier`,
/// `generate_content_free_tier_input_token_count`, `generate_requests_per_model_per_day`.
fn named(name: &str) -> Limit {
    let name: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).take(256).collect();
    let has = |word| name.contains(word);
    if has("spend") {
        Limit::Spend
    } else if has("perday") {
        Limit::Day
    } else if has("token") {
        Limit::Tokens
    } else if has("concurrent") {
        Limit::Concurrency
    } else if has("request") {
        Limit::Requests
    } else {
        Limit::Unknown
    }
}

/// Which limit the message names: `* Quota exceeded for metric: …/generate_content_free_tier_requests, limit: 0,
/// model: …`.
fn told_in_words(message: &str) -> Violated {
    message
        .lines()
        .take(MAX_VIOLATIONS)
        .filter_map(|line| line.split_once("metric: "))
        .map(|(_, rest)| {
            let mut parts = rest.split(", ");
            let limit = named(parts.next().unwrap_or_default());
            if parts.any(|part| part == "limit: 0") { Violated::NotInPlan } else { Violated::Limit(limit) }
        })
        .max_by_key(Violated::hardness)
        .unwrap_or(Violated::Limit(if message.contains("daily quota") { Limit::Day } else { Limit::Unknown }))
}

/// The delay that is asked for.
fn delay(error: &Value) -> Option<Duration> {
    details(error, "RetryInfo").find_map(|detail| duration(text(detail, "/retryDelay")))
}

fn has_reason(error: &Value, reason: &str) -> bool {
    details(error, "ErrorInfo").any(|detail| text(detail, "/reason") == reason)
}

/// The details of this type, `type.googleapis.com/google.rpc.…`.
fn details<'a>(error: &'a Value, name: &'a str) -> impl Iterator<Item = &'a Value> {
    list(error, "/details")
        .iter()
        .take(MAX_VIOLATIONS)
        .filter(move |detail| text(detail, "/@type").rsplit('.').next() == Some(name))
}

#[cfg(test)]
mod tests {
    use crate::reading::tests::response;
    use crate::{Advice, Failure, Gemini, Limit, Provider};
    use std::time::Duration;

    fn read(status: u16, body: &[u8]) -> Failure {
        Gemini::new("https://h", "k").read(&response(status, &[], body)).unwrap_err()
    }

    fn pause(body: &[u8]) -> Advice {
        read(429, body).advice()
    }

    #[test]
    fn a_minute_of_requests_is_waited_out() {
        let body = include_bytes!("../../tests/fixtures/gemini/429-requests-per-minute.json");
        assert_eq!(pause(body), Advice::Pause(Limit::Requests, Some(Duration::from_nanos(45_837_906_927))));
    }

    #[test]
    fn a_minute_of_input_tokens_is_waited_out() {
        let body = include_bytes!("../../tests/fixtures/gemini/429-input-tokens-per-minute.json");
        assert_eq!(pause(body), Advice::Pause(Limit::Tokens, Some(Duration::from_secs(22))));
    }

    #[test]
    fn the_short_delay_of_a_daily_quota_is_not_believed() {
        let body = include_bytes!("../../tests/fixtures/gemini/429-requests-per-day.json");
        assert_eq!(pause(body), Advice::Pause(Limit::Day, None));
        let body = include_bytes!("../../tests/fixtures/gemini/429-minute-and-day.json");
        assert_eq!(pause(body), Advice::Pause(Limit::Day, None), "the hardest of several counts");
    }

    #[test]
    fn a_metric_alone_tells_the_day() {
        let body = include_bytes!("../../tests/fixtures/gemini/429-metric-per-day.json");
        assert_eq!(pause(body), Advice::Pause(Limit::Day, None));
    }

    #[test]
    fn a_quota_of_nothing_is_no_matter_of_waiting() {
        let body = include_bytes!("../../tests/fixtures/gemini/429-limit-zero.json");
        assert_eq!(pause(body), Advice::Pause(Limit::Spend, None));
        let minute = include_str!("../../tests/fixtures/gemini/429-requests-per-minute.json");
        let nothing = minute.replace("\"quotaValue\": \"10\"", "\"quotaValue\": \"0\"");
        assert_eq!(pause(nothing.as_bytes()), Advice::Pause(Limit::Spend, None));
    }

    #[test]
    fn the_limit_on_spending_is_a_window_of_ten_minutes() {
        let body = include_bytes!("../../tests/fixtures/gemini/429-spend.json");
        assert_eq!(pause(body), Advice::Pause(Limit::Spend, Some(Duration::from_secs(600))));
    }

    #[test]
    fn without_details_the_limit_is_unknown_and_not_money() {
        let body = include_bytes!("../../tests/fixtures/gemini/429-bare.json");
        assert_eq!(pause(body), Advice::Pause(Limit::Unknown, None));
        let daily = b"{\"error\":{\"message\":\"You have exhausted your daily quota on this model.\"}}";
        assert_eq!(pause(daily), Advice::Pause(Limit::Day, None));
        for body in [&b""[..], b"<html>", b"{\"error\":{\"code\":429,\"details\":[null,5,{}]}}", b"[{}]"] {
            assert_eq!(pause(body), Advice::Pause(Limit::Unknown, None));
        }
    }

    #[test]
    fn a_message_alone_tells_the_metric_and_the_delay() {
        let body = include_bytes!("../../tests/fixtures/gemini/429-message-only.json");
        assert_eq!(pause(body), Advice::Pause(Limit::Tokens, Some(Duration::from_nanos(20_044_661_790))));
    }

    #[test]
    fn a_bad_key_is_told_from_a_bad_request() {
        let key = read(400, include_bytes!("../../tests/fixtures/gemini/400-key.json"));
        assert_eq!(key.advice(), Advice::Stop);
        let country = read(400, include_bytes!("../../tests/fixtures/gemini/400-location.json"));
        assert_eq!(country.advice(), Advice::Stop);
        let argument = read(400, include_bytes!("../../tests/fixtures/gemini/400-argument.json"));
        assert!(matches!(argument, Failure::Rejected(_)));
        let denied = read(403, include_bytes!("../../tests/fixtures/gemini/403-permission.json"));
        assert!(matches!(denied, Failure::Unauthorized(_)));
        let missing = read(404, include_bytes!("../../tests/fixtures/gemini/404-model.json"));
        assert!(matches!(missing, Failure::Rejected(_)));
    }

    #[test]
    fn an_overloaded_model_is_asked_again() {
        let body = include_bytes!("../../tests/fixtures/gemini/503-overloaded.json");
        assert_eq!(read(503, body).advice(), Advice::Retry(None));
        let listed = include_bytes!("../../tests/fixtures/gemini/503-in-a-list.json");
        assert!(
            matches!(read(503, listed), Failure::Server { status: 503, message, .. } if message.contains("high demand"))
        );
    }

    #[test]
    fn words_are_bounded() {
        let body = format!("{{\"error\":{{\"message\":\"{}\\u001b[31m\"}}}}", "é".repeat(5000));
        let Failure::Rejected(message) = read(400, body.as_bytes()) else { panic!("not rejected") };
        assert_eq!(message.chars().count(), 300);
    }
}
