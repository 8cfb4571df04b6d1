//! URLhaus by abuse.ch: URLs that served malware, the hosts they are on, and the files that came from them.
//!
//! `POST /v1/url/`, `/v1/host/` or `/v1/payload/` with a form of one field (`url`, `host`, `md5_hash` or `sha256_hash`), header
//! `Auth-Key` (urlhaus-api.abuse.ch). It knows only what is bad, so that nothing found is *unknown*. See
//! [`abusech`](super::abusech) for its complaints.
//!
//! | found | reputation | why |
//! |---|---|---|
//! | a URL | malicious | it served malware, whether it is online or not |
//! | a payload with a signature | malicious | a family was recognized |
//! | a payload without | suspicious | everything that such a URL served is kept, error pages too |
//! | a host that a blacklist calls bad | malicious | Spamhaus DBL and SURBL list names for what their owners do |
//! | an address with a URL online | malicious | it serves malware now |
//! | another host | suspicious | code forges and file shares have thousands of URLs there |
//!
//! The DBL's `abused_legit_*` is the owner's misfortune, and does not count as bad. The table's bounds are ours. A host's
//! `urls` are cut to 100 by the service; `url_count` counts all. *Unchecked:* the fields of a host and a payload, that cut,
//! and the words of the blacklists, which are from memory of that page.

use super::abusech::{Found, Tags, found, joined};
use super::answer::{Evidence, Finding, ServiceError, garbled, parsed};
use super::asking::Asked;
use super::encoding::percent_encoded;
use super::lenient::{Few, count};
use super::{Account, Service};
use serde::Deserialize;
use watchfire_http::{Method, Request, Response};
use watchfire_signal::{IndicatorKind, Reputation};

pub(super) const NAME: &str = "urlhaus";
pub(super) const BASE: &str = "https://urlhaus-api.abuse.ch";

/// URLhaus.
#[derive(Debug, Clone)]
pub struct UrlHaus(Account);

impl UrlHaus {
    /// The service as this account sees it.
    pub const fn new(account: Account) -> Self {
        Self(account)
    }
}

#[derive(Deserialize)]
struct Listed {
    url: String,
    #[serde(default)]
    url_status: Option<String>,
    #[serde(default)]
    date_added: Option<String>,
    #[serde(default)]
    threat: Option<String>,
    #[serde(default)]
    tags: Tags,
}

#[derive(Deserialize)]
struct Hosting {
    #[serde(default, deserialize_with = "count")]
    url_count: Option<u64>,
    #[serde(default)]
    firstseen: Option<String>,
    #[serde(default)]
    blacklists: Option<Blacklists>,
    urls: Few<Hosted>,
}

#[derive(Deserialize)]
struct Hosted {
    #[serde(default)]
    url_status: Option<String>,
    #[serde(default)]
    tags: Tags,
}

#[derive(Deserialize)]
struct Blacklists {
    #[serde(default)]
    spamhaus_dbl: Option<String>,
    #[serde(default)]
    surbl: Option<String>,
}

#[derive(Deserialize)]
struct Payload {
    #[serde(default)]
    md5_hash: Option<String>,
    #[serde(default)]
    sha256_hash: Option<String>,
    #[serde(default)]
    signature: Option<String>,
    #[serde(default)]
    file_type: Option<String>,
    #[serde(default)]
    firstseen: Option<String>,
    #[serde(default, deserialize_with = "count")]
    url_count: Option<u64>,
}

impl Service for UrlHaus {
    fn name(&self) -> &'static str {
        NAME
    }

    fn takes(&self, kind: IndicatorKind) -> bool {
        kind != IndicatorKind::Cve
    }

    fn request(&self, kind: IndicatorKind, value: &str) -> Option<Request> {
        let asked = Asked::read(kind, value)?;
        let (path, field) = match &asked {
            Asked::Address(_) | Asked::Name(_) => ("/v1/host/", "host"),
            Asked::Url(..) => ("/v1/url/", "url"),
            Asked::Hash(digits) if digits.len() == 32 => ("/v1/payload/", "md5_hash"),
            Asked::Hash(digits) if digits.len() == 64 => ("/v1/payload/", "sha256_hash"),
            Asked::Hash(_) | Asked::Cve(_) => return None,
        };
        let form = format!("{field}={}", percent_encoded(&asked.text()));
        let request = Request {
            method: Method::Post,
            body: form.into_bytes().into(),
            ..Request::get(self.0.url(path))
        };
        Some(
            request
                .header("auth-key", &*self.0.key)
                .header("content-type", "application/x-www-form-urlencoded")
                .header("accept", "application/json"),
        )
    }

    fn read(&self, kind: IndicatorKind, value: &str, response: &Response) -> Result<Finding, ServiceError> {
        let Some(asked) = Asked::read(kind, value) else { return Err(garbled("an answer to no question")) };
        let mut evidence = Evidence::default();
        let reputation = match (found(response)?, &asked) {
            (Found::Nothing, _) => Reputation::Unknown,
            (Found::Something, Asked::Url(..)) => url(&parsed(response)?, &mut evidence)?,
            (Found::Something, Asked::Hash(_)) => payload(&parsed(response)?, &mut evidence)?,
            (Found::Something, _) => host(&parsed(response)?, &asked, &mut evidence),
        };
        Ok(evidence.finding(reputation, asked.text()))
    }
}

