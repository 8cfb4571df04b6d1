//! Where the server is, how many connections there are, and how long each step may take.

use crate::tls;
use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime};
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Config, NoTls};

/// Bytes of a schema's name at most: PostgreSQL cuts longer ones off.
const MOST_SCHEMA_BYTES: usize = 63;
/// Connections at most.
const MOST_CONNECTIONS: usize = 100;

/// How a server is reached, and the bounds on it.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresSettings {
    /// `postgres://user:password@host:port/database?sslmode=require`, or words such as `host=/run/postgresql user=watchfire`.
    ///
    /// With `sslmode=require` the server's certificate is checked, always. With `sslmode=disable` nothing is encrypted. Where it
    /// says neither, a server on this machine is asked without encryption, and one elsewhere is refused: a setting has to
    /// say what is wanted.
    pub url: String,
    /// Where the tables are: a name in lower case. It is made if it is not there.
    pub schema: String,
    /// Connections at once, 1 to 100. A batch holds one for two short statements.
    pub connections: usize,
    /// For a free connection.
    pub wait_timeout: Duration,
    /// For a new connection, and how much longer than a statement may take its answer is waited for.
    pub connect_timeout: Duration,
    /// For a statement, at the server: it ends there and nothing was done.
    pub statement_timeout: Duration,
    /// A file of certificates (PEM) that the server's is checked against, in place of the system's.
    pub certificates: Option<PathBuf>,
}

impl Default for PostgresSettings {
    fn default() -> Self {
        Self {
            url: "postgres://localhost/watchfire".to_owned(),
            schema: "watchfire".to_owned(),
            connections: 8,
            wait_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(10),
            certificates: None,
        }
    }
}

impl fmt::Debug for PostgresSettings {
    /// Without the address, which may have a password in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresSettings")
            .field("schema", &self.schema)
            .field("connections", &self.connections)
            .field("wait_timeout", &self.wait_timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("statement_timeout", &self.statement_timeout)
            .field("certificates", &self.certificates)
            .finish_non_exhaustive()
    }
}

impl PostgresSettings {
    /// A pool that has no connection yet. Needs a tokio runtime once it is asked for one.
    pub(crate) fn pool(&self) -> Result<Pool, PostgresError> {
        self.check()?;
        let config = self.config()?;
        let how = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = if config.get_ssl_mode() == SslMode::Disable {
            Manager::from_config(config, NoTls, how)
        } else {
            Manager::from_config(config, tls::connector(self.certificates.as_deref())?, how)
        };
        // What makes an answer durable and a version exact must not hang on the server's own settings.
        let session = format!(
            "SET statement_timeout = {};
             SET default_transaction_isolation = 'read committed';
             SET search_path = {};
             SELECT set_config('synchronous_commit', 'on', false)
             WHERE current_setting('synchronous_commit') = 'off'",
            self.statement_timeout.as_millis(),
            self.schema
        );
        let prepare = Hook::async_fn(move |connection: &mut deadpool_postgres::ClientWrapper, _| {
            let session = session.clone();
            Box::pin(async move { connection.batch_execute(&session).await.map_err(HookError::Backend) })
        });
        Pool::builder(manager)
            .max_size(self.connections)
            .post_create(prepare)
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| PostgresError::Setting { name: "connections", problem: error.to_string() })
    }

    fn check(&self) -> Result<(), PostgresError> {
        let wrong = |name, problem: &str| Err(PostgresError::Setting { name, problem: problem.to_owned() });
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let starts = self.schema.starts_with(|first: char| first.is_ascii_lowercase() || first == '_');
        if !starts || self.schema.len() > MOST_SCHEMA_BYTES || !self.schema.bytes().all(plain) {
            return wrong(
                "schema",
                "a name of a to z, 0 to 9 and _, at most 63 of them, and no number first",
            );
        }
        if self.schema.starts_with("pg_") {
            return wrong("schema", "names with pg_ belong to PostgreSQL");
        }
        if !(1..=MOST_CONNECTIONS).contains(&self.connections) {
            return wrong("connections", "1 to 100");
        }
        if self.statement_timeout.as_millis() == 0 || self.statement_timeout > Duration::from_secs(3_600) {
            return wrong("statement_timeout", "from a millisecond to an hour");
        }
        if self.wait_timeout.is_zero() || self.connect_timeout.is_zero() {
            return wrong("wait_timeout, connect_timeout", "more than nothing");
        }
        Ok(())
    }

    fn config(&self) -> Result<Config, PostgresError> {
        let unread = |source| PostgresError::Url { source };
        let mut config: Config = self.url.parse().map_err(unread)?;
        if config.get_ssl_mode() == SslMode::Prefer {
            if !is_here(&config) {
                return Err(PostgresError::Setting {
                    name: "url",
                    problem: "the server is on another machine: say sslmode=require or sslmode=disable"
                        .to_owned(),
                });
            }
            config.ssl_mode(SslMode::Disable);
        }
        if config.get_application_name().is_none() {
            config.application_name("watchfire");
        }
        config.connect_timeout(self.connect_timeout);
        config.tcp_user_timeout(self.statement_timeout + self.connect_timeout);
        config.keepalives_idle(Duration::from_secs(60));
        Ok(config)
    }
}

