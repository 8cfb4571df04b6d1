//! What may arrive, and when: every limit of one provider, checked at once at each arrival.
//!
//! A window is *any* stretch of its length, not a minute on the clock. So an arrival counts until exactly one window has
//! passed, and the next one is admitted at that moment, not before. A call that is refused takes nothing from any other
//! limit: all are checked before one is charged.

use crate::clock::pacific_offset;
use crate::provider::Provider;
use crate::quota::Quota;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// Entries that a window remembers, at most; the oldest is forgotten first.
const MAX_KEPT: usize = 1 << 20;

/// The limits of one provider; `None` is no limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Requests.
    pub requests: Option<Quota>,
    /// Tokens: input alone for Gemini and Anthropic; the larger of input and `max_tokens` for OpenAI; their sum for
    /// Moonshot. Anthropic's is corrected when the answer leaves: what was read from a cache does not count, what was
    /// written to it does (docs.anthropic.com/en/api/rate-limits).
    pub tokens: Option<Quota>,
    /// Output tokens (Anthropic): charged from `max_tokens`, corrected when the answer leaves.
    pub output_tokens: Option<Quota>,
    /// Requests in a day, which begins at midnight: Pacific for Gemini, UTC for the others.
    pub requests_per_day: Option<u64>,
    /// Calls at once.
    pub concurrency: Option<u64>,
    /// Nano-dollars. A call is refused when this much *was* spent: what it will cost is not known before.
    pub spend: Option<Quota>,
}

impl Limits {
    /// What the free plan allows, for the intelligence services and the geocoder; those without a published number have no limit, and
    /// neither have models. Sources: abuseipdb.com/faq.html; docs.virustotal.com, *Public vs Premium API*; GreyNoise
    /// second hand (50 searches a week); OTX *as reported*, with a key (10,000 an hour); Nominatim's usage policy (one a
    /// second). abuse.ch asks for fair use.
    pub fn documented(provider: Provider) -> Self {
        let quota = |amount, seconds| Some(Quota { amount, window: Duration::from_secs(seconds) });
        match provider {
            Provider::AbuseIpDb => Self { requests_per_day: Some(1000), ..Self::default() },
            Provider::VirusTotal => {
                Self { requests: quota(4, 60), requests_per_day: Some(500), ..Self::default() }
            }
            Provider::GreyNoise => Self { requests: quota(50, 7 * 86_400), ..Self::default() },
            Provider::Otx => Self { requests: quota(10_000, 3600), ..Self::default() },
            Provider::Nominatim => Self { requests: quota(1, 1), ..Self::default() },
            _ => Self::default(),
        }
    }
}

/// Which limit a call ran into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    /// Requests in a window.
    Requests,
    /// Tokens in a window.
    Tokens,
    /// Output tokens in a window.
    OutputTokens,
    /// Requests in a day.
    Day,
    /// Calls at once.
    Concurrency,
    /// Money.
    Spend,
}

/// A refusal, with what its message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub limit: Refused,
    pub amount: u64,
    pub used: u64,
    pub requested: u64,
    /// What the amount is for; a day's or of what is at once is zero.
    pub window: Duration,
    /// When the same call would be admitted, if nothing else arrives.
    pub retry_after: Duration,
}

/// What a call will use, as far as it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Charge {
    pub tokens: u64,
    pub output: u64,
}

/// How one limit stands, for headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub limit: u64,
    pub remaining: u64,
    /// Until it is whole again.
    pub reset: Duration,
}

/// All that stands in headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Standings {
    pub requests: Option<Standing>,
    pub tokens: Option<Standing>,
    pub output: Option<Standing>,
    pub day: Option<Standing>,
}

/// Amounts in a sliding window.
#[derive(Debug, Default)]
struct Window {
    entries: VecDeque<(Duration, u64, u64)>,
    total: u64,
}

impl Window {
    fn forget(&mut self, now: Duration, length: Duration) {
        while let Some(&(at, amount, _)) = self.entries.front() {
            if at + length > now && self.entries.len() <= MAX_KEPT {
                break;
            }
            self.total -= amount;
            self.entries.pop_front();
        }
    }

    fn add(&mut self, now: Duration, quota: Option<Quota>, amount: u64, ticket: u64) {
        let Some(quota) = quota else { return };
        self.forget(now, quota.window);
        let amount = amount.min(u64::MAX - self.total);
        self.total += amount;
        self.entries.push_back((now, amount, ticket));
    }

    fn correct(&mut self, ticket: u64, amount: u64) {
        let Ok(place) = self.entries.binary_search_by_key(&ticket, |entry| entry.2) else { return };
        let entry = &mut self.entries[place];
        self.total = self.total - entry.1 + amount;
        entry.1 = amount;
    }

    /// How long until `requested` more fit.
    fn wait(&self, now: Duration, quota: Quota, requested: u64) -> Duration {
        let mut total = self.total;
        for &(at, amount, _) in &self.entries {
            total -= amount;
            if total.saturating_add(requested) <= quota.amount {
                return (at + quota.window).saturating_sub(now);
            }
        }
        quota.window
    }

