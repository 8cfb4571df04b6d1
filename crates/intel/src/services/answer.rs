//! What came of asking: a finding, or why there is none.
//!
//! Everything here was written by others: an answer is read up to [`MAX_ANSWER`] bytes, and of its words only what fits
//! on a line is kept, without characters that move a cursor or hide.

use crate::opinion::{Match, Statement};
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;
use watchfire_http::Response;
use watchfire_signal::{Reputation, Timestamp};

/// The largest answer that is read, in bytes. OTX sends some MB about a popular address.
pub(super) const MAX_ANSWER: usize = 16 << 20;

/// Longest evidence, in characters.
const MAX_EVIDENCE: usize = 300;

/// Longest piece of evidence, in characters.
const MAX_PIECE: usize = 80;

/// What a service says of an indicator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it says.
    pub reputation: Reputation,
    /// The indicator as the service was asked about it.
    pub entry: String,
    /// Why: counts, names, dates. On one line, at most 300 characters, untrusted.
    pub evidence: Option<String>,
}

impl Finding {
    /// The finding as a statement of `service`, which answered at `when`.
    pub fn into_statement(self, service: &str, when: Timestamp) -> Statement {
        let Self { reputation, entry, evidence } = self;
        Statement {
            source: Arc::from(service),
            file: None,
            reputation,
            matched: Match::Exact,
            entry,
            evidence,
            when: Some(when),
        }
    }
}

/// Which limit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Requests in a minute or so.
    Short,
    /// Requests in a day.
    Day,
    /// Requests in a week.
    Week,
    /// The service does not say.
    Unknown,
}

/// Why a service said nothing of an indicator. Messages are the service's, on one line, bounded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// A limit was reached.
    #[error("rate limited: {message}")]
    Limited {
        /// Which.
        limit: Limit,
        /// When to ask again, if the service says so.
        retry_after: Option<Duration>,
        /// Its words.
        message: String,
    },
    /// The key is missing, wrong, or not entitled to this.
    #[error("the service does not accept the key (status {status}): {message}")]
    Unauthorized {
        /// The HTTP status.
        status: u16,
        /// The service's words.
        message: String,
    },
    /// The service does not take this question.
    #[error("the service does not take the question (status {status}): {message}")]
    Rejected {
        /// The HTTP status.
        status: u16,
        /// The service's words.
        message: String,
    },
    /// The service has trouble of its own.
    #[error("the service failed with status {status}: {message}")]
    Server {
        /// The HTTP status.
        status: u16,
        /// When to ask again, if it says so.
        retry_after: Option<Duration>,
        /// Its words.
        message: String,
    },
    /// An answer that is none of those that the service documents.
    #[error("the service's answer can't be understood: {reason}")]
    Garbled {
        /// What is wrong with it.
        reason: String,
    },
}

/// What to do about a [`ServiceError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// Pause everybody who uses this key, for this long if the service said so.
    Pause(Limit, Option<Duration>),
    /// Ask again, after this long if the service said so, else after a backoff.
    Retry(Option<Duration>),
    /// The same question will fail again; others may not.
    Skip,
    /// No use in asking this service before somebody changes something.
    Stop,
}

impl ServiceError {
    /// What to do about it.
    pub fn advice(&self) -> Advice {
        match self {
            Self::Limited { limit, retry_after, .. } => Advice::Pause(*limit, *retry_after),
            Self::Unauthorized { .. } => Advice::Stop,
            Self::Rejected { .. } => Advice::Skip,
            Self::Server { retry_after, .. } => Advice::Retry(*retry_after),
            Self::Garbled { .. } => Advice::Retry(None),
        }
    }

    /// What it makes of the indicator: asked, and not answered.
    pub fn reputation(&self) -> Reputation {
        match self {
            Self::Limited { .. } => Reputation::Limited,
            Self::Unauthorized { .. }
            | Self::Rejected { .. }
            | Self::Server { .. }
            | Self::Garbled { .. } => Reputation::Failed,
        }
    }

    /// What can be done about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Limited { .. } => "set the service's budget in the settings to what your plan allows",
            Self::Unauthorized { .. } => {
                "check the service's key in the settings, and what its plan includes"
            }
            Self::Rejected { .. } => "this indicator can't be asked about there; others can",
            Self::Server { .. } => "ask again later",
            Self::Garbled { .. } => "check the service's base URL in the settings, or ask again later",
        }
    }

    /// The failure as a statement of `service` about `value`, at `when`.
    pub fn statement(&self, service: &str, value: &str, when: Timestamp) -> Statement {
        Statement {
            source: Arc::from(service),
            file: None,
            reputation: self.reputation(),
            matched: Match::Exact,
            entry: tamed(value, MAX_EVIDENCE),
            evidence: Some(tamed(&self.to_string(), MAX_EVIDENCE)),
            when: Some(when),
        }
    }
}

