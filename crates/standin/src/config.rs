//! What a stand-in is started with; all of it has defaults, and all of it can stand in a TOML file.

use crate::behaviour::Behaviour;
use crate::limits::Limits;
use crate::prices::{Prices, standard};
use crate::provider::Provider;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the intelligence services think of an indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reputation {
    /// Known, and bad.
    Malicious,
    /// Known, and harmless.
    Clean,
    /// Not known.
    Unknown,
}

/// What a stand-in is started with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where all chance comes from.
    pub seed: u64,
    /// The key that every provider accepts…
    pub key: String,
    /// …unless one of its own stands here.
    pub keys: BTreeMap<Provider, String>,
    /// The limits of every provider. If none is set, intelligence services and the geocoder have those of their free plans
    /// ([`Limits::documented`]), and models have none…
    pub default_limits: Limits,
    /// …unless its own stand here; an empty one is no limit.
    pub limits: BTreeMap<Provider, Limits>,
    /// How every provider behaves…
    pub behaviour: Behaviour,
    /// …unless it behaves in its own way.
    pub behaviours: BTreeMap<Provider, Behaviour>,
    /// Models that are known, and what they cost.
    pub prices: Prices,
    /// Take any model; those without a price are free.
    pub any_model: bool,
    /// What is thought of some indicators; of others, a hash decides.
    pub indicators: BTreeMap<String, Reputation>,
    /// What the wall clock shows at the start, in milliseconds since 1970; the machine's if not given.
    pub unix_ms: Option<i64>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 0,
            key: "test-key".to_owned(),
            keys: BTreeMap::new(),
            default_limits: Limits::default(),
            limits: BTreeMap::new(),
            behaviour: Behaviour::default(),
            behaviours: BTreeMap::new(),
            prices: standard(),
            any_model: false,
            indicators: BTreeMap::new(),
            unix_ms: None,
        }
    }
}

impl Config {
    pub(crate) fn key(&self, provider: Provider) -> &str {
        self.keys.get(&provider).unwrap_or(&self.key)
    }

    pub(crate) fn limits(&self, provider: Provider) -> Limits {
        match self.limits.get(&provider) {
            Some(limits) => limits.clone(),
            None if self.default_limits == Limits::default() => Limits::documented(provider),
            None => self.default_limits.clone(),
        }
    }

    pub(crate) fn behaviour(&self, provider: Provider) -> Behaviour {
        self.behaviours.get(&provider).unwrap_or(&self.behaviour).clone()
    }

    pub(crate) fn knows(&self, model: &str) -> bool {
        self.any_model || self.prices.contains_key(model)
    }
}

#[cfg(test)]
mod tests {
    use super::Config;
    use crate::provider::Provider;

    #[test]
    fn services_have_their_free_plans_unless_something_else_is_set() {
        let read = |text: &str| toml::from_str::<Config>(text).unwrap();
        let free = read("");
        assert_eq!(free.limits(Provider::AbuseIpDb).requests_per_day, Some(1000));
        let virustotal = free.limits(Provider::VirusTotal);
        assert_eq!((virustotal.requests, virustotal.requests_per_day), ("4/60s".parse().ok(), Some(500)));
        assert_eq!(free.limits(Provider::GreyNoise).requests, "50/7d".parse().ok());
        for unlimited in [Provider::UrlHaus, Provider::ThreatFox, Provider::Gemini, Provider::OpenAi] {
            assert_eq!(free.limits(unlimited), crate::Limits::default(), "{unlimited:?}");
        }
        let set = read("[limits.greynoise]\n[default_limits]\nconcurrency = 2\n");
        assert_eq!(set.limits(Provider::GreyNoise), crate::Limits::default());
        assert_eq!(set.limits(Provider::VirusTotal).requests, None);
    }

    #[test]
    fn a_file_sets_what_it_names_and_misspellings_are_errors() {
        let config: Config = toml::from_str(
            "seed = 7\n[limits.gemini]\nrequests = \"15/6s\"\n[behaviour]\nhangs = 0.1\n[prices.m]\ninput = 1\noutput = 2\n",
        )
        .unwrap();
        assert_eq!(config.limits(Provider::Gemini).requests.unwrap().amount, 15);
        assert_eq!(config.limits(Provider::OpenAi).requests, None);
        assert_eq!(config.behaviour(Provider::OpenAi).hangs, 0.1);
        assert!(config.knows("m") && !config.knows("gpt-5-mini"));
        assert!(toml::from_str::<Config>("[behaviour]\nhang = 0.1\n").is_err());
    }
}