fn url(listed: &Listed, evidence: &mut Evidence) -> Result<Reputation, ServiceError> {
    if listed.url.is_empty() {
        return Err(garbled("a URL without text"));
    }
    evidence.quote("", listed.threat.as_deref());
    evidence.quote("", listed.url_status.as_deref());
    evidence.quote("tags ", Some(&joined(&listed.tags)));
    evidence.quote("added ", listed.date_added.as_deref());
    Ok(Reputation::Malicious)
}

fn host(hosting: &Hosting, asked: &Asked, evidence: &mut Evidence) -> Reputation {
    let urls = hosting.url_count.unwrap_or(0).max(hosting.urls.total);
    let online = hosting.urls.items.iter().any(|url| url.url_status.as_deref() == Some("online"));
    evidence.say(format!("{urls} malware URLs, {}", if online { "some online" } else { "none seen online" }));
    if let Some(tagged) = hosting.urls.items.iter().map(|url| joined(&url.tags)).find(|tags| !tags.is_empty())
    {
        evidence.quote("tags ", Some(&tagged));
    }
    let mut is_listed = false;
    if let Some(Blacklists { spamhaus_dbl, surbl }) = &hosting.blacklists {
        let bad = |word: &&str| !matches!(*word, "" | "not listed" | "unknown");
        let dbl = spamhaus_dbl.as_deref().filter(bad);
        let surbl = surbl.as_deref().filter(bad);
        evidence.quote("Spamhaus DBL: ", dbl);
        evidence.quote("SURBL: ", surbl);
        is_listed = dbl.is_some_and(|word| !word.starts_with("abused")) || surbl.is_some();
    }
    evidence.quote("first seen ", hosting.firstseen.as_deref());
    if is_listed || (online && matches!(asked, Asked::Address(_))) {
        Reputation::Malicious
    } else {
        Reputation::Suspicious
    }
}

fn payload(payload: &Payload, evidence: &mut Evidence) -> Result<Reputation, ServiceError> {
    if payload.md5_hash.is_none() && payload.sha256_hash.is_none() {
        return Err(garbled("a payload without a hash"));
    }
    let signature = payload.signature.as_deref().filter(|signature| !signature.is_empty());
    evidence.quote("", signature);
    evidence.quote("file type ", payload.file_type.as_deref());
    evidence.say(format!("served by {} malware URLs", payload.url_count.unwrap_or(0)));
    evidence.quote("first seen ", payload.firstseen.as_deref());
    Ok(if signature.is_some() { Reputation::Malicious } else { Reputation::Suspicious })
}

#[cfg(test)]
mod tests {
    use super::UrlHaus;
    use crate::services::answer::Advice;
    use crate::services::fixture::{read, response, survives_garbage};
    use crate::services::{Account, Service};
    use watchfire_signal::{IndicatorKind, Reputation};

    const URL: (IndicatorKind, &str) = (IndicatorKind::Url, "http://sskymedia.com/VMYB-ht_JAQo-gi/");
    const NAME: (IndicatorKind, &str) = (IndicatorKind::Domain, "vektorex.com");
    const ADDRESS: (IndicatorKind, &str) = (IndicatorKind::Ip, "45.61.49.78");
    const HASH: (IndicatorKind, &str) = (IndicatorKind::Hash, "12c8aec5766ac3e6f26f2505e2f4a8f2");

