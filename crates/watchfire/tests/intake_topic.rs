//! `watchfire serve` with `[server] intake = "kafka"`: what it says is on the topic is there, once, under its machine's key.
//!
//! With a broker by `checks/kafka cargo test -p watchfire --test intake_topic`.

#![cfg(feature = "kafka")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use support::Workbench;
use support::alerts::{alert, gzip};
use support::process::pause;
use support::served::Served;
use watchfire_flow::{Clock, SystemClock};
use watchfire_kafka::{Edge, Event, KafkaSettings, Record};

/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(90);

/// Posts alerts until they are taken. How often that was refused for now.
fn insist(served: &Served, body: &[u8]) -> (usize, String) {
    let clock = SystemClock::new();
    let mut refused = 0;
    while clock.elapsed() < PATIENCE {
        let (status, answer) = served.post("/api/v1/alerts", body);
        if status == 202 {
            return (refused, answer);
        }
        assert_eq!(status, 503, "{answer}");
        assert!(answer.to_lowercase().contains("\r\nretry-after: "), "{answer}");
        refused += 1;
        pause(Duration::from_millis(200));
    }
    panic!("never taken");
}

fn settings(brokers: &str, topics: &KafkaSettings) -> String {
    format!(
        "[server]\nintake = \"kafka\"\ntimeout_s = 5.0\nrequests_per_minute = 0\n\
         [kafka]\nbrokers = \"{brokers}\"\n\
         [worker]\nintake = [\"{}\"]\nverdicts = \"{}\"\ndead = \"{}\"\ncreate_topics = true\npartitions = 4\n",
        topics.intake[0], topics.verdicts, topics.dead,
    )
}

/// Topics that nobody else has.
fn topics(brokers: &str, test: &str) -> KafkaSettings {
    let name = |what: &str| format!("{test}-{}-{what}", std::process::id());
    KafkaSettings {
        brokers: brokers.to_owned(),
        group: name("group"),
        intake: vec![name("alerts")],
        verdicts: name("verdicts"),
        dead: name("dead"),
        ..KafkaSettings::default()
    }
}

/// All records of the topic, until the last one that is looked for was among them.
fn read(settings: KafkaSettings, last: &str) -> Vec<Record> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (edge, mut events) = Edge::connect(settings).await.unwrap();
        let mut all: Vec<Record> = Vec::new();
        let reading = async {
            while !all.iter().any(|record| String::from_utf8_lossy(&record.value).contains(last)) {
                if let Event::Records(records) = events.recv().await.unwrap() {
                    all.extend(records);
                }
            }
            // Other partitions may still have some.
            while let Ok(event) = tokio::time::timeout(Duration::from_secs(3), events.recv()).await {
                if let Some(Event::Records(records)) = event {
                    all.extend(records);
                }
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.unwrap();
        edge.close().await;
        all
    })
}

/// The broker of `checks/kafka`, away until it is let go on.
struct Away(PathBuf);

impl Away {
    fn take(pid_file: &Path) -> Self {
        let hold = pid_file.with_file_name("hold");
        std::fs::write(&hold, "").unwrap();
        let pid = std::fs::read_to_string(pid_file).unwrap();
        assert!(Command::new("kill").args(["-KILL", pid.trim()]).status().unwrap().success());
        Self(hold)
    }
}

