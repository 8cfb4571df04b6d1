use super::Intel;
use crate::config::ListConfig;
use crate::opinion::{Match, Statement, merge};
use ipnet::Ipv4Net;
use proptest::prelude::*;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use watchfire_signal::{Indicator, IndicatorKind, Reputation};

fn config(path: &Path) -> ListConfig {
    ListConfig { path: path.to_path_buf(), reputation: None, name: None }
}

const fn domain(value: &str) -> Indicator<'_> {
    Indicator { kind: IndicatorKind::Domain, value }
}

const fn url(value: &str) -> Indicator<'_> {
    Indicator { kind: IndicatorKind::Url, value }
}

#[test]
fn handles_are_shared_between_threads() {
    const fn is_shared<T: Clone + Send + Sync + 'static>() {}
    is_shared::<Intel>();
}

#[test]
fn without_lists_nobody_was_asked() {
    let intel = Intel::empty();
    for kind in IndicatorKind::ALL {
        for value in ["1.2.3.4", "evil.example", "http://evil.example/x", "CVE-2021-44228", ""] {
            assert_eq!(intel.lookup(Indicator { kind, value }).reputation(), Reputation::NotAsked);
        }
    }
}

#[test]
fn not_asked_and_unknown_are_different_answers() {
    let (intel, _) = Intel::from_bytes(&[("a.txt", b"evil.example\n9.9.9.0/24\n192.168.7.7\n")]);
    assert_eq!(intel.lookup_domain("other.example"), Reputation::Unknown);
    assert_eq!(intel.lookup_cve("CVE-2021-44228"), Reputation::NotAsked);
    assert_eq!(intel.lookup_hash("d41d8cd98f00b204e9800998ecf8427e"), Reputation::NotAsked);
    let said = |address: &str| intel.lookup_ip(address.parse().unwrap());
    assert_eq!(said("8.8.8.8"), Reputation::Unknown);
    assert_eq!(said("9.9.9.200"), Reputation::Malicious);
    assert_eq!(said("10.0.0.1"), Reputation::NotAsked);
    assert_eq!(said("::ffff:10.0.0.1"), Reputation::NotAsked);
    assert_eq!(said("192.168.7.7"), Reputation::Malicious, "named by a list");
    // No value of its kind.
    assert_eq!(intel.lookup_domain("not a name"), Reputation::NotAsked);
    assert_eq!(
        intel.lookup(Indicator { kind: IndicatorKind::Ip, value: "x" }).reputation(),
        Reputation::NotAsked
    );
}

#[test]
fn a_value_is_understood_as_people_and_products_write_it() {
    let (intel, _) =
        Intel::from_bytes(&[("a.txt", b"evil.example\n1.2.3.4\nhost.example/a.sh\n2001:db8:1::1\n")]);
    for name in ["EVIL.example.", "evil[.]example", "www.evil.example:443", "1.2.3.4", " evil.example "] {
        assert_eq!(intel.lookup_domain(name), Reputation::Malicious, "{name}");
    }
    for address in ["1.2.3[.]4", "1.2.3.4:22", "::ffff:1.2.3.4", "[2001:db8:1::1]:22", "2001:DB8:1:0::1"] {
        let opinion = intel.lookup(Indicator { kind: IndicatorKind::Ip, value: address });
        assert_eq!(opinion.reputation(), Reputation::Malicious, "{address}");
    }
    for text in [
        "hxxp://host[.]example/a.sh",
        "https://HOST.example:443/a.sh?x#y",
        "host.example/a.sh",
        "http://host.example:8080/a.sh",
        "http://1.2.3.4:8080/",
        "https://www.evil.example/anything",
    ] {
        assert_eq!(intel.lookup_url(text), Reputation::Malicious, "{text}");
    }
    assert_eq!(intel.lookup_url("http://host.example/A.sh"), Reputation::Unknown, "paths have case");
    assert_eq!(intel.lookup_domain("host.example"), Reputation::Unknown, "a URL is not its host");
}

#[test]
fn a_good_host_does_not_vouch_for_its_urls() {
    let misp = br#"{"name": "Top", "type": "hostname", "matching_attributes": ["hostname"], "list": ["forge.example"]}"#;
    let (intel, _) = Intel::from_bytes(&[("top.json", misp), ("bad.txt", b"forge.example/evil/\n")]);
    assert_eq!(intel.lookup_domain("forge.example"), Reputation::Safe);
    assert_eq!(intel.lookup_url("https://forge.example/good"), Reputation::Info);
    let opinion = intel.lookup(url("https://forge.example/evil/x.exe?raw=1"));
    assert_eq!(opinion.reputation(), Reputation::Malicious);
    let statements = intel.explain(url("https://forge.example/evil/x.exe?raw=1"));
    let shown: Vec<_> =
        statements.iter().map(|says| (says.entry.as_str(), says.matched, says.reputation)).collect();
    assert_eq!(
        shown,
        [
            ("forge.example/evil/", Match::Prefix, Reputation::Malicious),
            ("forge.example", Match::Host, Reputation::Safe),
        ]
    );
}

