//! Reading profiles: what is too much or makes no sense is refused, by its key.

use super::profile::Profile;
use super::region::Region;
use crate::reading::fold;
use serde::de::DeserializeOwned;

/// Longest profile that is read, in bytes.
const MAX_BYTES: usize = 256 * 1024;
/// Most entries of each list.
pub const MAX_ENTRIES: usize = 500;
/// Longest entry, in bytes.
pub const MAX_LENGTH: usize = 120;
/// Longest user id, in bytes.
const MAX_USER: usize = 128;
/// What a keyword may count. The least keeps the profile's words ahead of all that is learned.
const WEIGHTS: std::ops::RangeInclusive<f32> = 0.7..=5.0;

/// Why a profile is refused. Trying again does not help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// It is too long to be read.
    #[error("the profile has {0} bytes, at most {MAX_BYTES} are read")]
    TooLong(usize),
    /// It is no TOML or JSON, or has a key or a type that is not known.
    #[error("{}{problem}", at(key, *line))]
    Form {
        /// The key, empty where the whole is meant.
        key: String,
        /// The line, from 1, where it is known.
        line: Option<usize>,
        /// What is wrong with it.
        problem: String,
    },
    /// A value is out of its bounds.
    #[error("{key}: {problem}\nhint: {hint}")]
    Value {
        /// The key, with the place in its list from 0.
        key: String,
        /// What is wrong with it.
        problem: String,
        /// What to do.
        hint: &'static str,
    },
}

fn at(key: &str, line: Option<usize>) -> String {
    match (key, line) {
        ("", None) => String::new(),
        ("", Some(line)) => format!("line {line}: "),
        (key, None) => format!("{key}: "),
        (key, Some(line)) => format!("{key} (line {line}): "),
    }
}

pub(super) fn from_toml(text: &str) -> Result<Profile, ProfileError> {
    bounded(text.len())?;
    let line = |error: &toml::de::Error| {
        let start = error.span()?.start.min(text.len());
        Some(1 + text.as_bytes()[..start].iter().filter(|&&byte| byte == b'\n').count())
    };
    let form = |key: String, error: &toml::de::Error| ProfileError::Form {
        key,
        line: line(error),
        problem: error.message().to_owned(),
    };
    let reader = toml::Deserializer::parse(text).map_err(|error| form(String::new(), &error))?;
    let profile: Profile = serde_path_to_error::deserialize(reader)
        .map_err(|error| form(key_of(error.path()), error.inner()))?;
    checked(profile)
}

pub(super) fn from_json(text: &[u8]) -> Result<Profile, ProfileError> {
    bounded(text.len())?;
    checked(read_json(text)?)
}

fn read_json<T: DeserializeOwned>(text: &[u8]) -> Result<T, ProfileError> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let form = |key: String, error: &serde_json::Error| ProfileError::Form {
        key,
        line: None,
        problem: error.to_string(),
    };
    let value = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| form(key_of(error.path()), error.inner()))?;
    reader.end().map_err(|error| form(String::new(), &error))?;
    Ok(value)
}

fn key_of(path: &serde_path_to_error::Path) -> String {
    let key = path.to_string();
    if key == "." { String::new() } else { key }
}

fn bounded(length: usize) -> Result<(), ProfileError> {
    if length > MAX_BYTES { Err(ProfileError::TooLong(length)) } else { Ok(()) }
}

fn checked(profile: Profile) -> Result<Profile, ProfileError> {
    check(&profile)?;
    Ok(profile)
}

