//! Texts: which of them are HTML, and how they are wrapped.
//!
//! Atom says what its texts are (RFC 4287, section 3.1 and 4.1.3; Atom 0.3 by `type` and `mode`). RSS doesn't: its
//! texts are HTML if they look like it.

use super::base64;
use super::element::Element;
use super::model::{Format, Problem, Problems, Text};
use super::space::Space;
use super::{MAX_LINE_BYTES, MAX_TEXT_BYTES};

/// What an element says, or `None` if its content is elsewhere or no text.
pub(super) fn read(element: &Element, format: Format, problems: &mut Problems) -> Option<Text> {
    let mut text = if format.is_atom() && element.space.is_own() || is_atom(element.space) {
        of_atom(element)?
    } else {
        of_rss(element)
    };
    if text.value.len() > MAX_TEXT_BYTES {
        problems.note(Problem::TooLong);
        text.value.truncate(cut(&text.value, MAX_TEXT_BYTES).len());
    }
    Some(text)
}

fn is_atom(space: Space) -> bool {
    matches!(space, Space::Atom03 | Space::Atom10)
}

fn of_atom(element: &Element) -> Option<Text> {
    let media_type = element.attribute("type").unwrap_or("text").to_ascii_lowercase();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    let mode = element.attribute("mode").unwrap_or_default();
    if mode == "base64" {
        return from_base64(element);
    }
    let has_elements = element.elements().next().is_some();
    if has_elements && mode != "escaped" {
        return Some(Text { value: element.inner_markup().trim().to_owned(), markup: true });
    }
    let value = element.text().trim().to_owned();
    Some(match media_type {
        "text" | "text/plain" => Text { value, markup: false },
        "html" | "text/html" => Text { value, markup: true },
        // Markup of XML, with nothing marked up: its letters are what is meant.
        "xhtml" | "application/xhtml+xml" => Text { value, markup: mode == "escaped" },
        other if other.starts_with("text/") || other.ends_with("xml") => {
            let markup = looks_like_markup(&value);
            Text { value, markup }
        }
        _ if element.attribute("src").is_some() => return None,
        _ => return from_base64(element),
    })
}

fn from_base64(element: &Element) -> Option<Text> {
    let value = String::from_utf8(base64::decode(&element.text())).ok()?.trim().to_owned();
    // The type tells little here, as most feeds that do this leave it out.
    let markup = looks_like_markup(&value);
    Some(Text { value, markup })
}

fn of_rss(element: &Element) -> Text {
    if element.elements().next().is_some() {
        return Text { value: element.inner_markup().trim().to_owned(), markup: true };
    }
    let value = element.text().trim().to_owned();
    let plain = matches!(element.attribute("type"), Some("plain" | "text" | "text/plain"))
        && !looks_like_markup(&value);
    let markup = !plain && looks_like_markup(&value);
    Text { value, markup }
}

/// Whether there is a tag, a comment or a reference in it.
pub(super) fn looks_like_markup(value: &str) -> bool {
    let bytes = value.as_bytes();
    bytes.iter().enumerate().any(|(at, byte)| match byte {
        b'<' => matches!(bytes.get(at + 1), Some(b'a'..=b'z' | b'A'..=b'Z' | b'/' | b'!')),
        b'&' => {
            let end = bytes.len().min(at + 12);
            let name = bytes[at + 1..end]
                .iter()
                .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'#')
                .count();
            name > 0 && bytes.get(at + 1 + name) == Some(&b';')
        }
        _ => false,
    })
}

/// The text of an element that holds one line, cut; `None` if it is empty.
pub(super) fn line_of(element: &Element) -> Option<String> {
    let text = element.text();
    let line = cut(text.trim(), MAX_LINE_BYTES);
    (!line.is_empty()).then(|| line.to_owned())
}

/// The first `bytes` bytes, cut before the letter that would not fit.
pub(super) fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_references_look_like_markup_and_signs_do_not() {
        for markup in ["<p>", "a</b>", "<!-- x -->", "Q&amp;A", "&#8217;s"] {
            assert!(looks_like_markup(markup), "{markup}");
        }
        for plain in ["1 < 2", "AT&T", "a & b; c", "x <= y", "<3"] {
            assert!(!looks_like_markup(plain), "{plain}");
        }
    }

    #[test]
    fn cutting_never_splits_a_letter() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
        assert_eq!(cut("aé", 9), "aé");
    }
}
