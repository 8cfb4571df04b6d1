//! OpenAI's words, and Moonshot's, which has the same shape and errors of its own.
//!
//! Sources: bodies of OpenAI's 429s as clients record them, platform.kimi.ai/docs/api/errors for Moonshot. *From memory,
//! not read for this:* OpenAI's pages on chat completions, structured outputs and rate limits, how both charge tokens, and
//! Moonshot's messages on days and tokens. A strict schema must forbid additional properties and
//! require all it names, as OpenAI's validator has it; Moonshot's is not checked so.

use super::{Ask, Finish, Outcome};
use crate::exchange::Reply;
use crate::limits::{Refusal, Refused, Standing, Standings};
use crate::provider::Provider;
use serde_json::{Map, Value, json};
use std::time::Duration;

const REQUEST: [&str; 20] = [
    "model",
    "messages",
    "response_format",
    "service_tier",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "seed",
    "n",
    "stop",
    "stream",
    "user",
    "reasoning_effort",
    "presence_penalty",
    "frequency_penalty",
    "metadata",
    "store",
    "prompt_cache_key",
    "safety_identifier",
];

/// An error in OpenAI's shape; Moonshot has only the message and the type.
pub(crate) fn error(provider: Provider, status: u16, kind: &str, code: Option<&str>, message: &str) -> Reply {
    Reply::json(status, &error_body(provider, kind, code, message))
}

pub(crate) fn error_body(provider: Provider, kind: &str, code: Option<&str>, message: &str) -> Value {
    if provider == Provider::Moonshot {
        return json!({"error": {"message": message, "type": kind}});
    }
    json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
}

fn invalid(provider: Provider, message: &str) -> Reply {
    error(provider, 400, "invalid_request_error", None, message)
}

/// Without a key, or with a wrong one.
pub(crate) fn unauthorized(provider: Provider, missing: bool) -> Reply {
    if provider == Provider::Moonshot {
        return error(provider, 401, "invalid_authentication_error", None, "Invalid Authentication");
    }
    if missing {
        let message = "You didn't provide an API key. You need to provide your API key in an Authorization header using \
            Bearer auth (i.e. Authorization: Bearer YOUR_KEY).";
        return error(provider, 401, "invalid_request_error", None, message);
    }
    let message = "Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys.";
    error(provider, 401, "invalid_request_error", Some("invalid_api_key"), message)
}

/// No such model.
pub(crate) fn unknown_model(provider: Provider, model: &str) -> Reply {
    if provider == Provider::Moonshot {
        let message = format!("Not found the model {model} or Permission denied");
        return error(provider, 404, "resource_not_found_error", None, &message);
    }
    let message = format!("The model `{model}` does not exist or you do not have access to it.");
    error(provider, 404, "invalid_request_error", Some("model_not_found"), &message)
}

/// 5xx, or Moonshot's overload, which is a 429.
pub(crate) fn failed(provider: Provider, choice: u32) -> Reply {
    match (provider, choice % 2) {
        (Provider::Moonshot, 0) => {
            let message = "The engine is currently overloaded, please try again later";
            error(provider, 429, "engine_overloaded_error", None, message)
        }
        (Provider::Moonshot, _) => {
            error(provider, 500, "unexpected_output", None, "invalid state transition")
        }
        (_, 0) => error(
            provider,
            500,
            "server_error",
            None,
            "The server had an error while processing your request.",
        ),
        _ => Reply::text(502, "text/html", "<html><head><title>502 Bad Gateway</title></head></html>"),
    }
}

/// Over a limit.
pub(crate) fn limited(provider: Provider, refusal: &Refusal, model: &str, standings: &Standings) -> Reply {
    let Refusal { limit, amount, used, requested, retry_after, .. } = *refusal;
    let wait = go_duration(retry_after);
    let reply = if provider == Provider::Moonshot {
        let (kind, what) = match limit {
            Refused::Spend => ("exceeded_current_quota_error", String::new()),
            Refused::Concurrency => {
                ("rate_limit_reached_error", format!("max organization concurrency: {amount}"))
            }
            Refused::Day => ("rate_limit_reached_error", format!("organization max RPD: {amount}")),
            Refused::Tokens | Refused::OutputTokens => (
                "rate_limit_reached_error",
                format!("organization TPM rate limit, current: {used}, limit: {amount}"),
            ),
            Refused::Requests => ("rate_limit_reached_error", format!("organization max RPM: {amount}")),
        };
        let message = if limit == Refused::Spend {
            "You exceeded your current token quota, please check your account balance".to_owned()
        } else {
            let seconds = retry_after.as_secs_f64().ceil();
            format!(
                "Your account org-standin request reached {what}, please try again after {seconds} seconds"
            )
        };
        error(provider, 429, kind, None, &message)
    } else if limit == Refused::Spend {
        let message = "You exceeded your current quota, please check your plan and billing details. For more information \
            on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.";
        return error(provider, 429, "insufficient_quota", Some("insufficient_quota"), message);
    } else {
        let (kind, unit) = match limit {
            Refused::Tokens | Refused::OutputTokens => ("tokens", "tokens per min (TPM)"),
            Refused::Day => ("requests", "requests per day (RPD)"),
            _ => ("requests", "requests per min (RPM)"),
        };
        let message = format!(
            "Rate limit reached for {model} in organization org-standin on {unit}: Limit {amount}, Used {used}, \
             Requested {requested}. Please try again in {wait}. Visit \
             https://platform.openai.com/account/rate-limits to learn more."
        );
        error(provider, 429, kind, Some("rate_limit_exceeded"), &message)
            .header("retry-after", retry_after.as_secs_f64().ceil())
            .header("retry-after-ms", retry_after.as_millis())
    };
    reply.headers(headers(standings))
}

