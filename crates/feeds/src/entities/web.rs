//! The shape of addresses with a scheme: where one begins, where its host is, and where it ends.
//!
//! RFC 3986 lets an address hold nearly anything, and prose puts commas, brackets and quotes right after it. So an
//! address ends at white space, quotes and angle brackets, at a bracket that closes what it didn't open, and before
//! the punctuation of its sentence. Reading is linear: what was looked at for one address is not looked at again.

/// The longest address that is taken as one, in bytes.
pub(super) const LONGEST: usize = 4096;

/// Schemes that an indicator may have; others (`jdbc:…`, `file://`) name no host that matters.
const SCHEMES: [&str; 20] = [
    "http", "https", "ftp", "ftps", "sftp", "ssh", "tcp", "udp", "ws", "wss", "smb", "ldap", "ldaps", "rmi",
    "telnet", "rtsp", "irc", "rdp", "vnc", "git",
];

/// An address with a scheme, in bytes of the text. Nothing is said yet of whether its host exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) start: usize,
    pub(super) host_start: usize,
    pub(super) host_end: usize,
    /// Where the host and port end and the path begins, or everything ends.
    pub(super) tail: usize,
    /// The end; the same as `tail` if the whole would be longer than [`LONGEST`].
    pub(super) end: usize,
}

/// All addresses with a scheme in `text`, in order, none within another.
pub(super) fn addresses(text: &str, most: usize) -> Vec<Address> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(step) = memchr::memmem::find(&bytes[at..], b"://") {
        let colon = at + step;
        at = colon + 3;
        let Some(start) = scheme_start(bytes, colon) else { continue };
        let Some((host_start, host_end)) = host(text, colon + 3) else { continue };
        let bracketed = bytes.get(host_start - 1) == Some(&b'[');
        let tail = port_end(bytes, host_end + usize::from(bracketed));
        let reached = tail_end(bytes, tail, usize::MAX);
        let end = if reached - start > LONGEST { tail } else { reached };
        at = reached;
        found.push(Address { start, host_start, host_end, tail, end });
        if found.len() >= most {
            break;
        }
    }
    found
}

/// Where the scheme that ends at `colon` begins. A word may be glued to `http` by a broken line, as iocextract knows.
fn scheme_start(bytes: &[u8], colon: usize) -> Option<usize> {
    let head = &bytes[..colon];
    let letters = head.iter().rev().take(16).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let word = &head[colon - letters..];
    let known = |scheme: &&&str| word.eq_ignore_ascii_case(scheme.as_bytes());
    if let Some(scheme) = SCHEMES.iter().find(known) {
        return Some(colon - scheme.len());
    }
    ["https", "http"].iter().find_map(|scheme| {
        let at = letters.checked_sub(scheme.len())?;
        word[at..].eq_ignore_ascii_case(scheme.as_bytes()).then(|| colon - scheme.len())
    })
}

/// Where the host of the authority at `at` is: after user and password, without the port.
fn host(text: &str, at: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let ends = |byte: &u8| matches!(byte, b'/' | b'?' | b'#') || is_stop(*byte);
    let authority = bytes.iter().skip(at).take(512).position(ends).unwrap_or(512);
    let authority = &bytes[at..(at + authority).min(bytes.len())];
    let start = at + memchr::memrchr(b'@', authority).map_or(0, |sign| sign + 1);
    if bytes.get(start) == Some(&b'[') {
        let length = bytes.iter().skip(start).take(48).position(|byte| *byte == b']')?;
        return Some((start + 1, start + length));
    }
    let end = host_end(text, start, 254);
    let (start, end) = trim(bytes, start, end);
    (end > start).then_some((start, end))
}

/// Where the run of a host's characters that begins at `start` ends; not more than `most` bytes away, or a little more.
pub(super) fn host_end(text: &str, start: usize, most: usize) -> usize {
    let Some(rest) = text.get(start..) else { return start };
    let mut end = start;
    for letter in rest.chars() {
        if !is_host_letter(letter) || end - start > most {
            break;
        }
        end += letter.len_utf8();
    }
    end
}

/// Letters that a host's name may have. Scripts that put no spaces between words are left out: their words would be
/// taken for a part of the name that they stand beside.
pub(super) fn is_host_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric()
        || matches!(letter, '.' | '-' | '_')
        || (!letter.is_ascii() && letter < '\u{2e80}' && letter.is_alphanumeric())
}

