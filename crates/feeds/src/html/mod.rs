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

use html5gum::{DefaultEmitter, StringReader, Tokenizer};

/// The pieces of a page, with scripts and styles taken as they are meant: as no markup.
fn tokens(html: &str) -> Tokenizer<StringReader<'_>, DefaultEmitter> {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    Tokenizer::new_with_emitter(html, emitter)
}

/// Decodes references such as `&eacute;`, and only those: `<` stays what it is.
pub(crate) fn decode_entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // In this state, HTML has references and no tags, as nothing can end it.
    let mut tokenizer = Tokenizer::new(text);
    tokenizer.set_state(html5gum::State::RcData);
    for token in tokenizer {
        let Ok(token) = token;
        if let html5gum::Token::String(piece) = token {
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
}
