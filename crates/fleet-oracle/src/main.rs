//! The oracle as a program; `checks/fleet` starts it with the servers that it needs.

use clap::{Args, Parser, Subcommand};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use watchfire_fleet_oracle::error::OracleError;
use watchfire_fleet_oracle::report::Report;
use watchfire_fleet_oracle::servers::Servers;
use watchfire_fleet_oracle::settings::Limit;
use watchfire_fleet_oracle::storm::Plan;
use watchfire_fleet_oracle::strike::Strike;
use watchfire_fleet_oracle::told::Told;
use watchfire_fleet_oracle::worker::Program;
use watchfire_fleet_oracle::{race, storm};

/// Feeds several `watchfire worker`, disturbs them, and judges from outside what came of every record.
///
/// Exit status: 0 if all is sound, 1 if not, 2 if there was no run.
#[derive(Debug, Parser)]
#[command(name = "watchfire-fleet-oracle", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Strikes while records flow
    Storm(StormArguments),
    /// How fast it is, undisturbed
    Race(RaceArguments),
}

#[derive(Debug, Args)]
struct Common {
    /// Partitions of the intake topic
    #[arg(long, default_value_t = 6)]
    partitions: i32,
    /// Where all chance comes from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Seconds that the rest may take once all is fed
    #[arg(long, default_value_t = 600)]
    patience: u64,
    /// Public data sets; invented alerts without
    #[arg(long, env = "WATCHFIRE_DATA")]
    data: Option<PathBuf>,
    /// The worker's program
    #[arg(long, env = "WATCHFIRE_FLEET_WORKER", default_value = "target/release/watchfire")]
    worker: PathBuf,
    /// Where settings and logs of workers go
    #[arg(long, default_value = "target/fleet")]
    folder: PathBuf,
    /// The schema of the tables
    #[arg(long, default_value = "watchfire")]
    schema: String,
    /// What the model takes: calls, and the seconds of the window, such as 300/10
    #[arg(long, value_parser = limit)]
    limit: Option<Limit>,
    /// Write the report to this file, as JSON
    #[arg(long)]
    json: Option<PathBuf>,
    /// Say nothing while it runs
    #[arg(long)]
    quiet: bool,
}

#[derive(Debug, Args)]
struct StormArguments {
    #[command(flatten)]
    common: Common,
    /// Records to feed
    #[arg(long, default_value_t = 4000)]
    records: u64,
    /// Records a second at most; 0 is what makes the run as long as its strikes
    #[arg(long, default_value_t = 0.0)]
    rate: f64,
    /// Workers
    #[arg(long, default_value_t = 3)]
    workers: usize,
    /// Strikes by chance
    #[arg(long, default_value_t = 8)]
    strikes: usize,
    /// Strikes in this order, such as fall,add,outage:redis,outage:postgres,outage:kafka
    #[arg(long, conflicts_with = "strikes")]
    script: Option<String>,
    /// Seconds that servers and links are away: up to these by chance, these by a script
    #[arg(long, default_value_t = 4.0)]
    away: f64,
    /// Milliseconds after which a silent worker's partitions go to others
    #[arg(long, default_value_t = 6000)]
    session_ms: u64,
    /// Nobody is asked
    #[arg(long, conflicts_with = "limit")]
    no_model: bool,
}

#[derive(Debug, Args)]
struct RaceArguments {
    #[command(flatten)]
    common: Common,
    /// Records to feed
    #[arg(long, default_value_t = 100_000)]
    records: u64,
    /// Workers: 3, or 1..3 for a race with each number of them
    #[arg(long, default_value = "1..3")]
    workers: String,
}

fn limit(text: &str) -> Result<Limit, String> {
    let wrong = || "calls and seconds, such as 300/10".to_owned();
    let (requests, window) = text.split_once('/').ok_or_else(wrong)?;
    let window_s: f64 = window.parse().map_err(|_| wrong())?;
    let requests = requests.parse().ok().filter(|requests| *requests > 0).ok_or_else(wrong)?;
    if !(0.1..=86_400.0).contains(&window_s) {
        return Err(wrong());
    }
    Ok(Limit { requests, window_s })
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let told = |text: &str| {
        // A closed standard error is no reason to stop.
        let _ = writeln!(std::io::stderr(), "{text}");
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            told(&format!("error: no runtime: {error}"));
            return ExitCode::from(2);
        }
    };
    let result = runtime.block_on(async {
        let mut terminated = signal(SignalKind::terminate()).map_err(OracleError::file("signals"))?;
        tokio::select! {
            result = run(arguments.command) => result,
            _ = tokio::signal::ctrl_c() => Err(OracleError::Interrupted),
            _ = terminated.recv() => Err(OracleError::Interrupted),
        }
    });
    if matches!(result, Err(OracleError::Interrupted)) {
        // Servers that are held away are let back by whoever keeps them: they go away with it.
        if let Ok(servers) = Servers::from_environment() {
            servers.release_all();
        }
    }
    // A thread that asks a broker may take long to notice that nobody wants to know any more.
    runtime.shutdown_timeout(Duration::from_secs(1));
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            told(&format!("error: {error}"));
            ExitCode::from(2)
        }
    }
}

