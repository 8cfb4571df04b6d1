//! What every store of records promises, as tests that run on any of them.

pub mod copying;
pub mod made;
