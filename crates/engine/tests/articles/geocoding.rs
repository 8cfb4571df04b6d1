//! A geocoding service is asked once a second, for each name once, within a batch's time; or not at all.

use crate::heard::Heard;
use crate::world::{World, entry, feed_of, latency, locator, paused, rolling, standin};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;
use watchfire_engine::articles::{ArticleService, Geocoder, GeocodingService, Locator};
use watchfire_feeds::parse::Entry;
use watchfire_flow::{Budget, BudgetConfig};
use watchfire_standin::{Behaviour, Provider};

/// Capitals and countries that the stand-in's model and geocoder know.
const PLACES: [[&str; 2]; 10] = [
    ["Warsaw", "Poland"],
    ["Madrid", "Spain"],
    ["Nairobi", "Kenya"],
    ["Tokyo", "Japan"],
    ["Oslo", "Norway"],
    ["Lisbon", "Portugal"],
    ["Vienna", "Austria"],
    ["Cairo", "Egypt"],
    ["Helsinki", "Finland"],
    ["Ottawa", "Canada"],
];

fn articles(series: &str) -> Vec<Entry> {
    let article = |[capital, land]: &[&str; 2]| {
        entry(
            &format!("{series}-{land}"),
            &format!("{series}: grid of {capital} fails"),
            &format!("All of {land} is dark."),
        )
    };
    PLACES.iter().map(article).collect()
}

fn nominatim(world: &World, heard: &Arc<Heard>, agent: &str, total_s: u64) -> Locator {
    let config = BudgetConfig { quotas: vec![rolling(1, 1)], ..BudgetConfig::default() };
    let service = GeocodingService {
        http: Arc::new(heard.standin.clone()),
        url: "http://stand.in".to_owned(),
        user_agent: agent.to_owned(),
        budget: Budget::new(config, Arc::clone(&world.clock)).unwrap(),
        stopped: Mutex::default(),
    };
    Locator {
        geocoder: Geocoder { total: Duration::from_secs(total_s), service: Some(service) },
        ..locator(heard)
    }
}

/// Takes these in and places them; says how long that took.
async fn place(service: &ArticleService, locator: &Locator, entries: &[Entry]) -> Duration {
    let feed = feed_of(service, "https://news.example/feed");
    assert_eq!(service.take_in(&feed, entries, 100).unwrap().new, entries.len() as u64);
    let started = Instant::now();
    service.find_places_now(locator).await.unwrap();
    started.elapsed()
}

/// Both places of each article are there, whoever found them.
fn all_have_both(world: &World) {
    for (number, article) in world.articles().into_iter().enumerate() {
        let mut names: Vec<String> = world.places(article).into_iter().map(|place| place.name).collect();
        names.sort();
        let mut wanted = PLACES[number % PLACES.len()];
        wanted.sort_unstable();
        assert_eq!(names, wanted);
    }
    assert_eq!(world.waiting(), 0);
}

#[test]
fn each_name_is_asked_for_once_a_second_and_never_again() {
    paused(async {
        let world = World::new();
        let heard = Heard::new(standin(latency(5, 60)));
        let locator = nominatim(&world, &heard, "Watchfire/1 (+ops@example.org)", 60);
        let service = world.asking();
        let took = place(&service, &locator, &articles("one")).await;
        let tally = heard.standin.tally().providers[&Provider::Nominatim].clone();
        assert_eq!((tally.refused, tally.answered, tally.max_in_window), (0, 20, 1));
        assert!((19..25).contains(&took.as_secs()), "{took:?}");
        all_have_both(&world);
        // Its own answers, not the gazetteer's, whose places have numbers above 0.
        assert!(
            world
                .articles()
                .into_iter()
                .flat_map(|article| world.places(article))
                .all(|place| place.place < 0)
        );

        let again = place(&world.asking(), &locator, &articles("two")).await;
        assert_eq!(heard.standin.arrivals(Provider::Nominatim).len(), 20, "all of it is known");
        assert!(again < Duration::from_secs(2), "{again:?}");
        all_have_both(&world);
    });
}

#[test]
fn a_batch_takes_no_longer_than_is_set_and_the_gazetteer_finds_the_rest() {
    // A second from the answer to the next question: what is slow is asked the less.
    for (ms, least_asked) in [(0, 5), (900, 2), (20_000, 1)] {
        paused(async {
            let world = World::new();
            let mut config = standin(latency(0, 0));
            let slow = Behaviour { latency_ms: [ms, ms], ..Behaviour::default() };
            config.behaviours.insert(Provider::Nominatim, slow);
            let heard = Heard::new(config);
            let locator = nominatim(&world, &heard, "Watchfire/1 (+ops@example.org)", 5);
            let took = place(&world.asking(), &locator, &articles("one")).await;
            assert!(took <= Duration::from_millis(5_010), "{took:?} with {ms} ms");
            all_have_both(&world);
            let tally = heard.standin.tally().providers[&Provider::Nominatim].clone();
            assert_eq!(tally.refused, 0);
            assert!((least_asked..=6).contains(&tally.calls), "{} with {ms} ms", tally.calls);
        });
    }
}

#[test]
fn a_service_that_shuts_its_door_is_not_asked_again_and_articles_are_placed_all_the_same() {
    paused(async {
        let world = World::new();
        let heard = Heard::new(standin(latency(5, 60)));
        // The policy wants a name of one's own.
        let locator = nominatim(&world, &heard, "curl/8.5", 60);
        let service = world.asking();
        let took = place(&service, &locator, &articles("one")).await;
        assert!(took < Duration::from_secs(2), "{took:?}");
        place(&service, &locator, &articles("two")).await;
        assert_eq!(heard.standin.tally().providers[&Provider::Nominatim].requests, 1);
        let reason = locator.geocoder.service.unwrap().stopped.into_inner().unwrap();
        assert!(reason.unwrap().contains("403"));
        all_have_both(&world);
    });
}
