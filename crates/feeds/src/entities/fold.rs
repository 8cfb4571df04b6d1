//! A text as names are compared: only letters and digits, in lower case.
//!
//! `Cobalt Strike`, `CobaltStrike` and `cobalt-strike` fold to the same, so one automaton finds all of them in one
//! pass; what stood between the letters is looked at afterwards, for the few places that match.

/// A folded text, and where each byte of it comes from.
#[derive(Debug, Default)]
pub(super) struct Folded {
    pub(super) text: String,
    /// For each byte of `text`, where the letter it belongs to begins in the original; texts are at most a MiB.
    origins: Vec<u32>,
}

impl Folded {
    /// Folds `original`.
    pub(super) fn new(original: &str) -> Self {
        let mut folded = Self::default();
        folded.text.reserve(original.len());
        folded.origins.reserve(original.len());
        for (at, letter) in original.char_indices() {
            if letter.is_ascii() {
                if letter.is_ascii_alphanumeric() {
                    folded.text.push(letter.to_ascii_lowercase());
                    folded.origins.push(at as u32);
                }
            } else if letter.is_alphanumeric() {
                let before = folded.text.len();
                folded.text.extend(letter.to_lowercase());
                folded.origins.resize(folded.origins.len() + folded.text.len() - before, at as u32);
            }
        }
        folded
    }

    /// The range of `original` that the folded range `start..end` comes from; `None` if it begins or ends within a
    /// letter.
    pub(super) fn original(&self, original: &str, start: usize, end: usize) -> Option<(usize, usize)> {
        let from = *self.origins.get(start)?;
        let last = *self.origins.get(end.checked_sub(1)?)?;
        let splits = |at: usize| at > 0 && self.origins.get(at - 1) == self.origins.get(at);
        if splits(start) || splits(end) {
            return None;
        }
        let length = original.get(last as usize..)?.chars().next()?.len_utf8();
        Some((from as usize, last as usize + length))
    }
}

/// `name` as it is looked up.
pub(super) fn fold(name: &str) -> String {
    Folded::new(name).text
}

#[cfg(test)]
mod tests {
    use super::{Folded, fold};

    #[test]
    fn spellings_of_one_name_fold_to_one() {
        for name in ["Cobalt Strike", "CobaltStrike", "cobalt-strike", "COBALT_STRIKE"] {
            assert_eq!(fold(name), "cobaltstrike");
        }
        assert_eq!(fold("Türkiye"), "türkiye");
        assert_eq!(fold("…"), "");
    }

    #[test]
    fn a_folded_range_leads_back_to_whole_letters() {
        let text = "– Ü-ber, İx";
        let folded = Folded::new(text);
        assert_eq!(folded.text, "überi\u{307}x");
        assert_eq!(folded.original(text, 0, 5).map(|(from, to)| &text[from..to]), Some("Ü-ber"));
        assert_eq!(folded.original(text, 1, 5), None);
        assert_eq!(folded.original(text, 5, 6), None);
        assert_eq!(folded.original(text, 0, 99), None);
    }
}
