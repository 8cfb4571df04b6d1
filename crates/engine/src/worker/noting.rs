//! How far partitions were put out, noted in the shared store too.
//!
//! The log says it itself, by what is committed. A log that came back from a crash may have forgotten the latest of that: whoever
//! then went on from what is committed would put everything after it out again. So what reaches further counts. Notes come
//! after what they tell of, and nobody waits for them but who gives partitions up; a note that is missing costs what a log that
//! forgets would cost anyway.

use super::insisting::Insisting;
use super::log::Start;
use std::collections::BTreeMap;
use std::pin::Pin;
use watchfire_flow::{Watermark, reach};
use watchfire_store::fleet::{FleetError, FleetSource, FleetStore, PutOut};

/// A write that is under way.
type Writing<'w> = Pin<Box<dyn Future<Output = Result<(), FleetError>> + 'w>>;

/// What is noted, one write at a time.
pub(super) struct Noting<'n, S> {
    store: &'n Insisting<'n, S>,
    group: &'n str,
    /// What is to be noted next, by the sources' rows.
    waiting: BTreeMap<i64, PutOut>,
    writing: Option<Writing<'n>>,
}

impl<'n, S: FleetStore> Noting<'n, S> {
    pub(super) fn new(store: &'n Insisting<'n, S>, group: &'n str) -> Self {
        Self { store, group, waiting: BTreeMap::new(), writing: None }
    }

    /// To be noted: this was committed.
    pub(super) fn add(&mut self, source: FleetSource, next: i64, text: String) {
        let reach = reach(next, &text);
        self.waiting.insert(source.row(), PutOut { source, next, text, reach });
    }

    /// Ends one write, and never where there is nothing to note. Dropping the future loses nothing.
    pub(super) async fn step(&mut self) -> Result<(), FleetError> {
        if self.writing.is_none() {
            if self.waiting.is_empty() {
                return std::future::pending().await;
            }
            let notes: Vec<PutOut> = std::mem::take(&mut self.waiting).into_values().collect();
            let (store, group) = (self.store, self.group);
            self.writing =
                Some(Box::pin(async move { store.insist(|store| store.note_put_out(group, &notes)).await }));
        }
        let Some(writing) = &mut self.writing else { return Ok(()) };
        let written = writing.await;
        self.writing = None;
        written
    }

    /// Notes all of it.
    pub(super) async fn all(&mut self) -> Result<(), FleetError> {
        while self.writing.is_some() || !self.waiting.is_empty() {
            self.step().await?;
        }
        Ok(())
    }

    /// What is done of a partition that is taken over: as was committed, or as is noted where that reaches further.
    pub(super) async fn watermark(
        &self,
        start: &Start,
        source: FleetSource,
    ) -> Result<Watermark, FleetError> {
        let committed = || Watermark::new(start.offset, &start.metadata);
        let noted = self.store.insist(|store| store.put_out(self.group, source)).await?;
        let Some(noted) = noted.filter(|noted| noted.reach > reach(start.offset, &start.metadata)) else {
            return Ok(committed());
        };
        if noted.next > start.end {
            tracing::error!(
                partition = %start.partition, noted = noted.next, end = start.end,
                "the partition ends before what was put out of it: it was made anew or lost records, and nothing of it counts as done"
            );
            return Ok(committed());
        }
        tracing::warn!(
            partition = %start.partition, committed = start.offset, noted = noted.next,
            "more was put out than the log has as committed; what was put out is passed over. To have it again, take another group"
        );
        Ok(Watermark::new(noted.next, &noted.text))
    }
}
