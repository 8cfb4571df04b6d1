//! What feeds and entries have in common: title, links, id, people, dates, words, texts.
//!
//! The same thing is said in several vocabularies, often in one entry: `title`, `dc:title` and `media:title`. Each has
//! a rank, and the highest wins whatever the order; of equals the last one, which is what feedparser does.

use super::content;
use super::element::Element;
use super::link::{Resolver, is_web};
use super::model::{Entry, Format, Link, Person, Problem, Problems, Text};
use super::space::Space;
use super::{MAX_AUTHORS, MAX_CATEGORIES, MAX_LINE_BYTES, MAX_LINKS, date, person};

use watchfire_signal::Timestamp;

/// A value, and how good its source is.
#[derive(Debug)]
pub(super) struct Ranked<T>(Option<(u8, T)>);

impl<T> Default for Ranked<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Ranked<T> {
    fn set(&mut self, rank: u8, value: T) {
        if self.0.as_ref().is_none_or(|(known, _)| *known <= rank) {
            self.0 = Some((rank, value));
        }
    }

    pub(super) fn get(self) -> Option<T> {
        self.0.map(|(_, value)| value)
    }
}

/// What is needed to read any element.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) format: Format,
    pub(super) links: Resolver,
    pub(super) problems: Problems,
}

/// The fields of a feed or an entry, being filled.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) title: Ranked<String>,
    pub(super) summary: Ranked<Text>,
    pub(super) content: Ranked<Text>,
    pub(super) id: Ranked<String>,
    /// A `guid` that is an address, and a link if there is no other.
    permalink: Option<String>,
    links: Vec<Link>,
    authors: Vec<(u8, Person)>,
    pub(super) published: Ranked<Timestamp>,
    pub(super) updated: Ranked<Timestamp>,
    categories: Vec<String>,
    has_summary: bool,
}

impl Fields {
    /// Takes what is in attributes of the feed or entry itself.
    pub(super) fn attributes(&mut self, element: &Element, context: &mut Context) {
        if let Some(about) = element.attribute("about") {
            self.id.set(1, content::cut(about, MAX_LINE_BYTES).to_owned());
        }
        if let Some(href) = element.attribute("href").map(str::to_owned) {
            self.add_link(element, &href, "alternate", context);
        }
        if let Some(time) = element.attribute("lastmod") {
            self.updated.set_time(2, time, context);
        }
    }

    /// Takes a child of the feed or entry.
    pub(super) fn take(&mut self, element: &Element, context: &mut Context) {
        use Space::{Atom03, Atom10, Content, Core, DublinCore, DublinCoreTerms, Itunes, Media, Xhtml};
        match (element.space, element.local.as_str()) {
            (Core | Atom03 | Atom10, "title") => self.set_title(3, element, context),
            (DublinCore | DublinCoreTerms, "title") => self.set_title(2, element, context),
            (Media | Itunes, "title") => self.set_title(1, element, context),

            (Core | Atom03 | Atom10, "link" | "a") => self.take_link(element, context),
            (Core, "enclosure") | (Media, "content") => self.take_enclosure(element, context),
            (Core | Atom03 | Atom10, "guid" | "id") => self.take_id(element, context),
            (DublinCore | DublinCoreTerms, "identifier") => self.set_id(0, &element.text()),

            (Core | Atom03 | Atom10, "summary") => {
                self.has_summary = true;
                self.set_summary(5, element, context);
            }
            (Core | Atom03 | Atom10, "description" | "abstract" | "tagline" | "subtitle") => {
                self.set_summary(4, element, context);
            }
            (DublinCore | DublinCoreTerms, "description" | "abstract") => {
                self.set_summary(3, element, context);
            }
            (Itunes, "summary") => self.set_summary(2, element, context),
            (Media, "description") => self.set_summary(1, element, context),
            (Itunes, "subtitle") => self.set_summary(0, element, context),

            (Content, "encoded") => self.set_content(3, element, context),
            (Atom03 | Atom10, "content") | (Core, "content" | "content_encoded") => {
                self.set_content(2, element, context);
            }
            (Core | Xhtml, "body") | (Core, "fullitem") => self.set_content(1, element, context),

            (Core | Atom03 | Atom10, "author") => self.add_author(3, element, context),
            (Core, "managingeditor") => self.add_author(3, element, context),
            (DublinCore | DublinCoreTerms, "creator" | "author") => self.add_author(2, element, context),
            (Itunes, "author") => self.add_author(1, element, context),

            (Core | Atom03 | Atom10, "pubdate" | "published" | "issued") => {
                self.published.set_time(2, &element.text(), context);
            }
            (DublinCoreTerms, "issued" | "available") => self.published.set_time(1, &element.text(), context),
            (Core | Atom03 | Atom10 | DublinCoreTerms, "created") => {
                self.published.set_time(0, &element.text(), context);
            }
            (Core | Atom03 | Atom10, "updated" | "modified" | "lastbuilddate" | "lastmod") => {
                self.updated.set_time(3, &element.text(), context);
            }
            (DublinCoreTerms, "modified") => self.updated.set_time(2, &element.text(), context),
            (DublinCore | DublinCoreTerms, "date") => {
                self.updated.set_time(1, &element.text(), context);
            }

            (Core | Atom03 | Atom10 | Itunes | Media, "category") => self.take_category(element),
            (DublinCore | DublinCoreTerms, "subject") => self.add_category(&element.text()),
            (Core | Itunes | Media, "keywords" | "tags") => {
                for word in element.text().split(',') {
                    self.add_category(word);
                }
            }
            (Media, "group") => {
                // The same items once more, in a group; it can't hold another one.
                for child in element.elements().filter(|child| child.local != "group") {
                    self.take(child, context);
                }
            }
            _ => {}
        }
    }

