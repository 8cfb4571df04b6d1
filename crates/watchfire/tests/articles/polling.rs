//! Feeds are asked, and their hosts are treated with respect.

use crate::support::{Workbench, example};
use crate::web::{Answer, Asked, Server};

fn not_found() -> Answer {
    ("404 Not Found", "", Vec::new())
}

#[test]
fn a_feed_is_read_and_asked_again_only_for_what_is_new() {
    let bytes = std::fs::read(example("feeds/halden.xml")).unwrap();
    let server = Server::start(move |asked: &Asked| match asked.path.as_str() {
        "/feed" if asked.header.contains("if-none-match: \"seven\"") => {
            ("304 Not Modified", "etag: \"seven\"\r\n", Vec::new())
        }
        "/feed" => ("200 OK", "etag: \"seven\"\r\ncontent-type: application/rss+xml\r\n", bytes.clone()),
        _ => not_found(),
    });
    let bench = Workbench::new();
    bench.file("watchfire.toml", "[feeds]\ncontact = 'soc@halden.example'\n");
    bench.run(["feeds", "add", "--allow-private", &server.url("/feed")]).ends_with(0);
    let first = bench.run(["feeds", "run"]);
    first.ends_with(0);
    assert!(first.out().contains("8 new, 0 changed, 0 known of 8; next "), "{}", first.told());
    let early = bench.run(["feeds", "run"]);
    early.ends_with(0);
    assert!(early.err().contains("No feed's time has come"), "{}", early.told());
    let second = bench.run(["feeds", "run", "--all"]);
    second.ends_with(0);
    assert!(
        second.out().contains("Halden Security Notes") && second.out().contains("nothing new"),
        "{}",
        second.told()
    );
    let asked = server.asked("/feed");
    assert_eq!(asked.len(), 2);
    assert!(!server.asked("/robots.txt").is_empty(), "robots.txt was not asked for");
    for one in &asked {
        assert!(one.header.contains("user-agent: watchfire/"), "{}", one.header);
        assert!(one.header.contains("(+soc@halden.example)"), "{}", one.header);
    }
    let list = bench.run(["articles", "--country", "DE"]);
    assert!(list.out().contains("Leipzig"), "{}", list.told());
}

#[test]
fn what_robots_forbid_is_not_asked_for() {
    let server = Server::start(|asked: &Asked| match asked.path.as_str() {
        "/robots.txt" => {
            ("200 OK", "content-type: text/plain\r\n", b"User-agent: *\nDisallow: /private/\n".to_vec())
        }
        _ => not_found(),
    });
    let bench = Workbench::new();
    bench.run(["feeds", "add", "--allow-private", &server.url("/private/feed")]).ends_with(0);
    let run = bench.run(["feeds", "run"]);
    run.ends_with(3);
    assert!(run.out().contains("failed: ") && run.out().contains("robots"), "{}", run.told());
    assert!(server.asked("/private/feed").is_empty());
    let list = bench.run(["feeds", "list"]).out();
    assert!(list.contains("robots") && list.contains("(1 in a row)"), "{list}");
}

#[test]
fn a_feed_that_moved_for_good_is_asked_where_it_is() {
    let bytes = std::fs::read(example("feeds/halden.xml")).unwrap();
    let server = Server::start(move |asked: &Asked| match asked.path.as_str() {
        "/old" => ("301 Moved Permanently", "location: /new\r\n", Vec::new()),
        "/new" => ("200 OK", "content-type: application/rss+xml\r\n", bytes.clone()),
        _ => not_found(),
    });
    let bench = Workbench::new();
    bench.run(["feeds", "add", "--allow-private", &server.url("/old")]).ends_with(0);
    bench.run(["feeds", "run"]).ends_with(0);
    bench.run(["feeds", "run", "--all"]).ends_with(0);
    assert_eq!((server.asked("/old").len(), server.asked("/new").len()), (1, 2));
    assert!(bench.run(["feeds", "list"]).out().contains("/new"));
    // It is known by either address.
    let again = bench.run(["feeds", "add", "--allow-private", &server.url("/old")]);
    assert!(again.out().contains("is there already"), "{}", again.told());
}

#[test]
fn what_a_server_answers_in_place_of_a_feed_is_told() {
    let server = Server::start(|asked: &Asked| match asked.path.as_str() {
        "/page" => (
            "200 OK",
            "content-type: text/html\r\n",
            b"<!doctype html><html><body>Sign in</body></html>".to_vec(),
        ),
        "/busy" => ("503 Service Unavailable", "retry-after: 3600\r\n", Vec::new()),
        "/gone" => ("410 Gone", "", Vec::new()),
        _ => not_found(),
    });
    let bench = Workbench::new();
    for path in ["/page", "/busy", "/gone"] {
        bench.run(["feeds", "add", "--allow-private", &server.url(path)]).ends_with(0);
    }
    let run = bench.run(["feeds", "run"]);
    run.ends_with(3);
    assert!(run.err().contains("3 asked, 3 failed; 0 new articles"), "{}", run.told());
    let out = run.out();
    for part in ["come again later", "gone for good; not asked again"] {
        assert!(out.contains(part), "nothing of {part:?}: {out}");
    }
    let list = bench.run(["feeds", "list"]).out();
    assert!(list.contains("not asked again"), "{list}");
}
