//! The mapping file as it is written, and its check.
//!
//! Whatever is wrong is told with the key, the line and what to do about it, before the first record is read.

use super::rules::{Csv, Cut, Rules, SeverityRule, Slot, Source, Target, Time, TimeFormat};
use crate::{Field, Severity, Timestamp};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use toml::Spanned;

/// Why a mapping file can't be used. Trying again does not help: the file must be changed.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// It is not TOML, or has a key that mappings don't have, or a value of the wrong type.
    #[error("line {line}: {key}{}", source.message())]
    Toml {
        /// The line, from 1.
        line: usize,
        /// The key on that line with a colon, where the message does not name one.
        key: String,
        /// What the TOML reader says.
        source: toml::de::Error,
    },
    /// A key has a value that means nothing.
    #[error("line {line}: `{key}`: {reason}")]
    Value {
        /// The line, from 1.
        line: usize,
        /// The key, with its table.
        key: String,
        /// One clause, in lower case.
        reason: &'static str,
        /// What to write instead.
        hint: &'static str,
    },
    /// Something is missing altogether.
    #[error("`{key}`: {reason}")]
    Missing {
        /// The key or table.
        key: &'static str,
        /// One clause, in lower case.
        reason: &'static str,
        /// What to write.
        hint: &'static str,
    },
}

impl MappingError {
    /// What the user can do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Toml { .. } => {
                "a mapping has name, [match], [csv], [time], [severity], [fields] and [aside]; see docs/mapping.md"
            }
            Self::Value { hint, .. } | Self::Missing { hint, .. } => hint,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    #[serde(rename = "match")]
    matches: Match,
    csv: Option<CsvTable>,
    time: Option<TimeTable>,
    #[serde(default)]
    severity: SeverityTable,
    #[serde(default)]
    fields: BTreeMap<Spanned<String>, SourceValue>,
    #[serde(default)]
    aside: BTreeMap<String, Texts>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Match {
    #[serde(default)]
    columns: Vec<String>,
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    equals: BTreeMap<String, Texts>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CsvTable {
    delimiter: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TimeTable {
    from: String,
    format: Option<Spanned<String>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct SeverityTable {
    from: Option<String>,
    #[serde(default)]
    words: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    at_least: BTreeMap<Spanned<String>, f64>,
    default: Option<Spanned<String>>,
}

/// One text, number or truth, or several.
struct Texts(Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match SourceValue::deserialize(deserializer)? {
            SourceValue { from, value: None, after: None, before: None } => Ok(Self(from)),
            _ => Err(D::Error::custom("expected one value or an array of values")),
        }
    }
}

/// Where a field's text comes from: `"name"`, `["one", "other"]`, or a table.
#[derive(Default)]
struct SourceValue {
    from: Vec<String>,
    value: Option<String>,
    after: Option<String>,
    before: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceTable {
    from: Option<Texts>,
    value: Option<String>,
    after: Option<String>,
    before: Option<String>,
}

impl<'de> Deserialize<'de> for SourceValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SourceVisitor)
    }
}

struct SourceVisitor;

