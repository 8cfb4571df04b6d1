//! `watchfire eval --geo`: how well places are found in news that annotators have read.
//!
//! The figures are those that the field compares by (`watchfire_geo::evaluate`): a mention counts as found where it
//! overlaps an annotated one, or, more strictly, where it is the same; of those that were found and that the annotators
//! located, the share within 161 km, and the median error. Nothing of an article but its text is told to the parser,
//! so the figures are those of an article whose feed says nothing of its country.

use crate::cli::Eval;
use crate::exit::{Problem, Status};
use crate::terminal::{self, grouped};
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::Path;
use watchfire_geo::corpus::{self, Article, CorpusError};
use watchfire_geo::{Gazetteer, Geoparser, MissKind, Recognition, Scores, evaluate};
use watchfire_judge::tame;

/// A file's scores, or those of all.
struct Measured {
    name: String,
    scores: Scores,
    /// Toponyms that are not where the file says they are.
    unplaced: usize,
}

pub(super) fn run(command: &Eval) -> Result<Status, Problem> {
    let gazetteer = Gazetteer::embedded()
        .map_err(|error| Problem::from_error(Status::Failed, &error, "this is a bug: please report it"))?;
    let parser = Geoparser::new(gazetteer);
    let mut all = Measured { name: "all".to_owned(), scores: Scores::default(), unplaced: 0 };
    let mut measured = Vec::new();
    for path in &command.files {
        let articles = corpus::read(path).map_err(|error| unreadable(path, &error))?;
        let chosen: Vec<&Article> = articles
            .iter()
            .enumerate()
            .filter(|(at, _)| !command.held_out || at % 2 == 1)
            .map(|(_, article)| article)
            .collect();
        let unplaced = chosen.iter().map(|article| article.unplaced).sum();
        let scores = evaluate(chosen, &parser);
        all.scores.merge(&scores);
        all.unplaced += unplaced;
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        measured.push(Measured { name, scores, unplaced });
    }
    let misses = command.misses.unwrap_or(0) as usize;
    let text = if command.json {
        let corpora: Vec<Value> = measured.iter().map(|one| as_json(one, misses)).collect();
        let whole = json!({ "held_out": command.held_out, "corpora": corpora, "all": as_json(&all, misses) });
        terminal::json_line(&whole)
    } else {
        table(&measured, &all, command.held_out, misses)
    };
    terminal::write_out(text.as_bytes())?;
    Ok(Status::Done)
}

fn unreadable(path: &Path, error: &CorpusError) -> Problem {
    let hint = "--geo reads <article> elements with a <text> and <toponym>s, as LGL and TR-News have them";
    let name = terminal::path_name(path);
    match error {
        CorpusError::Read(cause) => Problem::usage(format!("{name}: {cause}"), hint),
        CorpusError::Xml { line, source } => Problem::usage(format!("{name}:{line}: {source}"), hint),
        CorpusError::Wrong { line, what } => Problem::usage(format!("{name}:{line}: {what}"), hint),
        CorpusError::Large => Problem::usage(format!("{name}: {error}"), "divide it into several files"),
    }
}

fn table(measured: &[Measured], all: &Measured, held_out: bool, misses: usize) -> String {
    let half = if held_out { " Every second article only." } else { "" };
    let mut text = format!(
        "Places found by the embedded gazetteer and resolved, from the text alone.{half}\n\n\
         {:45}{:^25} {:^25} {:^29}\n{:<24} {:>9} {:>9}   {:>7} {:>7} {:>7}   {:>7} {:>7} {:>7}   {:>7} {:>10} {:>10}\n",
        "",
        "found, by overlap",
        "found, exactly",
        "resolved, of those found",
        "corpus",
        "articles",
        "toponyms",
        "prec.",
        "recall",
        "F1",
        "prec.",
        "recall",
        "F1",
        "of",
        "<= 161 km",
        "median km",
    );
    let rows = measured.iter().chain((measured.len() > 1).then_some(all));
    for one in rows.clone() {
        text.push_str(&row(one));
    }
    if all.unplaced > 0 {
        text.push_str(&format!(
            "\n{} toponyms are not where their file says they are, and are left out.\n",
            grouped(all.unplaced as u64)
        ));
    }
    if misses > 0 {
        text.push_str(&missed(&all.scores, misses));
    }
    text
}

