//! The edge as its user holds it, and the threads behind it.

use crate::client::{Consumer, ConsumerNotes};
use crate::failure::{EdgeError, PutError};
use crate::holding::Holding;
use crate::members;
use crate::reading::Reader;
use crate::record::{Event, Output, Partition};
use crate::settings::KafkaSettings;
use crate::topics;
use crate::writing::{Job, Writer};
use rdkafka::config::FromClientConfigAndContext as _;
use rdkafka::consumer::Consumer as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use watchfire_flow::SystemClock;

/// Outputs that wait for the one that is being put out.
const WAITING_OUTPUTS: usize = 2;
/// Counts of members that nobody has taken yet.
const WAITING_COUNTS: usize = 4;
/// So long may the threads take to end, for answers that are still to come and for leaving the group.
const CLOSE: Duration = Duration::from_secs(30);

/// One instance's membership in the group, and its way to put things out.
///
/// Dropping it leaves the group by and by; [`Edge::close`] waits for that.
#[derive(Debug)]
pub struct Edge {
    jobs: mpsc::Sender<Job>,
    holding: Arc<Holding>,
    closing: Arc<AtomicBool>,
    /// Answered, or dropped, when the threads have ended.
    ended: oneshot::Receiver<()>,
}

impl Edge {
    /// Joins the group. Transactions that an instance of this name had begun before are ended first. What happens comes as
    /// events; they have to be taken, or reading pauses.
    ///
    /// Dropping the future leaves the group again.
    pub async fn connect(settings: KafkaSettings) -> Result<(Self, mpsc::Receiver<Event>), EdgeError> {
        settings.check()?;
        let (ready, answer) = oneshot::channel();
        thread::Builder::new()
            .name("kafka-reader".to_owned())
            .spawn(move || serve(settings, ready))
            .map_err(|error| EdgeError::Thread(Some(error)))?;
        answer.await.map_err(|_| EdgeError::Thread(None))?
    }

    /// No more records of these, which takes effect within a tenth of a second; those on the way still come. It holds until
    /// [`Edge::resume`], or until the partition is lost or revoked: when it comes again, so do its records.
    pub fn pause(&self, partitions: &[Partition]) {
        self.holding.pause(partitions, true);
    }

    /// Records of these again, from the one after the last that came.
    pub fn resume(&self, partitions: &[Partition]) {
        self.holding.pause(partitions, false);
    }

    /// Puts this out in one transaction: once it is there, all of it is, with its offsets. Outputs are put out one after
    /// another, in the order in which this was called. Waits for brokers as long as it takes to know what became of it.
    ///
    /// Dropping the future changes nothing about that, once it was polled; then only nobody learns what became of it.
    pub async fn put_out(&self, output: Output) -> Result<(), PutError> {
        let (answer, done) = oneshot::channel();
        let closed = || PutError::Unknown("the edge has ended".to_owned());
        if self.jobs.send((output, answer)).await.is_err() {
            return Err(closed());
        }
        done.await.map_err(|_| closed())?
    }

    /// Ends what is being put out, and leaves the group. At most half a minute.
    ///
    /// Dropping the future goes on with it in the background.
    pub async fn close(self) {
        let Self { jobs, closing, ended, .. } = self;
        closing.store(true, Ordering::SeqCst);
        drop(jobs);
        if tokio::time::timeout(CLOSE, ended).await.is_err() {
            tracing::warn!("the group was not left in order: brokers don't answer");
        }
    }
}

type Ready = oneshot::Sender<Result<(Edge, mpsc::Receiver<Event>), EdgeError>>;

/// The reading thread, from connecting to leaving the group.
fn serve(settings: KafkaSettings, ready: Ready) {
    let (edge, reader, helpers, _ended) = match open(settings) {
        Ok(opened) => opened,
        Err(error) => {
            // Nobody waits any more.
            let _ = ready.send(Err(error));
            return;
        }
    };
    // Where nobody waits any more, the edge is dropped here, and the threads end.
    let _ = ready.send(Ok(edge));
    reader.run();
    // The consumer leaves the group where its last owner drops it: when the helpers have ended, which is here.
    helpers.join();
}

/// The threads that use the reading thread's consumer.
struct Helpers {
    consumer: Arc<Consumer>,
    writer: JoinHandle<()>,
    members: JoinHandle<()>,
    /// Ends the thread that counts members, when it is dropped.
    stop_members: crossbeam_channel::Sender<()>,
}

impl Helpers {
    fn join(self) {
        drop(self.stop_members);
        for thread in [self.members, self.writer] {
            if thread.join().is_err() {
                tracing::error!("a thread of the Kafka edge has panicked");
            }
        }
        drop(self.consumer);
    }
}

/// Says that the writer has ended, also where it panics.
struct Ended(Arc<AtomicBool>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

type Opened = ((Edge, mpsc::Receiver<Event>), Reader, Helpers, oneshot::Sender<()>);

fn open(settings: KafkaSettings) -> Result<Opened, EdgeError> {
    let consumer = Consumer::from_config_and_context(&settings.consumer(), ConsumerNotes::default())
        .map_err(EdgeError::Client)?;
    let consumer = Arc::new(consumer);
    let mut names: Vec<&str> = settings.intake.iter().map(String::as_str).collect();
    names.extend([settings.verdicts.as_str(), settings.dead.as_str()]);
    topics::check(&settings, consumer.client(), &names, &SystemClock::new())?;

    let holding = Arc::new(Holding::default());
    let closing = Arc::new(AtomicBool::new(false));
    let stop = Arc::new(AtomicBool::new(false));
    let writer =
        Writer::connect(settings.clone(), Arc::clone(&consumer), Arc::clone(&holding), Arc::clone(&closing))
            .map_err(|source| EdgeError::Unreachable {
                brokers: settings.brokers.clone(),
                doing: "beginning with transactions",
                source,
            })?;
    let topics: Vec<&str> = settings.intake.iter().map(String::as_str).collect();
    consumer.subscribe(&topics).map_err(EdgeError::Client)?;

    let (jobs, taken_jobs) = mpsc::channel(WAITING_OUTPUTS);
    let (events, taken_events) = mpsc::channel(settings.waiting_events);
    let (counts, taken_counts) = crossbeam_channel::bounded(WAITING_COUNTS);
    let (stop_members, stopped) = crossbeam_channel::bounded(0);
    let (end, ended) = oneshot::channel();

    let reader = Reader::new(
        &settings,
        Arc::clone(&consumer),
        Arc::clone(&holding),
        events,
        taken_counts,
        Arc::clone(&stop),
    );
    let spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
        let thread = thread::Builder::new().name(name.to_owned()).spawn(run);
        thread.map_err(|error| EdgeError::Thread(Some(error)))
    };
    let writer = spawn(
        "kafka-writer",
        Box::new(move || {
            let _ended = Ended(stop);
            writer.run(taken_jobs);
        }),
    )?;
    let counted = Arc::clone(&consumer);
    let members = spawn(
        "kafka-members",
        Box::new(move || {
            members::watch(counted, &settings.group, settings.members_interval, &stopped, &counts);
        }),
    )?;
    let edge = Edge { jobs, holding, closing, ended };
    Ok(((edge, taken_events), reader, Helpers { consumer, writer, members, stop_members }, end))
}
