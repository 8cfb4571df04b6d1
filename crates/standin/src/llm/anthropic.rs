//! Anthropic's words: the Messages API, version 2023-06-01.
//!
//! Checked where others quote the vendor's pages: `output_config.format`, the header `anthropic-version: 2023-06-01`, the
//! names of the rate limit headers, and the spend cap's `error.details.error_code`, which comes without `retry-after`.
//! *From memory, not read for this:* the rest of the shapes and messages, forced tool use among them. A schema must forbid additional properties. Forced tool
//! use is understood where there is no format.

use super::{Ask, Finish, Outcome, openai};
use crate::clock::Clock;
use crate::exchange::Reply;
use crate::limits::{Refusal, Refused, Standing, Standings};
use serde_json::{Value, json};
use std::time::Duration;

const REQUEST: [&str; 16] = [
    "model",
    "max_tokens",
    "system",
    "messages",
    "output_config",
    "tools",
    "tool_choice",
    "temperature",
    "top_p",
    "top_k",
    "stop_sequences",
    "stream",
    "metadata",
    "thinking",
    "service_tier",
    "cache_control",
];

/// An error in Anthropic's shape.
pub(crate) fn error(status: u16, kind: &str, message: &str) -> Reply {
    Reply::json(status, &error_body(kind, message))
}

pub(crate) fn error_body(kind: &str, message: &str) -> Value {
    json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_standin"})
}

fn invalid(message: &str) -> Reply {
    error(400, "invalid_request_error", message)
}

/// Without a key, or with a wrong one.
pub(crate) fn unauthorized(missing: bool) -> Reply {
    error(
        401,
        "authentication_error",
        if missing { "x-api-key header is required" } else { "invalid x-api-key" },
    )
}

/// A call without a version, or of one that there never was.
pub(crate) fn version(header: Option<&str>) -> Option<Reply> {
    match header {
        Some("2023-06-01") => None,
        Some(other) => Some(invalid(&format!("anthropic-version: \"{other}\" is not a valid version."))),
        None => Some(invalid("anthropic-version: header is required")),
    }
}

/// No such model.
pub(crate) fn unknown_model(model: &str) -> Reply {
    error(404, "not_found_error", &format!("model: {model}"))
}

/// 529 or 500.
pub(crate) fn failed(choice: u32) -> Reply {
    if choice.is_multiple_of(2) {
        error(529, "overloaded_error", "Overloaded").header("x-should-retry", "true")
    } else {
        error(500, "api_error", "Internal server error").header("x-should-retry", "true")
    }
}

/// Over a limit.
pub(crate) fn limited(refusal: &Refusal, standings: &Standings, clock: &Clock, now: Duration) -> Reply {
    let amount = refusal.amount;
    let what = match refusal.limit {
        Refused::Spend => {
            let message = "You have reached your API usage limits: your organization has crossed its monthly API usage \
                threshold, set based on your organization's API tier.";
            let mut body = error_body("rate_limit_error", message);
            body["error"]["details"] = json!({"error_code": "enforced_spend_limit_reached"});
            return Reply::json(429, &body).header("x-should-retry", "false");
        }
        Refused::Requests => format!("{amount} requests per minute"),
        Refused::Tokens => format!("{amount} input tokens per minute"),
        Refused::OutputTokens => format!("{amount} output tokens per minute"),
        Refused::Day => format!("{amount} requests per day"),
        Refused::Concurrency => "concurrent connections".to_owned(),
    };
    let message = format!(
        "This request would exceed your organization's rate limit of {what}. For details, refer to: \
         https://docs.claude.com/en/api/rate-limits."
    );
    error(429, "rate_limit_error", &message)
        .header("retry-after", refusal.retry_after.as_secs_f64().ceil())
        .header("retry-after-ms", refusal.retry_after.as_millis())
        .header("x-should-retry", "true")
        .headers(headers(standings, clock, now))
}

/// `anthropic-ratelimit-*`, for the limits that there are.
pub(crate) fn headers(standings: &Standings, clock: &Clock, now: Duration) -> Vec<(&'static str, String)> {
    let requests =
        [standings.requests, standings.day].into_iter().flatten().min_by_key(|standing| standing.remaining);
    let mut headers = Vec::new();
    let mut add = |names: [&'static str; 3], standing: Option<Standing>| {
        let Some(standing) = standing else { return };
        let reset = clock.rfc3339(now + standing.reset);
        headers.extend(names.into_iter().zip([
            standing.limit.to_string(),
            standing.remaining.to_string(),
            reset,
        ]));
    };
    add(
        [
            "anthropic-ratelimit-requests-limit",
            "anthropic-ratelimit-requests-remaining",
            "anthropic-ratelimit-requests-reset",
        ],
        requests,
    );
    add(
        [
            "anthropic-ratelimit-input-tokens-limit",
            "anthropic-ratelimit-input-tokens-remaining",
            "anthropic-ratelimit-input-tokens-reset",
        ],
        standings.tokens,
    );
    add(
        [
            "anthropic-ratelimit-output-tokens-limit",
            "anthropic-ratelimit-output-tokens-remaining",
            "anthropic-ratelimit-output-tokens-reset",
        ],
        standings.output,
    );
    headers
}

