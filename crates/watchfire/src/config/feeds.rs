//! `[feeds]`: how feeds are polled, how articles are read, and who finds their places.

use crate::exit::Problem;
use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;
use watchfire_engine::articles::Polling;
use watchfire_feeds::fetch::{Bounds, FetchSettings};
use watchfire_feeds::{EntityKind, Names};
use watchfire_flow::{BatchSettings, CacheSettings};

/// Names in one file at most.
const MOST_NAMES: usize = 100_000;
/// What is found by its name. Everything else is found by its form.
const NAMED: [EntityKind; 6] = [
    EntityKind::Malware,
    EntityKind::Actor,
    EntityKind::Vendor,
    EntityKind::Product,
    EntityKind::Sector,
    EntityKind::Country,
];
/// A day, in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// `[feeds]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FeedsSettings {
    /// The shortest time between two polls of a feed.
    pub(crate) min_interval_minutes: f64,
    /// The longest.
    pub(crate) max_interval_hours: f64,
    /// Feeds that are asked at once.
    pub(crate) at_once: usize,
    /// Articles that are taken from a feed each time.
    pub(crate) limit: usize,
    /// Whether pages are fetched where a feed has only the beginning of its articles.
    pub(crate) full_text: bool,
    /// How the operator can be reached: an address of mail or of a page. Servers are told.
    pub(crate) contact: String,
    /// The largest answer that is read, unpacked.
    pub(crate) max_body_bytes: usize,
    /// How long a fetch may take.
    pub(crate) timeout_s: f64,
    /// Whether robots.txt is read.
    pub(crate) robots: bool,
    /// For how many days indicators of articles count for triage; 0 for not at all.
    pub(crate) indicators_days: u32,
    /// After how many days articles that no feed has any more are taken away; 0 for never.
    pub(crate) keep_days: u32,
    /// Lists that are kept.
    pub(crate) cache_entries: usize,
    /// For how long.
    pub(crate) cache_ttl_s: f64,
    /// Files of names, besides those that are built in.
    pub(crate) names: Vec<NamesSettings>,
    /// Who finds places, and how.
    pub(crate) locations: LocationSettings,
}

/// `[[feeds.names]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NamesSettings {
    /// What they are.
    pub(crate) kind: EntityKind,
    /// A name on each line, and its other names after it, separated by tabs.
    pub(crate) path: PathBuf,
}

/// `[feeds.locations]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LocationSettings {
    /// The model that is asked, by its name in `[llm]`; nobody is, if it is not set.
    pub(crate) llm: Option<String>,
    /// Size and age for a situation.
    pub(crate) preset: Preset,
    /// A batch is asked about when it has so many articles.
    pub(crate) size: Option<usize>,
    /// Or when its first has waited so long.
    pub(crate) age_s: Option<f64>,
    /// Whether the age counts. Without it, for bulk imports, only full batches go.
    pub(crate) timer: bool,
    /// Whether size and age follow the hour's traffic, within what is set.
    pub(crate) adaptive: bool,
    /// How long finding the places of a batch on the map may take.
    pub(crate) geocoding_s: f64,
    /// A service that speaks as Nominatim does; the built-in gazetteer, if it is not set.
    pub(crate) nominatim: Option<String>,
}

/// Size and age for a situation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Preset {
    /// 10 articles or 300 s.
    Standard,
    /// 20 or 180 s.
    HighVolume,
    /// 5 or 60 s.
    LowLatency,
    /// 3 or 10 s.
    Development,
}

impl Default for LocationSettings {
    fn default() -> Self {
        Self {
            llm: None,
            preset: Preset::Standard,
            size: None,
            age_s: None,
            timer: true,
            adaptive: false,
            geocoding_s: 20.0,
            nominatim: None,
        }
    }
}

