//! Whether an article says that it is *not* so.
//!
//! Three forms cover what advisories write, each looked for near the cue and within its sentence:
//!
//! - directly before: `has not yet been`, `isn't`, `never`, `no known`, with nothing but small words between; and
//!   the merely possible: `could be exploited in the wild`, `if attackers exploit it`;
//! - a denial of knowledge up to twelve words before: `no evidence that …`, `not aware of …`;
//! - after: `… has not been observed`, `… was ruled out`, `exploited: no`.
//!
//! Words such as `but` end a denial. What is not recognised counts as said: an alarm too many is the lesser harm.
//! The same place tells `ransomware protection` and the `Zero Day Initiative` from what they are named after.

/// Most words that are looked at on either side, and most bytes.
const WORDS: usize = 12;
const BYTES: usize = 200;

/// Words that may stand between a negation and what it denies.
const SMALL: &[&str] = &[
    "a",
    "active",
    "actively",
    "added",
    "an",
    "any",
    "anti",
    "are",
    "as",
    "be",
    "been",
    "being",
    "believed",
    "catalog",
    "cisa",
    "cisa's",
    "confirmed",
    "considered",
    "current",
    "currently",
    "either",
    "ever",
    "far",
    "had",
    "has",
    "have",
    "in",
    "is",
    "its",
    "known",
    "known,",
    "listed",
    "of",
    "on",
    "part",
    "public",
    "publicly",
    "reported",
    "so",
    "such",
    "that",
    "the",
    "thought",
    "to",
    "under",
    "was",
    "were",
    "widely",
    "yet",
];
/// Words that, denied, deny what follows.
const KNOWLEDGE: &[&str] = &[
    "aware",
    "believe",
    "cases",
    "confirmation",
    "confirmed",
    "detected",
    "evidence",
    "find",
    "found",
    "identified",
    "indication",
    "indications",
    "indicators",
    "instances",
    "know",
    "knowledge",
    "observed",
    "proof",
    "reason",
    "received",
    "reports",
    "report",
    "see",
    "seen",
    "sign",
    "signs",
    "suggest",
    "suggestion",
];
/// Words that may stand between a negation and such a word.
const BETWEEN: &[&str] = &[
    "any",
    "been",
    "clear",
    "confirmed",
    "credible",
    "current",
    "currently",
    "direct",
    "have",
    "known",
    "public",
    "yet",
];
/// Words that begin a clause of its own.
const TURNS: &[&str] = &[
    "although",
    "because",
    "but",
    "despite",
    "how",
    "however",
    "nevertheless",
    "since",
    "though",
    "until",
    "when",
    "where",
    "whereas",
    "while",
    "who",
    "why",
];
/// Words that make a denial of `… has not been` what it is.
const OBSERVED: &[&str] = &[
    "abused",
    "attempted",
    "believed",
    "confirmed",
    "deployed",
    "detected",
    "exploited",
    "found",
    "identified",
    "involved",
    "known",
    "linked",
    "listed",
    "observed",
    "reported",
    "seen",
    "suspected",
    "used",
];
/// What may follow a cue before it is denied.
const AUXILIARY: &[&str] = &[
    "activity",
    "attack",
    "attacks",
    "attempts",
    "been",
    "had",
    "has",
    "have",
    "in",
    "is",
    "of",
    "the",
    "this",
    "vulnerability",
    "was",
    "were",
    "wild",
    "yet",
];
/// What follows a cue that only lends its name.
const NAMESAKES: &[&str] = &[
    "defence",
    "defense",
    "initiative",
    "insurance",
    "mitigation",
    "prevention",
    "protection",
    "quest",
    "readiness",
    "resilience",
    "simulation",
    "simulator",
    "tabletop",
];

/// Whether what stands between these bytes of a folded text is denied, merely possible, or another thing's name.
/// Looks at no more than 200 bytes on either side.
pub(super) fn is_denied(text: &str, start: usize, end: usize) -> bool {
    let from = text.ceil_char_boundary(start.saturating_sub(BYTES));
    let to = text.floor_char_boundary((end + BYTES).min(text.len()));
    before(text.get(from..start).unwrap_or_default()) || after(text.get(end..to).unwrap_or_default())
}

fn before(text: &str) -> bool {
    let sentence = text.rsplit('\n').next().unwrap_or_default();
    let words: Vec<&str> = sentence
        .rsplit(' ')
        .filter(|word| !word.is_empty())
        .take_while(|word| !word.ends_with(['.', ';', ':', '!', '?']))
        .take(WORDS)
        .collect();
    directly(&words) || by_knowledge(&words)
}

