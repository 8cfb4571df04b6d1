//! What goes wrong between the store and the server, and that nothing is lost or written twice by it.

use std::time::Duration;

use serde_json::{Value, json};
use watchfire_store::measurements::{MeasurementStore, UserFailure};

use crate::proxy::Deed;
use crate::{Stage, again, assert_written, is_refused, users, writes};

/// A save of a hundred users whose first four calls come to this: each is made once more, and everybody is written once.
async fn saves_all_with_the_first_four_calls(test: &str, deed: impl Fn() -> Deed + Send + 'static) {
    let Some(stage) = Stage::new(test).await else { return };
    let store = stage.store();
    stage.proxy.plan(move |_, nth, _| if nth < 4 { deed() } else { Deed::Pass });
    assert_eq!(store.save(&writes(100)).await, vec![Ok(1); 100]);
    assert_eq!(stage.proxy.calls().len(), 8);
    assert_written(&stage, &writes(100)).await;
}

#[tokio::test]
async fn throttled_writes_are_written_later() {
    let throttled = || Deed::Fail(400, "ProvisionedThroughputExceededException");
    saves_all_with_the_first_four_calls("throttled", throttled).await;
}

#[tokio::test]
async fn a_server_that_fails_is_asked_again() {
    saves_all_with_the_first_four_calls("failing", || Deed::Fail(500, "InternalServerError")).await;
}

#[tokio::test]
async fn a_connection_cut_before_the_server_saw_the_write_loses_nothing() {
    saves_all_with_the_first_four_calls("before", || Deed::CutBefore).await;
}

#[tokio::test]
async fn a_connection_cut_after_the_server_did_the_write_does_not_do_it_twice() {
    saves_all_with_the_first_four_calls("after", || Deed::CutAfter).await;
}

#[tokio::test]
async fn an_answer_after_the_time_limit_is_asked_for_again() {
    let Some(stage) = Stage::new("late").await else { return };
    let store = stage.store_with(|settings| settings.call_timeout = Duration::from_millis(1_500));
    stage.proxy.plan(|_, nth, _| if nth == 0 { Deed::Late(Duration::from_secs(4)) } else { Deed::Pass });
    assert_eq!(store.save(&writes(50)).await, vec![Ok(1); 50]);
    assert_eq!(stage.proxy.calls().len(), 3);
    assert_written(&stage, &writes(50)).await;
}

#[tokio::test]
async fn users_whose_answers_stay_away_are_lost_and_no_others() {
    let Some(stage) = Stage::new("lost").await else { return };
    let store = stage.store();
    let about = |body: &Value, user: &str| body.to_string().contains(&format!("\"{user}\""));
    stage.proxy.plan(move |_, _, body| if about(body, "user-0007") { Deed::CutAfter } else { Deed::Pass });
    let answers = store.save(&writes(100)).await;
    for (place, answer) in answers.iter().enumerate() {
        match answer {
            Err(UserFailure::Lost(_)) if place < 25 => {}
            Ok(1) if place >= 25 => {}
            other => panic!("{place}: {other:?}"),
        }
    }
    // They were written all the same; to write them again is a success.
    assert_written(&stage, &writes(100)).await;
    stage.proxy.plan(|_, _, _| Deed::Pass);
    assert_eq!(store.save(&writes(100)).await, vec![Ok(1); 100]);
}

#[tokio::test]
async fn a_write_that_may_be_done_stays_unknown_when_the_next_attempts_are_throttled() {
    let Some(stage) = Stage::new("unknown").await else { return };
    let store = stage.store();
    stage
        .proxy
        .plan(|_, nth, _| if nth == 0 { Deed::CutAfter } else { Deed::Fail(400, "ThrottlingException") });
    for answer in store.save(&writes(3)).await {
        assert!(matches!(answer, Err(UserFailure::Lost(_))), "{answer:?}");
    }
    assert_written(&stage, &writes(3)).await;
}

/// As DynamoDB cancels a transaction for this reason of its first write.
fn cancelled(body: &Value, code: &str) -> Deed {
    let count = body["TransactItems"].as_array().unwrap().len();
    let mut reasons = vec![json!({"Code": "None"}); count];
    reasons[0] = json!({"Code": code, "Message": "by the test"});
    let name = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    Deed::Answer(400, json!({"__type": name, "Message": "cancelled", "CancellationReasons": reasons}))
}

