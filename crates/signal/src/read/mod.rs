//! Turns records into alerts.
//!
//! Which product wrote a record is told record by record, because files are mixed: a syslog server's output, a
//! directory of exports put together with `cat`. Each JSON reader names the top-level keys that make a record its own
//! ([`Keys`]); where a crafted record has the keys of several, the first reader in a fixed order takes it, so that what
//! a record is never depends on what came before. Suricata, the most voluminous and the first in that order, is asked
//! without looking at the keys while its records keep coming.
//!
//! Every record ends as exactly one or more [`Item`]s: an alert, something that is not an alert and is set aside, or
//! something broken, with its reason. A wrapper such as CloudTrail's `Records[]` yields one item per element.

mod account;
mod address;
mod alertmanager;
mod best;
mod cef;
mod chainsaw;
mod cloudtrail;
mod ecs;
mod falco;
mod flatten;
mod guardduty;
mod hashes;
mod hayabusa;
mod list;
mod mapping;
mod ocsf;
mod part;
mod scalar;
mod suricata;
mod wazuh4;
mod zeek;

pub use mapping::{CsvPlan, Mapping, MappingError};

use crate::{Alert, Format};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// What one record, or one element of a wrapper, turned out to be.
#[derive(Debug, Clone)]
pub enum Item<'a> {
    /// An alert to be judged.
    Alert(Box<Alert<'a>>),
    /// A sound record that is not an alert; its kind, such as `suricata flow`.
    Aside(Cow<'a, str>),
    /// A record that can't be read.
    Broken(Broken),
}

/// Why a record can't be read, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// One clause in lower case, without a full stop.
    pub reason: String,
    /// What the user can do.
    pub hint: &'static str,
}

impl Broken {
    /// A broken record with its reason and hint.
    pub fn new(reason: impl Into<String>, hint: &'static str) -> Self {
        Self { reason: reason.into(), hint }
    }

    fn json(error: &serde_json::Error) -> Self {
        let hint = match error.classify() {
            serde_json::error::Category::Eof => {
                "the record ends early: was the file cut off while it was written?"
            }
            _ => "check that the record is valid JSON",
        };
        Self::new(format!("not valid JSON: {error}"), hint)
    }
}

/// Whether a reader takes a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Taken: at least one item was put out.
    Mine,
    /// Left alone: nothing was put out.
    NotMine,
}

/// A reader of one JSON format.
struct JsonReader {
    /// Whether a record with these top-level keys is this reader's.
    claims: fn(&Keys<'_>) -> bool,
    /// Reads a record, or declines it. Declines exactly what `claims` would; an error means that the record has the
    /// right keys and the wrong contents, or is not JSON at all.
    read: for<'a> fn(&'a str, &mut Vec<Item<'a>>) -> Result<Claim, serde_json::Error>,
}

/// In the order in which they are asked.
const JSON_READERS: [JsonReader; 11] = [
    JsonReader { claims: suricata::claims, read: suricata::read },
    JsonReader { claims: wazuh4::claims, read: wazuh4::read },
    JsonReader { claims: zeek::claims, read: zeek::read },
    JsonReader { claims: ocsf::claims, read: ocsf::read },
    JsonReader { claims: ecs::claims, read: ecs::read },
    JsonReader { claims: falco::claims, read: falco::read },
    JsonReader { claims: hayabusa::claims, read: hayabusa::read },
    JsonReader { claims: chainsaw::claims, read: chainsaw::read },
    JsonReader { claims: guardduty::claims, read: guardduty::read },
    JsonReader { claims: cloudtrail::claims, read: cloudtrail::read },
    JsonReader { claims: alertmanager::claims, read: alertmanager::read },
];

/// Reads records of every format. One per thread: it remembers whether Suricata's came last.
#[derive(Debug, Clone, Default)]
pub struct RecordReader {
    mappings: Arc<[Mapping]>,
    /// The last object was Suricata's.
    eve: bool,
}

impl RecordReader {
    /// A reader that knows these mapping files besides the built-in formats. Built-in formats win.
    pub fn new(mappings: Arc<[Mapping]>) -> Self {
        Self { mappings, eve: false }
    }