/// The range without the dots, dashes and underscores at its ends.
pub(super) fn trim(bytes: &[u8], mut start: usize, mut end: usize) -> (usize, usize) {
    let is_edge = |byte: u8| matches!(byte, b'.' | b'-' | b'_');
    while start < end && is_edge(bytes[end - 1]) {
        end -= 1;
    }
    while start < end && is_edge(bytes[start]) {
        start += 1;
    }
    (start, end)
}

/// Where the port that may follow a host at `at` ends.
pub(super) fn port_end(bytes: &[u8], at: usize) -> usize {
    if bytes.get(at) != Some(&b':') {
        return at;
    }
    let digits = bytes.iter().skip(at + 1).take(6).take_while(|byte| byte.is_ascii_digit()).count();
    if (1..=5).contains(&digits) { at + 1 + digits } else { at }
}

/// Where the path, query and fragment that may begin at `tail` end; no more than `most` bytes are looked at.
pub(super) fn tail_end(bytes: &[u8], tail: usize, most: usize) -> usize {
    let bytes = &bytes[..tail.saturating_add(most).min(bytes.len())];
    if !matches!(bytes.get(tail), Some(b'/' | b'?' | b'#')) {
        return tail;
    }
    // How many of `(`, `[` and `{` are open: each closes only what it opened.
    let mut open = [0usize; 3];
    let mut end = tail;
    while let Some(&byte) = bytes.get(end) {
        if is_stop(byte) || (byte == b',' && begins_address(&bytes[end + 1..])) {
            break;
        }
        if byte == 0xE2 && is_typographic(&bytes[end..]) {
            break;
        }
        if let Some(sort) = b"([{".iter().position(|sign| *sign == byte) {
            open[sort] += 1;
        }
        if let Some(sort) = b")]}".iter().position(|sign| *sign == byte) {
            if open[sort] == 0 {
                break;
            }
            open[sort] -= 1;
        }
        end += 1;
    }
    let kept = bytes[tail..end]
        .iter()
        .rposition(|byte| !matches!(byte, b'.' | b',' | b';' | b':' | b'!' | b'?' | b'*'));
    tail + kept.map_or(0, |last| last + 1)
}

fn begins_address(rest: &[u8]) -> bool {
    rest.get(..4).is_some_and(|head| head.eq_ignore_ascii_case(b"http"))
}

/// Typographic quotes, dashes and the ellipsis; the angle quotes are two bytes and rare.
fn is_typographic(rest: &[u8]) -> bool {
    matches!(rest, [0xE2, 0x80, 0x93 | 0x94 | 0x98..=0x9F | 0xA6, ..])
}

fn is_stop(byte: u8) -> bool {
    byte <= b' ' || matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'|' | b'`' | b'\\' | 0x7f)
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, addresses};

    fn written(text: &str) -> Vec<&str> {
        addresses(text, 100).iter().map(|found| &text[found.start..found.end]).collect()
    }

    #[test]
    fn an_address_ends_where_the_prose_goes_on() {
        for (text, address) in [
            ("see https://a.org/x/), or", "https://a.org/x/"),
            ("get('https://a.org/x.ps1');g", "https://a.org/x.ps1"),
            ("(https://a.org/x_(y))", "https://a.org/x_(y)"),
            ("[x](https://a.org/x)", "https://a.org/x"),
            ("at https://a.org/x?y=1, and", "https://a.org/x?y=1"),
            ("“https://a.org/x” said", "https://a.org/x"),
            ("linehttp://a.org/x", "http://a.org/x"),
            ("http://me:pass@a.org:8080/", "http://me:pass@a.org:8080/"),
            ("http://[2001:db8::1]:80/x", "http://[2001:db8::1]:80/x"),
            ("http://a.org.", "http://a.org"),
            ("https://a.org/x,https://b.org/y", "https://a.org/x"),
        ] {
            assert_eq!(written(text).first(), Some(&address), "{text}");
        }
        assert_eq!(written("https://a.org/x,https://b.org/y").len(), 2);
    }

    #[test]
    fn no_scheme_no_host_no_address() {
        for text in
            ["://", "http://", "x://a.org", "http:// a.org", "http://[::1", "http://...", "file://a/b"]
        {
            assert!(written(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn an_endless_path_is_cut_off_at_the_host() {
        let text = format!("http://a.org/{}", "x".repeat(LONGEST));
        assert_eq!(written(&text), ["http://a.org"]);
    }
}
