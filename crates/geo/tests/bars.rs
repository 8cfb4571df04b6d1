//! The bars on annotated news: at least 0.70 F1 of recognition and at least 75 % of the places recognised resolved within
//! 161 km, on each of two corpora and on their held-out halves.

use std::path::Path;
use watchfire_geo::{Gazetteer, Geoparser, corpus, evaluate};

#[test]
fn places_in_news_are_recognised_and_resolved_well_enough() {
    let Some(folder) = std::env::var_os("WATCHFIRE_DATA") else {
        eprintln!("skipped: WATCHFIRE_DATA is not set");
        return;
    };
    let parser = Geoparser::new(Gazetteer::embedded().unwrap());
    for name in ["lgl.xml.gz", "TR-News.xml.gz"] {
        let path = Path::new(&folder).join("geo").join(name);
        if !path.exists() {
            eprintln!("skipped: {} is absent", path.display());
            continue;
        }
        let articles = corpus::read(&path).unwrap();
        // Nothing was fitted on the odd articles.
        for held_out in [false, true] {
            let chosen =
                articles.iter().enumerate().filter(|(at, _)| !held_out || at % 2 == 1).map(|pair| pair.1);
            let scores = evaluate(chosen, &parser);
            let (f1, near) = (scores.overlap.f1(), scores.accuracy());
            assert!(f1 >= 0.80, "{name}, held out {held_out}: F1 {f1:.3}");
            assert!(
                scores.exact.f1() >= 0.75,
                "{name}, held out {held_out}: exact F1 {:.3}",
                scores.exact.f1()
            );
            assert!(near >= 0.80, "{name}, held out {held_out}: {near:.3} within 161 km");
            assert!(
                scores.median_km() < 5.0,
                "{name}, held out {held_out}: median {:.1} km",
                scores.median_km()
            );
        }
    }
}
