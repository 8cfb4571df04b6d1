//! What the text of a cell is, where an output wants more than text.
//!
//! An alert keeps ports, addresses and hashes as the text they came as, because most of what is done with them is
//! comparing. Schemas are stricter: Elasticsearch refuses a whole document over a word in a field of type `ip`, and an
//! OCSF validator a finding over a port that is not a number. So the JSON writers ask here what a text is, and find
//! another place for it, or none, if it is not what the field wants.

use crate::write::csv::hides;
use crate::{Alert, Field, Timestamp};
use serde::{Serialize, Serializer};
use std::fmt::{self, Write as _};
use std::net::IpAddr;

/// Bytes of the alert's own record that are passed on.
pub(in crate::write) const MAX_RAW: usize = 64 * 1024;

/// Appends a value as one line. No record makes serialisation fail; if one did, it would leave no half line behind.
pub(in crate::write) fn line<T: Serialize>(value: &T, out: &mut Vec<u8>) {
    let start = out.len();
    let written = serde_json::to_writer(&mut *out, value);
    debug_assert!(written.is_ok(), "{written:?}");
    match written {
        Ok(()) => {
            escape_hidden(out, start);
            out.push(b'\n');
        }
        Err(_) => out.truncate(start),
    }
}

/// Writes what a terminal would obey or not show as `\uXXXX` in the JSON from `start` on: whoever reads the JSON gets
/// the same text, and whoever reads the screen sees what is there.
///
/// All that is not ASCII stands inside of strings, where an escape may stand too. Most lines hold no byte that such a
/// character begins with (or is), and only these bytes are looked for.
fn escape_hidden(out: &mut Vec<u8>, start: usize) {
    let written = &out[start..];
    let places = memchr::memchr3_iter(0x7f, 0xc2, 0xe2, written)
        .chain(memchr::memchr3_iter(0xd8, 0xef, 0xf3, written))
        .chain(memchr::memchr_iter(0xe1, written));
    let Ok(text) = std::str::from_utf8(written) else { return };
    if !places.filter_map(|at| text.get(at..)?.chars().next()).any(is_hidden) {
        return;
    }
    let mut escaped = String::with_capacity(text.len() + 64);
    for letter in text.chars() {
        if is_hidden(letter) {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                // Writing to a string can't fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(letter);
        }
    }
    out.truncate(start);
    out.extend_from_slice(escaped.as_bytes());
}

/// What the CSV writer hides too, and the separators of lines and paragraphs, at which some programs break a line. A new
/// character needs its first byte in [`escape_hidden`].
fn is_hidden(letter: char) -> bool {
    hides(letter) || matches!(letter, '\u{2028}' | '\u{2029}')
}

/// The alert's record, up to [`MAX_RAW`].
pub(in crate::write) fn raw<'a>(alert: &Alert<'a>) -> Option<&'a str> {
    let raw = &alert.raw[..alert.raw.floor_char_boundary(MAX_RAW)];
    (!raw.is_empty()).then_some(raw)
}

/// The cell as a number.
pub(in crate::write) fn number(alert: &Alert<'_>, field: Field) -> Option<u16> {
    alert.get(field)?.trim().parse().ok()
}

/// Whether a text is an IP address; at most 40 bytes, as OCSF's `ip_t` has it.
pub(in crate::write) fn is_address(text: &str) -> bool {
    text.len() <= 40 && text.parse::<IpAddr>().is_ok()
}

/// Whether a text is a country's code as ISO 3166-1 alpha-2 writes it.
pub(in crate::write) fn is_country_code(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Whether a text is the path to something rather than its bare name.
pub(in crate::write) fn is_path(text: &str) -> bool {
    text.contains(['/', '\\'])
}

/// The last part of a path; never empty unless the path is.
pub(in crate::write) fn last_part(path: &str) -> &str {
    let trimmed = path.trim_end_matches(['/', '\\']);
    match trimmed.rsplit(['/', '\\']).next() {
        Some(part) if !part.is_empty() => part,
        _ => path,
    }
}

/// What made a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::write) enum HashKind {
    Md5,
    Sha1,
    Sha256,
}

