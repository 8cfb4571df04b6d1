//! How it goes, in figures: what the page shows, and the metrics rest on.

use crate::app::{App, WatchedKind};
use crate::problem::Problem;
use serde::Serialize;
use utoipa::ToSchema;
use watchfire_engine::Projection;
use watchfire_engine::service::Timing;
use watchfire_engine::service::webhooks::Webhook;
use watchfire_store::{LedgerTotal, Store};

const DAY_MS: i64 = 86_400_000;

/// How it goes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Statistics {
    /// How long the service has been running, in seconds.
    uptime_s: f64,
    /// The program's version.
    version: &'static str,
    /// What is in the store.
    store: Stored,
    /// Where the records are that came in since the start.
    balance: Balance,
    /// Questions that wait for a model.
    open_questions: u64,
    /// How many alerts come in.
    per_second: PerSecond,
    /// What was known already.
    hit_rate: HitRate,
    /// Calls to models.
    calls: Calls,
    /// Alerts since the start, by verdict.
    by_verdict: Vec<Count>,
    /// Alerts since the start, by severity.
    by_severity: Vec<Count>,
    /// How long things take.
    latency_ms: Vec<Latency>,
    /// Who is asked outside.
    outside: Vec<Outside>,
    /// Memory of the process, in bytes; 0 where that can't be known.
    memory_bytes: u64,
    /// Requests that are being worked on.
    queue: Queue,
    /// What failed since the start.
    errors: Vec<Failed>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Stored {
    alerts: u64,
    patterns: u64,
    dead: u64,
    bytes: u64,
}

#[derive(Debug, Serialize, ToSchema)]
struct Balance {
    received: u64,
    judged: u64,
    set_aside: u64,
    dead: u64,
    pending: u64,
}

#[derive(Debug, Serialize, ToSchema)]
struct PerSecond {
    #[serde(rename = "1s")]
    second: f64,
    #[serde(rename = "60s")]
    minute: f64,
}

#[derive(Debug, Serialize, ToSchema)]
struct HitRate {
    exact: f64,
    pattern: f64,
    intel: f64,
    propositions: f64,
}

#[derive(Debug, Serialize, ToSchema)]
struct Calls {
    made: u64,
    avoided: u64,
}

#[derive(Debug, Serialize, ToSchema)]
struct Count {
    name: String,
    alerts: u64,
}

#[derive(Debug, Serialize, ToSchema)]
struct Latency {
    name: &'static str,
    p50: f64,
    p95: f64,
    p99: f64,
    mean: f64,
    count: u64,
}

/// Somebody outside who is asked.
#[derive(Debug, Serialize, ToSchema)]
struct Outside {
    name: String,
    /// llm, propositions, webhook.
    kind: &'static str,
    /// closed, open, half_open.
    breaker: &'static str,
    waiting: u64,
    next_slot_s: f64,
    last_slot_s: f64,
    limits: Vec<String>,
    calls_today: u64,
    cost_today_usd: f64,
    /// Why nothing is asked any more; empty if it is.
    stopped: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct Queue {
    intake: u64,
    bound: u64,
}

#[derive(Debug, Serialize, ToSchema)]
struct Failed {
    kind: &'static str,
    count: u64,
}

impl Statistics {
    /// How it goes now.
    pub(crate) fn of(app: &App, store: &Store) -> Result<Self, Problem> {
        let service = app.service();
        let live = service.live();
        let (balance, stored, pace) = (live.balance(), live.stored(), live.pace());
        let counted = service.counts();
        let share = |part: u64| if counted.judged == 0 { 0.0 } else { part as f64 / counted.judged as f64 };
        let name = |counts: &[watchfire_engine::Count]| {
            counts.iter().map(|count| Count { name: count.name.clone(), alerts: count.alerts }).collect()
        };
        let latency = Timing::ALL.map(|timing| {
            let timings = live.timings(timing);
            let millis = |duration: std::time::Duration| duration.as_secs_f64() * 1e3;
            Latency {
                name: timing.name(),
                p50: millis(timings.p50),
                p95: millis(timings.p95),
                p99: millis(timings.p99),
                mean: if timings.count == 0 { 0.0 } else { millis(timings.sum) / timings.count as f64 },
                count: timings.count,
            }
        });
        let (used, bound) = service.queue();
        let today = today(app, store)?;
        let outside = app.outside(&today);
        Ok(Self {
            uptime_s: live.uptime().as_secs_f64(),
            version: env!("CARGO_PKG_VERSION"),
            store: Stored {
                alerts: stored.alerts,
                patterns: store.pattern_count()?,
                dead: stored.dead,
                bytes: store.size()?,
            },
            balance: Balance {
                received: balance.received,
                judged: balance.judged,
                set_aside: balance.set_aside,
                dead: balance.dead,
                pending: balance.pending,
            },
            open_questions: service.open_questions(),
            per_second: PerSecond { second: pace.second, minute: pace.minute },
            hit_rate: HitRate {
                exact: share(counted.exact),
                pattern: share(counted.judged - counted.fresh),
                intel: service.reputations().hit_rate(),
                propositions: service.propositions().hit_rate(),
            },
            calls: Calls {
                made: outside.iter().filter(|one| one.kind == "llm").map(|one| one.calls_today).sum(),
                avoided: counted.judged - counted.fresh,
            },
            by_verdict: name(&counted.by_verdict),
            by_severity: name(&counted.by_severity),
            latency_ms: latency.into(),
            outside,
            memory_bytes: memory(),
            queue: Queue { intake: used as u64, bound: bound as u64 },
            errors: live.errors().into_iter().map(|(kind, count)| Failed { kind, count }).collect(),
        })
    }
}

/// The ledger of this day (UTC).
fn today(app: &App, store: &Store) -> Result<Vec<LedgerTotal>, Problem> {
    let now = app.service().clock().unix_millis();
    Ok(store.ledger(now - now.rem_euclid(DAY_MS), i64::MAX)?)
}

impl App {
    /// How it goes with everybody outside who is asked.
    fn outside(&self, today: &[LedgerTotal]) -> Vec<Outside> {
        let of = |watched: &crate::app::Watched| {
            let ours = || today.iter().filter(|total| total.service == watched.provider);
            let outside = match &watched.kind {
                WatchedKind::Llm(outside) => outside,
                WatchedKind::Webhook(webhook) => return self.webhook(watched, webhook),
            };
            let (progress, asked) = (outside.progress().snapshot(), outside.asked());
            Outside {
                name: watched.name.clone(),
                kind: "llm",
                breaker: outside.breaker(),
                waiting: progress.questions.saturating_sub(progress.answered + progress.given_up),
                next_slot_s: progress.next_slot_ms as f64 / 1e3,
                last_slot_s: progress.predicted_ms as f64 / 1e3,
                limits: watched.limits.clone(),
                calls_today: ours().map(|total| total.calls).sum(),
                cost_today_usd: ours().map(|total| total.cost_nano).sum::<i64>() as f64 / 1e9,
                stopped: watchfire_judge::tame(&asked.stopped, 200),
            }
        };
        let consultant = self.shared.consultant.iter().map(|consultant| Outside {
            name: "propositions".to_owned(),
            kind: "propositions",
            breaker: consultant.breaker(),
            waiting: 0,
            next_slot_s: 0.0,
            last_slot_s: 0.0,
            limits: Vec::new(),
            calls_today: 0,
            cost_today_usd: 0.0,
            stopped: String::new(),
        });
        self.shared.watched.iter().map(of).chain(consultant).collect()
    }

