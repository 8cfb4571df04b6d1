//! The article in a page: its text, its title, when it was published.

use watchfire_signal::Timestamp;

use super::blocks::{self, Page};
use super::score::article_blocks;
use crate::parse::parse_date;

/// The article of a page. Every string in it was written by a stranger.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Article {
    /// The headline.
    pub title: Option<String>,
    /// The text, a line for each block; empty if the page has none. At most 2 MiB.
    pub text: String,
    /// When the page says it was published.
    pub published: Option<Timestamp>,
    /// Who the page says wrote it.
    pub author: Option<String>,
    /// What the page says it is about.
    pub description: Option<String>,
    /// The language the page claims.
    pub language: Option<String>,
    /// The address the page wants to be known by, as it is written.
    pub canonical: Option<String>,
}

/// Where pages put the time of publication, best first.
const PUBLISHED: [&str; 11] = [
    "article:published_time",
    "og:published_time",
    "datepublished",
    "parsely-pub-date",
    "sailthru.date",
    "dc.date.issued",
    "dc.date",
    "dcterms.created",
    "pubdate",
    "publish-date",
    "date",
];

/// Takes the article from a page, and leaves navigation, lists of links, forms and comments.
pub fn article(html: &str) -> Article {
    let page = blocks::read(html);
    let chosen = article_blocks(&page);
    let mut text = String::new();
    for at in &chosen {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&page.blocks[*at].text);
    }
    Article {
        title: title(&page),
        published: published(&page),
        author: first(&page, &["author", "article:author", "dc.creator", "parsely-author"])
            .filter(|name| !name.contains("://")),
        description: first(&page, &["og:description", "description", "twitter:description"]),
        language: page.language,
        canonical: page.canonical,
        text,
    }
}

fn meta<'a>(page: &'a Page, name: &str) -> Option<&'a str> {
    page.meta.iter().find(|(known, _)| known == name).map(|(_, content)| content.as_str())
}

fn first(page: &Page, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| meta(page, name)).map(one_line)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn title(page: &Page) -> Option<String> {
    if let Some(title) = first(page, &["og:title", "twitter:title", "headline", "dc.title"]) {
        return Some(title);
    }
    let headline =
        page.blocks.iter().find(|block| block.main_heading && !page.nodes[block.node].in_boilerplate);
    let whole = one_line(&page.title);
    match headline.map(|block| one_line(&block.text)) {
        // The first heading is the site's name on many front pages: it has to be in the title, or be alone.
        Some(headline) if whole.is_empty() || whole.contains(&headline) => Some(headline),
        _ => (!whole.is_empty()).then_some(whole),
    }
}

fn published(page: &Page) -> Option<Timestamp> {
    let by_meta = PUBLISHED.iter().filter_map(|name| meta(page, name)).find_map(parse_date);
    let by_data = || {
        let after = page.linked_data.split_once("\"datePublished\"")?.1;
        let value = after.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
        parse_date(value.split_once('"')?.0)
    };
    by_meta.or_else(by_data).or_else(|| page.time.as_deref().and_then(parse_date))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAGRAPH: &str =
        "The group sent mails with a lure, a document, to three ministries, and waited for an answer.";

    fn page(body: &str) -> String {
        format!(
            "<!doctype html><html lang=en><head><title>Lures sent | Site</title>\
             <meta property='article:published_time' content='2024-03-05T10:00:00Z'><meta name=author content='A. Writer'>\
             </head><body><nav><ul><li><a href=/>Home</a><li><a href=/news>News, all of it, every day and hour</a></ul></nav>\
             {body}<footer><p>Copyright, all rights reserved, by the people of the site, and of its makers.</p></footer></body></html>"
        )
    }

    #[test]
    fn the_text_is_that_of_the_paragraphs_and_not_of_the_frame() {
        let body = format!(
            "<div id=wrap><h1>Lures sent</h1><div class=content><p>{PARAGRAPH}</p><h2>Means</h2><p>{PARAGRAPH}</p>\
             <pre>evil.example\n10.0.0.1</pre><ul><li>One thing<li>Another</ul></div>\
             <div class='share-bar'><p>Share this, with all your friends, on all the networks that there are, please do.</p></div>\
             <div class=related><ul><li><a href=1>Another article that is linked here for you</a></ul></div></div>"
        );
        let article = article(&page(&body));
        assert_eq!(article.title.as_deref(), Some("Lures sent"));
        assert_eq!(article.published.unwrap().to_string(), "2024-03-05T10:00:00.000Z");
        assert_eq!(article.author.as_deref(), Some("A. Writer"));
        assert_eq!(article.language.as_deref(), Some("en"));
        let expected = format!("{PARAGRAPH}\nMeans\n{PARAGRAPH}\nevil.example\n10.0.0.1\nOne thing\nAnother");
        assert!(article.text.contains(&expected), "{}", article.text);
        for frame in ["Share", "Copyright", "Home", "Another article"] {
            assert!(!article.text.contains(frame), "{}", article.text);
        }
    }

    #[test]
    fn an_element_that_is_the_article_is_taken_whole() {
        let body = format!(
            "<article><p>{PARAGRAPH}</p><div><p>{PARAGRAPH}</p><p>{PARAGRAPH}</p></div><p>Short end.</p></article>"
        );
        let text = article(&page(&body)).text;
        assert_eq!(text.matches("The group").count(), 3);
        assert!(text.ends_with("Short end."), "{text}");
    }

    #[test]
    fn a_page_without_paragraphs_gives_what_text_it_has() {
        assert_eq!(article("<div>Down for <b>maintenance</b></div>").text, "Down for maintenance");
        assert_eq!(article("").text, "");
    }

    #[test]
    fn the_time_is_found_in_linked_data_and_in_time_elements() {
        let data =
            "<script type='application/ld+json'>{\"datePublished\": \"2024-01-02T03:04:05Z\"}</script>";
        assert_eq!(article(data).published.unwrap().to_string(), "2024-01-02T03:04:05.000Z");
        assert_eq!(
            article("<time datetime=2024-01-02>").published.unwrap().to_string(),
            "2024-01-02T00:00:00.000Z"
        );
    }

    proptest::proptest! {
        #[test]
        fn any_page_is_read(html in "(</?(div|p|li|article|title|h1|a|script|table|td|pre)( class='?share)?>|[a-z, ]{1,60}|<|&amp;|é){0,80}") {
            let found = article(&html);
            proptest::prop_assert!(found.text.len() <= html.len() * 2);
        }
    }

    #[test]
    fn deep_and_wide_pages_are_read_in_one_pass() {
        for piece in [
            "<div>",
            "<p>",
            "</div>",
            "<a href=x>",
            "<li>word",
            "<table><tr><td>",
            "&amp;",
            "<!--",
            "<script>",
            "<meta name=a content=b>",
        ] {
            let _ = article(&piece.repeat((1 << 20) / piece.len()));
        }
    }
}
