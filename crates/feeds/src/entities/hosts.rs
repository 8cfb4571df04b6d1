//! Addresses of machines, mail and pages: everything that has a host in it.
//!
//! Addresses with a scheme are found first; then every run of a host's characters is looked at once, and what stands
//! before and after says what it is: the user of a mail address, an address, a network, a domain, an address of the
//! web without its scheme. Runs with colons are read apart, as IPv6.

use super::domain::{self, Place};
use super::plain::Plain;
use super::web::{self, Address};
use super::{Candidate, Part, address};
use crate::EntityKind;
use std::net::IpAddr;

/// Reads all hosts and what they are part of, up to `most` of each sort.
pub(super) fn find(plain: &Plain, most: usize) -> Vec<Candidate> {
    let text = plain.text();
    let addresses = web::addresses(text, most);
    let mut reader = Reader { plain, text, found: Vec::new(), most, version_end: None };
    for address in &addresses {
        reader.address(*address);
    }
    let with_scheme = std::mem::take(&mut reader.found);
    reader.runs(&addresses);
    let bare = std::mem::take(&mut reader.found);
    reader.colons(&addresses);
    [with_scheme, bare, reader.found].concat()
}

struct Reader<'a> {
    plain: &'a Plain,
    text: &'a str,
    found: Vec<Candidate>,
    most: usize,
    /// Where the last version ended that looked like an address: the next in the list is one as well.
    version_end: Option<usize>,
}

