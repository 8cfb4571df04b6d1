//! Making an attacker's text fit to show: nothing that moves a cursor or hides gets through, and no more than allowed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watchfire_judge::tame;

fuzz_target!(|data: &[u8]| {
    let [max, text @ ..] = data else { return };
    let (max, text) = (usize::from(*max), String::from_utf8_lossy(text));
    let tamed = tame(&text, max);
    let count = text.chars().count();
    assert_eq!(tamed.chars().count(), if count > max { max + 1 } else { count }, "cut at the wrong place");
    assert_eq!(tamed.ends_with('…'), count > max || text.ends_with('…'), "a cut without its mark");
    for character in tamed.chars() {
        assert!(!character.is_control(), "{character:?} got through");
        // Unicode's bidirectional controls, and those that have no width.
        assert!(
            !matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'),
            "{character:?} got through"
        );
    }
    assert_eq!(tame(&tamed, max + 1), tamed, "what is tame stays as it is");
});
