//! What failures of Chat Completions mean (developers.openai.com/docs/guides/error-codes and /rate-limits;
//! platform.kimi.ai/docs/api/errors; bodies as reported in alexrudall/ruby-openai#501, continuedev/continue#9563,
//! TheR1D/shell_gpt#653, LLM-Red-Team/kimi-cc#41, MoonshotAI/Kimi-K2#5 and #34).
//!
//! Status 429 has four meanings. `insufficient_quota` (OpenAI) and `exceeded_current_quota_error` (Moonshot, with 429
//! *or* 403) are money: no wait helps. A full engine (`engine_overloaded_error`, or `resource_unavailable` in the
//! flex tier) is the service's own trouble and nobody's limit. "Request too large" asks for more tokens than a minute
//! has: that request never passes. Everything else is a limit, and which one is told by `error.type` (`requests`,
//! `tokens`), else by the message, else by the header `x-ratelimit-remaining-…` that is 0.
//!
//! OpenAI's limits refill continuously, also those of a day ("Please try again in 7m12s" is when the next call has
//! room): the delay is believed here, unlike Gemini's. `error.code` may be text, a number (vLLM) or null: only text
//! is compared.

use crate::reading::{by_status, complaint, limited, server, text, wait};
use crate::wait::{duration, in_sentence};
use crate::{Failure, Limit, Usage};
use serde_json::Value;
use std::time::Duration;
use watchfire_http::Response;

pub(super) fn read(response: &Response) -> Failure {
    let (error, message) = complaint(response);
    let names = [text(&error, "/code"), text(&error, "/type")];
    let is = |known: &[&str]| names.iter().any(|name| known.contains(name));
    if is(&[
        "insufficient_quota",
        "exceeded_current_quota_error",
        "billing_hard_limit_reached",
        "billing_not_active",
    ]) {
        return limited(Limit::Spend, None, message);
    }
    if is(&["content_filter", "content_policy_violation"]) {
        return Failure::Refused { reason: message, usage: Usage::default() };
    }
    if is(&["engine_overloaded_error", "resource_unavailable", "server_is_overloaded", "slow_down"]) {
        return server(response, message);
    }
    if response.status != 429 {
        return by_status(response, message);
    }
    let words = text(&error, "/message");
    if words.starts_with("Request too large") {
        return Failure::Rejected(message);
    }
    let limit = which(&error, words, response);
    let retry_after = wait(response).or_else(|| in_sentence(words)).or_else(|| reset(response, limit));
    limited(limit, retry_after, message)
}

fn which(error: &Value, message: &str, response: &Response) -> Limit {
    let message: String = message.chars().take(1000).collect::<String>().to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if says(&["per day", "(rpd)", "(tpd)", " rpd", " tpd"]) {
        return Limit::Day;
    }
    if says(&["concurren"]) {
        return Limit::Concurrency;
    }
    match text(error, "/type") {
        "tokens" => return Limit::Tokens,
        "requests" => return Limit::Requests,
        _ => {}
    }
    if says(&["tokens per min", "(tpm)", " tpm"]) {
        return Limit::Tokens;
    }
    if says(&["requests per min", "(rpm)", " rpm", "max request"]) {
        return Limit::Requests;
    }
    let is_spent = |name| response.header(name) == Some("0");
    if is_spent("x-ratelimit-remaining-requests") || is_spent("x-ratelimit-remaining") {
        Limit::Requests
    } else if is_spent("x-ratelimit-remaining-tokens") {
        Limit::Tokens
    } else {
        Limit::Unknown
    }
}

