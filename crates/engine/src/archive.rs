//! Decisions as rows of the store, and back.

use std::sync::OnceLock;
use watchfire_judge::{Archive, Decision};
use watchfire_signal::{Decider, Severity, Verdict};
use watchfire_store::{DecisionRow, Store, StoreError};

/// A decision as a row.
pub fn decision_to_row(decision: &Decision) -> DecisionRow {
    DecisionRow {
        id: decision.id,
        pattern: decision.pattern,
        valid_from: decision.valid_from,
        valid_until: decision.valid_until,
        volume: decision.volume,
        verdict: decision.verdict.id(),
        severity: decision.severity.id(),
        decider: decision.decider.id(),
        confidence: decision.confidence,
        detail: serde_json::to_string(&decision.detail).unwrap_or_default(),
    }
}

/// The decision in a row; `None` if a newer version wrote something into it that this one does not know.
pub fn decision_from_row(row: &DecisionRow) -> Option<Decision> {
    Some(Decision {
        id: row.id,
        pattern: row.pattern,
        valid_from: row.valid_from,
        valid_until: row.valid_until,
        volume: row.volume,
        verdict: Verdict::from_id(row.verdict)?,
        severity: Severity::from_id(row.severity),
        decider: Decider::from_id(row.decider)?,
        confidence: row.confidence,
        detail: serde_json::from_str(&row.detail).ok()?,
    })
}

/// The store as the judge's memory. A failure to read is kept and ends the run; until then nothing is remembered.
pub(crate) struct StoreArchive<'s> {
    store: &'s Store,
    failed: OnceLock<StoreError>,
}

impl<'s> StoreArchive<'s> {
    pub(crate) fn new(store: &'s Store) -> Self {
        Self { store, failed: OnceLock::new() }
    }

    /// Whether something could not be read.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.get().is_some()
    }

    pub(crate) fn into_failure(self) -> Option<StoreError> {
        self.failed.into_inner()
    }
}

impl StoreArchive<'_> {
    /// What was read, or nothing if that failed.
    fn read<T: Default>(&self, outcome: Result<T, StoreError>) -> T {
        outcome.unwrap_or_else(|error| {
            // Only the first failure is told; later ones follow from it.
            let _ = self.failed.set(error);
            T::default()
        })
    }
}

impl Archive for StoreArchive<'_> {
    fn decisions(&self, pattern: i64, time: i64) -> Vec<Decision> {
        self.read(self.store.decisions_at(pattern, time)).iter().filter_map(decision_from_row).collect()
    }

    fn decision(&self, id: i64) -> Option<Decision> {
        self.read(self.store.decision(id)).as_ref().and_then(decision_from_row)
    }
}
