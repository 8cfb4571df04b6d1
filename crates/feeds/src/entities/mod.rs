//! What an article is about: indicators, and names of malware, actors, vendors, products, sectors and countries.
//!
//! An article's text is the attacker's, and most of what looks like an indicator in it is none: versions look like
//! addresses, files like domains, references like infrastructure. So a find says more than what was found: where,
//! how it was written, whether it is one [for certain](Found::certain), whether somebody [defanged](Found::defanged)
//! it, and whether it was only a [part](Part) of another. Those who make intelligence of it choose by that; those
//! who only want to know what the article is about take all.
//!
//! The text is refanged once (`plain.rs`); hosts, fixed forms and names are then found by recognisers that read it
//! once each. Work and memory are linear in the text, of which no more than [`LONGEST_TEXT`] is read, and no more
//! than [`MOST_FOUND`] finds are kept.

mod address;
mod catalogue;
mod context;
mod domain;
mod fold;
mod hosts;
mod ids;
mod named;
mod names;
mod plain;
mod web;

pub use names::Names;

use crate::{Entity, EntityKind};
use named::Matcher;
use plain::Plain;
use std::collections::HashMap;
use std::fmt;

/// How much of a text is read, in bytes.
pub const LONGEST_TEXT: usize = 1 << 20;

/// How many finds are kept of one text: the first ones.
pub const MOST_FOUND: usize = 2_000;

/// Which part of a longer find something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// It stands for itself.
    Whole,
    /// The host of an address of the web or of mail, or the address of a network, which was found as well.
    Host,
    /// Somewhere in the path or query of an address of the web.
    Inside,
}

/// Something that was found, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What.
    pub entity: Entity,
    /// Where it begins, in bytes of the article's text.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// The text from `start` to `end`.
    pub as_written: String,
    /// Whether it is what it looks like, and says something. Not certain are private and documentation addresses,
    /// examples, fillers, what is [`Part::Inside`], what the caller knows as good, ATT&CK's ids in an article that
    /// doesn't speak of ATT&CK, and names that mean other things too.
    pub certain: bool,
    /// Whether somebody took care that it can't be clicked, which is said of bad things mostly.
    pub defanged: bool,
    /// Whether it stands for itself.
    pub part: Part,
}

/// Everything that a text says of one entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// What.
    pub entity: Entity,
    /// How often.
    pub times: usize,
    /// Where first, in bytes of the text.
    pub first: usize,
    /// Whether any of the finds was certain.
    pub certain: bool,
    /// Whether any of the finds was defanged.
    pub defanged: bool,
}

impl Mention {
    /// Each entity of some finds once, in the order of their first finds.
    pub fn gather(found: Vec<Found>) -> Vec<Self> {
        let mut mentions: Vec<Self> = Vec::new();
        let mut places: HashMap<Entity, usize> = HashMap::new();
        for found in found {
            if let Some(mention) = places.get(&found.entity).and_then(|place| mentions.get_mut(*place)) {
                mention.times += 1;
                mention.certain |= found.certain;
                mention.defanged |= found.defanged;
                continue;
            }
            places.insert(found.entity.clone(), mentions.len());
            let Found { entity, start, certain, defanged, .. } = found;
            mentions.push(Self { entity, times: 1, first: start, certain, defanged });
        }
        mentions
    }
}

/// A find in the plain text, before it is led back to the original.
#[derive(Debug, Clone)]
struct Candidate {
    kind: EntityKind,
    value: String,
    start: usize,
    end: usize,
    certain: bool,
    part: Part,
}

impl Candidate {
    fn new(kind: EntityKind, value: String, start: usize, end: usize, certain: bool) -> Self {
        Self { kind, value, start, end, certain, part: Part::Whole }
    }
}

/// Tells whether an entity is known as good.
type KnownGood = Box<dyn Fn(&Entity) -> bool + Send + Sync>;

/// Finds entities in articles. Built once, then shared; finding changes nothing.
pub struct Extractor {
    matcher: Matcher,
    known_good: Option<KnownGood>,
}

