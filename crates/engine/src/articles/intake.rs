//! Articles into the store, and what follows from them at once: places, scores, intelligence.

use super::preparing::{Prepared, names_in, whole};
use super::{ArticleEvent, ArticleService, Shared};
use crate::error::EngineError;
use std::collections::HashMap;
use std::ops::Range;
use watchfire_feeds::Extractor;
use watchfire_feeds::parse::Entry;
use watchfire_geo::{Context, Gazetteer, Geoparser};
use watchfire_intel::services::spelled;
use watchfire_signal::{Indicator, Reputation, Timestamp};
use watchfire_store::ServiceAnswerRow;
use watchfire_store::articles::{ArticleId, FeedId, FeedRow, PlaceRow, Upserted};

/// Articles in one transaction.
const AT_ONCE: usize = 500;
/// Places that are kept of an article.
const MOST_PLACES: usize = 40;
/// Below this an article that somebody calls a place is not believed.
const LEAST_CONFIDENCE: f32 = 0.5;
/// Who says so, where an indicator is known from articles. No service may be called by this name.
pub(crate) const ARTICLES: &str = "articles";
/// Articles of a severity below medium warn of nothing.
const WARNING: u8 = 3;

/// What became of articles that were handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taken {
    /// Entries that were looked at.
    pub entries: u64,
    /// That were new.
    pub new: u64,
    /// That were there and said something else.
    pub changed: u64,
    /// That were there, or say the same as one that is.
    pub duplicates: u64,
    /// That were left out: beyond the limit, or without a word in them.
    pub left_out: u64,
    /// Indicators that triage knows from now on.
    pub indicators: u64,
}

impl Taken {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            entries: self.entries + other.entries,
            new: self.new + other.new,
            changed: self.changed + other.changed,
            duplicates: self.duplicates + other.duplicates,
            left_out: self.left_out + other.left_out,
            indicators: self.indicators + other.indicators,
        }
    }
}

impl ArticleService {
    /// Takes in entries of a feed: they are stored, placed and scored when this returns. Blocks.
    pub fn take_in(&self, feed: &FeedRow, entries: &[Entry], limit: usize) -> Result<Taken, EngineError> {
        Ok(self.shared.take_in(feed, entries, limit)?.0)
    }
}

impl Shared {
    /// Takes in the latest entries, at most `limit`; says also which of them were new, by their place among the entries.
    pub(super) fn take_in(
        &self,
        feed: &FeedRow,
        entries: &[Entry],
        limit: usize,
    ) -> Result<(Taken, Vec<usize>), EngineError> {
        let now = self.clock.unix_millis();
        let mut taken = Taken { entries: entries.len() as u64, ..Taken::default() };
        let latest = latest(entries, limit);
        taken.left_out += (entries.len() - latest.len()) as u64;
        let mut new = Vec::new();
        for places in latest.chunks(AT_ONCE) {
            let mut prepared = Vec::with_capacity(places.len());
            let mut from = Vec::with_capacity(places.len());
            for &place in places {
                match self.prepare(feed, &entries[place], None, now) {
                    Some(one) => {
                        prepared.push(one);
                        from.push(place);
                    }
                    None => taken.left_out += 1,
                }
            }
            let outcomes = self.put(feed, prepared, &mut taken)?;
            let is_new = |outcome: &Upserted| matches!(outcome, Upserted::New(_));
            new.extend(
                from.iter().zip(&outcomes).filter(|(_, outcome)| is_new(outcome)).map(|(place, _)| *place),
            );
        }
        Ok((taken, new))
    }

    /// Stores articles, then does what follows from those that are new or changed.
    pub(super) fn put(
        &self,
        feed: &FeedRow,
        prepared: Vec<Prepared>,
        taken: &mut Taken,
    ) -> Result<Vec<Upserted>, EngineError> {
        let articles: Vec<_> = prepared.iter().map(|one| &one.article).collect();
        let outcomes = self.store.articles().upsert(feed.id, &articles)?;
        let mut fresh: Vec<(ArticleId, Prepared)> = Vec::new();
        let mut new = 0;
        for (one, outcome) in prepared.into_iter().zip(&outcomes) {
            match outcome {
                Upserted::New(id) => {
                    new += 1;
                    fresh.push((*id, one));
                }
                Upserted::Changed(id) => {
                    taken.changed += 1;
                    fresh.push((*id, one));
                }
                Upserted::Duplicate(_) => taken.duplicates += 1,
            }
        }
        taken.new += new;
        let followed = self.follow(feed, &fresh, taken);
        // After the writes, and whatever became of them: whoever asks from now on sees what is stored.
        self.lists.changed();
        if new > 0 {
            self.tell(ArticleEvent::New(new));
        }
        followed?;
        Ok(outcomes)
    }

    /// What follows from articles that were stored: intelligence, places, scores.
    fn follow(
        &self,
        feed: &FeedRow,
        fresh: &[(ArticleId, Prepared)],
        taken: &mut Taken,
    ) -> Result<(), EngineError> {
        taken.indicators += self.warn(feed, fresh)?;
        // Scores come before an article leaves the queue for its places: after a kill, what is in the queue is placed and
        // scored again.
        if self.asks_for_places {
            self.score_fresh(feed, fresh, &HashMap::new())?;
            self.places_wanted.notify_one();
        } else {
            let parser = parser()?;
            let placed = |(id, one): &(ArticleId, Prepared)| {
                (*id, places_in(parser, &whole(&one.article.title, &one.article.text), &one.names))
            };
            let located: Vec<_> = fresh.iter().map(placed).collect();
            self.score_fresh(feed, fresh, &countries_in(&located))?;
            self.store.articles().located(&located)?;
        }
        Ok(())
    }

