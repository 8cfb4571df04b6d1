//! Dead letters, tried again while the service runs.

use super::{Event, Refusal, Service};
use crate::error::EngineError;
use std::sync::Arc;
use watchfire_signal::read::{Item, RecordReader};
use watchfire_store::{DeadState, StoredDead};

/// Dead letters that are tried in one go.
const MOST: usize = 10_000;
const PAGE: usize = 500;

/// What came of trying again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replayed {
    /// Letters that could be read by now.
    pub replayed: u64,
    /// Letters that still can't be.
    pub unreadable: u64,
    /// Letters of which only a part was kept.
    pub partial: u64,
    /// The alerts that came of them.
    pub alerts: Vec<String>,
}

impl Service {
    /// Tries dead letters again: these, or all that wait, at most 10,000. A letter is judged once, however often it is tried.
    pub async fn replay(&self, ids: Option<&[i64]>) -> Result<Replayed, EngineError> {
        let store = &self.shared.store;
        let letters = match ids {
            Some(ids) => store.dead_by_id(ids)?,
            None => {
                let (mut letters, mut after) = (Vec::new(), 0);
                loop {
                    let page = store.dead_letters(after, PAGE)?;
                    let Some(last) = page.last() else { break };
                    after = last.id;
                    letters.extend(page);
                    if letters.len() >= MOST {
                        break;
                    }
                }
                letters
            }
        };
        let mut outcome = Replayed::default();
        let mut tried = Vec::new();
        for letter in &letters {
            if !letter.row.whole {
                outcome.partial += 1;
                continue;
            }
            if !self.is_readable(letter) {
                outcome.unreadable += 1;
                tried.push((letter.id, DeadState::Waiting));
                continue;
            }
            let key = *blake3::hash(format!("dead letter {}", letter.id).as_bytes()).as_bytes();
            match self.accept(letter.row.raw.clone().into_bytes(), Some(key), false).await {
                Ok(accepted) => {
                    outcome.replayed += 1;
                    outcome.alerts.extend(accepted.alerts);
                    tried.push((letter.id, DeadState::Replayed));
                }
                Err(Refusal::Busy) => break,
                Err(_) => outcome.unreadable += 1,
            }
        }
        store.dead_tried(&tried)?;
        self.dead_changed()?;
        Ok(outcome)
    }

    /// Drops a dead letter; whether it waited.
    pub fn drop_dead(&self, id: i64) -> Result<bool, EngineError> {
        let dropped = self.shared.store.drop_dead(id)?;
        self.dead_changed()?;
        Ok(dropped)
    }

    fn dead_changed(&self) -> Result<(), EngineError> {
        let waiting = self.shared.store.dead_count()?;
        self.shared.live.dead_are(waiting);
        self.shared.tell(Event::Dead(waiting));
        Ok(())
    }

    fn is_readable(&self, letter: &StoredDead) -> bool {
        let mut reader = RecordReader::new(Arc::clone(&self.shared.mappings));
        let mut items = Vec::new();
        reader.read(&letter.row.raw, &mut items);
        !items.is_empty() && !items.iter().any(|item| matches!(item, Item::Broken(_)))
    }
}
