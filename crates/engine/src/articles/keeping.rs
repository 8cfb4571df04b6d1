//! What is too old goes, a little at a time, and the store stays quick. Lists are told.

use super::ArticleService;
use crate::error::EngineError;

/// Articles that are taken away in one transaction; others write in between.
const SLICE: u32 = 500;
/// Names that are looked at in one transaction.
const NAMES: u32 = 5_000;

impl ArticleService {
    /// Takes away articles that no feed has had since a moment, in milliseconds since 1970, and says how many. Blocks.
    pub fn expire(&self, before: i64) -> Result<u64, EngineError> {
        let mut gone = 0;
        loop {
            let some = self.shared.store.articles().expire(before, SLICE)?;
            if some > 0 {
                self.shared.lists.changed();
            }
            gone += some;
            if some < u64::from(SLICE) {
                return Ok(gone);
            }
        }
    }

    /// Takes away names that no article names any more, then brings the planner's statistics up to date. Blocks.
    pub fn tidy(&self) -> Result<(), EngineError> {
        let store = self.shared.store.articles();
        let mut after = 0;
        while let Some(last) = store.tidy(after, NAMES)? {
            after = last;
        }
        Ok(store.analyse()?)
    }
}
