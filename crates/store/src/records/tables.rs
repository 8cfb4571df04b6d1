//! Every table of records, as both stores have it: for whoever goes through all of them, to copy or to compare.
//!
//! A table is its columns, with those of its key first: records are read, copied and compared in the order of their keys.
//! Numbers compare as numbers, texts and bytes by their bytes, whatever a server's own order is. Articles and feeds are not
//! here: they belong to one machine.

use std::cmp::Ordering;

mod keys;

pub use keys::{compare_keys, key_from_bytes, key_to_bytes};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number of 64 bits.
    Integer,
    /// A number with a fraction.
    Real,
    /// Text.
    Text,
    /// Bytes.
    Blob,
}

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name in the SQLite store.
    pub name: &'static str,
    /// What it holds, where it holds something.
    pub kind: Kind,
    /// Whether nobody is to be shown what it holds.
    pub is_secret: bool,
}

/// A table of records.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// What its records are called, for people.
    pub what: &'static str,
    /// How many of the first columns are the key.
    pub key: usize,
    /// Its columns, those of the key first.
    pub columns: &'static [Column],
    /// Whether the store gives numbers to its records, the key, and gives none twice.
    pub is_numbered: bool,
}

impl Table {
    /// Where it stands among [`TABLES`].
    pub fn place(&self) -> usize {
        TABLES.iter().position(|table| table.name == self.name).unwrap_or(TABLES.len())
    }

    /// The columns of the key.
    pub fn key_columns(&self) -> &'static [Column] {
        &self.columns[..self.key]
    }

    /// The names of all columns, with commas.
    pub fn names(&self) -> String {
        self.columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
    }
}

/// What stands in a column of a record.
#[derive(Debug, Clone)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// A record: its values, in the order of the table's columns.
pub type Record = Vec<Value>;

impl Value {
    /// How many bytes it takes, about.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Null => 1,
            Self::Integer(_) | Self::Real(_) => 8,
            Self::Text(text) => text.len(),
            Self::Blob(bytes) => bytes.len(),
        }
    }

    /// As it can be shown to people: at most `most` characters of it. Texts are untrusted.
    pub fn shown(&self, most: usize) -> String {
        match self {
            Self::Null => "nothing".to_owned(),
            Self::Integer(number) => number.to_string(),
            Self::Real(number) => number.to_string(),
            Self::Text(text) => {
                let mut shown: String = text.chars().take(most).collect();
                if shown.len() < text.len() {
                    shown.push('…');
                }
                format!("\"{shown}\"")
            }
            Self::Blob(bytes) => {
                let shown: String = bytes.iter().take(most / 2).map(|byte| format!("{byte:02x}")).collect();
                let rest = if bytes.len() > most / 2 { "…" } else { "" };
                format!("{shown}{rest} ({} bytes)", bytes.len())
            }
        }
    }

    /// The order of keys. Values of different kinds are in the order of their kinds, which no key needs.
    pub fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Integer(one), Self::Integer(two)) => one.cmp(two),
            (Self::Real(one), Self::Real(two)) => one.total_cmp(two),
            (Self::Text(one), Self::Text(two)) => one.as_bytes().cmp(two.as_bytes()),
            (Self::Blob(one), Self::Blob(two)) => one.cmp(two),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    const fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Integer(_) => 1,
            Self::Real(_) => 2,
            Self::Text(_) => 3,
            Self::Blob(_) => 4,
        }
    }
}

impl PartialEq for Value {
    /// To the last bit: a number is itself, also where it is none.
    fn eq(&self, other: &Self) -> bool {
        self.compare(other).is_eq()
    }
}

impl Eq for Value {}

const fn integer(name: &'static str) -> Column {
    Column { name, kind: Kind::Integer, is_secret: false }
}

const fn real(name: &'static str) -> Column {
    Column { name, kind: Kind::Real, is_secret: false }
}

const fn text(name: &'static str) -> Column {
    Column { name, kind: Kind::Text, is_secret: false }
}

const fn blob(name: &'static str) -> Column {
    Column { name, kind: Kind::Blob, is_secret: false }
}

const fn secret(name: &'static str) -> Column {
    Column { name, kind: Kind::Blob, is_secret: true }
}

const fn table(
    name: &'static str,
    what: &'static str,
    key: usize,
    is_numbered: bool,
    columns: &'static [Column],
) -> Table {
    Table { name, what, key, columns, is_numbered }
}