    fn service() -> UrlHaus {
        UrlHaus::new(Account::new("https://s.test", "secret"))
    }

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../tests/fixtures/services/urlhaus/", $name, ".json"))
        };
    }

    #[test]
    fn the_question_is_the_documented_one() {
        let asked = |(kind, value)| {
            let request = service().request(kind, value).unwrap();
            assert!(request.headers.contains(&("auth-key", "secret".to_owned())));
            (request.url, String::from_utf8(request.body.to_vec()).unwrap())
        };
        let pair = |url: &str, body: &str| (url.to_owned(), body.to_owned());
        let url = "url=http%3A%2F%2Fsskymedia.com%2FVMYB-ht_JAQo-gi%2F";
        assert_eq!(asked(URL), pair("https://s.test/v1/url/", url));
        assert_eq!(asked(NAME), pair("https://s.test/v1/host/", "host=vektorex.com"));
        assert_eq!(asked(ADDRESS), pair("https://s.test/v1/host/", "host=45.61.49.78"));
        let hash = "md5_hash=12c8aec5766ac3e6f26f2505e2f4a8f2";
        assert_eq!(asked(HASH), pair("https://s.test/v1/payload/", hash));
        assert!(service().request(IndicatorKind::Hash, &"a".repeat(40)).is_none(), "it knows no SHA-1");
    }

    #[test]
    fn a_listed_url_is_malicious_even_when_it_is_offline() {
        let (reputation, evidence) = read(&service(), URL, 200, fixture!("malicious_url")).unwrap();
        assert_eq!(reputation, Reputation::Malicious);
        assert_eq!(
            evidence,
            "malware_download; offline; tags emotet, epoch2, heodo; added 2019-01-19 01:33:26 UTC"
        );
    }

    #[test]
    fn a_host_that_others_write_to_is_suspicious_and_one_that_is_blacklisted_malicious() {
        let (reputation, evidence) = read(&service(), NAME, 200, fixture!("suspicious_host")).unwrap();
        assert_eq!(reputation, Reputation::Suspicious);
        assert!(evidence.starts_with("120 malware URLs, some online; tags exe"), "{evidence}");
        assert!(evidence.contains("Spamhaus DBL: abused_legit_malware"), "{evidence}");
        assert_eq!(read(&service(), NAME, 200, fixture!("malicious_host")).unwrap().0, Reputation::Malicious);
    }

    #[test]
    fn an_address_that_serves_malware_now_is_malicious() {
        let about = |status: &str| {
            let body = format!(
                r#"{{"query_status":"ok","url_count":"1","urls":[{{"url_status":"{status}","tags":null}}]}}"#
            );
            read(&service(), ADDRESS, 200, body.as_bytes()).unwrap().0
        };
        assert_eq!(about("online"), Reputation::Malicious);
        assert_eq!(about("offline"), Reputation::Suspicious);
    }

    #[test]
    fn a_payload_is_malicious_once_its_family_is_known() {
        let (reputation, evidence) = read(&service(), HASH, 200, fixture!("malicious_payload")).unwrap();
        assert_eq!(reputation, Reputation::Malicious);
        assert!(evidence.starts_with("Heodo; file type doc; served by 100 malware URLs"), "{evidence}");
        let nameless =
            br#"{"query_status":"ok","md5_hash":"12c8aec5766ac3e6f26f2505e2f4a8f2","signature":null}"#;
        assert_eq!(read(&service(), HASH, 200, nameless).unwrap().0, Reputation::Suspicious);
    }

    #[test]
    fn nothing_found_is_unknown_and_not_clean() {
        for about in [URL, NAME, ADDRESS, HASH] {
            assert_eq!(read(&service(), about, 200, fixture!("unknown")).unwrap().0, Reputation::Unknown);
        }
    }

    #[test]
    fn a_wrong_key_stops_a_wrong_question_is_skipped_and_a_limit_pauses() {
        let advice = |status, body: &[u8]| read(&service(), URL, status, body).unwrap_err().advice();
        assert_eq!(advice(403, fixture!("unauthorized")), Advice::Stop);
        assert_eq!(advice(401, br#"{"error":"Unauthorized"}"#), Advice::Stop);
        assert_eq!(advice(200, fixture!("rejected")), Advice::Skip);
        assert!(matches!(advice(429, fixture!("limited")), Advice::Pause(..)));
    }

    #[test]
    fn garbage_is_no_finding() {
        for about in [URL, NAME, ADDRESS, HASH] {
            survives_garbage(&service(), about);
            let read = service().read(about.0, about.1, &response(200, &[], br#"{"query_status":"ok"}"#));
            assert!(read.is_err(), "{read:?}");
        }
    }
}
