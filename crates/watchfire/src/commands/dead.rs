//! `watchfire dead list`, `watchfire dead replay`

use crate::cli::{Common, Dead};
use crate::config::{Settings, load};
use crate::exit::{Problem, Status};
use crate::terminal;
use watchfire_engine::{Progress, ReputationCache, Triage, replay, triage};
use watchfire_flow::SystemClock;
use watchfire_judge::tame;
use watchfire_signal::Timestamp;
use watchfire_store::Store;

pub(super) fn run(common: &Common, command: &Dead) -> Result<Status, Problem> {
    let loaded = load(common.config.as_deref())?;
    let store = Store::open(&loaded.settings.location(common.store.as_deref())?)?;
    match command {
        Dead::List { limit, json } => list(&store, *limit, *json),
        Dead::Replay { mapping } => again(&store, &loaded.settings, mapping),
    }
}

fn list(store: &Store, limit: usize, json: bool) -> Result<Status, Problem> {
    let total = store.dead_count()?;
    let mut text = String::new();
    for dead in store.dead_letters(0, limit)? {
        if json {
            let line = serde_json::json!({
                "id": dead.id,
                "file": dead.source_name,
                "line": dead.row.line,
                "reason": dead.row.reason,
                "hint": dead.row.hint,
                "attempts": dead.attempts,
                "at": Timestamp::from_millis(dead.at).map(|at| at.to_string()),
                "whole": dead.row.whole,
                "raw": dead.row.raw,
            });
            text.push_str(&format!("{line}\n"));
            continue;
        }
        let tried = if dead.attempts == 0 { String::new() } else { format!(", tried {}×", dead.attempts) };
        text.push_str(&format!(
            "#{}  {}:{}{tried}\n    {}\n    hint: {}\n    {}\n",
            dead.id,
            tame(&dead.source_name, 200),
            dead.row.line,
            tame(&dead.row.reason, 300),
            dead.row.hint,
            tame(dead.row.raw.trim(), 120),
        ));
    }
    if !json {
        text.push_str(&match total {
            0 => "No dead letters.\n".to_owned(),
            1 => "1 dead letter. `watchfire dead replay` tries it again.\n".to_owned(),
            _ => format!("{total} dead letters. `watchfire dead replay` tries them again.\n"),
        });
    }
    terminal::write_out(text.as_bytes())?;
    Ok(Status::Done)
}

fn again(store: &Store, settings: &Settings, more: &[std::path::PathBuf]) -> Result<Status, Problem> {
    let mappings = settings.mappings(more)?;
    let outcome = replay(store, &mappings)?;
    let mut judged = 0;
    if outcome.readable > 0 {
        let (ground, problems) = settings.ground()?;
        terminal::rule_problems(&problems);
        let (intel, problems) = settings.intel(&[]);
        terminal::list_problems(&problems);
        let reputations = ReputationCache::open(intel, store)?;
        let clock = SystemClock::new();
        let summary = triage(Triage {
            inputs: vec![outcome.input.clone()],
            jobs: 1,
            limits: settings.limits(),
            mappings,
            ground,
            history: Settings::history(store)?,
            reputations: &reputations,
            store,
            keep_raw: settings.store.keep_raw,
            output: None,
            clock: &clock,
            progress: &Progress::new(),
        })?;
        judged = summary.judged;
    }
    outcome.finish(store)?;
    let mut text = format!(
        "{} could be read by now ({judged} alerts judged), {} still can't.\n",
        outcome.readable, outcome.unreadable
    );
    if outcome.partial > 0 {
        text.push_str(&format!(
            "{} were too long to be kept whole: mend them in their files, then run triage again.\n",
            outcome.partial
        ));
    }
    terminal::write_out(text.as_bytes())?;
    Ok(if outcome.unreadable + outcome.partial > 0 { Status::DeadLetters } else { Status::Done })
}
