//! Finds words of several kinds that meet.
//!
//! One Aho-Corasick automaton holds all words; a pass over a text's letters tells which kinds of word are in it at all.
//! That is where nearly every text ends, since no rule has all of its kinds there. For the few others the places of
//! the words are compared with the distances that the rules allow.

use super::{InjectionKind, decode, normal};
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The words and rules, as shipped.
const SHIPPED: &str = include_str!("../../data/injection.toml");

/// The lexicons in force.
pub(super) struct Lexicons {
    /// Words of Latin letters only.
    pub(super) ascii: Lexicon,
    /// Words of every script.
    pub(super) all: Lexicon,
    /// Markers, which have punctuation.
    pub(super) markers: Lexicon,
}

/// The shipped lexicons, read at first use.
pub(super) fn lexicon() -> &'static Lexicons {
    static LEXICONS: LazyLock<Lexicons> = LazyLock::new(|| {
        // The shipped file is read by a test; without it nothing would be found.
        read(SHIPPED).unwrap_or_else(|_| Lexicons {
            ascii: Lexicon::empty(),
            all: Lexicon::empty(),
            markers: Lexicon::empty(),
        })
    });
    &LEXICONS
}

/// Words, each of a kind, and which kinds must meet.
pub(super) struct Lexicon {
    automaton: Option<AhoCorasick>,
    /// The kind of each word.
    kinds: Vec<u8>,
    rules: Vec<Rule>,
}

/// What was found, and where in the text's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) kind: InjectionKind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Whether a text has words that are written in a turned way.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Turned {
    pub(super) rot13: bool,
    pub(super) reversed: bool,
}

/// Kinds of words that must meet.
struct Rule {
    kind: InjectionKind,
    /// The kinds, by number.
    words: Vec<u8>,
    /// The same as a set.
    needs: u64,
    /// How many bytes may lie between them: between two neighbours if in order, else in all.
    gap: usize,
    in_order: bool,
}

/// Numbers of the kinds that are made from the trigger words.
const ROT13: u8 = 0;
const REVERSED: u8 = 1;
const FIRST: u8 = 2;

/// Words that are a rule by themselves have at least this many bytes: what is shorter turns up within other words.
const ALONE_FROM: usize = 10;

/// A word's kind, start and end.
type Place = (u8, usize, usize);

impl Lexicon {
    fn empty() -> Self {
        Self { automaton: None, kinds: Vec::new(), rules: Vec::new() }
    }

    /// The first rule that is met by a text in its plain form. Distances count `scale` times.
    pub(super) fn find(&self, letters: &[u8], scale: usize, turned: &mut Turned) -> Option<Found> {
        let automaton = self.automaton.as_ref()?;
        let mut seen = 0_u64;
        for word in automaton.find_overlapping_iter(letters) {
            seen |= 1 << self.kinds[word.pattern().as_usize()];
        }
        if seen == 0 {
            return None;
        }
        turned.rot13 |= seen & 1 << ROT13 != 0;
        turned.reversed |= seen & 1 << REVERSED != 0;
        let mut places: Vec<Place> = Vec::new();
        for rule in self.rules.iter().filter(|rule| rule.needs & !seen == 0) {
            if places.is_empty() {
                let words = automaton.find_overlapping_iter(letters);
                places.extend(
                    words.map(|word| (self.kinds[word.pattern().as_usize()], word.start(), word.end())),
                );
            }
            if let Some((start, end)) = rule.meets(&places, scale) {
                return Some(Found { kind: rule.kind, start, end });
            }
        }
        None
    }
}

impl Rule {
    /// Where the kinds meet. `places` are in the order of their ends.
    fn meets(&self, places: &[Place], scale: usize) -> Option<(usize, usize)> {
        if self.in_order {
            self.meets_in_order(places, scale)
        } else {
            self.meets_in_any_order(places, scale)
        }
    }

