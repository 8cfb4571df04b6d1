//! `watchfire check`

use super::forwarding;
use crate::cli::Common;
use crate::config::{Settings, load};
use crate::exit::{Problem, Status};
use crate::terminal;
use watchfire_judge::tame;
use watchfire_signal::IndicatorKind;
use watchfire_store::Store;

/// Goes through everything that a run would use, and reports what is wrong with all of it rather than with the first.
pub(super) fn run(common: &Common) -> Result<Status, Problem> {
    let loaded = load(common.config.as_deref())?;
    let settings = &loaded.settings;
    let mut problems = 0;
    let mut text = String::new();
    let mut line = |what: &str, found: String| text.push_str(&format!("{what:<10} {found}\n"));

    line(
        "settings",
        loaded
            .file
            .as_ref()
            .map_or_else(|| "none: defaults are in force".to_owned(), |path| terminal::path_name(path)),
    );
    let mut wrong = |problem: &Problem| {
        problems += 1;
        terminal::problem(problem);
    };
    match settings.ground() {
        Ok((ground, rule_problems)) => {
            line("rules", format!("{} in force, deciders' version {}", ground.rules.len(), ground.version()));
            for problem in &rule_problems {
                wrong(&Problem::usage(problem, problem.hint));
            }
        }
        Err(problem) => wrong(&problem),
    }
    match settings.mappings(&[]) {
        Ok(mappings) => line("mappings", mappings.len().to_string()),
        Err(problem) => wrong(&problem),
    }
    let (intel, list_problems) = settings.intel(&[]);
    let stats = intel.stats();
    let entries: u64 = IndicatorKind::ALL.iter().map(|&kind| stats.entries(kind)).sum();
    line("intel", format!("{} lists, {} entries", stats.lists.len(), terminal::grouped(entries)));
    for problem in &list_problems {
        let place = problem.line.map_or(String::new(), |line| format!(":{line}"));
        wrong(&Problem::usage(
            format!("{}{place}: {}", terminal::path_name(&problem.path), problem.reason),
            problem.hint,
        ));
    }
    for (name, llm) in &settings.llm {
        match llm.key(name) {
            Ok(_) => line(
                "llm",
                format!("{}: {} at {}", tame(name, 60), tame(&llm.model, 100), tame(llm.base_url(), 200)),
            ),
            Err(problem) => wrong(&problem),
        }
    }
    for (name, service) in &settings.intel.services {
        match service.key(name) {
            Ok(_) => line("service", name.clone()),
            Err(problem) => wrong(&problem),
        }
    }
    let (found, problems_of_feeds) = feeds(settings);
    line("feeds", found);
    problems_of_feeds.iter().for_each(&mut wrong);
    match settings.measurements.check_store() {
        Ok(()) => line("measures", measurements(settings)),
        Err(problem) => wrong(&problem),
    }
    for (name, webhook) in &settings.webhooks {
        match webhook.target(name) {
            Ok(target) => line(
                "webhook",
                format!(
                    "{name}: {} at {}, {} of {} and above{}",
                    target.kind.name(),
                    tame(&target.host().unwrap_or_default(), 200),
                    target.on.name(),
                    target.min_severity.name(),
                    if target.secret.is_some() { ", signed" } else { "" },
                ),
            ),
            Err(problem) => wrong(&problem),
        }
    }
    match forwarding::described(settings) {
        Ok(to) => {
            if let Some(to) = to {
                line("intake", to);
            }
        }
        Err(problem) => wrong(&problem),
    }
    match settings
        .location(common.store.as_deref())
        .and_then(|location| Ok((Store::open(&location)?, location)))
    {
        Ok((store, location)) => line(
            "store",
            format!(
                "{}: {} alerts, {} patterns, {} dead letters, {} feeds with {} articles",
                tame(&location.to_string(), 300),
                terminal::grouped(store.alert_count()?),
                terminal::grouped(store.pattern_count()?),
                terminal::grouped(store.dead_count()?),
                terminal::grouped(store.articles().feeds()?.len() as u64),
                terminal::grouped(store.articles().feeds()?.iter().map(|feed| feed.articles).sum()),
            ),
        ),
        Err(problem) => wrong(&problem),
    }
    line(
        "result",
        if problems == 0 { "all well".to_owned() } else { format!("{problems} to mend, see above") },
    );
    terminal::write_out(text.as_bytes())?;
    Ok(if problems == 0 { Status::Done } else { Status::Usage })
}

/// How measurements would be judged.
fn measurements(settings: &Settings) -> String {
    let of = &settings.measurements;
    let weights = of.weights();
    let told = of.alerts.keys().filter(|metric| weights.of(metric).is_some()).count();
    format!(
        "{}in {}, batches of {}; {} metrics with settings of their own, rejected values of {told} become alerts",
        if of.enabled { "" } else { "not served; " },
        of.store.name(),
        terminal::grouped(of.batch as u64),
        of.metrics.len(),
    )
}

/// How articles would be read, and what is wrong with that.
fn feeds(settings: &Settings) -> (String, Vec<Problem>) {
    let (mut problems, mut names) = (Vec::new(), 0);
    for file in &settings.feeds.names {
        match file.read() {
            Ok(read) => names += read.len() as u64,
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        problems.extend(settings.feeds.extra_names().err());
    }
    let locations = &settings.feeds.locations;
    let who = match (&locations.llm, &locations.nominatim) {
        (Some(name), _) if !settings.llm.contains_key(name) => {
            let known: Vec<String> = settings.llm.keys().map(|known| tame(known, 60)).collect();
            let hint = if known.is_empty() {
                "the settings name no model: add an [llm.NAME], see docs/llm.md".to_owned()
            } else {
                format!("the settings name: {}", known.join(", "))
            };
            let name = tame(name, 60);
            problems.push(Problem::usage(
                format!("[feeds.locations] llm: there is no model \"{name}\" in the settings"),
                hint,
            ));
            return (format!("{names} names of your own"), problems);
        }
        (None, Some(_)) => {
            problems.push(Problem::usage(
                "[feeds.locations] nominatim: nobody asks it without a model",
                "name a model with llm = \"NAME\", or leave nominatim out: the built-in gazetteer finds places by itself",
            ));
            "by the built-in gazetteer".to_owned()
        }
        (None, None) => "by the built-in gazetteer".to_owned(),
        (Some(name), None) => format!("by {}, on the map by the built-in gazetteer", tame(name, 60)),
        (Some(name), Some(url)) => format!("by {}, on the map by {}", tame(name, 60), tame(url, 200)),
    };
    let batch = locations.batch();
    let batches = match (&locations.llm, batch.age) {
        (None, _) => String::new(),
        (Some(_), Some(age)) => format!(", batches of {} or after {} s", batch.size, age.as_secs_f64()),
        (Some(_), None) => format!(", batches of {}", batch.size),
    };
    (format!("places are found {who}{batches}; {} names of your own", terminal::grouped(names)), problems)
}
