//! When a pattern's alerts came, in little memory: its most surprising episodes, and the stretches it was seen in.

use smallvec::SmallVec;

/// A longer pause parts two episodes, in milliseconds.
const PAUSE: i64 = 300_000;
/// A silence of this length is half as surprising as an endless one, in milliseconds.
const HALF: f64 = 86_400_000.0;
/// Episodes that are kept: the most surprising ones.
const EPISODES: usize = 3;
/// Alerts as close as this belong to one stretch, in milliseconds.
const CLOSE: i64 = 3000;
/// Stretches that are kept; beyond that the two that are closest become one.
const STRETCHES: usize = 16;

/// Alerts without a long pause between them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Episode {
    /// The first alert, in milliseconds since 1970.
    pub start: i64,
    /// The last one.
    pub end: i64,
    /// How surprising it is, 0–1: by the silence that it broke.
    pub surprise: f64,
}

/// When a pattern's alerts came.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    alerts: u64,
    last: i64,
    current: Option<Episode>,
    kept: SmallVec<[Episode; EPISODES]>,
    stretches: Vec<(i64, i64)>,
}

impl Trace {
    /// Takes in an alert at `time`, of a record that began at `origin`; both in milliseconds since 1970. What is late
    /// counts as having come with the one before.
    pub fn add(&mut self, time: i64, origin: i64) {
        let time = if self.alerts == 0 { time.max(origin) } else { time.max(self.last) };
        let pause = time.saturating_sub(if self.alerts == 0 { origin } else { self.last });
        self.alerts += 1;
        self.last = time;
        match &mut self.current {
            Some(current) if pause <= PAUSE => current.end = time,
            current => {
                let ended = current.replace(Episode {
                    start: time,
                    end: time,
                    surprise: surprise(pause, time.saturating_sub(origin)),
                });
                if let Some(ended) = ended {
                    keep(&mut self.kept, ended);
                }
            }
        }
        match self.stretches.last_mut() {
            Some((_, end)) if time.saturating_sub(*end) <= CLOSE => *end = time,
            _ => {
                self.stretches.push((time, time));
                if self.stretches.len() > STRETCHES {
                    self.merge_closest();
                }
            }
        }
    }

    fn merge_closest(&mut self) {
        let gaps = self.stretches.windows(2).enumerate();
        let closest =
            gaps.min_by_key(|(_, pair)| pair[1].0.saturating_sub(pair[0].1)).map(|(place, _)| place);
        if let Some(place) = closest {
            let (_, end) = self.stretches.remove(place + 1);
            self.stretches[place].1 = end;
        }
    }

    /// How many alerts there are.
    pub const fn alerts(&self) -> u64 {
        self.alerts
    }

    /// The most surprising episodes, the most surprising first, of equal ones the earlier.
    pub fn episodes(&self) -> SmallVec<[Episode; EPISODES]> {
        let mut episodes = self.kept.clone();
        if let Some(current) = self.current {
            keep(&mut episodes, current);
        }
        episodes
    }

    /// The most surprising episode's surprise.
    pub(super) fn surprise(&self) -> f64 {
        self.episodes().first().map_or(0.0, |episode| episode.surprise)
    }

    /// Whether there was an alert between these times, both included, or about.
    pub(super) fn was_seen(&self, from: i64, to: i64) -> bool {
        let place = self.stretches.partition_point(|(_, end)| *end < from);
        self.stretches.get(place).is_some_and(|(start, _)| *start <= to)
    }
}

/// How surprising it is that a silence of `pause` is broken, `since_start` after the record began.
fn surprise(pause: i64, since_start: i64) -> f64 {
    let (pause, since_start) = (pause.max(1000) as f64, since_start.max(1000) as f64);
    pause / (pause + HALF) * (pause / since_start).min(1.0).sqrt()
}

fn keep(kept: &mut SmallVec<[Episode; EPISODES]>, episode: Episode) {
    let place = kept.iter().position(|known| known.surprise < episode.surprise).unwrap_or(kept.len());
    if place < EPISODES {
        kept.truncate(EPISODES - usize::from(kept.len() == EPISODES));
        kept.insert(place, episode);
    }
}