/// Whether every address is this machine's own.
fn is_here(config: &Config) -> bool {
    let named = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    });
    named && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

/// Why there is no store.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// The address can't be read. The message has no part of it.
    #[error("the address of the PostgreSQL server can't be read")]
    Url {
        /// What is wrong with it.
        source: tokio_postgres::Error,
    },
    /// A setting is not what it may be.
    #[error("{name}: {problem}")]
    Setting {
        /// Which.
        name: &'static str,
        /// What it should be.
        problem: String,
    },
    /// The certificates can't be used.
    #[error("the certificates for PostgreSQL can't be used: {problem}")]
    Certificates {
        /// Why.
        problem: String,
    },
    /// There is no connection.
    #[error("can't connect to PostgreSQL")]
    Connect {
        /// Why.
        source: Box<PoolError>,
    },
    /// There was no connection in time.
    #[error("PostgreSQL did not answer for {} ms", after.as_millis())]
    Late {
        /// How long it was waited for.
        after: Duration,
    },
    /// The tables can't be made.
    #[error("can't make the tables in PostgreSQL")]
    Tables {
        /// Why.
        source: tokio_postgres::Error,
    },
    /// The tables are those of a later version of Watchfire.
    #[error("the tables in PostgreSQL have version {found}, and this program knows versions up to {known}")]
    Newer {
        /// Their version.
        found: i32,
        /// The latest version known.
        known: i32,
    },
}

impl PostgresError {
    /// What the user can do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Url { .. } => "write it as postgres://user:password@host:port/database?sslmode=require",
            Self::Setting { .. } => "correct the setting",
            Self::Certificates { .. } => "name a file with the server's or its issuer's certificate (PEM)",
            Self::Connect { .. } | Self::Late { .. } => {
                "see whether the server runs, listens at this address, and lets this user in"
            }
            Self::Tables { .. } => {
                "let this user make tables in the schema, or make them as another user once"
            }
            Self::Newer { .. } => "use the newer Watchfire that made them, or another schema",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PostgresError, PostgresSettings};
    use std::time::Duration;

    fn with(change: impl FnOnce(&mut PostgresSettings)) -> Result<(), PostgresError> {
        let mut settings = PostgresSettings::default();
        change(&mut settings);
        settings.pool().map(drop)
    }

    #[test]
    fn a_server_elsewhere_needs_a_word_on_encryption() {
        let url = |url: &str| with(|settings| settings.url = url.to_owned());
        for here in [
            "postgres://localhost/w",
            "postgres://127.0.0.1:5433/w",
            "postgres://[::1]/w",
            "host=/run/postgresql user=w",
        ] {
            assert!(url(here).is_ok(), "{here}");
        }
        for elsewhere in [
            "postgres://db.example/w",
            "postgres://localhost,db.example/w",
            "host=localhost hostaddr=192.0.2.1",
        ] {
            let refused = url(elsewhere);
            assert!(matches!(refused, Err(PostgresError::Setting { name: "url", .. })), "{elsewhere}");
        }
        assert!(url("postgres://db.example/w?sslmode=disable").is_ok());
    }

    #[test]
    fn a_schema_that_would_need_quoting_is_refused() {
        for name in ["", "a b", "A", "a\"", "a;drop table x", "1a", "pg_temp", "é", &"a".repeat(64)] {
            assert!(with(|settings| settings.schema = name.to_owned()).is_err(), "{name}");
        }
        assert!(with(|settings| settings.schema = "watchfire_2".to_owned()).is_ok());
    }

    #[test]
    fn bounds_hold() {
        assert!(with(|settings| settings.connections = 0).is_err());
        assert!(with(|settings| settings.connections = 101).is_err());
        assert!(with(|settings| settings.statement_timeout = Duration::ZERO).is_err());
        assert!(with(|settings| settings.wait_timeout = Duration::ZERO).is_err());
    }

    #[test]
    fn a_password_is_not_shown() {
        let settings =
            PostgresSettings { url: "postgres://u:secret@localhost/w".to_owned(), ..Default::default() };
        assert!(!format!("{settings:?}").contains("secret"));
        let wrong =
            with(|settings| settings.url = "postgres://u:secret@localhost:port/w".to_owned()).unwrap_err();
        assert!(!format!("{wrong:?} {wrong}").contains("secret"), "{wrong:?}");
    }
}
