//! `[measurements]`: what users' measurements are judged by, and where what is known of them is kept.

use super::key::read_secret;
use super::postgres::{address, check_url};
use crate::exit::Problem;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use watchfire_engine::measuring::{AlertWeights, MOST_WEIGHT};
use watchfire_judge::tame;
use watchfire_measure::{BatchSettings, MeasureSettings, MetricSettings};

/// The variable that a server's address is taken from, before the settings.
const URL_VARIABLE: &str = "WATCHFIRE_MEASUREMENTS_URL";
/// Metrics that have settings of their own, at most.
const MOST_METRICS: usize = 10_000;
/// What describes the settings.
const HINT: &str = "the settings of measurements are described in docs/measurements.md";

/// `[measurements]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MeasurementSettings {
    /// Whether `watchfire serve` takes measurements.
    pub(crate) enabled: bool,
    /// Where what is known of users is kept.
    pub(crate) store: StoreKind,
    /// PostgreSQL: where the server is, without a password.
    pub(crate) url: Option<String>,
    /// PostgreSQL: a file with that, and with the password.
    pub(crate) url_file: Option<PathBuf>,
    /// DynamoDB: the table.
    pub(crate) table: Option<String>,
    /// DynamoDB: the region.
    pub(crate) region: Option<String>,
    /// DynamoDB: where it is, if not where the region says.
    pub(crate) endpoint: Option<String>,
    /// Measurements in a batch at most.
    pub(crate) batch: usize,
    /// Users worked on at once at most.
    pub(crate) users_in_flight: usize,
    /// How long a batch may take.
    pub(crate) batch_time_s: f64,
    /// How long a user may take, with all retries.
    pub(crate) user_time_s: f64,
    /// States kept in memory.
    pub(crate) cache_mb: usize,
    /// The least weight of a metric whose rejected values become alerts.
    pub(crate) alert_weight: u8,
    /// Metrics that are not named.
    pub(crate) default: MetricSettings,
    /// Metrics by name.
    pub(crate) metrics: BTreeMap<String, MetricSettings>,
    /// How much metrics' rejected values matter.
    pub(crate) alerts: BTreeMap<String, AlertSettings>,
}

/// `[measurements.alerts.NAME]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlertSettings {
    /// 0 to 100.
    pub(crate) weight: u8,
}

/// Where what is known of users is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StoreKind {
    /// In the store, beside everything else.
    #[default]
    Sqlite,
    /// In a PostgreSQL database that instances share.
    Postgres,
    /// In a table of DynamoDB.
    Dynamodb,
}

impl StoreKind {
    /// As it is written.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Dynamodb => "dynamodb",
        }
    }

    /// Whether this program can use it.
    const fn is_built_in(self) -> bool {
        match self {
            Self::Sqlite => true,
            Self::Postgres => cfg!(feature = "postgres"),
            Self::Dynamodb => cfg!(feature = "dynamodb"),
        }
    }
}

impl Default for MeasurementSettings {
    fn default() -> Self {
        let batch = BatchSettings::default();
        Self {
            enabled: true,
            store: StoreKind::default(),
            url: None,
            url_file: None,
            table: None,
            region: None,
            endpoint: None,
            batch: batch.most_measurements,
            users_in_flight: batch.users_in_flight,
            batch_time_s: batch.batch_time.as_secs_f64(),
            user_time_s: batch.user_time.as_secs_f64(),
            cache_mb: batch.cache_bytes >> 20,
            alert_weight: AlertWeights::default().least,
            default: MetricSettings::default(),
            metrics: BTreeMap::new(),
            alerts: BTreeMap::new(),
        }
    }
}

