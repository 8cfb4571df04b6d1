//! How much a fleet carries and what it costs, before there is one.
//!
//! ```text
//!  alerts/s ─▶ intake topic ─▶ busiest worker ─▶ PostgreSQL, Kafka        fluid: rates are steps, moments exact
//!                                    │ open
//!                                    ▼
//!              patterns ─▶ questions ─▶ budgets ─▶ answers ─▶ verdicts    events: each question, each window
//! ```
//!
//! Machines take the same time for every alert, so what they carry is worked out (`machines`, with how uneven keys are from
//! `skew`), and what comes of bursts and outages is a level that rises and falls (`intake`). Questions are few, and what
//! matters of them is waiting: they are simulated one by one (`asking`), each budget by the rules that the program keeps
//! (`slots`): a call holds its place until one window after its answer. What verdicts' lives and the frequencies of patterns
//! make of alerts is in `patterns`.
//!
//! Pure: no clock, no files, chance by seed. The same scenario, calibration and seed give the same report on any machine
//! with any number of threads. What is not in the model is said in docs/capacity.md.

mod asking;
mod calibration;
mod chance;
mod error;
mod intake;
mod load;
mod machines;
mod patterns;
mod report;
mod scenario;
mod skew;
mod slots;
mod tally;
mod waits;
mod zipf;

#[cfg(test)]
mod tests;

pub use calibration::{Calibration, Constant, Standing, constants};
pub use error::CapacityError;
pub use intake::Intake;
pub use machines::{Part, Resource};
pub use report::{Day, Decided, Questions, Report};
pub use scenario::{BudgetGroup, Scenario};
pub use waits::Percentiles;

use asking::Asking;
use load::Load;
use machines::Led;
use patterns::{Demand, demands, sustained_times};
use slots::calls_per_s;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tally::Asked;

/// The most questions and ticks that are gone through: some ten seconds of a core each hundred million.
const MOST_STEPS: f64 = 4e8;
/// Ticks that all budgets together should not need many more of.
const PLENTY_OF_TICKS: f64 = 5e7;
/// Budgets that a thread takes at once. Results are joined in this grain, so they don't depend on the threads.
const AT_ONCE: usize = 64;
const DAY_S: f64 = 86_400.0;

/// Simulates.
///
/// # Errors
/// If the scenario or the calibration makes no sense, or would take too long.
pub fn simulate(scenario: &Scenario, calibration: &Calibration) -> Result<Report, CapacityError> {
    scenario.check()?;
    calibration.check()?;
    let demands = demands(scenario);
    let ticks = ticks(scenario, &demands)?;
    let asked = ask_all(scenario, &demands, &ticks);
    Ok(report(scenario, calibration, &demands, &asked))
}

/// How long the ticks of each group's streams are.
fn ticks(scenario: &Scenario, demands: &[Demand]) -> Result<Vec<f64>, CapacityError> {
    let horizon = scenario.hours * 3_600.0;
    // As fine as there is time for, but never so coarse that a window is no longer told from the next.
    let coarse = horizon * demands.len() as f64 / PLENTY_OF_TICKS;
    let ticks: Vec<f64> = scenario
        .budgets
        .iter()
        .map(|group| (group.window_s.min(group.latency_s) / 8.0).max(coarse.min(group.window_s / 8.0)))
        .collect();
    let steps: f64 = demands
        .iter()
        .map(|demand| {
            let stands = scenario.longest_life_s() + scenario.budgets[demand.group].latency_s;
            let known = demand.questions_per_s(1.0, stands) - demand.new - demand.checks;
            let stream = |rate: f64| rate.min(1.0 / ticks[demand.group]);
            horizon * (known + stream(demand.new) + stream(demand.checks))
        })
        .sum();
    if steps > MOST_STEPS { Err(CapacityError::TooMuch(steps)) } else { Ok(ticks) }
}

