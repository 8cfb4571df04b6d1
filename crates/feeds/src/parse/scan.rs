//! Tags and text of a document, whatever is wrong with it.
//!
//! quick-xml finds the pieces. It stops at the first error of syntax, so this puts it back on its feet: behind a `<`
//! that was no tag, or at the end of a tag whose quotes don't close. Each such step reads some of the document again.
//! [`Scanner::work`] counts the bytes, and where they come to more than [`MAX_PASSES`] times the document, the rest
//! is left: that is what keeps a megabyte of `<!DOCTYPE` linear.

use quick_xml::Error;
use quick_xml::Reader;
use quick_xml::errors::SyntaxError;
use quick_xml::events::Event;

use super::model::{Problem, Problems};

/// How often a document is read over, at most.
pub(super) const MAX_PASSES: u64 = 4;
/// What may be read again of even the smallest document.
const FREE_BYTES: u64 = 4 << 10;

/// A piece of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// `name` and the attributes behind it, unread.
    Start { name: &'a str, attributes: &'a str, empty: bool },
    /// `</name>`.
    End { name: &'a str },
    /// Text without references.
    Text(&'a str),
    /// The name in `&name;`.
    Reference(&'a str),
    /// What is between `<!DOCTYPE` and its end.
    Doctype(&'a str),
}

/// The pieces of a text, one after the other.
pub(super) struct Scanner<'a> {
    text: &'a str,
    /// Where the current reader began.
    origin: usize,
    reader: Reader<&'a [u8]>,
    done: bool,
    work: u64,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, origin: 0, reader: reader_of(text), done: false, work: 0 }
    }

    /// Bytes that were looked at so far, those looked at again counted again.
    #[cfg(test)]
    pub(super) fn work(&self) -> u64 {
        self.work
    }

    /// The next piece, or `None` at the end.
    pub(super) fn next(&mut self, problems: &mut Problems) -> Option<Piece<'a>> {
        while !self.done {
            if self.work > self.text.len() as u64 * MAX_PASSES + FREE_BYTES {
                problems.note(Problem::GaveUp);
                self.done = true;
                break;
            }
            let start = self.position();
            let event = self.reader.read_event();
            let end = self.position();
            self.work += (end - start) as u64;
            let Some(raw) = self.text.get(start..end) else {
                // Positions are those of ASCII signs; this is for a reader that is changed one day.
                self.done = true;
                break;
            };
            match event {
                Ok(Event::Start(_) | Event::Empty(_)) => return Some(self.start(raw, start, problems)),
                Ok(Event::End(_)) => {
                    let name = raw.trim_start_matches("</").trim_end_matches('>');
                    let name = name.split_whitespace().next().unwrap_or_default();
                    return Some(Piece::End { name });
                }
                Ok(Event::Text(_)) => {
                    if raw.contains('&') {
                        problems.note(Problem::LoneAmpersand);
                    }
                    return Some(Piece::Text(raw));
                }
                Ok(Event::CData(_)) => return Some(Piece::Text(inside(raw, "<![CDATA[", "]]>"))),
                Ok(Event::GeneralRef(_)) => return Some(Piece::Reference(inside(raw, "&", ";"))),
                Ok(Event::DocType(_)) => return Some(Piece::Doctype(raw)),
                Ok(Event::Comment(_) | Event::PI(_) | Event::Decl(_)) => {}
                Ok(Event::Eof) => self.done = true,
                Err(error) => {
                    if let Some(piece) = self.recover(&error, start, problems) {
                        return Some(piece);
                    }
                }
            }
        }
        None
    }

    fn position(&self) -> usize {
        self.origin + self.reader.buffer_position() as usize
    }

    fn restart(&mut self, at: usize) {
        self.origin = at;
        self.reader = reader_of(self.text.get(at..).unwrap_or_default());
    }

    /// A start tag, unless it turns out to be a sign of less-than or a tag that another one begins in.
    fn start(&mut self, raw: &'a str, start: usize, problems: &mut Problems) -> Piece<'a> {
        let content = inside(raw, "<", ">");
        if !content.starts_with(|letter: char| letter.is_alphabetic() || matches!(letter, '_' | ':')) {
            problems.note(Problem::BadNesting);
            self.restart(start + 1);
            return Piece::Text("<");
        }
        let content = match unquoted_less_than(content) {
            Some(at) => {
                problems.note(Problem::BadNesting);
                self.restart(start + 1 + at);
                &content[..at]
            }
            None => content,
        };
        tag(content)
    }

    /// What can be had of a piece that has no end, found at `start`.
    fn recover(&mut self, error: &Error, start: usize, problems: &mut Problems) -> Option<Piece<'a>> {
        let Error::Syntax(error) = error else {
            // The others are about form alone: the reader has passed them by.
            problems.note(Problem::BadNesting);
            return None;
        };
        let rest = self.text.get(start..).unwrap_or_default();
        match error {
            SyntaxError::UnclosedCData => {
                problems.note(Problem::Truncated);
                self.done = true;
                Some(Piece::Text(rest.strip_prefix("<![CDATA[").unwrap_or(rest)))
            }
            SyntaxError::UnclosedComment => {
                problems.note(Problem::Truncated);
                self.done = true;
                None
            }
            SyntaxError::UnclosedTag
            | SyntaxError::UnclosedSingleQuotedAttributeValue
            | SyntaxError::UnclosedDoubleQuotedAttributeValue => {
                let Some(end) = rest.find('>') else {
                    problems.note(Problem::Truncated);
                    self.done = true;
                    return None;
                };
                problems.note(Problem::BadNesting);
                self.restart(start + end + 1);
                match rest[1..end].strip_prefix('/') {
                    Some(name) => {
                        Some(Piece::End { name: name.split_whitespace().next().unwrap_or_default() })
                    }
                    None => Some(tag(&rest[1..end])),
                }
            }
            SyntaxError::InvalidBangMarkup
            | SyntaxError::UnclosedPI
            | SyntaxError::UnclosedXmlDecl
            | SyntaxError::UnclosedDoctype => {
                problems.note(Problem::BadNesting);
                self.restart(start + 1);
                Some(Piece::Text("<"))
            }
        }
    }
}

