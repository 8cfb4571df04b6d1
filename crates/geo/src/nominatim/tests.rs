//! From names that an article might hold to addresses, and from bodies that a service might send to places.

use super::{NominatimError, NominatimPlace, NominatimQuery, NominatimRetry, nominatim_url, read_nominatim};
use proptest::prelude::*;

macro_rules! body {
    ($name:literal) => {
        include_bytes!(concat!("../../tests/fixtures/nominatim/", $name))
    };
}

const QUERY: NominatimQuery<'_> = NominatimQuery { name: "Paris", countries: &[], language: None, limit: 5 };

fn url(query: &NominatimQuery<'_>) -> String {
    nominatim_url("https://geo.example.org/", query).unwrap()
}

#[test]
fn a_query_becomes_the_documented_address() {
    assert_eq!(url(&QUERY), "https://geo.example.org/search?format=jsonv2&addressdetails=1&limit=5&q=Paris");
    let narrow = NominatimQuery {
        name: "São Tomé & Príncipe, #1?",
        countries: &["ST", "gb", "France", "é", ""],
        language: Some("en-GB,en;q=0.5"),
        limit: 1000,
    };
    let narrow = url(&narrow);
    assert!(
        narrow.contains("limit=40&q=S%C3%A3o%20Tom%C3%A9%20%26%20Pr%C3%ADncipe%2C%20%231%3F&"),
        "{narrow}"
    );
    assert!(narrow.ends_with("&countrycodes=st,gb&accept-language=en-GB%2Cen%3Bq%3D0.5"), "{narrow}");
    let odd = NominatimQuery { language: Some("en\r\nHost: x"), limit: 0, ..QUERY };
    assert!(url(&odd).ends_with("limit=1&q=Paris"));
}

#[test]
fn a_base_works_with_and_without_its_path_and_nonsense_is_told() {
    for base in ["http://127.0.0.1:8089", "http://127.0.0.1:8089/", " http://127.0.0.1:8089/search/ "] {
        assert!(nominatim_url(base, &QUERY).unwrap().starts_with("http://127.0.0.1:8089/search?"), "{base}");
    }
    assert!(nominatim_url("https://h/nominatim", &QUERY).unwrap().starts_with("https://h/nominatim/search?"));
    for base in [
        "",
        "nominatim",
        "ftp://h",
        "https://",
        "https:///x",
        "https://h?a=b",
        "https://h#",
        "https://u@h",
        "https://h\r\nx",
        "https://é",
    ] {
        let error = nominatim_url(base, &QUERY).unwrap_err();
        assert!(error.to_string().contains("hint:"), "{base}: {error}");
        assert_eq!(error.retry(), NominatimRetry::Stop);
    }
    for name in ["", " \u{200b}\n", "...,"] {
        assert_eq!(
            nominatim_url("https://h", &NominatimQuery { name, ..QUERY }),
            Err(NominatimError::NoName)
        );
    }
}

#[test]
fn candidates_are_read_as_the_service_writes_them() {
    let found = read_nominatim(200, body!("paris.json")).unwrap();
    assert_eq!(found.len(), 2);
    let expected = NominatimPlace {
        name: "Paris".to_owned(),
        latitude: 48.8588897,
        longitude: 2.3200410,
        country: Some("FR".to_owned()),
        kind: "city".to_owned(),
        importance: 0.8845663630228834,
    };
    assert_eq!(found[0], expected);
    assert_eq!((found[1].country.as_deref(), found[1].kind.as_str()), (Some("US"), "town"));
    assert_eq!(read_nominatim(200, b"[]"), Ok(Vec::new()));
}

#[test]
fn what_lies_outside_the_world_is_left_out_and_costs_no_other_its_place() {
    let found = read_nominatim(200, body!("odd.json")).unwrap();
    let names: Vec<&str> = found.iter().map(|place| place.name.as_str()).collect();
    assert_eq!(names, ["London", "Cape Town"]);
    assert_eq!((found[0].kind.as_str(), &found[0].country, found[0].importance), ("cityscript", &None, 0.0));
    assert_eq!((found[0].latitude, found[0].longitude), (51.5, -0.125));
    assert_eq!((found[1].kind.as_str(), found[1].importance), ("", 1.0));
}

