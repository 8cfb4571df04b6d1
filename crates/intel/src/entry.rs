//! What a piece of text in a list, or in an alert, is; in one spelling.
//!
//! Lists and alerts must agree on spelling or nothing matches, so both go through the same functions here. Names are
//! lower-case (ASCII; Unicode and punycode are compared as written) without the trailing dot. Addresses are parsed,
//! and IPv4 mapped into IPv6 is IPv4. Hashes are bytes. CVE ids are upper-case. URLs are a [`Location`].

use ipnet::IpNet;
use smallvec::SmallVec;
use std::net::{IpAddr, SocketAddr};
use watchfire_signal::IndicatorKind;

/// Longest text that can be an entry, in bytes.
pub(crate) const MAX_ENTRY: usize = 8 * 1024;

/// A name or URL; on the stack at the usual lengths.
pub(crate) type Text = SmallVec<[u8; 256]>;

/// A hash's bytes: at most SHA-512's 64.
pub(crate) type Digest = SmallVec<[u8; 64]>;

/// What an entry of a list is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    Address {
        address: IpAddr,
        port: Option<u16>,
    },
    Network(IpNet),
    Domain {
        name: Text,
        port: Option<u16>,
        /// Written `*.name` or `.name`: what is under it is meant in any case.
        starred: bool,
    },
    /// `host/path`, as [`Location::key`] spells it.
    Url(Text),
    /// A path on whatever host, beginning with `/`.
    Path(Text),
    Hash(Digest),
    Cve(Text),
}

impl Entry {
    /// Tells what `text` is, or `None` if it is nothing known. A URL without a path is its host. A name without a
    /// dot counts as a domain only to those who ask for it: in a list of trails it is more likely a stray word.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || text.len() > MAX_ENTRY || text.contains(char::is_whitespace) {
            return None;
        }
        if text.starts_with('/') {
            return path(text).map(|path| Self::Path(Text::from_slice(path.as_bytes())));
        }
        if let Some((address, port)) = address(text) {
            return Some(Self::Address { address, port });
        }
        if let Ok(network) = text.parse::<IpNet>() {
            return Some(Self::network(network));
        }
        if let Some(digest) = digest(text) {
            return Some(Self::Hash(digest));
        }
        if let Some(cve) = cve(text) {
            return Some(Self::Cve(cve));
        }
        let bare = text.strip_prefix('*').unwrap_or(text);
        if let Some(name) = bare.strip_prefix('.') {
            return Some(Self::Domain { name: domain(name)?, port: None, starred: true });
        }
        let location = Location::read(text)?;
        // `1.2.3.4/33` is a network gone wrong, not a URL.
        let is_network = matches!(location.host, Host::Address(_)) && !text.contains("://");
        if is_network
            && location.path.len() > 1
            && location.path[1..].bytes().all(|byte| byte.is_ascii_digit())
        {
            return None;
        }
        if location.has_path() {
            return Some(Self::Url(location.key(true)));
        }
        let port = location.port;
        Some(match location.host {
            Host::Address(address) => Self::Address { address, port },
            Host::Name(name) => Self::Domain { name, port, starred: false },
        })
    }

    fn network(network: IpNet) -> Self {
        if network.prefix_len() == network.max_prefix_len() {
            return Self::Address { address: network.addr().to_canonical(), port: None };
        }
        Self::Network(network.trunc())
    }

    /// Which kind of indicator it says something about.
    pub(crate) const fn kind(&self) -> IndicatorKind {
        match self {
            Self::Address { .. } | Self::Network(_) => IndicatorKind::Ip,
            Self::Domain { .. } => IndicatorKind::Domain,
            Self::Url(_) | Self::Path(_) => IndicatorKind::Url,
            Self::Hash(_) => IndicatorKind::Hash,
            Self::Cve(_) => IndicatorKind::Cve,
        }
    }
}

/// Reads an address: bare, in brackets, with or without a port.
pub(crate) fn address(text: &str) -> Option<(IpAddr, Option<u16>)> {
    // Most text that is asked about is no address; its first byte often tells.
    if !text.starts_with(|first: char| first.is_ascii_hexdigit() || first == ':' || first == '[') {
        return None;
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some((address.to_canonical(), None));
    }
    if let Ok(socket) = text.parse::<SocketAddr>() {
        return Some((socket.ip().to_canonical(), Some(socket.port())));
    }
    let bracketed = text.strip_prefix('[')?.strip_suffix(']')?;
    Some((IpAddr::V6(bracketed.parse().ok()?).to_canonical(), None))
}

/// Spells a domain name, or `None` if it can't be one: up to 253 bytes in labels of up to 63, of letters, digits,
/// `-` and `_` or anything not ASCII. A last label of digits is no top-level domain but a mangled address.
pub(crate) fn domain(text: &str) -> Option<Text> {
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.is_empty() || text.len() > 253 {
        return None;
    }
    let mut label = 0;
    let mut has_letter = false;
    for byte in text.bytes() {
        match byte {
            b'.' if label == 0 => return None,
            b'.' => (label, has_letter) = (0, false),
            b'0'..=b'9' => label += 1,
            b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' | 0x80.. => (label, has_letter) = (label + 1, true),
            _ => return None,
        }
        if label > 63 {
            return None;
        }
    }
    if label == 0 || !has_letter || (!text.is_ascii() && text.chars().any(char::is_control)) {
        return None;
    }
    let mut name = Text::from_slice(text.as_bytes());
    name.make_ascii_lowercase();
    Some(name)
}

