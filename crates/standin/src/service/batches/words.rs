//! Batches in each provider's words.
//!
//! Source: ai.google.dev/api/batch-api. *From memory, not read for this:* OpenAI's and Anthropic's. *Unchecked:* how Gemini words an item that expired; here each has an error with gRPC's code 4.

use super::{Batch, End, Phase, Service};
use crate::exchange::{Call, Reply};
use crate::llm::{anthropic, gemini, openai};
use crate::provider::Provider;
use crate::service::wording;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

type Requests = Result<Vec<(Value, Value)>, Reply>;

/// The requests of `batchGenerateContent`, inlined.
pub(super) fn gemini_requests(body: &Value) -> Requests {
    let wrong = |message: &str| gemini::error(400, "INVALID_ARGUMENT", message, &[]);
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
    list.iter()
        .map(|entry| {
            let request =
                entry.get("request").ok_or_else(|| wrong("* InlinedRequest.request: must be specified\n"))?;
            Ok((entry.get("metadata").cloned().unwrap_or(Value::Null), request.clone()))
        })
        .collect()
}

/// The requests of a message batch.
pub(super) fn anthropic_requests(body: &Value) -> Requests {
    let wrong = |message: String| anthropic::error(400, "invalid_request_error", &message);
    let Some(list) = body.get("requests").and_then(Value::as_array) else {
        return Err(wrong("requests: Field required".to_owned()));
    };
    let mut known = BTreeSet::new();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    list.iter()
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
        .collect()
}

/// The requests in a file of JSON lines.
pub(super) fn openai_requests(
    provider: Provider,
    body: &Value,
    files: &BTreeMap<String, Vec<u8>>,
) -> Requests {
    let wrong = |message: &str| wording::invalid(provider, message);
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    if text("endpoint") != Some("/v1/chat/completions") {
        return Err(wrong("Invalid value for 'endpoint': this stand-in takes '/v1/chat/completions' alone."));
    }
    if text("completion_window") != Some("24h") {
        return Err(wrong("Invalid value for 'completion_window'. Supported values are: '24h'."));
    }
    let Some(file) = text("input_file_id").and_then(|id| files.get(id)) else {
        return Err(wrong("Invalid value for 'input_file_id': no such File object."));
    };
    let mut known = BTreeSet::new();
    String::from_utf8_lossy(file)
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let line: Value =
                serde_json::from_str(line).map_err(|_| wrong("This line is not parseable as valid JSON."))?;
            let id = line.get("custom_id").and_then(Value::as_str).unwrap_or_default();
            if id.is_empty() || !known.insert(id.to_owned()) {
                return Err(wrong("The custom_id of each request must be there and unique."));
            }
            let field = |name: &str| line.get(name).and_then(Value::as_str);
            if field("method") != Some("POST") || field("url") != Some("/v1/chat/completions") {
                return Err(wrong(
                    "The method and URL of each request must be those of the batch's endpoint.",
                ));
            }
            Ok((json!(id), line.get("body").cloned().unwrap_or(Value::Null)))
        })
        .collect()
}

/// The batch itself.
pub(super) fn batch(service: &Service, batch: &Batch, call: &Call) -> Reply {
    let now = service.clock.now();
    let phase = batch.phase(now);
    let body = match batch.provider {
        Provider::Gemini => gemini_batch(service, batch, phase),
        Provider::Anthropic => anthropic_batch(service, batch, phase, call),
        _ => openai_batch(service, batch, phase),
    };
    Reply::json(200, &body)
}

