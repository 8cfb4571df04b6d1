//! Alerts that are passed on, to be judged elsewhere: cut into records as they would be here, each under its entity's key.
//!
//! ```text
//!  request ─▶ unpack ▸ cut ▸ read ▸ apart ▸ key ─▶ somewhere durable ─▶ acknowledged
//! ```
//!
//! Nothing is judged and nothing is kept. A request is passed on as a whole, or said to have failed; then some of its records
//! may be there all the same, since what carries them can't say. Whoever sends it again has those twice.

mod key;
mod pieces;
#[cfg(test)]
mod tests;

use super::intake::{MAX_UNPACKED, SHORT};
use super::{Refusal, Service, Shared, Timing};
use pieces::{Cutter, Piece};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;
use watchfire_signal::frame::Chunk;

/// A record that is passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardRecord {
    /// The machine that its alert is about, else where it comes from; none if it says neither, or can't be read. Records with
    /// one key keep their order.
    pub key: Option<String>,
    /// Its text, as it came.
    pub text: String,
}

/// Why records were not passed on: some of them may be there all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotSent(pub String);

/// How sending ends.
pub type Sending<'s> = Pin<Box<dyn Future<Output = Result<(), NotSent>> + Send + 's>>;

/// Takes records to where they are judged.
pub trait Forward: Send + Sync {
    /// The most that a record and its key may have, in bytes.
    fn most_bytes(&self) -> usize;

    /// Whether it was found at all since the start.
    fn is_ready(&self) -> bool;

    /// Sends all of these, in their order. Returns once each is durable, or after a time of its own.
    fn send(&self, records: Vec<ForwardRecord>) -> Sending<'_>;
}

/// Where alerts are passed on to, and what is on its way there.
pub struct Forwarding {
    to: Arc<dyn Forward>,
    /// How long a request waits before it is told that it failed.
    patience: Duration,
    /// Each holds the room that its request takes, whether anybody still waits for it or not.
    sending: Mutex<JoinSet<()>>,
}

impl Forwarding {
    /// Passes on to `to`; a request waits for `patience` at most.
    pub fn new(to: Arc<dyn Forward>, patience: Duration) -> Self {
        Self { to, patience, sending: Mutex::default() }
    }

    /// Whether it was found at all since the start.
    pub fn is_ready(&self) -> bool {
        self.to.is_ready()
    }

    /// Sends while this lives, whoever else gives up. What it takes is given back when it is done.
    fn start(&self, records: Vec<ForwardRecord>, held: Held) -> oneshot::Receiver<Result<(), NotSent>> {
        let (tell, told) = oneshot::channel();
        let to = Arc::clone(&self.to);
        let mut sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner);
        while sending.try_join_next().is_some() {}
        sending.spawn(async move {
            let sent = to.send(records).await;
            drop(held);
            // Whoever gave up doesn't want to know.
            drop(tell.send(sent));
        });
        told
    }
}

/// A request that was passed on as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Forwarded {
    /// Records in it.
    pub received: u64,
    /// Those that were passed on: alerts, and what can't be read.
    pub sent: u64,
    /// Those that are no alerts, and were not passed on.
    pub set_aside: u64,
    /// Those among the ones passed on that can't be read.
    pub broken: u64,
}

/// The room that a request takes.
struct Held {
    _place: OwnedSemaphorePermit,
    _room: [OwnedSemaphorePermit; 2],
}

/// A request that was cut.
struct Cut {
    forwarded: Forwarded,
    records: Vec<ForwardRecord>,
    held: Held,
}

impl Service {
    /// Passes on what a request brought. Returns once everything of it that is to be judged is durable there.
    ///
    /// Dropping the future gives up waiting; what was begun goes on.
    pub async fn forward(&self, body: Vec<u8>, forwarding: &Forwarding) -> Result<Forwarded, Refusal> {
        let started = self.shared.clock.elapsed();
        let place = Arc::clone(&self.shared.requests).try_acquire_owned().map_err(|_| Refusal::Busy)?;
        let most_bytes = forwarding.to.most_bytes();
        let cut = if body.len() <= SHORT {
            self.shared.apart(&body, place, most_bytes)?
        } else {
            let shared = Arc::clone(&self.shared);
            let work = tokio::task::spawn_blocking(move || shared.apart(&body, place, most_bytes));
            work.await.map_err(|error| Refusal::Failed(error.to_string()))??
        };
        let Cut { forwarded, records, held } = cut;
        if !records.is_empty() {
            let told = forwarding.start(records, held);
            match timeout(forwarding.patience, told).await {
                Ok(Ok(Ok(()))) => {}
                Ok(Ok(Err(NotSent(why)))) => return Err(Refusal::NotForwarded(why)),
                Ok(Err(_)) => return Err(Refusal::Failed("sending it failed".to_owned())),
                Err(_) => {
                    let waited = forwarding.patience.as_secs_f64();
                    return Err(Refusal::NotForwarded(format!("no word for {waited} s")));
                }
            }
        }
        self.shared.live.took(Timing::Accept, self.shared.clock.elapsed().saturating_sub(started));
        Ok(forwarded)
    }
}

impl Shared {
    /// Cuts a request into records that can be read apart.
    fn apart(&self, body: &[u8], place: OwnedSemaphorePermit, most_bytes: usize) -> Result<Cut, Refusal> {
        let room = self.room(body.len())?;
        let mut cutter = Cutter::new(&self.mappings, &self.ground.network, MAX_UNPACKED);
        let mut forwarded = Forwarded::default();
        let mut records = Vec::new();
        let mut bytes = 0;
        for chunk in self.cut(body)? {
            for piece in pieces_of(&mut cutter, &chunk)? {
                forwarded.received += piece.alerts + piece.set_aside + piece.broken;
                forwarded.set_aside += piece.set_aside;
                if piece.alerts + piece.broken == 0 {
                    continue;
                }
                forwarded.sent += piece.alerts + piece.broken;
                forwarded.broken += piece.broken;
                let size = piece.text.len() + piece.key.as_ref().map_or(0, String::len);
                if size > most_bytes {
                    return Err(Refusal::LongRecord { bytes: size, most: most_bytes });
                }
                bytes += size;
                records.push(ForwardRecord { key: piece.key, text: piece.text.into_owned() });
            }
        }
        // What a body unpacks to is what is held until it is there.
        let more = self.room(bytes.saturating_sub(body.len()))?;
        Ok(Cut { forwarded, records, held: Held { _place: place, _room: [room, more] } })
    }

    fn room(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Refusal> {
        let kibibytes = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        Arc::clone(&self.kibibytes).try_acquire_many_owned(kibibytes).map_err(|_| Refusal::Busy)
    }
}

/// The records of a chunk, those first that can't even be told apart.
fn pieces_of<'c>(cutter: &mut Cutter<'_>, chunk: &'c Chunk) -> Result<Vec<Piece<'c>>, Refusal> {
    let mut pieces = Vec::new();
    for part in &chunk.broken {
        pieces.extend(cutter.beginning(part)?);
    }
    let mut refused = None;
    let mut reader = cutter.reader.clone();
    chunk.read(&mut reader, |range, items| {
        if refused.is_none() {
            refused = cutter.apart(&chunk.text[range], std::mem::take(items), &mut pieces).err();
        }
    });
    refused.map_or(Ok(pieces), Err)
}
