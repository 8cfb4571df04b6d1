//! A part of a text, borrowed from the record wherever the text is.

use std::borrow::Cow;

/// What `cut` leaves of a text.
pub fn part<'a>(text: &Cow<'a, str>, cut: impl Fn(&str) -> &str) -> Cow<'a, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(cut(text)),
        Cow::Owned(text) => Cow::Owned(cut(text).to_owned()),
    }
}
