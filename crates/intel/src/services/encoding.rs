//! How a value is put into an address or a body.

use std::fmt::Write as _;

/// Escapes everything but RFC 3986's *unreserved* characters (section 2.3), so that the value can't end the segment or the
/// parameter that it stands in. Also right for a form (WHATWG URL, *application/x-www-form-urlencoded*), which reads `%20`
/// as a space.
///
/// A segment that is only `.` or `..` can't be escaped at all, because URL parsers take `%2e` for a dot. No
/// indicator is.
pub(super) fn percent_encoded(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => {
                // Writing into memory does not fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

/// Base64 with the URL-safe alphabet, without padding (RFC 4648, section 5).
pub(super) fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0u32, |group, &byte| group << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            let index = group >> (18 - 6 * place) & 0x3f;
            text.push(char::from(ALPHABET[index as usize]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{base64url, percent_encoded};

    #[test]
    fn nothing_that_means_something_in_an_address_is_left() {
        assert_eq!(percent_encoded("../a?b#c&d=e%\n\r ü+"), "..%2Fa%3Fb%23c%26d%3De%25%0A%0D%20%C3%BC%2B");
        assert_eq!(percent_encoded("2001:db8::1"), "2001%3Adb8%3A%3A1");
        assert_eq!(percent_encoded("a-b_c.d~9"), "a-b_c.d~9");
    }

    #[test]
    fn base64_agrees_with_the_rfc() {
        // RFC 4648, section 10, without the padding.
        for (plain, encoded) in
            [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE")]
        {
            assert_eq!(base64url(plain.as_bytes()), encoded);
        }
        assert_eq!(base64url(&[0xfb, 0xff, 0xfe]), "-__-");
    }
}
