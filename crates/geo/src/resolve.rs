//! Which of the places of a name is meant.
//!
//! Forty places are called Springfield. A text that names one also names others near it, the county or the state, so all
//! names of a text are resolved together. Each candidate starts from how well known it is; then, over a few rounds, it
//! gains by every other name in so far as the candidates of that name, weighed by how likely they are by now, lie near it,
//! contain it or lie in it. A name keeps one meaning throughout a text unless "Paris, Texas" says otherwise.
//!
//! The work is bounded: at most [`MAX_CONTEXT`] names speak for others, each with at most [`MAX_CANDIDATES`] candidates.

use crate::gazetteer::{Found, Gazetteer, Packed};
use crate::pack::{NONE_U8, NONE_U16, NameSort};
use crate::place::PlaceKind;

/// Candidates of one name that are weighed; of more the best known are taken.
pub(crate) const MAX_CANDIDATES: usize = 16;
/// Names of one text that count as context for the others.
pub(crate) const MAX_CONTEXT: usize = 40;
/// Of a name that speaks for others, its likeliest meanings only.
const MAX_SPEAKING: usize = 6;
/// How much the rest of the text counts against being well known; best on the articles developed on among 3, 4, 5, 7.
const CONTEXT: f32 = 7.0;
/// Rounds of weighing; the order no longer changes after three on any text tried.
const ROUNDS: usize = 3;

/// A name of a text with what it may mean.
#[derive(Debug, Clone, Default)]
pub(crate) struct Group {
    /// How often it stands in the text.
    pub(crate) count: usize,
    pub(crate) candidates: Vec<Candidate>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    pub(crate) place: u32,
    demonym: bool,
    prior: f32,
    /// How likely by now; the shares of one name sum to 1.
    pub(crate) share: f32,
    unit: [f32; 3],
}

/// What is known before the text is read.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Hint {
    pub(crate) country: Option<u8>,
    pub(crate) near: Option<[f32; 3]>,
}

/// A point on the unit sphere; the chord between two is quicker to work out than the arc.
pub(crate) fn unit(latitude: f64, longitude: f64) -> [f32; 3] {
    let (north, east) = (latitude.to_radians(), longitude.to_radians());
    [(north.cos() * east.cos()) as f32, (north.cos() * east.sin()) as f32, north.sin() as f32]
}

fn chord_km(a: [f32; 3], b: [f32; 3]) -> f32 {
    let square: f32 = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum();
    square.sqrt() * 6371.0
}

/// How well known a place is by itself, as logarithm of odds.
fn prior(gazetteer: &Gazetteer, found: Found, several_words: bool) -> f32 {
    let packed = gazetteer.packed(found.place);
    let people = if packed.class == 0 { 8.0 } else { f32::from(packed.class) / 8.0 * std::f32::consts::LN_2 };
    let known = match packed.kind {
        PlaceKind::Region => 8.0,
        PlaceKind::Country => 7.0 + 0.2 * (people - 12.0),
        PlaceKind::Admin1 => {
            2.5 + 0.45 * (people - 12.0) + if is_english(gazetteer, packed) { 2.0 } else { 0.0 }
        }
        PlaceKind::Admin2 if several_words && found.sort == NameSort::Usual => 2.0,
        PlaceKind::Admin2 => -0.5 + 0.3 * (people - 10.0),
        PlaceKind::City => {
            let country = gazetteer.countries.get(usize::from(packed.country));
            let capital = country.is_some_and(|country| country.capital == found.place);
            0.8 * (people - 7.0)
                + if capital { 2.0 } else { 0.0 }
                + if is_english(gazetteer, packed) { 0.5 } else { 0.0 }
        }
    };
    known - if found.sort == NameSort::Other && packed.kind == PlaceKind::City { 1.0 } else { 0.0 }
}

/// In a country whose news is in English; its divisions and towns are named more often.
fn is_english(gazetteer: &Gazetteer, packed: &Packed) -> bool {
    let code = gazetteer.countries.get(usize::from(packed.country)).map(|country| country.code);
    matches!(code.as_ref(), Some(b"US" | b"GB" | b"CA" | b"AU" | b"IE" | b"NZ"))
}

/// The candidates of a name, best known first, at most [`MAX_CANDIDATES`].
pub(crate) fn candidates(gazetteer: &Gazetteer, found: &[Found], several_words: bool) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = found
        .iter()
        .map(|&found| {
            let packed = gazetteer.packed(found.place);
            Candidate {
                place: found.place,
                demonym: found.sort == NameSort::Demonym,
                prior: prior(gazetteer, found, several_words),
                share: 0.0,
                unit: unit(f64::from(packed.latitude) / 1000.0, f64::from(packed.longitude) / 1000.0),
            }
        })
        .collect();
    candidates.sort_by(|a, b| b.prior.total_cmp(&a.prior).then(a.place.cmp(&b.place)));
    candidates
}

