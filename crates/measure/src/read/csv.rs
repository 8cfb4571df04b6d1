//! CSV with a header that names the columns: `user`, `metric`, `time`, `value`, and `unit` and `id` if there are such.
//!
//! RFC 4180 as csv-core reads it: quotes around what has commas, quotes doubled within them. Columns may come in any order, others are
//! passed over.

use super::{MOST_LINE_BYTES, ReadError, checked, number, shown, time};
use crate::measurement::Measurement;
use csv_core::{ReadRecordResult, Reader};
use std::io::BufRead;

/// Columns at most.
const MOST_COLUMNS: usize = 256;

/// Reads measurements from CSV.
pub struct CsvReader<R> {
    input: R,
    reader: Reader,
    fields: Vec<u8>,
    ends: Vec<usize>,
    /// Places of the columns; `None` before the header was read.
    columns: Option<Columns>,
    over: bool,
}

#[derive(Debug, Clone, Copy)]
struct Columns {
    user: usize,
    metric: usize,
    time: usize,
    value: usize,
    unit: Option<usize>,
    id: Option<usize>,
}

/// What was read: a record of so many fields, which begins in this line.
struct Record {
    line: u64,
    fields: usize,
    /// It has more bytes or columns than may be; these were passed over.
    too_long: bool,
}

impl<R: BufRead> CsvReader<R> {
    /// A reader of these bytes.
    pub fn new(input: R) -> Self {
        Self {
            input,
            reader: Reader::new(),
            fields: vec![0; MOST_LINE_BYTES],
            ends: vec![0; MOST_COLUMNS],
            columns: None,
            over: false,
        }
    }

    /// Passes over empty lines, so that a record's line is the one it begins in.
    fn skip_empty_lines(&mut self) {
        while let Ok(bytes) = self.input.fill_buf() {
            let empty = bytes.iter().take_while(|byte| matches!(**byte, b'\n' | b'\r')).count();
            let lines = bytes[..empty].iter().filter(|byte| **byte == b'\n').count();
            self.input.consume(empty);
            self.reader.set_line(self.reader.line() + lines as u64);
            if empty == 0 {
                break;
            }
        }
    }

    fn record(&mut self) -> Option<Result<Record, ReadError>> {
        self.skip_empty_lines();
        let mut record = Record { line: self.reader.line(), fields: 0, too_long: false };
        let mut written = 0;
        loop {
            let bytes = match self.input.fill_buf() {
                Ok(bytes) => bytes,
                Err(error) => {
                    self.over = true;
                    let wrong = format!("can't be read: {error}");
                    return Some(Err(ReadError { line: self.reader.line(), wrong, last: true }));
                }
            };
            let (result, read, wrote, ended) =
                self.reader.read_record(bytes, &mut self.fields[written..], &mut self.ends[record.fields..]);
            self.input.consume(read);
            written += wrote;
            record.fields += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    // What does not fit is written over what did: the record is told to be too long anyway.
                    record.too_long = true;
                    (written, record.fields) = (0, 0);
                }
                ReadRecordResult::Record => return Some(Ok(record)),
                ReadRecordResult::End => return None,
            }
        }
    }

    fn field(&self, place: usize, fields: usize) -> Option<&[u8]> {
        if place >= fields {
            return None;
        }
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        self.fields.get(start..self.ends[place])
    }

    fn header(&self, record: &Record) -> Result<Columns, ReadError> {
        let place = |name: &str| {
            (0..record.fields).find(|place| {
                self.field(*place, record.fields).is_some_and(|field| {
                    let field = field.strip_prefix(b"\xef\xbb\xbf").unwrap_or(field);
                    field.trim_ascii().eq_ignore_ascii_case(name.as_bytes())
                })
            })
        };
        let wanted = |name: &str| {
            place(name).ok_or_else(|| ReadError {
                line: record.line,
                wrong: format!("the header has no column `{name}`; it needs user, metric, time, value"),
                last: true,
            })
        };
        Ok(Columns {
            user: wanted("user")?,
            metric: wanted("metric")?,
            time: wanted("time")?,
            value: wanted("value")?,
            unit: place("unit"),
            id: place("id"),
        })
    }

    fn measurement(&self, columns: &Columns, record: &Record) -> Result<Measurement, String> {
        let text = |place: usize, name: &str| {
            let field =
                self.field(place, record.fields).ok_or_else(|| format!("there is no column for `{name}`"))?;
            std::str::from_utf8(field).map_err(|_| format!("`{name}` is not UTF-8"))
        };
        let optional = |place: Option<usize>, name: &str| match place {
            Some(place) if place < record.fields => {
                let text = text(place, name)?;
                Ok::<_, String>((!text.is_empty()).then(|| text.to_owned()))
            }
            _ => Ok(None),
        };
        let value = text(columns.value, "value")?;
        Ok(Measurement {
            id: optional(columns.id, "id")?,
            user: text(columns.user, "user")?.to_owned(),
            metric: text(columns.metric, "metric")?.to_owned(),
            time: time(text(columns.time, "time")?)?,
            value: number(value).ok_or_else(|| format!("`value` is no number: {}", shown(value)))?,
            unit: optional(columns.unit, "unit")?,
        })
    }
}

impl<R: BufRead> Iterator for CsvReader<R> {
    type Item = Result<Measurement, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.over {
            let record = match self.record()? {
                Ok(record) => record,
                Err(error) => return Some(Err(error)),
            };
            if record.too_long {
                let wrong = format!("longer than {MOST_LINE_BYTES} bytes or {MOST_COLUMNS} columns");
                self.over = self.columns.is_none();
                return Some(Err(ReadError { line: record.line, wrong, last: self.over }));
            }
            let Some(columns) = self.columns else {
                match self.header(&record) {
                    Ok(columns) => self.columns = Some(columns),
                    Err(error) => {
                        self.over = true;
                        return Some(Err(error));
                    }
                }
                continue;
            };
            let measurement = self
                .measurement(&columns, &record)
                .map_err(|wrong| ReadError::at(record.line, wrong))
                .and_then(|measurement| checked(record.line, measurement));
            return Some(measurement);
        }
        None
    }
}

impl<R> std::fmt::Debug for CsvReader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CsvReader").field("columns", &self.columns).finish_non_exhaustive()
    }
}
