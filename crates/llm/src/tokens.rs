//! How many tokens a text has, roughly and from above.
//!
//! Budgets reserve tokens before a call and settle afterwards to what the provider counted. An estimate that is too low
//! breaks a limit; one that is too high only waits longer than needed. Exact counts would need every vendor's own
//! vocabulary, which change from model to model, and two of the three vendors don't publish theirs.

use crate::{Prompt, Usage};

/// An upper-leaning estimate of the tokens in this text.
///
/// English prose has about four characters a token with every vendor ("one token roughly equals 4 characters": OpenAI
/// and Gemini, token guides); here letters and spaces count a third. Alerts are worse than prose: digits count whole,
/// because Gemini's vocabulary splits them one by one; other ASCII counts half; a letter after a digit or at a change
/// of case begins a token, as in hashes and base64. Beyond ASCII a character counts one token for each byte after its
/// first: 1 for `é` or Cyrillic, 2 for CJK, 3 for emoji. Framing of messages (some ten tokens a call) and the schema,
/// which is sent along as text, are for the caller to add.
pub fn estimate_tokens(text: &str) -> u64 {
    const WHOLE: u64 = 6;
    let mut sixths: u64 = 0;
    let mut before = ' ';
    for c in text.chars() {
        sixths = sixths.saturating_add(match c {
            '0'..='9' => WHOLE,
            'a'..='z' if before.is_ascii_digit() => WHOLE,
            'A'..='Z' if before.is_ascii_digit() || before.is_ascii_lowercase() => WHOLE,
            'a'..='z' | 'A'..='Z' | ' ' | '\n' | '\t' => WHOLE / 3,
            c if c.is_ascii() => WHOLE / 2,
            c => WHOLE * (c.len_utf8() as u64 - 1),
        });
        before = c;
    }
    sixths.div_ceil(WHOLE)
}

impl Prompt {
    /// What asking this will use, from above: the input as estimated, and all the output that is allowed.
    pub fn estimate(&self) -> Usage {
        let input = estimate_tokens(&self.system)
            + estimate_tokens(&self.user)
            + estimate_tokens(&self.schema.to_string());
        Usage { input, output: u64::from(self.max_output_tokens), ..Usage::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::estimate_tokens;

    #[test]
    fn estimates_lean_upwards_for_prose_addresses_hashes_and_scripts() {
        // Nine words and a full stop; twelve digits and three points, one token each; random text at two characters a
        // token, as is usual for hashes and base64.
        for (text, counted) in [
            ("The quick brown fox jumps over the lazy dog.", 10),
            ("192.168.100.254", 13),
            ("d41d8cd98f00b204e9800998ecf8427e", 16),
            ("SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoA", 16),
            ("不正なログイン", 7),
            ("{\"a\":1}", 3),
        ] {
            assert!(estimate_tokens(text) >= counted, "{text}: {} < {counted}", estimate_tokens(text));
        }
    }

    #[test]
    fn an_estimate_is_not_absurd() {
        assert_eq!(estimate_tokens(""), 0);
        let prose = "an analyst looks at the alert and decides what to do next ".repeat(100);
        assert!(estimate_tokens(&prose) <= prose.len() as u64 / 3 + 1);
        for text in ["é".repeat(50), "😀".repeat(50), "\u{0}".repeat(50), "0".repeat(50)] {
            assert!(estimate_tokens(&text) <= text.len() as u64, "no vocabulary has more tokens than bytes");
        }
    }
}
