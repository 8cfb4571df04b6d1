//! Where a text names something of the catalogue.
//!
//! One automaton (Aho-Corasick) reads the folded text once. Its hits are many, since folding forgets where words
//! begin; a hit counts if it is whole words, written as its name is, beside what it needs beside it. Of those that
//! overlap, the longest counts, with one exception: a product's name may hold its vendor's.

use super::context::{is_one_of, words_after, words_before};
use super::fold::Folded;
use super::names::{Manner, Names, Spelling};
use super::{Found, Part};
use crate::{Entity, EntityKind};
use aho_corasick::AhoCorasick;
use std::collections::HashMap;

const MALWARE_WORDS: [&str; 44] = [
    "malware",
    "ransomware",
    "trojan",
    "trojans",
    "rat",
    "stealer",
    "infostealer",
    "backdoor",
    "botnet",
    "bot",
    "loader",
    "dropper",
    "downloader",
    "worm",
    "virus",
    "spyware",
    "wiper",
    "banker",
    "payload",
    "payloads",
    "variant",
    "variants",
    "family",
    "infection",
    "infections",
    "rootkit",
    "bootkit",
    "keylogger",
    "sample",
    "samples",
    "cryptominer",
    "miner",
    "stalkerware",
    "adware",
    "implant",
    "framework",
    "c2",
    "beacon",
    "beacons",
    "gang",
    "group",
    "operators",
    "affiliates",
    "encryptor",
];
const ACTOR_WORDS: [&str; 26] = [
    "group",
    "groups",
    "gang",
    "actor",
    "actors",
    "apt",
    "hackers",
    "hacker",
    "hacking",
    "team",
    "operators",
    "operator",
    "threat",
    "collective",
    "cluster",
    "crew",
    "cybercriminals",
    "adversary",
    "affiliates",
    "espionage",
    "campaign",
    "campaigns",
    "ransomware",
    "intrusion",
    "linked",
    "hacktivists",
];
const PRODUCT_WORDS: [&str; 44] = [
    "vulnerability",
    "vulnerabilities",
    "flaw",
    "flaws",
    "bug",
    "bugs",
    "zero-day",
    "zero-days",
    "cve",
    "patch",
    "patches",
    "update",
    "updates",
    "server",
    "servers",
    "appliance",
    "appliances",
    "software",
    "device",
    "devices",
    "router",
    "routers",
    "firewall",
    "firewalls",
    "gateway",
    "gateways",
    "vpn",
    "platform",
    "plugin",
    "module",
    "version",
    "versions",
    "instances",
    "users",
    "customers",
    "administrators",
    "rce",
    "exploit",
    "exploits",
    "exploited",
    "inc",
    "corp",
    "corporation",
    "advisory",
];
const SECTOR_WORDS: [&str; 6] = ["sector", "sectors", "industry", "industries", "vertical", "verticals"];
/// Words that make a sector of the word right before them only.
const SECTOR_MEMBERS: [&str; 10] = [
    "organizations",
    "organisations",
    "companies",
    "firms",
    "entities",
    "agencies",
    "institutions",
    "providers",
    "operators",
    "organization",
];

/// Everything that a text may name.
pub(super) struct Matcher {
    names: Names,
    automaton: Option<AhoCorasick>,
    /// For each pattern of the automaton, the spellings that fold to it.
    patterns: Vec<Vec<usize>>,
}

/// A hit that counts; bytes of the text.
#[derive(Debug, Clone, Copy)]
struct Hit {
    start: usize,
    end: usize,
    entity: Option<(EntityKind, usize)>,
    certain: bool,
}

impl Matcher {
    pub(super) fn new(names: Names) -> Self {
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut patterns: Vec<Vec<usize>> = Vec::new();
        let mut folded: Vec<&str> = Vec::new();
        for (spelling, known) in names.spellings().iter().enumerate() {
            let place = *places.entry(&known.folded).or_insert_with(|| {
                folded.push(&known.folded);
                patterns.push(Vec::new());
                patterns.len() - 1
            });
            if let Some(pattern) = patterns.get_mut(place) {
                pattern.push(spelling);
            }
        }
        // A build fails only beyond 2^31 states; the catalogue is bounded far below.
        let automaton = AhoCorasick::new(&folded).ok();
        Self { names, automaton, patterns }
    }

