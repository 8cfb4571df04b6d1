//! Every table of records, as both stores have it: for whoever goes through all of them, to copy or to compare.
//!
//! A table is its columns, with those of its key first: records are read, copied and compared in the order of their keys.
//! Numbers compare as numbers, texts and bytes by their bytes, whatever a server's own order is.

use std::cmp::Ordering;

mod keys;
mod list;

pub use keys::{compare_keys, key_from_bytes, key_to_bytes};
pub use list::TABLES;

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

#[cfg(test)]
mod tests;
