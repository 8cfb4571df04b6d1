//! Services that know indicators: what to ask of each, and what its answer means.
//!
//! A service is two pure functions over bytes: [`Service::request`] writes the question, [`Service::read`] reads the
//! answer. Neither sends, waits, counts or remembers, so each can be tried against recorded answers, and sending,
//! budgets and caches are the same for all of them. What a budget and a cache need to know of a service stands in
//! tables: [`DEFAULT_QUOTAS`] and [`LIFETIMES`].
//!
//! Whether an indicator may leave at all is for [`Outbound`] to say, and is said before any service is asked. The
//! services themselves ask only about what they can spell: [`Service::request`] is `None` for everything else, and what
//! it does put into an address or a body is encoded, so that a hostile value stays a value.
//!
//! The ways of not knowing are kept apart:
//!
//! | answer | becomes |
//! |---|---|
//! | the service does not know it | [`Finding`] *unknown* |
//! | it knows it, and has nothing against it | [`Finding`] *info*, or *safe* where the service vouches for it |
//! | a limit is reached | [`ServiceError::Limited`], *limited* |
//! | anything else | the other [`ServiceError`]s, *failed* |
//! | nobody was asked, or the answer is old | for the caller to say: *not asked*, *stale* |
//!
//! *Nothing against it* is not *safe* because [`merge`](crate::merge) lets *safe* outweigh a suspicion, and silence of
//! one service should not.

mod abusech;
mod abuseipdb;
mod answer;
mod asking;
mod encoding;
#[cfg(test)]
mod fixture;
mod greynoise;
mod lenient;
mod limits;
mod otx;
mod threatfox;
mod urlhaus;
mod virustotal;

pub use abuseipdb::AbuseIpDb;
pub use answer::{Advice, Finding, Limit, ServiceError};
pub use asking::{BadDomain, Kept, Outbound, spelled};
pub use greynoise::GreyNoise;
pub use limits::{DEFAULT_QUOTAS, DefaultQuota, LIFETIMES, Lifetimes, Window, default_quotas, lifetimes};
pub use otx::Otx;
pub use threatfox::ThreatFox;
pub use urlhaus::UrlHaus;
pub use virustotal::VirusTotal;

use std::fmt;
use watchfire_http::{Request, Response};
use watchfire_signal::IndicatorKind;

/// A service that knows indicators of some kinds.
pub trait Service: Send + Sync {
    /// Its name in settings, statements and meters.
    fn name(&self) -> &'static str;

    /// Whether it knows indicators of that kind at all.
    fn takes(&self, kind: IndicatorKind) -> bool;

    /// The question; `None` if the value is nothing that this service can be asked: not of its kind, or of a sort that it
    /// does not know (an IPv6 address, a SHA-512). Values may be defanged. Does not decide whether the value may be sent:
    /// that is for [`Outbound`].
    fn request(&self, kind: IndicatorKind, value: &str) -> Option<Request>;

    /// What the answer to [`request`](Self::request) for that kind and value means.
    fn read(&self, kind: IndicatorKind, value: &str, response: &Response) -> Result<Finding, ServiceError>;
}

/// The names of all services, as [`open`] knows them.
pub const NAMES: [&str; 6] =
    [abuseipdb::NAME, virustotal::NAME, otx::NAME, greynoise::NAME, urlhaus::NAME, threatfox::NAME];

/// The service of that name, asked with this key, at its own address unless there is a `base` URL (`https://host`).
/// `None` for a name that is not in [`NAMES`].
pub fn open(name: &str, key: &str, base: Option<&str>) -> Option<Box<dyn Service>> {
    let account = |own: &str| Account::new(base.unwrap_or(own), key);
    Some(match name {
        abuseipdb::NAME => Box::new(AbuseIpDb::new(account(abuseipdb::BASE))),
        virustotal::NAME => Box::new(VirusTotal::new(account(virustotal::BASE))),
        otx::NAME => Box::new(Otx::new(account(otx::BASE))),
        greynoise::NAME => Box::new(GreyNoise::new(account(greynoise::BASE))),
        urlhaus::NAME => Box::new(UrlHaus::new(account(urlhaus::BASE))),
        threatfox::NAME => Box::new(ThreatFox::new(account(threatfox::BASE))),
        _ => return None,
    })
}

/// Where a service is, and the key that it knows us by.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    base: String,
    key: String,
}