    /// Reads one record and puts out what it holds: at least one item, unless the record is blank or an empty array.
    pub fn read<'a>(&mut self, record: &'a str, out: &mut Vec<Item<'a>>) {
        let record = record.trim_ascii();
        match record.as_bytes().first() {
            None => {}
            Some(b'{') => self.read_object(record, out),
            Some(b'[') => self.read_array(record, out),
            Some(_) => self.read_line(record, out),
        }
    }

    fn read_object<'a>(&mut self, record: &'a str, out: &mut Vec<Item<'a>>) {
        let before = out.len();
        if self.eve {
            if let Ok(Claim::Mine) = suricata::read(record, out) {
                return;
            }
            self.eve = false;
            out.truncate(before);
        }
        let keys: Keys<'_> = match serde_json::from_str(record) {
            Ok(keys) => keys,
            Err(error) => return self.read_sequence(record, &error, out),
        };
        if let Some(index) = JSON_READERS.iter().position(|reader| (reader.claims)(&keys)) {
            match (JSON_READERS[index].read)(record, out) {
                Ok(Claim::Mine) => {
                    // The first reader in the order needs no look at the keys: nobody is asked before it.
                    self.eve = index == 0;
                    return;
                }
                Ok(Claim::NotMine) => out.truncate(before),
                Err(error) => {
                    out.truncate(before);
                    out.push(Item::Broken(Broken::json(&error)));
                    return;
                }
            }
        }
        for mapping in self.mappings.iter().filter(|mapping| mapping.is_json()) {
            match mapping.read_json(record, out) {
                Ok(Claim::Mine) => return,
                Ok(Claim::NotMine) => {}
                Err(error) => {
                    out.truncate(before);
                    out.push(Item::Broken(Broken::json(&error)));
                    return;
                }
            }
        }
        out.push(Item::Aside(Cow::Borrowed(UNRECOGNISED)));
    }

    /// Several objects on one line are read one after another; anything else that does not parse is broken.
    fn read_sequence<'a>(&mut self, record: &'a str, error: &serde_json::Error, out: &mut Vec<Item<'a>>) {
        let mut stream = serde_json::Deserializer::from_str(record).into_iter::<&'a RawValue>();
        let mut parts: SmallVec<[&'a str; 4]> = SmallVec::new();
        while let Some(Ok(part)) = stream.next() {
            parts.push(part.get());
        }
        let rest = record[stream.byte_offset()..].trim_ascii();
        if parts.len() < 2 || parts.iter().any(|part| !part.starts_with('{')) {
            out.push(Item::Broken(Broken::json(error)));
            return;
        }
        for part in parts {
            self.read_object(part, out);
        }
        if !rest.is_empty() {
            out.push(Item::Broken(Broken::json(error)));
        }
    }

    fn read_array<'a>(&mut self, record: &'a str, out: &mut Vec<Item<'a>>) {
        match serde_json::from_str::<Vec<&'a RawValue>>(record) {
            Ok(elements) => {
                for element in elements {
                    if element.get().starts_with('{') {
                        self.read_object(element.get(), out);
                    } else {
                        out.push(Item::Broken(Broken::new(
                            "an array element that is not an object",
                            NOT_KNOWN,
                        )));
                    }
                }
            }
            Err(error) => out.push(Item::Broken(Broken::json(&error))),
        }
    }

    fn read_line<'a>(&mut self, record: &'a str, out: &mut Vec<Item<'a>>) {
        if cef::read(record, out) == Claim::Mine {
            return;
        }
        // Syslog around JSON, as Falco and Wazuh can be told to write it.
        if let Some(start) = record.find('{')
            && serde_json::from_str::<IgnoredAny>(&record[start..]).is_ok()
        {
            return self.read_object(&record[start..], out);
        }
        out.push(Item::Broken(Broken::new("neither JSON nor CEF", NOT_KNOWN)));
    }
}

