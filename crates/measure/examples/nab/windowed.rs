//! NAB's windowed Gaussian detector, for comparison on the same series by the same scoring: how many standard deviations a value is from the
//! mean of the 6,400 before it, of which a hundred at a time are exchanged. NAB takes the tail's probability, which is 1 to the last bit
//! beyond 8.3 deviations; so is this.

const WINDOW: usize = 6_400;
const STEP: usize = 100;

pub fn scores(values: &[f64]) -> Vec<f64> {
    let (mut window, mut next): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    let (mut mean, mut deviation) = (0.0, 1.0);
    let mut scores = Vec::with_capacity(values.len());
    for &value in values {
        let score = if window.is_empty() { 0.0 } else { f64::min((value - mean).abs() / deviation, 8.3) };
        scores.push(score);
        let changed = if window.len() < WINDOW {
            window.push(value);
            true
        } else {
            next.push(value);
            next.len() == STEP
        };
        if changed {
            if !next.is_empty() {
                window.drain(..STEP);
                window.append(&mut next);
            }
            let count = window.len() as f64;
            mean = window.iter().sum::<f64>() / count;
            let variance = window.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
            deviation = if variance > 0.0 { variance.sqrt() } else { 1e-6 };
        }
    }
    scores
}
