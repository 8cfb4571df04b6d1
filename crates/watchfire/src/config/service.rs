//! `[intel.services.NAME]`: a service that knows indicators, and what it allows.

use super::key::read_key;
use super::limit::LimitSettings;
use crate::exit::Problem;
use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;
use watchfire_flow::{Counted, Period, Quota};
use watchfire_intel::services::{self, Window};

/// `[intel.services.NAME]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceSettings {
    /// Any server that speaks like the service.
    pub(crate) base_url: Option<String>,
    /// The environment variable with the key.
    pub(crate) key_env: Option<String>,
    /// Or the file with it.
    pub(crate) key_file: Option<PathBuf>,
    /// What the service allows; its free plan if nothing is said.
    #[serde(default)]
    pub(crate) limits: Vec<LimitSettings>,
    /// Calls at once.
    #[serde(default = "concurrency")]
    pub(crate) concurrency: u16,
    /// How long a call may take.
    #[serde(default = "timeout_s")]
    pub(crate) timeout_s: f64,
    /// How long a run waits for it in all.
    #[serde(default = "max_wait_s")]
    pub(crate) max_wait_s: f64,
}

fn concurrency() -> u16 {
    4
}

fn timeout_s() -> f64 {
    30.0
}

fn max_wait_s() -> f64 {
    600.0
}

impl ServiceSettings {
    /// The environment variable that people keep the key of this service in.
    fn key_variable(name: &str) -> String {
        match name {
            "urlhaus" | "threatfox" => "ABUSECH_AUTH_KEY".to_owned(),
            name => format!("{}_API_KEY", name.to_uppercase()),
        }
    }

    /// Its key.
    pub(crate) fn key(&self, name: &str) -> Result<String, Problem> {
        let usual = Self::key_variable(name);
        let variable = self.key_env.as_deref().unwrap_or(&usual);
        read_key(&format!("[intel.services.{name}]"), self.key_file.as_deref(), Some(variable))
    }

    /// What it allows.
    pub(crate) fn quotas(&self, name: &str) -> Vec<Quota> {
        if !self.limits.is_empty() {
            return self.limits.iter().map(LimitSettings::quota).collect();
        }
        let quota = |quota: &services::DefaultQuota| {
            let (counted, limit) = (Counted::Requests, u64::from(quota.requests));
            match quota.window {
                Window::Rolling(window) => Quota::Rolling { counted, limit, window },
                Window::UtcDay => {
                    Quota::Aligned { counted, limit, period: Period::Day, zone: "UTC".to_owned() }
                }
            }
        };
        services::default_quotas(name).map(quota).collect()
    }

    /// How long a run waits for it.
    pub(crate) fn patience(&self) -> Duration {
        Duration::from_secs_f64(self.max_wait_s)
    }

    /// Says which setting can't be kept.
    pub(crate) fn check(&self, name: &str) -> Result<(), Problem> {
        let wrong = |key: &str, what: &str| {
            Err(Problem::usage(
                format!("[intel.services.{name}]{}{key}: {what}", if key.is_empty() { "" } else { " " }),
                "services are described in docs/intel.md",
            ))
        };
        if !services::NAMES.contains(&name) {
            return wrong("", &format!("there is no such service; there are {}", services::NAMES.join(", ")));
        }
        if !(1..=64).contains(&self.concurrency) {
            return wrong("concurrency", "between 1 and 64");
        }
        if !(1.0..=600.0).contains(&self.timeout_s) {
            return wrong("timeout_s", "between 1 and 600 (seconds)");
        }
        if !(0.0..=1e6).contains(&self.max_wait_s) {
            return wrong("max_wait_s", "between 0 and 1000000 (seconds)");
        }
        if self
            .base_url
            .as_deref()
            .is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://"))
        {
            return wrong("base_url", "it begins with http:// or https://");
        }
        if self.limits.iter().any(LimitSettings::counts_tokens) {
            return wrong("limits", "services count requests, not tokens");
        }
        self.limits.iter().try_for_each(|limit| limit.check().or_else(|what| wrong("limits", what)))
    }
}
