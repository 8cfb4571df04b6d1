//! What every store of records promises, on a server.

use crate::server;
use watchfire_store::records::suite::Fresh;
use watchfire_store::records_suite;

async fn fresh() -> Option<Fresh> {
    let (store, _) = server::fresh().await?;
    Some(Fresh { store: Box::new(store), keep: Box::new(()) })
}

records_suite!(fresh);
