//! Takes records apart that hold several alerts, so that each can be read alone and say the same.
//!
//! An array and objects on one line fall apart into their elements. The elements of a wrapper, such as Alertmanager's
//! `alerts`, may need what stands around them: then each is sent in a wrapper of its own. Whatever is cut is read again, and
//! where that says something else, the record stays whole, under the key of its first alert.

use super::super::Refusal;
use super::key::key;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use watchfire_judge::Network;
use watchfire_signal::frame::BrokenPart;
use watchfire_signal::read::{Broken, Item, Mapping, RecordReader};
use watchfire_signal::{Alert, Format};

/// How deep lists of lists are taken apart.
const DEPTH: u8 = 3;
/// Items that a record may hold where it is judged.
const MOST_ITEMS: usize = 1024;

/// A record that can be read alone, and what it holds.
#[derive(Debug)]
pub(super) struct Piece<'t> {
    pub(super) text: Cow<'t, str>,
    pub(super) key: Option<String>,
    pub(super) alerts: u64,
    pub(super) set_aside: u64,
    pub(super) broken: u64,
}

impl<'t> Piece<'t> {
    fn of(text: Cow<'t, str>, items: &[Item<'_>], network: &Network) -> Self {
        let mut piece = Self { text, key: None, alerts: 0, set_aside: 0, broken: 0 };
        for item in items {
            match item {
                Item::Alert(alert) => {
                    if piece.alerts == 0 {
                        piece.key = key(alert, network);
                    }
                    piece.alerts += 1;
                }
                Item::Aside(_) => piece.set_aside += 1,
                Item::Broken(_) => piece.broken += 1,
            }
        }
        piece
    }
}

/// Takes the records of one request apart.
pub(super) struct Cutter<'n> {
    pub(super) reader: RecordReader,
    network: &'n Network,
    /// Bytes of wrappers that may still be written.
    left: usize,
    most: usize,
}

impl<'n> Cutter<'n> {
    /// Writes `most` bytes of wrappers at most.
    pub(super) fn new(mappings: &Arc<[Mapping]>, network: &'n Network, most: usize) -> Self {
        Self { reader: RecordReader::new(Arc::clone(mappings)), network, left: most, most }
    }

    /// What is left of a part that has no end, or is too long: its beginning.
    pub(super) fn beginning<'t>(&mut self, part: &'t BrokenPart) -> Result<Option<Piece<'t>>, Refusal> {
        let items = self.read(&part.excerpt);
        if items.iter().any(|item| !matches!(item, Item::Broken(_))) {
            // It would be taken for something else than it is.
            return Err(Refusal::Unreadable { reason: part.broken.reason.clone(), hint: part.broken.hint });
        }
        let text = Cow::Borrowed(part.excerpt.as_str());
        Ok((!items.is_empty()).then_some(Piece { text, key: None, alerts: 0, set_aside: 0, broken: 1 }))
    }

    /// Takes a record apart that was read as these.
    pub(super) fn apart<'t>(
        &mut self,
        record: &'t str,
        items: Vec<Item<'t>>,
        out: &mut Vec<Piece<'t>>,
    ) -> Result<(), Refusal> {
        self.within(record, &items, DEPTH, out)
    }

    fn within<'t>(
        &mut self,
        record: &'t str,
        items: &[Item<'_>],
        depth: u8,
        out: &mut Vec<Piece<'t>>,
    ) -> Result<(), Refusal> {
        if items.len() > 1 && depth > 0 {
            let before = out.len();
            let taken = match split(record) {
                Split::Several(parts) => self.several(&parts, items, depth, out)?,
                Split::Wrapper(members) => self.unwrapped(&members, items, out)?,
                Split::Nothing => false,
            };
            if taken {
                return Ok(());
            }
            out.truncate(before);
        }
        out.push(self.whole(record, items)?);
        Ok(())
    }

    /// A record as it came.
    fn whole<'t>(&mut self, record: &'t str, items: &[Item<'_>]) -> Result<Piece<'t>, Refusal> {
        let piece = Piece::of(Cow::Borrowed(record.trim_ascii()), items, self.network);
        if items.len() > MOST_ITEMS && piece.alerts + piece.broken > 0 {
            return Err(Refusal::Unreadable {
                reason: format!("a record holds {} alerts that can't be told apart", items.len()),
                hint: "send them one by one, or in several records",
            });
        }
        // Formats that are built in read a record alone as they read it here; a row of CSV means nothing without its header.
        let built_in = |item: &Item<'_>| matches!(item, Item::Alert(alert) if alert.format != Format::Mapped);
        if !items.iter().all(built_in) && piece.alerts + piece.broken > 0 {
            let again = self.read(record);
            if again.len() != items.len() || !again.iter().zip(items).all(|(a, b)| is_same(a, b)) {
                return Err(Refusal::Unreadable {
                    reason: "rows of CSV can't be read apart from their header".to_owned(),
                    hint: "send each as a JSON object, with a mapping for that",
                });
            }
        }
        Ok(piece)
    }

    /// The parts of a record, each read alone; whether they say what the whole says.
    fn several<'t>(
        &mut self,
        parts: &[&'t str],
        mut items: &[Item<'_>],
        depth: u8,
        out: &mut Vec<Piece<'t>>,
    ) -> Result<bool, Refusal> {
        for part in parts {
            let read = self.read(part);
            let Some((these, rest)) = items.split_at_checked(read.len()) else { return Ok(false) };
            if !read.iter().zip(these).all(|(a, b)| is_same(a, b)) {
                return Ok(false);
            }
            self.within(part, &read, depth - 1, out)?;
            items = rest;
        }
        Ok(items.is_empty())
    }

    /// The elements of the list that a wrapper holds, alone or each in such a wrapper; whether they say what the whole says.
    fn unwrapped<'t>(
        &mut self,
        members: &Members<'t>,
        items: &[Item<'_>],
        out: &mut Vec<Piece<'t>>,
    ) -> Result<bool, Refusal> {
        let before = out.len();
        for (place, (_, list)) in members.0.iter().enumerate() {
            if !list.get().starts_with('[') {
                continue;
            }
            let Ok(elements) = serde_json::from_str::<Vec<&'t RawValue>>(list.get()) else { continue };
            if elements.len() != items.len() {
                continue;
            }
            let mut all = true;
            for (element, item) in elements.iter().zip(items) {
                let Some(text) = self.alone(members, place, element.get(), item)? else {
                    all = false;
                    break;
                };
                out.push(Piece::of(text, std::slice::from_ref(item), self.network));
            }
            if all {
                return Ok(true);
            }
            out.truncate(before);
        }
        Ok(false)
    }

    /// An element as text that is read as this item, if there is such text.
    fn alone<'t>(
        &mut self,
        members: &Members<'t>,
        place: usize,
        element: &'t str,
        item: &Item<'_>,
    ) -> Result<Option<Cow<'t, str>>, Refusal> {
        // What is no alert is not sent.
        if matches!(item, Item::Aside(_)) || self.says(element, item) {
            return Ok(Some(Cow::Borrowed(element)));
        }
        let size = members.bytes() + element.len();
        self.left = self.left.checked_sub(size).ok_or(Refusal::TooLarge(self.most))?;
        let wrapped = members.around(place, element);
        Ok(self.says(&wrapped, item).then_some(Cow::Owned(wrapped)))
    }

    fn says(&mut self, text: &str, item: &Item<'_>) -> bool {
        matches!(&self.read(text)[..], [read] if is_same(read, item))
    }

    fn read<'r>(&mut self, text: &'r str) -> Vec<Item<'r>> {
        let mut items = Vec::new();
        let read = catch_unwind(AssertUnwindSafe(|| self.reader.read(text, &mut items)));
        if read.is_err() {
            items.clear();
            items.push(Item::Broken(Broken::new(
                "reading it failed",
                "this is a bug: please report the record",
            )));
        }
        items
    }
}

