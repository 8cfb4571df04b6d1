//! The cases of the public extractor ioc-finder that concern the kinds that are extracted here.
//!
//! Each case says everything that is to be found in a text, so what is found besides counts as a miss as well. The
//! cases know two sets of addresses of the web and of mail, a strict one and one of what a standard would allow; either
//! will do. What belongs to the kinds of ATT&CK counts as one kind.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use watchfire_feeds::entities::Part;
use watchfire_feeds::{EntityKind, Extractor, Found, Names};

/// Cases that differ, by their line in the file and their name, and why.
const DIFFERENT: [(usize, &str, &str); 5] = [
    (39, "domain-issue_104__domains_read_from_percent_encoded_url_query_params", FILE_OF_A_PATH),
    (
        40,
        "domain-issue_104__domains_read_from_percent_encoded_url_query_params__with_options_false",
        FILE_OF_A_PATH,
    ),
    (
        41,
        "domain-issue_104__domains_read_from_percent_encoded_url_query_params__with_options_false_2",
        FILE_OF_A_PATH,
    ),
    (51, "file_path_3", FILE),
    (53, "file_path_5", FILE),
];
const FILE_OF_A_PATH: &str =
    "the case takes the last piece of an address's path, a file `….zip`, for a domain of `.zip`";
const FILE: &str = "the case takes a file `….py` of a path in a home directory for a domain of Paraguay";

/// The fields of a case that hold a kind; the alternatives are parted by `|`, those that are joined by `+`.
const FIELDS: [(EntityKind, &str); 9] = [
    (EntityKind::Ip, "ipv4s+ipv6s"),
    (EntityKind::Network, "ipv4_cidrs"),
    (EntityKind::Domain, "domains"),
    (EntityKind::Url, "urls|urls_complete"),
    (EntityKind::Email, "email_addresses+xmpp_addresses|email_addresses_complete+xmpp_addresses"),
    (EntityKind::Hash, "md5s+sha1s+sha256s+sha512s"),
    (EntityKind::Cve, "cves"),
    (EntityKind::Attack, "attack_techniques+attack_tactics+attack_mitigations"),
    (EntityKind::Asn, "asns"),
];

#[test]
fn the_cases_of_ioc_finder_are_found() {
    let Some(data) = std::env::var_os("WATCHFIRE_DATA") else {
        eprintln!("skipped: WATCHFIRE_DATA is not set");
        return;
    };
    let path = std::path::Path::new(&data).join("ioc/ioc-finder-cases.jsonl");
    let Ok(cases) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} is absent", path.display());
        return;
    };
    let extractor = Extractor::new(Names::empty());
    let (mut met, mut concerned, mut wrong) = (0, 0, Vec::new());
    for (line, case) in cases.lines().enumerate() {
        let case: serde_json::Value = serde_json::from_str(case).unwrap();
        let id = case["id"].as_str().unwrap();
        let found = extractor.extract(case["text"].as_str().unwrap());
        let found = wanted(found, &case["options"]);
        let misses: Vec<String> = FIELDS
            .iter()
            .filter_map(|(kind, fields)| miss(*kind, fields, &case["expected"], &found))
            .collect();
        let named = DIFFERENT.iter().find(|(at, name, _)| *at == line + 1 && *name == id);
        concerned += usize::from(concerns(&case["expected"]));
        met += usize::from(misses.is_empty() && concerns(&case["expected"]));
        match (misses.is_empty(), named) {
            (false, None) => wrong.push(format!("line {}, {id}: {}", line + 1, misses.join("; "))),
            (true, Some(_)) => {
                wrong.push(format!("line {}, {id} is met, and in the table of misses", line + 1));
            }
            (false, Some((_, _, reason))) => {
                eprintln!("line {}, {id}: {reason}: {}", line + 1, misses.join("; "));
            }
            (true, None) => {}
        }
    }
    eprintln!("{met} of {concerned} cases with a kind that is extracted are met");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether a case expects anything of a kind that is extracted.
fn concerns(expected: &serde_json::Value) -> bool {
    FIELDS.iter().any(|(_, fields)| fields.split(['|', '+']).any(|field| expected.get(field).is_some()))
}

/// What a case's options let be found.
fn wanted(found: Vec<Found>, options: &serde_json::Value) -> Vec<Found> {
    let off = |option: &str| options.get(option).is_some_and(|value| value == false);
    let whole: Vec<(EntityKind, usize, usize)> =
        found.iter().map(|found| (found.entity.kind, found.start, found.end)).collect();
    let host_of = |found: &Found, kind: EntityKind| {
        found.part == Part::Host
            && whole.iter().any(|of| of.0 == kind && of.1 <= found.start && found.end <= of.2)
    };
    found
        .into_iter()
        .filter(|found| !(off("parse_domain_from_url") && host_of(found, EntityKind::Url)))
        .filter(|found| !(off("parse_domain_from_email_address") && host_of(found, EntityKind::Email)))
        .collect()
}

/// How what was found of a kind differs from what was expected.
fn miss(kind: EntityKind, fields: &str, expected: &serde_json::Value, found: &[Found]) -> Option<String> {
    let found: BTreeSet<String> = found
        .iter()
        .filter(|found| found.entity.kind == kind)
        .map(|found| one(kind, &found.entity.value))
        .collect();
    let mut differences = BTreeMap::new();
    for alternative in fields.split('|') {
        let mut wanted = BTreeSet::new();
        for field in alternative.split('+') {
            collect(kind, &expected[field], &mut wanted);
        }
        let missing: Vec<&String> = wanted.difference(&found).collect();
        let besides: Vec<&String> = found.difference(&wanted).collect();
        differences.insert(
            missing.len() + besides.len(),
            format!("{kind:?}: missing {missing:?}, besides {besides:?}"),
        );
    }
    let (count, difference) = differences.pop_first()?;
    (count > 0).then_some(difference)
}

/// All strings in a value: the kinds of ATT&CK are one level deeper.
fn collect(kind: EntityKind, value: &serde_json::Value, wanted: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::String(text) => {
            wanted.insert(one(kind, text));
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| collect(kind, value, wanted)),
        serde_json::Value::Object(fields) => fields.values().for_each(|value| collect(kind, value, wanted)),
        _ => {}
    }
}

/// One spelling for what may be spelt in many ways.
fn one(kind: EntityKind, text: &str) -> String {
    match kind {
        EntityKind::Ip => text.parse::<IpAddr>().map_or_else(|_| text.to_owned(), |ip| ip.to_string()),
        EntityKind::Asn => text.replacen("ASN", "AS", 1),
        EntityKind::Attack | EntityKind::Cve => text.to_ascii_uppercase(),
        _ => text.to_owned(),
    }
}
