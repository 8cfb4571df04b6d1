//! PostgreSQL: what many instances of Watchfire share.
//!
//! - [`PostgresSettings`] says where the server is, and the bounds; whoever connects makes the tables (`schema`).
//! - [`Postgres`] is a database with these tables, and the connections to it.
//! - [`PostgresFleet`] is what several workers share of what they judge; `partitions` are the months of their alerts,
//!   `summaries` the counts that the page shows.
//! - [`PostgresMeasurements`] keeps users' measurements.
//! - [`PostgresRecords`] keeps every other kind of record.
//! - `text` writes what PostgreSQL's text can't hold: use `Text` and `OwnedText` for every text from outside.
//! - `failure` says what an error means: whether it was done, and whether to come again.
//! - A connection on which something went wrong, or whose call was dropped halfway, is closed and never lent again.

mod failure;
mod fleet;
mod found;
mod measurements;
mod partitions;
mod pool;
mod records;
mod schema;
mod settings;
mod summaries;
mod text;
mod tls;

pub use fleet::PostgresFleet;
pub use measurements::PostgresMeasurements;
pub use partitions::{Maintained, Retained};
pub use pool::Postgres;
pub use records::PostgresRecords;
pub use settings::{PostgresError, PostgresSettings};
pub use summaries::HourRow;
