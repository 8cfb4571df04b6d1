//! What is said about batches in the same way whoever says it: one of them, and a page of them.

use super::life::Batch;
use super::{anthropic, gemini, openai};
use crate::exchange::{Call, Reply};
use crate::provider::Provider;
use crate::service::{Service, wording};
use serde_json::{Value, json};

/// What is wrong with a batch or a line of it, as OpenAI lists it.
pub(super) fn complaint(code: &str, message: &str, line: Option<usize>) -> Value {
    json!({"code": code, "message": message, "line": line, "param": null})
}

fn shown(service: &Service, batch: &Batch, call: &Call) -> Value {
    match batch.provider {
        Provider::Gemini => gemini::batch(service, batch),
        Provider::Anthropic => anthropic::batch(service, batch, call),
        _ => openai::batch(service, batch),
    }
}

/// The batch itself.
pub(super) fn batch(service: &Service, batch: &Batch, call: &Call) -> Reply {
    Reply::json(200, &shown(service, batch, call))
}

/// What is said to a cancellation: Gemini says nothing, the others show the batch.
pub(super) fn cancelled(service: &Service, of: &Batch, call: &Call) -> Reply {
    if of.provider == Provider::Gemini { Reply::json(200, &json!({})) } else { batch(service, of, call) }
}

/// A page of batches, the newest first. Gemini's come with their results; it promises no order.
pub(super) fn list(service: &Service, provider: Provider, batches: &[&Batch], call: &Call) -> Reply {
    let (size, after, most) = match provider {
        Provider::Gemini => ("pageSize", "pageToken", 1000),
        Provider::Anthropic => ("limit", "after_id", 1000),
        _ => ("limit", "after", 100),
    };
    let limit = match call.query(size).map(str::parse::<usize>) {
        None => 20,
        Some(Ok(0)) if provider == Provider::Gemini => 20,
        Some(Ok(limit)) if provider == Provider::Gemini => limit.min(most),
        Some(Ok(limit)) if (1..=most).contains(&limit) => limit,
        Some(_) => {
            return wording::invalid(provider, &format!("{size}: expected an integer from 1 to {most}"));
        }
    };
    let missing = || wording::invalid(provider, "the page does not exist");
    let position = |id: &str| batches.iter().position(|batch| batch.id == id);
    let before = call.query("before_id").filter(|_| provider == Provider::Anthropic);
    let (from, to) = match (call.query(after), before) {
        (Some(after), _) => match position(after) {
            Some(position) => (position + 1, batches.len().min(position + 1 + limit)),
            None => return missing(),
        },
        (None, Some(before)) => match position(before) {
            Some(position) => (position.saturating_sub(limit), position),
            None => return missing(),
        },
        (None, None) => (0, batches.len().min(limit)),
    };
    let page = batches.get(from..to).unwrap_or_default();
    // More in the direction in which the reader goes.
    let has_more = if before.is_some() { from > 0 } else { to < batches.len() };
    let first = page.first().map(|batch| &batch.id);
    let last = page.last().map(|batch| &batch.id);
    let data: Vec<Value> = page.iter().map(|batch| shown(service, batch, call)).collect();
    let body = match provider {
        Provider::Gemini if has_more => json!({"operations": data, "nextPageToken": last}),
        // protobuf's JSON leaves out what is empty.
        Provider::Gemini if data.is_empty() => json!({}),
        Provider::Gemini => json!({"operations": data}),
        Provider::Anthropic => {
            json!({"data": data, "has_more": has_more, "first_id": first, "last_id": last})
        }
        _ => {
            json!({"object": "list", "data": data, "has_more": has_more, "first_id": first, "last_id": last})
        }
    };
    Reply::json(200, &body)
}
