//! `--sweep KEY=VALUES`

use crate::exit::Problem;
use watchfire_judge::tame;

/// Values of one sweep.
const MOST: usize = 1_000;

/// One number, and the values that it takes.
#[derive(Debug, PartialEq)]
pub(super) struct Sweep {
    pub(super) key: String,
    pub(super) values: Vec<f64>,
}

/// A number as people write it.
pub(super) fn number(text: &str) -> Result<f64, Problem> {
    text.trim().replace('_', "").parse().map_err(|_| {
        Problem::usage(format!("{:?} is no number", tame(text, 60)), "write it as 12, 0.5 or 1e6")
    })
}

impl Sweep {
    /// `KEY=1..64`, `KEY=1..64:8` or `KEY=1,2,4`.
    pub(super) fn parse(told: &str) -> Result<Self, Problem> {
        let wrong = |what: &str| {
            Problem::usage(
                format!("--sweep {:?}: {what}", tame(told, 100)),
                "write KEY=1..64, KEY=1..64:8 or KEY=1,2,4; docs/capacity.md names the keys",
            )
        };
        let (key, values) = told.split_once('=').ok_or_else(|| wrong("there is no ="))?;
        let values = if let Some((from, to)) = values.split_once("..") {
            let (to, step) = to.split_once(':').unwrap_or((to, "1"));
            let (from, to, step) = (number(from)?, number(to)?, number(step)?);
            if !(from.is_finite() && to.is_finite() && step > 0.0 && from <= to) {
                return Err(wrong("it leads nowhere"));
            }
            // As many steps as fit, with what rounding takes from the last one.
            let steps = ((to - from) / step + 1e-9).floor();
            if steps >= MOST as f64 {
                return Err(wrong("that is more than 1,000 values"));
            }
            (0..=steps as u32).map(|n| from + f64::from(n) * step).collect()
        } else {
            values.split(',').map(number).collect::<Result<Vec<f64>, Problem>>()?
        };
        if values.len() > MOST {
            return Err(wrong("that is more than 1,000 values"));
        }
        Ok(Self { key: key.trim().to_owned(), values })
    }
}

#[cfg(test)]
mod tests {
    use super::Sweep;

    fn values(told: &str) -> Vec<f64> {
        Sweep::parse(told).unwrap().values
    }

    #[test]
    fn ranges_steps_and_lists_are_understood() {
        assert_eq!(values("workers=1..4"), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(values("alerts_per_s=1_000..3_000:1_000"), [1_000.0, 2_000.0, 3_000.0]);
        assert_eq!(values("new_share = 0..0.3:0.1").len(), 4);
        assert_eq!(values("workers=1,4,16"), [1.0, 4.0, 16.0]);
        assert_eq!(Sweep::parse("workers=5..5").unwrap().key, "workers");
    }

    #[test]
    fn nonsense_is_refused() {
        for told in [
            "workers",
            "workers=",
            "workers=a..b",
            "workers=4..1",
            "workers=1..4:0",
            "workers=1..1e9",
            "workers=1..inf",
        ] {
            assert!(Sweep::parse(told).is_err(), "{told}");
        }
    }
}
