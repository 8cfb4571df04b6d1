//! The other commands.

use crate::support::{Workbench, example};
use serde_json::Value;
use std::process::{Command, Stdio};

#[test]
fn a_run_can_be_reported_again_in_every_format() {
    let bench = Workbench::new();
    let run = bench.triage(&[&example("day.ndjson")]);
    run.ends_with(0);
    bench.triage(&[&example("brute-force-15.ndjson")]).ends_with(0);

    let json = bench.run(["report", "1", "--format", "json"]);
    json.ends_with(0);
    let again: Value = serde_json::from_str(&json.out()).unwrap();
    assert_eq!(&again, run.summary());
    let text = bench.run(["report", "1"]);
    text.ends_with(0);
    let first = run.finished.out();
    let (first, _) = first.split_once("\n  analysis ").unwrap();
    assert!(
        text.out().trim_end() == first.trim_end(),
        "the summary reads differently the second time:\n{}",
        text.out()
    );

    let page = bench.run(["report", "1", "--format", "html"]).out();
    assert!(page.trim_start().starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    let markdown = bench.run(["report", "1", "--format", "md"]).out();
    assert!(markdown.starts_with("# "), "{}", &markdown[..markdown.len().min(200)]);
    let finding = run.summary()["findings"][0]["rule"].as_str().unwrap();
    for document in [page, markdown] {
        assert!(document.contains(finding), "nothing of {finding:?}");
        assert!(!document.contains("src=\"http") && !document.contains("url(http"), "not self-contained");
    }
    // Without a number it is the last one.
    let last: Value = serde_json::from_str(&bench.run(["report", "--format", "json"]).out()).unwrap();
    assert_eq!(last["judged"], 15);
    for name in ["r.html", "r.md", "r.json"] {
        bench.run(["report", "--out", name]).ends_with(0);
        assert!(std::fs::metadata(bench.path(name)).unwrap().len() > 500, "{name}");
    }
}

#[test]
fn completions_are_scripts() {
    let bench = Workbench::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = bench.run(["completions", shell]);
        run.ends_with(0);
        assert!(run.out().contains("watchfire") && run.out().contains("triage"), "{shell}");
    }
    bench.file("completions.bash", bench.run(["completions", "bash"]).stdout);
    let checked =
        Command::new("bash").arg("-n").arg(bench.path("completions.bash")).stderr(Stdio::null()).status();
    match checked {
        Ok(status) => assert!(status.success(), "bash does not take its completions"),
        Err(_) => println!("skipped: there is no bash to check its completions"),
    }
    assert!(!bench.store().exists(), "a store was made for nothing");
}

#[test]
fn manual_pages_are_written() {
    let bench = Workbench::new();
    let page = bench.run(["man"]);
    page.ends_with(0);
    assert!(page.out().contains(".TH watchfire 1"), "{}", page.out());
    let folder = bench.path("man");
    std::fs::create_dir(&folder).unwrap();
    bench.run(["man", "man"]).ends_with(0);
    let names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    for name in ["watchfire.1", "watchfire-triage.1", "watchfire-dead-list.1"] {
        assert!(names.iter().any(|found| found == name), "no {name} among {names:?}");
    }
    let run = bench.run(["man", "no/such/folder"]);
    run.ends_with(1).says(&[]);
}

#[test]
fn check_tells_what_is_in_force() {
    let bench = Workbench::new();
    bench.triage(&[&example("brute-force-15.ndjson")]).ends_with(0);
    bench.file(
        "watchfire.toml",
        format!(
            "[input]\nmappings = [{:?}]\n[[intel.lists]]\npath = {:?}\n",
            example("mappings/ait.toml"),
            example("intel/bad-addresses.txt")
        ),
    );
    let run = bench.run(["check"]);
    run.ends_with(0);
    let out = run.out();
    for part in ["watchfire.toml", "mappings   1", "intel      1 lists", "15 alerts", "all well"] {
        assert!(out.contains(part), "nothing of {part:?}: {out}");
    }
}

#[test]
fn what_is_known_of_a_value_can_be_looked_up() {
    let bench = Workbench::new();
    let lists = example("intel");
    let lists = lists.to_str().unwrap();
    let bad = std::fs::read_to_string(example("intel/bad-addresses.txt")).unwrap();
    let address = bad
        .lines()
        .find(|line| line.starts_with(|first: char| first.is_ascii_digit()))
        .unwrap()
        .split('\t')
        .next()
        .unwrap();
    let defanged = address.replace('.', "[.]");
    let run = bench.run([
        "intel",
        "lookup",
        "--intel",
        lists,
        address,
        &defanged,
        "8.8.8.8",
        "no indicator at all",
    ]);
    run.ends_with(2);
    assert_eq!(run.out().matches("(ip): malicious").count(), 2, "{}", run.out());
    assert!(run.out().contains("unknown") && run.out().contains("not an address"), "{}", run.out());
    bench.run(["intel", "lists", "--intel", lists]).ends_with(0);
    bench.run(["intel", "lists"]).ends_with(2).says(&["no lists"]);
}

#[test]
fn nothing_is_kept_where_nothing_should_be() {
    let bench = Workbench::new();
    let mut command = bench.bare(env!("CARGO_BIN_EXE_watchfire"));
    command.args(["--store", ":memory:", "triage"]).arg(example("brute-force-15.ndjson"));
    let run = crate::support::process::finish(&mut command, Vec::new());
    run.ends_with(0);
    assert!(run.out().contains("nothing is kept"), "{}", run.out());
    let files: Vec<_> = std::fs::read_dir(bench.path("")).unwrap().collect();
    assert!(files.is_empty(), "{files:?}");
}

#[test]
fn every_command_explains_itself() {
    let bench = Workbench::new();
    for command in [
        &["--help"] as &[&str],
        &["--version"],
        &["triage", "--help"],
        &["dead", "replay", "--help"],
        &["help", "decide"],
    ] {
        let run = bench.run(command);
        run.ends_with(0);
        assert!(run.out().contains("watchfire"), "{}", run.out());
    }
    assert!(bench.run(["--help"]).out().contains("3 done with dead letters"));
}
