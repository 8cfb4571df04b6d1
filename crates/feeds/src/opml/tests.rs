//! Lists as readers write them, and as nobody should.

use super::{ListedFeed, MAX_BYTES, Opml, OpmlError, read, write};
use proptest::prelude::*;

const NESTED: &str = r#"<?xml version="1.0" encoding="ISO-8859-1"?>
<opml version="1.1"><head><title>Threats &amp; <![CDATA[more]]></title></head><body>
<outline text="Vendors"><outline title="Research">
  <outline text="One" title="" type="rss" XMLURL="https://one.example/feed?a=1&b=2&amp;c=3" htmlUrl="https://one.example/"/>
  <outline text="Two" xmlUrl="feed://two.example/rss"></outline>
</outline></outline>
<outline text="Three" xmlUrl="three.example/atom.xml"/>
<outline text="Again" xmlUrl="https://one.example/feed?a=1&amp;b=2&amp;c=3"/>
<outline text="File" xmlUrl="file:///etc/passwd"/>
<outline text="Script" xmlUrl="javascript:alert(1)"/>
</body></opml>"#;

#[test]
fn a_list_is_read_with_its_folders_however_its_ampersands_stand() {
    let list = read(NESTED.as_bytes()).unwrap();
    assert_eq!(list.title.as_deref(), Some("Threats & more"));
    let feeds: Vec<_> = list
        .feeds
        .iter()
        .map(|feed| (feed.url.as_str(), feed.title.as_deref().unwrap_or(""), feed.folders.join("/")))
        .collect();
    let folder = "Vendors/Research".to_owned();
    assert_eq!(
        feeds,
        [
            ("https://one.example/feed?a=1&b=2&c=3", "One", folder.clone()),
            ("http://two.example/rss", "Two", folder),
            ("http://three.example/atom.xml", "Three", String::new()),
        ]
    );
    assert_eq!(list.feeds[0].page.as_deref(), Some("https://one.example/"));
    assert_eq!((list.passed_over, list.broken), (3, None));
}

#[test]
fn entities_that_grow_are_refused_with_the_file() {
    let bomb = "<?xml version=\"1.0\"?><!DOCTYPE opml [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]>\
                <opml><body><outline text=\"&b;\" xmlUrl=\"https://a.example/\"/></body></opml>";
    assert_eq!(read(bomb.as_bytes()), Err(OpmlError::DocumentType));
    assert_eq!(read(b"<rss><channel/></rss>"), Err(OpmlError::NotOpml));
    assert_eq!(read(b""), Err(OpmlError::NotOpml));
    assert_eq!(read(&vec![b' '; MAX_BYTES + 1]), Err(OpmlError::TooLarge));
}

#[test]
fn a_file_that_breaks_off_gives_what_stood_before() {
    let cut = NESTED.split("<outline text=\"Three\"").next().unwrap();
    let list = read(format!("{cut}<outline text=\"Three").as_bytes()).unwrap();
    assert_eq!(list.feeds.len(), 2);
    assert!(list.broken.is_some());
}

#[test]
fn text_in_other_encodings_is_read() {
    let text = "<opml><body><outline text=\"Caf\u{e9}\" xmlUrl=\"https://a.example/\"/></body></opml>";
    let mut utf_16 = vec![0xff, 0xfe];
    utf_16.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
    for bytes in [text.as_bytes(), &utf_16, &latin] {
        assert_eq!(read(bytes).unwrap().feeds[0].title.as_deref(), Some("Caf\u{e9}"));
    }
}

#[test]
fn nesting_without_end_and_attributes_without_number_are_read_in_linear_time() {
    let deep = format!("<opml>{}", "<outline text=\"a\">".repeat(400_000));
    assert!(read(deep.as_bytes()).unwrap().feeds.is_empty());
    let wide: String = (0..300_000).map(|at| format!(" a{at}=\"\"")).collect();
    let wide = format!("<opml><outline{wide} xmlUrl=\"https://a.example/\"/></opml>");
    assert_eq!(read(wide.as_bytes()).unwrap().feeds.len(), 1);
}

fn listed() -> impl Strategy<Value = ListedFeed> {
    let folders = proptest::collection::vec("[a-z<&\"']{1,8}", 0..4);
    ("[a-z]{1,9}", proptest::option::of("[a-zé<>&\"']{1,20}"), folders).prop_map(|(host, title, folders)| {
        let url = format!("https://{host}.example/?a=1&b=2");
        ListedFeed { title: Some(title.unwrap_or_else(|| url.clone())), page: None, folders, url }
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(feeds in proptest::collection::vec(listed(), 0..12)) {
        let mut feeds = feeds;
        let mut seen = std::collections::HashSet::new();
        feeds.retain(|feed| seen.insert(feed.url.clone()));
        let list = Opml { title: Some("A \"list\" <of> & more".to_owned()), feeds, ..Opml::default() };
        prop_assert_eq!(read(write(&list).as_bytes()).unwrap(), list);
    }

    #[test]
    fn nothing_that_is_read_panics(text in "(<opml>|<outline |xmlUrl=|\"http://a\"|>|/>|</outline>|&|&#x;|[ -~]|é){0,60}") {
        let _ = read(text.as_bytes());
        let _ = read(format!("<opml>{text}").as_bytes());
    }
}
