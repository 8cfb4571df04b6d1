//! `watchfire dead list`, `watchfire dead replay`

use super::judging::{Askable, Judging, Materials};
use crate::cli::{Common, Dead};
use crate::config::{Settings, load};
use crate::exit::{Problem, Status};
use crate::terminal;
use watchfire_engine::replay;
use watchfire_judge::tame;
use watchfire_signal::Timestamp;
use watchfire_store::Store;

pub(super) fn run(common: &Common, command: &Dead) -> Result<Status, Problem> {
    let loaded = load(common.config.as_deref())?;
    // Where no store is, nothing waits.
    let store = Store::open(&loaded.settings.location(common.store.as_deref())?)?;
    match command {
        Dead::List { limit, json } => list(&store, *limit, *json),
        Dead::Replay { mapping, llm, offline } => {
            let askable = Askable { llm: llm.as_deref(), offline: *offline, dry_run: false };
            again(&store, &loaded.settings, mapping, &askable)
        }
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
            text.push_str(&(escaped(&line.to_string()) + "\n"));
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

/// JSON whose control characters are all escaped. JSON lets DEL and C1 stand as they are, but some terminals obey them;
/// such characters are only found inside strings, where an escape means the same.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_control() {
            text.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            text.push(character);
        }
    }
    text
}

fn again(
    store: &Store,
    settings: &Settings,
    more: &[std::path::PathBuf],
    askable: &Askable<'_>,
) -> Result<Status, Problem> {
    let mappings = settings.mappings(more)?;
    let outcome = replay(store, &mappings)?;
    let mut judged = 0;
    if outcome.readable > 0 {
        let (ground, problems) = settings.ground()?;
        terminal::rule_problems(&problems);
        let (intel, problems) = settings.intel(&[]);
        terminal::list_problems(&problems);
        let materials = Materials { ground, mappings, intel };
        let mode = terminal::ProgressMode::choose(false, false);
        let judging = Judging::new(settings, store, materials, askable, mode, 1)?;
        judged = judging.run(vec![outcome.input.clone()], None)?.judged;
    }
    outcome.finish(store)?;
    let mut text = format!(
        "{} could be read by now ({judged} alerts judged), {} still can't.\n",
        outcome.readable, outcome.unreadable
    );
    if outcome.partial > 0 {
        text.push_str(&format!(
            "{} {} too long to be kept whole: mend {} in {} files, then run triage again.\n",
            outcome.partial,
            if outcome.partial == 1 { "was" } else { "were" },
            if outcome.partial == 1 { "it" } else { "them" },
            if outcome.partial == 1 { "its" } else { "their" },
        ));
    }
    terminal::write_out(text.as_bytes())?;
    Ok(if outcome.unreadable + outcome.partial > 0 { Status::DeadLetters } else { Status::Done })
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn no_control_character_reaches_a_terminal_and_the_value_stays() {
        let raw = "a\u{1b}[2J\u{7f}\u{85}\u{9b}31mü\n";
        let line = escaped(&serde_json::json!({ "raw": raw }).to_string());
        assert!(!line.chars().any(char::is_control), "{line:?}");
        assert!(line.contains("\\u007f\\u0085\\u009b31mü"), "{line}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap()["raw"], raw);
    }
}
