//! `[webhooks.NAME]`: who is told of hostile verdicts.

use super::key::read_secret;
use crate::exit::Problem;
use serde::Deserialize;
use std::path::PathBuf;
use watchfire_engine::service::webhooks::{Kind, Occasion, Secret, Target};
use watchfire_http::BadAddress;
use watchfire_judge::tame;
use watchfire_signal::Severity;

/// Targets in the settings.
pub(crate) const MOST: usize = 32;
/// Characters of a name: it is a label of metrics.
const MAX_NAME: usize = 40;

const HINT: &str = "webhooks are described in docs/webhooks.md";

/// `kind`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KindName {
    Slack,
    Generic,
    Ocsf,
}

/// `on`
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OccasionName {
    #[default]
    NewPatterns,
    Alerts,
}

/// `[webhooks.NAME]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookSettings {
    /// Where it is.
    pub(crate) url: Option<String>,
    /// Or the environment variable that says so, because many addresses are secrets.
    pub(crate) url_env: Option<String>,
    /// Or the file.
    pub(crate) url_file: Option<PathBuf>,
    /// What bodies look like.
    pub(crate) kind: KindName,
    /// Less severe verdicts are not told of.
    #[serde(default = "min_severity")]
    pub(crate) min_severity: String,
    /// When it is told.
    #[serde(default)]
    pub(crate) on: OccasionName,
    /// The environment variable with the secret that requests are signed with.
    pub(crate) secret_env: Option<String>,
    /// Or the file with it.
    pub(crate) secret_file: Option<PathBuf>,
    /// Whether it may be somewhere that is not public, without TLS.
    #[serde(default)]
    pub(crate) allow_private: bool,
}

fn min_severity() -> String {
    Severity::Medium.name().to_owned()
}

impl WebhookSettings {
    /// Says which setting can't be kept, as far as the settings alone tell.
    pub(crate) fn check(&self, name: &str) -> Result<(), Problem> {
        let whose = whose(name);
        let allowed = |letter: char| {
            letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '_' | '-')
        };
        if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(allowed) {
            return Err(Problem::usage(
                format!("{whose}: a name has 1 to {MAX_NAME} of a–z, 0–9, _ and -"),
                HINT,
            ));
        }
        let told = [self.url.is_some(), self.url_env.is_some(), self.url_file.is_some()];
        if told.iter().filter(|told| **told).count() != 1 {
            return Err(Problem::usage(
                format!("{whose} url: one of url, url_env and url_file says where it is"),
                HINT,
            ));
        }
        if self.secret_env.is_some() && self.secret_file.is_some() {
            return Err(Problem::usage(format!("{whose}: secret_env or secret_file, not both"), HINT));
        }
        self.severity(name)?;
        match &self.url {
            Some(url) => self.with_address(name, url.clone(), None).map(drop),
            None => Ok(()),
        }
    }

    /// As the service takes it, with the secrets that stand elsewhere.
    pub(crate) fn target(&self, name: &str) -> Result<Target, Problem> {
        let whose = whose(name);
        let read = |what: &'static str, file: Option<&PathBuf>, variable: Option<&String>| {
            read_secret(&whose, what, file.map(PathBuf::as_path), variable.map(String::as_str))
        };
        let url = match &self.url {
            Some(url) => url.clone(),
            None => read("url", self.url_file.as_ref(), self.url_env.as_ref())?,
        };
        let text = read("secret", self.secret_file.as_ref(), self.secret_env.as_ref())?;
        let secret = (self.secret_env.is_some() || self.secret_file.is_some())
            .then(|| {
                Secret::new(text).ok_or_else(|| {
                    Problem::usage(
                        format!("{whose}: the secret has less than {} bytes", Secret::LEAST),
                        "openssl rand -hex 32 makes one",
                    )
                })
            })
            .transpose()?;
        self.with_address(name, url, secret)
    }

    fn severity(&self, name: &str) -> Result<Severity, Problem> {
        Severity::ALL.into_iter().find(|severity| severity.name() == self.min_severity).ok_or_else(|| {
            let names: Vec<&str> = Severity::ALL.iter().map(|severity| severity.name()).collect();
            Problem::usage(
                format!("{} min_severity: {}", whose(name), tame(&self.min_severity, 40)),
                format!("one of {}", names.join(", ")),
            )
        })
    }

    fn with_address(&self, name: &str, url: String, secret: Option<Secret>) -> Result<Target, Problem> {
        let target = Target {
            name: name.to_owned(),
            url,
            kind: match self.kind {
                KindName::Slack => Kind::Slack,
                KindName::Generic => Kind::Generic,
                KindName::Ocsf => Kind::Ocsf,
            },
            min_severity: self.severity(name)?,
            on: match self.on {
                OccasionName::NewPatterns => Occasion::NewPatterns,
                OccasionName::Alerts => Occasion::Alerts,
            },
            secret,
            allow_private: self.allow_private,
        };
        match target.host() {
            Ok(_) => Ok(target),
            // The address itself may be a secret.
            Err(bad) => Err(Problem::usage(
                format!("{} url: {bad}", whose(name)),
                match bad {
                    BadAddress::Scheme(_) | BadAddress::NotPublic(_) | BadAddress::ThisMachine(_)
                        if !self.allow_private =>
                    {
                        "allow_private = true lets a webhook be in a private network, and without TLS"
                    }
                    _ => HINT,
                },
            )),
        }
    }
}

