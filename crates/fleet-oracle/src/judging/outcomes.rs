//! Every record ends exactly once: each alert in it with one verdict, each broken item as one dead letter.

use super::{Findings, Kind};
use crate::intake::Expected;
use crate::log::{Place, Verdict};
use crate::reading::Topped;
use std::collections::HashMap;

/// A record that is there, and what has to become of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) key: &'a [u8],
    pub(super) expected: &'a Expected,
}

/// What has to become of each record of the topic. What was fed has to be there once.
pub(super) fn wanted<'a>(
    fed: &'a [Expected],
    topped: &'a Topped,
    findings: &mut Findings,
) -> HashMap<Place, Wanted<'a>> {
    let mut seen = vec![false; fed.len()];
    let mut wanted = HashMap::with_capacity(topped.intake.len());
    for record in &topped.intake {
        let known = record.number.and_then(|number| usize::try_from(number).ok());
        let Some((expected, seen)) = known.and_then(|place| Some((fed.get(place)?, seen.get_mut(place)?)))
        else {
            findings.add(Kind::NotFed, || format!("{} was never fed", record.place));
            continue;
        };
        if std::mem::replace(seen, true) {
            findings.add(Kind::NotFed, || format!("{} was fed before", record.place));
        }
        wanted.insert(record.place, Wanted { key: &record.key, expected });
    }
    for (number, _) in seen.iter().enumerate().filter(|(_, seen)| !**seen) {
        findings.add(Kind::NotFed, || format!("record {number} is not there"));
    }
    wanted
}

/// One verdict for each alert, with its key and about its text.
pub(super) fn alerts(wanted: &HashMap<Place, Wanted<'_>>, topped: &Topped, findings: &mut Findings) {
    let mut by_record: HashMap<Place, Vec<&Verdict>> = HashMap::with_capacity(wanted.len());
    for verdict in &topped.verdicts {
        by_record.entry(verdict.source).or_default().push(verdict);
    }
    for (place, verdicts) in &mut by_record {
        let Some(record) = wanted.get(place) else {
            findings
                .add(Kind::Foreign, || format!("{} is of {place}, where no record is", verdicts[0].place));
            continue;
        };
        // What a record holds is counted up: verdicts are compared in that order, and those of one alert once.
        verdicts.sort_by_key(|verdict| (verdict.id.ordinal, verdict.place));
        for pair in verdicts.windows(2).filter(|pair| pair[0].id == pair[1].id) {
            findings.add(Kind::Doubled, || {
                format!("{} of {place} at {} and {}", pair[0].id, pair[0].place, pair[1].place)
            });
        }
        verdicts.dedup_by_key(|verdict| verdict.id);
        let texts = &record.expected.alerts;
        for (index, verdict) in verdicts.iter().enumerate() {
            if verdict.id.offset() != place.offset || texts.get(index) != Some(&verdict.text) {
                findings.add(Kind::Foreign, || {
                    format!("{} at {} is not alert {} of {place}", verdict.id, verdict.place, index + 1)
                });
            }
            if verdict.key != record.key {
                findings.add(Kind::OtherKey, || format!("{} of {place} at {}", verdict.id, verdict.place));
            }
        }
    }
    let mut lost: Vec<(Place, usize, usize)> = wanted
        .iter()
        .map(|(place, wanted)| {
            (*place, by_record.get(place).map_or(0, Vec::len), wanted.expected.alerts.len())
        })
        .filter(|(_, there, wanted)| there < wanted)
        .collect();
    lost.sort_unstable();
    for (place, there, wanted) in lost {
        for _ in there..wanted {
            findings.add(Kind::Lost, || format!("{place} has {there} of {wanted} verdicts"));
        }
    }
}

/// One dead letter for each item that can't be read, with its reason.
pub(super) fn dead(wanted: &HashMap<Place, Wanted<'_>>, topped: &Topped, findings: &mut Findings) {
    let mut letters: HashMap<Place, u32> = HashMap::new();
    for letter in &topped.dead {
        *letters.entry(letter.source).or_default() += 1;
        if !letter.has_reason {
            findings.add(Kind::Strange, || format!("the dead letter at {} has no reason", letter.place));
        }
    }
    let mut places: Vec<&Place> =
        wanted.keys().chain(letters.keys().filter(|place| !wanted.contains_key(place))).collect();
    places.sort_unstable();
    for place in places {
        let there = letters.get(place).copied().unwrap_or_default();
        let should = wanted.get(place).map_or(0, |wanted| wanted.expected.dead);
        let kind = if there < should { Kind::DeadLost } else { Kind::DeadDoubled };
        for _ in 0..there.abs_diff(should) {
            findings.add(kind, || format!("{place} has {there} of {should} dead letters"));
        }
    }
}
