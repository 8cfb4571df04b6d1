//! Text from HTML: of a fragment, as feeds carry it, and the article in a whole page.
//!
//! Nothing of HTML is ever shown as HTML here, so nothing has to be made safe: tags are dropped, all of them. html5gum
//! finds the tags as browsers do (WHATWG HTML, section 13.2.5), which is what keeps a script from posing as text.
//! There is no tree of the document. [`text()`] needs none; [`article()`] keeps a list of its blocks, each
//! with the elements around it, which takes one pass and no recursion whatever the nesting.

mod article;
mod blocks;
mod names;
mod score;
mod text;

pub use article::{Article, article};
pub use text::text;

pub(crate) use crate::parse::decode_html;

use std::borrow::Cow;

use html5gum::{State, StringReader, Token, Tokenizer};

/// The pieces of a page, with scripts and styles taken as they are meant: as no markup.
struct Tokens<'a>(Tokenizer<StringReader<'a>>);

fn tokens(html: &str) -> Tokens<'_> {
    Tokens(Tokenizer::new(html))
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let Ok(token) = self.0.next()?;
        if let Token::StartTag(tag) = &token {
            // Less than browsers do: what is in frames and behind `noscript` is read as markup, since a feed that
            // forgets the end of an `iframe` would lose the rest of its text.
            match tag.name.as_slice() {
                b"script" => self.0.set_state(State::ScriptData),
                b"style" => self.0.set_state(State::RawText),
                b"title" | b"textarea" => self.0.set_state(State::RcData),
                _ => {}
            }
        }
        Some(token)
    }
}

/// Mends what would swallow text: CDATA sections within CDATA, which HTML takes for comments; comments that never end;
/// and `<!` before what begins neither a comment nor a declaration.
fn prepared(html: &str) -> Cow<'_, str> {
    const SECTION: &str = "<![CDATA[";
    if !html.contains("<!") {
        return Cow::Borrowed(html);
    }
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    // Looked for once, from the end: comments up to here end, and those behind don't.
    let last_end = html.rfind("-->");
    while let Some(at) = rest.find("<!") {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let position = html.len() - rest.len();
        let after = &rest[2..];
        let skipped = if rest.starts_with(SECTION) {
            SECTION.len()
        } else if after.starts_with("--") {
            // A bogus comment, which is what this makes of it, ends at the next `>`.
            out.push_str(if last_end.is_some_and(|end| end >= position + 2) { "<!--" } else { "<!-" });
            4
        } else {
            let declares = after.starts_with(|letter: char| {
                letter.is_ascii_alphabetic() || matches!(letter, '[' | '-' | '>')
            });
            out.push_str(if declares { "<!" } else { "&lt;!" });
            2
        };
        rest = &rest[skipped..];
    }
    out.push_str(rest);
    Cow::Owned(if html.contains(SECTION) { out.replace("]]>", "") } else { out })
}

/// Decodes references such as `&eacute;`, and only those: `<` stays what it is.
pub(crate) fn decode_entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // In this state, HTML has references and no tags, as nothing can end it.
    let mut tokenizer = Tokenizer::new(text);
    tokenizer.set_state(State::RcData);
    for token in tokenizer {
        let Ok(token) = token;
        if let Token::String(piece) = token {
            out.push_str(&String::from_utf8_lossy(&piece));
        }
    }
    out
}

/// Decodes the bytes of a page (byte order mark, header, `meta`, UTF-8) and takes the article from it.
pub fn article_of_bytes(bytes: &[u8], content_type: Option<&str>) -> Article {
    article(&decode_html(bytes, content_type))
}

#[cfg(test)]
mod tests {
    #[test]
    fn references_are_decoded_and_tags_are_not_looked_for() {
        assert_eq!(super::decode_entities("a&eacute;&nope;<b>&lt;/title>"), "aé&nope;<b></title>");
    }

    #[test]
    fn what_would_swallow_text_is_mended() {
        assert_eq!(super::text("<![CDATA[<p>a</p>]]> b"), "a\nb");
        assert_eq!(super::text("a<!-- -- x >b"), "ab");
        assert_eq!(super::text("a<!-- x > y -->b<!-- z >c"), "abc");
        assert_eq!(super::text("a <!' b"), "a <!' b");
        assert_eq!(super::text("<!doctype html><!---->a<script><!-- b </script>c"), "ac");
        assert_eq!(super::text("a<iframe src=x>b<object>c"), "abc");
    }
}
