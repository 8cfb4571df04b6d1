//! What was put out is what the store has, and the store has nothing else.

use super::outcomes::Wanted;
use super::{Findings, Kind};
use crate::log::{AlertId, Place, Tag};
use crate::reading::Topped;
use crate::stored::Stored;
use std::collections::{HashMap, HashSet};

pub(super) fn check(
    wanted: &HashMap<Place, Wanted<'_>>,
    topped: &Topped,
    stored: &Stored,
    findings: &mut Findings,
) {
    let mut tags: HashMap<Tag, i32> = HashMap::new();
    let mut put_out: HashSet<AlertId> = HashSet::with_capacity(topped.verdicts.len());
    for verdict in &topped.verdicts {
        put_out.insert(verdict.id);
        let partition = *tags.entry(verdict.id.tag).or_insert(verdict.source.partition);
        if partition != verdict.source.partition {
            findings
                .add(Kind::Foreign, || format!("{} names the source of partition {partition}", verdict.id));
        }
        match stored.alerts.get(&verdict.id).map(Vec::as_slice) {
            None | Some([]) => {
                findings.add(Kind::NotStored, || format!("{} at {}", verdict.id, verdict.place));
            }
            Some([row, ..]) if *row != Some(verdict.decided) => {
                findings.add(Kind::Differs, || {
                    let row = row.map_or_else(|| "no decision".to_owned(), |row| row.to_string());
                    format!("{} at {} has {}; stored: {row}", verdict.id, verdict.place, verdict.decided)
                });
            }
            Some(_) => {}
        }
    }
    let mut ids: Vec<(&AlertId, usize)> = stored.alerts.iter().map(|(id, rows)| (id, rows.len())).collect();
    ids.sort_unstable();
    for (id, rows) in ids {
        if rows > 1 {
            findings.add(Kind::StoredOnly, || format!("{id} has {rows} rows"));
        }
        // One that was not put out is lost, which was said already, if there is an alert in its place.
        let place = tags.get(&id.tag).map(|partition| Place { partition: *partition, offset: id.offset() });
        let alerts =
            place.and_then(|place| wanted.get(&place)).map_or(0, |wanted| wanted.expected.alerts.len());
        if !put_out.contains(id) && alerts == 0 {
            findings.add(Kind::StoredOnly, || format!("{id} is no alert"));
        }
    }
    dead(wanted, &tags, stored, findings);
}

/// The store has each dead letter once. Of partitions without a verdict nobody knows what they are called there.
fn dead(
    wanted: &HashMap<Place, Wanted<'_>>,
    tags: &HashMap<Tag, i32>,
    stored: &Stored,
    findings: &mut Findings,
) {
    let mut rows: HashMap<Place, u32> = HashMap::new();
    for id in &stored.dead {
        match tags.get(&id.tag) {
            Some(partition) => {
                *rows.entry(Place { partition: *partition, offset: id.offset() }).or_default() += 1;
            }
            None if tags.is_empty() => {}
            None => findings.add(Kind::DeadNotStored, || format!("{id} is of no source that has verdicts")),
        }
    }
    let known: HashSet<i32> = tags.values().copied().collect();
    let mut places: Vec<&Place> =
        wanted.keys().chain(rows.keys().filter(|place| !wanted.contains_key(place))).collect();
    places.sort_unstable();
    for place in places {
        let there = rows.get(place).copied().unwrap_or_default();
        let should = wanted.get(place).map_or(0, |wanted| wanted.expected.dead);
        if there != should && known.contains(&place.partition) {
            findings.add(Kind::DeadNotStored, || format!("{place} has {there} of {should} rows"));
        }
    }
}
