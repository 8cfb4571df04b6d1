//! Text inside of drawings.
//!
//! The report's other drawings hold none from the input, and so their type is not escaped by the templates. The labels
//! of curves do come from whoever runs an evaluation, and a file of its own has no template at all. So what is written
//! into a drawing goes through here.

use std::fmt::{self, Write};

/// A text as it may stand in XML 1.0 and in HTML, between tags and in quoted attributes alike. Characters that XML
/// knows no spelling for (2.2 there) become `·`.
pub(super) struct Escaped<'t>(pub(super) &'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '<' | '>' | '&' | '"' | '\'' => write!(f, "&#{};", u32::from(character))?,
                '\u{fffe}' | '\u{ffff}' => f.write_char('·')?,
                control if control.is_control() => f.write_char('·')?,
                plain => f.write_char(plain)?,
            }
        }
        Ok(())
    }
}
