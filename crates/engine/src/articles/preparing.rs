//! An article made ready for the store: recognised, read, graded.

use super::Shared;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use url::Url;
use watchfire_feeds::parse::{Entry, Text};
use watchfire_feeds::severity::{Graded, severity};
use watchfire_feeds::{Entity, EntityKind, Extractor, Found, Mention, Reading, Subject};
use watchfire_signal::{Indicator, IndicatorKind, Reputation, Timestamp};
use watchfire_store::articles::{Articles, FeedRow, NewArticle};

/// Characters of a summary that is made of the text.
const SUMMARY: usize = 400;
/// Texts shorter than this are not recognised by what they say: "Read more" is said by many.
const TELLING_BYTES: usize = 200;
/// Parameters of links that say where a reader came from, and nothing of what is read.
const FOLLOWING: [&str; 9] =
    ["fbclid", "gclid", "mc_cid", "mc_eid", "ref", "ref_src", "cmpid", "ncid", "source"];

/// An article on its way into the store.
pub(super) struct Prepared {
    pub(super) article: NewArticle,
    /// What it names for certain.
    pub(super) entities: Vec<Entity>,
    /// Where it names somebody or something, in bytes of the whole: see [`names_in`].
    pub(super) names: Vec<Range<usize>>,
    /// Its CVEs that are known to be exploited.
    pub(super) exploited: Vec<String>,
    /// How severe it is.
    pub(super) graded: Graded,
    /// What it warns of, for triage.
    pub(super) indicators: Vec<(IndicatorKind, String)>,
}

impl Shared {
    pub(super) fn extractor(&self) -> &Extractor {
        self.extractor.get_or_init(|| {
            let reputations = std::sync::Arc::clone(&self.reputations);
            Extractor::new((self.names)()).with_known_good(move |entity| {
                indicator_kind(entity.kind).is_some_and(|kind| {
                    let opinion = reputations.opinion(Indicator { kind, value: &entity.value });
                    opinion.reputation() == Reputation::Safe
                })
            })
        })
    }

    /// Makes an entry ready. `page` is the text of its page, if that was fetched. `None` if there is nothing in it, or
    /// if reading it fails: that is a bug, and stays this article's.
    pub(super) fn prepare(
        &self,
        feed: &FeedRow,
        entry: &Entry,
        page: Option<&str>,
        now: i64,
    ) -> Option<Prepared> {
        let made = catch_unwind(AssertUnwindSafe(|| self.make(feed, entry, page, now)));
        made.unwrap_or_else(|_| {
            tracing::error!(feed = feed.id.0, "an article could not be read; this is a bug");
            None
        })
    }

    fn make(&self, feed: &FeedRow, entry: &Entry, page: Option<&str>, now: i64) -> Option<Prepared> {
        let own = entry.text();
        let text = match page {
            Some(page) if page.len() > own.len() => page.to_owned(),
            _ => own,
        };
        let title = entry.title.clone().filter(|title| !title.is_empty());
        let title = title.unwrap_or_else(|| first_words(&text, 80));
        if title.is_empty() {
            return None;
        }
        let link = entry.link.clone().unwrap_or_default();
        let said = entry.summary.as_ref().map(Text::line).filter(|line| !line.is_empty());
        let summary = first_words(&said.unwrap_or_else(|| text.clone()), SUMMARY);
        let whole = whole(&title, &text);
        let found = self.extractor().extract(&whole);
        let names = names_in(&found);
        let mentions = Mention::gather(found);
        let entities: Vec<Entity> =
            mentions.iter().filter(|mention| mention.certain).map(|mention| mention.entity.clone()).collect();
        let exploited = self.exploited(&entities);
        let subject = Subject {
            title: &title,
            text: &text,
            entities: &entities,
            exploited: &exploited,
            ..Subject::default()
        };
        let graded = severity(&Reading::of(subject));
        let stands_for_it =
            [entry.id.as_deref(), entry.link.as_deref()].into_iter().flatten().find(|id| !id.is_empty());
        let article = NewArticle {
            guid: Articles::hash_of(stands_for_it.unwrap_or(&whole)),
            link_hash: normal_link(&link).map(|link| Articles::hash_of(&link)),
            content_hash: content(&title, &text).map(|said| Articles::hash_of(&said)),
            title,
            link,
            author: entry
                .authors
                .iter()
                .filter_map(|author| author.name.as_deref())
                .collect::<Vec<_>>()
                .join(", "),
            published: entry.time().map_or(now, Timestamp::as_millis),
            fetched: now,
            severity: graded.severity.id(),
            summary,
            text,
            language: String::new(),
            entities: entities.iter().map(|entity| (entity.kind.id(), entity.value.clone())).collect(),
            locate: true,
        };
        let indicators = warned_of(&mentions);
        tracing::trace!(feed = feed.id.0, entities = entities.len(), "an article was read");
        Some(Prepared { article, entities, names, exploited, graded, indicators })
    }

