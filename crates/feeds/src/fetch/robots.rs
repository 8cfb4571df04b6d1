//! What a host wants of robots: robots.txt as RFC 9309 reads it.
//!
//! Of all groups, those that name us count, or those for `*` if none does. Of all their rules that match, the longest counts,
//! and of two that are as long, the one that allows. Addresses and rules are brought into one spelling of their percent
//! signs first (RFC 9309, section 2.2.2). `Crawl-delay` is not in the RFC, but is what hosts write.
//!
//! A file may be written to be slow to match. A rule is matched in time linear in itself and the address, and the number of
//! rules is bounded.

use memchr::memmem;
use std::time::Duration;

/// The name that we answer to.
const OURS: &str = "watchfire";
/// So much of a file is read; the RFC asks for at least that.
const MAX_BYTES: usize = 500 << 10;
/// So many rules are kept.
const MAX_RULES: usize = 5_000;

/// What a host wants of us. The default allows all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Robots {
    /// The first that matches counts.
    rules: Vec<Rule>,
    delay: Option<Duration>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    allow: bool,
    /// In one spelling, without the `$` at its end.
    pattern: Box<[u8]>,
    /// Whether there was a `$`.
    to_the_end: bool,
}

impl Robots {
    /// Reads a file. What can't be understood in it is passed over.
    pub fn read(bytes: &[u8]) -> Self {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let bytes = match bytes.get(..MAX_BYTES) {
            // Half a line can say the contrary of the whole.
            Some(start) if bytes.len() > MAX_BYTES => {
                start.get(..memchr::memrchr2(b'\n', b'\r', start).unwrap_or(0)).unwrap_or_default()
            }
            _ => bytes,
        };
        let (mut ours, mut anybodys) = (None, None);
        // Which groups the lines belong to, and whether more names may follow.
        let (mut for_us, mut for_anybody, mut naming) = (false, false, false);
        for line in bytes.split(|byte| matches!(byte, b'\n' | b'\r')) {
            let line = line.split(|byte| *byte == b'#').next().unwrap_or_default();
            let Some(colon) = memchr::memchr(b':', line) else { continue };
            let (key, value) = line.split_at(colon);
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            match key.trim_ascii().to_ascii_lowercase().as_slice() {
                b"user-agent" => {
                    if !naming {
                        (for_us, for_anybody, naming) = (false, false, true);
                    }
                    for_us |= is_ours(value);
                    for_anybody |= value == b"*";
                    if for_us {
                        ours.get_or_insert_with(Self::default);
                    }
                    if for_anybody {
                        anybodys.get_or_insert_with(Self::default);
                    }
                }
                key @ (b"allow" | b"disallow" | b"crawl-delay") => {
                    naming = false;
                    let groups =
                        [ours.as_mut().filter(|_| for_us), anybodys.as_mut().filter(|_| for_anybody)];
                    for group in groups.into_iter().flatten() {
                        group.add(key, value);
                    }
                }
                _ => {}
            }
        }
        let mut robots = ours.or(anybodys).unwrap_or_default();
        robots.rules.sort_by_key(|rule| (std::cmp::Reverse(rule.length()), !rule.allow));
        robots
    }

    fn add(&mut self, key: &[u8], value: &[u8]) {
        if key == b"crawl-delay" {
            let seconds = std::str::from_utf8(value).ok().and_then(|text| text.parse::<f64>().ok());
            self.delay = self.delay.or(seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()));
        } else if !value.is_empty() && self.rules.len() < MAX_RULES {
            let (value, to_the_end) = value.strip_suffix(b"$").map_or((value, false), |value| (value, true));
            let pattern = one_spelling(value, true).into_boxed_slice();
            self.rules.push(Rule { allow: key == b"allow", pattern, to_the_end });
        }
    }

    /// Whether it may be asked for. `path` is that of the address, with its query.
    pub fn allows(&self, path: &str) -> bool {
        let path = one_spelling(path.as_bytes(), false);
        path == b"/robots.txt"
            || self.rules.iter().find(|rule| rule.matches(&path)).is_none_or(|rule| rule.allow)
    }

    /// The pause between requests that the host asks for.
    pub fn delay(&self) -> Option<Duration> {
        self.delay
    }

    /// About how many bytes it takes to keep it.
    pub fn weight(&self) -> usize {
        let rules: usize = self.rules.iter().map(|rule| rule.pattern.len() + size_of::<Rule>()).sum();
        rules + size_of::<Self>()
    }
}

impl Rule {
    fn length(&self) -> usize {
        self.pattern.len() + usize::from(self.to_the_end)
    }

    /// Whether it matches from the start of a path, in one spelling, on. Every piece between stars is taken where it comes
    /// first, which leaves the most for the others; only the last one may have to be at the end.
    fn matches(&self, path: &[u8]) -> bool {
        let mut pieces = self.pattern.split(|byte| *byte == b'*');
        let Some(mut left) = pieces.next().and_then(|first| path.strip_prefix(first)) else { return false };
        let mut pieces = pieces.peekable();
        if pieces.peek().is_none() {
            return !self.to_the_end || left.is_empty();
        }
        while let Some(piece) = pieces.next() {
            if self.to_the_end && pieces.peek().is_none() {
                return left.ends_with(piece);
            }
            let Some(start) = memmem::find(left, piece) else { return false };
            left = left.get(start + piece.len()..).unwrap_or_default();
        }
        true
    }
}

/// Whether a name in the file is ours: its letters up to the first that is none, in any case.
fn is_ours(name: &[u8]) -> bool {
    let end = name.iter().position(|byte| !(byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-')));
    name.get(..end.unwrap_or(name.len())).is_some_and(|name| name.eq_ignore_ascii_case(OURS.as_bytes()))
}

/// One spelling of what may be written with percent signs or without: letters, digits and `-._~` without, what is not ASCII
/// or is a space with. In an address `*` and `$` are written with them, because in a rule they mean something.
fn one_spelling(text: &[u8], is_rule: bool) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |byte: &u8| (*byte as char).to_digit(16).map(|digit| digit as u8);
    let mut spelled = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        let (byte, escaped) = match after {
            [high, low, after @ ..] if *byte == b'%' && digit(high).is_some() && digit(low).is_some() => {
                rest = after;
                (digit(high).unwrap_or(0) * 16 + digit(low).unwrap_or(0), true)
            }
            _ => {
                rest = after;
                (*byte, false)
            }
        };
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        let as_it_stands = !escaped && byte.is_ascii_graphic() && byte != b'$' && (is_rule || byte != b'*');
        if plain || as_it_stands {
            spelled.push(byte);
        } else {
            spelled.extend([b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
    }
    spelled
}

#[cfg(test)]
mod tests;
