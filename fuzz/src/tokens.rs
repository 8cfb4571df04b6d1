//! Changes delimited text: CEF, CSV, lists, mapping files.

use crate::shape::bytes_changed;
use crate::{Chance, Words, hostile};

/// Text that is made of words between delimiters.
#[derive(Debug)]
pub struct Tokens {
    words: Words,
    delimiters: &'static [char],
}

impl Tokens {
    /// Text whose reader has this source, cut at these characters.
    pub fn new(sources: &[&str], delimiters: &'static [char]) -> Self {
        Self { words: Words::of(sources), delimiters }
    }

    /// Changes the first `size` bytes of `data`, and returns how many bytes there are then.
    pub fn mutate(&self, data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
        let mut chance = Chance::new(seed);
        let Ok(text) = std::str::from_utf8(&data[..size]) else {
            return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
        };
        if text.is_empty() || chance.one_in(12) {
            return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
        }
        // Each token keeps the delimiter that ends it.
        let mut tokens: Vec<String> = text.split_inclusive(self.delimiters).map(str::to_owned).collect();
        for _ in 0..=chance.below(4) {
            self.change(&mut tokens, &mut chance);
        }
        let text = tokens.concat();
        if text.is_empty() || text.len() > max_size {
            return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
        }
        data[..text.len()].copy_from_slice(text.as_bytes());
        text.len()
    }

    fn change(&self, tokens: &mut Vec<String>, chance: &mut Chance) {
        let (at, other) = (chance.below(tokens.len()), chance.below(tokens.len()));
        let Some(token) = tokens.get(at).cloned() else {
            return tokens.push(self.words.pick(chance).to_owned());
        };
        let end = token.chars().last().filter(|last| self.delimiters.contains(last));
        let word = &token[..token.len() - end.map_or(0, char::len_utf8)];
        let changed = match chance.below(10) {
            0 => chance.pick(&hostile::TEXTS).map_or_else(String::new, |&text| text.to_owned()),
            1 | 2 => self.words.pick(chance).to_owned(),
            3 => format!("\"{}\"", word.replace('"', "\"\"")),
            4 => format!("{word}\\"),
            5 => {
                tokens.remove(at);
                return;
            }
            6 => return tokens.insert(other, token),
            7 => return tokens.swap(at, other),
            8 => {
                // Another delimiter, or one more.
                let delimiter = chance.pick(self.delimiters).copied().unwrap_or(' ');
                let keep = if chance.one_in(2) { word } else { token.as_str() };
                tokens[at] = format!("{keep}{delimiter}");
                return;
            }
            _ => bytes_changed(word),
        };
        tokens[at] = changed + end.map_or_else(String::new, String::from).as_str();
    }
}
