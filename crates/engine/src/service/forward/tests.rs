//! What a body holds is passed on once, each alert alone and under its machine's key.

use super::{Forward, ForwardRecord, Forwarded, Forwarding, NotSent, Sending};
use crate::reputation::ReputationCache;
use crate::service::{Refusal, Service, Setup};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use watchfire_flow::SystemClock;
use watchfire_intel::Intel;
use watchfire_judge::learning::Learned;
use watchfire_judge::reuse::Policy;
use watchfire_judge::{Asking, Ground, History, MaterialTable, Network, RuleSet};
use watchfire_signal::Field;
use watchfire_signal::frame::Limits;
use watchfire_signal::read::{Item, Mapping, RecordReader};
use watchfire_store::{Location, Store};

/// Keeps what it is given, as long as it is not away.
#[derive(Default)]
struct Kept {
    records: Mutex<Vec<ForwardRecord>>,
    is_away: AtomicBool,
    /// Whether to wait before anything is kept, and for what.
    waits: AtomicBool,
    go: Notify,
}

impl Forward for Kept {
    fn most_bytes(&self) -> usize {
        100_000
    }

    fn is_ready(&self) -> bool {
        true
    }

    fn send(&self, records: Vec<ForwardRecord>) -> Sending<'_> {
        Box::pin(async move {
            if self.waits.load(Ordering::SeqCst) {
                self.go.notified().await;
            }
            if self.is_away.load(Ordering::SeqCst) {
                return Err(NotSent("nobody is there".to_owned()));
            }
            self.records.lock().unwrap().extend(records);
            Ok(())
        })
    }
}

struct Bed {
    service: Service,
    kept: Arc<Kept>,
    forwarding: Forwarding,
}

fn bed(mappings: Arc<[Mapping]>) -> Bed {
    let store = Arc::new(Store::open(&Location::Memory).unwrap());
    let service = Service::start(Setup {
        clock: Arc::new(SystemClock::new()),
        ground: Ground::new(RuleSet::starter(), MaterialTable::shipped(), Network::default()),
        mappings,
        limits: Limits::default(),
        reputations: Arc::new(ReputationCache::open(Intel::empty(), &store).unwrap()),
        enriches: false,
        history: History::default(),
        asking: Asking::Nobody,
        reuse: Policy::default(),
        learned: Learned::default(),
        keep_raw: true,
        max_requests: 2,
        webhooks: Vec::new(),
        store,
    })
    .unwrap();
    let kept = Arc::new(Kept::default());
    let forwarding = Forwarding::new(Arc::clone(&kept) as Arc<dyn Forward>, Duration::from_secs(20));
    Bed { service, kept, forwarding }
}

impl Bed {
    async fn pass_on(&self, body: &str) -> Result<Forwarded, Refusal> {
        self.service.forward(body.as_bytes().to_vec(), &self.forwarding).await
    }

    fn taken(&self) -> Vec<ForwardRecord> {
        std::mem::take(&mut *self.kept.records.lock().unwrap())
    }
}

fn suricata(number: u32, machine: u8) -> String {
    format!(
        r#"{{"timestamp":"2026-03-01T00:00:00.000000+0000","event_type":"alert","flow_id":{number},"src_ip":"203.0.113.9","dest_ip":"10.0.0.{machine}","alert":{{"signature_id":{number},"signature":"rule {number}","severity":3}}}}"#
    )
}

