//! Undoes the encodings in which text is hidden from a list and not from a model.
//!
//! Base64 as in RFC 4648, both alphabets, with or without padding, of UTF-8 or of UTF-16 (PowerShell's
//! `-EncodedCommand`); hex digits; percent-encoding (RFC 3986); HTML's numeric and commonest named entities; `\xNN`,
//! `\uNNNN`, `\u{…}` and `\NNN`; variation selectors, which can carry a byte each behind any character; ROT13.

use super::normal::MIN_RUN;
use super::{Injection, LOOKED_AT_BYTES};

/// A run of this many tokens is no longer looked through.
const MAX_TOKENS: usize = 64;

/// Text with every escape in it undone; `None` if there is none.
pub(super) fn unescape(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut hidden = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        let undone = match byte {
            b'%' => digits(rest.get(1..3), 16).map(|code| (code, 3, true)),
            b'\\' => backslash(rest),
            b'&' => entity(rest).map(|(code, length)| (code, length, false)),
            0xef | 0xf3 => {
                if let Some((byte, length)) = selector(rest) {
                    hidden.push(byte);
                    at += length;
                    continue;
                }
                None
            }
            _ => None,
        };
        match undone {
            // Bytes of UTF-8, of which several may make a character.
            Some((code, length, true)) => {
                plain.push(code as u8);
                at += length;
            }
            Some((code, length, false)) => {
                let character = char::from_u32(code).unwrap_or('\u{fffd}');
                plain.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                at += length;
            }
            None => {
                plain.push(byte);
                at += 1;
            }
        }
    }
    plain.extend_from_slice(&hidden);
    (plain != bytes).then(|| String::from_utf8_lossy(&plain).into_owned())
}

/// `\x49`, `\u0049`, `\u{49}`, `\U00000049`, `\111`: the code, how long the escape is, whether it is a mere byte.
fn backslash(rest: &[u8]) -> Option<(u32, usize, bool)> {
    match rest.get(1)? {
        b'x' => Some((digits(rest.get(2..4), 16)?, 4, true)),
        b'u' if rest.get(2) == Some(&b'{') => {
            let length = rest.iter().take(12).position(|byte| *byte == b'}')?;
            Some((digits(rest.get(3..length), 16)?, length + 1, false))
        }
        b'u' => {
            let code = digits(rest.get(2..6), 16)?;
            // Characters beyond the first plane are written as two.
            if (0xd800..0xdc00).contains(&code)
                && rest.get(6..8) == Some(b"\\u")
                && let Some(low @ 0xdc00..=0xdfff) = digits(rest.get(8..12), 16)
            {
                return Some((0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00), 12, false));
            }
            Some((code, 6, false))
        }
        b'U' => Some((digits(rest.get(2..10), 16)?, 10, false)),
        b'0'..=b'3' => Some((digits(rest.get(1..4), 8)?, 4, true)),
        _ => None,
    }
}

/// `&#73;`, `&#x49;`, `&lt;`: the code, and how long it is. The semicolon may be missing, as browsers allow.
fn entity(rest: &[u8]) -> Option<(u32, usize)> {
    const NAMED: [(&[u8], char); 7] = [
        (b"&lt;", '<'),
        (b"&gt;", '>'),
        (b"&amp;", '&'),
        (b"&quot;", '"'),
        (b"&apos;", '\''),
        (b"&nbsp;", ' '),
        (b"&colon;", ':'),
    ];
    if rest.get(1) != Some(&b'#') {
        let (name, character) = NAMED.into_iter().find(|(name, _)| rest.starts_with(name))?;
        return Some((u32::from(character), name.len()));
    }
    let hex = matches!(rest.get(2), Some(b'x' | b'X'));
    let (from, radix) = if hex { (3, 16) } else { (2, 10) };
    let count = rest.iter().skip(from).take(8).take_while(|byte| char::from(**byte).is_digit(radix)).count();
    let end = from + count;
    let code = digits(rest.get(from..end), radix)?;
    Some((code, end + usize::from(rest.get(end) == Some(&b';'))))
}

/// The byte that a variation selector stands for, and how long the selector is.
fn selector(rest: &[u8]) -> Option<(u8, usize)> {
    match *rest {
        [0xef, 0xb8, low @ 0x80..=0x8f, ..] => Some((low - 0x80, 3)),
        [0xf3, 0xa0, high @ 0x84..=0x87, low @ 0x80..=0xbf, ..] => {
            let offset = (u32::from(high) - 0x84) * 64 + (u32::from(low) - 0x80);
            Some((u8::try_from(offset + 16).ok()?, 4))
        }
        _ => None,
    }
}

fn digits(bytes: Option<&[u8]>, radix: u32) -> Option<u32> {
    let bytes = bytes.filter(|bytes| (1..=8).contains(&bytes.len()))?;
    let mut value = 0_u32;
    for byte in bytes {
        value = value.checked_mul(radix)?.checked_add(char::from(*byte).to_digit(radix)?)?;
    }
    Some(value)
}

