//! Text that is the attacker's on its way into a prompt, and text of a model on its way back.
//!
//! What an alert or an article says goes into a prompt as strings of JSON, with every character escaped that a model could
//! take for markup or that nobody sees. What a model says is read whether it put a fence around it or not, and what people
//! will read of it is brought to one bounded line.

/// JSON in which nothing can pass for markup, for a fence, for the marks that separate speakers, or for nothing: such
/// characters occur only in strings, where an escape means the same.
pub(crate) fn harmless(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if matches!(character, '<' | '>' | '`' | '|' | '#') || is_unseen(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            text.push(character);
        }
    }
    text
}

/// Characters that are not seen, or turn what is seen around: controls, zero-width and bidirectional marks, tags,
/// variation selectors and private use.
pub(crate) fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(u32::from(character),
            0xad | 0x34f | 0x61c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f
            | 0x2028..=0x202e | 0x2060..=0x206f | 0x3164 | 0xe000..=0xf8ff | 0xfe00..=0xfe0f | 0xfeff | 0xffa0
            | 0xfff0..=0xfffb | 0xe0000..=0x10_ffff)
}

/// Some models put JSON into a fence whatever they are told.
pub(crate) fn unfenced(text: &str) -> &str {
    let text = text.trim();
    let inner = text.strip_prefix("```json").or_else(|| text.strip_prefix("```"));
    inner.and_then(|inner| inner.strip_suffix("```")).unwrap_or(text).trim()
}

/// One line without control characters and what hides or turns text, bounded.
pub(crate) fn plain(text: &str, max: usize) -> String {
    let seen: String = text
        .chars()
        .take(max * 2)
        .filter_map(|c| if c.is_control() { Some(' ') } else { (!is_unseen(c)).then_some(c) })
        .collect();
    seen.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(max).collect()
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn escapes_do_not_change_what_json_says() {
        let json = r#"{"a<b":"c|`#","d":[1,2.5e3,null]}"#;
        let (before, after): (serde_json::Value, serde_json::Value) =
            (serde_json::from_str(json).unwrap(), serde_json::from_str(&harmless(json)).unwrap());
        assert_eq!(before, after);
    }
}
