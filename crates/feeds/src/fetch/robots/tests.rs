//! RFC 9309, with its own examples, and files that are written to hurt.

use super::{MAX_BYTES, Robots};
use proptest::prelude::*;
use std::time::Duration;

fn allows(file: &str, path: &str) -> bool {
    Robots::read(file.as_bytes()).allows(path)
}

#[test]
fn the_group_that_names_us_counts_alone_and_its_parts_together() {
    let file = "Disallow: /earlier\r\nUser-Agent: *\r\nDisallow: /\r\n\
                user-agent: other\r\nUSER-AGENT: WatchFire/2.0 # us\r\ndisallow: /a\r\rUser-agent: x\nAllow: /\n\
                User-agent: watchfire\nDisallow : /b";
    assert!(allows(file, "/earlier") && allows(file, "/"));
    assert!(!allows(file, "/a/x") && !allows(file, "/b"));
    assert!(!allows("User-agent: *\nDisallow: /", "/"));
    assert!(allows("User-agent: watchfirebot\nDisallow: /", "/"));
    assert!(allows("User-agent: *\nDisallow: /\nUser-agent: watchfire\nDisallow:", "/"));
    assert!(allows("", "/") && allows("<html>not: found</html>", "/"));
}

#[test]
fn the_longest_rule_counts_and_of_two_as_long_the_one_that_allows() {
    // RFC 9309, section 5.2.
    let file = "User-Agent: *\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif";
    assert!(allows(file, "/example/page/a.gif") && !allows(file, "/example/page/disallowed.gif"));
    assert!(allows("User-agent: *\nDisallow: /page\nAllow: /page", "/page"));
    assert!(allows("User-agent: *\nDisallow: /", "/robots.txt"));
}

#[test]
fn stars_stand_for_anything_and_a_dollar_for_the_end() {
    // RFC 9309, sections 2.2.3 and 5.1.
    let file =
        "User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/\nDisallow: /a*b*c$";
    assert!(!allows(file, "/x.gif") && allows(file, "/x.gif?a") && !allows(file, "/example/x"));
    assert!(!allows(file, "/a-b-b-c-c") && allows(file, "/a-c-b") && allows(file, "/ab"));
    assert!(!allows("User-agent: *\nDisallow: /a*", "/a") && allows("User-agent: *\nDisallow: /a$", "/ab"));
    assert!(
        !allows("User-agent: *\nDisallow: /a*a$", "/aba") && allows("User-agent: *\nDisallow: /a*a$", "/a")
    );
    let literal = "User-agent: *\nDisallow: /path/file-with-a-%2A.html\nDisallow: /foo-%24\nDisallow: /b$c";
    assert!(!allows(literal, "/path/file-with-a-*.html") && allows(literal, "/path/file-with-a-x.html"));
    assert!(!allows(literal, "/foo-$") && !allows(literal, "/b$c"));
}

#[test]
fn percent_signs_make_no_difference() {
    // RFC 9309, section 2.2.2.
    for (rule, path) in [
        ("/foo/bar/ツ", "/foo/bar/%E3%83%84"),
        ("/foo/bar/%E3%83%84", "/foo/bar/%e3%83%84"),
        ("/foo/bar/%62%61%7A", "/foo/bar/baz"),
        ("/foo/bar?baz=https://foo.bar", "/foo/bar?baz=https://foo.bar"),
    ] {
        assert!(!allows(&format!("User-agent: *\nDisallow: {rule}"), path), "{rule} {path}");
    }
    assert!(allows("User-agent: *\nDisallow: /a%2Fb", "/a/b"), "an escaped slash is no slash");
}

#[test]
fn a_delay_is_read_if_it_is_one() {
    let delay = |value: &str| Robots::read(format!("User-agent: *\nCrawl-delay: {value}").as_bytes()).delay();
    assert_eq!(delay("1.5"), Some(Duration::from_millis(1500)));
    for nonsense in ["-1", "NaN", "inf", "1e300", "soon", ""] {
        assert_eq!(delay(nonsense), None, "{nonsense}");
    }
}

#[test]
fn a_file_of_any_size_is_cut_between_lines() {
    let line = "Disallow: /0123456789\n";
    let mut file = "User-agent: *\n".to_owned();
    while file.len() + line.len() + 20 < MAX_BYTES {
        file.push_str(line);
    }
    // The cut goes through this line after its first slash.
    file.push_str(&"#".repeat(MAX_BYTES - file.len() - "\nDisallow: /".len()));
    file.push_str("\nDisallow: /private\nDisallow: /after");
    assert!(allows(&file, "/public") && allows(&file, "/after") && !allows(&file, "/0123456789"));
}

#[test]
fn rules_that_are_slow_for_others_are_not_for_us() {
    let rule = format!("Disallow: /{}b$\n", "a*".repeat(40));
    let file = format!("User-agent: *\n{}", rule.repeat(6000));
    let robots = Robots::read(file.as_bytes());
    assert!(robots.allows(&format!("/{}", "a".repeat(8000))));
    assert!(robots.weight() < 1 << 20);
}

proptest! {
    #[test]
    fn a_rule_without_signs_matches_what_begins_with_it(rule in "/[a-z/]{0,6}", path in "/[a-z/]{0,9}") {
        prop_assert_eq!(allows(&format!("User-agent: *\nDisallow: {rule}"), &path), !path.starts_with(&rule));
    }

    #[test]
    fn stars_match_as_the_plain_definition_does(rule in "/[ab*]{0,8}[$]?", path in "/[ab]{0,8}") {
        fn plain(rule: &[u8], path: &[u8]) -> bool {
            match rule {
                [] => true,
                [b'$'] => path.is_empty(),
                [b'*', rest @ ..] => (0..=path.len()).any(|from| plain(rest, &path[from..])),
                [byte, rest @ ..] => path.first() == Some(byte) && plain(rest, &path[1..]),
            }
        }
        let file = format!("User-agent: *\nDisallow: {rule}");
        prop_assert_eq!(allows(&file, &path), !plain(rule.as_bytes(), path.as_bytes()), "{} {}", rule, path);
    }

    #[test]
    fn no_file_panics(file in proptest::collection::vec(any::<u8>(), 0..300), path in "/.{0,30}") {
        Robots::read(&[b"User-agent: *\nDisallow:", file.as_slice()].concat()).allows(&path);
        Robots::read(&file).allows(&path);
    }
}
