//! URLhaus and ThreatFox, both by abuse.ch.
//!
//! Checked against copies of urlhaus-api.abuse.ch: an `Auth-Key` is required; ThreatFox *from memory*. Almost every complaint is a 200
//! with a `query_status`. A key that is not registered is a 403 with `unknown_auth_key`, as a client records it.
//! *Unchecked:* the body without any key, and that of a 429: their terms speak of fair use, not of a number.

use super::{Kind, Lookup, is_domain, is_hex, is_url};
use crate::config::Reputation;
use crate::encoding::{form, hash};
use crate::exchange::{Call, Reply};
use crate::limits::Refusal;
use axum::http::Method;
use serde_json::{Value, json};
use std::net::IpAddr;

fn status(word: &str) -> Reply {
    Reply::json(200, &json!({"query_status": word}))
}

/// Reads a lookup at URLhaus: a form.
pub(super) fn urlhaus(call: &Call) -> Result<(Kind, String), Reply> {
    if call.method != Method::POST {
        return Err(status("http_post_expected"));
    }
    let fields = form(&String::from_utf8_lossy(&call.body));
    let field = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let what = call.path.trim_matches('/').rsplit('/').next().unwrap_or_default();
    let (value, kind, fits, wrong) = match what {
        "host" => {
            let value = field("host").unwrap_or_default();
            let address = value.parse::<IpAddr>().is_ok();
            let fits = address || is_domain(&value);
            (value, if address { Kind::Address } else { Kind::Domain }, fits, "invalid_host")
        }
        "url" => {
            let value = field("url").unwrap_or_default();
            let fits = is_url(&value);
            (value, Kind::Url, fits, "invalid_url")
        }
        _ => match field("sha256_hash") {
            Some(value) => (value.clone(), Kind::File, is_hex(&value, &[64]), "invalid_sha256"),
            None => {
                let value = field("md5_hash").unwrap_or_default();
                (value.clone(), Kind::File, is_hex(&value, &[32]), "invalid_md5")
            }
        },
    };
    if fits { Ok((kind, value)) } else { Err(status(wrong)) }
}

/// Reads a lookup at ThreatFox: JSON.
pub(super) fn threatfox(call: &Call) -> Result<(Kind, String), Reply> {
    if call.method != Method::POST {
        return Err(status("http_post_expected"));
    }
    let body: Value = serde_json::from_slice(&call.body).unwrap_or(Value::Null);
    let text =
        |name: &str| body.get(name).and_then(Value::as_str).map(str::trim).filter(|value| value.len() >= 3);
    match body.get("query").and_then(Value::as_str) {
        Some("search_ioc") => {
            let Some(term) = text("search_term") else { return Err(status("illegal_search_term")) };
            // An address may come with a port.
            let host = term.rsplit_once(':').map_or(term, |(host, _)| host);
            let address = [term, host].into_iter().find(|host| host.parse::<IpAddr>().is_ok());
            let kind = match address {
                Some(_) => Kind::Address,
                None if is_url(term) => Kind::Url,
                None => Kind::Domain,
            };
            Ok((kind, address.unwrap_or(term).to_owned()))
        }
        Some("search_hash") => {
            let hash = text("hash").filter(|hash| is_hex(hash, &[32, 64])).map(str::to_owned);
            hash.map(|hash| (Kind::File, hash)).ok_or_else(|| status("illegal_hash"))
        }
        _ => Err(status("unknown_operation")),
    }
}

/// What URLhaus says: it knows only what is bad.
pub(super) fn urlhaus_answer(lookup: &Lookup, opinion: Reputation) -> Reply {
    if opinion != Reputation::Malicious {
        return status("no_results");
    }
    let value = lookup.value.as_str();
    let id = (hash(value) % 4_000_000).to_string();
    let reference = format!("https://urlhaus.abuse.ch/url/{id}/");
    let blacklists = json!({"spamhaus_dbl": "not listed", "surbl": "not listed"});
    let url = |url: &str| {
        json!({"id": id, "urlhaus_reference": reference, "url": url, "url_status": "online",
        "date_added": "2026-11-19 08:00:00 UTC", "threat": "malware_download", "reporter": "anonymous", "tags": ["elf", "Mozi"]})
    };
    let mut body = match lookup.kind {
        Kind::Url => {
            let mut body = url(value);
            body["blacklists"] = blacklists;
            body["payloads"] = json!([]);
            body
        }
        Kind::File => {
            json!({"file_type": "elf", "file_size": "95268", "signature": "Mozi", "firstseen": "2026-11-19 08:00:00",
            "lastseen": null, "url_count": "1", "urls": [url("http://example.com/mozi.m")],
            (if value.len() == 64 { "sha256_hash" } else { "md5_hash" }): value})
        }
        Kind::Address | Kind::Domain => {
            json!({"urlhaus_reference": format!("https://urlhaus.abuse.ch/host/{value}/"),
            "host": value, "firstseen": "2026-11-19 08:00:00 UTC", "url_count": "1", "blacklists": blacklists,
            "urls": [url(&format!("http://{value}/mozi.m"))]})
        }
    };
    body["query_status"] = json!("ok");
    Reply::json(200, &body)
}

/// What ThreatFox says: it knows only what is bad.
pub(super) fn threatfox_answer(lookup: &Lookup, opinion: Reputation) -> Reply {
    if opinion != Reputation::Malicious {
        let data = "Your search did not yield any results";
        return Reply::json(200, &json!({"query_status": "no_result", "data": data}));
    }
    let value = lookup.value.as_str();
    let (kind, ioc) = match lookup.kind {
        Kind::Address => ("ip:port", format!("{value}:443")),
        Kind::Domain => ("domain", value.to_owned()),
        Kind::Url => ("url", value.to_owned()),
        Kind::File => (if value.len() == 64 { "sha256_hash" } else { "md5_hash" }, value.to_owned()),
    };
    Reply::json(
        200,
        &json!({"query_status": "ok", "data": [{
            "id": (hash(value) % 2_000_000).to_string(),
            "ioc": ioc,
            "threat_type": "botnet_cc",
            "threat_type_desc": "Indicator that identifies a botnet command&control server (C&C)",
            "ioc_type": kind,
            "malware": "win.cobalt_strike",
            "malware_printable": "Cobalt Strike",
            "confidence_level": 50 + hash(value) % 51,
            "first_seen": "2026-11-19 08:00:00 UTC",
            "last_seen": null,
            "reporter": "anonymous",
            "tags": ["CobaltStrike"],
        }]}),
    )
}

/// Without a key, or with a wrong one.
pub(super) fn unauthorized(missing: bool) -> Reply {
    if missing {
        Reply::json(401, &json!({"error": "Unauthorized"}))
    } else {
        Reply::json(403, &json!({"query_status": "unknown_auth_key"}))
    }
}

/// Over a limit.
pub(super) fn limited(refusal: &Refusal) -> Reply {
    Reply::json(429, &json!({"query_status": "rate_limited"}))
        .header("retry-after", refusal.retry_after.as_secs_f64().ceil())
}
