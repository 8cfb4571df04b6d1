//! Files of feeds and pages.

use crate::support::{Workbench, example};

#[test]
fn the_example_is_taken_in_once() {
    let bench = Workbench::new();
    let folder = example("feeds");
    let first = bench.run(["feeds", "ingest", folder.to_str().unwrap()]);
    first.ends_with(0);
    assert_eq!(
        first.out(),
        "1 file, 8 articles: 8 new, 0 changed, 0 known, 0 left out; 2 indicators for triage\n"
    );
    let second = bench.run(["feeds", "ingest", folder.to_str().unwrap()]);
    second.ends_with(0);
    assert_eq!(
        second.out(),
        "1 file, 8 articles: 0 new, 0 changed, 8 known, 0 left out; 0 indicators for triage\n"
    );
    assert_eq!(bench.count("SELECT count(*) FROM articles"), 8);
}

#[test]
fn what_one_feed_said_is_not_said_again_by_a_copy_of_it() {
    let bench = Workbench::new();
    let bytes = std::fs::read(example("feeds/halden.xml")).unwrap();
    bench.file("in/a.xml", &bytes);
    bench.file("in/b.rss", &bytes);
    // A folder that leads back to itself, and what is no feed by its name.
    std::os::unix::fs::symlink(bench.path("in"), bench.path("in/again.xml")).unwrap();
    bench.file("in/notes.txt", b"nothing");
    let run = bench.run(["feeds", "ingest", "in"]);
    run.ends_with(0);
    assert_eq!(
        run.out(),
        "2 files, 16 articles: 8 new, 0 changed, 8 known, 0 left out; 2 indicators for triage\n"
    );
}

#[test]
fn of_a_feed_the_latest_are_taken() {
    let bench = Workbench::new();
    let run = bench.run(["feeds", "ingest", "--limit", "3", example("feeds").to_str().unwrap()]);
    run.ends_with(0);
    assert!(
        run.out().starts_with("1 file, 8 articles: 3 new, 0 changed, 0 known, 5 left out;"),
        "{}",
        run.out()
    );
    let left = bench.count("SELECT count(*) FROM articles WHERE title LIKE 'Siemens%'");
    assert_eq!(left, 0, "an old one was taken");
}

#[test]
fn a_page_is_an_article() {
    let bench = Workbench::new();
    let text = "The turbine hall of the plant was without control for two hours. ".repeat(12);
    bench.file(
        "report.html",
        format!(
            "<!doctype html><html><head><title>Wiper at a plant near Oslo</title></head>\
             <body><nav>Home About</nav><article><h1>Wiper at a plant near Oslo</h1><p>{text}</p></article></body></html>"
        ),
    );
    bench.run(["feeds", "ingest", "report.html"]).ends_with(0);
    let listed = bench.run(["articles"]).out();
    assert!(listed.contains("Wiper at a plant near Oslo") && listed.contains("Oslo\n"), "{listed}");
}

#[test]
fn what_is_no_feed_is_named_and_the_rest_is_taken_in() {
    let bench = Workbench::new();
    let bytes = std::fs::read(example("feeds/halden.xml")).unwrap();
    bench.file("in/good.xml", &bytes);
    bench.file("in/bad.xml", b"<?xml version='1.0'?><svg/>");
    bench.file("in/empty.xml", b"");
    let run = bench.run(["feeds", "ingest", "in"]);
    run.ends_with(3).says(&["in/bad.xml: ", "in/empty.xml: ", "2 of 3 files could not be read", "RSS"]);
    assert!(run.out().contains("8 new"), "{}", run.told());
}

#[test]
fn what_is_not_there_is_told_with_a_hint() {
    let bench = Workbench::new();
    bench.run(["feeds", "ingest", "nowhere"]).ends_with(2).says(&["nowhere: No such file"]);
    bench.file("folder/readme.txt", b"no feed");
    bench.run(["feeds", "ingest", "folder"]).ends_with(2).says(&["no feed and no page in folder", ".xml"]);
}

#[test]
fn what_articles_warn_of_is_known_to_triage() {
    let bench = Workbench::new();
    let hash = "be986ee50f38a156e4fc2e445ba7ab3313f1d4fd6983021362557c8db85e1f1c";
    bench.run(["intel", "lookup", hash]).ends_with(2).says(&["no lists, no services"]);
    bench.run(["feeds", "ingest", example("feeds").to_str().unwrap()]).ends_with(0);
    let run = bench.run(["intel", "lookup", hash]);
    run.ends_with(0);
    assert!(run.out().contains(": suspicious\n"), "{}", run.out());
    assert!(
        run.out().contains("Standing list: files to block on sight (Halden Security Notes)"),
        "{}",
        run.out()
    );
}
