//! Which articles share a request.
//!
//! In the order in which they came, so many at a time: articles are public, so it does not matter whose they are, and
//! nothing is gained by sorting them. There is no bound on their text together beside that on each: if there were, ten
//! articles in a script of many bytes would be two calls.

use super::PlaceQuestion;
use crate::nonce::nonce;
use rand::Rng;
use serde::{Deserialize, Serialize};

/// Articles in a request, at most, whatever is asked for.
pub const MAX_ARTICLES: usize = 50;

/// Articles that share a request, each with the id that its answer must repeat. Can be kept while it is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Kept")]
pub struct PlacePack {
    entries: Vec<(String, PlaceQuestion)>,
}

/// A pack as it was kept, before its bound was looked at.
#[derive(Deserialize)]
struct Kept {
    entries: Vec<(String, PlaceQuestion)>,
}

impl From<Kept> for PlacePack {
    fn from(mut kept: Kept) -> Self {
        kept.entries.truncate(MAX_ARTICLES);
        Self { entries: kept.entries }
    }
}

impl PlacePack {
    fn of(questions: Vec<PlaceQuestion>, rng: &mut (impl Rng + ?Sized)) -> Self {
        Self { entries: questions.into_iter().map(|question| (nonce(rng), question)).collect() }
    }

    /// The questions, each with its id.
    pub fn entries(&self) -> &[(String, PlaceQuestion)] {
        &self.entries
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The questions.
    pub fn into_questions(self) -> Vec<PlaceQuestion> {
        self.entries.into_iter().map(|(_, question)| question).collect()
    }

    /// Two halves to be asked again, under new ids; the pack itself if it holds one article alone or none.
    pub fn halves(self, rng: &mut (impl Rng + ?Sized)) -> Result<(Self, Self), Self> {
        if self.entries.len() < 2 {
            return Err(self);
        }
        let mut first = self.into_questions();
        let second = first.split_off(first.len() / 2);
        Ok((Self::of(first, rng), Self::of(second, rng)))
    }
}

/// Puts articles into packs of `size` (1 to [`MAX_ARTICLES`]), in their order: none is left out.
pub fn place_packs(
    questions: Vec<PlaceQuestion>,
    size: usize,
    rng: &mut (impl Rng + ?Sized),
) -> Vec<PlacePack> {
    let size = size.clamp(1, MAX_ARTICLES);
    let mut packs = Vec::with_capacity(questions.len().div_ceil(size));
    let mut rest = questions.into_iter().peekable();
    while rest.peek().is_some() {
        packs.push(PlacePack::of(rest.by_ref().take(size).collect(), rng));
    }
    packs
}

#[cfg(test)]
mod tests {
    use super::{MAX_ARTICLES, place_packs};
    use crate::PlaceQuestion;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use std::collections::HashSet;

    fn questions(count: usize) -> Vec<PlaceQuestion> {
        (0..count).map(|id| PlaceQuestion::new(id as i64, "title", "text")).collect()
    }

    proptest! {
        #[test]
        fn ten_articles_are_one_call_and_none_is_lost(count in 0_usize..300, size in 0_usize..100) {
            let mut rng = ChaCha8Rng::seed_from_u64(1);
            let packs = place_packs(questions(count), size, &mut rng);
            prop_assert_eq!(packs.len(), count.div_ceil(size.clamp(1, MAX_ARTICLES)));
            let ids: HashSet<&str> =
                packs.iter().flat_map(super::PlacePack::entries).map(|(id, _)| id.as_str()).collect();
            prop_assert_eq!(ids.len(), count);
            let back: Vec<i64> =
                packs.into_iter().flat_map(super::PlacePack::into_questions).map(|question| question.id()).collect();
            prop_assert_eq!(back, (0..count as i64).collect::<Vec<_>>());
        }
    }

    #[test]
    fn halves_have_new_ids_and_one_article_has_none() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let pack = place_packs(questions(3), 10, &mut rng).remove(0);
        let (first, second) = pack.clone().halves(&mut rng).unwrap();
        assert_eq!((first.len(), second.len()), (1, 2));
        assert!(first.entries().iter().all(|(id, _)| pack.entries().iter().all(|(old, _)| old != id)));
        assert_eq!(first.clone().halves(&mut rng), Err(first));
    }
}
