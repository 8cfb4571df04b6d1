use super::{Entry, Location, MAX_ENTRY, cve, digest, domain};
use proptest::prelude::*;

/// One line that tells what an entry was taken for.
fn shown(text: &str) -> String {
    let text_of = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match Entry::read(text) {
        None => "nothing".into(),
        Some(Entry::Address { address, port }) => format!("address {address} {port:?}"),
        Some(Entry::Network(network)) => format!("network {network}"),
        Some(Entry::Domain { name, port, starred }) => {
            format!("domain {} {port:?} {starred}", text_of(&name))
        }
        Some(Entry::Url(key)) => format!("url {}", text_of(&key)),
        Some(Entry::Path(path)) => format!("path {}", text_of(&path)),
        Some(Entry::Hash(digest)) => format!("hash {}", digest.len()),
        Some(Entry::Cve(id)) => format!("cve {}", text_of(&id)),
    }
}

#[test]
fn entries_of_every_kind_are_told_apart() {
    for (text, expected) in [
        ("1.2.3.4", "address 1.2.3.4 None"),
        ("1.2.3.4:443", "address 1.2.3.4 Some(443)"),
        ("1.2.3.4/32", "address 1.2.3.4 None"),
        ("::ffff:1.2.3.4", "address 1.2.3.4 None"),
        ("::ffff:9270:3d68", "address 146.112.61.104 None"),
        ("[2001:DB8::1]:80", "address 2001:db8::1 Some(80)"),
        ("[2001:db8::1]", "address 2001:db8::1 None"),
        ("10.1.2.3/8", "network 10.0.0.0/8"),
        ("FE80::/10", "network fe80::/10"),
        ("http://1.2.3.4", "address 1.2.3.4 None"),
        ("http://1.2.3.4:8080/", "address 1.2.3.4 Some(8080)"),
        ("Evil.Example.", "domain evil.example None false"),
        ("*.evil.example", "domain evil.example None true"),
        (".evil.example", "domain evil.example None true"),
        ("evil.example:8080", "domain evil.example Some(8080) false"),
        ("https://evil.example/", "domain evil.example None false"),
        ("_dmarc.evil.example", "domain _dmarc.evil.example None false"),
        ("пример.рф", "domain пример.рф None false"),
        ("evil.example/a/B.php?x=1", "url evil.example/a/B.php?x=1"),
        ("HTTPS://user:pw@Evil.example:443/a#top", "url evil.example/a"),
        ("http://evil.example:8080?x", "url evil.example:8080/?x"),
        ("evil.example:80/a", "url evil.example/a"),
        ("http://evil.example:443/a", "url evil.example:443/a"),
        ("http://[2001:DB8::1]/a", "url [2001:db8::1]/a"),
        ("/izuku.sh", "path /izuku.sh"),
        ("/cache.php?increasing=#x", "path /cache.php?increasing="),
        ("cve-2021-44228", "cve CVE-2021-44228"),
        ("D41D8CD98F00B204E9800998ECF8427E", "hash 16"),
        ("C91.196.152.28", "nothing"),
        ("1.2.3", "nothing"),
        ("1.2.3.4/33", "nothing"),
        ("evil..example", "nothing"),
        ("evil.example:99999", "nothing"),
        ("two words.example", "nothing"),
        ("/", "nothing"),
        ("//", "path //"),
        ("http://", "nothing"),
        ("", "nothing"),
        ("*", "nothing"),
        ("http://-://x", "nothing"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn a_lone_word_is_a_domain_name_of_one_label() {
    assert_eq!(shown("localhost"), "domain localhost None false");
    assert_eq!(shown("CVE-2021-44"), "domain cve-2021-44 None false", "too short a number");
    assert_eq!(shown("42"), "nothing");
}

#[test]
fn a_digest_is_its_bytes() {
    let lower = digest("d41d8cd98f00b204e9800998ecf8427e");
    assert_eq!(lower, digest("D41D8CD98F00B204E9800998ECF8427E"));
    assert_eq!(lower.unwrap()[..2], [0xd4, 0x1d]);
    assert_eq!(digest("d41d8cd98f00b204e9800998ecf8427g"), None);
    assert_eq!(digest("d41d8cd98f00b204e9800998ecf8427"), None);
}

#[test]
fn lengths_are_bounded() {
    let label = "a".repeat(63);
    let longest = format!("{label}.{label}.{label}.{}", "a".repeat(61));
    assert_eq!(domain(&longest).map(|name| name.len()), Some(253));
    assert_eq!(domain(&format!("{longest}a")), None);
    assert_eq!(domain(&format!("{label}a.example")), None);
    assert_eq!(cve(&format!("CVE-2021-{}", "1".repeat(20))), None);
    assert_eq!(Entry::read(&format!("/{}", "a".repeat(MAX_ENTRY))), None);
}

proptest! {
    #[test]
    fn any_text_is_survived(text in "\\PC{0,60}") {
        let _ = Entry::read(&text);
        let _ = Location::read(&text);
    }

    #[test]
    fn texts_made_of_what_matters_are_survived(text in "[0-9a-fx.:/\\[\\]@#?*é -]{0,40}") {
        let _ = Entry::read(&text);
        let _ = Location::read(&text);
    }

    /// What is read, spelled and read again is the same: a list may be written from another.
    #[test]
    fn a_spelled_url_reads_as_itself(host in "[a-z]{1,5}\\.[a-z]{2,3}", path in "/[a-zA-Z0-9/.?=]{1,20}") {
        if let Some(Entry::Url(key)) = Entry::read(&format!("https://{host}{path}")) {
            let spelled = String::from_utf8(key.to_vec()).unwrap();
            prop_assert_eq!(Entry::read(&spelled), Some(Entry::Url(key)));
        }
    }
}
