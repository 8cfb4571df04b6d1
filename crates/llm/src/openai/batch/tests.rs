use crate::batch::tests::item;
use crate::reading::tests::response;
use crate::{
    Advice, BatchFailure, BatchPhase, BatchProvider, BatchResults, BatchStatus, Dialect, Failure, OpenAi,
    Tier, Usage,
};
use serde_json::{Value, json};
use watchfire_http::Method;

fn openai() -> OpenAi {
    OpenAi::new("https://example.org/v1", "secret", Dialect::OpenAi)
}

fn status(body: &[u8]) -> BatchStatus {
    openai().read_status(&response(200, &[], body)).unwrap()
}

fn results(body: &[u8]) -> BatchResults {
    openai().read_results(&response(200, &[], body)).unwrap()
}

#[test]
fn items_travel_as_a_form_with_a_file_of_lines() {
    // An alert that tries to end the file early.
    let items = [item("a-1", "one\r\n--boundary--\r\n"), item("b-2", "two")];
    let upload = openai().upload(&items).unwrap();
    assert_eq!((upload.method, upload.url.as_str()), (Method::Post, "https://example.org/v1/files"));
    assert!(upload.headers.contains(&("authorization", "Bearer secret".into())));
    let (_, kind) = upload.headers.iter().find(|(name, _)| *name == "content-type").unwrap();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    assert!(boundary.len() <= 70, "RFC 2046, section 5.1.1");
    let body = String::from_utf8(upload.body.to_vec()).unwrap();
    let parts: Vec<&str> = body.split(&format!("--{boundary}")).collect();
    assert_eq!(parts.len(), 4);
    assert_eq!(parts[1], "\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n");
    assert_eq!(parts[3], "--\r\n");
    let (head, file) = parts[2].split_once("\r\n\r\n").unwrap();
    assert!(head.contains("name=\"file\"; filename=\"batch.jsonl\""));
    let lines: Vec<Value> = file.trim_end().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["custom_id"], "a-1");
    assert_eq!((&lines[0]["method"], &lines[0]["url"]), (&json!("POST"), &json!("/v1/chat/completions")));
    assert_eq!(lines[0]["body"]["messages"][1]["content"], "one\r\n--boundary--\r\n");
    assert_eq!(lines[0]["body"].get("service_tier"), None, "a flex prompt in a batch is no flex call");
}

#[test]
fn a_batch_is_created_of_the_uploaded_file_and_named() {
    let body = include_bytes!("../../../tests/fixtures/openai/batch-file.json");
    let file = openai().read_upload(&response(200, &[], body)).unwrap();
    let request = openai().create("wf-0001", &[item("a-1", "x")], Some(&file));
    assert_eq!(request.url, "https://example.org/v1/batches");
    let sent: Value = serde_json::from_slice(&request.body).unwrap();
    let expected = json!({ "input_file_id": "file-abc123", "endpoint": "/v1/chat/completions",
        "completion_window": "24h", "metadata": { "watchfire_batch": "wf-0001" } });
    assert_eq!(sent, expected);
    let created = status(include_bytes!("../../../tests/fixtures/openai/batch-validating.json"));
    assert_eq!((created.id.as_str(), created.name.as_deref()), ("batch_abc123", Some("wf-0001")));
    assert_eq!((created.phase, created.created_ms), (BatchPhase::Queued, Some(1_711_471_533_000)));
}

#[test]
fn both_files_are_read_whatever_the_end() {
    for (body, phase) in [
        (&include_bytes!("../../../tests/fixtures/openai/batch-completed.json")[..], BatchPhase::Completed),
        (include_bytes!("../../../tests/fixtures/openai/batch-expired.json"), BatchPhase::Expired),
    ] {
        let status = status(body);
        assert_eq!(status.phase, phase);
        assert_eq!(status.locations, ["file-out1", "file-err1"]);
    }
    let request = openai().results("file-out1");
    assert_eq!(request.url, "https://example.org/v1/files/file-out1/content");
    assert!(request.headers.contains(&("authorization", "Bearer secret".into())));
}

#[test]
fn a_refused_batch_tells_what_is_wrong_with_its_lines() {
    let failed = status(include_bytes!("../../../tests/fixtures/openai/batch-failed.json"));
    let BatchPhase::Failed { reason } = failed.phase else { panic!("not failed") };
    assert!(reason.contains("not parseable as valid JSON.; The custom_id"), "{reason}");
    assert_eq!(failed.locations, [""; 0]);
}

