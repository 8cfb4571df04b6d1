//! The words around a place, which tell a version from an address and a file from a domain.
//!
//! Each look is bounded in bytes, so that judging every place of a text stays linear.

/// How far to look, in bytes.
const REACH: usize = 96;

/// Up to `count` words before byte `at` of `text`, the nearest first. Words are runs of letters, digits, `&` and
/// inner dashes; nothing stops the look but its reach.
pub(super) fn words_before(text: &str, at: usize, count: usize) -> impl Iterator<Item = &str> {
    let from = floor(text, at.saturating_sub(REACH));
    let piece = text.get(from..at).unwrap_or_default();
    piece.rsplit(|letter: char| !is_word(letter)).map(bare).filter(|word| !word.is_empty()).take(count)
}

/// Up to `count` words from byte `at` of `text` on, the nearest first, not beyond the sentence.
pub(super) fn words_after(text: &str, at: usize, count: usize) -> impl Iterator<Item = &str> {
    let to = floor(text, at.saturating_add(REACH).min(text.len()));
    let piece = text.get(at..to).unwrap_or_default();
    let sentence = piece.find(". ").map_or(piece, |stop| &piece[..stop]);
    sentence.split(|letter: char| !is_word(letter)).map(bare).filter(|word| !word.is_empty()).take(count)
}

/// A word without the dashes around it.
fn bare(word: &str) -> &str {
    word.trim_matches('-')
}

/// Whether `word` is one of `words`, which are in lower case.
pub(super) fn is_one_of(word: &str, words: &[&str]) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '&' | '-')
}

/// The next character boundary of `text` at or before `at`.
pub(super) fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::{words_after, words_before};

    #[test]
    fn the_nearest_words_come_first_and_no_further_than_the_sentence() {
        let text = "é the C&C server: evil.com was taken down. Later it came back";
        let at = text.find("evil").unwrap();
        assert_eq!(words_before(text, at, 2).collect::<Vec<_>>(), ["server", "C&C"]);
        assert_eq!(words_after(text, at + 8, 9).collect::<Vec<_>>(), ["was", "taken", "down"]);
        assert_eq!(words_before(text, 0, 2).count(), 0);
        assert_eq!(words_after(text, text.len(), 2).count(), 0);
    }
}
