//! OpenAI's batches, and Moonshot's, which has the same shape: a file of JSON lines in, two files out.
//!
//! Sources: OpenAI's `Batch` resource (its fields and states, a cancelled batch's partial output, `metadata` of at most 16
//! pairs of 64 and 512 characters) and list (the newest first, pages of 1 to 100, 20 if not said). *From memory:* that a
//! file is looked at after the batch was taken, so that what is wrong with it ends as `failed` with `errors.data`; its
//! codes (`invalid_json_line`, `duplicate_custom_id`, `mismatched_model`, `too_many_tasks`…); one model per file; the
//! line of a request that expired (`batch_expired`) in the error file. *Unchecked:* what becomes of the requests that a
//! cancelled batch did not reach (here they are in neither file), the refusal of a file that is too large, and how
//! much of all this Moonshot has.

use super::life::{Batch, Ended, Phase};
use super::words::complaint;
use super::{Asked, Most, Reading};
use crate::config::Config;
use crate::exchange::Reply;
use crate::llm::openai;
use crate::provider::Provider;
use crate::service::{Service, wording};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const ENDPOINT: &str = "/v1/chat/completions";
/// What is wrong with a file: this much is told.
const MAX_COMPLAINTS: usize = 100;

/// The requests in a file of JSON lines.
pub(super) fn requests(
    provider: Provider,
    body: &Value,
    files: &BTreeMap<String, Vec<u8>>,
    most: Most,
    config: &Config,
) -> Reading {
    let wrong = |message: &str| wording::invalid(provider, message);
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    if text("endpoint") != Some(ENDPOINT) {
        return Err(wrong("Invalid value for 'endpoint': this stand-in takes '/v1/chat/completions' alone."));
    }
    if text("completion_window") != Some("24h") {
        return Err(wrong("Invalid value for 'completion_window'. Supported values are: '24h'."));
    }
    if !is_metadata(body.get("metadata").unwrap_or(&Value::Null)) {
        return Err(wrong("Invalid 'metadata': at most 16 pairs of strings of up to 64 and 512 characters."));
    }
    let Some(file) = text("input_file_id").and_then(|id| files.get(id)) else {
        return Err(wrong("Invalid value for 'input_file_id': no such File object."));
    };
    let file = String::from_utf8_lossy(file);
    let mut seen = BTreeSet::new();
    let mut model = None;
    let mut complaints = Vec::new();
    let mut requests = Vec::new();
    for (number, line) in file.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match read(line, &mut seen, &mut model, config) {
            Ok(request) => requests.push(request),
            Err((code, message)) if complaints.len() < MAX_COMPLAINTS => {
                complaints.push(complaint(code, message, Some(number + 1)));
            }
            Err(_) => {}
        }
    }
    if requests.is_empty() && complaints.is_empty() {
        complaints.push(complaint(
            "empty_file",
            "The input file is empty. Please ensure it has requests.",
            None,
        ));
    }
    if requests.len() > most.items {
        let message =
            format!("The batch input file contains too many requests. The maximum is {}.", most.items);
        complaints.push(complaint("too_many_tasks", &message, None));
    }
    Ok(if complaints.is_empty() { Asked::Requests(requests) } else { Asked::Wrong(complaints) })
}

/// One line; `Err` is a code and a message.
fn read(
    line: &str,
    seen: &mut BTreeSet<String>,
    model: &mut Option<String>,
    config: &Config,
) -> Result<(Value, Value), (&'static str, &'static str)> {
    let Ok(line) = serde_json::from_str::<Value>(line) else {
        return Err(("invalid_json_line", "This line is not parseable as valid JSON."));
    };
    let field = |name: &str| line.get(name).and_then(Value::as_str);
    let Some(id) = field("custom_id").filter(|id| !id.is_empty()) else {
        return Err(("missing_required_parameter", "Missing required parameter: 'custom_id'."));
    };
    if !seen.insert(id.to_owned()) {
        return Err((
            "duplicate_custom_id",
            "The custom_id for this request is a duplicate of another request. The custom_id parameter must be unique.",
        ));
    }
    if field("method") != Some("POST") {
        return Err(("invalid_method", "The HTTP method provided is not supported."));
    }
    if field("url") != Some(ENDPOINT) {
        return Err(("invalid_url", "The URL provided for this request does not match the batch endpoint."));
    }
    let Some(asked) = line.pointer("/body/model").and_then(Value::as_str) else {
        return Err(("missing_required_parameter", "Missing required parameter: 'body.model'."));
    };
    if model.get_or_insert_with(|| asked.to_owned()) != asked {
        return Err((
            "mismatched_model",
            "The provided model does not match other requests' model in this batch.",
        ));
    }
    if !config.knows(asked) {
        return Err(("model_not_found", "The provided model is not supported by the Batch API."));
    }
    Ok((json!(id), line.get("body").cloned().unwrap_or(Value::Null)))
}

