//! VirusTotal, API 3: what some seventy scanners and block lists say.
//!
//! `GET /api/v3/{ip_addresses,domains,files,urls}/{id}`, header `x-apikey` (docs.virustotal.com). The id of a URL is the URL in
//! base64url without padding. The answer's `data.attributes.last_analysis_stats` counts engines by what they say. Errors are
//! `error{code, message}`: a 404 `NotFoundError` means that it does not know the thing; a 429 is `QuotaExceededError` (of the minute,
//! day or month: it does not say which) or `TooManyRequestsError`.
//!
//! | engines | reputation | why |
//! |---|---|---|
//! | 3 or more say malicious | malicious | one or two are often wrong together, since some copy each other |
//! | 1 or 2 say malicious, or any says suspicious | suspicious | |
//! | none | info | engines find nothing, which is not vouching |
//! | nobody looked yet | unknown | |
//!
//! The bounds are ours. Errors were checked against its *Errors* page; the names of the attributes are from memory (*unchecked*).

use super::answer::{Evidence, Finding, Limit, ServiceError, garbled, parsed, refusal};
use super::asking::Asked;
use super::encoding::{base64url, percent_encoded};
use super::lenient::count;
use super::{Account, Service};
use serde::Deserialize;
use watchfire_http::{Request, Response};
use watchfire_signal::{IndicatorKind, Reputation};

pub(super) const NAME: &str = "virustotal";
pub(super) const BASE: &str = "https://www.virustotal.com";

const MALICIOUS_FROM: u64 = 3;

/// VirusTotal.
#[derive(Debug, Clone)]
pub struct VirusTotal(Account);

impl VirusTotal {
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
struct Data {
    attributes: Attributes,
}

#[derive(Deserialize)]
struct Attributes {
    last_analysis_stats: Stats,
    #[serde(default)]
    meaningful_name: Option<String>,
    #[serde(default)]
    popular_threat_classification: Option<Classification>,
}

#[derive(Deserialize)]
struct Classification {
    #[serde(default)]
    suggested_threat_label: Option<String>,
}

/// Engines that could not look (`timeout`, `failure`, `type-unsupported`) are left out.
#[derive(Deserialize)]
struct Stats {
    malicious: u64,
    #[serde(default, deserialize_with = "count")]
    suspicious: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    harmless: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    undetected: Option<u64>,
}

#[derive(Deserialize)]
struct Errors {
    error: Complaint,
}

#[derive(Deserialize)]
struct Complaint {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl Service for VirusTotal {
    fn name(&self) -> &'static str {
        NAME
    }

    fn takes(&self, kind: IndicatorKind) -> bool {
        kind != IndicatorKind::Cve
    }

    fn request(&self, kind: IndicatorKind, value: &str) -> Option<Request> {
        let (collection, id) = match Asked::read(kind, value)? {
            Asked::Address(address) => ("ip_addresses", percent_encoded(&address.to_string())),
            Asked::Name(name) => ("domains", percent_encoded(&name)),
            Asked::Hash(digits) => ("files", digits),
            Asked::Url(url, _) => ("urls", base64url(url.as_bytes())),
            Asked::Cve(_) => return None,
        };
        let url = self.0.url(&format!("/api/v3/{collection}/{id}"));
        Some(Request::get(url).header("x-apikey", &*self.0.key).header("accept", "application/json"))
    }

    fn read(&self, kind: IndicatorKind, value: &str, response: &Response) -> Result<Finding, ServiceError> {
        let Some(asked) = Asked::read(kind, value) else { return Err(garbled("an answer to no question")) };
        let mut evidence = Evidence::default();
        if response.status != 200 {
            let Complaint { code, message } = parsed::<Errors>(response).map_or_else(
                |_| Complaint { code: String::new(), message: String::new() },
                |body| body.error,
            );
            if response.status == 404 && code == "NotFoundError" {
                return Ok(evidence.finding(Reputation::Unknown, asked.text()));
            }
            let limit = if code == "TooManyRequestsError" { Limit::Short } else { Limit::Unknown };
            let words = [code, message].into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>();
            return Err(refusal(response, limit, &words.join(": ")));
        }
        let attributes = parsed::<Answer>(response)?.data.attributes;
        let Stats { malicious, suspicious, harmless, undetected } = attributes.last_analysis_stats;
        let suspicious = suspicious.unwrap_or(0);
        let engines = [suspicious, harmless.unwrap_or(0), undetected.unwrap_or(0)]
            .into_iter()
            .fold(malicious, u64::saturating_add);
        let reputation = match malicious {
            MALICIOUS_FROM.. => Reputation::Malicious,
            1.. => Reputation::Suspicious,
            0 if suspicious > 0 => Reputation::Suspicious,
            0 if engines > 0 => Reputation::Info,
            0 => Reputation::Unknown,
        };
        evidence.say(format!("{malicious} of {engines} engines say malicious, {suspicious} suspicious"));
        let label = attributes.popular_threat_classification.and_then(|class| class.suggested_threat_label);
        evidence.quote("", label.as_deref());
        evidence.quote("named ", attributes.meaningful_name.as_deref());
        Ok(evidence.finding(reputation, asked.text()))
    }
}

#[cfg(test)]
mod tests {
    use super::VirusTotal;
    use crate::services::answer::{Advice, Limit};
    use crate::services::fixture::{read, survives_garbage};
    use crate::services::{Account, Service};
    use watchfire_signal::{IndicatorKind, Reputation};