/// Reads a hash in hex: MD5, SHA-1, SHA-224, SHA-256, SHA-384 or SHA-512, told by its length.
pub(crate) fn digest(text: &str) -> Option<Digest> {
    if !matches!(text.len(), 32 | 40 | 56 | 64 | 96 | 128) {
        return None;
    }
    let (pairs, _) = text.as_bytes().as_chunks::<2>();
    let mut digest = [0; 64];
    // Checked once at the end: what is no digit leaves a high bit.
    let mut seen = 0;
    for (byte, &[high, low]) in digest.iter_mut().zip(pairs) {
        let (high, low) = (DIGITS[usize::from(high)], DIGITS[usize::from(low)]);
        seen |= high | low;
        *byte = high << 4 | low;
    }
    (seen <= 0xf).then(|| Digest::from_slice(&digest[..pairs.len()]))
}

/// The value of each hex digit; 0xff for what is none.
static DIGITS: [u8; 256] = {
    let mut digits = [0xff; 256];
    let mut value = 0;
    while value < 16 {
        digits[b"0123456789abcdef"[value] as usize] = value as u8;
        digits[b"0123456789ABCDEF"[value] as usize] = value as u8;
        value += 1;
    }
    digits
};

/// Reads a CVE id: `CVE-`, four digits, and 4 to 19 digits, in any case (the pattern of the KEV catalogue's schema).
pub(crate) fn cve(text: &str) -> Option<Text> {
    let (prefix, rest) = text.split_at_checked(4)?;
    let (year, number) = rest.split_once('-')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !prefix.eq_ignore_ascii_case("cve-") || year.len() != 4 || !(4..=19).contains(&number.len()) {
        return None;
    }
    let mut id = Text::from_slice(text.as_bytes());
    id.make_ascii_uppercase();
    (digits(year) && digits(number)).then_some(id)
}

/// A path without its fragment, or `None` if it is the root or no path.
pub(crate) fn path(text: &str) -> Option<&str> {
    let path = text.split('#').next()?;
    (path.len() > 1 && path.starts_with('/')).then_some(path)
}

/// A URL's host.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "lives on the stack for one lookup; a box would allocate")]
pub(crate) enum Host {
    Address(IpAddr),
    Name(Text),
}

/// Where a URL leads: host, port, path and query. Scheme, user and fragment make no difference to what is there.
///
/// Percent escapes are compared as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Location<'a> {
    pub(crate) host: Host,
    /// The port, unless it is the scheme's own.
    pub(crate) port: Option<u16>,
    /// Path and query; empty or beginning with `/` or `?`.
    pub(crate) path: &'a str,
}

impl<'a> Location<'a> {
    /// Reads a URL, with or without a scheme.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme), rest),
            _ => (None, text),
        };
        let rest = rest.split('#').next()?;
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let authority = authority.rsplit('@').next()?;
        let (host, port) = match address(authority) {
            Some((address, port)) => (Host::Address(address), port),
            None => match authority.rsplit_once(':') {
                Some((name, port)) => (Host::Name(domain(name)?), Some(port.parse().ok()?)),
                None => (Host::Name(domain(authority)?), None),
            },
        };
        // Without a scheme both are meant: lists write `host:80/path` and `host/path` for one thing.
        let own_ports: &[u16] = match scheme {
            Some(scheme) if scheme.eq_ignore_ascii_case("https") => &[443],
            Some(scheme) if scheme.eq_ignore_ascii_case("http") => &[80],
            Some(_) => &[],
            None if path.is_empty() => &[],
            None => &[80, 443],
        };
        Some(Self { host, port: port.filter(|port| !own_ports.contains(port)), path })
    }

    /// Whether it leads to more than the host's root.
    pub(crate) fn has_path(&self) -> bool {
        !matches!(self.path, "" | "/")
    }

    /// `host:port/path?query`, or without the port.
    pub(crate) fn key(&self, with_port: bool) -> Text {
        use std::io::Write;
        let mut key = Text::new();
        // Writing into memory does not fail.
        let _ = match &self.host {
            Host::Address(IpAddr::V4(address)) => write!(key, "{address}"),
            Host::Address(IpAddr::V6(address)) => write!(key, "[{address}]"),
            Host::Name(name) => key.write_all(name),
        };
        if with_port && let Some(port) = self.port {
            let _ = write!(key, ":{port}");
        }
        if !self.path.starts_with('/') {
            key.push(b'/');
        }
        key.extend_from_slice(self.path.as_bytes());
        key
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

#[cfg(test)]
#[path = "entry_tests.rs"]
mod tests;
