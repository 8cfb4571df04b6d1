//! What URLhaus and ThreatFox, both by abuse.ch, have in common: a key in `Auth-Key`, and a word instead of a status.
//!
//! Nearly every answer is a 200, and its `query_status` says what came of the question: `ok`, nothing found, or a complaint. The
//! documentation (urlhaus-api.abuse.ch, threatfox.abuse.ch/api) lists some of the words, and clients record more
//! (`unknown_auth_key` with a 403, `rate_limited` and `illegl_hash`, spelled so, with a 200). So a complaint is told by what its word
//! is about, and a word that is about nothing known is no answer.

use super::answer::{Limit, ServiceError, garbled, parsed, refusal};
use super::lenient::Few;
use serde::Deserialize;
use watchfire_http::Response;

/// What came of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// There is something.
    Something,
    /// There is nothing.
    Nothing,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    query_status: String,
    #[serde(default)]
    error: String,
}

/// A tag list; null where there is none.
pub(super) type Tags = Few<Option<String>>;

/// Whether something was found, or why that is not known.
pub(super) fn found(response: &Response) -> Result<Found, ServiceError> {
    let status = parsed::<Status>(response);
    if response.status != 200 {
        let status = status
            .ok()
            .map(|Status { query_status, error }| if error.is_empty() { query_status } else { error });
        return Err(refusal(response, Limit::Unknown, &status.unwrap_or_default()));
    }
    let word = status?.query_status;
    // The status that other services would have sent.
    let meant = match word.as_str() {
        "ok" => return Ok(Found::Something),
        "no_result" | "no_results" | "hash_not_found" => return Ok(Found::Nothing),
        word if word.contains("auth_key") || word == "unauthorized" => 401,
        word if word.contains("rate_limit") => 429,
        word if word.starts_with("invalid_") || word.starts_with("ille") || word.starts_with("missing_") => {
            422
        }
        "http_post_expected" | "http_get_expected" | "unknown_operation" | "unknown_query" => 422,
        "" => return Err(garbled("there is no query_status")),
        _ => return Err(garbled(&format!("query_status {word:?}"))),
    };
    Err(refusal(&Response { status: meant, ..response.clone() }, Limit::Unknown, &word))
}

/// The first tags, on one line.
pub(super) fn joined(tags: &Tags) -> String {
    let tags: Vec<&str> = tags.items.iter().flatten().map(String::as_str).take(5).collect();
    tags.join(", ")
}

#[cfg(test)]
mod tests {
    use super::{Found, found};
    use crate::services::answer::Advice;
    use crate::services::fixture::response;

    #[test]
    fn a_complaint_is_told_by_its_word() {
        let advice = |word: &str| {
            let body = format!(r#"{{"query_status": "{word}"}}"#);
            found(&response(200, &[], body.as_bytes())).map_err(|error| error.advice())
        };
        assert_eq!(advice("ok"), Ok(Found::Something));
        assert_eq!(advice("no_results"), Ok(Found::Nothing));
        for wrong in ["unknown_auth_key", "no_auth_key", "unauthorized"] {
            assert_eq!(advice(wrong), Err(Advice::Stop), "{wrong}");
        }
        for wrong in ["invalid_url", "illegal_search_term", "illegl_hash", "http_post_expected"] {
            assert_eq!(advice(wrong), Err(Advice::Skip), "{wrong}");
        }
        assert!(matches!(advice("rate_limited"), Err(Advice::Pause(..))));
        for wrong in ["", "nothing", "okay"] {
            assert_eq!(advice(wrong), Err(Advice::Retry(None)), "{wrong}");
        }
    }
}
