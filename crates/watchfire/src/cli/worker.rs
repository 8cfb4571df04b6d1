//! `watchfire worker`

use clap::Args;
use std::path::PathBuf;

/// Take a share of the alerts that come in over Kafka, together with other workers.
#[derive(Debug, Args)]
#[command(
    after_help = "Brokers, topics and the database stand in the settings: [worker], [kafka], [postgres], [redis]; docs/fleet.md."
)]
pub(crate) struct Worker {
    /// This worker's name, unlike all others' of its group [default: the machine's]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Mapping file for another JSON or CSV format; may be given more than once
    #[arg(long, value_name = "FILE")]
    pub(crate) mapping: Vec<PathBuf>,
    /// Intelligence list, or folder of lists; may be given more than once
    #[arg(long, value_name = "PATH")]
    pub(crate) intel: Vec<PathBuf>,
}
