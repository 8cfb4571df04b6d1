//! Walks any JSON object and hands over its leaves by dotted path.
//!
//! Formats whose keys may be nested (`{"source":{"ip":…}}`), dotted (`{"source.ip":…}`) or both, as Elastic's are,
//! can't be read by a fixed struct. Here both arrive as `source.ip`. So do the records of mapping files.

use super::scalar::Scalar;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Objects and arrays nested deeper than this are an error.
const MAX_DEPTH: usize = 64;

/// Calls `leaf` with the dotted path and value of every scalar in the JSON object `json`, in document order. Elements
/// of an array come one after another under the array's own path; `null` is not reported.
pub fn leaves<'a>(json: &'a str, leaf: &mut dyn FnMut(&str, Scalar<'a>)) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let mut path = String::with_capacity(64);
    Walk { path: &mut path, leaf, depth: 0 }.deserialize(&mut deserializer)?;
    deserializer.end()
}

struct Walk<'w, 'a> {
    path: &'w mut String,
    leaf: &'w mut dyn FnMut(&str, Scalar<'a>),
    depth: usize,
}

impl<'de> Walk<'_, 'de> {
    fn put(self, scalar: Scalar<'de>) {
        (self.leaf)(self.path, scalar);
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<(), E> {
        self.put(Scalar::Text(text.into()));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.put(Scalar::Text(text.to_owned().into()));
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.put(Scalar::Unsigned(number));
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.put(Scalar::Signed(number));
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.put(Scalar::Float(number));
        Ok(())
    }

    fn visit_bool<E>(self, truth: bool) -> Result<(), E> {
        self.put(Scalar::Bool(truth));
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        if self.depth >= MAX_DEPTH {
            return Err(A::Error::custom("nested deeper than 64 levels"));
        }
        loop {
            let walk = Walk { path: self.path, leaf: self.leaf, depth: self.depth + 1 };
            if seq.next_element_seed(walk)?.is_none() {
                return Ok(());
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if self.depth >= MAX_DEPTH {
            return Err(A::Error::custom("nested deeper than 64 levels"));
        }
        let before = self.path.len();
        while let Some(key) = map.next_key_seed(Key)? {
            if before > 0 {
                self.path.push('.');
            }
            self.path.push_str(&key);
            map.next_value_seed(Walk { path: self.path, leaf: self.leaf, depth: self.depth + 1 })?;
            self.path.truncate(before);
        }
        Ok(())
    }
}

struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = std::borrow::Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = std::borrow::Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(key.into())
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(key.to_owned().into())
    }
}

#[cfg(test)]
mod tests {
    use super::leaves;

    fn paths(json: &str) -> Vec<String> {
        let mut found = Vec::new();
        leaves(json, &mut |path, scalar| {
            found.push(format!("{path}={}", scalar.into_text().unwrap_or_default()));
        })
        .unwrap();
        found
    }

    #[test]
    fn nested_and_dotted_keys_meet() {
        assert_eq!(paths(r#"{"source":{"ip":"192.0.2.1"}}"#), paths(r#"{"source.ip":"192.0.2.1"}"#));
        assert_eq!(paths(r#"{"a":[{"b":1},{"b":2}],"c":null,"d":[true]}"#), ["a.b=1", "a.b=2", "d=true"]);
    }

    #[test]
    fn depth_is_bounded() {
        let deep = format!("{}1{}", r#"{"a":"#.repeat(70), "}".repeat(70));
        assert!(leaves(&deep, &mut |_, _| ()).is_err());
    }
}
