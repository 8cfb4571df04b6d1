//! The intelligence services: what is looked up, and what is thought of it.
//!
//! An opinion comes from the configuration, else from a hash of the indicator, so that every service thinks the same of
//! it and a run can be repeated: a third is malicious, a third clean, a third not known. The words are each service's
//! own: [`reputation`] has those of AbuseIPDB, VirusTotal, OTX and GreyNoise, [`abusech`] those of URLhaus and ThreatFox.

mod abusech;
pub(crate) mod reputation;

use crate::behaviour::Garbage;
use crate::config::{Config, Reputation};
use crate::encoding::hash;
use crate::exchange::{Call, Reply};
use crate::limits::{Refusal, Standings};
use crate::provider::Provider;
use serde_json::json;
use std::net::IpAddr;

/// What kind of thing is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Address,
    Domain,
    File,
    Url,
}

/// One thing that is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lookup {
    pub provider: Provider,
    pub kind: Kind,
    pub value: String,
}

impl Lookup {
    /// Whether this is an address that nobody outside should hear of.
    pub fn is_private(&self) -> bool {
        match self.value.parse() {
            Ok(IpAddr::V4(address)) => {
                let carrier = address.octets()[0] == 100 && address.octets()[1] & 0xc0 == 64;
                address.is_private()
                    || address.is_loopback()
                    || address.is_link_local()
                    || address.is_unspecified()
                    || carrier
            }
            Ok(IpAddr::V6(address)) => {
                address.is_loopback()
                    || address.is_unspecified()
                    || address.is_unique_local()
                    || address.is_unicast_link_local()
            }
            Err(_) => false,
        }
    }

    fn reputation(&self, config: &Config) -> Reputation {
        config.indicators.get(&self.value).copied().unwrap_or(match hash(&self.value) % 3 {
            0 => Reputation::Malicious,
            1 => Reputation::Clean,
            _ => Reputation::Unknown,
        })
    }
}

/// Reads a lookup; `Err` is the service's own complaint.
pub(crate) fn read(provider: Provider, call: &Call) -> Result<Lookup, Reply> {
    let (kind, value) = match provider {
        Provider::UrlHaus => abusech::urlhaus(call)?,
        Provider::ThreatFox => abusech::threatfox(call)?,
        _ => reputation::read(provider, call)?,
    };
    Ok(Lookup { provider, kind, value })
}

/// What the service says.
pub(crate) fn answer(lookup: &Lookup, config: &Config, unix_ms: i64) -> Reply {
    let opinion = lookup.reputation(config);
    match lookup.provider {
        Provider::UrlHaus => abusech::urlhaus_answer(lookup, opinion),
        Provider::ThreatFox => abusech::threatfox_answer(lookup, opinion),
        _ => reputation::answer(lookup, opinion, unix_ms),
    }
}

/// An answer that can't be used. What has no meaning here (there is one question and one answer) is an empty object.
pub(crate) fn garbled(mut reply: Reply, kind: Garbage) -> Reply {
    match kind {
        Garbage::Html => {
            return Reply::text(
                reply.status,
                "text/html",
                "<!DOCTYPE html><html><body>Please wait…</body></html>",
            );
        }
        Garbage::Prose => reply.body = b"The service is busy, but all seems well.".to_vec(),
        Garbage::TruncatedJson => reply.body.truncate(reply.body.len() * 2 / 3),
        _ => reply.body = b"{}".to_vec(),
    }
    reply
}

/// Without a key, or with a wrong one.
pub(crate) fn unauthorized(provider: Provider, missing: bool) -> Reply {
    match provider {
        Provider::UrlHaus | Provider::ThreatFox => abusech::unauthorized(missing),
        _ => reputation::unauthorized(provider, missing),
    }
}

/// Over a limit.
pub(crate) fn limited(provider: Provider, refusal: &Refusal, standings: &Standings, unix_ms: i64) -> Reply {
    match provider {
        Provider::UrlHaus | Provider::ThreatFox => abusech::limited(refusal),
        _ => reputation::limited(provider, refusal, standings, unix_ms),
    }
}

/// 5xx. None of these services documents a body for it; they stand behind proxies that send a page.
pub(crate) fn failed(provider: Provider, choice: u32) -> Reply {
    if provider == Provider::VirusTotal && choice.is_multiple_of(2) {
        let error = json!({"error": {"code": "TransientError", "message": "Transient server error, retry might work"}});
        return Reply::json(503, &error);
    }
    let (status, name) =
        if choice.is_multiple_of(2) { (503, "Service Unavailable") } else { (502, "Bad Gateway") };
    Reply::text(status, "text/html", format!("<html><head><title>{status} {name}</title></head></html>"))
}

/// Whether this is a digest of one of these lengths.
fn is_hex(value: &str, lengths: &[usize]) -> bool {
    lengths.contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether this may be a host name.
fn is_domain(value: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    };
    value.len() <= 253
        && value.contains('.')
        && value.split('.').all(label)
        && value.parse::<IpAddr>().is_err()
}

fn is_url(value: &str) -> bool {
    value.split_once("://").is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty())
}
