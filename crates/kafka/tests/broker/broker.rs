//! Where the broker is, and topics of its own for each test.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{RwLock, RwLockReadGuard};
use watchfire_kafka::{Intake, KafkaSettings, Output, Partition, ensure_topics};

/// Held for writing by the test that kills the broker, and for reading by all others.
pub static STANDS: RwLock<()> = RwLock::const_new(());

static TESTS: AtomicUsize = AtomicUsize::new(0);

/// Two bounds of the checks' broker: a member that is silent is soon thrown out, a transaction of a killed one soon over.
const SESSION: Duration = Duration::from_secs(3);
const TRANSACTION: Duration = Duration::from_secs(3);

/// A broker that is not killed while this lives, and settings with topics of their own. None, said aloud, where there is no
/// broker.
pub async fn topics(test: &str, partitions: i32) -> Option<(RwLockReadGuard<'static, ()>, KafkaSettings)> {
    let Some(settings) = named(test) else {
        eprintln!("skipped: WATCHFIRE_KAFKA_BROKERS is not set; see checks/kafka");
        return None;
    };
    let stands = STANDS.read().await;
    ensure_topics(&settings, partitions, 1).await.unwrap();
    // What is there already stays as it is.
    ensure_topics(&settings, partitions, 1).await.unwrap();
    Some((stands, settings))
}

/// Settings with topics of their own, which are not made yet.
pub fn named(test: &str) -> Option<KafkaSettings> {
    let brokers = std::env::var("WATCHFIRE_KAFKA_BROKERS").ok()?;
    let number = TESTS.fetch_add(1, Ordering::SeqCst);
    let name = |what: &str| format!("{test}-{}-{number}-{what}", std::process::id());
    Some(of(brokers, &name("group"), &name("alerts"), &name("verdicts"), &name("dead")))
}

/// Settings of a test.
pub fn of(brokers: String, group: &str, alerts: &str, verdicts: &str, dead: &str) -> KafkaSettings {
    KafkaSettings {
        brokers,
        group: group.to_owned(),
        intake: vec![alerts.to_owned()],
        verdicts: verdicts.to_owned(),
        dead: dead.to_owned(),
        session_timeout: SESSION,
        transaction_timeout: TRANSACTION,
        revocation_timeout: Duration::from_secs(5),
        members_interval: Duration::from_secs(1),
        batch_records: 50,
        ..KafkaSettings::default()
    }
}

/// The same for another instance of the group.
pub fn instance(settings: &KafkaSettings, name: &str) -> KafkaSettings {
    KafkaSettings { instance: name.to_owned(), ..settings.clone() }
}

/// Records with keys of many entities, numbered from `from` on.
pub async fn fill(intake: &Intake, from: usize, count: usize) {
    let records = (from..from + count).map(|number| {
        let key = format!("entity-{}", number % 37).into_bytes();
        (Some(key), format!("alert {number}").into_bytes())
    });
    intake.send(records.collect()).await.unwrap();
}

pub async fn intake(settings: &KafkaSettings) -> Intake {
    Intake::connect(settings.clone(), settings.intake[0].clone()).await.unwrap()
}

/// One verdict and its offset.
pub fn verdict(partition: &Partition, offset: i64, text: &str) -> Output {
    let message = watchfire_kafka::Message {
        key: None,
        value: text.as_bytes().to_vec(),
        source: (partition.clone(), offset),
    };
    Output {
        verdicts: vec![message],
        dead: Vec::new(),
        offsets: vec![(partition.clone(), offset + 1, String::new())],
    }
}
