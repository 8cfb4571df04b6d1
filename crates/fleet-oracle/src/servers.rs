//! The servers that workers need: where they are, and how they are killed, kept away and let back.
//!
//! `checks/kafka`, `checks/postgres` and `checks/redis` keep them: what is killed is started again, unless a file `hold` lies in
//! the server's folder. `checks/fleet` nests the three and sets, besides what they set,
//!
//! - `WATCHFIRE_FLEET_LINKS`: `12001:13001,12002:13002`: ports that the broker listens on besides its own, and for each the port
//!   of the proxy that it tells whoever comes by it.

use crate::error::OracleError;
use crate::process::{self, Signal};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::Instant;

/// How long a server may take to come back.
const PATIENCE: Duration = Duration::from_secs(90);

/// A server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Server {
    /// The log.
    Kafka,
    /// The store.
    Postgres,
    /// What is shared.
    Redis,
}

impl Server {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Kafka, Self::Postgres, Self::Redis];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::Postgres => "postgres",
            Self::Redis => "redis",
        }
    }

    /// The server of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|server| server.name() == name)
    }
}

/// Where the servers are. Without Redis, workers have none.
#[derive(Debug, Clone)]
pub struct Servers {
    /// The broker's own port.
    pub kafka: SocketAddr,
    kafka_pid: PathBuf,
    /// The broker's further ports, and the proxies' that it tells.
    pub links: Vec<(u16, u16)>,
    /// PostgreSQL's address.
    pub postgres: SocketAddr,
    /// The same as a URL.
    pub postgres_url: String,
    postgres_data: PathBuf,
    /// Redis's address.
    pub redis: Option<SocketAddr>,
    redis_folder: PathBuf,
}

impl Servers {
    /// As the environment says.
    pub fn from_environment() -> Result<Self, OracleError> {
        Self::read(|name| std::env::var(name).ok().filter(|text| !text.is_empty()))
    }

    fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, OracleError> {
        let needed =
            |name| variable(name).ok_or(OracleError::Environment { name, problem: "is not set".to_owned() });
        let postgres_url = needed("WATCHFIRE_POSTGRES_URL")?;
        let redis = variable("WATCHFIRE_REDIS_URL");
        Ok(Self {
            kafka: address("WATCHFIRE_KAFKA_BROKERS", &needed("WATCHFIRE_KAFKA_BROKERS")?)?,
            kafka_pid: needed("WATCHFIRE_KAFKA_PID_FILE")?.into(),
            links: links(&needed("WATCHFIRE_FLEET_LINKS")?)?,
            postgres: address("WATCHFIRE_POSTGRES_URL", &postgres_url)?,
            postgres_url,
            postgres_data: needed("WATCHFIRE_POSTGRES_DATA")?.into(),
            redis_folder: if redis.is_some() {
                needed("WATCHFIRE_REDIS_FOLDER")?.into()
            } else {
                PathBuf::new()
            },
            redis: redis.map(|url| address("WATCHFIRE_REDIS_URL", &url)).transpose()?,
        })
    }

    /// Those that are there.
    pub fn all(&self) -> Vec<Server> {
        Server::ALL.into_iter().filter(|server| self.address(*server).is_some()).collect()
    }

    /// Where a server is.
    pub fn address(&self, server: Server) -> Option<SocketAddr> {
        match server {
            Server::Kafka => Some(self.kafka),
            Server::Postgres => Some(self.postgres),
            Server::Redis => self.redis,
        }
    }

    /// The server's process, if there is one now.
    pub fn process(&self, server: Server) -> Option<i32> {
        let file = match server {
            Server::Kafka => self.kafka_pid.clone(),
            Server::Postgres => self.postgres_data.join("postmaster.pid"),
            Server::Redis => self.redis_folder.join("pid"),
        };
        std::fs::read_to_string(file).ok()?.lines().next()?.trim().parse().ok().filter(|id| *id > 1)
    }

    fn hold_file(&self, server: Server) -> PathBuf {
        let folder = match server {
            Server::Kafka => self.kafka_pid.parent(),
            Server::Postgres => self.postgres_data.parent(),
            Server::Redis => Some(self.redis_folder.as_path()),
        };
        folder.unwrap_or_else(|| Path::new("/")).join("hold")
    }