/// Walks back from the cue over small words to a negation. A comma ends the walk.
fn directly(words: &[&str]) -> bool {
    let mut has_happened = false;
    let mut is_passive = false;
    for raw in words {
        let word = plain(raw);
        if raw.ends_with(',') {
            return false;
        }
        match word {
            _ if is_negation(word) => return true,
            "anti" | "if" | "unless" | "let" | "lets" => return true,
            "could" | "can" | "might" | "may" | "would" => return is_passive && !has_happened,
            _ if !SMALL.contains(&word) => return false,
            "have" => has_happened = true,
            "be" => is_passive = true,
            _ => {}
        }
    }
    false
}

/// Finds a negation of knowledge somewhere before the cue. Commas may stand between, since things not seen are listed.
fn by_knowledge(words: &[&str]) -> bool {
    // Whether, from the cue back to here, nothing begins a clause of its own.
    let mut nearer = "";
    let mut known = false;
    for raw in words {
        let word = plain(raw);
        if TURNS.contains(&word)
            || (raw.ends_with(',') && matches!(nearer, "and" | "so" | "which" | "with" | "it"))
        {
            return false;
        }
        match word {
            "unaware" | "denies" | "denied" => return true,
            _ if known && is_negation(word) => return true,
            _ => known = KNOWLEDGE.contains(&word) || (known && BETWEEN.contains(&word)),
        }
        nearer = word;
    }
    false
}

fn after(text: &str) -> bool {
    let sentence = text.split('\n').next().unwrap_or_default();
    if let Some(rest) = sentence.strip_prefix(':') {
        return matches!(
            rest.split(' ').find(|word| !word.is_empty()).map(plain),
            Some("no" | "none" | "not")
        );
    }
    let mut negated = false;
    for (place, raw) in sentence.split(' ').filter(|word| !word.is_empty()).take(WORDS).enumerate() {
        let word = plain(raw);
        match word {
            _ if place == 0 && !sentence.starts_with(' ') => return false,
            _ if place == 0 && NAMESAKES.contains(&word) => return true,
            "ruled" => return sentence.contains("ruled out"),
            _ if negated && OBSERVED.contains(&word) => return true,
            _ if is_negation(word) && word != "no" => negated = true,
            _ if !AUXILIARY.contains(&word) => return false,
            _ => {}
        }
        if raw.len() != word.len() {
            return false;
        }
    }
    false
}

fn is_negation(word: &str) -> bool {
    matches!(word, "no" | "not" | "never" | "without" | "cannot" | "nor" | "neither" | "none")
        || word.ends_with("n't")
}

fn plain(word: &str) -> &str {
    word.trim_matches(|character: char| !character.is_alphanumeric() && character != '\'')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied(text: &str, cue: &str) -> bool {
        let folded = crate::reading::fold(text);
        let start = folded.find(cue).unwrap();
        is_denied(&folded, start, start + cue.len())
    }

    #[test]
    fn denials_are_understood() {
        for text in [
            "The flaw has not been exploited in the wild.",
            "It isn't yet known to be exploited in the wild",
            "There is no evidence that the bug was exploited in the wild.",
            "We are not aware of this issue being exploited in the wild",
            "Cisco's team has seen no signs of the flaw being exploited in the wild.",
            "Fortinet did not find any indication that customers were affected or exploited in the wild",
            "No data was lost, and it was never exploited in the wild",
            "The bug could be exploited in the wild",
            "The flaw is unpatched, although it hasn't been exploited in the wild",
            "Exploited in the wild: no",
        ] {
            assert!(denied(text, "exploited in the wild"), "{text}");
        }
        for text in [
            "Ransomware was not involved in the incident",
            "Ransomware has not been deployed",
            "No ransomware was found",
            "New anti-ransomware features",
            "Ransomware protection for everyone",
            "The firm found no evidence of data theft, ransomware or lateral movement",
        ] {
            assert!(denied(text, "ransomware"), "{text}");
        }
        assert!(denied("It matters only if attackers exploit it", "attackers exploit"));
        assert!(denied("Trend Micro's Zero Day Initiative reported it", "zero day"));
    }

    #[test]
    fn what_is_said_stays_said() {
        for text in [
            "The flaw was exploited in the wild.",
            "No patch is available for the flaw exploited in the wild",
            "It is not only theory: it is exploited in the wild",
            "It is not just critical, it is exploited in the wild",
            "There was no evidence of data theft, but the flaw was exploited in the wild",
            "We do not sleep. Exploited in the wild since May",
            "It may have been exploited in the wild",
            "Not a drill \u{2014} exploited in the wild",
            "Exploited in the wild and not fixed",
        ] {
            assert!(!denied(text, "exploited in the wild"), "{text}");
        }
        assert!(!denied("Ransomware is not new", "ransomware"));
        assert!(!denied("Ransomware is used, not seen before", "ransomware"));
    }
}
