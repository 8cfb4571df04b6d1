//! Batches from bytes: item by item, so that one that is wrong is nobody else's trouble.

use crate::problem::Problem;
use crate::routes::from_json;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;
use utoipa::ToSchema;
use watchfire_judge::tame;
use watchfire_measure::Measurement;
use watchfire_measure::read::NdjsonReader;

/// Items that are kept of a body: more than any batch may have. The rest is read and forgotten, so that a body of nothing but commas
/// takes no more memory than its own.
const MOST_ITEMS: usize = 10_001;

/// A batch.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Batch<'a> {
    /// In any order; one user's are judged by time.
    #[serde(borrow)]
    #[schema(value_type = Vec<NewMeasurement>)]
    measurements: Items<'a>,
}

/// A value of a metric of a user.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "it describes what the reader reads")]
pub(crate) struct NewMeasurement {
    /// What tells it from all others of its user and metric; without one, time and value do.
    #[schema(max_length = 256)]
    id: Option<String>,
    /// Whose.
    #[schema(min_length = 1, max_length = 256)]
    user: String,
    /// Of what.
    #[schema(min_length = 1, max_length = 128)]
    metric: String,
    /// When: RFC 3339, or a number since 1970.
    time: String,
    /// How much.
    value: f64,
    /// In what; without one, in the metric's base unit.
    #[schema(max_length = 64)]
    unit: Option<String>,
}

#[derive(Debug)]
struct Items<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Items<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Vec<&'de RawValue>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of measurements")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while items.len() < MOST_ITEMS {
                    let Some(item) = list.next_element()? else { return Ok(items) };
                    items.push(item);
                }
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(items)
            }
        }
        deserializer.deserialize_seq(List).map(Items)
    }
}

/// Whether a content type says that there is one measurement a line.
pub(super) fn is_ndjson(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/x-ndjson") || kind.eq_ignore_ascii_case("application/ndjson")
}

/// Items of `{"measurements": […]}`; at most one more than `most`, and what is wrong with those that can't be read.
pub(super) fn of_json(bytes: &[u8], most: usize) -> Result<Vec<Result<Measurement, String>>, Problem> {
    let batch: Batch<'_> = from_json(bytes)?;
    Ok(batch.measurements.0.into_iter().take(most.saturating_add(1)).map(|item| read(item.get())).collect())
}

/// Items of lines; at most one more than `most`.
pub(super) fn of_lines(bytes: &[u8], most: usize) -> Vec<Result<Measurement, String>> {
    NdjsonReader::new(bytes)
        .take(most.saturating_add(1))
        .map(|item| item.map_err(|error| tame(&error.to_string(), 200)))
        .collect()
}

/// Reads one object. Line breaks in it stand between its parts: JSON has none within texts.
fn read(text: &str) -> Result<Measurement, String> {
    let line = text.replace(['\n', '\r'], " ");
    match NdjsonReader::new(line.as_bytes()).next() {
        Some(Ok(measurement)) => Ok(measurement),
        Some(Err(error)) => Err(tame(&error.wrong, 200)),
        None => Err("there is nothing".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_that_can_not_be_read_is_nobody_elses_trouble() {
        let body = br#"{"measurements":[{"user":"a","metric":"m","time":1,
            "value":2},3,{"user":"","metric":"m","time":1,"value":2},{"user":"b"}]}"#;
        let items = of_json(body, 10).unwrap();
        assert_eq!(items.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, false, false]);
        assert_eq!(items[2].as_ref().unwrap_err(), "user is empty or longer than 256 bytes");
        let lines = of_lines(b"{\"user\":\"a\",\"metric\":\"m\",\"time\":1,\"value\":2}\n\nx\n", 10);
        assert_eq!(lines.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false]);
        assert!(lines[1].as_ref().unwrap_err().starts_with("line 3: "), "{lines:?}");
    }

    #[test]
    fn what_is_beyond_the_bound_is_not_kept() {
        let body = format!("{{\"measurements\":[{}1]}}", "1,".repeat(50_000));
        assert_eq!(of_json(body.as_bytes(), 10_000).unwrap().len(), 10_001);
        assert_eq!(of_json(body.as_bytes(), 3).unwrap().len(), 4);
        assert_eq!(of_lines(&b"x\n".repeat(10), 3).len(), 4);
    }
}
