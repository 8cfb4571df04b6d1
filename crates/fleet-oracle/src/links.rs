//! The proxies of one worker: a link to each server.

use crate::error::OracleError;
use crate::proxy::{Link, Proxy};
use crate::servers::{Server, Servers};
use crate::settings::Ports;
use std::net::{Ipv4Addr, SocketAddr};

/// What a link leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// A server.
    Server(Server),
    /// The stand-in for a model.
    Model,
}

impl End {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Server(server) => server.name(),
            Self::Model => "model",
        }
    }
}

/// One worker's links.
#[derive(Debug)]
pub struct Links {
    proxies: Vec<(End, Proxy)>,
    ports: Ports,
}

impl Links {
    /// Starts the proxies of the worker in this place; the broker has to tell that place's port.
    pub async fn start(
        servers: &Servers,
        place: usize,
        model: Option<SocketAddr>,
    ) -> Result<Self, OracleError> {
        let (listens, tells) = *servers.links.get(place).ok_or_else(|| OracleError::Argument {
            problem: format!("there are links for {} workers at once", servers.links.len()),
            hint: "WATCHFIRE_FLEET_PLACES=N says how many checks/fleet makes",
        })?;
        let mut proxies = Vec::new();
        let broker = SocketAddr::from((Ipv4Addr::LOCALHOST, listens));
        let kafka = Proxy::start(tells, broker).await?;
        let postgres = Proxy::start(0, servers.postgres).await?;
        let mut ports = Ports { kafka: tells, postgres: postgres.port(), redis: None, model: None };
        proxies.push((End::Server(Server::Kafka), kafka));
        proxies.push((End::Server(Server::Postgres), postgres));
        if let Some(address) = servers.redis {
            let redis = Proxy::start(0, address).await?;
            ports.redis = Some(redis.port());
            proxies.push((End::Server(Server::Redis), redis));
        }
        if let Some(address) = model {
            let model = Proxy::start(0, address).await?;
            ports.model = Some(model.port());
            proxies.push((End::Model, model));
        }
        Ok(Self { proxies, ports })
    }

    /// Where the worker finds everything.
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// How a link is from now on. One that is not there stays so.
    pub fn set(&self, end: End, link: Link) {
        for (_, proxy) in self.proxies.iter().filter(|(known, _)| *known == end) {
            proxy.set(link);
        }
    }

    /// Where they lead.
    pub fn ends(&self) -> Vec<End> {
        self.proxies.iter().map(|(end, _)| *end).collect()
    }
}
