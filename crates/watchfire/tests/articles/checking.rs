//! `watchfire check` says what is wrong with `[feeds]`.

use crate::support::Workbench;

#[test]
fn all_that_is_wrong_with_feeds_is_told_at_once() {
    let bench = Workbench::new();
    bench.file("mine.tsv", "Halden Loader\tHLoader\n# nothing\n\nBlue Finch\n");
    bench.file(
        "watchfire.toml",
        "[[feeds.names]]\nkind = 'malware'\npath = 'mine.tsv'\n[[feeds.names]]\nkind = 'actor'\npath = 'nowhere.tsv'\n\
         [[feeds.names]]\nkind = 'vendor'\npath = 'neither.tsv'\n[feeds.locations]\nllm = 'slow'\n",
    );
    let run = bench.run(["check"]);
    run.ends_with(2).says(&["nowhere.tsv", "neither.tsv", "no model \"slow\"", "[llm.NAME]"]);
    assert!(run.out().contains("3 to mend"), "{}", run.out());
    bench.file("watchfire.toml", "[feeds.locations]\nnominatim = 'https://nominatim.halden.example'\n");
    bench.run(["check"]).ends_with(2).says(&["nominatim", "without a model"]);
}

#[test]
fn what_is_in_force_is_told() {
    let bench = Workbench::new();
    bench.file("mine.tsv", "Halden Loader\tHLoader\nBlue Finch\n");
    bench.file("watchfire.toml", "[[feeds.names]]\nkind = 'malware'\npath = 'mine.tsv'\n");
    let run = bench.run(["check"]);
    run.ends_with(0);
    assert!(
        run.out().contains("places are found by the built-in gazetteer; 2 names of your own"),
        "{}",
        run.out()
    );
    assert!(run.out().contains("0 feeds with 0 articles"), "{}", run.out());
}

#[test]
fn a_key_or_a_value_that_is_not_known_is_named_with_its_line() {
    let bench = Workbench::new();
    for (text, parts) in [
        ("[feeds]\nat_once = 4\nintervall = 3\n", ["watchfire.toml:3: ", "intervall"]),
        ("[feeds]\nat_once = 0\n", ["[feeds] at_once: 0", "docs/feeds.md"]),
        ("[feeds.locations]\npreset = 'fast'\n", ["watchfire.toml:2: ", "high_volume"]),
        ("[[feeds.names]]\nkind = 'ip'\npath = 'x'\n", ["ip is not one of malware", "docs/feeds.md"]),
    ] {
        bench.file("watchfire.toml", text);
        bench.run(["check"]).ends_with(2).says(&parts);
    }
}

#[test]
fn names_of_ones_own_are_found_in_articles() {
    let bench = Workbench::new();
    bench.file("mine.tsv", "Halden Loader\tHLoader\n");
    bench.file("watchfire.toml", "[[feeds.names]]\nkind = 'malware'\npath = 'mine.tsv'\n");
    bench.file(
        "feed.xml",
        "<rss version='2.0'><channel><title>t</title><item><title>HLoader again</title>\
         <description>The malware HLoader was seen in Malmö.</description></item></channel></rss>",
    );
    bench.run(["feeds", "ingest", "feed.xml"]).ends_with(0);
    let run = bench.run(["articles", "--entity", "malware:hloader"]);
    run.ends_with(0);
    assert!(run.out().contains("names Halden Loader"), "{}", run.told());
}
