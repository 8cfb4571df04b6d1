//! What has a fixed form: hashes, CVE numbers, autonomous systems, ids of ATT&CK.
//!
//! All of them begin a run of ASCII letters and digits, so the text is read run by run, and each run is looked at
//! once. A hash is the whole run, so that no piece of a longer one is taken for one.

use super::Candidate;
use super::context::{is_one_of, words_before};
use crate::EntityKind;

/// Words that name another kind of digest than that of a file, or of no file at all.
const OTHER_DIGESTS: [&str; 13] = [
    "imphash",
    "authentihash",
    "vhash",
    "ja3",
    "ja3s",
    "ja4",
    "jarm",
    "telfhash",
    "richhash",
    "commit",
    "revision",
    "serial",
    "thumbprint",
];

/// Digests of the empty file, by each function: every machine has one.
const EMPTY: [&str; 3] = [
    "d41d8cd98f00b204e9800998ecf8427e",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
];

/// Reads all of them, in order, up to `most`.
pub(super) fn find(text: &str, most: usize) -> Vec<Candidate> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(step) = bytes[at..].iter().position(u8::is_ascii_alphanumeric) {
        let start = at + step;
        let length = bytes[start..].iter().position(|byte| !byte.is_ascii_alphanumeric());
        let end = length.map_or(bytes.len(), |length| start + length);
        at = end;
        let run = Run { text, start, end };
        if let Some(candidate) = run.hash().or_else(|| run.numbered()) {
            found.push(candidate);
            if found.len() >= most {
                break;
            }
        }
    }
    found
}

/// A run of ASCII letters and digits that is as long as it can be.
#[derive(Clone, Copy)]
struct Run<'a> {
    text: &'a str,
    start: usize,
    end: usize,
}

impl<'a> Run<'a> {
    fn word(self) -> &'a str {
        &self.text[self.start..self.end]
    }

    /// The byte `step` bytes after the run, if the text is that long.
    fn after(self, step: usize) -> Option<u8> {
        self.text.as_bytes().get(self.end + step).copied()
    }

    /// How many digits begin `step` bytes after the run; not more than `most` are counted.
    fn digits_after(self, step: usize, most: usize) -> usize {
        let rest = self.text.as_bytes().iter().skip(self.end + step);
        rest.take(most).take_while(|byte| byte.is_ascii_digit()).count()
    }

    fn candidate(self, kind: EntityKind, value: String, end: usize, certain: bool) -> Candidate {
        Candidate::new(kind, value, self.start, end, certain)
    }

    fn hash(self) -> Option<Candidate> {
        let word = self.word();
        if !matches!(word.len(), 32 | 40 | 64 | 128) || !word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let mut before = words_before(self.text, self.start, 2);
        let (last, second) = (before.next().unwrap_or_default(), before.next().unwrap_or_default());
        let import = last.eq_ignore_ascii_case("hash") && is_one_of(second, &["import", "header", "rich"]);
        if is_one_of(last, &OTHER_DIGESTS) || import {
            return None;
        }
        let value = word.to_ascii_lowercase();
        // A filler, a number, or what nobody can tell apart.
        let first = value.as_bytes()[0];
        let filler = value.bytes().all(|byte| byte == first);
        let number = value.bytes().all(|byte| byte.is_ascii_digit());
        let certain = !filler && !number && !EMPTY.contains(&value.as_str());
        Some(self.candidate(EntityKind::Hash, value, self.end, certain))
    }

    fn numbered(self) -> Option<Candidate> {
        let head = self.text[..self.start].chars().next_back();
        if self.word().len() > 16 || head.is_some_and(is_joined) {
            return None;
        }
        let bytes = self.word().as_bytes();
        match bytes[0].to_ascii_uppercase() {
            b'C' if bytes.len() == 3 => self.cve(),
            b'A' => self.system(),
            b'T' | b'S' | b'G' | b'C' | b'M' | b'D' => self.attack(),
            _ => None,
        }
    }

    /// Whether what ends at `end` isn't continued by a letter, a digit or an underscore.
    fn is_whole(self, end: usize) -> bool {
        !self.text[end..].chars().next().is_some_and(is_joined)
    }

    /// `CVE-2024-3400`; people also write spaces, underscores, small letters.
    fn cve(self) -> Option<Candidate> {
        if !self.word().eq_ignore_ascii_case("CVE") {
            return None;
        }
        let is_gap = |byte: Option<u8>| matches!(byte, Some(b'-' | b' ' | b'_' | b':'));
        if !is_gap(self.after(0))
            || self.digits_after(1, 5) != 4
            || !matches!(self.after(5), Some(b'-' | b'_' | b' '))
        {
            return None;
        }
        let digits = self.digits_after(6, 20);
        let end = self.end + 6 + digits;
        // The format allows 19 digits; nobody has had more than seven.
        if !(4..20).contains(&digits) || !self.is_whole(end) {
            return None;
        }
        let (year, number) = (&self.text[self.end + 1..self.end + 5], &self.text[self.end + 6..end]);
        Some(self.candidate(EntityKind::Cve, format!("CVE-{year}-{number}"), end, digits <= 7))
    }

    /// `AS64500`, `ASN64500`, `AS 64500`, `asn 64500`; `as 2014` is prose.
    fn system(self) -> Option<Candidate> {
        let word = self.word();
        let letters = word.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (name, number) = word.split_at(letters);
        if !is_one_of(name, &["as", "asn"]) {
            return None;
        }
        let (number, end) = if number.is_empty() {
            let digits = self.digits_after(1, 11);
            if self.after(0) != Some(b' ') || name == "as" || name == "As" {
                return None;
            }
            (self.text.get(self.end + 1..self.end + 1 + digits)?, self.end + 1 + digits)
        } else {
            (number, self.end)
        };
        if !self.is_whole(end) || number.starts_with('0') {
            return None;
        }
        // RFC 6793: four bytes.
        let number: u32 = number.parse().ok()?;
        Some(self.candidate(EntityKind::Asn, format!("AS{number}"), end, true))
    }

    /// `T1059`, `T1059.001`, `TA0001`, `S0154`, `G0016`, `C0017`, `M1036`, `DS0029`: letters as ATT&CK uses them, and
    /// four digits, of which the first is one that has been given out. Whether the article speaks of ATT&CK at all
    /// isn't known here, so none is certain yet.
    fn attack(self) -> Option<Candidate> {
        let word = self.word();
        let letters = word.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (name, number) = word.split_at(letters);
        if number.len() != 4 || !number.bytes().all(|byte| byte.is_ascii_digit()) || !self.is_whole(self.end)
        {
            return None;
        }
        let first = number.as_bytes()[0];
        let technique = name.eq_ignore_ascii_case("T");
        let known = match name {
            "T" | "t" => first <= b'1',
            "TA" | "ta" | "DS" => first == b'0',
            "S" | "G" | "M" => first <= b'1',
            "C" => first == b'0',
            _ => false,
        };
        if !known {
            return None;
        }
        let mut value = word.to_ascii_uppercase();
        let mut end = self.end;
        let digits = self.digits_after(1, 4);
        if technique && digits > 0 && matches!(self.after(0), Some(b'.' | b'/')) {
            let sub = end + 1 + digits;
            if digits == 3 && self.is_whole(sub) {
                value = format!("{value}.{}", &self.text[end + 1..sub]);
                end = sub;
            } else if self.after(0) == Some(b'.') {
                return None;
            }
        }
        Some(self.candidate(EntityKind::Attack, value, end, false))
    }
}

