//! What the trait promises, on the real server program.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use watchfire_flow::Clock;
use watchfire_store::measurements::{
    MOST_USER_BYTES, MOST_USERS, MOST_VALUE_BYTES, MeasurementStore, StoredUser, UserFailure, UserWrite,
};
use watchfire_store_dynamodb::{DynamoDb, Expiry};

use crate::{Stage, again, is_refused, load, raw, users, write, writes};

#[tokio::test]
async fn an_empty_table_has_nobody() {
    let Some(stage) = Stage::new("empty").await else { return };
    let store = stage.store();
    assert_eq!(store.load(&users(3)).await, vec![Ok(None); 3]);
    assert_eq!(store.load(&[]).await, []);
    assert_eq!(store.save(&[]).await, []);
    assert_eq!(store.users(None, 10).await, Ok((vec![], None)));
    assert_eq!(store.remove("user-0001").await, Ok(false));
}

#[tokio::test]
async fn values_of_any_length_come_back_and_longer_ones_are_refused_alone() {
    let Some(stage) = Stage::new("lengths").await else { return };
    let store = stage.store();
    let lengths = [0, 1, 999, 100_000, MOST_VALUE_BYTES, MOST_VALUE_BYTES, MOST_VALUE_BYTES + 1, 5];
    let sent: Vec<_> = lengths
        .iter()
        .zip(users(8))
        .map(|(length, user)| UserWrite { user, from: 0, value: vec![0xA5; *length] })
        .collect();
    let answers = store.save(&sent).await;
    let found = store.load(&users(8)).await;
    for place in 0..8 {
        if lengths[place] > MOST_VALUE_BYTES {
            assert!(is_refused(&answers[place]));
            assert_eq!(found[place], Ok(None));
        } else {
            assert_eq!(answers[place], Ok(1));
            assert!(found[place] == Ok(Some(StoredUser { version: 1, value: sent[place].value.clone() })));
        }
    }
}

#[tokio::test]
async fn a_longest_name_with_a_longest_value_fits() {
    let Some(stage) = Stage::new("longest").await else { return };
    let name = "n".repeat(MOST_USER_BYTES);
    let store = stage.store_with(|settings| {
        settings.expiry = Some(Expiry { after: Duration::from_secs(60), clock: Arc::new(Noon) });
    });
    assert_eq!(store.save(&[write(&name, 0, &vec![1; MOST_VALUE_BYTES])]).await, [Ok(1)]);
    assert!(is_refused(&store.save(&[write(&format!("{name}n"), 0, b"")]).await[0]));
    assert!(is_refused(&store.load(&[String::new()]).await[0]));
}

#[tokio::test]
async fn a_write_from_another_version_conflicts_alone() {
    let Some(stage) = Stage::new("versions").await else { return };
    let store = stage.store();
    let mut sent = writes(30);
    assert_eq!(store.save(&sent).await, vec![Ok(1); 30]);
    sent = again(&sent, b"second");
    sent[3].from = 0;
    sent[4].from = 2;
    sent[29].from = 7;
    sent.push(write("nobody", 1, b"second"));
    let answers = store.save(&sent).await;
    for (place, answer) in answers.iter().enumerate() {
        let expected = if [3, 4, 29, 30].contains(&place) { Err(UserFailure::Conflict) } else { Ok(2) };
        assert_eq!(*answer, expected, "{place}");
    }
    assert_eq!(load(&store, "user-0003").await.unwrap().version, 1);
    assert_eq!(load(&store, "nobody").await, None);
}

#[tokio::test]
async fn the_same_write_twice_is_a_success_and_done_once() {
    let Some(stage) = Stage::new("twice").await else { return };
    let store = stage.store();
    for count in [1, 30] {
        let sent = again(&writes(count), b"second");
        store.save(&writes(count)).await;
        assert_eq!(store.save(&sent).await, vec![Ok(2); count]);
        assert_eq!(store.save(&sent).await, vec![Ok(2); count]);
        crate::assert_written(&stage, &sent).await;
        for user in users(count) {
            assert_eq!(store.remove(&user).await, Ok(true));
        }
    }
}

#[tokio::test]
async fn a_user_twice_in_one_call_is_written_once_and_loaded_twice() {
    let Some(stage) = Stage::new("double").await else { return };
    let store = stage.store();
    let answers =
        store.save(&[write("ada", 0, b"one"), write("ada", 0, b"two"), write("bob", 0, b"three")]).await;
    assert_eq!(answers[0], Ok(1));
    assert!(is_refused(&answers[1]));
    assert_eq!(answers[2], Ok(1));
    let found = store.load(&["ada".to_owned(), "bob".to_owned(), "ada".to_owned()]).await;
    assert_eq!(found[0], found[2]);
    assert_eq!(found[0].as_ref().unwrap().as_ref().unwrap().value, b"one");
}

#[tokio::test]
async fn a_thousand_users_at_once_and_not_one_more() {
    let Some(stage) = Stage::new("thousand").await else { return };
    let store = stage.store();
    let sent = writes(MOST_USERS + 1);
    let answers = store.save(&sent).await;
    assert_eq!(answers[..MOST_USERS], vec![Ok(1); MOST_USERS]);
    assert!(is_refused(&answers[MOST_USERS]));
    crate::assert_written(&stage, &sent[..MOST_USERS]).await;
    assert!(is_refused(&store.load(&users(MOST_USERS + 1)).await[MOST_USERS]));
}

