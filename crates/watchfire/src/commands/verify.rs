//! `watchfire verify`

use super::asking;
use super::cost::dollars;
use crate::cli::{Common, Verify};
use crate::config::{Settings, load};
use crate::exit::{Problem, Status};
use crate::terminal::{self, ProgressMode, grouped, words};
use std::sync::Arc;
use watchfire_engine::{AskProgress, Asker, Flip, Part, Quote, Rate, Sample, Verified};
use watchfire_flow::{Clock, SystemClock};
use watchfire_judge::tame;
use watchfire_llm::Tier;

/// Flips that are shown on the terminal; JSON has all.
const SHOWN: usize = 20;

pub(super) fn run(common: &Common, command: &Verify) -> Result<Status, Problem> {
    let loaded = load(common.config.as_deref())?;
    let settings = &loaded.settings;
    let store = settings.existing_store(common.store.as_deref())?;
    let name = model_name(settings, command.llm.as_deref())?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let seed = command.seed.unwrap_or_else(|| u64::try_from(clock.unix_millis()).unwrap_or(0));
    let sample = Sample::draw(&store, command.sample as usize, seed)?;
    // Where nothing is asked, no key is needed.
    let mut asker = asking::asker(settings, &store, name, seed, command.dry_run || sample.is_empty())?;
    if asker.tier == Tier::Batch {
        // What a batch brings is taken in by whoever comes next, and that must not be taken for a decision.
        asker.tier = Tier::Standard;
        terminal::note(
            "batches are not used to ask again: this is asked, and paid for, at the standard tier",
        );
    }
    if command.dry_run {
        terminal::write_out(dry_run(&asker, &sample.quote(&asker)).as_bytes())?;
        return Ok(Status::Done);
    }
    let progress = Arc::new(AskProgress::new());
    let mode =
        if sample.is_empty() { ProgressMode::Silent } else { ProgressMode::choose(command.json, false) };
    let verified = terminal::with_ask_progress(mode, &asker.model, &progress, || {
        sample.verify(&asker, &store, &clock, &progress)
    })?;
    let text = if command.json { json(&verified, seed) } else { table(&verified, seed) };
    terminal::write_out(text.as_bytes())?;
    Ok(Status::Done)
}

/// The model that was named, or the only one there is.
fn model_name<'n>(settings: &'n Settings, named: Option<&'n str>) -> Result<&'n str, Problem> {
    let mut known = settings.llm.keys();
    match (named, known.next(), known.next()) {
        (Some(name), ..) => Ok(name),
        (None, Some(only), None) => Ok(only),
        (None, None, _) => Err(Problem::usage(
            "there is no model in the settings",
            "add an [llm.NAME] to the settings: docs/llm.md",
        )),
        (None, Some(_), Some(_)) => Err(Problem::usage(
            "there are several models in the settings",
            format!(
                "say which one to ask, with --llm: {}",
                settings.llm.keys().cloned().collect::<Vec<_>>().join(", ")
            ),
        )),
    }
}

fn dry_run(asker: &Asker, quote: &Quote) -> String {
    let cost = match quote.nano_usd {
        Some(nano) => format!("{} at most", dollars(nano)),
        None => "no known price".to_owned(),
    };
    format!(
        "{}: {} questions would take {} calls, about {} tokens of input and at most {} of output: {cost}.\n\
         Nothing was asked (--dry-run).\n",
        tame(&asker.model, 80),
        grouped(quote.questions),
        grouped(quote.calls),
        grouped(quote.input_tokens),
        grouped(quote.output_tokens),
    )
}

fn table(verified: &Verified, seed: u64) -> String {
    let Verified { population, sampled, asked, answered, flips, .. } = verified;
    if *population == 0 {
        return "No verdict in this store is a model's: there is nothing to ask again.\n".to_owned();
    }
    let mut text = format!(
        "{} of {} verdicts by models drawn (seed {seed}), {} asked again, {} answered by {}.\n",
        grouped(*sampled),
        grouped(*population),
        grouped(*asked),
        grouped(*answered),
        tame(&verified.model, 100),
    );
    for (count, why) in [
        (
            verified.not_kept,
            "could not be asked again: their questions were not kept, as versions before this did",
        ),
        (verified.unreadable, "could not be asked again: this version can't read them"),
        (asked - answered, "got no answer that counts"),
    ] {
        if count > 0 {
            text.push_str(&format!("  {} {why}.\n", grouped(count)));
        }
    }
    if !verified.calls.stopped.is_empty() {
        text.push_str(&format!("  Asking ended early: {}.\n", tame(&verified.calls.stopped, 300)));
    }
    if *answered == 0 {
        text.push_str(&spent(verified));
        return text;
    }
    text.push_str(&format!(
        "\n{} flipped: {} (95 % sure: {} to {}).\n{} more are on the same side in another word.\n",
        grouped(flips.count),
        percent(flips.share),
        percent(flips.low),
        percent(flips.high),
        grouped(verified.same_side_other_word),
    ));
    text.push_str(&parts("first verdict", &verified.by_verdict, words));
    text.push_str(&parts("first said by", &verified.by_model, str::to_owned));
    if verified.by_model.iter().any(|part| part.name != verified.model) {
        text.push_str(
            "Some were said first by another model or with other instructions: there, two models are compared.\n",
        );
    }
    if !verified.changed.is_empty() {
        text.push_str("\nFlips\n");
        verified.changed.iter().take(SHOWN).for_each(|flip| text.push_str(&shown(flip)));
    }
    if let Some(more @ 1..) = verified.changed.len().checked_sub(SHOWN) {
        text.push_str(&format!("  and {} more, which --json shows\n", grouped(more as u64)));
    }
    text.push_str(&spent(verified));
    text
}

fn parts(heading: &str, parts: &[Part], shown: impl Fn(&str) -> String) -> String {
    let mut text = format!("\n{heading:<48} {:>8} {:>6} {:>8}   95 % sure\n", "answered", "flips", "rate");
    for Part { name, answered, flips: Rate { count, share, low, high } } in parts {
        text.push_str(&format!(
            "{:<48} {:>8} {:>6} {:>8}   {} to {}\n",
            tame(&shown(name), 48),
            grouped(*answered),
            grouped(*count),
            percent(*share),
            percent(*low),
            percent(*high),
        ));
    }
    text
}

fn shown(flip: &Flip) -> String {
    let place = if flip.alert.is_empty() {
        format!("decision {}, which holds for no alert any more", flip.decision)
    } else {
        format!("id {}", flip.alert)
    };
    format!(
        "  {} → {}   {}\n    {place}\n    now: {}\n",
        words(flip.before),
        words(flip.after),
        tame(&flip.rule, 100),
        tame(&flip.reason_after, 300),
    )
}

fn spent(verified: &Verified) -> String {
    let calls = &verified.calls;
    let price = if calls.unpriced > 0 { ", besides calls without a known price" } else { "" };
    format!(
        "\n{} calls, {}{price}. Nothing that is stored was changed.\n",
        grouped(calls.calls),
        dollars(calls.cost_nano_usd)
    )
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn json(verified: &Verified, seed: u64) -> String {
    let mut whole = serde_json::to_value(verified).unwrap_or_default();
    if let Some(object) = whole.as_object_mut() {
        object.insert("seed".to_owned(), seed.into());
    }
    serde_json::to_string_pretty(&whole).unwrap_or_default() + "\n"
}