/// Whether a letter joins a word of ASCII. Scripts without spaces don't.
fn is_joined(letter: char) -> bool {
    letter == '_' || (letter.is_alphanumeric() && letter < '\u{2e80}')
}

#[cfg(test)]
mod tests {
    use super::find;

    fn values(text: &str) -> Vec<String> {
        find(text, 100).into_iter().map(|candidate| candidate.value).collect()
    }

    #[test]
    fn ids_are_read_in_the_forms_people_write() {
        for (text, value) in [
            ("cve 2014-1001", "CVE-2014-1001"),
            ("CVE-2024-3400’s", "CVE-2024-3400"),
            ("(AS 64500)", "AS64500"),
            ("asn64500", "AS64500"),
            ("via T1059.001.", "T1059.001"),
            ("techniques/T1059/001/", "T1059.001"),
            ("T1059.", "T1059"),
            ("使用T1059技术", "T1059"),
            ("ta0001", "TA0001"),
            ("md5:0123456789ABCDEF0123456789abcdef,", "0123456789abcdef0123456789abcdef"),
        ] {
            assert_eq!(values(text), [value], "{text}");
        }
    }

    #[test]
    fn what_only_begins_like_an_id_is_none() {
        for text in [
            "CVE-2024-340",
            "CVE-24-3400",
            "CVE-2024-3400a",
            "just as 2014",
            "AS1234foobar",
            "AS99999999999",
            "FOOT1329",
            "T1329FUN",
            "T1156.0012",
            "T9000",
            "AT0001",
            "s0154",
            "S2024",
            "imphash: 0123456789abcdef0123456789abcdef",
            "import hash\n0123456789abcdef0123456789abcdef",
            "0123456789abcdef0123456789abcdef0",
        ] {
            assert!(values(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn fillers_and_the_empty_file_are_not_certain() {
        for text in ["a".repeat(32), "1234567890".repeat(4), super::EMPTY[0].to_owned()] {
            assert!(find(&text, 9).iter().all(|candidate| !candidate.certain), "{text}");
        }
    }
}
