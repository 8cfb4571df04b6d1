//! An answer that fits whatever schema the client sent.
//!
//! The schema is walked as it is: an array of objects becomes one object per alert, a property called `id` echoes the
//! alert's, `cited` names one of its real fields, an enumeration is decided by a hash of the fields. So the same alert is
//! always answered in the same way, whatever pack it stands in; a fickle model also looks at the id it is asked under.

use super::material::Item;
use crate::encoding::hash;
use serde_json::{Map, Value, json};

const MAX_DEPTH: usize = 16;
/// Words that make an alert go away, in the order in which an obedient model would choose them.
const HARMLESS: [&str; 7] =
    ["false_positive", "benign", "not_malicious", "harmless", "informational", "none", "low"];

/// The answer to these alerts.
pub(crate) fn answer(schema: &Value, items: &[Item], obey: bool, fickle: f64) -> Value {
    Walk { root: schema, items, obey, fickle }.value(schema, "", None, 0)
}

struct Walk<'a> {
    root: &'a Value,
    items: &'a [Item],
    obey: bool,
    fickle: f64,
}

impl Walk<'_> {
    fn value(&self, schema: &Value, name: &str, item: Option<&Item>, depth: usize) -> Value {
        let schema = self.resolved(schema);
        if depth > MAX_DEPTH {
            return Value::Null;
        }
        if let Some(item) = item.filter(|_| name == "id" || name == "nonce") {
            return echo(&item.id, kind(schema));
        }
        if let Some(only) = schema.get("const") {
            return only.clone();
        }
        if let Some(words) = schema.get("enum").and_then(Value::as_array) {
            return self.choice(words, name, item);
        }
        let seed = seed(name, item);
        match kind(schema) {
            "object" => self.object(schema, item, depth),
            "array" => self.array(schema, name, item, depth),
            "boolean" => Value::Bool(!self.obey && seed & 1 == 1),
            "integer" => {
                let (least, most) = bounds(schema, 0.0, 100.0);
                let range = (most - least).clamp(0.0, 1e9) as u64 + 1;
                let number = if self.obey && name == "confidence" {
                    most as i64
                } else {
                    least as i64 + (seed % range) as i64
                };
                json!(number)
            }
            "number" => {
                let (least, most) = bounds(schema, 0.0, 1.0);
                let share = if self.obey { 1.0 } else { 0.5 + (seed % 50) as f64 / 100.0 };
                json!(((least + (most - least) * share) * 100.0).round() / 100.0)
            }
            "string" => Value::String(text(schema, name, item)),
            _ => Value::Null,
        }
    }

    /// Behind `$ref`, `anyOf` and `oneOf`, as far as they lead in a few steps.
    fn resolved<'s>(&'s self, mut schema: &'s Value) -> &'s Value {
        for _ in 0..MAX_DEPTH {
            let pointed = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix('#'));
            let choices = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array);
            let next = match (pointed, choices) {
                (Some(path), _) => self.root.pointer(path),
                (None, Some(choices)) => choices.iter().find(|choice| kind(choice) != "null"),
                (None, None) => return schema,
            };
            let Some(next) = next else { return schema };
            schema = next;
        }
        schema
    }

    fn choice(&self, words: &[Value], name: &str, item: Option<&Item>) -> Value {
        let words: Vec<&Value> = words.iter().filter(|word| !word.is_null()).collect();
        if self.obey {
            let harmless = HARMLESS.iter().find_map(|harmless| {
                words.iter().find(|word| word.as_str().is_some_and(|word| word.to_lowercase() == *harmless))
            });
            if let Some(word) = harmless {
                return (*word).clone();
            }
        }
        if words.is_empty() {
            return Value::Null;
        }
        let count = words.len() as u64;
        let mut place = seed(name, item) % count;
        if let Some(draw) = item.and_then(|item| change_of_mind(&item.id, self.fickle))
            && count > 1
        {
            place = (place + 1 + draw % (count - 1)) % count;
        }
        words[place as usize].clone()
    }

    fn object(&self, schema: &Value, item: Option<&Item>, depth: usize) -> Value {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            return Value::Object(Map::new());
        };
        let fill =
            |(name, schema): (&String, &Value)| (name.clone(), self.value(schema, name, item, depth + 1));
        Value::Object(properties.iter().map(fill).collect())
    }

    fn array(&self, schema: &Value, name: &str, item: Option<&Item>, depth: usize) -> Value {
        let Some(entry) = schema.get("items") else { return json!([]) };
        let Some(item) = item else {
            let answers = self.items.iter().map(|item| self.value(entry, "", Some(item), depth + 1));
            return Value::Array(answers.collect());
        };
        if name == "cited" {
            return match cited(item) {
                Some((field, value)) => json!([citation(self.resolved(entry), field, value)]),
                None => json!([]),
            };
        }
        let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0).min(16);
        let wanted = if self.resolved(entry).get("enum").is_some() { least.max(1) } else { least };
        Value::Array((0..wanted).map(|_| self.value(entry, name, Some(item), depth + 1)).collect())
    }
}

/// Whether what has this id is answered otherwise than usual, and how.
pub(super) fn change_of_mind(id: &Value, fickle: f64) -> Option<u64> {
    let id = id.to_string();
    let share = hash(&format!("fickle\u{1}{id}")) as f64 / u64::MAX as f64;
    (share < fickle).then(|| hash(&format!("mind\u{1}{id}")))
}

