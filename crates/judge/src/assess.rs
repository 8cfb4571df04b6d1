//! The part of judging that looks at one alert alone, and so can be done for many at once.

use crate::hashes::{Hashes, machine, stable};
use crate::injection::{Injection, addresses_model, may_address_model};
use crate::material::rule_identity;
use crate::pattern::{injected_key, pattern_id, pattern_key, stem, stem_key};
use crate::rules::{Hits, RuleMatcher, RuleSet, RulesSay};
use crate::statistics::Entities;
use crate::{Category, Facts, MaterialTable, Network, Reputations};
use hashbrown::HashMap;
use std::hash::RandomState;
use std::sync::Arc;
use watchfire_signal::{Alert, Field, Reputation, Severity};

/// What was found out about an alert before deciding.
#[derive(Debug, Clone)]
pub struct Assessed {
    /// The pattern's key: what the material fields say, and the rules that match.
    pub key: [u8; 16],
    /// The pattern's number: the beginning of the key.
    pub pattern: i64,
    /// Hash of everything the record says besides its time, ids and free text: what exact matching would go by.
    pub exact: u64,
    /// Hashes of who and what it is about.
    pub entities: Entities,
    /// Hash of the source's address or name; 0 if there is none.
    pub source: u64,
    /// Hash of the account; 0 if there is none.
    pub user: u64,
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
    /// Text that addresses a language model, and the field it is in.
    pub injection: Option<Box<(Field, Injection)>>,
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
        const CASCADE: &str = "2";
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
    /// Pattern keys, by the hashes that they are made of.
    patterns: HashMap<(u64, [u8; 8], Category), [u8; 16]>,
    /// Cells that were looked at for text that addresses a model, by hash, and whether there was any.
    looked_at: HashMap<u64, bool>,
}

/// Patterns whose numbers a thread remembers before it forgets them all: as many as a table of 32,768 places takes.
const MAX_REMEMBERED: usize = 28_672;

impl Assessor {
    /// An assessor on this ground.
    pub fn new(ground: Ground) -> Self {
        let matcher = RuleMatcher::new(Arc::clone(&ground.rules));
        Self { ground, matcher, patterns: HashMap::new(), looked_at: HashMap::new() }
    }

    /// Looks at an alert: who, where, what is known of it.
    pub fn facts<'a>(&self, alert: &'a Alert<'_>, reputations: &dyn Reputations) -> Facts<'a> {
        Facts::of(alert, &self.ground.network, reputations)
    }

    /// Assesses an alert.
    pub fn assess(&mut self, alert: &Alert<'_>, facts: &Facts<'_>) -> Assessed {
        let hashes = Hashes::of(alert, facts, &self.ground.hasher);
        let injection = self.injection(alert, &hashes);
        let matched = self.matcher.matched(alert, facts, &hashes);
        let (hits, say, hits_hash) = (matched.hits.clone(), matched.say, matched.hash);
        let entry = self.ground.material.entry(say.category);
        let key = match entry {
            None => pattern_key(&[0; 16], hits_hash),
            Some(entry) => {
                let key = (stem_key(alert, &hashes, entry), hits_hash, say.category);
                if self.patterns.len() >= MAX_REMEMBERED {
                    self.patterns.clear();
                }
                *self
                    .patterns
                    .entry(key)
                    .or_insert_with(|| pattern_key(&stem(alert, facts, entry), hits_hash))
            }
        };
        let key = match &injection {
            None => key,
            // Alerts with such text share a verdict with nobody.
            Some(found) => injected_key(key, found.0, alert.text(found.0)),
        };
        let (lifetime_ms, benign_lifetime_ms) =
            entry.map_or((0, 0), |entry| (entry.lifetime_ms, entry.benign_lifetime_ms));
        Assessed {
            key,
            pattern: pattern_id(key),
            exact: hashes.exact(),
            entities: Entities {
                rule: stable(&(alert.format.name(), rule_identity(alert))),
                asset: machine(&facts.asset),
                actor: stable(facts.actor.as_ref()),
            },
            source: first(alert, [Field::SourceIp, Field::SourceDomain]),
            user: first(alert, [Field::TargetUser, Field::User]),
            hits,
            say,
            severity: alert.severity,
            reputation: facts.reputation,
            lifetime_ms,
            benign_lifetime_ms,
            injection,
        }
    }

    /// Text that addresses a model, remembering which cells have none.
    fn injection(&mut self, alert: &Alert<'_>, hashes: &Hashes) -> Option<Box<(Field, Injection)>> {
        let mut found = None;
        for (field, text) in alert.cells() {
            if !may_address_model(field, text) {
                continue;
            }
            let hash = hashes.cell(field);
            let addresses = match self.looked_at.get(&hash) {
                Some(&addresses) => addresses,
                None => {
                    if self.looked_at.len() >= MAX_REMEMBERED {
                        self.looked_at.clear();
                    }
                    let addresses = addresses_model(text).is_some();
                    self.looked_at.insert(hash, addresses);
                    addresses
                }
            };
            if addresses && found.is_none() {
                found = addresses_model(text).map(|injection| Box::new((field, injection)));
            }
        }
        found
    }
}

/// The hash of the first of these cells that is filled; 0 if none is.
fn first(alert: &Alert<'_>, fields: [Field; 2]) -> u64 {
    fields.into_iter().find_map(|field| alert.get(field)).map_or(0, stable)
}

/// The vendor's rule as history knows it: format and id, or name.
pub fn rule_key(alert: &Alert<'_>) -> String {
    format!("{}/{}", alert.format.name(), rule_identity(alert))
}
