//! How far asking services has come, readable at any time from another thread.

use crate::asking::{AskProgress, AskSnapshot};
use std::sync::{Arc, Mutex, PoisonError};

/// Counters of what each service is asked.
#[derive(Debug, Default)]
pub struct EnrichProgress(Mutex<Vec<(String, Arc<AskProgress>)>>);

/// A service and its counters at one moment. Its questions are indicators.
pub type EnrichSnapshot = (String, AskSnapshot);

impl EnrichProgress {
    /// Nobody asked yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins to count for a service.
    pub(crate) fn of(&self, service: &str) -> Arc<AskProgress> {
        let progress = Arc::new(AskProgress::new());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push((service.to_owned(), Arc::clone(&progress)));
        progress
    }

    /// How far each service has come.
    pub fn snapshot(&self) -> Vec<EnrichSnapshot> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(name, progress)| (name.clone(), progress.snapshot())).collect()
    }
}
