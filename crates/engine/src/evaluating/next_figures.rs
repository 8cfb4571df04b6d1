//! The figures of foretelling.

use super::frequent::Guess;
use serde::Serialize;
use watchfire_judge::propositions::{Forecast, NOTHING, Outcome, WINDOWS_S};

/// Those who are asked, in the order of the table.
pub(super) const WAYS: [&str; 5] = [
    "predictor",
    "most frequent successor",
    "predictor, learning nothing here",
    "most frequent successor, likewise",
    "each rule alike",
];
/// What comes this late was foretold in time to do something, in milliseconds.
const LATE_MS: i64 = 60_000;
/// Bins of the calibration.
const BINS: usize = 10;

/// How well it was foretold what comes next.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NextFigures {
    /// Alerts of a rule on a machine further apart than this are two steps, in seconds.
    pub stretch_s: f64,
    /// Each scenario, foretold by what was learned from all others.
    pub scenarios: Vec<NextScenario>,
    /// All of them taken together.
    pub overall: NextScenario,
}

/// How well it was foretold what comes next in a scenario.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct NextScenario {
    /// The input's name.
    pub name: String,
    /// Alerts.
    pub alerts: u64,
    /// Steps.
    pub steps: u64,
    /// Steps of which the input ends before it is known what comes next.
    pub undecided: u64,
    /// Share of the questions on which the predictor spoke, 0–1.
    pub coverage: f64,
    /// The figures on all questions, on some, and on the others.
    pub parts: Vec<NextPart>,
    /// Of probabilities said, for each tenth from 0 to 1: how many, their mean, and the share that came.
    pub calibration: Vec<(u64, f64, f64)>,
    /// The mean difference of these, weighed by how many they are.
    pub calibration_error: f64,
    /// Whether anything comes within each window.
    pub windows: Vec<NextWindow>,
    /// Of rules that came as was said, the share that came within the time that nine of ten should.
    pub in_time: f64,
    /// Likewise, where half of them should.
    pub in_typical_time: f64,
    /// About how much memory the predictor holds, in bytes.
    pub memory_bytes: u64,
    #[serde(skip)]
    scored: Scored,
}

/// Figures on some of the questions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NextPart {
    /// Which.
    pub name: &'static str,
    /// Questions.
    pub questions: u64,
    /// Those after which anything came.
    pub followed: u64,
    /// Each of those who were asked.
    pub ways: Vec<NextWay>,
}

/// How well somebody foretold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NextWay {
    /// Who.
    pub name: &'static str,
    /// Of what came, the share that was named first.
    pub top1: f64,
    /// The share that was among the first three.
    pub top3: f64,
    /// Brier's score over all rules, *nothing* and *unknown*: 0 is perfect, 2 is surely wrong.
    pub brier: f64,
}

/// How well it was foretold whether anything comes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NextWindow {
    /// Within so many seconds.
    pub within_s: u32,
    /// The share of questions in which it did.
    pub came: f64,
    /// The mean probability that was said.
    pub said: f64,
    /// The mean square of the difference.
    pub brier: f64,
    /// The same if that share had been said each time.
    pub brier_of_share: f64,
}

/// A question, and what everybody said.
pub(super) struct Question {
    pub(super) guesses: [Guess; WAYS.len()],
    pub(super) forecast: Forecast,
}

/// What is counted of some of the questions.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Sums {
    questions: u64,
    followed: u64,
    top1: [f64; WAYS.len()],
    top3: [f64; WAYS.len()],
    brier: [f64; WAYS.len()],
}

/// Which questions are counted together.
const PARTS: [&str; 5] =
    ["all", "spoken", "silent", "next after a minute or later", "next is part of an attack"];

/// What is counted.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Scored {
    pub(super) undecided: u64,
    parts: [Sums; PARTS.len()],
    bins: [(u64, f64, f64); BINS],
    windows: [(f64, f64, f64); WINDOWS_S.len()],
    named: u64,
    in_time: u64,
    in_typical_time: u64,
}

