//! Writing a list.

use super::{ListedFeed, Opml};
use quick_xml::escape::escape;

/// The list as OPML 2.0. Feeds that follow each other in the same folder share its outline. What XML can't hold is written as
/// a space.
pub fn write(list: &Opml) -> String {
    let mut text =
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\">\n  <head>\n");
    if let Some(title) = &list.title {
        text.push_str(&format!("    <title>{}</title>\n", safe(title)));
    }
    text.push_str("  </head>\n  <body>\n");
    let mut open: &[String] = &[];
    for feed in &list.feeds {
        let shared = open.iter().zip(&feed.folders).take_while(|(one, other)| one == other).count();
        close(&mut text, open.len(), shared);
        for (depth, folder) in feed.folders.iter().enumerate().skip(shared) {
            text.push_str(&format!("{}<outline text=\"{}\">\n", indent(depth), safe(folder)));
        }
        open = &feed.folders;
        outline(&mut text, feed);
    }
    close(&mut text, open.len(), 0);
    text.push_str("  </body>\n</opml>\n");
    text
}

fn outline(text: &mut String, feed: &ListedFeed) {
    let title = safe(feed.title.as_deref().unwrap_or(&feed.url));
    let url = safe(&feed.url);
    let indent = indent(feed.folders.len());
    text.push_str(&format!(
        "{indent}<outline type=\"rss\" text=\"{title}\" title=\"{title}\" xmlUrl=\"{url}\""
    ));
    if let Some(page) = &feed.page {
        text.push_str(&format!(" htmlUrl=\"{}\"", safe(page)));
    }
    text.push_str("/>\n");
}

fn close(text: &mut String, from: usize, to: usize) {
    for depth in (to..from).rev() {
        text.push_str(&format!("{}</outline>\n", indent(depth)));
    }
}

fn indent(depth: usize) -> String {
    " ".repeat(4 + 2 * depth)
}

/// Text that can stand in an attribute.
fn safe(text: &str) -> String {
    let visible: String = text
        .chars()
        .map(|c| if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') { ' ' } else { c })
        .collect();
    escape(visible.as_str()).into_owned()
}
