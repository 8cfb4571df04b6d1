//! Words of a text with what stands between them.
//!
//! A word is a run of letters and digits. Whether two words can be one name depends on what separates them: a space, a
//! hyphen, an apostrophe, the full stop of a short form. Whether a capital means anything depends on whether a sentence
//! starts there.

/// Words of a text beyond this many are not read: half a megabyte of prose.
pub(crate) const MAX_WORDS: usize = 100_000;

/// What stands before a word, back to the word before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gap {
    Space,
    Hyphen,
    Apostrophe,
    /// A full stop alone: "U.S".
    Stop,
    /// A full stop and a space.
    StopSpace,
    Comma,
    Line,
    Other,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Word {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) gap: Gap,
    /// The first letter is a capital.
    pub(crate) capital: bool,
    /// Two letters or more, all capitals.
    pub(crate) capitals: bool,
    /// A sentence, a line or a quotation starts here.
    pub(crate) opens: bool,
}

impl Word {
    pub(crate) fn of<'a>(&self, text: &'a str) -> &'a str {
        &text[self.start..self.end]
    }
}

/// The words of `text`, in order, at most [`MAX_WORDS`].
pub(crate) fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut letters = text.char_indices().peekable();
    let mut gap_start = 0;
    while let Some((start, letter)) = letters.next() {
        if !letter.is_alphanumeric() {
            continue;
        }
        if words.len() == MAX_WORDS {
            break;
        }
        let mut end = start + letter.len_utf8();
        let (mut count, mut upper) = (1, usize::from(letter.is_uppercase()));
        while let Some(&(at, next)) = letters.peek() {
            if !next.is_alphanumeric() && !is_mark(next) {
                break;
            }
            count += 1;
            upper += usize::from(next.is_uppercase());
            end = at + next.len_utf8();
            letters.next();
        }
        let between = &text[gap_start..start];
        let gap = if words.is_empty() { Gap::Line } else { gap_of(between) };
        let short_before = words.last().is_some_and(|word: &Word| is_short(word.of(text)));
        let opens = match gap {
            Gap::Line => true,
            Gap::StopSpace => !short_before,
            Gap::Other => between.contains(['?', '!', '“', '"', '•', ':']) || between.contains(". "),
            _ => false,
        };
        words.push(Word {
            start,
            end,
            gap,
            capital: letter.is_uppercase(),
            capitals: count > 1 && upper == count,
            opens,
        });
        gap_start = end;
    }
    words
}

/// A combining mark belongs to the letter before.
fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}')
}

fn gap_of(between: &str) -> Gap {
    if between.contains('\n') {
        return Gap::Line;
    }
    match between {
        "-" | "‑" | "–" => Gap::Hyphen,
        "'" | "’" | "‘" | "`" => Gap::Apostrophe,
        "." => Gap::Stop,
        "., " => Gap::Comma,
        _ => {
            let trimmed = between.trim();
            match trimmed {
                "" => Gap::Space,
                "." => Gap::StopSpace,
                "," => Gap::Comma,
                _ => Gap::Other,
            }
        }
    }
}

/// A word whose full stop does not end a sentence: an initial, a title, a short form.
fn is_short(word: &str) -> bool {
    word.chars().count() == 1
        || matches!(
            word,
            "St" | "Ste"
                | "Ft"
                | "Mt"
                | "Mr"
                | "Mrs"
                | "Ms"
                | "Dr"
                | "Sen"
                | "Rep"
                | "Gov"
                | "Gen"
                | "Col"
                | "Lt"
                | "Capt"
                | "Sgt"
                | "Rev"
                | "Prof"
                | "Jr"
                | "Sr"
                | "No"
                | "Co"
                | "Inc"
                | "Jan"
                | "Feb"
                | "Mar"
                | "Apr"
                | "Aug"
                | "Sept"
                | "Oct"
                | "Nov"
                | "Dec"
                | "Det"
                | "Maj"
                | "Cpl"
                | "Pvt"
                | "Adm"
                | "Hon"
                | "Supt"
                | "vs"
                | "Va"
                | "Atty"
                | "Ave"
                | "Blvd"
                | "Rd"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_open_and_short_forms_do_not() {
        let text = "Smoke rose. Firemen of St. Louis came, from the U.S.-led side.\n“Paris burns”";
        let words = words(text);
        let opening: Vec<&str> = words.iter().filter(|word| word.opens).map(|word| word.of(text)).collect();
        assert_eq!(opening, ["Smoke", "Firemen", "Paris"]);
        let louis = words.iter().find(|word| word.of(text) == "Louis").unwrap();
        assert_eq!(louis.gap, Gap::StopSpace);
    }
}
