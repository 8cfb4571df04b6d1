//! Batches of `generateContent` (ai.google.dev/api/batch-api and gemini-api/docs/batch-api).
//!
//! Items go inline with the creation (below 20 MB) and come back inline with the status, each with the `metadata` that
//! it was given, which holds our key. A batch is an operation: its `name` and its `metadata` (the batch itself, with
//! `state` and `displayName`), and once it is done a `response` or an `error` (code 1 for a cancelled one). The results
//! stand in `metadata.output` and once more in `response` (reported: discuss.ai.google.dev, topic 174261); one of them
//! is read, and both count where the size of an answer is bounded.
//! A batch may also write a file (`responsesFile`, lines of `{key, response | error}`); ours don't, but it is read.
//!
//! An item fails with a `google.rpc.Status`, whose code is gRPC's (google/rpc/code.proto). *Not documented:* what
//! an expired batch says of items that it did not reach. The guide is said to grant it no results at all *(not
//! checked)*, reports say otherwise; `DEADLINE_EXCEEDED` in an expired batch is taken for "not reached", elsewhere for trouble of the
//! service's own. The order of lists is not documented either.

use super::{Gemini, error, response};
use crate::batch::item::{self, as_response, id_segment, in_batch, plain_id};
use crate::batch::lines;
use crate::endpoint::{address, path_segment};
use crate::reading::{count, list, notice, object, success, text, without_error};
use crate::{
    BatchCounts, BatchFailure, BatchItem, BatchLimits, BatchPage, BatchPhase, BatchProvider, BatchResult,
    BatchResults, BatchStatus, Failure,
};
use serde_json::{Value, json};
use watchfire_http::{Method, Request, Response};
use watchfire_signal::Timestamp;

/// Batches on one page of a list. Few, because it is not documented whether each comes with all its results.
const PAGE: usize = 5;
/// The longest token of a page that is sent back.
const MAX_TOKEN: usize = 2048;
/// What stands around the items, with a name of the longest.
const FRAME: usize = 8 << 10;
/// `CANCELLED` and `DEADLINE_EXCEEDED`.
const CANCELLED: u64 = 1;
const DEADLINE_EXCEEDED: u64 = 4;

impl Gemini {
    fn authorized(&self, request: Request) -> Request {
        request.header("x-goog-api-key", &self.key)
    }

    fn at(&self, path: &str) -> String {
        address(&self.base_url, "v1beta", path)
    }
}

fn entry(item: &BatchItem) -> Value {
    json!({ "request": Gemini::body(&in_batch(item)), "metadata": { "key": item.key } })
}

impl BatchProvider for Gemini {
    /// No number of items is documented. The results of an inline batch come in one answer, and twice in it; the
    /// report above has answers of more than a gigabyte that never arrive.
    fn limits(&self) -> BatchLimits {
        BatchLimits { items: 10_000, bytes: (18 << 20) - FRAME, result_bytes: 24 << 20 }
    }

    fn item_bytes(&self, item: &BatchItem) -> usize {
        entry(item).to_string().len() + 1
    }

    fn upload(&self, _items: &[BatchItem]) -> Option<Request> {
        None
    }

    fn read_upload(&self, response: &Response) -> Result<String, Failure> {
        plain_id(without_prefix(text(&whole(response)?, "/file/name"), "files/"))
    }

    fn create(&self, name: &str, items: &[BatchItem], _uploaded: Option<&str>) -> Request {
        // All items ask the same model; without items there is nothing to create, and Google says so.
        let model = items.first().map_or("", |item| without_prefix(&item.prompt.model, "models/"));
        let path = format!("models/{}:batchGenerateContent", path_segment(model));
        let body = json!({ "batch": {
            "displayName": item::name(name),
            "inputConfig": { "requests": { "requests": items.iter().map(entry).collect::<Vec<_>>() } },
        } });
        self.authorized(Request::post_json(self.at(&path), body.to_string())).timeout(item::TRANSFER)
    }

