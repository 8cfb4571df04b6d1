//! A logarithmic axis that has a place for zero.
//!
//! Its marks are the *rungs* 1, 2, 5, 10, 20, … and 0.5, 0.2, …, counted by whole numbers, so that no rounding makes a
//! label of `0.30000000000000004` and no value, however absurd, makes it overflow: the log₁₀ of any positive `f64`
//! lies between -324 and 309.

use super::super::figures::grouped;

/// log₁₀ of 1, 2 and 5.
const LOGS: [f64; 3] = [0.0, std::f64::consts::LOG10_2, 1.0 - std::f64::consts::LOG10_2];
const DIGITS: [u8; 3] = [1, 2, 5];
/// How far from the outermost values the axis ends at least, as log₁₀.
const MARGIN: f64 = 0.05;
/// Where the logarithmic part begins if zero stands at the axis' beginning.
const BREAK: f64 = 0.15;
/// Marks of all rungs at most; where there are more, the decades are marked.
const MAX_RUNGS: i32 = 9;
/// Decades marked at most.
const MAX_DECADES: i32 = 9;

/// An axis from 0 to 1.
#[derive(Debug)]
pub(super) struct Axis {
    lowest: i32,
    highest: i32,
    /// Where the logarithmic part begins; 0 without a zero.
    begin: f64,
}

/// A mark on it.
#[derive(Debug)]
pub(super) struct Mark {
    /// 0 to 1.
    pub(super) place: f64,
    pub(super) label: String,
}

impl Axis {
    /// One that has a place for all of these that are finite and not negative.
    pub(super) fn spanning(values: impl Iterator<Item = f64>) -> Self {
        let (mut low, mut high, mut has_zero) = (f64::INFINITY, f64::NEG_INFINITY, false);
        for value in values.filter(|value| value.is_finite() && *value >= 0.0) {
            if value == 0.0 {
                has_zero = true;
            } else {
                (low, high) = (low.min(value.log10()), high.max(value.log10()));
            }
        }
        if low > high {
            (low, high) = (-0.5, 0.5);
        }
        let (mut lowest, mut highest) = (rung_below(low - MARGIN), rung_below(high + MARGIN) + 1);
        // Less than a decade shows noise as if it were something.
        while highest - lowest < 3 {
            lowest -= 1;
            highest += 1;
        }
        Self { lowest, highest, begin: if has_zero { BREAK } else { 0.0 } }
    }

    /// Where a value stands; `None` for what has no place on an axis.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        match value {
            v if !v.is_finite() || v < 0.0 => None,
            0.0 => Some(0.0),
            v => Some(self.at(v.log10())),
        }
    }

    /// Between zero and the logarithmic part, if there is a zero.
    pub(super) fn gap(&self) -> Option<f64> {
        (self.begin > 0.0).then_some(self.begin / 2.0)
    }

    /// The marks, zero first.
    pub(super) fn marks(&self) -> Vec<Mark> {
        let zero = (self.begin > 0.0).then(|| Mark { place: 0.0, label: "0".to_owned() });
        let step = if self.highest - self.lowest <= MAX_RUNGS {
            1
        } else {
            ((self.highest - self.lowest) / 3 / MAX_DECADES + 1) * 3
        };
        let rungs = (self.lowest..=self.highest).filter(|rung| rung % step == 0);
        let mark = |rung| Mark { place: self.at(log_of(rung)), label: label_of(rung) };
        zero.into_iter().chain(rungs.map(mark)).collect()
    }

    fn at(&self, log: f64) -> f64 {
        let (low, high) = (log_of(self.lowest), log_of(self.highest));
        self.begin + (1.0 - self.begin) * ((log - low) / (high - low)).clamp(0.0, 1.0)
    }
}

/// The highest rung that is not above.
fn rung_below(log: f64) -> i32 {
    let decade = log.floor();
    let within = LOGS.iter().rposition(|rung| *rung <= log - decade).unwrap_or(0);
    decade as i32 * 3 + within as i32
}

fn log_of(rung: i32) -> f64 {
    let (decade, within) = parts(rung);
    f64::from(decade) + LOGS.get(within).copied().unwrap_or_default()
}

fn label_of(rung: i32) -> String {
    let (decade, within) = parts(rung);
    let digit = DIGITS.get(within).copied().unwrap_or(1);
    match decade {
        0..=6 => grouped(u64::from(digit) * 10_u64.pow(decade.unsigned_abs())),
        -6..=-1 => format!("0.{}{digit}", "0".repeat(decade.unsigned_abs() as usize - 1)),
        _ => format!("{digit}e{decade}"),
    }
}

/// The power of ten, and which of 1, 2 and 5.
fn parts(rung: i32) -> (i32, usize) {
    (rung.div_euclid(3), rung.rem_euclid(3) as usize)
}

#[cfg(test)]
mod tests {
    use super::Axis;

    fn labels(values: &[f64]) -> Vec<String> {
        Axis::spanning(values.iter().copied()).marks().into_iter().map(|mark| mark.label).collect()
    }

    #[test]
    fn marks_are_round_and_enclose_what_is_shown() {
        assert_eq!(labels(&[3.0, 40.0]), ["2", "5", "10", "20", "50"]);
        assert_eq!(labels(&[0.004, 0.3]), ["0.002", "0.005", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5"]);
        assert_eq!(labels(&[0.002, 700.0]), ["0.001", "0.01", "0.1", "1", "10", "100", "1,000"]);
        assert_eq!(labels(&[7.0]), ["2", "5", "10", "20"]);
    }

    #[test]
    fn zero_stands_apart_from_all_that_is_more() {
        let axis = Axis::spanning([0.0, 0.001, 3.0].into_iter());
        assert_eq!(axis.place(0.0), Some(0.0));
        let gap = axis.gap().unwrap();
        assert!(axis.place(f64::MIN_POSITIVE).unwrap() > gap && axis.place(0.001).unwrap() > gap);
        assert_eq!(axis.marks()[0].label, "0");
        assert!(Axis::spanning([0.001].into_iter()).gap().is_none());
    }

    #[test]
    fn order_is_kept() {
        let values = [0.0, 0.01, 0.02, 0.5, 8.0, 900.0];
        let axis = Axis::spanning(values.into_iter());
        assert!(values.map(|value| axis.place(value).unwrap()).is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn absurd_numbers_have_no_place_and_break_nothing() {
        for absurd in [f64::NAN, f64::INFINITY, -1.0, 5e-324, f64::MAX] {
            let axis = Axis::spanning([absurd, 1.0].into_iter());
            assert!(axis.marks().len() <= 12, "{absurd}: {:?}", axis.marks());
            assert!(axis.marks().iter().all(|mark| (0.0..=1.0).contains(&mark.place)));
            assert_eq!(axis.place(absurd).is_some(), absurd.is_finite() && absurd >= 0.0);
        }
        assert!(!labels(&[]).is_empty() && labels(&[0.0])[0] == "0");
    }
}
