//! References: `&amp;`, `&#8217;`, `&eacute;` and the entities a document declares for itself.
//!
//! Entity bombs need entities within entities, or one long one used often. Here a declared entity's text is never
//! looked through for further references but those to characters, there are few of them, each is short, and what all
//! uses of them come to is bounded for the whole document. Declarations that name a file or an address, and parameter
//! entities, are never followed.

use super::model::{Problem, Problems};
use super::{MAX_DECLARED_ENTITIES, MAX_ENTITY_BYTES, MAX_EXPANDED_BYTES};

/// The longest name that is looked up. HTML's longest is 31 letters.
const MAX_NAME_BYTES: usize = 64;

/// What a document declares, and what using it has come to.
#[derive(Debug, Default)]
pub(super) struct Entities {
    declared: Vec<(String, String)>,
    expanded_bytes: usize,
}

impl Entities {
    /// Takes the declarations out of a document type.
    pub(super) fn declare(&mut self, doctype: &str, problems: &mut Problems) {
        for declaration in doctype.split("<!ENTITY").skip(1) {
            let declaration = declaration.trim_start();
            let name_end =
                declaration.find(|letter: char| !is_name_letter(letter)).unwrap_or(declaration.len());
            let (name, rest) = declaration.split_at(name_end);
            let rest = rest.trim_start();
            let value = match rest.chars().next() {
                Some(quote @ ('"' | '\'')) => rest[1..].split_once(quote).map(|(value, _)| value),
                _ => None,
            };
            // A name without a quoted text is `%`, `SYSTEM` or `PUBLIC`: from outside.
            let Some(value) = value.filter(|value| !name.is_empty() && value.len() <= MAX_ENTITY_BYTES)
            else {
                problems.note(Problem::EntityRefused);
                continue;
            };
            if self.declared.len() >= MAX_DECLARED_ENTITIES || name.len() > MAX_NAME_BYTES {
                problems.note(Problem::EntityRefused);
                continue;
            }
            // The first declaration binds (XML 1.0, section 4.2).
            if !self.declared.iter().any(|(known, _)| known == name) {
                let value = without_nesting(value, problems);
                self.declared.push((name.to_owned(), value));
            }
        }
    }

    /// Adds what the reference `&name;` stands for to `out`.
    pub(super) fn resolve(&mut self, name: &str, out: &mut String, problems: &mut Problems) {
        if let Some(letter) = predefined(name).or_else(|| character(name)) {
            out.push(letter);
            return;
        }
        if let Some((_, value)) = self.declared.iter().find(|(known, _)| known == name) {
            if self.expanded_bytes + value.len() > MAX_EXPANDED_BYTES {
                problems.note(Problem::EntityRefused);
                return;
            }
            self.expanded_bytes += value.len();
            out.push_str(value);
            return;
        }
        let known_to_html = name.len() <= MAX_NAME_BYTES
            && !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if known_to_html {
            let written = format!("&{name};");
            let text = crate::html::decode_entities(&written);
            if text != written {
                problems.note(Problem::HtmlEntity);
                out.push_str(&text);
                return;
            }
        }
        // `&` and some words and, far behind, a `;`: the sign was meant.
        let is_name = !name.is_empty() && name.chars().all(is_name_letter);
        problems.note(if is_name { Problem::UnknownEntity } else { Problem::LoneAmpersand });
        out.push('&');
        out.push_str(name);
        out.push(';');
    }

    /// Resolves all references in an attribute's value.
    pub(super) fn resolve_all(&mut self, text: &str, problems: &mut Problems) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('&') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            // Looking for the `;` no farther than a name reaches keeps a row of `&` linear.
            let reach = rest.char_indices().map(|(at, _)| at).nth(MAX_NAME_BYTES).unwrap_or(rest.len());
            match rest[..reach].find([';', '&']) {
                Some(end) if rest.as_bytes()[end] == b';' => {
                    self.resolve(&rest[..end], &mut out, problems);
                    rest = &rest[end + 1..];
                }
                _ => {
                    problems.note(Problem::LoneAmpersand);
                    out.push('&');
                }
            }
        }
        out.push_str(rest);
        out
    }
}

/// The text of a declaration, with references to characters resolved and all others left as letters.
fn without_nesting(value: &str, problems: &mut Problems) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(';').filter(|end| *end <= MAX_NAME_BYTES);
        match end.and_then(|end| Some((end, predefined(&rest[1..end]).or_else(|| character(&rest[1..end]))?)))
        {
            Some((end, letter)) => {
                out.push(letter);
                rest = &rest[end + 1..];
            }
            None => {
                problems.note(Problem::EntityRefused);
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn is_name_letter(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | ':')
}

fn predefined(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}

/// A character by number. Numbers 128 to 159 are taken for windows-1252, as browsers do: that is what was meant.
fn character(name: &str) -> Option<char> {
    let digits = name.strip_prefix('#')?;
    let number = match digits.strip_prefix(['x', 'X']) {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
        None => digits.parse::<u32>().ok()?,
    };
    match number {
        0..=8 | 11 | 12 | 14..=31 | 0xfffe | 0xffff => None,
        128..=159 => {
            let byte = [number as u8];
            encoding_rs::WINDOWS_1252.decode_without_bom_handling(&byte).0.chars().next()
        }
        _ => char::from_u32(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(doctype: &str, text: &str) -> (String, Vec<Problem>) {
        let (mut entities, mut problems) = (Entities::default(), Problems::default());
        entities.declare(doctype, &mut problems);
        (entities.resolve_all(text, &mut problems), problems.into_vec())
    }

    #[test]
    fn short_declarations_are_obeyed_and_never_twice_over() {
        assert_eq!(resolved(r#"x [<!ENTITY a "b&#99;">]"#, "&a;&a;").0, "bcbc");
        let (text, problems) = resolved(r#"x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]"#, "&b;");
        assert_eq!((text.as_str(), &problems[..]), ("&a;&a;&a;", &[Problem::EntityRefused][..]));
    }

    #[test]
    fn nothing_from_outside_is_declared() {
        for doctype in [
            r#"x [<!ENTITY a SYSTEM "file:///etc/passwd">]"#,
            r#"x [<!ENTITY % a "b">%a;]"#,
            r#"x [<!ENTITY a PUBLIC "x" "http://example.org/">]"#,
        ] {
            let (text, problems) = resolved(doctype, "&a;");
            assert_eq!(text, "&a;", "{doctype}");
            assert!(problems.contains(&Problem::EntityRefused), "{doctype}");
        }
    }

    #[test]
    fn what_declared_entities_come_to_is_bounded() {
        let doctype = format!("x [<!ENTITY a \"{}\">]", "y".repeat(MAX_ENTITY_BYTES));
        let (text, problems) = resolved(&doctype, &"&a;".repeat(10_000));
        assert_eq!(text.len(), MAX_EXPANDED_BYTES);
        assert_eq!(problems, [Problem::EntityRefused]);
    }

    #[test]
    fn lone_ampersands_stay() {
        assert_eq!(resolved("", "AT&T & friends &c; &#x41;&eacute;").0, "AT&T & friends &c; Aé");
    }
}