/// Goes through all budgets, on as many threads as there are cores.
fn ask_all(scenario: &Scenario, demands: &[Demand], ticks: &[f64]) -> Asked {
    let chunks: Vec<&[Demand]> = demands.chunks(AT_ONCE).collect();
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Asked)>> = Mutex::new(Vec::with_capacity(chunks.len()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(chunks.len());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((place, chunk)) = {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    chunks.get(place).map(|chunk| (place, *chunk))
                } {
                    let mut all = Asked::new();
                    for (offset, demand) in chunk.iter().enumerate() {
                        let stream = (place * AT_ONCE + offset) as u64;
                        all.merge(&Asking::run(scenario, demand, stream, ticks[demand.group]));
                    }
                    done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((place, all));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    done.iter().fold(Asked::new(), |mut all, (_, asked)| {
        all.merge(asked);
        all
    })
}

fn report(scenario: &Scenario, calibration: &Calibration, demands: &[Demand], asked: &Asked) -> Report {
    let came = scenario.alerts_per_s * Load::of(scenario).until(scenario.hours * 3_600.0);
    let led = Led { questions: asked.questions() as f64 / came, calls: asked.calls as f64 / came };
    let skew = skew::skew(scenario);
    let mut parts = machines::machines(scenario, calibration, skew, led);
    let machines_carry = parts.iter().filter_map(|part| part.carries_per_s).fold(f64::INFINITY, f64::min);
    let intake = intake::intake(scenario, machines_carry);
    let waits_s = asked.waits.percentiles();
    let waiting = (asked.alerts_answered + asked.alerts_given_up) / (scenario.hours * 3_600.0);
    let worker_mb =
        machines::memory_mb(scenario, calibration, skew, (waiting, waits_s.mean), intake.most >= 1.0);
    if !demands.is_empty() {
        parts.push(model(scenario, demands));
    }
    parts.sort_by(|a, b| b.used.total_cmp(&a.used));
    // With patience that ends, a model that is asked too much holds nobody up.
    let binds = |part: &&Resource| part.part != Part::Model || scenario.patience_s == 0.0;
    let bound = parts
        .iter()
        .filter(binds)
        .filter_map(|part| part.carries_per_s.map(|rate| (rate, part.part)))
        .min_by(|(a, _), (b, _)| a.total_cmp(b));
    let days = scenario.hours * 3_600.0 / DAY_S;
    let nobody_asked = if demands.is_empty() { came * scenario.open_share() } else { 0.0 };
    Report {
        offered_per_s: scenario.alerts_per_s,
        sustained_per_s: bound.map(|(rate, _)| rate),
        bound_by: bound.map(|(_, part)| part),
        busiest_worker: skew.worker,
        fullest_partition: skew.partition,
        worker_mb,
        intake,
        decided: Decided {
            rules: came * scenario.by_rules,
            analysts: came * scenario.by_analysts,
            statistics: came * scenario.by_statistics,
            reused: asked.reused,
            asked: asked.alerts_answered,
            fallback: asked.alerts_given_up + nobody_asked,
            open: asked.alerts_open,
        },
        questions: Questions {
            known: asked.known,
            new: asked.new,
            checks: asked.checks,
            answered: asked.answered,
            given_up: asked.given_up,
            on_their_way: asked.flying,
            waiting: asked.waiting,
            most_waiting: asked.backlog.iter().copied().fold(asked.waiting as f64, f64::max),
            of_1000_alerts: 1_000.0 * led.questions,
            in_a_call: if asked.calls == 0 { 0.0 } else { asked.sent as f64 / asked.calls as f64 },
            backlog: asked.backlog.clone(),
        },
        waits_s,
        day: Day { calls: asked.calls as f64 / days, usd: asked.usd / days },
        day_without_reuse: without_reuse(scenario, demands),
        carried_without_reuse_per_s: carried_without_reuse(scenario, demands),
        parts,
    }
}

/// What budgets carry. Twice the alerts ask less than twice as much, so this is no fixed time for each.
fn model(scenario: &Scenario, demands: &[Demand]) -> Resource {
    let used = |times: f64| {
        demands.iter().fold(0.0, |most: f64, demand| {
            let group = &scenario.budgets[demand.group];
            let stands = scenario.longest_life_s() + group.latency_s;
            let capacity = calls_per_s(group) * group.alerts_per_call as f64;
            most.max(demand.questions_per_s(times, stands) / capacity)
        })
    };
    let times = sustained_times(scenario, demands);
    Resource {
        used: used(1.0),
        used_at_peak: used(scenario.peak),
        ..Resource::new(Part::Model, scenario.alerts_per_s * times, scenario)
    }
}

/// A day on which every open alert is a question, in full calls.
fn without_reuse(scenario: &Scenario, demands: &[Demand]) -> Day {
    demands.iter().fold(Day { calls: 0.0, usd: 0.0 }, |day, demand| {
        let group = &scenario.budgets[demand.group];
        let questions = DAY_S * (demand.known.iter().sum::<f64>() + demand.new);
        let calls = questions / group.alerts_per_call as f64;
        Day {
            calls: day.calls + calls,
            usd: day.usd + calls * group.usd_per_call + questions * group.usd_per_question,
        }
    })
}

fn carried_without_reuse(scenario: &Scenario, demands: &[Demand]) -> Option<f64> {
    let times = demands.iter().map(|demand| {
        let group = &scenario.budgets[demand.group];
        calls_per_s(group) * group.alerts_per_call as f64 / (demand.known.iter().sum::<f64>() + demand.new)
    });
    Some(scenario.alerts_per_s * times.fold(f64::INFINITY, f64::min)).filter(|rate| rate.is_finite())
}