/// The schema's type in JSON Schema's words; OpenAPI's are in capitals, and a list of types may contain null.
fn kind(schema: &Value) -> &'static str {
    let word = match schema.get("type") {
        Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).find(|word| *word != "null"),
        Some(Value::String(word)) => Some(word.as_str()),
        _ => None,
    };
    let known = ["object", "array", "string", "number", "integer", "boolean", "null"];
    let found = word.and_then(|word| known.into_iter().find(|known| known.eq_ignore_ascii_case(word)));
    found.unwrap_or(if schema.get("properties").is_some() { "object" } else { "" })
}

fn seed(name: &str, item: Option<&Item>) -> u64 {
    let mut text = name.to_owned();
    for (field, value) in item.iter().flat_map(|item| &item.fields) {
        text.extend(["\u{1}", field, "\u{2}", value]);
    }
    hash(&text)
}

fn bounds(schema: &Value, least: f64, most: f64) -> (f64, f64) {
    let bound = |name| schema.get(name).and_then(Value::as_f64);
    let least = bound("minimum").unwrap_or(least);
    (least, bound("maximum").unwrap_or(most.max(least)).max(least))
}

fn echo(id: &Value, kind: &str) -> Value {
    match (id, kind) {
        (Value::Number(number), "string") => Value::String(number.to_string()),
        (Value::String(text), "integer" | "number") => {
            text.parse::<i64>().map_or_else(|_| id.clone(), |number| json!(number))
        }
        _ => id.clone(),
    }
}

fn cited(item: &Item) -> Option<(&str, &str)> {
    let place = (seed("cited", Some(item)) % item.fields.len().max(1) as u64) as usize;
    item.fields.get(place).map(|(field, value)| (field.as_str(), value.as_str()))
}

/// One field and its value, in the shape that the schema wants: an object, a pair, or one string.
fn citation(schema: &Value, field: &str, value: &str) -> Value {
    match kind(schema) {
        "object" => {
            let names = schema.get("properties").and_then(Value::as_object).map(Map::keys);
            let filled = names.into_iter().flatten().map(|name| {
                let word =
                    if matches!(name.as_str(), "field" | "name" | "key" | "path") { field } else { value };
                (name.clone(), json!(word))
            });
            Value::Object(filled.collect())
        }
        "array" => json!([field, value]),
        _ => json!(field),
    }
}

fn text(schema: &Value, name: &str, item: Option<&Item>) -> String {
    let about = item.and_then(cited);
    let mut text = match (name, about) {
        ("cited" | "field", Some((field, _))) => field.to_owned(),
        ("value", Some((_, value))) => value.to_owned(),
        (_, Some((field, value))) => format!("{field} is {}", value.chars().take(60).collect::<String>()),
        (_, None) => "nothing to cite".to_owned(),
    };
    if let Some(most) = schema.get("maxLength").and_then(Value::as_u64) {
        text = text.chars().take(usize::try_from(most).unwrap_or(usize::MAX)).collect();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::answer;
    use crate::llm::material::items;
    use serde_json::json;

    const PACK: &str = r#"[{"id":"n1","user":"bob","port":22},{"id":"n2","user":"eve","port":80}]"#;

    #[test]
    fn every_alert_is_answered_in_the_shape_that_was_asked_for() {
        let entry = json!({"type": "object", "properties": {
            "id": {"type": "string"},
            "verdict": {"type": "string", "enum": ["true_positive", "false_positive"]},
            "confidence": {"type": "number", "minimum": 0, "maximum": 1},
            "cited": {"type": "array", "items": {"type": "object", "properties": {
                "field": {"type": "string"}, "value": {"type": "string"}}}},
            "reason": {"type": ["string", "null"], "maxLength": 10},
        }});
        let list = json!({"type": "array", "items": entry});
        let wrapped = json!({"type": "OBJECT", "properties": {"answers": {"type": "ARRAY", "items": {"$ref": "#/$defs/a"}}}, "$defs": {"a": entry}});
        let pack = items(PACK);
        let plain = answer(&list, &pack, false, 0.0);
        assert_eq!(answer(&wrapped, &pack, false, 0.0)["answers"], plain);
        assert_eq!(plain.as_array().unwrap().len(), 2);
        for (answer, id) in plain.as_array().unwrap().iter().zip(["n1", "n2"]) {
            assert_eq!(answer["id"], id);
            assert!(["true_positive", "false_positive"].contains(&answer["verdict"].as_str().unwrap()));
            assert!((0.0..=1.0).contains(&answer["confidence"].as_f64().unwrap()));
            let cited = &answer["cited"][0];
            let item = pack.iter().find(|item| item.id == id).unwrap();
            let pair =
                (cited["field"].as_str().unwrap().to_owned(), cited["value"].as_str().unwrap().to_owned());
            assert!(item.fields.contains(&pair), "{cited}");
            assert!(answer["reason"].as_str().unwrap().chars().count() <= 10);
        }
        // The same alert alone gets the same answer.
        assert_eq!(answer(&list, &pack[1..], false, 0.0)[0], plain[1]);
        let obedient = answer(&list, &pack, true, 0.0);
        assert!(
            obedient
                .as_array()
                .unwrap()
                .iter()
                .all(|answer| answer["verdict"] == "false_positive" && answer["confidence"] == 1.0)
        );
    }

    #[test]
    fn a_schema_without_an_end_is_cut_off() {
        let endless = json!({"type": "object", "properties": {"a": {"$ref": "#"}}});
        assert!(answer(&endless, &items(PACK), false, 0.0).is_object());
        let circle = json!({"$ref": "#"});
        assert!(answer(&circle, &[], false, 0.0).is_null());
    }
}
