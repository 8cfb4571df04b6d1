//! The parser: a text in, places out.

use crate::cue::{Cue, Cues};
use crate::fold::fold_into;
use crate::gazetteer::{Found, Gazetteer};
use crate::observe::observe;
use crate::pack::NameSort;
use crate::place::{Place, PlaceId, PlaceKind};
use crate::resolve::{self, Group, Hint, contains};
use crate::spans::{Form, Span, spans};
use crate::token::{Gap, Word, words};
use std::collections::HashMap;

/// Mentions of one text beyond this many are not told.
pub const MAX_MENTIONS: usize = 2_000;

/// What is known of a text before it is read. All of it may be left out.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// ISO code of the country the publisher writes for.
    pub country: Option<String>,
    /// Where the publisher sits: degrees north and east.
    pub near: Option<(f64, f64)>,
}

/// A place name in a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Mention {
    /// First byte of the name in the text.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
    /// The name as the text writes it.
    pub name: String,
    /// The place meant; none for streets, rivers and whatever else the gazetteer does not hold.
    pub place: Option<Place>,
    /// How many places of this name were weighed.
    pub candidates: usize,
    /// 0 to 1: how sure it is that this is a place and this place.
    pub confidence: f32,
}

/// A name of the text with the cues for and against its being a place.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighed {
    /// First byte of the name in the text.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
    /// What was observed.
    pub cues: Vec<Cue>,
    /// The sum of the cues' weights; a place if above 0.
    pub score: f32,
}

/// A name resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// The place meant.
    pub place: Place,
    /// How many places of this name were weighed.
    pub candidates: usize,
    /// 0 to 1: how sure it is this one among them.
    pub confidence: f32,
}

/// Finds place names in texts. Cheap to make and to share.
#[derive(Debug, Clone, Copy)]
pub struct Geoparser<'a> {
    gazetteer: &'a Gazetteer,
}

impl<'a> Geoparser<'a> {
    /// A parser over `gazetteer`.
    pub const fn new(gazetteer: &'a Gazetteer) -> Self {
        Self { gazetteer }
    }

    /// The place names of `text`, in order, not overlapping, at most [`MAX_MENTIONS`]. Offsets are bytes on character
    /// boundaries. Work is linear in the length of the text; words beyond 100,000 are not read.
    pub fn parse(&self, text: &str, context: &Context) -> Vec<Mention> {
        let words = words(text);
        let spans = spans(self.gazetteer, text, &words);
        let cues = observe(self.gazetteer, text, &words, &spans);
        let mut taken: Vec<(&Span, f32)> = spans
            .iter()
            .zip(&cues)
            .map(|(span, cues)| (span, cues.sum()))
            .filter(|(_, score)| *score > 0.0)
            .collect();
        taken.truncate(MAX_MENTIONS);
        let (group_of, groups) = self.group(&words, &taken, context);
        taken
            .iter()
            .zip(group_of)
            .map(|((span, score), group)| {
                let best = group.and_then(|group| groups[group].candidates.first());
                let place = best.and_then(|best| self.gazetteer.place(PlaceId(best.place)));
                let share = best.map_or(0.5, |best| best.share);
                Mention {
                    start: span.start,
                    end: span.end,
                    name: text[span.start..span.end].to_owned(),
                    place,
                    candidates: group.map_or(0, |group| groups[group].candidates.len()),
                    confidence: share / (1.0 + (-score).exp()),
                }
            })
            .collect()
    }

    /// Every name of `text` that could be a place, with the cues that decide: why one was taken and another not.
    pub fn weigh(&self, text: &str) -> Vec<Weighed> {
        let words = words(text);
        let spans = spans(self.gazetteer, text, &words);
        let cues: Vec<Cues> = observe(self.gazetteer, text, &words, &spans);
        let weighed = |(span, cues): (&Span, &Cues)| Weighed {
            start: span.start,
            end: span.end,
            cues: cues.iter().collect(),
            score: cues.sum(),
        };
        spans.iter().zip(&cues).map(weighed).collect()
    }

