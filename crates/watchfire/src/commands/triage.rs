//! `watchfire triage`

use crate::cli::{Common, Format, Triage as Arguments};
use crate::config::{Settings, load};
use crate::exit::{Problem, Status};
use crate::{report, terminal};
use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::thread::available_parallelism;
use watchfire_engine::{Input, Output, Progress, ReputationCache, Summary, Triage, triage};
use watchfire_flow::SystemClock;
use watchfire_signal::Severity;
use watchfire_signal::write::OutputFormat;
use watchfire_store::Store;

pub(super) fn run(common: &Common, command: &Arguments) -> Result<Status, Problem> {
    let loaded = load(common.config.as_deref())?;
    let settings = &loaded.settings;
    let inputs = inputs(&command.files)?;
    let plan = Plan::of(command)?;
    let mappings = settings.mappings(&command.mapping)?;
    let (ground, rule_problems) = settings.ground()?;
    let (intel, list_problems) = settings.intel(&command.intel);
    if !command.quiet {
        terminal::rule_problems(&rule_problems);
        terminal::list_problems(&list_problems);
    }
    let location = settings.location(common.store.as_deref())?;
    let store = Store::open(&location)?;
    let reputations = ReputationCache::open(intel, &store)?;
    let history = Settings::history(&store)?;
    let clock = SystemClock::new();
    let progress = Progress::new();
    let mut writer = plan.open()?;
    let jobs = command.jobs.or(settings.triage.jobs).map(usize::from);
    let min_severity = command.min_severity.unwrap_or(Severity::Unknown);

    let mode = terminal::ProgressMode::choose(command.quiet, command.json_progress);
    let outcome = terminal::with_progress(mode, &progress, &reputations, || {
        triage(Triage {
            inputs,
            jobs: jobs.unwrap_or_else(|| available_parallelism().map_or(1, usize::from)),
            limits: settings.limits(),
            mappings,
            ground,
            history,
            reputations: &reputations,
            store: &store,
            keep_raw: settings.store.keep_raw,
            output: plan.alerts.zip(writer.as_mut()).map(|(format, writer)| {
                (Output { format, min_severity }, writer as &mut (dyn Write + Send))
            }),
            clock: &clock,
            progress: &progress,
        })
    });
    let mut summary = outcome?;
    summary.store = location.to_string();
    drop(writer);
    finish(command, &plan, &store, &summary)
}

/// Writes what was asked for, and says where it is.
fn finish(command: &Arguments, plan: &Plan, store: &Store, summary: &Summary) -> Result<Status, Problem> {
    let json = serde_json::to_string(summary)
        .map_err(|error| Problem::from_error(Status::Failed, &error, "this is a bug: please report it"))?;
    let started = watchfire_signal::Timestamp::parse(&summary.started_at).map_or(0, watchfire_signal::Timestamp::as_millis);
    let run = store.put_run(started, &json)?;
    if let Some(path) = &command.summary_json {
        let pretty = serde_json::to_string_pretty(summary).unwrap_or(json);
        terminal::write_file(path, (pretty + "\n").as_bytes())?;
    }
    let text = match plan.report {
        Some(Format::Html) => Some(report::html(summary)),
        Some(_) => Some(report::markdown(summary)),
        None => None,
    };
    if let Some(text) = text {
        match &plan.out {
            Some(path) => terminal::write_file(path, text.as_bytes())?,
            None => terminal::write_out(text.as_bytes())?,
        }
    }
    if !command.quiet {
        let stdout_is_taken = plan.out.is_none() && (plan.alerts.is_some() || plan.report.is_some());
        let view = terminal::View {
            top: command.top,
            min_severity: command.min_severity.unwrap_or(Severity::Unknown),
            ..if stdout_is_taken { terminal::View::of_stderr() } else { terminal::View::of_stdout(true) }
        };
        let mut text = terminal::summary(summary, &view);
        text.push_str(&terminal::whereabouts(summary, run, plan.out.as_deref(), command.summary_json.as_deref(), &view));
        if stdout_is_taken {
            terminal::write_err(&text);
        } else {
            terminal::write_out(text.as_bytes())?;
        }
    }
    for input in summary.inputs.iter().filter(|input| !input.error.is_empty()) {
        terminal::problem(&Problem::new(Status::Failed, format!("{}: {}", input.name, input.error), &input.hint));
    }
    Ok(status(summary))
}

