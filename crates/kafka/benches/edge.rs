//! How fast records go through the edge: `checks/kafka cargo bench -p watchfire-kafka`.
//!
//! Every record gets a verdict of its own size, in transactions of so many records. One client, one broker, both on this
//! machine; what is measured is the edge and not the judge.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement, which ends where it can't be made"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use watchfire_flow::Watermark;
use watchfire_flow::{Clock as _, SystemClock};
use watchfire_kafka::{Edge, Event, Intake, KafkaSettings, Message, Output, Partition, ensure_topics};

const RECORDS: usize = 50_000;
const RECORD_BYTES: usize = 1_000;
const PARTITIONS: i32 = 4;

fn main() {
    let Ok(brokers) = std::env::var("WATCHFIRE_KAFKA_BROKERS") else {
        println!("skipped: WATCHFIRE_KAFKA_BROKERS is not set; see checks/kafka");
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    for batch in [10, 100, 1_000] {
        runtime.block_on(measure(&brokers, batch));
    }
}

async fn measure(brokers: &str, batch: usize) {
    let name = |what: &str| format!("bench-{}-{batch}-{what}", std::process::id());
    let settings = KafkaSettings {
        brokers: brokers.to_owned(),
        group: name("group"),
        intake: vec![name("alerts")],
        verdicts: name("verdicts"),
        dead: name("dead"),
        batch_records: batch,
        ..KafkaSettings::default()
    };
    ensure_topics(&settings, PARTITIONS, 1).await.unwrap();
    let intake = Intake::connect(settings.clone(), settings.intake[0].clone()).await.unwrap();
    let records = RECORDS.min(batch * 300);
    let clock = SystemClock::new();
    for from in (0..records).step_by(1_000) {
        let until = records.min(from + 1_000);
        let of =
            |number: usize| (Some(format!("entity-{}", number % 997).into_bytes()), vec![b'a'; RECORD_BYTES]);
        intake.send((from..until).map(of).collect()).await.unwrap();
    }
    let sent = clock.elapsed();

    let (edge, mut events) = Edge::connect(settings).await.unwrap();
    let mut progress: BTreeMap<Partition, Watermark> = BTreeMap::new();
    let (mut done, mut outputs, mut slowest) = (0, 0, Duration::ZERO);
    let mut first = None;
    while done < records {
        match events.recv().await.unwrap() {
            Event::Assigned(starts) => {
                for start in starts {
                    progress.insert(start.partition, Watermark::new(start.offset, &start.metadata));
                }
            }
            Event::Records(records) => {
                first.get_or_insert_with(|| clock.elapsed());
                done += records.len();
                let mut output = Output::default();
                let mut touched = BTreeSet::new();
                for record in records {
                    let known = progress.get_mut(&record.partition).unwrap();
                    assert!(known.begin(record.offset));
                    known.done(&[record.offset]);
                    touched.insert(record.partition.clone());
                    let source = (record.partition, record.offset);
                    output.verdicts.push(Message { key: record.key, value: record.value, source });
                }
                for partition in touched {
                    let (offset, metadata) = progress[&partition].text(&[]).unwrap();
                    output.offsets.push((partition, offset, metadata));
                }
                let before = clock.elapsed();
                edge.put_out(output).await.unwrap();
                slowest = slowest.max(clock.elapsed().saturating_sub(before));
                outputs += 1;
            }
            Event::Members(_) => {}
            other => panic!("{other:?}"),
        }
    }
    let took = clock.elapsed().saturating_sub(first.unwrap()).as_secs_f64();
    println!(
        "{records} records of {RECORD_BYTES} bytes: sent at {:.0}/s; at most {batch} in a transaction: {:.0} records/s, {outputs} transactions of {:.1} ms, the slowest {} ms",
        records as f64 / sent.as_secs_f64(),
        records as f64 / took,
        took * 1_000.0 / f64::from(outputs),
        slowest.as_millis(),
    );
    edge.close().await;
}