    /// Everything that `text` names outside of the ranges `taken`, which are sorted by where they begin. The first
    /// `most` of them.
    pub(super) fn find(&self, text: &str, taken: &[(usize, usize)], most: usize) -> Vec<Found> {
        let Some(automaton) = &self.automaton else { return Vec::new() };
        let folded = Folded::new(text);
        let taken = merged(taken);
        let mut hits: Vec<Hit> = Vec::new();
        for found in automaton.find_overlapping_iter(folded.text.as_bytes()) {
            let Some((start, end)) = folded.original(text, found.start(), found.end()) else { continue };
            if !is_whole(text, start, end) || overlaps(&taken, start, end) {
                continue;
            }
            let spellings = self.patterns.get(found.pattern().as_usize()).into_iter().flatten();
            for spelling in spellings.filter_map(|spelling| self.names.spellings().get(*spelling)) {
                if let Some(certain) = counts(text, start, end, spelling) {
                    hits.push(Hit { start, end, entity: spelling.entity, certain });
                }
            }
            // Hits come by their ends; a name is shorter than a hundred bytes, so nothing much is missed.
            if hits.len() > 4 * most {
                break;
            }
        }
        let written = |hit: Hit| {
            let (kind, value) = hit.entity?;
            let entity = Entity { kind, value: self.names.value_at(value)?.to_owned() };
            let as_written = text.get(hit.start..hit.end)?.to_owned();
            let Hit { start, end, certain, .. } = hit;
            Some(Found { entity, start, end, as_written, certain, defanged: false, part: Part::Whole })
        };
        longest(hits).into_iter().filter_map(written).take(most).collect()
    }
}

/// Of hits that overlap, the longest; all of them, if they are as long.
fn longest(mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.sort_by_key(|hit| (hit.start, std::cmp::Reverse(hit.end)));
    let mut kept: Vec<Hit> = Vec::new();
    let mut holder: Option<Hit> = None;
    for hit in hits {
        let Some(last) = holder.filter(|last| hit.start < last.end) else {
            holder = Some(hit);
            kept.push(hit);
            continue;
        };
        let same = (hit.start, hit.end) == (last.start, last.end);
        let kind = |hit: Hit| hit.entity.map(|(kind, _)| kind);
        let vendor = kind(hit) == Some(EntityKind::Vendor) && kind(last) == Some(EntityKind::Product);
        if same || (vendor && hit.end <= last.end) {
            kept.push(hit);
        }
    }
    kept
}

/// Ranges without those that others hold or touch.
fn merged(ranges: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut merged: Vec<(usize, usize)> = Vec::new();
    for &(start, end) in ranges {
        match merged.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    merged
}

fn overlaps(ranges: &[(usize, usize)], start: usize, end: usize) -> bool {
    let next = ranges.partition_point(|range| range.1 <= start);
    ranges.get(next).is_some_and(|range| range.0 < end)
}

/// Whether words begin and end there; what follows a backslash is a piece of a path.
fn is_whole(text: &str, start: usize, end: usize) -> bool {
    let joins = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '\\');
    let before = text.get(..start).and_then(|head| head.chars().next_back());
    let after = text.get(end..).and_then(|rest| rest.chars().next());
    !before.is_some_and(joins) && !after.is_some_and(joins)
}

