//! What Chat Completions answers (developers.openai.com/api/reference/resources/chat, ChatCompletion).
//!
//! Usage: `prompt_tokens` is the whole prompt; `prompt_tokens_details.cached_tokens` is *part* of it, and so is
//! `cache_write_tokens` where a server counts it. `completion_tokens` is everything that is billed as output;
//! `completion_tokens_details.reasoning_tokens` is *part* of that. Moonshot writes the cached part as
//! `usage.cached_tokens` also. Some compatible servers count reasoning *beside* the completion; then `total_tokens`
//! says so, and it is believed.
//!
//! What a model thought stands in `message.reasoning_content` or `message.reasoning` and is not looked at; servers
//! without a parser for it leave `<think>…</think>` at the head of the content.

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
    let Some(choice) = list(body, "/choices").first() else {
        return Err(garbled("no choices", usage));
    };
    let refusal = text(choice, "/message/refusal");
    if !refusal.is_empty() {
        return Err(Failure::Refused { reason: notice(refusal), usage });
    }
    match text(choice, "/finish_reason") {
        "stop" => {}
        "length" => return Err(Failure::Truncated { usage }),
        "content_filter" => return Err(Failure::Refused { reason: "content_filter".to_owned(), usage }),
        "" => return Err(garbled("no finish reason", usage)),
        other => return Err(garbled(&format!("finish reason {other}"), usage)),
    }
    let content = content(choice);
    let answer = after_thoughts(&content);
    if answer.is_empty() {
        return Err(garbled("no text", usage));
    }
    Ok(Completion {
        text: answer.to_owned(),
        usage,
        model: notice(text(body, "/model")),
        tier: match text(body, "/service_tier") {
            "flex" => Tier::Flex,
            "batch" => Tier::Batch,
            _ => Tier::Standard,
        },
    })
}

/// The content: text, or a list of parts of which those with text count.
fn content(choice: &Value) -> String {
    match text(choice, "/message/content") {
        "" => list(choice, "/message/content")
            .iter()
            .filter(|part| text(part, "/type") == "text")
            .map(|part| text(part, "/text"))
            .collect(),
        content => content.to_owned(),
    }
}

/// What follows the thoughts at the head of the content. Thoughts that don't end have no answer after them.
fn after_thoughts(content: &str) -> &str {
    let content = content.trim();
    match content.strip_prefix("<think>") {
        Some(thoughts) => thoughts.split_once("</think>").map_or("", |(_, answer)| answer.trim_start()),
        None => content,
    }
}

fn usage(body: &Value) -> Usage {
    let prompt = count(body, "/usage/prompt_tokens");
    let completion = count(body, "/usage/completion_tokens");
    let cached = match count(body, "/usage/prompt_tokens_details/cached_tokens") {
        0 => count(body, "/usage/cached_tokens"),
        cached => cached,
    }
    .min(prompt);
    let cache_write = count(body, "/usage/prompt_tokens_details/cache_write_tokens").min(prompt - cached);
    let thinking = count(body, "/usage/completion_tokens_details/reasoning_tokens");
    let stands_beside = count(body, "/usage/total_tokens") >= prompt + completion + thinking && thinking > 0;
    let (output, thinking) = if stands_beside {
        (completion, thinking)
    } else {
        let part = thinking.min(completion);
        (completion - part, part)
    };
    Usage { input: prompt - cached - cache_write, cached_input: cached, cache_write, output, thinking }
}

#[cfg(test)]
mod tests {
    use crate::reading::tests::response;
    use crate::{Completion, Dialect, Failure, OpenAi, Provider, Tier, Usage};

    fn read(body: &[u8]) -> Result<Completion, Failure> {
        OpenAi::new("https://h", "k", Dialect::OpenAi).read(&response(200, &[], body))
    }

    #[test]
    fn cached_and_reasoning_tokens_are_parts_and_not_added() {
        let answer = read(include_bytes!("../../tests/fixtures/openai/reasoning-cached-flex.json")).unwrap();
        assert_eq!(answer.text, "{\"verdicts\":[{\"id\":\"k7\",\"verdict\":\"benign\"}]}");
        let expected = Usage {
            input: 2006 - 1920,
            cached_input: 1920,
            cache_write: 0,
            output: 300 - 256,
            thinking: 256,
        };
        assert_eq!(answer.usage, expected);
        assert_eq!((answer.usage.all_input(), answer.usage.all_output()), (2006, 300));
        assert_eq!(answer.model, "gpt-5-mini-2025-08-07");
        assert_eq!(answer.tier, Tier::Flex);
    }

