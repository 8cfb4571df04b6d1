//! Promises of the gazetteer and of its compact form.

use super::*;
use crate::pack::{Source, SourceCountry, SourcePlace, pack};
use proptest::prelude::*;
use std::io::Write;

fn embedded() -> &'static Gazetteer {
    Gazetteer::embedded().unwrap()
}

#[test]
fn the_embedded_gazetteer_is_small_packed_and_loaded() {
    assert!(EMBEDDED_BYTES.len() < 2_500_000, "{} bytes", EMBEDDED_BYTES.len());
    assert!(embedded().heap_bytes() < 8 << 20, "{} bytes", embedded().heap_bytes());
    assert!(embedded().len() > 150_000);
}

#[test]
fn places_have_their_country_division_and_point() {
    let alexandria = embedded().places_named("Alexandria");
    let louisiana = alexandria.iter().find(|place| place.admin1.as_deref() == Some("Louisiana")).unwrap();
    assert_eq!(louisiana.country.as_deref(), Some("US"));
    assert_eq!((louisiana.latitude, louisiana.longitude), (31.311, -92.445));
    assert!(
        alexandria.iter().any(|place| place.country.as_deref() == Some("EG") && place.population > 2_000_000)
    );
    assert!(alexandria.len() > 8);
}

#[test]
fn other_names_adjectives_and_short_forms_lead_to_the_place() {
    for (name, kind, usual) in [
        ("Peking", PlaceKind::City, "Beijing"),
        ("Russians", PlaceKind::Country, "Russia"),
        ("La", PlaceKind::Admin1, "Louisiana"),
        ("W.Va.", PlaceKind::Admin1, "West Virginia"),
        ("avoyelles", PlaceKind::Admin2, "Avoyelles Parish"),
        ("U.S.", PlaceKind::Country, "United States"),
        ("St. Louis", PlaceKind::City, "St. Louis"),
        ("Washington", PlaceKind::City, "Washington, D.C."),
    ] {
        let places = embedded().places_named(name);
        let found =
            places.iter().any(|place| place.kind == kind && (place.name == usual || name == "St. Louis"));
        assert!(found, "{name}: {places:?}");
    }
}

#[test]
fn every_country_with_a_capital_and_neighbours_knows_them() {
    let code =
        |code: &[u8; 2]| embedded().countries.iter().position(|country| &country.code == code).unwrap();
    let france = &embedded().countries[code(b"FR")];
    assert_eq!(embedded().usual_name(france.capital), "Paris");
    assert!(france.neighbours.contains(&(code(b"DE") as u8)));
    assert_eq!(embedded().usual_name(france.place), "France");
    let capitals = embedded().countries.iter().filter(|country| country.capital != NONE_U32).count();
    assert!(capitals > 190, "{capitals}");
}

#[test]
fn names_no_place_bears_find_nothing() {
    for name in ["", " ", "Qqqqxyz", "\u{0}", "🗺"] {
        assert!(embedded().places_named(name).is_empty(), "{name}");
    }
}

#[test]
fn damaged_bytes_are_an_error() {
    assert_eq!(Gazetteer::load(b"").unwrap_err(), GazetteerError::Unpack);
    assert_eq!(Gazetteer::load(&EMBEDDED_BYTES[..1000]).unwrap_err(), GazetteerError::Unpack);
    assert_eq!(Gazetteer::load(&deflate(b"PK..")).unwrap_err(), GazetteerError::Magic);
    assert_eq!(Gazetteer::load(&deflate(b"WFG1")).unwrap_err(), GazetteerError::Content);
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut deflater = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    deflater.write_all(bytes).unwrap();
    deflater.finish().unwrap()
}

fn inflate(bytes: &[u8]) -> Vec<u8> {
    let mut inflated = Vec::new();
    flate2::read::ZlibDecoder::new(bytes).read_to_end(&mut inflated).unwrap();
    inflated
}

fn source(towns: Vec<(String, i32, i32)>) -> Source {
    let mut source = Source::default();
    let mut add = |name: &str, kind, admin1, at: (i32, i32), population| {
        source.places.push(SourcePlace {
            name: name.to_owned(),
            kind,
            country: Some(0),
            admin1,
            admin2: None,
            latitude: at.0,
            longitude: at.1,
            population,
        });
    };
    add("Ruritania", PlaceKind::Country, None, (50_000, 15_000), 1_000_000);
    add("Streslau", PlaceKind::Admin1, Some(0), (50_500, 15_500), 200_000);
    for (name, latitude, longitude) in towns {
        add(&name, PlaceKind::City, Some(0), (latitude, longitude), 20_000);
    }
    source.countries.push(SourceCountry { code: *b"RU", place: 0, capital: None, neighbours: vec![0] });
    source.admin1.push(1);
    source.names.push(("Ruritanian".to_owned(), NameSort::Demonym, 0));
    source
}

proptest! {
    #[test]
    fn whatever_is_packed_is_found_again(
        towns in prop::collection::vec(("[A-Zé][a-zé' -]{0,12}", -90_000..=90_000i32, -180_000..=180_000i32), 0..30)
    ) {
        let gazetteer = Gazetteer::load(&pack(&source(towns.clone())).unwrap()).unwrap();
        prop_assert_eq!(gazetteer.len(), towns.len() + 2);
        for (name, latitude, longitude) in towns {
            let found = gazetteer.places_named(&name);
            let point = (f64::from(latitude) / 1000.0, f64::from(longitude) / 1000.0);
            prop_assert!(found.iter().any(|place| (place.latitude, place.longitude) == point && place.name == name));
        }
        prop_assert_eq!(gazetteer.places_named("ruritanian").len(), 1);
    }

    #[test]
    fn damage_behind_the_checksum_is_an_error_or_harmless(at in 0usize..400, value: u8, cut in 0usize..400) {
        let packed = pack(&source(vec![("Zenda".to_owned(), 50_100, 15_100), ("Hentzau".to_owned(), 1, 2)])).unwrap();
        let mut bytes = inflate(&packed);
        let length = bytes.len();
        bytes[at % length] = value;
        bytes.truncate(length - cut % 3);
        if let Ok(gazetteer) = Gazetteer::load(&deflate(&bytes)) {
            for name in ["Zenda", "Hentzau", "Ruritanian", "Streslau"] {
                gazetteer.places_named(name);
            }
        }
    }
}