/// Whether the place `start..end` counts as `spelling`, and if it does, for certain.
fn counts(text: &str, start: usize, end: usize, spelling: &Spelling) -> Option<bool> {
    let place = text.get(start..end)?;
    if !is_spaced_as(place, &spelling.written, spelling.folded.len()) {
        return None;
    }
    let kind = spelling.entity.map(|(kind, _)| kind);
    let any_case =
        kind == Some(EntityKind::Sector) || (spelling.manner == Manner::Free && spelling.folded.len() > 4);
    if !any_case && !is_cased_as(place, &spelling.written) {
        return None;
    }
    match (spelling.manner, kind) {
        (Manner::Introduced, Some(kind)) => is_introduced(text, start, end, kind).then_some(true),
        (Manner::Doubtful, _) => Some(false),
        _ => Some(true),
    }
}

/// Whether the letters have the case of the name's, or are all capitals.
fn is_cased_as(place: &str, written: &str) -> bool {
    let letters = |text: &str| text.chars().filter(|letter| letter.is_alphanumeric()).collect::<Vec<_>>();
    let (here, there) = (letters(place), letters(written));
    let shouted = here.len() > 2 && here.iter().all(|letter| !letter.is_lowercase());
    here == there || shouted
}

/// Whether what stands between the letters is what may stand between those of the name.
fn is_spaced_as(place: &str, written: &str, folded: usize) -> bool {
    let (mut here, mut there) = (gaps(place), gaps(written));
    let mut last = None;
    loop {
        let (gap, name_gap) = match (here.next(), there.next()) {
            (Some(gap), Some(name_gap)) => (gap, name_gap),
            (None, None) => return true,
            _ => return false,
        };
        let sound = match (gap.between.is_empty(), name_gap.between.is_empty()) {
            (true, true) => true,
            // `CobaltStrike` for `Cobalt Strike`; but `ATT` isn't `AT&T`.
            (true, false) => folded > 4,
            (false, false) => gap.between == name_gap.between || is_space(gap.between),
            // `APT 28` for `APT28`, `Cobalt-Strike` for `CobaltStrike`.
            (false, true) => {
                let number = last.is_some_and(|last: Gap<'_>| {
                    last.letter.is_ascii_digit() != name_gap.letter.is_ascii_digit()
                });
                let hump = last.is_some_and(|last: Gap<'_>| last.letter.is_lowercase())
                    && name_gap.letter.is_uppercase()
                    && gap.letter.is_uppercase();
                matches!(gap.between, " " | "-") && (number || hump)
            }
        };
        if !sound {
            return false;
        }
        last = Some(name_gap);
    }
}

/// What may stand for the space in a name: one line's end at most, so that headings and lists stay apart.
fn is_space(between: &str) -> bool {
    between.chars().count() <= 4
        && between.bytes().filter(|byte| *byte == b'\n').count() <= 1
        && between
            .chars()
            .all(|sign| sign.is_whitespace() || matches!(sign, '-' | '_' | '\u{2010}' | '\u{2011}'))
}

/// A letter or digit, and what stands between it and the last one.
#[derive(Clone, Copy)]
struct Gap<'a> {
    between: &'a str,
    letter: char,
}

fn gaps(text: &str) -> impl Iterator<Item = Gap<'_>> {
    let mut from = 0;
    text.char_indices().filter(|(_, letter)| letter.is_alphanumeric()).map(move |(at, letter)| {
        let between = text.get(from..at).unwrap_or_default();
        from = at + letter.len_utf8();
        Gap { between, letter }
    })
}

/// Whether a word nearby says that a name of `kind` stands at `start..end`.
fn is_introduced(text: &str, start: usize, end: usize, kind: EntityKind) -> bool {
    let near = |words: &[&str], ahead: usize, back: usize| {
        words_after(text, end, ahead).any(|word| is_one_of(word, words))
            || words_before(text, start, back).any(|word| is_one_of(word, words))
    };
    match kind {
        EntityKind::Malware => near(&MALWARE_WORDS, 2, 1),
        EntityKind::Actor => near(&ACTOR_WORDS, 2, 1),
        // `the energy, water and health sectors`
        EntityKind::Sector => near(&SECTOR_WORDS, 6, 3) || near(&SECTOR_MEMBERS, 2, 0),
        _ => near(&PRODUCT_WORDS, 2, 1),
    }
}
