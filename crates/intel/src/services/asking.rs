//! What may be asked about, and in which spelling.
//!
//! An address of the own network tells a stranger how that network is built, and a stranger can't know it: private and
//! other special-purpose addresses (IANA's registries, RFC 6890), also inside IPv6 (RFC 4291, 6052, 3056), names without a
//! dot, names that no public resolver knows (RFC 6761, 6762, 8375, ICANN's `.internal`, RFC 9476 and what networks use
//! in practice), reverse names, and the user's own domains never leave. Neither does what a list on disk knows to be
//! good: it would cost a call to learn less.
//!
//! Of a URL, user and password are taken off, and the fragment, which no server ever sees. Path and query are
//! sent: they are what the URL is known by.

use crate::address::is_special;
use crate::defang::refang;
use crate::entry::{self, Host, Location};
use crate::intel::Intel;
use crate::lookup::without_port;
use std::net::{IpAddr, Ipv4Addr};
use watchfire_signal::{Indicator, IndicatorKind, Reputation};

/// Longest URL that is sent, in bytes: what browsers and services agree on.
const MAX_URL: usize = 2048;

/// Names under these have no owner whom the world knows.
const INTERNAL: &[&str] = &[
    "alt",
    "arpa",
    "corp",
    "domain",
    "home",
    "internal",
    "intra",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "mail",
    "private",
    "test",
    "workgroup",
];

/// An indicator as services are asked about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// An address; never IPv4 in IPv6's clothes.
    Address(IpAddr),
    /// A lower-case name without port and trailing dot.
    Name(String),
    /// A URL with scheme, host and path, without user and fragment; and its host.
    Url(String, AskedHost),
    /// Lower-case hex of 32, 40 or 64 digits.
    Hash(String),
    /// An upper-case id.
    Cve(String),
}

/// A URL's host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AskedHost {
    Address(IpAddr),
    Name(String),
}

impl Asked {
    /// Reads a value of that kind, defanged or not; `None` if services can't be asked about it.
    pub fn read(kind: IndicatorKind, value: &str) -> Option<Self> {
        let value = value.trim();
        if value.len() > MAX_URL {
            return None;
        }
        let text = refang(value);
        match kind {
            IndicatorKind::Ip => entry::address(&text).map(|(address, _)| Self::Address(address)),
            IndicatorKind::Domain => match entry::address(&text) {
                Some((address, _)) => Some(Self::Address(address)),
                None => name(&entry::domain(without_port(&text))?).map(Self::Name),
            },
            IndicatorKind::Url => url(&text),
            IndicatorKind::Hash => {
                entry::digest(&text)?;
                matches!(text.len(), 32 | 40 | 64).then(|| Self::Hash(text.to_ascii_lowercase()))
            }
            IndicatorKind::Cve => String::from_utf8(entry::cve(&text)?.to_vec()).ok().map(Self::Cve),
        }
    }

    /// Its text.
    pub fn text(&self) -> String {
        match self {
            Self::Address(address) => address.to_string(),
            Self::Name(text) | Self::Url(text, _) | Self::Hash(text) | Self::Cve(text) => text.clone(),
        }
    }
}

/// How services spell an indicator, and of what kind they take it to be (an address in a domain's field is an address):
/// what two alerts spell differently is asked about once. `None` for what services can't be asked about.
pub fn spelled(indicator: Indicator<'_>) -> Option<(IndicatorKind, String)> {
    let asked = Asked::read(indicator.kind, indicator.value)?;
    let kind = if matches!(asked, Asked::Address(_)) { IndicatorKind::Ip } else { indicator.kind };
    Some((kind, asked.text()))
}

/// A name that the world's parsers take for a name too. `0x7f.1` they take for an address (WHATWG URL, *ends in a number
/// checker*).
fn name(bytes: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(bytes).ok()?;
    let last = name.rsplit('.').next()?;
    let is_number =
        last.strip_prefix("0x").is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    (!is_number).then(|| name.to_owned())
}

fn url(text: &str) -> Option<Asked> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    let scheme = scheme.to_ascii_lowercase();
    let authority = rest.split(['/', '?', '#']).next()?;
    // Other parsers end the host at a backslash, and drop tabs and newlines wherever they stand.
    if !matches!(scheme.as_str(), "http" | "https" | "ftp")
        || authority.contains('\\')
        || text.contains(char::is_control)
    {
        return None;
    }
    let location = Location::read(text)?;
    let (host, shown) = match &location.host {
        Host::Address(address @ IpAddr::V6(_)) => (AskedHost::Address(*address), format!("[{address}]")),
        Host::Address(address) => (AskedHost::Address(*address), address.to_string()),
        Host::Name(bytes) => {
            let name = name(bytes)?;
            (AskedHost::Name(name.clone()), name)
        }
    };
    let port = location.port.map(|port| format!(":{port}")).unwrap_or_default();
    let root = if location.path.starts_with('/') { "" } else { "/" };
    let path = location.path.replace(' ', "%20");
    let url = format!("{scheme}://{shown}{port}{root}{path}");
    (url.len() <= MAX_URL).then_some(Asked::Url(url, host))
}