/// Whether `inner` lies in the area `outer`.
pub(crate) fn contains(outer: &Packed, inner: &Packed) -> bool {
    match outer.kind {
        PlaceKind::Country => outer.country != NONE_U8 && outer.country == inner.country,
        PlaceKind::Admin1 => outer.admin1 != NONE_U16 && outer.admin1 == inner.admin1,
        PlaceKind::Admin2 => outer.admin2 != NONE_U16 && outer.admin2 == inner.admin2,
        PlaceKind::Region | PlaceKind::City => false,
    }
}

/// How much `other` speaks for `candidate`.
fn affinity(gazetteer: &Gazetteer, candidate: &Candidate, other: &Candidate) -> f32 {
    let (a, b) = (gazetteer.packed(candidate.place), gazetteer.packed(other.place));
    let country = a.country != NONE_U8 && a.country == b.country;
    let division = a.admin1 != NONE_U16 && a.admin1 == b.admin1;
    let neighbours = || {
        gazetteer
            .countries
            .get(usize::from(a.country))
            .is_some_and(|country| country.neighbours.contains(&b.country))
    };
    let point = |kind: PlaceKind| matches!(kind, PlaceKind::City | PlaceKind::Admin2);
    let near = if point(a.kind) && point(b.kind) {
        let district = contains(a, b) || contains(b, a);
        let km = chord_km(candidate.unit, other.unit);
        (-km / 100.0).exp() + if district { 0.4 } else { 0.0 } + if division { 0.5 } else { 0.0 }
    } else if division {
        1.4
    } else {
        0.0
    };
    let broad = match (a.kind, b.kind) {
        (PlaceKind::Region, _) | (_, PlaceKind::Region) => 0.0,
        _ if country && b.kind == PlaceKind::Country => 0.3,
        _ if country => 0.1,
        (PlaceKind::Country, PlaceKind::Country) => {
            if neighbours() {
                0.3
            } else {
                0.12
            }
        }
        _ if neighbours() => 0.06,
        _ => 0.0,
    };
    (near + broad) * if other.demonym { 0.5 } else { 1.0 }
}

/// What the hint speaks for.
fn hinted(gazetteer: &Gazetteer, candidate: &Candidate, hint: Hint) -> f32 {
    let country = hint.country.is_some_and(|country| gazetteer.packed(candidate.place).country == country);
    let near = hint.near.map_or(0.0, |near| 3.0 * (-chord_km(candidate.unit, near) / 100.0).exp());
    near + if country { 0.8 } else { 0.0 }
}

fn share_out(candidates: &mut [Candidate], scores: &[f32]) {
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for (candidate, score) in candidates.iter_mut().zip(scores) {
        candidate.share = (score - most).exp();
        sum += candidate.share;
    }
    for candidate in candidates {
        candidate.share /= sum;
    }
}

/// The candidates worth hearing, likeliest first.
fn likeliest(candidates: &[Candidate]) -> Vec<Candidate> {
    let mut likeliest: Vec<Candidate> =
        candidates.iter().copied().filter(|candidate| candidate.share > 0.01).collect();
    likeliest.sort_by(|a, b| b.share.total_cmp(&a.share));
    likeliest.truncate(MAX_SPEAKING);
    likeliest
}

/// Weighs the candidates of all names of a text; the likeliest of each comes first.
pub(crate) fn resolve(gazetteer: &Gazetteer, groups: &mut [Group], hint: Hint) {
    for group in groups.iter_mut() {
        group.candidates.truncate(MAX_CANDIDATES);
        let scores: Vec<f32> = group.candidates.iter().map(|candidate| candidate.prior).collect();
        share_out(&mut group.candidates, &scores);
    }
    // The names that come most often, the least ambiguous first, speak for the others.
    let mut speaking: Vec<usize> =
        (0..groups.len()).filter(|&at| !groups[at].candidates.is_empty()).collect();
    speaking.sort_by_key(|&at| (std::cmp::Reverse(groups[at].count.min(3)), groups[at].candidates.len(), at));
    speaking.truncate(MAX_CONTEXT);
    for _ in 0..ROUNDS {
        let before: Vec<(usize, f32, Vec<Candidate>)> = speaking
            .iter()
            .map(|&at| (at, 1.0 + 0.3 * (groups[at].count as f32).ln(), likeliest(&groups[at].candidates)))
            .collect();
        for (at, group) in groups.iter_mut().enumerate() {
            if group.candidates.len() < 2 {
                continue;
            }
            let scores: Vec<f32> = group
                .candidates
                .iter()
                .map(|candidate| {
                    let mut sum = hinted(gazetteer, candidate, hint);
                    for (_, weight, others) in before.iter().filter(|(other, ..)| *other != at) {
                        let most = others
                            .iter()
                            .filter(|other| other.place != candidate.place)
                            .map(|other| other.share * affinity(gazetteer, candidate, other))
                            .fold(0.0, f32::max);
                        sum += weight * most;
                    }
                    candidate.prior + CONTEXT * sum.ln_1p()
                })
                .collect();
            share_out(&mut group.candidates, &scores);
        }
    }
    for group in groups {
        group.candidates.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.place.cmp(&b.place)));
    }
}
