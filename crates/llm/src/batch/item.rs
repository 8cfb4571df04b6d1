//! What goes into a batch and what comes out of it, as far as it is the same for all providers.

use super::{BatchFailure, BatchItem, BatchResult};
use crate::endpoint::path_segment;
use crate::reading::garbled;
use crate::{Completion, Failure, Prompt, Tier, Usage};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::time::Duration;
use watchfire_http::Response;

/// The longest key of ours.
const MAX_KEY: usize = 64;
/// The most of a key that comes back: longer than ours, so that one that was cut short is never taken for one.
const MAX_FOREIGN_KEY: usize = 2 * MAX_KEY;
/// The longest id or location of a provider.
const MAX_ID: usize = 256;
/// The longest name that is sent and read.
const MAX_NAME: usize = 512;
/// How long a whole batch may take to be sent or fetched.
pub(crate) const TRANSFER: Duration = Duration::from_secs(600);

/// Whether this is a key that all providers take.
pub(super) fn is_key(key: &str) -> bool {
    (1..=MAX_KEY).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// About how large the result of this prompt may become: what stands around an answer, and six bytes a token, because
/// an answer is JSON and stands quoted within JSON.
pub(super) fn result_bytes(prompt: &Prompt) -> usize {
    usize::try_from(prompt.max_output_tokens).unwrap_or(usize::MAX).saturating_mul(6).saturating_add(2048)
}

/// The prompt, in the tier of batches.
pub(crate) fn in_batch(item: &BatchItem) -> Cow<'_, Prompt> {
    if item.prompt.tier == Tier::Batch {
        Cow::Borrowed(&item.prompt)
    } else {
        Cow::Owned(Prompt { tier: Tier::Batch, ..item.prompt.clone() })
    }
}

/// A provider's id, if it can be one: nothing in it can lead to another address, and it is no path upwards.
pub(crate) fn plain_id(id: &str) -> Result<String, Failure> {
    let is_plain = (1..=MAX_ID).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        && id.bytes().any(|byte| byte != b'.');
    if is_plain { Ok(id.to_owned()) } else { Err(garbled("an id that can't be one", Usage::default())) }
}

/// An id as a part of an address. Escaping is not enough for `..`, which clients resolve even when it is escaped.
pub(crate) fn id_segment(id: &str) -> String {
    plain_id(id)
        .unwrap_or_else(|_| path_segment(&id.replace('.', "_").chars().take(MAX_ID).collect::<String>()))
}

/// Our name for a batch, bounded.
pub(crate) fn name(name: &str) -> String {
    name.chars().take(MAX_NAME).collect()
}

/// A name that came back; none if there is none.
pub(crate) fn name_read(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| name(text))
}

/// A result, with its key bounded and its tier that of batches: single calls' readers call the tier of an item what
/// its body says, which is `default` with OpenAI.
pub(crate) fn result(key: &str, outcome: Result<Completion, BatchFailure>) -> BatchResult {
    BatchResult {
        key: key.chars().take(MAX_FOREIGN_KEY).collect(),
        outcome: outcome.map(|completion| Completion { tier: Tier::Batch, ..completion }),
    }
}

/// An item's failure as the response that a single call would have got, for the reader of those.
pub(crate) fn as_response(status: u16, body: &Value) -> Response {
    Response { status, headers: Vec::new(), body: body.to_string().into_bytes().into() }
}

/// An error as the body of such a response.
pub(crate) fn error_body(error: &Value) -> Value {
    json!({ "error": error })
}