async fn run(command: Command) -> Result<bool, OracleError> {
    match command {
        Command::Storm(arguments) => {
            let told = Told::new(arguments.common.quiet);
            let json = arguments.common.json.clone();
            let report = storm::run(storm_plan(arguments)?, told).await?;
            show(std::slice::from_ref(&report), json.as_deref())?;
            Ok(report.findings.is_sound())
        }
        Command::Race(arguments) => {
            let json = arguments.common.json.clone();
            let quiet = arguments.common.quiet;
            let mut reports = Vec::new();
            for workers in numbers(&arguments.workers)? {
                let plan = plan(&arguments.common, arguments.records, workers);
                match race::run(plan, Told::new(quiet)).await {
                    Ok(report) => reports.push(report),
                    // What was found before is worth being seen.
                    Err(error) => {
                        show(&reports, json.as_deref())?;
                        return Err(error);
                    }
                }
            }
            show(&reports, json.as_deref())?;
            Ok(reports.iter().all(|report| report.findings.is_sound()))
        }
    }
}

/// What storm and race have in common; no strikes.
fn plan(common: &Common, records: u64, workers: usize) -> Plan {
    Plan {
        records,
        rate: 0.0,
        workers,
        partitions: common.partitions.max(1),
        seed: common.seed,
        strikes: Vec::new(),
        strikes_are_scripted: false,
        away: Duration::ZERO,
        session: Duration::from_secs(6),
        limit: common.limit,
        patience: Duration::from_secs(common.patience),
        data: common.data.clone(),
        program: Program {
            path: common.worker.clone(),
            environment: Vec::new(),
            folder: common.folder.clone(),
        },
        schema: common.schema.clone(),
    }
}

fn storm_plan(arguments: StormArguments) -> Result<Plan, OracleError> {
    let common = &arguments.common;
    if !(0.0..=3600.0).contains(&arguments.away) || arguments.workers == 0 || arguments.records == 0 {
        return Err(OracleError::Argument {
            problem: "a storm needs workers, records, and seconds that something is away".to_owned(),
            hint: "storm --records 4000 --workers 3 --strikes 8 --away 4",
        });
    }
    let strikes = if let Some(script) = &arguments.script {
        Strike::script(script)?
    } else {
        let servers = Servers::from_environment()?.all();
        let mut chance = ChaCha8Rng::seed_from_u64(common.seed);
        (0..arguments.strikes).map(|_| Strike::draw(&mut chance, &servers)).collect()
    };
    let limit = common.limit.unwrap_or(Limit { requests: 300, window_s: 10.0 });
    Ok(Plan {
        rate: arguments.rate,
        strikes_are_scripted: arguments.script.is_some(),
        strikes,
        away: Duration::from_secs_f64(arguments.away),
        session: Duration::from_millis(arguments.session_ms),
        limit: (!arguments.no_model).then_some(limit),
        ..plan(common, arguments.records, arguments.workers)
    })
}

/// `3`, or `1..3` with both ends.
fn numbers(text: &str) -> Result<Vec<usize>, OracleError> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let read = |text: &str| text.trim_start_matches('=').parse::<usize>().ok().filter(|number| *number > 0);
    match (read(first), read(last)) {
        (Some(first), Some(last)) if first <= last => Ok((first..=last).collect()),
        _ => Err(OracleError::Argument {
            problem: format!("{text:?} is no number of workers"),
            hint: "--workers 3, or --workers 1..3",
        }),
    }
}

fn show(reports: &[Report], json: Option<&Path>) -> Result<(), OracleError> {
    let mut out = std::io::stdout();
    for report in reports {
        let _ = writeln!(out, "{}", report.table());
    }
    let text = serde_json::to_string_pretty(reports).unwrap_or_default();
    match json {
        Some(path) => std::fs::write(path, text).map_err(OracleError::file(path)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Arguments, limit, numbers};
    use clap::{CommandFactory, Parser};

    #[test]
    fn the_command_line_is_as_it_is_described() {
        Arguments::command().debug_assert();
        let line = "x storm --records 9 --script fall,add --away 20 --seed 11 --limit 300/10";
        assert!(Arguments::try_parse_from(line.split(' ')).is_ok());
        assert!(Arguments::try_parse_from("x storm --script fall --strikes 3".split(' ')).is_err());
        assert_eq!(numbers("1..3").unwrap(), [1, 2, 3]);
        assert_eq!(numbers("2").unwrap(), [2]);
        assert!(numbers("0").is_err() && numbers("3..1").is_err());
        assert!(limit("300").is_err() && limit("0/1").is_err() && limit("1/0").is_err());
    }
}
