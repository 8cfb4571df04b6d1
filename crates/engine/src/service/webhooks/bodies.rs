//! What receivers are sent: bodies, made where the verdict is.
//!
//! An alert's text is the attacker's, and may be long. So every cell is cut before a body is made of it: what is told must
//! neither be too large to be taken nor fill the outbox.

use super::{Kind, Webhooks, slack};
use crate::work::{Said, clip, with_record};
use std::borrow::Cow;
use std::sync::Arc;
use watchfire_judge::Facts;
use watchfire_signal::Alert;
use watchfire_signal::write::{OutputFormat, Record};
use watchfire_store::{Deliveries, DeliveryRow};

/// Bytes of a cell.
const MAX_CELL: usize = 1024;
/// Bytes of the record itself; a longer one is left out.
const MAX_RAW: usize = 8 << 10;
/// Groups or tags of the vendor's rule.
const MAX_GROUPS: usize = 32;
/// Bytes of all bodies that are made of one request; for what comes after, none are made.
const MAX_BODIES: usize = 16 << 20;

/// Gathers what is to be delivered of one request.
pub(crate) struct Post<'w> {
    webhooks: &'w Webhooks,
    /// Milliseconds since 1970.
    now: i64,
    bytes: usize,
    deliveries: Deliveries,
}

impl<'w> Post<'w> {
    pub(crate) fn new(webhooks: &'w Webhooks, now: i64) -> Self {
        Self { webhooks, now, bytes: 0, deliveries: Deliveries::default() }
    }

    /// Whether anybody may want to hear of a verdict.
    pub(crate) fn is_wanted(&self, said: Said<'_>) -> bool {
        self.webhooks.all.iter().any(|webhook| webhook.wants(said))
    }

    /// Tells whoever wants to hear of it.
    pub(crate) fn tell(&mut self, id: &str, alert: &Alert<'_>, facts: &Facts<'_>, said: Said<'_>) {
        let webhooks = self.webhooks;
        for webhook in webhooks.all.iter().filter(|webhook| webhook.wants(said)) {
            if self.bytes > MAX_BODIES {
                *self.deliveries.left_out.entry(Arc::clone(&webhook.name)).or_default() += 1;
                continue;
            }
            let body = with_record(id, alert, facts, said, |record| body(webhook.target.kind, record));
            self.bytes += body.len();
            self.deliveries.rows.push(DeliveryRow {
                key: key(&webhook.name, id, said, self.now),
                target: Arc::clone(&webhook.name),
                body,
            });
        }
    }

    pub(crate) fn finish(self) -> Deliveries {
        self.deliveries
    }
}

/// By what a receiver knows a delivery again. It differs between targets, and between stores that are made anew.
fn key(target: &str, id: &str, said: Said<'_>, now: i64) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for text in [target, id] {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.update(&said.decision.id.to_le_bytes());
    hasher.update(&[said.decision.verdict.id()]);
    hasher.update(&now.to_le_bytes());
    let mut short = [0; 16];
    short.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    short
}

pub(crate) fn body(kind: Kind, record: &Record<'_>) -> String {
    let bounded = bounded(record.alert);
    let record = &Record {
        alert: &bounded,
        asset: clip(record.asset, MAX_CELL),
        reason: clip(record.reason, MAX_CELL),
        ..record.clone()
    };
    let mut line = Vec::new();
    match kind {
        Kind::Slack => return slack::message(record),
        Kind::Generic => OutputFormat::Ndjson.write(record, &mut line),
        Kind::Ocsf => OutputFormat::Ocsf.write(record, &mut line),
    }
    let mut body = String::from_utf8(line).unwrap_or_default();
    body.truncate(body.trim_end().len());
    body
}

/// The alert with what is too long cut.
fn bounded<'a>(alert: &'a Alert<'_>) -> Cow<'a, Alert<'a>> {
    let long = |text: &str| text.len() > MAX_CELL;
    let is_bounded = alert.raw.len() <= MAX_RAW
        && alert.groups.len() <= MAX_GROUPS
        && !alert.groups.iter().any(|group| long(group))
        && !alert.cells().any(|(_, text)| long(text));
    if is_bounded {
        return Cow::Borrowed(alert);
    }
    let mut cut = alert.clone();
    for (field, text) in alert.cells().filter(|(_, text)| long(text)) {
        cut.set(field, clip(text, MAX_CELL));
    }
    cut.groups.truncate(MAX_GROUPS);
    for group in &mut cut.groups {
        if long(group) {
            *group = Cow::Owned(clip(group, MAX_CELL).to_owned());
        }
    }
    if alert.raw.len() > MAX_RAW {
        cut.raw = "";
    }
    Cow::Owned(cut)
}
