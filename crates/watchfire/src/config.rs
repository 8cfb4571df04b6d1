//! Settings: a file, then the environment, then the command line.

mod feeds;
mod key;
mod learning;
mod limit;
mod llm;
mod measurements;
mod postgres;
mod propositions;
mod reuse;
mod server;
mod service;
mod webhook;
mod worker;

pub(crate) use feeds::{FeedsSettings, with_names};
pub(crate) use learning::LearningSettings;
pub(crate) use limit::LimitSettings;
pub(crate) use llm::{LlmSettings, ProviderKind, TierSettings};
pub(crate) use measurements::{MeasurementSettings, StoreKind};
pub(crate) use postgres::{PostgresSection, has_password};
pub(crate) use propositions::PropositionSettings;
pub(crate) use reuse::ReuseSettings;
pub(crate) use server::{IntakeKind, ServerSettings};
pub(crate) use service::ServiceSettings;
pub(crate) use webhook::WebhookSettings;
pub(crate) use worker::{KafkaSection, RedisSection, WorkerSettings};

use crate::environment;
use crate::exit::Problem;
use crate::terminal::path_name;
use ipnet::IpNet;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use watchfire_engine::history;
use watchfire_engine::service::webhooks::Target;
use watchfire_intel::services::Outbound;
use watchfire_intel::{Intel, ListConfig, ListProblem};
use watchfire_judge::{Ground, History, MaterialTable, Network, RuleProblem, RuleSet};
use watchfire_llm::PrivacyConfig;
use watchfire_signal::frame::Limits;
use watchfire_signal::read::Mapping;
use watchfire_store::{Location, Store};

/// The settings file, with its defaults.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    pub(crate) store: StoreSettings,
    pub(crate) input: InputSettings,
    pub(crate) triage: TriageSettings,
    pub(crate) rules: RuleSettings,
    pub(crate) patterns: PatternSettings,
    pub(crate) reuse: ReuseSettings,
    pub(crate) learning: LearningSettings,
    pub(crate) network: NetworkSettings,
    pub(crate) intel: IntelSettings,
    pub(crate) llm: BTreeMap<String, LlmSettings>,
    pub(crate) server: ServerSettings,
    pub(crate) propositions: PropositionSettings,
    pub(crate) feeds: FeedsSettings,
    pub(crate) measurements: MeasurementSettings,
    pub(crate) worker: WorkerSettings,
    pub(crate) kafka: KafkaSection,
    /// Whether anything says where Kafka is.
    #[serde(skip)]
    pub(crate) has_kafka: bool,
    pub(crate) redis: RedisSection,
    pub(crate) postgres: PostgresSection,
    /// Who is told of hostile verdicts.
    pub(crate) webhooks: BTreeMap<String, WebhookSettings>,
    /// What is replaced before text leaves for a service.
    pub(crate) privacy: PrivacyConfig,
}

/// `[store]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StoreSettings {
    /// The file, or `:memory:`.
    pub(crate) path: Option<String>,
    /// Whether the text of alerts is kept, compressed.
    pub(crate) keep_raw: bool,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self { path: None, keep_raw: true }
    }
}

/// `[input]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct InputSettings {
    /// Largest record, in bytes.
    pub(crate) max_record_bytes: usize,
    /// How many times its size a compressed file may unpack to.
    pub(crate) max_ratio: u32,
    /// Mapping files.
    pub(crate) mappings: Vec<PathBuf>,
}

impl Default for InputSettings {
    fn default() -> Self {
        let limits = Limits::default();
        Self { max_record_bytes: limits.max_record_bytes, max_ratio: limits.max_ratio, mappings: Vec::new() }
    }
}

/// What `max_record_bytes` may be. Input is read in chunks of 256 KiB: a record that lies within one is never too long.
const RECORD_BYTES: RangeInclusive<usize> = 256 << 10..=1 << 30;

