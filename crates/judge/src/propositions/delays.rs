//! How long it took until something followed.

/// Upper ends of the bins, in seconds.
const ENDS: [f64; 9] = [1.0, 10.0, 60.0, 300.0, 600.0, 1_800.0, 3_600.0, 14_400.0, 86_400.0];
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

    /// The delay in seconds that this share of those that end within a day stays below; `None` if there is none.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let counts = &self.0[..ENDS.len()];
        let all: f64 = counts.iter().copied().map(f64::from).sum();
        if all == 0.0 {
            return None;
        }
        let (mut left, mut start) = (share.clamp(0.0, 1.0) * all, 0.0);
        for (count, end) in counts.iter().copied().map(f64::from).zip(ENDS) {
            if left <= count && count > 0.0 {
                return Some(start + (end - start) * left / count);
            }
            left -= count;
            start = end;
        }
        ENDS.last().copied()
    }
}
