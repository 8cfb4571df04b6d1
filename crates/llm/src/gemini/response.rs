//! What Gemini answers (ai.google.dev/api/generate-content, GenerateContentResponse).
//!
//! Usage, as `UsageMetadata` documents it: `promptTokenCount` is the whole prompt *including* what came from the
//! cache (`cachedContentTokenCount`); `toolUsePromptTokenCount` is input beside it; `thoughtsTokenCount` stands
//! *beside* `candidatesTokenCount` and is billed as output. The tier that was billed stands in
//! `usageMetadata.serviceTier` (tried against the service: vercel/ai#15488), earlier in the header
//! `x-gemini-service-tier` alone (vercel/ai#14937). If neither is there, list price is assumed: a ledger that is too
//! high is found, one that is too low is not.

use crate::reading::{count, garbled, list, notice, success, text};
use crate::{Completion, Failure, Tier, Usage};
use serde_json::Value;
use watchfire_http::Response;

pub(super) fn read(response: &Response) -> Result<Completion, Failure> {
    let body = success(response)?;
    let mut completion = read_body(&body)?;
    completion.tier = tier(&body, response);
    Ok(completion)
}

/// Reads the same body where it is an item of a batch, and billed as one.
pub(super) fn read_body(body: &Value) -> Result<Completion, Failure> {
    let usage = usage(body);
    let refused = |reason: &str| Failure::Refused { reason: notice(reason), usage };
    let blocked = text(body, "/promptFeedback/blockReason");
    if !blocked.is_empty() {
        return Err(refused(&format!("the prompt is blocked: {blocked}")));
    }
    let Some(candidate) = list(body, "/candidates").first() else {
        return Err(garbled("no candidates", usage));
    };
    match text(candidate, "/finishReason") {
        "STOP" => {}
        "MAX_TOKENS" => return Err(Failure::Truncated { usage }),
        reason @ ("SAFETY"
        | "RECITATION"
        | "LANGUAGE"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "OTHER"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION"
        | "IMAGE_OTHER") => {
            return Err(refused(reason));
        }
        // "If empty, the model has not stopped generating tokens": then the answer is not whole.
        "" => return Err(garbled("no finish reason", usage)),
        other => return Err(garbled(&format!("finish reason {other}"), usage)),
    }
    let answer: String = list(candidate, "/content/parts")
        .iter()
        .filter(|part| part.get("thought").and_then(Value::as_bool) != Some(true))
        .map(|part| text(part, "/text"))
        .collect();
    if answer.trim().is_empty() {
        return Err(garbled("no text", usage));
    }
    let model = notice(text(body, "/modelVersion"));
    Ok(Completion { text: answer, usage, model, tier: Tier::Batch })
}

fn usage(body: &Value) -> Usage {
    let prompt = count(body, "/usageMetadata/promptTokenCount");
    let cached = count(body, "/usageMetadata/cachedContentTokenCount").min(prompt);
    Usage {
        input: prompt - cached + count(body, "/usageMetadata/toolUsePromptTokenCount"),
        cached_input: cached,
        cache_write: 0,
        output: count(body, "/usageMetadata/candidatesTokenCount"),
        thinking: count(body, "/usageMetadata/thoughtsTokenCount"),
    }
}

fn tier(body: &Value, response: &Response) -> Tier {
    let billed = match text(body, "/usageMetadata/serviceTier") {
        "" => response.header("x-gemini-service-tier").unwrap_or_default(),
        billed => billed,
    };
    match billed.to_ascii_lowercase().as_str() {
        "flex" => Tier::Flex,
        "batch" => Tier::Batch,
        _ => Tier::Standard,
    }
}

#[cfg(test)]
mod tests {
    use crate::reading::tests::response;
    use crate::{Completion, Failure, Gemini, Provider, Tier, Usage};

    fn read(body: &[u8]) -> Result<Completion, Failure> {
        Gemini::new("https://h", "k").read(&response(200, &[], body))
    }

    fn usage(input: u64, cached_input: u64, output: u64, thinking: u64) -> Usage {
        Usage { input, cached_input, cache_write: 0, output, thinking }
    }

    #[test]
    fn an_answer_is_read_with_its_usage() {
        let answer = read(include_bytes!("../../tests/fixtures/gemini/answer.json")).unwrap();
        assert_eq!(answer.text, "{\"verdicts\":[{\"id\":\"k7\",\"verdict\":\"benign\"}]}");
        assert_eq!(answer.usage, usage(1422, 0, 31, 0));
        assert_eq!(answer.model, "gemini-2.5-flash");
        assert_eq!(answer.tier, Tier::Standard);
    }

