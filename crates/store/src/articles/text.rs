//! Texts of articles, packed where that saves something.
//!
//! A text is read for one article at a time, and never for a list, so it may cost some microseconds to unpack. English prose
//! of a few kilobytes shrinks to about half.

use crate::StoreError;
use std::borrow::Cow;

/// Bytes of a text that are kept; what goes beyond is cut off.
pub const MOST_TEXT_BYTES: usize = 256 << 10;
/// Shorter texts stay as they are.
const WORTH_PACKING: usize = 512;
/// zstd's fastest level of those that do not trade away much: news arrives faster than anyone reads it.
const LEVEL: i32 = 1;

/// A text as it stands in the store.
pub(super) struct Packed<'t> {
    /// Bytes of the text where it is packed.
    pub(super) length: Option<i64>,
    pub(super) body: Cow<'t, [u8]>,
}

/// Packs texts one after the other.
pub(super) struct Packer {
    /// None where zstd can't be had, out of memory: texts stay as they are.
    compressor: Option<zstd::bulk::Compressor<'static>>,
}

impl Packer {
    pub(super) fn new() -> Self {
        Self { compressor: zstd::bulk::Compressor::new(LEVEL).ok() }
    }

    pub(super) fn pack<'t>(&mut self, text: &'t str) -> Packed<'t> {
        let text = cut(text, MOST_TEXT_BYTES).as_bytes();
        let plain = Packed { length: None, body: Cow::Borrowed(text) };
        if text.len() < WORTH_PACKING {
            return plain;
        }
        let packed = self.compressor.as_mut().and_then(|compressor| compressor.compress(text).ok());
        match packed {
            Some(body) if body.len() < text.len() => {
                Packed { length: Some(text.len() as i64), body: Cow::Owned(body) }
            }
            _ => plain,
        }
    }
}

/// The text again.
pub(super) fn unpack(length: Option<i64>, body: Vec<u8>) -> Result<String, StoreError> {
    const CORRUPT: StoreError = StoreError::Corrupt { what: "an article's text" };
    let bytes = match length {
        None => body,
        Some(length) => {
            let capacity =
                usize::try_from(length).ok().filter(|length| *length <= MOST_TEXT_BYTES).ok_or(CORRUPT)?;
            zstd::bulk::decompress(&body, capacity).map_err(|_| CORRUPT)?
        }
    };
    String::from_utf8(bytes).map_err(|_| CORRUPT)
}

/// At most so many bytes, and no half character.
pub(super) fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

#[cfg(test)]
mod tests {
    use super::{MOST_TEXT_BYTES, Packer, unpack};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_text_comes_back_as_it_was(text in "(?s).{0,80}", times in 1_usize..60) {
            let text = text.repeat(times);
            let packed = Packer::new().pack(&text).body.into_owned();
            let length = Packer::new().pack(&text).length;
            prop_assert_eq!(unpack(length, packed).unwrap(), text);
        }
    }

    #[test]
    fn a_text_is_cut_at_the_bound_between_characters() {
        let text = format!("a{}", "é".repeat(MOST_TEXT_BYTES));
        let packed = Packer::new().pack(&text);
        assert!(packed.body.len() < 10_000);
        let kept = unpack(packed.length, packed.body.into_owned()).unwrap();
        assert_eq!(kept.len(), MOST_TEXT_BYTES - 1);
        assert!(text.starts_with(&kept));
    }

    #[test]
    fn a_length_beyond_the_bound_and_broken_bytes_are_refused_and_not_believed() {
        assert!(unpack(Some(i64::MAX), vec![0; 9]).is_err());
        assert!(unpack(Some(-1), vec![0; 9]).is_err());
        assert!(unpack(Some(4), vec![1, 2, 3, 4]).is_err());
        assert!(unpack(None, vec![0xFF]).is_err());
    }
}
