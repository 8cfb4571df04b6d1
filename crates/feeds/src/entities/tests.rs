//! What holds for a whole article: that nothing is lost in the defanging, that places are right, that all is bounded.

use super::{Extractor, Found, LONGEST_TEXT, MOST_FOUND, Names, Part};
use crate::EntityKind;
use proptest::prelude::*;
use std::sync::LazyLock;

static EXTRACTOR: LazyLock<Extractor> = LazyLock::new(|| Extractor::new(Names::embedded()));

/// The values of a kind, in order.
fn values(text: &str, kind: EntityKind) -> Vec<String> {
    let found = EXTRACTOR.extract(text).into_iter().filter(|found| found.entity.kind == kind);
    found.map(|found| found.entity.value).collect()
}

fn find(text: &str, value: &str) -> Option<Found> {
    EXTRACTOR.extract(text).into_iter().find(|found| found.entity.value == value)
}

#[test]
fn an_article_is_read_as_a_whole() {
    let text =
        "APT28 sent Emotet from hxxp://evil[.]top/x and 8.8.8[.]8 to Germany's energy sector (CVE-2024-3400)";
    let kinds: Vec<EntityKind> = EXTRACTOR.extract(text).iter().map(|found| found.entity.kind).collect();
    use EntityKind::{Actor, Country, Cve, Domain, Ip, Malware, Sector, Url};
    assert_eq!(kinds, [Actor, Malware, Url, Domain, Ip, Country, Sector, Cve]);
}

#[test]
fn what_only_looks_like_an_indicator_is_left_alone() {
    for text in [
        "upgrade to version 1.2.3.4, 1.2.3.5 or 1.2.3.6",
        "Windows v10.0.19041.1 and Chrome/17.0.63.56",
        "see readme.md, run update.sh or main.py, open invoice.zip",
        "C:\\Users\\foo.com and ~/bar/abc.com",
        "std::vector<a::b> at 12:30:45, Trojan.Win32.Agent.as",
        "the dot com bubble. It burst",
        "it was done.In the end",
        "com.android.vending.app, System.Net.Http, user.name()",
        "RFC 1918, T9000, as 2014, MS-DOS 3.30",
    ] {
        let found = EXTRACTOR.extract(text);
        let indicators: Vec<_> = found.iter().filter(|found| found.entity.kind <= EntityKind::Asn).collect();
        assert!(indicators.is_empty(), "{indicators:?}");
    }
}

#[test]
fn what_nobody_can_act_upon_is_found_but_not_certain() {
    for (text, value, certain) in [
        ("from 10.1.2.3", "10.1.2.3", false),
        ("from 203.0.113.7", "203.0.113.7", false),
        ("from 8.8.4.4", "8.8.4.4", true),
        ("at www.example.com", "www.example.com", false),
        ("at hxxp://evil[.]lan/x", "evil.lan", false),
        ("at https://a.top/?to=b.top", "b.top", false),
        ("at https://a.top/?to=b.top", "a.top", true),
        ("the technique T1059 alone", "T1059", false),
        ("the technique T1059 of ATT&CK", "T1059", true),
        ("the technique T1059.001", "T1059.001", true),
    ] {
        assert_eq!(find(text, value).map(|found| found.certain), Some(certain), "{text}");
    }
}

