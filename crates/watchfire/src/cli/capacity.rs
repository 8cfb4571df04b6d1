//! `watchfire capacity`

use clap::Args;
use std::path::PathBuf;

/// Numbers are those of a scenario's file, which may set many more; a flag goes before the file.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchfire capacity --alerts-per-s 5000 --workers 3 --partitions 24
  watchfire capacity --scenario fleet.toml --sweep workers=1..64
  watchfire capacity --alerts-per-s 1000000 --budgets 10000 --calls 15 --hours 1 --json
  watchfire capacity --constants")]
pub(crate) struct Capacity {
    /// Read the fleet and its load from this file (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) scenario: Option<PathBuf>,
    /// Constants that were measured elsewhere, in place of the built-in ones (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) calibration: Option<PathBuf>,
    /// Show the constants and where they are from, and simulate nothing
    #[arg(long)]
    pub(crate) constants: bool,
    /// The same for several values of a number: KEY=1..64, KEY=1..64:8 in steps of 8, or KEY=1,2,4
    #[arg(long, value_name = "KEY=VALUES")]
    pub(crate) sweep: Option<String>,
    /// Set any other number of the scenario
    #[arg(long = "set", value_name = "KEY=NUMBER")]
    pub(crate) set: Vec<String>,
    /// As one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) numbers: Numbers,
}

/// What is asked for most often.
#[derive(Debug, Default, Args)]
pub(crate) struct Numbers {
    /// Alerts a second, as the mean of a day [default: 1000]
    #[arg(long, value_name = "N")]
    pub(crate) alerts_per_s: Option<f64>,
    /// The rate of the busiest hours, as so many times the mean [default: 1]
    #[arg(long, value_name = "TIMES")]
    pub(crate) peak: Option<f64>,
    /// How long to simulate [default: 24]
    #[arg(long, value_name = "H")]
    pub(crate) hours: Option<f64>,
    /// For how long all workers stand still [default: 0]
    #[arg(long, value_name = "S")]
    pub(crate) outage_s: Option<f64>,
    /// Worker processes [default: 3]
    #[arg(long, value_name = "N")]
    pub(crate) workers: Option<f64>,
    /// Cores of each worker [default: 2]
    #[arg(long, value_name = "N")]
    pub(crate) cores: Option<f64>,
    /// Partitions of the intake topic [default: 12]
    #[arg(long, value_name = "N")]
    pub(crate) partitions: Option<f64>,
    /// Entities that alerts are keyed by [default: 10000]
    #[arg(long, value_name = "N")]
    pub(crate) entities: Option<f64>,
    /// Patterns that come again and again [default: 10000]
    #[arg(long, value_name = "N")]
    pub(crate) patterns: Option<f64>,
    /// Zipf's exponent of alerts over patterns [default: 1.1]
    #[arg(long, value_name = "S")]
    pub(crate) zipf: Option<f64>,
    /// Share of alerts whose pattern nobody saw before [default: 0.0001]
    #[arg(long, value_name = "SHARE")]
    pub(crate) new_share: Option<f64>,
    /// How long verdicts stand that were confirmed again and again [default: 24]
    #[arg(long, value_name = "H")]
    pub(crate) life_h: Option<f64>,
    /// Budgets, all alike [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) budgets: Option<f64>,
    /// Calls that a budget allows in any window [default: 1000]
    #[arg(long, value_name = "N")]
    pub(crate) calls: Option<f64>,
    /// That window [default: 60]
    #[arg(long, value_name = "S")]
    pub(crate) window_s: Option<f64>,
    /// How long a call takes [default: 4]
    #[arg(long, value_name = "S")]
    pub(crate) latency_s: Option<f64>,
    /// Most questions in one call [default: 6]
    #[arg(long, value_name = "N")]
    pub(crate) alerts_per_call: Option<f64>,
    /// What all chance follows from [default: 0]
    #[arg(long, value_name = "S")]
    pub(crate) seed: Option<f64>,
}

impl Numbers {
    /// Those that were given, by their names in a scenario.
    pub(crate) fn given(&self) -> impl Iterator<Item = (&'static str, f64)> {
        [
            ("alerts_per_s", self.alerts_per_s),
            ("peak", self.peak),
            ("hours", self.hours),
            ("outage_s", self.outage_s),
            ("workers", self.workers),
            ("cores", self.cores),
            ("partitions", self.partitions),
            ("entities", self.entities),
            ("patterns", self.patterns),
            ("zipf", self.zipf),
            ("new_share", self.new_share),
            ("life_h", self.life_h),
            ("budgets", self.budgets),
            ("calls", self.calls),
            ("window_s", self.window_s),
            ("latency_s", self.latency_s),
            ("alerts_per_call", self.alerts_per_call),
            ("seed", self.seed),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name, value)))
    }
}