    /// Which of the CVEs among these are known to be exploited.
    pub(super) fn exploited(&self, entities: &[Entity]) -> Vec<String> {
        let cves = entities.iter().filter(|entity| entity.kind == EntityKind::Cve);
        let is_exploited = |entity: &&Entity| {
            let cve = Indicator { kind: IndicatorKind::Cve, value: &entity.value };
            self.reputations.opinion(cve).reputation() == Reputation::Malicious
        };
        cves.filter(is_exploited).map(|entity| entity.value.clone()).collect()
    }
}

/// All that is looked through of an article: its title, and its text below it.
pub(super) fn whole(title: &str, text: &str) -> String {
    format!("{title}\n{text}")
}

/// Where a text names somebody or something, so that a place within the name is none: Palo Alto Networks.
pub(super) fn names_in(found: &[Found]) -> Vec<Range<usize>> {
    let is_name = |found: &&Found| {
        matches!(
            found.entity.kind,
            EntityKind::Vendor | EntityKind::Product | EntityKind::Actor | EntityKind::Malware
        )
    };
    found.iter().filter(is_name).map(|found| found.start..found.end).collect()
}

/// The kind of indicator that an entity is, if it is one.
pub(super) fn indicator_kind(kind: EntityKind) -> Option<IndicatorKind> {
    match kind {
        EntityKind::Ip => Some(IndicatorKind::Ip),
        EntityKind::Domain => Some(IndicatorKind::Domain),
        EntityKind::Url => Some(IndicatorKind::Url),
        EntityKind::Hash => Some(IndicatorKind::Hash),
        _ => None,
    }
}

/// What an article warns of: what somebody took care that nobody clicks, and hashes. A name that merely stands in an article
/// may be the victim's, or the vendor's.
fn warned_of(mentions: &[Mention]) -> Vec<(IndicatorKind, String)> {
    let warned = mentions
        .iter()
        .filter(|mention| mention.certain && (mention.defanged || mention.entity.kind == EntityKind::Hash));
    warned
        .filter_map(|mention| Some((indicator_kind(mention.entity.kind)?, mention.entity.value.clone())))
        .collect()
}

/// The first words of a text, on one line, in so many characters.
fn first_words(text: &str, most: usize) -> String {
    let mut line = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let longer = length + usize::from(length > 0) + word.chars().count();
        if longer > most {
            if line.is_empty() {
                line.extend(word.chars().take(most));
            }
            line.push('…');
            break;
        }
        if length > 0 {
            line.push(' ');
        }
        line.push_str(word);
        length = longer;
    }
    line
}

/// A link in a form in which two that lead to the same page are the same: without fragment, without what follows readers.
fn normal_link(link: &str) -> Option<String> {
    let mut url = Url::parse(link).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    url.set_fragment(None);
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| !name.starts_with("utm_") && !FOLLOWING.contains(&name.as_ref()))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    if kept.is_empty() {
        url.set_query(None);
    } else {
        url.query_pairs_mut().clear().extend_pairs(kept);
    }
    let host = url.host_str()?.trim_start_matches("www.").to_owned();
    Some(format!(
        "{host}{}{}",
        url.path().trim_end_matches('/'),
        url.query().map_or(String::new(), |query| format!("?{query}"))
    ))
}

/// What an article says, in one spelling, if it says enough to be known by it.
fn content(title: &str, text: &str) -> Option<String> {
    if text.len() < TELLING_BYTES {
        return None;
    }
    let mut said = String::with_capacity(title.len() + text.len());
    for word in title.split_whitespace().chain(text.split_whitespace()) {
        said.push_str(&word.to_lowercase());
        said.push(' ');
    }
    Some(said)
}

#[cfg(test)]
mod tests {
    use super::{first_words, normal_link};

    #[test]
    fn links_to_one_page_are_one_link() {
        let normal = normal_link("https://news.example/a?id=7").unwrap();
        for link in
            ["http://www.news.example/a/?utm_source=feed&id=7#top", "https://news.example/a?id=7&fbclid=x"]
        {
            assert_eq!(normal_link(link).unwrap(), normal, "{link}");
        }
        assert_ne!(normal_link("https://news.example/a?id=8").unwrap(), normal);
        assert_eq!(normal_link("javascript:alert(1)"), None);
        assert_eq!(normal_link("no link"), None);
    }

    #[test]
    fn first_words_are_whole_and_within_their_bound() {
        assert_eq!(first_words("one two  three", 100), "one two three");
        assert_eq!(first_words("one two three", 8), "one two…");
        assert_eq!(first_words("ääääääää", 3), "äää…");
        assert_eq!(first_words("", 3), "");
    }
}
