//! What a member knows of where it stands with the others, and what it may do by itself. No input and no output.

use super::wire::Reply;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// Clocks that run at their own pace differ by less.
const DRIFT: u32 = 500;
/// What is left between the last moment and what must not come before it.
const CARE: Duration = Duration::from_millis(100);

/// The times that members and script go by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// How long a call may be on its way, with the time that its grant took to come.
    pub(super) flight: Duration,
    /// The longest window.
    pub(super) longest: Duration,
    pub(super) lease: Duration,
    pub(super) timeout: Duration,
    pub(super) fall_back_for: Duration,
}

impl Times {
    /// Nothing of what was granted before is counted by the provider any more after so long.
    fn over(&self) -> Duration {
        self.flight + self.longest
    }

    /// From the last answer until the share may be used alone: by then the lease is over even if a request is counted whose
    /// answer was not heard, and what others were granted while it was not is over, too.
    pub(super) fn until_alone(&self) -> Duration {
        let exact = self.lease * 2 + self.over();
        exact + exact / DRIFT + CARE
    }

    /// How long others set a share aside for a member of which they don't hear, from the end of its lease.
    pub(super) fn absence(&self) -> Duration {
        let exact = self.until_alone() + self.fall_back_for + self.over() + self.timeout * 2;
        exact + exact / DRIFT + CARE
    }

    /// From the last answer until the share may not be used any more: what is sent then is over when the others take it.
    pub(super) fn until_nothing(&self) -> Duration {
        self.until_alone() + self.fall_back_for
    }
}

#[derive(Debug, Clone)]
pub(super) struct Standing {
    times: Times,
    /// Which memory is known; empty before the first.
    pub(super) epoch: String,
    /// The server's time in the last answer, and when it came.
    pub(super) told_at: i64,
    heard_at: Option<Instant>,
    /// When the last answer to a step as a member came; `None` before the first.
    member_at: Option<Instant>,
    /// The share that may be used alone, and which the others set aside.
    pub(super) share: u64,
    /// All members, and the version of that list.
    pub(super) roster: Vec<String>,
    pub(super) rv: u64,
    /// What days and months have used, by their place.
    pub(super) used: BTreeMap<usize, (u64, i64)>,
    /// Since when, by the server's clock, the share is or was used, and nobody has been told of it.
    pub(super) alone_since: Option<i64>,
}

impl Standing {
    pub(super) const fn new(times: Times) -> Self {
        Self {
            times,
            epoch: String::new(),
            told_at: 0,
            heard_at: None,
            member_at: None,
            share: 0,
            roster: Vec::new(),
            rv: 0,
            used: BTreeMap::new(),
            alone_since: None,
        }
    }

    /// An answer on which the next request will count.
    pub(super) fn hear(&mut self, now: i64, at: Instant) {
        self.told_at = now;
        self.heard_at = Some(at);
    }

    /// What a step as a member came to.
    pub(super) fn take(&mut self, reply: &Reply, at: Instant) {
        self.hear(reply.now, at);
        self.member_at = Some(at);
        self.share = reply.share;
        self.rv = reply.rv;
        if let Some(roster) = &reply.roster {
            self.roster.clone_from(roster);
        }
        for &(place, used, ends) in &reply.told {
            let Some(place) = place.checked_sub(1) else { continue };
            self.used.insert(place, (used.clamp(0.0, 1e14) as u64, ends as i64));
        }
    }

    /// Another memory than was known: nothing is known of it.
    pub(super) fn begin(&mut self, epoch: &str) {
        epoch.clone_into(&mut self.epoch);
        self.rv = 0;
    }

    /// Whether what is known of a memory that is lost is of use: it is no older than others go by.
    pub(super) fn remembers(&self, now: Instant) -> bool {
        let within = self.times.until_nothing();
        self.member_at.is_some_and(|at| now.saturating_duration_since(at) < within)
    }

    /// From when until when the share may be used without asking.
    pub(super) fn alone(&self) -> Option<(Instant, Instant)> {
        let (heard_at, member_at) = self.heard_at.zip(self.member_at).filter(|_| self.share > 0)?;
        Some((heard_at + self.times.until_alone(), member_at + self.times.until_nothing()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Standing, Times};
    use crate::budget::wire::Reply;
    use std::time::Duration;
    use tokio::time::Instant;

    const TIMES: Times = Times {
        flight: Duration::from_secs(20),
        longest: Duration::from_secs(60),
        lease: Duration::from_secs(3),
        timeout: Duration::from_secs(1),
        fall_back_for: Duration::from_secs(600),
    };

    #[tokio::test(start_paused = true)]
    async fn a_share_is_used_only_when_what_others_were_granted_is_over_and_ends_before_they_take_it() {
        let mut standing = Standing::new(TIMES);
        assert_eq!(standing.alone(), None, "who never was a member has none");
        let now = Instant::now();
        standing.hear(1_000, now);
        assert_eq!(standing.alone(), None);
        standing.take(&Reply { share: 240_240, ..Reply::default() }, now);
        let (from, until) = standing.alone().unwrap();
        // Two leases, a flight and a window.
        assert!(from - now >= Duration::from_secs(86) && from - now < Duration::from_secs(87));
        assert_eq!(until - from, TIMES.fall_back_for);
        // The others take the share a lease and an absence after the answer at the earliest; by then it is over.
        assert!(until - now + TIMES.flight + TIMES.longest < TIMES.absence() + TIMES.lease);
        assert!(standing.remembers(now + Duration::from_secs(600)));
        assert!(!standing.remembers(now + Duration::from_secs(700)));
    }
}
