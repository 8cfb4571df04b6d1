//! One file per command.

#[cfg(feature = "redis")]
mod answers;
mod articles;
mod asking;
mod batches;
mod capacity;
mod check;
mod cost;
mod curves;
mod dead;
mod decide;
mod delivering;
mod eval;
mod feeds;
#[cfg(feature = "kafka")]
mod forwarding;
#[cfg(not(feature = "kafka"))]
mod forwardless;
mod intel;
mod judging;
mod learn;
mod measure;
mod measuring;
mod newsroom;
mod report;
mod serve;
mod services;
mod shell;
mod store;
mod token;
mod triage;
mod verify;
mod webhooks;
#[cfg(feature = "kafka")]
mod worker;
#[cfg(not(feature = "kafka"))]
mod workerless;
#[cfg(not(feature = "kafka"))]
use forwardless as forwarding;
#[cfg(not(feature = "kafka"))]
use workerless as worker;

use crate::cli::{Arguments, Command};
use crate::exit::{Problem, Status};

/// Runs the command.
pub(crate) fn run(arguments: Arguments) -> Result<Status, Problem> {
    let common = arguments.common;
    match arguments.command {
        Command::Triage(command) => triage::run(&common, &command),
        Command::Serve(command) => serve::run(&common, &command),
        Command::Token(command) => token::run(&common, &command),
        Command::Feeds(command) => feeds::run(&common, &command),
        Command::Articles(command) => articles::run(&common, &command),
        Command::Profile(command) => articles::profile(&common, &command),
        Command::Report(command) => report::run(&common, &command),
        Command::Decide(command) => decide::run(&common, &command),
        Command::Dead(command) => dead::run(&common, &command),
        Command::Eval(command) => eval::run(&common, &command),
        Command::Intel(command) => intel::run(&common, &command),
        Command::Batches(command) => batches::run(&common, &command),
        Command::Capacity(command) => capacity::run(&command),
        Command::Cost(command) => cost::run(&common, &command),
        Command::Verify(command) => verify::run(&common, &command),
        Command::Measure(command) => measure::run(&common, &command),
        Command::Worker(command) => worker::run(&common, &command),
        Command::Learn(command) => learn::run(&common, &command),
        Command::Webhooks(command) => webhooks::run(&common, &command),
        Command::Store(command) => store::run(&common, &command),
        Command::Check => check::run(&common),
        Command::Completions { shell } => shell::completions(shell),
        Command::Man { folder } => shell::man(folder.as_deref()),
    }
}
