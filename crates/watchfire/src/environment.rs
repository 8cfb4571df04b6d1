//! Settings from the environment: `WATCHFIRE_` and the setting's section and name in capitals.

use crate::exit::Problem;
use std::path::absolute;
use toml::{Table, Value};

/// How a variable's text becomes a value.
#[derive(Clone, Copy)]
enum Kind {
    /// A path, or `:memory:`.
    Path,
    Text,
    Number,
    /// With or without a fraction.
    Share,
    Truth,
    /// Separated by `:`.
    Paths,
    /// Separated by commas.
    Words,
    /// Separated by `:`; each the path of a list.
    Lists,
}

/// A section within another is written with a dot.
const VARIABLES: [(&str, &str, &str, Kind); 52] = [
    ("WATCHFIRE_STORE_PATH", "store", "path", Kind::Path),
    ("WATCHFIRE_STORE_KEEP_RAW", "store", "keep_raw", Kind::Truth),
    ("WATCHFIRE_INPUT_MAX_RECORD_BYTES", "input", "max_record_bytes", Kind::Number),
    ("WATCHFIRE_INPUT_MAX_RATIO", "input", "max_ratio", Kind::Number),
    ("WATCHFIRE_INPUT_MAPPINGS", "input", "mappings", Kind::Paths),
    ("WATCHFIRE_TRIAGE_JOBS", "triage", "jobs", Kind::Number),
    ("WATCHFIRE_RULES_FOLDERS", "rules", "folders", Kind::Paths),
    ("WATCHFIRE_PATTERNS_MATERIAL", "patterns", "material", Kind::Path),
    ("WATCHFIRE_REUSE_GREATEST_ERROR_PERCENT", "reuse", "greatest_error_percent", Kind::Share),
    ("WATCHFIRE_REUSE_CHECKED_PERCENT", "reuse", "checked_percent", Kind::Share),
    ("WATCHFIRE_REUSE_FIRST_LIFE_MINUTES", "reuse", "first_life_minutes", Kind::Number),
    ("WATCHFIRE_REUSE_SEED", "reuse", "seed", Kind::Number),
    ("WATCHFIRE_LEARNING_ENABLED", "learning", "enabled", Kind::Truth),
    ("WATCHFIRE_LEARNING_HARMLESS_BELOW_PERCENT", "learning", "harmless_below_percent", Kind::Share),
    ("WATCHFIRE_NETWORK_INTERNAL", "network", "internal", Kind::Words),
    ("WATCHFIRE_INTEL_LISTS", "intel", "lists", Kind::Lists),
    ("WATCHFIRE_SERVER_LISTEN", "server", "listen", Kind::Text),
    ("WATCHFIRE_SERVER_INTAKE", "server", "intake", Kind::Text),
    ("WATCHFIRE_SERVER_REQUESTS_PER_MINUTE", "server", "requests_per_minute", Kind::Number),
    ("WATCHFIRE_SERVER_PAGE_REQUESTS_PER_MINUTE", "server", "page_requests_per_minute", Kind::Number),
    ("WATCHFIRE_SERVER_MAX_BODY_BYTES", "server", "max_body_bytes", Kind::Number),
    ("WATCHFIRE_SERVER_TIMEOUT_S", "server", "timeout_s", Kind::Share),
    ("WATCHFIRE_SERVER_HEADER_TIMEOUT_S", "server", "header_timeout_s", Kind::Share),
    ("WATCHFIRE_SERVER_MAX_CONNECTIONS", "server", "max_connections", Kind::Number),
    ("WATCHFIRE_SERVER_MAX_LISTENERS", "server", "max_listeners", Kind::Number),
    ("WATCHFIRE_SERVER_MAX_WAITING", "server", "max_waiting", Kind::Number),
    ("WATCHFIRE_SERVER_BEHIND_TLS", "server", "behind_tls", Kind::Truth),
    ("WATCHFIRE_SERVER_GRACE_S", "server", "grace_s", Kind::Share),
    ("WATCHFIRE_PROPOSITIONS_URL", "propositions", "url", Kind::Text),
    ("WATCHFIRE_PROPOSITIONS_TIMEOUT_S", "propositions", "timeout_s", Kind::Share),
    ("WATCHFIRE_PROPOSITIONS_ATTEMPTS", "propositions", "attempts", Kind::Number),
    ("WATCHFIRE_FEEDS_CONTACT", "feeds", "contact", Kind::Text),
    ("WATCHFIRE_FEEDS_LIMIT", "feeds", "limit", Kind::Number),
    ("WATCHFIRE_FEEDS_FULL_TEXT", "feeds", "full_text", Kind::Truth),
    ("WATCHFIRE_FEEDS_LOCATIONS_LLM", "feeds.locations", "llm", Kind::Text),
    ("WATCHFIRE_FEEDS_LOCATIONS_PRESET", "feeds.locations", "preset", Kind::Text),
    ("WATCHFIRE_MEASUREMENTS_ENABLED", "measurements", "enabled", Kind::Truth),
    ("WATCHFIRE_MEASUREMENTS_STORE", "measurements", "store", Kind::Text),
    ("WATCHFIRE_MEASUREMENTS_TABLE", "measurements", "table", Kind::Text),
    ("WATCHFIRE_MEASUREMENTS_REGION", "measurements", "region", Kind::Text),
    ("WATCHFIRE_MEASUREMENTS_ENDPOINT", "measurements", "endpoint", Kind::Text),
    ("WATCHFIRE_MEASUREMENTS_BATCH", "measurements", "batch", Kind::Number),
    ("WATCHFIRE_MEASUREMENTS_USERS_IN_FLIGHT", "measurements", "users_in_flight", Kind::Number),
    ("WATCHFIRE_MEASUREMENTS_BATCH_TIME_S", "measurements", "batch_time_s", Kind::Share),
    ("WATCHFIRE_MEASUREMENTS_USER_TIME_S", "measurements", "user_time_s", Kind::Share),
    ("WATCHFIRE_MEASUREMENTS_CACHE_MB", "measurements", "cache_mb", Kind::Number),
    ("WATCHFIRE_POSTGRES_SCHEMA", "postgres", "schema", Kind::Text),
    ("WATCHFIRE_POSTGRES_CONNECTIONS", "postgres", "connections", Kind::Number),
    ("WATCHFIRE_POSTGRES_CA_FILE", "postgres", "ca_file", Kind::Path),
    // Names that users of earlier systems have set.
    ("MOONSHOT_LOCATION_BATCH_THRESHOLD", "feeds.locations", "size", Kind::Number),
    ("MOONSHOT_BATCH_TIME_THRESHOLD_SECONDS", "feeds.locations", "age_s", Kind::Share),
    ("MOONSHOT_ENABLE_TIMER_FLUSH", "feeds.locations", "timer", Kind::Truth),
];

