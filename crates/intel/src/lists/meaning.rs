//! What being on a list means.
//!
//! MISP publishes its warninglists as one kind of thing: values that are likely false positives. For triage they are
//! two. Being one of the thousand most visited sites, or the hash of an empty file, speaks *for* an indicator: safe.
//! Being in a cloud provider's range, behind a VPN or under a dynamic-DNS domain says what it is, and is true of the
//! attacker's machine as of anyone's: info. Calling those safe would clear half of all attackers.
//!
//! The table names the published lists (MISP/misp-warninglists as of August 2026) that describe. A list it doesn't
//! name vouches. A list's configured reputation overrules it.

use watchfire_signal::Reputation;

/// Names of warninglists that describe, by their file's or folder's name; `*` stands for anything at either end.
const DESCRIBING: &[&str] = &[
    // Networks that anyone can rent or route through.
    "akamai",
    "amazon-aws",
    "bunny-net",
    "cloudflare",
    "fastly",
    "github",
    "google-gcp",
    "icloud-private-relay",
    "microsoft-azure*",
    "oracle-oci",
    "ovh-cluster",
    "stackpath",
    "telegram-ips",
    "vpn-*",
    "zscaler",
    // Shared services, used by everyone and abused by some.
    "automated-malware-analysis",
    "digitalside",
    "disposable-email",
    "dynamic-dns",
    "findip-host",
    "link-in-bio",
    "lots-project",
    "microsoft-attack-simulator",
    "public-dns-*",
    "public-ipfs-gateways",
    "smtp-*",
    "url-shortener",
    "whats-my-ip",
    // Those who scan the Internet: known, and scanning all the same.
    "*-scanning",
    "*-scanner",
    "check-host-net",
    "openai-gptbot",
    "palo-alto-networks-cortex-*",
    "shadowserver",
    "tenable-cloud-*",
    "umich-cse-connection-attempts",
    // Names and addresses that lead nowhere, or to whoever parked them.
    "parking-domain*",
    "sinkholes",
    "umbrella-blockpage-*",
    // Addresses and names with a special use. What is private is the reader's own, and may be the attacker's foothold.
    "ipv6-linklocal",
    "multicast",
    "rfc*",
];

/// Names of warninglists of top-level domains and other names that people register under. They describe, and say
/// nothing of what is under them.
const TOPS: &[&str] = &["tlds", "second-level-tlds"];

/// Names of plain lists whose entries are less than malicious.
const SUSPECTED: &[&str] = &[
    // Maltrail's scanners: whole-Internet surveys, of researchers and of others.
    "mass_scanner*",
];

/// What a warninglist means.
pub(super) struct Meaning {
    pub(super) reputation: Reputation,
    /// Whether its names are what others register under.
    pub(super) is_of_tops: bool,
}

/// What a warninglist of that name means.
pub(super) fn of_warninglist(slug: &str) -> Meaning {
    let is_of_tops = TOPS.contains(&slug);
    let describes = is_of_tops || DESCRIBING.iter().any(|pattern| matches(pattern, slug));
    Meaning { reputation: if describes { Reputation::Info } else { Reputation::Safe }, is_of_tops }
}

/// What an entry of a plain list of that name is.
pub(super) fn of_plain(slug: &str) -> Reputation {
    let suspected = SUSPECTED.iter().any(|pattern| matches(pattern, slug));
    if suspected { Reputation::Suspicious } else { Reputation::Malicious }
}

fn matches(pattern: &str, name: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(ending), _) => name.ends_with(ending),
        (_, Some(beginning)) => name.starts_with(beginning),
        (None, None) => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::{of_plain, of_warninglist};
    use watchfire_signal::Reputation;

    #[test]
    fn lists_that_describe_do_not_vouch() {
        for (slug, reputation) in [
            ("cloudflare", Reputation::Info),
            ("cloudflare-top1k", Reputation::Safe),
            ("vpn-ipv6", Reputation::Info),
            ("shodan-scanning", Reputation::Info),
            ("rfc1918", Reputation::Info),
            ("dynamic-dns", Reputation::Info),
            ("tlds", Reputation::Info),
            ("cisco_top1000", Reputation::Safe),
            ("empty-hashes", Reputation::Safe),
            ("a-list-of-your-own", Reputation::Safe),
        ] {
            assert_eq!(of_warninglist(slug).reputation, reputation, "{slug}");
        }
        assert!(of_warninglist("second-level-tlds").is_of_tops);
        assert_eq!(of_plain("mass_scanner_cidr"), Reputation::Suspicious);
        assert_eq!(of_plain("cobaltstrike"), Reputation::Malicious);
    }
}
