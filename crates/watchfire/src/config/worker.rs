//! `[worker]`, `[kafka]` and `[redis]`: how several workers share the work.

#[cfg(any(feature = "kafka", feature = "redis"))]
use super::key::read_secret;
use crate::exit::Problem;
use serde::Deserialize;
use std::path::PathBuf;
#[cfg(feature = "kafka")]
use std::time::Duration;

const HINT: &str = "the settings of workers are described in docs/fleet.md";
/// Where the address of the Redis server may stand: it may have a password in it.
const REDIS_VARIABLE: &str = "WATCHFIRE_REDIS_URL";
/// Where Kafka's password may stand.
#[cfg(feature = "kafka")]
const KAFKA_VARIABLE: &str = "WATCHFIRE_KAFKA_PASSWORD";

/// `[worker]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WorkerSettings {
    /// This worker's name, unlike all others' of its group; the machine's if it is not set.
    pub(crate) name: Option<String>,
    /// Topics that alerts come in on.
    pub(crate) intake: Vec<String>,
    /// The topic that verdicts go to.
    pub(crate) verdicts: String,
    /// The topic for records that can't be read.
    pub(crate) dead: String,
    /// Workers of one group share the work.
    pub(crate) group: String,
    /// The `[llm.NAME]` that is asked what is left open; nobody is if it is not set.
    pub(crate) model: Option<String>,
    /// How long an alert waits for an answer before what was decided stands, in seconds.
    pub(crate) patience_s: f64,
    /// Whether topics that are missing are made.
    pub(crate) create_topics: bool,
    /// Partitions of intake topics that are made.
    pub(crate) partitions: u16,
    /// Copies of topics that are made.
    pub(crate) replication: u8,
}

impl Default for WorkerSettings {
    fn default() -> Self {
        Self {
            name: None,
            intake: vec!["alerts".to_owned()],
            verdicts: "verdicts".to_owned(),
            dead: "dead-letters".to_owned(),
            group: "watchfire".to_owned(),
            model: None,
            patience_s: 3_600.0,
            create_topics: false,
            partitions: 6,
            replication: 1,
        }
    }
}

impl WorkerSettings {
    /// Says which setting can't be kept.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let wrong = |key: &str, what: &str| Err(Problem::usage(format!("[worker] {key}: {what}"), HINT));
        if self.intake.is_empty() || self.intake.len() > 100 {
            return wrong("intake", "between 1 and 100 topics");
        }
        let topics = self.intake.iter().chain([&self.verdicts, &self.dead]);
        if topics.clone().any(|topic| !is_name(topic)) {
            return wrong(
                "intake, verdicts, dead",
                "names of topics: letters, digits, '.', '_' and '-', at most 249",
            );
        }
        if self.intake.contains(&self.verdicts) || self.intake.contains(&self.dead) {
            return wrong("verdicts, dead", "a topic that is read can't be written to");
        }
        if !is_name(&self.group) || self.name.as_deref().is_some_and(|name| !is_name(name)) {
            return wrong("group, name", "letters, digits, '.', '_' and '-', at most 249");
        }
        if !(1.0..=604_800.0).contains(&self.patience_s) {
            return wrong("patience_s", "between 1 and 604800 (seconds)");
        }
        if self.partitions == 0 || self.replication == 0 {
            return wrong("partitions, replication", "at least 1");
        }
        Ok(())
    }

    /// How long an alert waits for an answer.
    #[cfg(feature = "kafka")]
    pub(crate) fn patience(&self) -> Duration {
        Duration::from_secs_f64(self.patience_s)
    }
}

fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=249).contains(&name.len()) && name.bytes().all(plain)
}

