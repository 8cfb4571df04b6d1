//! AbuseIPDB, API 2: addresses that people report for attacks on them.
//!
//! `GET /api/v2/check?ipAddress=…&maxAgeInDays=90`, header `Key` (docs.abuseipdb.com, *CHECK Endpoint*). The answer's
//! `data.abuseConfidenceScore` is 0–100: "how confident we are, based on user reports, that an IP address is entirely
//! malicious" (abuseipdb.com/faq.html). Errors are `errors[]{detail, status}` with 401, 422 and 429; a 429 carries
//! `Retry-After` in seconds, `X-RateLimit-Limit`, `-Remaining` and `-Reset`. Reset is a moment of the service's clock,
//! and is left alone: Retry-After says the same without needing to agree on the time.
//!
//! | score | reputation | why this bound |
//! |---|---|---|
//! | 75–100 | malicious | the service's blacklist is recommended from 75 on |
//! | 25–74 | suspicious | 25 is the lowest that its blacklist can be asked for |
//! | 1–24, or reports with a score of 0 | info | reported, and not believed |
//! | 0, no reports | unknown; safe if whitelisted, info for a Tor exit | nothing is known against it |
//!
//! The two bounds are the `confidenceMinimum` of the *BLACKLIST Endpoint* (*unchecked*: from memory of that page). A whitelisted
//! address with reports is not safe: the documentation warns that clouds, which are whitelisted, are abused too.

use super::answer::{Evidence, Finding, Limit, ServiceError, garbled, parsed, refusal};
use super::asking::Asked;
use super::encoding::percent_encoded;
use super::lenient::{Few, count};
use super::{Account, Service};
use serde::Deserialize;
use watchfire_http::{Request, Response};
use watchfire_signal::{IndicatorKind, Reputation};

pub(super) const NAME: &str = "abuseipdb";
pub(super) const BASE: &str = "https://api.abuseipdb.com";

const MALICIOUS_FROM: u64 = 75;
const SUSPICIOUS_FROM: u64 = 25;

/// AbuseIPDB.
#[derive(Debug, Clone)]
pub struct AbuseIpDb(Account);

impl AbuseIpDb {
    /// The service as this account sees it.
    pub const fn new(account: Account) -> Self {
        Self(account)
    }
}

#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    abuse_confidence_score: u64,
    #[serde(default, deserialize_with = "count")]
    total_reports: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    num_distinct_users: Option<u64>,
    #[serde(default)]
    is_whitelisted: Option<bool>,
    #[serde(default)]
    is_tor: Option<bool>,
    #[serde(default)]
    usage_type: Option<String>,
    #[serde(default)]
    last_reported_at: Option<String>,
}

#[derive(Deserialize)]
struct Errors {
    #[serde(default)]
    errors: Few<Complaint>,
}

#[derive(Deserialize)]
struct Complaint {
    #[serde(default)]
    detail: String,
}

impl Service for AbuseIpDb {
    fn name(&self) -> &'static str {
        NAME
    }

    fn takes(&self, kind: IndicatorKind) -> bool {
        kind == IndicatorKind::Ip
    }

    fn request(&self, kind: IndicatorKind, value: &str) -> Option<Request> {
        let Asked::Address(address) = Asked::read(kind, value)? else { return None };
        let address = percent_encoded(&address.to_string());
        let url = self.0.url(&format!("/api/v2/check?ipAddress={address}&maxAgeInDays=90"));
        Some(Request::get(url).header("key", &*self.0.key).header("accept", "application/json"))
    }

    fn read(&self, kind: IndicatorKind, value: &str, response: &Response) -> Result<Finding, ServiceError> {
        if response.status != 200 {
            let detail =
                parsed::<Errors>(response).ok().and_then(|body| body.errors.items.into_iter().next());
            let detail = detail.map(|complaint| complaint.detail).unwrap_or_default();
            let limit = if detail.starts_with("Daily") { Limit::Day } else { Limit::Unknown };
            return Err(refusal(response, limit, &detail));
        }
        let data = parsed::<Answer>(response)?.data;
        let score = data.abuse_confidence_score;
        if score > 100 {
            return Err(garbled("a score above 100"));
        }
        let reports = data.total_reports.unwrap_or(0);
        let reputation = match score {
            MALICIOUS_FROM.. => Reputation::Malicious,
            SUSPICIOUS_FROM.. => Reputation::Suspicious,
            1.. => Reputation::Info,
            0 if reports > 0 => Reputation::Info,
            0 if data.is_whitelisted == Some(true) => Reputation::Safe,
            0 if data.is_tor == Some(true) => Reputation::Info,
            0 => Reputation::Unknown,
        };
        let mut evidence = Evidence::default();
        let users = data.num_distinct_users.unwrap_or(0);
        evidence.say(format!("confidence {score} of 100, {reports} reports by {users} users in 90 days"));
        if data.is_whitelisted == Some(true) {
            evidence.say("whitelisted");
        }
        if data.is_tor == Some(true) {
            evidence.say("Tor");
        }
        evidence.quote("", data.usage_type.as_deref());
        evidence.quote("last reported ", data.last_reported_at.as_deref());
        let entry = Asked::read(kind, value).map(|asked| asked.text()).unwrap_or_default();
        Ok(evidence.finding(reputation, entry))
    }
}

