//! The part of judging that looks at one alert alone, and so can be done for many at once.

use crate::material::rule_identity;
use crate::pattern::{pattern_id, stem};
use crate::rules::{Hits, RuleMatcher, RuleSet, RulesSay, hash_one, hits_hash};
use crate::statistics::Entities;
use crate::{Facts, MaterialTable, Network, Reputations, Stem};
use hashbrown::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use watchfire_signal::{Alert, Field, Reputation, Severity};

/// What was found out about an alert before deciding.
#[derive(Debug, Clone)]
pub struct Assessed {
    /// What the material fields say.
    pub stem: Stem,
    /// The pattern's number.
    pub pattern: i64,
    /// Hash of everything the record says besides its time, ids and free text: what exact matching would go by.
    pub exact: u64,
    /// Hashes of who and what it is about.
    pub entities: Entities,
    /// The rules that match.
    pub hits: Hits,
    /// What they say together.
    pub say: RulesSay,
    /// The vendor's severity.
    pub severity: Severity,
    /// The worst that is known of its indicators.
    pub reputation: Reputation,
    /// How long a hostile verdict lives, in milliseconds.
    pub lifetime_ms: i64,
    /// How long any other lives.
    pub benign_lifetime_ms: i64,
}

/// What everybody who assesses shares.
#[derive(Debug, Clone)]
pub struct Ground {
    /// The rules in force.
    pub rules: Arc<RuleSet>,
    /// The material fields in force.
    pub material: Arc<MaterialTable>,
    /// Which addresses are ours.
    pub network: Arc<Network>,
    hasher: RandomState,
}

impl Ground {
    /// The ground to assess and judge on.
    pub fn new(rules: RuleSet, material: MaterialTable, network: Network) -> Self {
        Self {
            rules: Arc::new(rules),
            material: Arc::new(material),
            network: Arc::new(network),
            hasher: RandomState::new(),
        }
    }

    /// Version of everything that decides without being told: rules, material table, and the way decisions are made.
    pub fn version(&self) -> String {
        /// To be raised whenever the same alerts would be decided differently.
        const CASCADE: &str = "1";
        let mut hasher = blake3::Hasher::new();
        hasher.update(CASCADE.as_bytes()).update(&self.rules.version()).update(&self.material.version());
        hasher.finalize().to_hex()[..12].to_owned()
    }
}

/// Assesses alerts. One per thread.
#[derive(Debug)]
pub struct Assessor {
    ground: Ground,
    matcher: RuleMatcher,
    hits_hashes: HashMap<Hits, ([u8; 8], RulesSay)>,
}

impl Assessor {
    /// An assessor on this ground.
    pub fn new(ground: Ground) -> Self {
        let matcher = RuleMatcher::new(Arc::clone(&ground.rules));
        Self { ground, matcher, hits_hashes: HashMap::new() }
    }

    /// Looks at an alert: who, where, what is known of it.
    pub fn facts<'a>(&self, alert: &'a Alert<'_>, reputations: &dyn Reputations) -> Facts<'a> {
        Facts::of(alert, &self.ground.network, reputations)
    }

    /// Assesses an alert.
    pub fn assess(&mut self, alert: &Alert<'_>, facts: &Facts<'_>) -> Assessed {
        /// Combinations of rules that are remembered.
        const MAX_COMBINATIONS: usize = 4096;
        let hits = self.matcher.matches(alert, facts);
        let (hits_hash, say) = match self.hits_hashes.get(&hits) {
            Some(&known) => known,
            None => {
                let made = (hits_hash(&self.ground.rules, &hits), self.ground.rules.say(&hits));
                if self.hits_hashes.len() >= MAX_COMBINATIONS {
                    self.hits_hashes.clear();
                }
                self.hits_hashes.insert(hits.clone(), made);
                made
            }
        };
        let entry = self.ground.material.entry(say.category);
        let stem = entry.map_or([0; 16], |entry| stem(alert, facts, entry));
        let (lifetime_ms, benign_lifetime_ms) =
            entry.map_or((0, 0), |entry| (entry.lifetime_ms, entry.benign_lifetime_ms));
        let hasher = &self.ground.hasher;
        Assessed {
            stem,
            pattern: pattern_id(&stem, hits_hash),
            exact: exact(alert, hasher),
            entities: Entities {
                rule: hash_one(hasher, &(alert.format, rule_identity(alert))),
                asset: hash_one(hasher, &short_name(&facts.asset)),
                actor: hash_one(hasher, &facts.actor),
            },
            hits,
            say,
            severity: alert.severity,
            reputation: facts.reputation,
            lifetime_ms,
            benign_lifetime_ms,
        }
    }
}

/// A machine's name without its domain, in lower case: one product says `DB1`, the other `db1.corp.example`. Addresses
/// stay as they are.
fn short_name(name: &str) -> String {
    let short = match name.parse::<std::net::IpAddr>() {
        Ok(_) => name,
        Err(_) => name.split('.').next().unwrap_or(name),
    };
    short.to_lowercase()
}

/// Everything but what differs between two records of the same thing: ids, ephemeral ports, and free text, which
/// carries the time.
fn exact(alert: &Alert<'_>, hasher: &RandomState) -> u64 {
    let mut hash = hasher.build_hasher();
    hash.write_u64(alert.format as u64);
    hash.write_u64(alert.count.unwrap_or(0));
    for (field, text) in alert.cells() {
        if !matches!(field, Field::EventId | Field::SourcePort | Field::Message) {
            hash.write_u8(field as u8);
            hash.write(text.as_bytes());
            hash.write_u8(0xff);
        }
    }
    hash.finish()
}

/// The vendor's rule as history knows it: format and id, or name.
pub fn rule_key(alert: &Alert<'_>) -> String {
    format!("{}/{}", alert.format.name(), rule_identity(alert))
}
