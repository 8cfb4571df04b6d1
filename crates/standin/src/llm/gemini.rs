//! Gemini's words: `models/{model}:generateContent` of the Generative Language API, v1beta.
//!
//! Sources: ai.google.dev/api/batch-api; the shapes of `generateContent` *from memory*; bodies of 429s as users report them for
//! `QuotaFailure` and `RetryInfo` (a per-day refusal carries a delay of seconds there, and so it does here). There is no
//! `Retry-After`. Unknown names are errors, as Google's JSON gateway has it. *Unchecked:* the quota's name for spending,
//! and where the flex tier is shown in an answer (here in the header `x-gemini-service-tier`).

use super::{Ask, Finish, Outcome};
use crate::exchange::Reply;
use crate::limits::{Refusal, Refused};
use serde_json::{Map, Value, json};

const REQUEST: [&str; 9] = [
    "contents",
    "systemInstruction",
    "system_instruction",
    "generationConfig",
    "generation_config",
    "safetySettings",
    "serviceTier",
    "service_tier",
    "model",
];
const GENERATION: [&str; 14] = [
    "temperature",
    "seed",
    "maxOutputTokens",
    "responseMimeType",
    "responseSchema",
    "responseJsonSchema",
    "_responseJsonSchema",
    "thinkingConfig",
    "topP",
    "topK",
    "stopSequences",
    "candidateCount",
    "presencePenalty",
    "frequencyPenalty",
];
/// What `responseSchema` may say: a subset of OpenAPI 3.0, without `additionalProperties` and `$ref`.
const SCHEMA: [&str; 22] = [
    "type",
    "format",
    "title",
    "description",
    "nullable",
    "enum",
    "maxItems",
    "minItems",
    "properties",
    "required",
    "minProperties",
    "maxProperties",
    "minLength",
    "maxLength",
    "pattern",
    "example",
    "anyOf",
    "propertyOrdering",
    "default",
    "items",
    "minimum",
    "maximum",
];

/// An error in Google's shape.
pub(crate) fn error(status: u16, name: &str, message: &str, details: &[Value]) -> Reply {
    Reply::json(status, &error_body(status, name, message, details))
}

fn error_body(status: u16, name: &str, message: &str, details: &[Value]) -> Value {
    let mut error = json!({"code": status, "message": message, "status": name});
    if !details.is_empty() {
        error["details"] = json!(details);
    }
    json!({"error": error})
}

fn invalid(message: &str) -> Reply {
    error(400, "INVALID_ARGUMENT", message, &[])
}

/// Without a key, or with a wrong one (which is a 400).
pub(crate) fn unauthorized(missing: bool) -> Reply {
    if missing {
        let message = "Method doesn't allow unregistered callers (callers without established identity). Please use API \
            Key or other form of API consumer identity to call this API.";
        return error(403, "PERMISSION_DENIED", message, &[]);
    }
    let details = json!({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID",
        "domain": "googleapis.com", "metadata": {"service": "generativelanguage.googleapis.com"}});
    error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", &[details])
}

/// No such model.
pub(crate) fn unknown_model(model: &str, method: &str) -> Reply {
    let message = format!(
        "models/{model} is not found for API version v1beta, or is not supported for {method}. Call ListModels to see \
         the list of available models and their supported methods."
    );
    error(404, "NOT_FOUND", &message, &[])
}

/// 503 or 500.
pub(crate) fn failed(choice: u32) -> Reply {
    if choice.is_multiple_of(2) {
        error(503, "UNAVAILABLE", "The model is overloaded. Please try again later.", &[])
    } else {
        error(500, "INTERNAL", "An internal error has occurred. Please retry or report.", &[])
    }
}

/// Over a limit.
pub(crate) fn limited(refusal: &Refusal, model: &str) -> Reply {
    let (metric, id) = match refusal.limit {
        Refused::Tokens | Refused::OutputTokens => (
            "generate_content_free_tier_input_token_count",
            "GenerateContentInputTokensPerModelPerMinute-FreeTier",
        ),
        Refused::Day => {
            ("generate_content_free_tier_requests", "GenerateRequestsPerDayPerProjectPerModel-FreeTier")
        }
        Refused::Spend => ("generate_content_spend", "GenerateContentSpendPerTenMinutesPerProject"),
        Refused::Requests | Refused::Concurrency => {
            ("generate_content_free_tier_requests", "GenerateRequestsPerMinutePerProjectPerModel-FreeTier")
        }
    };
    // The real service asks for seconds even when the day is spent.
    let wait = if refusal.limit == Refused::Day { 22.0 } else { refusal.retry_after.as_secs_f64() };
    let metric = format!("generativelanguage.googleapis.com/{metric}");
    let message = format!(
        "You exceeded your current quota, please check your plan and billing details. For more information on this \
         error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.\n* Quota exceeded for metric: {metric}, \
         limit: {}, model: {model}\nPlease retry in {wait}s.",
        refusal.amount
    );
    let details = [
        json!({"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaMetric": metric,
            "quotaId": id, "quotaDimensions": {"location": "global", "model": model},
            "quotaValue": refusal.amount.to_string()}]}),
        json!({"@type": "type.googleapis.com/google.rpc.Help", "links": [{"description": "Learn more about Gemini API \
            quotas", "url": "https://ai.google.dev/gemini-api/docs/rate-limits"}]}),
        json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": format!("{wait}s")}),
    ];
    error(429, "RESOURCE_EXHAUSTED", &message, &details)
}

