//! Feeds are added, listed, taken away, imported and exported.

use crate::support::Workbench;
use crate::with_example;

#[test]
fn what_is_not_public_is_refused_unless_it_is_meant() {
    let bench = Workbench::new();
    for url in [
        "http://10.0.0.1/feed",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/feed",
        "http://localhost:8080/feed",
        "http://[::ffff:192.168.0.1]/feed",
    ] {
        bench.run(["feeds", "add", url]).ends_with(2).says(&[url, "--allow-private"]);
    }
    bench.run(["feeds", "add", "--allow-private", "http://10.0.0.1/feed"]).ends_with(0);
    for url in ["ftp://a.example/", "not a url", "file:///etc/passwd", ""] {
        bench.run(["feeds", "add", url]).ends_with(2).says(&["https://"]);
    }
    assert_eq!(bench.count("SELECT count(*) FROM feeds"), 1);
}

#[test]
fn a_feed_is_added_once_and_taken_away_by_number_or_address() {
    let bench = Workbench::new();
    let url = "https://notes.halden.example/feed";
    let added = bench.run(["feeds", "add", url]);
    added.ends_with(0);
    assert!(added.out().starts_with("#1 added"), "{}", added.out());
    let again = bench.run(["feeds", "add", url]);
    again.ends_with(0);
    assert!(again.out().starts_with("#1 is there already"), "{}", again.out());
    let list = bench.run(["feeds", "list"]).out();
    assert!(list.contains(url) && list.contains("not asked yet"), "{list}");
    bench.run(["feeds", "remove", "7"]).ends_with(2).says(&["there is no feed 7", "feeds list"]);
    bench.run(["feeds", "remove", url]).ends_with(0);
    let list = bench.run(["feeds", "list"]).out();
    assert!(list.starts_with("No feeds."), "{list}");
}

#[test]
fn a_file_is_listed_as_one_and_never_asked() {
    let bench = with_example();
    let list = bench.run(["feeds", "list"]).out();
    assert!(list.contains("8 articles") && list.contains("a file: `watchfire feeds ingest`"), "{list}");
    let run = bench.run(["feeds", "run", "--all"]);
    run.ends_with(0);
    assert!(run.out().is_empty() && run.err().contains("No feeds to ask."), "{}", run.told());
    assert!(!bench.run(["feeds", "export"]).out().contains("halden.xml"));
}

#[test]
fn of_a_list_with_one_bad_address_the_others_are_added() {
    let bench = Workbench::new();
    bench.file(
        "list.opml",
        "<opml version='2.0'><body><outline text='Threats'><outline text='One &amp; only' type='rss' \
         xmlUrl='https://one.halden.example/feed'/><outline text='Inside' type='rss' xmlUrl='http://192.168.1.1/feed'/>\
         </outline><outline text='Two' type='rss' xmlUrl='https://two.halden.example/atom?a=1&amp;b=2'/>\
         <outline text='Nothing'/></body></opml>",
    );
    let run = bench.run(["feeds", "import", "list.opml"]);
    run.ends_with(3).says(&["http://192.168.1.1/feed", "--allow-private"]);
    assert!(run.out().starts_with("2 added, 0 there already, 1 refused"), "{}", run.out());
    let again = bench.run(["feeds", "import", "list.opml"]);
    assert!(again.out().starts_with("0 added, 2 there already, 1 refused"), "{}", again.out());
    bench.run(["feeds", "import", "nowhere.opml"]).ends_with(2).says(&["nowhere.opml", "OPML"]);
    bench.file("feed.xml", "<rss version='2.0'><channel/></rss>");
    bench.run(["feeds", "import", "feed.xml"]).ends_with(2).says(&["feed.xml", "OPML"]);
}

#[test]
fn what_is_exported_is_imported_as_it_was() {
    let bench = Workbench::new();
    for (url, title, folder) in [
        ("https://one.halden.example/feed", "One & <only>", "Threats/Energy"),
        ("https://two.halden.example/atom?a=1&b=2", "Zwei „Äpfel“", ""),
    ] {
        bench.run(["feeds", "add", "--title", title, "--folder", folder, url]).ends_with(0);
    }
    let exported = bench.run(["feeds", "export"]);
    exported.ends_with(0);
    let other = Workbench::new();
    other.file("list.opml", &exported.stdout);
    let run = other.run(["feeds", "import", "list.opml"]);
    run.ends_with(0);
    assert_eq!(run.out(), "2 added, 0 there already\n");
    assert_eq!(other.run(["feeds", "export"]).out(), exported.out());
}
