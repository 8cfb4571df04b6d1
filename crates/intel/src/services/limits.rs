//! What each service allows, and how long its answers hold.
//!
//! Quotas are those of the free plan, because that is what a key has whose owner says nothing else; whoever pays sets
//! the budget. Where a service publishes no number, the one here is our courtesy, and says so.
//!
//! Lifetimes are ours. *Bad* holds long, because a listing seldom turns out wrong within a day; *unknown* is short,
//! because what is new becomes known within hours, and being wrong about it is what costs most. A service that updates
//! once a day, or allows a handful of calls, is not asked again within the day.

use std::time::Duration;
use watchfire_signal::Reputation;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

/// Over what a quota counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// Any stretch of this length.
    Rolling(Duration),
    /// A day that begins at 00:00 UTC.
    UtcDay,
}

/// A limit of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DefaultQuota {
    /// The service's name.
    pub service: &'static str,
    /// How many requests.
    pub requests: u32,
    /// In what time.
    pub window: Window,
    /// Where the number comes from.
    pub source: &'static str,
}

/// All limits; a service may have several, which hold at once.
pub const DEFAULT_QUOTAS: &[DefaultQuota] = &[
    DefaultQuota {
        service: "abuseipdb",
        requests: 1000,
        window: Window::UtcDay,
        source: "abuseipdb.com/faq.html: free accounts have 1,000 checks a day (verified webmasters 3,000)",
    },
    DefaultQuota {
        service: "virustotal",
        requests: 4,
        window: Window::Rolling(MINUTE),
        source: "docs.virustotal.com, Public vs Premium API: 4 requests per minute",
    },
    DefaultQuota {
        service: "virustotal",
        requests: 500,
        window: Window::UtcDay,
        source: "docs.virustotal.com, Public vs Premium API: 500 requests per day; daily quotas are reset at 00:00 UTC",
    },
    DefaultQuota {
        service: "otx",
        requests: 1000,
        window: Window::Rolling(HOUR),
        source: "unchecked: no page states it; 1,000 an hour without and 10,000 with a key are reported",
    },
    DefaultQuota {
        service: "greynoise",
        requests: 50,
        window: Window::Rolling(WEEK),
        source: "second hand (docs.greynoise.io, Using the GreyNoise Community API): 50 searches a week",
    },
    DefaultQuota {
        service: "urlhaus",
        requests: 60,
        window: Window::Rolling(MINUTE),
        source: "our courtesy: abuse.ch asks for fair use and gives no number",
    },
    DefaultQuota {
        service: "threatfox",
        requests: 60,
        window: Window::Rolling(MINUTE),
        source: "our courtesy: abuse.ch asks for fair use and gives no number",
    },
];

/// The limits of one service.
pub fn default_quotas(service: &str) -> impl Iterator<Item = &'static DefaultQuota> {
    DEFAULT_QUOTAS.iter().filter(move |quota| quota.service == service)
}

/// How long a service's answers hold. Afterwards they are *stale*.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// The service's name.
    pub service: &'static str,
    /// *Malicious* and *suspicious*.
    pub bad: Duration,
    /// *Safe* and *info*: known, and nothing against it.
    pub clean: Duration,
    /// *Unknown*.
    pub unknown: Duration,
}

impl Lifetimes {
    /// How long an answer of that reputation holds; `None` for what is no answer, and must not be kept.
    pub const fn of(&self, reputation: Reputation) -> Option<Duration> {
        match reputation {
            Reputation::Malicious | Reputation::Suspicious => Some(self.bad),
            Reputation::Safe | Reputation::Info => Some(self.clean),
            Reputation::Unknown => Some(self.unknown),
            Reputation::NotAsked | Reputation::Limited | Reputation::Failed | Reputation::Stale => None,
        }
    }
}

/// All lifetimes, one for each service.
pub const LIFETIMES: &[Lifetimes] = &[
    Lifetimes { service: "abuseipdb", bad: hours(24), clean: hours(6), unknown: hours(1) },
    Lifetimes { service: "virustotal", bad: hours(24), clean: hours(6), unknown: hours(1) },
    Lifetimes { service: "otx", bad: hours(24), clean: hours(6), unknown: hours(1) },
    // 50 calls a week.
    Lifetimes { service: "greynoise", bad: hours(24), clean: hours(24), unknown: hours(24) },
    Lifetimes { service: "urlhaus", bad: hours(24), clean: hours(6), unknown: hours(1) },
    Lifetimes { service: "threatfox", bad: hours(24), clean: hours(6), unknown: hours(1) },
];

const fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3600)
}

/// The lifetimes of one service.
pub fn lifetimes(service: &str) -> Option<&'static Lifetimes> {
    LIFETIMES.iter().find(|lifetimes| lifetimes.service == service)
}

#[cfg(test)]
mod tests {
    use super::{DEFAULT_QUOTAS, LIFETIMES, Window};
    use std::time::Duration;
    use watchfire_signal::Reputation;

    #[test]
    fn only_answers_are_kept() {
        for lifetimes in LIFETIMES {
            for reputation in Reputation::ALL {
                let is_answer = reputation >= Reputation::Unknown;
                assert_eq!(lifetimes.of(reputation).is_some(), is_answer, "{reputation:?}");
            }
            assert!(lifetimes.unknown <= lifetimes.clean && lifetimes.clean <= lifetimes.bad);
        }
    }

    #[test]
    fn every_quota_allows_something_in_some_time_and_says_where_it_comes_from() {
        for quota in DEFAULT_QUOTAS {
            assert!(quota.requests > 0 && !quota.source.is_empty());
            assert_ne!(quota.window, Window::Rolling(Duration::ZERO));
        }
    }
}
