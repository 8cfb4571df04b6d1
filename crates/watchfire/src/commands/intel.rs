//! `watchfire intel lookup`, `watchfire intel lists`

use super::services;
use crate::cli::{Common, IntelCommand};
use crate::config::{Settings, load};
use crate::exit::{Problem, Status};
use crate::terminal;
use std::sync::Arc;
use watchfire_engine::{EnrichProgress, ReputationCache, Wanted};
use watchfire_flow::{Clock, SystemClock};
use watchfire_intel::{Intel, classify};
use watchfire_judge::tame;
use watchfire_signal::{IndicatorKind, Reputation};
use watchfire_store::{Location, Store};

pub(super) fn run(common: &Common, command: &IntelCommand) -> Result<Status, Problem> {
    let loaded = load(common.config.as_deref())?;
    let settings = &loaded.settings;
    let more = match command {
        IntelCommand::Lookup { intel, .. } | IntelCommand::Lists { intel } => intel,
    };
    let (intel, problems) = settings.intel(more);
    terminal::list_problems(&problems);
    let has_services = !settings.intel.services.is_empty();
    let nobody = |what: &str| {
        Problem::usage(
            what,
            "name lists with --intel PATH, or lists and services in the settings: see docs/intel.md",
        )
    };
    match command {
        IntelCommand::Lists { .. } if !intel.has_lists() => Err(nobody("there are no lists to show")),
        IntelCommand::Lists { .. } => lists(&intel),
        IntelCommand::Lookup { ask: true, .. } if !has_services => {
            Err(nobody("--ask: there are no services in the settings"))
        }
        IntelCommand::Lookup { values, ask, .. } => {
            let store = store(settings, common, has_services)?;
            if !intel.has_lists() && !has_services && !store.has_service_answers()? {
                return Err(nobody(
                    "there are no lists, no services, and no articles that warned of anything",
                ));
            }
            lookup(&known(settings, &store, intel, values, *ask)?, values, *ask)
        }
    }
}

/// The store: what services and articles said is kept in it, and what services allow is counted. Lists need none, so
/// none is made for them.
fn store(settings: &Settings, common: &Common, has_services: bool) -> Result<Store, Problem> {
    let is_there = |location: &Location| match location {
        Location::File(path) => path.is_file(),
        Location::Memory => false,
    };
    match settings.location(common.store.as_deref()) {
        Ok(location) if has_services || is_there(&location) => Ok(Store::open(&location)?),
        Err(problem) if has_services => Err(problem),
        _ => Ok(Store::open(&Location::Memory)?),
    }
}

/// What is known of the values, after services were asked if they are to be.
fn known(
    settings: &Settings,
    store: &Store,
    intel: Intel,
    values: &[String],
    ask: bool,
) -> Result<ReputationCache, Problem> {
    let reputations = ReputationCache::open(intel, store)?;
    if settings.intel.services.is_empty() && !store.has_service_answers()? {
        return Ok(reputations);
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let now = clock.unix_millis();
    let reputations = reputations.with_services(store, now)?;
    let enricher =
        if ask { services::enricher(settings, u64::try_from(now).unwrap_or(0), false)? } else { None };
    if let Some(enricher) = enricher {
        let wanted = Wanted::new();
        for indicator in values.iter().filter_map(|value| classify(value)) {
            wanted.add(indicator, 100);
        }
        let progress = EnrichProgress::new();
        let mode = terminal::ProgressMode::choose(false, false);
        terminal::with_enrich_progress(mode, &progress, || {
            enricher.ask(store, &reputations, &wanted, &clock, &progress)
        })?;
    }
    Ok(reputations)
}

fn lookup(reputations: &ReputationCache, values: &[String], asked: bool) -> Result<Status, Problem> {
    let mut text = String::new();
    let mut status = Status::Done;
    for value in values {
        let shown = tame(value, 120);
        let Some(indicator) = classify(value) else {
            text.push_str(&format!("{shown}: not an address, domain, URL, hash or CVE id\n"));
            status = Status::Usage;
            continue;
        };
        let opinion = reputations.opinion(indicator);
        let disputed = if opinion.is_disputed() { " (disputed)" } else { "" };
        text.push_str(&format!(
            "{shown} ({}): {}{disputed}\n",
            indicator.kind.name(),
            terminal::words(opinion.reputation().name())
        ));
        if asked && opinion.is_incomplete() && status == Status::Done {
            status = Status::Failed;
        }
        for statement in reputations.statements(indicator) {
            let when = statement.when.map_or(String::new(), |when| format!(", {}", &when.to_string()[..10]));
            let evidence =
                statement.evidence.map_or(String::new(), |evidence| format!(" – {}", tame(&evidence, 160)));
            let source = tame(&statement.source, 120);
            let said = match (statement.reputation, statement.entry.is_empty()) {
                (Reputation::Failed | Reputation::Limited, _) => format!("{source} did not answer"),
                (_, true) => format!("{source} says nothing"),
                (_, false) => format!("{source} says {}", tame(&statement.entry, 160)),
            };
            text.push_str(&format!(
                "  {:<10} {said}{evidence}{when}\n",
                terminal::words(statement.reputation.name())
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
