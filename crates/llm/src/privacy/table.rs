//! What stands for what: replacing and putting back.

use super::Kind;
use crate::Answer;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

/// Hexadecimal digits of a pseudonym.
const DIGITS: usize = 8;

/// Where an original counts as present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Anywhere: `jsmith` in `/home/jsmith2` as well. Rather once too often than once too rarely.
    Anywhere,
    /// Between characters that are neither letters nor digits: short names would otherwise tear every word apart.
    Word,
    /// As a whole address: `10.0.0.1` is no part of `110.0.0.15`.
    Address,
}

impl Rule {
    fn holds(self, before: &str, matched: &str, after: &str) -> bool {
        let (mut back, mut ahead) = (before.chars().rev(), after.chars());
        let (previous, next) = (back.next(), ahead.next());
        let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        match self {
            Self::Anywhere => true,
            Self::Word => !is_word(previous) && !is_word(next),
            Self::Address if matched.contains(':') => {
                !is_word(previous) && !is_word(next) && previous != Some(':') && next != Some(':')
            }
            Self::Address => {
                let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
                let goes_on = (previous == Some('.') && digit(back.next()))
                    || (next == Some('.') && digit(ahead.next()));
                !is_word(previous) && !is_word(next) && !goes_on
            }
        }
    }
}

/// What is to be replaced in one question.
#[derive(Debug, Default)]
pub(super) struct Table {
    originals: HashMap<String, (Kind, Rule)>,
}

impl Table {
    /// Notes an original. Its first kind stays.
    pub(super) fn note(&mut self, kind: Kind, text: &str, rule: Rule) {
        if !self.originals.contains_key(text) {
            self.originals.insert(text.to_owned(), (kind, rule));
        }
    }

    /// Adds the ways in which the originals so far are spelled in these texts, in capitals or not. Each is an original
    /// of its own, since each must be put back as it was.
    pub(super) fn note_spellings(&mut self, texts: &[&str]) {
        let folded: HashMap<String, (Kind, Rule)> =
            self.originals.iter().map(|(text, entry)| (text.to_ascii_lowercase(), *entry)).collect();
        let lengths: HashSet<usize> = folded.keys().map(String::len).collect();
        for text in texts {
            for (at, _) in text.char_indices() {
                for length in &lengths {
                    let Some(piece) = text.get(at..at + length) else { continue };
                    if let Some(&(kind, rule)) = folded.get(&piece.to_ascii_lowercase()) {
                        self.note(kind, piece, rule);
                    }
                }
            }
        }
    }
}

/// The pseudonyms of one question.
///
/// Putting back is exact, because in a text in which originals were replaced, a pseudonym stands only where it was put:
/// - it stands nowhere in the question as it was, in any case: one that does is not given;
/// - two can't overlap: all have the same number of digits and one hyphen, no kind begins with a hexadecimal digit, and
///   none ends another. For the same reason none can come about at the edge of another.
///
/// Replacing takes the longest original at each place and does not look at what it has written, so there is no pseudonym
/// of a pseudonym. An original can come about anew only where a pseudonym meets the text before it; it says nothing there.
#[derive(Debug, Clone, Default)]
pub struct Hidden {
    /// By original.
    pseudonyms: HashMap<String, (String, Rule)>,
    /// By pseudonym.
    originals: HashMap<String, String>,
    /// Lengths of originals, the longest first.
    lengths: Vec<usize>,
}