    #[test]
    fn the_tier_is_what_was_billed_and_not_what_was_asked() {
        let answer = read(include_bytes!("../../tests/fixtures/openai/answer.json")).unwrap();
        assert_eq!(answer.tier, Tier::Standard);
        assert_eq!(answer.usage.all_input() + answer.usage.all_output(), 1453);
    }

    #[test]
    fn moonshot_writes_the_cached_part_beside_the_prompt() {
        let answer = read(include_bytes!("../../tests/fixtures/openai/moonshot-answer.json")).unwrap();
        let expected = Usage { input: 200, cached_input: 800, cache_write: 0, output: 25, thinking: 0 };
        assert_eq!(answer.usage, expected);
        assert_eq!(answer.text, "{\"verdicts\":[]}", "reasoning_content is not the answer");
    }

    #[test]
    fn ollama_leaves_thoughts_in_the_content() {
        let answer = read(include_bytes!("../../tests/fixtures/openai/ollama-think.json")).unwrap();
        assert_eq!(answer.text, "{\"verdicts\":[]}");
        let body =
            b"{\"choices\":[{\"message\":{\"content\":\"<think>on and on\"},\"finish_reason\":\"stop\"}]}";
        assert!(matches!(read(body), Err(Failure::Garbled { .. })));
    }

    #[test]
    fn reasoning_beside_the_completion_is_told_by_the_total() {
        let answer = read(include_bytes!("../../tests/fixtures/openai/reasoning-beside.json")).unwrap();
        assert_eq!((answer.usage.output, answer.usage.thinking), (20, 180));
    }

    #[test]
    fn a_refusal_is_billed_and_told() {
        let failure = read(include_bytes!("../../tests/fixtures/openai/refusal.json")).unwrap_err();
        assert_eq!(failure.usage().all_input(), 81);
        let Failure::Refused { reason, .. } = failure else { panic!("not refused") };
        assert_eq!(reason, "I'm sorry, I can't assist with that.");
    }

    #[test]
    fn a_filtered_answer_is_refused() {
        let failure = read(include_bytes!("../../tests/fixtures/openai/content-filter.json")).unwrap_err();
        assert!(matches!(failure, Failure::Refused { reason, .. } if reason == "content_filter"));
    }

    #[test]
    fn a_truncated_answer_is_billed_and_no_answer() {
        let failure = read(include_bytes!("../../tests/fixtures/openai/length.json")).unwrap_err();
        let usage = Usage { input: 400, thinking: 512, ..Usage::default() };
        assert_eq!(failure, Failure::Truncated { usage });
    }

    #[test]
    fn what_is_not_whole_is_garbled() {
        for body in [
            &b"{}"[..],
            b"{\"choices\":[]}",
            b"{\"choices\":[{\"message\":{\"content\":\"x\"},\"finish_reason\":null}]}",
            b"{\"choices\":[{\"message\":{\"content\":null},\"finish_reason\":\"stop\"}]}",
            b"{\"choices\":[{\"message\":{\"content\":\"\"},\"finish_reason\":\"tool_calls\"}]}",
            b"{\"choices\":[null]}",
            b"{\"choices\":[{\"message\":{\"content\":\"{\\\"a",
        ] {
            assert!(matches!(read(body), Err(Failure::Garbled { .. })), "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn absurd_counts_do_not_overflow() {
        let body = b"{\"usage\":{\"prompt_tokens\":18446744073709551615,\"completion_tokens\":3,
            \"total_tokens\":18446744073709551615,\"prompt_tokens_details\":{\"cached_tokens\":18446744073709551615},
            \"completion_tokens_details\":{\"reasoning_tokens\":18446744073709551615}}}";
        let usage = read(body).unwrap_err().usage();
        assert_eq!((usage.input, usage.cached_input), (0, 1 << 40));
        assert!(usage.all_output() >= 3);
    }
}