/// Inputs that could not be opened outrank dead letters: nothing of them was judged.
fn status(summary: &Summary) -> Status {
    let unopened = |input: &&watchfire_engine::InputSummary| !input.error.is_empty() && input.bytes == 0;
    let unopened = summary.inputs.iter().filter(unopened).count();
    if unopened > 0 && unopened == summary.inputs.len() {
        Status::Usage
    } else if unopened > 0 {
        Status::Failed
    } else if summary.dead > 0 || summary.inputs.iter().any(|input| !input.error.is_empty()) {
        Status::DeadLetters
    } else {
        Status::Done
    }
}

/// What is written where.
struct Plan {
    /// Every alert, in this format.
    alerts: Option<OutputFormat>,
    /// The analysis, in this format.
    report: Option<Format>,
    /// To this file; to standard output if there is none.
    out: Option<PathBuf>,
}

impl Plan {
    fn of(command: &Arguments) -> Result<Self, Problem> {
        let ending = command.out.as_deref().and_then(|path| path.extension()?.to_str()).map(str::to_ascii_lowercase);
        let format = match (command.format, ending.as_deref()) {
            (Some(format), _) => Some(format),
            (None, Some("html" | "htm")) => Some(Format::Html),
            (None, Some("md" | "markdown")) => Some(Format::Md),
            (None, Some("csv")) => Some(Format::Csv),
            (None, Some("ndjson" | "jsonl" | "json")) => Some(Format::Ndjson),
            (None, _) if command.out.is_some() => {
                return Err(Problem::usage(
                    "the ending of --out does not tell a format",
                    "add --format html, md, csv, ndjson, ocsf or ecs",
                ));
            }
            (None, _) => None,
        };
        let (alerts, report) = match format {
            None => (None, None),
            Some(Format::Ndjson) => (Some(OutputFormat::Ndjson), None),
            Some(Format::Ocsf) => (Some(OutputFormat::Ocsf), None),
            Some(Format::Ecs) => (Some(OutputFormat::Ecs), None),
            Some(Format::Csv) => (Some(OutputFormat::Csv), None),
            Some(report @ (Format::Html | Format::Md)) => (None, Some(report)),
        };
        Ok(Self { alerts, report, out: command.out.clone() })
    }

    /// Opens what alerts are written to.
    fn open(&self) -> Result<Option<Box<dyn Write + Send>>, Problem> {
        if self.alerts.is_none() {
            return Ok(None);
        }
        match &self.out {
            None => Ok(Some(Box::new(BufWriter::new(std::io::stdout())))),
            Some(path) => {
                let file = File::create(path).map_err(|error| {
                    Problem::new(
                        Status::Usage,
                        format!("can't write {}: {error}", path.display()),
                        "--out names a file in a folder that exists",
                    )
                })?;
                Ok(Some(Box::new(BufWriter::with_capacity(1 << 20, file))))
            }
        }
    }
}

/// The inputs that the arguments name. A glob that the shell left alone is expanded here.
fn inputs(files: &[String]) -> Result<Vec<Input>, Problem> {
    let mut inputs = Vec::new();
    for file in files {
        let path = PathBuf::from(file);
        if file == "-" {
            if std::io::stdin().is_terminal() {
                terminal::note("reading alerts from the terminal; end with Ctrl-D");
            }
            inputs.push(Input::Stdin);
        } else if file.contains(['*', '?', '[']) && !path.exists() {
            let hint = "globs look like logs/*.json or logs/**/*.gz";
            let found = glob::glob(file).map_err(|error| Problem::usage(format!("{file}: {error}"), hint))?;
            let mut found: Vec<PathBuf> = found.filter_map(Result::ok).filter(|path| path.is_file()).collect();
            if found.is_empty() {
                return Err(Problem::usage(format!("{file}: no file matches"), hint));
            }
            found.sort();
            inputs.extend(found.into_iter().map(Input::File));
        } else {
            inputs.push(Input::File(path));
        }
    }
    Ok(inputs)
}
