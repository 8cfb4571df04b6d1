//! The small encodings that requests come in. Each is bounded by its input and takes anything.

/// Decodes `%41` and, in forms and queries, `+`. What is no escape stays as it is; what is no UTF-8 is replaced.
pub(crate) fn percent_decoded(text: &str, plus_is_space: bool) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut place = 0;
    while let Some(&byte) = bytes.get(place) {
        let digit = |at: usize| bytes.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        match (byte, digit(place + 1), digit(place + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                place += 2;
            }
            (b'+', ..) if plus_is_space => decoded.push(b' '),
            _ => decoded.push(byte),
        }
        place += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// Reads a query or the body of a form.
pub(crate) fn form(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decoded(name, true), percent_decoded(value, true))
        })
        .collect()
}

/// Decodes base64 in either alphabet (RFC 4648), padded or not.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    let mut decoded = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut bits, mut kept) = (0_u32, 0);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        kept += 6;
        if kept >= 8 {
            kept -= 8;
            decoded.push((bits >> kept) as u8);
            bits &= (1 << kept) - 1;
        }
    }
    Some(decoded)
}

/// The parts of a `multipart/form-data` body (RFC 7578) by name. At most 16 parts.
pub(crate) fn multipart<'a>(content_type: &str, body: &'a [u8]) -> Option<Vec<(String, &'a [u8])>> {
    let boundary = content_type.split(';').find_map(|part| part.trim().strip_prefix("boundary="))?;
    let mark = format!("--{}", boundary.trim_matches('"')).into_bytes();
    let mut parts = Vec::new();
    let mut rest = body.get(find(body, &mark)? + mark.len()..)?;
    while parts.len() < 16 {
        let Some(part) = rest.strip_prefix(b"\r\n") else { break };
        let end = find(part, &mark)?;
        let head_end = find(part, b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(part.get(..head_end)?).into_owned();
        let name = head.split("name=\"").nth(1)?.split('"').next()?.to_owned();
        // The line break before a mark belongs to the mark.
        parts.push((name, part.get(head_end + 4..end.checked_sub(2)?)?));
        rest = part.get(end + mark.len()..)?;
    }
    Some(parts)
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    if what.is_empty() {
        return None;
    }
    bytes.windows(what.len()).position(|window| window == what)
}

/// A number that depends on nothing but the text (FNV-1a, then mixed as SplitMix64 does).
pub(crate) fn hash(text: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ hash >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ hash >> 31
}

#[cfg(test)]
mod tests {
    use super::{base64, form, multipart, percent_decoded};

    #[test]
    fn forms_and_paths_are_decoded_and_nonsense_stays() {
        assert_eq!(
            form("url=http%3A%2F%2Fa%2Fb%3Fc&x=a+b&&y"),
            [
                ("url".to_owned(), "http://a/b?c".to_owned()),
                ("x".to_owned(), "a b".to_owned()),
                ("y".to_owned(), String::new()),
            ]
        );
        assert_eq!(percent_decoded("a+b%2", false), "a+b%2");
        assert_eq!(percent_decoded("%zz%ff", false), "%zz\u{fffd}");
    }

    #[test]
    fn base64_is_read_in_both_alphabets() {
        assert_eq!(base64("aHR0cDovL2EvP34_").unwrap(), b"http://a/?~?");
        assert_eq!(base64("aWdub3Jl").unwrap(), b"ignore");
        assert_eq!(base64("aWdub3JlIQ==").unwrap(), b"ignore!");
        assert_eq!(base64("no base64"), None);
    }

    #[test]
    fn a_file_is_found_in_its_form() {
        let body = b"--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--b\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"x.jsonl\"\r\nContent-Type: application/jsonl\r\n\r\n\
            {}\n{}\n\r\n--b--\r\n";
        let parts = multipart("multipart/form-data; boundary=b", body).unwrap();
        assert_eq!(parts, [("purpose".to_owned(), &b"batch"[..]), ("file".to_owned(), &b"{}\n{}\n"[..])]);
        for cut in 0..body.len() {
            let _ = multipart("multipart/form-data; boundary=b", &body[..cut]);
        }
        assert_eq!(multipart("multipart/form-data", body), None);
    }
}
