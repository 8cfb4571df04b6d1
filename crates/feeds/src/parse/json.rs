//! JSON Feed 1.0 and 1.1 (<https://www.jsonfeed.org/version/1.1/>).
//!
//! Read in one pass into what is needed, never into a tree of everything: a value of JSON takes many times its text.
//! Fields of the wrong type are passed over, as a feed that writes `"id": 5` means 5.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use url::Url;

use super::link::{Resolver, is_web};
use super::model::{Entry, Feed, Format, Link, Person, Problem, Problems, Text};
use super::{
    MAX_AUTHORS, MAX_CATEGORIES, MAX_ENTRIES, MAX_LINE_BYTES, MAX_LINKS, MAX_TEXT_BYTES, NotAFeed, content,
    date,
};

/// A string, or what can be read as one.
#[derive(Debug, Default)]
struct Scalar(Option<String>);

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }
    fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar(Some(text.to_owned())))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar(Some(number.to_string())))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar(Some(number.to_string())))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
        Ok(Scalar(Some(number.to_string())))
    }
    fn visit_bool<E>(self, _: bool) -> Result<Scalar, E> {
        Ok(Scalar(None))
    }
    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar(None))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Scalar, A::Error> {
        while values.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar(None))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut values: A) -> Result<Scalar, A::Error> {
        while values.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar(None))
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

impl Scalar {
    fn line(self) -> Option<String> {
        let text = self.0?;
        let line = content::cut(text.trim(), MAX_LINE_BYTES);
        (!line.is_empty()).then(|| line.to_owned())
    }

    fn text(self, markup: bool, problems: &mut Problems) -> Option<Text> {
        let mut value = self.0?;
        if value.len() > MAX_TEXT_BYTES {
            problems.note(Problem::TooLong);
            value.truncate(content::cut(&value, MAX_TEXT_BYTES).len());
        }
        Some(Text { value, markup })
    }
}

/// The first `N` of a list; the rest is passed over, and anything else is an empty list.
#[derive(Debug)]
struct Bounded<T, const N: usize> {
    values: Vec<T>,
    more: bool,
}

impl<T, const N: usize> Default for Bounded<T, N> {
    fn default() -> Self {
        Self { values: Vec::new(), more: false }
    }
}

struct BoundedVisitor<T, const N: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const N: usize> Visitor<'de> for BoundedVisitor<T, N> {
    type Value = Bounded<T, N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut bounded = Bounded::default();
        while bounded.values.len() < N {
            let Some(value) = list.next_element()? else {
                return Ok(bounded);
            };
            bounded.values.push(value);
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            bounded.more = true;
        }
        Ok(bounded)
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Bounded::default())
    }
}

