//! Addresses and e-mail addresses in the middle of a text.

use std::net::IpAddr;

/// Calls `put` with each address in a text, as it is written there.
pub(super) fn addresses(text: &str, put: &mut impl FnMut(&str, IpAddr)) {
    for token in text.split(|c: char| !(c.is_ascii_hexdigit() || matches!(c, '.' | ':'))) {
        // A full stop or a colon after an address is the sentence's.
        let token = token.trim_end_matches(['.', ':']);
        let address = if token.parse::<IpAddr>().is_ok() {
            token
        } else {
            // `10.0.0.1:443`
            token.split_once(':').map_or(token, |(address, _)| address)
        };
        if let Ok(ip) = address.parse::<IpAddr>() {
            put(address, ip);
        }
    }
}

/// Calls `put` with each e-mail address in a text: a name, `@`, and a domain with a dot (RFC 5322's `dot-atom`, which is
/// all that is met).
pub(super) fn emails(text: &str, put: &mut impl FnMut(&str)) {
    let in_name = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let in_domain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.');
    for (at, _) in text.match_indices('@') {
        let (before, after) = (&text[..at], &text[at + 1..]);
        let name = before.trim_end_matches(in_name).len();
        let domain =
            after[..after.len() - after.trim_start_matches(in_domain).len()].trim_end_matches(['.', '-']);
        let has_dot = domain.split_once('.').is_some_and(|(host, _)| !host.is_empty());
        // `name=alice@…`: what comes before the sign is not the mailbox's.
        let start = before[name..].rfind(['=', '/', '\'']).map_or(name, |sign| name + sign + 1);
        if start < at && has_dot {
            put(&text[start..=at + domain.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{addresses, emails};

    #[test]
    fn addresses_are_found_in_running_text() {
        let mut found = Vec::new();
        let text = "from 10.0.0.1:443 to 192.168.1.5. At 12:30:01 fe80::1, v1.2.3 (::ffff:10.1.1.1) 999.1.1.1 10.0.0.7";
        addresses(text, &mut |address, _| found.push(address.to_owned()));
        assert_eq!(found, ["10.0.0.1", "192.168.1.5", "fe80::1", "::ffff:10.1.1.1", "10.0.0.7"]);
    }

    #[test]
    fn mailboxes_are_found_in_running_text() {
        let mut found = Vec::new();
        let text = "to=<alice.b+x@mail.example.org>, user=bob@example.com; @nobody.example root@localhost é@ü.example.";
        emails(text, &mut |mail| found.push(mail.to_owned()));
        assert_eq!(found, ["alice.b+x@mail.example.org", "bob@example.com", "é@ü.example"]);
    }
}
