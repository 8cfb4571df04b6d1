//! The geocoder, as the project's own client asks it.

use super::{get, send, standin};
use crate::{InProcess, Provider};
use std::time::Duration;
use watchfire_geo::nominatim::{
    NominatimError, NominatimPlace, NominatimQuery, nominatim_url, read_nominatim,
};
use watchfire_http::{Http, Request};

async fn search(
    standin: &InProcess,
    name: &str,
    countries: &[&str],
) -> Result<Vec<NominatimPlace>, NominatimError> {
    let query = NominatimQuery { name, countries, language: Some("en"), limit: 5 };
    let request = Request::get(nominatim_url("http://standin.test", &query).unwrap());
    let response = standin.send(request.header("user-agent", "watchfire/1")).await.unwrap();
    read_nominatim(response.status, &response.body)
}

#[tokio::test(start_paused = true)]
async fn names_are_found_the_best_known_first_and_hints_narrow_them() {
    let standin = standin("[default_limits]\nrequests = \"1000/1s\"");
    let places = search(&standin, "Paris", &[]).await.unwrap();
    let countries: Vec<_> = places.iter().map(|place| place.country.as_deref().unwrap()).collect();
    assert_eq!(countries, ["FR", "US"]);
    assert_eq!((places[0].name.as_str(), places[0].kind.as_str()), ("Paris", "city"));
    assert!((places[0].latitude - 48.9).abs() < 1e-9 && (places[0].longitude - 2.3).abs() < 1e-9);
    assert_eq!(search(&standin, "paris, texas", &[]).await.unwrap()[0].country.as_deref(), Some("US"));
    assert_eq!(search(&standin, "Paris", &["US"]).await.unwrap().len(), 1);
    assert_eq!(search(&standin, "Georgia", &[]).await.unwrap()[1].kind, "state");
    assert_eq!(search(&standin, "brasília", &[]).await.unwrap()[0].country.as_deref(), Some("BR"));
    assert_eq!(search(&standin, "Atlantis", &[]).await, Ok(Vec::new()));
    let told = standin.lookups(Provider::Nominatim).indicators;
    assert_eq!((told["Paris"], told["Atlantis"]), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn the_answer_has_the_members_that_the_documentation_shows() {
    let standin = standin("");
    let (_, body) = send(&standin, get(Provider::Nominatim, "/search?q=Kyiv&format=jsonv2&limit=1")).await;
    let place = &body[0];
    assert!(place["place_id"].is_u64() && place["importance"].is_f64());
    assert_eq!((&place["lat"], &place["lon"]), (&"50.5000000".into(), &"30.5000000".into()));
    assert_eq!(place["display_name"], "Kyiv, Ukraine");
    let words = ["category", "type", "addresstype"].map(|name| place[name].as_str().unwrap().to_owned());
    assert_eq!(words, ["boundary", "administrative", "city"]);
    assert_eq!(place["boundingbox"].as_array().unwrap().len(), 4);
    assert!(place["boundingbox"][0].is_string() && place.get("address").is_none());
    tokio::time::advance(Duration::from_secs(1)).await;
    let (response, body) = send(&standin, get(Provider::Nominatim, "/search?format=jsonv2")).await;
    assert_eq!((response.status, &body["error"]["message"]), (400, &"Nothing to search for.".into()));
}

#[tokio::test(start_paused = true)]
async fn one_a_second_by_arrival_is_served_for_ever() {
    let standin = standin("");
    for _ in 0..200 {
        assert!(search(&standin, "Oslo", &[]).await.is_ok());
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    let tally = &standin.tally().providers[&Provider::Nominatim];
    assert_eq!((tally.answered, tally.refused, tally.max_in_window, tally.window_ms), (200, 0, 1, 1000));
}

#[tokio::test(start_paused = true)]
async fn who_goes_on_faster_finds_the_door_shut_until_he_has_been_quiet() {
    let standin = standin("");
    let mut answers = Vec::new();
    for _ in 0..8 {
        answers.push(match search(&standin, "Oslo", &[]).await {
            Ok(_) => 200,
            Err(NominatimError::TooOften) => 429,
            Err(NominatimError::Blocked(status)) => status,
            Err(other) => panic!("{other}"),
        });
    }
    assert_eq!(answers, [200, 429, 429, 429, 429, 429, 403, 403]);
    tokio::time::advance(Duration::from_millis(59_999)).await;
    assert_eq!(search(&standin, "Oslo", &[]).await, Err(NominatimError::Blocked(403)));
    tokio::time::advance(Duration::from_secs(60)).await;
    assert!(search(&standin, "Oslo", &[]).await.is_ok());
    let tally = &standin.tally().providers[&Provider::Nominatim];
    assert_eq!((tally.calls, tally.answered, tally.refused), (10, 2, 8));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_served_who_does_not_say_who_he_is() {
    let standin = standin("");
    let bare = || Request::get("http://standin.test/search?q=Oslo&format=jsonv2");
    for request in [
        bare(),
        bare().header("user-agent", " "),
        bare().header("user-agent", "python-requests/2.31"),
        bare().header("user-agent", "Mozilla/5.0 (X11; Linux x86_64)"),
        bare().header("user-agent", "curl/8.5.0"),
    ] {
        assert_eq!(send(&standin, request).await.0.status, 403);
    }
    let told = bare().header("user-agent", "curl/8.5.0").header("referer", "https://app.example");
    assert_eq!(send(&standin, told).await.0.status, 200);
}

#[tokio::test(start_paused = true)]
async fn it_fails_and_rambles_on_demand_like_all_others() {
    for (behaviour, readable) in [
        ("dead = true", false),
        ("server_errors = 1.0", false),
        ("limited_minute = 1.0", false),
        ("garbage = 1.0\ngarbage_kinds = [\"html\"]", false),
        ("garbage = 1.0\ngarbage_kinds = [\"truncated_json\"]", false),
        ("refusals = 1.0", true),
    ] {
        let standin = standin(&format!("[behaviour]\n{behaviour}"));
        assert_eq!(search(&standin, "Oslo", &[]).await.is_ok(), readable, "{behaviour}");
    }
}