    fn check(
        &mut self,
        now: Duration,
        quota: Option<Quota>,
        limit: Refused,
        requested: u64,
    ) -> Option<Refusal> {
        let quota = quota?;
        self.forget(now, quota.window);
        let fits = self.total.saturating_add(requested) <= quota.amount;
        (!fits).then(|| Refusal {
            limit,
            amount: quota.amount,
            used: self.total,
            requested,
            window: quota.window,
            retry_after: self.wait(now, quota, requested),
        })
    }

    fn standing(&mut self, now: Duration, quota: Option<Quota>) -> Option<Standing> {
        let quota = quota?;
        self.forget(now, quota.window);
        let last = self.entries.back().map_or(now, |entry| entry.0 + quota.window);
        Some(Standing {
            limit: quota.amount,
            remaining: quota.amount.saturating_sub(self.total),
            reset: last.saturating_sub(now),
        })
    }
}

/// The limits of one provider, and what counts against them.
#[derive(Debug)]
pub(crate) struct Gate {
    provider: Provider,
    limits: Limits,
    requests: Window,
    tokens: Window,
    output: Window,
    spend: Window,
    day: i64,
    today: u64,
    at_once: u64,
    tickets: u64,
}

impl Gate {
    pub fn new(provider: Provider, limits: Limits) -> Self {
        Self {
            provider,
            limits,
            requests: Window::default(),
            tokens: Window::default(),
            output: Window::default(),
            spend: Window::default(),
            day: i64::MIN,
            today: 0,
            at_once: 0,
            tickets: 0,
        }
    }

    /// A call arrives. Admitted calls get a ticket, which [`Gate::leave`] takes back.
    pub fn arrive(&mut self, now: Duration, unix_ms: i64, charge: Charge) -> Result<u64, Refusal> {
        let refusal = self.refuse(now, unix_ms, charge);
        self.tickets += 1;
        if refusal.is_none() || self.provider.counts_refused() {
            self.requests.add(now, self.limits.requests, 1, self.tickets);
        }
        if let Some(refusal) = refusal {
            return Err(refusal);
        }
        self.tokens.add(now, self.limits.tokens, charge.tokens, self.tickets);
        self.output.add(now, self.limits.output_tokens, charge.output, self.tickets);
        self.today += 1;
        self.at_once += 1;
        Ok(self.tickets)
    }

    fn refuse(&mut self, now: Duration, unix_ms: i64, charge: Charge) -> Option<Refusal> {
        let (day, left) = self.midnight(unix_ms);
        if day != self.day {
            (self.day, self.today) = (day, 0);
        }
        let limits = self.limits.clone();
        let plain = |limit, amount, used, retry_after| Refusal {
            limit,
            amount,
            used,
            requested: 1,
            window: Duration::ZERO,
            retry_after,
        };
        if let Some(amount) = limits.requests_per_day.filter(|amount| self.today >= *amount) {
            return Some(plain(Refused::Day, amount, self.today, left));
        }
        if let Some(refusal) = self.spend.check(now, limits.spend, Refused::Spend, 1) {
            return Some(refusal);
        }
        if let Some(amount) = limits.concurrency.filter(|amount| self.at_once >= *amount) {
            return Some(plain(Refused::Concurrency, amount, self.at_once, Duration::from_secs(1)));
        }
        self.requests
            .check(now, limits.requests, Refused::Requests, 1)
            .or_else(|| self.tokens.check(now, limits.tokens, Refused::Tokens, charge.tokens))
            .or_else(|| self.output.check(now, limits.output_tokens, Refused::OutputTokens, charge.output))
    }

    /// The number of this provider's day, and how much of it is left.
    fn midnight(&self, unix_ms: i64) -> (i64, Duration) {
        let offset = if self.provider == Provider::Gemini { pacific_offset(unix_ms) } else { 0 };
        const DAY_MS: i64 = 86_400_000;
        let local = unix_ms.saturating_sub(offset * 1000);
        let left = DAY_MS - local.rem_euclid(DAY_MS);
        (local.div_euclid(DAY_MS), Duration::from_millis(left.unsigned_abs()))
    }

    /// An admitted call ends, answered or not.
    pub fn leave(&mut self) {
        self.at_once = self.at_once.saturating_sub(1);
    }

    /// What of the input counts, once it is known.
    pub fn correct_input(&mut self, ticket: u64, tokens: u64) {
        self.tokens.correct(ticket, tokens);
    }

    /// What an answer really used.
    pub fn settle(&mut self, now: Duration, ticket: u64, output: u64, nanos: u64) {
        self.output.correct(ticket, output);
        self.spend.add(now, self.limits.spend, nanos, ticket);
    }

    /// How the limits stand.
    pub fn standings(&mut self, now: Duration, unix_ms: i64) -> Standings {
        let limits = self.limits.clone();
        let (_, left) = self.midnight(unix_ms);
        Standings {
            requests: self.requests.standing(now, limits.requests),
            tokens: self.tokens.standing(now, limits.tokens),
            output: self.output.standing(now, limits.output_tokens),
            day: limits.requests_per_day.map(|limit| Standing {
                limit,
                remaining: limit.saturating_sub(self.today),
                reset: left,
            }),
        }
    }
}

#[cfg(test)]
mod tests;
