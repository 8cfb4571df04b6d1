//! Addresses and networks, apart from the versions that look like them.
//!
//! `10.0.19041.1` can't be an address; `1.2.3.4` can, and after `version` isn't. Addresses that nobody outside can
//! have (private, loopback, documentation: RFC 1918, 5737, 6890, 3849, 4193) are found, but not for certain: they
//! can't be indicators for others.

use super::context::{is_one_of, words_after, words_before};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Words before a version.
const VERSION_BEFORE: [&str; 20] = [
    "version", "versions", "v", "ver", "vers", "build", "builds", "release", "releases", "firmware",
    "update", "patch", "before", "prior", "upgrade", "upgraded", "fixed", "rev", "revision", "r",
];

/// Words after a version.
const VERSION_AFTER: [&str; 8] =
    ["earlier", "later", "older", "newer", "below", "above", "prior", "firmware"];

/// Reads dotted quads: four numbers up to 255, without leading zeros, which some systems read as octal.
pub(super) fn v4(text: &str) -> Option<Ipv4Addr> {
    text.parse().ok()
}

/// Whether the quad at `start..end` of `text` is the number of a version, by the words around it.
pub(super) fn is_version(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    let mut back = text.get(..start).unwrap_or_default().bytes().rev();
    // `Chrome/91.0.44.12`.
    if back.next() == Some(b'/') && back.next().is_some_and(|byte| byte.is_ascii_alphabetic()) {
        return true;
    }
    let adjoins = |byte: Option<&u8>| byte.is_some_and(|byte| matches!(byte, b'+' | b'*' | b'x'));
    if adjoins(bytes.get(end)) {
        return true;
    }
    if words_before(text, start, 2).any(|word| is_one_of(word, &VERSION_BEFORE)) {
        return true;
    }
    let mut after = words_after(text, end, 2);
    match after.next() {
        Some(word) if is_one_of(word, &["and", "or"]) => {
            after.next().is_some_and(|word| is_one_of(word, &VERSION_AFTER))
        }
        Some(word) => is_one_of(word, &["firmware", "build", "version"]),
        None => false,
    }
}

/// Whether only what parts the items of a list stands between two places.
pub(super) fn is_list_gap(gap: &str) -> bool {
    gap.len() <= 8
        && gap
            .split(|letter: char| !letter.is_ascii_alphanumeric())
            .all(|word| word.is_empty() || is_one_of(word, &["and", "or", "to"]))
        && !gap.contains('\n')
}

/// Whether anyone in the world may be reached there.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            let shared = first == 100 && (64..128).contains(&second);
            let benchmark = first == 198 && (18..20).contains(&second);
            let special = v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_documentation()
                || v4.is_multicast()
                || v4.is_broadcast();
            !(special || shared || benchmark || first == 0 || first >= 240)
        }
        IpAddr::V6(v6) => {
            if let Some(v4) = v6.to_ipv4_mapped() {
                return is_public(IpAddr::V4(v4));
            }
            let [first, second, ..] = v6.segments();
            (first & 0xe000) == 0x2000 && !(first == 0x2001 && second == 0xdb8)
        }
    }
}

/// The IPv6 address that the run of hexadecimal digits, colons and dots at `start..end` of `text` is. `::` parts
/// names in many programming languages: an address without any digit is none.
pub(super) fn v6(run: &str) -> Option<Ipv6Addr> {
    if run.len() > 45
        || !run.bytes().any(|byte| byte.is_ascii_digit())
        || run.bytes().filter(|byte| *byte == b':').take(2).count() < 2
    {
        return None;
    }
    let address: Ipv6Addr = run.parse().ok()?;
    // `a1::b` is code rather than an address: few hosts have two groups, but for `::1` and whole prefixes.
    let groups = run.split(':').filter(|group| !group.is_empty()).count();
    (groups > 2 || run.starts_with("::") || run.ends_with("::") || run.len() > 8).then_some(address)
}

/// The length of a network's prefix that follows an address at `at`, and where it ends.
pub(super) fn prefix(bytes: &[u8], at: usize, most: u8) -> Option<(u8, usize)> {
    if bytes.get(at)? != &b'/' {
        return None;
    }
    let digits = bytes.iter().skip(at + 1).take(4).take_while(|byte| byte.is_ascii_digit()).count();
    let end = at + 1 + digits;
    let length: u8 = std::str::from_utf8(bytes.get(at + 1..end)?).ok()?.parse().ok()?;
    let goes_on = match bytes.get(end) {
        Some(b'/' | b'-' | b'_') => true,
        Some(b'.') => bytes.get(end + 1).is_some_and(u8::is_ascii_alphanumeric),
        Some(byte) => byte.is_ascii_alphanumeric(),
        None => false,
    };
    (length <= most && !goes_on).then_some((length, end))
}

#[cfg(test)]
mod tests {
    use super::{is_list_gap, is_public, is_version, prefix, v6};

    #[test]
    fn words_tell_versions_from_addresses() {
        for (text, version) in [
            ("version 1.2.3.4", true),
            ("before 1.2.3.4", true),
            ("Chrome/1.2.3.4", true),
            ("FooOS 1.2.3.4 and earlier", true),
            ("the server 1.2.3.4 and later another", true),
            ("connects to 1.2.3.4 and sleeps", false),
            ("1.2.3.4", false),
        ] {
            let start = text.find("1.2").unwrap();
            assert_eq!(is_version(text, start, start + 7), version, "{text}");
        }
        assert!(is_list_gap(", ") && is_list_gap(" and ") && !is_list_gap(" from ") && !is_list_gap("\n"));
    }

    #[test]
    fn code_is_no_address_of_the_new_kind() {
        for (text, found) in [
            ("::1", true),
            ("2001:db8::", true),
            ("2001:db8::ff00:42:8329", true),
            ("fe80::1:2", true),
            ("a::b", false),
            ("1:1", false),
            ("12:30:45", false),
            ("::", false),
            ("dead::beef", false),
        ] {
            assert_eq!(v6(text).is_some(), found, "{text}");
        }
    }

    #[test]
    fn what_nobody_outside_can_have_is_not_public() {
        for (address, public) in [
            ("8.8.8.8", true),
            ("192.168.0.1", false),
            ("203.0.113.7", false),
            ("127.0.0.1", false),
            ("100.64.1.1", false),
            ("2606:4700::1", true),
            ("2001:db8::1", false),
            ("fe80::1", false),
            ("::ffff:10.0.0.1", false),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
        }
    }

    #[test]
    fn a_prefix_is_a_number_that_ends() {
        assert_eq!(prefix(b"/24 ", 0, 32), Some((24, 3)));
        assert_eq!(prefix(b"/24.", 0, 32), Some((24, 3)));
        for path in ["/33", "/24a", "/24/x", "/", "/24.exe"] {
            assert_eq!(prefix(path.as_bytes(), 0, 32), None, "{path}");
        }
    }
}
