//! Many prompts in one batch: cheaper, answered within a day, through an endpoint of their own.
//!
//! A batch outlives the process that made it: it is created in one run, looked at in another and read in a third.
//! So nothing here is remembered. Each step is a request and a reader of its response, as with
//! [`Provider`](crate::Provider), and whoever drives them writes down the id between two steps. The steps are:
//!
//! 1. [`fits`](BatchProvider::fits) tells how many items go into one batch.
//! 2. [`upload`](BatchProvider::upload), where the items travel as a file (OpenAI), else nothing.
//! 3. [`create`](BatchProvider::create) starts the batch. If the answer is lost, the batch runs, and is billed, all
//!    the same: [`list`](BatchProvider::list) finds it again by its name, or by when it was created with a provider
//!    that keeps no name (Anthropic).
//! 4. [`status`](BatchProvider::status) until [`is_over`](BatchPhase::is_over).
//! 5. [`results`](BatchProvider::results) of each of the [`locations`](BatchStatus::locations), whatever the phase:
//!    what was answered before a batch expired or was cancelled is billed and stands there.
//! 6. What has no result after that ended as [`without_result`](BatchPhase::without_result) says.
//!
//! Every item ends in one of three ways that differ in money and in what comes next: it was answered, or failed, and
//! what it used is billed; or the batch ended before its turn came, which costs nothing and is no word against it.

pub(crate) mod item;
pub(crate) mod lines;

use crate::{Completion, Failure, Prompt, Usage};
use std::collections::HashSet;
use watchfire_http::{Request, Response};

/// One request of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchItem {
    /// Comes back with its result: ASCII letters, digits, `_` and `-`, 1 to 64 of them, once in a batch.
    pub key: String,
    /// What is asked. Its tier is not looked at: what is in a batch is asked as a batch.
    pub prompt: Prompt,
}

/// What one batch may hold. The bytes are ours where the provider takes more, because a batch is held in memory whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    /// Items.
    pub items: usize,
    /// Bytes that are sent.
    pub bytes: usize,
    /// Bytes that come back, as they are estimated from above. A result that is larger than what the client reads
    /// ([`Pool::max_body`](watchfire_http::Pool)) is paid for and can't be had.
    pub result_bytes: usize,
}

/// Where a batch stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchPhase {
    /// Taken in, or being checked.
    Queued,
    /// Being answered.
    Running,
    /// Being cancelled, or its results are being written.
    Ending,
    /// Every item was answered or failed.
    Completed,
    /// Its time is over. Some items may have been answered.
    Expired,
    /// It was cancelled. Some items may have been answered.
    Cancelled,
    /// It was refused as a whole, or broke down.
    Failed {
        /// The provider's words, bounded.
        reason: String,
    },
}

impl BatchPhase {
    /// Whether it stays so.
    pub const fn is_over(&self) -> bool {
        !matches!(self, Self::Queued | Self::Running | Self::Ending)
    }

    /// How an item ended that has no result although the batch is over and all its results were read. `None` while
    /// the batch is not over.
    pub fn without_result(&self) -> Option<BatchFailure> {
        match self {
            Self::Queued | Self::Running | Self::Ending => None,
            Self::Expired => Some(BatchFailure::Expired),
            Self::Cancelled => Some(BatchFailure::Cancelled),
            Self::Failed { reason } => Some(BatchFailure::Failed(Failure::Rejected(reason.clone()))),
            Self::Completed => Some(BatchFailure::Failed(Failure::Garbled {
                reason: "the batch is complete without a result for this item".to_owned(),
                usage: Usage::default(),
            })),
        }
    }
}

/// How many items ended how, as the provider counts them. What is in none of the parts is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BatchCounts {
    /// All of them.
    pub total: u64,
    /// Answered.
    pub succeeded: u64,
    /// Failed; with OpenAI and Gemini also those that expired.
    pub failed: u64,
    /// Not asked in time.
    pub expired: u64,
    /// Not asked before the batch was cancelled.
    pub cancelled: u64,
}

/// A batch, as its provider tells of it.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchStatus {
    /// What the provider calls it: what [`BatchProvider::status`] and [`BatchProvider::cancel`] take.
    pub id: String,
    /// What we called it; `None` where the provider keeps no name, or it is a batch of somebody else's.
    pub name: Option<String>,
    /// Where it stands.
    pub phase: BatchPhase,
    /// When it was created, in milliseconds since 1970, by the provider's clock.
    pub created_ms: Option<i64>,
    /// How its items ended, if the provider says so.
    pub counts: Option<BatchCounts>,
    /// Where results are, for [`BatchProvider::results`]: all of them have to be read. Empty before the end, and
    /// where the results came with the status.
    pub locations: Vec<String>,
    /// Results that came with the status (Gemini's inlined ones).
    pub results: Option<BatchResults>,
}