fn is_metadata(metadata: &Value) -> bool {
    let Some(pairs) = metadata.as_object() else { return metadata.is_null() };
    let short = |value: &Value| value.as_str().is_some_and(|text| text.chars().count() <= 512);
    pairs.len() <= 16 && pairs.iter().all(|(key, value)| key.chars().count() <= 64 && short(value))
}

/// A file beyond what is taken.
pub(super) fn too_large(provider: Provider) -> Reply {
    let message = "The file is too large for the purpose 'batch'.";
    openai::error(provider, 413, "invalid_request_error", None, message)
}

/// The batch.
pub(super) fn batch(service: &Service, batch: &Batch) -> Value {
    let now = service.clock.now();
    let phase = batch.phase(now);
    let counts = batch.counts(now);
    let status = match phase {
        Phase::Waiting => "validating",
        Phase::Running => "in_progress",
        Phase::Finalizing => "finalizing",
        Phase::Cancelling => "cancelling",
        Phase::Done => "completed",
        Phase::Expired => "expired",
        Phase::Cancelled => "cancelled",
        Phase::Failed => "failed",
    };
    let over = phase.is_over();
    let seconds = |at| service.clock.unix_ms(at) / 1000;
    let ended_as = |wanted| (phase == wanted).then(|| seconds(batch.ends()));
    let begun = batch.complaints.is_empty() && now >= batch.begins();
    let errors = if phase == Phase::Failed {
        json!({"object": "list", "data": batch.complaints})
    } else {
        Value::Null
    };
    json!({
        "id": batch.id,
        "object": "batch",
        "endpoint": ENDPOINT,
        "errors": errors,
        "input_file_id": batch.input_file,
        "completion_window": "24h",
        "status": status,
        "output_file_id": (over && counts.answered > 0).then(|| format!("{}-output", batch.id)),
        "error_file_id": (over && counts.failed + counts.expired > 0).then(|| format!("{}-errors", batch.id)),
        "created_at": seconds(batch.created),
        "in_progress_at": begun.then(|| seconds(batch.begins())),
        "expires_at": seconds(batch.deadline),
        "completed_at": ended_as(Phase::Done),
        "failed_at": ended_as(Phase::Failed),
        "expired_at": ended_as(Phase::Expired),
        "cancelling_at": batch.cancelled.map(seconds),
        "cancelled_at": ended_as(Phase::Cancelled),
        "request_counts": {"total": batch.entries.len(), "completed": counts.answered,
            "failed": counts.failed + counts.expired},
        "metadata": batch.metadata,
    })
}

/// The two files: what was answered, and what was not.
pub(super) fn files(batch: &Batch, unix_ms: i64) -> (Vec<u8>, Vec<u8>) {
    let (mut good, mut bad) = (String::new(), String::new());
    for (number, (entry, ended)) in batch.endings().enumerate() {
        let mut line = json!({"id": format!("batch_req_{number}"), "custom_id": entry.key, "response": null, "error": null});
        let response = |status: u16, body: &Value| json!({"status_code": status, "request_id": format!("req_{number}"), "body": body});
        let file = match ended {
            Ended::Answered(ask, outcome) => {
                line["response"] = response(200, &openai::answer(ask, outcome, number as u64, unix_ms));
                &mut good
            }
            Ended::Failed(status, body) => {
                line["response"] = response(status, body);
                &mut bad
            }
            Ended::Expired => {
                let message = "This request could not be executed before the completion window expired.";
                line["error"] = json!({"code": "batch_expired", "message": message});
                &mut bad
            }
            Ended::Cancelled => continue,
        };
        file.push_str(&line.to_string());
        file.push('\n');
    }
    (good.into_bytes(), bad.into_bytes())
}
