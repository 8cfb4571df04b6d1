//! A JSON value taken as text, whatever its type.
//!
//! Products change their minds: Wazuh writes a level as `5` or `"5"`, a port as a number or a string, and a field that
//! was text for years becomes an array. A reader that insists on a type loses the alert over a field it may not even
//! need. A [`Scalar`] takes what comes, and an array or object where text was expected counts as absent.

use crate::Timestamp;
use serde::de::value::{MapAccessDeserializer, MapDeserializer};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

/// Text, number, truth, or nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Scalar<'a> {
    /// `null`, an object, an empty array, or the key was missing.
    #[default]
    Absent,
    /// A string, borrowed unless it held escapes.
    Text(Cow<'a, str>),
    /// A whole number, not negative.
    Unsigned(u64),
    /// A negative whole number.
    Signed(i64),
    /// Any other number.
    Float(f64),
    /// `true` or `false`.
    Bool(bool),
}

impl<'a> Scalar<'a> {
    /// Its text, or `None` if it is absent.
    pub fn into_text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Absent => None,
            Self::Text(text) => Some(text),
            Self::Unsigned(number) => Some(Cow::Owned(number.to_string())),
            Self::Signed(number) => Some(Cow::Owned(number.to_string())),
            // Debug writes 1e308 with six characters, Display with 309.
            Self::Float(number) if number.abs() >= 1e15 => Some(Cow::Owned(format!("{number:?}"))),
            Self::Float(number) => Some(Cow::Owned(number.to_string())),
            Self::Bool(truth) => Some(Cow::Borrowed(if truth { "true" } else { "false" })),
        }
    }

    /// Its text, or `None` if it says nothing: it is absent, empty or `-`.
    pub fn into_content(self) -> Option<Cow<'a, str>> {
        self.into_text().filter(|text| !text.is_empty() && text != "-")
    }

    /// Its text if it is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Its value as a number; digits in a string count.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Unsigned(number) => Some(*number as f64),
            Self::Signed(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
            Self::Absent | Self::Bool(_) => None,
        }
    }

    /// Its value as a whole number that is not negative; digits in a string count.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Unsigned(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Float(number) if *number >= 0.0 && *number < 1e18 => Some(*number as u64),
            _ => None,
        }
    }

    /// A time, whether text or number.
    pub fn as_time(&self) -> Option<Timestamp> {
        match self.as_str() {
            Some(text) => Timestamp::parse(text),
            None => self.as_f64().and_then(Timestamp::from_number),
        }
    }

    /// Whether it is absent.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Itself, or `other` where it is absent.
    pub fn or(self, other: Self) -> Self {
        if self.is_absent() { other } else { self }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Scalar::Unsigned(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Signed(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Scalar::Float(number))
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Bool(truth))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Absent)
    }

    /// The first element stands for an array: `["T1110"]`, `signature_severity: ["Major"]`.
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let first = seq.next_element::<Scalar<'de>>()?.unwrap_or_default();
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(first)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Absent)
    }
}

/// A list of texts, where a lone value counts as a list of one and what is not text is dropped.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Texts<'a>(pub Vec<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Texts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextsVisitor;
        impl<'de> Visitor<'de> for TextsVisitor {
            type Value = Texts<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text or an array of text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Texts(vec![Cow::Borrowed(text)]))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Texts(vec![Cow::Owned(text.to_owned())]))
            }

            fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
                Ok(Texts::default())
            }

            fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
                Ok(Texts::default())
            }

            fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
                Ok(Texts::default())
            }

            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Texts::default())
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Texts::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut texts = Vec::new();
                while let Some(element) = seq.next_element::<Scalar<'de>>()? {
                    if let Scalar::Text(text) = element {
                        texts.push(text);
                    }
                }
                Ok(Texts(texts))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Texts::default())
            }
        }
        deserializer.deserialize_any(TextsVisitor)
    }
}

/// An object whose fields a reader wants, where a product may one day write something else. An array stands for its
/// first element; anything that is not an object reads as an object without keys.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        MaybeObject::deserialize(deserializer).map(|object| Self(object.0.unwrap_or_default()))
    }
}

