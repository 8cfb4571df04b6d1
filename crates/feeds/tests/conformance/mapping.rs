//! Feedparser's names for our fields.

use watchfire_feeds::parse::{Entry, Feed, Link, Person, Text};
use watchfire_signal::Timestamp;

/// A value that expressions are about.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    None,
    Truth(bool),
    Number(f64),
    Line(String),
    /// A title: text whose markup was taken out.
    Title(String),
    Text(Text),
    /// The media type of a text: whether it is markup is all we know of it.
    Markup(bool),
    Time(Timestamp),
    List(Vec<Value>),
    Dictionary(Vec<(String, Value)>),
}

/// Names that are about title, link, id, date, author, summary or content.
const FIELDS: [&str; 27] = [
    "title",
    "title_detail",
    "link",
    "links",
    "enclosures",
    "id",
    "guid",
    "author",
    "authors",
    "author_detail",
    "summary",
    "summary_detail",
    "description",
    "content",
    "subtitle",
    "subtitle_detail",
    "tagline",
    "tagline_detail",
    "published",
    "published_parsed",
    "updated",
    "updated_parsed",
    "created",
    "created_parsed",
    "issued",
    "modified",
    "date",
];

/// Whether a path such as `title_detail`, `value` is about something that we have.
pub fn is_in_scope(path: &[&str]) -> bool {
    let Some(first) = path.first() else { return false };
    if !FIELDS.contains(first) {
        return false;
    }
    let allowed: &[&str] = match *first {
        "title_detail" => &["value"],
        "summary_detail" | "subtitle_detail" | "tagline_detail" | "content" => &["value", "type"],
        "links" | "enclosures" => &["href", "url", "rel", "type", "title", "length", "hreflang"],
        "authors" | "author_detail" => &["name", "email", "url", "href"],
        _ => &[],
    };
    path[1..].iter().all(|name| allowed.contains(name))
}

/// What feedparser would call the feed.
pub fn of_feed(feed: &Feed) -> Value {
    let mut all = Vec::new();
    add_title(&mut all, feed.title.as_deref());
    add_line(&mut all, &["id", "guid"], feed.id.as_deref());
    add_line(&mut all, &["link"], feed.link.as_deref());
    add_text(&mut all, &["subtitle", "tagline", "description"], feed.description.as_ref());
    add_people(&mut all, &feed.authors);
    add_times(&mut all, feed.published, feed.updated);
    all.push(("links".to_owned(), links(&feed.links, false)));
    Value::Dictionary(all)
}

/// What feedparser would call an entry.
pub fn of_entry(entry: &Entry) -> Value {
    let mut all = Vec::new();
    add_title(&mut all, entry.title.as_deref());
    add_line(&mut all, &["id", "guid"], entry.id.as_deref());
    add_line(&mut all, &["link"], entry.link.as_deref());
    // Feedparser gives the content as the summary, too, where there is no summary.
    add_text(&mut all, &["summary", "description"], entry.summary.as_ref().or(entry.content.as_ref()));
    if let Some(content) = &entry.content {
        all.push(("content".to_owned(), Value::List(vec![detail(content)])));
    }
    add_people(&mut all, &entry.authors);
    add_times(&mut all, entry.published, entry.updated);
    all.push(("links".to_owned(), links(&entry.links, false)));
    all.push(("enclosures".to_owned(), links(&entry.links, true)));
    Value::Dictionary(all)
}

fn add_line(all: &mut Vec<(String, Value)>, names: &[&str], line: Option<&str>) {
    if let Some(line) = line {
        all.extend(names.iter().map(|name| ((*name).to_owned(), Value::Line(line.to_owned()))));
    }
}

/// A title without text, such as one that is an image, is none to us: it equals markup that has no text.
fn add_title(all: &mut Vec<(String, Value)>, title: Option<&str>) {
    let value = Value::Title(title.unwrap_or_default().to_owned());
    all.push(("title_detail".to_owned(), Value::Dictionary(vec![("value".to_owned(), value.clone())])));
    all.push(("title".to_owned(), value));
}

fn detail(text: &Text) -> Value {
    let fields = [("value", Value::Text(text.clone())), ("type", Value::Markup(text.markup))];
    Value::Dictionary(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn add_text(all: &mut Vec<(String, Value)>, names: &[&str], text: Option<&Text>) {
    if let Some(text) = text {
        for name in names {
            all.push(((*name).to_owned(), Value::Text(text.clone())));
            all.push((format!("{name}_detail"), detail(text)));
        }
    }
}

fn add_people(all: &mut Vec<(String, Value)>, people: &[Person]) {
    let Some(first) = people.first() else { return };
    let line = match (&first.name, &first.email) {
        (Some(name), Some(email)) => format!("{name} ({email})"),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => String::new(),
    };
    all.push(("author".to_owned(), Value::Line(line)));
    let people: Vec<Value> = people.iter().map(person).collect();
    all.push(("author_detail".to_owned(), people[0].clone()));
    all.push(("authors".to_owned(), Value::List(people)));
}

fn person(person: &Person) -> Value {
    let mut all = Vec::new();
    add_line(&mut all, &["name"], person.name.as_deref());
    add_line(&mut all, &["email"], person.email.as_deref());
    add_line(&mut all, &["href"], person.url.as_deref());
    Value::Dictionary(all)
}

fn add_times(all: &mut Vec<(String, Value)>, published: Option<Timestamp>, updated: Option<Timestamp>) {
    // What was created, and no more, is taken for published.
    for (names, time) in
        [(["published", "created", "issued"], published), (["updated", "modified", "date"], updated)]
    {
        if let Some(time) = time {
            for name in names {
                all.push((name.to_owned(), Value::Time(time)));
                all.push((format!("{name}_parsed"), Value::Time(time)));
            }
        }
    }
}

fn links(links: &[Link], enclosures: bool) -> Value {
    let chosen = links.iter().filter(|link| !enclosures || link.rel == "enclosure");
    Value::List(
        chosen
            .map(|link| {
                let mut all = Vec::new();
                add_line(&mut all, &["href"], Some(&link.href));
                if !enclosures {
                    add_line(&mut all, &["rel"], Some(&link.rel));
                }
                add_line(&mut all, &["type"], link.media_type.as_deref());
                add_line(&mut all, &["title"], link.title.as_deref());
                add_line(&mut all, &["length"], link.length.as_deref());
                add_line(&mut all, &["hreflang"], link.hreflang.as_deref());
                Value::Dictionary(all)
            })
            .collect(),
    )
}
