//! The table of material fields: what two alerts must agree in to share a verdict.

use crate::Category;
use crate::rules::RuleField;
use serde::Deserialize;
use std::collections::BTreeMap;
use watchfire_signal::Field;

/// The shipped table.
const SHIPPED: &str = include_str!("../data/material.toml");

/// One material field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Material {
    /// Format and rule id, or rule name.
    Rule,
    /// The machine or account the alert is about.
    Asset,
    /// The order of magnitude of the count.
    CountMagnitude,
    /// The first digit of the HTTP status.
    StatusClass,
    /// The port acted upon, if it is a service's.
    Service,
    /// A field as it stands.
    Field(RuleField),
}

impl Material {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "rule" => Self::Rule,
            "asset" => Self::Asset,
            "event.count" => Self::CountMagnitude,
            "http.response.status_class" => Self::StatusClass,
            "destination.service" => Self::Service,
            _ => Self::Field(RuleField::from_name(name)?),
        })
    }

    /// The name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Asset => "asset",
            Self::CountMagnitude => "event.count",
            Self::StatusClass => "http.response.status_class",
            Self::Service => "destination.service",
            Self::Field(field) => field.name(),
        }
    }
}

/// What is material for one category, and how long its verdicts live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaterialEntry {
    /// The fields, in order.
    pub fields: Vec<Material>,
    /// How long a hostile verdict lives, in milliseconds of the alerts' time.
    pub lifetime_ms: i64,
    /// How long any other verdict lives.
    pub benign_lifetime_ms: i64,
}

/// The table in force.
#[derive(Debug, Clone)]
pub struct MaterialTable {
    entries: Vec<MaterialEntry>,
    version: [u8; 16],
}

