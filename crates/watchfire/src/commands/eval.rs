//! `watchfire eval`

mod geo;
mod next;
mod seeds;
mod table;
mod variant;

use super::curves::Curves;
use crate::cli::{Common, Decides, Eval};
use crate::config::load;
use crate::exit::{Problem, Status};
use crate::terminal;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
pub(super) use variant::Variant;
use variant::variants;
use watchfire_engine::{Answers, Evaluation, Figures, Input, Labels, Lies, Who};
use watchfire_judge::learning::Learned;
use watchfire_judge::reuse::Policy;
use watchfire_judge::{Ground, tame};
use watchfire_signal::frame::Limits;
use watchfire_signal::read::Mapping;

pub(super) fn run(common: &Common, command: &Eval) -> Result<Status, Problem> {
    if command.geo {
        return geo::run(command);
    }
    let mut curves = Curves::of(&command.curves)?;
    let loaded = load(common.config.as_deref())?;
    let settings = &loaded.settings;
    let mappings = settings.mappings(&command.mapping)?;
    let (ground, problems) = settings.ground()?;
    terminal::rule_problems(&problems);
    let policy = Policy { seed: command.seed, ..settings.reuse.policy() };
    let answers = answers(command)?;
    let desk = Desk { answers, command, mappings, ground, limits: settings.limits() };
    if command.next {
        let variant = variants(command, &policy).swap_remove(0);
        let figures = desk.evaluation(&variant).next_steps(i64::from(command.stretch) * 60_000)?;
        let text =
            if command.json { format!("{}\n", serde_json::json!(figures)) } else { next::table(&figures) };
        terminal::write_out(text.as_bytes())?;
        return Ok(Status::Done);
    }
    if let Some(seeds) = command.seeds {
        let text = seeds::run(&desk, &policy, seeds)?;
        terminal::write_out(text.as_bytes())?;
        return Ok(Status::Done);
    }
    let mut text = String::new();
    for variant in variants(command, &policy) {
        let figures = desk.replay(&variant)?;
        if command.json {
            let line = serde_json::json!({
                "curve": variant.curve,
                "point": variant.label,
                "hours": variant.hours,
                "figures": figures,
            });
            text.push_str(&format!("{line}\n"));
        } else {
            text.push_str(&table::table(&figures, &variant, command.steps));
        }
        curves.add(&variant, figures);
    }
    terminal::write_out(text.as_bytes())?;
    curves.write()?;
    Ok(Status::Done)
}

/// The recorded answers, one file of them for each file of alerts.
fn answers(command: &Eval) -> Result<Vec<Answers>, Problem> {
    if !command.answers.is_empty() && command.answers.len() != command.files.len() {
        return Err(Problem::usage(
            format!("{} files of answers for {} files of alerts", command.answers.len(), command.files.len()),
            "give --answers once for each file, in the same order",
        ));
    }
    let read = |path: &PathBuf| {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| {
            Problem::usage(
                format!("{}: {error}", tame(&name, 300)),
                "--answers names a file that can be read",
            )
        })?;
        Ok(Answers::read(file, &name)?)
    };
    command.answers.iter().map(read).collect()
}

/// What all replays have in common.
struct Desk<'d> {
    command: &'d Eval,
    answers: Vec<Answers>,
    mappings: Arc<[Mapping]>,
    ground: Ground,
    limits: Limits,
}

impl Desk<'_> {
    fn replay(&self, variant: &Variant) -> Result<Figures, Problem> {
        Ok(self.evaluation(variant).run()?)
    }

    fn evaluation(&self, variant: &Variant) -> Evaluation<'static> {
        let command = self.command;
        let benign = Labels::BENIGN.iter().map(|label| (*label).to_owned());
        let labels = Labels {
            field: command.labels.clone().unwrap_or_default(),
            benign: benign.chain(command.benign.iter().cloned()).collect(),
        };
        Evaluation {
            inputs: command.files.iter().cloned().map(Input::File).collect(),
            labels,
            who: match command.decider {
                Decides::Oracle => Who::Oracle,
                Decides::Cascade => Who::Cascade,
                Decides::Embedded => Who::Embedded,
            },
            reuse: variant.reuse.clone(),
            key: variant.key,
            learned: Learned::default(),
            leave_one_out: variant.leave_one_out,
            answers: self.answers.clone(),
            lies: command.lies.map(|alerts| Lies {
                patterns: command.lied_patterns,
                alerts,
                seed: variant.reuse.seed,
            }),
            limits: self.limits,
            mappings: Arc::clone(&self.mappings),
            ground: self.ground.clone(),
            reputations: &(),
        }
    }
}