    fn status(&self, id: &str) -> Request {
        let path = format!("batches/{}", id_segment(id));
        self.authorized(Request::get(self.at(&path))).timeout(item::TRANSFER)
    }

    fn read_status(&self, response: &Response) -> Result<BatchStatus, Failure> {
        if !response.is_success() {
            return Err(error::read(response));
        }
        // An operation that failed has its error inside.
        batch(&object(response)?, true)
    }

    fn list(&self, after: Option<&str>) -> Request {
        let after = after.map_or_else(String::new, |after| format!("&pageToken={}", path_segment(after)));
        let path = format!("batches?pageSize={PAGE}{after}");
        self.authorized(Request::get(self.at(&path))).timeout(item::TRANSFER)
    }

    fn read_list(&self, response: &Response) -> Result<BatchPage, Failure> {
        let body = whole(response)?;
        let batches = list(&body, "/operations")
            .iter()
            .take(1000)
            .filter_map(|entry| batch(entry, false).ok())
            .collect();
        let token = text(&body, "/nextPageToken");
        let next = (!token.is_empty() && token.len() <= MAX_TOKEN).then(|| token.to_owned());
        Ok(BatchPage { batches, next })
    }

    fn cancel(&self, id: &str) -> Request {
        let path = format!("batches/{}:cancel", id_segment(id));
        self.authorized(Request { method: Method::Post, ..Request::get(self.at(&path)) })
    }

    fn read_cancelled(&self, response: &Response) -> Result<(), Failure> {
        whole(response).map(drop)
    }

    /// A file of results is fetched below `/download` (from memory; the guide was not read for this).
    fn results(&self, location: &str) -> Request {
        let base = self.base_url.trim().trim_end_matches('/');
        let base = base.strip_suffix("/v1beta").unwrap_or(base);
        let url = format!("{base}/download/v1beta/files/{}:download?alt=media", id_segment(location));
        self.authorized(Request::get(url)).timeout(item::TRANSFER)
    }

    fn read_results(&self, response: &Response) -> Result<BatchResults, Failure> {
        if !response.is_success() {
            return Err(error::read(response));
        }
        lines::read(response, |line| result(line, false))
    }
}

/// The body of a success.
fn whole(response: &Response) -> Result<Value, Failure> {
    if response.is_success() { success(response) } else { Err(error::read(response)) }
}

fn without_prefix<'a>(name: &'a str, prefix: &str) -> &'a str {
    name.strip_prefix(prefix).unwrap_or(name)
}

fn batch(body: &Value, with_results: bool) -> Result<BatchStatus, Failure> {
    let name = match text(body, "/name") {
        "" => text(body, "/metadata/name"),
        name => name,
    };
    let phase = phase(body);
    let is_over = phase.is_over();
    let outputs = ["/response", "/metadata/output", "/metadata/dest"];
    let mut file = outputs.iter().map(|output| text(body, &format!("{output}/responsesFile")));
    let file = file.find(|file| is_over && !file.is_empty());
    let mut inlined =
        outputs.iter().map(|output| list(body, &format!("{output}/inlinedResponses/inlinedResponses")));
    let inlined = inlined.find(|list| is_over && with_results && !list.is_empty());
    let results = inlined
        .map(|found| lines::collect(found.iter().map(|found| result(found, phase == BatchPhase::Expired))));
    let stats = |name: &str| number(body, &format!("/metadata/batchStats/{name}"));
    let has_stats = body.pointer("/metadata/batchStats").is_some_and(Value::is_object);
    Ok(BatchStatus {
        id: plain_id(without_prefix(name, "batches/"))?,
        name: item::name_read(text(body, "/metadata/displayName")),
        created_ms: Timestamp::parse(text(body, "/metadata/createTime")).map(Timestamp::as_millis),
        counts: has_stats.then(|| BatchCounts {
            total: stats("requestCount"),
            succeeded: stats("successfulRequestCount"),
            failed: stats("failedRequestCount"),
            ..BatchCounts::default()
        }),
        locations: file
            .map(|file| plain_id(without_prefix(file, "files/")))
            .transpose()?
            .into_iter()
            .collect(),
        results,
        phase,
    })
}

