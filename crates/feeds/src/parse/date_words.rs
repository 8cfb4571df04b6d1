//! Words in dates: months, days and zones, in the languages that feeds have been seen in.
//!
//! English, and those that feedparser knows too: Greek, Hungarian, Korean. German, French, Spanish, Italian,
//! Portuguese and Dutch months are here because news in these languages writes them and their first letters are enough.

/// The month a word means, 1 to 12.
pub(super) fn month(word: &str) -> Option<i8> {
    let word = word.trim_end_matches('.').to_lowercase();
    // Greek is written with and without its accents.
    let word = word
        .replace('ά', "α")
        .replace('έ', "ε")
        .replace(['ί', 'ϊ', 'ΐ'], "ι")
        .replace('ύ', "υ")
        .replace('ώ', "ω");
    let first: String = word.chars().take(3).collect();
    if first.chars().count() < 3 {
        return None;
    }
    Some(match first.as_str() {
        "jan" | "ene" | "gen" | "ιαν" => 1,
        "feb" | "fev" | "fév" | "φεβ" => 2,
        "mar" | "mär" | "mrz" | "már" | "maa" | "μαρ" => 3,
        "apr" | "avr" | "abr" | "ápr" | "απρ" => 4,
        "may" | "mai" | "maj" | "máj" | "mei" | "mag" | "μαι" => 5,
        "ιου" | "ιον" if word.starts_with("ιουλ") => 7,
        "jun" | "jún" | "giu" | "ιον" | "ιου" => 6,
        "jul" | "júl" | "lug" | "ιολ" => 7,
        "jui" if word.starts_with("juil") => 7,
        "jui" => 6,
        "aug" | "aoû" | "aou" | "ago" | "αυγ" => 8,
        "sep" | "set" | "sze" | "σεπ" => 9,
        "oct" | "okt" | "out" | "ott" | "οκτ" => 10,
        "nov" | "νοε" => 11,
        "dec" | "dez" | "dic" | "déc" | "δεκ" => 12,
        _ => return None,
    })
}

/// Minutes to the east of Greenwich. RFC 822's letters of the military are read as UTC: RFC 2822 says that most
/// writers had them the wrong way round.
pub(super) fn zone(word: &str) -> Option<i32> {
    let word = word.trim_matches(['(', ')']);
    if let Some(offset) = offset(word) {
        return Some(offset);
    }
    let upper = word.to_ascii_uppercase();
    let (name, added) = match upper.find(['+', '-']) {
        // `GMT+0200`
        Some(at) if at > 0 => (&upper[..at], offset(&upper[at..])?),
        _ => (upper.as_str(), 0),
    };
    let hours_times_two = match name {
        "UT" | "UTC" | "GMT" | "Z" | "WET" | "UCT" => 0,
        "EST" => -10,
        "EDT" | "AST" => -8,
        "CST" => -12,
        "CDT" => -10,
        "MST" => -14,
        "MDT" => -12,
        "PST" => -16,
        "PDT" => -14,
        "AKST" => -18,
        "AKDT" => -16,
        "HST" => -20,
        "ADT" => -6,
        "NST" => -7,
        "NDT" => -5,
        "BRT" => -6,
        "ET" => -10,
        "CT" => -12,
        "MT" => -14,
        "PT" => -16,
        "BST" | "CET" | "MEZ" | "WEST" | "IST" => 2,
        "CEST" | "MESZ" | "EET" | "SAST" => 4,
        "EEST" | "MSK" | "TRT" => 6,
        "GST" => 8,
        "PKT" => 10,
        "ICT" | "WIB" => 14,
        "SGT" | "HKT" | "AWST" | "PHT" => 16,
        "JST" | "KST" => 18,
        "ACST" => 19,
        "AEST" => 20,
        "AEDT" => 22,
        "NZST" => 24,
        "NZDT" => 26,
        _ if name.len() == 1 && name.bytes().all(|byte| byte.is_ascii_uppercase()) => 0,
        _ => return None,
    };
    Some(hours_times_two * 30 + added)
}

/// Minutes of `+01:00`, `-0500`, `+1`, `-3:30`.
pub(super) fn offset(word: &str) -> Option<i32> {
    let (sign, digits) = match word.as_bytes().first()? {
        b'+' => (1, &word[1..]),
        b'-' => (-1, &word[1..]),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) => (hours, minutes.split(':').next().unwrap_or_default()),
        None if digits.len() <= 2 => (digits, "0"),
        None => digits.split_at_checked(digits.len() - 2)?,
    };
    let all_digits =
        |text: &str| !text.is_empty() && text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(hours) || !all_digits(minutes) {
        return None;
    }
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 15 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}