/// Reads the body of `generateContent`.
pub(crate) fn read(model: &str, body: &Value) -> Result<Ask, Reply> {
    let Some(request) = body.as_object() else {
        return Err(invalid("Invalid JSON payload received. Unexpected token."));
    };
    known(request, &REQUEST, "")?;
    let texts = |content: &Value| -> Option<String> {
        let parts = content.get("parts")?.as_array()?;
        parts
            .iter()
            .map(|part| part.get("text")?.as_str())
            .collect::<Option<Vec<_>>>()
            .map(|parts| parts.join("\n"))
    };
    let contents = request.get("contents").and_then(Value::as_array).filter(|contents| !contents.is_empty());
    let Some(contents) = contents else {
        return Err(invalid("* GenerateContentRequest.contents: contents is not specified\n"));
    };
    let mut user = String::new();
    for content in contents {
        let role = content.get("role").and_then(Value::as_str).unwrap_or("user");
        if !matches!(role, "user" | "model") {
            return Err(invalid("Please use a valid role: user, model."));
        }
        let text = texts(content).filter(|text| !text.is_empty()).ok_or_else(|| {
            invalid("* GenerateContentRequest.contents[0].parts: contents.parts must not be empty.\n")
        })?;
        user.push_str(&text);
    }
    let either = |camel: &str, snake: &str| request.get(camel).or_else(|| request.get(snake));
    let system = either("systemInstruction", "system_instruction").map(|content| {
        texts(content).ok_or_else(|| invalid("Invalid value at 'system_instruction' (parts)"))
    });
    let empty = json!({});
    let Some(generation) = either("generationConfig", "generation_config").unwrap_or(&empty).as_object()
    else {
        return Err(invalid("Invalid value at 'generation_config'"));
    };
    known(generation, &GENERATION, " at 'generation_config'")?;
    let schema = generation
        .get("responseSchema")
        .or_else(|| generation.get("responseJsonSchema"))
        .or_else(|| generation.get("_responseJsonSchema"));
    let json_wanted = generation.get("responseMimeType").and_then(Value::as_str) == Some("application/json");
    if schema.is_some() && !json_wanted {
        return Err(invalid(
            "Response schema is only supported with response mime type: 'application/json', 'text/x.enum'.",
        ));
    }
    if let Some(schema) = generation.get("responseSchema") {
        openapi(schema, 0)?;
    }
    let tier = either("serviceTier", "service_tier").and_then(Value::as_str).unwrap_or("standard");
    let max_output = match generation.get("maxOutputTokens") {
        None => None,
        Some(number) => match number.as_u64().filter(|number| (1..=65_536).contains(number)) {
            Some(number) => Some(number),
            None => return Err(invalid("max_output_tokens must be between 1 and 65536.")),
        },
    };
    Ok(Ask {
        model: model.to_owned(),
        system: system.transpose()?.unwrap_or_default(),
        user,
        schema: schema.cloned(),
        tool: None,
        max_output,
        flex: tier.eq_ignore_ascii_case("flex"),
    })
}

fn known(object: &Map<String, Value>, names: &[&str], place: &str) -> Result<(), Reply> {
    match object.keys().find(|name| !names.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(invalid(&format!(
            "Invalid JSON payload received. Unknown name \"{name}\"{place}: Cannot find field."
        ))),
    }
}

/// Whether this is a schema that `responseSchema` takes.
fn openapi(schema: &Value, depth: usize) -> Result<(), Reply> {
    let Some(object) = schema.as_object().filter(|_| depth < 32) else {
        return Err(invalid("Invalid value at 'generation_config.response_schema'"));
    };
    known(object, &SCHEMA, " at 'generation_config.response_schema'")?;
    if object.get("type").and_then(Value::as_str).is_none() && !object.contains_key("anyOf") {
        return Err(invalid(
            "* GenerateContentRequest.generation_config.response_schema.type: must be specified\n",
        ));
    }
    let inner = object.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::values);
    let choices = object.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    for schema in inner.chain(choices).chain(object.get("items")) {
        openapi(schema, depth + 1)?;
    }
    Ok(())
}

/// The body of an answer.
pub(crate) fn answer(ask: &Ask, outcome: &Outcome, number: u64) -> Value {
    let used = outcome.used;
    let prompt = used.input + used.cached + used.cache_write;
    let mut usage = json!({
        "promptTokenCount": prompt,
        "totalTokenCount": prompt + used.output + used.thinking,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt}],
    });
    // Counts of nothing are left out, as protocol buffers do.
    for (name, count) in [
        ("candidatesTokenCount", used.output),
        ("cachedContentTokenCount", used.cached),
        ("thoughtsTokenCount", used.thinking),
    ] {
        if count > 0 {
            usage[name] = json!(count);
        }
    }
    let mut body =
        json!({"usageMetadata": usage, "modelVersion": ask.model, "responseId": format!("standin{number}")});
    match outcome.finish {
        // Two ways to say no: the prompt is blocked, or the answer is.
        Finish::Refused if number.is_multiple_of(2) => {
            body["promptFeedback"] = json!({"blockReason": "PROHIBITED_CONTENT"});
        }
        Finish::Refused => body["candidates"] = json!([{"finishReason": "SAFETY", "index": 0}]),
        finish => {
            let reason = if finish == Finish::MaxTokens { "MAX_TOKENS" } else { "STOP" };
            let mut candidate = json!({"content": {"role": "model"}, "finishReason": reason, "index": 0});
            if !outcome.text.is_empty() {
                candidate["content"]["parts"] = json!([{"text": outcome.text}]);
            }
            body["candidates"] = json!([candidate]);
        }
    }
    body
}