/// Some of the batches of an account.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BatchPage {
    /// Batches, without their results. The newest first with OpenAI and Anthropic; Gemini promises no order.
    pub batches: Vec<BatchStatus>,
    /// What to give [`BatchProvider::list`] for the next page, if there is one.
    pub next: Option<String>,
}

/// Results of a batch, in any order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BatchResults {
    /// One for each that could be read.
    pub results: Vec<BatchResult>,
    /// How many could not be read.
    pub unreadable: u64,
}

/// How one item ended.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchResult {
    /// The key of the item, as the provider says. It need not be one of ours (it is empty if there was none), and may
    /// come twice: what it used is told all the same, because it may be billed. Longer keys than ours are cut short,
    /// and stay longer than ours.
    pub key: String,
    /// Its answer, in tier [`Tier::Batch`](crate::Tier::Batch).
    pub outcome: Result<Completion, BatchFailure>,
}

/// Why an item of a batch has no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BatchFailure {
    /// The batch expired before its turn came. Not billed; may be asked again.
    #[error("the batch expired before this was asked")]
    Expired,
    /// The batch was cancelled before its turn came. Not billed; may be asked again.
    #[error("the batch was cancelled before this was asked")]
    Cancelled,
    /// It was asked and failed, as a single call might have.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl BatchFailure {
    /// What it used.
    pub fn usage(&self) -> Usage {
        match self {
            Self::Expired | Self::Cancelled => Usage::default(),
            Self::Failed(failure) => failure.usage(),
        }
    }
}

/// A provider with an endpoint for batches.
///
/// An id or a location comes from the provider and ends up in an address. Readers refuse what is no plain name
/// (ASCII letters, digits, `-`, `_` and `.`), and requests escape it again, since it may come from a store since then.
pub trait BatchProvider: Send + Sync {
    /// What one batch may hold.
    fn limits(&self) -> BatchLimits;

    /// How many bytes this item adds to a batch.
    fn item_bytes(&self, item: &BatchItem) -> usize;

    /// How many of these items, from the front, go into one batch: as many as stay within the limits, ask the same
    /// model (Gemini, OpenAI and Moonshot take one per batch) and have keys that are allowed and differ. 0 if the
    /// first can't be in any batch, and for none.
    fn fits(&self, items: &[BatchItem]) -> usize {
        let limits = self.limits();
        let Some(first) = items.first() else { return 0 };
        let mut keys = HashSet::new();
        let (mut bytes, mut result_bytes) = (0_usize, 0_usize);
        for (number, item) in items.iter().take(limits.items).enumerate() {
            bytes = bytes.saturating_add(self.item_bytes(item));
            result_bytes = result_bytes.saturating_add(item::result_bytes(&item.prompt));
            let is_one_more = bytes <= limits.bytes
                && result_bytes <= limits.result_bytes
                && item.prompt.model == first.prompt.model
                && item::is_key(&item.key)
                && keys.insert(item.key.as_str());
            if !is_one_more {
                return number;
            }
        }
        items.len().min(limits.items)
    }

    /// What has to be sent before the batch is created; `None` where the items go with its creation.
    fn upload(&self, items: &[BatchItem]) -> Option<Request>;

    /// What [`BatchProvider::create`] takes as `uploaded`.
    fn read_upload(&self, response: &Response) -> Result<String, Failure>;

    /// Starts a batch of these items. `name` finds it again if its id is lost; up to 512 characters of it are kept.
    fn create(&self, name: &str, items: &[BatchItem], uploaded: Option<&str>) -> Request;

    /// The batch that was created.
    fn read_created(&self, response: &Response) -> Result<BatchStatus, Failure> {
        self.read_status(response)
    }

    /// Asks where a batch stands.
    fn status(&self, id: &str) -> Request;

    /// Where it stands.
    fn read_status(&self, response: &Response) -> Result<BatchStatus, Failure>;

    /// Asks for the newest batches, or those after [`BatchPage::next`].
    fn list(&self, after: Option<&str>) -> Request;

    /// The batches.
    fn read_list(&self, response: &Response) -> Result<BatchPage, Failure>;

    /// Asks to cancel a batch. It may take minutes, and what was answered before is billed: the status tells the end.
    fn cancel(&self, id: &str) -> Request;

    /// Whether it is being cancelled. [`Failure::Rejected`] if it is over already.
    fn read_cancelled(&self, response: &Response) -> Result<(), Failure>;

    /// Asks for results at one of the [`BatchStatus::locations`].
    fn results(&self, location: &str) -> Request;

    /// The results. One that can't be read does not cost the others; [`Failure::Garbled`] if none can.
    fn read_results(&self, response: &Response) -> Result<BatchResults, Failure>;
}

#[cfg(test)]
pub(crate) mod tests;
