//! `[propositions]`: a service that is asked in the place of the embedded predictor.

use super::key::read_key;
use crate::exit::{Problem, Status};
use serde::Deserialize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use watchfire_engine::service::Consultant;
use watchfire_flow::{Backoff, BreakerSettings};
use watchfire_http::{Client, Pool};

/// `[propositions]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PropositionSettings {
    /// Where the service is; the predictor is asked if it is not said.
    pub(crate) url: Option<String>,
    /// The environment variable with its token.
    pub(crate) token_env: Option<String>,
    /// Or the file with it.
    pub(crate) token_file: Option<PathBuf>,
    /// How long a call may take.
    pub(crate) timeout_s: f64,
    /// Tries in all.
    pub(crate) attempts: u32,
}

impl Default for PropositionSettings {
    fn default() -> Self {
        Self { url: None, token_env: None, token_file: None, timeout_s: 2.0, attempts: 3 }
    }
}

impl PropositionSettings {
    /// Says which setting can't be kept.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let wrong = |key: &str, what: &str| {
            Err(Problem::usage(
                format!("[propositions] {key}: {what}"),
                "the service that is asked for propositions is described in docs/propositions.md",
            ))
        };
        if self.url.as_deref().is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://"))
        {
            return wrong("url", "it begins with http:// or https://");
        }
        if !(0.05..=60.0).contains(&self.timeout_s) {
            return wrong("timeout_s", "between 0.05 and 60 (seconds)");
        }
        if !(1..=10).contains(&self.attempts) {
            return wrong("attempts", "between 1 and 10");
        }
        Ok(())
    }

    /// The service, if one is named.
    pub(crate) fn consultant(&self, seed: u64) -> Result<Option<Consultant>, Problem> {
        let Some(url) = &self.url else { return Ok(None) };
        let token =
            read_key("[propositions]", self.token_file.as_deref(), self.token_env.as_deref()).map_err(
                |problem| Problem { message: problem.message.replace("key_file", "token_file"), ..problem },
            )?;
        let client = Client::new(&Pool::default()).map_err(|error| {
            Problem::from_error(Status::Failed, &error, "are the system's certificates in place?")
        })?;
        let backoff = Backoff {
            base: Duration::from_millis(50),
            cap: Duration::from_secs(1),
            attempts: self.attempts,
            ..Backoff::default()
        };
        Ok(Some(Consultant::new(
            url.clone(),
            Some(token).filter(|token| !token.is_empty()),
            Arc::new(client),
            Duration::from_secs_f64(self.timeout_s),
            BreakerSettings::default(),
            backoff,
            seed,
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::PropositionSettings;

    #[test]
    fn what_can_not_be_kept_is_named() {
        let check = |text: &str| {
            toml::from_str::<PropositionSettings>(text).unwrap().check().map_err(|problem| problem.message)
        };
        assert_eq!(check("url = \"http://p/\""), Ok(()));
        assert_eq!(
            check("url = \"p\"").unwrap_err(),
            "[propositions] url: it begins with http:// or https://"
        );
        assert!(check("timeout_s = 0").is_err() && check("attempts = 0").is_err());
    }
}
