use super::{Court, Job, Stages, Worker};
use crate::archive::StoreArchive;
use crate::progress::Progress;
use crate::tally::Tally;
use std::sync::{Arc, Mutex};
use watchfire_flow::{Histogram, SystemClock, Turnstile};
use watchfire_judge::{Assessor, Ground, History, Judge, MaterialTable, Network, Reputations, RuleSet};
use watchfire_signal::frame::{Framer, Limits};
use watchfire_signal::read::RecordReader;
use watchfire_signal::{Indicator, Reputation};
use watchfire_store::{Location, Store};

/// Has a bug that one address brings out.
struct Treacherous;

impl Reputations for Treacherous {
    fn reputation(&self, indicator: Indicator<'_>) -> Reputation {
        if indicator.value == "203.0.113.66" {
            // As a panic, but without its message on standard error.
            std::panic::resume_unwind(Box::new("a bug"));
        }
        Reputation::Unknown
    }
}

#[test]
fn one_alerts_failure_stays_its_own() {
    let line = |last: u8| {
        format!(
            r#"{{"timestamp":"2026-03-01T00:00:00Z","event_type":"alert","src_ip":"203.0.113.{last}","alert":{{"signature":"s"}}}}"#
        )
    };
    let text =
        [line(1), "garbage".to_owned(), line(66), line(2), line(66), "{".to_owned(), line(3)].join("\n");
    let store = Store::open(&Location::Memory).unwrap();
    let ground = Ground::new(RuleSet::starter(), MaterialTable::shipped(), Network::default());
    let clock = SystemClock::new();
    let progress = Progress::new();
    let archive = StoreArchive::new(&store);
    let mut worker = Worker {
        reader: RecordReader::default(),
        assessor: Assessor::new(ground.clone()),
        packer: super::Packer::default(),
        ground: &ground,
        reputations: &Treacherous,
        wanted: None,
        store: &store,
        archive: &archive,
        clock: &clock,
        progress: &progress,
        output: None,
        keep_raw: false,
        asks: false,
        stages: Stages::default(),
    };
    let court = Mutex::new(Court {
        judge: Judge::new(ground.clone(), History::default()),
        tally: Tally::new(16),
        input: usize::MAX,
        ordinal: 0,
        time: 0,
        latency: Histogram::new(),
    });
    let mut framer = Framer::new(text.as_bytes(), Arc::default(), Limits::default(), &[]).unwrap();
    let source = store.source(framer.head(), "test", 0).unwrap();
    let job = Job { ticket: 0, input: 0, source, sequence: 0, chunk: framer.next_chunk().unwrap() };
    let turnstile = Turnstile::new();
    let done = worker.work(&job, || turnstile.enter(0), &court).unwrap();

    let commit = done.commit.unwrap();
    let judged: Vec<u64> = commit.alerts.iter().map(|alert| alert.ordinal).collect();
    assert_eq!(judged, [0, 3, 6]);
    let dead: Vec<(u64, &str)> =
        commit.dead.iter().map(|dead| (dead.ordinal, dead.reason.as_str())).collect();
    assert_eq!(dead.len(), 4);
    assert_eq!(
        (dead[0].0, dead[1], dead[2], dead[3].0),
        (1, (2, "assessing it failed"), (4, "assessing it failed"), 5)
    );
    assert!(commit.dead[1].raw.contains("203.0.113.66"));
}
