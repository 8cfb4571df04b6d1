//! Promises of the parser, one sentence or two for each cue.

use super::*;
use proptest::prelude::*;

fn parser() -> Geoparser<'static> {
    Geoparser::new(Gazetteer::embedded().unwrap())
}

fn names(text: &str) -> Vec<String> {
    parser().parse(text, &Context::default()).into_iter().map(|mention| mention.name).collect()
}

/// "Paris:TX" for each mention; the country where there is no division of the United States.
fn places(text: &str) -> Vec<String> {
    let mentions = parser().parse(text, &Context::default());
    let tell = |mention: Mention| match mention.place {
        Some(place) if place.country.as_deref() == Some("US") && place.admin1.is_some() => {
            format!("{}:{}", mention.name, place.admin1.unwrap_or_default())
        }
        Some(place) => format!("{}:{}", mention.name, place.country.unwrap_or_default()),
        None => format!("{}:?", mention.name),
    };
    mentions.into_iter().map(tell).collect()
}

#[test]
fn everyday_words_are_no_places() {
    assert_eq!(names("Reading is fun. Mobile phones were nice. Of course, Sunday was a holiday."), [""; 0]);
    assert_eq!(names("The mayor lives in Reading, England."), ["Reading", "England"]);
}

#[test]
fn people_are_no_places() {
    assert_eq!(names("Mr. Lincoln met Charlotte Houston. Houston said she would come."), [""; 0]);
    assert_eq!(
        names("The flight to Houston was late, and so was the train to Charlotte."),
        ["Houston", "Charlotte"]
    );
    assert_eq!(names("Sen. Jackson told Charlotte Wilson about it."), [""; 0]);
}

#[test]
fn a_state_behind_the_comma_decides() {
    assert_eq!(
        places("The fire broke out in Alexandria, La., on Friday."),
        ["Alexandria:Louisiana", "La.:US"]
    );
    assert_eq!(places("They flew to Paris, Texas, last week."), ["Paris:Texas", "Texas:US"]);
    assert_eq!(places("The parcel went to Springfield, OR 97477."), ["Springfield:Oregon", "OR:US"]);
    assert_eq!(places("They flew to Paris, France, last week."), ["Paris:FR", "France:FR"]);
}

#[test]
fn a_name_keeps_its_meaning_throughout_a_text() {
    let text = "A man from Paris, Texas, was hurt. He was taken to hospital in Paris.";
    assert_eq!(places(text), ["Paris:Texas", "Texas:US", "Paris:Texas"]);
}

#[test]
fn without_other_hints_the_best_known_place_is_meant() {
    assert_eq!(places("He lives in London."), ["London:GB"]);
    assert_eq!(places("The summit in Paris went on."), ["Paris:FR"]);
    assert_eq!(places("Talks were held in Moscow and Beijing."), ["Moscow:RU", "Beijing:CN"]);
}

#[test]
fn places_near_by_decide() {
    let text = "Crews from Sulphur Springs, Clarksville and Honey Grove came to the fire in Paris. Lamar County paid.";
    assert!(places(text).contains(&"Paris:Texas".to_owned()), "{:?}", places(text));
    let text = "The crash near London closed the road to Corbin. Laurel County deputies came from Kentucky.";
    assert!(places(text).contains(&"London:Kentucky".to_owned()), "{:?}", places(text));
}

#[test]
fn georgia_is_where_its_neighbours_are() {
    let text = "Troops crossed into Georgia from Russia. Tbilisi protested.";
    assert_eq!(places(text), ["Georgia:GE", "Russia:RU", "Tbilisi:GE"]);
    let text = "Storms crossed Georgia and Alabama. Atlanta and Macon lost power.";
    assert_eq!(places(text), ["Georgia:US", "Alabama:US", "Atlanta:Georgia", "Macon:Georgia"]);
}

#[test]
fn counties_and_parishes_are_one_name() {
    assert_eq!(
        names("Deputies in Rapides Parish and Madison County met."),
        ["Rapides Parish", "Madison County"]
    );
}

#[test]
fn abbreviations_need_their_full_stop() {
    assert_eq!(
        names("It rained in Charleston, W.Va., and in Huntington, W. Va."),
        ["Charleston", "W.Va.", "Huntington", "W. Va."]
    );
    assert_eq!(names("The U.S. and the UK agreed."), ["U.S.", "UK"]);
    assert_eq!(names("Give us the pa and the la."), [""; 0]);
}

