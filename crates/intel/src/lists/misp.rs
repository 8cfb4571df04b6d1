//! MISP warninglists.
//!
//! An object with `name`, `type`, `list` (an array of strings) and `matching_attributes`, by `schema.json` in the
//! MISP/misp-warninglists repository. MISP's own `Warninglist.php` gives the types their meaning:
//!
//! - `cidr`: addresses and networks;
//! - `string`: the value exactly. Several such lists (`microsoft`, `google`) write names with a leading dot, which can
//!   only be meant for what is under them, and is taken so;
//! - `hostname`: the name and all under it; a leading dot changes nothing;
//! - `substring`: MISP calls the list's text anywhere in a value a match, so that `a-mail.example` is found in
//!   `extra-mail.example`. The published lists of this type hold whole names and addresses; they are taken as
//!   `hostname`, which finds what is meant and not its look-alikes;
//! - `regex`: not evaluated. The two published lists of this type are about mail addresses and telephone numbers, which
//!   are no indicators here; entries are counted as left out.
//!
//! No `matching_attributes` means all. Entries about attributes that are no indicators here are left out.

use super::{Document, elements, line_of, meaning};
use crate::build::{ListWriter, Under, quoted};
use crate::claim::Note;
use crate::entry::Entry;
use crate::stats::slot;
use crate::survey::Origin;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use watchfire_signal::IndicatorKind;

/// An element of the list that may not have the expected type.
#[derive(Deserialize)]
struct Word<'a>(#[serde(borrow)] Cow<'a, str>);

fn word(value: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Word<'_>>(value.get()).ok().map(|Word(text)| text)
}

/// Reads a warninglist.
pub(super) fn read(
    list: &mut ListWriter<'_>,
    origin: &Origin,
    content: &[u8],
    entries: &RawValue,
    document: &Document<'_>,
) {
    list.format("misp");
    let name = document.name.and_then(word).unwrap_or_default();
    list.name(&name);
    let kind = document.kind.and_then(word).unwrap_or_default();
    let meaning = meaning::of_warninglist(&origin.slug);
    list.usual = meaning.reputation;
    list.under = match &*kind {
        _ if meaning.is_of_tops => Under::Never,
        "hostname" | "substring" => Under::Always,
        _ => Under::Starred,
    };
    let wanted = wanted(document.matching_attributes);
    let is_readable = matches!(&*kind, "cidr" | "string" | "hostname" | "substring");
    let elements = elements(list, entries);
    if !is_readable || !wanted.contains(&true) {
        list.left_out(elements.len() as u64);
        if wanted.contains(&true) && !elements.is_empty() {
            let reason = format!("a warninglist of type {}, which is not evaluated", quoted(&kind));
            list.problems.file(reason, "remove it, or turn it into a list of type `string` or `hostname`");
        }
        return;
    }
    for element in elements {
        let text = word(element);
        match text.as_deref().and_then(Entry::read) {
            Some(entry) if wanted[slot(entry.kind())] => list.add(entry, None, Note::NONE),
            Some(_) => list.left_out(1),
            None => {
                list.left_out(1);
                let shown =
                    || format!("{} is no indicator", quoted(text.as_deref().unwrap_or(element.get())));
                list.problems.line(
                    line_of(content, element),
                    shown,
                    "remove the entry, or report it to MISP",
                );
            }
        }
    }
}

/// Which kinds of indicators the attributes are about.
fn wanted(attributes: Option<&RawValue>) -> [bool; IndicatorKind::ALL.len()] {
    let attributes: Vec<&RawValue> =
        attributes.and_then(|array| serde_json::from_str(array.get()).ok()).unwrap_or_default();
    let mut wanted = [attributes.is_empty(); IndicatorKind::ALL.len()];
    for attribute in attributes.into_iter().filter_map(word) {
        // Composite attributes, such as `domain|ip`, are about each of their parts.
        for part in attribute.split('|') {
            let kind = match part {
                "ip" | "ip-src" | "ip-dst" => IndicatorKind::Ip,
                "domain" | "hostname" => IndicatorKind::Domain,
                "url" | "uri" | "link" => IndicatorKind::Url,
                "md5" | "sha1" | "sha224" | "sha256" | "sha384" | "sha512" => IndicatorKind::Hash,
                "vulnerability" => IndicatorKind::Cve,
                _ => continue,
            };
            wanted[slot(kind)] = true;
        }
    }
    wanted
}

#[cfg(test)]
mod tests {
    use crate::Intel;
    use watchfire_signal::{Indicator, IndicatorKind, Reputation};