impl HashKind {
    /// A hash tells by its length what made it.
    pub(in crate::write) fn of(text: &str) -> Option<Self> {
        if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        match text.len() {
            32 => Some(Self::Md5),
            40 => Some(Self::Sha1),
            64 => Some(Self::Sha256),
            _ => None,
        }
    }
}

/// A probability with three decimals, within 0–1; what is not a number is no confidence.
pub(in crate::write) fn share(confidence: f64) -> f64 {
    if confidence.is_finite() { (confidence.clamp(0.0, 1.0) * 1000.0).round() / 1000.0 } else { 0.0 }
}

/// A moment, written by RFC 3339 in UTC with milliseconds.
#[derive(Debug, Clone, Copy)]
pub(in crate::write) struct Moment(pub(in crate::write) Timestamp);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Texts in a row with something between them.
#[derive(Debug, Clone, Copy)]
pub(in crate::write) struct Joined<'a>(pub(in crate::write) &'a [String], pub(in crate::write) &'static str);

impl fmt::Display for Joined<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, text) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(self.1)?;
            }
            f.write_str(text)?;
        }
        Ok(())
    }
}

impl Serialize for Joined<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A list with gaps, written without them.
#[derive(Debug, Clone, Copy)]
pub(in crate::write) struct Present<T, const N: usize>(pub(in crate::write) [Option<T>; N]);

impl<T, const N: usize> Present<T, N> {
    pub(in crate::write) fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }
}

impl<T: Serialize, const N: usize> Serialize for Present<T, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::{HashKind, MAX_RAW, is_address, is_hidden, last_part, line, raw, share};
    use crate::{Alert, Format};

    #[test]
    fn numbers_stay_finite() {
        for (given, written) in
            [(0.12345, 0.123), (7.0, 1.0), (-1.0, 0.0), (f64::NAN, 0.0), (f64::INFINITY, 0.0)]
        {
            assert_eq!(share(given), written, "{given}");
        }
    }

    #[test]
    fn no_character_that_a_terminal_obeys_or_hides_is_written_raw() {
        for letter in ('\u{7f}'..=char::MAX).filter(|letter| is_hidden(*letter)) {
            let text = format!("“é\\{letter}ü\u{9b}x");
            let mut out = b"\x7f before\n".to_vec();
            line(&[&text], &mut out);
            let written = std::str::from_utf8(&out).unwrap().strip_prefix("\x7f before\n").unwrap();
            assert!(!written.trim_end().contains(is_hidden), "{written:?}");
            assert!(written.contains(r"\u009b") && written.contains("“é"), "{written:?}");
            assert_eq!(serde_json::from_str::<[String; 1]>(written).unwrap(), [text]);
            let alone = letter.to_string();
            out.clear();
            line(&alone, &mut out);
            assert!(out.is_ascii(), "{letter:?}");
        }
    }

    #[test]
    fn a_long_record_is_cut_between_characters() {
        let record = "ü".repeat(MAX_RAW);
        let alert = Alert::new(Format::Cef, &record);
        assert_eq!(raw(&alert).map(str::len), Some(MAX_RAW));
        let record = format!("x{record}");
        let alert = Alert::new(Format::Cef, &record);
        assert_eq!(raw(&alert).map(str::len), Some(MAX_RAW - 1));
        assert_eq!(raw(&Alert::new(Format::Cef, "")), None);
    }

    #[test]
    fn a_text_is_what_it_looks_like() {
        assert!(is_address("2001:db8::1") && is_address("192.0.2.1"));
        assert!(!is_address("fe80::1%eth0") && !is_address("host") && !is_address("1.2.3"));
        assert_eq!(last_part(r"C:\Windows\cmd.exe"), "cmd.exe");
        assert_eq!(last_part("/usr/bin/"), "bin");
        assert_eq!(last_part("///"), "///");
        assert_eq!(HashKind::of(&"a".repeat(40)), Some(HashKind::Sha1));
        assert_eq!(HashKind::of(&"x".repeat(40)), None);
        assert_eq!(HashKind::of("é".repeat(16).as_str()), None);
    }
}
