//! Records in the store's SQLite file. SQLite blocks, so each call runs on one of the runtime's threads for that, with its own
//! copy of what it is asked.

mod kinds;
mod outside;
mod tables;
#[cfg(test)]
mod tests;

use super::{Answer, RecordError};
use crate::{Store, StoreError};
use std::sync::Arc;

/// The records of a [`Store`]. Its calls need a tokio runtime around them. Who drops a call's future does not end a write.
#[derive(Debug, Clone)]
pub struct SqliteRecords {
    store: Arc<Store>,
}

impl SqliteRecords {
    /// The records of this store.
    pub fn new(store: Arc<Store>) -> Self {
        Self { store }
    }

    /// Runs work on a thread that may block.
    fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Answer<'static, T> {
        let store = Arc::clone(&self.store);
        Box::pin(async move {
            match tokio::task::spawn_blocking(move || work(&store)).await {
                Ok(done) => done.map_err(RecordError::from),
                Err(ended) => Err(RecordError::Lost(Box::new(ended))),
            }
        })
    }
}
