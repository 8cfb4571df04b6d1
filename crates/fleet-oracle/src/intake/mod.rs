//! Records whose outcome is known by how they were made.
//!
//! Real alerts, in the order of their files, with what also comes in real life among them: records that are no alerts, broken
//! ones, and records that hold several alerts. What becomes of each follows from the formats alone: an EVE event of the type
//! `alert` is an alert, one of another type is none, and a JSON text that ends in the middle can't be read.
//!
//! The same seed gives the same records.

mod ait;
mod breaking;
mod eve;
mod examples;
mod files;

use crate::error::OracleError;
use files::Lines;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::Path;
use twox_hash::XxHash3_64;

/// Of a thousand records, those that are no alerts, broken, and hold several alerts.
const ASIDE: u32 = 20;
const BROKEN: u32 = 10;
const SEVERAL: u32 = 5;
/// Of a hundred alerts, those of the contest: its share of the two sets of data when 200,000 are taken.
const CONTEST: u32 = 15;

/// What has to become of a record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected {
    /// The alerts in it: a hash of each one's text, in order ([`text_hash`]).
    pub alerts: Vec<u64>,
    /// Items in it that can't be read.
    pub dead: u32,
}

/// A record to be fed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fed {
    /// The entity that it is about.
    pub key: String,
    /// What it says.
    pub value: Vec<u8>,
    /// What has to become of it.
    pub expected: Expected,
}

impl Fed {
    fn alert(key: String, text: String) -> Self {
        let expected = Expected { alerts: vec![text_hash(&text)], dead: 0 };
        Self { key, value: text.into_bytes(), expected }
    }

    fn aside(key: String, text: String) -> Self {
        Self { key, value: text.into_bytes(), expected: Expected::default() }
    }
}

/// What an alert's text is known again by.
pub fn text_hash(text: &str) -> u64 {
    XxHash3_64::oneshot(text.as_bytes())
}

/// Records without an end.
pub struct Intake {
    chance: ChaCha8Rng,
    alerts: Alerts,
    /// Events that are no alerts; none where the data has none, and then they are made.
    asides: Option<Lines>,
}

/// Where alerts come from.
enum Alerts {
    /// Suricata's of the contest, and those of the simulated networks.
    Real { contest: Vec<Lines>, networks: Vec<Lines> },
    /// Invented ones.
    Invented(examples::Examples),
}

impl Intake {
    /// Real alerts from the folder of public data sets, invented ones without it.
    pub fn open(data: Option<&Path>, seed: u64) -> Result<Self, OracleError> {
        let chance = ChaCha8Rng::seed_from_u64(seed);
        let Some(data) = data else {
            return Ok(Self {
                chance,
                alerts: Alerts::Invented(examples::Examples::new(seed)),
                asides: None,
            });
        };
        let contest = files::open_all(&data.join("suricata-cptc"))?;
        let networks = files::open_all(&data.join("ait"))?;
        let asides = Lines::open(data.join("suricata-mixed").join("eve.json.gz"))?;
        Ok(Self { chance, alerts: Alerts::Real { contest, networks }, asides: Some(asides) })
    }

    /// The next record.
    pub fn next_record(&mut self) -> Result<Fed, OracleError> {
        let kind = self.chance.random_range(0..1000);
        if kind < ASIDE {
            return self.aside();
        }
        let alert = self.alert()?;
        Ok(match kind - ASIDE {
            kind if kind < BROKEN => breaking::broken(&mut self.chance, alert),
            kind if kind < BROKEN + SEVERAL => {
                let mut all = vec![alert];
                for _ in 0..self.chance.random_range(1..4_u32) {
                    all.push(self.alert()?);
                }
                breaking::several(&mut self.chance, all)
            }
            _ => alert,
        })
    }

    fn alert(&mut self) -> Result<Fed, OracleError> {
        match &mut self.alerts {
            Alerts::Real { contest, networks } => {
                let of_contest = self.chance.random_range(0..100) < CONTEST;
                let files = if of_contest { contest } else { networks };
                let place = self.chance.random_range(0..files.len());
                let file = &mut files[place];
                loop {
                    let (line, cycle) = file.next_line()?;
                    let read =
                        if of_contest { eve::alert(line, cycle) } else { ait::alert(line, cycle, place) };
                    if let Some((key, text)) = read {
                        return Ok(Fed::alert(key, text));
                    }
                }
            }
            Alerts::Invented(examples) => Ok(examples.next_alert()),
        }
    }

    fn aside(&mut self) -> Result<Fed, OracleError> {
        let Some(file) = &mut self.asides else {
            return Ok(match &mut self.alerts {
                Alerts::Invented(examples) => examples.next_aside(),
                Alerts::Real { .. } => breaking::blank(),
            });
        };
        if self.chance.random_range(0..20) == 0 {
            return Ok(breaking::blank());
        }
        loop {
            let (line, _) = file.next_line()?;
            if let Some((key, text)) = eve::aside(line) {
                return Ok(Fed::aside(key, text));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Intake;
    use std::path::PathBuf;

    #[test]
    fn the_same_seed_gives_the_same_records_and_all_kinds_of_them() {
        let take = |seed| {
            let mut intake = Intake::open(None, seed).unwrap();
            (0..4000).map(|_| intake.next_record().unwrap()).collect::<Vec<_>>()
        };
        let records = take(7);
        assert_eq!(records, take(7));
        assert_ne!(records, take(8));
        let asides = records.iter().filter(|fed| fed.expected.alerts.is_empty() && fed.expected.dead == 0);
        let dead: u32 = records.iter().map(|fed| fed.expected.dead).sum();
        let several = records.iter().filter(|fed| fed.expected.alerts.len() > 1).count();
        assert!(
            (40..140).contains(&asides.count()) && (15..90).contains(&dead) && (5..50).contains(&several)
        );
        assert!(records.iter().all(|fed| !fed.key.is_empty()));
    }

    #[test]
    fn real_alerts_go_on_with_other_ids_when_their_files_are_at_an_end() {
        let Some(data) = std::env::var_os("WATCHFIRE_DATA").map(PathBuf::from) else {
            eprintln!("skipped: WATCHFIRE_DATA is not set");
            return;
        };
        let mut intake = Intake::open(Some(&data), 1).unwrap();
        let mut keys = std::collections::HashSet::new();
        let mut alerts = 0;
        for _ in 0..5000 {
            let fed = intake.next_record().unwrap();
            alerts += fed.expected.alerts.len();
            keys.insert(fed.key);
        }
        assert!(alerts > 4500 && keys.len() > 20, "{alerts} alerts of {} entities", keys.len());
    }
}
