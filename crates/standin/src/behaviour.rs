//! How the stand-in behaves beyond what is documented: slow, failing, silent, wrong, or obedient.
//!
//! Shares are of calls, 0–1; one draw decides, so that the shares of different faults add up and their sum should stay
//! below 1. The draws come from one seeded generator in order of arrival.

use crate::limits::Refused;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How to behave. The default is a provider on a good day, without latency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    /// The least and the most time from a client's call to its arrival here, in milliseconds.
    pub travel_ms: [u64; 2],
    /// The least and the most time from the arrival to the answer, in milliseconds.
    pub latency_ms: [u64; 2],
    /// Share of 5xx.
    pub server_errors: f64,
    /// Share of calls that are never answered.
    pub hangs: f64,
    /// Share of calls refused as over the limit on requests, though they are not.
    pub limited_minute: f64,
    /// Share refused as over the limit of the day.
    pub limited_day: f64,
    /// Share refused as over the limit on money.
    pub limited_spend: f64,
    /// Share refused as too many at once.
    pub limited_concurrency: f64,
    /// Share of answers that can't be used.
    pub garbage: f64,
    /// Which kinds of these; none stands for all.
    pub garbage_kinds: Vec<Garbage>,
    /// Share of refusals and safety blocks.
    pub refusals: f64,
    /// Share of answers that are cut off as if `max_tokens` were reached.
    pub truncations: f64,
    /// Every call fails with 503.
    pub dead: bool,
    /// The same, for this long from now on, in milliseconds.
    pub dead_for_ms: u64,
    /// Follow instructions that stand in the alerts or articles.
    pub obey_injections: bool,
    /// Share of alerts and articles that are answered in other words than usual. The id under which one is asked about
    /// decides which: asked again under another id, it is another draw.
    pub fickle: f64,
    /// Share of the input that was in the provider's cache.
    pub cached_share: f64,
    /// Share of the input that is written to the cache (Anthropic).
    pub cache_write_share: f64,
    /// Tokens thought about every call.
    pub thinking_tokens: u64,
    /// How long a batch takes, in milliseconds.
    pub batch_ms: u64,
    /// Share of a batch's requests that expire.
    pub batch_expired: f64,
    /// How long a batch may take, in milliseconds. One whose `batch_ms` is longer expires as a whole: what was worked on
    /// by then is kept and billed. OpenAI and Anthropic say 24 hours; Gemini 48, from memory, which is not told apart here.
    pub batch_expires_ms: u64,
    /// How long cancelling takes, in milliseconds. OpenAI says up to ten minutes; here it is at once if not said.
    pub batch_cancel_ms: u64,
    /// Every batch fails when it is looked at; Anthropic, which has no such state, fails each of its requests.
    pub batch_fails: bool,
    /// Most requests in a batch, if fewer than the provider's own; 0 is those.
    pub batch_max_items: u64,
    /// Most bytes of a batch, likewise.
    pub batch_max_bytes: u64,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            travel_ms: [0, 0],
            latency_ms: [0, 0],
            server_errors: 0.0,
            hangs: 0.0,
            limited_minute: 0.0,
            limited_day: 0.0,
            limited_spend: 0.0,
            limited_concurrency: 0.0,
            garbage: 0.0,
            garbage_kinds: Vec::new(),
            refusals: 0.0,
            truncations: 0.0,
            dead: false,
            dead_for_ms: 0,
            obey_injections: false,
            fickle: 0.0,
            cached_share: 0.0,
            cache_write_share: 0.0,
            thinking_tokens: 0,
            batch_ms: 1000,
            batch_expired: 0.0,
            batch_expires_ms: 86_400_000,
            batch_cancel_ms: 0,
            batch_fails: false,
            batch_max_items: 0,
            batch_max_bytes: 0,
        }
    }
}

