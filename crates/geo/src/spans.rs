//! Names of the gazetteer in a text, longest first, and streets and rivers by their form.

use crate::fold::fold_into;
use crate::gazetteer::{Found, Gazetteer};
use crate::pack::NameSort;
use crate::place::PlaceKind;
use crate::token::{Gap, Word};
use crate::words;

/// No name has more words.
const MAX_NAME_WORDS: usize = 6;
/// No name has more bytes.
const MAX_NAME_BYTES: usize = 120;

/// How a span was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A name of the gazetteer.
    Named,
    /// "Memphis Street".
    Street,
    /// "Highway 61".
    Road,
    /// "Neches River", "Lake Lanier".
    Feature,
}

/// A part of the text that may be the name of a place.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    /// First and last word.
    pub(crate) first: usize,
    pub(crate) last: usize,
    /// Bytes of the text.
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) form: Form,
    /// The folded name.
    pub(crate) key: String,
    pub(crate) found: Vec<Found>,
}

pub(crate) struct Scanner<'a> {
    gazetteer: &'a Gazetteer,
    text: &'a str,
    words: &'a [Word],
    folded: String,
    found: Vec<Found>,
}

/// The spans of a text, not overlapping, in order.
pub(crate) fn spans(gazetteer: &Gazetteer, text: &str, words: &[Word]) -> Vec<Span> {
    let mut scanner = Scanner { gazetteer, text, words, folded: String::new(), found: Vec::new() };
    let mut spans: Vec<Span> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let after_span = spans.last().is_some_and(|span| span.last + 1 == at);
        match scanner.at(at, after_span) {
            Some(span) => {
                at = span.last + 1;
                spans.push(span);
            }
            None => at += 1,
        }
    }
    spans
}

