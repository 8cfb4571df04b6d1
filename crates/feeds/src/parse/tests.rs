//! What is promised of feeds that no suite of cases has.

use super::*;

const URL: &str = "http://example.org/feeds/news.xml";

fn read(text: &str) -> Feed {
    let hints = Hints { url: Url::parse(URL).ok(), ..Hints::default() };
    parse(text.as_bytes(), &hints).unwrap()
}

fn titles(feed: &Feed) -> Vec<&str> {
    feed.entries.iter().map(|entry| entry.title.as_deref().unwrap_or("none")).collect()
}

#[test]
fn an_ordinary_item_comes_out_whole() {
    let feed = read(
        "<?xml version='1.0'?><rss version='2.0' xmlns:dc='http://purl.org/dc/elements/1.1/' \
         xmlns:content='http://purl.org/rss/1.0/modules/content/' xmlns:atom='http://www.w3.org/2005/Atom'><channel>\
         <title>News &amp;amp; views</title><link>http://example.org/</link><atom:link rel='self' href='news.xml'/>\
         <language>en</language><ttl>60</ttl><skipHours><hour>24</hour><hour>3</hour></skipHours><skipDays><day>Sunday</day></skipDays>\
         <item><title>A &lt;b&gt;bold&lt;/b&gt; claim</title><link> /a?x=1&amp;y=2 </link><guid isPermaLink='false'>a-1</guid>\
         <description>Short</description><content:encoded><![CDATA[<p>Long</p><p>text</p>]]></content:encoded>\
         <dc:creator>A. Writer</dc:creator><pubDate>Thu, 01 Jan 2004 19:48:21 +0100</pubDate><category>one</category>\
         <enclosure url='a.mp3' length='5' type='audio/mpeg'/></item></channel></rss>",
    );
    assert_eq!(
        (feed.format, feed.title.as_deref(), feed.language.as_deref()),
        (Format::Rss, Some("News & views"), Some("en"))
    );
    assert_eq!(
        (feed.ttl_minutes, &feed.skip_hours[..], &feed.skip_days[..]),
        (Some(60), &[0, 3][..], &[6][..])
    );
    assert_eq!(feed.link.as_deref(), Some("http://example.org/"));
    assert_eq!(feed.links[1].href, URL);
    let entry = &feed.entries[0];
    assert_eq!(entry.title.as_deref(), Some("A bold claim"));
    assert_eq!(entry.link.as_deref(), Some("http://example.org/a?x=1&y=2"));
    assert_eq!(entry.id.as_deref(), Some("a-1"));
    assert_eq!(entry.text(), "Long\ntext");
    assert_eq!(entry.authors[0].name.as_deref(), Some("A. Writer"));
    assert_eq!(entry.time().unwrap().to_string(), "2004-01-01T18:48:21.000Z");
    assert_eq!(entry.categories, ["one"]);
    assert_eq!(entry.links[1].href, "http://example.org/feeds/a.mp3");
    assert_eq!(feed.problems, []);
}

#[test]
fn plain_titles_of_atom_keep_their_signs() {
    let feed = read(
        "<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>The &lt;blink> tag</title></entry>\
         <entry><title type='html'>The &lt;b>blink&lt;/b> &amp;amp; tag</title></entry></feed>",
    );
    assert_eq!(titles(&feed), ["The <blink> tag", "The blink & tag"]);
}

#[test]
fn entries_without_ends_are_still_entries() {
    let feed = read(
        "<rss><channel><item><title>One<item><title>Two</titel><link>http://example.org/2</link></item><item><title>Three</title>",
    );
    assert_eq!(titles(&feed), ["One", "Two", "Three"]);
    assert_eq!(feed.entries[1].link.as_deref(), Some("http://example.org/2"));
    assert_eq!(feed.problems, [Problem::BadNesting, Problem::Truncated]);
}

#[test]
fn broken_references_and_undeclared_prefixes_are_read_and_told() {
    let feed = read(
        "<rss><channel><item><title>AT&T &nbsp;&eacute; &what;</title><dc:date>2004-01-01</dc:date></item></channel></rss>",
    );
    assert_eq!(titles(&feed), ["AT&T é &what;"]);
    assert!(feed.entries[0].updated.is_some());
    for problem in
        [Problem::LoneAmpersand, Problem::HtmlEntity, Problem::UnknownEntity, Problem::UndeclaredPrefix]
    {
        assert!(feed.problems.contains(&problem), "{problem:?} of {:?}", feed.problems);
    }
}

