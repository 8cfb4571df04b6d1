//! `[postgres]`: the server that instances share their records on. What addresses of servers have in common is here too.

use super::key::read_secret;
use crate::exit::Problem;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The variable that the address is taken from, before the settings.
const URL_VARIABLE: &str = "WATCHFIRE_POSTGRES_URL";
/// Connections at most.
const MOST_CONNECTIONS: usize = 100;
/// What describes the settings.
const HINT: &str = "the settings of PostgreSQL are described in docs/moving.md";

/// `[postgres]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PostgresSection {
    /// Where the server is, without a password.
    pub(crate) url: Option<String>,
    /// A file with that, and with the password.
    pub(crate) url_file: Option<PathBuf>,
    /// Where the tables are.
    pub(crate) schema: String,
    /// Connections at once.
    pub(crate) connections: usize,
    /// Certificates (PEM) that the server's is checked against, in place of the system's.
    pub(crate) ca_file: Option<PathBuf>,
    /// Alerts older than this are taken away by workers, in days; 0 keeps all.
    pub(crate) retention_days: u32,
}

impl Default for PostgresSection {
    fn default() -> Self {
        Self {
            url: None,
            url_file: None,
            schema: "watchfire".to_owned(),
            connections: 8,
            ca_file: None,
            retention_days: 0,
        }
    }
}

impl PostgresSection {
    /// Says which setting can't be kept.
    pub(super) fn check(&self) -> Result<(), Problem> {
        if !(1..=MOST_CONNECTIONS).contains(&self.connections) {
            return Err(Problem::usage("[postgres] connections: between 1 and 100", HINT));
        }
        check_url("[postgres]", self.url.as_deref(), URL_VARIABLE)
    }

    /// How long alerts are kept; `None` for ever.
    #[cfg(feature = "kafka")]
    pub(crate) fn retention(&self) -> Option<std::time::Duration> {
        (self.retention_days > 0)
            .then(|| std::time::Duration::from_secs(u64::from(self.retention_days) * 86_400))
    }

    /// Where the server is; it may have a password in it.
    #[cfg(feature = "postgres")]
    pub(crate) fn address(&self) -> Result<String, Problem> {
        let found = address("[postgres]", URL_VARIABLE, self.url_file.as_deref(), self.url.as_deref())?;
        found.ok_or_else(|| {
            Problem::usage(
                "[postgres] wants an address, and there is none",
                format!("export {URL_VARIABLE}=postgres://…, or set url or url_file"),
            )
        })
    }

    /// How the server at this address is reached.
    #[cfg(feature = "postgres")]
    pub(crate) fn at(&self, url: String) -> watchfire_store_postgres::PostgresSettings {
        watchfire_store_postgres::PostgresSettings {
            url,
            schema: self.schema.clone(),
            connections: self.connections,
            certificates: self.ca_file.clone(),
            ..watchfire_store_postgres::PostgresSettings::default()
        }
    }

    /// How the server that the settings name is reached.
    #[cfg(feature = "postgres")]
    pub(crate) fn settings(&self) -> Result<watchfire_store_postgres::PostgresSettings, Problem> {
        Ok(self.at(self.address()?))
    }
}

/// Where a server is: in the environment, else in the file, else in the settings. `whose` is the table of the settings that
/// wants it.
pub(super) fn address(
    whose: &str,
    variable: &str,
    file: Option<&Path>,
    url: Option<&str>,
) -> Result<Option<String>, Problem> {
    if let Ok(url) = std::env::var(variable)
        && !url.trim().is_empty()
    {
        return Ok(Some(url.trim().to_owned()));
    }
    if file.is_some() {
        return read_secret(whose, "url", file, None).map(Some);
    }
    Ok(url.map(str::to_owned))
}

/// Says that a password does not stand in the settings, if one does.
pub(super) fn check_url(whose: &str, url: Option<&str>, variable: &str) -> Result<(), Problem> {
    if url.is_some_and(has_password) {
        return Err(Problem::usage(
            format!("{whose} url: a password does not stand in the settings"),
            format!("export {variable}=…, or name a file that holds the whole address with url_file"),
        ));
    }
    Ok(())
}

/// Whether an address has a password in it, in either of the forms that PostgreSQL knows.
pub(crate) fn has_password(url: &str) -> bool {
    let user = url.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@'));
    user.is_some_and(|(user, _)| user.contains(':')) || url.to_ascii_lowercase().contains("password")
}

#[cfg(test)]
mod tests {
    use super::{PostgresSection, has_password};

    fn check(text: &str) -> Result<(), String> {
        toml::from_str::<PostgresSection>(text).unwrap().check().map_err(|problem| problem.message)
    }

    #[test]
    fn a_password_does_not_stand_in_the_settings() {
        assert!(has_password("postgres://anna:secret@db/watchfire"));
        assert!(has_password("host=db user=anna password=x"));
        assert!(!has_password("postgres://anna@db:5432/watchfire?sslmode=require"));
        assert!(!has_password("host=/run/postgresql user=watchfire"));
        let told = check("url = \"postgres://a:b@db/x\"").unwrap_err();
        assert_eq!(told, "[postgres] url: a password does not stand in the settings");
    }

    #[test]
    fn what_can_not_be_kept_is_named() {
        assert_eq!(check(""), Ok(()));
        assert_eq!(check("connections = 0").unwrap_err(), "[postgres] connections: between 1 and 100");
        assert!(toml::from_str::<PostgresSection>("conections = 3").is_err());
    }
}
