//! `watchfire report`

use crate::cli::{Common, Report, ReportFormat};
use crate::config::load;
use crate::exit::{Problem, Status};
use crate::{report, terminal};
use std::path::Path;
use watchfire_engine::Summary;
use watchfire_signal::Severity;

pub(super) fn run(common: &Common, command: &Report) -> Result<Status, Problem> {
    let loaded = load(common.config.as_deref())?;
    let out = command.out.as_deref().filter(|path| path.as_os_str() != "-");
    let format = format(command.format, out)?;
    let store = loaded.settings.existing_store(common.store.as_deref())?;
    let Some(run) = store.run(command.run)? else {
        return Err(match command.run {
            Some(number) => Problem::usage(
                format!("there is no run {number} in this store"),
                "leave the number out for the last run",
            ),
            None => Problem::usage("there is no run in this store yet", "watchfire triage FILE makes one"),
        });
    };
    let summary: Summary = serde_json::from_str(&run.summary).map_err(|error| {
        Problem::from_error(Status::Failed, &error, "was the run made by a newer version of Watchfire?")
    })?;
    let text = match format {
        ReportFormat::Html => report::html(&summary),
        ReportFormat::Md => report::markdown(&summary),
        ReportFormat::Json => run.summary + "\n",
        ReportFormat::Text => {
            let view = terminal::View {
                top: command.top,
                min_severity: command.min_severity.unwrap_or(Severity::Unknown),
                ..terminal::View::of_stdout(out.is_none())
            };
            terminal::summary(&summary, &view)
        }
    };
    match out {
        Some(path) => {
            terminal::write_file(path, text.as_bytes())?;
            terminal::note(&format!("written to {}", terminal::path_name(path)));
        }
        None => terminal::write_out(text.as_bytes())?,
    }
    Ok(Status::Done)
}

/// What was asked for, or what the file's ending tells.
fn format(named: Option<ReportFormat>, out: Option<&Path>) -> Result<ReportFormat, Problem> {
    if let Some(format) = named {
        return Ok(format);
    }
    let Some(path) = out else { return Ok(ReportFormat::Text) };
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    match ending.as_deref() {
        Some("html" | "htm") => Ok(ReportFormat::Html),
        Some("md" | "markdown") => Ok(ReportFormat::Md),
        Some("json") => Ok(ReportFormat::Json),
        Some("txt") => Ok(ReportFormat::Text),
        _ => Err(Problem::usage(
            "the ending of --out does not tell a format",
            "add --format text, html, md or json; every alert is written by `watchfire triage --out`",
        )),
    }
}
