//! `{"user": "…", "metric": "…", "time": "…", "value": 1.5, "unit": "…", "id": "…"}`, one a line.

use super::{MOST_LINE_BYTES, ReadError, checked, number, time};
use crate::measurement::Measurement;
use serde::Deserialize;
use std::borrow::Cow;
use std::io::{BufRead, Read};
use watchfire_signal::Timestamp;

/// Reads measurements from lines of JSON. Keys that are not known are passed over; empty lines too.
#[derive(Debug)]
pub struct NdjsonReader<R> {
    input: R,
    line: u64,
    buffer: Vec<u8>,
    over: bool,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    user: Cow<'a, str>,
    #[serde(borrow)]
    metric: Cow<'a, str>,
    #[serde(borrow)]
    time: Scalar<'a>,
    #[serde(borrow)]
    value: Scalar<'a>,
    #[serde(borrow, default)]
    unit: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar<'a> {
    Number(f64),
    #[serde(borrow)]
    Text(Cow<'a, str>),
    Nothing,
}

impl<R: BufRead> NdjsonReader<R> {
    /// A reader of these bytes.
    pub const fn new(input: R) -> Self {
        Self { input, line: 0, buffer: Vec::new(), over: false }
    }

    /// The next line without its end in the buffer; `None` at the end of the input. Of a line that is too long the rest is passed over.
    fn next_line(&mut self) -> Option<Result<(), ReadError>> {
        self.buffer.clear();
        self.line += 1;
        let most = MOST_LINE_BYTES as u64 + 1;
        match self.input.by_ref().take(most).read_until(b'\n', &mut self.buffer) {
            Ok(0) => return None,
            Ok(_) => {}
            Err(error) => return Some(Err(self.broken(&error))),
        }
        let whole = self.buffer.pop_if(|last| *last == b'\n').is_some();
        if whole || self.buffer.len() <= MOST_LINE_BYTES {
            return Some(Ok(()));
        }
        loop {
            let (used, found) = match self.input.fill_buf() {
                Ok([]) => break,
                Ok(bytes) => bytes
                    .iter()
                    .position(|byte| *byte == b'\n')
                    .map_or((bytes.len(), false), |place| (place + 1, true)),
                Err(error) => return Some(Err(self.broken(&error))),
            };
            self.input.consume(used);
            if found {
                break;
            }
        }
        Some(Err(ReadError::at(self.line, format!("longer than {MOST_LINE_BYTES} bytes"))))
    }

    fn broken(&mut self, error: &std::io::Error) -> ReadError {
        self.over = true;
        ReadError { line: self.line, wrong: format!("can't be read: {error}"), last: true }
    }
}

impl<R: BufRead> Iterator for NdjsonReader<R> {
    type Item = Result<Measurement, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.over {
            match self.next_line()? {
                Err(error) => return Some(Err(error)),
                Ok(()) if self.buffer.trim_ascii().is_empty() => {}
                Ok(()) => {
                    let measurement = parse(&self.buffer).map_err(|wrong| ReadError::at(self.line, wrong));
                    return Some(measurement.and_then(|measurement| checked(self.line, measurement)));
                }
            }
        }
        None
    }
}

/// Reads one line.
fn parse(line: &[u8]) -> Result<Measurement, String> {
    let line: Line<'_> = serde_json::from_slice(line).map_err(|error| {
        let text = error.to_string();
        // The line of serde is always 1.
        text.replace(" at line 1 column ", " at column ")
    })?;
    let time = match &line.time {
        Scalar::Number(number) => {
            Timestamp::from_number(*number).ok_or_else(|| format!("`time` is no time: {number}"))?
        }
        Scalar::Text(text) => time(text)?,
        Scalar::Nothing => return Err("`time` is missing".to_owned()),
    };
    let value = match &line.value {
        Scalar::Number(number) => *number,
        Scalar::Text(text) => {
            number(text).ok_or_else(|| format!("`value` is no number: {}", super::shown(text)))?
        }
        Scalar::Nothing => f64::NAN,
    };
    Ok(Measurement {
        id: line.id.map(Cow::into_owned),
        user: line.user.into_owned(),
        metric: line.metric.into_owned(),
        time,
        value,
        unit: line.unit.map(Cow::into_owned),
    })
}
