//! Making the table.
//!
//! Billed by the request: what a batch of measurements needs comes in bursts, and there is nothing to plan ahead. Who wants
//! another form makes the table by other means; all that counts is a partition key `user` of type S.

use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TableStatus,
    TimeToLiveSpecification, TimeToLiveStatus,
};
use watchfire_store::measurements::UserFailure;

use crate::DynamoDb;
use crate::failure::{Told, short, told};
use crate::item::{EXPIRES, USER};

/// How often a table that is being made is looked at, at most. With the waits in between that is about a minute.
const MOST_LOOKS: u32 = 120;

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The service failed or refuses.
    #[error("the table can't be made")]
    Failed(#[source] UserFailure),
    /// It was made, and is not ready after about a minute. Calling again goes on waiting.
    #[error("the table is still not ready: {0}")]
    NotReady(String),
    /// There is one of this name whose partition key is another one.
    #[error("the table of this name has another key than `user`")]
    Another,
}

impl DynamoDb {
    /// Makes the table, unless it is there, and waits until it can be used. Says whether it was made. With
    /// [`Settings::expiry`](crate::Settings::expiry) it also tells DynamoDB by which attribute items expire. Dropping the future may
    /// leave a table behind that is not ready yet.
    pub async fn create_table(&self) -> Result<bool, TableError> {
        let made = self.ask_for_table().await?;
        let mut status = String::new();
        for look in 1..=MOST_LOOKS {
            match self.status().await? {
                Some(TableStatus::Active | TableStatus::Updating) => {
                    self.let_expire().await?;
                    return Ok(made);
                }
                Some(other) => status = other.as_str().to_owned(),
                // What was made just now may not be seen everywhere yet.
                None => status = "not seen".to_owned(),
            }
            self.wait(look).await;
        }
        Err(TableError::NotReady(status))
    }

    async fn ask_for_table(&self) -> Result<bool, TableError> {
        let broken = |error: aws_sdk_dynamodb::error::BuildError| {
            TableError::Failed(UserFailure::Refused(short(&error.to_string())))
        };
        let attribute = AttributeDefinition::builder()
            .attribute_name(USER)
            .attribute_type(ScalarAttributeType::S)
            .build()
            .map_err(broken)?;
        let key = KeySchemaElement::builder()
            .attribute_name(USER)
            .key_type(KeyType::Hash)
            .build()
            .map_err(broken)?;
        let mut idle_calls = 0;
        loop {
            let sent = self
                .client
                .create_table()
                .table_name(&self.settings.table)
                .attribute_definitions(attribute.clone())
                .key_schema(key.clone())
                .billing_mode(BillingMode::PayPerRequest)
                .send()
                .await;
            let Err(error) = sent else { return Ok(true) };
            if let Some(CreateTableError::ResourceInUseException(_)) = error.as_service_error() {
                return Ok(false);
            }
            idle_calls += 1;
            self.or_give_up(&told(&error), idle_calls).await?;
        }
    }

    /// Of the table; `None` if there is none.
    async fn status(&self) -> Result<Option<TableStatus>, TableError> {
        let mut idle_calls = 0;
        loop {
            let error = match self.client.describe_table().table_name(&self.settings.table).send().await {
                Ok(answer) => {
                    let Some(table) = answer.table else { return Ok(None) };
                    let keys = table.key_schema();
                    if !(keys.is_empty() || keys.len() == 1 && keys[0].attribute_name() == USER) {
                        return Err(TableError::Another);
                    }
                    return Ok(table.table_status);
                }
                Err(error) => error,
            };
            if matches!(error.as_service_error(), Some(DescribeTableError::ResourceNotFoundException(_))) {
                return Ok(None);
            }
            idle_calls += 1;
            self.or_give_up(&told(&error), idle_calls).await?;
        }
    }

    async fn let_expire(&self) -> Result<(), TableError> {
        if self.settings.expiry.is_none() {
            return Ok(());
        }
        let table = &self.settings.table;
        let now = self.client.describe_time_to_live().table_name(table).send().await;
        let now = now.map_err(|error| TableError::Failed(told(&error).failure()))?;
        // To say so once more would be an error.
        let status = now.time_to_live_description.and_then(|description| description.time_to_live_status);
        if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
            return Ok(());
        }
        let specification = TimeToLiveSpecification::builder().attribute_name(EXPIRES).enabled(true).build();
        let specification = specification
            .map_err(|error| TableError::Failed(UserFailure::Refused(short(&error.to_string()))))?;
        let sent = self
            .client
            .update_time_to_live()
            .table_name(table)
            .time_to_live_specification(specification)
            .send()
            .await;
        sent.map(drop).map_err(|error| TableError::Failed(told(&error).failure()))
    }

    async fn or_give_up(&self, told: &Told, idle_calls: u32) -> Result<(), TableError> {
        if self.again(told, idle_calls).await { Ok(()) } else { Err(TableError::Failed(told.failure())) }
    }
}
