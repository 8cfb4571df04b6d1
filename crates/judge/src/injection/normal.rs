//! The plain forms of a text: what is left of it when nothing but its letters counts.
//!
//! Sources: Unicode's *confusables* (UTS #39) for look-alikes, of which the Cyrillic, Greek and small-capital ones that
//! stand for a single Latin letter are taken; compatibility forms (full width, mathematical, circled) by the layout of
//! their blocks; Unicode *tags* (U+E0020–E007E), which show nothing and spell ASCII.

use std::ops::Range;

/// A way to bring a text down to its letters.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Form {
    /// Look-alikes count as the Latin letters that they look like.
    latin: bool,
    /// Punctuation and digits stay, as do line breaks.
    marked: bool,
}

/// Every letter as it is, whichever script it is of.
pub(super) const NATIVE: Form = Form { latin: false, marked: false };
/// Latin letters and what looks like them.
pub(super) const LATIN: Form = Form { latin: true, marked: false };
/// With punctuation, without blanks and backslashes; begins with a line break.
pub(super) const MARKED: Form = Form { latin: true, marked: true };

/// What a text has besides letters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Signs {
    /// Characters that markers are made of.
    pub(super) marked: bool,
    /// Characters that begin an escape.
    pub(super) escaped: bool,
    /// A run of letters and digits long enough to be base64 or hex.
    pub(super) long_run: bool,
    /// Characters that show nothing and may spell something.
    pub(super) hidden: bool,
}

/// A run of letters and digits shorter than this is not taken for encoded text.
pub(super) const MIN_RUN: usize = 16;

const MARKS: u8 = 1;
const ESCAPES: u8 = 2;
const RUNS: u8 = 4;

/// Per ASCII byte, the letter that it counts as (0 for none), and what it is a sign of.
const ASCII: [(u8, u8); 128] = {
    let mut table = [(0, 0); 128];
    let mut byte = 0;
    while byte < 128 {
        let character = byte as u8;
        let letter = match character {
            b'A'..=b'Z' | b'a'..=b'z' => character.to_ascii_lowercase(),
            b'0' => b'o',
            b'1' | b'!' => b'i',
            b'2' => b'z',
            b'3' => b'e',
            b'4' | b'@' => b'a',
            b'5' | b'$' => b's',
            b'6' | b'9' => b'g',
            b'7' => b't',
            b'8' => b'b',
            _ => 0,
        };
        let marks =
            if matches!(character, b'<' | b'[' | b'#' | b'"' | b'\'' | b':' | b'`') { MARKS } else { 0 };
        let escapes = if matches!(character, b'%' | b'&' | b'\\') { ESCAPES } else { 0 };
        let runs = if character.is_ascii_alphanumeric() || matches!(character, b'+' | b'/' | b'-' | b'_') {
            RUNS
        } else {
            0
        };
        table[byte] = (letter, marks | escapes | runs);
        byte += 1;
    }
    table
};

/// The letters of the ASCII part of a text, and the signs of all of it, in one pass.
pub(super) fn letters(text: &str) -> (Vec<u8>, Signs) {
    let mut letters = Vec::with_capacity(text.len());
    let (mut seen, mut run, mut longest) = (0, 0_usize, 0);
    let mut hidden = false;
    for &byte in text.as_bytes() {
        let (letter, signs) = ASCII.get(usize::from(byte)).copied().unwrap_or((0, 0));
        if letter != 0 {
            letters.push(letter);
        }
        // Tags and the second set of variation selectors begin with these bytes.
        hidden |= matches!(byte, 0xf3 | 0xef);
        seen |= signs;
        run = if signs & RUNS == 0 { 0 } else { run + 1 };
        longest = longest.max(run);
    }
    let signs = Signs {
        marked: seen & MARKS != 0 || hidden,
        escaped: seen & ESCAPES != 0,
        long_run: longest >= MIN_RUN,
        hidden,
    };
    (letters, signs)
}

/// A text in one of the forms.
pub(super) fn letters_of(text: &str, form: &Form) -> Vec<u8> {
    let mut letters = Vec::with_capacity(text.len() + 1);
    let mut buffer = [0; 4];
    each_letter(text, form, |letter, _| {
        letters.extend_from_slice(letter.encode_utf8(&mut buffer).as_bytes());
    });
    letters
}

/// Which part of a text its form's bytes in `range` come from.
pub(super) fn origin(text: &str, form: &Form, range: Range<usize>) -> Range<usize> {
    let (mut at, mut start, mut end) = (0, None, 0);
    each_letter(text, form, |letter, from| {
        if at >= range.start && start.is_none() {
            start = Some(from);
        }
        if at < range.end {
            end = from;
        }
        at += letter.len_utf8();
    });
    let start = start.unwrap_or_default();
    start..end.max(start)
}

