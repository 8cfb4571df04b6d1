//! `limits = […]`: what a service allows, as it states it.

use serde::Deserialize;
use std::time::Duration;
use watchfire_flow::{Counted, Period, Quota};

/// A limit, as the provider states it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitSettings {
    /// Calls, of which each takes one.
    requests: Option<u64>,
    /// Or tokens of input.
    tokens: Option<u64>,
    /// In any window of so many seconds.
    window_s: Option<f64>,
    /// Or in each `day` or `month`.
    per: Option<PeriodSetting>,
    /// Of this time zone; UTC if it is not named.
    zone: Option<String>,
}

/// A period that begins anew at midnight somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PeriodSetting {
    Day,
    Month,
}

impl LimitSettings {
    /// Says what is wrong with it.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        if self.requests.is_some() == self.tokens.is_some() {
            return Err("each has either requests or tokens");
        }
        if self.window_s.is_some() == self.per.is_some() {
            return Err("each has either window_s or per");
        }
        if self.requests == Some(0) || self.tokens == Some(0) {
            return Err("a limit of 0 allows nothing: leave the service out instead");
        }
        if self.window_s.is_some_and(|seconds| !(0.001..=1e7).contains(&seconds)) {
            return Err("window_s is between 0.001 and 10000000");
        }
        if self.zone.is_some() && self.per.is_none() {
            return Err("zone goes with per");
        }
        Ok(())
    }

    /// Whether it is about tokens.
    pub(super) const fn counts_tokens(&self) -> bool {
        self.tokens.is_some()
    }

    /// It in words.
    pub(crate) fn words(&self) -> String {
        let what = match (self.requests, self.tokens) {
            (Some(requests), _) => format!("{requests} requests"),
            (None, tokens) => format!("{} tokens", tokens.unwrap_or_default()),
        };
        match (self.window_s, self.per) {
            (_, Some(PeriodSetting::Day)) => format!("{what} a day"),
            (_, Some(PeriodSetting::Month)) => format!("{what} a month"),
            (window_s, None) => format!("{what} in {} s", window_s.unwrap_or(60.0)),
        }
    }

    /// The quota that a checked limit comes to.
    pub(crate) fn quota(&self) -> Quota {
        let (counted, limit) = match (self.requests, self.tokens) {
            (Some(requests), _) => (Counted::Requests, requests),
            (None, tokens) => (Counted::Tokens, tokens.unwrap_or(1)),
        };
        match (self.window_s, self.per) {
            (_, Some(period)) => Quota::Aligned {
                counted,
                limit,
                period: match period {
                    PeriodSetting::Day => Period::Day,
                    PeriodSetting::Month => Period::Month,
                },
                zone: self.zone.clone().unwrap_or_else(|| "UTC".to_owned()),
            },
            (window_s, None) => {
                Quota::Rolling { counted, limit, window: Duration::from_secs_f64(window_s.unwrap_or(60.0)) }
            }
        }
    }
}