/// `x-ratelimit-*`, for the limits that there are. Where both a window and a day limit requests, the tighter one is told.
pub(crate) fn headers(standings: &Standings) -> Vec<(&'static str, String)> {
    let requests =
        [standings.requests, standings.day].into_iter().flatten().min_by_key(|standing| standing.remaining);
    let mut headers = Vec::new();
    let mut add = |names: [&'static str; 3], standing: Option<Standing>| {
        let Some(standing) = standing else { return };
        let values =
            [standing.limit.to_string(), standing.remaining.to_string(), go_duration(standing.reset)];
        headers.extend(names.into_iter().zip(values));
    };
    add(
        ["x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"],
        requests,
    );
    add(
        ["x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"],
        standings.tokens,
    );
    headers
}

/// As Go prints durations: `6m0s`, `1.378s`, `108ms`. Rounded up to a millisecond.
pub(crate) fn go_duration(duration: Duration) -> String {
    let milliseconds = duration.as_nanos().div_ceil(1_000_000);
    let (minutes, rest) = (milliseconds / 60_000, milliseconds % 60_000);
    let seconds = format!("{}s", rest as f64 / 1000.0);
    match (minutes / 60, minutes % 60) {
        (0, 0) if rest < 1000 => format!("{rest}ms"),
        (0, 0) => seconds,
        (0, minutes) => format!("{minutes}m{seconds}"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}"),
    }
}

/// Reads the body of a chat completion.
pub(crate) fn read(provider: Provider, body: &Value) -> Result<Ask, Reply> {
    let invalid = |message: &str| invalid(provider, message);
    let Some(request) = body.as_object() else {
        return Err(invalid("We could not parse the JSON body of your request."));
    };
    if let Some(name) = request.keys().find(|name| !REQUEST.contains(&name.as_str())) {
        return Err(invalid(&format!("Unrecognized request argument supplied: {name}")));
    }
    let Some(model) = request.get("model").and_then(Value::as_str) else {
        return Err(invalid("you must provide a model parameter"));
    };
    let Some(messages) = request.get("messages").and_then(Value::as_array).filter(|list| !list.is_empty())
    else {
        return Err(invalid("Missing required parameter: 'messages'."));
    };
    if request.get("stream").and_then(Value::as_bool) == Some(true) {
        return Err(invalid("This stand-in does not stream."));
    }
    let (mut system, mut user) = (String::new(), String::new());
    for (number, message) in messages.iter().enumerate() {
        let text = match message.get("content") {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(parts)) => {
                parts.iter().filter_map(|part| part.get("text")?.as_str()).collect::<Vec<_>>().join("\n")
            }
            _ => return Err(invalid(&format!("Missing required parameter: 'messages[{number}].content'."))),
        };
        match message.get("role").and_then(Value::as_str) {
            Some("system" | "developer") => system.push_str(&text),
            Some("user" | "assistant") => user.push_str(&text),
            _ => return Err(invalid(&format!("Invalid value: 'messages[{number}].role'."))),
        }
    }
    let max = request.get("max_completion_tokens").or_else(|| request.get("max_tokens"));
    let max_output = max.map(|max| max.as_u64().filter(|max| *max > 0));
    let Some(max_output) = max_output.map_or(Some(None), |max| max.map(Some)) else {
        return Err(invalid("Invalid 'max_completion_tokens': expected an integer above 0."));
    };
    let tier = request.get("service_tier").and_then(Value::as_str).unwrap_or("auto");
    if !matches!(tier, "auto" | "default" | "flex" | "priority" | "scale") {
        return Err(invalid(&format!(
            "Invalid value: '{tier}'. Supported values are: 'auto', 'default', 'flex' and 'priority'."
        )));
    }
    Ok(Ask {
        model: model.to_owned(),
        system,
        user,
        schema: schema(provider, request)?,
        tool: None,
        max_output,
        flex: tier == "flex",
    })
}

