//! The least that uses the edge as it should be used: every record gets one verdict, in an order of its own.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::mpsc;
use watchfire_flow::Watermark;
use watchfire_kafka::{Edge, Event, KafkaSettings, Message, Output, Partition, PutError, Record};

pub struct Worker {
    pub edge: Edge,
    pub events: mpsc::Receiver<Event>,
    pub progress: BTreeMap<Partition, Watermark>,
    /// Outputs that were put out.
    pub put: AtomicUsize,
    /// The last count of members that was told.
    pub members: usize,
    /// Called before something is put out.
    pub before_put: fn(),
}

impl Worker {
    pub async fn start(settings: &KafkaSettings) -> Self {
        let (edge, events) = Edge::connect(settings.clone()).await.unwrap();
        Self {
            edge,
            events,
            progress: BTreeMap::new(),
            put: AtomicUsize::new(0),
            members: 0,
            before_put: || {},
        }
    }

    /// Works until it is dropped.
    pub async fn run(&mut self) {
        loop {
            self.step().await;
        }
    }

    /// Works until so many partitions are held, and each has got something to read.
    pub async fn until_held(&mut self, count: usize) {
        while self.progress.len() != count {
            self.step().await;
        }
    }

    /// Works until the group has so many members, as far as it was told.
    pub async fn until_members(&mut self, count: usize) {
        while self.members != count {
            self.step().await;
        }
    }

    /// Takes one event.
    pub async fn step(&mut self) {
        match self.events.recv().await.expect("the edge goes on") {
            Event::Assigned(starts) => {
                for start in starts {
                    let progress = Watermark::new(start.offset, &start.metadata);
                    assert!(self.progress.insert(start.partition, progress).is_none());
                }
            }
            Event::Records(records) => self.judge(records).await,
            Event::Revoked { partitions, done } => {
                for partition in &partitions {
                    assert!(self.progress.remove(partition).is_some());
                }
                done.send(()).ok();
            }
            Event::Lost(partitions) => {
                for partition in &partitions {
                    assert!(self.progress.remove(partition).is_some());
                }
            }
            Event::Members(members) => self.members = members,
            Event::Failed(error) => panic!("{error}"),
        }
    }

    /// Puts every third out first, then the others: what is done above the watermark has to be remembered.
    async fn judge(&mut self, records: Vec<Record>) {
        let mut open = Vec::new();
        for record in records {
            let progress = self.progress.get_mut(&record.partition).expect("records are of what is held");
            if progress.begin(record.offset) {
                open.push(record);
            }
        }
        let (first, then): (Vec<Record>, Vec<Record>) =
            open.into_iter().partition(|record| record.offset % 3 == 2);
        for part in [first, then] {
            for chunk in part.chunks(10) {
                self.put_out(chunk).await;
            }
        }
    }

    async fn put_out(&mut self, records: &[Record]) {
        let mut output = Output::default();
        let mut after = BTreeMap::new();
        for record in records {
            let progress = after
                .entry(record.partition.clone())
                .or_insert_with(|| self.progress[&record.partition].clone());
            progress.done(&[record.offset]);
            output.verdicts.push(Message {
                key: record.key.clone(),
                value: [b"verdict on ", record.value.as_slice()].concat(),
                source: (record.partition.clone(), record.offset),
            });
        }
        for (partition, progress) in &after {
            let (offset, metadata) = progress.text(&[]).unwrap();
            output.offsets.push((partition.clone(), offset, metadata));
        }
        loop {
            (self.before_put)();
            match self.edge.put_out(output.clone()).await {
                Ok(()) => {
                    self.put.fetch_add(1, Ordering::SeqCst);
                    self.progress.extend(after);
                    return;
                }
                Err(PutError::Withdrawn(_)) => {}
                // Whoever holds them reads the records.
                Err(PutError::Fenced(_)) => return,
                Err(error) => panic!("{error}"),
            }
        }
    }
}