impl<'de, T: Deserialize<'de>, const N: usize> Deserialize<'de> for Bounded<T, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BoundedVisitor(PhantomData))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Document {
    version: Scalar,
    title: Scalar,
    description: Scalar,
    home_page_url: Scalar,
    feed_url: Scalar,
    next_url: Scalar,
    language: Scalar,
    author: Option<Author>,
    authors: Bounded<Author, MAX_AUTHORS>,
    items: Bounded<Item, MAX_ENTRIES>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Author {
    name: Scalar,
    url: Scalar,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Item {
    id: Scalar,
    url: Scalar,
    external_url: Scalar,
    title: Scalar,
    content_html: Scalar,
    content_text: Scalar,
    summary: Scalar,
    date_published: Scalar,
    date_modified: Scalar,
    author: Option<Author>,
    authors: Bounded<Author, MAX_AUTHORS>,
    tags: Bounded<Scalar, MAX_CATEGORIES>,
    attachments: Bounded<Attachment, MAX_LINKS>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Attachment {
    url: Scalar,
    mime_type: Scalar,
    title: Scalar,
    size_in_bytes: Scalar,
}

/// Reads a JSON Feed.
pub(super) fn read(
    text: &str,
    encoding: &'static str,
    base: Option<&Url>,
    mut problems: Problems,
) -> Result<Feed, NotAFeed> {
    let document: Document = serde_json::from_str(text).map_err(|_| NotAFeed::OtherJson)?;
    let version = document.version.line().unwrap_or_default();
    if !version.contains("jsonfeed.org/version/") {
        return Err(NotAFeed::OtherJson);
    }
    if document.items.more {
        problems.note(Problem::TooMany);
    }
    let mut links = Resolver::default();
    let home = document.home_page_url.0.and_then(|url| links.resolve(&url, base, &mut problems));
    let own = document.feed_url.0.and_then(|url| links.resolve(&url, base, &mut problems));
    let further = document.next_url.0.and_then(|url| links.resolve(&url, base, &mut problems));
    let mut reader = Reader { links, base, problems };
    let entries = document.items.values.into_iter().map(|item| reader.entry(item)).collect();
    let authors = reader.people(document.author, document.authors);
    let relations = [(home.clone(), "alternate"), (own.clone(), "self"), (further, "next")];
    let links = relations
        .into_iter()
        .filter_map(|(href, rel)| Some(Link { href: href?, rel: rel.to_owned(), ..Link::default() }));
    Ok(Feed {
        format: Format::JsonFeed,
        encoding,
        title: document.title.line(),
        description: document.description.text(false, &mut reader.problems),
        link: home,
        links: links.collect(),
        // The specification: the feed's address is its identifier.
        id: own,
        authors,
        published: None,
        updated: None,
        language: document.language.line(),
        ttl_minutes: None,
        skip_hours: Vec::new(),
        skip_days: Vec::new(),
        entries,
        problems: reader.problems.into_vec(),
    })
}

struct Reader<'a> {
    links: Resolver,
    base: Option<&'a Url>,
    problems: Problems,
}

impl Reader<'_> {
    fn entry(&mut self, item: Item) -> Entry {
        let id = item.id.line();
        let page = self.link(item.url);
        let external = self.link(item.external_url);
        // Ids are addresses by advice of the specification, and then the page.
        let link = page.or_else(|| external.clone()).or_else(|| id.clone().filter(|id| is_web(id)));
        let mut links: Vec<Link> = Vec::new();
        for (href, rel) in [(link.clone(), "alternate"), (external, "related")] {
            if let Some(href) = href {
                links.push(Link { href, rel: rel.to_owned(), ..Link::default() });
            }
        }
        for attachment in item.attachments.values {
            if let Some(href) = self.link(attachment.url) {
                links.push(Link {
                    href,
                    rel: "enclosure".to_owned(),
                    media_type: attachment.mime_type.line(),
                    title: attachment.title.line(),
                    length: attachment.size_in_bytes.line(),
                    hreflang: None,
                });
            }
        }
        let html = item.content_html.text(true, &mut self.problems).filter(|text| !text.value.is_empty());
        Entry {
            id,
            link,
            links,
            title: item.title.line(),
            summary: item.summary.text(false, &mut self.problems),
            content: html.or_else(|| item.content_text.text(false, &mut self.problems)),
            authors: self.people(item.author, item.authors),
            published: self.time(item.date_published),
            updated: self.time(item.date_modified),
            categories: item.tags.values.into_iter().filter_map(Scalar::line).collect(),
        }
    }

    fn link(&mut self, written: Scalar) -> Option<String> {
        self.links.resolve(&written.0?, self.base, &mut self.problems)
    }

    fn time(&mut self, written: Scalar) -> Option<watchfire_signal::Timestamp> {
        let written = written.line()?;
        let time = date::parse(&written);
        if time.is_none() {
            self.problems.note(Problem::BadDate);
        }
        time
    }

    /// Version 1.1 has a list, version 1.0 had one.
    fn people(&mut self, one: Option<Author>, all: Bounded<Author, MAX_AUTHORS>) -> Vec<Person> {
        let authors = if all.values.is_empty() { one.into_iter().collect() } else { all.values };
        let mut people = Vec::new();
        for author in authors {
            let person = Person { name: author.name.line(), email: None, url: self.link(author.url) };
            if person != Person::default() {
                people.push(person);
            }
        }
        people
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Hints, parse};
    use super::*;

    #[test]
    fn both_versions_are_read() {
        let feed = br#"{"version":"https://jsonfeed.org/version/1.1","title":"A &amp; B","home_page_url":"http://example.org/",
            "feed_url":"/feed.json","authors":[{"name":"N"}],"items":[
            {"id":5,"url":"/a","title":"T","content_html":"<p>x</p>","date_published":"2010-02-07T14:04:00-05:00",
             "tags":["one",2,null],"author":{"name":"Old"},"attachments":[{"url":"b.mp3","mime_type":"audio/mpeg","size_in_bytes":7}]},
            {"id":"http://example.org/2","content_text":"1 < 2","date_modified":"soon","unknown":{"a":[1,{}]}}]}"#;
        let hints = Hints { url: Url::parse("http://example.org/x/").ok(), ..Hints::default() };
        let feed = parse(feed, &hints).unwrap();
        assert_eq!((feed.format, feed.title.as_deref()), (Format::JsonFeed, Some("A &amp; B")));
        assert_eq!(feed.id.as_deref(), Some("http://example.org/feed.json"));
        let [first, second] = &feed.entries[..] else { panic!("{feed:?}") };
        assert_eq!((first.id.as_deref(), first.link.as_deref()), (Some("5"), Some("http://example.org/a")));
        assert_eq!(first.categories, ["one", "2"]);
        assert_eq!(first.authors[0].name.as_deref(), Some("Old"));
        assert_eq!(first.links[1].length.as_deref(), Some("7"));
        assert_eq!(first.published.unwrap().to_string(), "2010-02-07T19:04:00.000Z");
        assert_eq!(first.text(), "x");
        assert_eq!(second.link.as_deref(), Some("http://example.org/2"));
        assert_eq!(second.text(), "1 < 2");
        assert_eq!(feed.problems, [Problem::BadDate]);
    }

    #[test]
    fn other_json_is_told_apart() {
        for text in [
            "{}",
            "[1,2]",
            "{\"version\":\"1\"}",
            "{\"version\":\"https://jsonfeed.org/version/1\"",
            &"[".repeat(100_000),
        ] {
            assert_eq!(parse(text.as_bytes(), &Hints::default()), Err(NotAFeed::OtherJson));
        }
    }

    #[test]
    fn no_more_items_are_kept_than_the_bound() {
        let items = vec!["{\"id\":\"1\"}"; MAX_ENTRIES + 5].join(",");
        let text = format!("{{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[{items}]}}");
        let feed = parse(text.as_bytes(), &Hints::default()).unwrap();
        assert_eq!((feed.entries.len(), feed.problems), (MAX_ENTRIES, vec![Problem::TooMany]));
    }
}
