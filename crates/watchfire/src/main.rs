//! Watchfire's command line.
//!
//! Results go to standard output, everything else to standard error. Exit status: 0 done, 1 failed, 2 wrong usage or
//! configuration, 3 done with dead letters.

mod cli;
mod commands;
mod config;
mod environment;
mod exit;
mod report;
mod telemetry;
mod terminal;

use clap::Parser;
use std::process::ExitCode;

/// Allocation is a tenth of the work of reading alerts; this allocator halves it and returns memory in time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Reads the command line, on a thread of its own: describing every command takes a megabyte, which a thread that ends gives
/// back, and a service would otherwise keep for as long as it runs.
fn arguments() -> cli::Arguments {
    std::thread::scope(|scope| {
        scope.spawn(cli::Arguments::parse).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn main() -> ExitCode {
    // A panic's message may quote the input.
    std::panic::set_hook(Box::new(|panic| {
        terminal::note(&format!("internal error: {}", watchfire_judge::tame(&panic.to_string(), 400)));
    }));
    match commands::run(arguments()) {
        Ok(status) => status.into(),
        Err(problem) => {
            terminal::problem(&problem);
            problem.status.into()
        }
    }
}
