//! Nothing is lost where nobody takes records for a while, or where they are gone.

use crate::broker::{fill, intake, topics};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::time::Duration;
use watchfire_kafka::{Edge, Event, KafkaSettings};

/// The offsets of so many records, and how often partitions were taken.
async fn offsets(events: &mut tokio::sync::mpsc::Receiver<Event>, count: usize) -> (Vec<i64>, usize) {
    let (mut offsets, mut taken) = (Vec::new(), 0);
    while offsets.len() < count {
        match events.recv().await.unwrap() {
            Event::Records(records) => offsets.extend(records.iter().map(|record| record.offset)),
            Event::Assigned(_) => taken += 1,
            Event::Lost(_) | Event::Members(_) => {}
            other => panic!("{other:?}"),
        }
    }
    (offsets, taken)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_takes_no_events_for_longer_than_a_session_stays_a_member_and_misses_nothing() {
    let Some((_stands, settings)) = topics("slow", 1).await else { return };
    let settings = KafkaSettings {
        waiting_events: 1,
        batch_records: 7,
        queued_bytes: 1 << 10,
        fetch_partition_bytes: 1 << 10,
        ..settings
    };
    let intake = intake(&settings).await;
    fill(&intake, 0, 1_000).await;
    let (edge, mut events) = Edge::connect(settings.clone()).await.unwrap();
    let (first, _) = offsets(&mut events, 30).await;
    tokio::time::sleep(settings.session_timeout + Duration::from_secs(1)).await;
    let (then, taken) = offsets(&mut events, 1_000 - first.len()).await;
    assert_eq!(taken, 0, "it stayed a member");
    let all: Vec<i64> = first.into_iter().chain(then).collect();
    assert_eq!(all, (0..1_000).collect::<Vec<i64>>());
    edge.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_records_were_deleted_reading_goes_on_with_those_that_are_left() {
    let Some((_stands, settings)) = topics("deleted", 1).await else { return };
    let intake = intake(&settings).await;
    fill(&intake, 0, 10).await;
    let (edge, mut events) = Edge::connect(settings.clone()).await.unwrap();
    let Some(Event::Assigned(starts)) = events.recv().await else { panic!("what is held comes first") };
    let (first, _) = offsets(&mut events, 10).await;
    assert_eq!(first, (0..10).collect::<Vec<i64>>());
    // Committed, so that what is deleted is beyond it.
    edge.put_out(crate::broker::verdict(&starts[0].partition, 9, "verdict on alert 9")).await.unwrap();
    edge.pause(&[starts[0].partition.clone()]);
    tokio::time::sleep(Duration::from_millis(300)).await;
    fill(&intake, 10, 20).await;
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", &settings.brokers).create().unwrap();
    let mut before = TopicPartitionList::new();
    before.add_partition_offset(&settings.intake[0], 0, Offset::Offset(15)).unwrap();
    admin.delete_records(&before, &AdminOptions::new()).await.unwrap();
    edge.resume(&[starts[0].partition.clone()]);
    let (then, taken) = offsets(&mut events, 15).await;
    assert_eq!(taken, 1, "whoever reads is told that it starts anew");
    assert_eq!(then, (15..30).collect::<Vec<i64>>());
    edge.close().await;
}
