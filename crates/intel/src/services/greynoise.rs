//! GreyNoise, community API: who scans the whole internet, and who is a common business service.
//!
//! `GET /v3/community/{ip}`, header `key` (docs.greynoise.io, *Community API*). The answer has `noise` (seen scanning), `riot`
//! (a known service: DNS, updates, clouds), `classification` and a `message`. An address that was never seen is a 404 whose
//! body answers (`noise` and `riot` false), as clients record it; a 404 without that body is none. Only IPv4.
//!
//! | answer | reputation | why |
//! |---|---|---|
//! | classified malicious | malicious | seen attacking |
//! | classified suspicious | suspicious | |
//! | riot, or classified benign | safe | the service vouches for whoever is behind it |
//! | noise, not classified | info | it scans everybody, so that it means nobody; why is not known |
//! | anything else | unknown | never seen |
//!
//! *Suspicious* is not among the community API's documented examples, but the full API's classifications have it.
//! *Unchecked:* the body of a 401. A 429 says in words whether the day or the week is over.

use super::answer::{Evidence, Finding, Limit, ServiceError, garbled, parsed, refusal};
use super::asking::Asked;
use super::{Account, Service};
use serde::Deserialize;
use std::net::IpAddr;
use watchfire_http::{Request, Response};
use watchfire_signal::{IndicatorKind, Reputation};

pub(super) const NAME: &str = "greynoise";
pub(super) const BASE: &str = "https://api.greynoise.io";

/// GreyNoise.
#[derive(Debug, Clone)]
pub struct GreyNoise(Account);

impl GreyNoise {
    /// The service as this account sees it.
    pub const fn new(account: Account) -> Self {
        Self(account)
    }
}

#[derive(Deserialize)]
struct Answer {
    noise: bool,
    riot: bool,
    #[serde(default)]
    classification: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    last_seen: Option<String>,
}

#[derive(Deserialize)]
struct Complaint {
    #[serde(default)]
    message: String,
    #[serde(default)]
    error: String,
}

impl Service for GreyNoise {
    fn name(&self) -> &'static str {
        NAME
    }

    fn takes(&self, kind: IndicatorKind) -> bool {
        kind == IndicatorKind::Ip
    }

    fn request(&self, kind: IndicatorKind, value: &str) -> Option<Request> {
        let Asked::Address(IpAddr::V4(address)) = Asked::read(kind, value)? else { return None };
        let url = self.0.url(&format!("/v3/community/{address}"));
        Some(Request::get(url).header("key", &*self.0.key).header("accept", "application/json"))
    }

    fn read(&self, kind: IndicatorKind, value: &str, response: &Response) -> Result<Finding, ServiceError> {
        let Some(asked) = Asked::read(kind, value) else { return Err(garbled("an answer to no question")) };
        let mut evidence = Evidence::default();
        let answer = match response.status {
            200 => parsed::<Answer>(response)?,
            404 => match parsed::<Answer>(response) {
                Ok(Answer { noise: false, riot: false, .. }) => {
                    return Ok(evidence.finding(Reputation::Unknown, asked.text()));
                }
                _ => return Err(complaint(response)),
            },
            _ => return Err(complaint(response)),
        };
        let classification = answer.classification.as_deref().unwrap_or_default();
        let reputation = match classification {
            "malicious" => Reputation::Malicious,
            "suspicious" => Reputation::Suspicious,
            _ if answer.riot => Reputation::Safe,
            "benign" => Reputation::Safe,
            _ if answer.noise => Reputation::Info,
            _ => Reputation::Unknown,
        };
        evidence.quote("classified ", Some(classification));
        if answer.noise {
            evidence.say("scans the internet");
        }
        if answer.riot {
            evidence.say("common business service");
        }
        evidence.quote("", answer.name.as_deref().filter(|name| *name != "unknown"));
        evidence.quote("last seen ", answer.last_seen.as_deref());
        Ok(evidence.finding(reputation, asked.text()))
    }
}

fn complaint(response: &Response) -> ServiceError {
    let words = parsed::<Complaint>(response)
        .map(|Complaint { message, error }| if message.is_empty() { error } else { message })
        .unwrap_or_default();
    let limit = match words.to_ascii_lowercase() {
        words if words.contains("week") => Limit::Week,
        words if words.contains("daily") || words.contains("per day") => Limit::Day,
        _ => Limit::Unknown,
    };
    refusal(response, limit, &words)
}