fn schema(provider: Provider, request: &Map<String, Value>) -> Result<Option<Value>, Reply> {
    let invalid = |message: &str| invalid(provider, message);
    let Some(format) = request.get("response_format") else { return Ok(None) };
    match format.get("type").and_then(Value::as_str) {
        Some("text" | "json_object") => Ok(None),
        Some("json_schema") => {
            let Some(wrapper) = format.get("json_schema") else {
                return Err(invalid("Missing required parameter: 'response_format.json_schema'."));
            };
            let name = wrapper.get("name").and_then(Value::as_str).unwrap_or_default();
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
                return Err(invalid(
                    "Invalid 'response_format.json_schema.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.",
                ));
            }
            let Some(schema) = wrapper.get("schema").filter(|schema| schema.is_object()) else {
                return Err(invalid("Missing required parameter: 'response_format.json_schema.schema'."));
            };
            let strict = wrapper.get("strict").and_then(Value::as_bool) == Some(true);
            if strict && provider == Provider::OpenAi {
                if schema.get("type").and_then(Value::as_str) != Some("object") {
                    let message = format!(
                        "Invalid schema for response_format '{name}': schema must be a JSON Schema of 'type: \"object\"'."
                    );
                    return Err(invalid(&message));
                }
                if let Some(wrong) = strictly(schema, 0) {
                    return Err(invalid(&format!(
                        "Invalid schema for response_format '{name}': In context=(), {wrong}"
                    )));
                }
            }
            Ok(Some(schema.clone()))
        }
        _ => Err(invalid(
            "Invalid value: 'response_format.type'. Supported values are: 'json_object', 'json_schema', and 'text'.",
        )),
    }
}

/// What a strict schema lacks.
pub(crate) fn strictly(schema: &Value, depth: usize) -> Option<String> {
    if depth > 10 {
        return Some("schema exceeds 10 levels of nesting.".to_owned());
    }
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        if schema.get("additionalProperties") != Some(&Value::Bool(false)) {
            return Some("'additionalProperties' is required to be supplied and to be false.".to_owned());
        }
        let required = schema.get("required").and_then(Value::as_array);
        let listed = |name: &str| required.is_some_and(|list| list.iter().any(|entry| entry == name));
        if let Some(name) = properties.keys().find(|name| !listed(name)) {
            return Some(format!(
                "'required' is required to be supplied and to be an array including every key in properties. Missing '{name}'."
            ));
        }
        if let Some(wrong) = properties.values().find_map(|schema| strictly(schema, depth + 1)) {
            return Some(wrong);
        }
    }
    let defined = schema.get("$defs").and_then(Value::as_object).into_iter().flat_map(Map::values);
    let choices = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    schema
        .get("items")
        .into_iter()
        .chain(defined)
        .chain(choices)
        .find_map(|schema| strictly(schema, depth + 1))
}

/// The body of an answer.
pub(crate) fn answer(ask: &Ask, outcome: &Outcome, number: u64, unix_ms: i64) -> Value {
    let used = outcome.used;
    let prompt = used.input + used.cached + used.cache_write;
    let completion = used.output + used.thinking;
    let refused = outcome.finish == Finish::Refused;
    let reason = if outcome.finish == Finish::MaxTokens { "length" } else { "stop" };
    let (content, refusal) = if refused {
        (Value::Null, json!("I'm sorry, I can't help with that."))
    } else {
        (json!(outcome.text), Value::Null)
    };
    json!({
        "id": format!("chatcmpl-standin{number}"),
        "object": "chat.completion",
        "created": unix_ms / 1000,
        "model": ask.model,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": content, "refusal": refusal},
            "logprobs": null, "finish_reason": reason}],
        "usage": {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": used.cached},
            "completion_tokens_details": {"reasoning_tokens": used.thinking}},
        "service_tier": if ask.flex { "flex" } else { "default" },
    })
}

#[cfg(test)]
mod tests {
    use super::go_duration;
    use std::time::Duration;

    #[test]
    fn resets_are_written_as_go_writes_durations() {
        for (milliseconds, text) in
            [(108, "108ms"), (1378, "1.378s"), (360_000, "6m0s"), (0, "0ms"), (3_601_500, "1h0m1.5s")]
        {
            assert_eq!(go_duration(Duration::from_millis(milliseconds)), text);
        }
        assert_eq!(go_duration(Duration::from_nanos(1)), "1ms");
    }
}
