//! What calls cost.
//!
//! Prices are written as the providers print them, in US dollars per million tokens, with at most six digits after
//! the point. That makes them whole picodollars per token (10⁻¹² dollars), so that the sum of a call is exact; it is
//! rounded once, to the nearest nanodollar. Nothing is guessed: a model that is not in the table has no price, which
//! is not the same as a price of nothing.
//!
//! A name in the table stands for itself and its dated or numbered versions (`gpt-5` for `gpt-5-2025-08-07` and
//! `gpt-5-latest`), and the longest that fits counts. It does not stand for what else begins with it: GPT-5 pro costs
//! twelve times as much as GPT-5, and taking one for the other because nobody wrote the second down is the kind of
//! mistake that is found on the invoice. A name that ends in `*` stands for everything that begins with it.
//!
//! Some models cost more, for the whole call, when the prompt is longer than so many tokens (`long_…`).

mod usd;

use crate::{Tier, Usage};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use usd::Usd;

/// The shipped table.
const SHIPPED: &str = include_str!("../data/prices.toml");
/// Picodollars in a nanodollar.
const PICO: u128 = 1000;
/// A tier costs at most this many percent of the list price: priority tiers cost up to twice as much.
const MAX_PERCENT: u32 = 1000;

/// Prices by provider and model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceTable {
    looked_up: String,
    providers: BTreeMap<String, BTreeMap<String, Price>>,
}

/// What a model costs, as it is written.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Price {
    input: Usd,
    cached_input: Option<Usd>,
    cache_write: Option<Usd>,
    output: Usd,
    /// What flex and batch cost of that, in percent.
    #[serde(default, deserialize_with = "percent")]
    flex_percent: Option<u32>,
    #[serde(default, deserialize_with = "percent")]
    batch_percent: Option<u32>,
    /// A prompt with more tokens than this costs the following.
    long_above: Option<u64>,
    long_input: Option<Usd>,
    long_cached_input: Option<Usd>,
    long_output: Option<Usd>,
}

fn percent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let percent = u32::deserialize(deserializer)?;
    if percent > MAX_PERCENT {
        return Err(Error::custom(format!("{percent} percent is more than {MAX_PERCENT}")));
    }
    Ok(Some(percent))
}

impl PriceTable {
    /// The shipped prices.
    pub fn shipped() -> Self {
        // A test reads the shipped table, so that nothing is ever missing here.
        let nothing = Self { looked_up: String::new(), providers: BTreeMap::new() };
        Self::with(None).unwrap_or(nothing)
    }

    /// The shipped prices with these laid over them: `[provider."model"]` with `input` and `output` in dollars per
    /// million tokens, and what else differs: `cached_input` and `cache_write` (else they cost as much as input),
    /// `flex_percent` and `batch_percent` (else such a tier costs as much as any call), `long_above` with
    /// `long_input`, `long_cached_input` and `long_output`. A name that is there already is replaced as a whole. The
    /// error tells the line.
    pub fn with(own: Option<&str>) -> Result<Self, toml::de::Error> {
        let mut table: Self = toml::from_str(SHIPPED)?;
        if let Some(own) = own {
            let own: Self = toml::from_str(own)?;
            for (provider, models) in own.providers {
                table.providers.entry(provider).or_default().extend(models);
            }
        }
        Ok(table)
    }

    /// The day on which the shipped prices were looked up, as `2026-11-21`.
    pub fn looked_up(&self) -> &str {
        &self.looked_up
    }

    /// What a call costs, in nanodollars (10⁻⁹ US dollars), rounded half up; `None` if the model has no price.
    /// `provider` is [`Provider::name`](crate::Provider::name), `model` with or without Google's `models/`, `tier`
    /// the one that was billed.
    pub fn cost(&self, provider: &str, model: &str, tier: Tier, usage: &Usage) -> Option<u64> {
        let price = self.find(provider, model.strip_prefix("models/").unwrap_or(model))?;
        let pico = price.picodollars(usage).checked_mul(u128::from(price.percent(tier)))?;
        u64::try_from((pico + 50 * PICO) / (100 * PICO)).ok()
    }

    fn find(&self, provider: &str, model: &str) -> Option<&Price> {
        let stands_for = |name: &str| match name.strip_suffix('*') {
            Some(start) => model.starts_with(start),
            None => model.strip_prefix(name).is_some_and(is_version),
        };
        let named = self.providers.get(provider)?.iter().filter(|(name, _)| stands_for(name));
        named.max_by_key(|(name, _)| name.trim_end_matches('*').len()).map(|(_, price)| price)
    }
}

/// Whether this end of a name tells a version of the same model: nothing, a date or a number of at least three digits
/// (`-20250929`, `-001`, `@20250929`), or `-latest`, `-preview` and `-exp` with whatever follows. One or two digits
/// are another model: Opus 4.1 is `claude-opus-4-1` and is not Opus 4.
fn is_version(end: &str) -> bool {
    let Some(rest) = end.strip_prefix(['-', '@']) else { return end.is_empty() };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    digits >= 3 || ["latest", "preview", "exp"].iter().any(|word| rest.starts_with(word))
}

impl Price {
    /// The sum of a call at list price. At most 2⁶⁴ tokens of each kind and 10¹² picodollars each (see [`Usd`]): less
    /// than 2¹²⁸ by far.
    fn picodollars(&self, usage: &Usage) -> u128 {
        let prompt = usage.input.saturating_add(usage.cached_input).saturating_add(usage.cache_write);
        let is_long = self.long_above.is_some_and(|above| prompt > above);
        let long = |price: Option<Usd>| if is_long { price } else { None };
        let input = long(self.long_input).unwrap_or(self.input);
        let cached = long(self.long_cached_input).or(self.cached_input).unwrap_or(input);
        let write = self.cache_write.unwrap_or(input);
        let output = long(self.long_output).unwrap_or(self.output);
        let part = |tokens: u64, price: Usd| u128::from(tokens) * u128::from(price.picodollars_per_token());
        part(usage.input, input)
            + part(usage.cached_input, cached)
            + part(usage.cache_write, write)
            + part(usage.output.saturating_add(usage.thinking), output)
    }

    /// What this tier costs of the list price. Where none is told the provider has no such tier, ignores that it was
    /// asked for, and bills as always.
    fn percent(&self, tier: Tier) -> u32 {
        match tier {
            Tier::Standard => None,
            Tier::Flex => self.flex_percent,
            Tier::Batch => self.batch_percent,
        }
        .unwrap_or(100)
    }
}

/// Read by hand, so that `looked_up` and `sources` can stand beside the providers and errors keep their line.
impl<'de> Deserialize<'de> for PriceTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Table;

        impl<'de> Visitor<'de> for Table {
            type Value = PriceTable;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("prices by provider and model")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PriceTable, A::Error> {
                let mut table = PriceTable { looked_up: String::new(), providers: BTreeMap::new() };
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "looked_up" => table.looked_up = map.next_value()?,
                        "sources" => drop(map.next_value::<IgnoredAny>()?),
                        _ => drop(table.providers.insert(key, map.next_value()?)),
                    }
                }
                Ok(table)
            }
        }

        deserializer.deserialize_map(Table)
    }
}

#[cfg(test)]
mod tests;
