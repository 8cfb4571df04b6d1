//! PostgreSQL: what many instances of Watchfire share.
//!
//! - [`PostgresSettings`] says where the server is, and the bounds; whoever connects makes the tables (`schema`).
//! - [`PostgresMeasurements`] keeps users' measurements.
//! - `failure` says what an error means: whether it was done, and whether to come again.
//! - A connection on which something went wrong, or whose call was dropped halfway, is closed and never lent again.

mod failure;
mod measurements;
mod schema;
mod settings;
mod tls;

pub use measurements::PostgresMeasurements;
pub use settings::{PostgresError, PostgresSettings};
