//! What came and what it cost, as the provider sees it.

use crate::behaviour::Fate;
use crate::limits::Refused;
use crate::llm::Used;
use crate::provider::Provider;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Arrivals that are remembered, at most.
const MAX_ARRIVALS: usize = 1 << 20;

/// Different indicators that are remembered for each service, at most.
const MAX_INDICATORS: usize = 10_000;

/// What a service was asked about. Refused and failed calls count: it was told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lookups {
    /// How often, by indicator, as the service was told it (a URL that came encoded is decoded).
    pub indicators: BTreeMap<String, u64>,
    /// Calls about indicators that are beyond the first 10,000 and not listed.
    pub unlisted: u64,
}

/// Everything that came, by provider. Providers that were never asked are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tally {
    /// By provider.
    pub providers: BTreeMap<Provider, ProviderTally>,
}

/// What came to one provider.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProviderTally {
    /// HTTP requests of any kind.
    pub requests: u64,
    /// Of these, calls that count against limits: questions to a model and lookups, not files and batches.
    pub calls: u64,
    /// Violations: calls that came over a limit and were refused for it.
    pub refused: u64,
    /// The same, by limit.
    pub refused_by: BTreeMap<Refused, u64>,
    /// Faults that the behaviour dealt, by kind. A 429 that stands here is no violation.
    pub faults: BTreeMap<String, u64>,
    /// Calls and batch items that were answered and billed, or looked up.
    pub answered: u64,
    /// Of these, batch items.
    pub batch_items: u64,
    /// Replies by status. A call that hangs or whose client goes away has none.
    pub by_status: BTreeMap<u16, u64>,
    /// Input billed at full price.
    pub input_tokens: u64,
    /// Input billed as cached.
    pub cached_tokens: u64,
    /// Input billed as written to a cache.
    pub cache_write_tokens: u64,
    /// Output billed that was answered.
    pub output_tokens: u64,
    /// Output billed that was thought.
    pub thinking_tokens: u64,
    /// What all of it cost, in nano-dollars; batches and flex at their discount.
    pub cost_nanos: u64,
    /// Lookups of addresses that no service should be told about (private, loopback, link-local…).
    pub private_lookups: u64,
    /// Of the calls, those that asked a model for the places of articles; refused and failed ones count.
    pub place_calls: u64,
    /// Articles in these, one as often as it was asked about.
    pub articles: u64,
    /// Most articles in one of them.
    pub most_articles: u64,
    /// Articles in those that were answered and billed, batch items included.
    pub articles_answered: u64,
    /// Most calls at once.
    pub most_at_once: u64,
    /// The window that `max_in_window` is about, in milliseconds: the limit's own, else a minute.
    pub window_ms: u64,
    /// Most calls that ever arrived in one window, wherever it begins. Refused ones count.
    pub max_in_window: u64,
}

/// The books of one provider.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub tally: ProviderTally,
    pub arrivals: VecDeque<Duration>,
    pub lookups: Lookups,
    at_once: u64,
}

impl Book {
    pub fn arrive(&mut self, now: Duration) {
        self.tally.calls += 1;
        if self.arrivals.len() == MAX_ARRIVALS {
            self.arrivals.pop_front();
        }
        self.arrivals.push_back(now);
    }

    /// A call asks a model for the places of so many articles.
    pub fn ask_about(&mut self, articles: u64) {
        let tally = &mut self.tally;
        tally.place_calls += u64::from(articles > 0);
        tally.articles += articles;
        tally.most_articles = tally.most_articles.max(articles);
    }

    /// Somebody asks about this.
    pub fn look_up(&mut self, indicator: &str) {
        let indicators = &mut self.lookups.indicators;
        if let Some(count) = indicators.get_mut(indicator) {
            *count += 1;
        } else if indicators.len() < MAX_INDICATORS {
            indicators.insert(indicator.to_owned(), 1);
        } else {
            self.lookups.unlisted += 1;
        }
    }

    pub fn enter(&mut self) {
        self.at_once += 1;
        self.tally.most_at_once = self.tally.most_at_once.max(self.at_once);
    }

    pub fn leave(&mut self) {
        self.at_once = self.at_once.saturating_sub(1);
    }

    pub fn refuse(&mut self, limit: Refused) {
        self.tally.refused += 1;
        *self.tally.refused_by.entry(limit).or_default() += 1;
    }

    pub fn fault(&mut self, fate: Fate) {
        let name = match fate {
            Fate::Answer => return,
            Fate::Fail(_) => "server_error",
            Fate::Hang => "hang",
            Fate::Limit(Refused::Day) => "limited_day",
            Fate::Limit(Refused::Spend) => "limited_spend",
            Fate::Limit(Refused::Concurrency) => "limited_concurrency",
            Fate::Limit(_) => "limited_minute",
            Fate::Garble(_) => "garbage",
            Fate::Refuse => "refusal",
            Fate::Truncate => "truncation",
        };
        *self.tally.faults.entry(name.to_owned()).or_default() += 1;
    }

    pub fn bill(&mut self, used: &Used, nanos: u64) {
        let tally = &mut self.tally;
        tally.answered += 1;
        tally.input_tokens += used.input;
        tally.cached_tokens += used.cached;
        tally.cache_write_tokens += used.cache_write;
        tally.output_tokens += used.output;
        tally.thinking_tokens += used.thinking;
        tally.cost_nanos = tally.cost_nanos.saturating_add(nanos);
    }

    pub fn show(&self, window: Duration) -> ProviderTally {
        ProviderTally {
            window_ms: u64::try_from(window.as_millis()).unwrap_or(u64::MAX),
            max_in_window: most_in_any(&self.arrivals, window),
            ..self.tally.clone()
        }
    }
}

/// Most of these moments, in order, that lie in one window, half open, wherever it begins.
pub(crate) fn most_in_any(arrivals: &VecDeque<Duration>, window: Duration) -> u64 {
    let (mut first, mut most) = (0, 0);
    for (last, at) in arrivals.iter().enumerate() {
        while arrivals[first] + window <= *at && first < last {
            first += 1;
        }
        most = most.max(last - first + 1);
    }
    most as u64
}

#[cfg(test)]
mod tests {
    use super::{Book, MAX_INDICATORS, most_in_any};
    use std::time::Duration;

    #[test]
    fn indicators_are_counted_and_the_list_is_bounded() {
        let mut book = Book::default();
        for number in 0..MAX_INDICATORS + 2 {
            book.look_up(&number.to_string());
        }
        book.look_up("7");
        assert_eq!(book.lookups.indicators.len(), MAX_INDICATORS);
        assert_eq!((book.lookups.indicators["7"], book.lookups.unlisted), (2, 2));
    }

    #[test]
    fn the_fullest_window_is_found_wherever_it_begins() {
        let arrivals = [0, 900, 950, 1000, 1899, 1900, 1901].map(Duration::from_millis).into();
        assert_eq!(most_in_any(&arrivals, Duration::from_secs(1)), 5);
        assert_eq!(most_in_any(&arrivals, Duration::ZERO), 1);
        assert_eq!(most_in_any(&[].into(), Duration::from_secs(1)), 0);
    }
}
