//! Which questions share a prompt.
//!
//! Several alerts of one kind in a prompt cost the instructions once and let the model compare. What is put together
//! must be of one tenant, so that nothing can pass from one to another through the model; and of one family, so that
//! what is asked about is alike. Each question gets an id that nobody outside can guess, and the answer must repeat it: text in
//! an alert that poses as an answer can't.

use crate::Question;
use crate::nonce::nonce;
use rand::Rng;
use serde::{Deserialize, Serialize};

/// How packs are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackConfig {
    /// Questions in a pack, at most; at least 1.
    pub size: usize,
    /// Text of a pack, at most, in bytes; a single question may exceed it.
    pub max_bytes: usize,
}

impl Default for PackConfig {
    fn default() -> Self {
        Self { size: 6, max_bytes: 24 << 10 }
    }
}

/// Questions that share a prompt. Can be kept while its prompt is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pack {
    entries: Vec<(String, Question)>,
}

impl Pack {
    fn of(questions: Vec<Question>, rng: &mut (impl Rng + ?Sized)) -> Self {
        let entries = questions.into_iter().map(|question| (nonce(rng), question)).collect();
        Self { entries }
    }

    /// The questions, each with its id.
    pub fn entries(&self) -> &[(String, Question)] {
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

    /// The highest priority among them.
    pub fn priority(&self) -> u8 {
        self.entries.iter().map(|(_, question)| question.priority).max().unwrap_or(0)
    }

    /// The questions.
    pub fn into_questions(self) -> Vec<Question> {
        self.entries.into_iter().map(|(_, question)| question).collect()
    }
}

/// Puts questions into packs, the most urgent first. The same questions come into the same packs; only their ids differ.
pub fn pack(mut questions: Vec<Question>, config: &PackConfig, rng: &mut (impl Rng + ?Sized)) -> Vec<Pack> {
    let order = |question: &Question| {
        (question.tenant.clone(), question.family.clone(), std::cmp::Reverse(question.priority), question.id)
    };
    questions.sort_by_cached_key(order);
    let mut packs = Vec::new();
    let mut open: Vec<Question> = Vec::new();
    let mut bytes = 0;
    for question in questions {
        let fits = open.first().is_none_or(|first| {
            first.tenant == question.tenant
                && first.family == question.family
                && open.len() < config.size.max(1)
                && bytes + question.bytes() <= config.max_bytes
        });
        if !fits {
            packs.push(Pack::of(std::mem::take(&mut open), rng));
            bytes = 0;
        }
        bytes += question.bytes();
        open.push(question);
    }
    if !open.is_empty() {
        packs.push(Pack::of(open, rng));
    }
    packs.sort_by_key(|pack| std::cmp::Reverse(pack.priority()));
    packs
}

/// What failed together, in two halves to be asked again; `None` for a question that failed alone.
///
/// Halving n questions until each stands alone takes at most 2n − 2 more calls (the halves form a binary tree whose leaves
/// are different questions), and at most 2·⌈log₂ n⌉ for each question that is to blame (only what holds one is halved, and
/// a half is at most half as large, rounded up). Asking what failed among answered ones alone, as the caller does, costs
/// one call each and stays within both.
pub fn split(questions: Vec<Question>, rng: &mut (impl Rng + ?Sized)) -> Option<(Pack, Pack)> {
    if questions.len() < 2 {
        return None;
    }
    let mut first = questions;
    let second = first.split_off(first.len() / 2);
    Some((Pack::of(first, rng), Pack::of(second, rng)))
}

#[cfg(test)]
mod tests {
    use super::{PackConfig, pack, split};
    use crate::Question;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn question(id: i64, tenant: &str, family: &str) -> Question {
        Question {
            id,
            tenant: tenant.to_owned(),
            family: family.to_owned(),
            priority: (id % 100) as u8,
            floor: 0,
            fields: vec![("message".to_owned(), format!("text {id}"))],
            known: Vec::new(),
        }
    }

    #[test]
    fn two_hundred_questions_of_five_families_take_at_most_fifty_calls_and_no_two_tenants_meet() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let families = ["a", "b", "c", "d", "e"];
        let questions: Vec<_> = (0..200).map(|id| question(id, "", families[id as usize % 5])).collect();
        let packs = pack(questions, &PackConfig::default(), &mut rng);
        assert!(packs.len() <= 50, "{}", packs.len());
        assert_eq!(packs.iter().map(super::Pack::len).sum::<usize>(), 200);
        assert!(packs.is_sorted_by_key(|pack| std::cmp::Reverse(pack.priority())));

        let questions: Vec<_> =
            (0..40).map(|id| question(id, if id % 2 == 0 { "x" } else { "y" }, "a")).collect();
        for pack in pack(questions, &PackConfig { size: 8, ..PackConfig::default() }, &mut rng) {
            assert!(pack.entries().iter().all(|(_, question)| question.tenant == pack.entries()[0].1.tenant));
        }
    }