#[test]
fn entity_bombs_come_to_nothing() {
    let mut bomb = "<!DOCTYPE rss [<!ENTITY a0 'ha'>".to_owned();
    for level in 1..30 {
        let inner = format!("&a{};", level - 1).repeat(10);
        bomb.push_str(&format!("<!ENTITY a{level} '{inner}'>"));
    }
    bomb.push_str("]><rss><channel><title>&a29;</title><item><title>x</title></item></channel></rss>");
    let feed = read(&bomb);
    assert_eq!(feed.title.as_deref(), Some("&a28;".repeat(10).as_str()));
    assert!(feed.problems.contains(&Problem::EntityRefused));

    let wide = format!(
        "<!DOCTYPE rss [<!ENTITY a '{}'>]><rss><channel><description>{}</description></channel></rss>",
        "y".repeat(MAX_ENTITY_BYTES),
        "&a;".repeat(100_000)
    );
    let feed = read(&wide);
    assert_eq!(feed.description.unwrap().value.len(), MAX_EXPANDED_BYTES);
}

#[test]
fn nothing_from_outside_is_read() {
    let feed = read(
        "<!DOCTYPE rss [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><rss><channel><title>&x;</title></channel></rss>",
    );
    assert_eq!(feed.title.as_deref(), Some("&x;"));
    assert!(feed.problems.contains(&Problem::EntityRefused));
}

#[test]
fn entries_levels_and_elements_are_bounded() {
    let many =
        format!("<rss><channel>{}</channel></rss>", "<item><title>x</title></item>".repeat(MAX_ENTRIES + 3));
    let feed = read(&many);
    assert_eq!((feed.entries.len(), &feed.problems[..]), (MAX_ENTRIES, &[Problem::TooMany][..]));

    let deep = format!(
        "<rss><channel><item><description>{}deep{}</description></item><item><title>next</title></item></channel></rss>",
        "<b>".repeat(5_000),
        "</b>".repeat(5_000)
    );
    let feed = read(&deep);
    assert_eq!((feed.entries.len(), feed.entries[0].text().as_str()), (2, "deep"));

    let wide = format!(
        "<rss><channel><item><description>{}end<item><title>next</title></item></channel></rss>",
        "<br>".repeat(MAX_ELEMENTS + 50)
    );
    assert_eq!(titles(&read(&wide)), ["none", "next"]);

    let long = format!(
        "<rss><channel><item><description>{}</description></item></channel></rss>",
        "é".repeat(MAX_TEXT_BYTES)
    );
    let feed = read(&long);
    assert_eq!(feed.entries[0].summary.as_ref().unwrap().value.len(), MAX_TEXT_BYTES);
    assert_eq!(feed.problems, [Problem::TooLong]);
}

#[test]
fn a_long_base_does_not_multiply() {
    let base = format!("http://example.org/{}/", "x".repeat(1_900));
    let items = "<item><link>a</link><enclosure url='b'/></item>".repeat(9_000);
    let feed = read(&format!("<rss xml:base='{base}'><channel>{items}</channel></rss>"));
    let bytes: usize = feed.entries.iter().flat_map(|entry| &entry.links).map(|link| link.href.len()).sum();
    assert!(bytes < (16 << 20) + 4_000, "{bytes}");
    assert!(feed.problems.contains(&Problem::TooMany));
}

#[test]
fn other_documents_are_no_feeds() {
    for (text, error) in [
        ("", NotAFeed::Empty),
        ("  \n", NotAFeed::Empty),
        ("<!DOCTYPE html><html><body>login</body></html>", NotAFeed::WebPage),
        ("<svg xmlns='http://www.w3.org/2000/svg'/>", NotAFeed::Unknown),
        ("just text", NotAFeed::Unknown),
        ("{\"a\":1}", NotAFeed::OtherJson),
    ] {
        assert_eq!(parse(text.as_bytes(), &Hints::default()), Err(error), "{text}");
    }
}

#[test]
fn what_runs_code_is_no_link() {
    let feed = read(
        "<rss><channel><item><link>javascript:alert(1)</link><guid>http://example.org/1</guid></item></channel></rss>",
    );
    assert_eq!(feed.entries[0].link.as_deref(), Some("http://example.org/1"));
    assert_eq!(feed.problems, [Problem::UnsafeLink]);
}

#[test]
fn the_location_of_the_content_outranks_where_it_was_fetched() {
    let hints =
        Hints { url: Url::parse(URL).ok(), content_location: Some("/other/".to_owned()), ..Hints::default() };
    let feed = parse(b"<rss><channel><link>x</link></channel></rss>", &hints).unwrap();
    assert_eq!(feed.link.as_deref(), Some("http://example.org/other/x"));
}
