//! What every store of records promises, on SQLite.

use crate::records::SqliteRecords;
use crate::records::suite::Fresh;
use crate::{Location, Store};
use std::sync::Arc;

#[expect(clippy::unused_async, reason = "as the suite calls it")]
async fn fresh() -> Option<Fresh> {
    let store = Arc::new(Store::open(&Location::Memory).unwrap());
    Some(Fresh { store: Box::new(SqliteRecords::new(store)), keep: Box::new(()) })
}

crate::records_suite!(fresh);
