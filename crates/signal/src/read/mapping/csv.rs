//! A mapping applied to one CSV header.
//!
//! Most records of most files hold no quote, and then a cell is what stands between two delimiters. Only a record with
//! a quote in it goes through the parser, and even of that the cells are borrowed wherever the text stands in it as it
//! is, quoted or not.

use super::super::{Broken, Item};
use super::rules::{Cells, Rules, Slot};
use csv_core::{ReadFieldResult, Reader, ReaderBuilder};
use smallvec::SmallVec;
use std::borrow::Cow;
use std::sync::Arc;

/// Where a CSV file's columns go: a mapping applied to one header.
#[derive(Debug, Clone)]
pub struct CsvPlan {
    rules: Arc<Rules>,
    /// Names of the columns.
    columns: Vec<String>,
    /// Per column, the slot that its cells go to.
    slots: Vec<Option<Slot>>,
    /// The header as it was written, to know it again where files were put together.
    header: String,
    delimiter: u8,
    /// Never used itself: each record is read by a fresh copy.
    reader: Reader,
}

impl CsvPlan {
    pub(super) fn new(rules: &Arc<Rules>, header: &str) -> Option<Self> {
        let csv = rules.csv.as_ref()?;
        let header = header.trim_start_matches('\u{feff}').trim_end_matches(['\r', '\n']);
        // A copy of csv-core's reader has lost its tables (seen in 0.1.13), so it has to do without.
        let reader = ReaderBuilder::new().delimiter(csv.delimiter).nfa(true).build();
        let mut columns: Vec<String> = Vec::new();
        parse(&reader, header, &mut |cell| columns.push(cell.trim().to_owned())).ok()?;
        if !csv.columns.iter().all(|wanted| columns.contains(wanted)) {
            return None;
        }
        let slots = columns.iter().map(|column| rules.slot(column)).collect();
        let rules = Arc::clone(rules);
        Some(Self { rules, columns, slots, header: header.to_owned(), delimiter: csv.delimiter, reader })
    }

    /// Reads one CSV record (which may span lines inside quotes).
    pub fn read<'a>(&self, record: &'a str, out: &mut Vec<Item<'a>>) {
        let text = record.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            return;
        }
        if text == self.header {
            out.push(Item::Aside(Cow::Borrowed("csv header")));
            return;
        }
        let mut cells = self.rules.cells();
        let mut columns = 0;
        let mut put = |cell: Cow<'a, str>| {
            self.put(columns, cell, &mut cells);
            columns += 1;
        };
        if memchr::memchr(b'"', text.as_bytes()).is_none() {
            let mut start = 0;
            for end in memchr::memchr_iter(self.delimiter, text.as_bytes()) {
                // The delimiter is ASCII, so these are boundaries of characters.
                put(Cow::Borrowed(text.get(start..end).unwrap_or_default()));
                start = end + 1;
            }
            put(Cow::Borrowed(text.get(start..).unwrap_or_default()));
        } else if let Err(broken) = parse(&self.reader, text, &mut put) {
            return out.push(Item::Broken(broken));
        }
        if columns == self.slots.len() {
            out.push(self.rules.item(record, &cells));
        } else {
            let reason = format!("{columns} columns where the header has {}", self.slots.len());
            out.push(Item::Broken(Broken::new(
                reason,
                "check for cells that hold the delimiter or a line break and are not quoted",
            )));
        }
    }

    /// The cell of a record in the column of that name, whether the mapping reads it or not.
    pub fn cell<'a>(&self, record: &'a str, column: &str) -> Option<Cow<'a, str>> {
        let wanted = self.columns.iter().position(|known| known == column)?;
        let mut found = None;
        let mut number = 0;
        let text = record.trim_end_matches(['\r', '\n']);
        parse(&self.reader, text, &mut |cell| {
            if number == wanted {
                found = Some(cell);
            }
            number += 1;
        })
        .ok()?;
        found
    }

    fn put<'a>(&self, column: usize, cell: Cow<'a, str>, cells: &mut Cells<'a>) {
        if let Some(Some(slot)) = self.slots.get(column) {
            let cell = match cell {
                Cow::Borrowed(text) => Cow::Borrowed(text.trim_ascii()),
                Cow::Owned(text) => Cow::Owned(text.trim_ascii().to_owned()),
            };
            cells.put(*slot, cell);
        }
    }
}

/// Hands over each cell of one record without its line end.
fn parse<'a>(reader: &Reader, text: &'a str, put: &mut dyn FnMut(Cow<'a, str>)) -> Result<(), Broken> {
    let mut reader = reader.clone();
    // With a line end of its own, the last cell ends like the others, unless it is inside of quotes.
    let mut input: SmallVec<[u8; 512]> = SmallVec::from_slice(text.as_bytes());
    input.push(b'\n');
    let mut output: SmallVec<[u8; 512]> = SmallVec::from_elem(0, input.len());
    let mut start = 0;
    while start < input.len() {
        let (result, read, written) = reader.read_field(&input[start..], &mut output);
        let ReadFieldResult::Field { record_end } = result else {
            return Err(Broken::new(
                "a quoted cell that does not end",
                "close the quote; a quote inside of a quoted cell is written twice",
            ));
        };
        // Without the delimiter, or the line end, that the parser took.
        let span = text.get(start..start + read - 1).unwrap_or_default();
        let value = &output[..written];
        let inner = span.strip_prefix('"').and_then(|span| span.strip_suffix('"'));
        put(match inner {
            _ if span.as_bytes() == value => Cow::Borrowed(span),
            Some(inner) if inner.as_bytes() == value => Cow::Borrowed(inner),
            _ => Cow::Owned(String::from_utf8_lossy(value).into_owned()),
        });
        start += read;
        if record_end && start < input.len() {
            return Err(Broken::new("text after the end of the record", "check the quotes of its last cell"));
        }
    }
    Ok(())
}