impl fmt::Debug for Extractor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Extractor")
            .field("known_good", &self.known_good.is_some())
            .finish_non_exhaustive()
    }
}

impl Extractor {
    /// An extractor that knows `names`.
    pub fn new(names: Names) -> Self {
        Self { matcher: Matcher::new(names), known_good: None }
    }

    /// The same, with a way to tell what is known as good, such as a list of known sites. It is asked for each
    /// indicator, and what it says yes to is found, but not for certain.
    pub fn with_known_good(mut self, known_good: impl Fn(&Entity) -> bool + Send + Sync + 'static) -> Self {
        self.known_good = Some(Box::new(known_good));
        self
    }

    /// Everything in `text`, by where it begins, longer finds first. The first [`LONGEST_TEXT`] bytes are read, and
    /// the first [`MOST_FOUND`] finds kept.
    pub fn extract(&self, text: &str) -> Vec<Found> {
        let text = &text[..context::floor(text, LONGEST_TEXT)];
        let plain = Plain::new(text);
        let mut hosts = hosts::find(&plain, MOST_FOUND);
        let mut ids = ids::find(plain.text(), MOST_FOUND);
        settle_ids(plain.text(), &hosts, &mut ids);
        hosts.append(&mut ids);
        let mut found: Vec<Found> =
            hosts.into_iter().filter_map(|candidate| self.lead_back(text, &plain, candidate)).collect();
        found.sort_by_key(order);
        let taken: Vec<(usize, usize)> = found.iter().map(|found| (found.start, found.end)).collect();
        found.extend(self.matcher.find(text, &taken, MOST_FOUND));
        found.sort_by_key(order);
        found.dedup_by(|next, last| {
            (next.start, next.end) == (last.start, last.end) && next.entity == last.entity
        });
        found.truncate(MOST_FOUND);
        found
    }

    /// Each entity of `text` once, in the order of their first finds, with the bounds of [`Self::extract`].
    pub fn entities(&self, text: &str) -> Vec<Mention> {
        Mention::gather(self.extract(text))
    }

    /// A find in the plain text, as one in the original.
    fn lead_back(&self, text: &str, plain: &Plain, candidate: Candidate) -> Option<Found> {
        let (start, end) = plain.original(candidate.start, candidate.end);
        let as_written = text.get(start..end)?.to_owned();
        let defanged = plain.is_defanged(candidate.start, candidate.end);
        let entity = Entity { kind: candidate.kind, value: candidate.value };
        let good = self.known_good.as_ref().is_some_and(|known_good| known_good(&entity));
        let certain = candidate.certain && !good;
        Some(Found { entity, start, end, as_written, certain, defanged, part: candidate.part })
    }
}

fn order(found: &Found) -> (usize, std::cmp::Reverse<usize>, EntityKind) {
    (found.start, std::cmp::Reverse(found.end), found.entity.kind)
}

/// Says of ids which are inside of an address, and which of ATT&CK's are certain: those in an article that names
/// ATT&CK or MITRE, that has three of them, or a sub-technique, which nothing else looks like.
fn settle_ids(text: &str, hosts: &[Candidate], ids: &mut [Candidate]) {
    let urls = hosts.iter().filter(|host| host.kind == EntityKind::Url);
    // Those with a scheme come before the others: two sorted runs.
    let mut spans: Vec<(usize, usize)> = urls.map(|host| (host.start, host.end)).collect();
    spans.sort_unstable();
    let attack = ids.iter().filter(|id| id.kind == EntityKind::Attack);
    let spoken = ["ATT&CK", "MITRE", "Mitre", "mitre.org"]
        .iter()
        .any(|name| memchr::memmem::find(text.as_bytes(), name.as_bytes()).is_some())
        || attack.take(3).count() == 3;
    for id in ids {
        let next = spans.partition_point(|span| span.1 <= id.start);
        if spans.get(next).is_some_and(|span| span.0 <= id.start) {
            id.part = Part::Inside;
        }
        if id.kind == EntityKind::Attack {
            id.certain = spoken || id.value.contains('.');
        }
    }
}

#[cfg(test)]
mod tests;