/// Calls `put` with each letter of a form and where it comes from.
fn each_letter(text: &str, form: &Form, mut put: impl FnMut(char, usize)) {
    if form.marked {
        put('\n', 0);
    }
    let mut after_backslash = false;
    for (from, character) in text.char_indices() {
        let character = plain(character);
        if form.marked {
            let escaped = std::mem::replace(&mut after_backslash, character == '\\');
            match character {
                '\n' | '\r' => put('\n', from),
                'n' | 'r' if escaped => put('\n', from),
                '\\' => {}
                '\'' | '`' | '“' | '”' | '„' | '«' | '»' | '‘' | '’' => put('"', from),
                _ if character.is_whitespace() || is_invisible(character) => {}
                _ => put(lower(character, form), from),
            }
            continue;
        }
        if let Some(&(letter, _)) = ASCII.get(character as usize) {
            if letter != 0 {
                put(char::from(letter), from);
            }
            continue;
        }
        match character {
            'ß' => [(); 2].iter().for_each(|()| put('s', from)),
            'æ' | 'Æ' => ['a', 'e'].into_iter().for_each(|letter| put(letter, from)),
            'œ' | 'Œ' => ['o', 'e'].into_iter().for_each(|letter| put(letter, from)),
            // Tatweel stretches a word and is no part of it.
            '\u{640}' => {}
            _ if character.is_alphabetic() => {
                let letter = lower(character, form);
                // The look-alikes' form is for the Latin alphabet; other letters would only keep words apart.
                if !form.latin || letter.is_ascii() {
                    put(letter, from);
                }
            }
            _ => {}
        }
    }
}

fn lower(character: char, form: &Form) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    let small = character.to_lowercase().next().unwrap_or(character);
    let bare = without_accent(small);
    if form.latin { look_alike(character).or_else(|| look_alike(bare)).unwrap_or(bare) } else { bare }
}

/// Characters that show nothing.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e01ef}'
            | '\u{300}'..='\u{36f}'
    )
}

/// The character that another is a mere variant of: full width, mathematical, circled, squared, or a tag.
fn plain(character: char) -> char {
    let code = u32::from(character);
    let letter = |base: u8, offset: u32| char::from(base + (offset % 26) as u8);
    match code {
        0..=0xff => character,
        0xff01..=0xff5e => char::from((code - 0xff01) as u8 + b'!'),
        0xe0020..=0xe007e => char::from((code - 0xe0000) as u8),
        0x1d400..=0x1d6a3 => letter(b'a', (code - 0x1d400) % 52),
        0x1d7ce..=0x1d7ff => char::from(b'0' + ((code - 0x1d7ce) % 10) as u8),
        0x24b6..=0x24e9 => letter(b'a', code - 0x24b6),
        0x249c..=0x24b5 => letter(b'a', code - 0x249c),
        0x1f130..=0x1f149 => letter(b'a', code - 0x1f130),
        0x1f150..=0x1f169 => letter(b'a', code - 0x1f150),
        0x1f170..=0x1f189 => letter(b'a', code - 0x1f170),
        0x1f1e6..=0x1f1ff => letter(b'a', code - 0x1f1e6),
        _ => match character {
            'ℎ' | 'ℋ' | 'ℌ' | 'ℍ' => 'h',
            'ℬ' => 'b',
            'ℂ' | 'ℭ' => 'c',
            'ℯ' | 'ℰ' => 'e',
            'ℱ' => 'f',
            'ℊ' => 'g',
            'ℐ' | 'ℑ' => 'i',
            'ℒ' | 'ℓ' => 'l',
            'ℳ' => 'm',
            'ℕ' => 'n',
            'ℴ' => 'o',
            'ℙ' => 'p',
            'ℚ' => 'q',
            'ℛ' | 'ℜ' | 'ℝ' => 'r',
            'ℤ' | 'ℨ' => 'z',
            _ => character,
        },
    }
}

/// A small letter without its accent, as people write who lack the key; Arabic's forms of alef count as one.
fn without_accent(letter: char) -> char {
    match letter {
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'ǎ' => 'a',
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => 'c',
        'ď' | 'đ' | 'ð' => 'd',
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => 'e',
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => 'g',
        'ĥ' | 'ħ' => 'h',
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' | 'ǐ' => 'i',
        'ĵ' => 'j',
        'ķ' => 'k',
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => 'l',
        'ñ' | 'ń' | 'ņ' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' | 'ǒ' => 'o',
        'ŕ' | 'ŗ' | 'ř' => 'r',
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => 's',
        'ţ' | 'ť' | 'ŧ' | 'ț' => 't',
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' | 'ǔ' => 'u',
        'ŵ' => 'w',
        'ý' | 'ÿ' | 'ŷ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        'أ' | 'إ' | 'آ' | 'ٱ' => 'ا',
        'ى' => 'ي',
        'ё' => 'е',
        _ => letter,
    }
}

