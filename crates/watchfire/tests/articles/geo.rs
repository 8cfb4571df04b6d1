//! `watchfire eval --geo` measures what annotators said.

use crate::support::{Workbench, alerts};
use serde_json::Value;
use std::fmt::Write;

/// A place name, and where it is, if that is known.
type Named<'n> = (&'n str, Option<(f64, f64)>);

/// A corpus of articles: an id, a text, and what is annotated in it with where that is.
fn corpus(articles: &[(&str, &str, &[Named<'_>])]) -> String {
    let mut xml = String::from("<?xml version=\"1.0\"?>\n<articles>\n");
    for (id, text, toponyms) in articles {
        write!(xml, "<article docid=\"{id}\">\n<text><![CDATA[{text}]]></text>\n<toponyms>\n").unwrap();
        for (phrase, point) in *toponyms {
            let at = text.find(phrase).unwrap();
            let (start, end) = (text[..at].chars().count(), text[..at + phrase.len()].chars().count());
            write!(xml, "<toponym><start>{start}</start><end>{end}</end><phrase>{phrase}</phrase>").unwrap();
            if let Some((latitude, longitude)) = point {
                write!(xml, "<gaztag>\n<lat>{latitude}</lat><lon>{longitude}</lon></gaztag>").unwrap();
            }
            xml.push_str("</toponym>\n");
        }
        xml.push_str("</toponyms>\n</article>\n");
    }
    xml + "</articles>\n"
}

fn invented() -> String {
    corpus(&[
        (
            "1",
            "The carrier moved its servers from Hamburg to Zürich in spring.",
            &[("Hamburg", Some((53.55, 10.0))), ("Zürich", Some((47.37, 8.54)))],
        ),
        // The last place is made up, and the first is said to be where it is not.
        (
            "2",
            "Police in Kraków, Poland, arrested two men from Quorblenheim.",
            &[("Kraków", Some((-33.0, 151.0))), ("Poland", Some((52.0, 20.0))), ("Quorblenheim", None)],
        ),
    ])
}

#[test]
fn places_are_measured_by_the_measures_of_the_field() {
    let bench = Workbench::new();
    bench.file("small.xml", invented());
    bench.file("small.xml.gz", alerts::gzip(invented().as_bytes()));
    let run = bench.run(["eval", "--geo", "--misses", "5", "small.xml"]);
    run.ends_with(0);
    insta::assert_snapshot!("places_of_a_small_corpus", run.out());

    let run = bench.run(["eval", "--geo", "--json", "--misses", "5", "small.xml", "small.xml.gz"]);
    run.ends_with(0);
    let figures: Value = serde_json::from_str(&run.out()).unwrap();
    let (one, all) = (&figures["corpora"][0], &figures["all"]);
    assert_eq!((one["articles"].as_u64(), all["articles"].as_u64()), (Some(2), Some(4)));
    assert_eq!(one["overlap"], figures["corpora"][1]["overlap"], "gzip makes a difference");
    assert_eq!(one["overlap"]["recall"], 0.8);
    assert_eq!(one["accuracy_161_km"], 0.75);
    assert_eq!(one["misses"]["not_found"][0]["name"], "Quorblenheim");
    assert_eq!(one["misses"]["far"][0]["name"], "Kraków");
}

#[test]
fn held_out_is_every_second_article_beginning_with_the_second() {
    let bench = Workbench::new();
    bench.file("small.xml", invented());
    let run = bench.run(["eval", "--geo", "--held-out", "--json", "small.xml"]);
    run.ends_with(0);
    let figures: Value = serde_json::from_str(&run.out()).unwrap();
    assert_eq!(figures["all"]["articles"], 1);
    assert_eq!(figures["all"]["toponyms"], 3);
}

#[test]
fn what_is_no_corpus_is_named_with_its_line() {
    let bench = Workbench::new();
    let good = invented();
    let cut = good.rfind("</toponyms>").unwrap();
    for (text, part) in [
        ("<rss/>".to_owned(), "bad.xml:1: there is no <article>"),
        (good[..cut].to_owned(), "the file ends inside of an element"),
        (good.replacen("<lat>53.55", "<lat>north", 1), "bad.xml:7: <lat> is not a number"),
        (good.replacen("</toponym>", "</toponim>", 1), "bad.xml:7: "),
    ] {
        bench.file("bad.xml", text);
        bench.run(["eval", "--geo", "bad.xml"]).ends_with(2).says(&[part, "LGL"]);
    }
    bench.run(["eval", "--geo", "nowhere.xml"]).ends_with(2).says(&["nowhere.xml: "]);
    bench.file("bad.xml.gz", &alerts::gzip(good.as_bytes())[..200]);
    bench.run(["eval", "--geo", "bad.xml.gz"]).ends_with(2).says(&["bad.xml.gz"]);
    bench.run(["eval", "--geo", "--labels", "x", "bad.xml"]).ends_with(2);
    bench.run(["eval", "--held-out", "--labels", "x", "bad.xml"]).ends_with(2);
}
