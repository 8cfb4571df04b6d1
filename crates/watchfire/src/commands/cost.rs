//! `watchfire cost`

use crate::cli::{Common, Cost};
use crate::config::load;
use crate::exit::{Problem, Status};
use crate::terminal;
use crate::terminal::grouped;
use watchfire_engine::{LOOKUP, Projection, Summary};
use watchfire_flow::{Clock, SystemClock};
use watchfire_judge::tame;
use watchfire_signal::Timestamp;
use watchfire_store::LedgerTotal;

const DAY_MS: i64 = 86_400_000;

pub(super) fn run(common: &Common, command: &Cost) -> Result<Status, Problem> {
    let loaded = load(common.config.as_deref())?;
    let store = loaded.settings.existing_store(common.store.as_deref())?;
    let now = SystemClock::new().unix_millis();
    let since = command.days.map_or(0, |days| now.saturating_sub(i64::from(days) * DAY_MS));
    let totals = store.ledger(since, i64::MAX)?;
    let last = store.run(None)?.and_then(|run| serde_json::from_str::<Summary>(&run.summary).ok());
    let share = last
        .filter(|run| run.judged > 0 && run.asked.questions > 0)
        .map(|run| run.asked.questions as f64 / run.judged as f64);
    let projection = Projection::of(&totals, share, command.alerts_per_day);
    let text = if command.json {
        json(&totals, projection.as_ref())
    } else {
        table(&totals, projection.as_ref(), command)
    };
    terminal::write_out(text.as_bytes())?;
    Ok(Status::Done)
}

fn table(totals: &[LedgerTotal], projection: Option<&Projection>, command: &Cost) -> String {
    if totals.is_empty() {
        let when = command.days.map_or_else(String::new, |days| format!(" in the last {days} days"));
        return format!("No calls{when}: nothing was spent.\n");
    }
    let mut text = String::from(
        "service     model                      outcome         calls   items        input       output        cost\n",
    );
    for total in totals {
        let tier = if total.tier == "standard" { String::new() } else { format!(" ({})", total.tier) };
        text.push_str(&format!(
            "{:<11} {:<26} {:<13} {:>7} {:>7} {:>12} {:>12} {:>11}\n",
            tame(&total.service, 11),
            tame(&format!("{}{tier}", total.model), 26),
            tame(&total.outcome, 13),
            grouped(total.calls),
            grouped(total.items),
            grouped(total.input + total.cached_input + total.cache_write),
            grouped(total.output + total.thinking),
            if total.unpriced == total.calls && !total.model.is_empty() {
                "no price".to_owned()
            } else {
                dollars(total.cost_nano)
            },
        ));
    }
    let (calls, nano): (u64, i64) =
        totals.iter().fold((0, 0), |(calls, nano), total| (calls + total.calls, nano + total.cost_nano));
    let first = totals.iter().map(|total| total.first).min().unwrap_or_default();
    let from = Timestamp::from_millis(first).map_or_else(String::new, |time| format!(" since {time}"));
    text.push_str(&format!("\n{} in {} calls{from}.\n", dollars(nano), grouped(calls)));
    let unpriced: u64 = totals.iter().filter(|total| total.tier != LOOKUP).map(|total| total.unpriced).sum();
    if unpriced > 0 {
        text.push_str(&format!(
            "{} calls are to models without a known price: add it to the file that `prices` names.\n",
            grouped(unpriced)
        ));
    }
    let (checks, nano): (u64, i64) =
        totals.iter().fold((0, 0), |(checks, nano), total| (checks + total.checks, nano + total.checks_nano));
    if checks > 0 {
        text.push_str(&format!(
            "{} of that for {} checks whether earlier verdicts would have been right.\n",
            dollars(nano),
            grouped(checks)
        ));
    }
    if let Some(projection) = projection {
        text.push_str(&format!(
            "\nAt {} alerts a day, ${:.6} a question:\n",
            grouped(u64::from(projection.alerts_per_day)),
            projection.per_question
        ));
        let mut line = |what: &str, daily: f64, why: &str| {
            text.push_str(&format!(
                "  {what:<9} {:>12} a day {:>12} a month {:>12} a year   {why}\n",
                format!("${daily:.2}"),
                format!("${:.2}", daily * 30.44),
                format!("${:.2}", daily * 365.25),
            ));
        };
        line("worst", projection.worst, "every alert is asked about");
        line(
            "expected",
            projection.expected,
            &format!("{:.1} % are, as in the last run", projection.share * 100.0),
        );
        line("best", 0.0, "every pattern is known");
    }
    text
}

