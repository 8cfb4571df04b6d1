//! The formats that lists come in.
//!
//! A file is told by its first character: JSON is a MISP warninglist or the KEV catalogue, by its keys; anything
//! else is plain text with an entry a line. What an entry is, is told entry by entry, so that mixed lists, and lists
//! of unexpected things, work.

mod kev;
mod meaning;
mod misp;
mod plain;

use crate::build::{Builder, ListWriter};
use crate::config::ListProblem;
use crate::survey::Origin;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// How far a file is looked into to tell text from anything else, in bytes.
const SNIFFED: usize = 1024;

const HINT_FORMATS: &str =
    "lists are plain text with an entry a line, MISP warninglists, or the CISA KEV catalogue";

/// Reads a list from its bytes into the builder, and says what was left out. A list that can't be read at all is
/// noted as failed.
pub(crate) fn read(builder: &mut Builder, origin: &Origin, content: &[u8]) -> Vec<ListProblem> {
    let mut list = builder.list(origin, content);
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let first = content.iter().find(|byte| !byte.is_ascii_whitespace());
    if content[..content.len().min(SNIFFED)].contains(&0) {
        let reason = "not text".to_owned();
        list.fail(&reason);
        list.problems.file(reason, "lists are not compressed: unpack the file");
    } else if matches!(first, Some(b'{')) {
        json(&mut list, origin, content);
    } else {
        plain::read(&mut list, &origin.slug, content);
    }
    list.finish()
}

/// The keys that tell the JSON formats apart, with their values unread.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(rename = "$schema")]
    schema: Option<IgnoredAny>,
    #[serde(borrow)]
    vulnerabilities: Option<&'a RawValue>,
    #[serde(borrow)]
    list: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    matching_attributes: Option<&'a RawValue>,
}

fn json(list: &mut ListWriter<'_>, origin: &Origin, content: &[u8]) {
    let document: Document<'_> = match serde_json::from_slice(content) {
        Ok(document) => document,
        Err(error) => {
            let line = error.line() as u64;
            list.fail("not JSON");
            list.problems.line(
                line,
                || format!("not JSON: {error}"),
                "fetch the file again; it may be cut short",
            );
            return;
        }
    };
    if let Some(vulnerabilities) = document.vulnerabilities {
        kev::read(list, content, vulnerabilities);
    } else if let Some(entries) = document.list {
        misp::read(list, origin, content, entries, &document);
    } else if document.schema.is_none() {
        // A JSON schema lies beside the lists that it describes, and is none.
        list.problems.file("no list that this version knows".into(), HINT_FORMATS);
    }
}

/// Cuts a JSON array into its elements, each still JSON.
fn elements<'a>(list: &mut ListWriter<'_>, array: &'a RawValue) -> Vec<&'a RawValue> {
    let elements = serde_json::from_str(array.get());
    elements.unwrap_or_else(|_| {
        list.fail("no list that this version knows");
        list.problems
            .file("no list that this version knows: its entries are not an array".into(), HINT_FORMATS);
        Vec::new()
    })
}

/// The line that a part of the content is in. The part must borrow from the content.
fn line_of(content: &[u8], part: &RawValue) -> u64 {
    let offset = (part.get().as_ptr() as usize).saturating_sub(content.as_ptr() as usize);
    let before = &content[..offset.min(content.len())];
    memchr::memchr_iter(b'\n', before).count() as u64 + 1
}

#[cfg(test)]
mod tests {
    use crate::Intel;
    use proptest::prelude::*;
    use watchfire_signal::{IndicatorKind, Reputation};

    fn problems(content: &[u8]) -> Vec<String> {
        let (_, problems) = Intel::from_bytes(&[("a.json", content)]);
        problems.iter().map(|problem| format!("{:?} {}", problem.line, problem.reason)).collect()
    }

    #[test]
    fn json_that_is_no_list_is_named_as_such() {
        assert_eq!(problems(br#"{"objects": []}"#), ["None no list that this version knows"]);
        let (intel, _) = Intel::from_bytes(&[("schema.json", br#"{"$schema": "x", "properties": {}}"#)]);
        assert!(intel.stats().lists.is_empty(), "a schema lies beside lists, and is none");
        assert_eq!(
            problems(br#"{"name": "n", "type": "string", "list": {"a.example": 1}}"#),
            ["None no list that this version knows: its entries are not an array"]
        );
        assert_eq!(problems(b"\x1f\x8b\x08\x00\x00"), ["None not text"]);
    }

    #[test]
    fn json_cut_short_fails_its_list_and_no_other() {
        let files: [(&str, &[u8]); 2] =
            [("cut.json", b"{\"name\": \"n\",\n \"list\": [\"a.exa"), ("good.txt", b"evil.example")];
        let (intel, problems) = Intel::from_bytes(&files);
        assert_eq!((problems.len(), problems[0].line), (1, Some(2)));
        assert_eq!(intel.lookup_domain("evil.example"), Reputation::Malicious);
        assert_eq!(intel.lookup_domain("other.example"), Reputation::Failed);
        assert_eq!(intel.stats().entries(IndicatorKind::Domain), 1);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(content in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = problems(&content);
        }

        #[test]
        fn any_json_with_the_right_keys_is_survived(
            key in prop::sample::select(vec!["list", "vulnerabilities"]),
            value in r#"(\[|\{|"|,|:|\]|\}|[0-9]|null|"cveID"|"a.example"){0,12}"#,
        ) {
            let _ = problems(format!(r#"{{"{key}": {value}, "type": "string"}}"#).as_bytes());
        }
    }
}
