//! `watchfire report`

use crate::cli::{Common, Report, ReportFormat};
use crate::config::load;
use crate::exit::{Problem, Status};
use crate::{report, terminal};
use watchfire_engine::Summary;
use watchfire_signal::Severity;
use watchfire_store::Store;

pub(super) fn run(common: &Common, command: &Report) -> Result<Status, Problem> {
    let loaded = load(common.config.as_deref())?;
    let store = Store::open(&loaded.settings.location(common.store.as_deref())?)?;
    let Some(run) = store.run(command.run)? else {
        return Err(match command.run {
            Some(number) => Problem::usage(format!("there is no run {number} in this store"), "leave the number out for the last run"),
            None => Problem::usage("there is no run in this store yet", "watchfire triage FILE makes one"),
        });
    };
    let summary: Summary = serde_json::from_str(&run.summary).map_err(|error| {
        Problem::from_error(Status::Failed, &error, "was the run made by a newer version of Watchfire?")
    })?;
    let ending = command.out.as_deref().and_then(|path| path.extension()?.to_str());
    let format = command.format.or(match ending {
        Some("html" | "htm") => Some(ReportFormat::Html),
        Some("md" | "markdown") => Some(ReportFormat::Md),
        Some("json") => Some(ReportFormat::Json),
        _ => None,
    });
    let text = match format.unwrap_or(ReportFormat::Text) {
        ReportFormat::Html => report::html(&summary),
        ReportFormat::Md => report::markdown(&summary),
        ReportFormat::Json => run.summary + "\n",
        ReportFormat::Text => {
            let view = terminal::View {
                top: command.top,
                min_severity: command.min_severity.unwrap_or(Severity::Unknown),
                ..terminal::View::of_stdout(command.out.is_none())
            };
            terminal::summary(&summary, &view)
        }
    };
    match &command.out {
        Some(path) => {
            terminal::write_file(path, text.as_bytes())?;
            terminal::note(&format!("written to {}", path.display()));
        }
        None => terminal::write_out(text.as_bytes())?,
    }
    Ok(Status::Done)
}
