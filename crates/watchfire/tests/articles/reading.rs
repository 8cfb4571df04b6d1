//! Articles as they are listed, and the profiles they are listed by.

use crate::support::{Workbench, example};
use crate::with_example;
use serde_json::Value;

/// The list, with today's date in the place of the one of the article that has none.
fn steady(list: &str) -> String {
    let dated = |line: &str| match line.split_once("  Standing list") {
        Some((before, title)) => {
            format!("{}[today]  Standing list{title}", &before[..before.len() - "2026-01-01".len()])
        }
        None => line.to_owned(),
    };
    list.lines().map(|line| dated(line) + "\n").collect()
}

#[test]
fn what_matters_to_somebody_reads_well() {
    let bench = with_example();
    let put = bench.run(["profile", "put", example("profile.toml").to_str().unwrap()]);
    put.ends_with(0);
    assert_eq!(put.out(), "mira: 8 articles scored\n");
    let list = bench.run(["articles", "--user", "mira"]);
    list.ends_with(0);
    insta::assert_snapshot!("articles_by_relevance", steady(&list.out()));
    insta::assert_snapshot!("articles_left_out", list.err());
    let latest = bench.run(["articles"]);
    latest.ends_with(0);
    insta::assert_snapshot!("articles_latest", steady(&latest.out()));
}

#[test]
fn scores_are_in_order_and_carry_their_reasons() {
    let bench = with_example();
    bench.run(["profile", "put", example("profile.toml").to_str().unwrap()]).ends_with(0);
    let run = bench.run(["articles", "--user", "mira", "--json"]);
    run.ends_with(0);
    let articles: Vec<Value> = run.out().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let scores: Vec<u64> = articles.iter().map(|article| article["score"].as_u64().unwrap()).collect();
    assert!(scores.len() >= 5 && scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    for article in &articles {
        assert!(article["reasons"].as_array().is_some_and(|reasons| !reasons.is_empty()), "{article}");
        assert!(!article["title"].as_str().unwrap().contains("Webinar"), "muted: {article}");
    }
}

#[test]
fn entities_are_found_however_they_are_written() {
    let bench = with_example();
    for (written, title) in [
        ("cve:cve-2024-3400", "Exploit for PAN-OS"),
        ("actor:volt typhoon", "Volt Typhoon keeps"),
        ("actor:Vanguard Panda", "Volt Typhoon keeps"),
        ("country:ch", "Siemens patches"),
        ("sector:Energy", "FortiOS flaw"),
    ] {
        let run = bench.run(["articles", "--entity", written]);
        run.ends_with(0);
        assert!(run.out().contains(title), "{written}: {}", run.told());
    }
    let run = bench.run(["articles", "--entity", "cve:CVE-1999-0001"]);
    run.ends_with(0);
    assert!(run.out().is_empty() && run.err().contains("None of 8 articles"), "{}", run.told());
}

#[test]
fn what_no_list_can_be_made_of_is_told_with_a_hint() {
    let bench = Workbench::new();
    bench.run(["articles"]).ends_with(2).says(&["there is no store", "feeds ingest"]);
    let bench = with_example();
    for entity in ["foo", "colour:red", "cve:", ":"] {
        bench
            .run(["articles", "--entity", entity])
            .ends_with(2)
            .says(&["is not KIND:VALUE", "cve:CVE-2024-3400"]);
    }
    bench.run(["articles", "--user", "nobody"]).ends_with(2).says(&["no profile of nobody", "profile put"]);
    bench.run(["articles", "--sort", "relevance"]).ends_with(2).says(&["--user NAME"]);
}

#[test]
fn what_is_wrong_with_a_profile_is_named_with_its_line() {
    let bench = with_example();
    let said = [
        ("user = \"ada\"\n\nregion = [\"DE\"]\n", "line 3"),
        ("user = \"ada\"\nregions = [\"Atlantis\"]\n", "`Atlantis`"),
        ("user = \"ada\"\nregions = [\n", "line "),
        ("", "user"),
    ];
    for (text, part) in said {
        bench.file("profile.toml", text);
        let run = bench.run(["profile", "put", "profile.toml"]);
        run.ends_with(2).says(&["profile.toml: ", part]);
        assert_eq!(run.err().matches("hint:").count(), 1, "{}", run.err());
    }
    bench.run(["profile", "put", "nowhere.toml"]).ends_with(2).says(&["nowhere.toml: "]);
    let none = bench.run(["profile", "list"]);
    none.ends_with(0);
    assert!(none.out().starts_with("No profiles."), "{}", none.out());
}

#[test]
fn a_profile_can_be_shown_put_again_and_taken_away() {
    let bench = with_example();
    bench.run(["profile", "put", example("profile.toml").to_str().unwrap()]).ends_with(0);
    let shown = bench.run(["profile", "show", "mira"]);
    shown.ends_with(0);
    bench.file("again.json", shown.out());
    bench.run(["profile", "put", "again.json"]).ends_with(0);
    assert_eq!(bench.run(["profile", "show", "mira"]).out(), shown.out());
    bench.run(["profile", "remove", "mira"]).ends_with(0);
    bench.run(["profile", "show", "mira"]).ends_with(2).says(&["profile of mira", "profile put"]);
}

#[test]
fn titles_of_attackers_reach_no_terminal() {
    let bench = Workbench::new();
    bench.file(
        "evil.xml",
        "<rss version='2.0'><channel><title>x&#27;[31m</title><item><title>red \u{9b}31m \u{202e}gnp.exe</title>\
         <link>https://a.example/&#27;]0;x</link><description>text</description></item></channel></rss>",
    );
    bench.run(["feeds", "ingest", "evil.xml"]).is_no_panic();
    for arguments in [["articles", "--limit=5"], ["articles", "--json"], ["feeds", "list"]] {
        let run = bench.run(arguments);
        run.ends_with(0);
        let shown = run.out() + &run.err();
        assert!(!shown.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{shown:?}");
    }
}
