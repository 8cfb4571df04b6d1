//! Which addresses are ours.

use ipnet::IpNet;
use std::net::IpAddr;

/// What an address is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum Role {
    /// There is no address.
    #[default]
    None,
    /// Ours.
    Internal,
    /// Somebody else's.
    External,
    /// Source and destination are one machine.
    SameHost,
}

impl Role {
    /// The name in rules and outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Internal => "internal",
            Self::External => "external",
            Self::SameHost => "same_host",
        }
    }
}

/// The networks that are ours: private ranges, and what the configuration adds.
#[derive(Debug, Clone, Default)]
pub struct Network {
    internal: Vec<IpNet>,
}

impl Network {
    /// Private ranges and these.
    pub fn new(internal: Vec<IpNet>) -> Self {
        Self { internal }
    }

    /// Whether an address is ours: private (RFC 1918, RFC 4193), loopback, link-local, shared (RFC 6598), or named in
    /// the configuration.
    pub fn is_internal(&self, ip: IpAddr) -> bool {
        let special = match ip.to_canonical() {
            IpAddr::V4(ip) => {
                let [a, b, ..] = ip.octets();
                ip.is_private() || ip.is_loopback() || ip.is_link_local() || (a == 100 && b & 0xc0 == 64)
            }
            IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
        };
        special || self.internal.iter().any(|network| network.contains(&ip))
    }

    /// The roles of a source and a destination.
    pub fn roles(&self, source: Option<IpAddr>, destination: Option<IpAddr>) -> (Role, Role) {
        if source.is_some() && source == destination {
            return (Role::SameHost, Role::SameHost);
        }
        let role = |ip: Option<IpAddr>| match ip {
            None => Role::None,
            Some(ip) if self.is_internal(ip) => Role::Internal,
            Some(_) => Role::External,
        };
        (role(source), role(destination))
    }
}

#[cfg(test)]
mod tests {
    use super::{Network, Role};

    #[test]
    fn private_and_configured_addresses_are_ours() {
        let network = Network::new(vec!["198.51.100.0/24".parse().unwrap()]);
        for ours in [
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "127.0.0.1",
            "fd00::1",
            "198.51.100.9",
            "::ffff:10.0.0.1",
        ] {
            assert!(network.is_internal(ours.parse().unwrap()), "{ours}");
        }
        for theirs in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "203.0.113.1", "2001:db8::1"] {
            assert!(!network.is_internal(theirs.parse().unwrap()), "{theirs}");
        }
    }

    #[test]
    fn one_machine_is_told_from_two() {
        let network = Network::default();
        let ip = |text: &str| Some(text.parse().unwrap());
        assert_eq!(network.roles(ip("10.0.0.1"), ip("10.0.0.1")), (Role::SameHost, Role::SameHost));
        assert_eq!(network.roles(ip("8.8.8.8"), ip("10.0.0.1")), (Role::External, Role::Internal));
        assert_eq!(network.roles(None, None), (Role::None, Role::None));
    }
}
