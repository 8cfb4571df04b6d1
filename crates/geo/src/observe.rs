//! The cues of each span: what stands before and after it, what sort of name it is, what the rest of the text says.

use crate::cue::{Cue, Cues};
use crate::fold::fold;
use crate::gazetteer::Gazetteer;
use crate::pack::NameSort;
use crate::place::PlaceKind;
use crate::spans::{Form, Span};
use crate::token::{Gap, Word};
use crate::words;
use std::collections::HashSet;

pub(crate) struct Observer<'a> {
    gazetteer: &'a Gazetteer,
    text: &'a str,
    words: &'a [Word],
    spans: &'a [Span],
    /// Words that follow a title, a first name or an initial somewhere.
    people: HashSet<&'a str>,
    /// Words that the text has in small letters.
    small: HashSet<&'a str>,
}

/// The cues of each of `spans`.
pub(crate) fn observe(gazetteer: &Gazetteer, text: &str, words: &[Word], spans: &[Span]) -> Vec<Cues> {
    let mut observer =
        Observer { gazetteer, text, words, spans, people: HashSet::new(), small: HashSet::new() };
    observer.survey();
    let mut cues: Vec<Cues> = (0..spans.len()).map(|at| observer.cues(at)).collect();
    let sure: HashSet<&str> = spans
        .iter()
        .zip(&cues)
        .filter(|(_, cues)| is_sure(**cues))
        .map(|(span, _)| span.key.as_str())
        .collect();
    for (span, cues) in spans.iter().zip(&mut cues) {
        if sure.contains(span.key.as_str()) && !is_sure(*cues) {
            cues.add(Cue::PlaceElsewhere);
        }
    }
    cues
}

/// Surely a place by where it stands.
fn is_sure(cues: Cues) -> bool {
    let person =
        [Cue::AfterTitle, Cue::AfterFirstName, Cue::AfterInitial, Cue::BeforeSurname, Cue::BeforeCapital];
    let place = [Cue::AfterLocating, Cue::BeforeState, Cue::Dateline, Cue::BeforeLocal];
    place.iter().any(|cue| cues.has(*cue)) && !person.iter().any(|cue| cues.has(*cue))
}

