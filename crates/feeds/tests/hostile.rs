//! Whatever bytes come, the reader of feeds ends, doesn't panic, and keeps its bounds.

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof};
use watchfire_feeds::html;
use watchfire_feeds::parse::{Feed, Hints, MAX_ENTRIES, MAX_LINE_BYTES, MAX_LINKS, MAX_TEXT_BYTES, parse};

/// A feed with something of everything in it.
const FEED: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?><!DOCTYPE rss [<!ENTITY own \"text\">]>\n\
<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\
<channel><title>Näme</title><link>http://example.org/</link><!-- a comment --><?pi x?>\
<item xml:base=\"/b/\"><title>First &amp; &own; &eacute; &#8217;</title><link>a</link><pubDate>Thu, 01 Jan 2004 19:48:21 GMT</pubDate>\
<description>&lt;p&gt;A&lt;/p&gt;</description><content:encoded><![CDATA[<p>B <b>c</b></p>]]></content:encoded>\
<dc:creator>me@example.org (Me)</dc:creator><enclosure url='x' length='1'/></item>\
<item><title>Second</title><description><div xmlns=\"http://www.w3.org/1999/xhtml\"><p>x</p></div></description></item>\
</channel></rss>";

/// What broken feeds are made of.
fn shard() -> impl Strategy<Value = String> {
    let known = [
        "<rss>",
        "<channel>",
        "<item>",
        "</item>",
        "</channel>",
        "<title>",
        "</title>",
        "<feed xmlns='http://www.w3.org/2005/Atom'>",
        "<entry>",
        "</entry>",
        "<content type='xhtml'>",
        "<link href='",
        "'/>",
        "<!DOCTYPE a [",
        "<!ENTITY a '",
        "'>",
        "]>",
        "&a;",
        "&amp;",
        "&",
        ";",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<?",
        "?>",
        "<",
        ">",
        "\"",
        "'",
        "=",
        " xml:base='",
        " xmlns:x='",
        "<x:",
        "</",
        "/>",
        "<!",
        "{",
        "[",
        "\"version\":\"https://jsonfeed.org/version/1\"",
        "\u{0}",
        "\u{feff}",
        "é",
        "𝄞",
        "<pubDate>",
        "2004-01-01",
        "<guid>",
        "<description>",
        "<script>",
        "text",
        " ",
    ];
    prop_oneof![
        4 => proptest::sample::select(known.to_vec()).prop_map(str::to_owned),
        1 => "\\PC{0,8}",
        1 => Just("a".repeat(300)),
    ]
}

fn check(feed: &Feed, bytes: usize) {
    assert!(feed.entries.len() <= MAX_ENTRIES);
    for entry in &feed.entries {
        assert!(entry.links.len() <= MAX_LINKS);
        assert!(
            entry.title.as_ref().is_none_or(|title| title.len() <= MAX_LINE_BYTES && !title.contains('\n'))
        );
        for text in [&entry.summary, &entry.content].into_iter().flatten() {
            assert!(text.value.len() <= MAX_TEXT_BYTES);
            // Markup is escaped when it is written again: a sign may become six bytes.
            assert!(text.value.len() <= bytes * 6 + 64, "{} of {bytes}", text.value.len());
        }
        let _ = entry.text();
    }
}

proptest::proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_a_feed_or_not(bytes in vec(any::<u8>(), 0..400), content_type in "\\PC{0,30}") {
        let hints = Hints { content_type: Some(content_type), ..Hints::default() };
        if let Ok(feed) = parse(&bytes, &hints) {
            check(&feed, bytes.len());
        }
        let _ = html::article_of_bytes(&bytes, hints.content_type.as_deref());
    }

    #[test]
    fn any_heap_of_shards_is_a_feed_or_not(shards in vec(shard(), 0..60), start in 0_usize..4) {
        let root = ["", "<rss><channel>", "<feed xmlns='http://www.w3.org/2005/Atom'>", "<!DOCTYPE a [<!ENTITY a 'xxxx'>]><rss><item>"];
        let text = format!("{}{}", root[start], shards.concat());
        if let Ok(feed) = parse(text.as_bytes(), &Hints::default()) {
            check(&feed, text.len());
        }
        let _ = html::article(&text);
    }

    #[test]
    fn a_feed_with_damaged_bytes_is_still_read(damage in vec((0_usize..FEED.len(), any::<u8>()), 1..8)) {
        let mut bytes = FEED.as_bytes().to_vec();
        for (at, byte) in damage {
            bytes[at] = byte;
        }
        if let Ok(feed) = parse(&bytes, &Hints::default()) {
            check(&feed, bytes.len());
        }
    }
}

#[test]
fn every_prefix_of_a_feed_is_read_as_far_as_it_goes() {
    for end in 0..=FEED.len() {
        let read = parse(&FEED.as_bytes()[..end], &Hints::default());
        // From the tag of the root on, it is a feed, however little there is of it.
        let root_read = end > FEED.find("<channel>").unwrap();
        assert!(read.is_ok() || !root_read, "{end}: {read:?}");
        if let Ok(feed) = read
            && end > FEED.find("</title><link>a").unwrap()
        {
            assert_eq!(feed.entries[0].title.as_deref(), Some("First & text é ’"), "{end}");
        }
    }
}

#[test]
fn a_megabyte_of_one_sign_after_the_other_is_read_within_bounds() {
    for (before, piece, after) in [
        ("", "<a>", ""),
        ("<rss><channel><item>", "<a>", ""),
        ("<rss><channel><item><title>", "&amp;", "</title></item>"),
        ("<rss><channel><item><title>", "&", "</title></item>"),
        ("<rss><channel><item><title>", "&eacute;", "</title></item>"),
        ("<rss><channel><item><title>", "&bogus;", "</title></item>"),
        ("<rss><channel><item><title>", "<![CDATA[", ""),
        ("<rss><channel><item><title>", "<![CDATA[x]]>", "</title></item>"),
        ("<rss><channel><item><title>", "< ", "</title></item>"),
        ("<rss><channel><item><title>", "<a ", "></title></item>"),
        ("<rss><channel>", "<item>", ""),
        ("<rss><channel><item ", "a='b' ", "></item>"),
        ("<rss><channel><item>", "<b xmlns:x='y'>", ""),
        ("<rss><channel><item>", "</x>", ""),
        ("<rss><channel><item>", "<a></b>", ""),
        ("<rss>", "<!DOCTYPE a [", ""),
        ("<!DOCTYPE a [", "<!ENTITY a 'b'>", "]><rss><item><title>&a;</title></item></rss>"),
        ("<rss>", "<!-- ", ""),
        ("<rss><channel><item><description>", "&lt;!-- ", "</description></item>"),
        ("<rss><channel><item><description>", "&lt;p>&lt;a href=x>", "</description></item>"),
    ] {
        let text = format!("{before}{}{after}", piece.repeat((1 << 20) / piece.len()));
        if let Ok(feed) = parse(text.as_bytes(), &Hints::default()) {
            check(&feed, text.len());
        }
    }
}