/// Lays the variables over the settings. A variable replaces the setting; an unknown `WATCHFIRE_` variable is left
/// alone, since other programs may use the prefix.
pub(crate) fn overlay(
    table: &mut Table,
    variables: impl Iterator<Item = (String, String)>,
) -> Result<(), Problem> {
    for (name, text) in variables {
        let Some(&(_, section, key, kind)) = VARIABLES.iter().find(|(known, ..)| *known == name) else {
            continue;
        };
        let value = match kind {
            Kind::Path => path(&text),
            Kind::Text => Value::String(text.trim().to_owned()),
            Kind::Number => {
                Value::Integer(text.trim().parse().map_err(|_| wrong(&name, &text, "a whole number"))?)
            }
            Kind::Share => Value::Float(text.trim().parse().map_err(|_| wrong(&name, &text, "a number"))?),
            Kind::Truth => {
                Value::Boolean(text.trim().parse().map_err(|_| wrong(&name, &text, "true or false"))?)
            }
            Kind::Paths => Value::Array(parts(&text, ':').map(path).collect()),
            Kind::Words => Value::Array(parts(&text, ',').map(|part| Value::String(part.into())).collect()),
            Kind::Lists => {
                let list = |part: &str| Value::Table(Table::from_iter([("path".to_owned(), path(part))]));
                Value::Array(parts(&text, ':').map(list).collect())
            }
        };
        let mut place = Some(&mut *table);
        for part in section.split('.') {
            let inner = place.and_then(|table| {
                table.entry(part).or_insert_with(|| Value::Table(Table::new())).as_table_mut()
            });
            place = inner;
        }
        if let Some(place) = place {
            place.insert(key.to_owned(), value);
        }
    }
    Ok(())
}

