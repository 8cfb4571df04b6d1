//! How long it took until something followed.

/// Upper ends of the bins, in seconds.
const ENDS: [f64; 11] =
    [1.0, 10.0, 60.0, 300.0, 600.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0, 28_800.0, 86_400.0];
/// Bins; the last one is *not within a day*.
const BINS: usize = ENDS.len() + 1;

/// A histogram of delays, from a second to a day. Of about the latest two hundred: small, since there are many of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delays([u8; BINS]);

impl Delays {
    /// Adds a delay.
    pub fn add(&mut self, delay_ms: i64) {
        let seconds = delay_ms.max(0) as f64 / 1e3;
        let bin = ENDS.iter().position(|end| seconds <= *end).unwrap_or(BINS - 1);
        self.bump(bin);
    }

    /// Adds that nothing followed within a day.
    pub fn add_nothing(&mut self) {
        self.bump(BINS - 1);
    }

    fn bump(&mut self, bin: usize) {
        if self.0[bin] == u8::MAX {
            // Old ones fade; the shares stay.
            self.0.iter_mut().for_each(|count| *count /= 2);
        }
        self.0[bin] += 1;
    }

    /// How many there are.
    pub fn count(&self) -> f64 {
        self.0.iter().copied().map(f64::from).sum()
    }

    /// The share that takes longer than this, 0–1, and 1 if nothing is known. Within a bin, delays are taken to be
    /// spread evenly.
    fn longer(&self, seconds: f64) -> f64 {
        let count = self.count();
        if count == 0.0 {
            return 1.0;
        }
        let mut start = 0.0;
        let mut longer = count;
        for (bin, end) in self.0.iter().zip(ENDS) {
            let part = ((seconds - start) / (end - start)).clamp(0.0, 1.0);
            longer -= part * f64::from(*bin);
            start = end;
        }
        (longer / count).clamp(0.0, 1.0)
    }

    /// The share of those that take longer than `since_s` that is over within another `window_s`, and how many they are.
    pub fn within(&self, since_s: f64, window_s: f64) -> (f64, f64) {
        let waiting = self.longer(since_s);
        let over = waiting - self.longer(since_s + window_s);
        if waiting <= 0.0 { (0.0, 0.0) } else { ((over / waiting).clamp(0.0, 1.0), waiting * self.count()) }
    }

    /// A delay in seconds that at least this share of those that end within a day do not exceed; `None` if there is none.
    /// It is the upper end of a bin: rather too long than too short.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let all: f64 = self.0[..ENDS.len()].iter().copied().map(f64::from).sum();
        let mut seen = 0.0;
        self.0.iter().zip(ENDS).find_map(|(count, end)| {
            seen += f64::from(*count);
            (seen > 0.0 && seen >= share * all).then_some(end)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Delays;

    fn delays(all: &[i64]) -> Delays {
        let mut delays = Delays::default();
        for seconds in all {
            delays.add(seconds * 1_000);
        }
        delays
    }

    #[test]
    fn nine_of_ten_come_within_the_time_that_is_said() {
        let known = delays(&[1, 5, 5, 5, 50, 50, 200, 200, 300, 9_000]);
        assert_eq!((known.quantile(0.5), known.quantile(0.9)), (Some(60.0), Some(300.0)));
        assert_eq!((Delays::default().quantile(0.5), delays(&[600]).quantile(0.9)), (None, Some(600.0)));
    }

    #[test]
    fn who_waited_long_waits_for_what_takes_long() {
        let mut known = delays(&[30, 30, 30, 5_000]);
        known.add_nothing();
        let (share, count) = known.within(0.0, 600.0);
        assert!((share - 0.6).abs() < 1e-9 && count == 5.0);
        let (share, count) = known.within(60.0, 600.0);
        assert!(share == 0.0 && (count - 2.0).abs() < 1e-9);
        let (share, _) = known.within(3_600.0, 3_600.0);
        assert!((share - 0.5).abs() < 1e-9, "one of two: {share}");
        assert_eq!(Delays::default().within(0.0, 600.0).0, 0.0);
    }

    #[test]
    fn a_flood_of_delays_keeps_their_shares() {
        let mut known = Delays::default();
        for index in 0..100_000 {
            known.add(if index % 4 == 0 { 5_000 } else { 500_000 });
        }
        assert!((known.within(0.0, 60.0).0 - 0.25).abs() < 0.02, "{known:?}");
    }
}
