//! What tokens cost, and what a call cost.
//!
//! Prices are written as providers write them, in dollars per million tokens. They are held as micro-dollars per million,
//! which is 10⁻¹² dollars per token, so that the sum of a call is exact; it is rounded once, half up, to a nano-dollar.

use crate::llm::Used;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one model costs, in dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Input.
    pub input: f64,
    /// Input that was read from a cache.
    #[serde(default)]
    pub cached_input: f64,
    /// Input that was written to a cache.
    #[serde(default)]
    pub cache_write: f64,
    /// Output, thinking included.
    pub output: f64,
}

/// What models cost, by name. A model that is not listed here is not known.
pub type Prices = BTreeMap<String, Price>;

/// Models and prices to start with. They are round and stand for none of today's price lists.
pub(crate) fn standard() -> Prices {
    let price = |input, cached_input, cache_write, output| Price { input, cached_input, cache_write, output };
    [
        ("gemini-2.5-flash", price(0.30, 0.03, 0.0, 2.50)),
        ("gemini-2.5-flash-lite", price(0.10, 0.01, 0.0, 0.40)),
        ("gemini-2.5-pro", price(1.25, 0.125, 0.0, 10.0)),
        ("gpt-5-mini", price(0.25, 0.025, 0.0, 2.0)),
        ("gpt-5-nano", price(0.05, 0.005, 0.0, 0.40)),
        ("kimi-k2.5", price(0.60, 0.10, 0.0, 3.0)),
        ("claude-haiku-4-5", price(1.0, 0.10, 1.25, 5.0)),
        ("claude-sonnet-4-5", price(3.0, 0.30, 3.75, 15.0)),
    ]
    .into_iter()
    .map(|(model, price)| (model.to_owned(), price))
    .collect()
}

impl Price {
    /// What was used costs this much in nano-dollars, at so many percent of the list price.
    pub(crate) fn nanos(&self, used: &Used, percent: u128) -> u64 {
        let per_token = |dollars: f64| (dollars * 1e6).round().max(0.0) as u128;
        let picos = u128::from(used.input) * per_token(self.input)
            + u128::from(used.cached) * per_token(self.cached_input)
            + u128::from(used.cache_write) * per_token(self.cache_write)
            + u128::from(used.output + used.thinking) * per_token(self.output);
        u64::try_from((picos.saturating_mul(percent) + 50_000) / 100_000).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::Price;
    use crate::llm::Used;

    #[test]
    fn a_call_is_rounded_once_and_batches_are_cheaper() {
        let price = Price { input: 0.30, cached_input: 0.03, cache_write: 0.0, output: 2.50 };
        let used = Used { input: 1000, cached: 500, cache_write: 0, output: 100, thinking: 50 };
        // 1000 × 300 + 500 × 30 + 150 × 2500 nano-dollars
        assert_eq!(price.nanos(&used, 100), 690_000);
        assert_eq!(price.nanos(&used, 50), 345_000);
        let odd = Price { input: 0.0375, ..price };
        assert_eq!(odd.nanos(&Used { input: 1, ..Used::default() }, 100), 38);
    }
}
