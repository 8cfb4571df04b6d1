//! `watchfire measure`

use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchfire measure examples/measurements.csv            what is said of each, as NDJSON
  watchfire measure --rejected measurements.ndjson.gz    only what is not believed
  watchfire measure --alerts rejected.ndjson FILE && watchfire triage rejected.ndjson")]
pub(crate) struct Measure {
    /// Files of measurements (NDJSON or CSV; plain, gzip, zstd), or - for standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<String>,
    /// Write what is said of each measurement to this file, in place of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Leave out what was accepted
    #[arg(long)]
    pub(crate) rejected: bool,
    /// Write rejected values of weight as alerts (OCSF, one a line), for `watchfire triage`
    #[arg(long, value_name = "FILE")]
    pub(crate) alerts: Option<PathBuf>,
    /// Write the summary as one JSON object
    #[arg(long, value_name = "FILE")]
    pub(crate) summary_json: Option<PathBuf>,
    /// Say nothing but errors
    #[arg(long, short)]
    pub(crate) quiet: bool,
}
