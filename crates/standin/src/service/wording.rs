//! The same thing said in the words of whichever provider has to say it.

use crate::clock::Clock;
use crate::config::Config;
use crate::exchange::{Call, Reply};
use crate::geocoder;
use crate::intel;
use crate::limits::{Refusal, Standings};
use crate::llm::{Ask, Finish, Outcome, anthropic, gemini, openai};
use crate::provider::Provider;
use serde_json::Value;
use std::time::Duration;

/// A complaint about the key, or about what must stand beside it; `None` if all is well.
pub(super) fn unwelcome(provider: Provider, call: &Call, config: &Config) -> Option<Reply> {
    if provider == Provider::Nominatim {
        return geocoder::unidentified(call);
    }
    let key = provider.key(call);
    if key == Some(config.key(provider)) {
        return if provider == Provider::Anthropic {
            anthropic::version(call.header("anthropic-version"))
        } else {
            None
        };
    }
    let missing = key.is_none();
    Some(match provider {
        Provider::Gemini => gemini::unauthorized(missing),
        Provider::OpenAi | Provider::Moonshot => openai::unauthorized(provider, missing),
        Provider::Anthropic => anthropic::unauthorized(missing),
        _ => intel::unauthorized(provider, missing),
    })
}

/// Reads a question to a model. An unknown model is a complaint too.
pub(super) fn read(provider: Provider, model: &str, body: &Value, config: &Config) -> Result<Ask, Reply> {
    let ask = match provider {
        Provider::Gemini => gemini::read(model, body),
        Provider::Anthropic => anthropic::read(body),
        _ => openai::read(provider, body),
    }?;
    if config.knows(&ask.model) {
        return Ok(ask);
    }
    Err(match provider {
        Provider::Gemini => gemini::unknown_model(model, "generateContent"),
        Provider::Anthropic => anthropic::unknown_model(&ask.model),
        _ => openai::unknown_model(provider, &ask.model),
    })
}

/// The body of an answer.
pub(super) fn answer_body(
    provider: Provider,
    ask: &Ask,
    outcome: &Outcome,
    number: u64,
    unix_ms: i64,
) -> Value {
    match provider {
        Provider::Gemini => gemini::answer(ask, outcome, number),
        Provider::Anthropic => anthropic::answer(ask, outcome, number),
        _ => openai::answer(ask, outcome, number, unix_ms),
    }
}

/// What Moonshot says instead of an answer that it refuses; the others refuse with a 200.
pub(super) fn blocked(provider: Provider, outcome: &Outcome) -> Option<Reply> {
    (provider == Provider::Moonshot && outcome.finish == Finish::Refused).then(|| {
        let message = "The request was rejected because it was considered high risk";
        openai::error(provider, 400, "content_filter", None, message)
    })
}

/// Over a limit.
pub(super) fn limited(
    provider: Provider,
    refusal: &Refusal,
    model: &str,
    standings: &Standings,
    clock: &Clock,
    now: Duration,
) -> Reply {
    match provider {
        Provider::Gemini => gemini::limited(refusal, model),
        Provider::OpenAi | Provider::Moonshot => openai::limited(provider, refusal, model, standings),
        Provider::Anthropic => anthropic::limited(refusal, standings, clock, now),
        Provider::Nominatim => geocoder::limited(),
        _ => intel::limited(provider, refusal, standings, clock.unix_ms(now)),
    }
}

/// How the limits stand, in the headers of an answer.
pub(super) fn headers(
    provider: Provider,
    standings: &Standings,
    clock: &Clock,
    now: Duration,
) -> Vec<(&'static str, String)> {
    match provider {
        Provider::OpenAi | Provider::Moonshot => openai::headers(standings),
        Provider::Anthropic => anthropic::headers(standings, clock, now),
        _ => intel::reputation::headers(provider, standings),
    }
}

/// 5xx.
pub(super) fn failed(provider: Provider, choice: u32) -> Reply {
    match provider {
        Provider::Gemini => gemini::failed(choice),
        Provider::OpenAi | Provider::Moonshot => openai::failed(provider, choice),
        Provider::Anthropic => anthropic::failed(choice),
        _ => intel::failed(provider, choice),
    }
}

/// No such file or batch.
pub(super) fn not_found(provider: Provider, what: &str) -> Reply {
    match provider {
        Provider::Gemini => gemini::error(404, "NOT_FOUND", "Requested entity was not found.", &[]),
        Provider::Anthropic => anthropic::error(404, "not_found_error", &format!("{what} not found")),
        _ => openai::error(provider, 404, "invalid_request_error", None, &format!("No such {what}")),
    }
}

/// A request that makes no sense.
pub(super) fn invalid(provider: Provider, message: &str) -> Reply {
    match provider {
        Provider::Gemini => gemini::error(400, "INVALID_ARGUMENT", message, &[]),
        Provider::Anthropic => anthropic::error(400, "invalid_request_error", message),
        _ => openai::error(provider, 400, "invalid_request_error", None, message),
    }
}