fn row(one: &Measured) -> String {
    let scores = &one.scores;
    let found = |of: &Recognition| format!("{:>7.3} {:>7.3} {:>7.3}", of.precision(), of.recall(), of.f1());
    format!(
        "{:<24} {:>9} {:>9}   {}   {}   {:>7} {:>8.1} % {:>10.1}\n",
        tame(&one.name, 24),
        grouped(scores.articles as u64),
        grouped(scores.overlap.annotated as u64),
        found(&scores.overlap),
        found(&scores.exact),
        grouped(scores.errors_km.len() as u64),
        100.0 * scores.accuracy(),
        scores.median_km(),
    )
}

/// The kinds of what goes wrong, in the order in which they are shown.
const KINDS: [(&str, &str); 4] = [
    ("not_found", "Annotated, and not found"),
    ("not_there", "Found, and not annotated"),
    ("not_resolved", "Found, and no place known for it"),
    ("far", "Found, and put too far away"),
];

const fn kind_of(kind: MissKind) -> usize {
    match kind {
        MissKind::NotFound => 0,
        MissKind::NotThere => 1,
        MissKind::NotResolved => 2,
        MissKind::Far(_) => 3,
    }
}

/// What went wrong with one name.
#[derive(Default)]
struct Named {
    times: u64,
    /// An article with it, the first.
    article: String,
    /// How far off at most, in kilometres; 0 where that does not apply.
    km: f64,
}

/// What went wrong, by kind; names the most frequent first.
fn by_kind(scores: &Scores) -> [Vec<(String, Named)>; 4] {
    let mut names: [BTreeMap<String, Named>; 4] = Default::default();
    for miss in &scores.misses {
        let words: Vec<&str> = miss.name.split_whitespace().collect();
        let named = names[kind_of(miss.kind)].entry(words.join(" ")).or_default();
        if named.times == 0 {
            named.article.clone_from(&miss.article);
        }
        named.times += 1;
        if let MissKind::Far(km) = miss.kind {
            named.km = named.km.max(km);
        }
    }
    names.map(|names| {
        let mut names: Vec<(String, Named)> = names.into_iter().collect();
        names.sort_by_key(|(_, named)| Reverse(named.times));
        names
    })
}

fn missed(scores: &Scores, most: usize) -> String {
    let mut text = String::new();
    for ((_, heading), names) in KINDS.iter().zip(by_kind(scores)) {
        let times: u64 = names.iter().map(|(_, named)| named.times).sum();
        text.push_str(&format!(
            "\n{heading}: {} times, {} different\n",
            grouped(times),
            grouped(names.len() as u64)
        ));
        for (name, named) in names.iter().take(most) {
            let far = if named.km > 0.0 { format!(", up to {:.0} km off", named.km) } else { String::new() };
            text.push_str(&format!(
                "  {:>5}  {:<40} article {}{far}\n",
                named.times,
                tame(name, 40),
                tame(&named.article, 40)
            ));
        }
        if names.len() > most {
            text.push_str(&format!("         … and {} more\n", grouped((names.len() - most) as u64)));
        }
    }
    text
}

fn as_json(one: &Measured, misses: usize) -> Value {
    let scores = &one.scores;
    let found = |of: &Recognition| {
        json!({
            "hits": of.hits, "told": of.told, "annotated": of.annotated,
            "precision": of.precision(), "recall": of.recall(), "f1": of.f1(),
        })
    };
    let mut value = json!({
        "name": one.name, "articles": scores.articles, "toponyms": scores.overlap.annotated,
        "unplaced": one.unplaced, "overlap": found(&scores.overlap), "exact": found(&scores.exact),
        "located": found(&scores.located), "resolved_of": scores.errors_km.len(),
        "accuracy_161_km": scores.accuracy(), "median_km": scores.median_km(), "mean_km": scores.mean_km(),
        "area_under_curve": scores.area_under_curve(),
    });
    if misses > 0 {
        let mut kinds = serde_json::Map::new();
        for ((key, _), names) in KINDS.iter().zip(by_kind(scores)) {
            let names = names.iter().take(misses).map(|(name, named)| {
                let km = Some(named.km).filter(|km| *km > 0.0);
                json!({ "name": name, "times": named.times, "article": named.article, "km": km })
            });
            kinds.insert((*key).to_owned(), names.collect());
        }
        value["misses"] = Value::Object(kinds);
    }
    value
}
