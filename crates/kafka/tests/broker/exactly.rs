//! Each record has one verdict: without trouble, after kills, and where the order was another one.

use crate::broker::{fill, instance, intake, topics, verdict};
use crate::child::{Process, Role};
use crate::verdicts::{exactly_once, uncommitted, wait_for};
use crate::worker::Worker;
use std::time::Duration;
use watchfire_flow::Watermark;
use watchfire_kafka::{DeadLetter, Edge, Event, Message, Output, PutError};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_record_has_one_verdict_that_says_where_it_comes_from() {
    let Some((_stands, settings)) = topics("plain", 4).await else { return };
    let intake = intake(&settings).await;
    fill(&intake, 0, 1_000).await;
    let mut worker = Worker::start(&settings).await;
    tokio::select! {
        () = worker.run() => {}
        () = exactly_once(&settings, 1_000) => {}
    }
    worker.edge.close().await;
    let seen = wait_for(&settings, &settings.verdicts, 1_000).await;
    assert!(seen[0].source().starts_with(&format!("{}/", settings.intake[0])), "{:?}", seen[0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_say_why() {
    let Some((_stands, settings)) = topics("dead", 1).await else { return };
    fill(&intake(&settings).await, 0, 1).await;
    let (edge, mut events) = Edge::connect(settings.clone()).await.unwrap();
    let record = loop {
        if let Event::Records(mut records) = events.recv().await.unwrap() {
            break records.remove(0);
        }
    };
    let letter = DeadLetter {
        message: Message {
            key: record.key,
            value: record.value,
            source: (record.partition.clone(), record.offset),
        },
        reason: "unreadable".to_owned(),
        detail: "ä".repeat(2_000),
    };
    let output = Output {
        verdicts: Vec::new(),
        dead: vec![letter],
        offsets: vec![(record.partition, record.offset + 1, String::new())],
    };
    edge.put_out(output).await.unwrap();
    edge.close().await;
    let seen = wait_for(&settings, &settings.dead, 1).await;
    assert_eq!(seen[0].value, "alert 0");
    assert_eq!(seen[0].headers["reason"], "unreadable");
    assert_eq!(seen[0].headers["error"], "ä".repeat(500));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_in_the_middle_lose_nothing_and_put_nothing_out_twice() {
    let Some((_stands, settings)) = topics("kills", 3).await else { return };
    fill(&intake(&settings).await, 0, 2_000).await;
    // Each in the middle of an output, or soon after.
    for (outputs, then_ms) in [(1, 1), (9, 4), (30, 8), (5, 12), (20, 16)] {
        let settings = instance(&settings, &format!("killed-{}", outputs % 2));
        let process = tokio::task::spawn_blocking(move || {
            let mut process = Process::start(&settings, Role::Works);
            for _ in 0..outputs {
                process.line("puts");
            }
            process
        });
        let process = process.await.unwrap();
        tokio::time::sleep(Duration::from_millis(then_ms)).await;
        process.signal("-KILL");
    }
    let mut worker = Worker::start(&instance(&settings, "last")).await;
    tokio::select! {
        () = worker.run() => {}
        () = exactly_once(&settings, 2_000) => {}
    }
    worker.edge.close().await;
    eprintln!("{} verdicts were sent, 2000 of them count", uncommitted(&settings).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_done_out_of_order_is_known_to_the_next_one() {
    let Some((_stands, settings)) = topics("order", 1).await else { return };
    fill(&intake(&settings).await, 0, 100).await;
    let (edge, mut events) = Edge::connect(settings.clone()).await.unwrap();
    let mut progress = Watermark::new(0, "");
    let mut output = Output::default();
    while progress.open() < 100 {
        let Event::Records(records) = events.recv().await.unwrap() else { continue };
        for record in records {
            assert!(progress.begin(record.offset));
            // The first stays open, and so does every fifth.
            if record.offset % 5 != 0 {
                let value = [b"verdict on ", record.value.as_slice()].concat();
                output.verdicts.push(Message { key: None, value, source: (record.partition, record.offset) });
            }
        }
    }
    for verdict in &output.verdicts {
        progress.done(&[verdict.source.1]);
    }
    let (offset, metadata) = progress.text(&[]).unwrap();
    assert_eq!(offset, 0);
    output.offsets.push((output.verdicts[0].source.0.clone(), offset, metadata));
    edge.put_out(output).await.unwrap();
    edge.close().await;

    let mut worker = Worker::start(&settings).await;
    tokio::select! {
        () = worker.run() => {}
        () = exactly_once(&settings, 100) => {}
    }
    worker.edge.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_put_out_for_what_is_not_held_or_too_large() {
    let Some((_stands, settings)) = topics("refused", 1).await else { return };
    let mut worker = Worker::start(&settings).await;
    worker.until_held(1).await;
    let partition = worker.progress.keys().next().unwrap().clone();
    let mut other = partition.clone();
    other.number = 7;
    let refused = worker.edge.put_out(verdict(&other, 0, "not ours")).await;
    assert!(matches!(refused, Err(PutError::Fenced(_))), "{refused:?}");
    let refused = worker.edge.put_out(verdict(&partition, 0, &"x".repeat(1_000_001))).await;
    assert!(matches!(refused, Err(PutError::TooLarge { offset: 0, limit: 1_000_000, .. })), "{refused:?}");
    // As large as the settings allow is taken.
    worker.edge.put_out(verdict(&partition, 0, &"x".repeat(999_900))).await.unwrap();
    worker.edge.close().await;
    assert_eq!(wait_for(&settings, &settings.verdicts, 1).await.len(), 1);
}
