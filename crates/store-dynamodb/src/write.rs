//! One conditional write call: a single update, or a transaction of several.
//!
//! Both ask for the item as it is where the condition fails. That costs nothing, and tells a write that was done before from
//! one that somebody else was faster than, without another call.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ReturnValuesOnConditionCheckFailure as OnFailure, TransactWriteItem, Update,
};
use watchfire_store::measurements::{UserFailure, UserWrite};

use crate::DynamoDb;
use crate::failure::{Told, short, told};
use crate::item::{self, Change};

/// What came of a call.
pub(crate) enum Outcome {
    /// All was written.
    Done,
    /// Nothing was written, for these reasons: one for each write, in their order.
    Cancelled(Vec<Reason>),
    /// The call failed as a whole.
    Failed(Told),
}

/// What a cancelled call says of one of its writes.
pub(crate) enum Reason {
    /// Nothing is wrong with it: it was held up by the others.
    HeldUp,
    /// It need not be tried again.
    Settled(Result<u64, UserFailure>),
    /// It was too much, or somebody else was at work on it: later.
    Busy,
}

impl DynamoDb {
    /// Writes these in one call: all or none.
    pub(crate) async fn write(&self, writes: &[&UserWrite]) -> Outcome {
        match writes {
            [] => Outcome::Done,
            [write] => self.write_one(write).await,
            several => self.write_transaction(several).await,
        }
    }

    async fn write_one(&self, write: &UserWrite) -> Outcome {
        let change = Change::new(write, item::expires(self.settings.expiry.as_ref()));
        let sent = self
            .client
            .update_item()
            .table_name(&self.settings.table)
            .set_key(Some(item::key(&write.user)))
            .update_expression(change.update)
            .condition_expression(change.condition)
            .set_expression_attribute_names(Some(change.names))
            .set_expression_attribute_values(Some(change.values))
            .return_values_on_condition_check_failure(OnFailure::AllOld)
            .send()
            .await;
        match sent {
            Ok(_) => Outcome::Done,
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    Outcome::Cancelled(vec![Reason::Settled(item::verdict(write, failed.item()))])
                }
                _ => Outcome::Failed(told(&error)),
            },
        }
    }

    async fn write_transaction(&self, writes: &[&UserWrite]) -> Outcome {
        let expires = item::expires(self.settings.expiry.as_ref());
        let mut items = Vec::with_capacity(writes.len());
        for write in writes {
            let change = Change::new(write, expires);
            let update = Update::builder()
                .table_name(&self.settings.table)
                .set_key(Some(item::key(&write.user)))
                .update_expression(change.update)
                .condition_expression(change.condition)
                .set_expression_attribute_names(Some(change.names))
                .set_expression_attribute_values(Some(change.values))
                .return_values_on_condition_check_failure(OnFailure::AllOld)
                .build();
            match update {
                Ok(update) => items.push(TransactWriteItem::builder().update(update).build()),
                Err(error) => return Outcome::Failed(Told::Refused(error.to_string())),
            }
        }
        match self.client.transact_write_items().set_transact_items(Some(items)).send().await {
            Ok(_) => Outcome::Done,
            Err(error) => cancelled(writes, &error).unwrap_or_else(|| Outcome::Failed(told(&error))),
        }
    }
}

/// The reasons of a cancelled transaction; `None` if it was not cancelled, or the reasons don't say why.
fn cancelled<R>(writes: &[&UserWrite], error: &SdkError<TransactWriteItemsError, R>) -> Option<Outcome> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
    else {
        return None;
    };
    let reasons = cancelled.cancellation_reasons();
    if reasons.len() != writes.len() {
        return None;
    }
    let reasons: Vec<_> = writes.iter().zip(reasons).map(|(write, reason)| of(write, reason)).collect();
    reasons.iter().any(|reason| !matches!(reason, Reason::HeldUp)).then_some(Outcome::Cancelled(reasons))
}

fn of(write: &UserWrite, reason: &CancellationReason) -> Reason {
    let code = reason.code().unwrap_or("None");
    match code {
        "None" => Reason::HeldUp,
        "ConditionalCheckFailed" => {
            let item: Option<&HashMap<_, _>> = reason.item();
            Reason::Settled(item::verdict(write, item))
        }
        "TransactionConflict"
        | "ProvisionedThroughputExceeded"
        | "ThrottlingError"
        | "RequestLimitExceeded" => Reason::Busy,
        // Too large an item, or one that is not as the table wants it.
        _ => {
            let message = format!("{code}: {}", reason.message().unwrap_or("without a message"));
            Reason::Settled(Err(UserFailure::Refused(short(&message))))
        }
    }
}
