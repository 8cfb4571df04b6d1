//! From bytes to text: which encoding a body is in.
//!
//! RFC 7303, section 3, sets the order: byte order mark, then `charset` of the HTTP header, then the XML declaration,
//! then UTF-8. What is named is often wrong, so a body that doesn't fit the first answer is tried with the next ones:
//! text that is valid UTF-8 by its bytes is hardly ever something else. encoding_rs has no UTF-32; it is read by hand.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::model::{Problem, Problems};

/// How much of a document is searched for its declaration.
const DECLARATION_BYTES: usize = 1024;

/// Text, and what it was read as.
pub(super) struct Decoded {
    pub(super) text: String,
    pub(super) encoding: &'static str,
}

/// Makes text of a feed, without control characters, with `\n` at the end of lines.
pub(super) fn decode(bytes: &[u8], content_type: Option<&str>, problems: &mut Problems) -> Decoded {
    if let Some((text, encoding)) = utf32(bytes, problems) {
        return Decoded { text: clean(text, problems), encoding };
    }
    let declared = declared_charset(bytes);
    let charset = content_type.and_then(charset_of);
    let (text, encoding) = choose(bytes, charset.as_deref(), declared.as_deref(), problems);
    Decoded { text: clean(text, problems), encoding }
}

/// Makes text of a page of HTML: the same order, with `meta` for the XML declaration.
pub(crate) fn decode_html(bytes: &[u8], content_type: Option<&str>) -> String {
    let mut problems = Problems::default();
    let charset = content_type.and_then(charset_of);
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(DECLARATION_BYTES * 4)]).to_ascii_lowercase();
    let meta = head.find("charset").and_then(|at| charset_of(&head[at..]));
    choose(bytes, charset.as_deref(), meta.as_deref(), &mut problems).0
}

fn choose(
    bytes: &[u8],
    charset: Option<&str>,
    declared: Option<&str>,
    problems: &mut Problems,
) -> (String, &'static str) {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let (text, broken) = encoding.decode_without_bom_handling(&bytes[mark..]);
        if broken {
            problems.note(Problem::BadEncoding);
        }
        return (text.into_owned(), encoding.name());
    }
    let sniffed = sniffed(bytes);
    let mut tried = Vec::with_capacity(4);
    for label in [charset, declared].into_iter().flatten() {
        match Encoding::for_label(label.as_bytes()) {
            // A declaration that could be read as single bytes can't be UTF-16, whatever it says.
            Some(encoding) if sniffed.is_none() && (encoding == UTF_16LE || encoding == UTF_16BE) => {
                problems.note(Problem::WrongCharset);
            }
            Some(encoding) => tried.push(encoding),
            None => problems.note(Problem::WrongCharset),
        }
    }
    // Zero bytes between ASCII are stronger evidence than a declaration read through them.
    if let Some(encoding) = sniffed {
        tried.insert(0, encoding);
    }
    tried.push(UTF_8);
    for (at, encoding) in tried.iter().enumerate() {
        // us-ascii and iso-8859-1 are labels of windows-1252, in which nearly every byte is something. UTF-8 that is
        // read so is mojibake without an error: where the bytes are UTF-8, and not ASCII, they mean UTF-8.
        let certain = *encoding == WINDOWS_1252 && !bytes.is_ascii() && std::str::from_utf8(bytes).is_ok();
        if certain {
            problems.note(Problem::WrongCharset);
            continue;
        }
        if let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(bytes) {
            if at > 0 && tried[0] != *encoding {
                problems.note(Problem::WrongCharset);
            }
            return (text.into_owned(), encoding.name());
        }
    }
    // Nothing fits whole. What was named keeps most of the text; without a name it is Western text of old.
    let (encoding, problem) = match tried[..] {
        [first, _, ..] => (first, Problem::BadEncoding),
        _ if mostly_utf8(bytes) => (UTF_8, Problem::BadEncoding),
        _ => (WINDOWS_1252, Problem::WrongCharset),
    };
    problems.note(problem);
    (encoding.decode_without_bom_handling(bytes).0.into_owned(), encoding.name())
}

/// Whether most of the bytes above ASCII are UTF-8: then a stray byte is damage, not another encoding.
fn mostly_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().bytes().filter(|byte| !byte.is_ascii()).count();
        bad += chunk.invalid().len();
    }
    good > bad * 4
}

/// UTF-16 without a mark, told by where the zero bytes of `<` and its follower are (XML 1.0, appendix F).
fn sniffed(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [b'<' | b'{' | b'\n' | b' ', 0, second, 0, ..] if *second != 0 => Some(UTF_16LE),
        [0, b'<' | b'{' | b'\n' | b' ', 0, second, ..] if *second != 0 => Some(UTF_16BE),
        _ => None,
    }
}

