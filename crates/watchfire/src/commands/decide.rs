//! `watchfire decide`

use crate::cli::{Common, Decide};
use crate::config::load;
use crate::exit::{Problem, Status};
use crate::terminal;
use watchfire_engine::decide;
use watchfire_flow::{Clock, SystemClock};
use watchfire_judge::tame;

pub(super) fn run(common: &Common, command: &Decide) -> Result<Status, Problem> {
    let loaded = load(common.config.as_deref())?;
    let store = loaded.settings.existing_store(common.store.as_deref())?;
    let now = SystemClock::new().unix_millis();
    let decided = decide(&store, &command.alert, command.verdict, &command.reason, &command.analyst, now)?;
    let on =
        if decided.asset.is_empty() { String::new() } else { format!(" on {}", tame(&decided.asset, 120)) };
    let alerts = if decided.alerts == 1 {
        "1 stored alert".to_owned()
    } else {
        format!("{} stored alerts", decided.alerts)
    };
    terminal::write_out(
        format!(
            "“{}”{on}: {} (was {}, by {})\nApplies to {alerts} of this pattern, and to all that come.\n",
            tame(&decided.rule, 200),
            terminal::words(decided.after.verdict.name()),
            terminal::words(decided.before.verdict.name()),
            decided.before.decider.name(),
        )
        .as_bytes(),
    )?;
    Ok(Status::Done)
}