fn json(totals: &[LedgerTotal], projection: Option<&Projection>) -> String {
    let lines: Vec<_> = totals
        .iter()
        .map(|total| {
            serde_json::json!({
                "service": total.service,
                "model": total.model,
                "tier": total.tier,
                "outcome": total.outcome,
                "calls": total.calls,
                "items": total.items,
                "checks": total.checks,
                "checks_cost_nano_usd": total.checks_nano,
                "input_tokens": total.input,
                "cached_input_tokens": total.cached_input,
                "cache_write_tokens": total.cache_write,
                "output_tokens": total.output,
                "thinking_tokens": total.thinking,
                "cost_nano_usd": total.cost_nano,
                "unpriced_calls": total.unpriced,
            })
        })
        .collect();
    let nano: i64 = totals.iter().map(|total| total.cost_nano).sum();
    let projection = projection.map(|projection| {
        serde_json::json!({
            "alerts_per_day": projection.alerts_per_day,
            "usd_per_question": projection.per_question,
            "worst_usd_per_day": projection.worst,
            "expected_usd_per_day": projection.expected,
            "best_usd_per_day": 0.0,
        })
    });
    let whole = serde_json::json!({ "ledger": lines, "cost_nano_usd": nano, "projection": projection });
    serde_json::to_string_pretty(&whole).unwrap_or_default() + "\n"
}

/// Dollars to a hundredth of a cent, exact below: an amount that is not nothing never reads as nothing.
pub(super) fn dollars(nano: i64) -> String {
    let usd = nano as f64 / 1e9;
    if nano != 0 && usd.abs() < 0.0001 { format!("${usd:.9}") } else { format!("${usd:.4}") }
}

#[cfg(test)]
mod tests {
    use super::{Projection, dollars};
    use watchfire_store::LedgerTotal;

    fn total(outcome: &str, items: u64, cost_nano: i64, unpriced: u64) -> LedgerTotal {
        LedgerTotal {
            service: "gemini".to_owned(),
            model: "m".to_owned(),
            tier: "standard".to_owned(),
            outcome: outcome.to_owned(),
            calls: 1,
            items,
            checks: 0,
            checks_nano: 0,
            input: 0,
            cached_input: 0,
            cache_write: 0,
            output: 0,
            thinking: 0,
            cost_nano,
            unpriced,
            first: 0,
            last: 0,
        }
    }

    #[test]
    fn failed_calls_make_questions_dearer_and_an_unknown_price_ends_the_projection() {
        let paid = [total("answered", 10, 1_000_000_000, 0), total("garbled", 5, 500_000_000, 0)];
        let projection = Projection::of(&paid, None, 100).unwrap();
        assert!((projection.per_question - 0.15).abs() < 1e-9);
        assert!((projection.worst - 15.0).abs() < 1e-9);
        assert!(Projection::of(&[total("answered", 10, 1, 1)], None, 100).is_none());
        assert!(Projection::of(&[], None, 100).is_none());
    }

    #[test]
    fn a_small_amount_is_not_nothing() {
        assert_eq!(dollars(0), "$0.0000");
        assert_eq!(dollars(17), "$0.000000017");
        assert_eq!(dollars(1_234_500_000), "$1.2345");
    }
}
