//! What Claude answers (platform.claude.com/docs/en/api/messages; stop reasons:
//! /docs/en/build-with-claude/handling-stop-reasons).
//!
//! Usage: "Total input tokens in a request is the summation of `input_tokens`, `cache_creation_input_tokens`, and
//! `cache_read_input_tokens`": the three stand beside each other, unlike with the other providers. Thinking is billed
//! as part of `output_tokens`; where `output_tokens_details.thinking_tokens` tells how much it was *(this field was
//! not found in the reference)*, it is taken out of that.

use crate::reading::{count, garbled, list, notice, success, text};
use crate::{Completion, Failure, Tier, Usage};
use serde_json::Value;
use watchfire_http::Response;

pub(super) fn read(response: &Response) -> Result<Completion, Failure> {
    read_body(&success(response)?)
}

/// Reads the same body where it is an item of a batch.
pub(super) fn read_body(body: &Value) -> Result<Completion, Failure> {
    let usage = usage(body);
    match text(body, "/stop_reason") {
        "end_turn" | "stop_sequence" => {}
        "max_tokens" | "model_context_window_exceeded" => return Err(Failure::Truncated { usage }),
        "refusal" => {
            let told =
                [text(body, "/stop_details/explanation"), text(body, "/stop_details/category"), "refusal"];
            let reason = told.into_iter().find(|reason| !reason.is_empty()).unwrap_or_default();
            return Err(Failure::Refused { reason: notice(reason), usage });
        }
        "" => return Err(garbled("no stop reason", usage)),
        other => return Err(garbled(&format!("stop reason {other}"), usage)),
    }
    let answer: String = list(body, "/content")
        .iter()
        .filter(|block| text(block, "/type") == "text")
        .map(|block| text(block, "/text"))
        .collect();
    if answer.trim().is_empty() {
        return Err(garbled("no text", usage));
    }
    let tier = match text(body, "/usage/service_tier") {
        "batch" => Tier::Batch,
        _ => Tier::Standard,
    };
    Ok(Completion { text: answer, usage, model: notice(text(body, "/model")), tier })
}

fn usage(body: &Value) -> Usage {
    let output = count(body, "/usage/output_tokens");
    let thinking = count(body, "/usage/output_tokens_details/thinking_tokens").min(output);
    Usage {
        input: count(body, "/usage/input_tokens"),
        cached_input: count(body, "/usage/cache_read_input_tokens"),
        cache_write: count(body, "/usage/cache_creation_input_tokens"),
        output: output - thinking,
        thinking,
    }
}

#[cfg(test)]
mod tests {
    use crate::reading::tests::response;
    use crate::{Anthropic, Completion, Failure, Provider, Tier, Usage};

    fn read(body: &[u8]) -> Result<Completion, Failure> {
        Anthropic::new("https://h", "k", Anthropic::VERSION).read(&response(200, &[], body))
    }

    #[test]
    fn the_three_kinds_of_input_are_added() {
        let answer = read(include_bytes!("../../tests/fixtures/anthropic/answer-cached.json")).unwrap();
        assert_eq!(answer.text, "{\"verdicts\":[{\"id\":\"k7\",\"verdict\":\"benign\"}]}");
        let usage = Usage { input: 50, cached_input: 100_000, cache_write: 248, output: 503, thinking: 0 };
        assert_eq!(answer.usage, usage);
        assert_eq!(answer.usage.all_input(), 100_298);
        assert_eq!((answer.model.as_str(), answer.tier), ("claude-haiku-4-5-20251001", Tier::Standard));
    }

    #[test]
    fn thoughts_are_not_the_answer() {
        let answer = read(include_bytes!("../../tests/fixtures/anthropic/thinking.json")).unwrap();
        assert_eq!(answer.text, "{\"verdicts\":[]}");
        assert_eq!((answer.usage.output, answer.usage.thinking), (20, 180));
    }

    #[test]
    fn a_refusal_is_billed_and_told() {
        let failure = read(include_bytes!("../../tests/fixtures/anthropic/refusal.json")).unwrap_err();
        assert_eq!(failure.usage().all_output(), 22);
        assert!(matches!(failure, Failure::Refused { reason, .. } if reason == "cyber"));
    }

    #[test]
    fn an_answer_that_is_cut_off_is_no_answer() {
        let failure = read(include_bytes!("../../tests/fixtures/anthropic/max-tokens.json")).unwrap_err();
        let usage = Usage { input: 700, output: 512, ..Usage::default() };
        assert_eq!(failure, Failure::Truncated { usage });
        let window = read(include_bytes!("../../tests/fixtures/anthropic/context-window.json")).unwrap_err();
        assert!(matches!(window, Failure::Truncated { .. }));
    }

    #[test]
    fn what_is_not_whole_is_garbled_and_keeps_its_usage() {
        for body in [
            &b"{}"[..],
            b"{\"stop_reason\":null,\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}",
            b"{\"stop_reason\":\"end_turn\",\"content\":[]}",
            b"{\"stop_reason\":\"end_turn\",\"content\":[{\"type\":\"thinking\",\"text\":\"x\"}]}",
            b"{\"stop_reason\":\"tool_use\",\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}",
            b"{\"stop_reason\":\"pause_turn\",\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}",
        ] {
            assert!(matches!(read(body), Err(Failure::Garbled { .. })), "{}", String::from_utf8_lossy(body));
        }
        let late = read(include_bytes!("../../tests/fixtures/anthropic/200-error.json")).unwrap_err();
        assert!(matches!(late, Failure::Garbled { reason, .. } if reason.contains("Overloaded")));
        let counted = read(b"{\"usage\":{\"input_tokens\":7}}").unwrap_err();
        assert_eq!(counted.usage().input, 7);
    }
}
