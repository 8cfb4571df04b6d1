//! A mapping once it is checked: every name resolved to the slot of a record's cells.

use super::super::Item;
use super::super::part::part;
use crate::{Alert, Field, Format, Severity, Timestamp};
use smallvec::SmallVec;
use std::borrow::Cow;

/// The place of one column or path among a record's cells.
pub(super) type Slot = usize;

/// All that a mapping file says.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) name: String,
    /// Columns that a CSV header must have, and how its cells are parted; `None` for JSON.
    pub(super) csv: Option<Csv>,
    /// Paths that a JSON record must hold something at.
    pub(super) keys: Vec<String>,
    /// Values that a JSON record must have.
    pub(super) equals: Vec<(Slot, Vec<String>)>,
    /// Values that make a record no alert.
    pub(super) aside: Vec<(Slot, Vec<String>)>,
    /// The columns or paths that are used, in order: a slot is a place in here.
    pub(super) inputs: Vec<String>,
    pub(super) time: Option<Time>,
    pub(super) severity: SeverityRule,
    pub(super) targets: Vec<(Target, Source)>,
}

#[derive(Debug)]
pub(super) struct Csv {
    pub(super) columns: Vec<String>,
    pub(super) delimiter: u8,
}

#[derive(Debug)]
pub(super) struct Time {
    pub(super) from: Slot,
    pub(super) format: TimeFormat,
}

#[derive(Debug)]
pub(super) enum TimeFormat {
    Auto,
    Unix,
    UnixMs,
    Strptime(String),
}

#[derive(Debug, Default)]
pub(super) struct SeverityRule {
    pub(super) from: Option<Slot>,
    pub(super) words: Vec<(String, Severity)>,
    /// Highest first.
    pub(super) at_least: Vec<(f64, Severity)>,
    pub(super) default: Severity,
}

/// What a source fills.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Target {
    Field(Field),
    Techniques,
    Groups,
    Count,
}

#[derive(Debug)]
pub(super) enum Source {
    Constant(String),
    Slots { slots: SmallVec<[Slot; 2]>, cut: Option<Cut> },
}

/// The marks that a part of a text is taken from between.
#[derive(Debug)]
pub(super) struct Cut {
    pub(super) after: Option<String>,
    pub(super) before: Option<String>,
}

/// The cells of one record that the mapping uses.
pub(super) struct Cells<'a> {
    first: SmallVec<[Option<Cow<'a, str>>; 12]>,
    /// Further elements of arrays.
    more: Vec<(Slot, Cow<'a, str>)>,
}

/// Elements of arrays beyond this many are not looked at.
const MAX_MORE: usize = 256;

impl<'a> Cells<'a> {
    pub(super) fn put(&mut self, slot: Slot, text: Cow<'a, str>) {
        match self.first.get_mut(slot) {
            Some(empty @ None) => *empty = Some(text),
            Some(Some(_)) if self.more.len() < MAX_MORE => self.more.push((slot, text)),
            _ => {}
        }
    }

    fn get(&self, slot: Slot) -> Option<&Cow<'a, str>> {
        self.first.get(slot)?.as_ref().filter(|text| !text.is_empty())
    }

    fn all(&self, slot: Slot) -> impl Iterator<Item = &Cow<'a, str>> {
        let more = self.more.iter().filter(move |(at, _)| *at == slot).map(|(_, text)| text);
        self.get(slot).into_iter().chain(more)
    }
}

impl Rules {
    /// The slot of a column or path, if the mapping uses it.
    pub(super) fn slot(&self, input: &str) -> Option<Slot> {
        self.inputs.binary_search_by(|name| name.as_str().cmp(input)).ok()
    }

    /// Cells to be filled.
    pub(super) fn cells<'a>(&self) -> Cells<'a> {
        Cells { first: SmallVec::from_elem(None, self.inputs.len()), more: Vec::new() }
    }

    /// Whether the record has the values that make it this mapping's.
    pub(super) fn accepts(&self, cells: &Cells<'_>) -> bool {
        self.equals.iter().all(|(slot, values)| cells.all(*slot).any(|text| is_one_of(text, values)))
    }

