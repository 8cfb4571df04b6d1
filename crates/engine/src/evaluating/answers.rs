//! Recorded answers: what a model said of the alerts of an input, in place of its labels.

use crate::error::EngineError;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use watchfire_signal::Verdict;

/// Longest line of a file of answers, in bytes.
const MAX_LINE: u64 = 1 << 20;

/// What was said of the alerts of one input, by their places in it.
#[derive(Debug, Clone, Default)]
pub struct Answers(HashMap<u64, Verdict>);

/// A line: what counts of an alert as `triage --format ndjson` writes it.
#[derive(Deserialize)]
struct Line<'l> {
    #[serde(borrow)]
    id: Cow<'l, str>,
    #[serde(borrow)]
    verdict: Cow<'l, str>,
}

impl Answers {
    /// Reads NDJSON with an `id` and a `verdict` in each line, as `triage --format ndjson` writes it. An id is that of the
    /// source and the record's place in it; the sources of all lines must be one.
    pub fn read(bytes: impl Read, name: &str) -> Result<Self, EngineError> {
        let mut answers = HashMap::new();
        let mut source: Option<String> = None;
        let mut reader = BufReader::new(bytes);
        let mut line = String::new();
        for number in 1_u64.. {
            line.clear();
            let wrong = |reason: String| EngineError::Unreadable {
                name: name.to_owned(),
                reason: format!("line {number}: {reason}"),
                hint: "--answers takes what triage --format ndjson wrote about one file",
            };
            let read = reader.by_ref().take(MAX_LINE).read_line(&mut line);
            if read.map_err(|error| wrong(error.to_string()))? == 0 {
                break;
            }
            if line.trim().is_empty() {
                continue;
            }
            let said: Line<'_> = serde_json::from_str(&line).map_err(|error| wrong(error.to_string()))?;
            let parts = said.id.rsplit_once('-');
            let place = parts.and_then(|(tag, place)| Some((tag, place.parse().ok()?)));
            let Some((tag, place)) = place else {
                return Err(wrong("the id is not that of an alert".to_owned()));
            };
            if source.get_or_insert_with(|| tag.to_owned()) != tag {
                return Err(wrong("it is about another file than the lines before".to_owned()));
            }
            let verdict = Verdict::ALL.into_iter().find(|verdict| verdict.name() == said.verdict);
            answers.insert(place, verdict.ok_or_else(|| wrong("there is no such verdict".to_owned()))?);
        }
        Ok(Self(answers))
    }

    /// What was said of the record in this place, if anything was.
    pub(super) fn of(&self, place: u64) -> Option<Verdict> {
        self.0.get(&place).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::Answers;
    use watchfire_signal::Verdict;

    #[test]
    fn what_triage_writes_is_read_and_mistakes_are_named_by_line() {
        let good = "{\"id\":\"0a1b-7\",\"verdict\":\"true_positive\",\"more\":[1]}\n\n{\"id\":\"0a1b-9\",\"verdict\":\"benign_positive\"}";
        let answers = Answers::read(good.as_bytes(), "a.ndjson").unwrap();
        assert_eq!((answers.of(7), answers.of(8)), (Some(Verdict::TruePositive), None));
        for (bad, reason) in [
            ("{\"id\":\"0a1b-7\"}", "line 1: missing field `verdict`"),
            ("{\"id\":\"x\",\"verdict\":\"suspicious\"}", "line 1: the id is not that of an alert"),
            ("{\"id\":\"a-1\",\"verdict\":\"evil\"}", "line 1: there is no such verdict"),
            (
                "{\"id\":\"a-1\",\"verdict\":\"suspicious\"}\n{\"id\":\"b-1\",\"verdict\":\"suspicious\"}",
                "line 2: it is about another file than the lines before",
            ),
        ] {
            let error = Answers::read(bad.as_bytes(), "a.ndjson").unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
