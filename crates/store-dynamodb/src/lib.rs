//! Users' measurements on Amazon DynamoDB.
//!
//! A user is one item: the name is the partition key, beside it stand the version and the value. So a user's states agree
//! with each other without any transaction, and what a write has to hold is only its version.
//!
//! | attribute | type | what |
//! |---|---|---|
//! | `user` | S | the name, partition key |
//! | `version` | N | how often the value was written |
//! | `value` | B | the value |
//! | `expires` | N | seconds since 1970 after which DynamoDB may drop the item; only with [`Expiry`] |
//!
//! Attributes that somebody else added to an item are left as they are: a write sets these and no others.
//!
//! # Calls
//!
//! A load of up to 100 users is one `BatchGetItem`, with consistent reads. A save of up to 25 is one `TransactWriteItems`, so
//! 100 users are four; see [`Settings::users_per_write`] for why 25, and what else there is. Scanning and removing are what
//! they are called. The SDK's own retries are off: what is retried, how often and after how long is decided in one place,
//! where it is known what a failed call may have done, and a call that got something done does not count as a failed one.
//!
//! # What a version does not hold
//!
//! Who was taken away, or expired, and is written anew starts at version 1 again. A writer that still holds the version 1 of
//! before would pass. So users are taken away when nobody writes them, and expire after far longer than a batch takes.
//!
//! # Dependencies
//!
//! The SDK comes without its HTTP client: requests go out by the one that the rest of the project uses, with the one TLS and
//! the certificates of the system (`connector`). It comes without aws-config too, which would bring a second SDK (STS)
//! with it: keys, region and endpoint are settings, and [`Settings::from_environment`] reads the usual variables. Who needs roles
//! hands in any [`SharedCredentialsProvider`], aws-config's among them.

mod backoff;
mod connector;
mod failure;
mod item;
mod known;
mod load;
mod save;
mod settings;
mod store;
mod table;
mod walk;
mod write;

pub use aws_credential_types::Credentials;
pub use aws_credential_types::provider::SharedCredentialsProvider;
pub use settings::{Expiry, Settings, SettingsError};
pub use store::DynamoDb;
pub use table::TableError;
