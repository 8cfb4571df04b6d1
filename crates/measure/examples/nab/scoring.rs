//! NAB's scoring, by its own formula.
//!
//! A. Lavin and S. Ahmad, "Evaluating Real-time Anomaly Detection Algorithms: the Numenta Anomaly Benchmark", ICMLA 2015, section
//! II, and what NAB's `sweeper` does where the paper is silent: within a window, only the earliest detection counts, by
//! `σ(y) = 2 / (1 + e^(5y)) − 1` of its place (−1 at the left edge), over the value at the left edge; a detection outside costs by its
//! distance after the last window, in widths of that window; a window without a detection costs `fn`. The first 15 % of a series (of
//! 5,000 values at most) are not scored. A score is normalised so that no detections at all give 0 and perfect ones 100.

/// The weights of a profile.
#[derive(Debug, Clone, Copy)]
pub struct Profile {
    pub name: &'static str,
    pub missed: f64,
    pub false_positive: f64,
}

/// The three of `profiles.json`; a detected window weighs 1 in all of them.
pub const PROFILES: [Profile; 3] = [
    Profile { name: "standard", missed: 1.0, false_positive: 0.11 },
    Profile { name: "reward_low_FP_rate", missed: 1.0, false_positive: 0.22 },
    Profile { name: "reward_low_FN_rate", missed: 2.0, false_positive: 0.11 },
];

/// A judged series: a score for each value, greater for what is stranger; and windows as places of their first and last values.
#[derive(Debug)]
pub struct Scored {
    pub scores: Vec<f64>,
    pub windows: Vec<(usize, usize)>,
}

/// A value that a threshold may make a detection.
struct Candidate {
    score: f64,
    series: usize,
    window: Option<usize>,
    /// What a detection is worth by its place, before weights.
    worth: f64,
}

fn sigmoid(place: f64) -> f64 {
    if place >= 3.0 { -1.0 } else { 2.0 / (1.0 + (5.0 * place).exp()) - 1.0 }
}

pub fn probation(values: usize) -> usize {
    (0.15 * values.min(5_000) as f64).floor() as usize
}

fn candidates(all: &[Scored]) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for (series, scored) in all.iter().enumerate() {
        for (place, &score) in scored.scores.iter().enumerate().skip(probation(scored.scores.len())) {
            let window = scored.windows.iter().position(|&(first, last)| (first..=last).contains(&place));
            let worth = match window {
                Some(window) => {
                    let (first, last) = scored.windows[window];
                    let width = (last - first + 1) as f64;
                    sigmoid(-((last - place + 1) as f64) / width) / sigmoid(-1.0)
                }
                None => scored
                    .windows
                    .iter()
                    .rev()
                    .find(|&&(_, last)| last < place)
                    .map_or(-1.0, |&(first, last)| {
                        sigmoid((place - last) as f64 / (last - first).max(1) as f64)
                    }),
            };
            candidates.push(Candidate { score, series, window, worth });
        }
    }
    candidates.sort_by(|one, another| another.score.total_cmp(&one.score));
    candidates
}

/// The normalised score at a threshold, or at the best one for this profile, as NAB chooses it: over the whole corpus. With the threshold.
pub fn score(all: &[Scored], profile: Profile, threshold: Option<f64>) -> (f64, f64) {
    // What lies wholly in the time that is not scored is no window.
    let counted: Vec<Vec<bool>> = all
        .iter()
        .map(|scored| {
            scored.windows.iter().map(|&(_, last)| last >= probation(scored.scores.len())).collect()
        })
        .collect();
    let windows = counted.iter().flatten().filter(|counted| **counted).count() as f64;
    let nothing = -profile.missed * windows;
    let normalised = |score: f64| 100.0 * (score - nothing) / (windows - nothing);
    let mut best_of: Vec<Vec<f64>> =
        all.iter().map(|scored| vec![-profile.missed; scored.windows.len()]).collect();
    let mut score = nothing;
    let (mut best, mut best_threshold) = (nothing, f64::INFINITY);
    let candidates = candidates(all);
    for (index, candidate) in candidates.iter().enumerate() {
        if threshold.is_some_and(|threshold| candidate.score < threshold) {
            break;
        }
        match candidate.window {
            Some(window) => {
                let known = &mut best_of[candidate.series][window];
                if candidate.worth > *known {
                    score += candidate.worth - *known;
                    *known = candidate.worth;
                }
            }
            None => score += candidate.worth * profile.false_positive,
        }
        let last_of_its_score = candidates.get(index + 1).is_none_or(|next| next.score < candidate.score);
        if last_of_its_score && score > best {
            (best, best_threshold) = (score, candidate.score);
        }
    }
    threshold.map_or_else(|| (normalised(best), best_threshold), |threshold| (normalised(score), threshold))
}
