//! Words that a reader looks for.

use crate::Chance;

/// The quoted strings and the fields in a piece of source.
#[derive(Debug, Clone, Default)]
pub struct Words(Vec<String>);

impl Words {
    /// The words in these sources: what stands in quotes, and what looks like a field of a struct.
    pub fn of(sources: &[&str]) -> Self {
        let mut words = Vec::new();
        for line in sources.iter().flat_map(|source| source.lines()) {
            let line = line.trim_start();
            if line.starts_with("//") {
                continue;
            }
            // Escaped quotes are rare enough to be cut in the middle.
            words.extend(line.split('"').skip(1).step_by(2).map(str::to_owned));
            if let Some((name, _)) = line.split_once(": ") {
                let name = name.trim_start_matches("pub(super) ").trim_start_matches("r#");
                if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                    words.push(name.to_owned());
                }
            }
        }
        words.retain(|word| !word.is_empty() && word.len() <= 64);
        words.sort_unstable();
        words.dedup();
        Self(words)
    }

    /// One of them, or the empty string.
    pub fn pick(&self, chance: &mut Chance) -> &str {
        chance.pick(&self.0).map_or("", String::as_str)
    }
}