impl Reader<'_> {
    fn push(&mut self, kind: EntityKind, value: String, range: (usize, usize), certain: bool, part: Part) {
        if self.found.len() < self.most {
            let candidate = Candidate::new(kind, value, range.0, range.1, certain);
            self.found.push(Candidate { part, ..candidate });
        }
    }

    /// An address with a scheme, and its host.
    fn address(&mut self, found: Address) {
        let (start, host, end) = (found.start, (found.host_start, found.host_end), found.end);
        let Some(written) = self.text.get(host.0..host.1) else { return };
        let ip = written.parse::<IpAddr>().ok();
        let (kind, value, certain) = if let Some(ip) = ip {
            (EntityKind::Ip, ip.to_string(), address::is_public(ip))
        } else {
            let place = Place { defanged: self.plain.is_defanged(start, end), addressed: true, path: true };
            let Some((name, certain)) = domain::read(self.text, host.0, host.1, place) else { return };
            (EntityKind::Domain, name, certain)
        };
        if let Some(url) = self.spelling(start, host, &value, end) {
            self.push(EntityKind::Url, url, (start, end), certain, Part::Whole);
        }
        self.push(kind, value, host, certain, Part::Host);
    }

    /// The address with its scheme and host in one spelling, the rest as it is.
    fn spelling(&self, start: usize, host: (usize, usize), value: &str, end: usize) -> Option<String> {
        let head = self.text.get(start..host.0)?;
        let tail = self.text.get(host.1..end)?;
        let (scheme, user) = head.split_at(head.find("://").map_or(0, |at| at + 3));
        Some(format!("{}{user}{value}{tail}", scheme.to_ascii_lowercase()))
    }

    /// Every run of a host's characters outside of the authorities of `addresses`.
    fn runs(&mut self, addresses: &[Address]) {
        let mut ahead = addresses.iter().peekable();
        let mut at = 0;
        while let Some(start) = next_run(self.text, at) {
            let end = web::host_end(self.text, start, usize::MAX);
            while ahead.next_if(|address| address.end <= start).is_some() {}
            let around = ahead.peek().filter(|address| address.start < end);
            if let Some(address) = around
                && start < address.tail
            {
                at = address.tail;
                continue;
            }
            at = self.run(start, end, around.is_some());
            if self.found.len() >= self.most {
                break;
            }
        }
    }

    /// One run; answers where reading goes on.
    fn run(&mut self, start: usize, end: usize, inside: bool) -> usize {
        let bytes = self.text.as_bytes();
        if bytes.get(end) == Some(&b'@')
            && let Some(mail_end) = self.mail(start, end, inside)
        {
            return mail_end;
        }
        let piece = &bytes[start..end];
        // `1.2.3.4-1.2.3.9` is two addresses; a dash is part of any other name.
        let numbers = piece.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
        let mut from = start;
        let mut reached = end;
        while from < end {
            let cuts = |at: &usize| match bytes[*at] {
                b'.' => bytes.get(at + 1) == Some(&b'.'),
                b'-' => numbers,
                _ => false,
            };
            let length = (from..end).find(cuts).unwrap_or(end) - from;
            let (piece_start, piece_end) = web::trim(bytes, from, from + length);
            from += length + 1;
            if piece_end > piece_start {
                reached = reached.max(self.piece(piece_start, piece_end, inside));
            }
        }
        reached
    }

    /// The mail address whose sign is at `sign`, if it is one; answers where it ends.
    fn mail(&mut self, run_start: usize, sign: usize, inside: bool) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let is_local =
            |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'.' | b'_' | b'%' | b'+' | b'-');
        let length = bytes[..sign].iter().rev().take(65).take_while(is_local).count();
        let is_edge = |byte: &u8| matches!(byte, b'.' | b'%' | b'-');
        let skipped = bytes[sign - length..sign].iter().take_while(|byte| is_edge(byte)).count();
        let start = sign - length + skipped;
        if start == sign || length > 64 || bytes[sign - 1] == b'.' {
            return None;
        }
        let part = if inside { Part::Inside } else { Part::Whole };
        let user = self.text.get(start..sign)?.to_ascii_lowercase();
        if bytes.get(sign + 1) == Some(&b'[') {
            let length = bytes.iter().skip(sign).take(48).position(|byte| *byte == b']')?;
            let host = (sign + 2, sign + length);
            let ip: IpAddr = self.text.get(host.0..host.1)?.parse().ok()?;
            let certain = !inside && address::is_public(ip);
            self.push(EntityKind::Email, format!("{user}@[{ip}]"), (start, host.1 + 1), certain, part);
            self.push(EntityKind::Ip, ip.to_string(), host, certain, Part::Host);
            return Some(host.1 + 1);
        }
        let reached = web::host_end(self.text, sign + 1, 254);
        let (host_start, host_end) = web::trim(bytes, sign + 1, reached);
        if host_start != sign + 1 {
            return None;
        }
        let defanged = self.plain.is_defanged(run_start, host_end);
        let place = Place { defanged, addressed: true, path: false };
        let (name, known) = domain::read(self.text, host_start, host_end, place)?;
        let certain = known && !inside && !self.plain.is_spelt(start, host_end);
        self.push(EntityKind::Email, format!("{user}@{name}"), (start, host_end), certain, part);
        self.push(EntityKind::Domain, name, (host_start, host_end), certain, Part::Host);
        Some(reached)
    }

    /// A piece without edges; answers where it ends with its path.
    fn piece(&mut self, start: usize, end: usize, inside: bool) -> usize {
        let bytes = self.text.as_bytes();
        if end - start < 4 || memchr::memchr(b'.', &bytes[start..end]).is_none() {
            return end;
        }
        if inside { self.piece_inside(start, end) } else { self.piece_alone(start, end) }
    }

    /// A host in the path or query of an address: where it leads on to, or whom it asks about.
    fn piece_inside(&mut self, start: usize, end: usize) -> usize {
        let bytes = self.text.as_bytes();
        let before = bytes[start - 1];
        // `%2Fevil.com`: the run begins within an escape.
        let escaped =
            before == b'%' && end - start > 2 && bytes[start..start + 2].iter().all(u8::is_ascii_hexdigit);
        let start = if escaped { start + 2 } else { start };
        if let Some(ip) = self.text.get(start..end).and_then(address::v4) {
            self.push(EntityKind::Ip, ip.to_string(), (start, end), false, Part::Inside);
            return end;
        }
        // The last piece of a path is a file.
        let directory = before == b'/' && matches!(bytes.get(end), Some(b'/' | b':'));
        if (before != b'/' || directory)
            && let Some(word) = self.text.get(start..end)
            && let Some((name, _)) = domain::read(word, 0, word.len(), Place::default())
        {
            self.push(EntityKind::Domain, name, (start, end), false, Part::Inside);
        }
        end
    }

    /// A piece that is part of nothing: an address, or a name. Its path is looked at only if it is one, and then not
    /// again, so that a text of slashes is read once.
    fn piece_alone(&mut self, start: usize, end: usize) -> usize {
        let bytes = self.text.as_bytes();
        let tail = web::port_end(bytes, end);
        let path = bytes.get(tail) == Some(&b'/') && web::tail_end(bytes, tail, 2) > tail;
        let spelt = self.plain.is_spelt(start, end);
        let defanged = self.plain.is_defanged(start, tail + 1);
        if let Some(ip) = self.text.get(start..end).and_then(address::v4) {
            return self.quad(IpAddr::V4(ip), start, end, spelt, defanged);
        }
        let place = Place { defanged, addressed: false, path };
        let Some((name, known)) = domain::read(self.text, start, end, place) else { return end };
        self.host_with_path(EntityKind::Domain, name, (start, end), known && !spelt)
    }

    /// A host without a scheme, and the address of the web that it begins if a path follows.
    fn host_with_path(
        &mut self,
        kind: EntityKind,
        host: String,
        range: (usize, usize),
        certain: bool,
    ) -> usize {
        let (start, end) = range;
        let bytes = self.text.as_bytes();
        let tail = web::port_end(bytes, end);
        let reached =
            if bytes.get(tail) == Some(&b'/') { web::tail_end(bytes, tail, usize::MAX) } else { tail };
        let long = reached - start > web::LONGEST;
        // The slash after an address parts it from the next; the one after a name belongs to it.
        let least = if kind == EntityKind::Ip { tail + 2 } else { tail + 1 };
        if reached >= least
            && !long
            && let Some(rest) = self.text.get(end..reached)
        {
            self.push(EntityKind::Url, format!("{host}{rest}"), (start, reached), certain, Part::Whole);
            self.push(kind, host, range, certain, Part::Host);
            return reached;
        }
        self.push(kind, host, range, certain, Part::Whole);
        if long { reached } else { end }
    }

    /// Four numbers that stand alone: an address, a network, an address of the web, or a version.
    fn quad(&mut self, ip: IpAddr, start: usize, end: usize, spelt: bool, defanged: bool) -> usize {
        let listed = self.version_end.and_then(|last| self.text.get(last..start));
        if !defanged
            && (listed.is_some_and(address::is_list_gap) || address::is_version(self.text, start, end))
        {
            self.version_end = Some(end);
            return end;
        }
        let certain = address::is_public(ip) && !spelt;
        if let Some((length, network_end)) = address::prefix(self.text.as_bytes(), end, 32) {
            self.push(
                EntityKind::Network,
                format!("{ip}/{length}"),
                (start, network_end),
                certain,
                Part::Whole,
            );
            self.push(EntityKind::Ip, ip.to_string(), (start, end), false, Part::Host);
            return network_end;
        }
        self.host_with_path(EntityKind::Ip, ip.to_string(), (start, end), certain)
    }

    /// Runs of hexadecimal digits and colons, outside of the authorities of `addresses`.
    fn colons(&mut self, addresses: &[Address]) {
        let bytes = self.text.as_bytes();
        let mut ahead = addresses.iter().peekable();
        let is_part = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
        let is_word =
            |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        let mut at = 0;
        while let Some(step) = memchr::memchr(b':', &bytes[at..]) {
            let colon = at + step;
            let length = bytes[at..colon].iter().rev().take_while(|byte| is_part(byte)).count();
            let mut start = colon - length;
            let length = bytes[colon..].iter().position(|byte| !is_part(byte)).unwrap_or(bytes.len() - colon);
            let mut end = colon + length;
            at = end;
            if is_word(start.checked_sub(1).and_then(|at| bytes.get(at))) || is_word(bytes.get(end)) {
                continue;
            }
            // Punctuation of the sentence, but not a `::` of the address.
            while end > start
                && (bytes[end - 1] == b'.'
                    || bytes[start..end].ends_with(b":") && !bytes[start..end].ends_with(b"::"))
            {
                end -= 1;
            }
            while start < end
                && (bytes[start] == b'.' || bytes[start] == b':' && bytes.get(start + 1) != Some(&b':'))
            {
                start += 1;
            }
            while ahead.next_if(|address| address.end <= start).is_some() {}
            let around = ahead.peek().filter(|address| address.start < end);
            if around.is_some_and(|address| start < address.tail) {
                continue;
            }
            let Some(ip) = self.text.get(start..end).and_then(address::v6) else { continue };
            let inside = around.is_some();
            let certain = address::is_public(IpAddr::V6(ip)) && !inside;
            let part = if inside { Part::Inside } else { Part::Whole };
            if let Some((length, network_end)) = address::prefix(bytes, end, 128) {
                self.push(EntityKind::Network, format!("{ip}/{length}"), (start, network_end), certain, part);
                self.push(EntityKind::Ip, ip.to_string(), (start, end), false, Part::Host);
            } else {
                self.push(EntityKind::Ip, ip.to_string(), (start, end), certain, part);
            }
        }
    }
}

/// Where the next run of a host's characters begins.
fn next_run(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    rest.find(web::is_host_letter).map(|step| at + step)
}
