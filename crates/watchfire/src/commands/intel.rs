//! `watchfire intel lookup`, `watchfire intel lists`

use crate::cli::{Common, IntelCommand};
use crate::config::load;
use crate::exit::{Problem, Status};
use crate::terminal;
use watchfire_intel::{Intel, classify};
use watchfire_judge::tame;
use watchfire_signal::IndicatorKind;

pub(super) fn run(common: &Common, command: &IntelCommand) -> Result<Status, Problem> {
    let loaded = load(common.config.as_deref())?;
    let more = match command {
        IntelCommand::Lookup { intel, .. } | IntelCommand::Lists { intel } => intel,
    };
    let (intel, problems) = loaded.settings.intel(more);
    terminal::list_problems(&problems);
    if !intel.has_lists() {
        return Err(Problem::usage(
            "there are no lists to ask",
            "name some with --intel PATH, or in the settings: [[intel.lists]] path = \"…\"",
        ));
    }
    match command {
        IntelCommand::Lookup { values, .. } => lookup(&intel, values),
        IntelCommand::Lists { .. } => lists(&intel),
    }
}

fn lookup(intel: &Intel, values: &[String]) -> Result<Status, Problem> {
    let mut text = String::new();
    let mut status = Status::Done;
    for value in values {
        let shown = tame(value, 120);
        let Some(indicator) = classify(value) else {
            text.push_str(&format!("{shown}: not an address, domain, URL, hash or CVE id\n"));
            status = Status::Usage;
            continue;
        };
        let opinion = intel.lookup(indicator);
        let disputed = if opinion.is_disputed() { " (disputed)" } else { "" };
        text.push_str(&format!(
            "{shown} ({}): {}{disputed}\n",
            indicator.kind.name(),
            terminal::words(opinion.reputation().name())
        ));
        for statement in intel.explain(indicator) {
            let when = statement.when.map_or(String::new(), |when| format!(", {}", &when.to_string()[..10]));
            let evidence =
                statement.evidence.map_or(String::new(), |evidence| format!(" – {}", tame(&evidence, 160)));
            text.push_str(&format!(
                "  {:<10} {} says {}{}{when}\n",
                terminal::words(statement.reputation.name()),
                tame(&statement.source, 120),
                if statement.entry.is_empty() { "nothing".to_owned() } else { tame(&statement.entry, 160) },
                evidence,
            ));
        }
    }
    terminal::write_out(text.as_bytes())?;
    Ok(status)
}

fn lists(intel: &Intel) -> Result<Status, Problem> {
    let mut text = String::new();
    for list in intel.stats().lists {
        let entries: Vec<String> = IndicatorKind::ALL
            .into_iter()
            .filter(|&kind| list.entries(kind) > 0)
            .map(|kind| format!("{} {}", terminal::grouped(list.entries(kind)), kind.name()))
            .collect();
        let said =
            list.failure.clone().map_or_else(|| entries.join(", "), |failure| format!("failed: {failure}"));
        let age = list.modified.map_or(String::new(), |when| format!(", {}", &when.to_string()[..10]));
        text.push_str(&format!("{:<40} {}{age}\n", tame(&list.name, 40), tame(&said, 200)));
    }
    terminal::write_out(text.as_bytes())?;
    Ok(Status::Done)
}