impl InputSettings {
    /// Says which bound can't be kept.
    fn check(&self) -> Result<(), Problem> {
        let wrong = |key: &str, value: String, expected: String| {
            Err(Problem::usage(
                format!("[input] {key}: {value} is not {expected}"),
                "set in the settings file or by WATCHFIRE_INPUT_… in the environment, see docs/settings.md",
            ))
        };
        if !RECORD_BYTES.contains(&self.max_record_bytes) {
            let (least, most) = (RECORD_BYTES.start(), RECORD_BYTES.end());
            return wrong(
                "max_record_bytes",
                self.max_record_bytes.to_string(),
                format!("between {least} and {most} (bytes)"),
            );
        }
        if self.max_ratio == 0 {
            return wrong("max_ratio", "0".to_owned(), "at least 1".to_owned());
        }
        Ok(())
    }
}

/// `[triage]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TriageSettings {
    /// Threads; one per core if it is not set.
    pub(crate) jobs: Option<u16>,
}

/// `[rules]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RuleSettings {
    /// Folders of Sigma rules.
    pub(crate) folders: Vec<PathBuf>,
}

/// `[patterns]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PatternSettings {
    /// A table of material fields to lay over the shipped one.
    pub(crate) material: Option<PathBuf>,
}

/// `[network]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NetworkSettings {
    /// Networks that are ours besides the private ones.
    pub(crate) internal: Vec<IpNet>,
}

/// `[intel]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct IntelSettings {
    /// Lists and folders of lists.
    pub(crate) lists: Vec<ListConfig>,
    /// Domains of our own: what is under them is never asked about.
    pub(crate) own_domains: Vec<String>,
    /// Services to ask.
    pub(crate) services: BTreeMap<String, ServiceSettings>,
}

impl IntelSettings {
    /// What may be sent to services.
    pub(crate) fn outbound(&self) -> Result<Outbound, Problem> {
        Outbound::new(&self.own_domains).map_err(|error| {
            Problem::usage(
                format!("[intel] own_domains: {error}"),
                "they look like corp.example or *.corp.example",
            )
        })
    }
}

/// Settings, and where they come from.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) settings: Settings,
    pub(crate) file: Option<PathBuf>,
}

/// Reads the settings: from the file named, else `./watchfire.toml`, else the one in the user's configuration folder,
/// else none. Relative paths in the file are relative to the file.
pub(crate) fn load(named: Option<&Path>) -> Result<Loaded, Problem> {
    let file = match named {
        Some(path) => Some(path.to_owned()),
        None => {
            let own = dirs::config_dir().map(|folder| folder.join("watchfire/watchfire.toml"));
            [Some(PathBuf::from("watchfire.toml")), own].into_iter().flatten().find(|path| path.is_file())
        }
    };
    let text = match &file {
        None => String::new(),
        Some(path) => std::fs::read_to_string(path).map_err(|error| {
            Problem::usage(
                format!("can't read the settings {}: {error}", path_name(path)),
                "--config names a TOML file",
            )
        })?,
    };
    let mut table: toml::Table =
        toml::from_str(&text).map_err(|error| in_file(file.as_deref(), &text, &error))?;
    // First on its own, so that a mistake is shown with its line.
    if !text.is_empty() {
        toml::from_str::<Settings>(&text).map_err(|error| in_file(file.as_deref(), &text, &error))?;
    }
    // A variable of other programs need not be text.
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())));
    environment::overlay(&mut table, variables)?;
    let has_kafka = table.contains_key("kafka");
    // Where it goes well, nobody needs to know at which key it went wrong: that costs the memory of code that is read.
    let read = Settings::deserialize(table.clone()).or_else(|_| serde_path_to_error::deserialize(table));
    let mut settings = read.map_err(|error| {
        let path = error.path().to_string();
        let variable = format!("WATCHFIRE_{}", path.to_uppercase().replace('.', "_"));
        Problem::usage(
            format!("{variable}: {}", error.into_inner().message()),
            "environment variables overlay the settings file; `watchfire check` shows what is in force",
        )
    })?;
    settings.has_kafka = has_kafka;
    if let Some(folder) = file.as_deref().and_then(Path::parent) {
        settings.resolve(folder);
    }
    settings.input.check()?;
    settings.reuse.check()?;
    settings.learning.check()?;
    settings.server.check()?;
    settings.propositions.check()?;
    settings.feeds.check()?;
    settings.measurements.check()?;
    settings.worker.check()?;
    settings.kafka.check()?;
    settings.redis.check()?;
    settings.postgres.check()?;
    settings.llm.iter().try_for_each(|(name, llm)| llm.check(name))?;
    settings.intel.services.iter().try_for_each(|(name, service)| service.check(name))?;
    settings.intel.outbound()?;
    settings.check_webhooks()?;
    Ok(Loaded { settings, file })
}