/// A page of batches, the newest first. Gemini's come with their results; it promises no order.
pub(super) fn list(service: &Service, provider: Provider, batches: &[&Batch], call: &Call) -> Reply {
    let now = service.clock.now();
    let (size, after) = match provider {
        Provider::Gemini => ("pageSize", "pageToken"),
        Provider::Anthropic => ("limit", "after_id"),
        _ => ("limit", "after"),
    };
    let limit = call.query(size).and_then(|limit| limit.parse().ok()).unwrap_or(20_usize).clamp(1, 1000);
    let from = match call.query(after) {
        None => 0,
        Some(after) => match batches.iter().position(|batch| batch.id == after) {
            Some(position) => position + 1,
            None => return wording::invalid(provider, "the page does not exist"),
        },
    };
    let page: Vec<&Batch> = batches.iter().skip(from).take(limit).copied().collect();
    let has_more = from + page.len() < batches.len();
    let last = page.last().map(|batch| batch.id.clone());
    let shown: Vec<Value> = page
        .iter()
        .map(|batch| match provider {
            Provider::Gemini => gemini_batch(service, batch, batch.phase(now)),
            Provider::Anthropic => anthropic_batch(service, batch, batch.phase(now), call),
            _ => openai_batch(service, batch, batch.phase(now)),
        })
        .collect();
    let body = match provider {
        Provider::Gemini if has_more => json!({"operations": shown, "nextPageToken": last}),
        Provider::Gemini => json!({"operations": shown}),
        Provider::Anthropic => json!({"data": shown, "has_more": has_more,
            "first_id": page.first().map(|batch| &batch.id), "last_id": last}),
        _ => json!({"object": "list", "data": shown, "has_more": has_more,
            "first_id": page.first().map(|batch| &batch.id), "last_id": last}),
    };
    Reply::json(200, &body)
}

/// What is said to a cancellation: Gemini says nothing, the others show the batch.
pub(super) fn cancelled(service: &Service, of: &Batch, call: &Call) -> Reply {
    if of.provider == Provider::Gemini { Reply::json(200, &json!({})) } else { batch(service, of, call) }
}

fn gemini_batch(service: &Service, batch: &Batch, phase: Phase) -> Value {
    let (answered, failed, expired) = batch.counts();
    let state = match phase {
        Phase::Waiting => "PENDING",
        Phase::Running => "RUNNING",
        Phase::Done if expired > 0 => "EXPIRED",
        Phase::Done => "SUCCEEDED",
        Phase::Cancelled => "CANCELLED",
    };
    let name = format!("batches/{}", batch.id);
    let done = phase == Phase::Done;
    let total = batch.entries.len();
    let mut stats = json!({"requestCount": total.to_string()});
    if done {
        stats["successfulRequestCount"] = json!(answered.to_string());
        stats["failedRequestCount"] = json!((failed + expired).to_string());
    } else {
        stats["pendingRequestCount"] = json!(total.to_string());
    }
    let mut metadata = json!({
        "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch",
        "name": name,
        "model": format!("models/{}", batch.model),
        "displayName": batch.name,
        "createTime": service.clock.rfc3339(batch.created),
        "updateTime": service.clock.rfc3339(service.clock.now()),
        "batchStats": stats,
        "state": format!("BATCH_STATE_{state}"),
    });
    let mut body = json!({"name": name});
    if done {
        let ready = service.clock.unix_ms(batch.ready);
        let responses: Vec<Value> = batch
            .entries
            .iter()
            .enumerate()
            .map(|(number, entry)| {
                let mut response = match &entry.end {
                    End::Answered(ask, outcome) => {
                        json!({"response": wording::answer_body(batch.provider, ask, outcome, number as u64, ready)})
                    }
                    End::Failed(_, body) => json!({"error": {"code": 13, "message": body["error"]["message"]}}),
                    End::Expired => json!({"error": {"code": 4, "message": "The batch expired before this request ran."}}),
                };
                if !entry.key.is_null() {
                    response["metadata"] = entry.key.clone();
                }
                response
            })
            .collect();
        let output = json!({"inlinedResponses": {"inlinedResponses": responses}});
        metadata["endTime"] = json!(service.clock.rfc3339(batch.ready));
        metadata["output"] = output.clone();
        body["response"] = output;
        body["response"]["@type"] =
            json!("type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatchOutput");
    }
    if matches!(phase, Phase::Done | Phase::Cancelled) {
        body["done"] = json!(true);
    }
    body["metadata"] = metadata;
    body
}