    #[test]
    fn thoughts_are_billed_and_are_not_the_answer() {
        let answer = read(include_bytes!("../../tests/fixtures/gemini/thoughts.json")).unwrap();
        assert_eq!(answer.text, "{\"verdicts\":[]}");
        assert_eq!(answer.usage, usage(300, 0, 9, 187));
        assert_eq!(answer.usage.all_output(), 196);
    }

    #[test]
    fn cached_input_is_part_of_the_prompt_and_tool_input_is_not() {
        let answer = read(include_bytes!("../../tests/fixtures/gemini/cached-flex.json")).unwrap();
        assert_eq!(answer.usage, usage(5200 - 4096 + 40, 4096, 12, 0));
        assert_eq!(answer.usage.all_input(), 5240);
        assert_eq!(answer.tier, Tier::Flex);
    }

    #[test]
    fn the_tier_may_stand_in_a_header() {
        let body = include_bytes!("../../tests/fixtures/gemini/answer.json");
        for (header, tier) in [("flex", Tier::Flex), ("FLEX", Tier::Flex), ("standard", Tier::Standard)] {
            let response = response(200, &[("x-gemini-service-tier", header)], body);
            assert_eq!(Gemini::new("https://h", "k").read(&response).unwrap().tier, tier);
        }
    }

    #[test]
    fn a_truncated_answer_is_billed_and_no_answer() {
        let failure = read(include_bytes!("../../tests/fixtures/gemini/max-tokens.json")).unwrap_err();
        assert_eq!(failure, Failure::Truncated { usage: usage(812, 0, 0, 509) });
    }

    #[test]
    fn a_blocked_prompt_is_refused_and_billed() {
        let failure = read(include_bytes!("../../tests/fixtures/gemini/prompt-blocked.json")).unwrap_err();
        assert_eq!(failure.usage(), usage(12_559, 0, 0, 0));
        assert_eq!(
            failure.to_string(),
            "the provider refused to answer: the prompt is blocked: PROHIBITED_CONTENT"
        );
    }

    #[test]
    fn a_safety_stop_is_refused_whatever_text_it_has() {
        let failure = read(include_bytes!("../../tests/fixtures/gemini/safety.json")).unwrap_err();
        assert_eq!(failure, Failure::Refused { reason: "SAFETY".into(), usage: usage(640, 0, 14, 0) });
        for reason in ["PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "RECITATION"] {
            let body = format!("{{\"candidates\":[{{\"finishReason\":\"{reason}\"}}]}}");
            assert!(matches!(read(body.as_bytes()), Err(Failure::Refused { .. })), "{reason}");
        }
    }

    #[test]
    fn what_is_not_whole_is_garbled_and_keeps_its_usage() {
        for body in [
            &b"{}"[..],
            b"{\"candidates\":[]}",
            b"{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"x\"}]}}]}",
            b"{\"candidates\":[{\"content\":{\"parts\":[]},\"finishReason\":\"STOP\"}]}",
            b"{\"candidates\":[{\"content\":{\"parts\":[{\"text\":5}]},\"finishReason\":\"STOP\"}]}",
            b"{\"candidates\":[{\"finishReason\":\"MALFORMED_FUNCTION_CALL\"}]}",
            b"{\"candidates\":[{\"finishReason\":\"SOMETHING_NEW\"}]}",
        ] {
            assert!(matches!(read(body), Err(Failure::Garbled { .. })), "{}", String::from_utf8_lossy(body));
        }
        let body =
            b"{\"candidates\":[],\"usageMetadata\":{\"promptTokenCount\":7,\"candidatesTokenCount\":\"x\"}}";
        assert_eq!(read(body).unwrap_err().usage(), usage(7, 0, 0, 0));
    }

    #[test]
    fn absurd_counts_do_not_overflow() {
        let body = b"{\"candidates\":[],\"usageMetadata\":{\"promptTokenCount\":18446744073709551615,
            \"cachedContentTokenCount\":18446744073709551615,\"toolUsePromptTokenCount\":18446744073709551615,
            \"candidatesTokenCount\":-1,\"thoughtsTokenCount\":1e300}}";
        let usage = read(body).unwrap_err().usage();
        assert_eq!((usage.all_input(), usage.all_output()), (2 << 40, 0));
    }
}
