//! What a prompt asks about: the alerts in its user message.
//!
//! How a client wraps them is its own affair, so they are looked for leniently: the JSON array with the most objects that
//! have an `id`, wherever it begins in the text; else the objects that stand on their own, as in JSON lines.

use serde_json::{Deserializer, Value};

/// Places at which an array or object is tried; a text with more brackets is not read further.
const MAX_TRIES: usize = 4096;
const MAX_DEPTH: usize = 8;

/// One alert of a pack.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item {
    /// What the answer echoes.
    pub id: Value,
    /// Names and values of its fields, flat.
    pub fields: Vec<(String, String)>,
}

/// The alerts in a text.
pub(crate) fn items(text: &str) -> Vec<Item> {
    let mut best = Vec::new();
    for value in values(text, '[') {
        let Value::Array(entries) = value else { continue };
        let found: Vec<Item> = entries.iter().filter_map(item).collect();
        if found.len() > best.len() {
            best = found;
        }
    }
    if best.is_empty() {
        best = values(text, '{').iter().filter_map(item).collect();
    }
    best
}

/// The JSON values that begin with this bracket, outermost only.
fn values(text: &str, bracket: char) -> Vec<Value> {
    let (mut found, mut from) = (Vec::new(), 0);
    for _ in 0..MAX_TRIES {
        let Some(place) = text.get(from..).and_then(|rest| rest.find(bracket)).map(|place| from + place)
        else {
            break;
        };
        let mut stream = Deserializer::from_str(&text[place..]).into_iter::<Value>();
        match stream.next() {
            Some(Ok(value)) => {
                from = place + stream.byte_offset().max(1);
                found.push(value);
            }
            _ => from = place + 1,
        }
    }
    found
}

fn item(value: &Value) -> Option<Item> {
    let object = value.as_object()?;
    let id = object.get("id").or_else(|| object.get("nonce"))?;
    let mut fields = Vec::new();
    for (name, value) in object {
        if name != "id" && name != "nonce" {
            flatten(name, value, 0, &mut fields);
        }
    }
    Some(Item { id: id.clone(), fields })
}

fn flatten(name: &str, value: &Value, depth: usize, fields: &mut Vec<(String, String)>) {
    if depth > MAX_DEPTH {
        return;
    }
    match value {
        Value::Null => {}
        Value::String(text) => fields.push((name.to_owned(), text.clone())),
        Value::Bool(_) | Value::Number(_) => fields.push((name.to_owned(), value.to_string())),
        Value::Object(object) => {
            let text = |key| object.get(key).and_then(Value::as_str);
            if let (Some(name), Some(value)) = (text("name").or_else(|| text("field")), text("value")) {
                fields.push((name.to_owned(), value.to_owned()));
                return;
            }
            for (name, value) in object {
                flatten(name, value, depth + 1, fields);
            }
        }
        Value::Array(values) => {
            if let [Value::String(name), Value::String(value)] = values.as_slice() {
                fields.push((name.clone(), value.clone()));
                return;
            }
            for value in values {
                flatten(name, value, depth + 1, fields);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::items;

    #[test]
    fn alerts_are_found_however_they_are_wrapped() {
        let plain = r#"[{"id":"a1","fields":{"user":"bob","n":3}},{"id":"b2","fields":{"user":"eve"}}]"#;
        let wrapped = format!("Judge [these] alerts:\n<data>\n{plain}\n</data> Answer [now.");
        let within = format!(r#"{{"alerts":{plain},"known":["x"]}}"#);
        let lines = "{\"id\":\"a1\",\"user\":\"bob\",\"n\":3}\n{\"id\":\"b2\",\"user\":\"eve\"}\n";
        for text in [plain, &wrapped, &within, lines] {
            let items = items(text);
            assert_eq!(items.len(), 2, "{text}");
            assert_eq!(items[0].id, "a1");
            assert!(items[0].fields.contains(&("user".to_owned(), "bob".to_owned())), "{text}");
            assert!(items[0].fields.contains(&("n".to_owned(), "3".to_owned())), "{text}");
        }
        assert!(items("nothing here").is_empty());
        assert!(items(&"[".repeat(100_000)).is_empty());
    }

    #[test]
    fn pairs_are_fields_in_every_notation() {
        for fields in [r#"[["user","bob"]]"#, r#"[{"name":"user","value":"bob"}]"#, r#"{"user":"bob"}"#] {
            let items = items(&format!(r#"[{{"id":1,"fields":{fields}}}]"#));
            assert_eq!(items[0].fields, [("user".to_owned(), "bob".to_owned())], "{fields}");
        }
    }
}
