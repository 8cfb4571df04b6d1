//! Going through all users, and taking one away.
//!
//! A scan goes in the order of the keys' hashes, which is the same from page to page; there is no other without an index
//! of its own, and that would make each write dearer. DynamoDB bills a scan by what it reads, values included, so a walk through
//! a table costs as much as reading it. A page ends at 1 MB read, so many pages may make one answer.

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use watchfire_store::measurements::UserFailure;

use crate::DynamoDb;
use crate::failure::{Told, told};
use crate::item::{self, USER};

/// Users in one answer at most, however many are asked for.
const MOST_WALKED: usize = 10_000;

impl DynamoDb {
    pub(crate) async fn walk(
        &self,
        after: Option<String>,
        limit: usize,
    ) -> Result<(Vec<String>, Option<String>), UserFailure> {
        let limit = limit.clamp(1, MOST_WALKED);
        let mut users = Vec::new();
        let mut after = after;
        let mut idle_calls = 0;
        loop {
            // No name is empty, so none comes before the first.
            let start = after.as_deref().filter(|user| !user.is_empty());
            let scanned = self
                .client
                .scan()
                .table_name(&self.settings.table)
                .consistent_read(true)
                .projection_expression("#user")
                .expression_attribute_names("#user", USER)
                .limit(i32::try_from(limit - users.len()).unwrap_or(i32::MAX))
                .set_exclusive_start_key(start.map(item::key))
                .send()
                .await;
            let page = match scanned {
                Ok(page) => page,
                Err(error) => {
                    let told = told(&error).of_reading();
                    idle_calls += 1;
                    if self.again(&told, idle_calls).await {
                        continue;
                    }
                    return Err(told.failure());
                }
            };
            idle_calls = 0;
            users.extend(page.items().iter().filter_map(item::user_of).map(str::to_owned));
            after = page.last_evaluated_key().and_then(item::user_of).map(str::to_owned);
            if after.is_none() || users.len() >= limit {
                return Ok((users, after));
            }
        }
    }

    /// Takes in everybody who is in the table, so that from then on a load of somebody who is not there costs no read. Says how
    /// many there are. Without [`Settings::only_writer`](crate::Settings::only_writer) it does nothing and says 0. It
    /// may run while users are loaded and saved. Dropping the future leaves things as if it had not been called.
    pub async fn know_users(&self) -> Result<u64, UserFailure> {
        let Some(known) = &self.known else { return Ok(0) };
        let (mut count, mut after) = (0, None);
        loop {
            let (users, next) = self.walk(after, MOST_WALKED).await?;
            for user in &users {
                known.insert(user);
            }
            count += users.len() as u64;
            after = next;
            if after.is_none() {
                known.complete();
                return Ok(count);
            }
        }
    }

    pub(crate) async fn remove_user(&self, user: &str) -> Result<bool, UserFailure> {
        item::check_user(user)?;
        let mut idle_calls = 0;
        loop {
            let removed = self
                .client
                .delete_item()
                .table_name(&self.settings.table)
                .set_key(Some(item::key(user)))
                .condition_expression("attribute_exists(#user)")
                .expression_attribute_names("#user", USER)
                .send()
                .await;
            let Err(error) = removed else { return Ok(true) };
            if let Some(DeleteItemError::ConditionalCheckFailedException(_)) = error.as_service_error() {
                return Ok(false);
            }
            let told = told(&error);
            idle_calls += 1;
            // Who was taken away by a call whose answer was lost would look as if they had never been there.
            if matches!(told, Told::Lost(_)) || !self.again(&told, idle_calls).await {
                return Err(told.failure());
            }
        }
    }
}
