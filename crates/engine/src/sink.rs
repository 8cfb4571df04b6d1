//! The end of the pipeline: commits what is done, then lets the output out, both in the order of the input.

use crate::error::EngineError;
use crossbeam_channel::Receiver;
use std::collections::{BTreeMap, HashSet};
use std::io::{self, Write};
use watchfire_flow::Clock;
use watchfire_store::{Commit, SourceId, Store};

/// Chunks in one transaction, at most.
const MAX_GROUP: usize = 8;

/// A chunk that is judged.
pub(crate) struct Done {
    pub(crate) ticket: u64,
    pub(crate) source: SourceId,
    /// What is to be stored; `None` if it is all there already.
    pub(crate) commit: Option<Commit>,
    /// What is to be written.
    pub(crate) output: Vec<u8>,
}

/// How the sink ended.
#[derive(Debug)]
pub(crate) struct SinkEnd {
    /// Whoever read the output stopped reading; nothing more is wanted.
    pub(crate) output_closed: bool,
    /// Sources that say something else than they said before.
    pub(crate) edited: HashSet<SourceId>,
}

/// Takes chunks until there are no more. The output of a chunk is written only once the chunk is durable.
///
/// The chunks in hand are bounded by the channel and the number of workers: a worker can't have a later ticket done
/// while an earlier one has not passed the turnstile.
pub(crate) fn drain(
    done: &Receiver<Done>,
    store: &Store,
    output: Option<&mut (dyn Write + Send)>,
    clock: &dyn Clock,
) -> Result<SinkEnd, EngineError> {
    let mut next = 0;
    let mut early: BTreeMap<u64, Done> = BTreeMap::new();
    let mut output = output;
    let mut end = SinkEnd { output_closed: false, edited: HashSet::new() };
    let closed = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    while let Ok(first) = done.recv() {
        early.insert(first.ticket, first);
        while early.len() < MAX_GROUP
            && let Ok(more) = done.try_recv()
        {
            early.insert(more.ticket, more);
        }
        let mut group = Vec::new();
        while let Some(in_turn) = early.remove(&next) {
            next += 1;
            group.push(in_turn);
        }
        commit(&mut group, store, clock, &mut end.edited)?;
        if let Some(output) = &mut output {
            // Whoever reads along sees verdicts as they come.
            let written = group
                .iter()
                .try_for_each(|chunk| output.write_all(&chunk.output))
                .and_then(|()| output.flush());
            match written {
                Ok(()) => {}
                Err(error) if closed(&error) => return Ok(SinkEnd { output_closed: true, ..end }),
                Err(error) => return Err(EngineError::Output(error)),
            }
        }
    }
    debug_assert!(early.is_empty(), "every ticket below one that is done must be done");
    Ok(end)
}

/// One transaction per run of chunks of one source.
fn commit(
    group: &mut [Done],
    store: &Store,
    clock: &dyn Clock,
    edited: &mut HashSet<SourceId>,
) -> Result<(), EngineError> {
    for same_source in group.chunk_by_mut(|a, b| a.source == b.source) {
        let source = same_source[0].source;
        let commits: Vec<Commit> = same_source.iter_mut().filter_map(|chunk| chunk.commit.take()).collect();
        if !commits.is_empty() && store.commit(source, &commits, clock.unix_millis())? {
            edited.insert(source);
        }
    }
    Ok(())
}
