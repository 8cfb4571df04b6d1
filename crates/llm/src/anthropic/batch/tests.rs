use crate::batch::tests::item;
use crate::reading::tests::response;
use crate::{
    Advice, Anthropic, BatchCounts, BatchFailure, BatchPhase, BatchProvider, BatchStatus, Failure, Tier,
    Usage,
};
use serde_json::Value;
use watchfire_http::Method;

const ID: &str = "msgbatch_013Zva2CMHLNnXjNJJKqJ2EF";

fn anthropic() -> Anthropic {
    Anthropic::new("https://example.org", "secret", Anthropic::VERSION)
}

fn status(body: &[u8]) -> BatchStatus {
    anthropic().read_status(&response(200, &[], body)).unwrap()
}

#[test]
fn items_go_with_the_creation() {
    let items = [item("a-1", "one"), item("b-2", "two")];
    assert_eq!(anthropic().upload(&items), None);
    let request = anthropic().create("wf-0001", &items, None);
    assert_eq!(request.url, "https://example.org/v1/messages/batches");
    assert!(request.headers.contains(&("x-api-key", "secret".into())));
    assert!(request.headers.contains(&("anthropic-version", "2023-06-01".into())));
    let sent: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(sent["requests"][1]["custom_id"], "b-2");
    assert_eq!(sent["requests"][1]["params"]["messages"][0]["content"], "two");
    assert_eq!(sent.as_object().unwrap().len(), 1, "there is no place for a name");
}

#[test]
fn a_running_batch_has_no_results() {
    let running = status(include_bytes!("../../../tests/fixtures/anthropic/batch-in-progress.json"));
    assert_eq!((running.id.as_str(), running.phase), (ID, BatchPhase::Running));
    assert_eq!(running.created_ms, Some(1_724_179_044_100));
    assert!(running.locations.is_empty());
    let ending = status(include_bytes!("../../../tests/fixtures/anthropic/batch-canceling.json"));
    assert_eq!(ending.phase, BatchPhase::Ending);
}

#[test]
fn the_counts_tell_how_a_batch_ended() {
    let ended = status(include_bytes!("../../../tests/fixtures/anthropic/batch-ended.json"));
    assert_eq!(ended.phase, BatchPhase::Completed);
    let counts = BatchCounts { total: 100, succeeded: 95, failed: 5, ..BatchCounts::default() };
    assert_eq!(ended.counts, Some(counts));
    let expired = status(include_bytes!("../../../tests/fixtures/anthropic/batch-ended-expired.json"));
    assert_eq!((expired.phase, expired.locations.len()), (BatchPhase::Expired, 1));
    let cancelled = status(include_bytes!("../../../tests/fixtures/anthropic/batch-ended-canceled.json"));
    assert_eq!((cancelled.phase, cancelled.locations.len()), (BatchPhase::Cancelled, 1));
}

#[test]
fn the_key_goes_to_no_host_that_a_response_names() {
    let body = include_str!("../../../tests/fixtures/anthropic/batch-ended.json");
    let hostile = body.replace("https://api.anthropic.com/v1", "https://evil.example");
    let ended = status(hostile.as_bytes());
    let request = anthropic().results(&ended.locations[0]);
    assert_eq!(request.url, format!("https://example.org/v1/messages/batches/{ID}/results"));
}

#[test]
fn an_archived_batch_has_no_results_any_more() {
    let archived = status(include_bytes!("../../../tests/fixtures/anthropic/batch-archived.json"));
    assert!(archived.phase.is_over() && archived.locations.is_empty());
}

#[test]
fn a_lost_batch_is_looked_for_page_by_page() {
    assert_eq!(anthropic().list(None).url, "https://example.org/v1/messages/batches?limit=20");
    let body = include_bytes!("../../../tests/fixtures/anthropic/batch-list.json");
    let page = anthropic().read_list(&response(200, &[], body)).unwrap();
    assert_eq!(
        page.batches.iter().map(|batch| batch.id.as_str()).collect::<Vec<_>>(),
        ["msgbatch_two", "msgbatch_one"]
    );
    let next = anthropic().list(page.next.as_deref()).url;
    assert_eq!(next, "https://example.org/v1/messages/batches?limit=20&after_id=msgbatch_one");
}

#[test]
fn a_batch_is_cancelled_by_its_id() {
    let request = anthropic().cancel(ID);
    assert_eq!(request.method, Method::Post);
    assert_eq!(request.url, format!("https://example.org/v1/messages/batches/{ID}/cancel"));
    let body = include_bytes!("../../../tests/fixtures/anthropic/batch-canceling.json");
    assert_eq!(anthropic().read_cancelled(&response(200, &[], body)), Ok(()));
}

#[test]
fn the_four_ends_of_an_item_are_told_apart() {
    let body = include_bytes!("../../../tests/fixtures/anthropic/batch-results.jsonl");
    let found = anthropic().read_results(&response(200, &[], body)).unwrap();
    assert_eq!((found.results.len(), found.unreadable), (5, 0));
    assert_eq!(found.results[0].key, "b-2");
    let answer = found.results[0].outcome.as_ref().unwrap();
    let usage = Usage { input: 11, cached_input: 1000, cache_write: 5, output: 36, thinking: 0 };
    assert_eq!((answer.tier, answer.usage), (Tier::Batch, usage));
    let failure = |number: usize| found.results[number].outcome.clone().unwrap_err();
    let rejected = Failure::Rejected("max_tokens: Field required".into());
    assert_eq!(failure(1), BatchFailure::Failed(rejected));
    assert_eq!(failure(2), BatchFailure::Expired);
    assert_eq!(failure(3), BatchFailure::Cancelled);
    let BatchFailure::Failed(overloaded) = failure(4) else { panic!("not failed") };
    assert_eq!(overloaded.advice(), Advice::Retry(None));
}
