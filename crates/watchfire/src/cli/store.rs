//! `watchfire store copy`, `watchfire store verify`

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Bring all records of a store into another one, and compare them record by record
    Copy(Stores),
    /// Compare two stores record by record
    Verify(Stores),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  watchfire store copy watchfire.db postgres           into the server of [postgres] in the settings
  watchfire store verify watchfire.db postgres         whether they are the same
  watchfire store copy postgres back.db                and back to one machine

Nothing else may write to either store meanwhile. A copy that was interrupted goes on when it is started again.
Exit status is 1 where the two differ.")]
pub(crate) struct Stores {
    /// The store that is read: a file, `postgres` for the server in the settings, or its address
    #[arg(value_name = "FROM")]
    pub(crate) from: String,
    /// The store that is compared, or filled: a file, `postgres`, or an address
    #[arg(value_name = "TO")]
    pub(crate) to: String,
    /// Say nothing but errors and the result
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// The result as one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}
