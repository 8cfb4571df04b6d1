//! ThreatFox by abuse.ch: indicators of botnets and malware that people share.
//!
//! `POST /api/v1/` with JSON, header `Auth-Key` (threatfox.abuse.ch/api): `{"query": "search_ioc", "search_term": …, "exact_match":
//! true}`, and for a file `{"query": "search_hash", "hash": …}`, which finds what belongs to that MD5 or SHA-256. See
//! [`abusech`](super::abusech) for its complaints. It knows only what is bad, so that nothing found is *unknown*, and it
//! forgets after half a year.
//!
//! Addresses are listed with a port (`1.2.3.4:443`), and an exact match for one without finds nothing. So an address is searched
//! for as a part of an entry, which also finds `11.2.3.45:443` and `http://1.2.3.4/x`: of what comes back to `search_ioc`, only
//! entries count that are the indicator itself. (`exact_match` and the need to look again are from clients that use it;
//! abuse.ch's own sample does not send it.)
//!
//! | best `confidence_level` | reputation |
//! |---|---|
//! | 50–100, or none given | malicious: 50 is what an entry gets whose reporter says nothing |
//! | 25–49 | suspicious |
//! | 0–24 | info |
//!
//! The bounds are ours.

use super::abusech::{Found, Tags, found, joined};
use super::answer::{Evidence, Finding, ServiceError, garbled, parsed};
use super::asking::Asked;
use super::lenient::{Few, count};
use super::{Account, Service};
use serde::Deserialize;
use serde_json::json;
use watchfire_http::{Request, Response};
use watchfire_signal::{IndicatorKind, Reputation};

pub(super) const NAME: &str = "threatfox";
pub(super) const BASE: &str = "https://threatfox-api.abuse.ch";

/// What an entry has whose reporter does not say.
const USUAL_CONFIDENCE: u64 = 50;
const SUSPICIOUS_FROM: u64 = 25;

/// ThreatFox.
#[derive(Debug, Clone)]
pub struct ThreatFox(Account);

impl ThreatFox {
    /// The service as this account sees it.
    pub const fn new(account: Account) -> Self {
        Self(account)
    }
}

#[derive(Deserialize)]
struct Answer {
    data: Few<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    ioc: String,
    #[serde(default)]
    threat_type: Option<String>,
    #[serde(default)]
    malware_printable: Option<String>,
    #[serde(default, deserialize_with = "count")]
    confidence_level: Option<u64>,
    #[serde(default)]
    first_seen: Option<String>,
    #[serde(default)]
    last_seen: Option<String>,
    #[serde(default)]
    tags: Tags,
}

impl Entry {
    fn confidence(&self) -> u64 {
        self.confidence_level.unwrap_or(USUAL_CONFIDENCE)
    }

    /// Whether it is what was asked about. What belongs to a file has another name than the file.
    fn is_about(&self, kind: IndicatorKind, asked: &Asked) -> bool {
        matches!(asked, Asked::Hash(_)) || Asked::read(kind, &self.ioc).as_ref() == Some(asked)
    }
}

impl Service for ThreatFox {
    fn name(&self) -> &'static str {
        NAME
    }

    fn takes(&self, kind: IndicatorKind) -> bool {
        kind != IndicatorKind::Cve
    }

    fn request(&self, kind: IndicatorKind, value: &str) -> Option<Request> {
        let asked = Asked::read(kind, value)?;
        let body = match &asked {
            Asked::Address(_) => {
                json!({"query": "search_ioc", "search_term": asked.text(), "exact_match": false})
            }
            Asked::Name(_) | Asked::Url(..) => {
                json!({"query": "search_ioc", "search_term": asked.text(), "exact_match": true})
            }
            Asked::Hash(digits) if digits.len() != 40 => json!({"query": "search_hash", "hash": digits}),
            Asked::Hash(_) | Asked::Cve(_) => return None,
        };
        let request = Request::post_json(self.0.url("/api/v1/"), body.to_string());
        Some(request.header("auth-key", &*self.0.key).header("accept", "application/json"))
    }

    fn read(&self, kind: IndicatorKind, value: &str, response: &Response) -> Result<Finding, ServiceError> {
        let Some(asked) = Asked::read(kind, value) else { return Err(garbled("an answer to no question")) };
        let mut evidence = Evidence::default();
        if found(response)? == Found::Nothing {
            return Ok(evidence.finding(Reputation::Unknown, asked.text()));
        }
        let Few { items, total } = parsed::<Answer>(response)?.data;
        if total == 0 {
            return Err(garbled("found, and no entry"));
        }
        // The kind of an address that stands in a domain's field.
        let kind = if matches!(asked, Asked::Address(_)) { IndicatorKind::Ip } else { kind };
        let about: Vec<&Entry> = items.iter().filter(|entry| entry.is_about(kind, &asked)).collect();
        let Some(best) = about.iter().max_by_key(|entry| entry.confidence()) else {
            evidence.say(format!("{total} entries contain it, none of the first {} is it", items.len()));
            return Ok(evidence.finding(Reputation::Unknown, asked.text()));
        };
        let reputation = match best.confidence() {
            USUAL_CONFIDENCE.. => Reputation::Malicious,
            SUSPICIOUS_FROM.. => Reputation::Suspicious,
            _ => Reputation::Info,
        };
        evidence.quote("", best.malware_printable.as_deref());
        evidence.quote("", best.threat_type.as_deref());
        evidence.say(format!("confidence {} of 100, {} entries", best.confidence(), about.len()));
        if matches!(asked, Asked::Hash(_)) {
            evidence.quote("belongs to ", Some(&best.ioc));
        }
        evidence.quote("tags ", Some(&joined(&best.tags)));
        evidence.quote("first seen ", best.first_seen.as_deref());
        evidence.quote("last seen ", best.last_seen.as_deref());
        Ok(evidence.finding(reputation, asked.text()))
    }
}

