//! Text as people pass it on: `hxxps://evil[.]example`.
//!
//! Reports and tickets write indicators so that nobody clicks them by accident. There is no standard for it; these
//! are the forms that the public extractors (ioc-finder, iocextract) agree on: `hxxp` for `http`, and a dot, a
//! colon or slashes in brackets of any sort.

use std::borrow::Cow;

/// What may stand in brackets, and what it stands for.
const BRACKETED: [(&str, &str); 6] =
    [(".", "."), ("dot", "."), (":", ":"), ("://", "://"), ("/", "/"), ("@", "@")];

/// Undoes what keeps an indicator from being clicked. Borrows where there is nothing to undo.
pub(crate) fn refang(text: &str) -> Cow<'_, str> {
    let scheme = defanged_scheme(text);
    if scheme.is_none() && memchr::memchr3(b'[', b'(', b'{', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut plain = String::new();
    let mut rest = text;
    if let Some((scheme, after)) = scheme {
        plain.push_str(scheme);
        rest = after;
    }
    while let Some(at) = memchr::memchr3(b'[', b'(', b'{', rest.as_bytes()) {
        let (before, bracket) = rest.split_at(at);
        plain.push_str(before);
        if let Some((meant, after)) = bracketed(bracket) {
            plain.push_str(meant);
            rest = after;
        } else {
            // A bracket of its own accord: an IPv6 host, a query.
            let (opening, after) = bracket.split_at(1);
            plain.push_str(opening);
            rest = after;
        }
    }
    plain.push_str(rest);
    if plain == text { Cow::Borrowed(text) } else { Cow::Owned(plain) }
}

/// `http` or `https` and what follows, if the text begins with `hxxp` or `hxxps` in any case.
fn defanged_scheme(text: &str) -> Option<(&'static str, &str)> {
    let (head, after) = text.split_at_checked(4)?;
    if !head.eq_ignore_ascii_case("hxxp") {
        return None;
    }
    match after.as_bytes().first()? {
        b's' | b'S' => Some(("https", after.get(1..)?)),
        b':' | b'[' | b'(' | b'{' => Some(("http", after)),
        _ => None,
    }
}

/// What a bracket at the start of `text` stands for, and what follows it.
fn bracketed(text: &str) -> Option<(&'static str, &str)> {
    let closing = match text.as_bytes().first()? {
        b'[' => ']',
        b'(' => ')',
        _ => '}',
    };
    // The longest form has three characters: a look at five bytes is enough.
    let inside_end = text.bytes().take(5).position(|byte| byte == closing as u8)?;
    let inside = text.get(1..inside_end)?;
    let after = text.get(inside_end + 1..)?;
    let (_, meant) = BRACKETED.iter().find(|(form, _)| form.eq_ignore_ascii_case(inside))?;
    Some((meant, after))
}

#[cfg(test)]
mod tests {
    use super::refang;
    use proptest::prelude::*;
    use std::borrow::Cow;

    #[test]
    fn the_usual_forms_are_undone() {
        for (defanged, plain) in [
            ("evil[.]example", "evil.example"),
            ("evil(.)example{.}org", "evil.example.org"),
            ("evil[dot]example", "evil.example"),
            ("hxxps://evil[.]example/x", "https://evil.example/x"),
            ("hXXp[:]//1.2.3[.]4", "http://1.2.3.4"),
            ("hxxp[://]evil.example", "http://evil.example"),
            ("1[.]2[.]3[.]4:80", "1.2.3.4:80"),
        ] {
            assert_eq!(refang(defanged), plain);
        }
    }

    #[test]
    fn what_is_not_defanged_is_borrowed_as_it_is() {
        for text in
            ["http://[2001:db8::1]/x", "evil.example/?a[]=1", "hxxperts.example", "[", "({[", "é[.", ""]
        {
            assert!(matches!(refang(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "[\\[\\](){}.dothxps:/é]{0,40}") {
            let _ = refang(&text);
        }
    }
}
