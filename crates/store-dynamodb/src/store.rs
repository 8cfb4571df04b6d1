//! The store: a client, its bounds, and the trait's four calls.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Region, StalledStreamProtectionConfig};
use watchfire_store::measurements::{MeasurementStore, StoredUser, UserFailure, UserWrite, Waiting};

use crate::backoff::Backoff;
use crate::connector;
use crate::failure::Told;
use crate::known::Known;
use crate::settings::{Settings, SettingsError};

/// A table on DynamoDB that holds users' measurements.
#[derive(Debug)]
pub struct DynamoDb {
    pub(crate) client: Client,
    pub(crate) settings: Settings,
    pub(crate) known: Option<Known>,
    backoff: Backoff,
}

impl DynamoDb {
    /// A store on the table that these settings name. Nothing is sent yet: whether the table is there shows at the first
    /// call, or by [`DynamoDb::create_table`].
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        settings.check()?;
        let http = connector::http_client(
            settings.connect_timeout,
            settings.call_timeout,
            settings.calls_at_once,
            settings.endpoint.as_deref(),
        )
        .map_err(SettingsError::Client)?;
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(settings.region.clone()))
            .credentials_provider(settings.credentials.clone())
            .http_client(http)
            // Retries and time limits are this crate's own: it knows what a failed call may have done.
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        config.set_endpoint_url(settings.endpoint.clone());
        Ok(Self {
            client: Client::from_conf(config.build()),
            known: settings.only_writer.map(Known::new),
            backoff: Backoff::new(settings.backoff, settings.longest_backoff, settings.seed),
            settings,
        })
    }

    /// Waits as long as is due after so many calls in a row that got nothing done.
    pub(crate) async fn wait(&self, idle_calls: u32) {
        tokio::time::sleep(self.backoff.wait(idle_calls)).await;
    }

    /// Whether a call that failed so may be made again after so many that got nothing done, this one among them. Waits for it if so.
    pub(crate) async fn again(&self, told: &Told, idle_calls: u32) -> bool {
        if !told.may_pass() || idle_calls >= self.settings.attempts {
            return false;
        }
        self.wait(idle_calls).await;
        true
    }
}

impl MeasurementStore for DynamoDb {
    fn name(&self) -> &'static str {
        "dynamodb"
    }

    fn load<'a>(&'a self, users: &'a [String]) -> Waiting<'a, Vec<Result<Option<StoredUser>, UserFailure>>> {
        Box::pin(self.load_users(users))
    }

    fn save<'a>(&'a self, writes: &'a [UserWrite]) -> Waiting<'a, Vec<Result<u64, UserFailure>>> {
        Box::pin(self.save_users(writes))
    }

    fn users(
        &self,
        after: Option<String>,
        limit: usize,
    ) -> Waiting<'_, Result<(Vec<String>, Option<String>), UserFailure>> {
        Box::pin(self.walk(after, limit))
    }

    fn remove<'a>(&'a self, user: &'a str) -> Waiting<'a, Result<bool, UserFailure>> {
        Box::pin(self.remove_user(user))
    }
}
