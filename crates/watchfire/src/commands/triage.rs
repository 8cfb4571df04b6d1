//! `watchfire triage`

use super::judging::{Askable, Judging, Materials};
use crate::cli::{Common, Format, Triage as Arguments};
use crate::config::load;
use crate::exit::{Problem, Status};
use crate::{report, terminal};
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;
use watchfire_engine::{Input, Output, Summary};
use watchfire_judge::tame;
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
    plan.probe()?;
    let location = settings.location(common.store.as_deref())?;
    let store = Store::open(&location)?;
    let jobs = command.jobs.or(settings.triage.jobs).map(usize::from);
    let judging = Judging::new(
        settings,
        &store,
        Materials { ground, mappings, intel },
        &Askable { llm: command.llm.as_deref(), offline: command.offline, dry_run: command.dry_run },
        terminal::ProgressMode::choose(command.quiet, command.json_progress),
        jobs.unwrap_or_else(|| available_parallelism().map_or(1, usize::from)),
    )?;
    let mut writer = plan.open()?;
    let min_severity = command.min_severity.unwrap_or(Severity::Unknown);
    let output = plan
        .alerts
        .zip(writer.as_mut())
        .map(|(format, writer)| (Output { format, min_severity }, &mut **writer as &mut (dyn Write + Send)));
    let mut summary = judging.run(inputs, output)?;
    summary.store = location.to_string();
    drop(writer);
    finish(command, &plan, &store, &summary)
}

/// Writes what was asked for, and says where it is.
fn finish(command: &Arguments, plan: &Plan, store: &Store, summary: &Summary) -> Result<Status, Problem> {
    let json = serde_json::to_string(summary)
        .map_err(|error| Problem::from_error(Status::Failed, &error, "this is a bug: please report it"))?;
    let started = watchfire_signal::Timestamp::parse(&summary.started_at)
        .map_or(0, watchfire_signal::Timestamp::as_millis);
    let run = store.put_run(started, &json)?;
    if let Some(target) = &plan.analysis {
        let pretty = serde_json::to_string_pretty(summary).unwrap_or(json);
        target.write((pretty + "\n").as_bytes())?;
    }
    let text = match plan.report {
        Some(Format::Html) => Some(report::html(summary)),
        Some(_) => Some(report::markdown(summary)),
        None => None,
    };
    if let Some(text) = text {
        plan.out.write(text.as_bytes())?;
    }
    if !command.quiet {
        let stdout_is_taken = plan.results_to_stdout() || plan.analysis_to_stdout();
        let view = terminal::View {
            top: command.top,
            min_severity: command.min_severity.unwrap_or(Severity::Unknown),
            ..if stdout_is_taken { terminal::View::of_stderr() } else { terminal::View::of_stdout(true) }
        };
        let mut text = terminal::summary(summary, &view);
        text.push_str(&terminal::whereabouts(
            summary,
            run,
            plan.out.file(),
            plan.analysis.as_ref().and_then(Target::file),
            &view,
        ));
        if stdout_is_taken {
            terminal::write_err(&text);
        } else {
            terminal::write_out(text.as_bytes())?;
        }
    }
    for input in summary.inputs.iter().filter(|input| !input.error.is_empty()) {
        terminal::problem(&Problem::new(
            Status::Failed,
            format!("{}: {}", input.name, input.error),
            &input.hint,
        ));
    }
    Ok(status(summary))
}

/// Inputs that could not be opened outrank dead letters: nothing of them was judged. What was opened has a compression,
/// even if not a byte could be read then.
fn status(summary: &Summary) -> Status {
    let unopened =
        |input: &&watchfire_engine::InputSummary| !input.error.is_empty() && input.compression.is_empty();
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
    /// Where alerts or the report go.
    out: Target,
    /// Where the analysis goes as JSON.
    analysis: Option<Target>,
}

/// A place to write to.
pub(super) enum Target {
    Stdout,
    File(PathBuf),
}

impl Target {
    /// `-` is standard output, as it is standard input among the files to read.
    pub(super) fn of(path: &Path) -> Self {
        if path.as_os_str() == "-" { Self::Stdout } else { Self::File(path.to_owned()) }
    }

    fn file(&self) -> Option<&Path> {
        match self {
            Self::Stdout => None,
            Self::File(path) => Some(path),
        }
    }

    pub(super) fn write(&self, bytes: &[u8]) -> Result<(), Problem> {
        match self {
            Self::Stdout => terminal::write_out(bytes),
            Self::File(path) => terminal::write_file(path, bytes),
        }
    }

    /// Tries whether the file can be written, without touching what it holds. Pipes and devices are left alone: whoever
    /// reads a pipe would take the end of the trial for the end of the results.
    pub(super) fn probe(&self, option: &str) -> Result<(), Problem> {
        let Self::File(path) = self else { return Ok(()) };
        if path.metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir()) {
            return Ok(());
        }
        let tried = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        tried.map(drop).map_err(|error| not_writable(path, option, &error))
    }
}

fn not_writable(path: &Path, option: &str, error: &std::io::Error) -> Problem {
    Problem::usage(
        format!("can't write {}: {error}", terminal::path_name(path)),
        format!("{option} names a file in a folder that exists"),
    )
}

impl Plan {
    fn of(command: &Arguments) -> Result<Self, Problem> {
        let ending =
            command.out.as_deref().and_then(|path| path.extension()?.to_str()).map(str::to_ascii_lowercase);
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
        let plan = Self {
            alerts,
            report,
            out: command.out.as_deref().map_or(Target::Stdout, Target::of),
            analysis: command.summary_json.as_deref().map(Target::of),
        };
        if plan.results_to_stdout() && plan.analysis_to_stdout() {
            return Err(Problem::usage(
                "two things would go to standard output: the results and the analysis of --summary-json",
                "name a file for one of them: --out FILE or --summary-json FILE",
            ));
        }
        Ok(plan)
    }

    fn results_to_stdout(&self) -> bool {
        self.out.file().is_none() && (self.alerts.is_some() || self.report.is_some())
    }

    fn analysis_to_stdout(&self) -> bool {
        matches!(self.analysis, Some(Target::Stdout))
    }

    /// Finds out before the work what can't be written after it.
    fn probe(&self) -> Result<(), Problem> {
        self.out.probe("--out")?;
        self.analysis.as_ref().map_or(Ok(()), |target| target.probe("--summary-json"))
    }

    /// Opens what alerts are written to.
    fn open(&self) -> Result<Option<Box<dyn Write + Send>>, Problem> {
        if self.alerts.is_none() {
            return Ok(None);
        }
        match &self.out {
            Target::Stdout => Ok(Some(Box::new(BufWriter::new(std::io::stdout())))),
            Target::File(path) => {
                let file = File::create(path).map_err(|error| not_writable(path, "--out", &error))?;
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
            let shown = tame(file, 300);
            let found =
                glob::glob(file).map_err(|error| Problem::usage(format!("{shown}: {error}"), hint))?;
            let mut found: Vec<PathBuf> =
                found.filter_map(Result::ok).filter(|path| path.is_file()).collect();
            if found.is_empty() {
                return Err(Problem::usage(format!("{shown}: no file matches"), hint));
            }
            found.sort();
            inputs.extend(found.into_iter().map(Input::File));
        } else {
            inputs.push(Input::File(path));
        }
    }
    Ok(inputs)
}
