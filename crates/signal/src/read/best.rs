//! Where several paths say the same thing, the best one wins.

use super::scalar::Scalar;
use crate::{Alert, Field};

/// Which of several paths filled each field: a better one replaces it, an equal or worse one doesn't.
pub struct Best([u8; Field::COUNT]);

impl Default for Best {
    fn default() -> Self {
        Self([u8::MAX; Field::COUNT])
    }
}

impl Best {
    /// Fills `field` unless something as good has filled it; rank 0 is the best. What says nothing leaves it as it is.
    pub fn put<'a>(&mut self, alert: &mut Alert<'a>, (field, rank): (Field, u8), value: Scalar<'a>) {
        let held = &mut self.0[field as usize];
        if rank < *held
            && let Some(text) = value.into_content()
        {
            alert.set(field, text);
            *held = rank;
        }
    }
}
