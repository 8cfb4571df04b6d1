//! An element with what is in it, as a tree.

use std::rc::Rc;

use url::Url;

use super::space::Space;

/// An element of a feed.
#[derive(Debug, Clone)]
pub(super) struct Element {
    pub(super) space: Space,
    /// The name without its prefix, in lower case: feeds are not careful with it.
    pub(super) local: String,
    /// The name as it was written, with its prefix.
    pub(super) written: String,
    pub(super) attributes: Vec<Attribute>,
    pub(super) children: Vec<Node>,
    /// The base of links in it: `xml:base`, its own or an outer one.
    pub(super) base: Option<Rc<Url>>,
}

/// An attribute, its references resolved.
#[derive(Debug, Clone)]
pub(super) struct Attribute {
    pub(super) space: Space,
    /// In lower case.
    pub(super) local: String,
    pub(super) written: String,
    pub(super) value: String,
}

/// What is in an element.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Text(String),
    Element(Element),
}

impl Element {
    /// The value of the attribute of that name, whatever its namespace; an unprefixed one first.
    pub(super) fn attribute(&self, local: &str) -> Option<&str> {
        let own = self
            .attributes
            .iter()
            .find(|attribute| attribute.space == Space::Core && attribute.local == local);
        let any = || {
            self.attributes.iter().find(|attribute| attribute.space != Space::Xml && attribute.local == local)
        };
        own.or_else(any).map(|attribute| attribute.value.trim())
    }

    /// The value of an attribute with the prefix `xml`.
    pub(super) fn xml_attribute(&self, local: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        let found = attributes.find(|attribute| attribute.space == Space::Xml && attribute.local == local);
        found.map(|attribute| attribute.value.trim())
    }

    /// The elements right in it.
    pub(super) fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// All text in it, at any depth.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        self.add_text(&mut out);
        out
    }

    // The depth of a tree is bounded where it is built.
    fn add_text(&self, out: &mut String) {
        for node in &self.children {
            match node {
                Node::Text(text) => out.push_str(text),
                Node::Element(element) => element.add_text(out),
            }
        }
    }

    /// What is in it, written as HTML.
    pub(super) fn inner_markup(&self) -> String {
        let mut out = String::new();
        self.add_markup(&mut out);
        out
    }

    fn add_markup(&self, out: &mut String) {
        for node in &self.children {
            match node {
                Node::Text(text) => escape(text, out),
                Node::Element(element) => element.add_outer_markup(out),
            }
        }
    }

    fn add_outer_markup(&self, out: &mut String) {
        // HTML has no prefixes: `xhtml:p` has to be `p` to be a paragraph.
        let name = if self.space == Space::Xhtml { &self.local } else { &self.written };
        out.push('<');
        out.push_str(name);
        for attribute in &self.attributes {
            out.push(' ');
            out.push_str(&attribute.written);
            out.push_str("=\"");
            escape(&attribute.value, out);
            out.push('"');
        }
        out.push('>');
        self.add_markup(out);
        if !matches!(
            self.local.as_str(),
            "br" | "hr" | "img" | "input" | "meta" | "link" | "area" | "col" | "wbr"
        ) {
            out.push_str("</");
            out.push_str(name);
            out.push('>');
        }
    }
}

fn escape(text: &str, out: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            letter => out.push(letter),
        }
    }
}