    fn set_title(&mut self, rank: u8, element: &Element, context: &mut Context) {
        if let Some(text) = content::read(element, context.format, &mut context.problems) {
            let line = text.line();
            if !line.is_empty() {
                self.title.set(rank, content::cut(&line, MAX_LINE_BYTES).to_owned());
            }
        }
    }

    fn set_summary(&mut self, rank: u8, element: &Element, context: &mut Context) {
        if let Some(text) = content::read(element, context.format, &mut context.problems) {
            // Some say the whole in `description`, and the short of it in `summary`.
            if rank == 4 && self.has_summary && !text.value.is_empty() {
                self.content.set(0, text);
                return;
            }
            if rank == 5
                && let Some((4, description)) = self.summary.0.take_if(|(known, _)| *known == 4)
            {
                self.content.set(0, description);
            }
            let rank = if text.value.is_empty() { 0 } else { rank };
            self.summary.set(rank, text);
        }
    }

    fn set_content(&mut self, rank: u8, element: &Element, context: &mut Context) {
        if let Some(text) = content::read(element, context.format, &mut context.problems)
            && !text.value.is_empty()
        {
            self.content.set(rank, text);
        }
    }

    fn take_id(&mut self, element: &Element, context: &mut Context) {
        let written = element.text();
        let written = written.trim();
        let permanent =
            element.attribute("ispermalink").is_none_or(|value| value.eq_ignore_ascii_case("true"));
        let is_guid = element.local == "guid";
        // Only what can't be anything but a path is made absolute: a bare word is a name.
        let resolved = if written.starts_with('/') && permanent {
            context.links.resolve(written, element.base.as_deref(), &mut context.problems)
        } else {
            None
        };
        let id = resolved.as_deref().unwrap_or(written);
        self.set_id(2, id);
        if is_guid && permanent && is_web(id) {
            self.permalink = context.links.resolve(id, None, &mut context.problems);
        }
    }

    fn set_id(&mut self, rank: u8, id: &str) {
        let id = id.trim();
        if !id.is_empty() {
            self.id.set(rank, content::cut(id, MAX_LINE_BYTES).to_owned());
        }
    }

    fn take_link(&mut self, element: &Element, context: &mut Context) {
        let text = element.text();
        let href = element.attribute("href").filter(|href| !href.is_empty()).unwrap_or(&text).to_owned();
        let rel = element.attribute("rel").filter(|rel| !rel.is_empty()).unwrap_or("alternate").to_owned();
        // RFC 4287, section 4.2.7.2: the registry's address and the bare name are the same.
        let rel = rel.strip_prefix("http://www.iana.org/assignments/relation/").unwrap_or(&rel);
        self.add_link(element, &href, rel, context);
    }

    fn take_enclosure(&mut self, element: &Element, context: &mut Context) {
        if let Some(href) = element.attribute("url").or_else(|| element.attribute("href")).map(str::to_owned)
        {
            self.add_link(element, &href, "enclosure", context);
        }
        if element.space == Space::Media {
            for child in element.elements().filter(|child| child.local != "content" && child.local != "group")
            {
                self.take(child, context);
            }
        }
    }

