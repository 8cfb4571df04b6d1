//! Stores made up by chance: every table with records of every shape that it can hold, the same for a seed.

use crate::records::tables::{Column, Kind, Record, TABLES, Table, Value};
use crate::{Location, Store};
use rusqlite::params_from_iter;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Columns that may hold nothing.
const NULLABLE: [&str; 15] = [
    "src",
    "dst",
    "user",
    "cost_nano",
    "number",
    "evidence",
    "per_minute",
    "revoked_at",
    "outcome",
    "outcome_at",
    "checked_at",
    "status",
    "link_hash",
    "content_hash",
    "length",
];
/// Texts that no two records of a table share.
const DISTINCT: [(&str, &str); 4] = [
    ("measurement_dead", "measurement"),
    ("feeds", "added_url"),
    ("entity_names", "value"),
    ("profiles", "user"),
];
/// Numbers that no two records of a table share, or not together with what stands beside them.
const NUMBERED: [(&str, &str); 3] =
    [("dead_letters", "ordinal"), ("articles", "guid"), ("location_queue", "article")];
/// Columns of small numbers: those of verdicts, severities, kinds, states, bits.
const SMALL: [&str; 9] =
    ["verdict", "severity", "priority", "volume", "decider", "state", "kind", "reputation", "scopes"];
/// Columns that say yes or no.
const TRUTHS: [&str; 3] = ["whole", "undone", "decided"];
/// Columns of counts and times, which are never negative.
const COUNTS: [&str; 26] = [
    "id",
    "ordinal",
    "first_ordinal",
    "line",
    "records",
    "attempts",
    "items",
    "input",
    "cached_input",
    "cache_write",
    "output",
    "thinking",
    "latency_ms",
    "checks",
    "requests",
    "set_aside",
    "dead",
    "per_minute",
    "waiting",
    "bytes",
    "dropped",
    "version",
    "count",
    "head_len",
    "alerts",
    "source",
];
/// Words that servers take for something else, or can't hold as they are.
const TRAPS: [&str; 14] = [
    "",
    "\0",
    "a\0b",
    "\u{1}",
    "\u{1}\u{1}\u{2}\0",
    "\\N",
    "\\x00",
    "NULL",
    "é",
    "日本語",
    "🔥\u{10ffff}",
    "'; DROP TABLE alerts; --",
    "{\"a\": 1}",
    "\u{feff}\r\n\t",
];

/// SplitMix64 (Steele, Lea and Flood 2014): chance that is the same on every store, without a crate for it.
pub struct Chance(pub u64);

impl Chance {
    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.number() % bound.max(1)
    }

    fn text(&mut self) -> String {
        let mut text = String::new();
        if self.below(3) == 0 {
            text.push_str(TRAPS[self.below(TRAPS.len() as u64) as usize]);
        }
        for _ in 0..self.below(20) {
            text.push(char::from(b' ' + self.below(95) as u8));
        }
        text
    }

    fn bytes(&mut self, length: u64) -> Vec<u8> {
        (0..length).map(|_| self.number() as u8).collect()
    }
}

/// A store in memory, with up to `most` records in each table.
pub fn store(seed: u64, most: u64) -> Arc<Store> {
    let Ok(store) = Store::open(&Location::Memory) else { panic!("a store in memory") };
    let mut chance = Chance(seed);
    for table in &TABLES {
        let count = if table.name == "measurement_dead_dropped" { 0 } else { chance.below(most + 1) };
        let records = records(table, count, &mut chance);
        add(&store, table, &records);
    }
    Arc::new(store)
}

/// Records of a table, in the order of their keys.
pub fn records(table: &Table, count: u64, chance: &mut Chance) -> Vec<Record> {
    let mut keys = BTreeSet::new();
    let mut records = Vec::new();
    for number in 0..count {
        let mut record: Record =
            table.columns.iter().map(|column| value(table, column, number, chance)).collect();
        // Numbers are given in order, with holes.
        if table.is_numbered {
            record[0] = Value::Integer((number * 3 + chance.below(3) + 1) as i64);
        }
        let key = record[..table.key].iter().map(|value| value.shown(usize::MAX)).collect::<Vec<_>>();
        if keys.insert(key) {
            records.push(record);
        }
    }
    records
}

/// Writes records into a table as they are.
pub fn add(store: &Store, table: &Table, records: &[Record]) {
    let connection = store.writer();
    let places = vec!["?"; table.columns.len()].join(", ");
    let text = format!("INSERT INTO {} ({}) VALUES ({places})", table.name, table.names());
    for record in records {
        let added =
            connection.prepare_cached(&text).and_then(|mut insert| insert.execute(params_from_iter(record)));
        assert!(added.is_ok(), "{}: {added:?} {record:?}", table.name);
    }
}

/// Runs SQL on a store, for what nobody does but a test.
pub fn disturb(store: &Store, text: &str) {
    let done = store.writer().execute_batch(text);
    assert!(done.is_ok(), "{text}: {done:?}");
}

fn value(table: &Table, column: &Column, number: u64, chance: &mut Chance) -> Value {
    let is_key = table.key_columns().contains(column);
    if NULLABLE.contains(&column.name) && !is_key && chance.below(3) == 0 {
        // In some tables the column of this name always holds something.
        let always = [("profiles", "user"), ("outbox", "outcome"), ("ledger", "outcome")];
        if !always.contains(&(table.name, column.name)) {
            return Value::Null;
        }
    }
    match column.kind {
        Kind::Integer if TRUTHS.contains(&column.name) => Value::Integer(chance.below(2) as i64),
        Kind::Integer if SMALL.contains(&column.name) => Value::Integer(chance.below(101) as i64),
        Kind::Integer if COUNTS.contains(&column.name) => {
            let bits = 1 + chance.below(30);
            Value::Integer(chance.below(1 << bits) as i64)
        }
        Kind::Integer if NUMBERED.contains(&(table.name, column.name)) => {
            Value::Integer((number * 5 + chance.below(5)) as i64)
        }
        Kind::Integer if column.name == "time" => {
            // Mostly of a few months, and some that nobody believes.
            Value::Integer(match chance.below(10) {
                0 => chance.number() as i64,
                1 => 0,
                _ => 1_700_000_000_000 + chance.below(20_000_000_000) as i64,
            })
        }
        Kind::Integer => Value::Integer((chance.number() >> chance.below(64)) as i64),
        Kind::Real => Value::Real([0.0, 1.0, 0.1 + 0.2, f64::MIN_POSITIVE, 0.875][chance.below(5) as usize]),
        Kind::Text if DISTINCT.contains(&(table.name, column.name)) => {
            Value::Text(format!("{number} {}", chance.text()))
        }
        Kind::Text => Value::Text(chance.text()),
        Kind::Blob if ["tag", "decided", "key", "pattern_key", "version"].contains(&column.name) => {
            let length = match (table.name, column.name) {
                (_, "tag") => 5,
                ("requests", "key") => 32,
                _ => 16,
            };
            Value::Blob(chance.bytes(length))
        }
        Kind::Blob if ["hash", "head_hash", "body"].contains(&column.name) || column.is_secret => {
            Value::Blob(chance.bytes(32))
        }
        Kind::Blob => {
            let length = chance.below(200);
            Value::Blob(chance.bytes(length))
        }
    }
}
