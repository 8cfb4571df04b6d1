//! What has to be known to reach a table, and the bounds of what is asked of it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use watchfire_flow::Clock;

/// Items in one `TransactWriteItems` at most, by DynamoDB's limits.
pub(crate) const MOST_IN_A_TRANSACTION: usize = 100;

/// How a table is reached and used. [`Settings::new`] gives the defaults.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The table's name: 3 to 255 of `a-z A-Z 0-9 _ . -`.
    pub table: String,
    /// The region, such as `eu-central-1`.
    pub region: String,
    /// Where the service is, if not where the region says: DynamoDB Local, or an endpoint in a private network.
    pub endpoint: Option<String>,
    /// Whom the calls are made as.
    pub credentials: SharedCredentialsProvider,
    /// Users in one write call, 1 to 100; 25 by default.
    ///
    /// Writes are conditional, which `BatchWriteItem` can't be. That leaves transactions, which cost two write units a KB,
    /// and single updates, which cost one. **25** keeps to the calls that `BatchWriteItem` would take, 4 for 100 users; a
    /// conflict on one user cancels the call for the 24 others, which are written again without the one. **100** is one
    /// call, and each conflict or hot user sends 99 others again. **1** halves the price, never holds anybody else up,
    /// and takes a call per user: right for a table that is paid for by what is written, with few users a batch.
    pub users_per_write: usize,
    /// Calls under way at once for one load or save, at least 1; 8 by default.
    pub calls_at_once: usize,
    /// How long one call may take, all in all; 5 s by default.
    pub call_timeout: Duration,
    /// How long connecting may take; 2 s by default.
    pub connect_timeout: Duration,
    /// How many calls in a row may get nothing done before the users concerned are answered with a failure, at least 1; 5
    /// by default. A call that got one user done starts the count anew.
    pub attempts: u32,
    /// The wait after the first call that got nothing done, at most; 25 ms by default, as AWS's own SDKs have it for
    /// DynamoDB. It doubles from call to call.
    pub backoff: Duration,
    /// The longest wait between two calls; 1 s by default.
    pub longest_backoff: Duration,
    /// What the waits' jitter is drawn from: processes that write to one table should have different ones.
    pub seed: u64,
    /// That no other process writes this table, and how many users to remember: 10 bits each. After
    /// [`DynamoDb::know_users`](crate::DynamoDb::know_users) users who are not there are known without a read, all but one in
    /// a hundred of them. `None` by default: with another writer, somebody who was just written could be said to be absent.
    pub only_writer: Option<usize>,
    /// Lets users expire who were not written for long; `None` by default.
    pub expiry: Option<Expiry>,
}

/// When users expire.
#[derive(Clone)]
pub struct Expiry {
    /// How long after it was last written a user may be dropped. DynamoDB takes up to some days longer.
    pub after: Duration,
    /// What says the time.
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for Expiry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Expiry").field("after", &self.after).finish_non_exhaustive()
    }
}

/// What is wrong with settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A variable that has to be set is not.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// The table can't be called so.
    #[error("{0:?} is no name of a table: 3 to 255 letters, digits, `_`, `.` and `-`")]
    Table(String),
    /// A number is out of its bounds.
    #[error("{name} is {value}, and should be from {least} to {most}")]
    Bounds {
        /// Which setting.
        name: &'static str,
        /// What it is.
        value: u64,
        /// The least it may be.
        least: u64,
        /// The most it may be.
        most: u64,
    },
    /// The HTTP client can't be made: the system's certificates can't be read.
    #[error("no HTTP client can be made")]
    Client(#[source] reqwest::Error),
}

impl Settings {
    /// The defaults, with keys that don't change.
    pub fn new(table: impl Into<String>, region: impl Into<String>, credentials: Credentials) -> Self {
        Self {
            table: table.into(),
            region: region.into(),
            endpoint: None,
            credentials: SharedCredentialsProvider::new(credentials),
            users_per_write: 25,
            calls_at_once: 8,
            call_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(2),
            attempts: 5,
            backoff: Duration::from_millis(25),
            longest_backoff: Duration::from_secs(1),
            seed: 0,
            only_writer: None,
            expiry: None,
        }
    }

