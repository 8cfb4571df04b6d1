//! Where a page ended, as text that says nothing to whoever passes it on.

use crate::problem::Problem;

/// Some numbers that say where a page ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor<const N: usize>(pub(crate) [i64; N]);

impl<const N: usize> Cursor<N> {
    /// As text.
    pub(crate) fn text(self) -> String {
        self.0.map(|number| format!("{number:x}")).join(".")
    }

    /// From text.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let wrong = || {
            Problem::bad(
                "the cursor is none of this list's",
                "take it from next of the page before, as it is",
            )
        };
        let mut numbers = [0; N];
        let mut parts = text.split('.');
        for number in &mut numbers {
            let part = parts.next().ok_or_else(wrong)?;
            *number = match part.strip_prefix('-') {
                Some(_) => return Err(wrong()),
                None => u64::from_str_radix(part, 16).map_err(|_| wrong())?.cast_signed(),
            };
        }
        if parts.next().is_some() { Err(wrong()) } else { Ok(Self(numbers)) }
    }
}

#[cfg(test)]
mod tests {
    use super::Cursor;

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        for numbers in [[0, 0, 0], [71, 1_700_000_000_000, -3], [i64::MIN, i64::MAX, -1]] {
            assert_eq!(Cursor::parse(&Cursor(numbers).text()).map(|cursor| cursor.0).unwrap(), numbers);
        }
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for text in ["", "1", "1.2", "1.2.3.4", "x.2.3", "-1.2.3", "1..3", "11111111111111111.2.3"] {
            assert!(Cursor::<3>::parse(text).is_err(), "{text}");
        }
    }
}