impl Default for FeedsSettings {
    fn default() -> Self {
        let (fetch, polling, cache) =
            (FetchSettings::default(), Polling::default(), CacheSettings::default());
        Self {
            min_interval_minutes: polling.bounds.shortest().as_secs_f64() / 60.0,
            max_interval_hours: polling.bounds.longest().as_secs_f64() / 3600.0,
            at_once: polling.at_once,
            limit: polling.limit,
            full_text: polling.full_text,
            contact: String::new(),
            max_body_bytes: fetch.max_body,
            timeout_s: fetch.total.as_secs_f64(),
            robots: fetch.robots,
            indicators_days: 30,
            keep_days: 365,
            cache_entries: cache.entries,
            cache_ttl_s: cache.ttl.as_secs_f64(),
            names: Vec::new(),
            locations: LocationSettings::default(),
        }
    }
}

impl FeedsSettings {
    /// Says which setting can't be kept.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let wrong = |key: &str, value: String, expected: String| {
            Err(Problem::usage(
                format!("[feeds] {key}: {value} is not {expected}"),
                "docs/feeds.md describes these settings",
            ))
        };
        for (key, value, least, most) in [
            ("min_interval_minutes", self.min_interval_minutes, 0.1, 43_200.0),
            ("max_interval_hours", self.max_interval_hours, 0.01, 720.0),
            ("timeout_s", self.timeout_s, 1.0, 600.0),
            ("cache_ttl_s", self.cache_ttl_s, 0.0, 86_400.0),
            ("locations.age_s", self.locations.age_s.unwrap_or(1.0), 0.1, 86_400.0),
            ("locations.geocoding_s", self.locations.geocoding_s, 0.1, 3_600.0),
        ] {
            if !(least..=most).contains(&value) {
                return wrong(key, value.to_string(), format!("between {least} and {most}"));
            }
        }
        for (key, value, most) in [
            ("at_once", self.at_once, 64),
            ("limit", self.limit, 10_000),
            ("cache_entries", self.cache_entries, 100_000),
            ("locations.size", self.locations.size.unwrap_or(1), 50),
        ] {
            if !(1..=most).contains(&value) {
                return wrong(key, value.to_string(), format!("between 1 and {most}"));
            }
        }
        if !(1024..=256 << 20).contains(&self.max_body_bytes) {
            let expected = "between 1024 and 268435456".to_owned();
            return wrong("max_body_bytes", self.max_body_bytes.to_string(), expected);
        }
        if let Some(names) = self.names.iter().find(|names| !NAMED.contains(&names.kind)) {
            let expected = NAMED.map(EntityKind::name).join(", ");
            return wrong("names kind", names.kind.name().to_owned(), format!("one of {expected}"));
        }
        if let Some(url) = &self.locations.nominatim
            && watchfire_http::destination(url, watchfire_http::Reach::Anywhere).is_err()
        {
            let expected = "an address that begins with https:// or http://".to_owned();
            return wrong("locations.nominatim", watchfire_judge::tame(url, 100), expected);
        }
        Ok(())
    }

    /// How feeds are polled.
    pub(crate) fn polling(&self) -> Polling {
        let shortest = Duration::from_secs_f64(self.min_interval_minutes * 60.0);
        let longest = Duration::from_secs_f64(self.max_interval_hours * 3600.0);
        Polling {
            bounds: Bounds::new(shortest, longest),
            at_once: self.at_once,
            limit: self.limit,
            full_text: self.full_text,
        }
    }

    /// How they are fetched.
    pub(crate) fn fetch(&self) -> FetchSettings {
        FetchSettings {
            contact: self.contact.clone(),
            max_body: self.max_body_bytes,
            total: Duration::from_secs_f64(self.timeout_s),
            robots: self.robots,
            ..FetchSettings::default()
        }
    }

    /// How lists are kept.
    pub(crate) fn cache(&self) -> CacheSettings {
        CacheSettings { entries: self.cache_entries, ttl: Duration::from_secs_f64(self.cache_ttl_s) }
    }

    /// For how long indicators of articles count, in milliseconds.
    pub(crate) fn indicators_ms(&self) -> i64 {
        i64::from(self.indicators_days) * DAY_MS
    }

    /// Before when articles that no feed has are too old, if they ever are.
    pub(crate) fn expired_before(&self, now: i64) -> Option<i64> {
        (self.keep_days > 0).then(|| now - i64::from(self.keep_days) * DAY_MS)
    }

    /// The names of the files; files that can't be read are an error.
    pub(crate) fn extra_names(&self) -> Result<Vec<(EntityKind, Vec<String>)>, Problem> {
        let mut names = Vec::new();
        for file in &self.names {
            names.extend(file.read()?);
            if names.len() > MOST_NAMES {
                return Err(Problem::usage(
                    format!("[[feeds.names]]: more than {MOST_NAMES} names"),
                    "leave out what no article names",
                ));
            }
        }
        Ok(names)
    }
}