impl Hidden {
    pub(super) fn new(key: &[u8; 32], table: Table, texts: &[&str]) -> Self {
        let taken: HashSet<String> = texts.iter().flat_map(|text| look_alikes(text)).collect();
        let mut entries: Vec<(String, (Kind, Rule))> = table.originals.into_iter().collect();
        // In the order of the texts themselves, so that the same question is always replaced alike.
        entries.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let anywhere: Vec<String> = entries
            .iter()
            .filter(|(text, (_, rule))| *rule == Rule::Anywhere && text.len() <= "secret-".len() + DIGITS)
            .map(|(text, _)| text.to_ascii_lowercase())
            .collect();
        let mut hidden = Self::default();
        let mut lengths = HashSet::new();
        for (original, (kind, rule)) in entries {
            // Far more tries than there are places in a question at which one could be taken.
            for salt in 0..100_000_u32 {
                let name = pseudonym(key, kind, &original, salt);
                let usable = !taken.contains(&name)
                    && !hidden.originals.contains_key(&name)
                    && !anywhere.iter().any(|original| name.contains(original.as_str()));
                if usable {
                    lengths.insert(original.len());
                    hidden.originals.insert(name.clone(), original.clone());
                    hidden.pseudonyms.insert(original, (name, rule));
                    break;
                }
            }
        }
        hidden.lengths = lengths.into_iter().collect();
        hidden.lengths.sort_unstable_by_key(|&length| Reverse(length));
        hidden
    }

    /// Whether nothing was replaced.
    pub fn is_empty(&self) -> bool {
        self.originals.is_empty()
    }

    /// How many different values were replaced.
    pub fn len(&self) -> usize {
        self.originals.len()
    }

    /// The text with pseudonyms in it; `None` if it has no original.
    pub(super) fn replace(&self, text: &str) -> Option<String> {
        let (mut replaced, mut from, mut at) = (String::new(), 0, 0);
        while let Some(next) = text.get(at..).and_then(|rest| rest.chars().next()) {
            let found = self.lengths.iter().find_map(|length| {
                let end = at + length;
                let (piece, after) = (text.get(at..end)?, text.get(end..)?);
                let (name, rule) = self.pseudonyms.get(piece)?;
                rule.holds(&text[..at], piece, after).then_some((end, name))
            });
            let Some((end, name)) = found else {
                at += next.len_utf8();
                continue;
            };
            replaced.push_str(&text[from..at]);
            replaced.push_str(name);
            (from, at) = (end, end);
        }
        if replaced.is_empty() {
            return None;
        }
        replaced.push_str(&text[from..]);
        Some(replaced)
    }

    /// The text with the originals back in it, in whatever case a pseudonym is written.
    pub fn restore(&self, text: &str) -> String {
        let mut restored = String::with_capacity(text.len());
        let mut from = 0;
        for (start, end) in spans(text) {
            if let Some(original) = self.originals.get(&text[start..end].to_ascii_lowercase()) {
                restored.push_str(&text[from..start]);
                restored.push_str(original);
                from = end;
            }
        }
        restored.push_str(&text[from..]);
        restored
    }

    /// The answer to the question as it was before anything was replaced.
    pub fn restore_answer(&self, mut answer: Answer) -> Answer {
        if self.is_empty() {
            return answer;
        }
        let line = |text: &str| {
            let restored = self.restore(text);
            restored.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>()
        };
        answer.reason = line(&answer.reason);
        for action in &mut answer.actions {
            *action = line(action);
        }
        for (_, value) in &mut answer.cited {
            *value = self.restore(value);
        }
        answer
    }
}

fn pseudonym(key: &[u8; 32], kind: Kind, original: &str, salt: u32) -> String {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(&salt.to_le_bytes()).update(original.as_bytes());
    // Of the text alone, not of its kind: a name that is now a user's and now a host's shows the same digits.
    format!("{}-{}", kind.name(), &hasher.finalize().to_hex()[..DIGITS])
}

/// Whatever in a text has a pseudonym's form, in lower case.
fn look_alikes(text: &str) -> Vec<String> {
    spans(text).map(|(start, end)| text[start..end].to_ascii_lowercase()).collect()
}

/// Where something has a pseudonym's form. No two overlap, for the reasons given at [`Hidden`].
fn spans(text: &str) -> impl Iterator<Item = (usize, usize)> {
    text.match_indices('-').filter_map(move |(hyphen, _)| {
        let end = hyphen + 1 + DIGITS;
        let digits = text.get(hyphen + 1..end)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let start = Kind::ALL.iter().find_map(|kind| {
            let start = hyphen.checked_sub(kind.name().len())?;
            text.get(start..hyphen)?.eq_ignore_ascii_case(kind.name()).then_some(start)
        })?;
        Some((start, end))
    })
}
