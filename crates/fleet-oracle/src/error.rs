//! Why a run could not be made. What was found unsound in a run is no error: that is a finding.

use std::path::PathBuf;

/// Why a run could not be made, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum OracleError {
    /// What `checks/fleet` sets is missing, or is not what it should be.
    #[error(
        "{name} {problem}\nhint: run it by checks/fleet, which starts the servers and says where they are"
    )]
    Environment {
        /// The variable.
        name: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// Something on the command line.
    #[error("{problem}\nhint: {hint}")]
    Argument {
        /// What is wrong.
        problem: String,
        /// What would be right.
        hint: &'static str,
    },
    /// A file.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A set of data holds nothing that can be fed.
    #[error(
        "{path} holds no record that can be fed\nhint: WATCHFIRE_DATA is a folder with suricata-cptc and ait in it"
    )]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Kafka.
    #[error("{doing}: {source}")]
    Kafka {
        /// What was tried.
        doing: String,
        /// What the client said.
        source: rdkafka::error::KafkaError,
    },
    /// PostgreSQL.
    #[error("{doing}: {source}")]
    Postgres {
        /// What was tried.
        doing: &'static str,
        /// What the client said.
        source: tokio_postgres::Error,
    },
    /// The stand-in.
    #[error(transparent)]
    Standin(#[from] watchfire_standin::StartError),
    /// A worker could not be started.
    #[error(
        "{program} can't be started: {source}\nhint: cargo build --release, or name the program in WATCHFIRE_FLEET_WORKER"
    )]
    Worker {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A process could not be sent a signal, or its figures could not be read.
    #[error("process {id}: {source}")]
    Process {
        /// Its number.
        id: i32,
        /// What the system said.
        source: std::io::Error,
    },
    /// A port.
    #[error("can't listen on 127.0.0.1:{port}: {source}")]
    Listen {
        /// Which.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// Something did not happen in the time that it was given.
    #[error("{what} did not happen within {seconds} s")]
    Late {
        /// What.
        what: String,
        /// The time it was given.
        seconds: u64,
    },
    /// Workers can't live.
    #[error(
        "workers ended by themselves {times} times, the last one saying: {words}\nhint: their logs are in the folder of --folder"
    )]
    Fallen {
        /// How often.
        times: usize,
        /// What the last one said.
        words: String,
    },
    /// A thread or task of this program ended in a panic.
    #[error("{0} ended in a panic")]
    Panicked(&'static str),
    /// Somebody asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl OracleError {
    /// For `map_err`: Kafka refused what is named.
    pub fn kafka(doing: impl Into<String>) -> impl FnOnce(rdkafka::error::KafkaError) -> Self {
        let doing = doing.into();
        move |source| Self::Kafka { doing, source }
    }

    /// For `map_err`: a file's fault.
    pub fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