impl MeasurementSettings {
    /// Says which setting can't be kept.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let wrong =
            |key: &str, what: &str| Err(Problem::usage(format!("[measurements] {key}: {what}"), HINT));
        if !(1..=10_000).contains(&self.batch) {
            return wrong("batch", "between 1 and 10000 (measurements)");
        }
        if !(1..=100_000).contains(&self.users_in_flight) {
            return wrong("users_in_flight", "between 1 and 100000");
        }
        for (key, seconds) in [("batch_time_s", self.batch_time_s), ("user_time_s", self.user_time_s)] {
            if !(0.05..=3600.0).contains(&seconds) {
                return wrong(key, "between 0.05 and 3600 (seconds)");
            }
        }
        if self.cache_mb > 65_536 {
            return wrong("cache_mb", "between 0 and 65536 (MiB)");
        }
        if !(1..=MOST_WEIGHT).contains(&self.alert_weight) {
            return wrong("alert_weight", "between 1 and 100");
        }
        if self.metrics.len() > MOST_METRICS || self.alerts.len() > MOST_METRICS {
            return wrong("metrics", "at most 10000 have settings of their own");
        }
        for (name, alert) in &self.alerts {
            if alert.weight > MOST_WEIGHT {
                return wrong(&format!("alerts.{}.weight", tame(name, 60)), "between 0 and 100");
            }
        }
        if let Err(error) = self.measure().check() {
            let place = if error.metric == "default" {
                error.metric.clone()
            } else {
                format!("metrics.{}", tame(&error.metric, 60))
            };
            return wrong(&format!("{place}.{}", error.key), error.wrong);
        }
        check_url("[measurements]", self.url.as_deref(), URL_VARIABLE)?;
        if self.store == StoreKind::Dynamodb {
            for (key, text) in [("table", &self.table), ("region", &self.region)] {
                if text.as_deref().is_none_or(str::is_empty) {
                    return wrong(key, "DynamoDB needs one");
                }
            }
        }
        Ok(())
    }

    /// Says what stands in the way of opening the store; nothing is sent.
    pub(crate) fn check_store(&self) -> Result<(), Problem> {
        if !self.store.is_built_in() {
            let name = self.store.name();
            return Err(Problem::usage(
                format!("[measurements] store: this program was built without {name}"),
                format!("build it with cargo build --release --features {name}, or set store = \"sqlite\""),
            ));
        }
        match self.store {
            StoreKind::Sqlite => Ok(()),
            StoreKind::Postgres => self.address().map(drop),
            StoreKind::Dynamodb => ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
                .into_iter()
                .try_for_each(|name| read_secret("[measurements]", "key", None, Some(name)).map(drop))
                .map_err(|problem| Problem {
                    hint: "keys of DynamoDB come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY".to_owned(),
                    ..problem
                }),
        }
    }

    /// Where the PostgreSQL server is: in the environment, else in the file, else in the settings. It may have a password in it.
    pub(crate) fn address(&self) -> Result<String, Problem> {
        let (file, url) = (self.url_file.as_deref(), self.url.as_deref());
        address("[measurements]", URL_VARIABLE, file, url)?.ok_or_else(|| {
            Problem::usage(
                "[measurements] store = \"postgres\" wants an address, and there is none",
                format!("export {URL_VARIABLE}=postgres://…, or set url or url_file"),
            )
        })
    }

    /// What metrics are judged by.
    pub(crate) fn measure(&self) -> MeasureSettings {
        MeasureSettings { default: self.default.clone(), metrics: self.metrics.clone() }
    }

    /// Bounds of batches.
    pub(crate) fn batch(&self, seed: u64) -> BatchSettings {
        BatchSettings {
            most_measurements: self.batch,
            users_in_flight: self.users_in_flight,
            batch_time: Duration::from_secs_f64(self.batch_time_s),
            user_time: Duration::from_secs_f64(self.user_time_s),
            cache_bytes: self.cache_mb << 20,
            seed,
            ..BatchSettings::default()
        }
    }

    /// Which rejected values are alerts.
    pub(crate) fn weights(&self) -> AlertWeights {
        let weights = self.alerts.iter().map(|(name, alert)| (name.clone(), alert.weight)).collect();
        AlertWeights { least: self.alert_weight, weights }
    }
}

#[cfg(test)]
mod tests {
    use super::MeasurementSettings;

    fn check(text: &str) -> Result<(), String> {
        toml::from_str::<MeasurementSettings>(text).unwrap().check().map_err(|problem| problem.message)
    }

    #[test]
    fn what_can_not_be_kept_is_named() {
        assert_eq!(check(""), Ok(()));
        assert_eq!(
            check("[metrics.cpu]\nrange = [1.0, 0.0]").unwrap_err(),
            "[measurements] metrics.cpu.range: is empty, or goes beyond ±1e15"
        );
        assert_eq!(
            check("[alerts.cpu]\nweight = 101").unwrap_err(),
            "[measurements] alerts.cpu.weight: between 0 and 100"
        );
        assert!(check("batch = 0").is_err() && check("user_time_s = 0").is_err());
        assert_eq!(
            check("store = \"dynamodb\"\ntable = \"m\"").unwrap_err(),
            "[measurements] region: DynamoDB needs one"
        );
    }

    #[test]
    fn a_password_does_not_stand_in_the_settings() {
        assert!(check("url = \"postgres://a:b@db/x\"").unwrap_err().contains("password"));
    }
}