#[test]
fn who_said_what_and_when_is_kept() {
    let misp = br#"{"name": "Top sites", "type": "string", "list": ["evil.example"]}"#;
    let files: [(&str, &[u8]); 2] =
        [("top.json", misp), ("bad.txt", b"# Reference: https://r.example/1\nevil.example\n")];
    let (intel, _) = Intel::from_bytes(&files);
    let opinion = intel.lookup(domain("evil.example"));
    assert!(opinion.is_disputed());
    let statements = intel.explain(domain("evil.example"));
    assert_eq!(merge(&statements), opinion.reputation());
    let [bad, good] = statements.as_slice() else { panic!("{statements:?}") };
    assert_eq!((&*bad.source, bad.reputation), ("bad", Reputation::Malicious));
    assert_eq!(bad.file.as_deref(), Some(Path::new("bad.txt")));
    assert_eq!(bad.evidence.as_deref(), Some("https://r.example/1"));
    assert_eq!(bad.when.unwrap().to_string(), "2023-11-14T22:13:20.000Z");
    assert_eq!((&*good.source, good.reputation), ("Top sites", Reputation::Safe));
}

#[test]
fn the_configuration_has_the_last_word_on_what_a_list_says() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ipsum.txt");
    fs::write(&file, "1.2.3.4\t9\n").unwrap();
    let (plain, _) = Intel::load(&[config(&file)]);
    let list = ListConfig { reputation: Some(Reputation::Info), name: Some("ours".into()), ..config(&file) };
    let (stated, _) = Intel::load(&[list]);
    let address = IpAddr::from([1, 2, 3, 4]);
    assert_eq!(plain.lookup_ip(address), Reputation::Malicious);
    assert_eq!(stated.lookup_ip(address), Reputation::Info);
    assert_ne!(plain.version(), stated.version());
    let statements = stated.explain(Indicator { kind: IndicatorKind::Ip, value: "1.2.3.4" });
    assert_eq!(&*statements[0].source, "ours");
    assert!(statements[0].when.is_some());
}

#[test]
fn a_list_that_cannot_be_read_answers_failed_and_stops_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("good.txt");
    fs::write(&file, "evil.example\n").unwrap();
    let (intel, problems) = Intel::load(&[config(&folder.path().join("missing.txt")), config(&file)]);
    assert_eq!(problems.len(), 1);
    assert_eq!(intel.lookup_domain("evil.example"), Reputation::Malicious);
    assert!(intel.lookup(domain("evil.example")).is_incomplete());
    assert_eq!(intel.lookup_domain("other.example"), Reputation::Failed);
    assert_eq!(intel.lookup_ip([10, 0, 0, 1].into()), Reputation::NotAsked);
    let statements = intel.explain(domain("other.example"));
    assert_eq!((&*statements[0].source, statements[0].reputation), ("missing", Reputation::Failed));
    assert!(statements[0].evidence.as_ref().unwrap().starts_with("can't be read"));
}

#[test]
fn a_change_is_noticed_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.txt");
    fs::write(&file, "one.example\n").unwrap();
    let (first, _) = Intel::load(&[config(folder.path())]);
    assert!(first.reload_if_changed().is_none());

    fs::write(&file, "one.example\ntwo.example\n").unwrap();
    let (second, problems) = first.reload_if_changed().expect("the file grew");
    assert!(problems.is_empty());
    assert_eq!(first.lookup_domain("two.example"), Reputation::Unknown, "the old one stays as it is");
    assert_eq!(second.lookup_domain("two.example"), Reputation::Malicious);
    assert_ne!(first.version(), second.version());

    fs::write(folder.path().join("b.txt"), "three.example\n").unwrap();
    let (third, _) = second.reload_if_changed().expect("a file came");
    assert_eq!(third.lookup_domain("three.example"), Reputation::Malicious);

    fs::remove_file(folder.path().join("b.txt")).unwrap();
    let (fourth, _) = third.reload_if_changed().expect("a file went");
    assert_eq!(fourth.lookup_domain("three.example"), Reputation::Unknown);
    assert_eq!(fourth.version(), second.version(), "the same content is the same version");

    fs::remove_dir_all(folder.path()).unwrap();
    let (fifth, problems) = fourth.reload_if_changed().expect("the folder went");
    assert_eq!(problems.len(), 1);
    assert_eq!(fifth.lookup_domain("one.example"), Reputation::Failed);
    assert!(fifth.reload_if_changed().is_none(), "a known failure is no change");
}