fn reader_of(text: &str) -> Reader<&[u8]> {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.allow_dangling_amp = true;
    config.allow_unmatched_ends = true;
    config.check_end_names = false;
    reader
}

fn inside<'a>(raw: &'a str, before: &str, behind: &str) -> &'a str {
    let raw = raw.strip_prefix(before).unwrap_or(raw);
    raw.strip_suffix(behind).unwrap_or(raw)
}

fn tag(content: &str) -> Piece<'_> {
    let (content, empty) = match content.strip_suffix('/') {
        Some(content) => (content, true),
        None => (content, false),
    };
    let end = content.find(|letter: char| letter.is_whitespace() || letter == '/').unwrap_or(content.len());
    Piece::Start { name: &content[..end], attributes: &content[end..], empty }
}

/// Where another tag begins in a tag whose `>` was forgotten.
fn unquoted_less_than(content: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in content.bytes().enumerate() {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            (None, b'<') => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> (Vec<Piece<'_>>, Vec<Problem>, u64) {
        let mut problems = Problems::default();
        let mut scanner = Scanner::new(text);
        let mut pieces = Vec::new();
        while let Some(piece) = scanner.next(&mut problems) {
            pieces.push(piece);
        }
        (pieces, problems.into_vec(), scanner.work())
    }

    #[test]
    fn pieces_of_a_sound_document_cover_it() {
        let (found, problems, _) = pieces("<a b='>'>x&amp;<![CDATA[<y>]]></a><c/>");
        let expected = [
            Piece::Start { name: "a", attributes: " b='>'", empty: false },
            Piece::Text("x"),
            Piece::Reference("amp"),
            Piece::Text("<y>"),
            Piece::End { name: "a" },
            Piece::Start { name: "c", attributes: "", empty: true },
        ];
        assert_eq!(found, expected);
        assert_eq!(problems, []);
    }

    #[test]
    fn a_sign_of_less_than_is_text_and_a_forgotten_end_ends_nothing_else() {
        assert_eq!(pieces("<a>1 < 2</a>").0[1..3], [Piece::Text("1 "), Piece::Text("<")]);
        let (found, problems, _) = pieces("<title <link>x</link>");
        assert_eq!(found[0], Piece::Start { name: "title", attributes: " ", empty: false });
        assert_eq!(found[1], Piece::Start { name: "link", attributes: "", empty: false });
        assert_eq!(problems, [Problem::BadNesting]);
    }

    #[test]
    fn a_quote_that_never_closes_costs_one_tag() {
        let (found, _, _) = pieces("<a b='><c>x</c></a>");
        assert_eq!(found[1], Piece::Start { name: "c", attributes: "", empty: false });
    }

    #[test]
    fn the_work_on_what_never_ends_is_linear() {
        for piece in [
            "<a>",
            "&amp;",
            "&",
            "&x",
            "<",
            "<![CDATA[",
            "<!--",
            "<!DOCTYPE",
            "<?",
            "<?xml ",
            "<a ",
            "<a b='",
            "</",
            "<!",
            "<!DOCTYPE a [<!ENTITY ",
        ] {
            for tail in ["", ">", "'>", "]]>", "]>"] {
                let mut text = piece.repeat((1 << 20) / piece.len());
                text.push_str(tail);
                let (_, _, work) = pieces(&text);
                // One more step may be taken when the bound is met, and no step is longer than the document.
                let bound = text.len() as u64 * (MAX_PASSES + 1) + FREE_BYTES;
                assert!(work <= bound, "{piece}…{tail}: {work} bytes of work");
            }
        }
    }
}