impl<'de> Visitor<'de> for SourceVisitor {
    type Value = SourceValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a column or path, an array of them, or a table with `from` or `value`")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<SourceValue, E> {
        Ok(SourceValue { from: vec![text.to_owned()], ..SourceValue::default() })
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<SourceValue, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<SourceValue, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_bool<E: serde::de::Error>(self, truth: bool) -> Result<SourceValue, E> {
        self.visit_str(&truth.to_string())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<SourceValue, A::Error> {
        let mut from = Vec::new();
        while let Some(Texts(texts)) = seq.next_element()? {
            from.extend(texts);
        }
        if from.is_empty() {
            return Err(A::Error::custom("an empty array"));
        }
        Ok(SourceValue { from, ..SourceValue::default() })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SourceValue, A::Error> {
        let table = SourceTable::deserialize(MapAccessDeserializer::new(map))?;
        if table.from.is_some() == table.value.is_some() {
            return Err(A::Error::custom("expected either `from` or `value`"));
        }
        let (after, before) = (table.after, table.before);
        if after.is_some() || before.is_some() {
            if table.value.is_some() {
                return Err(A::Error::custom("`after` and `before` go with `from` only"));
            }
            if [&after, &before].into_iter().flatten().any(String::is_empty) {
                return Err(A::Error::custom("`after` and `before` must not be empty"));
            }
        }
        let from = table.from.map(|Texts(from)| from).unwrap_or_default();
        Ok(SourceValue { from, value: table.value, after, before })
    }
}

/// Reads and checks a mapping file.
pub(super) fn load(text: &str) -> Result<Rules, MappingError> {
    let file: File = toml::from_str(text).map_err(|source| toml_error(text, source))?;
    let at = |span: Range<usize>, key: String, reason, hint| MappingError::Value {
        line: line_of(text, &span),
        key,
        reason,
        hint,
    };

    let is_csv = !file.matches.columns.is_empty();
    let is_json = !file.matches.keys.is_empty() || !file.matches.equals.is_empty();
    let reason = match (is_csv, is_json, &file.csv) {
        (true, true, _) => "asks for both CSV columns and JSON keys",
        (false, false, _) => "does not say which records this mapping is for",
        (false, true, Some(_)) => "asks for JSON keys in a mapping with [csv]",
        _ => "",
    };
    if !reason.is_empty() {
        let hint = "write columns = [\"…\"] for CSV, or keys = [\"…\"] and equals = { … } for JSON";
        return Err(MappingError::Missing { key: "[match]", reason, hint });
    }

    let inputs = inputs_of(&file);
    let slot = |name: &str| -> Slot {
        // Every name asked for here is among them.
        inputs.binary_search_by(|input| input.as_str().cmp(name)).unwrap_or(inputs.len())
    };

    let mut delimiter = b',';
    if let Some(table) = &file.csv {
        match table.delimiter.get_ref().as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => delimiter = *byte,
            _ => {
                let hint = "write one ASCII character, such as \";\" or \"\\t\"";
                return Err(at(table.delimiter.span(), "csv.delimiter".into(), "not a delimiter", hint));
            }
        }
    }

    let mut time = None;
    if let Some(table) = &file.time {
        let format = match table.format.as_ref().map(|format| format.get_ref().as_str()) {
            None | Some("auto") => TimeFormat::Auto,
            Some("unix") => TimeFormat::Unix,
            Some("unix_ms") => TimeFormat::UnixMs,
            Some(format) if is_strptime(format) => TimeFormat::Strptime(format.to_owned()),
            Some(_) => {
                let span = table.format.as_ref().map(Spanned::span).unwrap_or_default();
                let hint = "write auto, unix, unix_ms or a format such as \"%Y-%m-%d %H:%M:%S %z\"";
                return Err(at(span, "time.format".into(), "not a time format", hint));
            }
        };
        time = Some(Time { from: slot(&table.from), format });
    }

    let word = |key: String, word: &Spanned<String>| {
        let hint = "write informational, low, medium, high, critical or fatal";
        Severity::from_word(word.get_ref()).ok_or_else(|| at(word.span(), key, "not a severity", hint))
    };
    let mut severity =
        SeverityRule { from: file.severity.from.as_deref().map(slot), ..SeverityRule::default() };
    for (vendors, ours) in &file.severity.words {
        severity.words.push((vendors.clone(), word(format!("severity.words.{vendors}"), ours)?));
    }
    for (ours, bound) in &file.severity.at_least {
        severity.at_least.push((*bound, word(format!("severity.at_least.{}", ours.get_ref()), ours)?));
    }
    severity.at_least.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    if let Some(default) = &file.severity.default {
        severity.default = word("severity.default".into(), default)?;
    }

    let mut targets = Vec::new();
    for (name, source) in file.fields {
        let Some(target) = target_of(name.get_ref()) else {
            let key = format!("fields.\"{}\"", name.get_ref());
            let hint = "fields have ECS names such as \"source.ip\" (in quotes); docs/mapping.md lists them";
            return Err(at(name.span(), key, "no such field", hint));
        };
        let SourceValue { from, value, after, before } = source;
        let slots = from.iter().map(|name| slot(name)).collect();
        let cut = (after.is_some() || before.is_some()).then_some(Cut { after, before });
        targets.push((target, value.map_or(Source::Slots { slots, cut }, Source::Constant)));
    }
    let has_rule =
        |(target, _): &(Target, Source)| matches!(target, Target::Field(Field::RuleId | Field::RuleName));
    if !targets.iter().any(has_rule) {
        return Err(MappingError::Missing {
            key: "[fields]",
            reason: "fills neither rule.id nor rule.name",
            hint: "an alert is judged by its rule: write \"rule.name\" = \"…\"",
        });
    }

    let values = |table: &BTreeMap<String, Texts>| {
        table.iter().map(|(name, Texts(values))| (slot(name), values.clone())).collect::<Vec<_>>()
    };
    Ok(Rules {
        name: file.name,
        equals: values(&file.matches.equals),
        aside: values(&file.aside),
        csv: is_csv.then_some(Csv { columns: file.matches.columns, delimiter }),
        keys: file.matches.keys,
        time,
        severity,
        targets,
        inputs,
    })
}

fn target_of(name: &str) -> Option<Target> {
    Some(match name {
        "techniques" => Target::Techniques,
        "groups" => Target::Groups,
        "count" => Target::Count,
        field => Target::Field(Field::from_name(field)?),
    })
}

/// Every column or path that the file names, sorted.
fn inputs_of(file: &File) -> Vec<String> {
    let tables = file.matches.equals.keys().chain(file.aside.keys());
    let sources = file.fields.values().flat_map(|source| &source.from);
    let single = file.time.as_ref().map(|time| &time.from).into_iter().chain(&file.severity.from);
    let names: BTreeSet<&String> = tables.chain(sources).chain(single).collect();
    names.into_iter().cloned().collect()
}

/// Whether times can be written by this format and read again: the only way to know that all its directives exist and
/// that together they name a date.
fn is_strptime(format: &str) -> bool {
    // A moment whose day can't be taken for its month.
    let moment = jiff::Timestamp::constant(1_700_000_000, 0).to_zoned(jiff::tz::TimeZone::UTC);
    jiff::fmt::strtime::format(format, &moment)
        .is_ok_and(|written| Timestamp::parse_as(format, &written).is_some())
}

fn toml_error(text: &str, source: toml::de::Error) -> MappingError {
    let line = line_of(text, &source.span().unwrap_or_default());
    let key = text.lines().nth(line - 1).and_then(|line| line.split_once('=')).map(|(key, _)| key.trim());
    let key = key.filter(|_| !source.message().contains(" field `"));
    MappingError::Toml { line, key: key.map(|key| format!("`{key}`: ")).unwrap_or_default(), source }
}

fn line_of(text: &str, span: &Range<usize>) -> usize {
    let before = text.as_bytes().get(..span.start).unwrap_or_default();
    memchr::memchr_iter(b'\n', before).count() + 1
}
