//! Text in PostgreSQL, which has no NUL there, while alerts and broken records may.
//!
//! U+0000 is written as U+0001 U+0001, and U+0001 as U+0001 U+0002; nothing else changes. No two texts become one, and they
//! keep their order by bytes, so that keys compare as they do elsewhere.

use std::borrow::Cow;
use std::error::Error;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

const ESCAPE: char = '\u{1}';
const NUL: char = '\u{1}';
const ESCAPE_ITSELF: char = '\u{2}';

/// A text on its way to the server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'a>(pub &'a str);

impl ToSql for Text<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        written(self.0).as_ref().to_sql(kind, out)
    }

    fn accepts(kind: &Type) -> bool {
        <&str as ToSql>::accepts(kind)
    }

    to_sql_checked!();
}

/// A text that came from the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnedText(pub String);

impl<'a> FromSql<'a> for OwnedText {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        read(<&str as FromSql>::from_sql(kind, raw)?).map(Self)
    }

    fn accepts(kind: &Type) -> bool {
        <&str as FromSql>::accepts(kind)
    }
}

/// As it stands in PostgreSQL.
pub(crate) fn written(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| byte <= 1) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\0' => escaped.extend([ESCAPE, NUL]),
            ESCAPE => escaped.extend([ESCAPE, ESCAPE_ITSELF]),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

/// As it was.
fn read(text: &str) -> Result<String, Box<dyn Error + Sync + Send>> {
    if !text.bytes().any(|byte| byte == 1) {
        return Ok(text.to_owned());
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            ESCAPE => match characters.next() {
                Some(NUL) => plain.push('\0'),
                Some(ESCAPE_ITSELF) => plain.push(ESCAPE),
                _ => return Err("a text with an escape that nobody wrote".into()),
            },
            other => plain.push(other),
        }
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::{read, written};
    use proptest::collection::vec;
    use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
    use proptest::strategy::{Just, Strategy};

    fn texts() -> impl Strategy<Value = String> {
        let character =
            prop_oneof![Just('\0'), Just('\u{1}'), Just('\u{2}'), Just('\u{3}'), Just('a'), any::<char>(),];
        vec(character, 0..12).prop_map(String::from_iter)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn any_text_comes_back_and_keeps_its_order(one in texts(), other in texts()) {
            prop_assert!(!written(&one).contains('\0'));
            prop_assert_eq!(read(&written(&one)).unwrap(), one.clone());
            prop_assert_eq!(written(&one).as_bytes().cmp(written(&other).as_bytes()), one.as_bytes().cmp(other.as_bytes()));
        }
    }
}