#[cfg(test)]
mod tests {
    use super::AbuseIpDb;
    use crate::services::answer::{Advice, Limit, ServiceError};
    use crate::services::fixture::{read, response, survives_garbage};
    use crate::services::{Account, Service};
    use std::time::Duration;
    use watchfire_signal::{IndicatorKind, Reputation};

    const ABOUT: (IndicatorKind, &str) = (IndicatorKind::Ip, "118.25.6.39");

    fn service() -> AbuseIpDb {
        AbuseIpDb::new(Account::new("https://s.test", "secret"))
    }

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../tests/fixtures/services/abuseipdb/", $name, ".json"))
        };
    }

    #[test]
    fn the_question_is_the_documented_one() {
        let request = service().request(IndicatorKind::Ip, "2606:4700:0::1111").unwrap();
        let expected = "https://s.test/api/v2/check?ipAddress=2606%3A4700%3A%3A1111&maxAgeInDays=90";
        assert_eq!(request.url, expected);
        assert!(request.headers.contains(&("key", "secret".to_owned())));
        assert!(service().request(IndicatorKind::Domain, "evil.com").is_none());
    }

    #[test]
    fn a_reported_address_is_malicious() {
        let (reputation, evidence) = read(&service(), ABOUT, 200, fixture!("malicious")).unwrap();
        assert_eq!(reputation, Reputation::Malicious);
        assert_eq!(
            evidence,
            "confidence 100 of 100, 18 reports by 9 users in 90 days; Data Center/Web Hosting/Transit; \
             last reported 2026-11-20T20:55:14+00:00"
        );
    }

    #[test]
    fn a_whitelisted_address_is_safe_and_one_without_reports_unknown() {
        assert_eq!(read(&service(), ABOUT, 200, fixture!("clean")).unwrap().0, Reputation::Safe);
        assert_eq!(read(&service(), ABOUT, 200, fixture!("unknown")).unwrap().0, Reputation::Unknown);
    }

    #[test]
    fn the_documented_bounds_hold() {
        for (score, reports, whitelisted, expected) in [
            (100, 9, false, Reputation::Malicious),
            (75, 9, false, Reputation::Malicious),
            (74, 9, false, Reputation::Suspicious),
            (25, 9, true, Reputation::Suspicious),
            (24, 9, false, Reputation::Info),
            (0, 9, true, Reputation::Info),
            (0, 0, true, Reputation::Safe),
            (0, 0, false, Reputation::Unknown),
        ] {
            let body = format!(
                r#"{{"data":{{"abuseConfidenceScore":{score},"totalReports":{reports},"isWhitelisted":{whitelisted}}}}}"#
            );
            assert_eq!(read(&service(), ABOUT, 200, body.as_bytes()).unwrap().0, expected, "{body}");
        }
    }

    #[test]
    fn a_wrong_key_stops_and_a_wrong_address_is_skipped() {
        let error = read(&service(), ABOUT, 401, fixture!("unauthorized")).unwrap_err();
        assert_eq!(error.advice(), Advice::Stop);
        assert!(error.to_string().contains("Authentication failed."), "{error}");
        let error = read(&service(), ABOUT, 422, fixture!("rejected")).unwrap_err();
        assert_eq!(error.advice(), Advice::Skip);
    }

    #[test]
    fn a_reached_limit_is_the_days_and_says_when_to_come_back() {
        let response = response(429, &[("retry-after", "29241")], fixture!("limited"));
        let error = service().read(ABOUT.0, ABOUT.1, &response).unwrap_err();
        assert_eq!(error.advice(), Advice::Pause(Limit::Day, Some(Duration::from_secs(29241))));
        assert_eq!(error.reputation(), Reputation::Limited);
    }

    #[test]
    fn garbage_is_no_finding() {
        survives_garbage(&service(), ABOUT);
        let error = read(&service(), ABOUT, 200, br#"{"data":{"abuseConfidenceScore":101}}"#).unwrap_err();
        assert!(matches!(error, ServiceError::Garbled { .. }), "{error}");
    }
}
