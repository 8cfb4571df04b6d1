//! `watchfire learn`

use crate::cli::{Common, Learn};
use crate::config::load;
use crate::exit::{Problem, Status};
use crate::terminal::{self, grouped};
use watchfire_engine::learned;
use watchfire_flow::{Clock, SystemClock};
use watchfire_judge::learning::{Cell, Experience};
use watchfire_judge::tame;

pub(super) fn run(common: &Common, command: &Learn) -> Result<Status, Problem> {
    let loaded = load(common.config.as_deref())?;
    let store = loaded.settings.existing_store(common.store.as_deref())?;
    let bound = loaded.settings.learning.harmless_below_percent / 100.0;
    let known = learned(&store)?;
    let mut rules: Vec<&Experience> = known.experiences().collect();
    rules.sort_by(|a, b| episodes(b).total_cmp(&episodes(a)).then_with(|| a.name.cmp(&b.name)));
    if command.forget_all || command.forget.is_some() {
        let rule = command.forget.as_deref().unwrap_or_default();
        let count = if command.forget_all {
            rules.len()
        } else if rules.iter().any(|known| known.name == rule) {
            1
        } else {
            return Err(Problem::usage(
                format!("nothing was learned of a rule {:?}", tame(rule, 200)),
                "watchfire learn shows the names of the rules",
            ));
        };
        store.forget(rule, SystemClock::new().unix_millis()).map_err(watchfire_engine::EngineError::from)?;
        terminal::note(&format!("forgotten: what was said so far of {} rules", grouped(count as u64)));
        return Ok(Status::Done);
    }
    let text = if command.json { json(&rules, bound) } else { table(&rules, bound, command.top) };
    terminal::write_out(text.as_bytes())?;
    if !loaded.settings.learning.enabled {
        terminal::note("what was learned decides nothing: [learning] enabled is false");
    }
    Ok(Status::Done)
}

fn episodes(known: &Experience) -> f64 {
    known.quiet.harmless + known.quiet.hostile + known.hot.harmless + known.hot.hostile
}

/// What a rule is taken for on machines of one kind.
fn says(known: &Experience, is_hot: bool, bound: f64) -> &'static str {
    if known.share_at_most(is_hot) <= bound { "harmless" } else { "asks" }
}

fn json(rules: &[&Experience], bound: f64) -> String {
    let cell = |known: &Experience, is_hot: bool| {
        let Cell { harmless, hostile } = known.cell(is_hot);
        serde_json::json!({
            "harmless": harmless,
            "hostile": hostile,
            "at_most_percent": 100.0 * known.share_at_most(is_hot),
            "says": says(known, is_hot, bound),
        })
    };
    let lines = rules.iter().map(|known| {
        let line = serde_json::json!({
            "rule": tame(&known.name, 200),
            "quiet": cell(known, false),
            "hot": cell(known, true),
            "peak": known.peak,
        });
        format!("{line}\n")
    });
    lines.collect()
}

fn table(rules: &[&Experience], bound: f64, top: usize) -> String {
    if rules.is_empty() {
        return "Nothing was learned yet: no model and no analyst said anything.\n".to_owned();
    }
    let mut text = format!(
        "Hours with a rule on a machine, as models (counted half) and analysts found them. A rule is harmless where at most \
         {:.1} % of them are\npart of an attack, with 95 % credibility. Hot is a machine on which something hostile was found \
         within half an hour.\n\n{:<52} {:>29}   {:>29}\n{:<52} {:>8} {:>7} {:>12}   {:>8} {:>7} {:>12}\n",
        100.0 * bound,
        "",
        "on quiet machines",
        "on hot ones",
        "rule",
        "harmless",
        "hostile",
        "at most",
        "harmless",
        "hostile",
        "at most",
    );
    for known in rules.iter().take(top) {
        text.push_str(&format!("{:<52}", tame(&known.name, 52)));
        for is_hot in [false, true] {
            let Cell { harmless, hostile } = known.cell(is_hot);
            let at_most = 100.0 * known.share_at_most(is_hot);
            let mark = if says(known, is_hot, bound) == "harmless" { "✓" } else { " " };
            text.push_str(&format!(" {harmless:>8.1} {hostile:>7.1} {at_most:>9.1} % {mark}"));
            text.push_str(if is_hot { "" } else { " " });
        }
        text.push('\n');
    }
    if rules.len() > top {
        text.push_str(&format!(
            "… and {} more; --top N shows more of them\n",
            grouped((rules.len() - top) as u64)
        ));
    }
    text
}