/// `[kafka]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct KafkaSection {
    /// `host:port`, several with commas between.
    pub(crate) brokers: String,
    /// Whether connections are encrypted.
    pub(crate) tls: bool,
    /// Certificates (PEM) that the brokers' are checked against, in place of the system's.
    pub(crate) ca_file: Option<PathBuf>,
    /// This program's certificate (PEM), and the file with its key.
    pub(crate) certificate_file: Option<PathBuf>,
    pub(crate) key_file: Option<PathBuf>,
    /// `plain`, `scram-sha-256` or `scram-sha-512`; nobody logs in if it is not set.
    pub(crate) sasl: Option<SaslKind>,
    /// Who logs in.
    pub(crate) user: Option<String>,
    /// The file with the password; or `WATCHFIRE_KAFKA_PASSWORD` has it.
    pub(crate) password_file: Option<PathBuf>,
    /// Without a sign of life for so long, a worker's partitions go to others, in milliseconds.
    pub(crate) session_timeout_ms: u32,
    /// What a killed worker left open is ended after so long, in milliseconds.
    pub(crate) transaction_timeout_ms: u32,
}

/// How a password is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SaslKind {
    /// As it is: only inside of TLS.
    Plain,
    /// RFC 5802 with SHA-256.
    #[serde(rename = "scram-sha-256")]
    Scram256,
    /// RFC 5802 with SHA-512.
    #[serde(rename = "scram-sha-512")]
    Scram512,
}

impl Default for KafkaSection {
    fn default() -> Self {
        Self {
            brokers: "127.0.0.1:9092".to_owned(),
            tls: false,
            ca_file: None,
            certificate_file: None,
            key_file: None,
            sasl: None,
            user: None,
            password_file: None,
            session_timeout_ms: 10_000,
            transaction_timeout_ms: 10_000,
        }
    }
}

impl KafkaSection {
    /// Says which setting can't be kept.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let wrong = |key: &str, what: &str| Err(Problem::usage(format!("[kafka] {key}: {what}"), HINT));
        if self.brokers.trim().is_empty() {
            return wrong("brokers", "host:port of at least one broker");
        }
        if !(1_000..=300_000).contains(&self.session_timeout_ms) {
            return wrong("session_timeout_ms", "between 1000 and 300000");
        }
        if !(1_000..=900_000).contains(&self.transaction_timeout_ms) {
            return wrong("transaction_timeout_ms", "between 1000 and 900000");
        }
        if self.sasl.is_some() && self.user.as_deref().is_none_or(str::is_empty) {
            return wrong("user", "a login needs one");
        }
        if self.sasl == Some(SaslKind::Plain) && !self.tls {
            return wrong("sasl", "a plain password is sent only with tls = true");
        }
        if self.certificate_file.is_some() != self.key_file.is_some() {
            return wrong("certificate_file, key_file", "the one needs the other");
        }
        if !self.tls && (self.ca_file.is_some() || self.certificate_file.is_some()) {
            return wrong("ca_file, certificate_file", "certificates are of use with tls = true");
        }
        Ok(())
    }

    pub(super) fn files(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        [&mut self.ca_file, &mut self.certificate_file, &mut self.key_file, &mut self.password_file]
            .into_iter()
            .flatten()
    }

    /// How a worker of this name reaches Kafka.
    #[cfg(feature = "kafka")]
    pub(crate) fn settings(
        &self,
        worker: &WorkerSettings,
        name: String,
    ) -> Result<watchfire_kafka::KafkaSettings, Problem> {
        use watchfire_kafka::{KafkaSettings, Mechanism, Sasl, Security, Tls};
        let tls = || Tls {
            ca: self.ca_file.clone(),
            certificate: self.certificate_file.clone(),
            key: self.key_file.clone(),
            verify: true,
        };
        let security = match (self.sasl, self.tls) {
            (None, false) => Security::Plain,
            (None, true) => Security::Tls(tls()),
            (Some(kind), with_tls) => Security::Sasl(Sasl {
                mechanism: match kind {
                    SaslKind::Plain => Mechanism::Plain,
                    SaslKind::Scram256 => Mechanism::ScramSha256,
                    SaslKind::Scram512 => Mechanism::ScramSha512,
                },
                user: self.user.clone().unwrap_or_default(),
                password: read_secret(
                    "[kafka]",
                    "password",
                    self.password_file.as_deref(),
                    Some(KAFKA_VARIABLE),
                )?,
                tls: with_tls.then(tls),
            }),
        };
        Ok(KafkaSettings {
            brokers: self.brokers.clone(),
            group: worker.group.clone(),
            intake: worker.intake.clone(),
            verdicts: worker.verdicts.clone(),
            dead: worker.dead.clone(),
            instance: name,
            security,
            session_timeout: Duration::from_millis(u64::from(self.session_timeout_ms)),
            transaction_timeout: Duration::from_millis(u64::from(self.transaction_timeout_ms)),
            ..KafkaSettings::default()
        })
    }
}

