//! A page as a list of blocks of text, each with the elements that it stands in.

use html5gum::Token;

use super::names::{is_block, is_dropped, is_heading, is_void};
use super::text::Writer;

/// Elements that are remembered; text in further ones counts for the last that is.
const MAX_NODES: usize = 50_000;
/// Levels of elements that are remembered.
const MAX_DEPTH: usize = 256;
/// Bytes of text that are kept of a page.
pub(super) const MAX_TEXT_BYTES: usize = 2 << 20;
/// Bytes of what `meta` elements say.
const MAX_META_BYTES: usize = 4 << 10;
/// `meta` elements that are kept.
const MAX_META: usize = 200;
/// Bytes of JSON-LD that are looked at.
const MAX_LINKED_DATA_BYTES: usize = 256 << 10;

/// What an element tells by its name and attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// `article`, `main`, or an element that calls itself the article's body.
    Article,
    /// Navigation, asides, footers, forms, comments, advertising.
    Boilerplate,
    /// Anything else.
    Other,
}

/// An element that blocks stand in.
#[derive(Debug)]
pub(super) struct NodeInfo {
    /// The element around it; the root is its own.
    pub(super) parent: usize,
    pub(super) role: Role,
    /// Whether it or anything around it is boilerplate.
    pub(super) in_boilerplate: bool,
}

/// Some text between the tags of two blocks.
#[derive(Debug)]
pub(super) struct Block {
    /// The index of the element that it is directly in.
    pub(super) node: usize,
    pub(super) text: String,
    /// Bytes of the text that are in links.
    pub(super) link_bytes: usize,
    pub(super) heading: bool,
    /// Whether it is the page's first kind of heading.
    pub(super) main_heading: bool,
}

/// A page, taken apart.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) nodes: Vec<NodeInfo>,
    pub(super) blocks: Vec<Block>,
    /// Name or property, in lower case, and content.
    pub(super) meta: Vec<(String, String)>,
    pub(super) title: String,
    pub(super) language: Option<String>,
    pub(super) canonical: Option<String>,
    /// What `time` elements say in `datetime`, the first of the page.
    pub(super) time: Option<String>,
    /// JSON-LD, one script after the other.
    pub(super) linked_data: String,
}

struct Open {
    name: Vec<u8>,
    node: usize,
}

#[derive(Default)]
struct Reader {
    page: Page,
    stack: Vec<Open>,
    writer: Writer,
    link_bytes: usize,
    in_link: bool,
    kept_bytes: usize,
    heading: Option<bool>,
    preformatted: usize,
}

/// Takes a page apart.
pub(super) fn read(html: &str) -> Page {
    let mut reader = Reader::default();
    reader.page.nodes.push(NodeInfo { parent: 0, role: Role::Other, in_boilerplate: false });
    let mut dropped: Option<(Vec<u8>, bool)> = None;
    let mut in_title = false;
    for token in super::tokens(&super::prepared(html)) {
        match token {
            Token::StartTag(tag) => {
                if dropped.is_some() {
                    continue;
                }
                let name = tag.name.as_slice();
                let attribute = |wanted: &[u8]| {
                    let value = tag.attributes.get(wanted)?;
                    Some(String::from_utf8_lossy(&value[..value.len().min(MAX_META_BYTES)]).trim().to_owned())
                };
                if is_dropped(name) {
                    let linked = attribute(b"type")
                        .is_some_and(|kind| kind.eq_ignore_ascii_case("application/ld+json"));
                    if !tag.self_closing {
                        dropped = Some((tag.name.0, linked));
                    }
                    continue;
                }
                match name {
                    b"title" => in_title = reader.page.title.is_empty(),
                    b"meta" => reader.meta(&attribute),
                    b"html" => {
                        reader.page.language = attribute(b"lang").filter(|language| !language.is_empty());
                    }
                    b"link" if attribute(b"rel").is_some_and(|rel| rel.eq_ignore_ascii_case("canonical")) => {
                        reader.page.canonical = attribute(b"href");
                    }
                    b"time" if reader.page.time.is_none() => reader.page.time = attribute(b"datetime"),
                    b"a" => reader.in_link = true,
                    _ => {}
                }
                if name != b"title" {
                    reader.open(name, &attribute);
                }
            }
            Token::EndTag(tag) => {
                if let Some((name, _)) = &dropped {
                    if *name == *tag.name {
                        dropped = None;
                    }
                    continue;
                }
                match tag.name.as_slice() {
                    b"title" => in_title = false,
                    b"a" => reader.in_link = false,
                    name => reader.close(name),
                }
            }
            Token::String(piece) => match &dropped {
                Some((_, true)) => {
                    let room = MAX_LINKED_DATA_BYTES.saturating_sub(reader.page.linked_data.len());
                    reader
                        .page
                        .linked_data
                        .push_str(&String::from_utf8_lossy(&piece[..piece.len().min(room)]));
                    reader.page.linked_data.push('\n');
                }
                Some(_) => {}
                None if in_title => {
                    let room = MAX_META_BYTES.saturating_sub(reader.page.title.len());
                    reader.page.title.push_str(&String::from_utf8_lossy(&piece[..piece.len().min(room)]));
                }
                None => reader.text(&String::from_utf8_lossy(&piece)),
            },
            _ => {}
        }
    }
    reader.flush();
    reader.page
}

