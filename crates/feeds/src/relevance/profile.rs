//! What a user says of themselves.
//!
//! One plain structure for the file and for the API. A mistyped key is an error that names it: a profile that
//! silently lacks half of what its user wrote would hide articles.

use super::check::{self, ProfileError};
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// A user's profile. `docs/profile.example.toml` shows every key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Whose it is, 1–128 bytes.
    pub user: String,
    /// Articles below this score are not wanted, 0–1000.
    #[serde(default = "default_minimum")]
    pub minimum_score: u16,
    /// What the user runs.
    #[serde(default)]
    pub stack: Vec<Installed>,
    /// Their sectors, such as `energy`.
    #[serde(default)]
    pub sectors: Vec<String>,
    /// Where they are: ISO 3166 codes, names of countries, or names of regions such as `EU` or `DACH`.
    #[serde(default)]
    pub regions: Vec<String>,
    /// Words and phrases, found as whole words in any case.
    #[serde(default)]
    pub keywords: Vec<Keyword>,
    /// Whom and what they watch.
    #[serde(default)]
    pub watch: Watched,
    /// What they never want to see.
    #[serde(default)]
    pub muted: Muted,
}

fn default_minimum() -> u16 {
    150
}

/// Something that the user runs: a vendor's everything, or a product.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Installed {
    /// Who makes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// The product; without it, everything of the vendor's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// Its version, or the beginning of it: `7.2` is found in `7.2.4`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// A word or phrase. In a file either `"OT security"` or `{ phrase = "IEC 61850", weight = 2.0 }`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Keyword {
    /// The words.
    pub phrase: String,
    /// How much it counts, 0.7–5; 1 is usual.
    pub weight: f32,
}

/// Whom and what a user watches.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Watched {
    /// Threat actors, by the catalogue's or any other name.
    pub actors: Vec<String>,
    /// Families of malware.
    pub malware: Vec<String>,
    /// Techniques of ATT&CK by id, such as `T1190` or `T1059.001`.
    pub techniques: Vec<String>,
    /// Domains, with all that is under them: one's own, or an attacker's.
    pub domains: Vec<String>,
}

/// What a user never wants to see.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Muted {
    /// Words and phrases, found as whole words anywhere in an article.
    pub keywords: Vec<String>,
    /// Feeds, by the name or address that they are known by.
    pub sources: Vec<String>,
}

impl Profile {
    /// A profile that says nothing yet: only severe articles score.
    pub fn new(user: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            minimum_score: default_minimum(),
            stack: Vec::new(),
            sectors: Vec::new(),
            regions: Vec::new(),
            keywords: Vec::new(),
            watch: Watched::default(),
            muted: Muted::default(),
        }
    }

    /// Reads and checks a profile in TOML.
    pub fn from_toml(text: &str) -> Result<Self, ProfileError> {
        check::from_toml(text)
    }

    /// Reads and checks a profile in JSON.
    pub fn from_json(text: &[u8]) -> Result<Self, ProfileError> {
        check::from_json(text)
    }
}

impl Keyword {
    /// A keyword of the usual weight.
    pub fn new(phrase: impl Into<String>) -> Self {
        Self { phrase: phrase.into(), weight: 1.0 }
    }
}

impl<'de> Deserialize<'de> for Keyword {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(KeywordVisitor)
    }
}

/// Written by hand, since serde's untagged enums can't say which key is wrong.
struct KeywordVisitor;

impl<'de> Visitor<'de> for KeywordVisitor {
    type Value = Keyword;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a phrase, or a table with `phrase` and `weight`")
    }

    fn visit_str<E: de::Error>(self, phrase: &str) -> Result<Keyword, E> {
        Ok(Keyword::new(phrase))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keyword, A::Error> {
        let (mut phrase, mut weight) = (None, 1.0);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "phrase" => phrase = Some(map.next_value()?),
                "weight" => weight = map.next_value()?,
                _ => return Err(de::Error::unknown_field(&key, &["phrase", "weight"])),
            }
        }
        let phrase = phrase.ok_or_else(|| de::Error::missing_field("phrase"))?;
        Ok(Keyword { phrase, weight })
    }
}