/// Adds one to each of these users' numbers, so often.
async fn count_up(store: &DynamoDb, names: &[String], times: u64) {
    for _ in 0..times {
        let mut left = names.to_vec();
        while !left.is_empty() {
            let found = store.load(&left).await;
            let next: Vec<_> = left
                .iter()
                .zip(found)
                .map(|(user, found)| {
                    let (from, number) = match found.unwrap() {
                        Some(stored) => {
                            (stored.version, u64::from_be_bytes(stored.value[..8].try_into().unwrap()))
                        }
                        None => (0, 0),
                    };
                    // Who wrote it is told from the other one's.
                    let mut value = (number + 1).to_be_bytes().to_vec();
                    value.extend_from_slice(format!("{store:p}").as_bytes());
                    UserWrite { user: user.clone(), from, value }
                })
                .collect();
            let answers = store.save(&next).await;
            left = left
                .into_iter()
                .zip(answers)
                .filter(|(_, answer)| answer.is_err())
                .map(|(user, _)| user)
                .collect();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_writers_on_the_same_users_lose_nothing() {
    let Some(stage) = Stage::new("racing").await else { return };
    let one = stage.store_with(|settings| settings.seed = 1);
    let other = stage.store_with(|settings| settings.seed = 2);
    let names = users(10);
    tokio::join!(count_up(&one, &names, 15), count_up(&other, &names, 15));
    for user in &names {
        let stored = load(&one, user).await.unwrap();
        assert_eq!(stored.version, 30);
        assert_eq!(stored.value[..8], 30_u64.to_be_bytes());
    }
}

#[tokio::test]
async fn names_of_any_characters_are_kept_apart() {
    let Some(stage) = Stage::new("names").await else { return };
    let store = stage.store();
    let names = [
        "a",
        "A",
        " a",
        "a ",
        "é",
        "e\u{301}",
        "日本語",
        "🦀",
        "\u{0}",
        "\u{0}a",
        "\"",
        "\\",
        "'; --",
        "#user",
        ":from",
        "\n",
        "\u{7f}",
        "\u{200b}",
        "\u{feff}",
        "\u{10ffff}",
        "../..",
        "{}",
        "%00",
        "a\tb",
        "\r\n",
    ];
    let sent: Vec<_> = names.iter().map(|name| write(name, 0, name.as_bytes())).collect();
    assert_eq!(store.save(&sent).await, vec![Ok(1); names.len()]);
    for name in names {
        assert_eq!(load(&store, name).await.unwrap().value, name.as_bytes(), "{name:?}");
    }
    let (walked, next) = store.users(None, 1_000).await.unwrap();
    assert_eq!(next, None);
    assert_eq!(walked.iter().map(String::as_str).collect::<BTreeSet<_>>(), names.into_iter().collect());
}

#[tokio::test]
async fn a_walk_meets_everybody_once_whatever_its_pages() {
    let Some(stage) = Stage::new("walk").await else { return };
    let store = stage.store();
    let mut sent = writes(120);
    // Beyond the megabyte that a page of the server reads.
    for write in &mut sent[..10] {
        write.value = vec![7; 300_000];
    }
    assert_eq!(store.save(&sent).await, vec![Ok(1); 120]);
    for limit in [1, 7, 50, 1_000] {
        let (mut walked, mut after) = (Vec::new(), None);
        loop {
            let (page, next) = store.users(after, limit).await.unwrap();
            assert!(page.len() <= limit);
            walked.extend(page);
            after = next;
            if after.is_none() {
                break;
            }
        }
        walked.sort();
        assert_eq!(walked, users(120), "pages of {limit}");
    }
}

#[tokio::test]
async fn who_was_taken_away_is_gone_and_starts_anew() {
    let Some(stage) = Stage::new("remove").await else { return };
    let store = stage.store();
    assert_eq!(store.save(&writes(2)).await, [Ok(1), Ok(1)]);
    assert_eq!(store.remove("user-0000").await, Ok(true));
    assert_eq!(store.remove("user-0000").await, Ok(false));
    assert!(is_refused(&store.remove("").await));
    assert_eq!(load(&store, "user-0000").await, None);
    assert_eq!(load(&store, "user-0001").await.unwrap().version, 1);
    assert_eq!(store.save(&[write("user-0000", 0, b"new")]).await, [Ok(1)]);
}

struct Noon;

impl Clock for Noon {
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn unix_millis(&self) -> i64 {
        1_800_000_000_000
    }
}

#[tokio::test]
async fn a_write_sets_its_own_attributes_and_leaves_others() {
    let Some(stage) = Stage::new("attributes").await else { return };
    let store = stage.store();
    let table = &stage.table;
    assert_eq!(store.save(&writes(2)).await, [Ok(1), Ok(1)]);
    assert!(raw::item(&stage.url, table, "user-0000").get("expires").is_none());
    let update = json!({
        "TableName": table, "Key": {"user": {"S": "user-0000"}},
        "UpdateExpression": "SET team = :team", "ExpressionAttributeValues": {":team": {"S": "red"}},
    });
    raw::call(&stage.url, "UpdateItem", &update);
    let expiring = stage.store_with(|settings| {
        settings.expiry = Some(Expiry { after: Duration::from_secs(86_400), clock: Arc::new(Noon) });
    });
    assert!(!expiring.create_table().await.unwrap());
    assert!(!expiring.create_table().await.unwrap());
    assert_eq!(expiring.save(&again(&writes(2), b"second")).await, [Ok(2), Ok(2)]);
    let item = raw::item(&stage.url, table, "user-0000");
    assert_eq!(item["team"]["S"], "red");
    assert_eq!(item["version"]["N"], "2");
    assert_eq!(item["expires"]["N"], (1_800_000_000 + 86_400).to_string());
    let expiry = raw::call(&stage.url, "DescribeTimeToLive", &json!({"TableName": table}));
    assert_eq!(expiry["TimeToLiveDescription"]["AttributeName"], "expires");
}
