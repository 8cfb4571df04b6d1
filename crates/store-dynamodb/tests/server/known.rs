//! The filter of known users: what it saves, and that it hides nobody.

use watchfire_store::measurements::{MeasurementStore, UserFailure};

use crate::{Stage, load, users, write, writes};

#[tokio::test]
async fn absent_users_take_no_read_where_this_is_the_only_writer() {
    let Some(stage) = Stage::new("filter").await else { return };
    stage.store().save(&writes(40)).await;
    let store = stage.store_with(|settings| settings.only_writer = Some(10_000));
    stage.proxy.take_calls();
    // Until everybody is known, everybody is asked for.
    assert_eq!(store.load(&["new".to_owned()]).await, [Ok(None)]);
    assert_eq!(stage.proxy.take_calls(), ["BatchGetItem"]);
    assert_eq!(store.know_users().await, Ok(40));
    stage.proxy.take_calls();
    assert_eq!(store.load(&["new".to_owned(), "newer".to_owned()]).await, [Ok(None), Ok(None)]);
    assert!(stage.proxy.take_calls().is_empty());
    assert!(store.load(&users(40)).await.iter().all(|found| matches!(found, Ok(Some(_)))));
    assert_eq!(stage.proxy.take_calls(), ["BatchGetItem"]);
    // Who is written from now on is known.
    store.save(&[write("new", 0, b"one")]).await;
    assert_eq!(load(&store, "new").await.unwrap().version, 1);
}

#[tokio::test]
async fn with_other_writers_everybody_is_asked_for() {
    let Some(stage) = Stage::new("others").await else { return };
    let (one, other) = (stage.store(), stage.store());
    assert_eq!(one.know_users().await, Ok(0));
    other.save(&[write("new", 0, b"one")]).await;
    assert_eq!(load(&one, "new").await.unwrap().version, 1);
}

#[tokio::test]
async fn who_was_wrongly_told_to_be_the_only_writer_learns_by_the_first_conflict() {
    let Some(stage) = Stage::new("wrongly").await else { return };
    let (one, other) = (stage.store_with(|settings| settings.only_writer = Some(100)), stage.store());
    one.know_users().await.unwrap();
    other.save(&[write("new", 0, b"one")]).await;
    assert_eq!(load(&one, "new").await, None);
    assert_eq!(one.save(&[write("new", 0, b"two")]).await, [Err(UserFailure::Conflict)]);
    assert_eq!(load(&one, "new").await.unwrap().version, 1);
}
