//! Answers as a careless, a broken and a hostile model would give them.

use super::{MAX_PLACES, NoPlaces, Place, Role, read_places};
use crate::places::occurrence::Folded;
use crate::{PlacePack, PlaceQuestion, place_packs};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

fn packed(texts: &[&str]) -> PlacePack {
    let questions =
        texts.iter().enumerate().map(|(id, text)| PlaceQuestion::new(id as i64, "Title", text)).collect();
    place_packs(questions, 50, &mut ChaCha8Rng::seed_from_u64(3)).remove(0)
}

fn place(name: &str) -> Value {
    json!({"name": name, "role": "mentioned", "country": "", "admin": ""})
}

fn answer(pack: &PlacePack, index: usize, places: &[Value]) -> Value {
    json!({"id": pack.entries()[index].0, "places": places})
}

fn failures(pack: &PlacePack, answers: &[Value]) -> Vec<Option<NoPlaces>> {
    let text = json!({"answers": answers}).to_string();
    read_places(pack, &text).into_iter().map(|(_, answer)| answer.err()).collect()
}

#[test]
fn one_articles_bad_answer_costs_no_other_its_own() {
    let pack = packed(&["Rome", "Rome", "Rome", "Rome", "Rome"]);
    let rome = [place("Rome")];
    let mut strange = place("Rome");
    strange["role"] = json!("definitely_evil");
    let answers = [
        answer(&pack, 0, &rome),
        answer(&pack, 1, &rome),
        answer(&pack, 1, &rome),
        answer(&pack, 2, &[json!({"name": 7, "role": "subject"})]),
        answer(&pack, 3, &[strange]),
        json!({"id": "unasked-0", "places": rome}),
        json!("nonsense"),
    ];
    use NoPlaces::{Missing, Repeated, Role, Shape};
    assert_eq!(failures(&pack, &answers), [None, Some(Repeated), Some(Shape), Some(Role), Some(Missing)]);
}

#[test]
fn what_can_not_be_read_fails_every_article() {
    let pack = packed(&["Rome", "Paris"]);
    let whole = json!({"answers": [answer(&pack, 0, &[place("Rome")])]}).to_string();
    let long = format!("{whole}{}", " ".repeat(2 << 20));
    for text in ["", "Sure! Rome.", "[]", "{\"answers\":{}}", &whole[..whole.len() - 3], &long] {
        let read = read_places(&pack, text);
        assert_eq!(read.len(), 2);
        assert!(read.iter().all(|(_, answer)| *answer == Err(NoPlaces::NotReadable)), "{text:.40}");
    }
    let nested = "[".repeat(100_000);
    assert_eq!(read_places(&pack, &nested)[0].1, Err(NoPlaces::NotReadable));
}

#[test]
fn names_that_the_article_does_not_say_are_dropped_and_the_rest_kept() {
    let pack = packed(&["Rome burns; Vienna watches"]);
    let long = "Rome".repeat(40);
    let places =
        [place("Atlantis"), place("Rome"), place("burns in"), place(""), place(&long), place("vienna")];
    let text = json!({"answers": [answer(&pack, 0, &places)]}).to_string();
    let found = read_places(&pack, &text).remove(0).1.unwrap();
    let names: Vec<&str> = found.places.iter().map(|place| place.name.as_str()).collect();
    assert_eq!((names, found.dropped), (vec!["Rome", "Vienna"], 4));
}

#[test]
fn at_most_twenty_places_count_and_none_counts_twice() {
    let words: Vec<String> = (b'a'..=b'z').map(|letter| format!("City{}", char::from(letter))).collect();
    let pack = packed(&[&words.join(", ")]);
    let places: Vec<Value> = words.iter().chain(&words).map(|name| place(name)).collect();
    let text = json!({"answers": [answer(&pack, 0, &places)]}).to_string();
    let found = read_places(&pack, &text).remove(0).1.unwrap();
    assert_eq!((found.places.len(), found.dropped), (MAX_PLACES, 12));
}

#[test]
fn a_place_that_is_named_twice_is_what_it_is_at_its_most_telling() {
    let pack = packed(&["Paris, Texas, is not PARIS in France"]);
    let places = [
        json!({"name": "Paris", "role": "mentioned", "country": null}),
        json!({"name": "paris", "role": "subject", "country": "us", "admin": " Te\u{202e}xas\n"}),
        json!({"name": "Paris", "role": "mentioned", "country": "France"}),
        json!({"name": "Paris", "role": "mentioned", "country": "FR", "admin": ""}),
    ];
    let text = json!({"answers": [answer(&pack, 0, &places)]}).to_string();
    let found = read_places(&pack, &text).remove(0).1.unwrap();
    let paris = |role, country: &str| Place {
        name: "Paris".to_owned(),
        role,
        country: Some(country.to_owned()),
        admin: None,
    };
    assert_eq!(found.places, [paris(Role::Subject, "US"), paris(Role::Mentioned, "FR")]);
}

#[test]
fn hints_are_brought_into_form_or_left_out() {
    let pack = packed(&["Leeds"]);
    for (given, kept) in
        [("uk", Some("GB")), (" De ", Some("DE")), ("", None), ("United Kingdom", None), ("é", None)]
    {
        let mut leeds = place("Leeds");
        leeds["country"] = json!(given);
        leeds["admin"] = json!(format!("West\u{0}\u{200b} Yorkshire {}", "x".repeat(500)));
        let text = json!({"answers": [answer(&pack, 0, &[leeds])]}).to_string();
        let found = read_places(&pack, &text).remove(0).1.unwrap().places.remove(0);
        assert_eq!(found.country.as_deref(), kept, "{given}");
        let admin = found.admin.unwrap();
        assert!(admin.starts_with("West Yorkshire x") && admin.chars().count() == 80, "{admin}");
    }
}

proptest! {
    #[test]
    fn whatever_is_answered_each_article_has_one_result_and_each_place_stands_in_it(
        texts in prop::collection::vec(".{0,60}", 1..5),
        names in prop::collection::vec((".{0,8}", 0_usize..5, prop::bool::ANY), 0..30),
        cut in 0_usize..400,
    ) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let pack = packed(&texts);
        let answers: Vec<Value> = names
            .chunks(3)
            .map(|chunk| {
                let places: Vec<Value> = chunk
                    .iter()
                    .map(|(name, index, own)| {
                        // Some names are parts of the text itself.
                        let text = texts[index % texts.len()];
                        let part: String = text.chars().skip(name.len()).take(4).collect();
                        place(if *own { &part } else { name })
                    })
                    .collect();
                answer(&pack, chunk[0].1 % texts.len(), &places)
            })
            .collect();
        let whole = json!({"answers": answers}).to_string();
        for text in [whole.as_str(), &whole[..whole.floor_char_boundary(cut)]] {
            let read = read_places(&pack, text);
            prop_assert_eq!(read.len(), pack.len());
            for ((id, answer), (_, question)) in read.iter().zip(pack.entries()) {
                prop_assert_eq!(*id, question.id());
                let Ok(answer) = answer else { continue };
                prop_assert!(answer.places.len() <= MAX_PLACES);
                for place in &answer.places {
                    let stands = Folded::new(question.text()).find(&place.name).is_some()
                        || Folded::new(question.title()).find(&place.name).is_some();
                    prop_assert!(stands, "{:?} in {:?}", place, question);
                }
            }
        }
    }
}
