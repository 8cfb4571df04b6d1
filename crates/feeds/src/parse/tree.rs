//! From pieces to elements: nesting, namespaces, bases, and what to do where tags don't match.
//!
//! The outer elements of a feed (`rss`, `rdf:RDF`, `channel`, `feed`) are only remembered as being open. What is
//! directly in them is built as a tree, handed to [`Reading`], and dropped, so that a long feed takes no more memory
//! than its longest entry.

use std::rc::Rc;

use quick_xml::events::BytesStart;
use url::Url;

use super::channel::Reading;
use super::element::{Attribute, Element, Node};
use super::entity::Entities;
use super::model::{Feed, Format, Problem, Problems};
use super::scan::{Piece, Scanner};
use super::space::Space;
use super::{MAX_DEPTH, MAX_ELEMENTS, MAX_LINK_BYTES, NotAFeed};

/// Attributes of one element.
const MAX_ATTRIBUTES: usize = 64;
/// Bindings of prefixes that hold at one place.
const MAX_BINDINGS: usize = 128;
/// Bytes of a base: links are made absolute with it, each a copy.
const MAX_BASE_BYTES: usize = 2 << 10;
/// Elements of RSS that hold a line of text. Another element of RSS in them means that their end tag is missing.
const LINES: [&str; 9] =
    ["title", "link", "guid", "pubdate", "author", "category", "comments", "language", "lastbuilddate"];

/// Reads the XML of a feed.
pub(super) fn read(
    text: &str,
    encoding: &'static str,
    base: Option<Url>,
    mut problems: Problems,
) -> Result<Feed, NotAFeed> {
    let mut scanner = Scanner::new(text);
    let mut builder = Builder { base: base.filter(fits).map(Rc::new), ..Builder::default() };
    while let Some(piece) = scanner.next(&mut problems) {
        if !builder.take(piece, &mut problems) {
            break;
        }
    }
    builder.finish(encoding, problems)
}

fn fits(url: &Url) -> bool {
    url.as_str().len() <= MAX_BASE_BYTES
}

struct Open {
    element: Element,
    /// How many bindings held before it.
    bindings: usize,
    /// Whether what is in it is handed on, not kept.
    outer: bool,
}

#[derive(Default)]
struct Builder {
    base: Option<Rc<Url>>,
    stack: Vec<Open>,
    bindings: Vec<(String, Space)>,
    entities: Entities,
    reading: Option<Reading>,
    /// Elements since the last one was handed on.
    elements: usize,
    /// Start tags that were passed over, being too deep or too many, and have not been ended.
    passed: usize,
    refused: Option<NotAFeed>,
    closed: bool,
}

impl Builder {
    /// Takes a piece; `false` when there is no need for more.
    fn take(&mut self, piece: Piece<'_>, problems: &mut Problems) -> bool {
        match piece {
            Piece::Doctype(doctype) => self.entities.declare(doctype, problems),
            Piece::Text(text) => self.text(problems, |_, out, _| out.push_str(text)),
            Piece::Reference(name) => {
                self.text(problems, |entities, out, problems| entities.resolve(name, out, problems));
            }
            Piece::Start { name, attributes, empty } => {
                self.start(name, attributes, problems);
                if empty {
                    self.end(name, problems);
                }
            }
            Piece::End { name } => self.end(name, problems),
        }
        let full = self.reading.as_ref().is_some_and(Reading::is_full);
        if full {
            problems.note(Problem::TooMany);
            self.closed = true;
        }
        self.refused.is_none() && !self.closed
    }

    fn text(&mut self, problems: &mut Problems, add: impl FnOnce(&mut Entities, &mut String, &mut Problems)) {
        let Some(open) = self.stack.last_mut().filter(|open| !open.outer) else {
            return;
        };
        if !matches!(open.element.children.last(), Some(Node::Text(_))) {
            open.element.children.push(Node::Text(String::new()));
        }
        if let Some(Node::Text(text)) = open.element.children.last_mut() {
            add(&mut self.entities, text, problems);
        }
    }