/// Text as a string, or as blocks of text.
fn text(content: &Value) -> Option<String> {
    match content {
        Value::String(text) => Some(text.clone()),
        Value::Array(blocks) => {
            let texts: Option<Vec<&str>> = blocks.iter().map(|block| block.get("text")?.as_str()).collect();
            texts.map(|texts| texts.join("\n"))
        }
        _ => None,
    }
}

/// Reads the body of a message.
pub(crate) fn read(body: &Value) -> Result<Ask, Reply> {
    let Some(request) = body.as_object() else {
        return Err(invalid("The request body is not valid JSON"));
    };
    if let Some(name) = request.keys().find(|name| !REQUEST.contains(&name.as_str())) {
        return Err(invalid(&format!("{name}: Extra inputs are not permitted")));
    }
    let Some(model) = request.get("model").and_then(Value::as_str) else {
        return Err(invalid("model: Field required"));
    };
    let Some(max_output) = request.get("max_tokens").and_then(Value::as_u64).filter(|max| *max > 0) else {
        return Err(invalid("max_tokens: Field required"));
    };
    let Some(messages) = request.get("messages").and_then(Value::as_array) else {
        return Err(invalid("messages: Field required"));
    };
    if messages.is_empty() {
        return Err(invalid("messages: at least one message is required"));
    }
    if request.get("stream").and_then(Value::as_bool) == Some(true) {
        return Err(invalid("stream: this stand-in does not stream"));
    }
    let mut user = String::new();
    for (number, message) in messages.iter().enumerate() {
        if !matches!(message.get("role").and_then(Value::as_str), Some("user" | "assistant")) {
            return Err(invalid(&format!("messages.{number}.role: Input should be 'user' or 'assistant'")));
        }
        let text = message.get("content").and_then(text).filter(|text| !text.is_empty());
        let missing = || invalid(&format!("messages.{number}: all messages must have non-empty content"));
        user.push_str(&text.ok_or_else(missing)?);
    }
    let system = match request.get("system") {
        None => String::new(),
        Some(system) => text(system).ok_or_else(|| invalid("system: Input should be a valid string"))?,
    };
    let (schema, tool) = schema(body)?;
    Ok(Ask { model: model.to_owned(), system, user, schema, tool, max_output: Some(max_output), flex: false })
}

fn schema(body: &Value) -> Result<(Option<Value>, Option<String>), Reply> {
    if let Some(format) = body.pointer("/output_config/format") {
        if format.get("type").and_then(Value::as_str) != Some("json_schema") {
            return Err(invalid("output_config.format.type: Input should be 'json_schema'"));
        }
        let Some(schema) = format.get("schema").filter(|schema| schema.is_object()) else {
            return Err(invalid("output_config.format.schema: Field required"));
        };
        if openai::strictly(schema, 0).is_some_and(|wrong| wrong.contains("additionalProperties")) {
            let message = "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false";
            return Err(invalid(message));
        }
        return Ok((Some(schema.clone()), None));
    }
    let Some(name) = body.pointer("/tool_choice/name").and_then(Value::as_str) else {
        return Ok((None, None));
    };
    let tools = body.get("tools").and_then(Value::as_array);
    let tool =
        tools.into_iter().flatten().find(|tool| tool.get("name").and_then(Value::as_str) == Some(name));
    let Some(schema) = tool.and_then(|tool| tool.get("input_schema")) else {
        return Err(invalid(&format!("Tool '{name}' not found in provided tools")));
    };
    Ok((Some(schema.clone()), Some(name.to_owned())))
}

/// The body of an answer.
pub(crate) fn answer(ask: &Ask, outcome: &Outcome, number: u64) -> Value {
    let used = outcome.used;
    let input = || serde_json::from_str::<Value>(&outcome.text).unwrap_or_else(|_| json!({}));
    let (content, reason) = match (outcome.finish, &ask.tool) {
        (Finish::Refused, _) => (json!([]), "refusal"),
        (Finish::MaxTokens, None) => (json!([{"type": "text", "text": outcome.text}]), "max_tokens"),
        (Finish::Stop, None) => (json!([{"type": "text", "text": outcome.text}]), "end_turn"),
        (finish, Some(name)) => {
            let block = json!([{"type": "tool_use", "id": format!("toolu_{number}"), "name": name, "input": input()}]);
            (block, if finish == Finish::Stop { "tool_use" } else { "max_tokens" })
        }
    };
    json!({
        "id": format!("msg_standin{number}"),
        "type": "message",
        "role": "assistant",
        "model": ask.model,
        "content": content,
        "stop_reason": reason,
        "stop_sequence": null,
        // Input is the sum of the three; output contains what was thought.
        "usage": {"input_tokens": used.input, "cache_creation_input_tokens": used.cache_write,
            "cache_read_input_tokens": used.cached, "output_tokens": used.output + used.thinking,
            "service_tier": "standard"},
    })
}
