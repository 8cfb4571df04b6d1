//! Results as lines of JSON (jsonlines.org), each of them on its own: what is wrong with one costs no other.

use super::{BatchResult, BatchResults};
use crate::reading::garbled;
use crate::{Failure, Usage};
use serde_json::Value;
use watchfire_http::Response;

/// The longest line that is read: far above any answer that can be asked for.
const MAX_LINE: usize = 4 << 20;
/// The most results that are kept; no provider takes more items into a batch than half of it.
const MAX_RESULTS: usize = 200_000;

/// Reads every line with `read`, which gives `None` for what is no result.
pub(crate) fn read(
    response: &Response,
    read: impl Fn(&Value) -> Option<BatchResult>,
) -> Result<BatchResults, Failure> {
    let lines = response.body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let found = collect(lines.filter(|line| !line.is_empty()).map(|line| {
        let is_readable = line.len() <= MAX_LINE;
        is_readable.then(|| serde_json::from_slice(line).ok()).flatten().and_then(|line| read(&line))
    }));
    if found.results.is_empty() && found.unreadable > 0 {
        // A page of a proxy, for instance. The results are worth another try.
        return Err(garbled("no line of it is a result", Usage::default()));
    }
    Ok(found)
}

/// Keeps what could be read, up to a bound, and counts the rest.
pub(crate) fn collect(found: impl Iterator<Item = Option<BatchResult>>) -> BatchResults {
    let mut kept = BatchResults::default();
    for result in found {
        match result {
            Some(result) if kept.results.len() < MAX_RESULTS => kept.results.push(result),
            _ => kept.unreadable = kept.unreadable.saturating_add(1),
        }
    }
    kept
}
