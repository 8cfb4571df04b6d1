//! Reading JSON of services that are not sure of their own types.
//!
//! abuse.ch writes counts as text, and text where a list would be empty. Lists are kept up to a bound, and counted
//! beyond it.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// Items of a list that are kept.
const MAX_KEPT: usize = 64;

/// A list: its first items, and how many there are. Anything but a list is an empty one.
#[derive(Debug)]
pub(super) struct Few<T> {
    /// The first 64.
    pub items: Vec<T>,
    /// All of them.
    pub total: u64,
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self { items: Vec::new(), total: 0 }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Few<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FewVisitor(PhantomData))
    }
}

struct FewVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for FewVisitor<T> {
    type Value = Few<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut few = Few::default();
        while few.items.len() < MAX_KEPT {
            let Some(item) = list.next_element()? else { return Ok(few) };
            few.items.push(item);
            few.total += 1;
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            few.total += 1;
        }
        Ok(few)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Few::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Few::default())
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Few::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Few::default())
    }
}

/// A count: a number, or a number as text. `None` for anything else that stands in its place.
pub(super) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    struct Count;
    impl<'de> Visitor<'de> for Count {
        type Value = Option<u64>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a count")
        }

        fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
            Ok(Some(number))
        }

        fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
            Ok(u64::try_from(number).ok())
        }

        fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
            Ok((number.is_finite() && number >= 0.0).then_some(number as u64))
        }

        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(text.trim().parse().ok())
        }

        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok(None)
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(None)
        }
    }
    deserializer.deserialize_any(Count)
}

#[cfg(test)]
mod tests {
    use super::{Few, count};
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Counted {
        #[serde(default, deserialize_with = "count")]
        n: Option<u64>,
    }

    #[test]
    fn a_count_is_read_as_number_or_text() {
        let read = |json: &str| serde_json::from_str::<Counted>(json).map(|counted| counted.n).ok();
        assert_eq!(read(r#"{"n": 3}"#), Some(Some(3)));
        assert_eq!(read(r#"{"n": "3"}"#), Some(Some(3)));
        for none in [r#"{"n": -3}"#, r#"{"n": "many"}"#, r#"{"n": null}"#, r#"{"n": [1]}"#, "{}"] {
            assert_eq!(read(none), Some(None), "{none}");
        }
    }

    #[test]
    fn a_long_list_is_counted_and_its_head_kept() {
        let long = format!("[{}1]", "1,".repeat(999));
        let few: Few<u64> = serde_json::from_str(&long).unwrap();
        assert_eq!((few.items.len(), few.total), (64, 1000));
        for none in ["null", "\"no results\"", "{\"a\": [1]}", "false", "[]"] {
            assert_eq!(serde_json::from_str::<Few<u64>>(none).unwrap().total, 0, "{none}");
        }
        assert!(serde_json::from_str::<Few<u64>>("[1, \"x\"]").is_err());
    }
}
