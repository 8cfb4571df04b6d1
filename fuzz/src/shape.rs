//! Changes JSON records without losing what makes them records of their format.

use crate::hostile;
use crate::json::quoted;
use crate::{Chance, Json, Words};

/// What the records of one format look like.
#[derive(Debug)]
pub struct Shape {
    words: Words,
    /// Keys of objects whose elements or value are the records.
    wrappers: &'static [&'static str],
    /// Keys that a record must have, with the value for those that lack them.
    pins: &'static [(&'static str, &'static str)],
    /// Keys whose value is put back, most of the time.
    fixed: &'static [(&'static str, &'static str)],
}

impl Shape {
    /// Records with these keys (and a JSON value for each), whose reader has this source.
    pub fn new(sources: &[&str], pins: &'static [(&'static str, &'static str)]) -> Self {
        Self { words: Words::of(sources), wrappers: &[], pins, fixed: &[] }
    }

    /// The same, with records that may also stand in an object under one of these keys.
    #[must_use]
    pub fn wrapped_in(self, wrappers: &'static [&'static str]) -> Self {
        Self { wrappers, ..self }
    }

    /// The same, with keys whose value makes a record an alert.
    #[must_use]
    pub fn fixed(self, fixed: &'static [(&'static str, &'static str)]) -> Self {
        Self { fixed, ..self }
    }

    /// Changes the first `size` bytes of `data`, and returns how many bytes there are then.
    pub fn mutate(&self, data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
        let mut chance = Chance::new(seed);
        if chance.one_in(24) {
            return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
        }
        let parsed = std::str::from_utf8(&data[..size]).ok().and_then(Json::parse);
        let mut values = match parsed {
            Some(values) => values,
            None if chance.one_in(2) => return libfuzzer_sys::fuzzer_mutate(data, size, max_size),
            None => vec![Json::Object(Vec::new())],
        };
        let at = chance.below(values.len());
        for _ in 0..=chance.below(4) {
            self.change(&mut values[at], &mut chance);
        }
        if !chance.one_in(16) {
            for value in &mut values {
                self.pin(value, &mut chance);
            }
        }
        let mut text = String::new();
        for value in &values {
            value.write(&mut text);
        }
        match chance.below(64) {
            0 => text = format!("[{text}]"),
            1 => text = format!("{text}{text}"),
            2 => text = text.replace(',', " ,\r\n\t"),
            3 => text = format!("<134>May  1 10:00:00 host app: {text}"),
            4 => text.truncate(text.floor_char_boundary(chance.below(text.len()))),
            _ => {}
        }
        if text.is_empty() || text.len() > max_size {
            return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
        }
        data[..text.len()].copy_from_slice(text.as_bytes());
        text.len()
    }

    fn change(&self, root: &mut Json, chance: &mut Chance) {
        let count = root.count();
        let other = root.nth(chance.below(count)).clone();
        let value = root.nth(chance.below(count));
        match chance.below(12) {
            0 => *value = other,
            1 => *value = Json::List(vec![value.clone(), other]),
            2 => *value = Json::Object(vec![(self.key(chance), value.clone())]),
            3 => {
                for level in 0..chance.below(140) {
                    let inner = std::mem::replace(value, Json::List(Vec::new()));
                    *value = if level % 3 == 0 {
                        Json::Object(vec![(self.key(chance), inner)])
                    } else {
                        Json::List(vec![inner])
                    };
                }
            }
            _ => match value {
                Json::Token(token) => self.token(token, chance),
                Json::List(values) => list(values, other, chance),
                Json::Object(entries) => self.object(entries, other, chance),
            },
        }
    }

    fn token(&self, token: &mut String, chance: &mut Chance) {
        match chance.below(5) {
            0 => *token = chance.pick(&hostile::JSON).map_or_else(String::new, |&json| json.to_owned()),
            1 => *token = quoted(chance.pick(&hostile::TEXTS).copied().unwrap_or_default()),
            2 => *token = quoted(self.words.pick(chance)),
            // A string as a number, a number as a string.
            3 => match token.strip_prefix('"').and_then(|token| token.strip_suffix('"')) {
                Some(inner) if inner.bytes().all(|byte| byte.is_ascii_digit()) && !inner.is_empty() => {
                    *token = inner.to_owned();
                }
                _ => *token = quoted(token),
            },
            _ => {
                let inner: String = serde_json::from_str(token).unwrap_or_else(|_| token.clone());
                *token = quoted(&bytes_changed(&inner));
            }
        }
    }

    fn object(&self, entries: &mut Vec<(String, Json)>, other: Json, chance: &mut Chance) {
        let at = chance.below(entries.len());
        if entries.is_empty() {
            entries.push((self.key(chance), other));
            return;
        }
        match chance.below(7) {
            0 => drop(entries.remove(at)),
            1 => entries.insert(at, (self.key(chance), other)),
            2 => entries[at].0 = self.key(chance),
            // The same key twice.
            3 => entries.push((entries[at].0.clone(), other)),
            4 => {
                let to = chance.below(entries.len());
                entries.swap(at, to);
            }
            // A dotted key instead of a nested one.
            5 => {
                let (key, value) = entries[at].clone();
                if let Json::Object(inner) = value {
                    entries.remove(at);
                    let key = key.trim_end_matches('"').to_owned();
                    entries.extend(inner.into_iter().map(|(name, value)| {
                        (format!("{key}.{}", name.strip_prefix('"').unwrap_or(&name)), value)
                    }));
                }
            }
            _ => entries[at].1 = other,
        }
    }

    fn key(&self, chance: &mut Chance) -> String {
        if chance.one_in(12) {
            quoted(chance.pick(&hostile::TEXTS).copied().unwrap_or_default())
        } else {
            quoted(self.words.pick(chance))
        }
    }

    /// Puts back what makes it a record.
    fn pin(&self, value: &mut Json, chance: &mut Chance) {
        let entries = match value {
            Json::Object(entries) => entries,
            Json::List(values) => return values.iter_mut().for_each(|value| self.pin(value, chance)),
            Json::Token(_) => return,
        };
        let wrapper =
            entries.iter().position(|(key, _)| self.wrappers.iter().any(|wrapper| quoted(wrapper) == *key));
        if let Some(at) = wrapper {
            return self.pin(&mut entries[at].1, chance);
        }
        for &(key, value) in self.pins {
            let key = quoted(key);
            if !entries.iter().any(|(found, _)| *found == key) {
                entries.push((key, parsed(value)));
            }
        }
        for &(key, value) in self.fixed {
            if !chance.one_in(8) {
                let key = quoted(key);
                entries.retain(|(found, _)| *found != key);
                entries.push((key, parsed(value)));
            }
        }
    }
}

fn list(values: &mut Vec<Json>, other: Json, chance: &mut Chance) {
    let at = chance.below(values.len());
    match (chance.below(4), values.get(at).cloned()) {
        (0, Some(_)) => drop(values.remove(at)),
        (1, Some(value)) => values.extend(vec![value; chance.below(80)]),
        (2, Some(_)) => values.truncate(at),
        _ => values.insert(at, other),
    }
}

fn parsed(json: &str) -> Json {
    Json::parse(json).and_then(|values| values.into_iter().next()).unwrap_or_else(|| Json::text(json))
}

/// What libFuzzer makes of a text.
pub(crate) fn bytes_changed(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let (size, room) = (bytes.len(), bytes.len() + 32);
    bytes.resize(room, 0);
    let size = libfuzzer_sys::fuzzer_mutate(&mut bytes, size, room);
    String::from_utf8_lossy(&bytes[..size]).into_owned()
}
