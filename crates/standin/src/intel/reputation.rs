//! AbuseIPDB, VirusTotal, OTX and GreyNoise.
//!
//! Checked against bodies that clients record: AbuseIPDB's 401, 422 and 429 with its headers, VirusTotal's error codes,
//! GreyNoise's 404 (an address that was never seen, with a body that answers) and 429. *From memory, not read for this:*
//! the shapes of their objects, all of OTX (its 400, 403 and 429 are guesses), GreyNoise's 401.

use super::{Kind, Lookup, is_domain, is_hex, is_url};
use crate::config::Reputation;
use crate::encoding::{base64, hash, percent_decoded};
use crate::exchange::{Call, Reply};
use crate::limits::{Refusal, Refused, Standings};
use crate::provider::Provider;
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr};

/// Reads a lookup from the path or the query.
pub(super) fn read(provider: Provider, call: &Call) -> Result<(Kind, String), Reply> {
    let mut parts = call.path.trim_matches('/').split('/').map(|part| percent_decoded(part, false));
    match provider {
        Provider::AbuseIpDb => abuseipdb(call),
        Provider::VirusTotal => {
            let (collection, id) = (parts.nth(2).unwrap_or_default(), parts.next().unwrap_or_default());
            virustotal(&collection, &id)
        }
        Provider::Otx => {
            let (kind, value) = (parts.nth(3).unwrap_or_default(), parts.next().unwrap_or_default());
            otx(&kind, value)
        }
        _ => {
            let value = parts.nth(2).unwrap_or_default();
            if value.parse::<Ipv4Addr>().is_err() {
                let message = "Request is not a valid routable IPv4 address";
                return Err(Reply::json(400, &json!({"message": message})));
            }
            Ok((Kind::Address, value))
        }
    }
}

fn abuseipdb(call: &Call) -> Result<(Kind, String), Reply> {
    let wrong = |detail: &str, parameter: &str| {
        let error = json!({"detail": detail, "status": 422, "source": {"parameter": parameter}});
        Reply::json(422, &json!({"errors": [error]}))
    };
    let Some(address) = call.query("ipAddress") else {
        return Err(wrong("The ip address field is required.", "ipAddress"));
    };
    if address.parse::<IpAddr>().is_err() {
        let detail =
            "The ip address must be a valid IPv4 or IPv6 address (e.g. 8.8.8.8 or 2001:4860:4860::8888).";
        return Err(wrong(detail, "ipAddress"));
    }
    let days = call.query("maxAgeInDays").map(str::parse::<u32>);
    if days.is_some_and(|days| !days.is_ok_and(|days| (1..=365).contains(&days))) {
        return Err(wrong("The max age in days must be between 1 and 365.", "maxAgeInDays"));
    }
    Ok((Kind::Address, address.to_owned()))
}

fn virustotal(collection: &str, id: &str) -> Result<(Kind, String), Reply> {
    let wrong =
        |what: &str| virustotal_error(400, "InvalidArgumentError", &format!("{id} is not a valid {what}"));
    match collection {
        "ip_addresses" if id.parse::<IpAddr>().is_ok() => Ok((Kind::Address, id.to_owned())),
        "ip_addresses" => Err(wrong("IP address")),
        "domains" if is_domain(id) => Ok((Kind::Domain, id.to_owned())),
        "domains" => Err(wrong("domain pattern")),
        "files" if is_hex(id, &[32, 40, 64]) => Ok((Kind::File, id.to_lowercase())),
        "files" => Err(wrong("file identifier")),
        // A digest of the canonical address, or the address itself in base64url without padding.
        "urls" if is_hex(id, &[64]) => Ok((Kind::Url, id.to_lowercase())),
        "urls" => {
            let url = base64(id).and_then(|bytes| String::from_utf8(bytes).ok());
            url.filter(|url| is_url(url) && !id.ends_with('='))
                .map(|url| (Kind::Url, url))
                .ok_or_else(|| wrong("URL identifier"))
        }
        _ => Err(virustotal_error(404, "NotFoundError", "Resource not found.")),
    }
}

fn virustotal_error(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!({"error": {"code": code, "message": message}}))
}