impl<'a> Observer<'a> {
    fn word(&self, at: usize) -> &'a str {
        self.words[at].of(self.text)
    }

    fn lower(&self, at: usize) -> String {
        self.word(at).to_lowercase()
    }

    fn survey(&mut self) {
        for at in 0..self.words.len() {
            let word = self.words[at];
            if !word.capital {
                self.small.insert(self.word(at));
                continue;
            }
            if at == 0 || !matches!(word.gap, Gap::Space | Gap::StopSpace) || word.capitals {
                continue;
            }
            let before = self.words[at - 1];
            let named = before.capital
                && (words::is_first_name(&self.lower(at - 1)) || words::is_title(&self.lower(at - 1)));
            let initial = before.capital
                && before.end - before.start == 1
                && word.gap == Gap::StopSpace
                && at > 1
                && self.words[at - 2].capital;
            if (named && !word.opens) || initial {
                self.people.insert(self.word(at));
            }
        }
    }

    fn cues(&self, at: usize) -> Cues {
        let span = &self.spans[at];
        let mut cues = Cues::default();
        cues.add(Cue::Base);
        match span.form {
            Form::Named => self.sort(span, &mut cues),
            Form::Street => cues.add(Cue::Street),
            Form::Road => cues.add(Cue::Road),
            Form::Feature => cues.add(Cue::Feature),
        }
        self.before(at, &mut cues);
        self.after(at, &mut cues);
        self.itself(span, &mut cues);
        cues
    }

    /// What sort of place has the name.
    fn sort(&self, span: &Span, cues: &mut Cues) {
        let mut largest = None;
        let mut area = false;
        for found in &span.found {
            let packed = self.gazetteer.packed(found.place);
            match (found.sort, packed.kind) {
                (NameSort::Demonym, _) => cues.add(Cue::Demonym),
                (NameSort::Abbreviation, _) => cues.add(Cue::Abbreviation),
                (_, PlaceKind::Region) => cues.add(Cue::Region),
                (_, PlaceKind::Country) => cues.add(Cue::Country),
                (NameSort::Short, _) => cues.add(Cue::CountyShort),
                (_, PlaceKind::Admin1) => cues.add(Cue::Division),
                (_, PlaceKind::Admin2) if span.last > span.first => cues.add(Cue::County),
                (_, PlaceKind::Admin2) => cues.add(Cue::CountyShort),
                (_, PlaceKind::City) => largest = largest.max(Some(packed.class)),
            }
            area |= matches!(packed.kind, PlaceKind::Region | PlaceKind::Country | PlaceKind::Admin1);
        }
        if let (Some(class), false) = (largest, area) {
            cues.add(match class {
                159.. => Cue::CityHuge,
                133.. => Cue::CityLarge,
                1.. => Cue::CityMiddle,
                0 => Cue::CitySmall,
            });
        }
        if span.found.iter().all(|found| found.sort == NameSort::Other) && !area {
            cues.add(Cue::OnlyOther);
        }
        if span.found.len() >= 5 {
            cues.add(Cue::ManyPlaces);
        }
    }

    fn before(&self, at: usize, cues: &mut Cues) {
        let span = &self.spans[at];
        let word = self.words[span.first];
        if word.opens {
            cues.add(Cue::Opens);
        }
        if span.first == 0 {
            return;
        }
        let before = self.words[span.first - 1];
        let lower = self.lower(span.first - 1);
        let after_span = at > 0 && self.spans[at - 1].last + 1 == span.first;
        match word.gap {
            Gap::Comma if after_span => cues.add(Cue::AfterPlaceComma),
            Gap::Comma => cues.add(Cue::AfterComma),
            Gap::Space | Gap::Hyphen | Gap::StopSpace if !word.opens => {
                let initial =
                    before.end - before.start == 1 && before.capital && lower != "a" && lower != "i";
                if initial && word.gap == Gap::StopSpace {
                    cues.add(Cue::AfterInitial);
                } else if words::is_title(&lower) {
                    cues.add(Cue::AfterTitle);
                } else if before.capital && words::is_first_name(&lower) && !after_span {
                    cues.add(Cue::AfterFirstName);
                } else if words::is_locating(&lower) {
                    cues.add(Cue::AfterLocating);
                } else if after_span {
                    cues.add(Cue::AfterPlace);
                } else if words::is_linking(&lower) {
                    cues.add(Cue::AfterLinking);
                } else if words::is_saying(&lower) {
                    cues.add(Cue::AfterSaying);
                } else if lower == "the" {
                    cues.add(Cue::AfterThe);
                } else if lower == "s" && before.gap == Gap::Apostrophe {
                    cues.add(Cue::AfterPossessive);
                } else if before.capital && (!before.opens || !words::is_plain_word(&lower)) {
                    cues.add(Cue::AfterCapital);
                } else {
                    cues.add(Cue::AfterSmall);
                }
            }
            _ => {}
        }
    }

    fn after(&self, at: usize, cues: &mut Cues) {
        let span = &self.spans[at];
        let Some(next) = self.words.get(span.last + 1) else { return };
        let lower = self.lower(span.last + 1);
        let next_span = self.spans.get(at + 1).filter(|next| next.first == span.last + 1);
        let is_area = |span: &Span| {
            span.found.iter().any(|found| {
                found.sort != NameSort::Demonym
                    && matches!(
                        self.gazetteer.packed(found.place).kind,
                        PlaceKind::Admin1 | PlaceKind::Country
                    )
            })
        };
        let between = &self.text[self.words[span.last].end..next.start];
        let starts_line = self.words[span.first].gap == Gap::Line;
        if (starts_line || self.words[span.last].capitals)
            && between.contains(['(', '—', '–', '-'])
            && next.gap == Gap::Other
        {
            cues.add(Cue::Dateline);
        }
        match next.gap {
            Gap::Comma if next_span.is_some_and(is_area) => cues.add(Cue::BeforeState),
            Gap::Comma if next.capital => cues.add(Cue::BeforeCommaCapital),
            Gap::Apostrophe if lower == "s" => cues.add(Cue::BeforePossessive),
            Gap::Hyphen => cues.add(Cue::BeforeHyphen),
            Gap::Space if next.capital => cues.add(if words::is_institution(&lower) {
                Cue::BeforeInstitution
            } else if words::is_feature(&lower) {
                Cue::BeforeFeature
            } else if words::is_surname(&lower) {
                Cue::BeforeSurname
            } else {
                Cue::BeforeCapital
            }),
            Gap::Space if words::is_local(&lower) => cues.add(Cue::BeforeLocal),
            Gap::Space if words::is_saying(&lower) => cues.add(Cue::BeforeSaying),
            _ => {}
        }
    }

    fn itself(&self, span: &Span, cues: &mut Cues) {
        let written = &self.text[span.start..span.end];
        let single = span.first == span.last;
        if !single {
            cues.add(Cue::SeveralWords);
        }
        let capitals = (span.first..=span.last).all(|at| self.words[at].capitals);
        if capitals && written.len() > 3 {
            cues.add(Cue::AllCapitals);
        }
        if written.chars().count() <= 3 && !capitals && !written.contains('.') {
            cues.add(Cue::ShortName);
        }
        // "US" is neither the word us nor a surname.
        if !single || span.form != Form::Named || (capitals && written.len() <= 3) {
            return;
        }
        let lower = fold(written);
        if words::is_plain_word(&lower) {
            cues.add(if self.words[span.first].opens { Cue::PlainOpens } else { Cue::PlainWord });
        }
        if words::is_first_name(&lower) {
            cues.add(Cue::FirstName);
        }
        if words::is_surname(&lower) {
            cues.add(Cue::Surname);
        }
        if self.small.contains(lower.as_str()) {
            cues.add(Cue::SeenSmall);
        }
        if self.people.contains(self.word(span.first)) {
            cues.add(Cue::PersonElsewhere);
        }
    }
}