#[cfg(test)]
mod tests {
    use super::ThreatFox;
    use crate::services::answer::Advice;
    use crate::services::fixture::{read, response, survives_garbage};
    use crate::services::{Account, Service};
    use watchfire_signal::{IndicatorKind, Reputation};

    const ADDRESS: (IndicatorKind, &str) = (IndicatorKind::Ip, "139.180.203.104");
    const NAME: (IndicatorKind, &str) = (IndicatorKind::Domain, "gaga.com");
    const HASH: (IndicatorKind, &str) = (IndicatorKind::Hash, "2151c4b970eff0071948dbbc19066aa4");

    fn service() -> ThreatFox {
        ThreatFox::new(Account::new("https://s.test", "secret"))
    }

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../tests/fixtures/services/threatfox/", $name, ".json"))
        };
    }

    #[test]
    fn the_question_is_the_documented_one() {
        let asked = |kind, value: &str| {
            let request = service().request(kind, value)?;
            assert_eq!(request.url, "https://s.test/api/v1/");
            assert!(request.headers.contains(&("auth-key", "secret".to_owned())));
            Some(serde_json::from_slice::<serde_json::Value>(&request.body).unwrap())
        };
        let search = |term: &str, exact: bool| {
            Some(serde_json::json!({"query": "search_ioc", "search_term": term, "exact_match": exact}))
        };
        assert_eq!(asked(NAME.0, NAME.1), search("gaga.com", true));
        assert_eq!(asked(ADDRESS.0, ADDRESS.1), search("139.180.203.104", false));
        assert_eq!(asked(IndicatorKind::Url, "hxxp://gaga[.]com/x"), search("http://gaga.com/x", true));
        assert_eq!(asked(HASH.0, HASH.1), Some(serde_json::json!({"query": "search_hash", "hash": HASH.1})));
        assert_eq!(asked(IndicatorKind::Hash, &"a".repeat(40)), None, "it knows no SHA-1");
        assert_eq!(asked(IndicatorKind::Cve, "CVE-2024-3400"), None);
    }

    #[test]
    fn a_listed_name_is_malicious() {
        let (reputation, evidence) = read(&service(), NAME, 200, fixture!("malicious")).unwrap();
        assert_eq!(reputation, Reputation::Malicious);
        let expected = "Dridex; botnet_cc; confidence 50 of 100, 1 entries; tags exe, test; first seen 2020-12-08 13:36:27 UTC";
        assert_eq!(evidence, expected);
    }

    #[test]
    fn an_address_is_found_whatever_its_port_and_only_itself() {
        let (reputation, evidence) = read(&service(), ADDRESS, 200, fixture!("malicious_address")).unwrap();
        assert_eq!(reputation, Reputation::Malicious);
        assert!(
            evidence.starts_with("Cobalt Strike; botnet_cc; confidence 75 of 100, 2 entries"),
            "{evidence}"
        );
        let others = (IndicatorKind::Ip, "39.180.203.10");
        assert_eq!(
            read(&service(), others, 200, fixture!("malicious_address")).unwrap().0,
            Reputation::Unknown
        );
        let field = (IndicatorKind::Domain, ADDRESS.1);
        assert_eq!(
            read(&service(), field, 200, fixture!("malicious_address")).unwrap().0,
            Reputation::Malicious
        );
    }

    #[test]
    fn a_file_is_bad_for_what_belongs_to_it() {
        let (reputation, evidence) = read(&service(), HASH, 200, fixture!("malicious_hash")).unwrap();
        assert_eq!(reputation, Reputation::Malicious);
        assert!(evidence.contains("belongs to 192.236.155.217:443"), "{evidence}");
    }

    #[test]
    fn little_confidence_is_not_malicious() {
        for (confidence, expected) in [
            ("100", Reputation::Malicious),
            ("\"50\"", Reputation::Malicious),
            ("null", Reputation::Malicious),
            ("49", Reputation::Suspicious),
            ("25", Reputation::Suspicious),
            ("24", Reputation::Info),
            ("0", Reputation::Info),
        ] {
            let body = format!(
                r#"{{"query_status":"ok","data":[{{"ioc":"gaga.com","confidence_level":{confidence}}}]}}"#
            );
            assert_eq!(read(&service(), NAME, 200, body.as_bytes()).unwrap().0, expected, "{confidence}");
        }
    }

    #[test]
    fn nothing_found_is_unknown_and_not_clean() {
        for about in [NAME, ADDRESS, HASH] {
            assert_eq!(read(&service(), about, 200, fixture!("unknown")).unwrap().0, Reputation::Unknown);
        }
    }

    #[test]
    fn a_wrong_key_stops_a_wrong_question_is_skipped_and_a_limit_pauses() {
        let advice = |status, body: &[u8]| read(&service(), NAME, status, body).unwrap_err().advice();
        assert_eq!(advice(403, fixture!("unauthorized")), Advice::Stop);
        assert_eq!(advice(200, fixture!("rejected")), Advice::Skip);
        assert!(matches!(advice(429, fixture!("limited")), Advice::Pause(..)));
        assert!(matches!(advice(200, fixture!("limited")), Advice::Pause(..)));
    }

    #[test]
    fn garbage_is_no_finding() {
        for about in [NAME, ADDRESS, HASH] {
            survives_garbage(&service(), about);
            let read =
                service().read(about.0, about.1, &response(200, &[], br#"{"query_status":"ok","data":"?"}"#));
            assert!(read.is_err(), "{read:?}");
        }
    }
}
