use super::{Kind, TABLES, Value, compare_keys, key_from_bytes, key_to_bytes};
use crate::{Location, Store};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Tables that hold no records.
const OTHERS: [&str; 4] = ["sqlite_sequence", "store_copy", "sqlite_stat1", "sqlite_stat4"];

/// Whoever adds a table or a column to the store adds it here too, or a copy would lose it.
#[test]
fn every_column_of_the_store_is_known() {
    let store = Store::open(&Location::Memory).unwrap();
    let connection = store.reader();
    let mut names = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
    let names: BTreeSet<String> =
        names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let known: BTreeMap<&str, _> = TABLES.iter().map(|table| (table.name, table)).collect();
    for name in &names {
        assert!(known.contains_key(name.as_str()) || OTHERS.contains(&name.as_str()), "{name}");
    }
    for table in &TABLES {
        let mut columns = connection.prepare("SELECT name, type, pk FROM pragma_table_info(?1)").unwrap();
        let columns: BTreeMap<String, (String, i64)> = columns
            .query_map([table.name], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(columns.len(), table.columns.len(), "{}: {columns:?}", table.name);
        for (place, column) in table.columns.iter().enumerate() {
            let (kind, key) = &columns[column.name];
            let expected = match column.kind {
                Kind::Integer => "INTEGER",
                Kind::Real => "REAL",
                Kind::Text => "TEXT",
                Kind::Blob => "BLOB",
            };
            assert_eq!(kind, expected, "{}.{}", table.name, column.name);
            assert_eq!(
                *key,
                if place < table.key { place as i64 + 1 } else { 0 },
                "{}.{}",
                table.name,
                column.name
            );
        }
    }
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::Integer),
        any::<u64>().prop_map(|bits| Value::Real(f64::from_bits(bits))),
        ".{0,12}".prop_map(Value::Text),
        prop::collection::vec(any::<u8>(), 0..12).prop_map(Value::Blob),
    ]
}

proptest! {
    #[test]
    fn a_key_comes_back_from_its_bytes(key in prop::collection::vec(value(), 0..4)) {
        let bytes = key_to_bytes(&key);
        prop_assert_eq!(key_from_bytes(&bytes), Some(key));
    }

    #[test]
    fn bytes_of_no_key_are_none_and_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        if let Some(key) = key_from_bytes(&bytes) {
            prop_assert_eq!(key_to_bytes(&key).len(), bytes.len());
        }
    }

    #[test]
    fn the_order_of_keys_is_one(one in prop::collection::vec(value(), 0..3), two in prop::collection::vec(value(), 0..3)) {
        prop_assert_eq!(compare_keys(&one, &two), compare_keys(&two, &one).reverse());
    }
}