#[test]
fn a_batch_that_is_being_cancelled_is_not_over() {
    let cancelling = status(include_bytes!("../../../tests/fixtures/openai/batch-cancelling.json"));
    assert_eq!(cancelling.phase, BatchPhase::Ending);
    let request = openai().cancel("batch_abc123");
    assert_eq!(request.method, Method::Post);
    assert_eq!(request.url, "https://example.org/v1/batches/batch_abc123/cancel");
    let body = include_bytes!("../../../tests/fixtures/openai/batch-cancelling.json");
    assert_eq!(openai().read_cancelled(&response(200, &[], body)), Ok(()));
}

#[test]
fn a_lost_batch_is_found_in_the_list() {
    assert_eq!(openai().list(None).url, "https://example.org/v1/batches?limit=20");
    let body = include_bytes!("../../../tests/fixtures/openai/batch-list.json");
    let page = openai().read_list(&response(200, &[], body)).unwrap();
    assert_eq!(page.batches.len(), 2);
    assert_eq!(page.batches[0].name.as_deref(), Some("wf-0001"));
    assert_eq!(page.batches[1].name, None, "somebody else's");
    let next = openai().list(page.next.as_deref());
    assert_eq!(next.url, "https://example.org/v1/batches?limit=20&after=batch_one");
}

#[test]
fn answers_of_a_batch_are_billed_as_such_with_their_full_usage() {
    let found = results(include_bytes!("../../../tests/fixtures/openai/batch-output.jsonl"));
    assert_eq!((found.results.len(), found.unreadable), (2, 0));
    assert_eq!(found.results[0].key, "b-2");
    let answer = found.results[0].outcome.as_ref().unwrap();
    let usage = Usage { input: 86, cached_input: 1920, cache_write: 0, output: 44, thinking: 256 };
    assert_eq!((answer.tier, answer.usage), (Tier::Batch, usage), "the body says `default`");
    let cut = found.results[1].outcome.as_ref().unwrap_err();
    assert!(matches!(cut, BatchFailure::Failed(Failure::Truncated { .. })));
    assert_eq!(cut.usage().all_output(), 512, "billed all the same");
}

#[test]
fn what_expired_is_told_from_what_failed() {
    let found = results(include_bytes!("../../../tests/fixtures/openai/batch-errors.jsonl"));
    let outcome = |number: usize| found.results[number].outcome.clone().unwrap_err();
    assert_eq!(outcome(0), BatchFailure::Expired);
    assert!(matches!(outcome(1), BatchFailure::Failed(Failure::Rejected(_))));
    let BatchFailure::Failed(server) = outcome(2) else { panic!("not failed") };
    assert_eq!(server.advice(), Advice::Retry(None));
}

#[test]
fn a_broken_line_costs_no_other() {
    let output = include_str!("../../../tests/fixtures/openai/batch-output.jsonl");
    let cut = output.trim_end().len() - 20;
    let found = results(&output.as_bytes()[..cut]);
    assert_eq!((found.results.len(), found.unreadable), (1, 1));
    let foreign = output.replace("b-2", &"é".repeat(1000));
    let found = results(format!("{foreign}{{}}\nnull\n7\n").as_bytes());
    assert_eq!((found.results.len(), found.unreadable), (2, 3));
    assert_eq!(found.results[0].key.chars().count(), 128, "bounded, and longer than any of ours");
    let without = output.replace("\"custom_id\":\"b-2\",", "");
    assert_eq!(results(without.as_bytes()).results[0].key, "", "its usage is not lost");
}

#[test]
fn moonshot_has_the_same_batches() {
    let moonshot = OpenAi::new("https://api.moonshot.ai", "k", Dialect::Moonshot);
    let body = include_bytes!("../../../tests/fixtures/openai/moonshot-batch-completed.json");
    let status = moonshot.read_status(&response(200, &[], body)).unwrap();
    assert_eq!((status.phase, status.locations), (BatchPhase::Completed, vec!["kimiout1".to_owned()]));
    let body = include_bytes!("../../../tests/fixtures/openai/moonshot-batch-list.json");
    let page = moonshot.read_list(&response(200, &[], body)).unwrap();
    assert_eq!(page.next.as_deref(), Some("batch_kimi"), "there is no last_id");
}
