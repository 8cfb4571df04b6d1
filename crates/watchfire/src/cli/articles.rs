//! Commands for feeds, articles, and those who read them.

use super::severity;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;
use watchfire_signal::Severity;

/// `watchfire feeds`
#[derive(Debug, Subcommand)]
pub(crate) enum FeedsCommand {
    /// Add a feed: RSS, Atom or JSON Feed; `watchfire serve` and `feeds run` read it
    Add(AddFeed),
    /// Show the feeds, and how they stand
    List {
        /// As JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Take a feed away, with its articles
    Remove {
        /// Its number, or the address that it was added by
        feed: String,
    },
    /// Ask the feeds whose time has come, once, and show what came of it
    Run {
        /// Ask all of them
        #[arg(long)]
        all: bool,
        /// As JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Add the feeds of a list that another reader exported (OPML)
    Import {
        /// The list
        file: PathBuf,
    },
    /// Write the feeds as a list for other readers (OPML), to standard output
    Export,
    /// Take in feeds and pages that are files: RSS, Atom, JSON Feed, HTML
    #[command(after_help = "Examples:
  watchfire feeds ingest saved-feed.xml report.html
  watchfire feeds ingest --limit 50 archive/")]
    Ingest {
        /// Files, or folders of them
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Articles that are taken of each feed, the latest
        #[arg(long, value_name = "N", default_value_t = 10_000)]
        limit: usize,
    },
}

/// `watchfire feeds add`
#[derive(Debug, Args)]
pub(crate) struct AddFeed {
    /// Its address
    pub(crate) url: String,
    /// What to call it [default: what it calls itself]
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) title: String,
    /// A folder to put it under
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) folder: String,
    /// Articles that are taken of it each time, the latest [default: 500, or what the settings say]
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Fetch the pages of articles of which it has only the beginning
    #[arg(long)]
    pub(crate) full_text: bool,
    /// Its host is in a network that is not public
    #[arg(long)]
    pub(crate) allow_private: bool,
    /// What its articles count for readers, 0.25 to 2
    #[arg(long, value_name = "WEIGHT", value_parser = weight)]
    pub(crate) weight: Option<f32>,
}

/// `watchfire articles`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchfire articles                                the latest
  watchfire articles --user anna                    what matters to anna, and why
  watchfire articles --entity cve:CVE-2024-3400     what names it
  watchfire articles --country UA --min-severity high --json")]
pub(crate) struct ArticlesCommand {
    /// Whose relevance counts: somebody with a profile
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// In which order [default: relevance with --user, else published]
    #[arg(long, value_name = "ORDER")]
    pub(crate) sort: Option<Sort>,
    /// Leave out what is less severe
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    pub(crate) min_severity: Option<Severity>,
    /// Leave out what matters less, 0 to 1000
    #[arg(long, value_name = "SCORE", default_value_t = 0)]
    pub(crate) min_score: u16,
    /// What names this: KIND:VALUE, such as cve:CVE-2024-3400 or actor:APT28
    #[arg(long, value_name = "KIND:VALUE")]
    pub(crate) entity: Option<String>,
    /// What is about a place in this country, by its ISO code
    #[arg(long, value_name = "CODE")]
    pub(crate) country: Option<String>,
    /// How many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub(crate) limit: u32,
    /// As JSON, one object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sort {
    /// What matters most to the user first
    Relevance,
    /// The most severe first
    Severity,
    /// The latest first
    Published,
}

/// `watchfire profile`
#[derive(Debug, Subcommand)]
pub(crate) enum ProfileCommand {
    /// Give somebody a profile, and score the articles that are there by it
    Put {
        /// A TOML or JSON file: docs/profile.example.toml shows every key
        file: PathBuf,
    },
    /// Show those who have one
    List,
    /// Show a profile, as JSON
    Show {
        /// Whose
        user: String,
    },
    /// Take a profile away, with what was learned of its user
    Remove {
        /// Whose
        user: String,
    },
}

fn weight(text: &str) -> Result<f32, String> {
    let known = text.parse().ok().filter(|weight| (0.25..=2.0).contains(weight));
    known.ok_or_else(|| "between 0.25 and 2".to_owned())
}
