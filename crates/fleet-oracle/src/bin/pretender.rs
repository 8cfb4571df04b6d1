//! What the oracle is tried on: a worker that does the least that can be right, and does it wrong when it is told to.
//!
//! It is started as `watchfire worker` is, and knows no rules: each alert gets the same verdict, from a hash of its text. It reads a
//! batch, stores it, puts verdicts, dead letters and offsets out in one transaction, and reads the next one, all in one loop. So
//! exactly once holds by there being nothing at the same time.
//!
//!   WATCHFIRE_FLEET_PRETEND=lose|double|swap|lie|exit   what it does wrong, about once in a hundred alerts

use futures_util::FutureExt;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, OwnedHeaders, OwnedMessage};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, ClientContext, Message, Offset, TopicPartitionList};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;
use tokio_postgres::{Client, NoTls};
use watchfire_fleet_oracle::intake::text_hash;

const PATIENCE: Duration = Duration::from_secs(10);
/// Records of one transaction.
const BATCH: usize = 200;

#[derive(Deserialize)]
struct Settings {
    worker: Own,
    kafka: Kafka,
    postgres: Postgres,
}

#[derive(Deserialize)]
struct Own {
    name: String,
    intake: Vec<String>,
    verdicts: String,
    dead: String,
    group: String,
}

#[derive(Deserialize)]
struct Kafka {
    brokers: String,
    session_timeout_ms: u64,
}

#[derive(Deserialize)]
struct Postgres {
    url: String,
}

/// Counts rebalances: what was read before one may be another's, or will be read again.
#[derive(Clone, Default)]
struct Rebalances(Arc<AtomicU64>);

impl ClientContext for Rebalances {}

impl ConsumerContext for Rebalances {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, _: &Rebalance<'_>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// What went wrong; everything is taken up again from what was committed.
type Trouble = Box<dyn std::error::Error>;

/// Records and what became of them.
#[derive(Default)]
struct Counts {
    records: u64,
    alerts: u64,
    dead: u64,
    redelivered: u64,
    put_out: u64,
    withdrawn: u64,
}

impl Counts {
    fn tell(&self) {
        let line = json!({
            "message": "worker", "records": self.records, "alerts": self.alerts, "dead": self.dead,
            "redelivered": self.redelivered, "put_out": self.put_out, "withdrawn": self.withdrawn,
        });
        let _ = writeln!(std::io::stderr(), "{line}");
    }
}

fn main() -> ExitCode {
    let path = std::env::args().nth(3).unwrap_or_default();
    let Some(settings) =
        std::fs::read_to_string(path).ok().and_then(|text| toml::from_str::<Settings>(&text).ok())
    else {
        return ExitCode::from(2);
    };
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()
    else {
        return ExitCode::from(2);
    };
    let guard = runtime.enter();
    let Ok(mut asked) = signal(SignalKind::terminate()) else { return ExitCode::from(2) };
    drop(guard);
    let mut counts = Counts::default();
    loop {
        let mut ends = || asked.recv().now_or_never().is_some();
        match live(&settings, &runtime, &mut counts, &mut ends) {
            Ok(true) => return ExitCode::FAILURE,
            Ok(false) => break,
            Err(trouble) => {
                let _ = writeln!(std::io::stderr(), "{}", json!({"message": trouble.to_string()}));
                let pause = async { tokio::time::timeout(Duration::from_millis(500), asked.recv()).await };
                if runtime.block_on(pause).is_ok() {
                    break;
                }
            }
        }
    }
    counts.tell();
    ExitCode::SUCCESS
}

/// Works until it is told to end (`false`), or ends wrongly because it was told to (`true`).
fn live(
    settings: &Settings,
    runtime: &Runtime,
    counts: &mut Counts,
    ends: &mut dyn FnMut() -> bool,
) -> Result<bool, Trouble> {
    let wrong = std::env::var("WATCHFIRE_FLEET_PRETEND").unwrap_or_default();
    let client = connect(runtime, &settings.postgres.url)?;
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &settings.kafka.brokers).set("reconnect.backoff.max.ms", "1000");
    let rebalances = Rebalances::default();
    let consumer: BaseConsumer<Rebalances> = config
        .clone()
        .set("group.id", &settings.worker.group)
        .set("client.id", &settings.worker.name)
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "earliest")
        .set("isolation.level", "read_committed")
        .set("partition.assignment.strategy", "range")
        .set("session.timeout.ms", settings.kafka.session_timeout_ms.to_string())
        .set("heartbeat.interval.ms", (settings.kafka.session_timeout_ms / 6).to_string())
        .create_with_context(rebalances.clone())?;
    let producer: BaseProducer = config
        .set("transactional.id", format!("{}-{}", settings.worker.group, settings.worker.name))
        .set("transaction.timeout.ms", "8000")
        .create()?;
    producer.init_transactions(PATIENCE * 3)?;
    let topics: Vec<&str> = settings.worker.intake.iter().map(String::as_str).collect();
    consumer.subscribe(&topics)?;
    let mut told = Instant::now();
    loop {
        if ends() {
            return Ok(false);
        }
        if told.elapsed() > Duration::from_secs(1) {
            counts.tell();
            told = Instant::now();
        }
        let before = rebalances.0.load(Ordering::SeqCst);
        let batch = batch(&consumer)?;
        if batch.is_empty() || before != rebalances.0.load(Ordering::SeqCst) {
            continue;
        }
        if wrong == "exit" && counts.records > 300 {
            return Ok(true);
        }
        let mut done: Vec<Done> = batch.iter().flat_map(|record| judge(record, &settings.worker)).collect();
        let known = runtime.block_on(store(&client, &done))?;
        if known.len() != done.iter().filter(|done| done.alert).count() {
            return Err("the store lost what it was given".into());
        }
        counts.redelivered += known.iter().filter(|fresh| !**fresh).count() as u64;
        misbehave(&wrong, &mut done);
        if let Err(error) = put_out(&producer, &consumer, &settings.worker, &batch, &done) {
            counts.withdrawn += 1;
            // Withdrawn or not, what is committed says from where to go on.
            let _ = producer.abort_transaction(PATIENCE);
            return Err(error.into());
        }
        counts.records += batch.len() as u64;
        counts.alerts += done.iter().filter(|done| done.alert).count() as u64;
        counts.dead += done.iter().filter(|done| !done.alert).count() as u64;
        counts.put_out += done.iter().filter(|done| done.alert).count() as u64;
    }
}

