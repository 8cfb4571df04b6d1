//! What is asked of Chat Completions (developers.openai.com/api/reference/resources/chat, create).
//!
//! Where the dialects differ:
//!
//! - The limit on output is `max_completion_tokens` with OpenAI and Moonshot, who call `max_tokens` deprecated, and
//!   `max_tokens` elsewhere, where the new name is not known everywhere.
//! - A temperature of 0 is a 400 with models that fix it: OpenAI's reasoning models (o1 and later, GPT-5 and later) and
//!   Kimi K2.5 and later ("invalid temperature: only 1 is allowed for this model"). There none is sent.
//! - `seed` stands in OpenAI's and Ollama's references, not in Moonshot's; servers that are strict about
//!   unknown fields would refuse it, so that it is not sent to strangers either.
//! - `service_tier` is OpenAI's alone. `default` is sent, not left out: left out it means `auto`, which follows a
//!   setting of the project, and the ledger would not know what is billed.

use super::Dialect;
use crate::endpoint::address;
use crate::{Prompt, Tier, wait};
use serde_json::{Value, json};
use watchfire_http::Request;

/// The same prompt should have the same answer, as far as a provider can keep to that.
const SEED: u32 = 1;

/// The longest name of a schema.
const MAX_NAME: usize = 64;

pub(super) fn request(base_url: &str, key: &str, dialect: Dialect, prompt: &Prompt) -> Request {
    let request =
        Request::post_json(address(base_url, "v1", "chat/completions"), body(dialect, prompt).to_string())
            .timeout(wait::patience(prompt.tier));
    if key.is_empty() { request } else { request.header("authorization", format!("Bearer {key}")) }
}

pub(super) fn body(dialect: Dialect, prompt: &Prompt) -> Value {
    let mut body = json!({
        "model": prompt.model,
        "messages": [
            { "role": "system", "content": &*prompt.system },
            { "role": "user", "content": prompt.user },
        ],
        "response_format": {
            "type": "json_schema",
            "json_schema": { "name": name(&prompt.schema), "strict": true, "schema": &*prompt.schema },
        },
    });
    let max_tokens = match dialect {
        Dialect::OpenAi | Dialect::Moonshot => "max_completion_tokens",
        Dialect::Ollama | Dialect::Generic => "max_tokens",
    };
    body[max_tokens] = json!(prompt.max_output_tokens);
    let samples = takes_temperature(dialect, &prompt.model);
    if samples {
        body["temperature"] = json!(0);
    }
    if samples && matches!(dialect, Dialect::OpenAi | Dialect::Ollama) {
        body["seed"] = json!(SEED);
    }
    if dialect == Dialect::OpenAi {
        match prompt.tier {
            Tier::Standard => body["service_tier"] = json!("default"),
            Tier::Flex => body["service_tier"] = json!("flex"),
            // The batch endpoint bills by itself.
            Tier::Batch => {}
        }
    }
    body
}

fn takes_temperature(dialect: Dialect, model: &str) -> bool {
    // A fine-tuned model is named after its base: `ft:gpt-4o-mini-2024-07-18:org::id`.
    let model = model.strip_prefix("ft:").unwrap_or(model);
    let starts = |names: &[&str]| names.iter().any(|name| model.starts_with(name));
    match dialect {
        Dialect::OpenAi => starts(&["gpt-3", "gpt-4", "chatgpt-4"]),
        Dialect::Moonshot => starts(&["kimi-k2-", "moonshot-v1"]),
        Dialect::Ollama | Dialect::Generic => true,
    }
}

