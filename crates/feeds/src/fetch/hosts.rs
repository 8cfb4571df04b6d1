//! One request at a time at each host, with a pause in between, whoever asks.
//!
//! Twenty feeds of one publisher are twenty requests in the same second, which is what blocks are made for. Those who wait get
//! their turn in the order in which they came. Where a host has said to come later (429), nobody asks it before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Mutex as Queue, OwnedMutexGuard};
use tokio::time::{Instant, sleep_until};

/// From so many hosts on, those that nobody needs to remember are forgotten.
const MANY: usize = 4096;

#[derive(Debug, Default)]
struct Host {
    /// When the next request may begin.
    free_at: Arc<Queue<Option<Instant>>>,
    /// Until when it wants to be left alone, in milliseconds since 1970.
    held_until_ms: i64,
}

/// The hosts that are asked, by name.
#[derive(Debug, Default)]
pub struct Hosts {
    known: Mutex<HashMap<String, Host>>,
}

/// The right to make one request to a host. The pause begins when it is dropped.
#[derive(Debug)]
pub struct HostTurn {
    free_at: OwnedMutexGuard<Option<Instant>>,
    pause: Duration,
}

impl Drop for HostTurn {
    fn drop(&mut self) {
        *self.free_at = Instant::now().checked_add(self.pause);
    }
}

impl Hosts {
    /// Waits for a turn at this host, after which there is such a pause.
    ///
    /// Dropping this leaves the queue and costs the others nothing.
    pub async fn turn(&self, host: &str, pause: Duration) -> HostTurn {
        let queue = Arc::clone(&remembered(&mut self.known(), host).free_at);
        let free_at = queue.lock_owned().await;
        if let Some(moment) = *free_at {
            sleep_until(moment).await;
        }
        HostTurn { free_at, pause }
    }

    /// Leaves a host alone until then, in milliseconds since 1970.
    pub fn hold(&self, host: &str, until_ms: i64) {
        let mut known = self.known();
        let host = remembered(&mut known, host);
        host.held_until_ms = host.held_until_ms.max(until_ms);
    }

    /// Until when a host wants to be left alone, if that is not over.
    pub fn held(&self, host: &str, now_ms: i64) -> Option<i64> {
        self.known().get(host).map(|host| host.held_until_ms).filter(|until_ms| *until_ms > now_ms)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Host>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A host, which is new if it was not known.
fn remembered<'a>(known: &'a mut HashMap<String, Host>, host: &str) -> &'a mut Host {
    if known.len() >= MANY && !known.contains_key(host) {
        forget(known);
    }
    known.entry(host.to_owned()).or_default()
}

/// Forgets hosts where nobody waits, nobody is asking and no pause goes on. If that is too few, those go too that want to be
/// left alone: they will say so again.
fn forget(known: &mut HashMap<String, Host>) {
    let now = Instant::now();
    let idle = |host: &Host| {
        Arc::strong_count(&host.free_at) == 1
            && host.free_at.try_lock().is_ok_and(|free_at| free_at.is_none_or(|moment| moment <= now))
    };
    known.retain(|_, host| host.held_until_ms > 0 || !idle(host));
    if known.len() >= MANY {
        known.retain(|_, host| !idle(host));
    }
}

#[cfg(test)]
mod tests {
    use super::{Hosts, MANY};
    use std::time::Duration;
    use tokio::time::Instant;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_pause_begins_where_the_request_ends_and_holds_for_that_host_only() {
        let hosts = Hosts::default();
        let began = Instant::now();
        let turn = hosts.turn("a", SECOND).await;
        tokio::time::sleep(3 * SECOND).await;
        hosts.turn("b", SECOND).await;
        assert_eq!(began.elapsed(), 3 * SECOND);
        drop(turn);
        hosts.turn("a", SECOND).await;
        assert_eq!(began.elapsed(), 4 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_waiting_holds_nobody_up() {
        let hosts = Hosts::default();
        drop(hosts.turn("a", 10 * SECOND).await);
        assert!(tokio::time::timeout(SECOND, hosts.turn("a", SECOND)).await.is_err());
        let began = Instant::now();
        hosts.turn("a", SECOND).await;
        assert_eq!(began.elapsed(), 9 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn any_number_of_hosts_takes_bounded_memory() {
        let hosts = Hosts::default();
        let kept = hosts.turn("kept", SECOND).await;
        hosts.hold("held", 5);
        for host in 0..3 * MANY {
            hosts.hold(&host.to_string(), 7);
            drop(hosts.turn(&host.to_string(), Duration::ZERO).await);
            assert!(hosts.known().len() <= MANY + 1);
        }
        assert!(hosts.known().contains_key("kept"), "a turn that is taken is not forgotten");
        drop(kept);
    }

    #[test]
    fn a_host_is_left_alone_as_long_as_the_longest_that_was_asked() {
        let hosts = Hosts::default();
        hosts.hold("a", 100);
        hosts.hold("a", 50);
        assert_eq!(hosts.held("a", 99), Some(100));
        assert_eq!(hosts.held("a", 100), None);
        assert_eq!(hosts.held("b", 0), None);
    }
}