/// Each letter moved by half the alphabet.
pub(super) fn rot13(text: &str) -> String {
    let turn = |byte: u8, base: u8| char::from((byte - base + 13) % 26 + base);
    text.chars()
        .map(|character| match character {
            'a'..='z' => turn(character as u8, b'a'),
            'A'..='Z' => turn(character as u8, b'A'),
            _ => character,
        })
        .collect()
}

/// Hands over the text in every token that is text in hex or base64, until `look` finds something.
pub(super) fn tokens(text: &str, look: &mut impl FnMut(&str) -> Option<Injection>) -> Option<Injection> {
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
    let runs = text.as_bytes().split(|byte| !is_token(byte)).filter(|run| run.len() >= MIN_RUN);
    for run in runs.take(MAX_TOKENS) {
        if let Some(injection) = token(run, look) {
            return Some(injection);
        }
        // A slash belongs to the alphabet, and to paths.
        if run.contains(&b'/') {
            let parts = run.split(|byte| *byte == b'/').filter(|part| part.len() >= MIN_RUN);
            if let Some(injection) = parts.take(MAX_TOKENS).find_map(|part| token(part, look)) {
                return Some(injection);
            }
        }
    }
    None
}

fn token(token: &[u8], look: &mut impl FnMut(&str) -> Option<Injection>) -> Option<Injection> {
    let hex = token.strip_prefix(b"0x").or_else(|| token.strip_prefix(b"0X")).unwrap_or(token);
    if hex.iter().all(u8::is_ascii_hexdigit) {
        let bytes = hex.chunks_exact(2).map_while(|pair| digits(Some(pair), 16).map(|code| code as u8));
        return look(&as_text(bytes)?);
    }
    // What stands before the encoded part moves the beginning by up to three characters.
    (0..4).find_map(|skip| look(&as_text(base64(token.get(skip..)?))?))
}

/// The bytes that base64 stands for.
fn base64(token: &[u8]) -> impl Iterator<Item = u8> {
    let mut held = 0_u32;
    let mut bits = 0;
    token.iter().filter_map(move |byte| {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            _ => 63,
        };
        held = (held << 6 | u32::from(value)) & 0xffff;
        bits += 6;
        if bits < 8 {
            return None;
        }
        bits -= 8;
        Some((held >> bits) as u8)
    })
}

/// The bytes as text, if text they are; gives up at the first that can't be.
fn as_text(bytes: impl Iterator<Item = u8>) -> Option<String> {
    let mut text: Vec<u8> = Vec::new();
    let mut zeros = 0;
    for byte in bytes.take(LOOKED_AT_BYTES) {
        match byte {
            // Every second byte of UTF-16 that spells Latin.
            0 => zeros += 1,
            b'\t' | b'\n' | b'\r' | b' '..=0x7e | 0x80.. => text.push(byte),
            _ => return None,
        }
        // Three characters of the longest kind are enough to tell.
        if text.len() == 12 && std::str::from_utf8(&text).is_err_and(|error| error.error_len().is_some()) {
            return None;
        }
        if zeros > text.len() + 1 {
            return None;
        }
    }
    if zeros > 0 && zeros + 2 < text.len() {
        return None;
    }
    match String::from_utf8(text) {
        Ok(text) => Some(text),
        // The end may be cut.
        Err(error) if error.utf8_error().valid_up_to() + 4 > error.as_bytes().len() => {
            Some(String::from_utf8_lossy(error.as_bytes()).into_owned())
        }
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{as_text, base64, rot13, unescape};

    #[test]
    fn escapes_of_every_kind_are_undone() {
        for text in ["%41bc", "&#65;bc", "&#x41;b&#99", "\\u0041bc", "\\x41\\x62c", "\\u{41}bc", "\\101bc"] {
            assert_eq!(unescape(text).as_deref(), Some("Abc"), "{text}");
        }
        assert_eq!(unescape("%D0%96 \\ud83d\\ude00 &lt;").as_deref(), Some("Ж 😀 <"));
        assert_eq!(unescape("C:\\users 100% R&D %zz \\u12"), None);
        assert_eq!(unescape("\\u{ffffffffff}\\ud800 %e").as_deref(), Some("\\u{ffffffffff}\u{fffd} %e"));
    }

    #[test]
    fn what_is_no_text_is_not_taken_for_it() {
        assert_eq!(as_text(base64(b"SWdub3JlIGFsbA")).as_deref(), Some("Ignore all"));
        assert_eq!(as_text(base64(b"SQBnAG4AbwByAGUA")).as_deref(), Some("Ignore"));
        assert_eq!(as_text(base64(b"dists/bookworm/InRelease")), None);
        assert_eq!(rot13("Vtaber 1"), "Ignore 1");
    }
}
