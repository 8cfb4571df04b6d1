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
        ("https", _) | ("http", Reach::Anywhere) => {}
        (_, Reach::Public) => return Err(BadAddress::Scheme("https://")),
        (_, Reach::Anywhere) => return Err(BadAddress::Scheme("https:// or http://")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(BadAddress::Credentials);
    }
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or(BadAddress::Unreadable)?;
    if reach == Reach::Public {
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

type Found = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Looks names up, and lets nobody have an address that is not public.
#[derive(Clone)]
pub(crate) struct PublicOnly {
    lookup: Arc<dyn Fn(String) -> Found + Send + Sync>,
}

/// A name leads nowhere that is public.
#[derive(Debug, thiserror::Error)]
#[error("{name} leads to {address}, which is not a public address")]
struct NotPublic {
    name: String,
    address: IpAddr,
}

impl PublicOnly {
    /// Names as the system knows them.
    pub(crate) fn by_the_system() -> Self {
        Self {
            lookup: Arc::new(|name| {
                Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
            }),
        }
    }
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str().to_owned();
        let found = (self.lookup)(name.clone());
        Box::pin(async move {
            let (public, other): (Vec<_>, Vec<_>) =
                found.await?.into_iter().partition(|address| is_public(address.ip()));
            if let (true, Some(address)) = (public.is_empty(), other.first()) {
                return Err(NotPublic { name, address: address.ip() }.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{BadAddress, Found, PublicOnly, Reach, destination, is_public};
    use crate::{Client, Http, HttpError, Pool, Request};
    use reqwest::dns::Resolve;
    use std::net::{IpAddr, SocketAddr};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn nothing_but_public_addresses_is_public() {
        for inside in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.1.0.1",
            "223.255.255.1",
            "2606:4700::1111",
            "2a00:1450::1",
            "64:ff9b::808:808",
            "::ffff:8.8.8.8",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn an_address_is_seen_through_whatever_it_is_written_as() {
        let bad = |url: &str| destination(url, Reach::Public).unwrap_err();
        for url in [
            "https://127.0.0.1/x",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://017700000001/",
            "https://127.1:8443/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://169.254.169.254/latest",
            "https://①②⑦.⓪.⓪.①/",
        ] {
            assert!(matches!(bad(url), BadAddress::NotPublic(_)), "{url}: {}", bad(url));
        }
        assert!(matches!(bad("https://LOCALHOST./x"), BadAddress::ThisMachine(_)));
        assert!(matches!(bad("https://a.localhost"), BadAddress::ThisMachine(_)));
        assert_eq!(bad("http://example.org"), BadAddress::Scheme("https://"));
        assert_eq!(bad("file:///etc/passwd"), BadAddress::Scheme("https://"));
        assert_eq!(bad("https://user:secret@example.org"), BadAddress::Credentials);
        assert_eq!(bad("no address"), BadAddress::Unreadable);
        assert_eq!(
            destination("https://hooks.example.org:8443/a?b", Reach::Public).unwrap(),
            "hooks.example.org:8443"
        );
        assert_eq!(destination("http://10.0.0.1/x", Reach::Anywhere).unwrap(), "10.0.0.1");
    }

    #[tokio::test]
    async fn a_name_that_leads_elsewhere_the_next_time_is_checked_the_next_time() {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let resolver = PublicOnly {
            lookup: Arc::new(move |_| -> Found {
                let first = counted.fetch_add(1, Ordering::Relaxed) == 0;
                let address: IpAddr = if first { "8.8.8.8" } else { "127.0.0.1" }.parse().unwrap();
                Box::pin(async move { Ok(vec![SocketAddr::new(address, 0)]) })
            }),
        };
        let name = || "rebinding.example".parse().unwrap();
        let first: Vec<_> = resolver.resolve(name()).await.unwrap().collect();
        assert_eq!(first, ["8.8.8.8:0".parse().unwrap()]);
        let refused = resolver.resolve(name()).await.err().unwrap().to_string();
        assert_eq!(refused, "rebinding.example leads to 127.0.0.1, which is not a public address");
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn of_several_addresses_only_the_public_ones_are_connected_to() {
        let resolver = PublicOnly {
            lookup: Arc::new(|_| -> Found {
                let found = ["10.0.0.1:0", "8.8.8.8:0", "[::1]:0"].map(|text| text.parse().unwrap());
                Box::pin(async move { Ok(found.to_vec()) })
            }),
        };
        let found: Vec<_> = resolver.resolve("mixed.example".parse().unwrap()).await.unwrap().collect();
        assert_eq!(found, ["8.8.8.8:0".parse().unwrap()]);
    }

    #[tokio::test]
    async fn nothing_is_sent_to_what_is_not_public() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let client = Client::reaching(&Pool::default(), Reach::Public).unwrap();
        // The second is the system's name for this machine, if it has one that isn't localhost.
        for host in ["127.0.0.1", "localhost", "ip6-localhost", "[::1]"] {
            let error =
                client.send(Request::post_json(format!("https://{host}:{port}/"), "{}")).await.unwrap_err();
            assert!(matches!(error, HttpError::Connect { .. }) && !error.was_sent(), "{host}: {error}");
        }
        let waiting = tokio::time::timeout(std::time::Duration::from_millis(50), listener.accept());
        assert!(waiting.await.is_err(), "somebody connected");
    }
}
