//! What leaves, and what does not.

use super::{Asked, Kept, Outbound};
use crate::intel::Intel;
use proptest::prelude::*;
use watchfire_signal::{Indicator, IndicatorKind};

fn outbound() -> Outbound {
    Outbound::new(["acme.com", "*.Acme-Lab.net", ".corp-cloud.io"]).unwrap()
}

fn kept(kind: IndicatorKind, value: &str) -> Option<Kept> {
    outbound().kept(&Intel::empty(), Indicator { kind, value })
}

fn text(kind: IndicatorKind, value: &str) -> Option<String> {
    Asked::read(kind, value).map(|asked| asked.text())
}

#[test]
fn addresses_of_somebodys_own_network_never_leave() {
    for address in [
        "10.1.2.3",
        "127.0.0.1",
        "169.254.169.254",
        "100.64.1.1",
        "192.0.2.1",
        "224.0.0.1",
        "10[.]1[.]2[.]3",
        "10.1.2.3:445",
        "::1",
        "fe80::1",
        "fd00::1",
        "2001:db8::1",
        "::ffff:192.168.1.1",
        "::192.168.1.1",
        "64:ff9b::10.0.0.1",
        "2002:c0a8:0101::1",
    ] {
        assert_eq!(kept(IndicatorKind::Ip, address), Some(Kept::SpecialAddress), "{address}");
        assert_eq!(kept(IndicatorKind::Domain, address), Some(Kept::SpecialAddress), "{address}");
        let host = if address.matches(':').count() > 1 { format!("[{address}]") } else { address.to_owned() };
        let url = format!("http://{host}/x");
        assert_eq!(kept(IndicatorKind::Url, &url), Some(Kept::SpecialAddress), "{url}");
    }
    for address in ["8.8.8.8", "100.128.0.1", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1"] {
        assert_eq!(kept(IndicatorKind::Ip, address), None, "{address}");
    }
}

#[test]
fn names_of_somebodys_own_network_never_leave() {
    for name in [
        "fileserver",
        "dc01.local",
        "DC01.LOCAL.",
        "nas.lan:8080",
        "vault.internal",
        "router.home.arpa",
        "5.1.168.192.in-addr.arpa",
        "dc01。local",
        "dc01.ｌｏｃａｌ",
        "dc01.local。",
    ] {
        assert_eq!(kept(IndicatorKind::Domain, name), Some(Kept::InternalName), "{name}");
        let url = format!("https://user:secret@{name}/x");
        assert_eq!(kept(IndicatorKind::Url, &url), Some(Kept::InternalName), "{url}");
    }
    for name in ["acme.com", "www.ACME.com", "a.b.acme-lab.net", "corp-cloud.io", "www.acme。com"] {
        assert_eq!(kept(IndicatorKind::Domain, name), Some(Kept::OwnDomain), "{name}");
    }
    for name in ["notacme.com", "acme.com.evil.net", "mylocal.com", "local.net", "bücher.de"] {
        assert_eq!(kept(IndicatorKind::Domain, name), None, "{name}");
        assert!(outbound().may_be_sent(IndicatorKind::Domain, name));
    }
}

#[test]
fn a_url_that_two_parsers_read_differently_stays_at_home() {
    for url in [
        "http://10.0.0.1\\@evil.com/",
        "http://evil.com\\.acme.com/",
        "http://2130706433/",
        "http://0x7f.0.0.0x1/",
        "http://127.1/",
        "http://ev\til.com/",
        "http://evil.com/\n",
        "file://host.com/c$/x",
        "javascript://evil.com/%0aalert(1)",
        "/only/a/path",
        "https://user@10.0.0.1@10.0.0.1/",
        "http://１０.0.0.1/x",
    ] {
        assert!(!outbound().may_be_sent(IndicatorKind::Url, url) || url.ends_with('\n'), "{url}");
    }
    assert_eq!(kept(IndicatorKind::Url, "http://evil.com/a\nb"), Some(Kept::Unreadable));
}

#[test]
fn what_a_list_knows_to_be_good_is_not_asked_about() {
    let list =
        br#"{"name": "dns", "type": "cidr", "list": ["8.8.8.8/32"], "description": "resolvers that we use",
        "version": 1, "matching_attributes": ["ip-dst"]}"#;
    let named = |name: &str| {
        let (lists, problems) = Intel::from_bytes(&[(name, list)]);
        assert!(problems.is_empty(), "{problems:?}");
        lists
    };
    let lists = named("lists/our-resolvers/list.json");
    let of = |value| outbound().kept(&lists, Indicator { kind: IndicatorKind::Ip, value });
    assert_eq!(of("8.8.8.8"), Some(Kept::KnownGood));
    assert_eq!(of("9.9.9.9"), None);
    // A list that says what it is, and does not vouch for it.
    let describing = named("lists/public-dns-v4/list.json");
    assert_eq!(outbound().kept(&describing, Indicator { kind: IndicatorKind::Ip, value: "8.8.8.8" }), None);
    // A URL on a good host is not good for that.
    let url = Indicator { kind: IndicatorKind::Url, value: "http://8.8.8.8/x" };
    assert_eq!(outbound().kept(&lists, url), None);
}

#[test]
fn a_url_is_sent_without_what_only_its_visitor_should_know() {
    let url = |value| text(IndicatorKind::Url, value).unwrap();
    assert_eq!(url("hxxps://bob:secret@Evil[.]com:443/a?b=c#token"), "https://evil.com/a?b=c");
    assert_eq!(url("http://evil.com"), "http://evil.com/");
    assert_eq!(url("http://evil.com?x"), "http://evil.com/?x");
    assert_eq!(url("evil.com/a b"), "http://evil.com/a%20b");
    assert_eq!(url("http://[2606:4700::1]:8080/x"), "http://[2606:4700::1]:8080/x");
}

#[test]
fn the_same_indicator_is_always_spelled_the_same() {
    assert_eq!(text(IndicatorKind::Domain, "Evil[.]COM."), Some("evil.com".to_owned()));
    assert_eq!(text(IndicatorKind::Ip, "::ffff:8.8.8.8"), Some("8.8.8.8".to_owned()));
    let md5 = "D41D8CD98F00B204E9800998ECF8427E";
    assert_eq!(text(IndicatorKind::Hash, md5), Some(md5.to_lowercase()));
    assert_eq!(text(IndicatorKind::Hash, &"a".repeat(128)), None, "no service knows SHA-512");
    assert_eq!(text(IndicatorKind::Cve, "cve-2024-3400"), Some("CVE-2024-3400".to_owned()));
}

#[test]
fn an_own_domain_that_is_none_is_named() {
    let error = Outbound::new(["acme.com", "not a domain"]).unwrap_err();
    assert_eq!(error.to_string(), "\"not a domain\" is no domain");
}

proptest! {
    #[test]
    fn any_text_is_survived(value in ".{0,80}") {
        for kind in IndicatorKind::ALL {
            let _ = kept(kind, &value);
        }
    }

    #[test]
    fn no_private_address_leaves_in_any_url(
        last in 0u8..=255, user in "([a-z:]{0,5}@)?", tail in "[/?#][ -~]{0,20}",
    ) {
        let url = format!("http://{user}192.168.7.{last}{tail}");
        prop_assert!(!outbound().may_be_sent(IndicatorKind::Url, &url), "{}", url);
    }
}
