//! The rows that go into the store and come out of it. Numbers of verdicts, severities and deciders are those of the
//! domain types; the store does not interpret them.

use std::sync::Arc;

/// One alert, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRow<'a> {
    /// Its place among the records of its source, from 0.
    pub ordinal: u64,
    /// Milliseconds since 1970.
    pub time: i64,
    /// The pattern it belongs to.
    pub pattern: i64,
    /// The decision that holds for it.
    pub decision: i64,
    /// OCSF severity, 0–6.
    pub severity: u8,
    /// Priority, 0–100.
    pub priority: u8,
    /// Source address or name.
    pub source: Option<&'a str>,
    /// Destination address or name.
    pub destination: Option<&'a str>,
    /// User name.
    pub user: Option<&'a str>,
}

/// A stretch of a source's records that was judged in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkRow {
    /// The ordinal of its first record.
    pub first_ordinal: u64,
    /// A hash of each record's text.
    pub hashes: Vec<u64>,
    /// Hash of the decisions given to its alerts, in order.
    pub decided: [u8; 16],
    /// Its text, compressed with zstd; empty if it is not kept.
    pub raw: Vec<u8>,
}

/// A pattern: alerts that share a verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternRow {
    /// First eight bytes of the key.
    pub id: i64,
    /// The whole key.
    pub key: [u8; 16],
    /// What the alerts of the pattern have in common, as JSON.
    pub description: Arc<str>,
    /// Milliseconds since 1970.
    pub first_seen: i64,
    /// Milliseconds since 1970.
    pub last_seen: i64,
    /// The greatest priority of its alerts, 0–100.
    pub priority: u8,
    /// The decision that says so.
    pub decision: i64,
}

/// A decision on a pattern, for a stretch of time.
#[derive(Debug, Clone, PartialEq)]
pub struct DecisionRow {
    /// Hash of pattern, start and volume.
    pub id: i64,
    /// The pattern it is about.
    pub pattern: i64,
    /// From when it holds, in the time of the alerts, milliseconds since 1970.
    pub valid_from: i64,
    /// Until when.
    pub valid_until: i64,
    /// Order of magnitude of the alerts it stands for.
    pub volume: u8,
    /// OCSF verdict.
    pub verdict: u8,
    /// OCSF severity.
    pub severity: u8,
    /// Who decided.
    pub decider: u8,
    /// 0–1.
    pub confidence: f64,
    /// Everything else, as JSON.
    pub detail: String,
}

/// A record that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadRow {
    /// Its place among the records of its source, from 0.
    pub ordinal: u64,
    /// The line it starts on, from 1.
    pub line: u64,
    /// Why it can't be read.
    pub reason: String,
    /// What can be done.
    pub hint: String,
    /// Its text, up to a bound.
    pub raw: String,
    /// Whether the text is whole.
    pub whole: bool,
}

/// Alerts on their way to the store: their text in one piece, so that a chunk's alerts cost two allocations.
#[derive(Debug, Default)]
pub struct AlertRows {
    text: String,
    rows: Vec<PackedAlert>,
}

#[derive(Debug)]
struct PackedAlert {
    row: AlertRow<'static>,
    ends: [u32; 3],
    present: [bool; 3],
}

impl AlertRows {
    /// Adds an alert.
    pub fn push(&mut self, row: &AlertRow<'_>) {
        let mut ends = [0; 3];
        let cells = [row.source, row.destination, row.user];
        for (end, cell) in ends.iter_mut().zip(cells) {
            self.text.push_str(cell.unwrap_or_default());
            *end = self.text.len() as u32;
        }
        let row = AlertRow { source: None, destination: None, user: None, ..*row };
        self.rows.push(PackedAlert { row, ends, present: cells.map(|cell| cell.is_some()) });
    }

    /// The alerts, in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = AlertRow<'_>> {
        let mut start = 0;
        self.rows.iter().map(move |packed| {
            let mut cells = [None; 3];
            for (index, cell) in cells.iter_mut().enumerate() {
                let end = packed.ends[index] as usize;
                *cell = packed.present[index].then_some(&self.text[start..end]);
                start = end;
            }
            let [source, destination, user] = cells;
            AlertRow { source, destination, user, ..packed.row }
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// What is written for one chunk, all of it or nothing.
#[derive(Debug, Default)]
pub struct Commit {
    /// The chunk that is done.
    pub chunk: Option<ChunkRow>,
    /// Its alerts.
    pub alerts: AlertRows,
    /// Decisions made for it.
    pub decisions: Vec<DecisionRow>,
    /// Patterns seen in it.
    pub patterns: Vec<PatternRow>,
    /// Records that could not be read.
    pub dead: Vec<DeadRow>,
    /// What its decisions left open.
    pub questions: Vec<QuestionRow>,
}

/// What a model is to be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuestionRow {
    /// The decision that it is to take the place of.
    pub decision: i64,
    /// How soon, 0–100.
    pub priority: u8,
    /// How often it was asked in vain.
    pub attempts: u32,
    /// The question, as JSON.
    pub body: String,
}

/// What a model was asked, and answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnsweredRow {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// The question, as JSON.
    pub body: String,
}

/// A line of the ledger: one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// When it was answered, in milliseconds since 1970.
    pub at: i64,
    /// Who was asked.
    pub service: String,
    /// Which model; empty where there is none.
    pub model: String,
    /// At which tier.
    pub tier: String,
    /// What came of it.
    pub outcome: String,
    /// How many questions or indicators it was about.
    pub items: u32,
    /// Those of them that checked whether an earlier verdict would have been right.
    pub checks: u32,
    /// Tokens of input at full price.
    pub input: u64,
    /// Tokens read from the provider's cache.
    pub cached_input: u64,
    /// Tokens written to the provider's cache.
    pub cache_write: u64,
    /// Tokens of output.
    pub output: u64,
    /// Tokens of thought.
    pub thinking: u64,
    /// Its cost in billionths of a US dollar; `None` if no price is known.
    pub cost_nano: Option<i64>,
    /// From sending to the answer.
    pub latency_ms: u64,
}

