//! Adding up what was found, and saying it.

use super::compiled::{CompiledProfile, Item};
use super::leaning::{Leaning, Reader};
use super::region::country_name;
use super::scan::{Hit, folded, scan};
use super::taste::{Feature, each_feature};
use super::{MAX_REASONS, MAX_SCORE, Reason, Relevance, What};
use crate::reading::{Part, Reading};
use crate::severity::Graded;
use watchfire_signal::Severity;

/// How much evidence is half of the highest score, in tenths of a point.
const HALF: f64 = 1200.0;
/// The most that each group adds, in tenths: what is watched, the stack, keywords, regions, sectors.
const CAPS: [i32; 5] = [3000, 3000, 2500, 600, 800];

impl CompiledProfile {
    /// How much an article matters to this user. Linear in the article's length, which [`Reading`] bounds.
    pub fn score(&self, reading: &Reading<'_>, graded: &Graded, leaning: &Leaning) -> Relevance {
        let source = reading.subject().source;
        if !self.muted_sources.is_empty() && self.muted_sources.contains(folded(source).as_ref()) {
            return muted(format!("you muted the source {source}"));
        }
        let hits = match scan(self, reading) {
            Ok(hits) => hits,
            Err(item) => return muted(format!("you muted \"{}\"", self.items[item].name)),
        };
        let mut groups = [0_i32; CAPS.len()];
        let mut found: Vec<(i32, usize)> = Vec::new();
        for (index, (item, hit)) in self.items.iter().zip(&hits).enumerate() {
            if hit.share > 0 {
                let tenths = item.tenths * i32::from(hit.share) / 100;
                groups[group(item.what)] += tenths;
                found.push((tenths, index));
            }
        }
        let own: i32 = groups.iter().zip(CAPS).map(|(&sum, cap)| sum.min(cap)).sum();
        let severity = tenths_of(graded.severity);
        let mut reader = Reader::new(leaning);
        if !leaning.is_empty() {
            each_feature(reading, self.keywords(&hits), |kind, name| reader.read(kind, name));
        }
        let taste = (reader.points() * 10.0).round() as i32;
        let plain = (own + severity + taste).max(0);
        let weight = weight_of(reading.subject().source_weight);
        let evidence = f64::from(plain) * weight;
        let score = (f64::from(MAX_SCORE) * (1.0 - (-evidence / HALF).exp2())).round() as u16;

        found.sort_by_key(|&(tenths, index)| (std::cmp::Reverse(tenths), index));
        found.truncate(MAX_REASONS);
        let mut reasons: Vec<Reason> = found
            .into_iter()
            .map(|(tenths, index)| {
                let item = &self.items[index];
                Reason { what: item.what, why: why(item, hits[index]), weight: points(tenths) }
            })
            .collect();
        if severity > 0 {
            reasons.push(Reason { what: What::Severity, why: how_severe(graded), weight: points(severity) });
        }
        if taste != 0
            && let Some(why) = reader.why()
        {
            reasons.push(Reason { what: What::Taste, why, weight: points(taste) });
        }
        if weight != 1.0 && plain > 0 {
            let why = format!("the source {} counts {weight:.2}", short(source));
            let gained = evidence.round() as i32 - plain;
            reasons.push(Reason { what: What::Source, why, weight: points(gained) });
        }
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.weight.abs()));
        reasons.truncate(MAX_REASONS);
        Relevance { score, is_wanted: score >= self.minimum_score, reasons }
    }

    /// What can be learned of an article when its user opens or dismisses it: see [`Taste`](super::Taste).
    pub fn features(&self, reading: &Reading<'_>) -> Vec<Feature> {
        // What is muted is not shown, so nothing is learned of it either.
        let Ok(hits) = scan(self, reading) else { return Vec::new() };
        let mut features = Vec::new();
        each_feature(reading, self.keywords(&hits), |kind, name| {
            features.push(Feature { kind, name: name.to_owned() });
        });
        features
    }

    /// The profile's keywords among the finds.
    fn keywords<'p>(&'p self, hits: &'p [Hit]) -> impl Iterator<Item = &'p str> {
        let is_found = |(item, hit): &(&Item, &Hit)| hit.share > 0 && item.what == What::Keyword;
        self.items.iter().zip(hits).filter(is_found).map(|(item, _)| item.name.as_str())
    }
}

