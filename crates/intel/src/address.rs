//! Addresses and networks.
//!
//! Single addresses are by far the most, and sit in a hash map as integers. Networks sit in a prefix trie, which
//! finds all networks that cover an address on one walk down; a /32 or /128 is a single address.

use crate::claim::Mark;
use hashbrown::HashMap;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use prefix_trie::PrefixMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A map from addresses and networks to marks.
#[derive(Default)]
pub(crate) struct Addresses {
    v4: HashMap<u32, Mark>,
    /// In two halves: a 16-byte alignment would cost a third more.
    v6: HashMap<[u64; 2], Mark>,
    networks_v4: PrefixMap<Ipv4Net, Mark>,
    networks_v6: PrefixMap<Ipv6Net, Mark>,
}

impl Addresses {
    /// The mark of the address itself, or `Mark::NONE`.
    pub(crate) fn get(&self, address: IpAddr) -> Mark {
        let mark = match address {
            IpAddr::V4(address) if !self.v4.is_empty() => self.v4.get(&address.to_bits()),
            IpAddr::V6(address) if !self.v6.is_empty() => self.v6.get(&halves(address)),
            _ => None,
        };
        mark.copied().unwrap_or(Mark::NONE)
    }

    /// Calls `visit` with each network that the address is in, widest first.
    pub(crate) fn networks_of(&self, address: IpAddr, mut visit: impl FnMut(IpNet, Mark)) {
        match address {
            IpAddr::V4(address) => {
                for (network, mark) in self.networks_v4.cover(&Ipv4Net::from(address)) {
                    visit(IpNet::V4(network), *mark);
                }
            }
            IpAddr::V6(address) => {
                for (network, mark) in self.networks_v6.cover(&Ipv6Net::from(address)) {
                    visit(IpNet::V6(network), *mark);
                }
            }
        }
    }

    /// The mark of an address, to be changed.
    pub(crate) fn address_mut(&mut self, address: IpAddr) -> &mut Mark {
        match address {
            IpAddr::V4(address) => self.v4.entry(address.to_bits()).or_default(),
            IpAddr::V6(address) => self.v6.entry(halves(address)).or_default(),
        }
    }

    /// The mark of a network, to be changed.
    pub(crate) fn network_mut(&mut self, network: IpNet) -> &mut Mark {
        match network {
            IpNet::V4(network) => self.networks_v4.entry(network.trunc()).or_default(),
            IpNet::V6(network) => self.networks_v6.entry(network.trunc()).or_default(),
        }
    }

    /// What it occupies, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.v4.allocation_size()
            + self.v6.allocation_size()
            + self.networks_v4.mem_size()
            + self.networks_v6.mem_size()
    }
}

const fn halves(address: Ipv6Addr) -> [u64; 2] {
    let bits = address.to_bits();
    [(bits >> 64) as u64, bits as u64]
}

/// Whether an address means something only to the network that it was seen in, or to nobody: private, loopback,
/// link-local, shared, documentation, benchmarking, multicast, reserved (IANA's special-purpose registries, RFC 6890
/// and its successors). What others say of such an address is not about this one.
pub(crate) fn is_special(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_special_v4(address),
        IpAddr::V6(address) => is_special_v6(address),
    }
}

fn is_special_v4(address: Ipv4Addr) -> bool {
    match address.octets() {
        [0 | 10 | 127, ..] => true,
        [100, second, ..] => second & 0b1100_0000 == 64,
        [169, 254, ..] | [192, 168, ..] => true,
        [172, second, ..] => second & 0b1111_0000 == 16,
        [192, 0, 0 | 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => true,
        [198, 18 | 19, ..] => true,
        [first, ..] => first >= 224,
    }
}

fn is_special_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => true,
        [0x100, 0, 0, 0, ..] => true,
        [0x64, 0xff9b, 1, ..] => true,
        [0x2001, 0xdb8, ..] => true,
        [0x3fff, second, ..] => second < 0x1000,
        // fc00::/7, then fe80::/10 and the old site-local fec0::/10, then ff00::/8.
        [first, ..] => first & 0xfe00 == 0xfc00 || first & 0xff80 == 0xfe80 || first & 0xff00 == 0xff00,
    }
}

#[cfg(test)]
mod tests {
    use super::{Addresses, is_special};
    use crate::claim::Mark;

    #[test]
    fn addresses_that_mean_nothing_elsewhere_are_told_apart() {
        for special in [
            "10.1.2.3",
            "127.0.0.1",
            "0.0.0.0",
            "100.64.0.1",
            "100.127.255.255",
            "169.254.1.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "192.0.2.1",
            "198.51.100.9",
            "203.0.113.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "::",
            "::1",
            "fc00::1",
            "fdff::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "3fff:fff::1",
            "100::1",
            "64:ff9b:1::1",
        ] {
            assert!(is_special(special.parse().unwrap()), "{special}");
        }
        for public in [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.169.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2001:4860:4860::8888",
            "64:ff9b::1",
            "3fff:1000::1",
            "2606:4700::1",
        ] {
            assert!(!is_special(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn every_network_around_an_address_is_found() {
        let mut addresses = Addresses::default();
        for (index, network) in
            ["10.0.0.0/8", "10.1.2.3/16", "11.0.0.0/8", "::/0", "2001:db8::/32"].iter().enumerate()
        {
            *addresses.network_mut(network.parse().unwrap()) = Mark::from_index(index as u32 + 1);
        }
        let found = |address: &str| {
            let mut found = Vec::new();
            addresses.networks_of(address.parse().unwrap(), |network, _| found.push(network.to_string()));
            found
        };
        assert_eq!(found("10.1.255.255"), ["10.0.0.0/8", "10.1.0.0/16"]);
        assert_eq!(found("12.0.0.1"), [""; 0]);
        assert_eq!(found("2001:db8::1"), ["::/0", "2001:db8::/32"]);
        assert_eq!(addresses.get("10.0.0.0".parse().unwrap()), Mark::NONE);
    }
}