    const ABOUT: (IndicatorKind, &str) = (IndicatorKind::Hash, "44d88612fea8a8f36de82e1278abb02f");

    fn service() -> VirusTotal {
        VirusTotal::new(Account::new("https://s.test", "secret"))
    }

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../tests/fixtures/services/virustotal/", $name, ".json"))
        };
    }

    #[test]
    fn the_question_is_the_documented_one() {
        for (kind, value, path) in [
            (IndicatorKind::Ip, "1.1.1.1", "ip_addresses/1.1.1.1"),
            (IndicatorKind::Ip, "2606:4700::1111", "ip_addresses/2606%3A4700%3A%3A1111"),
            (IndicatorKind::Domain, "Evil[.]com", "domains/evil.com"),
            (IndicatorKind::Domain, "1.1.1.1", "ip_addresses/1.1.1.1"),
            (IndicatorKind::Hash, ABOUT.1, "files/44d88612fea8a8f36de82e1278abb02f"),
            (IndicatorKind::Url, "http://a.com/?b", "urls/aHR0cDovL2EuY29tLz9i"),
            // Its padding is left off.
            (IndicatorKind::Url, "http://a.com/", "urls/aHR0cDovL2EuY29tLw"),
        ] {
            let request = service().request(kind, value).unwrap();
            assert_eq!(request.url, format!("https://s.test/api/v3/{path}"));
            assert!(request.headers.contains(&("x-apikey", "secret".to_owned())));
        }
        assert!(service().request(IndicatorKind::Cve, "CVE-2024-3400").is_none());
    }

    #[test]
    fn a_file_that_many_engines_know_is_malicious() {
        let (reputation, evidence) = read(&service(), ABOUT, 200, fixture!("malicious")).unwrap();
        assert_eq!(reputation, Reputation::Malicious);
        let expected = "62 of 68 engines say malicious, 0 suspicious; virus.eicar/test; named eicar.com";
        assert_eq!(evidence, expected);
    }

    #[test]
    fn no_engine_against_it_is_not_safe() {
        let name = (IndicatorKind::Domain, "example.com");
        let (reputation, evidence) = read(&service(), name, 200, fixture!("clean")).unwrap();
        assert_eq!(reputation, Reputation::Info);
        assert_eq!(evidence, "0 of 92 engines say malicious, 0 suspicious");
    }

    #[test]
    fn the_bounds_hold() {
        for (malicious, suspicious, harmless, expected) in [
            (3, 0, 60, Reputation::Malicious),
            (2, 9, 60, Reputation::Suspicious),
            (1, 0, 60, Reputation::Suspicious),
            (0, 1, 60, Reputation::Suspicious),
            (0, 0, 1, Reputation::Info),
            (0, 0, 0, Reputation::Unknown),
            (u64::MAX, u64::MAX, u64::MAX, Reputation::Malicious),
        ] {
            let stats =
                format!(r#"{{"malicious":{malicious},"suspicious":{suspicious},"harmless":{harmless}}}"#);
            let body = format!(r#"{{"data":{{"attributes":{{"last_analysis_stats":{stats}}}}}}}"#);
            assert_eq!(read(&service(), ABOUT, 200, body.as_bytes()).unwrap().0, expected, "{body}");
        }
    }

    #[test]
    fn what_it_does_not_know_is_unknown_and_a_wrong_path_is_not() {
        assert_eq!(read(&service(), ABOUT, 404, fixture!("unknown")).unwrap().0, Reputation::Unknown);
        assert_eq!(read(&service(), ABOUT, 404, b"{}").unwrap_err().advice(), Advice::Skip);
    }

    #[test]
    fn a_quota_pauses_a_wrong_key_stops_and_a_wrong_id_is_skipped() {
        let error = |status, body: &[u8]| read(&service(), ABOUT, status, body).unwrap_err();
        let limited = error(429, fixture!("limited"));
        assert_eq!(limited.advice(), Advice::Pause(Limit::Unknown, None));
        assert!(limited.to_string().contains("QuotaExceededError: Quota exceeded"), "{limited}");
        let busy = br#"{"error": {"code": "TooManyRequestsError", "message": "Too many requests"}}"#;
        assert_eq!(error(429, busy).advice(), Advice::Pause(Limit::Short, None));
        assert_eq!(error(401, fixture!("unauthorized")).advice(), Advice::Stop);
        assert_eq!(error(400, fixture!("rejected")).advice(), Advice::Skip);
        assert_eq!(error(503, br#"{"error": {"code": "TransientError"}}"#).advice(), Advice::Retry(None));
    }

    #[test]
    fn garbage_is_no_finding() {
        survives_garbage(&service(), ABOUT);
        survives_garbage(&service(), (IndicatorKind::Url, "http://a.com/"));
    }
}
