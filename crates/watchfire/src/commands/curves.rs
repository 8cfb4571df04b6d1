//! What `watchfire eval` writes into files: its page, its drawing, its table.

use super::eval::Variant;
use super::triage::Target as Place;
use crate::cli::Curves as Arguments;
use crate::exit::Problem;
use crate::report::curves::{self, Curve, Point, Target};
use crate::terminal;
use std::path::Path;
use watchfire_engine::Figures;

/// Characters of a command that need no quotes in a shell.
const BARE: &str = "-_./:,=+@%";

/// What one way of reusing verdicts came to.
struct Replay {
    curve: &'static str,
    label: String,
    hours: Option<f64>,
    is_usual: bool,
    figures: Figures,
}

/// The files that were asked for, and the figures that go into them.
pub(super) struct Curves<'a> {
    arguments: &'a Arguments,
    replays: Vec<Replay>,
}

impl<'a> Curves<'a> {
    /// Refuses, before anything is replayed, files that can't be written or whose ending tells something else.
    pub(super) fn of(arguments: &'a Arguments) -> Result<Self, Problem> {
        check(arguments.html.as_deref(), "--html", &["html", "htm"])?;
        check(arguments.svg.as_deref(), "--svg", &["svg"])?;
        check(arguments.markdown.as_deref(), "--markdown", &["md", "markdown"])?;
        Ok(Self { arguments, replays: Vec::new() })
    }

    /// Takes what a replay came to.
    pub(super) fn add(&mut self, variant: &Variant, figures: Figures) {
        let Variant { curve, label, hours, is_usual, .. } = variant;
        self.replays.push(Replay {
            curve,
            label: label.clone(),
            hours: *hours,
            is_usual: *is_usual,
            figures,
        });
    }

    /// Writes the files.
    pub(super) fn write(self) -> Result<(), Problem> {
        let Some(chosen) = chosen(&self.replays) else { return Ok(()) };
        let mut curves: Vec<Curve> = Vec::new();
        for (index, replay) in self.replays.iter().enumerate() {
            let point = point(replay, index == chosen);
            match curves.iter_mut().find(|curve| curve.name == replay.curve) {
                Some(curve) => curve.points.push(point),
                None => curves.push(Curve { name: replay.curve.to_owned(), points: vec![point] }),
            }
        }
        let target = self.arguments.target;
        let target = target
            .map(|(calls_per_1000, wrong_reuse_percent)| Target { calls_per_1000, wrong_reuse_percent });
        if let (Some(path), Some(replay)) = (&self.arguments.html, self.replays.get(chosen)) {
            put(path, &curves::page("What reuse costs", &replay.figures, &curves, target, &command()))?;
        }
        if let Some(path) = &self.arguments.svg {
            put(path, &curves::svg(&curves, target))?;
        }
        if let Some(path) = &self.arguments.markdown {
            put(path, &curves::markdown(&curves))?;
        }
        Ok(())
    }
}

fn check(path: Option<&Path>, option: &str, endings: &[&str]) -> Result<(), Problem> {
    let Some(path) = path else { return Ok(()) };
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    if !ending.is_some_and(|ending| endings.contains(&ending.as_str())) {
        let endings = endings.iter().map(|ending| format!(".{ending}")).collect::<Vec<_>>().join(" or ");
        return Err(Problem::usage(
            format!("{option} can't write {}", terminal::path_name(path)),
            format!("name a file that ends in {endings}"),
        ));
    }
    Place::of(path).probe(option)
}

fn put(path: &Path, text: &str) -> Result<(), Problem> {
    terminal::write_file(path, text.as_bytes())?;
    terminal::note(&format!("written to {}", terminal::path_name(path)));
    Ok(())
}

/// Which replay is shown in full: how a run reuses verdicts; else, of those that lose the fewest steps, the one that
/// asks least.
fn chosen(replays: &[Replay]) -> Option<usize> {
    let rank = |replay: &Replay| {
        let overall = &replay.figures.overall;
        (!replay.is_usual, overall.steps_total.saturating_sub(overall.steps_caught), overall.calls)
    };
    replays.iter().enumerate().min_by_key(|(_, replay)| rank(replay)).map(|(index, _)| index)
}

fn point(replay: &Replay, chosen: bool) -> Point {
    let overall = &replay.figures.overall;
    Point {
        label: replay.label.clone(),
        hours: replay.hours,
        calls_per_1000: overall.calls_per_1000,
        wrong_reuse_percent: overall.wrong_reuse_percent,
        missed_percent: overall.missed_percent,
        steps_caught: overall.steps_caught,
        steps_total: overall.steps_total,
        chosen,
    }
}

/// The command that is being run, as one would type it.
fn command() -> String {
    let arguments = std::env::args_os().skip(1).map(|argument| quoted(&argument.to_string_lossy()));
    ["watchfire".to_owned()].into_iter().chain(arguments).collect::<Vec<_>>().join(" ")
}

/// An argument as a shell reads it back.
fn quoted(argument: &str) -> String {
    let is_bare = |character: char| character.is_alphanumeric() || BARE.contains(character);
    if !argument.is_empty() && argument.chars().all(is_bare) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Replay, check, chosen, quoted};
    use std::path::Path;
    use watchfire_engine::{Figures, ScenarioFigures};

    #[test]
    fn the_point_in_full_is_the_usual_one_or_loses_the_fewest_steps_and_then_asks_least() {
        let replay = |calls, steps_caught, is_usual| {
            let overall = ScenarioFigures { calls, steps_caught, steps_total: 33, ..Default::default() };
            Replay {
                curve: "a",
                label: String::new(),
                hours: None,
                is_usual,
                figures: Figures { scenarios: Vec::new(), overall },
            }
        };
        let replays =
            [replay(90, 33, false), replay(40, 33, false), replay(10, 32, false), replay(99, 31, true)];
        assert_eq!(chosen(&replays), Some(3));
        assert_eq!(chosen(&replays[..3]), Some(1));
        assert_eq!(chosen(&[]), None);
    }

    #[test]
    fn arguments_are_read_back_as_they_were() {
        assert_eq!(quoted("ait/santos.csv.gz"), "ait/santos.csv.gz");
        assert_eq!(quoted("it's $(here)"), r"'it'\''s $(here)'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn files_that_are_something_else_or_nowhere_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |name: &str| check(Some(&folder.path().join(name)), "--html", &["html", "htm"]).err();
        for name in ["page.txt", "page", "page.html.gz", ".html"] {
            assert!(refused(name).unwrap().hint.contains(".html or .htm"), "{name}");
        }
        assert!(refused("no/such/folder/page.html").unwrap().message.contains("can't write"));
        assert!(refused("page.HTML").is_none());
        assert!(check(None::<&Path>, "--html", &["html"]).is_ok());
    }
}