    /// Places what waits in the queue from before, where no model is asked.
    pub(crate) fn place_what_waits(&self) -> Result<u64, EngineError> {
        use watchfire_store::articles::Columns;
        let mut placed = 0;
        loop {
            let waiting = self.store.articles().waiting_locations(0, AT_ONCE as u32)?;
            if waiting.is_empty() {
                return Ok(placed);
            }
            let mut texts = Vec::with_capacity(waiting.len());
            for one in &waiting {
                let read =
                    self.store.articles().article(one.article, None, Columns::TITLE | Columns::TEXT)?;
                let read = read.unwrap_or_default();
                texts.push((one.article, read.title.unwrap_or_default(), read.text.unwrap_or_default()));
            }
            placed += texts.len() as u64;
            let located = embedded_places(
                self.extractor(),
                texts.iter().map(|(id, title, text)| (*id, title.as_str(), text.as_str())),
            )?;
            self.score_located(&located)?;
            self.store.articles().located(&located)?;
            self.lists.changed();
        }
    }

    /// Makes intelligence of what articles warn of, for as long as is set.
    fn warn(&self, feed: &FeedRow, fresh: &[(ArticleId, Prepared)]) -> Result<u64, EngineError> {
        if self.indicators_ms == 0 {
            return Ok(0);
        }
        let now = self.clock.unix_millis();
        let mut rows = Vec::new();
        for (_, one) in fresh.iter().filter(|(_, one)| one.article.severity >= WARNING) {
            let until = one.article.published.min(now) + self.indicators_ms;
            if until <= now {
                continue;
            }
            for (kind, value) in &one.indicators {
                let Some((kind, value)) = spelled(Indicator { kind: *kind, value }) else { continue };
                rows.push(ServiceAnswerRow {
                    service: ARTICLES.to_owned(),
                    kind: kind.id(),
                    value,
                    reputation: Reputation::Suspicious.id(),
                    evidence: Some(evidence(feed, &one.article.title, &one.article.link)),
                    at: now,
                    until,
                });
            }
        }
        if rows.is_empty() {
            return Ok(0);
        }
        self.store.put_service_answers(&rows, &[])?;
        let told = rows.len() as u64;
        for row in rows {
            self.reputations.tell(row);
        }
        self.reputations.forget_merged();
        Ok(told)
    }

    /// A feed that the store has.
    pub(crate) fn feed(&self, id: FeedId) -> Result<Option<FeedRow>, EngineError> {
        Ok(self.store.articles().feed(id)?)
    }
}

/// The places of stored articles by the embedded gazetteer.
pub(super) fn embedded_places<'a>(
    extractor: &Extractor,
    articles: impl Iterator<Item = (ArticleId, &'a str, &'a str)>,
) -> Result<Vec<(ArticleId, Vec<PlaceRow>)>, EngineError> {
    let parser = parser()?;
    let placed = |(id, title, text)| {
        let whole = whole(title, text);
        (id, places_in(parser, &whole, &names_in(&extractor.extract(&whole))))
    };
    Ok(articles.map(placed).collect())
}

fn parser() -> Result<Geoparser<'static>, EngineError> {
    Ok(Geoparser::new(Gazetteer::embedded().map_err(|_| EngineError::Corrupt("gazetteer"))?))
}

/// The places of a text, but for those within `names`, which are in the order of the text.
fn places_in(parser: Geoparser<'_>, whole: &str, names: &[Range<usize>]) -> Vec<PlaceRow> {
    let mut places: Vec<PlaceRow> = Vec::new();
    let mut names = names.iter().peekable();
    for mention in parser.parse(whole, &Context::default()) {
        while names.next_if(|name| name.end <= mention.start).is_some() {}
        if names.peek().is_some_and(|name| name.start < mention.end) {
            continue;
        }
        let Some(place) = mention.place.filter(|_| mention.confidence >= LEAST_CONFIDENCE) else {
            continue;
        };
        let number = i64::from(place.id.number());
        if places.len() < MOST_PLACES && !places.iter().any(|known| known.place == number) {
            places.push(PlaceRow {
                place: number,
                name: mention.name,
                latitude: place.latitude,
                longitude: place.longitude,
                country: place.country.unwrap_or_default(),
            });
        }
    }
    places
}

/// In which countries articles are.
pub(super) fn countries_in(located: &[(ArticleId, Vec<PlaceRow>)]) -> HashMap<ArticleId, Vec<String>> {
    located.iter().map(|(id, places)| (*id, countries_of(places))).collect()
}

/// Which article of which feed says so: untrusted.
fn evidence(feed: &FeedRow, title: &str, link: &str) -> String {
    let title = watchfire_judge::tame(title, 120);
    let feed = watchfire_judge::tame(if feed.title.is_empty() { &feed.url } else { &feed.title }, 60);
    format!("{title} ({feed}) {}", watchfire_judge::tame(link, 200))
}

/// Each country once.
pub(super) fn countries_of(places: &[PlaceRow]) -> Vec<String> {
    let mut countries: Vec<String> =
        places.iter().map(|place| place.country.clone()).filter(|country| !country.is_empty()).collect();
    countries.sort_unstable();
    countries.dedup();
    countries
}

/// The places of the latest entries, at most so many, in the order of the feed. Those without a time count as the latest:
/// feeds put what is new first.
fn latest(entries: &[Entry], limit: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..entries.len()).collect();
    if places.len() > limit {
        places.sort_by_key(|&place| {
            std::cmp::Reverse(entries[place].time().map_or(i64::MAX, Timestamp::as_millis))
        });
        places.truncate(limit);
        places.sort_unstable();
    }
    places
}