    /// The places that `names` of one text mean, resolved together; a name may carry its own context after a comma
    /// ("Paris, Texas"). As many results as names, in their order; names beyond [`MAX_MENTIONS`] resolve to nothing.
    pub fn resolve<S: AsRef<str>>(&self, names: &[S], context: &Context) -> Vec<Option<Resolved>> {
        let mut groups: Vec<Group> = Vec::new();
        let (mut folded, mut found) = (String::new(), Vec::new());
        for name in names.iter().take(MAX_MENTIONS) {
            let name = name.as_ref();
            fold_into(name, &mut folded);
            self.gazetteer.find(&folded, &mut found);
            let several = folded.contains(' ');
            let mut candidates = resolve::candidates(self.gazetteer, &found, several);
            if let (true, Some((inner, outer))) = (candidates.is_empty(), name.split_once(',')) {
                let mut areas = Vec::new();
                for area in outer.split(',').take(4) {
                    let area = area.trim();
                    fold_into(crate::words::postal_state(area).unwrap_or(area), &mut folded);
                    self.gazetteer.find(&folded, &mut found);
                    areas.push(found.iter().map(|found| found.place).collect::<Vec<_>>());
                }
                fold_into(inner, &mut folded);
                self.gazetteer.find(&folded, &mut found);
                for areas in areas.iter().filter(|areas| !areas.is_empty()) {
                    self.narrow(&mut found, areas);
                }
                candidates = resolve::candidates(self.gazetteer, &found, folded.contains(' '));
            }
            groups.push(Group { count: 1, candidates });
        }
        resolve::resolve(self.gazetteer, &mut groups, self.hint(context));
        let mut resolved: Vec<Option<Resolved>> = groups
            .iter()
            .map(|group| {
                let best = group.candidates.first()?;
                let place = self.gazetteer.place(PlaceId(best.place))?;
                Some(Resolved { place, candidates: group.candidates.len(), confidence: best.share })
            })
            .collect();
        resolved.resize(names.len(), None);
        resolved
    }

    fn hint(self, context: &Context) -> Hint {
        let code = context.country.as_deref().map(str::as_bytes);
        let country = code.and_then(|code| {
            self.gazetteer.countries.iter().position(|known| known.code.eq_ignore_ascii_case(code))
        });
        Hint {
            country: country.map(|at| at as u8),
            near: context.near.map(|(north, east)| resolve::unit(north, east)),
        }
    }

    /// Keeps of `found` those in one of `areas`, if there are any.
    fn narrow(self, found: &mut Vec<Found>, areas: &[u32]) {
        let inside = |found: &Found| {
            areas.iter().any(|&area| {
                area != found.place
                    && contains(self.gazetteer.packed(area), self.gazetteer.packed(found.place))
            })
        };
        if found.iter().any(inside) {
            found.retain(inside);
        }
    }

    /// One group for each name and what follows it; the group of each span, none for those without candidates.
    fn group(
        self,
        words: &[Word],
        taken: &[(&Span, f32)],
        context: &Context,
    ) -> (Vec<Option<usize>>, Vec<Group>) {
        let mut groups: Vec<Group> = Vec::new();
        let mut known: HashMap<(&str, &str), usize> = HashMap::new();
        let mut qualified: HashMap<&str, (usize, usize)> = HashMap::new();
        let mut group_of = Vec::with_capacity(taken.len());
        for (at, (span, _)) in taken.iter().enumerate() {
            if span.form != Form::Named {
                group_of.push(None);
                continue;
            }
            let mut found = span.found.clone();
            let area = taken.get(at + 1).map(|next| next.0).filter(|next| {
                next.first == span.last + 1
                    && words[next.first].gap == Gap::Comma
                    && self.is_area(next)
                    && next.key != span.key
            });
            let before = found.len();
            if let Some(area) = area {
                let places: Vec<u32> = area.found.iter().map(|found| found.place).collect();
                self.narrow(&mut found, &places);
            }
            let narrowed =
                area.filter(|_| found.len() < before || before == 1).map_or("", |area| area.key.as_str());
            let group = *known.entry((&span.key, narrowed)).or_insert_with(|| {
                let candidates = resolve::candidates(self.gazetteer, &found, span.last > span.first);
                groups.push(Group { count: 0, candidates });
                groups.len() - 1
            });
            groups[group].count += 1;
            if !narrowed.is_empty() {
                let most = qualified.entry(&span.key).or_insert((group, 0));
                if groups[group].count > most.1 {
                    *most = (group, groups[group].count);
                }
            }
            group_of.push(Some(group));
        }
        // A name without its state means the one that had it elsewhere in the text.
        for ((span, _), group) in taken.iter().zip(&mut group_of) {
            let plain = known.get(&(span.key.as_str(), "")).copied();
            if let (Some((same, _)), true) =
                (qualified.get(span.key.as_str()), *group == plain && plain.is_some())
            {
                *group = Some(*same);
            }
        }
        for group in &mut groups {
            group.count = group.count.max(1);
        }
        for (key, (same, _)) in &qualified {
            if let Some(&plain) = known.get(&(*key, "")) {
                groups[*same].count += groups[plain].count;
                groups[plain].candidates.clear();
            }
        }
        resolve::resolve(self.gazetteer, &mut groups, self.hint(context));
        (group_of, groups)
    }

    fn is_area(self, span: &Span) -> bool {
        span.found.iter().any(|found| {
            found.sort != NameSort::Demonym
                && matches!(
                    self.gazetteer.packed(found.place).kind,
                    PlaceKind::Admin1 | PlaceKind::Country | PlaceKind::Admin2
                )
        })
    }
}

#[cfg(test)]
#[path = "parser_tests.rs"]
mod tests;