/// Scores a batch of articles, in their order.
pub fn score_all(
    profile: &CompiledProfile,
    articles: &[(Reading<'_>, Graded)],
    leaning: &Leaning,
) -> Vec<Relevance> {
    articles.iter().map(|(reading, graded)| profile.score(reading, graded, leaning)).collect()
}

fn muted(why: String) -> Relevance {
    Relevance { score: 0, is_wanted: false, reasons: vec![Reason { what: What::Muted, why, weight: 0 }] }
}

/// The place in [`CAPS`].
fn group(what: What) -> usize {
    match what {
        What::Actor | What::Malware | What::Technique | What::Domain => 0,
        What::Product | What::Vendor | What::Version => 1,
        What::Region => 3,
        What::Sector => 4,
        // No item is of the last four kinds, but for muted words, which never get here.
        What::Keyword | What::Severity | What::Taste | What::Source | What::Muted => 2,
    }
}

fn tenths_of(severity: Severity) -> i32 {
    match severity {
        Severity::Fatal | Severity::Critical => 300,
        Severity::High => 200,
        Severity::Medium => 100,
        Severity::Low => 40,
        Severity::Informational | Severity::Unknown => 0,
    }
}

fn weight_of(source: f32) -> f64 {
    if source.is_finite() { f64::from(source.clamp(0.25, 2.0)) } else { 1.0 }
}

/// Whole points, never 0 for something.
fn points(tenths: i32) -> i32 {
    let rounded = (f64::from(tenths) / 10.0).round() as i32;
    if rounded == 0 { tenths.signum() } else { rounded }
}

fn why(item: &Item, hit: Hit) -> String {
    let named = match hit.place.map(|place| place.part) {
        Some(Part::Title) => "named in the title",
        Some(Part::Lead) => "named in the opening",
        Some(Part::Body) => "named in the text",
        None => "named",
    };
    let name = &item.name;
    match item.what {
        What::Product if hit.share < 100 => {
            format!("{name} of your stack is perhaps meant: its vendor isn't named")
        }
        What::Product => format!("{name} of your stack is {named}"),
        What::Vendor => format!("{name}, a vendor of your stack, is {named}"),
        What::Version => format!("your version {name} is {named}"),
        What::Actor => format!("the actor {name}, whom you watch, is {named}"),
        What::Malware => format!("the malware {name}, which you watch, is {named}"),
        What::Technique if hit.share < 100 => {
            format!("the technique that {name}, which you watch, is part of is {named}")
        }
        What::Technique => format!("the technique {name}, which you watch, is {named}"),
        What::Domain => format!("the domain {name}, which you watch, is {named}"),
        What::Sector => format!("it concerns your sector {name}"),
        What::Region => {
            let code = hit.country.unwrap_or_default();
            let country = country_name(std::str::from_utf8(&code).unwrap_or_default());
            if country.eq_ignore_ascii_case(name) || name.as_bytes().eq_ignore_ascii_case(&code) {
                format!("it concerns your country {country}")
            } else {
                format!("it concerns {country}, in your region {name}")
            }
        }
        What::Keyword => format!("your keyword \"{name}\" is {named}"),
        What::Severity | What::Taste | What::Source | What::Muted => name.clone(),
    }
}

fn how_severe(graded: &Graded) -> String {
    let name = graded.severity.name();
    match graded.reasons.iter().find(|cause| cause.points > 0) {
        Some(cause) => format!("its severity is {name}: {} (\"{}\")", cause.cue, cause.words),
        None => format!("its severity is {name}"),
    }
}

/// A name that may be anyone's, cut to a line.
fn short(name: &str) -> &str {
    crate::reading::within(name, super::MAX_LENGTH)
}