/// When the limit has room again, by its header.
fn reset(response: &Response, limit: Limit) -> Option<Duration> {
    let of = |name| response.header(name).and_then(duration);
    match limit {
        Limit::Requests => of("x-ratelimit-reset-requests").or_else(|| of("x-ratelimit-reset")),
        Limit::Tokens => of("x-ratelimit-reset-tokens").or_else(|| of("x-ratelimit-reset")),
        Limit::Unknown => of("x-ratelimit-reset"),
        // Headers tell of minutes; a day's limit is not theirs.
        Limit::Concurrency | Limit::Day | Limit::Spend => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::reading::tests::response;
    use crate::{Advice, Dialect, Failure, Limit, OpenAi, Provider};
    use std::time::Duration;

    fn with_headers(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Failure {
        OpenAi::new("https://h", "k", Dialect::OpenAi).read(&response(status, headers, body)).unwrap_err()
    }

    fn read(status: u16, body: &[u8]) -> Failure {
        with_headers(status, &[], body)
    }

    #[test]
    fn an_empty_account_is_no_rate_limit() {
        let body = include_bytes!("../../tests/fixtures/openai/429-insufficient-quota.json");
        let headers = [("retry-after", "1"), ("x-ratelimit-remaining-requests", "0")];
        assert_eq!(with_headers(429, &headers, body).advice(), Advice::Pause(Limit::Spend, None));
    }

    #[test]
    fn a_minute_of_tokens_is_waited_out_as_the_message_says() {
        let body = include_bytes!("../../tests/fixtures/openai/429-tokens.json");
        let advice = Advice::Pause(Limit::Tokens, Some(Duration::from_millis(6_596)));
        assert_eq!(read(429, body).advice(), advice);
        let headers = [("retry-after-ms", "6600"), ("retry-after", "7")];
        let advice = Advice::Pause(Limit::Tokens, Some(Duration::from_millis(6_600)));
        assert_eq!(with_headers(429, &headers, body).advice(), advice);
    }

    #[test]
    fn a_day_of_requests_is_told_from_a_minute() {
        let body = include_bytes!("../../tests/fixtures/openai/429-requests-per-day.json");
        assert_eq!(read(429, body).advice(), Advice::Pause(Limit::Day, Some(Duration::from_secs(432))));
    }

    #[test]
    fn the_header_that_is_at_zero_tells_the_limit_and_its_reset() {
        let body = include_bytes!("../../tests/fixtures/openai/429-bare.json");
        let requests = [
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-remaining-tokens", "149984"),
            ("x-ratelimit-reset-requests", "1m2.5s"),
            ("x-ratelimit-reset-tokens", "6m0s"),
        ];
        let advice = Advice::Pause(Limit::Requests, Some(Duration::from_millis(62_500)));
        assert_eq!(with_headers(429, &requests, body).advice(), advice);
        let tokens = [("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "17ms")];
        let advice = Advice::Pause(Limit::Tokens, Some(Duration::from_millis(17)));
        assert_eq!(with_headers(429, &tokens, body).advice(), advice);
        assert_eq!(read(429, body).advice(), Advice::Pause(Limit::Unknown, None));
    }

    #[test]
    fn a_request_that_is_larger_than_a_minute_is_split() {
        let body = include_bytes!("../../tests/fixtures/openai/429-too-large.json");
        assert_eq!(read(429, body).advice(), Advice::Split);
    }

    #[test]
    fn a_full_flex_tier_is_nobodys_limit() {
        let body = include_bytes!("../../tests/fixtures/openai/429-flex-unavailable.json");
        assert_eq!(read(429, body).advice(), Advice::Retry(None));
    }

    #[test]
    fn moonshot_limits_calls_at_once() {
        let body = include_bytes!("../../tests/fixtures/openai/moonshot-429-concurrency.json");
        let advice = Advice::Pause(Limit::Concurrency, Some(Duration::from_secs(1)));
        assert_eq!(read(429, body).advice(), advice);
    }

    #[test]
    fn moonshot_names_its_limits_in_words() {
        let rpm = include_bytes!("../../tests/fixtures/openai/moonshot-429-rpm.json");
        let advice = Advice::Pause(Limit::Requests, Some(Duration::from_secs(1)));
        assert_eq!(read(429, rpm).advice(), advice);
        let tpm = include_bytes!("../../tests/fixtures/openai/moonshot-429-tpm.json");
        assert_eq!(read(429, tpm).advice(), Advice::Pause(Limit::Tokens, None));
        let tpd = include_bytes!("../../tests/fixtures/openai/moonshot-429-tpd.json");
        assert_eq!(read(429, tpd).advice(), Advice::Pause(Limit::Day, None));
    }

    #[test]
    fn moonshots_empty_account_is_money_with_either_status() {
        let body = include_bytes!("../../tests/fixtures/openai/moonshot-403-quota.json");
        for status in [403, 429] {
            assert_eq!(read(status, body).advice(), Advice::Pause(Limit::Spend, None), "{status}");
        }
    }

    #[test]
    fn moonshots_full_engine_is_asked_again() {
        let body = include_bytes!("../../tests/fixtures/openai/moonshot-429-overloaded.json");
        assert!(matches!(read(429, body), Failure::Server { status: 429, .. }));
    }

    #[test]
    fn a_filtered_prompt_is_refused() {
        let body = include_bytes!("../../tests/fixtures/openai/moonshot-400-content-filter.json");
        assert!(matches!(read(400, body), Failure::Refused { reason, .. } if reason.contains("high risk")));
    }

    #[test]
    fn a_bad_key_stops_and_a_bad_request_is_rejected() {
        let key = include_bytes!("../../tests/fixtures/openai/401-key.json");
        assert_eq!(read(401, key).advice(), Advice::Stop);
        let model = include_bytes!("../../tests/fixtures/openai/404-model.json");
        assert!(matches!(read(404, model), Failure::Rejected(_)));
        let context = include_bytes!("../../tests/fixtures/openai/400-context-length.json");
        assert_eq!(read(400, context).advice(), Advice::Split);
    }

    #[test]
    fn a_code_that_is_a_number_is_no_text() {
        let body = include_bytes!("../../tests/fixtures/openai/vllm-400-number-code.json");
        let Failure::Rejected(message) = read(400, body) else { panic!("not rejected") };
        assert!(message.starts_with("This model's maximum context length"));
        let ollama = include_bytes!("../../tests/fixtures/openai/ollama-404-bare-text.json");
        assert_eq!(read(404, ollama), Failure::Rejected("model 'llama9' not found".into()));
    }

    #[test]
    fn the_services_own_trouble_is_asked_again() {
        let body = include_bytes!("../../tests/fixtures/openai/500-server.json");
        assert_eq!(
            with_headers(500, &[("retry-after", "3")], body).advice(),
            Advice::Retry(Some(Duration::from_secs(3)))
        );
        assert_eq!(read(502, b"<html>Bad Gateway</html>").advice(), Advice::Retry(None));
    }
}
