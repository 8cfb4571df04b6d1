//! How well places are recognised and resolved, by the measures of the field.
//!
//! After Gritta, Pilehvar, Collier, "A pragmatic guide to geoparsing evaluation" (Language Resources and Evaluation 54,
//! 2020). Recognition: precision, recall and F1 over all annotated toponyms, also those without coordinates; a mention
//! counts as found when it overlaps an annotated one, each annotated one being found once, and the stricter figure for
//! equal spans stands beside it. Resolution: of the found toponyms that the annotators located, the share within 161 km
//! (100 miles), where one left without a place is an error of half the globe's girth; median and mean error; and the area
//! under the curve of the logarithms of the errors, 0 best, 1 worst.

use crate::corpus::{Article, Toponym};
use crate::parser::{Context, Geoparser, Mention};
use crate::place::distance_km;

/// Within this many kilometres a place is the right one.
pub const NEAR_KM: f64 = 161.0;
/// The error of a place not resolved: half the girth of the earth.
const WORST_KM: f64 = 20_038.0;

/// How recognition did.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Recognition {
    /// Mentions that hit an annotated toponym.
    pub hits: usize,
    /// Mentions told.
    pub told: usize,
    /// Toponyms annotated.
    pub annotated: usize,
}

impl Recognition {
    /// The share of mentions that hit.
    pub fn precision(&self) -> f64 {
        self.hits as f64 / self.told.max(1) as f64
    }

    /// The share of toponyms hit.
    pub fn recall(&self) -> f64 {
        self.hits as f64 / self.annotated.max(1) as f64
    }

    /// The harmonic mean of both.
    pub fn f1(&self) -> f64 {
        2.0 * self.hits as f64 / (self.told + self.annotated).max(1) as f64
    }
}

/// A toponym or mention that went wrong, for reading.
#[derive(Debug, Clone, PartialEq)]
pub struct Miss {
    /// The article's number.
    pub article: String,
    /// What the text says there.
    pub name: String,
    /// What went wrong.
    pub kind: MissKind,
}

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MissKind {
    /// Annotated, not told.
    NotFound,
    /// Told, not annotated.
    NotThere,
    /// Found, without a place.
    NotResolved,
    /// Found and resolved, this many kilometres off.
    Far(f64),
}

/// The scores of a parser on a corpus.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scores {
    /// Articles read.
    pub articles: usize,
    /// By overlap, over all annotated toponyms.
    pub overlap: Recognition,
    /// By equal spans, over all annotated toponyms.
    pub exact: Recognition,
    /// By overlap, over located toponyms; mentions that hit one without coordinates are left out.
    pub located: Recognition,
    /// Kilometres off, for each located toponym found by overlap, ascending.
    pub errors_km: Vec<f64>,
    /// What went wrong, in order of the corpus.
    pub misses: Vec<Miss>,
}

impl Scores {
    /// The share of found, located toponyms resolved within 161 km.
    pub fn accuracy(&self) -> f64 {
        let near = self.errors_km.iter().filter(|error| **error <= NEAR_KM).count();
        near as f64 / self.errors_km.len().max(1) as f64
    }

    /// The median error in kilometres.
    pub fn median_km(&self) -> f64 {
        self.errors_km.get(self.errors_km.len() / 2).copied().unwrap_or(0.0)
    }

    /// The mean error in kilometres, those left unresolved counted as 20,038.
    pub fn mean_km(&self) -> f64 {
        self.errors_km.iter().sum::<f64>() / self.errors_km.len().max(1) as f64
    }

    /// The area under the curve of log errors, 0 to 1, lower is better (Jurgens et al. 2015, as Gritta has it).
    pub fn area_under_curve(&self) -> f64 {
        let logs: Vec<f64> = self.errors_km.iter().map(|error| error.ln_1p() / WORST_KM.ln_1p()).collect();
        if logs.len() < 2 {
            return logs.first().copied().unwrap_or(0.0);
        }
        let trapezes: f64 = logs.windows(2).map(|pair| f64::midpoint(pair[0], pair[1])).sum();
        trapezes / (logs.len() - 1) as f64
    }

    /// Adds the scores of another corpus.
    pub fn merge(&mut self, other: &Self) {
        self.articles += other.articles;
        for (mine, theirs) in [
            (&mut self.overlap, &other.overlap),
            (&mut self.exact, &other.exact),
            (&mut self.located, &other.located),
        ] {
            mine.hits += theirs.hits;
            mine.told += theirs.told;
            mine.annotated += theirs.annotated;
        }
        self.errors_km.extend(&other.errors_km);
        self.errors_km.sort_by(f64::total_cmp);
        self.misses.extend(other.misses.iter().cloned());
    }
}

/// Runs `parser` over `articles`, telling it nothing of the publisher.
pub fn evaluate<'a>(articles: impl IntoIterator<Item = &'a Article>, parser: &Geoparser<'_>) -> Scores {
    let mut scores = Scores::default();
    for article in articles {
        let mentions = parser.parse(&article.text, &Context::default());
        score(article, &mentions, &mut scores);
    }
    scores.errors_km.sort_by(f64::total_cmp);
    scores
}

