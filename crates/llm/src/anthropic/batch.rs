//! Message Batches (platform.claude.com/docs/en/api/messages/batches: create, retrieve, list, cancel, results; and
//! docs/en/build-with-claude/batch-processing).
//!
//! A batch ends in one way only, `ended`; its counts tell what that was. Results are lines in any order, each
//! `{custom_id, result}` with a result of type `succeeded`, `errored`, `canceled` or `expired`; only the first is
//! billed *(from memory)*. There is no name to give to a batch: one whose id was lost is known by when it was created.
//!
//! `results_url` is the provider's word and is not followed. A key goes with every call, and would go to whatever
//! host stands there; a gateway's answer would also lead past the gateway. The reference gives the path of results
//! below that of the batch, so that the address is made from the settings' base; the URL tells only that there are
//! results. They are gone once `archived_at` is told.
//!
//! Anthropic takes 100,000 items and 256 MB. The limits here are lower.

use super::{Anthropic, error, response};
use crate::batch::item::{self, as_response, error_body, id_segment, in_batch, plain_id};
use crate::batch::lines;
use crate::endpoint::{address, path_segment};
use crate::reading::{count, list, success, text, without_error};
use crate::{
    BatchCounts, BatchFailure, BatchItem, BatchLimits, BatchPage, BatchPhase, BatchProvider, BatchResult,
    BatchResults, BatchStatus, Failure,
};
use serde_json::{Value, json};
use watchfire_http::{Method, Request, Response};
use watchfire_signal::Timestamp;

/// Batches on one page of a list, at most; we ask for fewer.
const MAX_PAGE: usize = 1000;
/// `{"requests":[]}`.
const FRAME: usize = 16;

impl Anthropic {
    fn batches_at(&self, path: &str) -> String {
        address(&self.base_url, "v1", &format!("messages/batches{path}"))
    }

    fn authorized(&self, request: Request) -> Request {
        request.header("x-api-key", &self.key).header("anthropic-version", &self.version)
    }
}

fn entry(item: &BatchItem) -> Value {
    json!({ "custom_id": item.key, "params": Anthropic::body(&in_batch(item)) })
}

impl BatchProvider for Anthropic {
    fn limits(&self) -> BatchLimits {
        BatchLimits { items: 100_000, bytes: (32 << 20) - FRAME, result_bytes: 48 << 20 }
    }

    fn item_bytes(&self, item: &BatchItem) -> usize {
        entry(item).to_string().len() + 1
    }

    fn upload(&self, _items: &[BatchItem]) -> Option<Request> {
        None
    }

    fn read_upload(&self, response: &Response) -> Result<String, Failure> {
        plain_id(text(&whole(response)?, "/id"))
    }

    fn create(&self, _name: &str, items: &[BatchItem], _uploaded: Option<&str>) -> Request {
        let body = json!({ "requests": items.iter().map(entry).collect::<Vec<_>>() });
        self.authorized(Request::post_json(self.batches_at(""), body.to_string())).timeout(item::TRANSFER)
    }

    fn status(&self, id: &str) -> Request {
        self.authorized(Request::get(self.batches_at(&format!("/{}", id_segment(id)))))
    }

    fn read_status(&self, response: &Response) -> Result<BatchStatus, Failure> {
        batch(&whole(response)?)
    }

    fn list(&self, after: Option<&str>) -> Request {
        let after = after.map_or_else(String::new, |after| format!("&after_id={}", path_segment(after)));
        self.authorized(Request::get(self.batches_at(&format!("?limit=20{after}"))))
    }

    fn read_list(&self, response: &Response) -> Result<BatchPage, Failure> {
        let body = whole(response)?;
        let batches: Vec<BatchStatus> =
            list(&body, "/data").iter().take(MAX_PAGE).filter_map(|entry| batch(entry).ok()).collect();
        let has_more = body.get("has_more").and_then(Value::as_bool) == Some(true);
        let next = if has_more { plain_id(text(&body, "/last_id")).ok() } else { None };
        Ok(BatchPage { batches, next })
    }

    fn cancel(&self, id: &str) -> Request {
        let path = format!("/{}/cancel", id_segment(id));
        self.authorized(Request { method: Method::Post, ..Request::get(self.batches_at(&path)) })
    }

    fn read_cancelled(&self, response: &Response) -> Result<(), Failure> {
        whole(response).map(drop)
    }

    fn results(&self, location: &str) -> Request {
        let path = format!("/{}/results", id_segment(location));
        self.authorized(Request::get(self.batches_at(&path))).timeout(item::TRANSFER)
    }

    fn read_results(&self, response: &Response) -> Result<BatchResults, Failure> {
        if !response.is_success() {
            return Err(error::read(response));
        }
        lines::read(response, result)
    }
}

/// The body of a success.
fn whole(response: &Response) -> Result<Value, Failure> {
    if response.is_success() { success(response) } else { Err(error::read(response)) }
}

fn batch(body: &Value) -> Result<BatchStatus, Failure> {
    let id = plain_id(text(body, "/id"))?;
    let part = |name: &str| count(body, &format!("/request_counts/{name}"));
    let mut counts = BatchCounts {
        total: 0,
        succeeded: part("succeeded"),
        failed: part("errored"),
        expired: part("expired"),
        cancelled: part("canceled"),
    };
    counts.total = part("processing") + counts.succeeded + counts.failed + counts.expired + counts.cancelled;
    let phase = match text(body, "/processing_status") {
        "ended" if counts.cancelled > 0 => BatchPhase::Cancelled,
        "ended" if counts.expired > 0 => BatchPhase::Expired,
        "ended" => BatchPhase::Completed,
        "canceling" => BatchPhase::Ending,
        // Also what is not known: it is looked at again.
        _ => BatchPhase::Running,
    };
    let has_results = phase.is_over() && !text(body, "/results_url").is_empty();
    Ok(BatchStatus {
        locations: if has_results { vec![id.clone()] } else { Vec::new() },
        id,
        name: None,
        phase,
        created_ms: Timestamp::parse(text(body, "/created_at")).map(Timestamp::as_millis),
        counts: body.get("request_counts").is_some_and(Value::is_object).then_some(counts),
        results: None,
    })
}

fn result(line: &Value) -> Option<BatchResult> {
    let result = line.get("result")?;
    let outcome = match text(result, "/type") {
        "succeeded" => {
            let message = result.get("message").unwrap_or(&Value::Null);
            without_error(message).and_then(|()| response::read_body(message)).map_err(BatchFailure::Failed)
        }
        "expired" => Err(BatchFailure::Expired),
        "canceled" => Err(BatchFailure::Cancelled),
        "errored" => Err(BatchFailure::Failed(errored(result.get("error").unwrap_or(&Value::Null)))),
        _ => return None,
    };
    Some(item::result(text(line, "/custom_id"), outcome))
}

/// The error is the body that a single call would have got, `{type: "error", error: {type, message}}`; some SDKs show
/// the inner one alone. The status that went with it is told by its type (docs/en/api/errors).
fn errored(error: &Value) -> Failure {
    let whole = if error.get("error").is_some() { error.clone() } else { error_body(error) };
    let status = match text(&whole, "/error/type") {
        "invalid_request_error" => 400,
        "authentication_error" => 401,
        "billing_error" => 402,
        "permission_error" => 403,
        "not_found_error" => 404,
        "request_too_large" => 413,
        "rate_limit_error" => 429,
        "timeout_error" => 504,
        "overloaded_error" => 529,
        _ => 500,
    };
    error::read(&as_response(status, &whole))
}

#[cfg(test)]
mod tests;
