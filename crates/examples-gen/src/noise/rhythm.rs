//! When things happen: how a day's events spread over its hours.

use crate::dice::Dice;
use crate::moment::{Day, Moment};

/// How events spread over the day.
#[derive(Debug, Clone, Copy)]
pub enum Rhythm {
    /// The same at every hour.
    Flat,
    /// With the people: from seven to six, less at lunch, a little in the evening.
    Office,
    /// When people come: most from seven to nine, and once more after lunch.
    Arrival,
    /// With the world: always something, more when other continents wake.
    Internet,
    /// By night, when jobs run.
    Night,
}

impl Rhythm {
    const fn weights(self) -> [u32; 24] {
        match self {
            Self::Flat => [1; 24],
            Self::Office => {
                [1, 0, 0, 0, 0, 1, 6, 22, 40, 44, 42, 38, 22, 30, 40, 38, 32, 20, 8, 4, 4, 3, 2, 1]
            }
            Self::Arrival => [0, 0, 0, 0, 0, 2, 12, 46, 50, 20, 10, 8, 12, 24, 9, 7, 6, 4, 3, 3, 2, 2, 0, 0],
            Self::Internet => [
                22, 24, 26, 28, 27, 24, 20, 18, 17, 18, 20, 20, 21, 22, 22, 20, 19, 18, 18, 19, 20, 21, 22,
                22,
            ],
            Self::Night => [18, 30, 22, 16, 12, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 8, 14],
        }
    }

    /// Moments in this rhythm: about so many, not in order.
    pub fn moments(self, dice: &mut Dice, day: Day, about: u64) -> Vec<Moment> {
        let hours: Vec<(u32, usize)> = self.weights().into_iter().zip(0..).collect();
        let count = about + dice.below(about / 20 + 1);
        (0..count)
            .map(|_| {
                let hour = *dice.weighted(&hours);
                day.within_hour(dice, hour)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Rhythm;
    use crate::dice::Dice;
    use crate::moment::Day;

    #[test]
    fn people_work_by_day_and_jobs_run_by_night() {
        let between = |rhythm: Rhythm, from: i64, to: i64| {
            let (from, to) = (Day::EXAMPLE.at(from, 0, 0), Day::EXAMPLE.at(to, 0, 0));
            let moments = rhythm.moments(&mut Dice::new(3, 3), Day::EXAMPLE, 1_000);
            moments.iter().filter(|&&at| at >= from && at < to).count()
        };
        assert!(between(Rhythm::Office, 7, 18) > 850);
        assert!(between(Rhythm::Night, 7, 18) == 0);
        assert!(between(Rhythm::Internet, 0, 12) > 400);
        assert!(between(Rhythm::Flat, 0, 24) >= 1_000);
    }
}