/// Why a table can't be used.
#[derive(Debug, thiserror::Error)]
pub enum MaterialError {
    /// It is not TOML of the right shape.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// It names a field that does not exist.
    #[error("{section}: alerts have no field `{name}`")]
    Field {
        /// In which section.
        section: String,
        /// What it names.
        name: String,
    },
    /// It names a category that does not exist.
    #[error("there is no category `{0}`")]
    Category(String),
    /// A lifetime is out of bounds.
    #[error("{section}: a lifetime is between 1 minute and 10 years")]
    Lifetime {
        /// In which section.
        section: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    default: Option<Section>,
    #[serde(default)]
    category: BTreeMap<String, Section>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Section {
    material: Option<Vec<String>>,
    also: Vec<String>,
    lifetime_minutes: Option<i64>,
    benign_lifetime_minutes: Option<i64>,
}

impl MaterialTable {
    /// The shipped table.
    pub fn shipped() -> Self {
        match Self::with(None) {
            Ok(table) => table,
            // The shipped table is read by a test; an unreadable one leaves nothing to reuse.
            Err(_) => Self { entries: Vec::new(), version: [0; 16] },
        }
    }

    /// The shipped table with a user's laid over it: a category named in the user's file replaces the shipped one; of
    /// `[default]` it replaces what it names.
    pub fn with(user: Option<&str>) -> Result<Self, MaterialError> {
        let mut file: File = toml::from_str(SHIPPED)?;
        if let Some(text) = user {
            let over: File = toml::from_str(text)?;
            // What the user's default does not name stays as shipped.
            if let (Some(shipped), Some(own)) = (&mut file.default, over.default) {
                shipped.material = own.material.or(shipped.material.take());
                shipped.lifetime_minutes = own.lifetime_minutes.or(shipped.lifetime_minutes);
                shipped.benign_lifetime_minutes =
                    own.benign_lifetime_minutes.or(shipped.benign_lifetime_minutes);
                shipped.also.extend(own.also);
            }
            file.category.extend(over.category);
        }
        for name in file.category.keys() {
            Category::from_name(name).ok_or_else(|| MaterialError::Category(name.clone()))?;
        }
        let default = file.default.unwrap_or_default();
        let base = entry("default", &Section::default(), &default)?;
        let none = Section::default();
        let mut entries = Vec::new();
        let mut version = blake3::Hasher::new();
        for category in Category::ALL {
            let section = file.category.get(category.name()).unwrap_or(&none);
            let mut made = entry(category.name(), &default, section)?;
            if section.lifetime_minutes.is_none() {
                made.lifetime_ms = base.lifetime_ms;
            }
            if section.benign_lifetime_minutes.is_none() {
                made.benign_lifetime_ms = base.benign_lifetime_ms;
            }
            version.update(format!("{made:?}").as_bytes());
            entries.push(made);
        }
        let mut short = [0; 16];
        short.copy_from_slice(&version.finalize().as_bytes()[..16]);
        Ok(Self { entries, version: short })
    }

    /// What is material for a category.
    pub fn entry(&self, category: Category) -> Option<&MaterialEntry> {
        self.entries.get(category.rank())
    }

    /// Hash of the table.
    pub fn version(&self) -> [u8; 16] {
        self.version
    }
}

fn entry(name: &str, default: &Section, section: &Section) -> Result<MaterialEntry, MaterialError> {
    const MINUTE_MS: i64 = 60_000;
    const MAX_MINUTES: i64 = 10 * 366 * 24 * 60;
    let own = section.material.as_ref().or(default.material.as_ref());
    let mut fields = Vec::new();
    for field in own.into_iter().flatten().chain(&default.also).chain(&section.also) {
        let material = Material::from_name(field)
            .ok_or_else(|| MaterialError::Field { section: name.to_owned(), name: field.clone() })?;
        if !fields.contains(&material) {
            fields.push(material);
        }
    }
    let minutes = |value: Option<i64>, fallback: i64| {
        let value = value.unwrap_or(fallback);
        if (1..=MAX_MINUTES).contains(&value) {
            Ok(value * MINUTE_MS)
        } else {
            Err(MaterialError::Lifetime { section: name.to_owned() })
        }
    };
    Ok(MaterialEntry {
        fields,
        lifetime_ms: minutes(section.lifetime_minutes, 1440)?,
        benign_lifetime_ms: minutes(section.benign_lifetime_minutes, 240)?,
    })
}

/// Ports below 1024, and the few above it that are services everywhere.
pub(crate) fn service(port: &str) -> Option<u16> {
    const SERVICES: [u16; 22] = [
        1433, 1434, 1521, 2049, 2375, 3268, 3306, 3389, 4333, 5060, 5432, 5601, 5900, 5985, 5986, 6379, 8080,
        8443, 9200, 9389, 11211, 27017,
    ];
    let port = port.parse().ok()?;
    (port < 1024 || SERVICES.contains(&port)).then_some(port)
}

/// The text of [`Field::RuleId`], else of [`Field::RuleName`].
pub(crate) fn rule_identity<'a>(alert: &'a watchfire_signal::Alert<'_>) -> &'a str {
    alert.get(Field::RuleId).unwrap_or_else(|| alert.text(Field::RuleName))
}

#[cfg(test)]
mod tests {
    use super::{Material, MaterialError, MaterialTable};
    use crate::Category;

    #[test]
    fn the_shipped_table_is_sound() {
        let table = MaterialTable::with(None).unwrap();
        let malware = table.entry(Category::Malware).unwrap();
        assert!(malware.fields.contains(&Material::Asset));
        assert_eq!(malware.fields.last().map(|field| field.name()), Some("file.hash"));
        assert_eq!(malware.lifetime_ms, 86_400_000);
        assert_eq!(table.entry(Category::Noise).unwrap().benign_lifetime_ms, 86_400_000);
    }

    #[test]
    fn a_users_table_lies_over_the_shipped_one() {
        let table = MaterialTable::with(Some("[category.malware]\nmaterial = [\"rule\"]\n")).unwrap();
        assert_eq!(table.entry(Category::Malware).unwrap().fields, [Material::Rule]);
        assert!(table.entry(Category::Scanning).unwrap().fields.len() > 5);
        assert_ne!(table.version(), MaterialTable::shipped().version());
        let slower = MaterialTable::with(Some("[default]\nlifetime_minutes = 60\n")).unwrap();
        let (entry, shipped) = (slower.entry(Category::Scanning).unwrap(), MaterialTable::shipped());
        assert_eq!(entry.lifetime_ms, 3_600_000);
        assert_eq!(entry.fields, shipped.entry(Category::Scanning).unwrap().fields);
    }

    #[test]
    fn mistakes_are_named() {
        let with = |text| MaterialTable::with(Some(text)).unwrap_err();
        assert!(matches!(with("[category.malware]\nalso = [\"file.hsh\"]"), MaterialError::Field { .. }));
        assert!(matches!(with("[category.malwar]\n"), MaterialError::Category(_)));
        assert!(matches!(with("[default]\nlifetime_minutes = 0"), MaterialError::Lifetime { .. }));
        assert!(matches!(with("[default]\nlifetime = 5"), MaterialError::Toml(_)));
    }
}