fn whose(name: &str) -> String {
    format!("[webhooks.{}]", tame(name, MAX_NAME))
}

#[cfg(test)]
mod tests {
    use super::WebhookSettings;
    use watchfire_engine::service::webhooks::Occasion;

    fn settings(text: &str) -> WebhookSettings {
        toml::from_str(text).unwrap()
    }

    fn wrong(name: &str, text: &str) -> String {
        settings(text).check(name).unwrap_err().message
    }

    #[test]
    fn what_can_not_be_kept_is_named_and_the_address_is_not_shown() {
        let good = "url = \"https://hooks.example.org/secret\"\nkind = \"slack\"";
        settings(good).check("team-chat").unwrap();
        let target = settings(good).target("team-chat").unwrap();
        assert_eq!((target.on, target.min_severity.name()), (Occasion::NewPatterns, "medium"));
        assert_eq!(format!("{target:?}"), "team-chat (slack at hooks.example.org)");
        assert!(wrong("Team Chat", good).contains("a name has 1 to 40"));
        assert!(wrong("a", "kind = \"ocsf\"").contains("one of url, url_env and url_file"));
        assert!(wrong("a", &format!("{good}\nmin_severity = \"bad\"")).contains("min_severity: bad"));
        assert_eq!(
            wrong("a", "url = \"https://169.254.169.254/secret\"\nkind = \"generic\""),
            "[webhooks.a] url: 169.254.169.254 is not a public address"
        );
        assert_eq!(
            wrong("a", "url = \"http://hooks.example.org/secret\"\nkind = \"generic\""),
            "[webhooks.a] url: it has to begin with https://"
        );
        let inside = "url = \"http://10.0.0.1/x\"\nkind = \"generic\"\nallow_private = true\non = \"alerts\"";
        settings(inside).check("a").unwrap();
        assert!(toml::from_str::<WebhookSettings>("url = \"x\"\nkind = \"teams\"").is_err());
    }

    #[test]
    fn a_secret_comes_from_a_file_and_is_long_enough() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = format!(
            "url = \"https://hooks.example.org\"\nkind = \"generic\"\nsecret_file = {:?}",
            file.path().display().to_string()
        );
        std::fs::write(file.path(), "short\n").unwrap();
        let message = settings(&text).target("a").unwrap_err().message;
        assert_eq!(message, "[webhooks.a]: the secret has less than 16 bytes");
        std::fs::write(file.path(), "a secret of enough bytes\n").unwrap();
        assert!(settings(&text).target("a").unwrap().secret.is_some());
    }
}
