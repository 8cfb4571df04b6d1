//! Delivering: for each target one worker, one delivery at a time, in order.
//!
//! What a receiver's answer means:
//!
//! | answer | then |
//! |---|---|
//! | 2xx | it has it |
//! | 408, 425, 429, 5xx, none in time, one that broke off | again, later; after [`ATTEMPTS`] of these it is dead |
//! | no connection came about | again, later, however often: the delivery is not to blame |
//! | any other, redirects among them | dead at once |
//!
//! A redirect is not followed: the address that was checked is not the one that it names.
//!
//! Waits double up to ten minutes and are drawn at random below that; what a receiver asks for in `Retry-After` is kept to, up
//! to an hour. The breaker is for whoever watches, and for the first delivery after a long silence: it stops knocking in vain.

use super::{Webhook, signature};
use crate::error::EngineError;
use crate::service::{Service, Shared};
use bytes::Bytes;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use watchfire_flow::{Backoff, BreakerPermit};
use watchfire_http::{Http, HttpError, Request, Response};
use watchfire_judge::tame;
use watchfire_store::StoredDelivery;

/// The header by which a receiver knows a delivery again, the same over all attempts.
pub const DELIVERY: &str = "x-watchfire-delivery";
/// The header that says who sent it.
pub const SIGNATURE: &str = "x-watchfire-signature";
/// How often a delivery is answered in vain before it is dead.
pub const ATTEMPTS: u32 = 30;
/// How long an attempt may take.
pub const TIMEOUT: Duration = Duration::from_secs(10);

const BACKOFF: Backoff = Backoff {
    base: Duration::from_secs(1),
    cap: Duration::from_secs(600),
    attempts: ATTEMPTS,
    patience: Duration::from_secs(3600),
};
/// How often it is looked for deliveries that nobody told of.
const IDLE: Duration = Duration::from_secs(30);
/// Characters of an answer that are kept.
const MAX_ANSWER: usize = 200;

/// What came of an attempt.
enum Attempt {
    Delivered,
    /// Again, after this long at least if the receiver says so. `counts` if the delivery may be to blame.
    Again {
        counts: bool,
        asked: Option<Duration>,
        why: String,
    },
    Dead(String),
}

impl Service {
    /// Everybody who is told of verdicts.
    pub fn webhooks(&self) -> &[std::sync::Arc<Webhook>] {
        &self.shared.webhooks.all
    }

    /// Delivers what waits for a target until it is dropped; one such worker to a target. Dropping it loses nothing: what was
    /// on its way is delivered again. Ends only if the store fails.
    pub async fn deliver(&self, webhook: &Webhook, http: &dyn Http) -> Result<Infallible, EngineError> {
        let Shared { store, clock, .. } = &*self.shared;
        let seed = blake3::hash(format!("{} {}", webhook.name, clock.unix_millis()).as_bytes());
        let mut rng = ChaCha8Rng::from_seed(*seed.as_bytes());
        loop {
            let Some(next) = store.next_delivery(&webhook.name)? else {
                drop(timeout(IDLE, webhook.written.notified()).await);
                continue;
            };
            // The wall clock may have been set back; nothing waits longer than it could have been told to.
            let early = next.next_at.saturating_sub(clock.unix_millis());
            if let Ok(early) = u64::try_from(early)
                && early > 0
            {
                sleep(Duration::from_millis(early).min(BACKOFF.patience + BACKOFF.base)).await;
            }
            webhook.breaker.closed().await;
            let Ok(permit) = webhook.breaker.permit() else { continue };
            webhook.called(&**clock);
            let answer = http.send(request(webhook, &next, clock.unix_millis() / 1000)).await;
            match judge(answer, permit) {
                Attempt::Delivered => {
                    store.delivered(next.id)?;
                    let mut counts = webhook.counted();
                    counts.delivered += 1;
                    counts.error.clear();
                }
                Attempt::Again { counts: true, why, .. } if next.attempts + 1 >= ATTEMPTS => {
                    store.delivery_died(next.id, next.attempts + 1, &why)?;
                    webhook.died(why);
                }
                Attempt::Again { counts, asked, why } => {
                    let attempts = next.attempts + u32::from(counts);
                    let asked = asked.map(|asked| asked.min(BACKOFF.patience));
                    let wait = BACKOFF.wait(attempts.max(1), asked, &mut rng);
                    let next_at = clock.unix_millis().saturating_add(wait.as_millis() as i64);
                    store.delivery_failed(next.id, attempts, next_at, &why)?;
                    let mut counts = webhook.counted();
                    counts.retried += 1;
                    counts.error = why;
                }
                Attempt::Dead(why) => {
                    store.delivery_died(next.id, next.attempts + 1, &why)?;
                    webhook.died(why);
                }
            }
            webhook.stands(store.outboxes()?.get(&*webhook.name).copied().unwrap_or_default());
        }
    }
}

impl Webhook {
    fn died(&self, why: String) {
        let mut counts = self.counted();
        counts.died += 1;
        counts.error = why;
    }
}

fn request(webhook: &Webhook, delivery: &StoredDelivery, unix_seconds: i64) -> Request {
    let body = Bytes::copy_from_slice(delivery.row.body.as_bytes());
    let key: String = delivery.row.key.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut request =
        Request::post_json(webhook.target.url.trim(), body.clone()).header(DELIVERY, key).timeout(TIMEOUT);
    if let Some(secret) = &webhook.target.secret {
        request = request.header(SIGNATURE, signature(secret, unix_seconds, &body));
    }
    request
}

/// What an answer means, for the delivery and for the breaker.
fn judge(answer: Result<Response, HttpError>, permit: BreakerPermit) -> Attempt {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            let why = tame(&error.to_string(), MAX_ANSWER);
            if !error.is_transient() {
                // It answered, or can't be asked at all.
                permit.ignore();
                return Attempt::Dead(why);
            }
            permit.failure();
            return Attempt::Again { counts: error.was_sent(), asked: None, why };
        }
    };
    if answer.is_success() {
        permit.success();
        return Attempt::Delivered;
    }
    let why = format!("{} {}", answer.status, tame(String::from_utf8_lossy(&answer.body).trim(), MAX_ANSWER));
    let why = why.trim_end().to_owned();
    let asked = answer.retry_after();
    match answer.status {
        // It is there, and says when to come back.
        425 | 429 => {
            permit.ignore();
            Attempt::Again { counts: true, asked, why }
        }
        408 | 500..=599 => {
            permit.failure();
            Attempt::Again { counts: true, asked, why }
        }
        300..=399 => {
            permit.success();
            Attempt::Dead(format!("{why} (redirects are not followed)"))
        }
        _ => {
            permit.success();
            Attempt::Dead(why)
        }
    }
}
