//! An answer about the places of articles.
//!
//! Such a question is known by its schema: a list of objects that have `places`, each with a `name`. The answer names the
//! countries and capitals of a small list that stand in an article with a capital letter, in the order in which they do.
//! What stands in the title, or near the text's head, is what it is about; the rest is mentioned.

use super::material::Item;
use super::schema::change_of_mind;
use crate::gazetteer::spots;
use serde_json::{Map, Value, json};

/// Places of one article, at most.
const MAX_PLACES: usize = 20;
/// What stands within so many bytes of the text's beginning is what it is about.
const HEAD: usize = 200;
/// A place that no article speaks of.
const NOWHERE: &str = "Atlantis";

/// The name of the list of answers, and the shape of a place; `None` if places are not what is asked for.
fn wanted(schema: &Value) -> Option<(&str, &Map<String, Value>)> {
    schema.get("properties")?.as_object()?.iter().find_map(|(name, list)| {
        let place = list.pointer("/items/properties/places/items/properties")?.as_object()?;
        place.contains_key("name").then_some((name.as_str(), place))
    })
}

/// Whether this asks for the places of articles.
pub(super) fn asks(schema: &Value) -> bool {
    wanted(schema).is_some()
}

/// The answer about these articles; `None` if it was not asked for.
pub(super) fn answer(schema: &Value, items: &[Item], obey: bool, fickle: f64) -> Option<Value> {
    let (list, shape) = wanted(schema)?;
    let about = |item: &Item| {
        let mut places = found(item);
        if let Some(draw) = change_of_mind(&item.id, fickle) {
            reconsider(&mut places, draw);
        }
        if obey {
            places.insert(0, (NOWHERE, "", "subject"));
        }
        places.truncate(MAX_PLACES);
        let places: Vec<Value> = places.into_iter().map(|place| shaped(place, shape)).collect();
        json!({"id": item.id, "places": places})
    };
    Some(json!({list: items.iter().map(about).collect::<Vec<_>>()}))
}

/// Name, country code, role.
type Found = (&'static str, &'static str, &'static str);

fn found(item: &Item) -> Vec<Found> {
    let field = |name: &str| {
        item.fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    };
    let (title, text) = (field("title"), field("text"));
    let mut places: Vec<(usize, Found)> = Vec::new();
    for spot in spots() {
        if places.iter().any(|(_, known)| known.0 == spot.name) {
            continue;
        }
        let (at, role) = match (place_of(title, spot.name), place_of(text, spot.name)) {
            (Some(at), _) => (at, "subject"),
            (None, Some(at)) => (title.len() + at, if at < HEAD { "subject" } else { "mentioned" }),
            (None, None) => continue,
        };
        places.push((at, (spot.name, spot.code, role)));
    }
    places.sort_by_key(|(at, _)| *at);
    places.into_iter().map(|(_, place)| place).collect()
}

/// Where this name stands as a whole word.
fn place_of(text: &str, name: &str) -> Option<usize> {
    text.match_indices(name).map(|(at, _)| at).find(|&at| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric)
    })
}

/// Another opinion: a place less, or in another role.
fn reconsider(places: &mut Vec<Found>, draw: u64) {
    if places.is_empty() {
        return;
    }
    let place = (draw % places.len() as u64) as usize;
    if places.len() > 1 && draw & (1 << 32) == 0 {
        places.remove(place);
    } else {
        let role = &mut places[place].2;
        *role = if *role == "subject" { "mentioned" } else { "subject" };
    }
}

/// A place with those members that were asked for.
fn shaped((name, code, role): Found, shape: &Map<String, Value>) -> Value {
    let member = |key: &String| {
        let word = match key.as_str() {
            "name" => name,
            "role" => role,
            "country" => code,
            _ => "",
        };
        (key.clone(), json!(word))
    };
    Value::Object(shape.keys().map(member).collect())
}

/// Puts a place into every article's answer that none of them speaks of.
pub(super) fn invent(answers: &mut [Value]) {
    for places in answers.iter_mut().filter_map(|entry| entry.get_mut("places")?.as_array_mut()) {
        let mut place =
            places.first().cloned().unwrap_or_else(|| json!({"role": "subject", "country": "", "admin": ""}));
        place["name"] = json!(NOWHERE);
        places.push(place);
    }
}

/// Gives every place a role that is not among those allowed; an article without places gets one.
pub(super) fn misname_roles(answers: &mut [Value]) {
    for places in answers.iter_mut().filter_map(|entry| entry.get_mut("places")?.as_array_mut()) {
        if places.is_empty() {
            places.push(json!({"name": NOWHERE, "country": "", "admin": ""}));
        }
        for place in places {
            place["role"] = json!("definitely_evil");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{answer, asks};
    use crate::llm::material::items;
    use serde_json::{Value, json};

    fn schema() -> Value {
        let place = json!({"type": "object", "properties": {"name": {"type": "string"}, "role": {"type": "string"},
            "country": {"type": "string"}}});
        let entry = json!({"type": "object", "properties": {"id": {"type": "string"},
            "places": {"type": "array", "items": place}}});
        json!({"type": "object", "properties": {"answers": {"type": "array", "items": entry}}})
    }

    fn names(answer: &Value, index: usize) -> Vec<(String, String)> {
        let word = |place: &Value, key: &str| place[key].as_str().unwrap().to_owned();
        let places = answer["answers"][index]["places"].as_array().unwrap().iter();
        places.map(|place| (word(place, "name"), word(place, "role"))).collect()
    }

    #[test]
    fn capitalised_names_are_found_as_whole_words_in_their_order() {
        let filler = "and so on ".repeat(30);
        let text = format!("In Kyiv, Ukraine, Romero met a paris fan. {filler} He left for Rome.");
        let articles = json!([{"id": "a", "title": "Poland helps", "text": text}, {"id": "b", "title": "", "text": "no"}]);
        let answer = answer(&schema(), &items(&articles.to_string()), false, 0.0).unwrap();
        let pair = |name: &str, role: &str| (name.to_owned(), role.to_owned());
        assert_eq!(
            names(&answer, 0),
            [
                pair("Poland", "subject"),
                pair("Kyiv", "subject"),
                pair("Ukraine", "subject"),
                pair("Rome", "mentioned")
            ]
        );
        assert!(names(&answer, 1).is_empty() && answer["answers"][1]["id"] == "b");
        assert_eq!(answer["answers"][0]["places"][1]["country"], "UA");
    }

    #[test]
    fn questions_about_alerts_are_not_taken_for_it() {
        let entry = json!({"type": "object", "properties": {"id": {"type": "string"}, "verdict": {"type": "string"}}});
        let alerts = json!({"type": "object", "properties": {"answers": {"type": "array", "items": entry}}});
        assert!(asks(&schema()) && !asks(&alerts) && !asks(&json!({"type": "array"})) && !asks(&Value::Null));
    }

    #[test]
    fn a_fickle_model_changes_its_mind_about_this_share_of_articles() {
        let articles: Vec<Value> = (0..1000)
            .map(|id| json!({"id": id.to_string(), "title": "Spain and Italy", "text": ""}))
            .collect();
        let items = items(&Value::from(articles).to_string());
        let usual = answer(&schema(), &items, false, 0.0).unwrap();
        let fickle = answer(&schema(), &items, false, 0.2).unwrap();
        let other = (0..1000).filter(|&index| names(&usual, index) != names(&fickle, index)).count();
        assert!((150..250).contains(&other), "{other}");
    }
}
