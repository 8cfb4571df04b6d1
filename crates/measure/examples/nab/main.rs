//! The gate on the Numenta Anomaly Benchmark: `cargo run --release -p watchfire-measure --example nab [FOLDER]`.
//!
//! The folder is that of NAB's data, or `nab` in the one that `WATCHFIRE_DATA` names. Each series is a metric of its own, judged with
//! the shipped settings, value by value, with no second look. What the gate rejects is a detection.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "what it finds is for a person to read")]

mod scoring;
mod windowed;

use scoring::{PROFILES, Scored, probation, score};
use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use watchfire_measure::{Judgement, Measurement, MetricSettings, Reason, UserState};
use watchfire_signal::Timestamp;

type Windows = BTreeMap<String, Vec<(String, String)>>;

fn main() -> Result<(), Box<dyn Error>> {
    let named = std::env::args_os().nth(1).map(PathBuf::from);
    let Some(folder) =
        named.or_else(|| std::env::var_os("WATCHFIRE_DATA").map(|data| Path::new(&data).join("nab")))
    else {
        eprintln!("skipped: WATCHFIRE_DATA is not set");
        return Ok(());
    };
    let windows: Windows = serde_json::from_slice(&std::fs::read(folder.join("combined_windows.json"))?)?;
    let mut settings = MetricSettings::default();
    // For looking at how much a setting matters: NAME=NUMBER.
    for change in std::env::args().skip(2) {
        let (name, number) = change.split_once('=').ok_or("NAME=NUMBER")?;
        match name {
            "false_rejections" => settings.false_rejections = number.parse()?,
            "warm_up" => settings.warm_up = number.parse()?,
            "shift_after" => settings.shift_after = number.parse()?,
            _ => return Err(name.into()),
        }
    }
    let (mut gate, mut surprise, mut gaussian) = (Vec::new(), Vec::new(), Vec::new());
    let (mut clean, mut clean_rejected) = (0_usize, 0_usize);
    println!("{:<56} {:>7} {:>8} {:>7} {:>8}", "series", "values", "rejected", "scored", "windows");
    for name in windows.keys() {
        let path = folder.join(name);
        if !path.exists() {
            continue;
        }
        let Judged { rejected, strange, values, windows: places } = judge(&path, &windows[name], &settings)?;
        let count = rejected.iter().filter(|rejected| **rejected).count();
        let late = rejected.iter().skip(probation(rejected.len())).filter(|rejected| **rejected).count();
        let found = places.iter().filter(|&&(first, last)| rejected[first..=last].contains(&true)).count();
        println!("{name:<56} {:>7} {count:>8} {late:>7} {found:>5}/{}", rejected.len(), places.len());
        if name.starts_with("artificialNoAnomaly") {
            clean += rejected.len();
            clean_rejected += count;
        }
        let detections = rejected.iter().map(|rejected| f64::from(u8::from(*rejected))).collect();
        gate.push(Scored { scores: detections, windows: places.clone() });
        gaussian.push(Scored { scores: windowed::scores(&values), windows: places.clone() });
        surprise.push(Scored { scores: strange, windows: places });
    }
    let share = 100.0 * clean_rejected as f64 / clean.max(1) as f64;
    println!("\nclean series: {clean_rejected} of {clean} rejected, {share:.3} %");
    println!(
        "{} series, {} windows",
        gate.len(),
        gate.iter().map(|scored| scored.windows.len()).sum::<usize>()
    );
    println!("\n{:<20} {:>8} {:>15} {:>18}", "NAB score", "the gate", "best by quality", "windowed Gaussian");
    for profile in PROFILES {
        let (shipped, _) = score(&gate, profile, Some(1.0));
        let (best, _) = score(&surprise, profile, None);
        let (other, _) = score(&gaussian, profile, None);
        println!("{:<20} {shipped:>8.2} {best:>15.2} {other:>18.2}", profile.name);
    }
    println!(
        "\nThe last two take the threshold that is best for the profile over all series, as NAB does for each detector."
    );
    Ok(())
}

struct Judged {
    rejected: Vec<bool>,
    /// 1 − quality.
    strange: Vec<f64>,
    values: Vec<f64>,
    windows: Vec<(usize, usize)>,
}

/// What the gate rejected, how strange each value was, and where the windows are.
fn judge(
    path: &Path,
    windows: &[(String, String)],
    settings: &MetricSettings,
) -> Result<Judged, Box<dyn Error>> {
    let text = std::fs::read_to_string(path)?;
    let (mut state, mut times) = (UserState::default(), Vec::new());
    let (mut rejected, mut strange, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for line in text.lines().skip(1) {
        let (time, value) = line.split_once(',').ok_or("a line without a comma")?;
        let time = Timestamp::parse(time).ok_or("a line without a time")?;
        let value = value.parse()?;
        // Clocks are set back in one series: it goes on with the old time.
        let time = times.last().map_or(time, |last| time.max(*last));
        let measurement = Measurement {
            id: Some(times.len().to_string()),
            user: "nab".to_owned(),
            metric: "nab".to_owned(),
            time,
            value,
            unit: None,
        };
        times.push(time);
        values.push(value);
        let (outcome, _) = state.judge(settings, &measurement)?;
        rejected.push(outcome.judgement == Judgement::Rejected(Reason::Outlier));
        strange.push(if outcome.shift { 0.5 } else { 1.0 - outcome.quality });
    }
    let mut windows_by_place = Vec::new();
    for (first, last) in windows {
        let moment = |text: &str| Timestamp::parse(text).ok_or("a window without a time");
        let (first, last) = (moment(first)?, moment(last)?);
        windows_by_place.push((
            times.partition_point(|time| *time < first),
            times.partition_point(|time| *time <= last) - 1,
        ));
    }
    Ok(Judged { rejected, strange, values, windows: windows_by_place })
}
