//! Reading users, a hundred a call.
//!
//! `BatchGetItem` gives back what it had no room (16 MB) or no throughput for as unprocessed keys, which are asked for again. A
//! call that gave any user is progress, and only calls without any are counted: a table that gives a little at a time is read to
//! the end, one that gives nothing is given up after [`Settings::attempts`](crate::Settings::attempts).

use std::collections::HashMap;

use aws_sdk_dynamodb::types::KeysAndAttributes;
use futures_util::stream::{self, StreamExt as _};
use watchfire_store::measurements::{MOST_USERS, StoredUser, UserFailure};

use crate::DynamoDb;
use crate::failure::{Told, told};
use crate::item::{self, Item, USER, VALUE, VERSION};

/// Keys in one `BatchGetItem` at most, by DynamoDB's limits.
const MOST_KEYS: usize = 100;

type Answer = Result<Option<StoredUser>, UserFailure>;

/// What came of one call: items, and the keys that were not looked at.
struct Page {
    items: Vec<Item>,
    unprocessed: Vec<Item>,
}

impl DynamoDb {
    pub(crate) async fn load_users(&self, users: &[String]) -> Vec<Answer> {
        let mut first: HashMap<&str, Option<Answer>> = HashMap::with_capacity(users.len());
        let mut wanted = Vec::with_capacity(users.len());
        for user in users.iter().take(MOST_USERS) {
            // A key twice in one call is an error of the whole call.
            if first.contains_key(user.as_str()) {
                continue;
            }
            let known = match item::check_user(user) {
                Err(failure) => Some(Err(failure)),
                Ok(()) if self.known.as_ref().is_some_and(|known| known.is_absent(user)) => Some(Ok(None)),
                Ok(()) => {
                    wanted.push(user.as_str());
                    None
                }
            };
            first.insert(user, known);
        }
        let chunks: Vec<_> = wanted.chunks(MOST_KEYS).map(|chunk| self.load_chunk(chunk)).collect();
        let mut calls = stream::iter(chunks).buffer_unordered(self.settings.calls_at_once);
        while let Some(answers) = calls.next().await {
            for (user, answer) in answers {
                first.insert(user, Some(answer));
            }
        }
        let too_many = || Err(UserFailure::Refused(format!("more than {MOST_USERS} users in one call")));
        users
            .iter()
            .map(|user| first.get(user.as_str()).cloned().flatten().unwrap_or_else(too_many))
            .collect()
    }

    async fn load_chunk<'a>(&self, users: &[&'a str]) -> Vec<(&'a str, Answer)> {
        let mut left: HashMap<&str, &'a str> = users.iter().map(|user| (*user, *user)).collect();
        let mut answers = Vec::with_capacity(users.len());
        let mut idle_calls = 0;
        while !left.is_empty() {
            let before = left.len();
            let told = match self.page(left.keys().copied()).await {
                Err(told) => told.of_reading(),
                Ok(page) => {
                    let mut unprocessed = HashMap::with_capacity(page.unprocessed.len());
                    for key in &page.unprocessed {
                        if let Some((name, user)) =
                            item::user_of(key).and_then(|user| left.remove_entry(user))
                        {
                            unprocessed.insert(name, user);
                        }
                    }
                    for found in page.items {
                        let user = item::user_of(&found).and_then(|user| left.remove(user));
                        if let Some(user) = user {
                            answers.push((user, item::read(found).map(Some)));
                        }
                    }
                    // Looked at, and not there.
                    answers.extend(left.drain().map(|(_, user)| (user, Ok(None))));
                    left = unprocessed;
                    Told::Throttled
                }
            };
            if left.is_empty() {
                break;
            }
            idle_calls = if left.len() < before { 0 } else { idle_calls + 1 };
            if !self.again(&told, idle_calls).await {
                answers.extend(left.drain().map(|(_, user)| (user, Err(told.failure()))));
            }
        }
        answers
    }

    async fn page(&self, users: impl Iterator<Item = &str>) -> Result<Page, Told> {
        let keys = KeysAndAttributes::builder()
            .set_keys(Some(users.map(item::key).collect()))
            .consistent_read(true)
            .projection_expression("#user, #version, #value")
            .expression_attribute_names("#user", USER)
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_names("#value", VALUE)
            .build()
            .map_err(|error| Told::Refused(error.to_string()))?;
        let table = &self.settings.table;
        let sent = self.client.batch_get_item().request_items(table, keys).send().await;
        let answer = sent.map_err(|error| told(&error))?;
        // Read as it stands, an answer that is empty would say that nobody is there.
        let Some(mut tables) = answer.responses else {
            return Err(Told::Failed("the answer has no Responses".to_owned()));
        };
        let items = tables.remove(table).unwrap_or_default();
        let unprocessed = answer.unprocessed_keys.and_then(|mut tables| tables.remove(table));
        Ok(Page { items, unprocessed: unprocessed.map(|keys| keys.keys).unwrap_or_default() })
    }
}
