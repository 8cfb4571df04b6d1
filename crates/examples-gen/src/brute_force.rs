//! Two small files about reuse: which alerts may share a verdict?
//!
//! **Fifteen alerts from ten addresses.** The firewall reports SSH password guessing against two servers. A cache that
//! asks whether *the same alert* was judged before, with time, ids and ports left out, finds ten different ones among
//! the fifteen, one per address, and so spares five calls of fifteen: 33 %. By pattern (the rule, the target, the role
//! and the reputation of the source, the count in logarithmic buckets) there are at most five, which spares ten or
//! more.
//!
//! **Three alerts from one address.** Eight failures and nine are the same thing; nine thousand are not.

use crate::company::{SFTP, SSH_GATEWAY};
use crate::dice::Dice;
use crate::formats::cef::{Threat, firewall_threat};
use crate::moment::{Day, Moment};
use crate::record::Record;

/// The address whose count stands out, which reputation lists know.
pub const LOUD: &str = "198.51.100.166";
/// An address that reputation lists know, and whose count does not stand out.
pub const KNOWN: &str = "198.51.100.139";

/// Each address with its target and its count. The alert repeats so many times with nothing new in it.
const SOURCES: [(&str, &str, u32, usize); 10] = [
    ("198.51.100.131", SSH_GATEWAY.ip, 8, 2),
    ("198.51.100.134", SSH_GATEWAY.ip, 9, 1),
    (KNOWN, SSH_GATEWAY.ip, 9, 2),
    ("198.51.100.142", SFTP.ip, 8, 1),
    ("198.51.100.148", SSH_GATEWAY.ip, 8, 2),
    ("198.51.100.153", SFTP.ip, 9, 1),
    ("198.51.100.160", SSH_GATEWAY.ip, 9, 1),
    (LOUD, SSH_GATEWAY.ip, 9_000, 2),
    ("198.51.100.171", SFTP.ip, 9, 2),
    ("198.51.100.185", SSH_GATEWAY.ip, 8, 1),
];

/// Fifteen alerts from ten addresses, in order of time: first every address once, then the repetitions.
pub fn fifteen(seed: u64) -> Vec<Record> {
    let dice = &mut Dice::new(seed, 200);
    let mut at = Day::EXAMPLE.at(10, 0, 3);
    let mut records = Vec::new();
    for round in 0..2 {
        for (source, target, count, times) in SOURCES {
            if times > round {
                at = at.plus(dice.between(20, 170));
                records.push(guessing(dice, at, source, target, count));
            }
        }
    }
    records
}

/// Three alerts from one address: 8, 9 and 9,000 failures.
pub fn three(seed: u64) -> Vec<Record> {
    let dice = &mut Dice::new(seed, 201);
    [8, 9, 9_000]
        .into_iter()
        .zip(0..)
        .map(|(count, minute)| {
            let at = Day::EXAMPLE.at(11, minute * 4, 9);
            guessing(dice, at, "198.51.100.131", SSH_GATEWAY.ip, count)
        })
        .collect()
}

fn guessing(dice: &mut Dice, at: Moment, source: &str, target: &str, count: u32) -> Record {
    let threat = Threat {
        threat: "SSH User Authentication Brute Force Attempt(40015)",
        severity: 4,
        category: "brute-force",
        source,
        destination: (target, 22),
        app: "ssh",
        user: Some("root"),
        action: "alert",
        request: None,
        count,
    };
    firewall_threat(dice, at, &threat)
}

#[cfg(test)]
mod tests {
    use super::{fifteen, three};
    use crate::SEED;
    use crate::intel::BAD_ADDRESSES;
    use crate::record::Record;
    use std::collections::BTreeSet;
    use watchfire_signal::read::{Item, RecordReader};
    use watchfire_signal::{Alert, Field};

    fn read(records: &[Record]) -> Vec<Alert<'_>> {
        let mut items = Vec::new();
        let mut reader = RecordReader::default();
        for record in records {
            reader.read(&record.line, &mut items);
        }
        let alerts = items.into_iter().map(|item| match item {
            Item::Alert(alert) => *alert,
            other => panic!("an alert expected, got {other:?}"),
        });
        alerts.collect()
    }

    fn distinct<K: Ord>(alerts: &[Alert<'_>], key: impl Fn(&Alert<'_>) -> K) -> usize {
        alerts.iter().map(key).collect::<BTreeSet<_>>().len()
    }

    #[test]
    fn fifteen_alerts_come_from_ten_addresses_and_no_two_are_the_same_record() {
        let records = fifteen(SEED);
        let alerts = read(&records);
        assert_eq!(alerts.len(), 15);
        assert_eq!(distinct(&alerts, |alert| alert.text(Field::SourceIp).to_owned()), 10);
        assert_eq!(distinct(&alerts, |alert| alert.text(Field::RuleId).to_owned()), 1);
        assert_eq!(distinct(&alerts, |alert| alert.time), 15);
        assert_eq!(distinct(&alerts, |alert| alert.text(Field::SourcePort).to_owned()), 15);
        assert!(alerts.iter().all(|alert| alert.text(Field::SourceIp).starts_with("198.51.100.")));
    }

    #[test]
    fn matching_whole_alerts_spares_five_calls_of_fifteen() {
        let records = fifteen(SEED);
        let exact = distinct(&read(&records), |alert| {
            let lasting =
                alert.cells().filter(|(field, _)| !matches!(field, Field::EventId | Field::SourcePort));
            (alert.count, lasting.map(|(field, text)| (field, text.to_owned())).collect::<Vec<_>>())
        });
        assert_eq!(exact, 10);
    }

    #[test]
    fn matching_patterns_spares_ten_or_more_whatever_the_base_of_the_buckets() {
        let records = fifteen(SEED);
        for base in [2.0_f64, std::f64::consts::E, 4.0, 10.0] {
            let patterns = distinct(&read(&records), |alert| {
                let known = BAD_ADDRESSES.iter().find(|(address, _)| *address == alert.text(Field::SourceIp));
                let bucket = (alert.count.unwrap() as f64).log(base).floor() as u32;
                let host = alert.text(Field::DestinationIp).to_owned();
                (alert.text(Field::RuleId).to_owned(), host, known.map(|(_, lists)| *lists >= 5), bucket)
            });
            assert!(patterns <= 5, "{patterns} patterns with base {base}");
        }
    }

    #[test]
    fn eight_and_nine_share_a_bucket_and_nine_thousand_does_not() {
        let records = three(SEED);
        let alerts = read(&records);
        assert_eq!(distinct(&alerts, |alert| alert.text(Field::SourceIp).to_owned()), 1);
        let counts: Vec<u64> = alerts.iter().filter_map(|alert| alert.count).collect();
        assert_eq!(counts, [8, 9, 9_000]);
        assert_eq!(8_u64.ilog2(), 9_u64.ilog2());
        assert_ne!(9_u64.ilog2(), 9_000_u64.ilog2());
    }
}
