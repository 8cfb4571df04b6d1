//! Reading what a provider says, whoever it is: bounded, tolerant of what is left out, and never taken at its word.
//!
//! A body is read as loose JSON and not into a struct: one field of an unexpected type (an error code that is a number
//! here and text there) must not cost the others, least of all the token counts, which are billed. What every provider
//! means by an HTTP status stands here too; what only one of them means stands with that one.

use crate::{Failure, Limit, Usage};
use serde_json::Value;
use watchfire_http::Response;

/// The longest words of a provider that are kept, in characters: they go to logs and to people.
pub(crate) const MAX_NOTICE: usize = 300;

/// No call uses more tokens than this, so that sums of counts can't overflow.
const MAX_COUNT: u64 = 1 << 40;

/// A provider's words, on one line and bounded. An error may quote the prompt, which is the attacker's: control
/// characters, and those that reverse or hide text in a terminal, become spaces.
pub(crate) fn notice(text: &str) -> String {
    let visible = text.chars().map(|c| if c.is_control() || is_invisible(c) { ' ' } else { c });
    let mut kept = String::new();
    let mut length = 0;
    for c in visible {
        if c == ' ' && (kept.is_empty() || kept.ends_with(' ')) {
            continue;
        }
        if length == MAX_NOTICE {
            break;
        }
        kept.push(c);
        length += 1;
    }
    kept.truncate(kept.trim_end().len());
    kept
}

/// Line and paragraph separators, zero-width characters and directional marks (Unicode Standard Annex 9).
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A count of tokens at this path; nothing, and nonsense, is 0.
pub(crate) fn count(value: &Value, path: &str) -> u64 {
    value.pointer(path).and_then(Value::as_u64).unwrap_or(0).min(MAX_COUNT)
}

