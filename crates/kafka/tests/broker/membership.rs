//! Members come and go, and partitions with them.

use crate::broker::{fill, instance, intake, topics, verdict};
use crate::verdicts::exactly_once;
use crate::worker::Worker;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;
use watchfire_kafka::{Edge, Event, KafkaSettings, Partition, PutError, Start};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_member_takes_its_share_and_gives_it_back() {
    let Some((_stands, settings)) = topics("share", 4).await else { return };
    let intake = intake(&settings).await;
    fill(&intake, 0, 600).await;
    let mut first = Worker::start(&instance(&settings, "first")).await;
    first.until_held(4).await;
    let mut second = Worker::start(&instance(&settings, "second")).await;
    {
        // Each does its part while the other takes or gives up.
        let first = async {
            first.until_held(2).await;
            first.until_members(2).await;
        };
        let second = async {
            second.until_held(2).await;
            second.until_members(2).await;
        };
        tokio::join!(first, second);
    }
    let held: BTreeSet<&Partition> = first.progress.keys().chain(second.progress.keys()).collect();
    assert_eq!(held.len(), 4);
    fill(&intake, 600, 600).await;
    tokio::select! {
        () = async { tokio::join!(first.run(), second.run()); } => {}
        () = exactly_once(&settings, 1_200) => {}
    }
    tokio::join!(second.edge.close(), first.until_held(4));
    first.until_members(1).await;
    fill(&intake, 1_200, 300).await;
    tokio::select! {
        () = first.run() => {}
        () = exactly_once(&settings, 1_500) => {}
    }
    first.edge.close().await;
}

/// One member that holds two partitions with a record in each at least, and is told that one of them goes to another.
async fn revoked(settings: &KafkaSettings) -> (Worker, Worker, Partition, oneshot::Sender<()>) {
    let mut first = Worker::start(&instance(settings, "first")).await;
    first.until_held(2).await;
    let mut second = Worker::start(&instance(settings, "second")).await;
    let revoked = async {
        loop {
            if let Event::Revoked { mut partitions, done } = first.events.recv().await.unwrap() {
                assert_eq!(partitions.len(), 1);
                return (partitions.remove(0), done);
            }
        }
    };
    let (partition, done) = tokio::select! {
        revoked = revoked => revoked,
        () = second.run() => unreachable!("it works until it is dropped"),
    };
    (first, second, partition, done)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_partition_is_kept_until_everything_of_it_was_put_out() {
    let Some((_stands, settings)) = topics("revoked", 2).await else { return };
    fill(&intake(&settings).await, 0, 40).await;
    let (first, mut second, partition, done) = revoked(&settings).await;
    first.edge.put_out(verdict(&partition, 0, "in time")).await.unwrap();
    done.send(()).unwrap();
    while !second.progress.contains_key(&partition) {
        second.step().await;
    }
    assert_eq!(second.progress[&partition].next(), 1);
    let refused = first.edge.put_out(verdict(&partition, 1, "too late")).await;
    assert!(matches!(refused, Err(PutError::Fenced(_))), "{refused:?}");
    tokio::join!(first.edge.close(), second.edge.close());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_does_not_answer_keeps_a_revoked_partition_for_a_bounded_time() {
    let Some((_stands, mut settings)) = topics("silent", 2).await else { return };
    settings.revocation_timeout = Duration::from_secs(1);
    let (first, mut second, partition, _never) = revoked(&settings).await;
    while !second.progress.contains_key(&partition) {
        second.step().await;
    }
    let refused = first.edge.put_out(verdict(&partition, 0, "too late")).await;
    assert!(matches!(refused, Err(PutError::Fenced(_))), "{refused:?}");
    tokio::join!(first.edge.close(), second.edge.close());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_partition_that_went_and_comes_back_is_read() {
    let Some((_stands, settings)) = topics("paused", 2).await else { return };
    let intake = intake(&settings).await;
    let mut first = Worker::start(&instance(&settings, "first")).await;
    first.until_held(2).await;
    let both: Vec<Partition> = first.progress.keys().cloned().collect();
    first.edge.pause(&both);
    // What was asked for takes effect soon, so nothing of these is on the way then.
    assert!(timeout(Duration::from_millis(500), silence(&mut first)).await.is_err());
    fill(&intake, 0, 200).await;
    assert!(timeout(Duration::from_secs(1), silence(&mut first)).await.is_err());

    let mut second = Worker::start(&instance(&settings, "second")).await;
    tokio::join!(first.until_held(1), second.until_held(1));
    let stayed: Vec<Partition> = first.progress.keys().cloned().collect();
    let went: Vec<Partition> = second.progress.keys().cloned().collect();
    assert_ne!(stayed, went);
    second.edge.pause(&went);
    tokio::join!(second.edge.close(), first.until_held(2));

    // The one that came back is read, the one that stayed is paused as before.
    let records = loop {
        if let Event::Records(records) = first.events.recv().await.unwrap() {
            break records;
        }
    };
    assert!(records.iter().all(|record| record.partition == went[0]));
    first.edge.resume(&stayed);
    let mut firsts: Vec<i64> = Vec::new();
    while firsts.is_empty() {
        if let Event::Records(records) = first.events.recv().await.unwrap() {
            firsts = records
                .iter()
                .filter(|record| record.partition == stayed[0])
                .map(|record| record.offset)
                .collect();
        }
    }
    assert_eq!(firsts[0], 0, "reading goes on where it was paused");
    first.edge.close().await;
}

/// Ends when a record comes.
async fn silence(worker: &mut Worker) {
    loop {
        if let Event::Records(records) = worker.events.recv().await.unwrap() {
            panic!("{} records of paused partitions", records.len());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_comes_again_starts_where_it_was_committed() {
    let Some((_stands, settings)) = topics("again", 1).await else { return };
    fill(&intake(&settings).await, 0, 10).await;
    let start = |starts: &[Start]| (starts[0].offset, starts[0].metadata.clone());
    let (edge, mut events) = Edge::connect(settings.clone()).await.unwrap();
    let Some(Event::Assigned(starts)) = events.recv().await else { panic!("what is held comes first") };
    assert_eq!(start(&starts), (0, String::new()));
    let partition = starts[0].partition.clone();
    let mut output = verdict(&partition, 3, "verdict on alert 3");
    output.offsets[0] = (partition.clone(), 4, "of somebody else".to_owned());
    edge.put_out(output).await.unwrap();
    edge.close().await;
    let (edge, mut events) = Edge::connect(settings).await.unwrap();
    let Some(Event::Assigned(starts)) = events.recv().await else { panic!("what is held comes first") };
    assert_eq!(start(&starts), (4, "of somebody else".to_owned()));
    let offsets = loop {
        if let Event::Records(records) = events.recv().await.unwrap() {
            break records.iter().map(|record| record.offset).collect::<Vec<_>>();
        }
    };
    assert_eq!(offsets[0], 4);
    edge.close().await;
}
