//! `watchfire capacity`

mod sweep;
mod told;

use crate::cli::Capacity;
use crate::exit::{Problem, Status};
use crate::terminal::{self, path_name};
use serde::de::DeserializeOwned;
use std::path::Path;
use sweep::Sweep;
use watchfire_engine::capacity::{Calibration, CapacityError, Report, Scenario, simulate};
use watchfire_judge::tame;

/// The largest file that is read.
const LARGEST: u64 = 1 << 20;

pub(super) fn run(command: &Capacity) -> Result<Status, Problem> {
    let calibration: Calibration = command.calibration.as_deref().map(read).transpose()?.unwrap_or_default();
    calibration.check()?;
    if command.constants {
        let text =
            if command.json { told::constants_json(&calibration) } else { told::constants(&calibration) };
        terminal::write_out(text.as_bytes())?;
        return Ok(Status::Done);
    }
    let scenario = scenario(command)?;
    let text = if let Some(told) = &command.sweep {
        let sweep = Sweep::parse(told)?;
        let points = swept(&scenario, &calibration, &sweep)?;
        if command.json { told::sweep_json(&scenario, &sweep, &points) } else { told::sweep(&sweep, &points) }
    } else {
        let report = simulate(&scenario, &calibration)?;
        if command.json {
            told::report_json(&scenario, &calibration, &report)
        } else {
            told::report(&scenario, &report)
        }
    };
    terminal::write_out(text.as_bytes())?;
    Ok(Status::Done)
}

/// The file, if there is one, then what the command line says.
fn scenario(command: &Capacity) -> Result<Scenario, Problem> {
    let mut scenario: Scenario = command.scenario.as_deref().map(read).transpose()?.unwrap_or_default();
    for (name, value) in command.numbers.given() {
        scenario.set(name, value)?;
    }
    for told in &command.set {
        let (key, value) = told.split_once('=').ok_or_else(|| {
            Problem::usage(
                format!("--set {:?} names no number", tame(told, 100)),
                "write KEY=NUMBER, such as --set new_share=0.001",
            )
        })?;
        scenario.set(key.trim(), sweep::number(value)?)?;
    }
    scenario.check()?;
    Ok(scenario)
}

fn swept(
    scenario: &Scenario,
    calibration: &Calibration,
    sweep: &Sweep,
) -> Result<Vec<(f64, Report)>, Problem> {
    // All of them first: nobody should wait for a minute to learn that the last value makes no sense.
    let mut scenarios = Vec::with_capacity(sweep.values.len());
    for value in &sweep.values {
        let mut with = scenario.clone();
        with.set(&sweep.key, *value)?;
        with.check()?;
        scenarios.push((*value, with));
    }
    scenarios.iter().map(|(value, with)| Ok((*value, simulate(with, calibration)?))).collect()
}

/// A file of TOML.
fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Problem> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Problem::usage(
            format!("can't read {}: {error}", path_name(path)),
            "name a file that is there and can be read",
        )
    };
    let size = std::fs::metadata(path).map_err(|error| unreadable(&error))?.len();
    if size > LARGEST {
        return Err(unreadable(&"it is larger than 1 MiB"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(&error))?;
    toml::from_str(&text).map_err(|error| {
        Problem::usage(
            format!("{}: {}", path_name(path), tame(&error.to_string(), 500)),
            "docs/capacity.md says what may stand there",
        )
    })
}

impl From<CapacityError> for Problem {
    fn from(error: CapacityError) -> Self {
        Self::from_error(Status::Usage, &error, error.hint())
    }
}

#[cfg(test)]
mod tests {
    use super::{Capacity, read, scenario, swept};
    use crate::cli::Numbers;
    use crate::commands::capacity::sweep::Sweep;
    use std::io::Write;
    use std::path::PathBuf;
    use watchfire_engine::capacity::{Calibration, Scenario};

    fn command(scenario: Option<PathBuf>, set: &[&str]) -> Capacity {
        Capacity {
            scenario,
            calibration: None,
            constants: false,
            sweep: None,
            set: set.iter().map(|told| (*told).to_owned()).collect(),
            json: false,
            numbers: Numbers { workers: Some(7.0), ..Numbers::default() },
        }
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    #[test]
    fn a_flag_goes_before_the_file_and_what_neither_says_has_its_default() {
        let told = file("workers = 5\nzipf = 1.3\n[[budgets]]\nbudgets = 2\ncalls = 15\n");
        let made = scenario(&command(Some(told.path().to_owned()), &["calls=30", "by_rules = 0.7"])).unwrap();
        assert_eq!((made.workers, made.partitions), (7, Scenario::default().partitions));
        assert!((made.zipf - 1.3).abs() < 1e-12 && (made.by_rules - 0.7).abs() < 1e-12);
        assert_eq!((made.budgets[0].budgets, made.budgets[0].calls), (2, 30));
    }

    #[test]
    fn the_examples_are_read_and_make_sense() {
        let docs = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs"));
        for (name, budgets) in [("capacity-race.example.toml", 0), ("capacity-ait.example.toml", 1)] {
            let made = scenario(&command(Some(docs.join(name)), &[])).unwrap();
            assert_eq!(made.budgets.len(), budgets, "{name}");
        }
    }

    #[test]
    fn a_wrong_key_or_value_is_named() {
        for (text, named) in
            [("wrokers = 5", "wrokers"), ("workers = -1", "workers"), ("workers = 'many'", "workers")]
        {
            let told = file(text);
            let problem = scenario(&command(Some(told.path().to_owned()), &[])).unwrap_err();
            assert!(problem.message.contains(named), "{}", problem.message);
        }
        for (set, named) in
            [("zipf", "zipf"), ("zipf=x", "x"), ("zipf=nan", "zipf"), ("nothing=1", "nothing")]
        {
            let problem = scenario(&command(None, &[set])).unwrap_err();
            assert!(problem.message.contains(named), "{set}: {}", problem.message);
            assert!(!problem.hint.is_empty());
        }
        assert!(read::<Calibration>(file("edge_ms = 1.0").path()).is_err());
        assert!(read::<Scenario>(&PathBuf::from("/nowhere/at/all.toml")).is_err());
    }

    #[test]
    fn a_sweep_with_a_value_that_makes_no_sense_is_refused_as_a_whole() {
        let quick = Scenario { hours: 0.1, ..Scenario::default() };
        let sweep = |told: &str| swept(&quick, &Calibration::default(), &Sweep::parse(told).unwrap());
        assert_eq!(sweep("workers=1..4").unwrap().len(), 4);
        assert!(sweep("workers=1,2,0").is_err());
        assert!(sweep("wrokers=1,2").is_err());
    }
}
