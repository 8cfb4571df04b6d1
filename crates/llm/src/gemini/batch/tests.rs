use crate::batch::tests::item;
use crate::reading::tests::response;
use crate::{
    Advice, BatchCounts, BatchFailure, BatchPhase, BatchProvider, BatchStatus, Failure, Gemini, Limit, Tier,
    Usage,
};
use serde_json::{Value, json};
use watchfire_http::Method;

fn gemini() -> Gemini {
    Gemini::new("https://example.org/v1beta", "secret")
}

fn status(body: &[u8]) -> BatchStatus {
    gemini().read_status(&response(200, &[], body)).unwrap()
}

#[test]
fn items_go_inline_with_their_keys_and_a_name() {
    let mut items = [item("a-1", "one"), item("b-2", "two")];
    items[0].prompt.model = "models/gemini-2.5-flash".into();
    assert_eq!(gemini().upload(&items), None);
    let request = gemini().create("wf-0001", &items, None);
    assert_eq!(request.url, "https://example.org/v1beta/models/gemini-2.5-flash:batchGenerateContent");
    assert!(request.headers.contains(&("x-goog-api-key", "secret".into())));
    let sent: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(sent["batch"]["displayName"], "wf-0001");
    let list = &sent["batch"]["inputConfig"]["requests"]["requests"];
    assert_eq!(list[1]["metadata"], json!({ "key": "b-2" }));
    assert_eq!(list[1]["request"]["contents"][0]["parts"][0]["text"], "two");
    assert_eq!(list[1]["request"].get("serviceTier"), None, "a flex prompt in a batch is no flex call");
}

#[test]
fn a_batch_is_known_by_its_id_and_our_name() {
    let pending = status(include_bytes!("../../../tests/fixtures/gemini/batch-pending.json"));
    assert_eq!((pending.id.as_str(), pending.name.as_deref()), ("abc123", Some("wf-0001")));
    assert_eq!((pending.phase, pending.created_ms), (BatchPhase::Queued, Some(1_751_364_000_123)));
    assert_eq!(pending.counts, Some(BatchCounts { total: 4, ..BatchCounts::default() }));
    let request = gemini().status(&pending.id);
    assert_eq!(request.url, "https://example.org/v1beta/batches/abc123");
    let running = status(include_bytes!("../../../tests/fixtures/gemini/batch-running.json"));
    assert_eq!((running.phase, running.results), (BatchPhase::Running, None));
}

#[test]
fn results_come_with_the_status() {
    let done = status(include_bytes!("../../../tests/fixtures/gemini/batch-succeeded.json"));
    assert_eq!((done.phase, done.locations.len()), (BatchPhase::Completed, 0));
    let found = done.results.unwrap();
    assert_eq!((found.results.len(), found.unreadable), (4, 0));
    assert_eq!(found.results[0].key, "a-1");
    let answer = found.results[0].outcome.as_ref().unwrap();
    let usage = Usage { input: 200, cached_input: 800, cache_write: 0, output: 20, thinking: 180 };
    assert_eq!((answer.tier, answer.usage), (Tier::Batch, usage));
    let failure = |number: usize| found.results[number].outcome.clone().unwrap_err();
    assert!(matches!(failure(1), BatchFailure::Failed(Failure::Rejected(_))));
    let BatchFailure::Failed(limited) = failure(2) else { panic!("not failed") };
    assert_eq!(limited.advice(), Advice::Pause(Limit::Unknown, None));
    assert!(matches!(failure(3), BatchFailure::Failed(Failure::Refused { .. })));
    assert_eq!(failure(3).usage().input, 70, "a blocked prompt is read all the same");
}

#[test]
fn an_expired_batch_keeps_what_was_answered() {
    let body = include_str!("../../../tests/fixtures/gemini/batch-expired.json");
    let expired = status(body.as_bytes());
    assert_eq!(expired.phase, BatchPhase::Expired);
    let found = expired.results.unwrap().results;
    assert!(found[0].outcome.is_ok());
    assert_eq!(found[1].outcome, Err(BatchFailure::Expired));
    let completed = status(body.replace("STATE_EXPIRED", "STATE_SUCCEEDED").as_bytes());
    let found = completed.results.unwrap().results;
    let Err(BatchFailure::Failed(late)) = &found[1].outcome else { panic!("not failed") };
    assert_eq!(late.advice(), Advice::Retry(None), "a deadline of the call's own");
}

#[test]
fn an_operation_that_failed_is_an_answer_and_no_garbage() {
    let cancelled = status(include_bytes!("../../../tests/fixtures/gemini/batch-cancelled.json"));
    assert_eq!((cancelled.phase, cancelled.results), (BatchPhase::Cancelled, None));
    let failed = status(include_bytes!("../../../tests/fixtures/gemini/batch-failed.json"));
    assert_eq!(failed.phase, BatchPhase::Failed { reason: "Internal error encountered.".into() });
    let stateless = b"{\"name\":\"batches/a\",\"done\":true,\"error\":{\"code\":1}}";
    assert_eq!(status(stateless).phase, BatchPhase::Cancelled);
}

#[test]
fn a_file_of_results_is_read_too() {
    let done = status(include_bytes!("../../../tests/fixtures/gemini/batch-file.json"));
    assert_eq!((done.locations.as_slice(), done.results), (&["batch-abc123".to_owned()][..], None));
    let request = gemini().results(&done.locations[0]);
    assert_eq!(request.url, "https://example.org/download/v1beta/files/batch-abc123:download?alt=media");
    let body = include_bytes!("../../../tests/fixtures/gemini/batch-file.jsonl");
    let found = gemini().read_results(&response(200, &[], body)).unwrap();
    assert_eq!(found.results[0].key, "a-1");
    assert!(matches!(
        found.results[1].outcome,
        Err(BatchFailure::Failed(Failure::Server { status: 503, .. }))
    ));
}

#[test]
fn a_list_tells_batches_without_their_results() {
    assert_eq!(gemini().list(None).url, "https://example.org/v1beta/batches?pageSize=5");
    let body = include_bytes!("../../../tests/fixtures/gemini/batch-list.json");
    let page = gemini().read_list(&response(200, &[], body)).unwrap();
    assert_eq!(page.batches.len(), 2);
    assert!(page.batches.iter().all(|batch| batch.results.is_none()));
    let next = gemini().list(page.next.as_deref()).url;
    assert_eq!(next, "https://example.org/v1beta/batches?pageSize=5&pageToken=t%2Fk%2B%3D");
    assert!(gemini().read_list(&response(200, &[], b"{}")).unwrap().batches.is_empty(), "none yet");
}

#[test]
fn a_cancellation_is_taken_with_an_empty_object() {
    let request = gemini().cancel("abc123");
    assert_eq!(request.method, Method::Post);
    assert_eq!(request.url, "https://example.org/v1beta/batches/abc123:cancel");
    assert_eq!(gemini().read_cancelled(&response(200, &[], b"{}")), Ok(()));
}
