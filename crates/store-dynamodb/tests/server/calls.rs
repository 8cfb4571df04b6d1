//! How many calls a load and a save take, counted by the proxy before the server.

use watchfire_store::measurements::{MeasurementStore, UserFailure};

use crate::{Stage, again, users, write, writes};

#[tokio::test]
async fn a_hundred_users_are_one_read_call_and_four_write_calls() {
    let Some(stage) = Stage::new("calls").await else { return };
    let store = stage.store();
    assert_eq!(store.load(&users(100)).await, vec![Ok(None); 100]);
    assert_eq!(stage.proxy.take_calls(), ["BatchGetItem"]);
    assert_eq!(store.save(&writes(100)).await, vec![Ok(1); 100]);
    assert_eq!(stage.proxy.take_calls(), ["TransactWriteItems"; 4]);
    assert!(store.load(&users(100)).await.iter().all(|found| matches!(found, Ok(Some(_)))));
    assert_eq!(stage.proxy.take_calls(), ["BatchGetItem"]);
    assert_eq!(store.save(&again(&writes(100), b"second")).await, vec![Ok(2); 100]);
    assert_eq!(stage.proxy.take_calls(), ["TransactWriteItems"; 4]);
}

#[tokio::test]
async fn a_conflict_takes_one_call_more_and_a_repeated_save_none() {
    let Some(stage) = Stage::new("conflicts").await else { return };
    let store = stage.store();
    store.save(&writes(100)).await;
    stage.proxy.take_calls();
    let mut sent = again(&writes(100), b"second");
    sent[40].from = 9;
    let answers = store.save(&sent).await;
    assert_eq!(answers.iter().filter(|answer| **answer == Ok(2)).count(), 99);
    assert_eq!(answers[40], Err(UserFailure::Conflict));
    assert_eq!(stage.proxy.take_calls(), ["TransactWriteItems"; 5]);
    sent[40].from = 1;
    assert_eq!(store.save(&sent[40..41]).await, [Ok(2)]);
    assert_eq!(stage.proxy.take_calls(), ["UpdateItem"]);
    assert_eq!(store.save(&sent).await, vec![Ok(2); 100]);
    assert_eq!(stage.proxy.take_calls(), ["TransactWriteItems"; 4]);
}

#[tokio::test]
async fn users_a_write_are_a_choice() {
    let Some(stage) = Stage::new("choice").await else { return };
    let single = stage.store_with(|settings| settings.users_per_write = 1);
    assert_eq!(single.save(&writes(100)).await, vec![Ok(1); 100]);
    assert_eq!(stage.proxy.take_calls(), ["UpdateItem"; 100]);
    let whole = stage.store_with(|settings| settings.users_per_write = 100);
    assert_eq!(whole.save(&again(&writes(100), b"second")).await, vec![Ok(2); 100]);
    assert_eq!(stage.proxy.take_calls(), ["TransactWriteItems"]);
}

#[tokio::test]
async fn what_is_refused_unasked_takes_no_call() {
    let Some(stage) = Stage::new("unasked").await else { return };
    let store = stage.store();
    assert!(store.save(&[write("", 0, b"")]).await[0].is_err());
    assert!(store.load(&[String::new()]).await[0].is_err());
    assert!(stage.proxy.take_calls().is_empty());
}
