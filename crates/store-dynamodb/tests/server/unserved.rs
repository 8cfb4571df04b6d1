//! What is answered where there is no server, or one that says no: these need none.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::json;
use watchfire_store::measurements::{MeasurementStore, UserFailure};
use watchfire_store_dynamodb::DynamoDb;

use crate::proxy::{Deed, Proxy};
use crate::{settings, users, writes};

fn store(endpoint: &str) -> DynamoDb {
    let mut settings = settings("measurements", endpoint);
    settings.attempts = 3;
    settings.call_timeout = Duration::from_millis(800);
    DynamoDb::new(settings).unwrap()
}

#[tokio::test]
async fn without_a_server_nothing_was_done() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let store = store(&endpoint);
    assert!(matches!(store.load(&users(1)).await[0], Err(UserFailure::Failed(_))));
    for answer in store.save(&writes(30)).await {
        assert!(matches!(answer, Err(UserFailure::Failed(_))), "{answer:?}");
    }
}

#[tokio::test]
async fn each_refusal_has_its_own_answer() {
    let proxy = Proxy::start(None);
    let store = store(&proxy.url);
    type Expected = fn(&UserFailure) -> bool;
    let throttled: Expected = |failure| matches!(failure, UserFailure::Throttled { .. });
    let refused: Expected = |failure| matches!(failure, UserFailure::Refused(_));
    let lost: Expected = |failure| matches!(failure, UserFailure::Lost(_));
    let failed: Expected = |failure| matches!(failure, UserFailure::Failed(_));
    for (status, code, reading, writing, attempts) in [
        (400, "ProvisionedThroughputExceededException", throttled, throttled, 3),
        (400, "RequestLimitExceeded", throttled, throttled, 3),
        (400, "ThrottlingException", throttled, throttled, 3),
        (400, "ResourceNotFoundException", refused, refused, 1),
        (400, "AccessDeniedException", refused, refused, 1),
        (400, "UnrecognizedClientException", refused, refused, 1),
        (500, "InternalServerError", failed, lost, 3),
        (503, "ServiceUnavailable", failed, lost, 3),
    ] {
        proxy.plan(move |_, _, _| Deed::Fail(status, code));
        let found = store.load(&users(100)).await;
        assert!(found.iter().all(|found| reading(found.as_ref().unwrap_err())), "{code}: {:?}", found[0]);
        assert_eq!(proxy.take_calls().len(), attempts, "{code}");
        for count in [1, 25] {
            let answers = store.save(&writes(count)).await;
            assert!(
                answers.iter().all(|answer| writing(answer.as_ref().unwrap_err())),
                "{code}: {:?}",
                answers[0]
            );
            assert_eq!(proxy.take_calls().len(), attempts, "{code}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_can_not_be_read_leaves_a_write_unknown() {
    let proxy = Proxy::start(None);
    let store = store(&proxy.url);
    for deed in
        [|| Deed::CutBefore, || Deed::Answer(200, "no object".into()), || Deed::Answer(502, "<html>".into())]
    {
        proxy.plan(move |_, _, _| deed());
        for answer in store.save(&writes(2)).await {
            assert!(matches!(answer, Err(UserFailure::Lost(_))), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn an_empty_answer_does_not_make_users_absent() {
    let proxy = Proxy::start(None);
    let store = store(&proxy.url);
    for answer in [json!({}), json!("no object"), json!({"Responses": null})] {
        proxy.plan(move |_, _, _| Deed::Answer(200, answer.clone()));
        let found = store.load(&users(2)).await;
        assert!(matches!(found[0], Err(UserFailure::Failed(_))), "{found:?}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_waited_for_as_long_as_was_set() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let store = store(&format!("http://{}", silent.local_addr().unwrap()));
    let whole = Duration::from_secs(10);
    let found = tokio::time::timeout(whole, store.load(&users(1))).await.unwrap();
    assert!(matches!(found[0], Err(UserFailure::Failed(_))));
    let answers = tokio::time::timeout(whole, store.save(&writes(1))).await.unwrap();
    assert!(matches!(answers[0], Err(UserFailure::Lost(_))));
}