    fn meets_in_order(&self, places: &[Place], scale: usize) -> Option<(usize, usize)> {
        // How far each beginning of the rule has come: where it started, where it ends.
        let mut reached: Vec<Option<(usize, usize)>> = vec![None; self.words.len()];
        for &(kind, start, end) in places {
            for index in (0..self.words.len()).rev().filter(|index| self.words[*index] == kind) {
                let from = match index.checked_sub(1) {
                    None => Some(start),
                    Some(before) => reached[before]
                        .filter(|(_, last)| *last <= start && start - last <= self.gap * scale)
                        .map(|(from, _)| from),
                };
                if let Some(from) = from {
                    reached[index] = Some((from, end));
                }
            }
            if let Some(whole) = reached.last().copied().flatten() {
                return Some(whole);
            }
        }
        None
    }

    fn meets_in_any_order(&self, places: &[Place], scale: usize) -> Option<(usize, usize)> {
        // The last place of each kind is the nearest to what comes.
        let mut last: Vec<Option<(usize, usize)>> = vec![None; self.words.len()];
        for &(kind, start, end) in places {
            let Some(index) = self.words.iter().position(|word| *word == kind) else { continue };
            last[index] = Some((start, end));
            let (mut from, mut covered, mut met) = (start, 0, 0);
            for &(start, end) in last.iter().flatten() {
                from = from.min(start);
                covered += end - start;
                met += 1;
            }
            if met == self.words.len() && end - from <= covered + self.gap * scale {
                return Some((from, end));
            }
        }
        None
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    triggers: Vec<String>,
    words: Section,
    markers: Section,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    kinds: BTreeMap<String, Vec<String>>,
    rules: Vec<RuleEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleEntry {
    is: String,
    words: Vec<String>,
    #[serde(default)]
    gap: usize,
    #[serde(default)]
    any_order: bool,
}

/// Why the words can't be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum LexiconError {
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    #[error("a rule names `{0}`, which is no kind")]
    Kind(String),
    #[error("`{0}` is too short to mean anything")]
    Short(String),
    #[error("`{0}` has brackets within brackets")]
    Bracket(String),
    #[error("more than 60 kinds of words")]
    Many,
    #[error("{0}")]
    Automaton(#[from] aho_corasick::BuildError),
}

pub(super) fn read(text: &str) -> Result<Lexicons, LexiconError> {
    let file: File = toml::from_str(text)?;
    let mut words = words_of(&file.words, &normal::NATIVE)?;
    let latin = |letters: &Vec<u8>| letters.is_ascii();
    for trigger in &file.triggers {
        let letters = |text: &str| normal::letters_of(text, &normal::NATIVE);
        words.push((letters(&decode::rot13(trigger)), ROT13));
        words.push((letters(&trigger.chars().rev().collect::<String>()), REVERSED));
    }
    // A letter without an accent is the same turned or not: nothing to be told by.
    words.retain(|(letters, kind)| *kind != ROT13 || latin(letters));
    // In look-alikes and in leetspeak, `l` and `i` are one.
    let doubles: Vec<_> = words
        .iter()
        .filter(|(letters, kind)| *kind >= FIRST && latin(letters) && letters.contains(&b'l'))
        .map(|(letters, kind)| (letters.iter().map(|&b| if b == b'l' { b'i' } else { b }).collect(), *kind))
        .collect();
    words.extend(doubles);
    words.sort();
    words.dedup();
    let ascii = words.iter().filter(|(letters, _)| latin(letters)).cloned().collect();
    Ok(Lexicons {
        ascii: lexicon_of(ascii, &file.words, AhoCorasickKind::ContiguousNFA, ALONE_FROM)?,
        all: lexicon_of(words, &file.words, AhoCorasickKind::ContiguousNFA, ALONE_FROM)?,
        markers: lexicon_of(
            words_of(&file.markers, &normal::MARKED)?,
            &file.markers,
            AhoCorasickKind::ContiguousNFA,
            0,
        )?,
    })
}

/// The words of a section in their plain form, each with the number of its kind.
fn words_of(section: &Section, form: &normal::Form) -> Result<Vec<(Vec<u8>, u8)>, LexiconError> {
    const MIN_LATIN: usize = 5;
    const MIN_OTHER: usize = 4;
    let mut words = Vec::new();
    for (number, texts) in (FIRST..62).zip(section.kinds.values()) {
        for text in texts.iter().flat_map(|text| alternatives(text)) {
            if *form != normal::MARKED && text.contains(['(', '|', ')']) {
                return Err(LexiconError::Bracket(text));
            }
            let mut letters = normal::letters_of(&text, form);
            if *form == normal::MARKED {
                // The line break that this form begins with; a marker stands anywhere, unless it has one of its own.
                letters.remove(0);
            }
            if letters.len() < if letters.is_ascii() { MIN_LATIN } else { MIN_OTHER } {
                return Err(LexiconError::Short(text));
            }
            words.push((letters, number));
        }
    }
    if section.kinds.len() > 60 { Err(LexiconError::Many) } else { Ok(words) }
}

/// What `a (b|c|) d` stands for: `a b d`, `a c d`, `a  d`. A bracket has no bracket within.
fn alternatives(text: &str) -> Vec<String> {
    let Some((before, rest)) = text.split_once('(') else { return vec![text.to_owned()] };
    let Some((choices, after)) = rest.split_once(')') else { return vec![text.to_owned()] };
    let after = alternatives(after);
    choices
        .split('|')
        .flat_map(|choice| after.iter().map(move |after| format!("{before}{choice}{after}")))
        .collect()
}

fn lexicon_of(
    words: Vec<(Vec<u8>, u8)>,
    section: &Section,
    kind: AhoCorasickKind,
    alone_from: usize,
) -> Result<Lexicon, LexiconError> {
    let mut rules = Vec::new();
    for rule in &section.rules {
        let mut numbers = Vec::new();
        for name in &rule.words {
            let index = section.kinds.keys().position(|kind| kind == name);
            numbers.push(index.ok_or_else(|| LexiconError::Kind(name.clone()))? as u8 + FIRST);
        }
        let alone = numbers.first().filter(|_| numbers.len() == 1);
        let short = alone
            .and_then(|kind| words.iter().find(|(letters, of)| of == kind && letters.len() < alone_from));
        if let Some((letters, _)) = short {
            return Err(LexiconError::Short(String::from_utf8_lossy(letters).into_owned()));
        }
        let kind = InjectionKind::from_name(&rule.is).ok_or_else(|| LexiconError::Kind(rule.is.clone()))?;
        let needs = numbers.iter().fold(0, |set, number| set | 1 << number);
        rules.push(Rule { kind, words: numbers, needs, gap: rule.gap, in_order: !rule.any_order });
    }
    let (texts, kinds): (Vec<Vec<u8>>, Vec<u8>) = words.into_iter().unzip();
    let automaton =
        AhoCorasickBuilder::new().kind(Some(kind)).match_kind(MatchKind::Standard).build(texts)?;
    Ok(Lexicon { automaton: Some(automaton), kinds, rules })
}

#[cfg(test)]
mod tests {
    use super::{LexiconError, SHIPPED, alternatives, read};

    #[test]
    fn the_shipped_words_are_sound() {
        let lexicons = read(SHIPPED).unwrap();
        assert!(lexicons.ascii.rules.len() > 10);
        assert!(lexicons.all.kinds.len() > lexicons.ascii.kinds.len());
    }

    #[test]
    fn brackets_are_choices() {
        assert_eq!(alternatives("a(b|)c(d|e)"), ["abcd", "abce", "acd", "ace"]);
        assert_eq!(alternatives("a(b"), ["a(b"]);
    }

    #[test]
    fn a_mistake_in_the_words_is_named() {
        let with = |kinds: &str, rule: &str| {
            let markers = "[markers]\nkinds = {}\nrules = []\n";
            read(&format!("triggers = []\n[words]\nkinds = {kinds}\nrules = [{rule}]\n{markers}")).err()
        };
        assert!(matches!(with("{a = ['all']}", ""), Some(LexiconError::Short(_))));
        assert!(matches!(with("{a = ['ignore (a (b|c)|d)']}", ""), Some(LexiconError::Bracket(_))));
        let rule = "{is = 'override', words = ['b']}";
        assert!(matches!(with("{a = ['ignore']}", rule), Some(LexiconError::Kind(_))));
        assert!(with("{b = ['ignore instructions']}", rule).is_none());
    }
}
