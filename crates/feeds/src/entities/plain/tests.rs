//! Which forms are undone, which are left, and that places lead back.

use super::Plain;
use proptest::prelude::*;

#[test]
fn the_forms_of_the_public_extractors_are_undone() {
    for (written, plain) in [
        ("evil[.]example", "evil.example"),
        ("evil(.)a{.}b<.>c", "evil.a.b.c"),
        ("evil[dot]com evil(DOT)com evil[ . ]com", "evil.com evil.com evil.com"),
        ("evil [.] com, evil[.com, evil.]com", "evil.com, evil.com, evil.com"),
        ("evil\\.com", "evil.com"),
        ("evil dot com", "evil.com"),
        ("1 dot 2 dot 3 dot 4", "1.2.3.4"),
        ("me[at]evil[dot]com me(@)evil.com", "me@evil.com me@evil.com"),
        ("me at evil dot com", "me@evil.com"),
        ("hXXps[:]//evil[.]com[/]x", "https://evil.com/x"),
        ("hxxp[://]evil.com meow://evil.com", "http://evil.com http://evil.com"),
        ("hxxp[:][/][/]a[.]com", "http://a.com"),
        ("h**p://a.com hxxp ://a.com fxp://a.com", "http://a.com http://a.com ftp://a.com"),
        ("http:\\\\evil.com https:\\/\\/evil.com\\/x", "http://evil.com https://evil.com/x"),
        ("CVE\u{2011}2024\u{2011}3400 ev\u{200b}il.com", "CVE-2024-3400 evil.com"),
    ] {
        assert_eq!(Plain::new(written).text(), plain);
    }
}

#[test]
fn prose_is_left_alone() {
    for text in [
        "the dot com bubble, and a dot on the line",
        "look at the map (see [1], [.] and {x})",
        "a[0] (.NET) f(.x) C:\\.ssh",
        "meow meow hxxperts",
        "[",
        "({[<",
        "é[.",
        "",
    ] {
        assert_eq!(Plain::new(text).text(), text);
    }
}

#[test]
fn a_plain_range_leads_back_to_what_was_written() {
    let text = "see hxxps://evil[.]com/x now";
    let plain = Plain::new(text);
    let start = plain.text().find("https").unwrap();
    let end = plain.text().find(" now").unwrap();
    let (from, to) = plain.original(start, end);
    assert_eq!(&text[from..to], "hxxps://evil[.]com/x");
    assert!(plain.is_defanged(start, end));
    assert!(!plain.is_defanged(0, 3));
}

proptest! {
    #[test]
    fn any_range_of_characters_leads_back_to_a_range_of_characters(
        text in "([\\[\\](){}<>.,dothxps:/@\\\\ é\u{200b}]|dot|at |hxxp| dot ){0,40}",
    ) {
        let plain = Plain::new(&text);
        let bounds: Vec<usize> =
            plain.text().char_indices().map(|(at, _)| at).chain([plain.text().len()]).collect();
        for pair in bounds.windows(2) {
            let (from, to) = plain.original(pair[0], pair[1]);
            prop_assert!(text.get(from..to).is_some(), "{from}..{to} in {text:?}");
        }
    }
}