/// `[redis]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RedisSection {
    /// `redis://host:port`, or `rediss://…` for TLS; `WATCHFIRE_REDIS_URL` goes before it, and may have a password in it.
    pub(crate) url: Option<String>,
    /// The file that holds the whole address.
    pub(crate) url_file: Option<PathBuf>,
    /// What the names of all keys begin with.
    pub(crate) prefix: Option<String>,
    /// Certificates (PEM) that the server's is checked against, in place of the system's.
    pub(crate) ca_file: Option<PathBuf>,
}

impl RedisSection {
    /// Says which setting can't be kept.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let user = self.url.as_deref().and_then(|url| url.split_once("://")?.1.rsplit_once('@'));
        if user.is_some_and(|(user, _)| user.contains(':')) {
            return Err(Problem::usage(
                "[redis] url: a password does not stand in the settings",
                format!(
                    "export {REDIS_VARIABLE}=…, or name a file that holds the whole address with url_file"
                ),
            ));
        }
        Ok(())
    }

    /// The address, if there is one anywhere.
    #[cfg(feature = "redis")]
    pub(crate) fn settings(&self) -> Result<Option<watchfire_shared::RedisSettings>, Problem> {
        let named = std::env::var(REDIS_VARIABLE).ok().filter(|url| !url.trim().is_empty());
        let url = match (named, &self.url_file) {
            (Some(url), _) => Some(url.trim().to_owned()),
            (None, Some(path)) => Some(read_secret("[redis]", "url", Some(path), None)?),
            (None, None) => self.url.clone(),
        };
        let Some(url) = url else { return Ok(None) };
        let mut settings =
            watchfire_shared::RedisSettings { url, ..watchfire_shared::RedisSettings::default() };
        settings.certificates.clone_from(&self.ca_file);
        if let Some(prefix) = &self.prefix {
            settings.prefix.clone_from(prefix);
        }
        settings.check().map_err(|error| Problem::usage(format!("[redis] {error}"), error.hint()))?;
        Ok(Some(settings))
    }
}

#[cfg(test)]
mod tests {
    use super::{KafkaSection, RedisSection, WorkerSettings};
    use crate::exit::Problem;

    fn said(checked: Result<(), Problem>) -> String {
        checked.map_or_else(|problem| problem.message, |()| "sound".to_owned())
    }

    #[test]
    fn what_can_not_be_kept_is_named() {
        let worker = |text: &str| said(toml::from_str::<WorkerSettings>(text).unwrap().check());
        assert_eq!(worker(""), "sound");
        assert_eq!(
            worker("verdicts = \"alerts\""),
            "[worker] verdicts, dead: a topic that is read can't be written to"
        );
        assert!(worker("intake = []").contains("between 1 and 100"));
        assert!(worker("name = \"a b\"").contains("letters, digits"));
        let kafka = |text: &str| said(toml::from_str::<KafkaSection>(text).unwrap().check());
        assert_eq!(kafka(""), "sound");
        assert!(kafka("sasl = \"plain\"\nuser = \"w\"").contains("only with tls"));
        assert_eq!(kafka("sasl = \"scram-sha-512\"\nuser = \"w\""), "sound");
        assert!(kafka("tls = true\ncertificate_file = \"a\"").contains("the one needs the other"));
        let redis = |text: &str| said(toml::from_str::<RedisSection>(text).unwrap().check());
        assert!(redis("url = \"redis://u:secret@host\"").contains("a password does not stand"));
        assert!(!redis("url = \"redis://u:secret@host\"").contains("secret"));
    }
}