/// The Latin letter that a letter of another alphabet looks like.
fn look_alike(letter: char) -> Option<char> {
    Some(match letter {
        'а' | 'А' | 'α' | 'Α' | 'ɑ' | 'ᴀ' | 'Ꭺ' => 'a',
        'в' | 'В' | 'β' | 'Β' | 'ь' | 'Ь' | 'ʙ' | 'Ᏼ' => 'b',
        'с' | 'С' | 'ϲ' | 'ᴄ' | 'Ꮯ' => 'c',
        'ԁ' | 'ᴅ' | 'Ꭰ' => 'd',
        'е' | 'Е' | 'ε' | 'Ε' | 'э' | 'ҽ' | 'ᴇ' | 'Ꭼ' => 'e',
        'ғ' | 'ꜰ' | 'ϝ' => 'f',
        'ɡ' | 'ɢ' | 'ԍ' | 'Ᏻ' => 'g',
        'һ' | 'Н' | 'н' | 'Η' | 'ʜ' | 'Ꮋ' => 'h',
        'і' | 'І' | 'ι' | 'Ι' | 'ɪ' | 'ӏ' | 'Ӏ' | 'ї' | 'Ꭵ' => 'i',
        'ј' | 'Ј' | 'ᴊ' | 'Ꭻ' => 'j',
        'к' | 'К' | 'κ' | 'Κ' | 'ᴋ' | 'Ꮶ' => 'k',
        'ʟ' | 'Ꮮ' => 'l',
        'м' | 'М' | 'Μ' | 'ᴍ' | 'Ꮇ' => 'm',
        'Ν' | 'η' | 'ո' | 'ɴ' | 'п' => 'n',
        'о' | 'О' | 'ο' | 'Ο' | 'օ' | 'σ' | 'ᴏ' => 'o',
        'р' | 'Р' | 'ρ' | 'Ρ' | 'ᴘ' | 'Ꮲ' => 'p',
        'ԛ' | 'ǫ' => 'q',
        'г' | 'ʀ' | 'я' | 'Ꭱ' => 'r',
        'ѕ' | 'Ѕ' | 'ꜱ' | 'Ꮪ' => 's',
        'т' | 'Т' | 'τ' | 'Τ' | 'ᴛ' | 'Ꭲ' => 't',
        'υ' | 'ս' | 'ᴜ' | 'и' => 'u',
        'ν' | 'ѵ' | 'ᴠ' | 'Ꮩ' => 'v',
        'ԝ' | 'ω' | 'ᴡ' | 'ш' | 'Ꮃ' => 'w',
        'х' | 'Х' | 'χ' | 'Χ' => 'x',
        'у' | 'У' | 'γ' | 'Υ' | 'ү' | 'ʏ' => 'y',
        'Ζ' | 'ᴢ' | 'Ꮓ' => 'z',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{LATIN, MARKED, NATIVE, letters, letters_of, origin};

    fn form(text: &str, form: &super::Form) -> String {
        String::from_utf8(letters_of(text, form)).unwrap()
    }

    #[test]
    fn ways_to_write_one_word_come_to_one_form() {
        for text in [
            "Ignore",
            "i g n o r e",
            "I_G-N.O/R\u{200b}E",
            "1gn0r3",
            "ｉｇｎｏｒｅ",
            "іgnоrе",
            "ｉ\u{301}ɢ𝓃𝑜𝐫𝘦",
            "🅸🅶🅽🅾🆁🅴",
            "ⓘⓖⓝⓞⓡⓔ",
        ] {
            assert_eq!(form(text, &LATIN), "ignore", "{text}");
        }
        assert_eq!(form("Précédentes Größe İÇİN", &NATIVE), "precedentesgrosseicin");
        assert_eq!(form("Забудь всё", &NATIVE), "забудьвсе");
    }

    #[test]
    fn the_quick_way_and_the_general_way_agree() {
        let ascii: String = (0..=127_u8).map(char::from).collect();
        assert_eq!(letters(&ascii).0, letters_of(&ascii, &LATIN));
        assert_eq!(letters(&ascii).0, letters_of(&ascii, &NATIVE));
    }

    #[test]
    fn marks_stay_where_they_matter() {
        assert_eq!(form("a \\nAssistant :", &MARKED), "\na\nassistant:");
        assert_eq!(form("{\\\"Verdict\\\": 'x'}", &MARKED), "\n{\"verdict\":\"x\"}");
    }

    #[test]
    fn a_form_is_traced_back_to_its_text() {
        let text = "…, Ï·g·nore Größen";
        let squeezed = form(text, &NATIVE);
        let at = squeezed.find("gros").unwrap();
        assert!(text[origin(text, &NATIVE, at..at + 4).start..].starts_with("Größen"));
    }
}