/// A mistake in the settings file, with its place.
fn in_file(file: Option<&Path>, text: &str, error: &toml::de::Error) -> Problem {
    let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    let name = file.map_or_else(|| "the settings".to_owned(), path_name);
    Problem::usage(
        format!("{name}:{line}: {}", error.message().trim_end().replace('\n', " ")),
        "the settings are described in docs/settings.md",
    )
}

impl Settings {
    fn resolve(&mut self, folder: &Path) {
        let resolve = |path: &mut PathBuf| *path = folder.join(&*path);
        self.input.mappings.iter_mut().for_each(resolve);
        self.rules.folders.iter_mut().for_each(resolve);
        self.patterns.material.iter_mut().for_each(resolve);
        self.intel.lists.iter_mut().for_each(|list| resolve(&mut list.path));
        for llm in self.llm.values_mut() {
            llm.key_file.iter_mut().for_each(resolve);
            llm.prices.iter_mut().for_each(resolve);
        }
        self.propositions.token_file.iter_mut().for_each(resolve);
        self.measurements.url_file.iter_mut().for_each(resolve);
        self.kafka.files().for_each(resolve);
        let redis = [&mut self.redis.url_file, &mut self.redis.ca_file];
        redis.into_iter().flatten().for_each(resolve);
        let postgres = [&mut self.postgres.url_file, &mut self.postgres.ca_file];
        postgres.into_iter().flatten().for_each(resolve);
        self.feeds.names.iter_mut().for_each(|names| resolve(&mut names.path));
        for service in self.intel.services.values_mut() {
            service.key_file.iter_mut().for_each(resolve);
        }
        for webhook in self.webhooks.values_mut() {
            webhook.url_file.iter_mut().for_each(resolve);
            webhook.secret_file.iter_mut().for_each(resolve);
        }
        if let Some(path) = &mut self.store.path
            && path != ":memory:"
        {
            *path = folder.join(&*path).display().to_string();
        }
    }

    fn check_webhooks(&self) -> Result<(), Problem> {
        if self.webhooks.len() > webhook::MOST {
            return Err(Problem::usage(
                format!("[webhooks]: {} are more than {}", self.webhooks.len(), webhook::MOST),
                "let one receiver pass on to others",
            ));
        }
        self.webhooks.iter().try_for_each(|(name, webhook)| webhook.check(name))
    }

    /// Who is told of hostile verdicts.
    pub(crate) fn targets(&self) -> Result<Vec<Target>, Problem> {
        self.webhooks.iter().map(|(name, webhook)| webhook.target(name)).collect()
    }

    /// Says where something is missing that alerts need on their way to workers. Where Kafka is must be said: its default
    /// would let a service that was set up by halves refuse whatever comes.
    pub(crate) fn intake_is_named(&self) -> Result<(), Problem> {
        if self.has_kafka {
            return Ok(());
        }
        Err(Problem::usage(
            "[server] intake = \"kafka\": nothing says where Kafka is",
            "add [kafka] with brokers = \"host:port\", see docs/fleet.md",
        ))
    }

    /// Where the store is: named on the command line, in the settings, or in the user's data folder.
    pub(crate) fn location(&self, named: Option<&str>) -> Result<Location, Problem> {
        if let Some(text) = named.or(self.store.path.as_deref()) {
            return Ok(Location::parse(text));
        }
        let folder = dirs::data_dir().ok_or_else(|| {
            Problem::usage(
                "the user has no data folder",
                "name a place with --store FILE, or use --store :memory:",
            )
        })?;
        Ok(Location::File(folder.join("watchfire/watchfire.db")))
    }

