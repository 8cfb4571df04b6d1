//! The broker is killed, and comes back with what it had promised.

use crate::broker::{STANDS, fill, intake, named, verdict};
use crate::verdicts::exactly_once;
use crate::worker::Worker;
use std::process::Command;
use std::time::Duration;
use watchfire_kafka::ensure_topics;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_killed_and_comes_back_costs_nothing() {
    let Some(settings) = named("restart") else { return };
    let Ok(file) = std::env::var("WATCHFIRE_KAFKA_PID_FILE") else {
        eprintln!("skipped: WATCHFIRE_KAFKA_PID_FILE is not set; see checks/kafka");
        return;
    };
    let _alone = STANDS.write().await;
    ensure_topics(&settings, 3, 1).await.unwrap();
    let intake = intake(&settings).await;
    fill(&intake, 0, 1_000).await;
    let mut worker = Worker::start(&settings).await;
    while worker.put.load(std::sync::atomic::Ordering::SeqCst) < 5 {
        worker.step().await;
    }
    let broker = std::fs::read_to_string(file).unwrap();
    assert!(Command::new("kill").args(["-KILL", broker.trim()]).status().unwrap().success());
    // Alerts that come meanwhile wait, and those that nobody acknowledged are sent again: they are others then.
    let later = async {
        fill(&intake, 1_000, 200).await;
    };
    tokio::select! {
        () = worker.run() => {}
        () = async { tokio::join!(later, exactly_once(&settings, 1_200)); } => {}
    }
    worker.edge.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_ends_where_no_broker_answers() {
    let Some(settings) = named("hung") else { return };
    let Ok(file) = std::env::var("WATCHFIRE_KAFKA_PID_FILE") else {
        eprintln!("skipped: WATCHFIRE_KAFKA_PID_FILE is not set; see checks/kafka");
        return;
    };
    let _alone = STANDS.write().await;
    ensure_topics(&settings, 1, 1).await.unwrap();
    let mut worker = Worker::start(&settings).await;
    worker.until_held(1).await;
    let partition = worker.progress.keys().next().unwrap().clone();
    let broker = std::fs::read_to_string(file).unwrap();
    let signal = |name: &str| {
        assert!(Command::new("kill").args([name, broker.trim()]).status().unwrap().success());
    };
    signal("-STOP");
    let put_out = worker.edge.put_out(verdict(&partition, 0, "verdict on alert 0"));
    let answered = tokio::time::timeout(Duration::from_secs(1), put_out).await;
    let closed = tokio::time::timeout(Duration::from_secs(40), worker.edge.close()).await;
    signal("-CONT");
    assert!(answered.is_err(), "nobody knows what became of it");
    assert!(closed.is_ok());
}
