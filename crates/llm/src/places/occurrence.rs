//! Whether a name stands in an article.
//!
//! Models repeat names as they would write them: `Kyiv` for `KYIV`, `Sao Paulo` for `São Paulo`, a straight apostrophe for
//! a curved one. So both sides are folded: lower case, Latin letters without their marks, one kind of space, of dash and of
//! apostrophe. Offsets into the article are kept, so that what is given back is the article's own spelling.
//!
//! Folding takes one pass over the article; each name is then one search through it.

use crate::hostile::is_unseen;

/// Names of so few letters are words as well (`us`, `it`, `ai`), and must have a capital where they stand.
const SHORT: usize = 3;

/// An article, folded.
#[derive(Debug)]
pub(super) struct Folded<'a> {
    text: &'a str,
    folded: String,
    /// For every byte of `folded`, and for its end, where the character that it comes from begins in `text`.
    from: Vec<usize>,
}

impl<'a> Folded<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut folded = String::with_capacity(text.len());
        let mut from = Vec::with_capacity(text.len() + 1);
        for (at, c) in text.char_indices() {
            fold(c, &mut folded);
            from.resize(folded.len(), at);
        }
        from.push(text.len());
        Self { text, folded, from }
    }

    /// Where this name stands first, as the article spells it. Whole words only: `Rome` does not stand in `Romero`.
    pub(super) fn find(&self, name: &str) -> Option<&'a str> {
        let wanted = key(name);
        if wanted.is_empty() {
            return None;
        }
        let short = wanted.chars().count() <= SHORT && wanted.is_ascii();
        self.folded.match_indices(&wanted).find_map(|(at, _)| {
            let end = at + wanted.len();
            if !(ends(&self.folded[..at], &wanted) && begins(&self.folded[end..], &wanted)) {
                return None;
            }
            // The last letter may have marks of its own behind it, which belong to it.
            let found = self.text.get(*self.from.get(at)?..*self.from.get(end)?)?.trim();
            let told_apart = !short || found.contains(char::is_uppercase);
            (told_apart && !found.is_empty()).then_some(found)
        })
    }
}

/// The folded form of a name.
pub(super) fn key(name: &str) -> String {
    let mut folded = String::with_capacity(name.len());
    for c in name.chars() {
        fold(c, &mut folded);
    }
    folded.trim().to_owned()
}

/// Whether a word ends where the text before a name does.
fn ends(before: &str, name: &str) -> bool {
    match (before.chars().next_back(), name.chars().next()) {
        (Some(last), Some(first)) => is_apart(last, first),
        _ => true,
    }
}

/// Whether a word begins where the text after a name does.
fn begins(after: &str, name: &str) -> bool {
    match (name.chars().next_back(), after.chars().next()) {
        (Some(last), Some(first)) => is_apart(last, first),
        _ => true,
    }
}

fn is_apart(left: char, right: char) -> bool {
    !left.is_alphanumeric() || !right.is_alphanumeric() || is_unspaced(left) || is_unspaced(right)
}

/// Scripts in which no space tells words apart, or particles follow names without one: Thai, Lao, Myanmar, Khmer, kana,
/// Han and Hangul (blocks of the Unicode Standard).
fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c), 0xe00..=0xeff | 0x1000..=0x109f | 0x1780..=0x17ff | 0x3040..=0x30ff | 0x3400..=0x9fff
        | 0xac00..=0xd7af | 0xf900..=0xfaff | 0x2_0000..=0x3_ffff)
}