impl Reader {
    fn meta(&mut self, attribute: &impl Fn(&[u8]) -> Option<String>) {
        let name = attribute(b"property").or_else(|| attribute(b"name")).or_else(|| attribute(b"itemprop"));
        if let (Some(name), Some(content)) = (name, attribute(b"content"))
            && self.page.meta.len() < MAX_META
            && !content.is_empty()
        {
            self.page.meta.push((name.to_ascii_lowercase(), content));
        }
    }

    fn node(&self) -> usize {
        self.stack.last().map_or(0, |open| open.node)
    }

    fn open(&mut self, name: &[u8], attribute: &impl Fn(&[u8]) -> Option<String>) {
        if name == b"br" {
            self.writer.line();
            return;
        }
        if matches!(name, b"td" | b"th") {
            self.writer.space();
        }
        if !is_block(name) {
            return;
        }
        self.flush();
        if is_void(name) {
            return;
        }
        // HTML's end tags of these may be left out (section 13.1.2.4).
        let implied: &[&[u8]] = match name {
            b"li" => &[b"li"],
            b"dd" | b"dt" => &[b"dd", b"dt"],
            b"tr" => &[b"tr"],
            b"option" => &[b"option"],
            _ => &[],
        };
        if self.stack.last().is_some_and(|open| open.name == b"p" || implied.contains(&open.name.as_slice()))
        {
            self.stack.pop();
        }
        if is_heading(name) {
            self.heading = Some(name == b"h1");
        }
        self.preformatted += usize::from(name == b"pre");
        if self.stack.len() >= MAX_DEPTH {
            return;
        }
        let parent = self.node();
        let node = if self.page.nodes.len() < MAX_NODES {
            let role = role(name, attribute);
            let in_boilerplate = role == Role::Boilerplate || self.page.nodes[parent].in_boilerplate;
            self.page.nodes.push(NodeInfo { parent, role, in_boilerplate });
            self.page.nodes.len() - 1
        } else {
            parent
        };
        self.stack.push(Open { name: name.to_vec(), node });
    }

    fn close(&mut self, name: &[u8]) {
        if !is_block(name) {
            return;
        }
        self.flush();
        if is_heading(name) {
            self.heading = None;
        }
        self.preformatted = self.preformatted.saturating_sub(usize::from(name == b"pre"));
        // The stack is at most `MAX_DEPTH` high, so that looking through it is no more than a constant.
        if let Some(at) = self.stack.iter().rposition(|open| open.name == name) {
            self.stack.truncate(at);
        }
    }

    fn text(&mut self, text: &str) {
        if self.kept_bytes + self.writer.len() + text.len() > MAX_TEXT_BYTES {
            return;
        }
        let before = self.writer.len();
        self.writer.write(text, self.preformatted > 0);
        if self.in_link {
            self.link_bytes += self.writer.len() - before;
        }
    }

    fn flush(&mut self) {
        let text = std::mem::take(&mut self.writer).finish();
        let link_bytes = std::mem::take(&mut self.link_bytes);
        if text.is_empty() {
            return;
        }
        self.kept_bytes += text.len();
        let node = self.node();
        let heading = self.heading.is_some();
        let main_heading = self.heading == Some(true);
        self.page.blocks.push(Block { node, text, link_bytes, heading, main_heading });
    }
}

/// Words in `class`, `id` and `role` that pages use for what is not the article.
const BOILERPLATE: [&str; 22] = [
    "nav",
    "menu",
    "footer",
    "sidebar",
    "comment",
    "share",
    "social",
    "related",
    "promo",
    "advert",
    "banner",
    "breadcrumb",
    "cookie",
    "newsletter",
    "subscribe",
    "popup",
    "modal",
    "recommend",
    "sponsor",
    "pagination",
    "byline",
    "toolbar",
];

/// Words that pages use for the article's body.
const ARTICLE: [&str; 8] = [
    "articlebody",
    "article-body",
    "article__body",
    "article-content",
    "post-content",
    "entry-content",
    "post-body",
    "story-body",
];

fn role(name: &[u8], attribute: &impl Fn(&[u8]) -> Option<String>) -> Role {
    match name {
        b"nav" | b"aside" | b"footer" | b"form" | b"menu" | b"dialog" => return Role::Boilerplate,
        b"article" | b"main" => return Role::Article,
        // Pages hang everything under these: what they are called says nothing.
        b"body" | b"html" | b"p" | b"head" => return Role::Other,
        _ => {}
    }
    let mut words = String::new();
    for wanted in [&b"class"[..], b"id", b"role", b"itemprop"] {
        if let Some(value) = attribute(wanted) {
            words.push_str(&value.to_ascii_lowercase());
            words.push(' ');
        }
    }
    if words.is_empty() {
        return Role::Other;
    }
    let has = |list: &[&str]| list.iter().any(|word| words.contains(word));
    if has(&ARTICLE) || words.split_whitespace().any(|word| word == "main") {
        return Role::Article;
    }
    // Blogs put an article's own categories into its classes, and `social-engineering` is one.
    let words =
        words.split_whitespace().filter(|word| !word.starts_with("category-") && !word.starts_with("tag-"));
    let mut parts = words.flat_map(|word| word.split(['-', '_']));
    let boilerplate = |part: &str| {
        BOILERPLATE.iter().any(|known| part.starts_with(known))
            || matches!(part, "navigation" | "complementary")
    };
    if parts.any(boilerplate) {
        return Role::Boilerplate;
    }
    Role::Other
}
