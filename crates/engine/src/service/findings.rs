//! Every verdict as an OCSF Detection Finding, for whoever listens, once it is durable.
//!
//! Findings are only made while somebody listens. They go out in batches of about 256 KiB, of which so many are kept for a slow
//! listener; what such a one misses it can count, because findings are numbered.

use super::Service;
use super::webhooks::{Kind, body};
use crate::work::{Said, with_record};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::broadcast;
use watchfire_judge::Facts;
use watchfire_signal::{Alert, Severity};

/// Bytes of a batch, and one finding more.
const BATCH: usize = 256 << 10;
/// Batches that a listener may be behind.
const BEHIND: usize = 128;
/// Bytes of findings that are made of one request; those of further alerts are missed.
const MOST: usize = 16 << 20;

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// An OCSF Detection Finding, as JSON on one line.
    pub json: String,
}

/// Findings, in the order in which their alerts were judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// The number of the first; they count on from there.
    pub first: u64,
    /// They.
    pub all: Vec<Finding>,
}

/// The findings of a request that is not durable yet.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    all: Vec<Finding>,
    bytes: usize,
    left_out: u64,
}

impl Draft {
    pub(crate) fn add(&mut self, id: &str, alert: &Alert<'_>, facts: &Facts<'_>, said: Said<'_>) {
        if self.bytes > MOST {
            self.left_out += 1;
            return;
        }
        let json = with_record(id, alert, facts, said, |record| body(Kind::Ocsf, record));
        self.bytes += json.len();
        self.all.push(Finding { severity: said.decision.severity, json });
    }
}

/// Who listens.
pub(crate) struct Stream {
    sender: broadcast::Sender<Arc<Findings>>,
    told: AtomicU64,
}

impl Stream {
    pub(crate) fn new() -> Self {
        Self { sender: broadcast::channel(BEHIND).0, told: AtomicU64::new(0) }
    }

    pub(crate) fn is_heard(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    /// Tells whoever listens. Only one may tell at a time.
    pub(crate) fn tell(&self, draft: Draft) {
        let Draft { all, left_out, .. } = draft;
        let mut first = self.told.fetch_add(all.len() as u64 + left_out, Ordering::Relaxed);
        let (mut batch, mut bytes) = (Vec::new(), 0);
        let send = |batch: Vec<Finding>, first: &mut u64| {
            let count = batch.len() as u64;
            // That nobody listens any more is no failure.
            drop(self.sender.send(Arc::new(Findings { first: *first, all: batch })));
            *first += count;
        };
        for finding in all {
            bytes += finding.json.len();
            batch.push(finding);
            if bytes >= BATCH {
                send(std::mem::take(&mut batch), &mut first);
                bytes = 0;
            }
        }
        if !batch.is_empty() {
            send(batch, &mut first);
        }
    }
}

impl Service {
    /// Every verdict from now on. Where numbers are missing, so are findings.
    pub fn findings(&self) -> broadcast::Receiver<Arc<Findings>> {
        self.shared.stream.sender.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::{BATCH, BEHIND, Draft, Finding, Stream};
    use tokio::sync::broadcast::error::TryRecvError;
    use watchfire_signal::Severity;

    fn draft(findings: usize, left_out: u64) -> Draft {
        let finding = Finding { severity: Severity::High, json: "x".repeat(BATCH / 2) };
        Draft { all: vec![finding; findings], bytes: 0, left_out }
    }

    #[test]
    fn numbers_tell_what_is_missing() {
        let stream = Stream::new();
        assert!(!stream.is_heard());
        let mut listener = stream.sender.subscribe();
        assert!(stream.is_heard());
        stream.tell(draft(3, 2));
        stream.tell(draft(1, 0));
        let mut next = || listener.try_recv().map(|findings| (findings.first, findings.all.len()));
        assert_eq!([next(), next(), next()], [Ok((0, 2)), Ok((2, 1)), Ok((5, 1))]);
        assert_eq!(next(), Err(TryRecvError::Empty));
        stream.tell(draft(BEHIND * 2 + 4, 0));
        assert!(matches!(listener.try_recv(), Err(TryRecvError::Lagged(2))));
        assert_eq!(listener.try_recv().unwrap().first, 10);
    }
}
