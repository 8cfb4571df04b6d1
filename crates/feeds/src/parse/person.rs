//! People: `mail@example.com (Name)`, `Name <mail@example.com>`, or elements of their own.

use url::Url;

use super::element::Element;
use super::link::Resolver;
use super::model::{Person, Problems, Text};
use super::{MAX_LINE_BYTES, content};

/// Reads an `author` element.
pub(super) fn read(element: &Element, links: &mut Resolver, problems: &mut Problems) -> Option<Person> {
    let mut person = Person::default();
    for child in element.elements() {
        let line = || content::line_of(child);
        match child.local.as_str() {
            "name" => person.name = line(),
            "email" => person.email = line(),
            "url" | "uri" | "homepage" => {
                let base: Option<&Url> = child.base.as_deref();
                person.url = links.resolve(&child.text(), base, problems);
            }
            _ => {}
        }
    }
    if person == Person::default() {
        person = from_line(&element.text())?;
    }
    Some(person)
}

/// Reads a person from one line of text.
pub(super) fn from_line(written: &str) -> Option<Person> {
    let written = content::cut(written, MAX_LINE_BYTES);
    let line = Text { value: written.to_owned(), markup: written.contains('&') }.line();
    let address = line
        .split(|letter: char| letter.is_whitespace() || "()<>[],;\"".contains(letter))
        .find(|word| is_mail(word));
    let Some(address) = address else {
        return (!line.is_empty()).then(|| Person { name: Some(line), ..Person::default() });
    };
    let bare = address.strip_prefix("mailto:").unwrap_or(address);
    let name = line.replacen(address, "", 1);
    let name = name.replace("()", "").replace("<>", "").replace("[]", "");
    let name = name.trim().trim_matches('"').trim();
    let name = name.strip_prefix('(').and_then(|name| name.strip_suffix(')')).unwrap_or(name).trim();
    Some(Person {
        name: (!name.is_empty()).then(|| name.to_owned()),
        email: Some(bare.to_owned()),
        url: None,
    })
}

fn is_mail(word: &str) -> bool {
    let Some((user, host)) = word.split_once('@') else {
        return false;
    };
    !user.is_empty()
        && host.contains('.')
        && !host.starts_with('.')
        && !host.ends_with('.')
        && !host.contains('@')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_told_apart_in_every_order() {
        for line in [
            "me@example.com (A Name)",
            "A Name <me@example.com>",
            "A Name (me@example.com)",
            "\"A Name\" &lt;me@example.com&gt;",
        ] {
            let person = from_line(line).unwrap();
            assert_eq!(
                (person.name.as_deref(), person.email.as_deref()),
                (Some("A Name"), Some("me@example.com")),
                "{line}"
            );
        }
        assert_eq!(from_line("me@example.com").unwrap().name, None);
        assert_eq!(from_line("A. Name").unwrap().email, None);
        assert_eq!(from_line("  "), None);
    }
}