    /// The store for commands that only work on what is there: a mistyped name must not make an empty one.
    pub(crate) fn existing_store(&self, named: Option<&str>) -> Result<Store, Problem> {
        let location = self.location(named)?;
        if let Location::File(path) = &location
            && matches!(path.try_exists(), Ok(false))
        {
            return Err(Problem::usage(
                format!("there is no store at {}", path_name(path)),
                "watchfire triage FILE makes one; --store FILE names another",
            ));
        }
        Ok(Store::open(&location)?)
    }

    /// Bounds on reading.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            max_record_bytes: self.input.max_record_bytes,
            max_ratio: self.input.max_ratio,
            ..Limits::default()
        }
    }

    /// The rules, the material fields and the network, and what is wrong with the rules.
    pub(crate) fn ground(&self) -> Result<(Ground, Vec<RuleProblem>), Problem> {
        // Reading rules takes several times the memory of what comes of it: a thread that ends gives that back.
        std::thread::scope(|scope| {
            scope.spawn(|| self.read_ground()).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn read_ground(&self) -> Result<(Ground, Vec<RuleProblem>), Problem> {
        let (rules, problems) = RuleSet::load(&self.rules.folders);
        let material = match &self.patterns.material {
            None => MaterialTable::shipped(),
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| {
                    Problem::usage(
                        format!("{}: {error}", path_name(path)),
                        "[patterns] material names a TOML file",
                    )
                })?;
                MaterialTable::with(Some(&text)).map_err(|error| {
                    Problem::usage(
                        format!("{}: {}", path_name(path), error.to_string().trim_end()),
                        "the table is described in docs/settings.md",
                    )
                })?
            }
        };
        Ok((Ground::new(rules, material, Network::new(self.network.internal.clone())), problems))
    }

    /// The mapping files of the settings and these.
    pub(crate) fn mappings(&self, more: &[PathBuf]) -> Result<Arc<[Mapping]>, Problem> {
        let mut mappings = Vec::new();
        // What is named on the command line goes first.
        for path in more.iter().chain(&self.input.mappings) {
            let text = std::fs::read_to_string(path).map_err(|error| {
                Problem::usage(format!("{}: {error}", path_name(path)), "--mapping names a TOML file")
            })?;
            let mapping = Mapping::from_toml(&text).map_err(|error| {
                Problem::usage(
                    format!("{}: {error}", path_name(path)),
                    "mapping files are described in docs/mapping.md",
                )
            })?;
            mappings.push(mapping);
        }
        Ok(mappings.into())
    }

    /// The lists of the settings and these.
    pub(crate) fn intel(&self, more: &[PathBuf]) -> (Intel, Vec<ListProblem>) {
        let mut lists = self.intel.lists.clone();
        lists.extend(more.iter().map(|path| ListConfig { path: path.clone(), reputation: None, name: None }));
        Intel::load(&lists)
    }

    /// What analysts decided, from the store.
    pub(crate) fn history(store: &Store) -> Result<History, Problem> {
        Ok(history(store)?)
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    fn check(text: &str) -> Result<(), String> {
        toml::from_str::<Settings>(text).unwrap().input.check().map_err(|problem| problem.message)
    }

    #[test]
    fn a_bound_that_can_not_be_kept_is_named() {
        assert_eq!(check("[input]\nmax_record_bytes = 262144\nmax_ratio = 1"), Ok(()));
        let message = check("[input]\nmax_record_bytes = 262143").unwrap_err();
        assert_eq!(message, "[input] max_record_bytes: 262143 is not between 262144 and 1073741824 (bytes)");
        assert!(check("[input]\nmax_record_bytes = 1073741825").is_err());
        assert_eq!(check("[input]\nmax_ratio = 0").unwrap_err(), "[input] max_ratio: 0 is not at least 1");
    }
}