#[test]
fn the_version_is_that_of_the_content_not_of_where_it_is() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let version = |folder: &Path, content: &str| {
        let lists = folder.join("lists");
        fs::create_dir_all(&lists).unwrap();
        fs::write(lists.join("a.txt"), content).unwrap();
        Intel::load(&[config(&lists)]).0.version()
    };
    assert_eq!(version(one.path(), "a.example"), version(two.path(), "a.example"));
    assert_ne!(version(one.path(), "a.example"), version(two.path(), "b.example"));
}

/// One line of a list, and whether it speaks of a name or an address: the plainest way to say it.
#[derive(Debug, Clone)]
enum Line {
    Name(String),
    Network(Ipv4Net),
}

impl Line {
    fn text(&self) -> String {
        match self {
            Self::Name(name) => name.clone(),
            Self::Network(network) => network.to_string(),
        }
    }

    fn of_name(&self, asked: &str) -> Option<Match> {
        match self {
            Self::Name(name) if name == asked => Some(Match::Exact),
            Self::Name(name) if asked.ends_with(&format!(".{name}")) => Some(Match::Parent),
            _ => None,
        }
    }

    fn of_address(&self, asked: Ipv4Addr) -> Option<Match> {
        match self {
            Self::Network(network) if network.prefix_len() == 32 => {
                (network.addr() == asked).then_some(Match::Exact)
            }
            Self::Network(network) => network.contains(&asked).then_some(Match::Network),
            Self::Name(_) => None,
        }
    }
}

fn line() -> impl Strategy<Value = Line> {
    prop_oneof![
        "([ab]\\.){1,3}[cd]".prop_map(Line::Name),
        (0_u32..16, 26_u8..=32).prop_map(|(bits, length)| {
            // 1.1.1.0 to 1.1.1.15, in networks of all sizes around.
            Line::Network(Ipv4Net::new_assert(Ipv4Addr::from_bits(0x0101_0100 | bits), length))
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Looking up agrees with reading all lists from top to bottom.
    #[test]
    fn lookups_agree_with_reading_the_lists(
        lists in prop::collection::vec(
            (prop::sample::select(vec![Reputation::Info, Reputation::Safe, Reputation::Suspicious, Reputation::Malicious]),
             prop::collection::vec(line(), 0..12)),
            1..4),
        names in prop::collection::vec("([ab]\\.){1,4}[cd]", 8),
        addresses in prop::collection::vec(0_u32..32, 8),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut configs = Vec::new();
        for (number, (reputation, lines)) in lists.iter().enumerate() {
            let path = folder.path().join(format!("{number}.txt"));
            fs::write(&path, lines.iter().map(|line| line.text() + "\n").collect::<String>()).unwrap();
            configs.push(ListConfig { reputation: Some(*reputation), ..config(&path) });
        }
        let (intel, problems) = Intel::load(&configs);
        prop_assert!(problems.is_empty(), "{:?}", problems);

        let model = |is_kind: &dyn Fn(&Line) -> bool, matched: &dyn Fn(&Line) -> Option<Match>| {
            let lines = || lists.iter().flat_map(|(reputation, lines)| lines.iter().map(move |line| (*reputation, line)));
            let statements: Vec<Statement> = lines()
                .filter_map(|(reputation, line)| {
                    Some(Statement {
                        source: "model".into(), file: None, reputation, matched: matched(line)?,
                        entry: String::new(), evidence: None, when: None,
                    })
                })
                .collect();
            let nobody = if lines().any(|(_, line)| is_kind(line)) { Reputation::Unknown } else { Reputation::NotAsked };
            if statements.is_empty() { nobody } else { merge(&statements) }
        };
        for name in &names {
            let expected = model(&|line| matches!(line, Line::Name(_)), &|line| line.of_name(name));
            prop_assert_eq!(intel.lookup_domain(name), expected, "{}", name);
            let statements = intel.explain(domain(name));
            prop_assert!(statements.is_empty() || merge(&statements) == expected);
        }
        for bits in addresses {
            let address = Ipv4Addr::from_bits(0x0101_0100 | bits);
            let expected = model(&|line| matches!(line, Line::Network(_)), &|line| line.of_address(address));
            prop_assert_eq!(intel.lookup_ip(address.into()), expected, "{}", address);
        }
    }

    #[test]
    fn any_value_is_survived(kind in prop::sample::select(IndicatorKind::ALL.to_vec()), value in "\\PC{0,60}") {
        let (intel, _) = Intel::from_bytes(&[("a.txt", b"evil.example\nevil.example/a/\n/x\n1.2.3.0/24\n")]);
        let indicator = Indicator { kind, value: &value };
        let opinion = intel.lookup(indicator);
        let statements = intel.explain(indicator);
        prop_assert!(statements.is_empty() || merge(&statements) == opinion.reputation());
    }
}
