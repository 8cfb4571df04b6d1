//! A partition while it is this worker's: what is done of it, what may be put out, and what waits in its lanes.
//!
//! A record whose decisions are made may be put out at once. One that waits for an answer keeps its key's later records waiting
//! behind it, in order, and nobody else's.

use super::bench::{Handled, Judged, Verdict, alert_mut};
use super::log::LogRecord;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use watchfire_flow::Watermark;
use watchfire_judge::Decision;
use watchfire_store::fleet::FleetSource;

/// What records with one key wait in: the key, or the offset of a record that has none.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Lane {
    Key(Box<[u8]>),
    Alone(i64),
}

impl Lane {
    fn of(handled: &Handled) -> Self {
        match &handled.record.key {
            Some(key) => Self::Key(key.as_slice().into()),
            None => Self::Alone(handled.record.offset),
        }
    }
}

/// A partition of this worker.
pub(super) struct Share {
    /// Which time of having a partition this is.
    pub(super) epoch: u64,
    pub(super) source: FleetSource,
    /// Alerts up to this one may be stored already.
    pub(super) stored_to: Option<u64>,
    pub(super) watermark: Watermark,
    /// What the log has as committed, as far as is known.
    committed: i64,
    /// What came from the log and was not judged yet.
    pub(super) inbox: VecDeque<LogRecord>,
    /// What may be put out, by offset.
    pub(super) ready: BTreeMap<i64, Handled>,
    /// What waits, in the order of each key.
    lanes: HashMap<Lane, VecDeque<Handled>>,
    /// Whether the log was told to send no more of it.
    pub(super) paused: bool,
    /// Records in lanes, and bytes of records in lanes and ready.
    waiting: usize,
    bytes: usize,
}

impl Share {
    /// A partition of which the log has `committed`, and of which what the watermark says is done.
    pub(super) fn new(
        epoch: u64,
        source: FleetSource,
        stored_to: Option<u64>,
        committed: i64,
        watermark: Watermark,
    ) -> Self {
        Self {
            epoch,
            source,
            stored_to,
            watermark,
            committed,
            inbox: VecDeque::new(),
            ready: BTreeMap::new(),
            lanes: HashMap::new(),
            paused: false,
            waiting: 0,
            bytes: 0,
        }
    }

    /// Records that wait for an answer, or behind one that does.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Bytes of records that are held.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes in a record that was judged. Returns its lane, if it waits there, and says by `wait` for what.
    pub(super) fn take(&mut self, handled: Handled) -> Option<Lane> {
        self.bytes += handled.record.value.len();
        let lane = Lane::of(&handled);
        let waits = self.lanes.contains_key(&lane) || is_open(&handled);
        if !waits {
            self.ready.insert(handled.record.offset, handled);
            return None;
        }
        self.waiting += 1;
        self.lanes.entry(lane.clone()).or_default().push_back(handled);
        Some(lane)
    }

    /// Puts the answer into what waits for it in a lane, and lets go on what waits for nothing any more.
    pub(super) fn answered(
        &mut self,
        lane: &Lane,
        decision: &Arc<Decision>,
        shift: impl Fn(&Verdict) -> f64,
    ) {
        let Some(held) = self.lanes.get_mut(lane) else { return };
        for verdict in held.iter_mut().flat_map(|handled| &mut handled.items).filter_map(alert_mut) {
            if verdict.open && verdict.decision.id == decision.id {
                let priority = f64::from(verdict.priority.score()) + shift(verdict).round();
                verdict.priority = watchfire_signal::Priority::from_score(priority);
                verdict.decision = Arc::clone(decision);
                verdict.open = false;
                verdict.line = None;
            }
        }
        while held.front().is_some_and(|first| !is_open(first))
            && let Some(first) = held.pop_front()
        {
            self.waiting -= 1;
            self.ready.insert(first.record.offset, first);
        }
        if held.is_empty() {
            self.lanes.remove(lane);
        }
    }

    /// Whether more is done than is committed, though nothing may have been put out since: what an earlier owner had done is passed
    /// over, and where the partition ends with that, nobody would ever say so.
    pub(super) fn owes_commit(&self) -> bool {
        self.watermark.next() > self.committed
    }

    /// These were put out, and that was committed with them.
    pub(super) fn done(&mut self, offsets: &[i64], committed: i64) {
        self.committed = committed;
        for offset in offsets {
            if let Some(handled) = self.ready.remove(offset) {
                self.bytes = self.bytes.saturating_sub(handled.record.value.len());
            }
        }
        self.watermark.done(offsets);
    }

    /// The first of what is ready that may be called done together: at most so many records, bytes and whatever the text beside an
    /// offset can say. In the order of their offsets, so in that of each key.
    pub(super) fn next_out(&self, records: usize, bytes: usize) -> Vec<i64> {
        let mut room = bytes;
        let mut offsets: Vec<i64> = self
            .ready
            .iter()
            .take(records)
            .take_while(|(_, handled)| {
                let fits = room > 0;
                room = room.saturating_sub(handled.record.value.len() * 2 + 1_000);
                fits
            })
            .map(|(offset, _)| *offset)
            .collect();
        while !offsets.is_empty() && self.watermark.text(&offsets).is_none() {
            offsets.truncate(offsets.len() / 2);
        }
        offsets
    }
}

pub(super) fn is_open(handled: &Handled) -> bool {
    handled.items.iter().any(|item| matches!(item, Judged::Alert(verdict) if verdict.open))
}
