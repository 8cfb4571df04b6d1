//! Batches of Chat Completions (developers.openai.com/api/reference/resources/batches and docs/guides/batch;
//! platform.kimi.ai/docs/api/batch-create and batch-list for Moonshot, which copies the shape).
//!
//! The items are lines of a file that is uploaded first. Results come back in two files, and both have to be read
//! whatever the status: `output_file_id` has what was answered, also of a batch that expired or was cancelled, and
//! `error_file_id` what was not, with `batch_expired` as the code of what never ran. (`batch_expired` and the shape
//! of a line are from memory, `batch_cancelled` is a guess; lines for what was cancelled may be missing altogether.) A line is
//! `{custom_id, response: {status_code, body}, error}`, where `body` is what a single call would have got.
//!
//! OpenAI takes 50,000 lines and 200 MB, Moonshot 100 MB and no more than one model. The limits here are lower.
//! Ollama has no batches, and of other servers it can't be known.

use super::{Dialect, OpenAi, error, response};
use crate::batch::item::{self, as_response, error_body, id_segment, in_batch, plain_id};
use crate::batch::lines;
use crate::endpoint::{address, path_segment};
use crate::reading::{count, list, notice, success, text, without_error};
use crate::{
    BatchCounts, BatchFailure, BatchItem, BatchLimits, BatchPage, BatchPhase, BatchProvider, BatchResult,
    BatchResults, BatchStatus, Completion, Failure,
};
use serde_json::{Value, json};
use watchfire_http::{Method, Request, Response};

/// Where an item is asked, whatever the base: OpenAI compares it with the batch's `endpoint`.
const ENDPOINT: &str = "/v1/chat/completions";
/// The name of our name in `metadata`.
const NAME: &str = "watchfire_batch";
/// Batches on one page of a list, at most; servers send fewer.
const MAX_PAGE: usize = 1000;
/// What is wrong with an input file: this many complaints are kept.
const MAX_COMPLAINTS: usize = 3;

impl OpenAi {
    /// Whether this service has batches.
    pub(super) const fn has_batches(&self) -> bool {
        matches!(self.dialect, Dialect::OpenAi | Dialect::Moonshot)
    }

    fn address(&self, path: &str) -> String {
        address(&self.base_url, "v1", path)
    }

    fn authorized(&self, request: Request) -> Request {
        if self.key.is_empty() {
            request
        } else {
            request.header("authorization", format!("Bearer {}", self.key))
        }
    }

    fn line(&self, item: &BatchItem) -> String {
        let body = self.body(&in_batch(item));
        json!({ "custom_id": item.key, "method": "POST", "url": ENDPOINT, "body": body }).to_string()
    }
}

impl BatchProvider for OpenAi {
    fn limits(&self) -> BatchLimits {
        BatchLimits { items: 50_000, bytes: 32 << 20, result_bytes: 48 << 20 }
    }

    fn item_bytes(&self, item: &BatchItem) -> usize {
        self.line(item).len() + 1
    }

    fn upload(&self, items: &[BatchItem]) -> Option<Request> {
        let lines: String = items.iter().map(|item| self.line(item) + "\n").collect();
        let request = multipart(self.address("files"), &lines);
        Some(self.authorized(request).timeout(item::TRANSFER))
    }

    fn read_upload(&self, response: &Response) -> Result<String, Failure> {
        plain_id(text(&whole(response)?, "/id"))
    }

    fn create(&self, name: &str, _items: &[BatchItem], uploaded: Option<&str>) -> Request {
        let body = json!({
            "input_file_id": uploaded.unwrap_or_default(),
            "endpoint": ENDPOINT,
            "completion_window": "24h",
            "metadata": { NAME: item::name(name) },
        });
        self.authorized(Request::post_json(self.address("batches"), body.to_string()))
    }

    fn status(&self, id: &str) -> Request {
        self.authorized(Request::get(self.address(&format!("batches/{}", id_segment(id)))))
    }

    fn read_status(&self, response: &Response) -> Result<BatchStatus, Failure> {
        batch(&whole(response)?)
    }

    fn list(&self, after: Option<&str>) -> Request {
        let after = after.map_or_else(String::new, |after| format!("&after={}", path_segment(after)));
        self.authorized(Request::get(self.address(&format!("batches?limit=20{after}"))))
    }

    fn read_list(&self, response: &Response) -> Result<BatchPage, Failure> {
        let body = whole(response)?;
        let batches: Vec<BatchStatus> =
            list(&body, "/data").iter().take(MAX_PAGE).filter_map(|entry| batch(entry).ok()).collect();
        let has_more = body.get("has_more").and_then(Value::as_bool) == Some(true);
        // Moonshot does not tell the last id beside the list.
        let last = if has_more { batches.last().map(|batch| batch.id.clone()) } else { None };
        Ok(BatchPage { batches, next: last })
    }