fn score(article: &Article, mentions: &[Mention], scores: &mut Scores) {
    scores.articles += 1;
    let mut miss = |name: &str, kind: MissKind| {
        scores.misses.push(Miss { article: article.id.clone(), name: name.to_owned(), kind });
    };
    let mut hit_by: Vec<Option<usize>> = vec![None; article.toponyms.len()];
    let mut free = vec![true; mentions.len()];
    // Equal spans first, so that an overlapping neighbour does not take another's toponym.
    for exact in [true, false] {
        for (at, mention) in mentions.iter().enumerate() {
            let fits = |toponym: &Toponym| {
                if exact {
                    (toponym.start, toponym.end) == (mention.start, mention.end)
                } else {
                    toponym.start < mention.end && mention.start < toponym.end
                }
            };
            if !free[at] {
                continue;
            }
            // Both are in order: the toponyms that can overlap end after the mention starts.
            let from = article.toponyms.partition_point(|toponym| toponym.end + 200 < mention.start);
            let near = article.toponyms[from..].iter().take_while(|toponym| toponym.start < mention.end);
            let found = near.enumerate().map(|(index, toponym)| (from + index, toponym));
            let mut found = found.filter(|(index, toponym)| hit_by[*index].is_none() && fits(toponym));
            if let Some((index, _)) = found.next() {
                hit_by[index] = Some(at);
                free[at] = false;
                scores.exact.hits += usize::from(exact);
            }
        }
    }
    let mut unlocated_hits = 0;
    for (toponym, hit) in article.toponyms.iter().zip(&hit_by) {
        let Some(at) = hit else {
            miss(&article.text[toponym.start..toponym.end], MissKind::NotFound);
            continue;
        };
        scores.overlap.hits += 1;
        let Some(point) = toponym.point else {
            unlocated_hits += 1;
            continue;
        };
        scores.located.hits += 1;
        let mention = &mentions[*at];
        let error = mention.place.as_ref().map(|place| distance_km(point, (place.latitude, place.longitude)));
        match error {
            None => miss(&mention.name, MissKind::NotResolved),
            Some(error) if error > NEAR_KM => miss(&mention.name, MissKind::Far(error)),
            Some(_) => {}
        }
        scores.errors_km.push(error.unwrap_or(WORST_KM));
    }
    for (mention, _) in mentions.iter().zip(&free).filter(|(_, free)| **free) {
        miss(&mention.name, MissKind::NotThere);
    }
    scores.overlap.told += mentions.len();
    scores.overlap.annotated += article.toponyms.len();
    scores.exact.told += mentions.len();
    scores.exact.annotated += article.toponyms.len();
    scores.located.told += mentions.len() - unlocated_hits;
    scores.located.annotated += article.toponyms.iter().filter(|toponym| toponym.point.is_some()).count();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gazetteer::Gazetteer;

    fn article(text: &str, toponyms: &[(&str, Option<(f64, f64)>)]) -> Article {
        let toponyms = toponyms.iter().map(|(name, point)| {
            let start = text.find(name).unwrap();
            Toponym { start, end: start + name.len(), point: *point }
        });
        Article { id: "1".to_owned(), text: text.to_owned(), toponyms: toponyms.collect(), unplaced: 0 }
    }

    #[test]
    fn hits_misses_and_errors_are_counted() {
        let parser = Geoparser::new(Gazetteer::embedded().unwrap());
        let text = "He flew from London to Paris and saw Narnia. Canada was far.";
        let gold =
            [("London", Some((51.5, -0.1))), ("Paris and saw", Some((33.66, -95.55))), ("Narnia", None)];
        let scores = evaluate([&article(text, &gold)], &parser);
        assert_eq!(scores.overlap, Recognition { hits: 2, told: 3, annotated: 3 });
        assert_eq!(scores.exact.hits, 1);
        assert_eq!(scores.located, Recognition { hits: 2, told: 3, annotated: 2 });
        assert_eq!(scores.accuracy(), 0.5);
        assert!(scores.errors_km[0] < 5.0 && scores.median_km() > 7_000.0);
        let kinds: Vec<&str> = scores.misses.iter().map(|miss| miss.name.as_str()).collect();
        assert_eq!(kinds, ["Paris", "Narnia", "Canada"]);
    }

    #[test]
    fn an_annotated_toponym_is_found_once() {
        let parser = Geoparser::new(Gazetteer::embedded().unwrap());
        let text = "He lives in London, in England.";
        let scores = evaluate([&article(text, &[("London, in England", None)])], &parser);
        assert_eq!(scores.overlap, Recognition { hits: 1, told: 2, annotated: 1 });
    }

    #[test]
    fn nothing_measured_divides_by_nothing() {
        let scores = Scores::default();
        assert_eq!(
            (scores.accuracy(), scores.mean_km(), scores.area_under_curve(), scores.overlap.f1()),
            (0.0, 0.0, 0.0, 0.0)
        );
    }
}
