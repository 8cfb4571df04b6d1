//! Per key, verdicts are in the order of the intake. A key's records are in one partition, and so are its verdicts.

use super::{Findings, Kind};
use crate::log::Verdict;
use crate::reading::Topped;
use std::collections::HashMap;

pub(super) fn check(topped: &Topped, findings: &mut Findings) {
    // A partition's verdicts are read in its order, whatever order the partitions come in.
    let mut latest: HashMap<&[u8], &Verdict> = HashMap::new();
    let mut verdicts: Vec<&Verdict> = topped.verdicts.iter().collect();
    verdicts.sort_by_key(|verdict| verdict.place);
    for verdict in verdicts {
        let Some(before) = latest.insert(&verdict.key, verdict) else { continue };
        if before.place.partition != verdict.place.partition
            || before.source.partition != verdict.source.partition
        {
            findings.add(Kind::OutOfOrder, || {
                format!("one key at {} and {}, in different partitions", before.place, verdict.place)
            });
        // The same alert again is doubled, and nothing else.
        } else if before.id.ordinal > verdict.id.ordinal {
            findings.add(Kind::OutOfOrder, || {
                format!(
                    "{} of {} at {} stands before {} of {} at {}",
                    before.id, before.source, before.place, verdict.id, verdict.source, verdict.place
                )
            });
        }
    }
}
