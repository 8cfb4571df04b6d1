//! How bad the news is, from what an article says.
//!
//! An article carries no measured severity. Its words do: that something *is exploited in the wild* is worse than
//! that it could be, a webinar about ransomware is no ransomware. So a small table of cues ([`CUES`]) is looked for:
//! a raising cue adds points, more in the title than in the opening, more there than further down; a lowering cue
//! says that this is a lesson, an advertisement or a round-up, and leaves a share of the points. A cue that is
//! denied (`no evidence of exploitation`) adds nothing and is told as such.
//!
//! `points = floor(share · Σ weight · part)`, with part 1.5 in the title, 1 in the opening, 0.6 elsewhere, each cue
//! counted once where it tells most, and share that of the strongest lowering cue in the title or the opening (there
//! half as strong: every second footer and banner invites to a webinar). The points become a severity by
//! [`THRESHOLDS`]. The weights are set by hand; they rank, they do not measure.
//!
//! `Fatal` is never given: an article can't know that it is too late for its reader.

mod cues;
mod cvss;
mod denial;
#[cfg(test)]
mod tests;

pub use cues::{CUES, Cue, Effect};

use crate::reading::{Part, Place, Reading, stands_alone};
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use serde::{Serialize, Serializer};
use std::fmt;
use std::sync::LazyLock;
use watchfire_signal::Severity;

/// From how many points on an article is how severe, the most severe first. Below the last it is informational.
pub const THRESHOLDS: &[(i32, Severity)] =
    &[(80, Severity::Critical), (40, Severity::High), (15, Severity::Medium), (1, Severity::Low)];
/// Most reasons that are given.
pub const MAX_CAUSES: usize = 12;

/// How severe an article is, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Graded {
    /// `Unknown` for an article without a word, else `Informational` to `Critical`. Written by its name.
    #[serde(serialize_with = "by_name")]
    pub severity: Severity,
    /// What the cues add up to.
    pub points: i32,
    /// The cues that were found, those that changed most first, at most [`MAX_CAUSES`].
    pub reasons: Vec<Cause>,
}

/// A cue that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// The cue's name.
    pub cue: &'static str,
    /// The words that were found, in lower case.
    pub words: String,
    /// Where they stand; none for what the caller said.
    pub place: Option<Place>,
    /// What it added. Negative for what was lowered.
    pub points: i32,
    /// Whether the article says that it is not so.
    pub is_denied: bool,
}

impl fmt::Display for Cause {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:+} {}: \"{}\"", self.points, self.cue, self.words)?;
        if let Some(place) = self.place {
            write!(out, " {place}")?;
        }
        if self.is_denied { out.write_str(", but denied") } else { Ok(()) }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn by_name<S: Serializer>(severity: &Severity, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(severity.name())
}

/// Grades an article. Linear in its length, which [`Reading`] bounds.
pub fn severity(reading: &Reading<'_>) -> Graded {
    let subject = reading.subject();
    if subject.title.trim().is_empty() && subject.text.trim().is_empty() && reading.exploited().is_empty() {
        return Graded { severity: Severity::Unknown, points: 0, reasons: Vec::new() };
    }
    let found = look(reading);
    let mut raised = 0; // in tenths of a point
    let mut lowest: Option<(usize, i32, &Find)> = None; // the cue, the share in hundredths, where
    let mut reasons = Vec::new();
    for (index, (cue, found)) in CUES.iter().zip(&found).enumerate() {
        let Some(found) = found else { continue };
        match cue.effect {
            _ if found.is_denied => reasons.push(cause(cue.name, found, 0)),
            Effect::Adds(weight) => {
                let tenths = weight * tenths_of(found.place.part);
                raised += tenths;
                reasons.push(cause(cue.name, found, tenths / 10));
            }
            Effect::Leaves(percent) => {
                let percent = match found.place.part {
                    Part::Title => percent,
                    Part::Lead => i32::midpoint(percent, 100),
                    Part::Body => continue,
                };
                if lowest.is_none_or(|(_, least, _)| percent < least) {
                    lowest = Some((index, percent, found));
                }
            }
        }
    }
    for (tenths, reason) in [exploited(reading), cvss::highest(reading)].into_iter().flatten() {
        raised += tenths;
        reasons.push(reason);
    }
    let mut points = raised / 10;
    if let Some((index, percent, found)) = lowest {
        let left = raised * percent / 1000;
        reasons.push(cause(CUES[index].name, found, left - points));
        points = left;
    }
    reasons.sort_by_key(|reason| (std::cmp::Reverse(reason.points.abs()), reason.place));
    reasons.truncate(MAX_CAUSES);
    let severity = THRESHOLDS
        .iter()
        .find(|&&(from, _)| points >= from)
        .map_or(Severity::Informational, |&(_, severity)| severity);
    Graded { severity, points, reasons }
}

/// What a part counts, in tenths.
fn tenths_of(part: Part) -> i32 {
    match part {
        Part::Title => 15,
        Part::Lead => 10,
        Part::Body => 6,
    }
}

fn cause(cue: &'static str, found: &Find, points: i32) -> Cause {
    let (words, is_denied) = (found.words.clone(), found.is_denied);
    Cause { cue, words, place: Some(found.place), points, is_denied }
}

/// CVEs that the caller knows to be exploited.
fn exploited(reading: &Reading<'_>) -> Option<(i32, Cause)> {
    const WEIGHT: i32 = 40;
    let cve = reading.exploited().iter().min()?;
    let words: String = cve.chars().take(40).collect();
    let cause = Cause { cue: "known to be exploited", words, place: None, points: WEIGHT, is_denied: false };
    Some((WEIGHT * 10, cause))
}

/// Where a cue was found first, or first affirmed.
#[derive(Debug, Clone)]
struct Find {
    words: String,
    place: Place,
    is_denied: bool,
}

/// The cues in an article, by their place in [`CUES`].
fn look(reading: &Reading<'_>) -> Vec<Option<Find>> {
    static LOOKUP: LazyLock<Lookup> = LazyLock::new(Lookup::new);
    let mut found: Vec<Option<Find>> = vec![None; CUES.len()];
    let Some(automaton) = &LOOKUP.automaton else { return found };
    let text = reading.text();
    for hit in automaton.find_overlapping_iter(text) {
        let cue = LOOKUP.cues[hit.pattern()];
        // The title comes first, then the opening: the first affirmed find is the one that counts most.
        if found[cue].as_ref().is_some_and(|known| !known.is_denied) {
            continue;
        }
        if !stands_alone(text, hit.start(), hit.end()) {
            continue;
        }
        let is_denied =
            matches!(CUES[cue].effect, Effect::Adds(_)) && denial::is_denied(text, hit.start(), hit.end());
        if is_denied && found[cue].is_some() {
            continue;
        }
        let words = text[hit.start()..hit.end()].to_owned();
        found[cue] = Some(Find { words, place: reading.place(hit.start()), is_denied });
    }
    found
}

/// All phrases, and whose cue each is.
struct Lookup {
    /// None if it could not be built, which a test rules out.
    automaton: Option<AhoCorasick>,
    cues: Vec<usize>,
}

impl Lookup {
    fn new() -> Self {
        let (mut phrases, mut cues) = (Vec::<&str>::new(), Vec::new());
        for (index, cue) in CUES.iter().enumerate() {
            phrases.extend(cue.phrases());
            cues.resize(phrases.len(), index);
        }
        // A full table: there is one for the whole process.
        let automaton = AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(phrases).ok();
        Self { automaton, cues }
    }
}
