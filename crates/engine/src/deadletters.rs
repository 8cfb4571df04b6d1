//! Dead letters, tried again.

use crate::error::EngineError;
use crate::input::Input;
use std::sync::Arc;
use watchfire_signal::read::{Item, Mapping, RecordReader};
use watchfire_store::{DeadState, Store};

/// How many are read at a time.
const PAGE: usize = 1000;
/// Text of records replayed in one go, in bytes.
const MAX_REPLAY: usize = 256 << 20;

/// What a replay would do.
#[derive(Debug)]
pub struct ReplayOutcome {
    /// Records that can be read now, to be judged as one input.
    pub input: Input,
    /// How many those are.
    pub readable: u64,
    /// How many still can't be read.
    pub unreadable: u64,
    /// How many were kept only in part, and can be judged only from their file.
    pub partial: u64,
    outcomes: Vec<(i64, DeadState)>,
}

/// Sorts out which dead letters can be read by now, with these mappings.
pub fn replay(store: &Store, mappings: &Arc<[Mapping]>) -> Result<ReplayOutcome, EngineError> {
    let mut reader = RecordReader::new(Arc::clone(mappings));
    let mut text = Vec::new();
    let mut outcome = ReplayOutcome {
        input: Input::Bytes(String::new(), Arc::from([])),
        readable: 0,
        unreadable: 0,
        partial: 0,
        outcomes: Vec::new(),
    };
    let mut after = 0;
    loop {
        let page = store.dead_letters(after, PAGE)?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for dead in &page {
            if !dead.row.whole {
                outcome.partial += 1;
                continue;
            }
            let mut items = Vec::new();
            reader.read(&dead.row.raw, &mut items);
            let sound = !items.is_empty() && !items.iter().any(|item| matches!(item, Item::Broken(_)));
            if sound && text.len() + dead.row.raw.len() < MAX_REPLAY {
                outcome.readable += 1;
                outcome.outcomes.push((dead.id, DeadState::Replayed));
                // One record a line, whatever it was in.
                text.extend(
                    dead.row.raw.bytes().map(|byte| if byte == b'\n' || byte == b'\r' { b' ' } else { byte }),
                );
                text.push(b'\n');
            } else {
                outcome.unreadable += 1;
                outcome.outcomes.push((dead.id, DeadState::Waiting));
            }
        }
    }
    outcome.input = Input::Bytes("dead letters".to_owned(), text.into());
    Ok(outcome)
}

impl ReplayOutcome {
    /// Marks the dead letters as tried; those that could be read leave the list. To be called once they are judged.
    pub fn finish(&self, store: &Store) -> Result<(), EngineError> {
        Ok(store.dead_tried(&self.outcomes)?)
    }
}