/// UTF-32 with or without a mark.
fn utf32(bytes: &[u8], problems: &mut Problems) -> Option<(String, &'static str)> {
    let (big, skip) = match bytes {
        [0, 0, 0xfe, 0xff, ..] => (true, 4),
        [0xff, 0xfe, 0, 0, ..] => (false, 4),
        [0, 0, 0, b'<' | b'{' | b'\n' | b' ', ..] => (true, 0),
        [b'<' | b'{' | b'\n' | b' ', 0, 0, 0, ..] => (false, 0),
        _ => return None,
    };
    let units = bytes[skip..].as_chunks::<4>();
    if !units.1.is_empty() {
        problems.note(Problem::Truncated);
    }
    let mut text = String::with_capacity(bytes.len() / 4);
    for unit in units.0 {
        let number = if big { u32::from_be_bytes(*unit) } else { u32::from_le_bytes(*unit) };
        match char::from_u32(number) {
            Some(letter) => text.push(letter),
            None => {
                problems.note(Problem::BadEncoding);
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
    }
    Some((text, if big { "UTF-32BE" } else { "UTF-32LE" }))
}

/// The value of `charset` in a header or a `meta` element.
fn charset_of(header: &str) -> Option<String> {
    let at = header.to_ascii_lowercase().find("charset")?;
    let after = header[at + "charset".len()..].trim_start().strip_prefix('=')?.trim_start();
    let value = after.trim_start_matches(['"', '\'']);
    let end = value.find(|letter: char| !(letter.is_ascii_alphanumeric() || "-_.:+".contains(letter)));
    let label = &value[..end.unwrap_or(value.len())];
    (!label.is_empty()).then(|| label.to_owned())
}

/// The `encoding` of an XML declaration that is readable as ASCII.
fn declared_charset(bytes: &[u8]) -> Option<String> {
    let head = &bytes[..bytes.len().min(DECLARATION_BYTES)];
    // UTF-16 is looked through: its zero bytes are dropped.
    let head: String =
        head.iter().filter(|byte| byte.is_ascii() && **byte != 0).map(|byte| *byte as char).collect();
    let declaration = head.trim_start().strip_prefix("<?xml")?;
    let declaration = &declaration[..declaration.find("?>").or_else(|| declaration.find('>'))?];
    let after = &declaration[declaration.find("encoding")? + "encoding".len()..];
    let value = after.trim_start().strip_prefix('=')?.trim_start().trim_start_matches(['"', '\'']);
    let end = value.find(|letter: char| !(letter.is_ascii_alphanumeric() || "-_.:+".contains(letter)));
    Some(value[..end.unwrap_or(value.len())].to_owned())
}

/// Ends lines with `\n` and takes out what XML 1.0 forbids (section 2.2).
fn clean(text: String, problems: &mut Problems) -> String {
    let dirty = |letter: char| matches!(letter, '\0'..='\x08' | '\x0b'..='\x1f' | '\u{80}'..='\u{9f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    if !text.contains(dirty) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\r' => {
                if letters.peek() != Some(&'\n') {
                    out.push('\n');
                }
            }
            '\u{feff}' => {}
            // Nobody means the control characters of ISO 6429: these are quotes and dashes of windows-1252.
            '\u{80}'..='\u{9f}' => {
                out.push_str(&WINDOWS_1252.decode_without_bom_handling(&[letter as u8]).0);
            }
            letter if dirty(letter) => problems.note(Problem::ControlCharacters),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], content_type: Option<&str>) -> (String, &'static str, Vec<Problem>) {
        let mut problems = Problems::default();
        let decoded = decode(bytes, content_type, &mut problems);
        (decoded.text, decoded.encoding, problems.into_vec())
    }

    #[test]
    fn the_header_outranks_the_declaration_and_a_mark_outranks_both() {
        let declared = b"<?xml version='1.0' encoding='iso-8859-2'?><a>\xb1</a>";
        assert_eq!(read(declared, None).1, "ISO-8859-2");
        let (text, encoding, _) = read(declared, Some("text/xml; charset=\"koi8-r\""));
        assert_eq!((text.contains('╠') || text.contains('▒'), encoding), (true, "KOI8-R"));
        let marked = b"\xef\xbb\xbf<?xml version='1.0' encoding='koi8-r'?><a>\xc4\x85</a>";
        assert_eq!(read(marked, Some("text/xml; charset=koi8-r")).1, "UTF-8");
    }

    #[test]
    fn utf_8_that_is_called_latin_is_still_utf_8() {
        let (text, _, problems) = read("<a>naïve</a>".as_bytes(), Some("text/xml; charset=iso-8859-1"));
        assert_eq!(text, "<a>naïve</a>");
        assert_eq!(problems, [Problem::WrongCharset]);
    }

    #[test]
    fn wide_encodings_are_told_without_a_mark() {
        let text = "<a>Ω𝄞</a>";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let widest: Vec<u8> = text.chars().flat_map(|letter| (letter as u32).to_be_bytes()).collect();
        for (bytes, name) in [(little, "UTF-16LE"), (big, "UTF-16BE"), (widest, "UTF-32BE")] {
            assert_eq!(read(&bytes, None), (text.to_owned(), name, Vec::new()));
        }
    }

    #[test]
    fn bytes_that_are_no_utf_8_are_western_where_nothing_is_named() {
        let (text, encoding, problems) = read(b"<a>caf\xe9</a>", None);
        assert_eq!((text.as_str(), encoding), ("<a>café</a>", "windows-1252"));
        assert_eq!(problems, [Problem::WrongCharset]);
    }

    #[test]
    fn control_characters_go_and_lines_end_alike() {
        let (text, _, problems) = read(b"<a>\x00b\r\nc\rd\x1f</a>", None);
        assert_eq!(text, "<a>b\nc\nd</a>");
        assert_eq!(problems, [Problem::ControlCharacters]);
    }
}