/// Why an answer with this status is no finding, with `message` as what the service says about it.
pub(super) fn refusal(response: &Response, limit: Limit, message: &str) -> ServiceError {
    let status = response.status;
    let retry_after = response.retry_after();
    let message =
        if message.is_empty() { "no reason given".to_owned() } else { tamed(message, MAX_EVIDENCE) };
    match status {
        429 => ServiceError::Limited { limit, retry_after, message },
        401 | 403 => ServiceError::Unauthorized { status, message },
        400 | 404 | 405 | 410 | 413 | 414 | 422 => ServiceError::Rejected { status, message },
        408 | 500..=599 => ServiceError::Server { status, retry_after, message },
        // Redirects among them: they are not followed, because a key must not travel.
        _ => ServiceError::Garbled { reason: format!("status {status}: {message}") },
    }
}

/// Reads a body of JSON.
pub(super) fn parsed<T: DeserializeOwned>(response: &Response) -> Result<T, ServiceError> {
    if response.body.len() > MAX_ANSWER {
        let reason = format!("{} bytes are more than the {MAX_ANSWER} that are read", response.body.len());
        return Err(ServiceError::Garbled { reason });
    }
    // The message may quote the answer.
    serde_json::from_slice(&response.body)
        .map_err(|error| ServiceError::Garbled { reason: tamed(&error.to_string(), MAX_EVIDENCE) })
}

/// An answer that is JSON and yet not what is documented.
pub(super) fn garbled(reason: &str) -> ServiceError {
    ServiceError::Garbled { reason: tamed(reason, MAX_EVIDENCE) }
}

/// Evidence, piece by piece.
#[derive(Debug, Default)]
pub(super) struct Evidence(Vec<String>);

impl Evidence {
    /// Adds our words, with a count in them.
    pub fn say(&mut self, words: impl Into<String>) {
        self.0.push(words.into());
    }

    /// Adds what a service says; nothing if it says nothing.
    pub fn quote(&mut self, what: &str, words: Option<&str>) {
        let words = words.map(str::trim).filter(|words| !words.is_empty());
        if let Some(words) = words {
            self.0.push(format!("{what}{}", tamed(words, MAX_PIECE)));
        }
    }

    /// The finding of all that.
    pub fn finding(self, reputation: Reputation, entry: String) -> Finding {
        let evidence = tamed(&self.0.join("; "), MAX_EVIDENCE);
        Finding { reputation, entry, evidence: (!evidence.is_empty()).then_some(evidence) }
    }
}

/// The text on one line, at most `max` characters; what would move a cursor, turn the direction of writing or hide
/// becomes `·` (categories Cc and Cf as far as they matter, Unicode TR #36).
pub(super) fn tamed(text: &str, max: usize) -> String {
    let mut tamed = String::new();
    for (index, character) in text.chars().enumerate() {
        if index + 1 >= max {
            tamed.push('…');
            break;
        }
        let hides = matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        );
        tamed.push(if hides || character.is_control() { '·' } else { character });
    }
    tamed
}

#[cfg(test)]
mod tests {
    use super::{Advice, Evidence, Finding, Limit, MAX_ANSWER, ServiceError, parsed, refusal, tamed};
    use crate::services::fixture::response;
    use std::time::Duration;
    use watchfire_signal::{Reputation, Timestamp};

    #[test]
    fn a_refusal_is_told_by_its_status() {
        let of = |status, headers: &[(&str, &str)]| {
            refusal(&response(status, headers, b""), Limit::Day, "no").advice()
        };
        assert_eq!(of(429, &[("retry-after", "7")]), Advice::Pause(Limit::Day, Some(Duration::from_secs(7))));
        assert_eq!(of(429, &[]), Advice::Pause(Limit::Day, None));
        assert_eq!(of(401, &[]), Advice::Stop);
        assert_eq!(of(422, &[]), Advice::Skip);
        assert_eq!(of(503, &[("retry-after", "3")]), Advice::Retry(Some(Duration::from_secs(3))));
        assert_eq!(of(302, &[]), Advice::Retry(None));
    }

    #[test]
    fn limited_and_failed_are_different_answers() {
        let limited = refusal(&response(429, &[], b""), Limit::Unknown, "");
        assert_eq!(limited.reputation(), Reputation::Limited);
        let failed = refusal(&response(500, &[], b""), Limit::Unknown, "a\u{1b}[2J");
        let statement = failed.statement("x", "a.com\n", Timestamp::EPOCH);
        assert_eq!(statement.reputation, Reputation::Failed);
        assert_eq!(statement.entry, "a.com·");
        assert_eq!(statement.evidence.as_deref(), Some("the service failed with status 500: a·[2J"));
    }

    #[test]
    fn evidence_stays_on_one_line_and_within_its_bound() {
        let mut evidence = Evidence::default();
        for _ in 0..100 {
            evidence.quote("named ", Some("a\r\nb\u{202e}c"));
        }
        let Finding { evidence: Some(text), .. } = evidence.finding(Reputation::Info, String::new()) else {
            panic!("there is evidence");
        };
        assert!(text.chars().count() <= 300 && text.ends_with('…'), "{text}");
        assert!(text.starts_with("named a··b·c; named "), "{text}");
        assert_eq!(tamed("äöü", 80), "äöü");
    }

    #[test]
    fn an_answer_beyond_the_bound_is_not_read() {
        let body = vec![b' '; MAX_ANSWER + 1];
        let read = parsed::<serde_json::Value>(&response(200, &[], &body));
        assert!(matches!(read, Err(ServiceError::Garbled { .. })), "{read:?}");
    }
}