    /// The defaults, with what the variables say that AWS's own tools read: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
    /// `AWS_SESSION_TOKEN`; `AWS_REGION` or `AWS_DEFAULT_REGION`; `AWS_ENDPOINT_URL_DYNAMODB` or `AWS_ENDPOINT_URL`.
    pub fn from_environment(
        table: impl Into<String>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, SettingsError> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let needed = |name: &'static str| set(name).ok_or(SettingsError::Missing(name));
        let credentials = Credentials::new(
            needed("AWS_ACCESS_KEY_ID")?,
            needed("AWS_SECRET_ACCESS_KEY")?,
            set("AWS_SESSION_TOKEN"),
            None,
            "environment",
        );
        let region = set("AWS_REGION").or_else(|| set("AWS_DEFAULT_REGION"));
        let region = region.ok_or(SettingsError::Missing("AWS_REGION"))?;
        let mut settings = Self::new(table, region, credentials);
        settings.endpoint = set("AWS_ENDPOINT_URL_DYNAMODB").or_else(|| set("AWS_ENDPOINT_URL"));
        Ok(settings)
    }

    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        if !(3..=255).contains(&self.table.len()) || !self.table.bytes().all(allowed) {
            return Err(SettingsError::Table(self.table.chars().take(256).collect()));
        }
        let bounds: [(&'static str, u64, u64, u64); 4] = [
            ("users_per_write", self.users_per_write as u64, 1, MOST_IN_A_TRANSACTION as u64),
            ("calls_at_once", self.calls_at_once as u64, 1, 1_000),
            ("attempts", u64::from(self.attempts), 1, 100),
            ("only_writer", self.only_writer.unwrap_or(1) as u64, 1, 1_000_000_000),
        ];
        for (name, value, least, most) in bounds {
            if !(least..=most).contains(&value) {
                return Err(SettingsError::Bounds { name, value, least, most });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings::new("measurements", "eu-central-1", Credentials::new("key", "hush", None, None, "test"))
    }

    #[test]
    fn the_usual_variables_are_read_and_missing_ones_named() {
        let variables = [
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "hush"),
            ("AWS_DEFAULT_REGION", "eu-west-1"),
            ("AWS_REGION", ""),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:8000"),
        ];
        let of = |skipped: &'static str| {
            move |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name && *known != skipped);
                found.map(|(_, value)| (*value).to_owned())
            }
        };
        let settings = Settings::from_environment("measurements", of("")).unwrap();
        assert_eq!(settings.region, "eu-west-1");
        assert_eq!(settings.endpoint.as_deref(), Some("http://127.0.0.1:8000"));
        let error = Settings::from_environment("measurements", of("AWS_SECRET_ACCESS_KEY")).unwrap_err();
        assert_eq!(error.to_string(), "AWS_SECRET_ACCESS_KEY is not set");
        let error = Settings::from_environment("measurements", of("AWS_DEFAULT_REGION")).unwrap_err();
        assert_eq!(error.to_string(), "AWS_REGION is not set");
    }

    #[test]
    fn secrets_are_not_shown() {
        assert!(!format!("{:?}", settings()).contains("hush"));
    }

    #[test]
    fn numbers_out_of_bounds_and_odd_names_are_refused() {
        assert!(settings().check().is_ok());
        for table in ["", "ab", "two words", "naïve", &"x".repeat(256)] {
            let settings = Settings { table: table.to_owned(), ..settings() };
            assert!(matches!(settings.check(), Err(SettingsError::Table(_))), "{table}");
        }
        assert!(Settings { users_per_write: 0, ..settings() }.check().is_err());
        assert!(Settings { users_per_write: 101, ..settings() }.check().is_err());
        assert!(Settings { calls_at_once: 0, ..settings() }.check().is_err());
        assert!(Settings { attempts: 0, ..settings() }.check().is_err());
        assert!(Settings { only_writer: Some(0), ..settings() }.check().is_err());
    }
}