    fn start(&mut self, name: &str, raw_attributes: &str, problems: &mut Problems) {
        let bindings = self.bindings.len();
        let mut attributes = self.attributes(raw_attributes, problems);
        let (space, local) = self.resolve(name, true, problems);
        for attribute in &mut attributes {
            let written = std::mem::take(&mut attribute.written);
            (attribute.space, attribute.local) = self.resolve(&written, false, problems);
            attribute.written = written;
        }
        let Some(reading) = &mut self.reading else {
            self.root(name, space, local, attributes);
            return;
        };
        // Entries don't nest. A second one means that the end of the first is missing.
        if space.is_own() && matches!(local.as_str(), "item" | "entry") {
            let inner = self.stack.iter().position(|open| !open.outer);
            let direct = inner.is_some_and(|at| at + 1 == self.stack.len());
            let is_entry =
                |at: usize| self.stack[at].element.local == local && self.stack[at].element.space == space;
            if let Some(at) = inner
                && is_entry(at)
                && (direct || !reading.format().is_atom())
            {
                problems.note(Problem::BadNesting);
                self.passed = 0;
                self.close_down_to(at);
            }
        }
        if self.stack.len() >= MAX_DEPTH || self.elements >= MAX_ELEMENTS {
            problems.note(Problem::TooMany);
            self.passed += 1;
            self.bindings.truncate(bindings);
            return;
        }
        let is_atom = self.reading.as_ref().is_some_and(|reading| reading.format().is_atom());
        if !is_atom
            && space == Space::Core
            && (LINES.contains(&local.as_str()) || matches!(local.as_str(), "description" | "enclosure"))
            && let Some(top) = self.stack.last().filter(|open| !open.outer)
            && top.element.space == Space::Core
            && LINES.contains(&top.element.local.as_str())
        {
            problems.note(Problem::BadNesting);
            self.close_down_to(self.stack.len() - 1);
        }
        let outer_base = self.stack.last().map_or(&self.base, |open| &open.element.base);
        let mut element = Element {
            space,
            local,
            written: name.to_owned(),
            attributes,
            children: Vec::new(),
            base: outer_base.clone(),
        };
        element.base = own_base(&element);
        let in_outer = self.stack.last().is_some_and(|open| open.outer);
        let outer = in_outer && element.local == "channel" && !is_atom;
        if outer && let Some(reading) = &mut self.reading {
            reading.outer(&element);
        }
        self.elements += 1;
        self.stack.push(Open { element, bindings, outer });
    }

    /// The first element tells what the document is.
    fn root(&mut self, name: &str, space: Space, local: String, attributes: Vec<Attribute>) {
        let format = match local.as_str() {
            "rss" => Format::Rss,
            "rdf" => Format::Rdf,
            "feed" => match space {
                Space::Atom03 => Format::Atom03,
                _ if attributes
                    .iter()
                    .any(|attribute| attribute.local == "version" && attribute.value.starts_with("0.")) =>
                {
                    Format::Atom03
                }
                _ => Format::Atom10,
            },
            // A channel without its `rss` is CDF, or RSS that lost its root; both read alike.
            "channel"
                if name == "CHANNEL" || attributes.iter().any(|attribute| attribute.local == "href") =>
            {
                Format::Cdf
            }
            "channel" => Format::Rss,
            "html" => {
                self.refused = Some(NotAFeed::WebPage);
                return;
            }
            _ => {
                self.refused = Some(NotAFeed::Unknown);
                return;
            }
        };
        let base = self.base.clone();
        let mut element =
            Element { space, local, written: name.to_owned(), attributes, children: Vec::new(), base };
        element.base = own_base(&element);
        let mut reading = Reading::new(format);
        reading.outer(&element);
        self.reading = Some(reading);
        self.stack.push(Open { element, bindings: 0, outer: true });
    }

    fn end(&mut self, name: &str, problems: &mut Problems) {
        if self.passed > 0 {
            let local = name.rsplit(':').next().unwrap_or(name).to_ascii_lowercase();
            if matches!(local.as_str(), "item" | "entry" | "channel" | "feed" | "rss" | "rdf") {
                self.passed = 0;
            } else {
                self.passed -= 1;
                return;
            }
        }
        let found = self.stack.iter().rposition(|open| open.element.written.eq_ignore_ascii_case(name));
        let Some(at) = found else {
            problems.note(Problem::BadNesting);
            return;
        };
        if at + 1 != self.stack.len() {
            problems.note(Problem::BadNesting);
        }
        self.close_down_to(at);
        self.closed = self.stack.is_empty();
    }