/// What stands between the separators, without what is empty.
fn parts(text: &str, separator: char) -> impl Iterator<Item = &str> {
    text.split(separator).filter(|part| !part.is_empty())
}

/// A path, made absolute: in a variable it is relative to the current folder, in the settings file to the file.
fn path(text: &str) -> Value {
    let place = if text == ":memory:" { None } else { absolute(text).ok() };
    Value::String(
        place.and_then(|place| place.into_os_string().into_string().ok()).unwrap_or_else(|| text.to_owned()),
    )
}

fn wrong(name: &str, text: &str, expected: &str) -> Problem {
    Problem::usage(
        format!("{name}: `{}` is not {expected}", watchfire_judge::tame(text, 60)),
        "environment variables are described in docs/settings.md",
    )
}

#[cfg(test)]
mod tests {
    use super::overlay;

    fn with(name: &str, text: &str) -> Result<toml::Table, String> {
        let mut table: toml::Table = toml::from_str("[store]\nkeep_raw = true").unwrap();
        overlay(&mut table, [(name.to_owned(), text.to_owned())].into_iter())
            .map_err(|problem| problem.message)?;
        Ok(table)
    }

    #[test]
    fn a_variable_replaces_the_setting() {
        assert_eq!(
            with("WATCHFIRE_STORE_KEEP_RAW", "false").unwrap()["store"]["keep_raw"].as_bool(),
            Some(false)
        );
        assert_eq!(with("WATCHFIRE_TRIAGE_JOBS", " 4 ").unwrap()["triage"]["jobs"].as_integer(), Some(4));
        let lists = with("WATCHFIRE_INTEL_LISTS", "/a:/b").unwrap();
        assert_eq!(lists["intel"]["lists"].as_array().map(Vec::len), Some(2));
        assert_eq!(with("WATCHFIRE_SOMETHING", "1").unwrap().len(), 1);
        let age = with("MOONSHOT_BATCH_TIME_THRESHOLD_SECONDS", "120").unwrap();
        assert_eq!(age["feeds"]["locations"]["age_s"].as_float(), Some(120.0));
    }

    #[test]
    fn a_relative_path_is_relative_to_the_current_folder() {
        let here = std::env::current_dir().unwrap();
        let stored =
            |text| with("WATCHFIRE_STORE_PATH", text).unwrap()["store"]["path"].as_str().unwrap().to_owned();
        assert_eq!(stored("a/b.db"), here.join("a/b.db").to_str().unwrap());
        assert_eq!(stored(":memory:"), ":memory:");
        let lists = with("WATCHFIRE_INTEL_LISTS", "a:/b").unwrap();
        assert_eq!(lists["intel"]["lists"][0]["path"].as_str(), here.join("a").to_str());
        assert_eq!(lists["intel"]["lists"][1]["path"].as_str(), Some("/b"));
    }

    #[test]
    fn a_wrong_value_is_named() {
        let message = with("WATCHFIRE_TRIAGE_JOBS", "many").unwrap_err();
        assert_eq!(message, "WATCHFIRE_TRIAGE_JOBS: `many` is not a whole number");
    }
}
