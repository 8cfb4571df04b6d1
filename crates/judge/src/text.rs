//! Making an attacker's text fit to stand in ours.

/// `text` on one line, at most `max` characters: control characters and those that turn the direction of writing or
/// hide (Unicode categories Cc and Cf as far as they matter, TR #36) become `·`, and what is cut off is marked by `…`.
pub fn tame(text: &str, max: usize) -> String {
    let mut tamed = String::with_capacity(text.len().min(max * 4));
    for (index, character) in text.chars().enumerate() {
        if index == max {
            tamed.push('…');
            break;
        }
        tamed.push(if is_tame(character) { character } else { '·' });
    }
    tamed
}

/// Whether a character shows as itself and moves nothing.
fn is_tame(character: char) -> bool {
    !character.is_control()
        && !matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::tame;

    #[test]
    fn nothing_that_moves_a_cursor_or_hides_gets_through() {
        assert_eq!(tame("a\u{1b}[2Jb\r\n\tc", 80), "a·[2Jb···c");
        assert_eq!(tame("admin\u{202e}gpj.exe\u{200b}", 80), "admin·gpj.exe·");
        assert_eq!(tame("naïve ünïcode 日本", 80), "naïve ünïcode 日本");
        assert_eq!(tame("abcdef", 3), "abc…");
    }
}
