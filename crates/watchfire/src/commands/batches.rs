//! `watchfire batches list`, `watchfire batches cancel`

use super::asking;
use crate::cli::{Batches, Common};
use crate::config::{Settings, load};
use crate::exit::{Problem, Status};
use crate::terminal::{self, grouped};
use watchfire_engine::ASKER_PREFIX;
use watchfire_judge::tame;
use watchfire_signal::Timestamp;
use watchfire_store::{BatchRow, Store};

pub(super) fn run(common: &Common, command: &Batches) -> Result<Status, Problem> {
    let loaded = load(common.config.as_deref())?;
    let store = loaded.settings.existing_store(common.store.as_deref())?;
    match command {
        Batches::List { json } => list(&store, *json),
        Batches::Cancel { name } => cancel(&loaded.settings, &store, name),
    }
}

fn list(store: &Store, json: bool) -> Result<Status, Problem> {
    let mut text = String::new();
    let batches = store.all_batches()?;
    for batch in &batches {
        let at = Timestamp::from_millis(batch.at).map(|at| at.to_string()).unwrap_or_default();
        if json {
            let line = serde_json::json!({
                "name": batch.name,
                "model": model(batch),
                "number": batch.number,
                "requests": batch.requests,
                "at": at,
            });
            text.push_str(&format!("{line}\n"));
        } else {
            text.push_str(&format!(
                "{}  {}  {} requests, sent {}, {}\n",
                tame(&batch.name, 60),
                tame(model(batch), 60),
                grouped(u64::from(batch.requests)),
                at.get(..16).unwrap_or(&at).replace('T', " "),
                batch.number.as_deref().map_or_else(
                    || "not known to have arrived".to_owned(),
                    |number| format!("number {}", tame(number, 100)),
                ),
            ));
        }
    }
    if batches.is_empty() && !json {
        text.push_str("No batch is on its way.\n");
    }
    terminal::write_out(text.as_bytes())?;
    Ok(Status::Done)
}

/// Its name in the settings.
fn model(batch: &BatchRow) -> &str {
    batch.asker.strip_prefix(ASKER_PREFIX).unwrap_or(&batch.asker)
}

fn cancel(settings: &Settings, store: &Store, name: &str) -> Result<Status, Problem> {
    let batches = store.all_batches()?;
    let Some(batch) = batches.iter().find(|batch| batch.name == *name) else {
        return Err(Problem::usage(
            format!("no batch {:?} is on its way", tame(name, 100)),
            "watchfire batches list shows them",
        ));
    };
    let asker = asking::asker(settings, store, model(batch), 0, false)?;
    asker.cancel(batch)?;
    terminal::write_out(
        b"The provider is asked to cancel it. The next run reads what it answered until then.\n",
    )?;
    Ok(Status::Done)
}