impl NamesSettings {
    /// The names of the file, each with its other names.
    pub(crate) fn read(&self) -> Result<Vec<(EntityKind, Vec<String>)>, Problem> {
        let text = std::fs::read_to_string(&self.path).map_err(|error| {
            Problem::usage(
                format!("[[feeds.names]] {}: {error}", crate::terminal::path_name(&self.path)),
                "a text file with a name on each line, its other names after it separated by tabs",
            )
        })?;
        let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
        let names = |line: &str| line.split('\t').map(|name| name.trim().to_owned()).collect();
        Ok(lines.take(MOST_NAMES + 1).map(|line| (self.kind, names(line))).collect())
    }
}

/// The names that are built in, with these.
pub(crate) fn with_names(extra: &[(EntityKind, Vec<String>)]) -> Names {
    let mut names = Names::embedded();
    for (kind, line) in extra {
        if let Some((name, aliases)) = line.split_first() {
            names.add(*kind, name, aliases.iter().map(String::as_str));
        }
    }
    names
}

impl LocationSettings {
    /// When a batch is due.
    pub(crate) fn batch(&self) -> BatchSettings {
        let preset = match self.preset {
            Preset::Standard => BatchSettings::standard(),
            Preset::HighVolume => BatchSettings::high_volume(),
            Preset::LowLatency => BatchSettings::low_latency(),
            Preset::Development => BatchSettings::development(),
        };
        let age = self.age_s.map_or(preset.age, |age| Some(Duration::from_secs_f64(age)));
        BatchSettings { size: self.size.unwrap_or(preset.size), age: age.filter(|_| self.timer), ..preset }
    }
}

#[cfg(test)]
mod tests {
    use super::FeedsSettings;
    use std::time::Duration;

    fn read(text: &str) -> FeedsSettings {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn what_can_not_be_kept_is_named() {
        let check = |text: &str| read(text).check().map_err(|problem| problem.message);
        assert_eq!(check(""), Ok(()));
        assert_eq!(check("at_once = 0").unwrap_err(), "[feeds] at_once: 0 is not between 1 and 64");
        assert!(check("timeout_s = nan").is_err() && check("[locations]\nsize = 51").is_err());
        assert!(check("[locations]\nnominatim = 'file:///etc/passwd'").is_err());
        assert_eq!(
            check("[[names]]\nkind = 'ip'\npath = 'x'").unwrap_err(),
            "[feeds] names kind: ip is not one of malware, actor, vendor, product, sector, country"
        );
        assert!(toml::from_str::<FeedsSettings>("[locations]\npreset = 'fast'").is_err());
    }

    #[test]
    fn presets_are_changed_one_by_one() {
        let batch = read("[locations]\npreset = 'high_volume'\nsize = 7").locations.batch();
        assert_eq!((batch.size, batch.age), (7, Some(Duration::from_secs(180))));
        assert_eq!(read("[locations]\ntimer = false\nage_s = 5").locations.batch().age, None);
    }
}
