//! A store that was named: a file, the server of the settings, or a server by its address.

use crate::config::{Settings, has_password};
use crate::exit::{Problem, Status};
use crate::terminal;
use std::path::Path;
use std::sync::Arc;
use watchfire_store::records::SqliteRecords;
use watchfire_store::records::copy::{CopyTarget, RecordTables};
use watchfire_store::{Location, Store};

/// What a store is named by.
#[derive(Debug, PartialEq, Eq)]
enum Named<'n> {
    File(&'n str),
    /// The server that the settings name.
    Postgres,
    /// A server by its address.
    Address(&'n str),
}

impl<'n> Named<'n> {
    fn parse(text: &'n str) -> Self {
        let is_address = ["postgres://", "postgresql://", "host=", "hostaddr="];
        if text == "postgres" {
            Self::Postgres
        } else if is_address.iter().any(|start| text.starts_with(start)) {
            Self::Address(text)
        } else {
            Self::File(text)
        }
    }
}

/// A store that is open.
pub(super) enum Opened {
    Sqlite(SqliteRecords),
    #[cfg(feature = "postgres")]
    Postgres(watchfire_store_postgres::PostgresRecords),
}

impl Opened {
    /// A store that must be there.
    pub(super) async fn existing(settings: &Settings, name: &str) -> Result<Self, Problem> {
        if let Named::File(path) = Named::parse(name)
            && !Path::new(path).is_file()
        {
            return Err(Problem::usage(
                format!("there is no store at {}", terminal::path_name(Path::new(path))),
                "name the file of a store, `postgres`, or an address that begins with postgres://",
            ));
        }
        Self::to_fill(settings, name).await
    }

    /// A store that may be new.
    pub(super) async fn to_fill(settings: &Settings, name: &str) -> Result<Self, Problem> {
        match Named::parse(name) {
            Named::File(":memory:") => {
                Err(Problem::usage("`:memory:` is gone when the command ends", "name the file of a store"))
            }
            Named::File(path) => {
                let store = Store::open(&Location::File(path.into()))?;
                Ok(Self::Sqlite(SqliteRecords::new(Arc::new(store))))
            }
            Named::Postgres => server(settings, None).await,
            Named::Address(url) => {
                if has_password(url) {
                    terminal::note(
                        "the address has a password in it, which others on this machine can read off the list of processes: \
                         WATCHFIRE_POSTGRES_URL or url_file keep it to themselves",
                    );
                }
                server(settings, Some(url)).await
            }
        }
    }

    pub(super) fn tables(&self) -> &dyn RecordTables {
        match self {
            Self::Sqlite(records) => records,
            #[cfg(feature = "postgres")]
            Self::Postgres(records) => records,
        }
    }

    pub(super) fn target(&self) -> &dyn CopyTarget {
        match self {
            Self::Sqlite(records) => records,
            #[cfg(feature = "postgres")]
            Self::Postgres(records) => records,
        }
    }
}

#[cfg(feature = "postgres")]
async fn server(settings: &Settings, url: Option<&str>) -> Result<Opened, Problem> {
    use watchfire_store_postgres::{Postgres, PostgresRecords};
    let mut how = match url {
        Some(url) => settings.postgres.at(url.to_owned()),
        None => settings.postgres.settings()?,
    };
    // Nobody waits for one page of a copy as for one answer of a service.
    how.statement_timeout = std::time::Duration::from_secs(300);
    let postgres = Postgres::connect(&how)
        .await
        .map_err(|error| Problem::from_error(Status::Failed, &error, error.hint()))?;
    Ok(Opened::Postgres(PostgresRecords::new(postgres)))
}

#[cfg(not(feature = "postgres"))]
#[expect(clippy::unused_async, reason = "as with the feature")]
async fn server(_: &Settings, _: Option<&str>) -> Result<Opened, Problem> {
    Err(Problem::new(
        Status::Usage,
        "this program was built without postgres",
        "build it with cargo build --release --features postgres",
    ))
}

#[cfg(test)]
mod tests {
    use super::Named;

    #[test]
    fn an_address_is_told_from_a_file() {
        assert_eq!(Named::parse("postgres"), Named::Postgres);
        for address in ["postgres://db/w", "postgresql://u@db/w", "host=/run/postgresql user=w"] {
            assert_eq!(Named::parse(address), Named::Address(address));
        }
        for file in ["watchfire.db", "./postgres", "/data/postgres.db"] {
            assert_eq!(Named::parse(file), Named::File(file));
        }
    }
}
