//! What is asked of OTX, and what its answers mean.

use super::Otx;
use crate::services::answer::{Advice, Limit};
use crate::services::fixture::{read, response, survives_garbage};
use crate::services::{Account, Service};
use std::time::Duration;
use watchfire_signal::{IndicatorKind, Reputation};

const ABOUT: (IndicatorKind, &str) = (IndicatorKind::Ip, "1.0.0.1");

fn service() -> Otx {
    Otx::new(Account::new("https://s.test", "secret"))
}

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../tests/fixtures/services/otx/", $name, ".json"))
    };
}

#[test]
fn the_question_is_the_documented_one() {
    let md5 = "44d88612fea8a8f36de82e1278abb02f";
    for (kind, value, path) in [
        (IndicatorKind::Ip, "8.8.8.8", "IPv4/8.8.8.8"),
        (IndicatorKind::Ip, "2606:4700::1111", "IPv6/2606%3A4700%3A%3A1111"),
        (IndicatorKind::Domain, "rghost.net", "domain/rghost.net"),
        (IndicatorKind::Domain, "evil.co.uk", "domain/evil.co.uk"),
        (IndicatorKind::Domain, "www.evil.com", "hostname/www.evil.com"),
        (IndicatorKind::Domain, "a.evil.co.uk", "hostname/a.evil.co.uk"),
        (IndicatorKind::Url, "http://a.com/b?c", "url/http%3A%2F%2Fa.com%2Fb%3Fc"),
        (IndicatorKind::Hash, md5, "file/44d88612fea8a8f36de82e1278abb02f"),
        (IndicatorKind::Cve, "cve-2024-3400", "cve/CVE-2024-3400"),
    ] {
        let request = service().request(kind, value).unwrap();
        assert_eq!(request.url, format!("https://s.test/api/v1/indicators/{path}/general"));
        assert!(request.headers.contains(&("x-otx-api-key", "secret".to_owned())));
    }
}

#[test]
fn what_the_vendor_itself_publishes_is_malicious_and_what_others_do_suspicious() {
    let (reputation, evidence) = read(&service(), ABOUT, 200, fixture!("malicious")).unwrap();
    assert_eq!(reputation, Reputation::Malicious);
    assert_eq!(
        evidence,
        "in 2 pulses; pulse Mirai variants in the wild; adversary Example Group; malware Mirai, Gafgyt"
    );
    let (reputation, evidence) = read(&service(), ABOUT, 200, fixture!("suspicious")).unwrap();
    assert_eq!(reputation, Reputation::Suspicious);
    assert_eq!(evidence, "in 1 pulses; pulse SSH honeypot");
}

#[test]
fn what_is_whitelisted_is_safe_unless_somebody_reports_it() {
    let (reputation, evidence) = read(&service(), ABOUT, 200, fixture!("clean")).unwrap();
    assert_eq!(reputation, Reputation::Safe);
    assert_eq!(evidence, "Known False Positive; Whitelisted IP");
    for (count, validation, appeals, expected) in [
        (7, r#"{"source":"whitelist"}"#, "", Reputation::Info),
        (7, r#"{"source":"alexa"}"#, "", Reputation::Suspicious),
        (7, "", r#"{"assessment":"accepted"}"#, Reputation::Info),
        (7, "", r#"{"assessment":"rejected"}"#, Reputation::Suspicious),
        (0, "", r#"{"assessment":"accepted"}"#, Reputation::Safe),
        (0, r#"{"source":"alexa","name":"Alexa rank: #12"}"#, "", Reputation::Info),
        (0, "", "", Reputation::Unknown),
    ] {
        let body = format!(
            r#"{{"pulse_info":{{"count":{count},"pulses":[]}},"validation":[{validation}],"false_positive":[{appeals}]}}"#
        );
        assert_eq!(read(&service(), ABOUT, 200, body.as_bytes()).unwrap().0, expected, "{body}");
    }
}

#[test]
fn what_is_in_no_pulse_is_unknown() {
    assert_eq!(read(&service(), ABOUT, 200, fixture!("unknown")).unwrap().0, Reputation::Unknown);
}

#[test]
fn a_cve_is_not_malicious_for_being_written_about() {
    let cve = (IndicatorKind::Cve, "CVE-2024-3400");
    assert_eq!(read(&service(), cve, 200, fixture!("malicious")).unwrap().0, Reputation::Info);
}

#[test]
fn a_wrong_key_stops_a_wrong_value_is_skipped_and_a_limit_says_how_long() {
    let advice = |status, body: &[u8]| read(&service(), ABOUT, status, body).unwrap_err().advice();
    assert_eq!(advice(403, fixture!("unauthorized")), Advice::Stop);
    assert_eq!(advice(400, fixture!("rejected")), Advice::Skip);
    assert_eq!(advice(404, br#"{"detail": "endpoint not found"}"#), Advice::Skip);
    let limited = response(429, &[("retry-after", "60")], fixture!("limited"));
    let error = service().read(ABOUT.0, ABOUT.1, &limited).unwrap_err();
    assert_eq!(error.advice(), Advice::Pause(Limit::Unknown, Some(Duration::from_secs(60))));
}

#[test]
fn garbage_is_no_finding() {
    survives_garbage(&service(), ABOUT);
    survives_garbage(&service(), (IndicatorKind::Cve, "CVE-2024-3400"));
}
