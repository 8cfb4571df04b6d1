//! The store against DynamoDB Local, by way of a proxy that counts the calls, and breaks some.
//!
//! `checks/dynamodb` starts the server and runs these. Where WATCHFIRE_DYNAMODB_URL is not set, all but those that need no server
//! say `skipped`.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod calls;
mod failures;
mod known;
mod promises;
mod proxy;
mod raw;
mod unserved;

use std::time::Duration;

use watchfire_store::measurements::{MeasurementStore, StoredUser, UserFailure, UserWrite};
use watchfire_store_dynamodb::{Credentials, DynamoDb, Settings};

use proxy::Proxy;

/// Settings for a server at this address, patient in number and quick in time.
fn settings(table: &str, endpoint: &str) -> Settings {
    let credentials = Credentials::new("watchfire", "hush", None, None, "test");
    let mut settings = Settings::new(table, "local", credentials);
    settings.endpoint = Some(endpoint.to_owned());
    settings.backoff = Duration::from_millis(5);
    settings.longest_backoff = Duration::from_millis(40);
    settings.call_timeout = Duration::from_secs(20);
    settings
}

/// A table of a test's own, reached by a proxy.
struct Stage {
    proxy: Proxy,
    url: String,
    table: String,
}

impl Stage {
    /// `None` where there is no server.
    #[expect(clippy::print_stderr, reason = "says that a test was skipped")]
    async fn new(test: &str) -> Option<Self> {
        let Ok(url) = std::env::var("WATCHFIRE_DYNAMODB_URL") else {
            eprintln!("skipped: WATCHFIRE_DYNAMODB_URL is not set (checks/dynamodb sets it)");
            return None;
        };
        // A server that outlives the tests has the tables of earlier ones.
        let table = format!("{test}-{}", std::process::id());
        let made = DynamoDb::new(settings(&table, &url)).unwrap().create_table().await.unwrap();
        assert!(made, "{table} was there before");
        let proxy = Proxy::start(Some(&url));
        Some(Self { proxy, url, table })
    }

    /// A store on it.
    fn store(&self) -> DynamoDb {
        self.store_with(|_| ())
    }

    fn store_with(&self, change: impl FnOnce(&mut Settings)) -> DynamoDb {
        let mut settings = settings(&self.table, &self.proxy.url);
        change(&mut settings);
        DynamoDb::new(settings).unwrap()
    }
}

fn users(count: usize) -> Vec<String> {
    (0..count).map(|user| format!("user-{user:04}")).collect()
}

/// New users, with a value of about a kilobyte each.
fn writes(count: usize) -> Vec<UserWrite> {
    users(count)
        .into_iter()
        .enumerate()
        .map(|(place, user)| UserWrite { user, from: 0, value: vec![place as u8; 1_000 + place % 50] })
        .collect()
}

/// The same users once more.
fn again(writes: &[UserWrite], value: &[u8]) -> Vec<UserWrite> {
    let next = |write: &UserWrite| UserWrite {
        user: write.user.clone(),
        from: write.from + 1,
        value: value.to_vec(),
    };
    writes.iter().map(next).collect()
}

fn write(user: &str, from: u64, value: &[u8]) -> UserWrite {
    UserWrite { user: user.to_owned(), from, value: value.to_vec() }
}

async fn load(store: &DynamoDb, user: &str) -> Option<StoredUser> {
    store.load(&[user.to_owned()]).await.remove(0).unwrap()
}

/// Whether these writes stand in the table, each once.
async fn assert_written(stage: &Stage, writes: &[UserWrite]) {
    let store = DynamoDb::new(settings(&stage.table, &stage.url)).unwrap();
    let users: Vec<_> = writes.iter().map(|write| write.user.clone()).collect();
    for (write, found) in writes.iter().zip(store.load(&users).await) {
        let found = found.unwrap().unwrap();
        assert_eq!(found.version, write.from + 1, "{}", write.user);
        assert!(found.value == write.value, "{}", write.user);
    }
}

fn is_refused<T>(answer: &Result<T, UserFailure>) -> bool {
    matches!(answer, Err(UserFailure::Refused(_)))
}
