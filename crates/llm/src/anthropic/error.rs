//! What Claude's failures mean (platform.claude.com/docs/en/api/errors and /rate-limits; bodies as reported in
//! anthropics/claude-code#38035 and can1357/oh-my-pi#5418).
//!
//! Money comes in four disguises, all checked against the documents or against reports: a 429 `rate_limit_error` with
//! `error.details.error_code: "enforced_spend_limit_reached"` and no `retry-after`; a 429 that names a "monthly spend
//! limit", with one; a 400 `invalid_request_error` that begins "You have reached your specified API usage limits";
//! and a 402 `billing_error`. No wait helps with any of them.
//!
//! Other 429s are limits: the message tells calls at once, else the header `anthropic-ratelimit-…-remaining` that is
//! 0 tells which, else the message does. The headers' resets are moments (RFC 3339) and would need a clock that
//! agrees with the service's; `retry-after` says the same as a duration and is what is used.

use crate::reading::{by_status, complaint, limited, server, text, wait};
use crate::{Failure, Limit};
use watchfire_http::Response;

pub(super) fn read(response: &Response) -> Failure {
    let (error, message) = complaint(response);
    let kind = text(&error, "/type");
    let words: String = text(&error, "/message").chars().take(1000).collect::<String>().to_ascii_lowercase();
    let is_money = text(&error, "/details/error_code") == "enforced_spend_limit_reached"
        || kind == "billing_error"
        || response.status == 402
        || is_about_money(kind, &words);
    if is_money {
        return limited(Limit::Spend, None, message);
    }
    match kind {
        "rate_limit_error" => limited(which(&words, response), wait(response), message),
        "overloaded_error" | "api_error" | "timeout_error" => server(response, message),
        "authentication_error" | "permission_error" => Failure::Unauthorized(message),
        // 429 without a body of Anthropic's own: a gateway. Headers may tell all the same.
        _ if response.status == 429 => limited(which(&words, response), wait(response), message),
        // "conflict_error: retry", says the service for some 4xx by a header.
        _ if response.header("x-should-retry") == Some("true") => server(response, message),
        _ => by_status(response, message),
    }
}

/// Whether a refusal that looks like another is about money. A request can quote anything in its own error, so that
/// only the beginning of a message, or a rate limit's own words, count.
fn is_about_money(kind: &str, words: &str) -> bool {
    match kind {
        "invalid_request_error" => {
            words.starts_with("your credit balance is too low")
                || words.starts_with("you have reached your specified api usage limits")
                || words.starts_with("you have reached your specified workspace api usage limits")
        }
        "rate_limit_error" => {
            words.contains("spend limit") || words.starts_with("you have reached your api usage limits")
        }
        _ => false,
    }
}

fn which(words: &str, response: &Response) -> Limit {
    if words.contains("concurrent") {
        return Limit::Concurrency;
    }
    if words.contains("per day") || words.contains("daily") {
        return Limit::Day;
    }
    let is_spent =
        |what: &str| response.header(&format!("anthropic-ratelimit-{what}-remaining")) == Some("0");
    if is_spent("requests") {
        Limit::Requests
    } else if ["input-tokens", "output-tokens", "tokens"].into_iter().any(is_spent)
        || words.contains("tokens")
    {
        Limit::Tokens
    } else if words.contains("requests per") || words.contains("number of requests") {
        Limit::Requests
    } else {
        Limit::Unknown
    }
}

#[cfg(test)]
mod tests {
    use crate::reading::tests::response;
    use crate::{Advice, Anthropic, Failure, Limit, Provider};
    use std::time::Duration;