/// Every table of records, in the order in which they are copied: what others refer to comes first.
pub static TABLES: [Table; 25] = [
    table("secrets", "secrets", 1, false, &[text("name"), secret("value")]),
    table(
        "sources",
        "sources",
        1,
        true,
        &[
            integer("id"),
            blob("tag"),
            integer("head_len"),
            blob("head_hash"),
            text("name"),
            integer("first_seen"),
            integer("seed"),
        ],
    ),
    table(
        "patterns",
        "patterns",
        1,
        false,
        &[
            integer("id"),
            blob("key"),
            text("description"),
            integer("first_seen"),
            integer("last_seen"),
            integer("alerts"),
            integer("priority"),
            integer("decision"),
            integer("decided"),
        ],
    ),
    table(
        "decisions",
        "decisions",
        1,
        false,
        &[
            integer("id"),
            integer("pattern"),
            integer("valid_from"),
            integer("valid_until"),
            integer("volume"),
            integer("verdict"),
            integer("severity"),
            integer("decider"),
            real("confidence"),
            text("detail"),
        ],
    ),
    table(
        "alerts",
        "alerts",
        2,
        false,
        &[
            integer("source"),
            integer("ordinal"),
            integer("time"),
            integer("pattern"),
            integer("decision"),
            integer("severity"),
            integer("priority"),
            text("src"),
            text("dst"),
            text("user"),
        ],
    ),
    table(
        "intake",
        "stretches of records",
        2,
        false,
        &[
            integer("source"),
            integer("first_ordinal"),
            integer("records"),
            blob("hashes"),
            blob("decided"),
            blob("raw"),
        ],
    ),
    table(
        "dead_letters",
        "dead letters",
        1,
        true,
        &[
            integer("id"),
            integer("source"),
            integer("ordinal"),
            integer("line"),
            text("reason"),
            text("hint"),
            text("raw"),
            integer("whole"),
            integer("state"),
            integer("attempts"),
            integer("at"),
        ],
    ),
    table(
        "analyst_decisions",
        "analysts' decisions",
        1,
        true,
        &[
            integer("id"),
            blob("pattern_key"),
            integer("verdict"),
            text("reason"),
            text("analyst"),
            integer("decided_at"),
            text("alert"),
            text("description"),
            integer("undone"),
        ],
    ),
    table(
        "questions",
        "open questions",
        1,
        false,
        &[integer("decision"), integer("priority"), integer("attempts"), text("body")],
    ),
    table("answered", "answered questions", 1, false, &[integer("decision"), integer("at"), text("body")]),
    table(
        "ledger",
        "lines of the ledger",
        1,
        true,
        &[
            integer("id"),
            integer("at"),
            text("service"),
            text("model"),
            text("tier"),
            text("outcome"),
            integer("items"),
            integer("input"),
            integer("cached_input"),
            integer("cache_write"),
            integer("output"),
            integer("thinking"),
            integer("cost_nano"),
            integer("latency_ms"),
            integer("checks"),
        ],
    ),
    table("budgets", "budgets", 1, false, &[text("name"), text("state"), integer("at")]),
    table(
        "batches",
        "batches",
        1,
        false,
        &[text("name"), text("asker"), text("number"), integer("requests"), integer("at"), text("body")],
    ),
    table(
        "reputations",
        "reputations",
        2,
        false,
        &[integer("kind"), text("value"), blob("version"), integer("reputation")],
    ),
    table(
        "service_answers",
        "services' answers",
        3,
        false,
        &[
            integer("kind"),
            text("value"),
            text("service"),
            integer("reputation"),
            text("evidence"),
            integer("at"),
            integer("until"),
        ],
    ),
    table("forgotten", "rules not learned from", 1, false, &[text("rule"), integer("before")]),
    table("runs", "runs", 1, true, &[integer("id"), integer("started_at"), text("summary")]),
    table(
        "requests",
        "requests",
        1,
        false,
        &[
            blob("key"),
            blob("body"),
            integer("source"),
            integer("first_ordinal"),
            integer("records"),
            integer("set_aside"),
            integer("dead"),
            integer("at"),
        ],
    ),
    table(
        "tokens",
        "tokens",
        1,
        true,
        &[
            integer("id"),
            text("name"),
            secret("hash"),
            integer("scopes"),
            integer("per_minute"),
            integer("created_at"),
            integer("revoked_at"),
        ],
    ),
    table(
        "choices",
        "choices",
        1,
        true,
        &[
            integer("id"),
            integer("at"),
            text("alert"),
            integer("pattern"),
            text("type"),
            text("proposed"),
            text("chosen"),
            integer("verdict"),
            text("analyst"),
            text("reason"),
            text("outcome"),
            integer("outcome_at"),
        ],
    ),
    table(
        "outbox",
        "deliveries",
        1,
        true,
        &[
            integer("id"),
            text("target"),
            integer("state"),
            blob("key"),
            text("body"),
            integer("at"),
            integer("attempts"),
            integer("next_at"),
            text("error"),
        ],
    ),
    table(
        "outbox_targets",
        "targets of deliveries",
        1,
        false,
        &[text("target"), integer("waiting"), integer("bytes"), integer("dead"), integer("dropped")],
    ),
    table("measured_users", "measured users", 1, false, &[text("user"), integer("version"), blob("value")]),
    table(
        "measurement_dead",
        "measurements not judged",
        1,
        true,
        &[integer("id"), text("measurement"), integer("attempts"), text("reason"), integer("at")],
    ),
    table(
        "measurement_dead_dropped",
        "counts of measurements dropped",
        1,
        false,
        &[integer("id"), integer("count")],
    ),
];

#[cfg(test)]
mod tests;