/// Where it stands. The guide's SDKs show the same states as `JOB_STATE_…`.
fn phase(body: &Value) -> BatchPhase {
    let state = text(body, "/metadata/state");
    let state = without_prefix(without_prefix(state, "BATCH_STATE_"), "JOB_STATE_");
    let is_done = body.get("done").and_then(Value::as_bool) == Some(true);
    let failed = || BatchPhase::Failed {
        reason: match notice(text(body, "/error/message")) {
            none if none.is_empty() => "the batch failed without a reason".to_owned(),
            reason => reason,
        },
    };
    match state {
        "PENDING" | "QUEUED" => BatchPhase::Queued,
        "RUNNING" => BatchPhase::Running,
        "CANCELLING" => BatchPhase::Ending,
        "SUCCEEDED" | "PARTIALLY_SUCCEEDED" => BatchPhase::Completed,
        "FAILED" => failed(),
        "CANCELLED" => BatchPhase::Cancelled,
        "EXPIRED" => BatchPhase::Expired,
        _ if is_done && count(body, "/error/code") == CANCELLED => BatchPhase::Cancelled,
        _ if is_done && body.get("error").is_some_and(Value::is_object) => failed(),
        _ if is_done => BatchPhase::Completed,
        // What is not known is looked at again.
        _ => BatchPhase::Running,
    }
}

/// Google writes 64-bit numbers as text (protobuf.dev, JSON mapping).
fn number(body: &Value, path: &str) -> u64 {
    match text(body, path).parse::<u64>() {
        Ok(number) => number.min(1 << 40),
        Err(_) => count(body, path),
    }
}

/// One inlined response, or one line of a file, where the key stands on top.
fn result(found: &Value, is_expired: bool) -> Option<BatchResult> {
    let key = match text(found, "/metadata/key") {
        "" => text(found, "/key"),
        key => key,
    };
    let is_object = |value: &&Value| value.is_object();
    let outcome = match (found.get("response").filter(is_object), found.get("error").filter(is_object)) {
        (Some(answer), _) => {
            without_error(answer).and_then(|()| response::read_body(answer)).map_err(BatchFailure::Failed)
        }
        (None, Some(error)) => Err(match count(error, "/code") {
            CANCELLED => BatchFailure::Cancelled,
            DEADLINE_EXCEEDED if is_expired => BatchFailure::Expired,
            code => BatchFailure::Failed(failed(code, error)),
        }),
        (None, None) => return None,
    };
    Some(item::result(key, outcome))
}

/// A status as the error that a single call would have got (the mapping of code.proto).
fn failed(code: u64, error: &Value) -> Failure {
    let (status, name) = match code {
        3 => (400, "INVALID_ARGUMENT"),
        4 => (504, "DEADLINE_EXCEEDED"),
        5 => (404, "NOT_FOUND"),
        7 => (403, "PERMISSION_DENIED"),
        8 => (429, "RESOURCE_EXHAUSTED"),
        9 => (400, "FAILED_PRECONDITION"),
        14 => (503, "UNAVAILABLE"),
        16 => (401, "UNAUTHENTICATED"),
        // Some items were reported with an HTTP status here.
        400..=599 => (u16::try_from(code).unwrap_or(500), ""),
        _ => (500, "INTERNAL"),
    };
    let mut error = error.clone();
    if let Some(fields) = error.as_object_mut() {
        fields.insert("status".to_owned(), json!(name));
    }
    error::read(&as_response(status, &item::error_body(&error)))
}

#[cfg(test)]
mod tests;
