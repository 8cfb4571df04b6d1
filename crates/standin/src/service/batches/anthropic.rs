//! Anthropic's batches of messages.
//!
//! Sources: platform.claude.com/docs/en/api/messages/batches (the shape; lists with the newest first and pages of 1 to
//! 1000, 20 if not said) and the page on cancelling: numbers move only when the whole batch has ended. A `custom_id` has
//! 1 to 64 letters, digits, `_` and `-`, and is unique. *From memory:* how a refusal is worded. A batch that does not end
//! within 24 hours ends all the same, with requests that expired; there is no state for it.

use super::life::{Batch, Ended, Phase};
use super::{Asked, Most, Reading};
use crate::exchange::{Call, Reply};
use crate::llm::anthropic;
use crate::service::Service;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The requests of a message batch.
pub(super) fn requests(body: &Value, bytes: usize, most: Most) -> Reading {
    let wrong = |message: String| anthropic::error(400, "invalid_request_error", &message);
    if bytes > most.bytes {
        return Err(anthropic::error(413, "request_too_large", "Request exceeds the maximum size"));
    }
    let Some(list) = body.get("requests").and_then(Value::as_array) else {
        return Err(wrong("requests: Field required".to_owned()));
    };
    if list.is_empty() || list.len() > most.items {
        let wanted = if list.is_empty() {
            "at least 1 item".to_owned()
        } else {
            format!("at most {} items", most.items)
        };
        return Err(wrong(format!(
            "requests: List should have {wanted} after validation, not {}",
            list.len()
        )));
    }
    let mut known = BTreeSet::new();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let requests: Result<Vec<_>, _> = list
        .iter()
        .enumerate()
        .map(|(number, entry)| {
            let id = entry.get("custom_id").and_then(Value::as_str).unwrap_or_default();
            if id.is_empty() || id.len() > 64 || !id.chars().all(plain) {
                let pattern = "String should match pattern '^[a-zA-Z0-9_-]{1,64}$'";
                return Err(wrong(format!("requests.{number}.custom_id: {pattern}")));
            }
            if !known.insert(id) {
                return Err(wrong(format!("requests: custom_id {id} is not unique")));
            }
            let params = entry
                .get("params")
                .ok_or_else(|| wrong(format!("requests.{number}.params: Field required")))?;
            Ok((json!(id), params.clone()))
        })
        .collect();
    requests.map(Asked::Requests)
}

/// The batch.
pub(super) fn batch(service: &Service, batch: &Batch, call: &Call) -> Value {
    let now = service.clock.now();
    let phase = batch.phase(now);
    let total = batch.entries.len();
    let ended = phase.is_over();
    let status = match phase {
        _ if ended => "ended",
        Phase::Cancelling => "canceling",
        _ => "in_progress",
    };
    let counts = if ended {
        let counts = batch.counts(now);
        json!({"processing": 0, "succeeded": counts.answered, "errored": counts.failed, "canceled": counts.cancelled,
            "expired": counts.expired})
    } else {
        json!({"processing": total, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0})
    };
    let host = call.header("host").unwrap_or("127.0.0.1");
    let when = |at| service.clock.rfc3339(at);
    json!({
        "id": batch.id,
        "type": "message_batch",
        "processing_status": status,
        "request_counts": counts,
        "created_at": when(batch.created),
        "expires_at": when(batch.deadline),
        "ended_at": ended.then(|| when(batch.ends())),
        "cancel_initiated_at": batch.cancelled.map(when),
        "archived_at": null,
        "results_url": ended.then(|| format!("http://{host}/v1/messages/batches/{}/results", batch.id)),
    })
}

/// The results, one on each line.
pub(super) fn results(service: &Service, batch: &Batch, _call: &Call) -> Reply {
    if !batch.phase(service.clock.now()).is_over() {
        return anthropic::error(
            404,
            "not_found_error",
            "Batch results are not available before processing has ended.",
        );
    }
    let mut lines = String::new();
    for (number, (entry, ended)) in batch.endings().enumerate() {
        let result = match ended {
            Ended::Cancelled => json!({"type": "canceled"}),
            Ended::Answered(ask, outcome) => {
                json!({"type": "succeeded", "message": anthropic::answer(ask, outcome, number as u64)})
            }
            Ended::Failed(_, body) => json!({"type": "errored", "error": body}),
            Ended::Expired => json!({"type": "expired"}),
        };
        lines.push_str(&json!({"custom_id": entry.key, "result": result}).to_string());
        lines.push('\n');
    }
    Reply::text(200, "application/x-jsonl", lines)
}