/// Like [`Object`], where it matters whether there is an object at all.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MaybeObject<T>(pub Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for MaybeObject<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = MaybeObject<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(|object| MaybeObject(Some(object)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let first = seq.next_element::<MaybeObject<T>>()?.unwrap_or(MaybeObject(None));
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(first)
            }

            fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
                Ok(MaybeObject(None))
            }

            fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
                Ok(MaybeObject(None))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
                Ok(MaybeObject(None))
            }

            fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
                Ok(MaybeObject(None))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(MaybeObject(None))
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(MaybeObject(None))
            }
        }
        deserializer.deserialize_any(ObjectVisitor(PhantomData))
    }
}

/// Reads a record into a struct; of a key that comes twice, the last value counts.
///
/// Serde's derived structs refuse such a record, which some products write and anybody can: it must not cost the alert.
/// Only then is the record read again, by its top level, whose values may be borrowed, or, where the key is further in,
/// as a whole.
pub fn last_wins<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, serde_json::Error> {
    let error = match serde_json::from_str(json) {
        Err(error) if error.is_data() && error.to_string().contains("duplicate field") => error,
        read => return read,
    };
    let top: BTreeMap<String, &'a RawValue> = serde_json::from_str(json)?;
    if let Ok(read) = T::deserialize(MapDeserializer::<_, serde_json::Error>::new(top.into_iter())) {
        return Ok(read);
    }
    T::deserialize(serde_json::from_str::<serde_json::Value>(json)?).map_err(|_| error)
}

#[cfg(test)]
mod tests {
    use super::{Object, Scalar, Texts, last_wins};

    #[test]
    fn of_a_key_that_comes_twice_the_last_value_counts_at_any_depth() {
        #[derive(serde::Deserialize, Default)]
        #[serde(default, bound(deserialize = "'de: 'a"))]
        struct Outer<'a> {
            a: Scalar<'a>,
            inner: Object<Inner>,
        }
        #[derive(serde::Deserialize, Default)]
        #[serde(default)]
        struct Inner {
            b: u8,
        }
        let read = |json| last_wins::<Outer<'_>>(json).map(|outer| (outer.a.as_u64(), outer.inner.0.b));
        assert_eq!(read(r#"{"a":1,"inner":{"b":2},"a":3}"#).unwrap(), (Some(3), 2));
        assert_eq!(read(r#"{"a":"x","inner":{"b":2,"b":4},"a":"5"}"#).unwrap(), (Some(5), 4));
        assert!(read(r#"{"a":1,"a":2,"inner":{"b":"x"}}"#).unwrap_err().to_string().contains("duplicate"));
        assert!(read(r#"{"a":1,"a":2"#).is_err());
    }

    #[test]
    fn an_object_may_come_in_an_array_or_not_at_all() {
        #[derive(serde::Deserialize, Default)]
        #[serde(default)]
        struct Inner {
            a: u8,
        }
        let read = |json| serde_json::from_str::<Object<Inner>>(json).unwrap().0.a;
        assert_eq!(read(r#"{"a":1}"#), 1);
        assert_eq!(read(r#"[{"a":2},{"a":3}]"#), 2);
        assert_eq!(read(r#""text""#), 0);
        assert_eq!(read("null"), 0);
    }

    #[test]
    fn whatever_comes_is_taken() {
        let read = |json| serde_json::from_str::<Scalar<'_>>(json).unwrap().into_text();
        assert_eq!(read("5").as_deref(), Some("5"));
        assert_eq!(read("\"5\"").as_deref(), Some("5"));
        assert_eq!(read("-1.5").as_deref(), Some("-1.5"));
        assert_eq!(read("1e308").as_deref(), Some("1e308"));
        assert_eq!(read("true").as_deref(), Some("true"));
        assert_eq!(read("[\"a\",{\"b\":1}]").as_deref(), Some("a"));
        assert_eq!(read("{\"a\":[1]}"), None);
        assert_eq!(read("null"), None);
        assert_eq!(serde_json::from_str::<Scalar<'_>>("\" 12 \"").unwrap().as_u64(), Some(12));
    }

    #[test]
    fn one_text_is_a_list_of_one() {
        assert_eq!(serde_json::from_str::<Texts<'_>>("\"a\"").unwrap().0, ["a"]);
        assert_eq!(serde_json::from_str::<Texts<'_>>("[\"a\",1,\"b\"]").unwrap().0, ["a", "b"]);
        assert!(serde_json::from_str::<Texts<'_>>("{}").unwrap().0.is_empty());
    }
}
