//! A member that was held up for longer than a session has lost its partitions, and can't put anything out for them.

use crate::broker::{fill, instance, intake, topics, verdict};
use crate::child::{Process, Role};
use crate::verdicts::exactly_once;
use crate::worker::Worker;
use watchfire_kafka::PutError;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_was_held_up_for_too_long_puts_nothing_out() {
    let Some((_stands, settings)) = topics("zombie", 1).await else { return };
    fill(&intake(&settings).await, 0, 40).await;
    let held_up = instance(&settings, "held-up");
    let process = tokio::task::spawn_blocking(move || {
        let mut process = Process::start(&held_up, Role::Hesitates);
        process.line("ready");
        process.signal("-STOP");
        process
    });
    let mut process = process.await.unwrap();
    let mut worker = Worker::start(&instance(&settings, "other")).await;
    tokio::select! {
        () = worker.run() => {}
        () = exactly_once(&settings, 40) => {}
    }
    let became = tokio::task::spawn_blocking(move || {
        process.signal("-CONT");
        process.say("go on");
        process.line("became")
    });
    let became = tokio::select! {
        () = worker.run() => unreachable!("it works until it is dropped"),
        became = became => became.unwrap(),
    };
    assert!(became.starts_with("became Err(Fenced("), "{became}");
    exactly_once(&settings, 40).await;
    worker.edge.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_whose_name_another_one_took_withdraws_and_goes_on() {
    let Some((_stands, settings)) = topics("name", 2).await else { return };
    let mut first = Worker::start(&settings).await;
    first.until_held(2).await;
    let partition = first.progress.keys().next().unwrap().clone();
    // So that there is something that another one can shut out.
    first.edge.put_out(verdict(&partition, 0, "verdict on alert 0")).await.unwrap();
    let second = Worker::start(&settings).await;
    let mut withdrawn = 0;
    while let Err(error) = first.edge.put_out(verdict(&partition, 1, "verdict on alert 1")).await {
        assert!(matches!(error, PutError::Withdrawn(_)), "{error}");
        withdrawn += 1;
        // A broker that is busy with shutting the one out may have the next one withdrawn too; not all of them.
        assert!(withdrawn <= 5, "{error}");
    }
    assert!(withdrawn > 0);
    tokio::join!(first.edge.close(), second.edge.close());
    exactly_once(&settings, 2).await;
}