fn batch(consumer: &BaseConsumer<Rebalances>) -> Result<Vec<OwnedMessage>, KafkaError> {
    let mut batch = Vec::new();
    let mut wait = Duration::from_millis(100);
    while batch.len() < BATCH
        && let Some(message) = consumer.poll(wait)
    {
        batch.push(message?.detach());
        wait = Duration::ZERO;
    }
    Ok(batch)
}

/// An alert with its verdict, or a dead letter.
struct Done {
    alert: bool,
    partition: i32,
    offset: i64,
    ordinal: i64,
    key: Vec<u8>,
    id: String,
    tag: Vec<u8>,
    text: String,
    verdict: i16,
}

/// The items of a record. Only what the oracle feeds is understood.
fn judge(record: &OwnedMessage, own: &Own) -> Vec<Done> {
    let text = String::from_utf8_lossy(record.payload().unwrap_or_default()).into_owned();
    let items: Vec<&serde_json::value::RawValue>;
    let texts: Vec<&str> = if text.starts_with('[') {
        match serde_json::from_str(&text) {
            Ok(list) => {
                items = list;
                items.iter().map(|item| item.get()).collect()
            }
            Err(_) => vec![&text],
        }
    } else {
        vec![&text]
    };
    let tag = text_hash(&format!("{}/{}", own.group, record.partition())).to_be_bytes()[..5].to_vec();
    let digits: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut done = Vec::new();
    for (item, text) in texts.into_iter().enumerate() {
        let event: Option<Value> = serde_json::from_str(text).ok().filter(Value::is_object);
        let kind = event.as_ref().and_then(|event| event.get("event_type")?.as_str().map(str::to_owned));
        if kind.as_ref().is_some_and(|kind| kind != "alert") {
            continue;
        }
        let alert = event.is_some_and(|event| event.get("alert").or(event.get("rule")).is_some());
        let ordinal = (record.offset() << 10) | i64::try_from(item).unwrap_or_default();
        done.push(Done {
            alert,
            partition: record.partition(),
            offset: record.offset(),
            ordinal,
            key: record.key().unwrap_or_default().to_vec(),
            id: format!("{digits}-{ordinal}"),
            tag: tag.clone(),
            verdict: if text_hash(text).is_multiple_of(2) { 4 } else { 5 },
            text: text.to_owned(),
        });
    }
    done
}

fn misbehave(wrong: &str, done: &mut Vec<Done>) {
    match wrong {
        "lose" => done.retain(|done| !done.alert || text_hash(&done.id) % 100 != 7),
        "double" => {
            let again: Vec<Done> = done
                .iter()
                .filter(|done| done.alert && text_hash(&done.id) % 100 == 7)
                .map(|done| Done {
                    key: done.key.clone(),
                    id: done.id.clone(),
                    tag: done.tag.clone(),
                    text: done.text.clone(),
                    ..*done
                })
                .collect();
            done.extend(again);
        }
        "swap" => {
            let place = done.windows(2).position(|pair| {
                pair[0].alert
                    && pair[1].alert
                    && pair[0].key == pair[1].key
                    && text_hash(&pair[0].id) % 100 == 7
            });
            if let Some(place) = place {
                done.swap(place, place + 1);
            }
        }
        "lie" => {
            for done in done.iter_mut().filter(|done| text_hash(&done.id) % 100 == 7) {
                done.verdict = 2;
            }
        }
        _ => {}
    }
}

