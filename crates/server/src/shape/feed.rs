//! A feed, and how it stands.

use super::words::moment;
use serde::Serialize;
use utoipa::ToSchema;
use watchfire_engine::articles;

/// How a feed stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FeedState {
    /// It was read the last time, or has not been asked yet.
    Ok,
    /// It was not read the last time.
    Failing,
    /// It is not asked again: its server says that it is gone for good.
    Gone,
    /// It is not asked for now; or it is a folder, and never was.
    Paused,
}

impl FeedState {
    /// Every state.
    pub(crate) const ALL: [Self; 4] = [Self::Ok, Self::Failing, Self::Gone, Self::Paused];

    /// Its name, as in JSON.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failing => "failing",
            Self::Gone => "gone",
            Self::Paused => "paused",
        }
    }

    pub(crate) fn of(feed: &articles::FeedState) -> Self {
        if feed.settings.is_paused {
            Self::Paused
        } else if feed.next.is_none() {
            Self::Gone
        } else if feed.row.problem.is_empty() {
            Self::Ok
        } else {
            Self::Failing
        }
    }
}

/// A feed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Feed {
    /// Its id.
    pub(crate) id: String,
    /// What it calls itself, or whoever added it calls it; empty until it was read.
    pub(crate) title: String,
    /// Where it is now.
    pub(crate) url: String,
    /// What it was put under; empty for nothing.
    pub(crate) folder: String,
    /// How it stands.
    pub(crate) state: FeedState,
    /// When it was last asked.
    pub(crate) last_fetched: Option<String>,
    /// When it is asked next; null for never.
    pub(crate) next_fetch: Option<String>,
    /// What is thought to be the time between new articles, in seconds.
    pub(crate) interval_s: u64,
    /// Articles of it that are kept.
    pub(crate) articles: u64,
    /// What was wrong the last time.
    pub(crate) problem: Option<String>,
}

impl Feed {
    pub(crate) fn of(feed: articles::FeedState) -> Self {
        let state = FeedState::of(&feed);
        let next = feed.next.filter(|_| state != FeedState::Paused);
        let row = feed.row;
        Self {
            id: row.id.0.to_string(),
            title: row.title,
            url: row.url,
            folder: row.folder,
            state,
            last_fetched: row.checked_at.map(moment),
            next_fetch: next.map(moment),
            interval_s: feed.interval.as_secs(),
            articles: row.articles,
            problem: Some(row.problem).filter(|problem| !problem.is_empty()),
        }
    }
}