impl Scored {
    pub(super) fn score(&mut self, question: &Question, outcome: &Outcome, is_attack: bool) {
        let forecast = &question.forecast;
        let speaks = forecast.silence.is_none();
        let came = outcome.next != NOTHING;
        let belongs = [true, speaks, !speaks, came && outcome.delay_ms >= LATE_MS, is_attack];
        for (part, _) in self.parts.iter_mut().zip(belongs).filter(|(_, belongs)| *belongs) {
            part.questions += 1;
            part.followed += u64::from(came);
            for (way, guess) in question.guesses.iter().enumerate() {
                part.brier[way] += guess.brier(outcome.next);
                if came {
                    part.top1[way] += guess.names(outcome.next, 1);
                    part.top3[way] += guess.names(outcome.next, 3);
                }
            }
        }
        let delay_s = outcome.delay_ms as f64 / 1e3;
        for (window, (within_s, said)) in
            self.windows.iter_mut().zip(WINDOWS_S.into_iter().zip(forecast.within))
        {
            let is_within = f64::from(u8::from(came && delay_s <= f64::from(within_s)));
            window.0 += is_within;
            window.1 += said;
            window.2 += (said - is_within).powi(2);
        }
        if !speaks {
            return;
        }
        for candidate in &forecast.candidates {
            let is_it = candidate.rule == outcome.next;
            let bin = &mut self.bins[((candidate.probability * BINS as f64) as usize).min(BINS - 1)];
            bin.0 += 1;
            bin.1 += candidate.probability;
            bin.2 += f64::from(u8::from(is_it));
            if is_it {
                self.named += 1;
                self.in_time += u64::from(candidate.within_s.is_some_and(|within| delay_s <= within));
                self.in_typical_time +=
                    u64::from(candidate.typical_s.is_some_and(|within| delay_s <= within));
            }
        }
    }

    fn add(&mut self, other: &Self) {
        self.undecided += other.undecided;
        for (part, other) in self.parts.iter_mut().zip(&other.parts) {
            part.questions += other.questions;
            part.followed += other.followed;
            for (sums, others) in [
                (&mut part.top1, &other.top1),
                (&mut part.top3, &other.top3),
                (&mut part.brier, &other.brier),
            ] {
                sums.iter_mut().zip(others).for_each(|(sum, other)| *sum += other);
            }
        }
        for (bin, other) in self.bins.iter_mut().zip(&other.bins) {
            *bin = (bin.0 + other.0, bin.1 + other.1, bin.2 + other.2);
        }
        for (window, other) in self.windows.iter_mut().zip(&other.windows) {
            *window = (window.0 + other.0, window.1 + other.1, window.2 + other.2);
        }
        self.named += other.named;
        self.in_time += other.in_time;
        self.in_typical_time += other.in_typical_time;
    }
}

impl NextFigures {
    pub(super) fn of(scenarios: Vec<NextScenario>, stretch_ms: i64) -> Self {
        let mut scored = Scored::default();
        for scenario in &scenarios {
            scored.add(&scenario.scored);
        }
        let sum = |count: fn(&NextScenario) -> u64| scenarios.iter().map(count).sum();
        let greatest = scenarios.iter().map(|scenario| scenario.memory_bytes).max().unwrap_or(0);
        let overall = NextScenario::of(
            "all".to_owned(),
            sum(|scenario| scenario.alerts),
            sum(|scenario| scenario.steps),
            greatest,
            scored,
        );
        Self { stretch_s: stretch_ms as f64 / 1e3, scenarios, overall }
    }
}

impl NextScenario {
    pub(super) fn of(name: String, alerts: u64, steps: u64, memory_bytes: u64, scored: Scored) -> Self {
        let share = |part: f64, all: u64| if all == 0 { 0.0 } else { part / all as f64 };
        let parts = scored.parts.iter().zip(PARTS).map(|(sums, name)| NextPart {
            name,
            questions: sums.questions,
            followed: sums.followed,
            ways: WAYS
                .into_iter()
                .enumerate()
                .map(|(way, name)| NextWay {
                    name,
                    top1: share(sums.top1[way], sums.followed),
                    top3: share(sums.top3[way], sums.followed),
                    brier: share(sums.brier[way], sums.questions),
                })
                .collect(),
        });
        let [all, spoken, ..] = &scored.parts;
        let said: u64 = scored.bins.iter().map(|bin| bin.0).sum();
        let calibration: Vec<(u64, f64, f64)> =
            scored.bins.iter().map(|bin| (bin.0, share(bin.1, bin.0), share(bin.2, bin.0))).collect();
        let error: f64 = scored.bins.iter().map(|bin| (bin.1 - bin.2).abs()).sum();
        let windows = scored.windows.iter().zip(WINDOWS_S).map(|(sums, within_s)| {
            let came = share(sums.0, all.questions);
            NextWindow {
                within_s,
                came,
                said: share(sums.1, all.questions),
                brier: share(sums.2, all.questions),
                brier_of_share: came * (1.0 - came),
            }
        });
        Self {
            name,
            alerts,
            steps,
            undecided: scored.undecided,
            coverage: share(spoken.questions as f64, all.questions),
            parts: parts.collect(),
            calibration,
            calibration_error: share(error, said),
            windows: windows.collect(),
            in_time: share(scored.in_time as f64, scored.named),
            in_typical_time: share(scored.in_typical_time as f64, scored.named),
            memory_bytes,
            scored,
        }
    }
}
