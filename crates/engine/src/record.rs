//! A stored alert's record, read again: its text, its fields, and what it names.

use crate::error::EngineError;
use crate::reputation::ReputationCache;
use std::cell::RefCell;
use std::io::Read;
use std::sync::Arc;
use watchfire_intel::Statement;
use watchfire_judge::{Facts, Network, Reputations, tame};
use watchfire_signal::frame::{Framer, Limits};
use watchfire_signal::read::{Item, Mapping, RecordReader};
use watchfire_signal::{Alert, Indicator, IndicatorKind, Reputation};
use watchfire_store::Store;

/// How much a chunk may unpack to, in bytes: no chunk was larger when it was kept.
const MAX_CHUNK: u64 = 64 << 20;
/// Indicators of one alert.
const MAX_INDICATORS: usize = 16;

/// A record, read again.
#[derive(Debug, Clone)]
pub struct RecordAgain {
    /// Its text, as it came. Untrusted.
    pub raw: String,
    /// The alert's fields: names and values. Untrusted.
    pub fields: Vec<(String, String)>,
    /// What it names and what is known of that.
    pub named: Vec<Named>,
}

/// An indicator, and who says what of it.
#[derive(Debug, Clone)]
pub struct Named {
    /// What it is.
    pub kind: IndicatorKind,
    /// It, on one line.
    pub value: String,
    /// What all together say.
    pub reputation: Reputation,
    /// Who says what.
    pub statements: Vec<Statement>,
}

/// Takes down what is asked about.
struct Asked<'a> {
    reputations: &'a ReputationCache,
    named: RefCell<Vec<Named>>,
}

impl Reputations for Asked<'_> {
    fn reputation(&self, indicator: Indicator<'_>) -> Reputation {
        let reputation = self.reputations.opinion(indicator).reputation();
        let mut named = self.named.borrow_mut();
        let value = tame(indicator.value, 300);
        if named.len() < MAX_INDICATORS
            && !named.iter().any(|known| known.kind == indicator.kind && known.value == value)
        {
            let statements = self.reputations.statements(indicator);
            named.push(Named { kind: indicator.kind, value, reputation, statements });
        }
        reputation
    }
}

/// The record of a stored alert; `None` if its text was not kept, or can't be read by itself (a line of CSV without its header).
pub fn record_again(
    store: &Store,
    reputations: &ReputationCache,
    network: &Network,
    mappings: &Arc<[Mapping]>,
    limits: Limits,
    id: &str,
) -> Result<Option<RecordAgain>, EngineError> {
    alert_again(store, mappings, limits, id, |alert| {
        let asked = Asked { reputations, named: RefCell::default() };
        Facts::of(alert, network, &asked);
        RecordAgain {
            raw: alert.raw.to_owned(),
            fields: alert.cells().map(|(field, text)| (field.name().to_owned(), text.to_owned())).collect(),
            named: asked.named.into_inner(),
        }
    })
}

/// Reads a stored alert again, and looks at it; `None` as above.
pub(crate) fn alert_again<R>(
    store: &Store,
    mappings: &Arc<[Mapping]>,
    limits: Limits,
    id: &str,
    look: impl FnOnce(&Alert<'_>) -> R,
) -> Result<Option<R>, EngineError> {
    let Some((packed, place, records)) = store.alert_chunk(id)? else { return Ok(None) };
    let mut text = Vec::new();
    zstd::stream::read::Decoder::new(packed.as_slice())
        .and_then(|unpacked| unpacked.take(MAX_CHUNK).read_to_end(&mut text))
        .map_err(|_| EngineError::Corrupt("chunk"))?;
    let Ok(mut framer) = Framer::new(text.as_slice(), Arc::default(), limits, mappings) else {
        return Ok(None);
    };
    let mut reader = RecordReader::new(Arc::clone(mappings));
    let mut chunks = Vec::new();
    while let Some(chunk) = framer.next_chunk() {
        chunks.push(chunk);
    }
    let mut items = Vec::new();
    for chunk in &chunks {
        chunk.read(&mut reader, |_, found| items.append(found));
    }
    // What could not be cut into records stands before those that could, and its text was not kept with them.
    let uncut = records.saturating_sub(items.len() as u64);
    let Some(index) = place.checked_sub(uncut) else { return Ok(None) };
    let Some(Item::Alert(alert)) = items.get(index as usize) else { return Ok(None) };
    Ok(Some(look(alert)))
}
