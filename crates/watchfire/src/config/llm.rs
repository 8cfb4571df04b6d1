//! `[llm.NAME]`: a language model that may be asked, what it allows and what it may cost.

use super::key::read_key;
use super::limit::LimitSettings;
use crate::exit::Problem;
use serde::Deserialize;
use std::path::PathBuf;

/// Which way to speak to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ProviderKind {
    Gemini,
    OpenAi,
    Moonshot,
    Ollama,
    Anthropic,
}

impl ProviderKind {
    /// Where the provider itself is.
    fn base_url(self) -> &'static str {
        match self {
            Self::Gemini => "https://generativelanguage.googleapis.com",
            Self::OpenAi => "https://api.openai.com",
            Self::Moonshot => "https://api.moonshot.ai",
            Self::Ollama => "http://127.0.0.1:11434",
            Self::Anthropic => "https://api.anthropic.com",
        }
    }

    /// The environment variable that people keep its key in.
    fn key_variable(self) -> Option<&'static str> {
        match self {
            Self::Gemini => Some("GEMINI_API_KEY"),
            Self::OpenAi => Some("OPENAI_API_KEY"),
            Self::Moonshot => Some("MOONSHOT_API_KEY"),
            Self::Anthropic => Some("ANTHROPIC_API_KEY"),
            Self::Ollama => None,
        }
    }
}

/// `[llm.NAME]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LlmSettings {
    pub(crate) provider: ProviderKind,
    pub(crate) model: String,
    /// Any server that speaks like the provider.
    pub(crate) base_url: Option<String>,
    /// The environment variable with the key.
    pub(crate) key_env: Option<String>,
    /// Or the file with it.
    pub(crate) key_file: Option<PathBuf>,
    /// Alerts in one prompt.
    #[serde(default = "alerts_per_call")]
    pub(crate) alerts_per_call: u8,
    /// Calls at once.
    #[serde(default = "concurrency")]
    pub(crate) concurrency: u16,
    /// How long a call may take.
    #[serde(default = "timeout_s")]
    pub(crate) timeout_s: f64,
    /// `standard`; `flex`: slower and cheaper, where there is one; or `batch`: within a day, at half the price or so.
    #[serde(default)]
    pub(crate) tier: TierSettings,
    /// How long a run waits for its batches.
    #[serde(default = "batch_wait_s")]
    pub(crate) batch_wait_s: f64,
    /// What a run may cost; after that the embedded deciders have the last word.
    pub(crate) max_usd_per_run: Option<f64>,
    /// What a day (UTC) may cost with this provider, by the ledger of the store.
    pub(crate) max_usd_per_day: Option<f64>,
    /// A table of prices to lay over the shipped one.
    pub(crate) prices: Option<PathBuf>,
    #[serde(default)]
    pub(crate) limits: Vec<LimitSettings>,
}

/// `tier`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TierSettings {
    #[default]
    Standard,
    Flex,
    Batch,
}

fn alerts_per_call() -> u8 {
    6
}

fn concurrency() -> u16 {
    16
}

fn timeout_s() -> f64 {
    120.0
}

fn batch_wait_s() -> f64 {
    86_400.0
}

impl LlmSettings {
    /// Where it is, without a slash at the end.
    pub(crate) fn base_url(&self) -> &str {
        self.base_url.as_deref().unwrap_or(self.provider.base_url()).trim_end_matches('/')
    }

    /// Its key; empty for a server that wants none.
    pub(crate) fn key(&self, name: &str) -> Result<String, Problem> {
        let variable = self.key_env.as_deref().or(self.provider.key_variable());
        read_key(&format!("[llm.{name}]"), self.key_file.as_deref(), variable)
    }

    /// Says which setting can't be kept.
    pub(crate) fn check(&self, name: &str) -> Result<(), Problem> {
        let wrong = |key: &str, what: &str| {
            Err(Problem::usage(
                format!("[llm.{name}] {key}: {what}"),
                "language models are described in docs/llm.md",
            ))
        };
        if self.model.trim().is_empty() {
            return wrong("model", "no model is named");
        }
        if !(1..=16).contains(&self.alerts_per_call) {
            return wrong("alerts_per_call", "between 1 and 16");
        }
        if !(1..=256).contains(&self.concurrency) {
            return wrong("concurrency", "between 1 and 256");
        }
        if !(1.0..=3600.0).contains(&self.timeout_s) {
            return wrong("timeout_s", "between 1 and 3600 (seconds)");
        }
        if !(0.0..=1e6).contains(&self.batch_wait_s) {
            return wrong("batch_wait_s", "between 0 and 1000000 (seconds)");
        }
        if self.tier == TierSettings::Batch && self.provider == ProviderKind::Ollama {
            return wrong("tier", "Ollama has no batches");
        }
        for (key, most) in
            [("max_usd_per_run", self.max_usd_per_run), ("max_usd_per_day", self.max_usd_per_day)]
        {
            if most.is_some_and(|usd| !(0.0..=1e6).contains(&usd)) {
                return wrong(key, "between 0 and 1000000 (US dollars)");
            }
        }
        if !(self.base_url().starts_with("http://") || self.base_url().starts_with("https://")) {
            return wrong("base_url", "it begins with http:// or https://");
        }
        self.limits.iter().try_for_each(|limit| limit.check().or_else(|what| wrong("limits", what)))
    }
}