#[cfg(test)]
mod tests {
    use super::GreyNoise;
    use crate::services::answer::{Advice, Limit};
    use crate::services::fixture::{read, survives_garbage};
    use crate::services::{Account, Service};
    use watchfire_signal::{IndicatorKind, Reputation};

    const ABOUT: (IndicatorKind, &str) = (IndicatorKind::Ip, "71.6.135.131");

    fn service() -> GreyNoise {
        GreyNoise::new(Account::new("https://s.test", "secret"))
    }

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../tests/fixtures/services/greynoise/", $name, ".json"))
        };
    }

    #[test]
    fn the_question_is_the_documented_one() {
        let request = service().request(ABOUT.0, ABOUT.1).unwrap();
        assert_eq!(request.url, "https://s.test/v3/community/71.6.135.131");
        assert!(request.headers.contains(&("key", "secret".to_owned())));
        assert!(service().request(IndicatorKind::Ip, "2606:4700::1111").is_none(), "it knows no IPv6");
    }

    #[test]
    fn an_attacker_is_malicious() {
        let (reputation, evidence) = read(&service(), ABOUT, 200, fixture!("malicious")).unwrap();
        assert_eq!(reputation, Reputation::Malicious);
        assert_eq!(evidence, "classified malicious; scans the internet; last seen 2026-11-20");
    }

    #[test]
    fn a_common_service_and_a_known_scanner_are_safe() {
        let (reputation, evidence) = read(&service(), ABOUT, 200, fixture!("clean")).unwrap();
        assert_eq!(reputation, Reputation::Safe);
        assert_eq!(evidence, "classified benign; common business service; Cloudflare; last seen 2020-01-01");
        assert_eq!(read(&service(), ABOUT, 200, fixture!("scanner")).unwrap().0, Reputation::Safe);
    }

    #[test]
    fn a_scanner_that_nobody_knows_is_neither_safe_nor_bad() {
        for (classification, noise, riot, expected) in [
            ("\"unknown\"", true, false, Reputation::Info),
            ("null", true, false, Reputation::Info),
            ("\"unknown\"", false, false, Reputation::Unknown),
            ("\"suspicious\"", true, false, Reputation::Suspicious),
            ("\"malicious\"", true, true, Reputation::Malicious),
            ("\"unknown\"", true, true, Reputation::Safe),
        ] {
            let body = format!(r#"{{"noise":{noise},"riot":{riot},"classification":{classification}}}"#);
            assert_eq!(read(&service(), ABOUT, 200, body.as_bytes()).unwrap().0, expected, "{body}");
        }
    }

    #[test]
    fn what_was_never_seen_is_unknown_and_a_wrong_path_is_not() {
        assert_eq!(read(&service(), ABOUT, 404, fixture!("unknown")).unwrap().0, Reputation::Unknown);
        let error = read(&service(), ABOUT, 404, br#"{"message": "no such page"}"#).unwrap_err();
        assert_eq!(error.advice(), Advice::Skip);
    }

    #[test]
    fn a_limit_is_the_days_or_the_weeks_by_its_words() {
        let advice = |body: &[u8]| read(&service(), ABOUT, 429, body).unwrap_err().advice();
        assert_eq!(advice(fixture!("limited")), Advice::Pause(Limit::Day, None));
        let week = br#"{"message": "You have used all searches of this week."}"#;
        assert_eq!(advice(week), Advice::Pause(Limit::Week, None));
        assert_eq!(advice(b"{}"), Advice::Pause(Limit::Unknown, None));
    }

    #[test]
    fn a_wrong_key_stops_and_a_wrong_address_is_skipped() {
        let advice = |status, body: &[u8]| read(&service(), ABOUT, status, body).unwrap_err().advice();
        assert_eq!(advice(401, fixture!("unauthorized")), Advice::Stop);
        assert_eq!(advice(400, fixture!("rejected")), Advice::Skip);
    }

    #[test]
    fn garbage_is_no_finding() {
        survives_garbage(&service(), ABOUT);
    }
}
