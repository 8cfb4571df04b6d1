//! One article that a model is asked about, within its bounds.

use crate::hostile::plain;
use serde::{Deserialize, Serialize};

/// Most of an article that is shown, in characters, title and text together. News says where it happened at its head.
pub const MAX_ARTICLE: usize = 4000;
/// Longest title, in characters.
const MAX_TITLE: usize = 300;
/// Longest word that is left out because the cut went through it, in characters.
const MAX_CUT_WORD: usize = 60;

/// One article whose places are wanted.
///
/// Title and text are cut to their bounds and made one line each, without characters that nobody sees, whether a question
/// is built or read from where it was kept. Articles are published, so nothing in them is replaced as names in alerts are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Kept")]
pub struct PlaceQuestion {
    id: i64,
    title: String,
    text: String,
}

/// A question as it was kept, before its bounds were looked at.
#[derive(Deserialize)]
struct Kept {
    id: i64,
    title: String,
    text: String,
}

impl From<Kept> for PlaceQuestion {
    fn from(kept: Kept) -> Self {
        Self::new(kept.id, &kept.title, &kept.text)
    }
}

impl PlaceQuestion {
    /// Asks about the article with this id. Of title and text together, the first [`MAX_ARTICLE`] characters count, to the
    /// last whole word.
    pub fn new(id: i64, title: &str, text: &str) -> Self {
        let title = head(title, MAX_TITLE);
        let text = head(text, MAX_ARTICLE - title.chars().count());
        Self { id, title, text }
    }

    /// The article's own id.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// Its title as it is shown.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Its text as it is shown.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// The first `max` characters that can be seen, on one line. A word that is cut is left out: half of `Londonderry` is
/// another place.
fn head(text: &str, max: usize) -> String {
    let mut kept = plain(text, max + 1);
    let Some((end, _)) = kept.char_indices().nth(max) else { return kept };
    let goes_on = kept[end..].starts_with(char::is_alphanumeric);
    kept.truncate(end);
    if goes_on {
        let word = kept.char_indices().rev().take(MAX_CUT_WORD).find(|(_, c)| !c.is_alphanumeric());
        if let Some((at, c)) = word {
            kept.truncate(at + c.len_utf8());
        }
    }
    kept.truncate(kept.trim_end().len());
    kept
}

#[cfg(test)]
mod tests {
    use super::{MAX_ARTICLE, PlaceQuestion};
    use proptest::prelude::*;

    #[test]
    fn a_cut_makes_no_new_name() {
        let filler = "x ".repeat(MAX_ARTICLE / 2 - 3);
        let question = PlaceQuestion::new(1, "", &format!("{filler}Londonderry burns"));
        assert!(question.text().ends_with("x x"), "{}", &question.text()[MAX_ARTICLE - 40..]);
        let whole = PlaceQuestion::new(1, "", &format!("{filler}London"));
        assert!(whole.text().ends_with(" London"));
        // Scripts without spaces have no word to go back to.
        assert!(
            PlaceQuestion::new(1, "", &"東京".repeat(MAX_ARTICLE)).text().chars().count() > MAX_ARTICLE - 100
        );
    }

    #[test]
    fn what_was_kept_is_brought_within_its_bounds() {
        let long = "é ".repeat(10_000);
        let kept = serde_json::json!({"id": 7, "title": long, "text": long}).to_string();
        let question: PlaceQuestion = serde_json::from_str(&kept).unwrap();
        assert!(question.title().chars().count() <= 300);
        let again: PlaceQuestion = serde_json::from_str(&serde_json::to_string(&question).unwrap()).unwrap();
        assert_eq!(again, question);
    }

    proptest! {
        #[test]
        fn no_article_is_shown_beyond_its_bound(title in "\\PC{0,400}", text in ".{0,200}", times in 0_usize..80) {
            let question = PlaceQuestion::new(1, &title, &text.repeat(times));
            prop_assert!(question.title().chars().count() + question.text().chars().count() <= MAX_ARTICLE);
            prop_assert!(!question.text().contains(char::is_control));
        }
    }
}
