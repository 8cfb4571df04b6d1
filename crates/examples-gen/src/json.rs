//! A JSON tree that keeps its keys in the order they were put in.
//!
//! Every product writes its keys in an order of its own, and people who read raw alerts know it: EVE starts with the
//! timestamp, GuardDuty with the schema version. `serde_json::Value` sorts them, unless a feature is switched on that
//! would then hold for every crate of the workspace. Hence this small tree.

use serde::ser::{Serialize, SerializeMap, Serializer};

/// A JSON value.
#[derive(Debug, Clone)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Whole(i64),
    /// Any other number.
    Float(f64),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object.
    Object(Object),
}

/// A JSON object whose keys stay in order.
#[derive(Debug, Clone, Default)]
pub struct Object(Vec<(&'static str, Json)>);

impl Object {
    /// An object without keys.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The object with one more key.
    pub fn with(mut self, key: &'static str, value: impl Into<Json>) -> Self {
        self.0.push((key, value.into()));
        self
    }

    /// The object with one more key if there is a value for it.
    pub fn with_some(self, key: &'static str, value: Option<impl Into<Json>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// The object with all keys of another one after its own.
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Keys and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Json)> {
        self.0.iter().map(|(key, value)| (*key, value))
    }

    /// The object on one line, without a line break at the end.
    pub fn line(&self) -> String {
        // Keys are strings and numbers are finite, so there is nothing that serde_json could refuse.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Json {
    /// The value as plain text: a string without its quotes, anything else as JSON.
    pub fn plain(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            other => serde_json::to_string(other).unwrap_or_default(),
        }
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(truth) => serializer.serialize_bool(*truth),
            Self::Whole(number) => serializer.serialize_i64(*number),
            Self::Float(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(list) => list.serialize(serializer),
            Self::Object(object) => object.serialize(serializer),
        }
    }
}

impl From<bool> for Json {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Self {
        Self::Whole(number)
    }
}

impl From<u32> for Json {
    fn from(number: u32) -> Self {
        Self::Whole(i64::from(number))
    }
}

impl From<u16> for Json {
    fn from(number: u16) -> Self {
        Self::Whole(i64::from(number))
    }
}

impl From<u8> for Json {
    fn from(number: u8) -> Self {
        Self::Whole(i64::from(number))
    }
}

impl From<f64> for Json {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Object> for Json {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

impl<T: Into<Json>> From<Vec<T>> for Json {
    fn from(list: Vec<T>) -> Self {
        Self::List(list.into_iter().map(Into::into).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{Json, Object};

    #[test]
    fn keys_stay_in_order_and_control_characters_are_escaped() {
        let object = Object::new()
            .with("z", 1_i64)
            .with("a", vec!["x", "\u{1b}[2J"])
            .with("n", Json::Null)
            .with_some("left out", None::<bool>);
        assert_eq!(object.line(), r#"{"z":1,"a":["x","\u001b[2J"],"n":null}"#);
    }
}