async fn is_held_up_alone(test: &str, code: &'static str) {
    let Some(stage) = Stage::new(test).await else { return };
    let store = stage.store();
    // Alone it is an update, which passes at the third attempt.
    stage.proxy.plan(move |action, nth, body| match (action, nth) {
        ("TransactWriteItems", 0) => cancelled(body, code),
        ("UpdateItem", 0 | 1) => Deed::Fail(400, "ThrottlingException"),
        _ => Deed::Pass,
    });
    assert_eq!(store.save(&writes(25)).await, vec![Ok(1); 25]);
    let calls = stage.proxy.calls();
    assert_eq!(calls, ["TransactWriteItems", "TransactWriteItems", "UpdateItem", "UpdateItem", "UpdateItem"]);
    // And now never.
    stage.proxy.plan(move |action, _, body| match action {
        "TransactWriteItems" if body.to_string().contains("user-0000") => cancelled(body, code),
        "UpdateItem" => Deed::Fail(400, "ThrottlingException"),
        _ => Deed::Pass,
    });
    let answers = store.save(&again(&writes(25), b"second")).await;
    assert_eq!(answers[0], Err(UserFailure::Throttled { after: None }));
    assert_eq!(answers[1..], vec![Ok(2); 24]);
}

#[tokio::test]
async fn a_hot_user_does_not_hold_up_the_others() {
    is_held_up_alone("hot", "ProvisionedThroughputExceeded").await;
    is_held_up_alone("throttling", "ThrottlingError").await;
}

#[tokio::test]
async fn a_user_in_somebody_else_s_transaction_does_not_hold_up_the_others() {
    is_held_up_alone("conflicting", "TransactionConflict").await;
}

#[tokio::test]
async fn a_transaction_refused_as_a_whole_is_written_user_by_user() {
    let Some(stage) = Stage::new("refused").await else { return };
    let store = stage.store();
    stage.proxy.plan(|action, nth, _| match (action, nth) {
        ("TransactWriteItems", _) => Deed::Fail(400, "ValidationException"),
        (_, 4) => Deed::Fail(400, "ValidationException"),
        _ => Deed::Pass,
    });
    let answers = store.save(&writes(25)).await;
    for (place, answer) in answers.iter().enumerate() {
        if place == 4 { assert!(is_refused(answer)) } else { assert_eq!(*answer, Ok(1)) }
    }
}

#[tokio::test]
async fn half_of_the_keys_unprocessed_again_and_again_is_progress() {
    let Some(stage) = Stage::new("halves").await else { return };
    let store = stage.store_with(|settings| settings.attempts = 2);
    store.save(&writes(100)).await;
    stage.proxy.plan(|_, nth, _| if nth % 2 == 0 { Deed::Half } else { Deed::Nothing });
    let found = store.load(&users(100)).await;
    for (write, found) in writes(100).iter().zip(found) {
        assert_eq!(found.unwrap().unwrap().value, write.value);
    }
    // 100, 50, 25, 12, 6, 3, 1: seven that gave something, and one without anything between each two.
    assert_eq!(stage.proxy.calls().len(), 13);
}

#[tokio::test]
async fn keys_that_stay_unprocessed_are_given_up_after_the_attempts() {
    let Some(stage) = Stage::new("nothing").await else { return };
    let store = stage.store();
    store.save(&writes(60)).await;
    stage.proxy.plan(|_, nth, _| if nth == 0 { Deed::Half } else { Deed::Nothing });
    let found = store.load(&users(60)).await;
    assert_eq!(found.iter().filter(|found| found.is_ok()).count(), 30);
    assert_eq!(
        found.iter().filter(|found| **found == Err(UserFailure::Throttled { after: None })).count(),
        30
    );
    assert_eq!(stage.proxy.calls().len(), 6);
}

#[tokio::test]
async fn a_load_survives_cut_connections_and_throttles() {
    let Some(stage) = Stage::new("reads").await else { return };
    let store = stage.store();
    store.save(&writes(100)).await;
    stage.proxy.plan(|_, nth, _| match nth {
        0 => Deed::CutBefore,
        1 => Deed::CutAfter,
        2 => Deed::Fail(400, "RequestLimitExceeded"),
        3 => Deed::Fail(503, "ServiceUnavailable"),
        _ => Deed::Pass,
    });
    assert!(store.load(&users(100)).await.iter().all(|found| matches!(found, Ok(Some(_)))));
    assert_eq!(store.users(None, 1_000).await.unwrap().0.len(), 100);
}

#[tokio::test]
async fn a_removal_whose_answer_was_lost_says_so() {
    let Some(stage) = Stage::new("removal").await else { return };
    let store = stage.store();
    store.save(&writes(1)).await;
    stage.proxy.plan(|_, nth, _| if nth == 0 { Deed::CutAfter } else { Deed::Pass });
    assert!(matches!(store.remove("user-0000").await, Err(UserFailure::Lost(_))));
    assert_eq!(store.remove("user-0000").await, Ok(false));
}

#[tokio::test]
async fn a_table_that_is_not_there_is_refused() {
    let Some(stage) = Stage::new("missing").await else { return };
    let store = stage.store_with(|settings| settings.table.push_str("-not"));
    assert!(is_refused(&store.load(&users(1)).await[0]));
    for count in [1, 30] {
        assert!(store.save(&writes(count)).await.iter().all(is_refused));
    }
    assert!(is_refused(&store.users(None, 1).await));
    assert!(is_refused(&store.remove("ada").await));
}
