//! Measures the parser on annotated news and prints the table.
//!
//! `cargo run --release -p watchfire-geo --example evaluate -- FOLDER [misses|cues|mentions]`, FOLDER holding `lgl.xml.gz` and
//! `TR-News.xml.gz`. The cues were fitted on the even articles; the odd ones are held out. `misses` lists what went wrong
//! on the even ones, `cues` the observations behind each decision, `mentions` every mention
//! with its point, for a check by other means.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use watchfire_geo::{Context, Gazetteer, Geoparser, MissKind, Scores, corpus, evaluate};

fn row(out: &mut dyn Write, name: &str, scores: &Scores) -> std::io::Result<()> {
    let (overlap, exact, located) = (&scores.overlap, &scores.exact, &scores.located);
    writeln!(
        out,
        "{name:<20} {:>4} {:>6} {:>6.3} {:>6.3} {:>6.3}   {:>6.3} {:>6.3}   {:>6} {:>6.3} {:>7.1} {:>7.0} {:>6.3}",
        scores.articles,
        overlap.annotated,
        overlap.precision(),
        overlap.recall(),
        overlap.f1(),
        exact.f1(),
        located.f1(),
        scores.errors_km.len(),
        scores.accuracy(),
        scores.median_km(),
        scores.mean_km(),
        scores.area_under_curve(),
    )
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let Some(folder) = arguments.next() else {
        return Err("usage: evaluate FOLDER [misses|cues|mentions]".into());
    };
    let more = arguments.next().unwrap_or_default();
    let parser = Geoparser::new(Gazetteer::embedded()?);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let header =
        ["articles", "gold", "P", "R", "F1", "exact", "F1loc", "found", "<161km", "median", "mean", "AUC"];
    if more.is_empty() {
        writeln!(out, "{}", header.join("  "))?;
    }
    let mut all = Scores::default();
    for name in ["lgl", "TR-News"] {
        let articles = corpus::read(&Path::new(&folder).join(format!("{name}.xml.gz")))?;
        if more == "cues" {
            for (at, article) in articles.iter().enumerate() {
                for weighed in parser.weigh(&article.text) {
                    let gold =
                        article.toponyms.iter().any(|t| t.start < weighed.end && weighed.start < t.end);
                    let cues: Vec<&str> = weighed.cues.iter().map(|cue| cue.as_str()).collect();
                    let written = article.text[weighed.start..weighed.end].replace(char::is_whitespace, "_");
                    writeln!(out, "{name} {} {} {written} {}", at % 2, u8::from(gold), cues.join(" "))?;
                }
            }
            continue;
        }
        if more == "mentions" {
            for article in &articles {
                for mention in parser.parse(&article.text, &Context::default()) {
                    let point =
                        mention.place.map_or((f64::NAN, f64::NAN), |place| (place.latitude, place.longitude));
                    writeln!(
                        out,
                        "{name} {} {} {} {} {}",
                        article.id, mention.start, mention.end, point.0, point.1
                    )?;
                }
            }
            continue;
        }
        let half =
            |odd: usize| articles.iter().enumerate().filter(move |(at, _)| at % 2 == odd).map(|pair| pair.1);
        let (even, odd) = (evaluate(half(0), &parser), evaluate(half(1), &parser));
        if more == "misses" {
            for miss in &even.misses {
                let kind = match miss.kind {
                    MissKind::NotFound => "not-found".to_owned(),
                    MissKind::NotThere => "not-there".to_owned(),
                    MissKind::NotResolved => "not-resolved".to_owned(),
                    MissKind::Far(km) => format!("far {km:.0}"),
                };
                writeln!(
                    out,
                    "{name}\t{}\t{}\t{kind}",
                    miss.article,
                    miss.name.replace(char::is_whitespace, " ")
                )?;
            }
            continue;
        }
        let unplaced: usize = articles.iter().map(|article| article.unplaced).sum();
        row(&mut out, &format!("{name} developed on"), &even)?;
        row(&mut out, &format!("{name} held out"), &odd)?;
        let mut whole = even;
        whole.merge(&odd);
        row(&mut out, name, &whole)?;
        writeln!(out, "  ({unplaced} toponyms not in the text where annotated)")?;
        all.merge(&whole);
    }
    if more.is_empty() {
        row(&mut out, "both", &all)?;
    }
    out.flush()?;
    Ok(())
}
