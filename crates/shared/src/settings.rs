//! Where the server is, and how long is waited for it.

use redis::{ConnectionInfo, IntoConnectionInfo, ProtocolVersion};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// How a server is reached, and the bounds on it.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisSettings {
    /// `redis://user:password@host:port/number`, or `rediss://…` for TLS. Redis from 7.0 on, or Valkey.
    pub url: String,
    /// What all names of keys begin with, so that several can use one server.
    pub prefix: String,
    /// For a connection, and for each answer.
    pub timeout: Duration,
    /// How long others count on a member that they don't hear of; it is heard of three times as often.
    pub lease: Duration,
    /// When for so long everybody says that nobody else is in the group, whoever is away is taken for gone.
    pub silence: Duration,
    /// How long a member goes on with its share where there is no server; after that it asks nobody.
    pub fall_back_for: Duration,
    /// A file of certificates (PEM) that the server's is checked against, in place of the system's.
    pub certificates: Option<PathBuf>,
}

impl Default for RedisSettings {
    fn default() -> Self {
        Self {
            url: "redis://127.0.0.1:6379".to_owned(),
            prefix: "wf".to_owned(),
            timeout: Duration::from_secs(1),
            lease: Duration::from_secs(3),
            silence: Duration::from_secs(30),
            fall_back_for: Duration::from_secs(600),
            certificates: None,
        }
    }
}

impl fmt::Debug for RedisSettings {
    /// Without the address, which may have a password in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSettings")
            .field("prefix", &self.prefix)
            .field("timeout", &self.timeout)
            .field("lease", &self.lease)
            .field("silence", &self.silence)
            .field("fall_back_for", &self.fall_back_for)
            .field("certificates", &self.certificates)
            .finish_non_exhaustive()
    }
}

impl RedisSettings {
    /// Checks what can be checked without the server.
    pub fn check(&self) -> Result<(), RedisError> {
        self.address().map(drop)
    }

    pub(crate) fn address(&self) -> Result<ConnectionInfo, RedisError> {
        let wrong = |name, problem| Err(RedisError::Setting { name, problem });
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte);
        if self.prefix.is_empty() || self.prefix.len() > 64 || !self.prefix.bytes().all(plain) {
            return wrong("prefix", "1 to 64 letters, digits, or any of _-.:");
        }
        if !(Duration::from_millis(10)..=Duration::from_secs(60)).contains(&self.timeout) {
            return wrong("timeout", "from 10 ms to a minute");
        }
        if !(self.timeout..=Duration::from_secs(600)).contains(&self.lease) {
            return wrong("lease", "from the timeout to ten minutes");
        }
        if self.silence > Duration::from_secs(86_400) || self.fall_back_for > Duration::from_secs(86_400) {
            return wrong("silence, fall_back_for", "at most a day");
        }
        let address = self.url.as_str().into_connection_info().map_err(|_| RedisError::Url)?;
        let login = address.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        Ok(address.set_redis_settings(login))
    }

    /// A key of which all that begin with the same `what` and `name` are on one server of a cluster.
    pub(crate) fn key(&self, what: &str, name: &str, part: &str) -> String {
        format!("{{{}:{what}:{name}}}:{part}", self.prefix)
    }
}

/// A name that nobody else has.
pub(crate) fn unique() -> Result<String, RedisError> {
    let number = getrandom::u64().map_err(|source| RedisError::Chance { source })?;
    Ok(format!("{number:016x}"))
}

/// Why a server can't be used.
#[derive(Debug, thiserror::Error)]
pub enum RedisError {
    /// The address can't be read. The message has no part of it.
    #[error("the address of the Redis server can't be read")]
    Url,
    /// A setting is not what it may be.
    #[error("{name}: {problem}")]
    Setting {
        /// Which.
        name: &'static str,
        /// What it should be.
        problem: &'static str,
    },
    /// The certificates can't be used.
    #[error("the certificates for Redis can't be used")]
    Certificates {
        /// Why.
        source: std::io::Error,
    },
    /// The machine gives no random numbers.
    #[error("the machine gives no random numbers")]
    Chance {
        /// Why.
        source: getrandom::Error,
    },
    /// The limits of a budget can't be kept.
    #[error("the limits of a shared budget can't be kept")]
    Budget(#[source] watchfire_flow::BudgetError),
    /// The server, or the way to it, fails.
    #[error("Redis does not do what it is asked")]
    Server(#[source] Box<redis::RedisError>),
    /// There was no answer in time.
    #[error("Redis did not answer for {} ms", after.as_millis())]
    Late {
        /// How long it was waited for.
        after: Duration,
    },
    /// The answer is not one.
    #[error("Redis gave an answer that is none: {problem}")]
    Answer {
        /// What is wrong with it.
        problem: String,
    },
}

impl From<redis::RedisError> for RedisError {
    fn from(error: redis::RedisError) -> Self {
        Self::Server(Box::new(error))
    }
}

impl RedisError {
    /// What the user can do.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Url => "write it as redis://user:password@host:port/number, or rediss://… for TLS",
            Self::Setting { .. } => "correct the setting",
            Self::Certificates { .. } => "name a file with the server's or its issuer's certificate (PEM)",
            Self::Chance { .. } => "see whether this program may read the machine's source of random numbers",
            Self::Budget(_) => "correct the limits",
            Self::Server(_) | Self::Late { .. } => {
                "see whether the server runs, listens at this address, and lets this user run scripts"
            }
            Self::Answer { .. } => "see whether it is Redis from 7.0 on, or Valkey",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RedisSettings;
    use std::time::Duration;

    #[test]
    fn a_password_is_not_shown() {
        let secret = |url: &str| RedisSettings { url: url.to_owned(), ..RedisSettings::default() };
        assert!(!format!("{:?}", secret("redis://u:secret@localhost/0")).contains("secret"));
        let wrong = secret("redis://u:secret@localhost:port/0").check().unwrap_err();
        assert!(!format!("{wrong:?} {wrong}").contains("secret"), "{wrong:?}");
    }

    #[test]
    fn bounds_hold() {
        let with = |change: fn(&mut RedisSettings)| {
            let mut settings = RedisSettings::default();
            change(&mut settings);
            settings.check()
        };
        assert!(with(|_| {}).is_ok());
        assert!(with(|settings| settings.url = "rediss://redis.example:6380/2".to_owned()).is_ok());
        assert!(with(|settings| settings.url = "http://localhost".to_owned()).is_err());
        assert!(with(|settings| settings.prefix = "a}b".to_owned()).is_err());
        assert!(with(|settings| settings.timeout = Duration::ZERO).is_err());
        assert!(with(|settings| settings.lease = Duration::from_millis(1)).is_err());
        assert!(with(|settings| settings.fall_back_for = Duration::MAX).is_err());
    }
}