#[test]
fn adjectives_and_peoples_are_their_country() {
    assert_eq!(
        places("Russian troops met Egyptian officials and three Canadians."),
        ["Russian:RU", "Egyptian:EG", "Canadians:CA"]
    );
}

#[test]
fn datelines_are_places() {
    assert_eq!(places("PARIS (AP) — The minister resigned."), ["PARIS:FR"]);
    assert_eq!(names("CHARLESTON, W.Va. (AP) — The mine closed.")[..2], ["CHARLESTON", "W.Va."]);
}

#[test]
fn streets_and_rivers_are_found_but_not_placed() {
    assert_eq!(places("Police went to a house on Memphis Street."), ["Memphis Street:?"]);
}

#[test]
fn a_publisher_hint_turns_the_scale() {
    let near = |near| Context { country: None, near: Some(near) };
    let of =
        |context: &Context| parser().parse("The fire was in Springfield.", context)[0].place.clone().unwrap();
    assert_eq!(of(&near((44.05, -123.09))).admin1.as_deref(), Some("Oregon"));
    assert_eq!(of(&near((39.80, -89.64))).admin1.as_deref(), Some("Illinois"));
    let country = Context { country: Some("ca".to_owned()), near: None };
    let hamilton = parser().parse("The fire was in Hamilton.", &country)[0].place.clone().unwrap();
    assert_eq!(hamilton.country.as_deref(), Some("CA"));
}

#[test]
fn names_of_one_article_resolve_together() {
    let of = |names: &[&str]| -> Vec<Option<String>> {
        let resolved = parser().resolve(names, &Context::default());
        resolved.into_iter().map(|one| one.and_then(|one| one.place.admin1.or(one.place.country))).collect()
    };
    let some = |name: &str| Some(name.to_owned());
    assert_eq!(of(&["Paris, Texas", "nowhere at all", "Paris, TX"]), [some("Texas"), None, some("Texas")]);
    assert_eq!(of(&["Gainesville", "Ocala", "Alachua County"])[0], some("Florida"));
    assert_eq!(of(&["Springfield, Greene County, Missouri"])[0], some("Missouri"));
    assert_eq!(of(&[]), []);
}

#[test]
fn confidence_tells_the_sure_from_the_doubtful() {
    let sure = parser().parse("She lives in France.", &Context::default())[0].confidence;
    let doubtful = parser().parse("She lives in Springfield.", &Context::default())[0].confidence;
    assert!(sure > 0.9 && doubtful < 0.8, "{sure} {doubtful}");
}

#[test]
fn what_was_weighed_can_be_read() {
    let weighed = parser().weigh("He lives in Reading, England.");
    assert!(weighed[0].cues.contains(&Cue::AfterLocating) && weighed[0].cues.contains(&Cue::BeforeState));
    assert!(weighed[0].score > 0.0);
}

#[test]
fn a_flood_of_names_is_bounded() {
    let flood = "in Paris, in London, in Springfield, ".repeat(20_000);
    assert_eq!(parser().parse(&flood, &Context::default()).len(), MAX_MENTIONS);
    let long = "A".repeat(1 << 20);
    assert!(parser().parse(&long, &Context::default()).is_empty());
    let many: Vec<String> = (0..3_000).map(|number| format!("Springfield{number}")).collect();
    assert_eq!(parser().resolve(&many, &Context::default()).len(), 3_000);
}

fn check(text: &str) -> Result<(), TestCaseError> {
    let mut end = 0;
    for mention in parser().parse(text, &Context::default()) {
        prop_assert!(mention.start >= end && mention.end > mention.start);
        prop_assert_eq!(text.get(mention.start..mention.end), Some(mention.name.as_str()));
        prop_assert!((0.0..=1.0).contains(&mention.confidence));
        end = mention.end;
    }
    parser().weigh(text);
    Ok(())
}

proptest! {
    #[test]
    fn any_text_is_read_and_offsets_fit(text in "\\PC{0,200}") {
        check(&text)?;
    }

    #[test]
    fn any_order_of_telling_words_is_read(
        parts in prop::collection::vec(prop::sample::select(vec![
            "Paris", "St", ".", ", ", " ", "-", "’s ", "W.Va.", "U.S", "County", " Lake", "Highway", "61", "of", "Texas", "TX",
            "\n", "(", "—", "Washington, D", "É", "İ", "Mr", "New York", "Road", "I", "State", "\u{301}", "東京", "é",
        ]), 0..60)
    ) {
        check(&parts.concat())?;
    }
}
