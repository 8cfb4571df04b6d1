//! What intelligence is asked about, and what it may answer.

/// What kind of thing an indicator is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum IndicatorKind {
    /// An IPv4 or IPv6 address.
    Ip = 1,
    /// A domain or host name.
    Domain = 2,
    /// A URL.
    Url = 3,
    /// An MD5, SHA-1 or SHA-256 in hex.
    Hash = 4,
    /// A CVE id.
    Cve = 5,
}

impl IndicatorKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Ip, Self::Domain, Self::Url, Self::Hash, Self::Cve];

    /// The number it has in the store.
    pub const fn id(self) -> u8 {
        self as u8
    }

    /// The kind of that number.
    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.id() == id)
    }

    /// The name used in outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ip => "ip",
            Self::Domain => "domain",
            Self::Url => "url",
            Self::Hash => "hash",
            Self::Cve => "cve",
        }
    }
}

/// An indicator: a kind and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Indicator<'a> {
    /// What it is.
    pub kind: IndicatorKind,
    /// Its text, as found.
    pub value: &'a str,
}

/// What is known of an indicator. The ways of not knowing are kept apart: *nobody asked* is not *clean*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[repr(u8)]
pub enum Reputation {
    /// No source was asked: there is none, or the indicator must not leave (private addresses).
    #[default]
    NotAsked = 0,
    /// Asked, and the source's limit was reached.
    Limited = 1,
    /// Asked, and the source failed.
    Failed = 2,
    /// An answer exists but is older than its lifetime.
    Stale = 3,
    /// Asked, and no source knows it.
    Unknown = 4,
    /// Known, and neither good nor bad in itself: a VPN exit, dynamic DNS, a cloud range.
    Info = 5,
    /// Known good.
    Safe = 6,
    /// Reported by few, or by a source that is often wrong.
    Suspicious = 7,
    /// Known bad.
    Malicious = 8,
}

impl Reputation {
    /// Every reputation.
    pub const ALL: [Self; 9] = [
        Self::NotAsked,
        Self::Limited,
        Self::Failed,
        Self::Stale,
        Self::Unknown,
        Self::Info,
        Self::Safe,
        Self::Suspicious,
        Self::Malicious,
    ];

    /// The number it has in the store and in pattern keys.
    pub const fn id(self) -> u8 {
        self as u8
    }

    /// The reputation of that number.
    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reputation| reputation.id() == id)
    }

    /// The name used in outputs and configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotAsked => "not_asked",
            Self::Limited => "limited",
            Self::Failed => "failed",
            Self::Stale => "stale",
            Self::Unknown => "unknown",
            Self::Info => "info",
            Self::Safe => "safe",
            Self::Suspicious => "suspicious",
            Self::Malicious => "malicious",
        }
    }

    /// The reputation of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reputation| reputation.name() == name)
    }
}
