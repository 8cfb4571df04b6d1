//! The settings file of a worker.

use serde::Serialize;

/// Where a worker finds its servers: its own proxies' ports, or the servers' own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// The broker's.
    pub kafka: u16,
    /// PostgreSQL's.
    pub postgres: u16,
    /// Redis's, if there is one.
    pub redis: Option<u16>,
    /// The stand-in's, if it is asked.
    pub model: Option<u16>,
}

/// How many calls the model takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// Requests…
    pub requests: u64,
    /// …in any window of so many seconds.
    pub window_s: f64,
}

/// What all workers of a run have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Common {
    /// The topics and the group.
    pub topics: crate::topics::Topics,
    /// The user and the database at PostgreSQL.
    pub user: String,
    /// See above.
    pub database: String,
    /// After which the broker gives a silent worker's partitions to others.
    pub session_timeout_ms: u64,
    /// What the model allows.
    pub limit: Limit,
}

#[derive(Serialize)]
struct File<'a> {
    worker: Worker<'a>,
    kafka: Kafka,
    postgres: Url,
    #[serde(skip_serializing_if = "Option::is_none")]
    redis: Option<Url>,
    #[serde(skip_serializing_if = "Option::is_none")]
    llm: Option<Models>,
}

#[derive(Serialize)]
struct Worker<'a> {
    name: &'a str,
    intake: [&'a str; 1],
    verdicts: &'a str,
    dead: &'a str,
    group: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'static str>,
}

#[derive(Serialize)]
struct Kafka {
    brokers: String,
    session_timeout_ms: u64,
}

#[derive(Serialize)]
struct Url {
    url: String,
}

#[derive(Serialize)]
struct Models {
    standin: Model,
}

#[derive(Serialize)]
struct Model {
    provider: &'static str,
    model: &'static str,
    base_url: String,
    key_env: &'static str,
    alerts_per_call: u8,
    timeout_s: f64,
    limits: [Requests; 1],
}

#[derive(Serialize)]
struct Requests {
    requests: u64,
    window_s: f64,
}

/// The variable that a worker finds the stand-in's key in.
pub const KEY: &str = "WATCHFIRE_FLEET_KEY";

impl Common {
    /// The file for the worker of this name, as TOML.
    pub fn file(&self, name: &str, ports: Ports) -> String {
        let file = File {
            worker: Worker {
                name,
                intake: [&self.topics.intake],
                verdicts: &self.topics.verdicts,
                dead: &self.topics.dead,
                group: &self.topics.group,
                model: ports.model.map(|_| "standin"),
            },
            kafka: Kafka {
                brokers: format!("127.0.0.1:{}", ports.kafka),
                session_timeout_ms: self.session_timeout_ms,
            },
            postgres: Url {
                url: format!("postgres://{}@127.0.0.1:{}/{}", self.user, ports.postgres, self.database),
            },
            redis: ports.redis.map(|port| Url { url: format!("redis://127.0.0.1:{port}") }),
            llm: ports.model.map(|port| Models {
                standin: Model {
                    provider: "gemini",
                    model: "gemini-2.5-flash",
                    base_url: format!("http://127.0.0.1:{port}"),
                    key_env: KEY,
                    alerts_per_call: 8,
                    timeout_s: 10.0,
                    limits: [Requests { requests: self.limit.requests, window_s: self.limit.window_s }],
                },
            }),
        };
        // Nothing in it can't be written as TOML.
        toml::to_string(&file).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{Common, Limit, Ports};
    use crate::topics::Topics;

    #[test]
    fn a_worker_is_told_its_own_ports_and_nobody_is_asked_without_a_model() {
        let common = Common {
            topics: Topics::new("127.0.0.1:1".to_owned(), 6, "r"),
            user: "postgres".to_owned(),
            database: "fleet".to_owned(),
            session_timeout_ms: 6000,
            limit: Limit { requests: 3, window_s: 1.5 },
        };
        let ports = Ports { kafka: 2, postgres: 3, redis: Some(4), model: Some(5) };
        let file: toml::Table = toml::from_str(&common.file("w1", ports)).unwrap();
        assert_eq!(file["worker"]["name"].as_str(), Some("w1"));
        assert_eq!(file["kafka"]["brokers"].as_str(), Some("127.0.0.1:2"));
        assert_eq!(file["postgres"]["url"].as_str(), Some("postgres://postgres@127.0.0.1:3/fleet"));
        assert_eq!(file["llm"]["standin"]["limits"][0]["window_s"].as_float(), Some(1.5));
        let alone: toml::Table =
            toml::from_str(&common.file("w1", Ports { redis: None, model: None, ..ports })).unwrap();
        assert!(!alone.contains_key("redis") && !alone.contains_key("llm"));
        assert!(alone["worker"].get("model").is_none());
    }
}