impl Scanner<'_> {
    fn word(&self, at: usize) -> &str {
        self.words[at].of(self.text)
    }

    fn lower(&self, at: usize) -> String {
        self.word(at).to_lowercase()
    }

    /// Whether word `at` may follow the one before in one name.
    fn joins(&self, at: usize) -> bool {
        let (before, word) = (&self.words[at - 1], &self.words[at]);
        match word.gap {
            Gap::Space | Gap::Hyphen => word.start - before.end <= 3,
            Gap::Apostrophe => word.end - word.start > 1,
            Gap::Stop | Gap::StopSpace => {
                before.end - before.start == 1
                    || matches!(
                        before.of(self.text),
                        "St" | "Ste" | "Ft" | "Mt" | "ST" | "FT" | "MT" | "W" | "N" | "Co"
                    )
            }
            // "Washington, D.C." is the name of the city.
            Gap::Comma => before.of(self.text) == "Washington" && word.of(self.text) == "D",
            Gap::Line | Gap::Other => false,
        }
    }

    fn at(&mut self, at: usize, after_span: bool) -> Option<Span> {
        let word = self.words[at];
        if !word.capital || word.end - word.start > MAX_NAME_BYTES {
            return None;
        }
        if let Some(span) = self.road(at) {
            return Some(span);
        }
        // As far as a name could reach, and as far as capitals reach.
        let mut reach = at;
        let mut capitals = at;
        while reach + 1 < self.words.len() && reach + 1 - at < MAX_NAME_WORDS && self.joins(reach + 1) {
            let next = self.words[reach + 1];
            if next.end - word.start > MAX_NAME_BYTES {
                break;
            }
            if !next.capital && !words::is_particle(self.word(reach + 1)) {
                break;
            }
            reach += 1;
            if next.capital && capitals + 1 == reach {
                capitals = reach;
            }
        }
        let named =
            (at..=reach).rev().filter(|&last| self.words[last].capital).find_map(|last| self.named(at, last));
        let formed = self.formed(at, capitals);
        match (named, formed) {
            (Some(named), Some(formed)) => Some(if formed.last > named.last { formed } else { named }),
            (None, Some(formed)) => Some(formed),
            (Some(named), None) => Some(named),
            (None, None) => self.postal(at, after_span),
        }
    }

    fn span(&self, first: usize, last: usize, form: Form) -> Span {
        Span {
            first,
            last,
            start: self.words[first].start,
            end: self.words[last].end,
            form,
            key: self.folded.clone(),
            found: self.found.clone(),
        }
    }

    /// The words `first` to `last` as a name of the gazetteer.
    fn named(&mut self, first: usize, last: usize) -> Option<Span> {
        let (start, end) = (self.words[first].start, self.words[last].end);
        fold_into(&self.text[start..end], &mut self.folded);
        self.gazetteer.find(&self.folded, &mut self.found);
        if self.found.is_empty() {
            return None;
        }
        let written = &self.text[start..end];
        let stop = self.text[end..].starts_with('.');
        let inner_stop = written.contains('.') && self.words[last].end - self.words[last].start <= 2;
        let letters = written.chars().filter(|letter| letter.is_alphabetic()).count();
        let capitals = written.chars().all(|letter| !letter.is_lowercase());
        let initials = written.chars().filter(|letter| *letter == '.').count() > 0 && letters <= 3;
        self.found.retain(|found| match found.sort {
            NameSort::Abbreviation => stop,
            // "US" is a country, "us" and "Us" are not.
            _ if letters <= 2 => capitals,
            // A single capital letter with stops is no town of three letters.
            _ if initials => self.gazetteer.packed(found.place).kind != PlaceKind::City,
            _ => true,
        });
        if self.found.is_empty() {
            return None;
        }
        let mut span = self.span(first, last, Form::Named);
        let abbreviated = self.found.iter().all(|found| found.sort == NameSort::Abbreviation);
        if stop && (abbreviated || inner_stop) {
            span.end += 1;
        }
        Some(span)
    }

    /// A street or a feature by its words: "Memphis Street", "Lake Lanier".
    fn formed(&mut self, first: usize, capitals: usize) -> Option<Span> {
        let last = capitals.min(first + 4);
        for end in (first + 1..=last).rev() {
            let word = self.lower(end);
            let form =
                if words::is_street(&word) && !matches!(word.as_str(), "court" | "ct" | "close" | "circle") {
                    Form::Street
                } else if words::is_feature(&word) && !matches!(word.as_str(), "coast" | "woods" | "bridge") {
                    Form::Feature
                } else {
                    continue;
                };
            if words::is_title(&self.lower(first)) || (self.words[first].opens && self.lower(first) == "the")
            {
                return None;
            }
            // "St." before a name is Saint, not a street.
            let saint = matches!(word.as_str(), "st" | "ave" | "dr" | "rd");
            if saint && end < capitals {
                continue;
            }
            self.found.clear();
            fold_into(&self.text[self.words[first].start..self.words[end].end], &mut self.folded);
            let mut span = self.span(first, end, form);
            if saint && self.text[span.end..].starts_with('.') {
                span.end += 1;
            }
            return Some(span);
        }
        if last == first
            || !matches!(self.word(first), "Lake" | "Mount" | "Mt" | "Cape")
            || self.words[first + 1].gap != Gap::Space
        {
            return None;
        }
        self.found.clear();
        fold_into(&self.text[self.words[first].start..self.words[first + 1].end], &mut self.folded);
        Some(self.span(first, first + 1, Form::Feature))
    }

    /// "Highway 61", "County Road 43", "Interstate 64".
    fn road(&mut self, first: usize) -> Option<Span> {
        let mut number = first + 1;
        if matches!(self.word(first), "County" | "State" | "Farm" | "U") {
            number += 1;
        }
        let road = self.words.get(number - 1)?.of(self.text);
        if !matches!(road, "Highway" | "Interstate" | "Route" | "Road" | "Hwy" | "I" | "Exit") {
            return None;
        }
        let digits = self.words.get(number).filter(|word| matches!(word.gap, Gap::Space | Gap::Hyphen))?;
        let written = digits.of(self.text);
        if written.len() > 4 || !written.starts_with(|letter: char| letter.is_ascii_digit()) {
            return None;
        }
        self.found.clear();
        fold_into(&self.text[self.words[first].start..self.words[number].end], &mut self.folded);
        Some(self.span(first, number, Form::Road))
    }

    /// "TX" after "Dallas, ".
    fn postal(&mut self, at: usize, after_span: bool) -> Option<Span> {
        let word = self.words[at];
        if !after_span || word.gap != Gap::Comma || word.end - word.start != 2 {
            return None;
        }
        words::postal_state(self.word(at))?.clone_into(&mut self.folded);
        self.gazetteer.find(&self.folded, &mut self.found);
        let gazetteer = self.gazetteer;
        self.found.retain(|found| gazetteer.packed(found.place).kind == PlaceKind::Admin1);
        if self.found.is_empty() { None } else { Some(self.span(at, at, Form::Named)) }
    }
}