/// The schema's title as a name: letters, digits, `_` and `-`, at most 64.
fn name(schema: &Value) -> String {
    let title = schema.get("title").and_then(Value::as_str).unwrap_or_default();
    let name: String = title
        .chars()
        .take(MAX_NAME)
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' })
        .collect();
    if name.is_empty() { "answer".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use crate::{Dialect, OpenAi, Prompt, Provider, Tier};
    use serde_json::{Value, json};
    use std::sync::Arc;

    fn prompt(model: &str, tier: Tier) -> Prompt {
        Prompt {
            model: model.into(),
            system: "Judge.".into(),
            user: "alert".into(),
            schema: Arc::new(json!({ "title": "verdicts of é", "type": "object" })),
            max_output_tokens: 512,
            tier,
        }
    }

    fn body(dialect: Dialect, model: &str, tier: Tier) -> Value {
        OpenAi::new("https://h", "k", dialect).body(&prompt(model, tier))
    }

    #[test]
    fn a_prompt_becomes_the_documented_request() {
        let openai = OpenAi::new("https://example.org/v1/", "secret", Dialect::OpenAi);
        let request = openai.request(&prompt("gpt-4o-mini", Tier::Standard));
        assert_eq!(request.url, "https://example.org/v1/chat/completions");
        assert!(request.headers.contains(&("authorization", "Bearer secret".into())));
        let sent: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(
            sent,
            json!({
                "model": "gpt-4o-mini",
                "messages": [
                    { "role": "system", "content": "Judge." },
                    { "role": "user", "content": "alert" },
                ],
                "response_format": { "type": "json_schema", "json_schema": {
                    "name": "verdicts_of__",
                    "strict": true,
                    "schema": { "title": "verdicts of é", "type": "object" },
                } },
                "max_completion_tokens": 512,
                "temperature": 0,
                "seed": 1,
                "service_tier": "default",
            })
        );
    }

    #[test]
    fn reasoning_models_are_sent_no_temperature() {
        for (dialect, model, sent) in [
            (Dialect::OpenAi, "gpt-4.1-2025-04-14", true),
            (Dialect::OpenAi, "ft:gpt-4o-mini-2024-07-18:org::id", true),
            (Dialect::OpenAi, "gpt-5-mini", false),
            (Dialect::OpenAi, "o4-mini", false),
            (Dialect::OpenAi, "gpt-6-luna", false),
            (Dialect::Moonshot, "kimi-k2-0905-preview", true),
            (Dialect::Moonshot, "kimi-k2.5", false),
            (Dialect::Moonshot, "kimi-k3", false),
            (Dialect::Ollama, "gpt-oss:20b", true),
            (Dialect::Generic, "anything", true),
        ] {
            let body = body(dialect, model, Tier::Standard);
            assert_eq!(body.get("temperature").is_some(), sent, "{model}");
        }
    }

    #[test]
    fn only_openai_is_asked_for_a_tier() {
        assert_eq!(body(Dialect::OpenAi, "gpt-5", Tier::Flex)["service_tier"], "flex");
        assert_eq!(body(Dialect::OpenAi, "gpt-5", Tier::Batch).get("service_tier"), None);
        for dialect in [Dialect::Moonshot, Dialect::Ollama, Dialect::Generic] {
            assert_eq!(body(dialect, "m", Tier::Flex).get("service_tier"), None);
        }
    }

    #[test]
    fn strangers_are_sent_what_everybody_knows() {
        let generic = body(Dialect::Generic, "m", Tier::Standard);
        assert_eq!(generic["max_tokens"], 512);
        assert_eq!(generic.get("seed"), None);
        assert_eq!(generic.get("max_completion_tokens"), None);
        let request = OpenAi::new("http://h", "", Dialect::Ollama).request(&prompt("m", Tier::Standard));
        assert!(request.headers.iter().all(|(name, _)| *name != "authorization"));
    }

    #[test]
    fn a_schema_without_a_usable_title_is_named_all_the_same() {
        let mut prompt = prompt("gpt-5", Tier::Standard);
        prompt.schema = Arc::new(json!({ "title": "x".repeat(100) }));
        let openai = OpenAi::new("https://h", "k", Dialect::OpenAi);
        assert_eq!(openai.body(&prompt)["response_format"]["json_schema"]["name"], "x".repeat(64));
        prompt.schema = Arc::new(json!(true));
        assert_eq!(openai.body(&prompt)["response_format"]["json_schema"]["name"], "answer");
    }
}