    /// What the record is.
    pub(super) fn item<'a>(&self, record: &'a str, cells: &Cells<'a>) -> Item<'a> {
        for (slot, values) in &self.aside {
            if let Some(text) = cells.all(*slot).find(|text| is_one_of(text, values)) {
                return Item::Aside(Cow::Owned(format!("{} {text}", self.name)));
            }
        }
        let mut alert = Alert::new(Format::Mapped, record);
        if let Some(time) = &self.time {
            alert.time = cells.get(time.from).and_then(|text| time.format.read(text));
        }
        let level = self.severity.from.and_then(|slot| cells.get(slot));
        alert.severity = self.severity.of(level.map(AsRef::as_ref));
        if let Some(level) = level {
            alert.set(Field::EventSeverity, level.clone());
        }
        for (target, source) in &self.targets {
            source.fill(*target, cells, &mut alert);
        }
        Item::Alert(Box::new(alert))
    }
}

fn is_one_of(text: &str, values: &[String]) -> bool {
    values.iter().any(|value| value == text)
}

impl TimeFormat {
    fn read(&self, text: &str) -> Option<Timestamp> {
        match self {
            Self::Auto => Timestamp::parse(text),
            Self::Unix => Timestamp::from_seconds(text.trim().parse().ok()?),
            Self::UnixMs => Timestamp::from_seconds(text.trim().parse::<f64>().ok()? / 1000.0),
            Self::Strptime(format) => Timestamp::parse_as(format, text.trim()),
        }
    }
}

impl SeverityRule {
    /// The mapping's own words, then its bounds for numbers, then the words that vendors use, then its default.
    fn of(&self, text: Option<&str>) -> Severity {
        let Some(text) = text else { return self.default };
        if let Some((_, severity)) = self.words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)) {
            return *severity;
        }
        if let Ok(number) = text.parse::<f64>()
            && let Some((_, severity)) = self.at_least.iter().find(|(bound, _)| number >= *bound)
        {
            return *severity;
        }
        Severity::from_word(text).unwrap_or(self.default)
    }
}

impl Source {
    fn fill<'a>(&self, target: Target, cells: &Cells<'a>, alert: &mut Alert<'a>) {
        match target {
            Target::Field(field) => alert.set_some(field, self.first(cells)),
            Target::Count => alert.count = self.first(cells).and_then(|text| text.trim().parse().ok()),
            Target::Techniques => self.for_each(cells, &mut |text| {
                alert.add_technique(part(&text, |id| id.strip_prefix("attack.").unwrap_or(id)));
            }),
            Target::Groups => self.for_each(cells, &mut |text| alert.groups.push(text)),
        }
    }

    /// The text of the first of its inputs that has one.
    fn first<'a>(&self, cells: &Cells<'a>) -> Option<Cow<'a, str>> {
        match self {
            Self::Constant(text) => Some(Cow::Owned(text.clone())),
            Self::Slots { slots, cut } => slots.iter().find_map(|slot| {
                let text = cells.get(*slot)?;
                cut.as_ref().map_or_else(|| Some(text.clone()), |cut| cut.of(text))
            }),
        }
    }

    /// Every text of all its inputs; a list in one text is parted at commas, semicolons and bars.
    fn for_each<'a>(&self, cells: &Cells<'a>, take: &mut dyn FnMut(Cow<'a, str>)) {
        let mut part = |text: Cow<'a, str>| match text {
            Cow::Borrowed(text) => parts(text).for_each(|part| take(Cow::Borrowed(part))),
            Cow::Owned(text) => parts(&text).for_each(|part| take(Cow::Owned(part.to_owned()))),
        };
        match self {
            Self::Constant(text) => part(Cow::Owned(text.clone())),
            Self::Slots { slots, cut } => {
                let texts = slots.iter().flat_map(|slot| cells.all(*slot));
                match cut {
                    Some(cut) => texts.filter_map(|text| cut.of(text)).for_each(part),
                    None => texts.cloned().for_each(part),
                }
            }
        }
    }
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ';', '|']).map(str::trim).filter(|part| !part.is_empty())
}

impl Cut {
    /// The part of a text after one mark and before another. Without the first there is nothing to take; without the
    /// second it runs to the end.
    fn of<'a>(&self, text: &Cow<'a, str>) -> Option<Cow<'a, str>> {
        match text {
            Cow::Borrowed(text) => self.part(text).map(Cow::Borrowed),
            Cow::Owned(text) => self.part(text).map(|part| Cow::Owned(part.to_owned())),
        }
    }

    fn part<'t>(&self, text: &'t str) -> Option<&'t str> {
        let rest = match &self.after {
            Some(mark) => text.split_once(mark.as_str())?.1,
            None => text,
        };
        let before = self.before.as_ref().and_then(|mark| rest.split_once(mark.as_str()));
        Some(before.map_or(rest, |(part, _)| part).trim()).filter(|part| !part.is_empty())
    }
}