fn anthropic_batch(service: &Service, batch: &Batch, phase: Phase, call: &Call) -> Value {
    let (answered, failed, expired) = batch.counts();
    let total = batch.entries.len();
    let ended = matches!(phase, Phase::Done | Phase::Cancelled);
    let counts = match phase {
        Phase::Done => {
            json!({"processing": 0, "succeeded": answered, "errored": failed, "canceled": 0, "expired": expired})
        }
        Phase::Cancelled => {
            json!({"processing": 0, "succeeded": 0, "errored": 0, "canceled": total, "expired": 0})
        }
        _ => json!({"processing": total, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}),
    };
    let host = call.header("host").unwrap_or("127.0.0.1");
    let when = |at| service.clock.rfc3339(at);
    json!({
        "id": batch.id,
        "type": "message_batch",
        "processing_status": if ended { "ended" } else { "in_progress" },
        "request_counts": counts,
        "created_at": when(batch.created),
        "expires_at": when(batch.created + std::time::Duration::from_secs(86_400)),
        "ended_at": ended.then(|| when(batch.cancelled.unwrap_or(batch.ready))),
        "cancel_initiated_at": batch.cancelled.map(when),
        "archived_at": null,
        "results_url": ended.then(|| format!("http://{host}/v1/messages/batches/{}/results", batch.id)),
    })
}

/// Anthropic's results, one on each line.
pub(super) fn results(service: &Service, batch: &Batch, _call: &Call) -> Reply {
    let phase = batch.phase(service.clock.now());
    if matches!(phase, Phase::Waiting | Phase::Running) {
        return anthropic::error(
            404,
            "not_found_error",
            "Batch results are not available before processing has ended.",
        );
    }
    let mut lines = String::new();
    for (number, entry) in batch.entries.iter().enumerate() {
        let result = match &entry.end {
            _ if phase == Phase::Cancelled => json!({"type": "canceled"}),
            End::Answered(ask, outcome) => {
                json!({"type": "succeeded", "message": anthropic::answer(ask, outcome, number as u64)})
            }
            End::Failed(_, body) => json!({"type": "errored", "error": body}),
            End::Expired => json!({"type": "expired"}),
        };
        lines.push_str(&json!({"custom_id": entry.key, "result": result}).to_string());
        lines.push('\n');
    }
    Reply::text(200, "application/x-jsonl", lines)
}

fn openai_batch(service: &Service, batch: &Batch, phase: Phase) -> Value {
    let (answered, failed, expired) = batch.counts();
    let done = phase == Phase::Done;
    let seconds = |at| service.clock.unix_ms(at) / 1000;
    let status = match phase {
        Phase::Waiting => "validating",
        Phase::Running => "in_progress",
        Phase::Done if expired > 0 => "expired",
        Phase::Done => "completed",
        Phase::Cancelled => "cancelled",
    };
    json!({
        "id": batch.id,
        "object": "batch",
        "endpoint": "/v1/chat/completions",
        "errors": null,
        "input_file_id": batch.input_file,
        "completion_window": "24h",
        "status": status,
        "output_file_id": (done && answered > 0).then(|| format!("{}-output", batch.id)),
        "error_file_id": (done && failed + expired > 0).then(|| format!("{}-errors", batch.id)),
        "created_at": seconds(batch.created),
        "expires_at": seconds(batch.created) + 86_400,
        "completed_at": done.then(|| seconds(batch.ready)),
        "cancelled_at": batch.cancelled.map(seconds),
        "request_counts": {"total": batch.entries.len(), "completed": if done { answered } else { 0 },
            "failed": if done { failed } else { 0 }},
        "metadata": batch.metadata,
    })
}

/// OpenAI's two files: what was answered, and what was not.
pub(super) fn files(batch: &Batch, unix_ms: i64) -> (Vec<u8>, Vec<u8>) {
    let (mut good, mut bad) = (String::new(), String::new());
    for (number, entry) in batch.entries.iter().enumerate() {
        let mut line = json!({"id": format!("batch_req_{number}"), "custom_id": entry.key, "response": null, "error": null});
        let response = |status: u16, body: &Value| json!({"status_code": status, "request_id": format!("req_{number}"), "body": body});
        let file = match &entry.end {
            End::Answered(ask, outcome) => {
                line["response"] = response(200, &openai::answer(ask, outcome, number as u64, unix_ms));
                &mut good
            }
            End::Failed(status, body) => {
                line["response"] = response(*status, body);
                &mut bad
            }
            End::Expired => {
                let message = "This request could not be executed before the completion window expired.";
                line["error"] = json!({"code": "batch_expired", "message": message});
                &mut bad
            }
        };
        file.push_str(&line.to_string());
        file.push('\n');
    }
    (good.into_bytes(), bad.into_bytes())
}
