//! What can be said on the command line.

mod articles;
mod capacity;
mod eval;
mod measure;
mod outside;
mod store;
mod worker;

pub(crate) use articles::{AddFeed, ArticlesCommand, FeedsCommand, ProfileCommand, Sort};
pub(crate) use capacity::Capacity;
#[cfg(test)]
pub(crate) use capacity::Numbers;
pub(crate) use eval::{Curves, Decides, Eval, Keys};
pub(crate) use measure::Measure;
pub(crate) use outside::{Batches, Webhooks};
pub(crate) use store::{StoreCommand, Stores};
pub(crate) use worker::Worker;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;
use watchfire_signal::{Severity, Verdict};

/// Judges security alerts: a file in, ranked verdicts out.
#[derive(Debug, Parser)]
#[command(name = "watchfire", version, about, max_term_width = 100, arg_required_else_help = true)]
#[command(
    after_help = "Exit status: 0 done, 1 failed, 2 wrong usage or configuration, 3 done with dead letters."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Settings file [default: ./watchfire.toml, else the one in the user's configuration folder]
    #[arg(long, global = true, value_name = "FILE", env = "WATCHFIRE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Where alerts and verdicts are kept; `:memory:` keeps nothing [default: in the user's data folder]
    #[arg(long, global = true, value_name = "FILE", env = "WATCHFIRE_STORE")]
    pub(crate) store: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Give every alert a verdict, and say what to look at first
    Triage(Triage),
    /// Serve the API and the page: alerts are judged as they come in
    Serve(Serve),
    /// Take a share of the alerts that come in over Kafka, together with other workers
    Worker(Worker),
    /// Judge users' measurements: which to believe, and which not
    Measure(Measure),
    /// Tokens that the API is used with
    #[command(subcommand)]
    Token(TokenCommand),
    /// Feeds of threat articles
    #[command(subcommand)]
    Feeds(FeedsCommand),
    /// Show articles: the latest, or what matters to somebody
    Articles(ArticlesCommand),
    /// Profiles: what somebody runs, watches and does not want to hear of
    #[command(subcommand)]
    Profile(ProfileCommand),
    /// Show a run's analysis again, or write its report
    Report(Report),
    /// Decide on an alert's pattern; holds for all its alerts, now and later
    Decide(Decide),
    /// Records that could not be read
    #[command(subcommand)]
    Dead(Dead),
    /// What is known of addresses, names, URLs, hashes and CVEs
    #[command(subcommand)]
    Intel(IntelCommand),
    /// What calls to models and services cost, and what they are going to
    Cost(Cost),
    /// How much a fleet of workers would carry, how long alerts would wait, and what it would cost
    Capacity(Capacity),
    /// Ask a model again what it decided, and say how often it changes its mind
    Verify(Verify),
    /// What was learned from those who were asked: which rules are harmless, and where
    Learn(Learn),
    /// Measure how well alerts are judged, where their records say the truth
    Eval(Eval),
    /// Batches of questions that are with a language model's provider
    #[command(subcommand)]
    Batches(Batches),
    /// What was to be delivered to webhooks and could not be
    #[command(subcommand)]
    Webhooks(Webhooks),
    /// Bring a store's records into another one, or compare two stores
    #[command(subcommand)]
    Store(StoreCommand),
    /// Check settings, rules, mappings, lists and the store, and say what is wrong with them
    Check,
    /// Print a shell's completion script
    Completions {
        /// For which shell
        shell: clap_complete::Shell,
    },
    /// Write manual pages
    Man {
        /// Into this folder, one page per command; without it the main page goes to standard output
        #[arg(value_name = "FOLDER")]
        folder: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchfire triage alerts.json                       a ranked summary
  watchfire triage --intel lists/ 'logs/*.json.gz'   with intelligence lists, many files
  watchfire triage --out report.html alerts.json     and a report
  tail -F eve.json | watchfire triage --format ndjson -   verdicts as they come")]
pub(crate) struct Triage {
    /// Files of alerts (plain, gzip, zstd), globs, or - for standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<String>,
    /// Write results to this file; its ending tells the format (.html, .md, .csv, .ndjson)
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// What to write: a report (html, md) or every alert (ndjson, ocsf, ecs, csv)
    #[arg(long, short, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,
    /// Write the analysis as one JSON object
    #[arg(long, value_name = "FILE")]
    pub(crate) summary_json: Option<PathBuf>,
    /// Findings to show
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub(crate) top: usize,
    /// Leave out what is less severe, from the list of findings and from the output
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    pub(crate) min_severity: Option<Severity>,
    /// Intelligence lists: files or folders, besides those in the settings
    #[arg(long, value_name = "PATH")]
    pub(crate) intel: Vec<PathBuf>,
    /// Mapping files for other JSON and CSV formats, besides those in the settings
    #[arg(long, value_name = "FILE")]
    pub(crate) mapping: Vec<PathBuf>,
    /// Ask this language model what nobody embedded is sure about: NAME of an [llm.NAME] in the settings
    #[arg(long, value_name = "NAME")]
    pub(crate) llm: Option<String>,
    /// Ask nobody outside: what services said before is used all the same
    #[arg(long, conflicts_with = "llm")]
    pub(crate) offline: bool,
    /// Say what asking would take and cost, and ask nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Threads to work on [default: one per core]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
    /// Say nothing but errors
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Tell progress on standard error as JSON, one object a line
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) json_progress: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchfire serve                                      on this machine only, without tokens
  watchfire serve --llm fast --intel lists/            with a model, and with lists
  curl --data-binary @alerts.json http://127.0.0.1:8750/api/v1/alerts
  watchfire token new siem --scope write && watchfire serve --listen 0.0.0.0:8750")]
pub(crate) struct Serve {
    /// Where to listen [default: 127.0.0.1:8750]; elsewhere than on loopback a token is needed
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// Intelligence lists: files or folders, besides those in the settings
    #[arg(long, value_name = "PATH")]
    pub(crate) intel: Vec<PathBuf>,
    /// Mapping files for other JSON and CSV formats, besides those in the settings
    #[arg(long, value_name = "FILE")]
    pub(crate) mapping: Vec<PathBuf>,
    /// Ask this language model what nobody embedded is sure about: NAME of an [llm.NAME] in the settings
    #[arg(long, value_name = "NAME")]
    pub(crate) llm: Option<String>,
    /// Log as JSON, one object a line
    #[arg(long)]
    pub(crate) json_logs: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token, and show it this once
    New {
        /// Whose it is
        name: String,
        /// What it may do; several with commas
        #[arg(long, value_name = "SCOPE", value_delimiter = ',', default_value = "read,write")]
        scope: Vec<ScopeName>,
        /// Requests that it may make in a minute; 0 for as many as it likes [default: 60, or what the settings say]
        #[arg(long, value_name = "N")]
        per_minute: Option<u32>,
    },
    /// Show the tokens that were made
    List {
        /// As JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Revoke every token of this name
    Revoke {
        /// Whose
        name: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScopeName {
    /// Look
    Read,
    /// Send alerts, decide
    Write,
    /// Drop what is kept
    Admin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Every alert, one JSON object a line
    Ndjson,
    /// Every alert as an OCSF Detection Finding
    Ocsf,
    /// Every alert in Elastic Common Schema
    Ecs,
    /// Every alert as a row
    Csv,
    /// The analysis as a page
    Html,
    /// The analysis as Markdown
    Md,
}

#[derive(Debug, Args)]
pub(crate) struct Report {
    /// Which run [default: the last one]
    pub(crate) run: Option<i64>,
    /// Write to this file; its ending tells the format (.html, .md, .json)
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// What to write
    #[arg(long, short, value_name = "FORMAT")]
    pub(crate) format: Option<ReportFormat>,
    /// Findings to show on the terminal
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub(crate) top: usize,
    /// Leave out findings that are less severe, on the terminal
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    pub(crate) min_severity: Option<Severity>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// As on the terminal
    Text,
    /// A page
    Html,
    /// Markdown
    Md,
    /// One JSON object
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Decide {
    /// The alert's id, such as 5f3a9c01be-1532
    pub(crate) alert: String,
    /// true_positive, suspicious, benign_positive, false_positive, insufficient_data or duplicate
    #[arg(value_parser = verdict)]
    pub(crate) verdict: Verdict,
    /// Why, for whoever asks later
    #[arg(long, default_value = "")]
    pub(crate) reason: String,
    /// Who decides
    #[arg(long, env = "USER", default_value = "analyst", hide_env_values = true)]
    pub(crate) analyst: String,
}

#[derive(Debug, Args)]
pub(crate) struct Cost {
    /// Only the last so many days
    #[arg(long, value_name = "N")]
    pub(crate) days: Option<u16>,
    /// Alerts a day to project the cost of
    #[arg(long, value_name = "N", default_value_t = 500)]
    pub(crate) alerts_per_day: u32,
    /// As one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Learn {
    /// Forget what was said of this rule so far, as the list names it
    #[arg(long, value_name = "RULE", conflicts_with = "forget_all")]
    pub(crate) forget: Option<String>,
    /// Forget everything that was said so far
    #[arg(long)]
    pub(crate) forget_all: bool,
    /// How many rules to show, the best known first
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub(crate) top: usize,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Stored verdicts stay as they are. Exit status is 0 whatever the model says now.")]
pub(crate) struct Verify {
    /// How many stored verdicts to draw, each as likely as any other
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) sample: u32,
    /// Draw those that this number draws [default: others each time]
    #[arg(long, value_name = "S")]
    pub(crate) seed: Option<u64>,
    /// The model to ask: NAME of an [llm.NAME] in the settings [default: the only one there is]
    #[arg(long, value_name = "NAME")]
    pub(crate) llm: Option<String>,
    /// As one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    /// Say what asking would take and cost, and ask nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Dead {
    /// Show the records that wait, oldest first
    List {
        /// How many
        #[arg(long, default_value_t = 50, value_name = "N")]
        limit: usize,
        /// As JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Try again to read and judge them
    Replay {
        /// Mapping files, besides those in the settings
        #[arg(long, value_name = "FILE")]
        mapping: Vec<PathBuf>,
        /// Ask this language model what nobody embedded is sure about: NAME of an [llm.NAME] in the settings
        #[arg(long, value_name = "NAME")]
        llm: Option<String>,
        /// Ask nobody outside
        #[arg(long, conflicts_with = "llm")]
        offline: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum IntelCommand {
    /// Say who says what of a value
    Lookup {
        /// Addresses, domains, URLs, hashes or CVE ids; defanged forms are understood
        #[arg(required = true)]
        values: Vec<String>,
        /// Lists: files or folders, besides those in the settings
        #[arg(long, value_name = "PATH")]
        intel: Vec<PathBuf>,
        /// Ask the services in the settings, where no answer of theirs still holds
        #[arg(long)]
        ask: bool,
    },
    /// Show the lists that are loaded
    Lists {
        /// Lists: files or folders, besides those in the settings
        #[arg(long, value_name = "PATH")]
        intel: Vec<PathBuf>,
    },
}

fn severity(text: &str) -> Result<Severity, String> {
    let known = Severity::from_word(text).filter(|severity| *severity != Severity::Unknown);
    known.ok_or_else(|| "informational, low, medium, high, critical or fatal".to_owned())
}

fn verdict(text: &str) -> Result<Verdict, String> {
    let known = Verdict::from_name(&text.replace('-', "_"));
    known.ok_or_else(|| {
        "true_positive, suspicious, benign_positive, false_positive, insufficient_data or duplicate"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::Arguments::command().debug_assert();
    }
}