impl Account {
    /// An account at `base` (`https://host`, without the API's path).
    pub fn new(base: &str, key: &str) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), key: key.trim().to_owned() }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

/// Does not show the key.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("base", &self.base).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{Account, NAMES, default_quotas, lifetimes, open};
    use proptest::prelude::*;
    use watchfire_http::{Method, Request};
    use watchfire_signal::IndicatorKind;

    const HOSTILE: &[&str] = &[
        "../../etc/passwd",
        "..",
        "%2e%2e",
        "a.com/../../../users/me",
        "a.com?key=x&other=y",
        "a.com#x",
        "a.com\r\nauthorization: x",
        "a.com\n",
        "http://a.com/../..?x=1&y=2#z",
        "http://a.com/\r\nHost: b.com",
        "http://a.com/%2e%2e/\u{202e}x&url=http://b.com+%",
        "http://a.com/ü?ö=\"}],\"query\":\"x",
        "ünï.com",
        "1.1.1.1&maxAgeInDays=1",
        "::1%25eth0",
        "CVE-2024-3400/../x",
        "d41d8cd98f00b204e9800998ecf8427e/../x",
        "",
        "\u{0}",
    ];

    /// What stands behind the base, and how many segments and parameters it has.
    fn shape(request: &Request) -> (usize, usize) {
        let rest = request.url.strip_prefix("https://base.test").expect("the base stays");
        assert!(rest.bytes().all(|byte| byte.is_ascii_graphic()), "{rest}");
        assert!(!rest.contains('#') && !rest.contains("/../") && !rest.contains("//"), "{rest}");
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        (path.split('/').count(), query.split('&').count())
    }

    fn check(value: &str) {
        for name in NAMES {
            let service = open(name, "k", Some("https://base.test/")).expect("known");
            for kind in IndicatorKind::ALL {
                let Some(request) = service.request(kind, value) else { continue };
                let segments = match name {
                    "abuseipdb" | "greynoise" | "urlhaus" | "threatfox" => 4,
                    "virustotal" => 5,
                    _ => 7,
                };
                let parameters = if name == "abuseipdb" { 2 } else { 1 };
                assert_eq!(
                    shape(&request),
                    (segments, parameters),
                    "{name} {kind:?} {value:?} {}",
                    request.url
                );
                if request.method == Method::Get {
                    continue;
                }
                let body = std::str::from_utf8(&request.body).expect("text");
                if name == "urlhaus" {
                    assert_eq!(body.matches(['=', '&']).count(), 1, "{body}");
                    assert!(body.bytes().all(|byte| byte.is_ascii_graphic()), "{body}");
                } else {
                    let json: serde_json::Value = serde_json::from_str(body).expect("json");
                    let fields = json.as_object().expect("an object");
                    match json["query"].as_str() {
                        Some("search_ioc") => assert_eq!(fields.len(), 3, "{body}"),
                        Some("search_hash") => assert_eq!(fields.len(), 2, "{body}"),
                        _ => panic!("{body}"),
                    }
                }
            }
        }
    }

    #[test]
    fn no_value_changes_the_path_the_query_or_the_body_around_it() {
        for value in HOSTILE {
            check(value);
        }
    }

    proptest! {
        #[test]
        fn nor_does_any_other_text(value in "\\PC{0,60}", url in "http://[a-z]{1,5}\\.com[/?][ -~]{0,40}") {
            check(&value);
            check(&url);
        }
    }

    #[test]
    fn what_is_not_of_its_kind_is_not_asked() {
        for name in NAMES {
            let service = open(name, "k", None).expect("known");
            for kind in IndicatorKind::ALL {
                assert!(service.request(kind, "what is this").is_none(), "{name} {kind:?}");
            }
            assert!(IndicatorKind::ALL.into_iter().any(|kind| service.takes(kind)));
        }
    }

    #[test]
    fn every_service_can_be_opened_and_has_limits_and_lifetimes() {
        for name in NAMES {
            assert_eq!(open(name, "k", None).map(|service| service.name()), Some(name));
            assert!(default_quotas(name).next().is_some(), "{name}");
            assert!(lifetimes(name).is_some(), "{name}");
        }
        assert!(open("nobody", "k", None).is_none());
    }

    #[test]
    fn a_key_is_not_shown() {
        assert!(!format!("{:?}", Account::new("https://a.test", "secret")).contains("secret"));
    }
}