fn connect(runtime: &Runtime, url: &str) -> Result<Client, Trouble> {
    let connecting = async { tokio::time::timeout(PATIENCE, tokio_postgres::connect(url, NoTls)).await };
    let (client, connection) = runtime.block_on(connecting)??;
    // It ends with the client.
    runtime.spawn(connection);
    runtime.block_on(client.batch_execute(
        "SELECT pg_advisory_lock(7);
         CREATE SCHEMA IF NOT EXISTS watchfire;
         CREATE TABLE IF NOT EXISTS watchfire.sources (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, tag bytea UNIQUE);
         CREATE TABLE IF NOT EXISTS watchfire.alerts (source bigint, ordinal bigint, decision bigint, PRIMARY KEY (source, ordinal));
         CREATE TABLE IF NOT EXISTS watchfire.decisions (id bigint PRIMARY KEY, verdict smallint, severity smallint, decider smallint);
         CREATE TABLE IF NOT EXISTS watchfire.dead_letters (source bigint, ordinal bigint, PRIMARY KEY (source, ordinal));
         CREATE TABLE IF NOT EXISTS watchfire.questions (decision bigint);
         SELECT pg_advisory_unlock(7)",
    ))?;
    Ok(client)
}

/// Whether each alert is fresh.
async fn store(client: &Client, done: &[Done]) -> Result<Vec<bool>, Trouble> {
    let stored = async {
        let mut rows: BTreeMap<&[u8], i64> = BTreeMap::new();
        let mut fresh = Vec::new();
        client.batch_execute("BEGIN").await?;
        for done in done {
            if !rows.contains_key(done.tag.as_slice()) {
                client
                    .execute(
                        "INSERT INTO watchfire.sources (tag) VALUES ($1) ON CONFLICT DO NOTHING",
                        &[&done.tag],
                    )
                    .await?;
                let row =
                    client.query_one("SELECT id FROM watchfire.sources WHERE tag = $1", &[&done.tag]).await?;
                rows.insert(&done.tag, row.get(0));
            }
            let source = rows.get(done.tag.as_slice()).copied().unwrap_or_default();
            if done.alert {
                let decision = i64::from(done.verdict);
                client
                    .execute(
                        "INSERT INTO watchfire.decisions VALUES ($1, $2, 3, 1) ON CONFLICT DO NOTHING",
                        &[&decision, &done.verdict],
                    )
                    .await?;
                let text = "INSERT INTO watchfire.alerts VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
                fresh.push(client.execute(text, &[&source, &done.ordinal, &decision]).await? == 1);
            } else {
                let text = "INSERT INTO watchfire.dead_letters VALUES ($1, $2) ON CONFLICT DO NOTHING";
                client.execute(text, &[&source, &done.ordinal]).await?;
            }
        }
        client.batch_execute("COMMIT").await?;
        Ok::<_, tokio_postgres::Error>(fresh)
    };
    Ok(tokio::time::timeout(PATIENCE, stored).await??)
}

fn put_out(
    producer: &BaseProducer,
    consumer: &BaseConsumer<Rebalances>,
    own: &Own,
    batch: &[OwnedMessage],
    done: &[Done],
) -> Result<(), KafkaError> {
    producer.begin_transaction()?;
    let topic = own.intake.first().map(String::as_str).unwrap_or_default();
    for done in done {
        let source = format!("{topic}/{}/{}", done.partition, done.offset);
        let mut headers = OwnedHeaders::new().insert(Header { key: "source", value: Some(&source) });
        let finding = json!({
            "verdict_id": done.verdict, "severity_id": 3, "metadata": {"uid": done.id}, "raw_data": done.text,
            "unmapped": {"watchfire": {"decider": "rule"}},
        });
        let value = if done.alert { finding.to_string() } else { done.text.clone() };
        if !done.alert {
            headers = headers.insert(Header { key: "reason", value: Some("can't be read") });
        }
        let to = if done.alert { &own.verdicts } else { &own.dead };
        let message = BaseRecord::to(to).key(&done.key).payload(&value).headers(headers);
        producer.send(message).map_err(|(error, _)| error)?;
    }
    let mut next: BTreeMap<i32, i64> = BTreeMap::new();
    for record in batch {
        next.insert(record.partition(), record.offset() + 1);
    }
    let mut offsets = TopicPartitionList::new();
    for (partition, offset) in next {
        offsets.add_partition_offset(topic, partition, Offset::Offset(offset))?;
    }
    let Some(group) = consumer.group_metadata() else { return Err(KafkaError::Canceled) };
    producer.send_offsets_to_transaction(&offsets, &group, PATIENCE)?;
    producer.commit_transaction(PATIENCE)
}