#[test]
fn every_refusal_says_whether_to_ask_again() {
    let retry = |status, body: &[u8]| read_nominatim(status, body).unwrap_err().retry();
    assert!(matches!(retry(429, body!("429.html")), NominatimRetry::After(wait) if wait.as_secs() >= 60));
    assert_eq!(retry(403, body!("429.html")), NominatimRetry::Stop);
    assert!(matches!(retry(503, b""), NominatimRetry::After(_)));
    assert!(matches!(retry(200, b"<html>please log in"), NominatimRetry::After(_)));
    assert_eq!(retry(404, b""), NominatimRetry::Never);
    for (status, body, words) in [
        (400, &body!("400.json")[..], "Nothing to search for."),
        (200, body!("200-error.json"), "Rate Limited Second"),
    ] {
        let error = read_nominatim(status, body).unwrap_err();
        assert_eq!(error, NominatimError::Rejected { status, message: words.to_owned() });
        assert_eq!(error.retry(), NominatimRetry::Never);
    }
}

#[test]
fn an_answer_without_an_end_is_not_read_to_it() {
    let many = format!("[{}]", vec![r#"{"lat":"1","lon":"2","name":"x"}"#; 10_000].join(","));
    assert_eq!(read_nominatim(200, many.as_bytes()).unwrap().len(), 40);
    let long = format!("[{}]", " ".repeat(2 << 20));
    assert_eq!(read_nominatim(200, long.as_bytes()), Err(NominatimError::NotReadable("too long")));
    assert!(read_nominatim(200, "[".repeat(100_000).as_bytes()).is_err());
    let name = "x".repeat(100_000);
    let wide = format!(r#"[{{"lat":"1","lon":"2","name":"{name}"}}]"#);
    assert_eq!(read_nominatim(200, wide.as_bytes()).unwrap()[0].name.len(), 200);
    assert!(url(&NominatimQuery { name: &name, ..QUERY }).len() < 400);
}

proptest! {
    #[test]
    fn no_name_can_leave_its_parameter(name in ".{0,80}", country in ".{0,3}", language in ".{0,8}") {
        let countries = [country.as_str()];
        let query = NominatimQuery { name: &name, countries: &countries, language: Some(&language), limit: 5 };
        if let Ok(url) = nominatim_url("https://h", &query) {
            let (base, parameters) = url.split_once('?').unwrap();
            prop_assert_eq!(base, "https://h/search");
            prop_assert!(parameters.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%=&,".contains(&byte)));
            let known = ["format", "addressdetails", "limit", "q", "countrycodes", "accept-language"];
            let names: Vec<&str> =
                parameters.split('&').filter_map(|pair| pair.split('=').next()).collect();
            prop_assert_eq!(&names[..], &known.into_iter().filter(|name| names.contains(name)).collect::<Vec<_>>()[..]);
        }
    }

    #[test]
    fn any_body_is_read_to_places_on_earth(
        status in prop::sample::select(vec![200_u16, 200, 400, 429, 503]),
        body in prop::collection::vec(any::<u8>(), 0..200),
        lat in ".{0,6}",
        lon in any::<f64>(),
    ) {
        let entry = serde_json::json!([{"lat": lat, "lon": lon, "name": lat}, {"lat": lon, "lon": lat, "name": "x"}]);
        for body in [&body[..], entry.to_string().as_bytes()] {
            for place in read_nominatim(status, body).unwrap_or_default() {
                prop_assert!((-90.0..=90.0).contains(&place.latitude));
                prop_assert!((-180.0..=180.0).contains(&place.longitude));
                prop_assert!((0.0..=1.0).contains(&place.importance) && !place.name.is_empty());
            }
        }
    }
}