    /// How it goes with somebody who is told of verdicts.
    fn webhook(&self, watched: &crate::app::Watched, webhook: &Webhook) -> Outside {
        let counts = webhook.counts();
        let mut limits = watched.limits.clone();
        if counts.dead > 0 {
            limits.push(format!("{} could not be delivered", counts.dead));
        }
        if counts.dropped > 0 {
            limits.push(format!("{} dropped for lack of room", counts.dropped));
        }
        if !counts.error.is_empty() {
            limits.push(format!("last attempt: {}", counts.error));
        }
        Outside {
            name: watched.name.clone(),
            kind: "webhook",
            breaker: webhook.breaker(),
            waiting: counts.waiting,
            next_slot_s: webhook.open_for().as_secs_f64(),
            last_slot_s: 0.0,
            limits,
            calls_today: webhook.calls_today(&**self.service().clock()),
            cost_today_usd: 0.0,
            stopped: String::new(),
        }
    }
}

/// Resident memory of the process, in bytes.
pub(crate) fn memory() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches("kB").trim().parse::<u64>().map_or(0, |kibibytes| kibibytes << 10)
}

/// What calls cost.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Cost {
    /// Today (UTC), in US dollars.
    today_usd: f64,
    /// Since the store was made.
    all_usd: f64,
    /// What so many alerts a day would cost a day; null as long as nothing was paid for, or a price is not known.
    projected: Option<Projected>,
    /// What was paid for.
    ledger: Vec<Line>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Projected {
    alerts_per_day: u32,
    worst_usd: f64,
    expected_usd: f64,
    best_usd: f64,
}

/// Calls of one kind.
#[derive(Debug, Serialize, ToSchema)]
struct Line {
    service: String,
    model: String,
    tier: String,
    outcome: String,
    calls: u64,
    items: u64,
    input_tokens: u64,
    output_tokens: u64,
    cost_usd: f64,
    unpriced_calls: u64,
}

impl Cost {
    /// What was paid, and what so many alerts a day would cost.
    pub(crate) fn of(app: &App, store: &Store, alerts_per_day: u32) -> Result<Self, Problem> {
        let usd =
            |totals: &[LedgerTotal]| totals.iter().map(|total| total.cost_nano).sum::<i64>() as f64 / 1e9;
        let all = store.ledger(0, i64::MAX)?;
        let asked: u64 = app
            .shared
            .watched
            .iter()
            .map(|watched| match &watched.kind {
                WatchedKind::Llm(outside) => outside.asked().questions,
                WatchedKind::Webhook(_) => 0,
            })
            .sum();
        let judged = app.service().counts().judged;
        let share = (judged > 0 && asked > 0).then(|| asked as f64 / judged as f64);
        let projected = Projection::of(&all, share, alerts_per_day).map(|projection| Projected {
            alerts_per_day,
            worst_usd: projection.worst,
            expected_usd: projection.expected,
            best_usd: 0.0,
        });
        Ok(Self {
            today_usd: usd(&today(app, store)?),
            all_usd: usd(&all),
            projected,
            ledger: all
                .into_iter()
                .map(|total| Line {
                    service: total.service,
                    model: total.model,
                    tier: total.tier,
                    outcome: total.outcome,
                    calls: total.calls,
                    items: total.items,
                    input_tokens: total.input + total.cached_input + total.cache_write,
                    output_tokens: total.output + total.thinking,
                    cost_usd: total.cost_nano as f64 / 1e9,
                    unpriced_calls: total.unpriced,
                })
                .collect(),
        })
    }
}