    /// Closes the open elements from the top to the one at `at`, that one too.
    fn close_down_to(&mut self, at: usize) {
        while self.stack.len() > at {
            let Some(open) = self.stack.pop() else { return };
            self.bindings.truncate(open.bindings);
            if open.outer {
                continue;
            }
            match self.stack.last_mut() {
                Some(parent) if !parent.outer => parent.element.children.push(Node::Element(open.element)),
                _ => {
                    self.elements = 0;
                    if let Some(reading) = &mut self.reading {
                        reading.take(open.element);
                    }
                }
            }
        }
    }

    fn attributes(&mut self, raw: &str, problems: &mut Problems) -> Vec<Attribute> {
        let mut attributes = Vec::new();
        if raw.trim().is_empty() {
            return attributes;
        }
        // Checks for doubles compare each with each.
        for attribute in BytesStart::from_content(raw, 0).html_attributes().with_checks(false) {
            let Ok(attribute) = attribute else {
                problems.note(Problem::BadNesting);
                continue;
            };
            let (Ok(name), Ok(value)) =
                (std::str::from_utf8(attribute.key.as_ref()), std::str::from_utf8(&attribute.value))
            else {
                continue;
            };
            if attributes.len() >= MAX_ATTRIBUTES
                || value.len() > MAX_LINK_BYTES
                || name.len() > MAX_LINK_BYTES
            {
                problems.note(Problem::TooMany);
                continue;
            }
            let value = self.entities.resolve_all(value, problems);
            let prefix = if name == "xmlns" { Some("") } else { name.strip_prefix("xmlns:") };
            match prefix {
                Some(prefix) => self.bind(prefix, &value, problems),
                None => attributes.push(Attribute {
                    space: Space::Core,
                    local: String::new(),
                    written: name.to_owned(),
                    value,
                }),
            }
        }
        attributes
    }

    fn bind(&mut self, prefix: &str, address: &str, problems: &mut Problems) {
        if self.bindings.len() >= MAX_BINDINGS {
            problems.note(Problem::TooMany);
            return;
        }
        let space = match Space::of_address(address) {
            Some(space) => space,
            // On the root, the default is the feed's own, whatever address somebody made up for it.
            None if prefix.is_empty() && self.reading.is_none() => Space::Core,
            None => Space::Other,
        };
        self.bindings.push((prefix.to_owned(), space));
    }

    /// The namespace and lower-case local part of a name.
    fn resolve(&self, name: &str, is_element: bool, problems: &mut Problems) -> (Space, String) {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let local = local.to_ascii_lowercase();
        // An attribute without a prefix is in no namespace, whatever the default is.
        if prefix.is_empty() && !is_element {
            return (Space::Core, local);
        }
        let bound = self.bindings.iter().rev().find(|(known, _)| known == prefix);
        let space = match (bound, prefix) {
            (Some((_, space)), _) => *space,
            (None, "") => Space::Core,
            (None, "xml") => Space::Xml,
            (None, prefix) => {
                problems.note(Problem::UndeclaredPrefix);
                Space::of_prefix(prefix).unwrap_or(Space::Other)
            }
        };
        (space, local)
    }

    fn finish(mut self, encoding: &'static str, mut problems: Problems) -> Result<Feed, NotAFeed> {
        if let Some(refused) = self.refused {
            return Err(refused);
        }
        if !self.stack.is_empty() {
            if !self.closed {
                problems.note(Problem::Truncated);
            }
            self.close_down_to(0);
        }
        match self.reading {
            Some(reading) => Ok(reading.finish(encoding, problems)),
            None => Err(NotAFeed::Unknown),
        }
    }
}

/// The base that holds in an element: its `xml:base`, taken relative to the outer one, if it is an address of the web.
fn own_base(element: &Element) -> Option<Rc<Url>> {
    let outer = element.base.clone();
    let Some(written) = element.xml_attribute("base").filter(|written| written.len() <= MAX_BASE_BYTES)
    else {
        return outer;
    };
    let joined = match &outer {
        Some(outer) => outer.join(written).ok(),
        None => Url::parse(written).ok(),
    };
    match joined {
        Some(url) if matches!(url.scheme(), "http" | "https") && fits(&url) => Some(Rc::new(url)),
        _ => outer,
    }
}