/// Checks every bound. The first that is broken is told.
pub(super) fn check(profile: &Profile) -> Result<(), ProfileError> {
    let value = |key: String, problem: String, hint| Err(ProfileError::Value { key, problem, hint });
    if profile.user.trim().is_empty() || profile.user.len() > MAX_USER {
        let problem = format!("{} bytes", profile.user.len());
        return value("user".to_owned(), problem, "give an id of 1 to 128 bytes");
    }
    if profile.minimum_score > super::MAX_SCORE {
        let problem = format!("{} is above the highest score", profile.minimum_score);
        return value("minimum_score".to_owned(), problem, "give a whole number from 0 to 1000");
    }
    let (watch, muted) = (&profile.watch, &profile.muted);
    for (key, list) in [
        ("sectors", &profile.sectors),
        ("regions", &profile.regions),
        ("watch.actors", &watch.actors),
        ("watch.malware", &watch.malware),
        ("watch.techniques", &watch.techniques),
        ("watch.domains", &watch.domains),
        ("muted.keywords", &muted.keywords),
        ("muted.sources", &muted.sources),
    ] {
        count(key, list.len())?;
        for (index, entry) in list.iter().enumerate() {
            length(|| format!("{key}[{index}]"), entry)?;
        }
    }
    count("stack", profile.stack.len())?;
    for (index, installed) in profile.stack.iter().enumerate() {
        if installed.vendor.is_none() && installed.product.is_none() {
            let problem = "neither a vendor nor a product".to_owned();
            return value(format!("stack[{index}]"), problem, "name the vendor, the product, or both");
        }
        if installed.version.is_some() && installed.product.is_none() {
            let problem = "a version without a product".to_owned();
            return value(
                format!("stack[{index}].version"),
                problem,
                "name the product that has this version",
            );
        }
        let entries =
            [("vendor", &installed.vendor), ("product", &installed.product), ("version", &installed.version)];
        for (key, entry) in entries {
            if let Some(entry) = entry {
                length(|| format!("stack[{index}].{key}"), entry)?;
            }
        }
    }
    count("keywords", profile.keywords.len())?;
    for (index, keyword) in profile.keywords.iter().enumerate() {
        length(|| format!("keywords[{index}]"), &keyword.phrase)?;
        if !WEIGHTS.contains(&keyword.weight) {
            let key = format!("keywords[{index}].weight");
            let problem = format!("{} is out of bounds", keyword.weight);
            return value(key, problem, "give a weight from 0.7 to 5; to see less of something, mute it");
        }
    }
    for (index, region) in profile.regions.iter().enumerate() {
        if Region::named(region).is_none() {
            let problem = format!("`{region}` is no region that is known");
            return value(
                format!("regions[{index}]"),
                problem,
                "give an ISO 3166 code (DE), a country's English name, or a region such as EU, DACH, Nordics, EMEA",
            );
        }
    }
    for (index, technique) in watch.techniques.iter().enumerate() {
        if !is_technique(technique) {
            let problem = format!("`{technique}` is no technique's id");
            return value(format!("watch.techniques[{index}]"), problem, "write T1190 or T1059.001");
        }
    }
    for (index, domain) in watch.domains.iter().enumerate() {
        if !is_domain(domain) {
            let problem = format!("`{domain}` is no domain name");
            return value(
                format!("watch.domains[{index}]"),
                problem,
                "write it plainly, without scheme, path or port: example.com",
            );
        }
    }
    Ok(())
}

fn count(key: &str, count: usize) -> Result<(), ProfileError> {
    if count <= MAX_ENTRIES {
        return Ok(());
    }
    let problem = format!("{count} entries");
    Err(ProfileError::Value { key: key.to_owned(), problem, hint: "give at most 500" })
}

fn length(key: impl Fn() -> String, entry: &str) -> Result<(), ProfileError> {
    let folded = fold(entry);
    let problem = match () {
        () if entry.len() > MAX_LENGTH => format!("{} bytes", entry.len()),
        // A needle of punctuation only would be found everywhere or nowhere.
        () if !folded.contains(char::is_alphanumeric) => "no letter and no digit".to_owned(),
        () => return Ok(()),
    };
    Err(ProfileError::Value {
        key: key(),
        problem,
        hint: "give 1 to 120 bytes with at least a letter or digit",
    })
}

fn is_technique(id: &str) -> bool {
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(rest) = id.strip_prefix(['T', 't']) else { return false };
    match rest.split_once('.') {
        Some((technique, part)) => digits(technique, 4) && digits(part, 3),
        None => digits(rest, 4),
    }
}

fn is_domain(domain: &str) -> bool {
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    domain.contains('.')
        && domain.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_'))
        })
}
