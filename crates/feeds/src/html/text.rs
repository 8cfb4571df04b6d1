//! Readable text of a fragment of HTML.

use html5gum::Token;

use super::names::{is_block, is_dropped, is_void};

/// The text of a fragment: blocks and breaks are lines, cells are set apart by a space, white space is one space but
/// in `pre`, references are decoded; scripts, styles and what is drawn in frames are left out.
///
/// It takes one pass, and the text is never longer than the fragment but for references, which are at most as long as
/// what they stand for.
pub fn text(html: &str) -> String {
    let mut writer = Writer::default();
    let mut dropped: Option<Vec<u8>> = None;
    let mut preformatted = 0_usize;
    for token in super::tokens(&super::prepared(html)) {
        match token {
            Token::StartTag(tag) => {
                if dropped.is_some() {
                    continue;
                }
                if is_dropped(&tag.name) {
                    if !tag.self_closing {
                        dropped = Some(tag.name.0);
                    }
                } else if *tag.name == b"br" || is_block(&tag.name) {
                    writer.line();
                    preformatted += usize::from(*tag.name == b"pre");
                } else if matches!(tag.name.as_slice(), b"td" | b"th") {
                    writer.space();
                }
            }
            Token::EndTag(tag) => {
                if dropped.as_ref().is_some_and(|name| *name == *tag.name) {
                    dropped = None;
                } else if dropped.is_none() && is_block(&tag.name) && !is_void(&tag.name) {
                    writer.line();
                    preformatted = preformatted.saturating_sub(usize::from(*tag.name == b"pre"));
                }
            }
            Token::String(piece) if dropped.is_none() => {
                writer.write(&String::from_utf8_lossy(&piece), preformatted > 0);
            }
            _ => {}
        }
    }
    writer.finish()
}

/// Text in the making, with its white space.
#[derive(Debug, Default)]
pub(super) struct Writer {
    out: String,
    /// A line or a space that is due before the next word.
    due: Due,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    #[default]
    Nothing,
    Space,
    Line,
}

impl Writer {
    /// Ends the line, if there is anything on it.
    pub(super) fn line(&mut self) {
        self.due = Due::Line;
    }

    pub(super) fn space(&mut self) {
        self.due = self.due.max(Due::Space);
    }

    pub(super) fn write(&mut self, text: &str, preformatted: bool) {
        for letter in text.chars() {
            if letter == '\n' && preformatted {
                self.line();
            } else if letter.is_whitespace() || letter.is_control() {
                self.space();
            } else {
                if !self.out.is_empty() {
                    match self.due {
                        Due::Nothing => {}
                        Due::Space => self.out.push(' '),
                        Due::Line => self.out.push('\n'),
                    }
                }
                self.due = Due::Nothing;
                self.out.push(letter);
            }
        }
    }

    /// Bytes so far.
    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    pub(super) fn finish(self) -> String {
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn blocks_become_lines_and_white_space_collapses() {
        assert_eq!(
            text("<p>One\n  two&nbsp;&amp; <b>three</b></p><p>four<br/>five</p>"),
            "One two & three\nfour\nfive"
        );
        assert_eq!(text("<ul><li>a<li>b</ul>c"), "a\nb\nc");
        assert_eq!(text("<tr><td>1<td>2</tr><tr><td>3"), "1 2\n3");
        assert_eq!(text("<pre>a\n  b</pre>c"), "a\nb\nc");
        assert_eq!(text("<b>Water</b><i>fire</i>"), "Waterfire");
    }

    #[test]
    fn scripts_and_styles_are_no_text_whatever_is_in_them() {
        assert_eq!(text("a<script>if (1 < 2) '<p>x</p>'</script>b<style>p{}</style>c<!-- d -->"), "abc");
        assert_eq!(text("safe<SCRIPT src=x>evil()</scr"), "safe");
    }

    #[test]
    fn signs_that_are_no_tags_stay() {
        assert_eq!(text("1 < 2 && 3 > 2"), "1 < 2 && 3 > 2");
        assert_eq!(text("&lt;b&gt; &unknown; &#x41;"), "<b> &unknown; A");
    }

    proptest::proptest! {
        #[test]
        fn any_html_gives_text_no_longer_than_itself(html in "(<[a-z/!]{0,4}|[a-z &;<>\"'=-]|&[a-z]{2,4};|é|<script>|</script>|<pre>){0,60}") {
            let found = text(&html);
            proptest::prop_assert!(found.len() <= html.len() + 1, "{found:?}");
            proptest::prop_assert!(!found.contains("\n\n"));
        }
    }
}
