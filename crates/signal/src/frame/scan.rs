//! Finds where JSON values and CSV records end, without reading them.

use memchr::{memchr, memchr2, memchr3};
use std::ops::Range;

/// Where the JSON object that starts at `start` ends (one past its brace), or `None` if `bytes` ends first.
///
/// Only strings and braces are looked at: whether what is between them is JSON is the reader's business.
pub(super) fn object_end(bytes: &[u8], start: usize) -> Option<usize> {
    debug_assert_eq!(bytes.get(start), Some(&b'{'));
    let mut depth = 0_usize;
    let mut at = start;
    loop {
        at += memchr3(b'"', b'{', b'}', bytes.get(at..)?)?;
        match bytes[at] {
            b'"' => at = string_end(bytes, at)?,
            b'{' => {
                depth += 1;
                at += 1;
            }
            _ => {
                depth -= 1;
                at += 1;
                if depth == 0 {
                    return Some(at);
                }
            }
        }
    }
}

/// One past the closing quote of the string that opens at `at`.
fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// One past the newline that ends the CSV record starting at `start` (RFC 4180: a newline inside quotes does not), or
/// `None` if `bytes` ends first.
pub(super) fn csv_record_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut quoted = false;
    let mut at = start;
    loop {
        at += memchr2(b'"', b'\n', bytes.get(at..)?)?;
        match bytes[at] {
            b'"' => quoted = !quoted,
            _ if !quoted => return Some(at + 1),
            _ => {}
        }
        at += 1;
    }
}

/// The CSV records at the start of `bytes`, and where the last of them ends.
///
/// A quote that is never closed must not cost every row below it. Where nothing more is to come (`ended`), or the first
/// record is longer than one may be (`too_long`), the line that opens the quote is a record by itself, for the parser
/// to judge, and the next one starts on the line below. That line holds an odd number of quotes and each line below it
/// an even one, or the quote would have been closed: so this happens once, and costs one more look at most.
pub(super) fn csv_records(bytes: &[u8], ended: bool, too_long: bool) -> (Vec<Range<usize>>, usize) {
    let mut ranges = Vec::new();
    let mut start = 0;
    while start < bytes.len() {
        let end = match csv_record_end(bytes, start) {
            Some(end) => Some(end),
            None if ended => Some(newline(bytes, start).map_or(bytes.len(), |at| at + 1)),
            None if too_long && start == 0 => newline(bytes, start).map(|at| at + 1),
            None => None,
        };
        let Some(end) = end else { break };
        ranges.push(start..end);
        start = end;
    }
    (ranges, start)
}

/// If the object at `start` opens with a list of records (`{"Records":[`), where the list's first element may begin.
///
/// CloudTrail and GuardDuty put a whole file into one such object; cut apart, its size does not matter.
pub(super) fn wrapper_body(bytes: &[u8], start: usize) -> Option<usize> {
    const NAMES: [&[u8]; 4] = [b"\"Records\"", b"\"records\"", b"\"Findings\"", b"\"findings\""];
    let skip_space = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        at
    };
    let at = skip_space(start + 1);
    let name = NAMES.iter().find(|name| bytes.get(at..).is_some_and(|rest| rest.starts_with(name)))?;
    let at = skip_space(at + name.len());
    let at = skip_space((bytes.get(at) == Some(&b':')).then_some(at + 1)?);
    (bytes.get(at) == Some(&b'[')).then_some(at + 1)
}

/// Where the value ends that reaches from one brace to its counterpart: there, unless that is no JSON. Then a stray quote
/// or brace has made several lines pass for one value, and it ends where the next line opens an object.
pub(super) fn value_end(bytes: &[u8], range: Range<usize>) -> usize {
    let value = &bytes[range.clone()];
    match next_object_line(value) {
        Some(next) if serde_json::from_slice::<serde::de::IgnoredAny>(value).is_err() => range.start + next,
        _ => range.end,
    }
}

/// The next newline at or after `from`, or `None`.
pub(super) fn newline(bytes: &[u8], from: usize) -> Option<usize> {
    memchr(b'\n', bytes.get(from..)?).map(|at| from + at)
}

/// Whether the text after a line end goes on with an object.
pub(super) fn looks_like_object(bytes: &[u8]) -> bool {
    bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
}

/// Where the next line that opens an object starts, after the first byte.
pub(super) fn next_object_line(bytes: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes.get(1..)?, b"\n{").map(|at| at + 2)
}

#[cfg(test)]
mod tests {
    use super::{csv_record_end, csv_records, object_end, value_end, wrapper_body};

    #[test]
    fn braces_inside_strings_do_not_count() {
        let text = br#"{"a":"}\"{","b":{"c":1}} {"#;
        assert_eq!(object_end(text, 0), Some(24));
        assert_eq!(object_end(b"{\"a\":\"\\", 0), None);
        assert_eq!(object_end(b"{{}", 0), None);
    }

    #[test]
    fn a_stray_quote_does_not_cost_the_lines_below_it() {
        let text = b"{\"a\":\"x}\n{\"b\":1}\n{\"c\":\"}\"}";
        let end = object_end(text, 0).unwrap();
        assert!(end > 9, "the quotes pair up wrongly");
        assert_eq!(value_end(text, 0..end), 9);
        let sound = b"{\"a\":\n{\"b\":1}}";
        assert_eq!(value_end(sound, 0..sound.len()), sound.len());
    }

    #[test]
    fn newlines_inside_quotes_do_not_count() {
        assert_eq!(csv_record_end(b"a,\"b\nc\"\"\n\",d\nrest", 0), Some(13));
        assert_eq!(csv_record_end(b"a,\"b\n", 0), None);
    }

    #[test]
    fn an_open_quote_costs_its_own_line_once_nothing_can_close_it() {
        let text = b"a\nb,\"c\nd,\"e\"\nf";
        let first = 0..2;
        assert_eq!(csv_records(text, false, false), (Vec::from([first]), 2));
        assert_eq!(csv_records(text, true, false), (vec![0..2, 2..7, 7..13, 13..14], 14));
        assert_eq!(csv_records(&text[2..], false, false), (vec![], 0));
        assert_eq!(csv_records(&text[2..], false, true), (vec![0..5, 5..11], 11));
        assert_eq!(csv_records(b"\"a", false, true), (vec![], 0));
    }

    #[test]
    fn a_list_of_records_is_seen_through_white_space() {
        assert_eq!(wrapper_body(b"{ \"Records\" : [ {", 0), Some(15));
        assert_eq!(wrapper_body(b"{\"Recordings\":[", 0), None);
    }
}