/// The kind under which a JSON record that no reader takes is set aside.
const UNRECOGNISED: &str = "unrecognised json";

const NOT_KNOWN: &str = "for other formats write a mapping file, and run triage again with --mapping FILE";

/// The top-level keys of a JSON object.
#[derive(Debug, Default)]
pub struct Keys<'a>(SmallVec<[Cow<'a, str>; 32]>);

impl<'a> Keys<'a> {
    /// Keys beyond this many are not looked at.
    const MAX: usize = 256;

    /// A record's keys, if by them it is the reader's whose `claims` is asked.
    fn claimed(record: &'a str, claims: fn(&Keys<'_>) -> bool) -> Result<Option<Self>, serde_json::Error> {
        let keys: Self = serde_json::from_str(record)?;
        Ok(claims(&keys).then_some(keys))
    }

    /// Whether the object has this key.
    pub fn has(&self, key: &str) -> bool {
        self.0.iter().any(|found| found == key)
    }

    /// Whether the object has all of these keys.
    pub fn has_all(&self, keys: &[&str]) -> bool {
        keys.iter().all(|key| self.has(key))
    }

    /// Whether any key starts so.
    pub fn has_prefix(&self, prefix: &str) -> bool {
        self.0.iter().any(|found| found.starts_with(prefix))
    }
}

impl<'de> Deserialize<'de> for Keys<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeysVisitor;
        impl<'de> Visitor<'de> for KeysVisitor {
            type Value = Keys<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys<'de>, A::Error> {
                let mut keys = Keys::default();
                while let Some(key) = map.next_key::<KeyText<'de>>()? {
                    map.next_value::<IgnoredAny>()?;
                    if keys.0.len() < Keys::MAX {
                        keys.0.push(key.0);
                    }
                }
                Ok(keys)
            }
        }
        deserializer.deserialize_map(KeysVisitor)
    }
}

#[derive(serde::Deserialize)]
struct KeyText<'a>(#[serde(borrow)] Cow<'a, str>);

/// The format a CSV file's header belongs to, if any of the mappings claims it.
pub fn csv_plan(mappings: &[Mapping], header: &str) -> Option<CsvPlan> {
    mappings.iter().find_map(|mapping| mapping.csv_plan(header))
}

/// Every format that is recognised without a mapping file.
pub const BUILT_IN: [Format; 12] = [
    Format::SuricataEve,
    Format::Wazuh4,
    Format::Ecs,
    Format::Ocsf,
    Format::Zeek,
    Format::Falco,
    Format::Hayabusa,
    Format::Chainsaw,
    Format::GuardDuty,
    Format::CloudTrail,
    Format::Alertmanager,
    Format::Cef,
];

#[cfg(test)]
mod detection_tests;

#[cfg(test)]
pub(crate) mod testing {
    use super::{Item, RecordReader};
    use crate::Alert;

    /// Everything a fresh reader makes of a record.
    pub(crate) fn items(record: &str) -> Vec<Item<'_>> {
        let mut items = Vec::new();
        RecordReader::default().read(record, &mut items);
        items
    }

    /// The one alert in a record.
    pub(crate) fn alert(record: &str) -> Alert<'_> {
        match <[Item<'_>; 1]>::try_from(items(record)) {
            Ok([Item::Alert(alert)]) => *alert,
            other => panic!("one alert expected, got {other:#?}"),
        }
    }

    /// The kind under which the one record is set aside.
    pub(crate) fn aside(record: &str) -> String {
        match &items(record)[..] {
            [Item::Aside(kind)] => kind.to_string(),
            other => panic!("one record set aside expected, got {other:#?}"),
        }
    }
}