    fn add_link(&mut self, element: &Element, href: &str, rel: &str, context: &mut Context) {
        if self.links.len() >= MAX_LINKS {
            context.problems.note(Problem::TooMany);
            return;
        }
        let Some(href) = context.links.resolve(href, element.base.as_deref(), &mut context.problems) else {
            return;
        };
        let line =
            |name: &str| element.attribute(name).map(|value| content::cut(value, MAX_LINE_BYTES).to_owned());
        let media_type = line("type").or_else(|| (rel == "self").then(|| "application/atom+xml".to_owned()));
        let length = line("length").or_else(|| line("filesize"));
        self.links.push(Link {
            href,
            rel: content::cut(rel, MAX_LINE_BYTES).to_owned(),
            media_type,
            title: line("title"),
            length,
            hreflang: line("hreflang"),
        });
    }

    fn add_author(&mut self, rank: u8, element: &Element, context: &mut Context) {
        if self.authors.len() < MAX_AUTHORS
            && let Some(person) = person::read(element, &mut context.links, &mut context.problems)
        {
            self.authors.push((rank, person));
        }
    }

    fn take_category(&mut self, element: &Element) {
        match element.attribute("term").or_else(|| element.attribute("text")).filter(|term| !term.is_empty())
        {
            Some(term) => self.add_category(term),
            None => self.add_category(&element.text()),
        }
        // iTunes nests them. What is deeper than two is not in its catalogue.
        for inner in element.elements().filter(|inner| inner.local == "category") {
            if let Some(term) = inner.attribute("text") {
                self.add_category(term);
            }
        }
    }

    fn add_category(&mut self, word: &str) {
        let word = content::cut(word.trim(), MAX_LINE_BYTES);
        if !word.is_empty()
            && self.categories.len() < MAX_CATEGORIES
            && !self.categories.iter().any(|known| known == word)
        {
            self.categories.push(word.to_owned());
        }
    }

    /// The people of the best source there is.
    pub(super) fn take_authors(&mut self) -> Vec<Person> {
        let best = self.authors.iter().map(|(rank, _)| *rank).max();
        let authors = std::mem::take(&mut self.authors);
        authors.into_iter().filter(|(rank, _)| Some(*rank) == best).map(|(_, person)| person).collect()
    }

    pub(super) fn has_authors(&self) -> bool {
        !self.authors.is_empty()
    }

    /// Takes over the authors of another, such as an entry's source.
    pub(super) fn inherit_authors(&mut self, other: &mut Self) {
        self.authors = std::mem::take(&mut other.authors);
    }

    /// The page: the best of the alternates, else the permalink.
    pub(super) fn link(&self) -> Option<String> {
        let is_page = |link: &&Link| link.media_type.as_deref().is_none_or(|kind| kind.contains("html"));
        let mut alternates =
            self.links.iter().filter(|link| link.rel == "alternate" && !link.href.starts_with("mailto:"));
        let best = alternates.clone().find(is_page).or_else(|| alternates.next());
        best.map(|link| link.href.clone()).or_else(|| self.permalink.clone())
    }

    pub(super) fn take_links(&mut self) -> Vec<Link> {
        std::mem::take(&mut self.links)
    }

    /// The entry that these fields make.
    pub(super) fn into_entry(mut self) -> Entry {
        Entry {
            link: self.link(),
            authors: self.take_authors(),
            id: self.id.get(),
            links: self.links,
            title: self.title.get(),
            summary: self.summary.get(),
            content: self.content.get(),
            published: self.published.get(),
            updated: self.updated.get(),
            categories: self.categories,
        }
    }
}

impl Ranked<Timestamp> {
    fn set_time(&mut self, rank: u8, written: &str, context: &mut Context) {
        match date::parse(written) {
            Some(time) => self.set(rank, time),
            None if written.trim().is_empty() => {}
            None => context.problems.note(Problem::BadDate),
        }
    }
}

/// Reads an entry.
pub(super) fn read_entry(element: &Element, context: &mut Context) -> Entry {
    let mut fields = Fields::default();
    fields.attributes(element, context);
    for child in element.elements() {
        fields.take(child, context);
    }
    if !fields.has_authors()
        && let Some(source) = element.elements().find(|child| child.space.is_own() && child.local == "source")
    {
        let mut of_source = Fields::default();
        for child in source.elements().filter(|child| child.local == "author") {
            of_source.take(child, context);
        }
        fields.inherit_authors(&mut of_source);
    }
    fields.into_entry()
}
