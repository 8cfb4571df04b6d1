//! Measurements from bytes: NDJSON and CSV, line by line, in bounded memory.
//!
//! Both readers are iterators. A line that is wrong is an error with its number, and reading goes on with the next: one user's mistake is nobody
//! else's. Only where the bytes can't be read at all does reading end. A value that is written as text, `NaN` or `null` is read as what it is
//! meant to be: the filter has an answer for numbers that are none, and whoever sent it learns it.

mod csv;
mod ndjson;

#[cfg(test)]
mod tests;

pub use csv::CsvReader;
pub use ndjson::NdjsonReader;

use crate::measurement::Measurement;
use watchfire_signal::Timestamp;

/// Bytes of a line at most.
pub const MOST_LINE_BYTES: usize = 64 * 1024;

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {wrong}")]
pub struct ReadError {
    /// The line, the first is 1; where a record goes over several, the one that it begins in.
    pub line: u64,
    /// What is wrong with it.
    pub wrong: String,
    /// Nothing more can be read.
    pub last: bool,
}

impl ReadError {
    fn at(line: u64, wrong: impl Into<String>) -> Self {
        Self { line, wrong: wrong.into(), last: false }
    }
}

/// A number as text: what a floating-point number can be, with white space around it.
fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok()
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| format!("`time` is no time: {}", shown(text)))
}

/// The beginning of a text, for a message.
fn shown(text: &str) -> String {
    let end = text.char_indices().nth(40).map_or(text.len(), |(end, _)| end);
    let more = if end < text.len() { "…" } else { "" };
    format!("`{}{more}`", text[..end].escape_debug())
}

fn checked(line: u64, measurement: Measurement) -> Result<Measurement, ReadError> {
    match measurement.wrong() {
        Some(wrong) => Err(ReadError::at(line, wrong)),
        None => Ok(measurement),
    }
}
