//! The highest CVSS base score that an article mentions.
//!
//! `CVSS 9.8`, `CVSS v3.1 base score of 9.8`, `CVSS:3.1 score: 10/10`, `a 9.8 CVSS score`. The version is a number
//! too: one that follows `v` or `version` is skipped, and so is a first `2.0`, `3.0`, `3.1` or `4.0` that another
//! number follows. Bands are those of CVSS 3.1, section 5 (<https://www.first.org/cvss/v3-1/specification-document>).

use super::{Cause, tenths_of};
use crate::reading::{Part, Reading};
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use std::sync::LazyLock;

/// Most mentions that are read.
const MENTIONS: usize = 64;
/// How far after and before the word a score may stand, in bytes.
const AFTER: usize = 48;
const BEFORE: usize = 28;

/// The highest score, as tenths of a point to add and why.
pub(super) fn highest(reading: &Reading<'_>) -> Option<(i32, Cause)> {
    static WORD: LazyLock<Option<AhoCorasick>> =
        LazyLock::new(|| AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(["cvss"]).ok());
    let text = reading.text();
    let mentions = WORD.as_ref()?.find_iter(text).take(MENTIONS);
    let scores = mentions.filter_map(|hit| Some((score(text, hit.start(), hit.end())?, hit.start())));
    // The highest; of the same, the first.
    let (score, at) = scores.max_by_key(|&(score, at)| (score, std::cmp::Reverse(at)))?;
    let weight = match score {
        90.. => 25,
        70.. => 12,
        40.. => 4,
        _ => return None,
    };
    let place = reading.place(at);
    // A score speaks for the article wherever it stands: it is written in the text, seldom in the title.
    let tenths = weight * tenths_of(place.part.min(Part::Lead));
    let words = format!("cvss {}.{}", score / 10, score % 10);
    Some((
        tenths,
        Cause { cue: "CVSS score", words, place: Some(place), points: tenths / 10, is_denied: false },
    ))
}

/// The score that belongs to a mention, times ten.
fn score(text: &str, start: usize, end: usize) -> Option<u32> {
    let after = text.get(end..text.floor_char_boundary((end + AFTER).min(text.len())))?;
    let after = after.split(['\n', ';']).next()?;
    let found = numbers(after);
    let skip = usize::from(found.len() > 1 && matches!(found[0], 20 | 30 | 31 | 40));
    if let Some(&score) = found.get(skip) {
        return Some(score);
    }
    let before = text.get(text.ceil_char_boundary(start.saturating_sub(BEFORE))..start)?;
    numbers(before.rsplit(['\n', ';']).next()?).pop()
}

/// The numbers that may be scores, times ten: 0.0–10.0 with one decimal, or whole ones after `score`, `of` and the
/// like.
fn numbers(text: &str) -> Vec<u32> {
    let mut found = Vec::new();
    let mut previous = "cvss";
    for word in text.split([' ', '(', ')', '[', ']', ',', '/', '=', ':']).filter(|word| !word.is_empty()) {
        let token = word.trim_end_matches('.');
        if let Some(number) = tenths(token)
            && !matches!(previous, "v" | "version" | "out")
            && (token.contains('.')
                || token == "10"
                || matches!(previous, "score" | "of" | "rating" | "scored"))
        {
            found.push(number);
        }
        // `out of 10` is the scale, not the score.
        if !(previous == "out" && word == "of") {
            previous = word;
        }
    }
    found
}

fn tenths(token: &str) -> Option<u32> {
    let (whole, part) = token.split_once('.').unwrap_or((token, "0"));
    let digits =
        |text: &str, most| (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole, 2) || !digits(part, 1) {
        return None;
    }
    let number = whole.parse::<u32>().ok()? * 10 + part.parse::<u32>().ok()?;
    (number <= 100).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<u32> {
        let folded = crate::reading::fold(text);
        let start = folded.find("cvss").unwrap();
        score(&folded, start, start + 4)
    }

    #[test]
    fn scores_are_told_from_versions() {
        for (text, expected) in [
            ("CVE-2024-3400 (CVSS 9.8)", Some(98)),
            ("a CVSS v3.1 base score of 9.8.", Some(98)),
            ("CVSS:3.1 score: 10/10", Some(100)),
            ("CVSS v4.0: 8.7", Some(87)),
            ("CVSS 3.1: 7.5", Some(75)),
            ("rated 6.5 on the CVSS scale, affecting 3 products", Some(65)),
            ("CVSS score of 9 out of 10", Some(90)),
            ("CVSS 4.0", Some(40)),
            ("CVSS:3.1/AV:N/AC:L/PR:N (9.1)", Some(91)),
            ("the CVSS v3 standard", None),
            ("CVSS is explained in 10.0.0.1", None),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
