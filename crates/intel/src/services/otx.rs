//! AlienVault OTX (LevelBlue): *pulses*, lists of indicators that anyone may publish.
//!
//! `GET /api/v1/indicators/{IPv4,IPv6,domain,hostname,file,url,cve}/{value}/general`, header `X-OTX-API-KEY`
//! (otx.alienvault.com/api). `pulse_info.count` says in how many pulses it is. `validation` lists why it may be harmless:
//! `whitelist` and `false_positive` are somebody's judgement; other sources (`alexa`, `majestic`, `akamai`, `ad_network`) say that it
//! is popular or whose it is. `false_positive[].assessment` is the outcome of an appeal. The vendor's own sample
//! (`get_malicious.py`) drops all pulses as soon as there is any validation.
//!
//! | answer | reputation | why |
//! |---|---|---|
//! | pulses, one by AlienVault itself | malicious | its researchers checked it |
//! | pulses by others | suspicious | nobody checks them, and whole access logs get published |
//! | pulses, and vouched for | info | as that sample has it, but not *safe*: somebody was attacked from there |
//! | pulses about a CVE | info | they say that it is written about, not that it is used here |
//! | no pulses, vouched for | safe | |
//! | no pulses, popular | info | |
//! | no pulses | unknown | the service answers 200 about anything |
//!
//! A name of two labels is asked about as `domain`, and so is one under a second level such as `co.uk`, guessed by its length;
//! others as `hostname`. OTX knows each only under its own word. *Unchecked:* the bodies of 400, 403 and 429. *From
//! memory:* the sources besides those two, and that the author of its own pulses is called `AlienVault`.

use super::answer::{Evidence, Finding, Limit, ServiceError, garbled, parsed, refusal};
use super::asking::Asked;
use super::encoding::percent_encoded;
use super::lenient::Few;
use super::{Account, Service};
use serde::Deserialize;
use std::net::IpAddr;
use watchfire_http::{Request, Response};
use watchfire_signal::{IndicatorKind, Reputation};

pub(super) const NAME: &str = "otx";
pub(super) const BASE: &str = "https://otx.alienvault.com";

/// Who publishes the vendor's own pulses.
const VENDOR: &str = "AlienVault";

/// OTX.
#[derive(Debug, Clone)]
pub struct Otx(Account);

impl Otx {
    /// The service as this account sees it.
    pub const fn new(account: Account) -> Self {
        Self(account)
    }
}

#[derive(Deserialize)]
struct Answer {
    pulse_info: PulseInfo,
    #[serde(default)]
    validation: Few<Validation>,
    #[serde(default)]
    false_positive: Few<Appeal>,
}

#[derive(Deserialize)]
struct PulseInfo {
    count: u64,
    #[serde(default)]
    pulses: Few<Pulse>,
}

#[derive(Deserialize)]
struct Pulse {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    adversary: Option<String>,
    #[serde(default)]
    author: Option<Author>,
    #[serde(default)]
    malware_families: Few<Family>,
}

#[derive(Deserialize)]
struct Author {
    #[serde(default)]
    username: Option<String>,
}

/// A malware family, as text or as an object.
#[derive(Deserialize)]
#[serde(untagged)]
enum Family {
    Named(String),
    Described { display_name: Option<String> },
    Other(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
struct Validation {
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

#[derive(Deserialize)]
struct Appeal {
    #[serde(default)]
    assessment: Option<String>,
}

#[derive(Deserialize)]
struct Complaint {
    #[serde(default)]
    detail: Option<String>,
    #[serde(default)]
    error: Option<String>,
}

impl Service for Otx {
    fn name(&self) -> &'static str {
        NAME
    }

    fn takes(&self, _: IndicatorKind) -> bool {
        true
    }

    fn request(&self, kind: IndicatorKind, value: &str) -> Option<Request> {
        let asked = Asked::read(kind, value)?;
        let section = match &asked {
            Asked::Address(IpAddr::V4(_)) => "IPv4",
            Asked::Address(IpAddr::V6(_)) => "IPv6",
            Asked::Name(name) if is_registered(name) => "domain",
            Asked::Name(_) => "hostname",
            Asked::Url(..) => "url",
            Asked::Hash(_) => "file",
            Asked::Cve(_) => "cve",
        };
        let url =
            self.0.url(&format!("/api/v1/indicators/{section}/{}/general", percent_encoded(&asked.text())));
        Some(Request::get(url).header("x-otx-api-key", &*self.0.key).header("accept", "application/json"))
    }

    fn read(&self, kind: IndicatorKind, value: &str, response: &Response) -> Result<Finding, ServiceError> {
        let Some(asked) = Asked::read(kind, value) else { return Err(garbled("an answer to no question")) };
        if response.status != 200 {
            let words = parsed::<Complaint>(response).ok().and_then(|body| body.detail.or(body.error));
            return Err(refusal(response, Limit::Unknown, &words.unwrap_or_default()));
        }
        let Answer { pulse_info, validation, false_positive } = parsed(response)?;
        let PulseInfo { count, pulses } = pulse_info;
        let pulses = pulses.items;
        let is_own = |pulse: &Pulse| {
            pulse.author.as_ref().is_some_and(|author| author.username.as_deref() == Some(VENDOR))
        };
        let vouches =
            |reason: &Validation| matches!(reason.source.as_deref(), Some("whitelist" | "false_positive"));
        let is_vouched_for = validation.items.iter().any(vouches)
            || false_positive.items.iter().any(|appeal| appeal.assessment.as_deref() == Some("accepted"));
        let reputation = match (count, is_vouched_for) {
            (0, true) => Reputation::Safe,
            (0, false) if validation.total > 0 => Reputation::Info,
            (0, false) => Reputation::Unknown,
            (_, true) => Reputation::Info,
            _ if matches!(asked, Asked::Cve(_)) => Reputation::Info,
            _ if pulses.iter().any(is_own) => Reputation::Malicious,
            _ => Reputation::Suspicious,
        };
        let mut evidence = Evidence::default();
        if count > 0 {
            evidence.say(format!("in {count} pulses"));
        }
        for reason in validation.items.iter().take(2) {
            evidence.quote("", reason.name.as_deref().or(reason.source.as_deref()));
        }
        let told = pulses.iter().find(|pulse| is_own(pulse)).or_else(|| pulses.first());
        if let Some(pulse) = told {
            evidence.quote("pulse ", pulse.name.as_deref());
            evidence.quote("adversary ", pulse.adversary.as_deref());
            let families: Vec<&str> =
                pulse.malware_families.items.iter().filter_map(Family::name).take(3).collect();
            evidence.quote("malware ", Some(&families.join(", ")));
        }
        Ok(evidence.finding(reputation, asked.text()))
    }
}

impl Family {
    fn name(&self) -> Option<&str> {
        match self {
            Self::Named(name) => Some(name),
            Self::Described { display_name } => display_name.as_deref(),
            Self::Other(_) => None,
        }
    }
}

/// Whether the name looks like one that is registered, not one below it: `evil.com`, `evil.co.uk`.
fn is_registered(name: &str) -> bool {
    let labels: Vec<&str> = name.split('.').collect();
    match labels.as_slice() {
        [_, second, top] => top.len() == 2 && second.len() <= 3,
        labels => labels.len() <= 2,
    }
}

#[cfg(test)]
#[path = "otx_tests.rs"]
mod tests;
