//! `watchfire webhooks list`, `watchfire webhooks retry`

use crate::cli::{Common, Webhooks};
use crate::config::load;
use crate::exit::{Problem, Status};
use crate::terminal;
use watchfire_flow::{Clock, SystemClock};
use watchfire_judge::tame;
use watchfire_signal::Timestamp;
use watchfire_store::Store;

/// Longest name that is shown: what the store has may be of older settings, or anybody's.
const NAME: usize = 60;

pub(super) fn run(common: &Common, command: &Webhooks) -> Result<Status, Problem> {
    let loaded = load(common.config.as_deref())?;
    let store = loaded.settings.existing_store(common.store.as_deref())?;
    match command {
        Webhooks::List { limit, json } => {
            let mut names: Vec<String> = loaded.settings.webhooks.keys().cloned().collect();
            names.extend(store.outboxes()?.into_keys());
            names.sort_unstable();
            names.dedup();
            let known = |name: &String| loaded.settings.webhooks.contains_key(name);
            list(&store, &names, known, *limit, *json)
        }
        Webhooks::Retry { name } => {
            let revived = store.revive_deliveries(name, SystemClock::new().unix_millis())?;
            let shown = tame(name, NAME);
            terminal::write_out(
                match revived {
                    0 => format!("Nothing for {shown} was given up.\n"),
                    1 => format!("1 delivery for {shown} waits again; `watchfire serve` makes it.\n"),
                    _ => format!(
                        "{revived} deliveries for {shown} wait again; `watchfire serve` makes them.\n"
                    ),
                }
                .as_bytes(),
            )?;
            Ok(Status::Done)
        }
    }
}

fn list(
    store: &Store,
    names: &[String],
    is_known: impl Fn(&String) -> bool,
    limit: usize,
    json: bool,
) -> Result<Status, Problem> {
    let outboxes = store.outboxes()?;
    let mut text = String::new();
    for name in names {
        let outbox = outboxes.get(name).copied().unwrap_or_default();
        let next = store.next_delivery(name)?;
        let dead = store.dead_deliveries(name, 0, limit)?;
        let moment = |millis| Timestamp::from_millis(millis).map(|at| at.to_string()).unwrap_or_default();
        if json {
            let line = serde_json::json!({
                "name": tame(name, NAME),
                "in_settings": is_known(name),
                "waiting": outbox.waiting,
                "waiting_bytes": outbox.bytes,
                "dead": outbox.dead,
                "dropped": outbox.dropped,
                "next": next.map(|next| serde_json::json!({
                    "attempts": next.attempts, "at": moment(next.at), "error": tame(&next.error, 300),
                })),
                "given_up": dead.iter().map(|dead| serde_json::json!({
                    "id": dead.id, "attempts": dead.attempts, "at": moment(dead.at), "error": tame(&dead.error, 300),
                })).collect::<Vec<_>>(),
            });
            text.push_str(&format!("{line}\n"));
            continue;
        }
        let gone = if is_known(name) { "" } else { " (not in the settings: nothing is delivered)" };
        text.push_str(&format!(
            "{}{gone}: {} waiting, {} given up, {} dropped for lack of room\n",
            tame(name, NAME),
            terminal::grouped(outbox.waiting),
            terminal::grouped(outbox.dead),
            terminal::grouped(outbox.dropped),
        ));
        if let Some(next) = next.filter(|next| !next.error.is_empty()) {
            text.push_str(&format!("    next, tried {}×: {}\n", next.attempts, tame(&next.error, 300)));
        }
        for dead in &dead {
            text.push_str(&format!("    #{} of {}: {}\n", dead.id, moment(dead.at), tame(&dead.error, 300)));
        }
    }
    if names.is_empty() {
        text.push_str(if json { "" } else { "No webhooks.\n" });
    }
    terminal::write_out(text.as_bytes())?;
    Ok(Status::Done)
}
