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
    use crate::intel::BAD_ADDRESSES;
    use std::collections::{BTreeMap, BTreeSet};

    /// The extension's keys and values; the values of these records hold no spaces before an equals sign.
    fn fields(line: &str) -> BTreeMap<&str, &str> {
        let extension = line.rsplit('|').next().unwrap();
        let mut fields = BTreeMap::new();
        let mut rest = extension;
        while let Some((key, after)) = rest.split_once('=') {
            let value_end = match after.find('=') {
                Some(next) => after[..next].rfind(' ').unwrap(),
                None => after.len(),
            };
            fields.insert(key.trim(), &after[..value_end]);
            rest = &after[value_end..];
        }
        fields
    }

    fn distinct<K: Ord>(lines: &[String], key: impl Fn(&BTreeMap<&str, &str>) -> K) -> usize {
        lines.iter().map(|line| key(&fields(line))).collect::<BTreeSet<_>>().len()
    }

    fn lines() -> Vec<String> {
        fifteen(crate::SEED).into_iter().map(|record| record.line).collect()
    }

    #[test]
    fn fifteen_alerts_come_from_ten_addresses_and_no_two_are_the_same_record() {
        let lines = lines();
        assert_eq!(lines.len(), 15);
        assert_eq!(distinct(&lines, |fields| fields["src"].to_owned()), 10);
        for unique in ["rt", "externalId", "cn1", "spt"] {
            assert_eq!(distinct(&lines, |fields| fields[unique].to_owned()), 15, "{unique}");
        }
        assert!(
            lines.iter().all(|line| line.contains("|SSH User Authentication Brute Force Attempt(40015)|"))
        );
    }

    #[test]
    fn matching_whole_alerts_spares_five_calls_of_fifteen() {
        let exact = distinct(&lines(), |fields| {
            let mut fields: BTreeMap<String, String> =
                fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            for volatile in ["rt", "externalId", "cn1", "spt"] {
                fields.remove(volatile);
            }
            fields
        });
        assert_eq!(exact, 10);
    }

    #[test]
    fn matching_patterns_spares_ten_or_more_whatever_the_base_of_the_buckets() {
        for base in [2.0_f64, std::f64::consts::E, 4.0, 10.0] {
            let patterns = distinct(&lines(), |fields| {
                let count: f64 = fields["cnt"].parse().unwrap();
                let known = BAD_ADDRESSES.iter().any(|(address, _)| *address == fields["src"]);
                (fields["dst"].to_owned(), known, count.log(base).floor() as u32)
            });
            assert!(patterns <= 5, "{patterns} patterns with base {base}");
        }
    }

    #[test]
    fn eight_and_nine_share_a_bucket_and_nine_thousand_does_not() {
        let counts: Vec<u32> =
            three(crate::SEED).iter().map(|record| fields(&record.line)["cnt"].parse().unwrap()).collect();
        assert_eq!(counts, [8, 9, 9_000]);
        assert_eq!(8_u32.ilog2(), 9_u32.ilog2());
        assert_ne!(9_u32.ilog2(), 9_000_u32.ilog2());
    }
}
