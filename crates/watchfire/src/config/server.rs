//! `[server]`: where and how the API is served.

use crate::exit::Problem;
use serde::Deserialize;
use std::net::SocketAddr;
use std::time::Duration;
use watchfire_server::AppSettings;

/// What becomes of alerts that are posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum IntakeKind {
    /// They are judged and kept here.
    #[default]
    Store,
    /// They go onto the first intake topic of `[worker]`, and workers judge them.
    Kafka,
}

/// `[server]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ServerSettings {
    /// Where to listen.
    pub(crate) listen: String,
    /// What becomes of alerts that are posted.
    pub(crate) intake: IntakeKind,
    /// Requests that a token may make in a minute; 0 for as many as it likes.
    pub(crate) requests_per_minute: u32,
    /// Requests that a signed-in page may make in a minute; 0 for as many as it likes.
    pub(crate) page_requests_per_minute: u32,
    /// The largest body.
    pub(crate) max_body_bytes: usize,
    /// How long a request may take.
    pub(crate) timeout_s: f64,
    /// How long a connection may take to say what it wants.
    pub(crate) header_timeout_s: f64,
    /// Connections at once.
    pub(crate) max_connections: usize,
    /// Listeners to live events at once.
    pub(crate) max_listeners: usize,
    /// Requests with alerts that are worked on at once.
    pub(crate) max_waiting: usize,
    /// Whether browsers come over TLS, through a proxy.
    pub(crate) behind_tls: bool,
    /// How long open requests may take when the service stops.
    pub(crate) grace_s: f64,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8750".to_owned(),
            intake: IntakeKind::Store,
            requests_per_minute: 60,
            page_requests_per_minute: 600,
            max_body_bytes: 8 << 20,
            timeout_s: 30.0,
            header_timeout_s: 10.0,
            max_connections: 1024,
            max_listeners: 100,
            max_waiting: 1024,
            behind_tls: false,
            grace_s: 10.0,
        }
    }
}

impl ServerSettings {
    /// Says which setting can't be kept.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let wrong = |key: &str, value: String, expected: &str| {
            Err(Problem::usage(
                format!("[server] {key}: {value} is not {expected}"),
                "set in the settings file or by WATCHFIRE_SERVER_… in the environment, see docs/service.md",
            ))
        };
        if self.listen.parse::<SocketAddr>().is_err() {
            let value = watchfire_judge::tame(&self.listen, 100);
            return wrong("listen", value, "an address and a port, such as 127.0.0.1:8750");
        }
        if !(1024..=256 << 20).contains(&self.max_body_bytes) {
            let value = self.max_body_bytes.to_string();
            return wrong("max_body_bytes", value, "between 1024 and 268435456");
        }
        for (key, value, least, most) in [
            ("timeout_s", self.timeout_s, 0.1, 3600.0),
            ("header_timeout_s", self.header_timeout_s, 0.1, 600.0),
            ("grace_s", self.grace_s, 0.0, 600.0),
        ] {
            if !(least..=most).contains(&value) {
                return wrong(key, value.to_string(), &format!("between {least} and {most}"));
            }
        }
        for (key, value) in [
            ("max_connections", self.max_connections),
            ("max_listeners", self.max_listeners),
            ("max_waiting", self.max_waiting),
        ] {
            if !(1..=100_000).contains(&value) {
                return wrong(key, value.to_string(), "between 1 and 100000");
            }
        }
        Ok(())
    }

    /// Where to listen; checked before.
    pub(crate) fn address(&self) -> SocketAddr {
        self.listen.parse().unwrap_or_else(|_| SocketAddr::from(([127, 0, 0, 1], 8750)))
    }

    /// As the server takes it, for an address.
    pub(crate) fn app(&self, address: SocketAddr) -> AppSettings {
        AppSettings {
            is_local: address.ip().is_loopback(),
            requests_per_minute: self.requests_per_minute,
            page_requests_per_minute: self.page_requests_per_minute,
            max_body_bytes: self.max_body_bytes,
            adopt: crate::telemetry::ADOPT,
            timeout: Duration::from_secs_f64(self.timeout_s),
            header_timeout: Duration::from_secs_f64(self.header_timeout_s),
            max_connections: self.max_connections,
            max_listeners: self.max_listeners,
            behind_tls: self.behind_tls,
            grace: Duration::from_secs_f64(self.grace_s),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ServerSettings;

    #[test]
    fn what_can_not_be_kept_is_named() {
        let check = |text: &str| {
            toml::from_str::<ServerSettings>(text).unwrap().check().map_err(|problem| problem.message)
        };
        assert_eq!(check(""), Ok(()));
        let message = check("listen = \"8750\"").unwrap_err();
        assert_eq!(message, "[server] listen: 8750 is not an address and a port, such as 127.0.0.1:8750");
        assert!(check("timeout_s = 0").is_err() && check("max_waiting = 0").is_err());
        assert!(check("max_body_bytes = 1").is_err() && check("grace_s = nan").is_err());
    }
}
