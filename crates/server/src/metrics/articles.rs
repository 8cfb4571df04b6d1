//! Metrics of articles, feeds and readers.

use super::put;
use crate::shape::FeedState;
use watchfire_engine::articles::ArticleService;

/// Appends them to a text.
pub(super) fn tell(text: &mut String, articles: &ArticleService, feeds: &[FeedState]) {
    let labelled = |name: &str, label: &str, value: f64| (format!("{{{name}=\"{label}\"}}"), value);
    let plain = |value: f64| vec![(String::new(), value)];
    let states = FeedState::ALL.map(|state| {
        let count = feeds.iter().filter(|feed| **feed == state).count();
        labelled("state", state.name(), count as f64)
    });
    put(text, "feeds", "gauge", "Feeds by how they stand", &states);
    let failed = articles.failed_polls() as f64;
    put(text, "feed_polls_failed", "counter", "Polls of feeds that failed", &plain(failed));
    let lists = articles.list_statistics();
    put(
        text,
        "article_lists",
        "counter",
        "Lists of articles by how they were answered",
        &[
            labelled("outcome", "hit", lists.hits as f64),
            labelled("outcome", "shared", lists.shared as f64),
            labelled("outcome", "miss", lists.misses as f64),
        ],
    );
    let entries = lists.entries as f64;
    put(text, "article_lists_entries", "gauge", "Lists of articles that are kept", &plain(entries));
    let (waiting, running) = articles.jobs();
    put(
        text,
        "relevance_jobs",
        "gauge",
        "Calculations of relevance that are not done",
        &[labelled("state", "waiting", waiting as f64), labelled("state", "running", running as f64)],
    );
}