fn otx(kind: &str, value: String) -> Result<(Kind, String), Reply> {
    let wrong = || Reply::json(400, &json!({"detail": "malformed request", "error": "invalid indicator"}));
    let (kind, fits) = match kind {
        "IPv4" => (Kind::Address, value.parse::<Ipv4Addr>().is_ok()),
        "IPv6" => (Kind::Address, value.parse::<std::net::Ipv6Addr>().is_ok()),
        "domain" | "hostname" => (Kind::Domain, is_domain(&value)),
        "file" => (Kind::File, is_hex(&value, &[32, 40, 64])),
        "url" => (Kind::Url, is_url(&value)),
        _ => return Err(Reply::json(404, &json!({"detail": "endpoint not found"}))),
    };
    if fits { Ok((kind, value)) } else { Err(wrong()) }
}

/// What the service says.
pub(super) fn answer(lookup: &Lookup, opinion: Reputation, unix_ms: i64) -> Reply {
    let value = lookup.value.as_str();
    let seed = hash(value);
    let bad = opinion == Reputation::Malicious;
    match lookup.provider {
        Provider::AbuseIpDb => {
            let reports = if bad { 5 + seed % 500 } else { 0 };
            Reply::json(
                200,
                &json!({"data": {
                    "ipAddress": value,
                    "isPublic": !lookup.is_private(),
                    "ipVersion": if value.contains(':') { 6 } else { 4 },
                    "isWhitelisted": if opinion == Reputation::Clean { json!(true) } else { Value::Null },
                    "abuseConfidenceScore": if bad { 60 + seed % 41 } else { 0 },
                    "countryCode": "NL",
                    "usageType": "Data Center/Web Hosting/Transit",
                    "isp": "Example Hosting",
                    "domain": "example.com",
                    "hostnames": [],
                    "isTor": false,
                    "totalReports": reports,
                    "numDistinctUsers": reports.min(30),
                    "lastReportedAt": if bad { json!("2026-11-20T12:00:00+00:00") } else { Value::Null },
                }}),
            )
        }
        Provider::VirusTotal if opinion == Reputation::Unknown => {
            let what = match lookup.kind {
                Kind::Address => "IP address",
                Kind::Domain => "Domain",
                Kind::File => "File",
                Kind::Url => "URL",
            };
            virustotal_error(404, "NotFoundError", &format!("{what} \"{value}\" not found"))
        }
        Provider::VirusTotal => {
            let (kind, collection) = match lookup.kind {
                Kind::Address => ("ip_address", "ip_addresses"),
                Kind::Domain => ("domain", "domains"),
                Kind::File => ("file", "files"),
                Kind::Url => ("url", "urls"),
            };
            let malicious = if bad { 5 + seed % 40 } else { 0 };
            Reply::json(
                200,
                &json!({"data": {
                    "id": value,
                    "type": kind,
                    "links": {"self": format!("https://www.virustotal.com/api/v3/{collection}/{value}")},
                    "attributes": {
                        "last_analysis_stats": {"malicious": malicious, "suspicious": u64::from(bad), "undetected": 20,
                            "harmless": 74_u64.saturating_sub(malicious), "timeout": 0},
                        "last_analysis_date": unix_ms / 1000 - 3600,
                        "reputation": if bad { -20 } else { 0 },
                        "total_votes": {"harmless": 0, "malicious": u64::from(bad)},
                    },
                }}),
            )
        }
        Provider::Otx => {
            let pulse = json!({"id": format!("{seed:024x}"), "name": "Example campaign", "tags": ["botnet"],
                "malware_families": [], "adversary": ""});
            let pulses = if bad { vec![pulse] } else { Vec::new() };
            let validation = if opinion == Reputation::Clean {
                json!([{"source": "whitelist", "name": "Whitelisted"}])
            } else {
                json!([])
            };
            Reply::json(
                200,
                &json!({
                    "indicator": value,
                    "type": match lookup.kind {
                        Kind::Address if value.contains(':') => "IPv6",
                        Kind::Address => "IPv4",
                        Kind::Domain => "domain",
                        Kind::File => "file",
                        Kind::Url => "url",
                    },
                    "reputation": 0,
                    "pulse_info": {"count": pulses.len(), "pulses": pulses, "references": []},
                    "validation": validation,
                    "sections": ["general"],
                }),
            )
        }
        // A place where nobody scans from.
        _ if lookup.is_private() => {
            let message = "Request is not a valid routable IPv4 address";
            Reply::json(400, &json!({"message": message}))
        }
        _ if opinion == Reputation::Unknown => {
            let message = "IP not observed scanning the internet or contained in RIOT data set.";
            Reply::json(404, &json!({"ip": value, "noise": false, "riot": false, "message": message}))
        }
        _ => Reply::json(
            200,
            &json!({
                "ip": value,
                "noise": bad,
                "riot": !bad,
                "classification": if bad { "malicious" } else { "benign" },
                "name": if bad { "unknown" } else { "Example DNS" },
                "link": format!("https://viz.greynoise.io/ip/{value}"),
                "last_seen": "2026-11-20",
                "message": "Success",
            }),
        ),
    }
}