    fn cancel(&self, id: &str) -> Request {
        let path = format!("batches/{}/cancel", id_segment(id));
        self.authorized(Request { method: Method::Post, ..Request::get(self.address(&path)) })
    }

    fn read_cancelled(&self, response: &Response) -> Result<(), Failure> {
        whole(response).map(drop)
    }

    fn results(&self, location: &str) -> Request {
        let path = format!("files/{}/content", id_segment(location));
        self.authorized(Request::get(self.address(&path))).timeout(item::TRANSFER)
    }

    fn read_results(&self, response: &Response) -> Result<BatchResults, Failure> {
        if !response.is_success() {
            return Err(error::read(response));
        }
        lines::read(response, result)
    }
}

/// A file of lines as a form (RFC 7578). Its boundary is the hash of what it bounds, so that nobody can write it into
/// an alert beforehand.
fn multipart(url: String, lines: &str) -> Request {
    let boundary = blake3::hash(lines.as_bytes()).to_hex();
    let body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"batch.jsonl\"\r\n\
         Content-Type: application/jsonl\r\n\r\n{lines}\r\n--{boundary}--\r\n"
    );
    Request { method: Method::Post, body: body.into(), ..Request::get(url) }
        .header("content-type", format!("multipart/form-data; boundary={boundary}"))
}

/// The body of a success.
fn whole(response: &Response) -> Result<Value, Failure> {
    if response.is_success() { success(response) } else { Err(error::read(response)) }
}

fn batch(body: &Value) -> Result<BatchStatus, Failure> {
    let phase = match text(body, "/status") {
        "validating" => BatchPhase::Queued,
        "finalizing" | "cancelling" => BatchPhase::Ending,
        "completed" => BatchPhase::Completed,
        "expired" => BatchPhase::Expired,
        "cancelled" => BatchPhase::Cancelled,
        "failed" => BatchPhase::Failed { reason: complaints(body) },
        // Also what is not known: it is looked at again.
        _ => BatchPhase::Running,
    };
    let files = ["/output_file_id", "/error_file_id"].map(|file| text(body, file));
    let locations = if phase.is_over() {
        files.into_iter().filter(|file| !file.is_empty()).map(plain_id).collect::<Result<_, _>>()?
    } else {
        Vec::new()
    };
    let counts = body.get("request_counts").filter(|counts| counts.is_object()).map(|counts| BatchCounts {
        total: count(counts, "/total"),
        succeeded: count(counts, "/completed"),
        failed: count(counts, "/failed"),
        ..BatchCounts::default()
    });
    Ok(BatchStatus {
        id: plain_id(text(body, "/id"))?,
        name: item::name_read(text(body, &format!("/metadata/{NAME}"))),
        phase,
        created_ms: body
            .get("created_at")
            .and_then(Value::as_i64)
            .and_then(|seconds| seconds.checked_mul(1000)),
        counts,
        locations,
        results: None,
    })
}

/// Why a batch was refused: its input file was checked line by line.
fn complaints(body: &Value) -> String {
    let all: Vec<&str> =
        list(body, "/errors/data").iter().take(MAX_COMPLAINTS).map(|error| text(error, "/message")).collect();
    match notice(&all.join("; ")) {
        none if none.is_empty() => "the batch failed without a reason".to_owned(),
        reason => reason,
    }
}

fn result(line: &Value) -> Option<BatchResult> {
    let key = text(line, "/custom_id");
    let error = line.get("error").filter(|error| !error.is_null());
    let answer = line.get("response").filter(|response| response.is_object());
    let outcome = match (answer, error) {
        (Some(answer), _) => answered(answer).map_err(BatchFailure::Failed),
        (None, Some(error)) => Err(match text(error, "/code") {
            "batch_expired" => BatchFailure::Expired,
            "batch_cancelled" | "batch_canceled" => BatchFailure::Cancelled,
            // It has no status; what it says in words is told, and asking again is no worse than with any other.
            _ => BatchFailure::Failed(error::read(&as_response(500, &error_body(error)))),
        }),
        (None, None) => return None,
    };
    Some(item::result(key, outcome))
}

fn answered(answer: &Value) -> Result<Completion, Failure> {
    let body = answer.get("body").unwrap_or(&Value::Null);
    match u16::try_from(count(answer, "/status_code")) {
        Ok(200..=299) => {
            without_error(body)?;
            response::read_body(body)
        }
        // A redirect, or no status at all, is nothing that an item can end with.
        Ok(status @ 400..=599) => Err(error::read(&as_response(status, body))),
        _ => Err(error::read(&as_response(500, body))),
    }
}

#[cfg(test)]
mod tests;