    fn with_headers(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Failure {
        let anthropic = Anthropic::new("https://h", "k", Anthropic::VERSION);
        anthropic.read(&response(status, headers, body)).unwrap_err()
    }

    fn read(status: u16, body: &[u8]) -> Failure {
        with_headers(status, &[], body)
    }

    #[test]
    fn the_monthly_cap_is_money_and_no_rate_limit() {
        let body = include_bytes!("../../tests/fixtures/anthropic/429-enforced-spend-limit.json");
        assert_eq!(read(429, body).advice(), Advice::Pause(Limit::Spend, None));
    }

    #[test]
    fn a_monthly_limit_with_a_retry_after_is_money_all_the_same() {
        let body = include_bytes!("../../tests/fixtures/anthropic/429-monthly-spend.json");
        let failure = with_headers(429, &[("retry-after", "300")], body);
        assert_eq!(failure.advice(), Advice::Pause(Limit::Spend, None));
    }

    #[test]
    fn ones_own_limit_on_spending_comes_as_a_bad_request() {
        let body = include_bytes!("../../tests/fixtures/anthropic/400-usage-limits.json");
        assert_eq!(read(400, body).advice(), Advice::Pause(Limit::Spend, None));
        let credit = include_bytes!("../../tests/fixtures/anthropic/400-credit-balance.json");
        assert_eq!(read(400, credit).advice(), Advice::Pause(Limit::Spend, None));
        let billing = include_bytes!("../../tests/fixtures/anthropic/402-billing.json");
        assert_eq!(read(402, billing).advice(), Advice::Pause(Limit::Spend, None));
    }

    #[test]
    fn the_header_that_is_at_zero_tells_the_limit() {
        let body = include_bytes!("../../tests/fixtures/anthropic/429-rate-limit.json");
        for (name, limit) in [
            ("anthropic-ratelimit-requests-remaining", Limit::Requests),
            ("anthropic-ratelimit-input-tokens-remaining", Limit::Tokens),
            ("anthropic-ratelimit-output-tokens-remaining", Limit::Tokens),
        ] {
            let headers = [
                ("anthropic-ratelimit-requests-limit", "50"),
                (name, "0"),
                ("anthropic-ratelimit-tokens-reset", "2026-11-21T06:00:17Z"),
                ("retry-after", "17"),
                ("x-should-retry", "true"),
            ];
            let advice = Advice::Pause(limit, Some(Duration::from_secs(17)));
            assert_eq!(with_headers(429, &headers, body).advice(), advice, "{name}");
        }
        assert_eq!(read(429, body).advice(), Advice::Pause(Limit::Unknown, None));
    }

    #[test]
    fn without_headers_the_message_tells_the_limit() {
        let tokens = include_bytes!("../../tests/fixtures/anthropic/429-input-tokens.json");
        assert_eq!(read(429, tokens).advice(), Advice::Pause(Limit::Tokens, None));
        let connections = include_bytes!("../../tests/fixtures/anthropic/429-concurrent.json");
        let headers = [("anthropic-ratelimit-requests-remaining", "0")];
        assert_eq!(
            with_headers(429, &headers, connections).advice(),
            Advice::Pause(Limit::Concurrency, None)
        );
    }

    #[test]
    fn an_overloaded_service_is_asked_again_unless_it_says_no() {
        let body = include_bytes!("../../tests/fixtures/anthropic/529-overloaded.json");
        assert!(matches!(read(529, body), Failure::Server { status: 529, .. }));
        let headers = [("retry-after-ms", "1500")];
        assert_eq!(
            with_headers(529, &headers, body).advice(),
            Advice::Retry(Some(Duration::from_millis(1500)))
        );
        assert_eq!(with_headers(529, &[("x-should-retry", "false")], body).advice(), Advice::Split);
        let body = include_bytes!("../../tests/fixtures/anthropic/500-api-error.json");
        assert_eq!(read(500, body).advice(), Advice::Retry(None));
    }

    #[test]
    fn a_bad_key_stops_and_a_bad_request_is_rejected() {
        let key = include_bytes!("../../tests/fixtures/anthropic/401-key.json");
        assert_eq!(read(401, key).advice(), Advice::Stop);
        let temperature = include_bytes!("../../tests/fixtures/anthropic/400-temperature.json");
        assert!(matches!(read(400, temperature), Failure::Rejected(_)));
        let large = include_bytes!("../../tests/fixtures/anthropic/413-too-large.json");
        assert_eq!(read(413, large).advice(), Advice::Split);
        let missing = include_bytes!("../../tests/fixtures/anthropic/404-model.json");
        assert!(matches!(read(404, missing), Failure::Rejected(_)));
    }

    #[test]
    fn a_prompt_that_speaks_of_money_is_not_money() {
        let body = b"{\"error\":{\"type\":\"invalid_request_error\",
            \"message\":\"messages.0: 'your credit balance is too low' is not valid\"}}";
        assert!(matches!(read(400, body), Failure::Rejected(_)));
    }
}