/// Without a key, or with a wrong one.
pub(super) fn unauthorized(provider: Provider, missing: bool) -> Reply {
    match provider {
        Provider::AbuseIpDb => {
            let detail = "Authentication failed. Your API key is either missing, incorrect, or revoked. Note: The APIv2 key \
                differs from the APIv1 key.";
            Reply::json(401, &json!({"errors": [{"detail": detail, "status": 401}]}))
        }
        Provider::VirusTotal if missing => {
            virustotal_error(401, "AuthenticationRequiredError", "X-Apikey header is missing")
        }
        Provider::VirusTotal => virustotal_error(401, "WrongCredentialsError", "Wrong API key"),
        Provider::Otx => Reply::json(403, &json!({"detail": "Authentication required"})),
        _ => Reply::json(401, &json!({"message": "Invalid API key"})),
    }
}

/// Over a limit.
pub(super) fn limited(provider: Provider, refusal: &Refusal, standings: &Standings, unix_ms: i64) -> Reply {
    let seconds = refusal.retry_after.as_secs_f64().ceil() as u64;
    let amount = refusal.amount;
    match provider {
        Provider::AbuseIpDb => {
            let period = if refusal.limit == Refused::Day { "Daily rate limit" } else { "Rate limit" };
            let detail = format!(
                "{period} of {amount} requests exceeded for this endpoint. See headers for additional details."
            );
            Reply::json(429, &json!({"errors": [{"detail": detail, "status": 429}]}))
                .header("retry-after", seconds)
                .header("x-ratelimit-reset", unix_ms / 1000 + i64::try_from(seconds).unwrap_or(i64::MAX / 2))
                .headers(headers(provider, standings))
        }
        Provider::VirusTotal => virustotal_error(429, "QuotaExceededError", "Quota exceeded"),
        Provider::Otx => {
            let detail = format!("Request was throttled. Expected available in {seconds} seconds.");
            Reply::json(429, &json!({"detail": detail})).header("retry-after", seconds)
        }
        _ => {
            // The day's is as clients record it; the week's is worded after it.
            let (adjective, period) = match refusal.limit {
                Refused::Requests if refusal.window.as_secs() >= 7 * 86_400 => ("weekly", "week"),
                _ => ("daily", "day"),
            };
            let message = format!(
                "You have hit your {adjective} rate limit of {amount} requests per {period}. Please create a free account \
                 or upgrade your plan at https://greynoise.io/pricing."
            );
            let body = json!({"plan": "unauthenticated", "rate-limit": format!("{amount}-lookups/{period}"),
                "plan_url": "https://greynoise.io/pricing", "message": message});
            Reply::json(429, &body)
        }
    }
}

/// AbuseIPDB tells with every answer what is left.
pub(crate) fn headers(provider: Provider, standings: &Standings) -> Vec<(&'static str, String)> {
    match standings.day.or(standings.requests) {
        Some(standing) if provider == Provider::AbuseIpDb => vec![
            ("x-ratelimit-limit", standing.limit.to_string()),
            ("x-ratelimit-remaining", standing.remaining.to_string()),
        ],
        _ => Vec::new(),
    }
}
