//! Who is stood in for.

use crate::exchange::Call;
use serde::{Deserialize, Serialize};

/// A provider whose wire format is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Google's Gemini API.
    Gemini,
    /// OpenAI and what is compatible.
    OpenAi,
    /// Moonshot's Kimi, below `/moonshot`: the same shape as OpenAI, with errors and limits of its own.
    Moonshot,
    /// Anthropic's Messages API.
    Anthropic,
    /// AbuseIPDB, API 2.
    AbuseIpDb,
    /// VirusTotal, API 3.
    VirusTotal,
    /// AlienVault's Open Threat Exchange.
    Otx,
    /// GreyNoise's community API.
    GreyNoise,
    /// URLhaus by abuse.ch.
    UrlHaus,
    /// ThreatFox by abuse.ch.
    ThreatFox,
    /// Nominatim, the geocoder of OpenStreetMap. It has no keys.
    Nominatim,
}

impl Provider {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Gemini,
        Self::OpenAi,
        Self::Moonshot,
        Self::Anthropic,
        Self::AbuseIpDb,
        Self::VirusTotal,
        Self::Otx,
        Self::GreyNoise,
        Self::UrlHaus,
        Self::ThreatFox,
        Self::Nominatim,
    ];

    /// Its name in settings and tallies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gemini => "gemini",
            Self::OpenAi => "openai",
            Self::Moonshot => "moonshot",
            Self::Anthropic => "anthropic",
            Self::AbuseIpDb => "abuseipdb",
            Self::VirusTotal => "virustotal",
            Self::Otx => "otx",
            Self::GreyNoise => "greynoise",
            Self::UrlHaus => "urlhaus",
            Self::ThreatFox => "threatfox",
            Self::Nominatim => "nominatim",
        }
    }

    /// The provider with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.name() == name)
    }

    /// The key that a call brings, in this provider's header; an empty one is none.
    pub(crate) fn key(self, call: &Call) -> Option<&str> {
        let value = match self {
            Self::Gemini => call.header("x-goog-api-key").or_else(|| call.query("key")),
            Self::OpenAi | Self::Moonshot => {
                call.header("authorization").and_then(|value| value.strip_prefix("Bearer "))
            }
            Self::Anthropic => call.header("x-api-key"),
            Self::AbuseIpDb | Self::GreyNoise => call.header("key"),
            Self::VirusTotal => call.header("x-apikey"),
            Self::Otx => call.header("x-otx-api-key"),
            Self::UrlHaus | Self::ThreatFox => call.header("auth-key"),
            Self::Nominatim => None,
        };
        value.map(str::trim).filter(|value| !value.is_empty())
    }

    /// What a batch costs, in percent of list price.
    pub(crate) fn batch_percent(self) -> u128 {
        // Moonshot's own page says 60 %; the other three half.
        if self == Self::Moonshot { 60 } else { 50 }
    }

    /// Whether requests that are refused count against the limit on requests. OpenAI's guide to rate limits says that
    /// they do; the others do not say.
    pub(crate) fn counts_refused(self) -> bool {
        self == Self::OpenAi
    }
}

#[cfg(test)]
mod tests {
    use super::Provider;

    #[test]
    fn names_are_the_same_in_settings_and_in_code() {
        for provider in Provider::ALL {
            assert_eq!(serde_json::to_value(provider).unwrap(), provider.name());
            assert_eq!(Provider::named(provider.name()), Some(provider));
        }
    }
}