/// Why an indicator is kept at home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kept {
    /// It is nothing that services know: not of its kind, a path without a host, too long.
    Unreadable,
    /// An address that means something only where it was seen, or to nobody.
    SpecialAddress,
    /// A name that means something only where it was seen.
    InternalName,
    /// A name of the user's own.
    OwnDomain,
    /// A list on disk knows it to be good.
    KnownGood,
}

impl Kept {
    /// The name used in outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::SpecialAddress => "special_address",
            Self::InternalName => "internal_name",
            Self::OwnDomain => "own_domain",
            Self::KnownGood => "known_good",
        }
    }
}

/// A configured domain that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no domain")]
pub struct BadDomain(pub String);

/// Decides what may be sent out.
#[derive(Debug, Clone, Default)]
pub struct Outbound {
    own: Vec<String>,
}

impl Outbound {
    /// With these domains, and what is under them, as the user's own. `*.corp.example`, `.corp.example` and
    /// `corp.example` are the same.
    pub fn new<T: AsRef<str>>(own_domains: impl IntoIterator<Item = T>) -> Result<Self, BadDomain> {
        let read = |text: &str| {
            let bare = text.trim();
            let bare = bare.strip_prefix('*').unwrap_or(bare);
            let bare = bare.strip_prefix('.').unwrap_or(bare);
            entry::domain(bare)
                .and_then(|bytes| Some(folded(std::str::from_utf8(&bytes).ok()?)))
                .ok_or_else(|| BadDomain(text.chars().take(80).collect()))
        };
        let own = own_domains.into_iter().map(|text| read(text.as_ref())).collect::<Result<_, _>>()?;
        Ok(Self { own })
    }

    /// Whether the indicator may be sent to services. Looks only at the indicator; see [`Outbound::kept`].
    pub fn may_be_sent(&self, kind: IndicatorKind, value: &str) -> bool {
        self.kept_for_itself(kind, value).is_none()
    }

    /// Why the indicator must not be sent, also for what `lists` say of it; `None` if it may.
    pub fn kept(&self, lists: &Intel, indicator: Indicator<'_>) -> Option<Kept> {
        self.kept_for_itself(indicator.kind, indicator.value)
            .or_else(|| (lists.lookup(indicator).reputation() == Reputation::Safe).then_some(Kept::KnownGood))
    }

    fn kept_for_itself(&self, kind: IndicatorKind, value: &str) -> Option<Kept> {
        let of_address = |address| is_nobodys(address).then_some(Kept::SpecialAddress);
        match Asked::read(kind, value) {
            None => Some(Kept::Unreadable),
            Some(Asked::Address(address) | Asked::Url(_, AskedHost::Address(address))) => of_address(address),
            Some(Asked::Name(name) | Asked::Url(_, AskedHost::Name(name))) => self.kept_name(&name),
            Some(Asked::Hash(_) | Asked::Cve(_)) => None,
        }
    }

    fn kept_name(&self, name: &str) -> Option<Kept> {
        let name = folded(name);
        // What the fold uncovers may be an address, or end in a dot.
        if let Some((address, _)) = entry::address(&name) {
            return is_nobodys(address).then_some(Kept::SpecialAddress);
        }
        if self.own.iter().any(|own| is_under(&name, own)) {
            return Some(Kept::OwnDomain);
        }
        let is_internal = !name.contains('.') || INTERNAL.iter().any(|suffix| is_under(&name, suffix));
        is_internal.then_some(Kept::InternalName)
    }
}

/// The name as resolvers see it: other scripts' full stops are dots, and wide letters letters (UTS #46, as far as ASCII is
/// hidden by it).
fn folded(name: &str) -> String {
    let ascii = |character: char| match character {
        '\u{3002}' | '\u{ff61}' => '.',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character),
        _ => character,
    };
    let folded: String = name.chars().map(ascii).collect();
    folded.trim_end_matches('.').to_lowercase()
}

fn is_under(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Whether an address, or one that is written into it, means nothing elsewhere.
fn is_nobodys(address: IpAddr) -> bool {
    let IpAddr::V6(v6) = address else { return is_special(address) };
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_special(IpAddr::V4(Ipv4Addr::new(a, b, c, d)))
    };
    let inside = match v6.segments() {
        // Mapped, compatible, and NAT64's well-known prefix.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => of(high, low),
        // 6to4.
        [0x2002, high, low, ..] => of(high, low),
        _ => false,
    };
    inside || is_special(address)
}

#[cfg(test)]
#[path = "asking_tests.rs"]
mod tests;