    fn warninglist(kind: &str, attributes: &str, entries: &str) -> Vec<u8> {
        format!(
            r#"{{"name": "A\u001blist", "type": "{kind}", "version": 1, "description": "",
                "matching_attributes": [{attributes}], "list": [{entries}]}}"#
        )
        .into_bytes()
    }

    fn load(file: &str, content: &[u8]) -> (Intel, Vec<String>) {
        let (intel, problems) = Intel::from_bytes(&[(file, content)]);
        let shown = problems.iter().map(|problem| format!("{:?} {}", problem.line, problem.reason)).collect();
        (intel, shown)
    }

    #[test]
    fn networks_describe_and_include_their_addresses() {
        let content =
            warninglist("cidr", r#""ip-src", "domain|ip""#, r#""1.178.1.0/24", "1.0.0.1", "2600::/16""#);
        let (intel, problems) = load("amazon-aws.json", &content);
        assert_eq!(problems, [""; 0]);
        for address in ["1.178.1.77", "1.0.0.1", "2600::1", "::ffff:1.0.0.1"] {
            assert_eq!(intel.lookup_ip(address.parse().unwrap()), Reputation::Info, "{address}");
        }
        assert_eq!(intel.lookup_ip("1.0.0.2".parse().unwrap()), Reputation::Unknown);
        let statements = intel.explain(Indicator { kind: IndicatorKind::Ip, value: "1.178.1.77" });
        assert_eq!(&*statements[0].source, "A list", "control characters are taken out");
        assert_eq!(statements[0].entry, "1.178.1.0/24");
    }

    #[test]
    fn hostnames_include_what_is_under_them_and_strings_do_not() {
        let entries = r#""Known.example", ".dotted.example""#;
        let (intel, _) = load("hosts.json", &warninglist("hostname", r#""hostname""#, entries));
        for name in ["known.example", "www.known.example", "dotted.example", "a.b.dotted.example"] {
            assert_eq!(intel.lookup_domain(name), Reputation::Safe, "{name}");
        }
        assert_eq!(intel.lookup_domain("unknown.example"), Reputation::Unknown);
        assert_eq!(intel.lookup_domain("notknown.example"), Reputation::Unknown);

        let (intel, _) = load("strings.json", &warninglist("string", r#""hostname""#, entries));
        assert_eq!(intel.lookup_domain("known.example"), Reputation::Safe);
        assert_eq!(intel.lookup_domain("www.known.example"), Reputation::Unknown);
        assert_eq!(intel.lookup_domain("a.dotted.example"), Reputation::Safe);
    }

    #[test]
    fn a_list_of_tops_says_nothing_of_what_is_under_them() {
        let entries = r#""COM", ".co.uk""#;
        let (intel, _) =
            load("second-level-tlds/list.json", &warninglist("hostname", r#""domain""#, entries));
        assert_eq!(intel.lookup_domain("com"), Reputation::Info);
        assert_eq!(intel.lookup_domain("co.uk"), Reputation::Info);
        assert_eq!(intel.lookup_domain("example.com"), Reputation::Unknown);
        assert_eq!(intel.lookup_domain("example.co.uk"), Reputation::Unknown);
        // Nor does any other list, if it names one by mistake.
        let (intel, _) = load("mistaken.json", &warninglist("hostname", r#""domain""#, r#"".com""#));
        assert_eq!(intel.lookup_domain("example.com"), Reputation::Unknown);
    }

    #[test]
    fn what_is_about_other_things_is_left_out_and_counted() {
        let (intel, problems) =
            load("appid.json", &warninglist("string", r#""azure-application-id""#, r#""14d82eec-204b""#));
        assert_eq!((problems.len(), intel.stats().lists[0].left_out), (0, 1));
        let (intel, problems) = load("mail.json", &warninglist("regex", r#""email-src""#, r#""/^abuse@/""#));
        assert_eq!((problems.len(), intel.stats().lists[0].left_out), (0, 1));
        let (_, problems) = load("names.json", &warninglist("regex", r#""domain""#, r#""/^a/""#));
        assert_eq!(problems, ["None a warninglist of type \"regex\", which is not evaluated"]);
        let hash = "d41d8cd98f00b204e9800998ecf8427e";
        let content =
            warninglist("string", r#""md5", "filename|sha1""#, &format!(r#""{hash}", "3:", 5, "a.example""#));
        let (intel, problems) = load("empty-hashes.json", &content);
        assert_eq!(problems, ["Some(2) \"3:\" is no indicator", "Some(2) \"5\" is no indicator"]);
        assert_eq!(intel.lookup_hash(&hash.to_uppercase()), Reputation::Safe);
        assert_eq!(intel.stats().lists[0].left_out, 3);
        assert_eq!(intel.lookup_domain("a.example"), Reputation::NotAsked);
    }

    #[test]
    fn no_attributes_means_all() {
        let content = br#"{"name": "n", "type": "string", "list": ["a.example", "1.2.3.4"]}"#;
        let (intel, problems) = load("n.json", content);
        assert_eq!(problems, [""; 0]);
        assert_eq!(intel.lookup_domain("a.example"), Reputation::Safe);
        assert_eq!(intel.lookup_ip("1.2.3.4".parse().unwrap()), Reputation::Safe);
    }
}
