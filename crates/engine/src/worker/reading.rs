//! What records of the log say: alerts, what is none, and what can't be read.

use super::log::LogRecord;
use std::panic::{AssertUnwindSafe, catch_unwind};
use watchfire_judge::{Assessed, Assessor, Facts, Reputations};
use watchfire_signal::Alert;
use watchfire_signal::read::{Broken, Item, RecordReader};

/// Bits of an ordinal that count the items of one record.
const ITEM_BITS: u32 = 10;
/// Items that one record may hold.
pub(super) const MOST_ITEMS: usize = 1 << ITEM_BITS;

/// The place of an item among all of its partition: the record's offset, then the item's place in it.
pub(super) fn ordinal(offset: i64, item: usize) -> u64 {
    (offset.cast_unsigned() << ITEM_BITS) | item as u64
}

/// What one item of a record is.
pub(super) enum Found<'t> {
    /// An alert, with what can be told from it alone.
    Alert(Box<Looked<'t>>),
    /// No alert.
    Aside,
    /// Can't be read.
    Dead(Broken),
}

/// An alert, and what can be told from it alone.
pub(super) struct Looked<'t> {
    pub(super) alert: Alert<'t>,
    pub(super) assessed: Assessed,
}

/// The text of a record: bytes that are not UTF-8 are replaced.
pub(super) fn text(record: &LogRecord) -> String {
    match std::str::from_utf8(&record.value) {
        Ok(text) => text.to_owned(),
        Err(_) => String::from_utf8_lossy(&record.value).into_owned(),
    }
}

/// Reads records, with what it remembers of earlier ones.
pub(super) struct Reader<'r> {
    pub(super) records: RecordReader,
    pub(super) assessor: Assessor,
    pub(super) reputations: &'r (dyn Reputations + Sync),
    /// Bytes that a record may have.
    pub(super) most_bytes: usize,
}

impl Reader<'_> {
    /// What a record says, item by item. One item's failure stays its own.
    pub(super) fn read<'t>(&mut self, text: &'t str) -> Vec<Found<'t>> {
        if text.len() > self.most_bytes {
            return vec![Found::Dead(Broken::new(
                format!("the record has {} bytes, and may have {}", text.len(), self.most_bytes),
                "send alerts one by one, or raise [input] max_record_bytes",
            ))];
        }
        let mut items = Vec::new();
        let read = catch_unwind(AssertUnwindSafe(|| self.records.read(text, &mut items)));
        if read.is_err() {
            return vec![Found::Dead(Broken::new(
                "reading it failed",
                "this is a bug: please report the record",
            ))];
        }
        if items.len() > MOST_ITEMS {
            return vec![Found::Dead(Broken::new(
                format!("the record holds {} alerts, and may hold {MOST_ITEMS}", items.len()),
                "send them in several records",
            ))];
        }
        items.into_iter().map(|item| self.look(item)).collect()
    }

    fn look<'t>(&mut self, item: Item<'t>) -> Found<'t> {
        match item {
            Item::Aside(_) => Found::Aside,
            Item::Broken(broken) => Found::Dead(broken),
            Item::Alert(alert) => {
                let assessed = catch_unwind(AssertUnwindSafe(|| {
                    let facts = self.assessor.facts(&alert, self.reputations);
                    self.assessor.assess(&alert, &facts)
                }));
                match assessed {
                    Ok(assessed) => Found::Alert(Box::new(Looked { alert: *alert, assessed })),
                    Err(_) => Found::Dead(Broken::new(
                        "assessing it failed",
                        "this is a bug: please report the record",
                    )),
                }
            }
        }
    }

    /// What was found out of an alert that was assessed before.
    pub(super) fn facts<'a>(&self, alert: &'a Alert<'_>) -> Facts<'a> {
        self.assessor.facts(alert, self.reputations)
    }
}