/// A way for an answer to be useless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Garbage {
    /// JSON that ends in the middle, though the answer says it is whole.
    TruncatedJson,
    /// Prose instead of JSON.
    Prose,
    /// A page of HTML instead of the provider's own envelope. Nothing is billed.
    Html,
    /// Answers to questions that were not asked.
    WrongIds,
    /// Fewer answers than questions.
    MissingIds,
    /// The same answer twice.
    Duplicates,
    /// A word that is not among those allowed: a verdict, or the role of a place.
    InvalidVerdict,
    /// Places that the articles do not speak of. Only if it is named, since other questions have no places: their answers
    /// are as usual.
    InventedPlace,
}

impl Garbage {
    /// What is drawn from if no kinds are named.
    const ALL: [Self; 7] = [
        Self::TruncatedJson,
        Self::Prose,
        Self::Html,
        Self::WrongIds,
        Self::MissingIds,
        Self::Duplicates,
        Self::InvalidVerdict,
    ];
}

/// What becomes of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Answer,
    /// 5xx; the number chooses among the provider's own.
    Fail(u32),
    Hang,
    Limit(Refused),
    Garble(Garbage),
    Refuse,
    Truncate,
}

impl Behaviour {
    /// Draws what becomes of the next call.
    pub(crate) fn fate(&self, rng: &mut impl Rng) -> Fate {
        // Always the same number of draws, so that switching one fault on does not move all others.
        let (draw, choice) = (rng.random::<f64>(), rng.random::<u32>());
        let kinds = if self.garbage_kinds.is_empty() { &Garbage::ALL[..] } else { &self.garbage_kinds };
        let faults = [
            (self.server_errors, Fate::Fail(choice)),
            (self.hangs, Fate::Hang),
            (self.limited_minute, Fate::Limit(Refused::Requests)),
            (self.limited_day, Fate::Limit(Refused::Day)),
            (self.limited_spend, Fate::Limit(Refused::Spend)),
            (self.limited_concurrency, Fate::Limit(Refused::Concurrency)),
            (self.garbage, Fate::Garble(kinds[choice as usize % kinds.len()])),
            (self.refusals, Fate::Refuse),
            (self.truncations, Fate::Truncate),
        ];
        let mut below = 0.0;
        for (share, fate) in faults {
            below += share;
            if draw < below {
                return fate;
            }
        }
        Fate::Answer
    }

    pub(crate) fn latency(&self, rng: &mut impl Rng) -> Duration {
        between(self.latency_ms, rng)
    }

    pub(crate) fn travel(&self, rng: &mut impl Rng) -> Duration {
        between(self.travel_ms, rng)
    }
}

fn between([least, most]: [u64; 2], rng: &mut impl Rng) -> Duration {
    let least = least.saturating_mul(1000);
    Duration::from_micros(rng.random_range(least..=most.saturating_mul(1000).max(least)))
}

#[cfg(test)]
mod tests {
    use super::{Behaviour, Fate};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use std::time::Duration;

    #[test]
    fn shares_are_kept_and_the_seed_repeats_them() {
        let behaviour =
            Behaviour { server_errors: 0.2, hangs: 0.1, latency_ms: [200, 1000], ..Behaviour::default() };
        let draw = |seed| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            (0..10_000).map(|_| (behaviour.fate(&mut rng), behaviour.latency(&mut rng))).collect::<Vec<_>>()
        };
        let fates = draw(1);
        assert_eq!(fates, draw(1));
        assert_ne!(fates, draw(2));
        let failed = fates.iter().filter(|(fate, _)| matches!(fate, Fate::Fail(_))).count();
        let hung = fates.iter().filter(|(fate, _)| *fate == Fate::Hang).count();
        assert!((1850..2150).contains(&failed) && (900..1100).contains(&hung), "{failed} {hung}");
        let bounds = Duration::from_millis(200)..=Duration::from_millis(1000);
        assert!(fates.iter().all(|(_, latency)| bounds.contains(latency)));
    }
}
