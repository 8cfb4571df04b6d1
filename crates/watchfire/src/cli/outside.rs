//! Commands for what is on its way to others: batches of questions, webhooks.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum Batches {
    /// Show those that are on their way
    List {
        /// As JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Ask the provider to cancel one; what it answered before is paid for, and read by the next run
    Cancel {
        /// Its name, as the list shows it
        name: String,
    },
}

/// `watchfire webhooks`
#[derive(Debug, Subcommand)]
pub(crate) enum Webhooks {
    /// Show what waits, and what was given up with its reason
    List {
        /// How many of each that were given up
        #[arg(long, default_value_t = 10, value_name = "N")]
        limit: usize,
        /// As JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Deliver again what was given up, after what waits
    Retry {
        /// Whose
        name: String,
    },
}
