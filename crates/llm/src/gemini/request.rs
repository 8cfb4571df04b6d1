//! What Gemini is asked (ai.google.dev/api/generate-content, GenerationConfig).
//!
//! `responseJsonSchema` takes JSON Schema itself, `responseSchema` only OpenAPI's subset of it; so the first. The
//! tier must be in lower case: `FLEX` is refused (prism-php/prism#1002, tried against the service). Gemini 3 and
//! later should keep their own temperature: the guide warns of loops below 1
//! (docs.cloud.google.com, Gemini 3 prompting guide), so none is sent there.

use crate::endpoint::{address, path_segment};
use crate::{Prompt, Tier, wait};
use serde_json::{Value, json};
use watchfire_http::Request;

/// The same prompt should have the same answer, as far as a provider can keep to that.
const SEED: u32 = 1;

pub(super) fn request(base_url: &str, key: &str, prompt: &Prompt) -> Request {
    let model = prompt.model.strip_prefix("models/").unwrap_or(&prompt.model);
    let path = format!("models/{}:generateContent", path_segment(model));
    Request::post_json(address(base_url, "v1beta", &path), body(prompt).to_string())
        .header("x-goog-api-key", key)
        .timeout(wait::patience(prompt.tier))
}

pub(super) fn body(prompt: &Prompt) -> Value {
    let mut body = json!({
        "systemInstruction": { "parts": [{ "text": &*prompt.system }] },
        "contents": [{ "role": "user", "parts": [{ "text": prompt.user }] }],
        "generationConfig": {
            "candidateCount": 1,
            "maxOutputTokens": prompt.max_output_tokens,
            "responseMimeType": "application/json",
            "responseJsonSchema": &*prompt.schema,
            "seed": SEED,
        },
    });
    if takes_temperature(&prompt.model) {
        body["generationConfig"]["temperature"] = json!(0);
    }
    if prompt.tier == Tier::Flex {
        body["serviceTier"] = json!("flex");
    }
    body
}

/// Whether this model's answers gain from a temperature of 0: all but Gemini 3 and later.
fn takes_temperature(model: &str) -> bool {
    let version = model.strip_prefix("models/").unwrap_or(model).strip_prefix("gemini-").unwrap_or("0");
    let major = version.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    // `gemini-flash-latest` and its like name no version and are the newest.
    major.parse::<u32>().is_ok_and(|major| major < 3)
}

#[cfg(test)]
mod tests {
    use crate::{Gemini, Prompt, Provider, Tier};
    use serde_json::{Value, json};
    use std::sync::Arc;
    use std::time::Duration;

    fn prompt(model: &str, tier: Tier) -> Prompt {
        Prompt {
            model: model.into(),
            system: "Judge.".into(),
            user: "alert \u{0} \"x\"".into(),
            schema: Arc::new(json!({ "type": "object", "properties": { "v": { "type": "string" } } })),
            max_output_tokens: 512,
            tier,
        }
    }

    #[test]
    fn a_prompt_becomes_the_documented_request() {
        let gemini = Gemini::new("https://example.org/", "secret");
        let request = gemini.request(&prompt("gemini-2.5-flash", Tier::Flex));
        assert_eq!(request.url, "https://example.org/v1beta/models/gemini-2.5-flash:generateContent");
        assert!(request.headers.contains(&("x-goog-api-key", "secret".into())));
        assert_eq!(request.timeout, Duration::from_secs(900));
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(
            body,
            json!({
                "systemInstruction": { "parts": [{ "text": "Judge." }] },
                "contents": [{ "role": "user", "parts": [{ "text": "alert \u{0} \"x\"" }] }],
                "generationConfig": {
                    "candidateCount": 1,
                    "maxOutputTokens": 512,
                    "responseMimeType": "application/json",
                    "responseJsonSchema": { "type": "object", "properties": { "v": { "type": "string" } } },
                    "seed": 1,
                    "temperature": 0,
                },
                "serviceTier": "flex",
            })
        );
        assert!(!request.url.contains("secret"), "a key in an address ends in logs");
    }

    #[test]
    fn the_standard_tier_is_not_named_and_new_models_keep_their_temperature() {
        let body = Gemini::body(&prompt("gemini-3.5-flash", Tier::Standard));
        assert_eq!(body.get("serviceTier"), None);
        assert_eq!(body.pointer("/generationConfig/temperature"), None);
        for (model, sent) in [
            ("models/gemini-2.5-pro", true),
            ("gemini-10-flash", false),
            ("gemini-flash-latest", false),
            ("gemma-3-27b-it", true),
        ] {
            let body = Gemini::body(&prompt(model, Tier::Standard));
            assert_eq!(body.pointer("/generationConfig/temperature").is_some(), sent, "{model}");
        }
    }

    #[test]
    fn a_key_is_not_shown() {
        assert!(!format!("{:?}", Gemini::new("https://h", "secret")).contains("secret"));
    }
}