    proptest! {
        #[test]
        fn every_question_ends_answered_or_given_up_once_within_the_bound(
            poisons in prop::collection::vec(prop::sample::select(vec![0_u8, 0, 0, 1, 2]), 1..17),
            seed: u64,
        ) {
            // 1: the whole call fails wherever this question is in it; 2: its own answer is no good.
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let questions: Vec<_> = (0..poisons.len()).map(|id| question(id as i64, "", "a")).collect();
            let mut open = pack(questions, &PackConfig { size: 16, ..PackConfig::default() }, &mut rng);
            prop_assert_eq!(open.len(), 1);
            let (mut calls, mut answered, mut given_up) = (0, Vec::new(), Vec::new());
            let mut ids = std::collections::HashSet::new();
            while let Some(asked) = open.pop() {
                calls += 1;
                prop_assert!(asked.entries().iter().all(|(id, _)| ids.insert(id.clone())), "a number is used again");
                let all = asked.len();
                let fate = |question: &Question| poisons[question.id as usize];
                let is_poisoned = asked.entries().iter().any(|(_, question)| fate(question) == 1);
                let (again, good): (Vec<_>, Vec<_>) =
                    asked.into_questions().into_iter().partition(|question| is_poisoned || fate(question) == 2);
                answered.extend(good.iter().map(|question| question.id));
                match again.len() {
                    0 => {}
                    _ if all == 1 => given_up.extend(again.iter().map(|question| question.id)),
                    failed if failed < all => {
                        open.extend(pack(again, &PackConfig { size: 1, ..PackConfig::default() }, &mut rng));
                    }
                    _ => {
                        let (first, second) = split(again, &mut rng).unwrap();
                        open.extend([first, second]);
                    }
                }
            }
            let bad = poisons.iter().filter(|&&fate| fate != 0).count();
            let mut ended = [answered, given_up.clone()].concat();
            ended.sort_unstable();
            prop_assert_eq!(ended, (0..poisons.len() as i64).collect::<Vec<_>>());
            prop_assert_eq!(given_up.len(), bad);
            let depth = poisons.len().next_power_of_two().trailing_zeros() as usize;
            prop_assert!(calls <= 1 + (2 * bad * depth).min(2 * poisons.len() - 2), "{} calls", calls);
        }

        #[test]
        fn the_same_questions_come_into_the_same_packs_in_whatever_order(
            mut all in prop::collection::vec((0_u8..3, 0_u8..3, 0_u8..=100), 0..60),
            size in 0_usize..10,
            seed: u64,
        ) {
            all.sort_unstable();
            let make = |(id, &(tenant, family, priority)): (usize, &(u8, u8, u8))| Question {
                priority,
                ..question(id as i64, &tenant.to_string(), &family.to_string())
            };
            let questions: Vec<Question> = all.iter().enumerate().map(make).collect();
            let mut turned = questions.clone();
            turned.reverse();
            let config = PackConfig { size, max_bytes: 200 };
            let ids = |questions, seed| -> Vec<Vec<Question>> {
                let packs = pack(questions, &config, &mut ChaCha8Rng::seed_from_u64(seed));
                packs.into_iter().map(super::Pack::into_questions).collect()
            };
            let packs = ids(questions.clone(), seed);
            prop_assert_eq!(&packs, &ids(turned, !seed));
            prop_assert_eq!(packs.iter().map(Vec::len).sum::<usize>(), questions.len());
            for pack in &packs {
                prop_assert!((1..=size.max(1)).contains(&pack.len()));
                prop_assert!(pack.is_sorted_by_key(|question| std::cmp::Reverse(question.priority)));
                prop_assert!(pack.iter().all(|q| q.tenant == pack[0].tenant && q.family == pack[0].family));
                let bytes: usize = pack.iter().map(Question::bytes).sum();
                prop_assert!(pack.len() == 1 || bytes <= 200);
            }
        }
    }

    #[test]
    fn halving_ends_with_each_question_alone_once() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for count in 1..20 {
            let mut calls = 0;
            let mut alone = Vec::new();
            let mut open = vec![(0..count).map(|id| question(id, "", "a")).collect::<Vec<_>>()];
            while let Some(questions) = open.pop() {
                calls += 1;
                match split(questions.clone(), &mut rng) {
                    Some((one, two)) => open.extend([one.into_questions(), two.into_questions()]),
                    None => alone.push(questions[0].id),
                }
            }
            alone.sort_unstable();
            assert_eq!(alone, (0..count).collect::<Vec<_>>());
            assert!(calls < 2 * count, "{calls} for {count}");
        }
    }
}