impl Drop for Away {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

#[test]
fn what_is_said_to_be_on_the_topic_is_there_under_its_machines_key() {
    let Ok(brokers) = std::env::var("WATCHFIRE_KAFKA_BROKERS") else {
        eprintln!("skipped: WATCHFIRE_KAFKA_BROKERS is not set; see checks/kafka");
        return;
    };
    let topics = topics(&brokers, "intake");
    let bench = Workbench::new();
    let served = Served::start(&bench, &settings(&brokers, &topics));
    let line = |number: u64| alert(number) + "\n";
    let array = format!("[{},{}]", alert(3), alert(4));
    let mixed = format!("{}{{\"event_type\":\"flow\"}}\n{{\"cut off\n{array}\n", line(2));
    let (_, answer) = insist(&served, line(1).as_bytes());
    assert!(answer.contains(r#"{"received":1,"sent":1,"set_aside":0,"broken":0}"#), "{answer}");
    let (_, answer) = insist(&served, mixed.as_bytes());
    assert!(answer.contains(r#"{"received":5,"sent":4,"set_aside":1,"broken":1}"#), "{answer}");
    let many: String = (5..500).map(line).collect();
    insist(&served, &gzip(many.as_bytes()));
    let (status, answer) = served.post("/api/v1/alerts/process", alert(1).as_bytes());
    assert_eq!(status, 409, "{answer}");
    let mut twice = BTreeSet::new();
    if let Ok(pid_file) = std::env::var("WATCHFIRE_KAFKA_PID_FILE") {
        let away = Away::take(Path::new(&pid_file));
        let (status, answer) = served.post("/api/v1/alerts", line(500).as_bytes());
        assert_eq!(status, 503, "{answer}");
        twice.insert(500);
        drop(away);
    }
    insist(&served, line(500).as_bytes());
    insist(&served, line(501).as_bytes());
    assert_eq!(bench.count("SELECT count(*) FROM alerts"), 0, "nothing is judged here");

    let records = read(topics, "\"flow_id\":501,");
    let (mut broken, mut places) = (0, BTreeMap::new());
    let mut seen: BTreeMap<u64, usize> = BTreeMap::new();
    for record in records {
        let text = String::from_utf8(record.value).unwrap();
        let Ok(json) = serde_json::from_str::<serde_json::Value>(&text) else {
            assert_eq!((text.as_str(), &record.key), ("{\"cut off", &None));
            broken += 1;
            continue;
        };
        let number = json["flow_id"].as_u64().unwrap();
        assert_eq!(text, alert(number), "as it came");
        *seen.entry(number).or_default() += 1;
        let key = String::from_utf8(record.key.unwrap()).unwrap();
        assert_eq!(key, json["dest_ip"], "the machine that it is about");
        let place = places.entry(key).or_insert_with(|| record.partition.clone());
        assert_eq!(*place, record.partition, "one machine, one partition");
    }
    assert_eq!(broken, 1);
    assert!(seen.keys().copied().eq(1..=501), "{seen:?}");
    // What was refused while nobody knew may be there, too.
    let more: Vec<_> = seen.iter().filter(|(number, count)| **count > 1 && !twice.contains(number)).collect();
    assert!(more.is_empty(), "twice: {more:?}");
}

#[test]
fn without_a_broker_it_is_served_and_takes_nothing() {
    let bench = Workbench::new();
    let served = Served::start(&bench, &settings("127.0.0.1:1", &topics("127.0.0.1:1", "nobody")));
    let (status, answer) = served.post("/api/v1/alerts", alert(1).as_bytes());
    assert_eq!(status, 503, "{answer}");
    assert!(answer.to_lowercase().contains("retry-after: ") && answer.contains("not reached"), "{answer}");
}

#[test]
fn check_says_what_is_missing() {
    let bench = Workbench::new();
    let check = |settings: &str| {
        let file = bench.file("watchfire.toml", settings);
        let mut command = bench.command(["check", "--config"]);
        support::process::finish(command.arg(file), Vec::new())
    };
    check("[server]\nintake = \"kafka\"\n").ends_with(2).says(&["nothing says where Kafka is"]);
    check("[server]\nintake = \"topic\"\n").ends_with(2).says(&["expected `store` or `kafka`"]);
    let named = check("[server]\nintake = \"kafka\"\n[kafka]\nbrokers = \"kafka:9092\"\n");
    named.ends_with(0);
    assert!(named.out().contains("alerts go onto the topic alerts at kafka:9092"), "{}", named.told());
}
