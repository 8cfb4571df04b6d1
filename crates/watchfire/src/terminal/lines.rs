//! Text in lines that fit, measured in columns: an ideograph takes two of them.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Text in at most `room` columns.
pub(super) fn cut(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut cut = String::new();
    let mut used = 1;
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used > room {
            break;
        }
        cut.push(character);
    }
    cut.push('…');
    cut
}

/// Text in lines of at most `room` columns, broken at spaces but not at those that hold together (U+00A0).
pub(super) fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && line.width() + 1 + word.width() > room {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&cut(word, room));
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::{cut, wrap};
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn a_number_stays_with_its_sign() {
        assert_eq!(wrap("answered 33.3\u{a0}% of", 14), ["answered", "33.3\u{a0}% of"]);
    }

    #[test]
    fn lines_fit_whatever_the_text() {
        for text in
            ["one two three four", "averyverylongwordwithoutanyspace x", "日本語のとても長い文章 です", ""]
        {
            for room in 4..20 {
                assert!(wrap(text, room).iter().all(|line| line.width() <= room), "{text} in {room}");
                assert!(cut(text, room).width() <= room);
            }
        }
    }
}
