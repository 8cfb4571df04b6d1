//! A dead letter.

use super::words::moment;
use serde::Serialize;
use utoipa::ToSchema;
use watchfire_store::StoredDead;

/// A record that can't be read.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct DeadLetter {
    /// Its number.
    pub(crate) id: i64,
    /// Where it came from.
    pub(crate) source: String,
    /// The line it starts on.
    pub(crate) line: u64,
    /// Why it can't be read.
    pub(crate) reason: String,
    /// What can be done.
    pub(crate) hint: String,
    /// Its text, up to 64 KiB.
    pub(crate) raw: String,
    /// Whether that is all of it: a part can't be tried again.
    pub(crate) whole: bool,
    /// How often it was tried again.
    pub(crate) attempts: u32,
    /// When it came.
    pub(crate) at: String,
}

impl DeadLetter {
    pub(crate) fn of(row: StoredDead) -> Self {
        Self {
            id: row.id,
            source: row.source_name,
            line: row.row.line,
            reason: row.row.reason,
            hint: row.row.hint,
            raw: row.row.raw,
            whole: row.row.whole,
            attempts: row.attempts,
            at: moment(row.at),
        }
    }
}
