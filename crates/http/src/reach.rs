//! How far a client may go: anywhere, or to public addresses only.
//!
//! An address that somebody can set, to have something posted there, is a way into the network that we stand in (*server-side
//! request forgery*, OWASP A10:2021): to the metadata service of a cloud, or to whatever listens on this machine. So where
//! only public addresses are meant, what a name leads to is checked when a connection is made, and the connection goes to the
//! address that was checked. A name that leads elsewhere the next time (*DNS rebinding*) is checked the next time.
//!
//! Which addresses are public is told by the registries of special addresses (IANA, RFC 6890 and its updates). In doubt an
//! address is not.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

/// How far a client may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Wherever it is sent.
    Anywhere,
    /// To public addresses, over TLS.
    Public,
    /// To public addresses, over TLS or without: some of what is published there has no TLS.
    PublicWeb,
}

impl Reach {
    /// Whether it ends where the public network does.
    pub fn is_public_only(self) -> bool {
        match self {
            Self::Anywhere => false,
            Self::Public | Self::PublicWeb => true,
        }
    }
}

/// Why nothing may be sent to an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// It can't be read.
    #[error("it is no address")]
    Unreadable,
    /// It is not one of HTTP.
    #[error("it has to begin with {0}")]
    Scheme(&'static str),
    /// A name or password stands in it, which would be shown with it.
    #[error("no user or password may stand in it")]
    Credentials,
    /// It leads into a network that is not public.
    #[error("{0} is not a public address")]
    NotPublic(IpAddr),
    /// It leads to this machine.
    #[error("{0} is this machine")]
    ThisMachine(String),
}

/// The host and port that an address leads to, if something may be sent there. What a name leads to is only known once it is
/// looked up.
pub fn destination(url: &str, reach: Reach) -> Result<String, BadAddress> {
    let url = reqwest::Url::parse(url.trim()).map_err(|_| BadAddress::Unreadable)?;
    match (url.scheme(), reach) {
        ("https", _) | ("http", Reach::Anywhere | Reach::PublicWeb) => {}
        (_, Reach::Public) => return Err(BadAddress::Scheme("https://")),
        (_, Reach::Anywhere | Reach::PublicWeb) => return Err(BadAddress::Scheme("https:// or http://")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(BadAddress::Credentials);
    }
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or(BadAddress::Unreadable)?;
    if reach.is_public_only() {
        // Here 0x7f.1, 2130706433 and their like are 127.0.0.1 already.
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse::<IpAddr>()
            && !is_public(address)
        {
            return Err(BadAddress::NotPublic(address));
        }
        let name = bare.trim_end_matches('.');
        if name == "localhost" || name.ends_with(".localhost") {
            return Err(BadAddress::ThisMachine(name.to_owned()));
        }
    }
    Ok(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// Whether an address is public: not a private, shared, local, documentation, multicast or reserved one, and not one where
/// clouds keep what a machine may know of itself.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Networks of IPv4 that are not public.
const SPECIAL: [([u8; 4], u8); 16] = [
    ([0, 0, 0, 0], 8),        // this network
    ([10, 0, 0, 0], 8),       // private
    ([100, 64, 0, 0], 10),    // shared by carriers, RFC 6598; metadata of Alibaba Cloud
    ([127, 0, 0, 0], 8),      // loopback
    ([168, 63, 129, 16], 32), // platform services of every machine in Azure
    ([169, 254, 0, 0], 16),   // link-local; metadata of most clouds
    ([172, 16, 0, 0], 12),    // private
    ([192, 0, 0, 0], 24),     // protocols; metadata of Oracle's cloud
    ([192, 0, 2, 0], 24),     // documentation
    ([192, 88, 99, 0], 24),   // relays from IPv6, RFC 7526
    ([192, 168, 0, 0], 16),   // private
    ([198, 18, 0, 0], 15),    // benchmarks
    ([198, 51, 100, 0], 24),  // documentation
    ([203, 0, 113, 0], 24),   // documentation
    ([224, 0, 0, 0], 4),      // multicast
    ([240, 0, 0, 0], 4),      // reserved, broadcast
];

fn is_public_v4(address: Ipv4Addr) -> bool {
    let address = u32::from(address);
    !SPECIAL.iter().any(|(network, length)| (address ^ u32::from_be_bytes(*network)) >> (32 - length) == 0)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    match address.segments() {
        // What a network without IPv4 sees of it, RFC 6052.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            is_public_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)))
        }
        // Protocols, Teredo among them, and documentation.
        [0x2001, 0..=0x1ff | 0xdb8, ..] => false,
        // IPv4 within, RFC 3056; documentation, RFC 9637.
        [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => (0x2000..=0x3fff).contains(&first),
    }
}

/// The addresses of a name, on their way. Their ports mean nothing.
pub type Found = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Whoever knows where a name leads.
pub type Lookup = Arc<dyn Fn(String) -> Found + Send + Sync>;

/// Looks names up, and lets nobody have an address that is not public.
#[derive(Clone)]
pub(crate) struct PublicOnly {
    lookup: Lookup,
    /// [`is_public`], but for tests, which have no public address to listen on.
    permitted: fn(IpAddr) -> bool,
}

/// A name leads nowhere that is public.
#[derive(Debug, thiserror::Error)]
#[error("{name} leads to {address}, which is not a public address")]
pub(crate) struct NotPublic {
    name: String,
    address: IpAddr,
}

impl PublicOnly {
    /// Names as the system knows them.
    pub(crate) fn by_the_system() -> Self {
        Self::by(Arc::new(|name| {
            Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
        }))
    }

    /// Names as somebody else knows them.
    pub(crate) fn by(lookup: Lookup) -> Self {
        Self { lookup, permitted: is_public }
    }
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str().to_owned();
        let found = (self.lookup)(name.clone());
        let permitted = self.permitted;
        Box::pin(async move {
            let (public, other): (Vec<_>, Vec<_>) =
                found.await?.into_iter().partition(|address| permitted(address.ip()));
            if let (true, Some(address)) = (public.is_empty(), other.first()) {
                return Err(NotPublic { name, address: address.ip() }.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests;