/// Sums over lines of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerTotal {
    /// Who was asked.
    pub service: String,
    /// Which model.
    pub model: String,
    /// At which tier.
    pub tier: String,
    /// What came of it.
    pub outcome: String,
    /// How many calls.
    pub calls: u64,
    /// How many questions or indicators.
    pub items: u64,
    /// Those of them that checked whether an earlier verdict would have been right.
    pub checks: u64,
    /// Their share of the cost.
    pub checks_nano: i64,
    /// Tokens of input at full price.
    pub input: u64,
    /// Tokens read from the provider's cache.
    pub cached_input: u64,
    /// Tokens written to the provider's cache.
    pub cache_write: u64,
    /// Tokens of output.
    pub output: u64,
    /// Tokens of thought.
    pub thinking: u64,
    /// The cost of those calls whose price is known.
    pub cost_nano: i64,
    /// Calls without a known price.
    pub unpriced: u64,
    /// The first call, in milliseconds since 1970.
    pub first: i64,
    /// The last call.
    pub last: i64,
}

/// An alert with what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredAlert {
    /// Its source's file name.
    pub source_name: String,
    /// Milliseconds since 1970.
    pub time: i64,
    /// The pattern's id.
    pub pattern: i64,
    /// The pattern's key.
    pub pattern_key: [u8; 16],
    /// The pattern's description, as JSON.
    pub pattern_description: String,
    /// The decision that holds for it.
    pub decision: DecisionRow,
    /// Priority, 0–100.
    pub priority: u8,
}

/// What an analyst decided on a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnalystDecisionRow {
    /// The pattern's key.
    pub pattern_key: [u8; 16],
    /// OCSF verdict.
    pub verdict: u8,
    /// Why, in the analyst's words.
    pub reason: String,
    /// Who.
    pub analyst: String,
    /// When, in milliseconds since 1970.
    pub decided_at: i64,
    /// The alert it was decided on.
    pub alert: String,
    /// The pattern's description, as JSON.
    pub description: String,
}

/// What an analyst said of a pattern, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnalystWordRow {
    /// Its number.
    pub id: i64,
    /// OCSF verdict.
    pub verdict: u8,
    /// Why, in the analyst's words.
    pub reason: String,
    /// Who.
    pub analyst: String,
    /// When, in milliseconds since 1970.
    pub decided_at: i64,
    /// Whether it was taken back.
    pub undone: bool,
}

/// A dead letter, with where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDead {
    /// Its number.
    pub id: i64,
    /// The file it was in.
    pub source_name: String,
    /// The record.
    pub row: DeadRow,
    /// How often it was tried again.
    pub attempts: u32,
    /// When it was put here, in milliseconds since 1970.
    pub at: i64,
}

/// What became of a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadState {
    /// Waits.
    Waiting = 0,
    /// Was tried again, and could be read.
    Replayed = 1,
    /// Somebody said that it is not worth keeping.
    Dropped = 2,
}

/// What was known of an indicator, kept from one run to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReputationRow {
    /// The indicator's kind.
    pub kind: u8,
    /// Its value.
    pub value: String,
    /// The reputation.
    pub reputation: u8,
}

/// What a service said of an indicator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceAnswerRow {
    /// The service's name.
    pub service: String,
    /// The indicator's kind.
    pub kind: u8,
    /// The indicator as services spell it.
    pub value: String,
    /// What the service says.
    pub reputation: u8,
    /// Why, in its words: untrusted.
    pub evidence: Option<String>,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Until when it holds.
    pub until: i64,
}

/// A batch at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchRow {
    /// Our name for it, in this store's one and only use of it.
    pub name: String,
    /// Whose it is: a budget's name.
    pub asker: String,
    /// The provider's number of it; `None` until it is known.
    pub number: Option<String>,
    /// How many requests it has.
    pub requests: u32,
    /// When it was sent, in milliseconds since 1970.
    pub at: i64,
    /// What each request asks, for whoever wrote it.
    pub body: String,
}

/// A finished run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// Its number, from 1.
    pub id: i64,
    /// Milliseconds since 1970.
    pub started_at: i64,
    /// Its summary, as JSON.
    pub summary: String,
}