#[test]
fn what_the_caller_knows_as_good_is_not_certain() {
    let extractor = Extractor::new(Names::empty())
        .with_known_good(|entity| entity.kind == EntityKind::Domain && entity.value == "good.top");
    let found = extractor.extract("good.top and bad.top");
    assert_eq!(found.iter().map(|found| found.certain).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn a_host_says_of_what_it_is_a_part() {
    let text = "https://user@a.top:8080/x?u=b.top, c@d.top and e.top; 9.9.9.0/24";
    let part = |value: &str| find(text, value).unwrap().part;
    assert_eq!(part("https://user@a.top:8080/x?u=b.top"), Part::Whole);
    for (value, expected) in [
        ("a.top", Part::Host),
        ("b.top", Part::Inside),
        ("c@d.top", Part::Whole),
        ("d.top", Part::Host),
        ("e.top", Part::Whole),
        ("9.9.9.0/24", Part::Whole),
        ("9.9.9.0", Part::Host),
    ] {
        assert_eq!(part(value), expected, "{value}");
    }
}

#[test]
fn names_count_as_they_are_written() {
    use EntityKind::{Actor, Country, Malware, Product, Sector, Vendor};
    for (text, kind, expected) in [
        ("Cobalt Strike, CobaltStrike and cobalt-strike", Malware, vec!["Cobalt Strike"; 3]),
        ("the Play ransomware", Malware, vec!["Play"]),
        ("They play on. Play begins", Malware, vec![]),
        ("Conti is a name, the Conti gang is one", Malware, vec!["Conti"]),
        ("APT 28 alias Fancy Bear (STRONTIUM)", Actor, vec!["APT28"; 3]),
        ("rubidium and Strontium", Actor, vec![]),
        ("Microsoft Exchange Server fell", Product, vec!["Microsoft Exchange"]),
        ("Microsoft Exchange Server fell", Vendor, vec!["Microsoft"]),
        ("PAN-OS by Palo Alto Networks", Vendor, vec!["Palo Alto Networks"]),
        ("at https://www.microsoft.com/windows", Vendor, vec![]),
        ("HKLM\\Software\\Microsoft\\Windows", Vendor, vec![]),
        (
            "targets the financial, energy and water sectors",
            Sector,
            vec!["financial-services", "energy", "water"],
        ),
        ("it has the energy", Sector, vec![]),
        ("US and Polish firms told us to polish it", Country, vec!["US", "PL"]),
        ("New Mexico isn't Mexico", Country, vec!["MX"]),
        ("the Syrian Electronic Army", Country, vec![]),
        ("achieve and orchestrate an oraclet", Malware, vec![]),
    ] {
        assert_eq!(values(text, kind), expected, "{text}");
    }
}

#[test]
fn added_names_that_are_words_need_a_word_beside_them() {
    let mut names = Names::empty();
    names.add(EntityKind::Malware, "Empire", ["EmPyre"]);
    names.add(EntityKind::Malware, "at", []);
    names.add(EntityKind::Product, "Routinator 9000", []);
    let extractor = Extractor::new(names);
    let count = |text: &str| extractor.extract(text).len();
    assert_eq!(count("the Empire strikes at noon"), 0);
    assert_eq!(count("the Empire framework and empyre and a routinator 9000"), 3);
}

#[test]
fn each_entity_is_mentioned_once() {
    let mentions = EXTRACTOR.entities("a.top, then Emotet, then a[.]top");
    assert_eq!(mentions.len(), 2);
    assert_eq!((mentions[0].times, mentions[0].first, mentions[0].defanged), (2, 0, true));
    assert!(!mentions[1].defanged && mentions[1].entity.value == "Emotet");
}

#[test]
fn a_flood_is_cut_off() {
    let text = "1.2.3.4 Emotet a.top ".repeat(2 * LONGEST_TEXT / 21);
    let found = EXTRACTOR.extract(&text);
    assert_eq!(found.len(), MOST_FOUND);
    assert!(found.iter().all(|found| found.end < LONGEST_TEXT));
}

/// What each recogniser looks for, over and over: whoever reads anything twice would be at it for minutes.
#[test]
fn a_mebibyte_of_anything_is_read_at_once() {
    for piece in [
        "a",
        ".",
        ":",
        "::",
        "@",
        "a@",
        "a.",
        "a.com",
        "[",
        "[.",
        "[.]",
        "(((",
        " dot ",
        "a dot ",
        "hxxp",
        "http://",
        "http://a",
        "http://a.com/",
        "a.com/",
        "%",
        "1.",
        "1.2.3.4",
        "1.2.3.4,",
        "f",
        "f:",
        "é",
        "\u{200b}",
        "CVE-",
        "T1059",
        "Emotet",
        "Cobalt ",
        "US ",
        "energy ",
        "Play ",
        "\\.",
        "a-",
        "a_",
        "://",
        "//",
        "[:]",
        "dead:beef::1 ",
        "a@a.com",
    ] {
        let text = piece.repeat(LONGEST_TEXT / piece.len());
        assert!(EXTRACTOR.extract(&text).len() <= MOST_FOUND);
    }
}

/// What lookups take for a kind is what is extracted as it.
#[test]
fn lookups_read_what_is_extracted_as_the_same_kind() {
    use watchfire_signal::IndicatorKind;
    let text = "hxxp://evil[.]top/x from 8.8.4[.]4 by evil[.]top with CVE-2024-3400, md5 0123456789abcdef0123456789abcdee";
    let kinds = |found: &Found| match found.entity.kind {
        EntityKind::Url => Some(IndicatorKind::Url),
        EntityKind::Ip => Some(IndicatorKind::Ip),
        EntityKind::Domain => Some(IndicatorKind::Domain),
        EntityKind::Cve => Some(IndicatorKind::Cve),
        EntityKind::Hash => Some(IndicatorKind::Hash),
        _ => None,
    };
    let found = EXTRACTOR.extract(text);
    assert!(found.len() >= 6);
    for found in found {
        let read = watchfire_intel::classify(&found.entity.value).map(|indicator| indicator.kind);
        assert_eq!(read, kinds(&found), "{}", found.entity.value);
    }
}

/// An indicator without defanging, and its kind.
fn indicator() -> impl Strategy<Value = (EntityKind, String)> {
    let top = prop::sample::select(vec!["com", "org", "net", "top", "xyz", "co.uk", "de", "ru", "zip", "sh"]);
    let name = ("[a-z][a-z0-9]{2,9}(-[a-z0-9]{2,5})?(\\.[a-z][a-z0-9]{1,7})?", top)
        .prop_map(|(name, top)| format!("{name}.{top}"));
    let address = (11u8..=223, any::<u8>(), any::<u8>(), any::<u8>());
    prop_oneof![
        address.prop_map(|(a, b, c, d)| (EntityKind::Ip, format!("{a}.{b}.{c}.{d}"))),
        name.clone().prop_map(|name| (EntityKind::Domain, name)),
        ("https?", name.clone(), "(/[a-z0-9]{1,8}){0,3}")
            .prop_map(|(scheme, host, path)| { (EntityKind::Url, format!("{scheme}://{host}{path}")) }),
        ("[a-z][a-z0-9]{1,8}(\\.[a-z]{1,5})?", name)
            .prop_map(|(user, host)| (EntityKind::Email, format!("{user}@{host}"))),
    ]
}

/// A way to defang: what stands for a dot, an at, a scheme's letters and its colon. Whole strings, all at once.
fn defang(plain: &str, dot: &str, at: &str, scheme: &str, colon: &str) -> String {
    let (head, rest) = plain.split_once("://").map_or((None, plain), |(head, rest)| (Some(head), rest));
    let host_end = rest.find('/').unwrap_or(rest.len());
    let host = rest[..host_end].replace('.', dot).replace('@', at);
    let head = head.map(|head| format!("{}{colon}", head.replacen("http", scheme, 1))).unwrap_or_default();
    format!("{head}{host}{}", &rest[host_end..])
}

proptest! {
    #[test]
    fn a_defanged_indicator_is_found_as_the_plain_one(
        (kind, plain) in indicator(),
        dot in prop::sample::select(vec!["[.]", "(.)", "{.}", "<.>", "[dot]", "(DOT)", " [.] ", "[ . ]", "\\.", "[.", ".]", "[,]"]),
        at in prop::sample::select(vec!["[@]", "(@)", "[at]", "{AT}", " [at] ", "(at)"]),
        scheme in prop::sample::select(vec!["hxxp", "hXXp", "HXXP", "h**p", "htxp", "hxtp", "hzzp", "meow"]),
        colon in prop::sample::select(vec!["://", "[:]//", "[://]", ":\\/\\/", "(:)//", "[:][/][/]", " ://"]),
        before in prop::sample::select(vec!["", "see ", "(", "“", "C2: ", "- "]),
        after in prop::sample::select(vec!["", ".", ", and", ")", "”", "\n", "; x"]),
    ) {
        let text = format!("{before}{}{after}", defang(&plain, dot, at, scheme, colon));
        let found = EXTRACTOR.extract(&text);
        let hit = found.iter().find(|found| found.entity.kind == kind && found.entity.value == plain);
        prop_assert!(hit.is_some_and(|hit| hit.defanged), "{plain} in {text:?}: {found:?}");
    }

    #[test]
    fn any_text_is_survived_and_every_place_is_as_written(text in any_text()) {
        for found in EXTRACTOR.extract(&text) {
            prop_assert_eq!(text.get(found.start..found.end), Some(found.as_written.as_str()));
            prop_assert!(!found.as_written.is_empty() && !found.entity.value.is_empty());
        }
    }
}

/// Anything, and pieces that the recognisers look for in any order.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "\\PC{0,6}",
        "[a-zA-Z0-9.:/@\\[\\](){}<>\\\\ %_-]{0,12}",
        prop::sample::select(vec![
            "hxxp",
            "://",
            "[.]",
            " dot ",
            "evil.com",
            "1.2.3.4",
            "::",
            "user@",
            "[",
            "CVE-2024-",
            "T1059",
            "%2F",
            "Emotet",
            "Cobalt Strike",
            "\u{200b}",
            "İ",
            "中文",
            "é",
            "[::1]",
            "/24",
            "version ",
            "AS ",
            "0123456789abcdef",
            "http://[",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}
