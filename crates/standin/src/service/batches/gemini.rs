//! Gemini's batches: operations, with their results inlined.
//!
//! Source: ai.google.dev/api/batch-api (`displayName` is required; operations with `metadata`, `response`, `error`;
//! `ListOperations` with `operations` and `nextPageToken`). One that was cancelled has an `error` of code 1, as operations
//! do. *Unchecked:* how it words an item that expired or was cancelled; here each has an error with gRPC's code, 4 or 1;
//! that an expired or cancelled batch keeps what was done; the bound on a page; the refusal of more than 20 MB, which is
//! worded as clients record it.

use super::life::{Batch, Ended, Phase};
use super::{Asked, Most, Reading};
use crate::llm::gemini;
use crate::service::{Service, wording};
use serde_json::{Value, json};

/// The requests of `batchGenerateContent`, inlined.
pub(super) fn requests(body: &Value, bytes: usize, most: Most) -> Reading {
    let wrong = |message: &str| gemini::error(400, "INVALID_ARGUMENT", message, &[]);
    if bytes > most.bytes {
        return Err(wrong(&format!("Request payload size exceeds the limit: {} bytes.", most.bytes)));
    }
    let batch = body
        .get("batch")
        .ok_or_else(|| wrong("* BatchGenerateContentRequest.batch: batch is not specified\n"))?;
    let either = |camel: &str, snake: &str| batch.get(camel).or_else(|| batch.get(snake));
    if either("displayName", "display_name").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(wrong("* BatchGenerateContentRequest.batch.display_name: must be specified\n"));
    }
    let input = either("inputConfig", "input_config");
    let list = input.and_then(|input| input.pointer("/requests/requests")).and_then(Value::as_array);
    let list = list.ok_or_else(|| {
        wrong("* BatchGenerateContentRequest.batch.input_config: this stand-in takes inlined requests\n")
    })?;
    if list.is_empty() || list.len() > most.items {
        return Err(wrong(
            "* BatchGenerateContentRequest.batch.input_config.requests: wrong number of requests\n",
        ));
    }
    let requests: Result<Vec<_>, _> = list
        .iter()
        .map(|entry| {
            let request =
                entry.get("request").ok_or_else(|| wrong("* InlinedRequest.request: must be specified\n"))?;
            Ok((entry.get("metadata").cloned().unwrap_or(Value::Null), request.clone()))
        })
        .collect();
    requests.map(Asked::Requests)
}

/// The operation.
pub(super) fn batch(service: &Service, batch: &Batch) -> Value {
    let now = service.clock.now();
    let phase = batch.phase(now);
    let counts = batch.counts(now);
    let state = match phase {
        Phase::Waiting => "PENDING",
        // There is no state for one that is being cancelled.
        Phase::Running | Phase::Finalizing | Phase::Cancelling => "RUNNING",
        Phase::Expired => "EXPIRED",
        Phase::Done => "SUCCEEDED",
        Phase::Cancelled => "CANCELLED",
        Phase::Failed => "FAILED",
    };
    let name = format!("batches/{}", batch.id);
    let done = phase.is_over();
    let total = batch.entries.len();
    let failed = counts.failed + counts.expired + counts.cancelled;
    let mut stats = json!({"requestCount": total.to_string()});
    // Numbers that are 0 are left out.
    for (name, count) in [
        ("successfulRequestCount", counts.answered),
        ("failedRequestCount", failed),
        ("pendingRequestCount", if phase == Phase::Failed { 0 } else { total - counts.answered - failed }),
    ] {
        if count > 0 {
            stats[name] = json!(count.to_string());
        }
    }
    let mut metadata = json!({
        "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch",
        "name": name,
        "model": format!("models/{}", batch.model),
        "displayName": batch.name,
        "createTime": service.clock.rfc3339(batch.created),
        "updateTime": service.clock.rfc3339(now),
        "batchStats": stats,
        "state": format!("BATCH_STATE_{state}"),
    });
    let mut body = json!({"name": name});
    if done {
        metadata["endTime"] = json!(service.clock.rfc3339(batch.ends()));
        body["done"] = json!(true);
    }
    let mut output = None;
    if done && phase != Phase::Failed {
        let inlined = json!({"inlinedResponses": {"inlinedResponses": responses(service, batch)}});
        metadata["output"] = inlined.clone();
        output = Some(inlined);
    }
    match (phase, output) {
        (Phase::Cancelled, _) => {
            body["error"] = json!({"code": 1, "message": "The operation was cancelled."});
        }
        (Phase::Failed, _) => {
            let message = batch.complaints.first().map_or(&Value::Null, |complaint| &complaint["message"]);
            body["error"] = json!({"code": 13, "message": message});
        }
        (_, Some(output)) => {
            body["response"] = output;
            body["response"]["@type"] =
                json!("type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatchOutput");
        }
        (_, None) => {}
    }
    body["metadata"] = metadata;
    body
}

fn responses(service: &Service, batch: &Batch) -> Vec<Value> {
    let unix_ms = service.clock.unix_ms(batch.ends());
    let response = |number: usize, ended: Ended<'_>| match ended {
        Ended::Answered(ask, outcome) => {
            json!({"response": wording::answer_body(batch.provider, ask, outcome, number as u64, unix_ms)})
        }
        Ended::Failed(_, body) => json!({"error": {"code": 13, "message": body["error"]["message"]}}),
        Ended::Expired => {
            json!({"error": {"code": 4, "message": "The batch expired before this request ran."}})
        }
        Ended::Cancelled => {
            json!({"error": {"code": 1, "message": "The batch was cancelled before this request ran."}})
        }
    };
    let with_key = |(number, (entry, ended)): (usize, (&super::Entry, Ended<'_>))| {
        let mut response = response(number, ended);
        if !entry.key.is_null() {
            response["metadata"] = entry.key.clone();
        }
        response
    };
    batch.endings().enumerate().map(with_key).collect()
}