/// The text at this path; anything else is empty. A code that is a number is not text and is never compared with one.
pub(crate) fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// The list at this path; anything else is empty.
pub(crate) fn list<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    value.pointer(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A success that can't be understood.
pub(crate) fn garbled(reason: &str, usage: Usage) -> Failure {
    Failure::Garbled { reason: notice(reason), usage }
}

/// The body of a success: a JSON object without an error in it. Proxies answer 200 with a page of their own, and some
/// servers answer 200 with the error that came too late for another status.
pub(crate) fn success(response: &Response) -> Result<Value, Failure> {
    let body = object(response)?;
    without_error(&body)?;
    Ok(body)
}

/// The body of a success where an error inside it is part of what is asked for.
pub(crate) fn object(response: &Response) -> Result<Value, Failure> {
    let body: Value = serde_json::from_slice(&response.body)
        .map_err(|error| garbled(&format!("no JSON: {error}"), Usage::default()))?;
    if body.is_object() { Ok(body) } else { Err(garbled("no JSON object", Usage::default())) }
}

/// A success that is none.
pub(crate) fn without_error(body: &Value) -> Result<(), Failure> {
    match body.get("error") {
        None | Some(Value::Null) => Ok(()),
        Some(error) => {
            Err(garbled(&format!("a success with an error inside: {}", words(error)), Usage::default()))
        }
    }
}

/// What an error says, whether it is an object with a message or bare text.
fn words(error: &Value) -> &str {
    error.as_str().unwrap_or_else(|| text(error, "/message"))
}

/// The `error` of a failed call, and its message. `error` is null if the body is no JSON, and the message then is the
/// status alone: a page of HTML tells nobody anything.
pub(crate) fn complaint(response: &Response) -> (Value, String) {
    let mut body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    // Google's streaming front ends wrap the same error in a list.
    if let Some(first) = body.as_array_mut().and_then(|list| list.first_mut()) {
        body = first.take();
    }
    let error = match body.get_mut("error") {
        Some(error) => error.take(),
        // Older vLLM puts the fields of an error on top.
        None => body,
    };
    let message = match notice(words(&error)) {
        empty if empty.is_empty() => format!("status {} without a message", response.status),
        message => message,
    };
    (error, message)
}

/// What the status means if nothing in the body says it better.
pub(crate) fn by_status(response: &Response, message: String) -> Failure {
    let status = response.status;
    match status {
        401 | 403 => Failure::Unauthorized(message),
        402 => limited(Limit::Spend, None, message),
        408 | 409 | 425 | 500.. => server(response, message),
        429 => limited(Limit::Unknown, wait(response), message),
        300..=399 => Failure::Rejected(format!("redirected with status {status}: check the base URL")),
        _ => Failure::Rejected(message),
    }
}

/// A limit.
pub(crate) fn limited(limit: Limit, retry_after: Option<std::time::Duration>, message: String) -> Failure {
    Failure::Limited { limit, retry_after, message }
}

/// Trouble of the provider's own. It is not worth another try if the provider says so (`x-should-retry: false`, sent by
/// Anthropic and OpenAI and obeyed by their own clients).
pub(crate) fn server(response: &Response, message: String) -> Failure {
    if response.header("x-should-retry") == Some("false") {
        return Failure::Rejected(message);
    }
    Failure::Server { status: response.status, retry_after: wait(response), message }
}

/// How long the headers ask to wait. Zero is no answer: it would make everybody come back at once.
pub(crate) fn wait(response: &Response) -> Option<std::time::Duration> {
    response.retry_after().and_then(crate::wait::believable)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{MAX_NOTICE, by_status, complaint, notice, success};
    use crate::{Failure, Limit};
    use watchfire_http::Response;

    /// A response with these headers.
    pub(crate) fn response(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Response {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Response { status, headers, body: body.to_vec().into() }
    }

    #[test]
    fn words_are_bounded_and_can_not_steer_a_terminal() {
        assert_eq!(notice("  a\r\n\tb\u{1b}[2Jc\u{202e}d  "), "a b [2Jc d");
        let long = notice(&"é ".repeat(1000));
        assert_eq!(long.chars().count(), MAX_NOTICE - 1);
        assert_eq!(notice(&"x".repeat(1000)).len(), MAX_NOTICE);
        assert_eq!(notice("\u{0}\n"), "");
    }

    #[test]
    fn what_is_no_whole_object_is_garbled_and_never_an_answer() {
        for body in [
            &b"<!doctype html><title>502</title>"[..],
            b"",
            b"\xff\xfe",
            b"[]",
            b"null",
            b"{\"choices\":[{\"mess",
            b"{\"error\":{\"message\":\"overloaded\"}}",
            b"{\"error\":\"model not found\"}",
        ] {
            assert!(matches!(success(&response(200, &[], body)), Err(Failure::Garbled { .. })), "{body:?}");
        }
        assert!(success(&response(200, &[], b"{\"error\":null}")).is_ok());
        let deep = "[".repeat(100_000);
        assert!(success(&response(200, &[], deep.as_bytes())).is_err());
    }

    #[test]
    fn a_page_of_html_tells_its_status() {
        let page = response(502, &[], b"<html><h1>Bad Gateway</h1>");
        assert_eq!(complaint(&page).1, "status 502 without a message");
        assert!(matches!(by_status(&page, String::new()), Failure::Server { status: 502, .. }));
        let page = response(429, &[("retry-after", "0")], b"<html>");
        let limit = Failure::Limited { limit: Limit::Unknown, retry_after: None, message: String::new() };
        assert_eq!(by_status(&page, String::new()), limit);
    }

    #[test]
    fn a_provider_may_say_that_another_try_is_no_use() {
        let refusal = response(500, &[("x-should-retry", "false")], b"");
        assert_eq!(by_status(&refusal, "no".into()), Failure::Rejected("no".into()));
        let redirect = by_status(&response(302, &[], b""), String::new());
        assert!(matches!(redirect, Failure::Rejected(reason) if reason.contains("base URL")));
    }
}
