//! Each kind of record in the SQLite file: what the store has, on a thread that may block.

use super::SqliteRecords;
use crate::queue::After;
use crate::records::{
    AlertChunk, AlertRecords, AnalystsId, Answer, DeadRecords, DecisionRecords, IntakeRecords,
    MeasurementDeadRecords, PatternRecords, SourceRecords, Weighing, WordRecords,
};
use crate::search::Place;
use crate::{
    AnalystDecisionRow, AnalystWordRow, Arrival, ChoiceRow, ChunkRow, Commit, DeadState, DecisionRow,
    Deliveries, FoundAlert, MeasurementDeadRow, Overridden, QueuedPattern, Search, SourceId, StoredAlert,
    StoredDead, StoredMeasurementDead, Wanted,
};

impl SourceRecords for SqliteRecords {
    fn source<'a>(&'a self, head: &'a [u8], name: &'a str, now: i64) -> Answer<'a, SourceId> {
        let (head, name) = (crate::records::heads::of(head).to_vec(), name.to_owned());
        self.work(move |store| store.source(&head, &name, now))
    }

    fn network_source<'a>(&'a self, name: &'a str, now: i64) -> Answer<'a, (SourceId, u64)> {
        let name = name.to_owned();
        self.work(move |store| store.network_source(&name, now))
    }
}

impl IntakeRecords for SqliteRecords {
    fn commit(&self, source: SourceId, commits: Vec<Commit>, now: i64) -> Answer<'_, bool> {
        self.work(move |store| store.commit(source, &commits, now))
    }

    fn trim(&self, source: SourceId, records: u64) -> Answer<'_, ()> {
        self.work(move |store| store.trim(source, records))
    }

    fn is_stored<'a>(&'a self, source: SourceId, chunk: &'a ChunkRow) -> Answer<'a, bool> {
        let chunk = chunk.clone();
        self.work(move |store| store.is_stored(source, &chunk))
    }

    fn take_in(&self, source: SourceId, arrivals: Vec<Arrival>, now: i64) -> Answer<'_, ()> {
        self.work(move |store| store.take_in(source, &arrivals, now))
    }
}

impl AlertRecords for SqliteRecords {
    fn alert<'a>(&'a self, id: &'a str) -> Answer<'a, Option<StoredAlert>> {
        let id = id.to_owned();
        self.work(move |store| store.alert(&id))
    }

    fn alert_chunk<'a>(&'a self, id: &'a str) -> Answer<'a, Option<AlertChunk>> {
        let id = id.to_owned();
        self.work(move |store| store.alert_chunk(&id))
    }

    fn found<'a>(&'a self, id: &'a str) -> Answer<'a, Option<FoundAlert>> {
        let id = id.to_owned();
        self.work(move |store| store.found(&id))
    }

    fn search<'a>(
        &'a self,
        search: &'a Search,
        after: Option<Place>,
        limit: u32,
    ) -> Answer<'a, Vec<FoundAlert>> {
        let search = search.clone();
        self.work(move |store| store.search(&search, after, limit))
    }

    fn ordinals(&self, source: SourceId, first: u64, records: u64) -> Answer<'_, Vec<u64>> {
        self.work(move |store| store.ordinals(source, first, records))
    }

    fn examples<'a>(&'a self, decisions: &'a [i64]) -> Answer<'a, Vec<(i64, String)>> {
        let decisions = decisions.to_vec();
        self.work(move |store| store.examples(&decisions))
    }

    fn alert_count(&self) -> Answer<'_, u64> {
        self.work(crate::Store::alert_count)
    }
}

impl PatternRecords for SqliteRecords {
    fn pattern(&self, id: i64) -> Answer<'_, Option<(i64, u64)>> {
        self.work(move |store| store.pattern(id))
    }

    fn pattern_span(&self, id: i64) -> Answer<'_, Option<(i64, i64)>> {
        self.work(move |store| store.pattern_span(id))
    }

    fn pattern_description(&self, id: i64) -> Answer<'_, Option<String>> {
        self.work(move |store| store.pattern_description(id))
    }

    fn pattern_count(&self) -> Answer<'_, u64> {
        self.work(crate::Store::pattern_count)
    }

    fn queue<'a>(
        &'a self,
        wanted: &'a Wanted,
        after: Option<After>,
        limit: u32,
    ) -> Answer<'a, Vec<QueuedPattern>> {
        let wanted = wanted.clone();
        self.work(move |store| store.queue(&wanted, after, limit))
    }

    fn queue_count<'a>(&'a self, wanted: &'a Wanted) -> Answer<'a, u64> {
        let wanted = wanted.clone();
        self.work(move |store| store.queue_count(&wanted))
    }

    fn queued(&self, pattern: i64) -> Answer<'_, Option<QueuedPattern>> {
        self.work(move |store| store.queued(pattern))
    }
}

