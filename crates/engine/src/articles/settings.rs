//! How feeds are polled, in general and each.

use serde::{Deserialize, Serialize};
use watchfire_feeds::fetch::Bounds;

/// How feeds are polled in general.
#[derive(Debug, Clone, PartialEq)]
pub struct Polling {
    /// Between which waits to stay.
    pub bounds: Bounds,
    /// Feeds that are asked at once.
    pub at_once: usize,
    /// Articles that are taken from a feed each time, the latest; unless the feed says otherwise.
    pub limit: usize,
    /// Whether the page of an article is fetched where the feed has only its beginning; unless the feed says otherwise.
    pub full_text: bool,
}

impl Default for Polling {
    fn default() -> Self {
        Self { bounds: Bounds::default(), at_once: 8, limit: 500, full_text: false }
    }
}

/// What is set for one feed. Stored as JSON.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FeedSettings {
    /// Articles that are taken from it each time; the latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Whether its host may be in a network that is not public.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_private: bool,
    /// Whether pages of articles are fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_text: Option<bool>,
    /// What its articles count for readers, 0.25 to 2; 1 is usual.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<f32>,
    /// Whether it is not polled for now.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_paused: bool,
}

impl FeedSettings {
    /// Reads what the store has; what can't be read was written by another version, and is the default.
    pub fn read(json: &str) -> Self {
        serde_json::from_str(json).unwrap_or_default()
    }

    /// As the store has it.
    pub fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What its articles count.
    pub fn source_weight(&self) -> f32 {
        self.weight.unwrap_or(1.0)
    }
}
