//! A feed while it is read: what it says about itself, and its entries.

use super::element::Element;
use super::fields::{Context, Fields, read_entry};
use super::link::Resolver;
use super::model::{Entry, Feed, Format, Problems};
use super::{MAX_ENTRIES, MAX_LINE_BYTES, content};

/// The days of the week, from Monday, as RSS writes them.
const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// A feed that is being read.
#[derive(Debug)]
pub(super) struct Reading {
    context: Context,
    fields: Fields,
    language: Option<String>,
    root_language: Option<String>,
    ttl_minutes: Option<u32>,
    update_minutes: Option<u32>,
    update_frequency: Option<u32>,
    skip_hours: Vec<u8>,
    skip_days: Vec<u8>,
    entries: Vec<Entry>,
    /// One more than the bound was seen.
    full: bool,
}

impl Reading {
    pub(super) fn new(format: Format) -> Self {
        Self {
            context: Context { format, links: Resolver::default(), problems: Problems::default() },
            fields: Fields::default(),
            language: None,
            root_language: None,
            ttl_minutes: None,
            update_minutes: None,
            update_frequency: None,
            skip_hours: Vec::new(),
            skip_days: Vec::new(),
            entries: Vec::new(),
            full: false,
        }
    }

    pub(super) fn format(&self) -> Format {
        self.context.format
    }

    /// Whether no more entries are taken.
    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    /// Takes the attributes of `rss`, `channel` or `feed`.
    pub(super) fn outer(&mut self, element: &Element) {
        self.fields.attributes(element, &mut self.context);
        if let Some(language) = element.xml_attribute("lang").filter(|language| !language.is_empty()) {
            self.root_language = Some(content::cut(language, MAX_LINE_BYTES).to_owned());
        }
    }

    /// Takes an element that is directly in one of those.
    pub(super) fn take(&mut self, element: Element) {
        if element.space.is_own() && matches!(element.local.as_str(), "item" | "entry") {
            if self.entries.len() >= MAX_ENTRIES {
                self.full = true;
                return;
            }
            self.entries.push(read_entry(&element, &mut self.context));
            return;
        }
        match element.local.as_str() {
            "language" => self.language = content::line_of(&element),
            "ttl" => self.ttl_minutes = element.text().trim().parse().ok(),
            "updateperiod" => {
                self.update_minutes = match element.text().trim().to_ascii_lowercase().as_str() {
                    "hourly" => Some(60),
                    "daily" => Some(60 * 24),
                    "weekly" => Some(60 * 24 * 7),
                    "monthly" => Some(60 * 24 * 30),
                    "yearly" => Some(60 * 24 * 365),
                    _ => None,
                };
            }
            "updatefrequency" => self.update_frequency = element.text().trim().parse().ok(),
            "skiphours" => {
                let hours = element.elements().filter_map(|hour| hour.text().trim().parse::<u8>().ok());
                // RSS 0.91 counts to 24.
                self.skip_hours = hours.filter(|hour| *hour <= 24).map(|hour| hour % 24).collect();
                self.skip_hours.sort_unstable();
                self.skip_hours.dedup();
            }
            "skipdays" => {
                let days = element.elements().map(|day| day.text().trim().to_ascii_lowercase());
                self.skip_days = days
                    .filter_map(|day| DAYS.iter().position(|name| *name == day))
                    .map(|day| day as u8)
                    .collect();
                self.skip_days.sort_unstable();
                self.skip_days.dedup();
            }
            _ => self.fields.take(&element, &mut self.context),
        }
    }

    /// The feed, with the problems of its form before those of its content.
    pub(super) fn finish(self, encoding: &'static str, mut problems: Problems) -> Feed {
        let Self { mut context, mut fields, .. } = self;
        for problem in std::mem::take(&mut context.problems).into_vec() {
            problems.note(problem);
        }
        let by_period =
            self.update_minutes.map(|minutes| minutes / self.update_frequency.unwrap_or(1).max(1));
        Feed {
            format: context.format,
            encoding,
            link: fields.link(),
            authors: fields.take_authors(),
            links: fields.take_links(),
            title: fields.title.get(),
            description: fields.summary.get(),
            id: fields.id.get(),
            published: fields.published.get(),
            updated: fields.updated.get(),
            language: self.language.or(self.root_language),
            ttl_minutes: self.ttl_minutes.or(by_period),
            skip_hours: self.skip_hours,
            skip_days: self.skip_days,
            entries: self.entries,
            problems: problems.into_vec(),
        }
    }
}