/// Appends the folded form of a character; what is not seen, and marks that follow their letter, have none.
fn fold(c: char, into: &mut String) {
    let plain = match c {
        'A'..='Z' => return into.push(c.to_ascii_lowercase()),
        '\'' | '’' | '‘' | 'ʼ' | 'ʻ' | '`' | '´' => "'",
        '‐'..='―' | '−' => "-",
        '\u{300}'..='\u{36f}' => "",
        c if c.is_whitespace() => {
            if into.ends_with(' ') {
                ""
            } else {
                " "
            }
        }
        c if c.is_ascii() && !c.is_control() => return into.push(c),
        c if is_unseen(c) => "",
        'À'..='Å' | 'à'..='å' | 'Ā'..='ą' | 'Ǎ' | 'ǎ' | 'Ạ'..='ặ' => "a",
        'Æ' | 'æ' => "ae",
        'Ç' | 'ç' | 'Ć'..='č' => "c",
        'Ď'..='đ' | 'Ð' | 'ð' => "d",
        'È'..='Ë' | 'è'..='ë' | 'Ē'..='ě' | 'Ẹ'..='ệ' => "e",
        'Ĝ'..='ģ' => "g",
        'Ĥ'..='ħ' => "h",
        'Ì'..='Ï' | 'ì'..='ï' | 'Ĩ'..='ı' | 'Ỉ'..='ị' => "i",
        'Ĵ' | 'ĵ' => "j",
        'Ķ'..='ĸ' => "k",
        'Ĺ'..='ł' => "l",
        'Ñ' | 'ñ' | 'Ń'..='ŋ' => "n",
        'Ò'..='Ö' | 'Ø' | 'ò'..='ö' | 'ø' | 'Ō'..='ő' | 'Ơ' | 'ơ' | 'Ọ'..='ợ' => "o",
        'Œ' | 'œ' => "oe",
        'Ŕ'..='ř' => "r",
        'Ś'..='š' | 'Ș' | 'ș' => "s",
        'ß' | 'ẞ' => "ss",
        'Ţ'..='ŧ' | 'Ț' | 'ț' => "t",
        'Þ' | 'þ' => "th",
        'Ù'..='Ü' | 'ù'..='ü' | 'Ũ'..='ų' | 'Ư' | 'ư' | 'Ụ'..='ự' => "u",
        'Ŵ' | 'ŵ' => "w",
        'Ý' | 'ý' | 'ÿ' | 'Ŷ'..='Ÿ' | 'Ỳ'..='ỹ' => "y",
        'Ź'..='ž' => "z",
        c => return into.extend(c.to_lowercase()),
    };
    into.push_str(plain);
}

#[cfg(test)]
mod tests {
    use super::{Folded, key};
    use proptest::prelude::*;

    #[test]
    fn a_name_is_found_however_it_is_spelled_and_given_back_as_it_stands() {
        for (text, name, found) in [
            ("floods in KYIV today", "Kyiv", "KYIV"),
            ("in São Paulo, Brazil", "Sao Paulo", "São Paulo"),
            ("in Sa\u{303}o Paulo", "são paulo", "Sa\u{303}o Paulo"),
            ("near Łódź.", "Lodz", "Łódź"),
            ("in N’Djamena", "N'Djamena", "N’Djamena"),
            ("Port‑au‑Prince fell", "Port-au-Prince", "Port‑au‑Prince"),
            ("New\n  York City", "New York", "New\n  York"),
            ("Ukraine's grid", "Ukraine", "Ukraine"),
            ("Paris-based", "Paris", "Paris"),
            ("東京都で火事", "東京都", "東京都"),
            ("서울에서", "서울", "서울"),
            ("Gro\u{ad}ßenhain", "Grossenhain", "Gro\u{ad}ßenhain"),
            ("the US said", "US", "US"),
            ("RIO IN FLOOD", "Rio", "RIO"),
        ] {
            assert_eq!(Folded::new(text).find(name), Some(found), "{name} in {text}");
        }
    }

    #[test]
    fn half_a_word_and_a_small_word_are_no_names() {
        for (text, name) in [
            ("Mr Romero spoke", "Rome"),
            ("Germany", "German"),
            ("it told us so", "US"),
            ("an ai in Rome", "AI"),
            ("Rome", "Romania"),
            ("anything", ""),
            ("anything", " \u{200b}"),
        ] {
            assert_eq!(Folded::new(text).find(name), None, "{name} in {text}");
        }
        // The first that is a whole word counts, wherever it stands.
        assert_eq!(Folded::new("Romero left Rome").find("rome"), Some("Rome"));
    }

    proptest! {
        #[test]
        fn any_text_and_any_name_are_looked_at_and_what_is_found_is_the_name(text in ".{0,200}", name in ".{0,4}") {
            if let Some(found) = Folded::new(&text).find(&name) {
                prop_assert!(text.contains(found));
                prop_assert_eq!(key(found), key(&name));
            }
        }

        #[test]
        fn every_word_of_a_text_is_found_in_it(words in prop::collection::vec("\\p{Lu}\\p{Ll}{3,9}", 1..8)) {
            let text = words.join(" ");
            for word in &words {
                prop_assert!(Folded::new(&text).find(word).is_some(), "{} in {}", word, text);
            }
        }
    }
}
