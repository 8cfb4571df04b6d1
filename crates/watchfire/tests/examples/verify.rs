//! What a model decided is asked again, over the wire, and nothing that is stored changes by it.

use crate::support::alerts::alerts;
use crate::support::process::{Finished, finish};
use crate::support::{Workbench, number};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use watchfire_standin::{Config, Running, Standin};

/// A workbench whose settings name the stand-in, which has decided on what nobody embedded was sure of.
struct Asked {
    bench: Workbench,
    standin: Running,
    decisions: u64,
    _runtime: Runtime,
}

impl Asked {
    fn new() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let standin = runtime.block_on(Standin::listen("127.0.0.1:0", Config::default())).unwrap();
        let bench = Workbench::new();
        bench.file(
            "watchfire.toml",
            format!(
                "[llm.near]\nprovider = \"gemini\"\nmodel = \"gemini-2.5-flash\"\nbase_url = \"{}\"\n",
                standin.base_url
            ),
        );
        let file = bench.file("a.json", unheard_of(60));
        let mut asked = Self { bench, standin, decisions: 0, _runtime: runtime };
        let triage = asked.run(&["triage", "--quiet", "--llm", "near", file.to_str().unwrap()]);
        triage.ends_with(0);
        asked.decisions = asked.bench.count("SELECT count(*) FROM answered") as u64;
        assert!(asked.decisions >= 30, "{}", asked.decisions);
        asked
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        finish(self.bench.command(arguments).env("GEMINI_API_KEY", "test-key"), Vec::new())
    }

    fn verify(&self, more: &[&str]) -> Value {
        let run = self.run(&[&["verify", "--json"], more].concat());
        run.ends_with(0);
        serde_json::from_str(&run.out()).unwrap()
    }

    /// All that is stored of verdicts, as text.
    fn stored(&self) -> String {
        let sql =
            "SELECT coalesce(group_concat(id || verdict || severity || decider || detail || valid_until), '')
                   FROM (SELECT * FROM decisions ORDER BY id)";
        self.bench.sql().query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

/// Alerts that no rule knows, each of a pattern of its own.
fn unheard_of(count: u64) -> String {
    let line = |number: u64| {
        let line = alerts(number..number + 1);
        line.replace("ET SCAN Probe", &format!("unheard of {number},"))
            .replace("Attempted Information Leak", "something else")
            .replace("10.20.1.", &format!("10.20.{}.", number % 200))
    };
    (0..count).map(line).collect()
}

#[test]
fn a_model_that_says_the_same_again_has_no_flips_and_one_that_does_not_is_found_out() {
    let asked = Asked::new();
    let stored = asked.stored();
    let same = asked.verify(&["--sample", "30", "--seed", "1"]);
    assert_eq!(number(&same["population"]), asked.decisions);
    assert_eq!([&same["sampled"], &same["asked"], &same["answered"]].map(number), [30, 30, 30]);
    assert_eq!(number(&same["flips"]["count"]), 0);
    assert!(same["flips"]["high"].as_f64().is_some_and(|high| high > 0.11 && high < 0.12), "{same}");
    assert!(number(&same["calls"]["calls"]) >= 5, "it is really asked: {same}");

    asked.standin.behave(json!({"fickle": 1.0})).unwrap();
    let fickle = asked.verify(&["--sample", "30", "--seed", "1"]);
    let flips = number(&fickle["flips"]["count"]);
    assert!(flips >= 15 && flips + number(&fickle["same_side_other_word"]) == 30, "{fickle}");
    let first = &fickle["changed"][0];
    assert_ne!(first["before"], first["after"]);
    let id = first["alert"].as_str().unwrap();
    assert_eq!(asked.stored(), stored, "what is stored stays");

    let shown = asked.run(&["verify", "--seed", "1", "--sample", "30", "--llm", "near"]);
    shown.ends_with(0);
    for part in ["30 of", "flipped", "95 % sure", "first said by", "gemini/gemini-2.5-flash@", "→", id] {
        assert!(shown.out().contains(part), "no {part:?} in {}", shown.out());
    }
    asked.run(&["decide", id, "benign_positive"]).ends_with(0);
}

#[test]
fn a_dry_run_asks_nothing_and_needs_no_key() {
    let asked = Asked::new();
    let calls = asked.standin.tally().providers[&watchfire_standin::Provider::Gemini].calls;
    let dry = asked.bench.run(["verify", "--dry-run", "--sample", "12"]);
    dry.ends_with(0);
    assert!(dry.out().contains("12 questions would take") && dry.out().contains('$'), "{}", dry.out());
    assert_eq!(asked.standin.tally().providers[&watchfire_standin::Provider::Gemini].calls, calls);
}

#[test]
fn verdicts_whose_questions_were_not_kept_are_counted_and_not_replaced() {
    let asked = Asked::new();
    let store = rusqlite::Connection::open(asked.bench.store()).unwrap();
    store
        .execute("DELETE FROM answered WHERE decision IN (SELECT decision FROM answered LIMIT 10)", [])
        .unwrap();
    drop(store);
    let told = asked.verify(&["--sample", "1000"]);
    assert_eq!(number(&told["sampled"]), asked.decisions);
    assert_eq!(number(&told["not_kept"]), 10);
    assert_eq!(number(&told["asked"]), asked.decisions - 10);
    let shown = asked.run(&["verify", "--sample", "1000"]);
    assert!(shown.out().contains("10 could not be asked again"), "{}", shown.out());
}

#[test]
fn without_a_verdict_or_a_model_it_says_so() {
    let bench = Workbench::new();
    bench.run(["verify"]).ends_with(2).says(&["there is no store"]);
    let file = bench.file("a.json", alerts(0..3));
    bench.triage(&[&file]).ends_with(0);
    bench.run(["verify"]).ends_with(2).says(&["there is no model in the settings"]);
    let model = |name| format!("[llm.{name}]\nprovider = \"gemini\"\nmodel = \"gemini-2.5-flash\"\n");
    bench.file("watchfire.toml", model("a"));
    let none = bench.run(["verify"]);
    none.ends_with(0);
    assert!(none.out().contains("nothing to ask again"), "{}", none.out());
    bench.file("watchfire.toml", model("a") + &model("b"));
    bench.run(["verify"]).ends_with(2).says(&["several models", "a, b"]);
    bench.run(["verify", "--llm", "c"]).ends_with(2).says(&["there is no model"]);
}