    /// Keeps it from being started again, once it is killed.
    pub fn hold(&self, server: Server) -> Result<(), OracleError> {
        let file = self.hold_file(server);
        std::fs::write(&file, "").map_err(OracleError::file(file))
    }

    /// Lets it be started again.
    pub fn release(&self, server: Server) -> Result<(), OracleError> {
        let file = self.hold_file(server);
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(OracleError::file(file)(error)),
            _ => Ok(()),
        }
    }

    /// Lets all be started again, as far as that can be done.
    pub fn release_all(&self) {
        for server in self.all() {
            // What can't be removed lies in a folder that goes away with its server.
            let _ = self.release(server);
        }
    }

    /// Ends it at once, with all its processes. `false` if it was not there.
    pub fn kill(&self, server: Server) -> Result<bool, OracleError> {
        let Some(id) = self.process(server) else { return Ok(false) };
        let children = process::children(id);
        let killed = process::signal(id, Signal::KILL)?;
        for child in children {
            process::signal(child, Signal::KILL)?;
        }
        Ok(killed)
    }

    /// Waits until it takes connections.
    pub async fn back(&self, server: Server) -> Result<(), OracleError> {
        let Some(address) = self.address(server) else { return Ok(()) };
        let start = Instant::now();
        while TcpStream::connect(address).await.is_err() {
            if start.elapsed() > PATIENCE {
                let what = format!("{} coming back", server.name());
                return Err(OracleError::Late { what, seconds: PATIENCE.as_secs() });
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }
}

/// The address in a URL, or in `host:port`. Servers of checks are on this machine.
fn address(name: &'static str, text: &str) -> Result<SocketAddr, OracleError> {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    host.replace("localhost", "127.0.0.1").parse().map_err(|_| OracleError::Environment {
        name,
        problem: "has no address such as 127.0.0.1:9092".to_owned(),
    })
}

fn links(text: &str) -> Result<Vec<(u16, u16)>, OracleError> {
    let wrong = || OracleError::Environment {
        name: "WATCHFIRE_FLEET_LINKS",
        problem: "is no list such as 12001:13001,12002:13002".to_owned(),
    };
    text.split(',')
        .map(|pair| {
            let (listens, tells) = pair.split_once(':').ok_or_else(wrong)?;
            Ok((listens.parse().map_err(|_| wrong())?, tells.parse().map_err(|_| wrong())?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Server, Servers};

    fn read(wrong: Option<(&str, &str)>) -> Result<Servers, String> {
        let set = [
            ("WATCHFIRE_KAFKA_BROKERS", "127.0.0.1:20001"),
            ("WATCHFIRE_KAFKA_PID_FILE", "/tmp/k/pid"),
            ("WATCHFIRE_FLEET_LINKS", "12001:13001,12002:13002"),
            ("WATCHFIRE_POSTGRES_URL", "postgres://postgres@127.0.0.1:20002/postgres"),
            ("WATCHFIRE_POSTGRES_DATA", "/tmp/p/data"),
        ];
        let one = |name: &str| {
            let changed = wrong.filter(|(wrong, _)| *wrong == name).map(|(_, text)| text.to_owned());
            changed.or_else(|| set.iter().find(|(set, _)| *set == name).map(|(_, text)| (*text).to_owned()))
        };
        Servers::read(one).map_err(|error| error.to_string())
    }

    #[test]
    fn servers_are_where_their_checks_say() {
        let servers = read(None).unwrap();
        assert_eq!(servers.links, [(12001, 13001), (12002, 13002)]);
        assert_eq!(servers.postgres.port(), 20002);
        assert_eq!(servers.all(), [Server::Kafka, Server::Postgres]);
        assert!(
            read(Some(("WATCHFIRE_REDIS_URL", "redis://127.0.0.1:1")))
                .unwrap_err()
                .contains("FOLDER is not set")
        );
        assert!(read(Some(("WATCHFIRE_FLEET_LINKS", "12001"))).unwrap_err().contains("hint:"));
        assert!(read(Some(("WATCHFIRE_KAFKA_BROKERS", "nowhere"))).is_err());
    }
}
