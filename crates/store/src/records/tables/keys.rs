//! Keys of records: their order, and as bytes.

use super::Value;
use std::cmp::Ordering;

/// Bytes of a key, as it is written down, at most: that of an indicator with its service.
const MOST_KEY_BYTES: usize = 1 << 20;

/// The order of two keys.
pub fn compare_keys(one: &[Value], two: &[Value]) -> Ordering {
    let first = one.iter().zip(two).map(|(one, two)| one.compare(two)).find(|order| order.is_ne());
    first.unwrap_or_else(|| one.len().cmp(&two.len()))
}

/// A key as bytes, so that a store can note how far a copy has come.
pub fn key_to_bytes(key: &[Value]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for value in key {
        bytes.push(value.rank());
        let (number, rest): (u64, &[u8]) = match value {
            Value::Null => (0, &[]),
            Value::Integer(number) => (*number as u64, &[]),
            Value::Real(number) => (number.to_bits(), &[]),
            Value::Text(text) => (text.len() as u64, text.as_bytes()),
            Value::Blob(blob) => (blob.len() as u64, blob),
        };
        bytes.extend(number.to_le_bytes());
        bytes.extend(rest);
    }
    bytes
}

/// The key that these bytes were made of; `None` if they were made of none.
pub fn key_from_bytes(mut bytes: &[u8]) -> Option<Vec<Value>> {
    let mut key = Vec::new();
    while let Some((rank, rest)) = bytes.split_first() {
        let (number, rest) = rest.split_first_chunk()?;
        let number = u64::from_le_bytes(*number);
        let length = usize::try_from(number).ok().filter(|length| *length <= MOST_KEY_BYTES);
        bytes = rest;
        key.push(match rank {
            0 => Value::Null,
            1 => Value::Integer(number as i64),
            2 => Value::Real(f64::from_bits(number)),
            3 | 4 => {
                let (value, rest) = bytes.split_at_checked(length?)?;
                bytes = rest;
                if *rank == 3 {
                    Value::Text(String::from_utf8(value.to_vec()).ok()?)
                } else {
                    Value::Blob(value.to_vec())
                }
            }
            _ => return None,
        });
    }
    Some(key)
}
