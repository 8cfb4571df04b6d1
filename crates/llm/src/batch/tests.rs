//! What holds for the batches of every provider.

use crate::reading::tests::response;
use crate::{
    Anthropic, BatchFailure, BatchItem, BatchPhase, BatchProvider, Dialect, Failure, Gemini, OpenAi, Prompt,
    Provider, Tier,
};
use serde_json::json;
use std::sync::Arc;

pub(crate) fn item(key: &str, user: &str) -> BatchItem {
    let prompt = Prompt {
        model: "m-1".into(),
        system: "Judge.".into(),
        user: user.into(),
        schema: Arc::new(json!({ "type": "object" })),
        max_output_tokens: 512,
        tier: Tier::Flex,
    };
    BatchItem { key: key.into(), prompt }
}

fn all() -> [(&'static str, Box<dyn BatchProvider>); 3] {
    [
        ("gemini", Box::new(Gemini::new("https://h", "k"))),
        ("openai", Box::new(OpenAi::new("https://h", "k", Dialect::OpenAi))),
        ("anthropic", Box::new(Anthropic::new("https://h", "k", Anthropic::VERSION))),
    ]
}

#[test]
fn a_batch_ends_before_what_no_provider_takes() {
    for (name, provider) in all() {
        let fits = |items: &[BatchItem]| provider.fits(items);
        assert_eq!(fits(&[]), 0, "{name}");
        assert_eq!(fits(&[item("a", "x"), item("b", "x")]), 2, "{name}");
        assert_eq!(fits(&[item("a", "x"), item("a", "x")]), 1, "{name}: a key twice");
        let mut other = item("b", "x");
        other.prompt.model = "m-2".into();
        assert_eq!(fits(&[item("a", "x"), other]), 1, "{name}: another model");
        for key in ["", "é", "a b", "a\n", &"k".repeat(65)] {
            assert_eq!(fits(&[item(key, "x")]), 0, "{name}: {key}");
        }
        assert_eq!(fits(&[item(&"k".repeat(64), "x")]), 1, "{name}");
    }
}

#[test]
fn a_batch_stays_within_its_bytes_whatever_is_escaped() {
    for (name, provider) in all() {
        let limits = provider.limits();
        // A control character takes six bytes in JSON.
        let large = "\u{1}".repeat(limits.bytes / 6 / 3);
        let items: Vec<_> = (0..4).map(|number| item(&format!("k{number}"), &large)).collect();
        let count = provider.fits(&items);
        assert_eq!(count, 2, "{name}: three are a little too large with what stands around them");
        let fitting = &items[..count];
        let sent = provider.upload(fitting).unwrap_or_else(|| provider.create("n", fitting, None));
        assert!(sent.body.len() <= limits.bytes + 1024, "{name}");
        assert_eq!(provider.fits(&[item("a", &large.repeat(4))]), 0, "{name}");
    }
}

#[test]
fn results_that_could_not_be_read_back_are_not_asked_for() {
    for (name, provider) in all() {
        let mut long = item("a", "x");
        long.prompt.max_output_tokens = u32::MAX;
        assert_eq!(provider.fits(&[long]), 0, "{name}");
        let items: Vec<_> = (0..5000)
            .map(|number| {
                let mut item = item(&format!("k{number}"), "x");
                item.prompt.max_output_tokens = 4096;
                item
            })
            .collect();
        let count = provider.fits(&items);
        assert!((500..2500).contains(&count), "{name}: {count}");
    }
}

#[test]
fn an_id_can_not_lead_to_another_address() {
    for (name, provider) in all() {
        let normal = provider.status("abc").url;
        for id in ["..", ".", "../../x", "a/b", "a?b", "a#b", "a@b", "%2e%2e", "é", "", &"x".repeat(10_000)]
        {
            for request in [provider.status(id), provider.cancel(id), provider.results(id)] {
                let path = request.url.strip_prefix("https://h/").unwrap();
                assert!(path.len() < 1200, "{name}");
                let part = |part: &str| part == "." || part == ".." || part.eq_ignore_ascii_case("%2e%2e");
                assert!(!path.split('/').any(part), "{name}: {path}");
                assert!(!path.contains('#') && !path.contains('@'), "{name}: {path}");
            }
            assert_eq!(
                provider.status(id).url.matches('/').count(),
                normal.matches('/').count(),
                "{name}: {id}"
            );
            assert!(!provider.status(id).url.contains('?'), "{name}: {id}");
        }
        let list = provider.list(Some("a&b=c#d/é")).url;
        assert!(list.ends_with("a%26b%3Dc%23d%2F%C3%A9"), "{name}: {list}");
    }
}

#[test]
fn an_id_that_is_none_is_refused_when_it_is_read() {
    for id in ["..", "", "a/b", "a b", "a\\u0000", "https://evil.example/x", &"x".repeat(257)] {
        let body = format!(
            "{{\"id\":\"{id}\",\"name\":\"batches/{id}\",\"status\":\"completed\",\"processing_status\":\"ended\"}}"
        );
        for (name, provider) in all() {
            let read = provider.read_created(&response(200, &[], body.as_bytes()));
            assert!(matches!(read, Err(Failure::Garbled { .. })), "{name}: {id}");
        }
    }
}

#[test]
fn garbage_is_garbled_and_a_failed_call_is_told_as_any_other() {
    for (name, provider) in all() {
        for body in [&b"<html>"[..], b"", b"[]", b"null", b"{", b"{\"data\":5}"] {
            let page = response(200, &[], body);
            assert!(matches!(provider.read_status(&page), Err(Failure::Garbled { .. })), "{name}");
            assert!(matches!(provider.read_upload(&page), Err(Failure::Garbled { .. })), "{name}");
        }
        let page = response(200, &[], b"<html>\n<body>");
        assert!(matches!(provider.read_results(&page), Err(Failure::Garbled { .. })), "{name}");
        let failed = response(503, &[], b"");
        assert!(matches!(provider.read_status(&failed), Err(Failure::Server { .. })), "{name}");
        assert!(matches!(provider.read_upload(&failed), Err(Failure::Server { .. })), "{name}");
        assert!(matches!(provider.read_list(&failed), Err(Failure::Server { .. })), "{name}");
        assert!(matches!(provider.read_results(&failed), Err(Failure::Server { .. })), "{name}");
        assert!(matches!(provider.read_cancelled(&failed), Err(Failure::Server { .. })), "{name}");
        let gone = response(404, &[], b"{\"error\":{\"message\":\"no such batch\"}}");
        assert!(matches!(provider.read_status(&gone), Err(Failure::Rejected(_))), "{name}");
    }
}

#[test]
fn an_empty_file_has_no_results_and_lines_are_bounded() {
    for (name, provider) in all() {
        let read = |body: &[u8]| provider.read_results(&response(200, &[], body));
        assert_eq!(read(b"\n\r\n").unwrap().results, [], "{name}");
        let deep = format!("{{\"custom_id\":{}", "[".repeat(100_000));
        assert!(read(deep.as_bytes()).is_err(), "{name}");
        let long = format!("{{\"custom_id\":\"a\",\"result\":{{\"type\":\"{}\"}}}}", "x".repeat(5 << 20));
        assert!(read(long.as_bytes()).is_err(), "{name}");
    }
}

#[test]
fn a_phase_tells_how_an_item_without_result_ended() {
    assert_eq!(BatchPhase::Running.without_result(), None);
    assert_eq!(BatchPhase::Ending.without_result(), None);
    assert_eq!(BatchPhase::Expired.without_result(), Some(BatchFailure::Expired));
    assert_eq!(BatchPhase::Cancelled.without_result(), Some(BatchFailure::Cancelled));
    let failed = BatchPhase::Failed { reason: "no".into() };
    assert_eq!(failed.without_result(), Some(BatchFailure::Failed(Failure::Rejected("no".into()))));
    assert!(BatchPhase::Completed.is_over() && BatchPhase::Completed.without_result().is_some());
}

#[test]
fn who_has_batches_says_so() {
    for (dialect, has) in [
        (Dialect::OpenAi, true),
        (Dialect::Moonshot, true),
        (Dialect::Ollama, false),
        (Dialect::Generic, false),
    ] {
        assert_eq!(OpenAi::new("http://h", "k", dialect).batches().is_some(), has, "{dialect:?}");
    }
    assert!(Gemini::new("http://h", "k").batches().is_some());
    assert!(Anthropic::new("http://h", "k", "v").batches().is_some());
}