fn group(numbers: &[(u32, u8)], more: &str) -> String {
    let alerts: Vec<String> = numbers
        .iter()
        .map(|(number, machine)| {
            format!(r#"{{"labels":{{"alertname":"rule {number}","instance":"10.0.0.{machine}:9100"}}}}"#)
        })
        .chain((!more.is_empty()).then(|| more.to_owned()))
        .collect();
    format!(r#"{{"version":"4","status":"firing","groupKey":"g","alerts":[{}]}}"#, alerts.join(","))
}

/// Rules by the key that they came under, as a worker would read them; and how many items can't be read.
fn read_again(records: &[ForwardRecord]) -> (BTreeMap<String, Option<String>>, usize) {
    let (mut rules, mut broken) = (BTreeMap::new(), 0);
    for record in records {
        let mut items = Vec::new();
        RecordReader::default().read(&record.text, &mut items);
        for item in items {
            match item {
                Item::Alert(alert) => {
                    let rule = alert.text(Field::RuleName).to_owned();
                    assert_eq!(rules.insert(rule, record.key.clone()), None, "twice: {}", record.text);
                }
                Item::Broken(_) => broken += 1,
                Item::Aside(kind) => panic!("{kind}: {}", record.text),
            }
        }
    }
    (rules, broken)
}

#[derive(Debug, Clone)]
enum Part {
    Alert(u8),
    List(Vec<u8>),
    Several(Vec<u8>),
    Group(Vec<u8>),
    GroupWithBroken(Vec<u8>),
    Aside,
    Broken,
}

fn part() -> impl Strategy<Value = Part> {
    let some = || prop::collection::vec(1..6_u8, 1..5);
    prop_oneof![
        (1..6_u8).prop_map(Part::Alert),
        some().prop_map(Part::List),
        some().prop_map(Part::Several),
        some().prop_map(Part::Group),
        some().prop_map(Part::GroupWithBroken),
        Just(Part::Aside),
        Just(Part::Broken),
    ]
}

/// A line for each part; and machines by rule, what is set aside, what is broken.
fn body(parts: &[Part]) -> (String, BTreeMap<String, Option<String>>, u64, u64) {
    let (mut text, mut rules, mut aside, mut broken) = (String::new(), BTreeMap::new(), 0, 0);
    // The layout of the body is told by its first line.
    text.push_str("{\"event_type\":\"flow\"}\n");
    aside += 1;
    for part in parts {
        let mut numbered = |machines: &[u8]| -> Vec<(u32, u8)> {
            machines
                .iter()
                .map(|machine| {
                    let number = u32::try_from(rules.len()).unwrap();
                    rules.insert(format!("rule {number}"), Some(format!("10.0.0.{machine}")));
                    (number, *machine)
                })
                .collect()
        };
        let each = |numbers: Vec<(u32, u8)>| -> Vec<String> {
            numbers.into_iter().map(|(number, machine)| suricata(number, machine)).collect()
        };
        let line = match part {
            Part::Alert(machine) => each(numbered(&[*machine])).concat(),
            Part::List(machines) => format!("[{}]", each(numbered(machines)).join(",")),
            Part::Several(machines) => each(numbered(machines)).join(" "),
            Part::Group(machines) => {
                aside += 1;
                group(&numbered(machines), r#"{"status":"resolved","labels":{}}"#)
            }
            Part::GroupWithBroken(machines) => {
                broken += 1;
                group(&numbered(machines), "\"x\"")
            }
            Part::Aside => {
                aside += 1;
                r#"{"event_type":"flow"}"#.to_owned()
            }
            Part::Broken => {
                broken += 1;
                "{\"cut off\": ".to_owned()
            }
        };
        text.push_str(&line);
        text.push('\n');
    }
    (text, rules, aside, broken)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_alert_of_a_body_is_passed_on_once_under_its_machines_key(
        parts in prop::collection::vec(part(), 0..12),
        packed in any::<bool>(),
    ) {
        let (text, rules, set_aside, broken) = body(&parts);
        let bytes = if packed {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(text.as_bytes()).unwrap();
            encoder.finish().unwrap()
        } else {
            text.into_bytes()
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let bed = bed(Arc::from([]));
        let forwarded = runtime.block_on(bed.service.forward(bytes, &bed.forwarding)).unwrap();
        let sent = rules.len() as u64 + broken;
        prop_assert_eq!(forwarded, Forwarded { received: sent + set_aside, sent, set_aside, broken });
        let records = bed.taken();
        let (read, unreadable) = read_again(&records);
        prop_assert_eq!(records.len() as u64, sent, "each alone");
        prop_assert_eq!(read, rules);
        prop_assert_eq!(unreadable as u64, broken);
    }
}

#[tokio::test]
async fn a_wrapper_falls_apart_whatever_its_elements_need() {
    let bed = bed(Arc::from([]));
    for (sample, alerts) in [
        (include_str!("../../../../signal/src/read/samples/cloudtrail-records.json"), 2..),
        (include_str!("../../../../signal/src/read/samples/guardduty-list.json"), 1..),
        (include_str!("../../../../signal/src/read/samples/alertmanager-group.json"), 1..),
    ] {
        let forwarded = bed.pass_on(sample).await.unwrap();
        let records = bed.taken();
        assert!(alerts.contains(&records.len()), "{forwarded:?}");
        assert_eq!(records.len() as u64, forwarded.sent);
        assert!(records[0].key.is_some(), "{records:?}");
    }
    // What can't be read among what can is passed on apart from it.
    let sample = include_str!("../../../../signal/src/read/samples/cloudtrail-records.json");
    let (rest, _) = sample.rsplit_once(']').unwrap();
    let one_line = |text: &str| text.replace('\n', " ");
    let forwarded = bed.pass_on(&one_line(&format!("{rest},7]}}"))).await.unwrap();
    assert_eq!((forwarded.broken, bed.taken().len() as u64), (1, forwarded.sent));
}

#[tokio::test]
async fn a_failure_is_told_and_takes_no_room() {
    let bed = bed(Arc::from([]));
    bed.kept.is_away.store(true, Ordering::SeqCst);
    for _ in 0..10 {
        let refused = bed.pass_on(&suricata(1, 1)).await.unwrap_err();
        assert!(matches!(&refused, Refusal::NotForwarded(why) if why == "nobody is there"), "{refused:?}");
        assert!(refused.may_pass());
    }
    bed.kept.is_away.store(false, Ordering::SeqCst);
    assert_eq!(bed.pass_on(&suricata(1, 1)).await.unwrap().sent, 1);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_waits_for_any_more_still_takes_its_room() {
    let bed = bed(Arc::from([]));
    bed.kept.waits.store(true, Ordering::SeqCst);
    for _ in 0..2 {
        let refused = bed.pass_on(&suricata(1, 1)).await.unwrap_err();
        assert!(matches!(&refused, Refusal::NotForwarded(why) if why == "no word for 20 s"), "{refused:?}");
    }
    assert_eq!(bed.pass_on(&suricata(1, 1)).await, Err(Refusal::Busy), "there is room for two");
    bed.kept.waits.store(false, Ordering::SeqCst);
    bed.kept.go.notify_waiters();
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(bed.taken().len(), 2, "what was begun goes on");
    assert_eq!(bed.pass_on(&suricata(1, 1)).await.unwrap().sent, 1);
}

#[tokio::test]
async fn what_would_be_something_else_where_it_is_read_is_refused_as_a_whole() {
    let mapping = Mapping::from_toml(include_str!("../../../../../examples/mappings/ait.toml")).unwrap();
    let bed = bed(Arc::from([mapping]));
    let rows =
        "time,name,ip,host,short,time_label,event_label\n1642998313,Wazuh: Login,10.0.0.5,db1,W-1,x,y\n";
    let refused = bed.pass_on(rows).await.unwrap_err();
    assert!(matches!(&refused, Refusal::Unreadable { reason, .. } if reason.contains("CSV")), "{refused:?}");
    let long = format!("{}\n{}", suricata(1, 1), suricata(2, 1).replace("rule 2", &"x".repeat(100_000)));
    let refused = bed.pass_on(&long).await.unwrap_err();
    assert!(matches!(refused, Refusal::LongRecord { most: 100_000, .. }), "{refused:?}");
    // A small list in a large wrapper would be written out with it for each element.
    let large = group(&vec![(1, 1); 3_000], "").replace("\"g\"", &format!("\"{}\"", "g".repeat(50_000)));
    assert!(matches!(bed.pass_on(&large).await, Err(Refusal::TooLarge(_))));
    assert!(bed.taken().is_empty(), "nothing of it is passed on");
}