/// Whether two readings say the same.
fn is_same(one: &Item<'_>, other: &Item<'_>) -> bool {
    match (one, other) {
        (Item::Alert(one), Item::Alert(other)) => is_same_alert(one, other),
        (Item::Aside(_), Item::Aside(_)) | (Item::Broken(_), Item::Broken(_)) => true,
        _ => false,
    }
}

fn is_same_alert(one: &Alert<'_>, other: &Alert<'_>) -> bool {
    let scalars = |alert: &Alert<'_>| (alert.format, alert.time, alert.severity, alert.count);
    scalars(one) == scalars(other)
        && one.techniques == other.techniques
        && one.groups == other.groups
        && one.cells().eq(other.cells())
}

enum Split<'t> {
    /// Records one after another.
    Several(Vec<&'t str>),
    /// One object.
    Wrapper(Members<'t>),
    Nothing,
}

/// Cuts a record as its reader does.
fn split(record: &str) -> Split<'_> {
    let record = record.trim_ascii();
    match record.as_bytes().first() {
        Some(b'[') => serde_json::from_str::<Vec<&RawValue>>(record).map_or(Split::Nothing, |elements| {
            Split::Several(elements.into_iter().map(RawValue::get).collect())
        }),
        Some(b'{') => match serde_json::from_str(record) {
            Ok(members) => Split::Wrapper(members),
            Err(_) => Split::Several(sequence(record)),
        },
        // Syslog around JSON.
        _ => match record.find('{') {
            Some(start) if serde_json::from_str::<IgnoredAny>(&record[start..]).is_ok() => {
                split(&record[start..])
            }
            _ => Split::Nothing,
        },
    }
}

/// Objects one after another, and what comes after the last one.
fn sequence(record: &str) -> Vec<&str> {
    let mut stream = serde_json::Deserializer::from_str(record).into_iter::<&RawValue>();
    let mut parts = Vec::new();
    while let Some(Ok(part)) = stream.next() {
        parts.push(part.get());
    }
    let rest = record[stream.byte_offset()..].trim_ascii();
    parts.extend((!rest.is_empty()).then_some(rest));
    parts
}

/// The members of an object, in their order.
struct Members<'t>(Vec<(Cow<'t, str>, &'t RawValue)>);

impl Members<'_> {
    /// About what a wrapper with an empty list has.
    fn bytes(&self) -> usize {
        let list = |value: &RawValue| value.get().starts_with('[');
        self.0
            .iter()
            .map(|(key, value)| key.len() + 4 + if list(value) { 2 } else { value.get().len() })
            .sum()
    }

    /// The same object with one element in the place of a list, and nothing in other lists.
    fn around(&self, place: usize, element: &str) -> String {
        let mut text = String::with_capacity(self.bytes() + element.len() + 2);
        for (number, (key, value)) in self.0.iter().enumerate() {
            text.push(if number == 0 { '{' } else { ',' });
            text.push_str(&serde_json::Value::from(key.as_ref()).to_string());
            text.push(':');
            match value.get() {
                _ if number == place => text.extend(["[", element, "]"]),
                list if list.starts_with('[') => text.push_str("[]"),
                other => text.push_str(other),
            }
        }
        text.push('}');
        text
    }
}

impl<'de: 't, 't> Deserialize<'de> for Members<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(Name(key)) = map.next_key()? {
                    members.push((key, map.next_value::<&'de RawValue>()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
