//! One spelling for words that are written in many.
//!
//! Lower case; any run of white space or hyphens is one space, an empty line is a line's end; a dash between words
//! is a semicolon, since it parts clauses; characters without width are left out, since they serve to hide words.
//! Needles are folded by the same rules, so nothing has to be escaped. For each stretch whose bytes moved, the shift
//! is kept, so that a find can be shown where it stands in the original.

/// A folded title and text.
#[derive(Debug, Clone, Default)]
pub(super) struct Folded {
    text: String,
    /// Where the title ends in `text`.
    title_end: usize,
    /// From which byte of `text` on its original stands at which byte of the title or text.
    shifts: Vec<(usize, usize)>,
}

impl Folded {
    pub(super) fn of(title: &str, text: &str) -> Self {
        let mut folded =
            Self { text: String::with_capacity(title.len() + text.len() + 1), ..Self::default() };
        folded.add(title);
        folded.title_end = folded.text.len();
        folded.text.push('\n');
        folded.add(text);
        folded.text.make_ascii_lowercase();
        folded
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a byte is the title's, and where it stands in the title or text.
    pub(super) fn original(&self, at: usize) -> (bool, usize) {
        let is_title = at < self.title_end;
        let after = self.shifts.partition_point(|&(from, _)| from <= at);
        let original = match after.checked_sub(1).and_then(|place| self.shifts.get(place)) {
            Some(&(from, original)) => original + (at - from),
            None => at,
        };
        (is_title, original)
    }

    fn add(&mut self, original: &str) {
        let start = self.text.len();
        let mut gap = Gap::default();
        let mut at = 0;
        // The first stretch of each part is marked whatever its shift: parts count from 0 anew.
        self.shifts.push((start, 0));
        while let Some(rest) = original.get(at..) {
            let run = rest.bytes().position(|byte| !is_plain(byte)).unwrap_or(rest.len());
            if run > 0 {
                self.close(&mut gap, start);
                self.mark(at);
                self.text.push_str(&rest[..run]);
                at += run;
                continue;
            }
            let Some(character) = rest.chars().next() else { break };
            match class(character) {
                Class::Space => gap.space(character),
                Class::Hyphen => {
                    // A hyphen at a line's end parts a word, one between spaces parts clauses.
                    gap.hyphen(gap.is_open || matches!(character, '\u{2014}' | '\u{2015}'));
                }
                Class::Hidden => {}
                Class::Quote => {
                    self.close(&mut gap, start);
                    self.mark(at);
                    self.text.push('\'');
                }
                Class::Letter => {
                    self.close(&mut gap, start);
                    self.mark(at);
                    self.text.extend(character.to_lowercase());
                }
            }
            at += character.len_utf8();
        }
    }

    /// Writes what stands for the white space before a word; none at the beginning of a part.
    fn close(&mut self, gap: &mut Gap, start: usize) {
        let gap = std::mem::take(gap);
        if self.text.len() > start && gap.is_open {
            match gap {
                Gap { is_dash: true, .. } => self.text.push_str("; "),
                Gap { lines: 2.., .. } => self.text.push('\n'),
                _ => self.text.push(' '),
            }
        }
    }

    /// Notes that what comes next stood at this byte of its part.
    fn mark(&mut self, original: usize) {
        let here = self.text.len();
        let expected = self.shifts.last().map_or(here, |&(from, was)| was + (here - from));
        if expected != original {
            self.shifts.push((here, original));
        }
    }
}

/// White space that was seen and not yet written.
#[derive(Debug, Default)]
struct Gap {
    is_open: bool,
    is_dash: bool,
    lines: u8,
}

impl Gap {
    fn space(&mut self, character: char) {
        self.is_open = true;
        if matches!(character, '\n' | '\u{2028}' | '\u{2029}') {
            self.lines = self.lines.saturating_add(1);
        }
    }

    fn hyphen(&mut self, is_dash: bool) {
        self.is_open = true;
        self.is_dash |= is_dash;
    }
}

enum Class {
    Space,
    Hyphen,
    Hidden,
    Quote,
    Letter,
}

/// Bytes that stand for themselves, but for their case.
fn is_plain(byte: u8) -> bool {
    byte > b' ' && byte < 0x7f && byte != b'-'
}

fn class(character: char) -> Class {
    match character {
        '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' => Class::Hyphen,
        '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2060}'..='\u{2064}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' => Class::Hidden,
        '\u{2018}' | '\u{2019}' | '\u{2bc}' => Class::Quote,
        character if character.is_whitespace() || character.is_control() => Class::Space,
        _ => Class::Letter,
    }
}

/// A needle in the same form as the texts that it is looked for in.
pub(crate) fn fold(needle: &str) -> String {
    let mut folded = Folded::default();
    folded.add(needle);
    folded.text.make_ascii_lowercase();
    folded.text
}

/// Whether a find is a whole word or phrase, not a part of a longer word. Scripts that are written without spaces
/// have no such boundaries.
pub(crate) fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let (Some(before), Some(found), Some(after)) = (text.get(..start), text.get(start..end), text.get(end..))
    else {
        return false;
    };
    let joins = |character: Option<char>| character.is_some_and(joins);
    let runs_on_before = joins(before.chars().next_back()) && joins(found.chars().next());
    let runs_on_after = joins(found.chars().next_back()) && joins(after.chars().next());
    !runs_on_before && !runs_on_after
}

fn joins(character: char) -> bool {
    let unspaced =
        matches!(character, '\u{e00}'..='\u{eff}' | '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}');
    (character.is_alphanumeric() && !unspaced) || character == '_'
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_a_phrase_become_one() {
        for spelling in ["Zero-Day", "zero day", "ZERO\u{2011}DAY", "zero\n  day", "ze\u{200b}ro\u{a0}day"] {
            assert_eq!(fold(spelling), "zero day", "{spelling:?}");
        }
        assert_eq!(fold("not a drill \u{2014} exploited"), "not a drill; exploited");
        assert_eq!(fold("one.\n\nTwo"), "one.\ntwo");
        assert_eq!(fold("isn\u{2019}t ÖSTERREICH"), "isn't österreich");
    }

    #[test]
    fn parts_of_words_are_not_words() {
        let text = "fortios and c++, 日本語";
        let find = |needle: &str| {
            let start = text.find(needle).unwrap();
            stands_alone(text, start, start + needle.len())
        };
        assert!(find("fortios") && find("c++") && find("日本"));
        assert!(!find("forti") && !find("os"));
    }

    proptest! {
        #[test]
        fn every_letter_is_found_where_it_stood(title in "\\PC{0,30}", text in "(\\PC|\n| |-|\u{ad}){0,80}") {
            let folded = Folded::of(&title, &text);
            for (at, character) in folded.text.char_indices() {
                if character.is_ascii_alphanumeric() {
                    let (is_title, original) = folded.original(at);
                    let part = if is_title { &title } else { &text };
                    let there = part.get(original..).and_then(|rest| rest.chars().next());
                    // Some capitals become two characters, such as İ; the second points behind the first.
                    if let Some(there) = there && there.is_ascii() {
                        prop_assert_eq!(there.to_ascii_lowercase(), character);
                    }
                }
            }
        }
    }
}