impl DecisionRecords for SqliteRecords {
    fn decision(&self, id: i64) -> Answer<'_, Option<DecisionRow>> {
        self.work(move |store| store.decision(id))
    }

    fn decisions_at(&self, pattern: i64, time: i64) -> Answer<'_, Vec<DecisionRow>> {
        self.work(move |store| store.decisions_at(pattern, time))
    }

    fn decisions_on(&self, pattern: i64, limit: u32) -> Answer<'_, Vec<DecisionRow>> {
        self.work(move |store| store.decisions_on(pattern, limit))
    }

    fn decisions_by(&self, decider: u8) -> Answer<'_, Vec<i64>> {
        self.work(move |store| store.decisions_by(decider))
    }

    fn keep_decision<'a>(&'a self, decision: &'a DecisionRow) -> Answer<'a, ()> {
        let decision = decision.clone();
        self.work(move |store| store.keep_decision(&decision))
    }

    fn answered_late(
        &self,
        decision: i64,
        pattern: i64,
        before: (u8, u8),
        weight: Weighing,
    ) -> Answer<'_, ()> {
        self.work(move |store| store.answered_late(decision, pattern, before, &*weight))
    }
}

impl WordRecords for SqliteRecords {
    fn analyst_decisions(&self) -> Answer<'_, Vec<AnalystDecisionRow>> {
        self.work(crate::Store::analyst_decisions)
    }

    fn analyst_decision(&self, pattern_key: [u8; 16]) -> Answer<'_, Option<u8>> {
        self.work(move |store| store.analyst_decision(pattern_key))
    }

    fn words_on(&self, pattern_key: [u8; 16], limit: u32) -> Answer<'_, Vec<AnalystWordRow>> {
        self.work(move |store| store.words_on(&pattern_key, limit))
    }

    fn decide<'a>(
        &'a self,
        by: &'a AnalystDecisionRow,
        decision: &'a DecisionRow,
        choice: Option<&'a ChoiceRow>,
        deliveries: &'a Deliveries,
        weight: Weighing,
    ) -> Answer<'a, Overridden> {
        let (by, decision) = (by.clone(), decision.clone());
        let (choice, deliveries) = (choice.cloned(), deliveries.clone());
        self.work(move |store| store.decide(&by, &decision, choice.as_ref(), &deliveries, &*weight))
    }

    fn undo(
        &self,
        pattern: i64,
        analysts_id: AnalystsId,
        decider: u8,
        weight: Weighing,
    ) -> Answer<'_, Option<Overridden>> {
        self.work(move |store| store.undo(pattern, &*analysts_id, decider, &*weight))
    }

    fn settle(&self, pattern: i64, analysts_id: AnalystsId, decider: u8, weight: Weighing) -> Answer<'_, ()> {
        self.work(move |store| store.settle(pattern, &*analysts_id, decider, &*weight))
    }
}

impl DeadRecords for SqliteRecords {
    fn dead_letters(&self, after: i64, limit: usize) -> Answer<'_, Vec<StoredDead>> {
        self.work(move |store| store.dead_letters(after, limit))
    }

    fn dead_by_id<'a>(&'a self, ids: &'a [i64]) -> Answer<'a, Vec<StoredDead>> {
        let ids = ids.to_vec();
        self.work(move |store| store.dead_by_id(&ids))
    }

    fn drop_dead(&self, id: i64) -> Answer<'_, bool> {
        self.work(move |store| store.drop_dead(id))
    }

    fn dead_count(&self) -> Answer<'_, u64> {
        self.work(crate::Store::dead_count)
    }

    fn dead_tried<'a>(&'a self, outcomes: &'a [(i64, DeadState)]) -> Answer<'a, ()> {
        let outcomes = outcomes.to_vec();
        self.work(move |store| store.dead_tried(&outcomes))
    }
}

impl MeasurementDeadRecords for SqliteRecords {
    fn keep_measurement_dead<'a>(&'a self, rows: &'a [MeasurementDeadRow]) -> Answer<'a, u64> {
        let rows = rows.to_vec();
        self.work(move |store| store.keep_measurement_dead(&rows))
    }

    fn measurement_dead(&self, after: i64, limit: usize) -> Answer<'_, Vec<StoredMeasurementDead>> {
        self.work(move |store| store.measurement_dead(after, limit))
    }

    fn measurement_dead_counts(&self) -> Answer<'_, (u64, u64)> {
        self.work(crate::Store::measurement_dead_counts)
    }

    fn forget_measurement_dead<'a>(&'a self, ids: &'a [i64]) -> Answer<'a, u64> {
        let ids = ids.to_vec();
        self.work(move |store| store.forget_measurement_dead(&ids))
    }
}
