//! From bytes of each provider to the places of articles, and back to the bytes that ask for them.

use super::{PlacesHeard, ask_for_places, hear_places};
use crate::reading::tests::response;
use crate::{
    Advice, Anthropic, Dialect, Failure, Gemini, NoPlaces, OpenAi, PlacePack, Places, Provider, Tier,
};
use crate::{Role, place_packs, place_prompt};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

fn pack() -> PlacePack {
    serde_json::from_str(include_str!("../../../tests/fixtures/places/pack.json")).unwrap()
}

fn providers() -> [(Box<dyn Provider>, &'static str, &'static [u8]); 3] {
    [
        (
            Box::new(Gemini::new("https://h", "key")),
            "gemini-2.5-flash",
            include_bytes!("../../../tests/fixtures/places/gemini.json"),
        ),
        (
            Box::new(OpenAi::new("https://h", "key", Dialect::OpenAi)),
            "gpt-5-mini",
            include_bytes!("../../../tests/fixtures/places/openai.json"),
        ),
        (
            Box::new(Anthropic::new("https://h", "key", Anthropic::VERSION)),
            "claude-haiku-4-5",
            include_bytes!("../../../tests/fixtures/places/anthropic.json"),
        ),
    ]
}

fn names(places: &Places) -> Vec<(&str, Role, Option<&str>)> {
    places.places.iter().map(|place| (place.name.as_str(), place.role, place.country.as_deref())).collect()
}

#[test]
fn each_familys_answer_gives_the_places_that_stand_in_their_articles() {
    for (provider, model, body) in providers() {
        let heard = hear_places(&*provider, &pack(), &response(200, &[], body)).unwrap();
        let PlacesHeard { answers, usage, .. } = &heard;
        assert!(heard.model.starts_with(model) && heard.tier == Tier::Standard, "{heard:?}");
        assert_eq!((usage.all_input(), usage.all_output()), (812, 240));
        let [(101, Ok(hospitals)), (102, Ok(patch)), (103, Ok(grid))] = answers.as_slice() else {
            panic!("{answers:?}")
        };
        assert_eq!(
            names(hospitals),
            [
                ("São Paulo", Role::Subject, Some("BR")),
                ("Brazil", Role::Subject, Some("BR")),
                ("Brasília", Role::Mentioned, Some("BR")),
                ("Lisbon", Role::Mentioned, Some("PT")),
            ]
        );
        assert_eq!(hospitals.dropped, 2, "Romero is not Rome, and `us` not the country");
        assert_eq!(hospitals.places[0].admin.as_deref(), Some("São Paulo"));
        assert_eq!((patch.places.len(), patch.dropped), (0, 1), "nobody spoke of Moscow");
        assert_eq!(names(grid)[0], ("Łódź", Role::Subject, Some("PL")));
    }
}

#[test]
fn each_family_is_asked_in_its_own_way_with_the_articles_in_one_string() {
    let pack = pack();
    for (provider, model, _) in providers() {
        let call = ask_for_places(&*provider, model, Tier::Standard, &pack);
        let body: Value = serde_json::from_slice(&call.request.body).unwrap();
        let (system, user, schema) = match provider.name() {
            "gemini" => (
                "/systemInstruction/parts/0/text",
                "/contents/0/parts/0/text",
                "/generationConfig/responseJsonSchema",
            ),
            "anthropic" => ("/system", "/messages/0/content", "/output_config/format/schema"),
            _ => ("/messages/0/content", "/messages/1/content", "/response_format/json_schema/schema"),
        };
        let articles: Value = serde_json::from_str(body.pointer(user).unwrap().as_str().unwrap()).unwrap();
        assert_eq!(articles[1]["text"], pack.entries()[1].1.text());
        assert!(!body.pointer(system).unwrap().as_str().unwrap().contains("Atlantis"));
        let place = "/properties/answers/items/properties/places/items/properties/role/enum";
        assert_eq!(body.pointer(&format!("{schema}{place}")).unwrap()[0], "subject");
        let prompt = place_prompt(&pack, model, Tier::Standard);
        assert_eq!(call.estimate, prompt.estimate());
        assert!(call.estimate.input > 500 && call.estimate.output == 3000);
    }
}

#[test]
fn what_fails_as_a_whole_says_what_to_do_and_the_halves_hold_every_article() {
    let (provider, _, body) = &providers()[0];
    let cut = hear_places(&**provider, &pack(), &response(200, &[], &body[..body.len() / 2])).unwrap_err();
    assert!(matches!(cut, Failure::Garbled { .. }) && cut.advice() == Advice::Split);
    let busy = hear_places(&**provider, &pack(), &response(503, &[], b"")).unwrap_err();
    assert!(matches!(busy.advice(), Advice::Retry(_)));
    let (first, second) = pack().halves(&mut ChaCha8Rng::seed_from_u64(1)).unwrap();
    let mut questions = first.into_questions();
    questions.extend(second.into_questions());
    assert_eq!(questions, pack().into_questions());
}

#[test]
fn an_answer_to_another_pack_is_no_answer() {
    let other = place_packs(pack().into_questions(), 10, &mut ChaCha8Rng::seed_from_u64(9)).remove(0);
    for (provider, _, body) in providers() {
        let heard = hear_places(&*provider, &other, &response(200, &[], body)).unwrap();
        assert!(heard.answers.iter().all(|(_, answer)| *answer == Err(NoPlaces::Missing)));
    }
}
