//! What of a profile an article names.

use super::What;
use super::compiled::{Bond, CompiledProfile, PART};
use crate::reading::{Part, Place, Reading, fold, stands_alone};
use crate::{Entity, EntityKind};
use std::borrow::Cow;

/// How far behind its product's name a version may stand, in bytes.
const BESIDE: usize = 200;
/// What a product counts whose name may mean something else, in percent.
const PERHAPS: u8 = 25;
/// Most labels of a domain that are looked at; there are seldom more than five.
const LABELS: usize = 16;

/// An item's find.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Hit {
    /// How much of the item's points it has, in percent: 150 in the title. 0 if it was not found.
    pub(super) share: u8,
    /// Whether an entity stands for it, not words alone.
    pub(super) by_entity: bool,
    /// Where its words stand, first.
    pub(super) place: Option<Place>,
    /// Which country made the region match.
    pub(super) country: Option<[u8; 2]>,
}

/// The finds of an article, by item; or the item that mutes it.
pub(super) fn scan(profile: &CompiledProfile, reading: &Reading<'_>) -> Result<Vec<Hit>, usize> {
    let mut hits = vec![Hit::default(); profile.items.len()];
    words(profile, reading, &mut hits)?;
    for entity in reading.entities() {
        self::entity(profile, entity, &mut hits);
    }
    for code in reading.countries() {
        country(profile, code, &mut hits);
    }
    // A product that is a word of the language, in an article that does not name its vendor.
    for index in 0..hits.len() {
        if let Bond::Ambiguous { vendor } = profile.items[index].bond
            && !hits[index].by_entity
            && hits[vendor as usize].share == 0
        {
            hits[index].share = hits[index].share.min(PERHAPS);
        }
    }
    Ok(hits)
}

fn words(profile: &CompiledProfile, reading: &Reading<'_>, hits: &mut [Hit]) -> Result<(), usize> {
    let Some(automaton) = &profile.words else { return Ok(()) };
    let text = reading.text();
    // Where each item's words ended last, so that versions know their neighbours.
    let mut last = vec![None; hits.len()];
    for found in automaton.find_overlapping_iter(text) {
        let needle = profile.needles[found.pattern()];
        let index = needle.item as usize;
        let (start, end) = (found.start(), found.end());
        if needle.is_version {
            let Bond::Beside { product, vendor } = profile.items[index].bond else { continue };
            let is_beside =
                |item: u32| last[item as usize].is_some_and(|end| start.saturating_sub(end) <= BESIDE);
            let is_near = is_beside(product) || vendor.is_some_and(is_beside);
            if hits[index].share > 0 || !is_near || !is_version(text, start, end) {
                continue;
            }
        } else if !stands_alone(text, start, end) {
            continue;
        }
        last[index] = Some(end);
        // What stands first stands in the most telling part.
        if hits[index].place.is_none() {
            if profile.items[index].what == What::Muted {
                return Err(index);
            }
            let place = reading.place(start);
            let share = if place.part == Part::Title { 150 } else { 100 };
            hits[index] = Hit { share, place: Some(place), ..Hit::default() };
        }
    }
    Ok(())
}

/// Whether a number stands for itself or begins a longer version, and is no score.
fn is_version(text: &str, start: usize, end: usize) -> bool {
    let before = text.get(..start).unwrap_or_default();
    let after = text.get(end..).unwrap_or_default();
    let is_begun = match before.chars().next_back() {
        Some('.' | '_') => false,
        Some('v') => before.strip_suffix('v').is_some_and(|rest| !rest.ends_with(char::is_alphanumeric)),
        Some(character) => !character.is_alphanumeric(),
        None => true,
    };
    let is_whole = after.chars().next().is_none_or(|character| !character.is_alphanumeric());
    let near = &before[before.ceil_char_boundary(before.len().saturating_sub(16))..];
    is_begun && is_whole && !near.contains("cvss") && !near.contains("score")
}

fn entity(profile: &CompiledProfile, entity: &Entity, hits: &mut [Hit]) {
    match entity.kind {
        EntityKind::Country => country(profile, &entity.value, hits),
        EntityKind::Domain => domain(profile, &entity.value, hits),
        EntityKind::Email => {
            if let Some((_, host)) = entity.value.rsplit_once('@') {
                domain(profile, host, hits);
            }
        }
        EntityKind::Url => domain(profile, host(&entity.value), hits),
        EntityKind::Attack => {
            named(profile, entity.kind, &entity.value, 0, hits);
            if let Some((technique, _)) = entity.value.split_once('.') {
                // All that is part of a watched technique matches, but not its siblings.
                named(profile, entity.kind, technique, PART + 1, hits);
            }
        }
        kind => named(profile, kind, &entity.value, 0, hits),
    }
}

fn named(profile: &CompiledProfile, kind: EntityKind, name: &str, least: u8, hits: &mut [Hit]) {
    let Some(marks) = profile.entities.get(&kind).and_then(|names| names.get(folded(name).as_ref())) else {
        return;
    };
    for mark in marks.iter().filter(|mark| mark.share >= least) {
        let hit = &mut hits[mark.item as usize];
        hit.share = hit.share.max(mark.share);
        hit.by_entity = true;
    }
}

fn country(profile: &CompiledProfile, code: &str, hits: &mut [Hit]) {
    let [one, two] = *code.as_bytes() else { return };
    let code = [one.to_ascii_uppercase(), two.to_ascii_uppercase()];
    for &item in profile.countries.get(&code).into_iter().flatten() {
        let hit = &mut hits[item as usize];
        hit.share = hit.share.max(100);
        hit.by_entity = true;
        // Of several, the first in the alphabet, whatever the order of the entities.
        hit.country = Some(hit.country.map_or(code, |known| known.min(code)));
    }
}

/// Finds a watched domain, or one that it is under.
fn domain(profile: &CompiledProfile, name: &str, hits: &mut [Hit]) {
    if profile.domains.is_empty() || name.len() > 255 {
        return;
    }
    let name = name.trim_end_matches('.').to_lowercase();
    let mut rest = name.as_str();
    for _ in 0..LABELS {
        if let Some(&item) = profile.domains.get(rest) {
            let hit = &mut hits[item as usize];
            hit.share = hit.share.max(100);
            hit.by_entity = true;
        }
        let Some((_, parent)) = rest.split_once('.') else { break };
        rest = parent;
    }
}

/// The host of a web address.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.split(':').next().unwrap_or_default()
}

/// A name in the folded form; as it is where nothing would change, which is the rule.
pub(super) fn folded(name: &str) -> Cow<'_, str> {
    let is_folded =
        name.bytes().all(|byte| matches!(byte, b'!'..=b'~') && byte != b'-' && !byte.is_ascii_uppercase());
    if is_folded { Cow::Borrowed(name) } else { Cow::Owned(fold(name)) }
}
