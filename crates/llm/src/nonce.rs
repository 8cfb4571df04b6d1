//! Ids that nobody outside can guess, so that text which poses as an answer can't repeat one.

use rand::{Rng, RngExt};

/// Forty random bits in base 32 (RFC 4648, in lower case).
pub(crate) fn nonce(rng: &mut (impl Rng + ?Sized)) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    (0..8).map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())])).collect()
}
