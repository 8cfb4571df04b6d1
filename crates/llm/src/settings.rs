//! What a call is made with besides its words, in words of our own, so that a verdict can say how it came about.
//!
//! Read from the request itself, not from what we believe to send: providers leave out what a model does not take.

use crate::{PackConfig, Prompt, Provider, Tier};
use serde_json::Value;
use std::sync::Arc;

/// Members of requests that change what is answered, and what they are called here.
const TOLD: [(&str, &str); 2] = [("temperature", "temperature"), ("seed", "seed")];

/// How this model is asked: tier, alerts in a prompt, and what the request says of sampling.
pub fn settings(provider: &dyn Provider, model: &str, tier: Tier, pack: &PackConfig) -> String {
    let prompt = Prompt {
        model: model.to_owned(),
        system: Arc::from(""),
        user: String::new(),
        schema: Arc::new(Value::Null),
        max_output_tokens: 1,
        tier,
    };
    let body: Value = serde_json::from_slice(&provider.request(&prompt).body).unwrap_or_default();
    let mut text = format!("{} tier, at most {} alerts a call", tier.name(), pack.size);
    for (member, name) in TOLD {
        if let Some(number) = body.get(member).or_else(|| body.get("generationConfig")?.get(member)) {
            text.push_str(&format!(", {name} {number}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::settings;
    use crate::{Anthropic, Dialect, Gemini, OpenAi, PackConfig, Provider, Tier};

    #[test]
    fn settings_are_those_that_are_sent() {
        let of = |provider: &dyn Provider, model| {
            settings(provider, model, Tier::Standard, &PackConfig::default())
        };
        let at = "http://stand.in";
        let common = "standard tier, at most 6 alerts a call";
        let gemini = Gemini::new(at, "key");
        assert_eq!(of(&gemini, "gemini-2.5-flash"), format!("{common}, temperature 0, seed 1"));
        assert_eq!(of(&gemini, "gemini-3-pro"), format!("{common}, seed 1"), "no temperature is sent to it");
        let openai = OpenAi::new(at, "key", Dialect::OpenAi);
        assert_eq!(of(&openai, "gpt-4o"), format!("{common}, temperature 0, seed 1"));
        assert_eq!(of(&openai, "gpt-5-mini"), common);
        let anthropic = Anthropic::new(at, "key", Anthropic::VERSION);
        assert_eq!(of(&anthropic, "claude-haiku-4-5"), format!("{common}, temperature 0"));
    }
}
