//! A service over HTTP that is asked for propositions, where one is configured.
//!
//! It is told a type and one alert of it, and answers what may come next and what to do:
//!
//! ```json
//! {"next": [{"what": "…", "technique": "T1110", "probability": 0.4, "within_s": 600, "grounds": "…"}],
//!  "actions": [{"action": "…", "probability": 0.8, "grounds": "…"}]}
//! ```
//!
//! An empty answer says that it has nothing to propose; that is another thing than no answer. What it says is a stranger's
//! text: bounded, and on one line. Where several instances run, what it said to one is kept for all ([`SharedAnswers`]).

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use watchfire_flow::{Backoff, Breaker, BreakerSettings, Deadline, Fresh, Retry, RetryBudget};
use watchfire_http::{Http, Request, Response};
use watchfire_judge::attack;
use watchfire_judge::propositions::{Action, Kind, Next, Proposal};
use watchfire_judge::tame;

/// Things of each kind that are taken from an answer.
const MOST: usize = 20;
/// Longest text that is taken from it, in characters.
const MAX_TEXT: usize = 200;
/// Retries before any first try has paid for them, and what each first try pays for.
const RETRIES: (u32, f64) = (10, 0.1);

/// Why a service could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAsked {
    /// The time for it is over.
    #[error("the proposition service did not answer in time")]
    TimedOut,
    /// It fails.
    #[error("the proposition service could not be asked: {0}")]
    Failed(String),
}

/// What an answer is waited for with.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, NotAsked>> + Send + 'a>>;

/// Asks the service: its answer's text, and how long it is worth keeping.
pub type Inquiry<'a> = Box<dyn FnOnce() -> Answering<'a, Fresh<String>> + Send + 'a>;

/// What a service said, kept for several instances by the type that it was asked about.
pub trait SharedAnswers: Send + Sync {
    /// The text that is kept, or what `ask` brings, which is kept then. Of all who want one type at once, one asks.
    fn get<'a>(&'a self, rule: &'a str, ask: Inquiry<'a>) -> Answering<'a, String>;

    /// Forgets a type, for all instances. Returns at once.
    fn forget(&self, rule: &str);
}

/// What a service proposes.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposed {
    /// It.
    pub proposal: Proposal,
    /// Whether it was kept from earlier.
    pub was_kept: bool,
}

/// How long an answer is kept for all.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// A service, and how it is asked.
pub struct Consultant {
    url: String,
    token: Option<String>,
    http: Arc<dyn Http>,
    timeout: Duration,
    breaker: Breaker,
    retry: Retry,
    seed: u64,
    shared: Option<Arc<dyn SharedAnswers>>,
}

#[derive(Debug, Deserialize)]
struct Said {
    #[serde(default)]
    next: Vec<SaidNext>,
    #[serde(default)]
    actions: Vec<SaidAction>,
}

#[derive(Debug, Deserialize)]
struct SaidNext {
    what: String,
    #[serde(default)]
    technique: Option<String>,
    probability: f64,
    #[serde(default)]
    within_s: Option<f64>,
    #[serde(default)]
    grounds: String,
}

#[derive(Debug, Deserialize)]
struct SaidAction {
    action: String,
    probability: f64,
    #[serde(default)]
    grounds: String,
}

impl Consultant {
    /// A service at this address; `timeout` is how long one call may take.
    pub fn new(
        url: String,
        token: Option<String>,
        http: Arc<dyn Http>,
        timeout: Duration,
        breaker: BreakerSettings,
        backoff: Backoff,
        seed: u64,
    ) -> Self {
        let retry = Retry::new(backoff, Arc::new(RetryBudget::new(RETRIES.0, RETRIES.1)));
        Self { url, token, http, timeout, breaker: Breaker::new(breaker), retry, seed, shared: None }
    }

    /// Keeps what it says for other instances, and asks for what it said to them.
    #[must_use]
    pub fn sharing(self, shared: Arc<dyn SharedAnswers>) -> Self {
        Self { shared: Some(shared), ..self }
    }

    /// Where its answers are kept for all instances, if they are.
    pub fn shared(&self) -> Option<&Arc<dyn SharedAnswers>> {
        self.shared.as_ref()
    }

    /// The state of its breaker: closed, half_open or open.
    pub fn breaker(&self) -> &'static str {
        match self.breaker.state() {
            watchfire_flow::BreakerState::Closed => "closed",
            watchfire_flow::BreakerState::HalfOpen => "half_open",
            watchfire_flow::BreakerState::Open { .. } => "open",
        }
    }

    /// Asks about an alert of this type until there is an answer, or no time or use in asking. Dropping the future gives up.
    pub async fn ask(&self, rule: &str, alert: &str, until: Instant) -> Result<Proposed, NotAsked> {
        let Some(shared) = &self.shared else {
            let (_, proposal) = self.call(rule, alert, until).await?;
            return Ok(Proposed { proposal, was_kept: false });
        };
        // What it says now, if it is asked.
        let said = OnceLock::new();
        let ask: Inquiry<'_> = Box::new(|| {
            Box::pin(async {
                let (text, proposal) = self.call(rule, alert, until).await?;
                said.get_or_init(|| proposal);
                Ok(Fresh::new(text, KEPT))
            })
        });
        let left = Deadline::within(until.saturating_duration_since(Instant::now()));
        let text = left.bound(shared.get(rule, ask)).await.unwrap_or(Err(NotAsked::TimedOut))?;
        if let Some(proposal) = said.into_inner() {
            return Ok(Proposed { proposal, was_kept: false });
        }
        // What is kept may be of another version.
        let proposal =
            proposal_of(text.as_bytes()).map_err(|reason| NotAsked::Failed(tame(&reason, MAX_TEXT)))?;
        Ok(Proposed { proposal, was_kept: true })
    }

    /// One conversation with the service; gives its answer's text and what that says.
    async fn call(&self, rule: &str, alert: &str, until: Instant) -> Result<(String, Proposal), NotAsked> {
        let deadline = Deadline::within(until.saturating_duration_since(Instant::now()));
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let alert: serde_json::Value = serde_json::from_str(alert).unwrap_or_default();
        let body = serde_json::json!({ "type": rule, "alert": alert }).to_string();
        self.retry.budget().deposit();
        let mut failed = 0;
        loop {
            let Ok(permit) = self.breaker.permit() else {
                return Err(NotAsked::Failed(
                    "it has been failing, and is left alone for a while".to_owned(),
                ));
            };
            let timeout = self.timeout.min(deadline.remaining());
            if timeout.is_zero() {
                permit.ignore();
                return Err(NotAsked::TimedOut);
            }
            let mut request = Request::post_json(&self.url, body.clone()).timeout(timeout);
            if let Some(token) = &self.token {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            let sent = deadline.bound(self.http.send(request)).await;
            let reason = match sent {
                Err(_) => {
                    permit.failure();
                    return Err(NotAsked::TimedOut);
                }
                Ok(Ok(response)) => match read(&response) {
                    Ok(said) => {
                        permit.success();
                        return Ok(said);
                    }
                    Err((reason, true)) => reason,
                    Err((reason, false)) => {
                        permit.success();
                        return Err(NotAsked::Failed(reason));
                    }
                },
                Ok(Err(error)) => error.to_string(),
            };
            permit.failure();
            failed += 1;
            match self.retry.next(failed, Instant::now(), deadline, None, &mut rng) {
                Some(wait) => sleep(wait).await,
                None => return Err(NotAsked::Failed(tame(&reason, MAX_TEXT))),
            }
        }
    }
}

/// A response's text and what it says; or why it says nothing, and whether another try may help.
fn read(response: &Response) -> Result<(String, Proposal), (String, bool)> {
    match response.status {
        204 => return Ok(("{}".to_owned(), Proposal::default())),
        200 => {}
        status => {
            let may_help = matches!(status, 408 | 425 | 429 | 500..);
            return Err((format!("it answered {status}"), may_help));
        }
    }
    let proposal = proposal_of(&response.body).map_err(|reason| (reason, false))?;
    // JSON that could be read is text, but for what nobody looks at.
    Ok((String::from_utf8_lossy(&response.body).into_owned(), proposal))
}

/// What an answer says.
fn proposal_of(text: &[u8]) -> Result<Proposal, String> {
    let said: Said =
        serde_json::from_slice(text).map_err(|error| format!("its answer can't be read: {error}"))?;
    let is_sound = |probability: f64| (0.0..=1.0).contains(&probability);
    let next = said.next.into_iter().filter(|next| is_sound(next.probability)).take(MOST);
    let actions = said.actions.into_iter().filter(|action| is_sound(action.probability)).take(MOST);
    let mut proposal = Proposal {
        next: next
            .map(|next| {
                let technique = next.technique.as_deref().and_then(attack::technique);
                let tactic = technique.and_then(|technique| technique.tactics.iter().next());
                Next {
                    what: tame(&next.what, MAX_TEXT),
                    kind: if technique.is_some() { Kind::Technique } else { Kind::Rule },
                    rule: String::new(),
                    technique: technique.map(|technique| technique.id),
                    tactic: tactic.map(|tactic| tactic.name().to_owned()),
                    probability: next.probability,
                    at_least: next.probability,
                    typical_s: None,
                    within_s: next.within_s.filter(|within| within.is_finite() && *within >= 0.0),
                    hostile: 0.0,
                    grounds: tame(&next.grounds, MAX_TEXT),
                }
            })
            .collect(),
        actions: actions
            .map(|action| Action {
                action: tame(&action.action, MAX_TEXT),
                probability: action.probability,
                at_least: action.probability,
                chosen: 0,
                of: 0,
                endings: [0; 4],
                grounds: tame(&action.grounds, MAX_TEXT),
            })
            .collect(),
        ..Proposal::default()
    };
    proposal.next.sort_by(|one, other| other.probability.total_cmp(&one.probability));
    proposal.actions.sort_by(|one, other| other.probability.total_cmp(&one.probability));
    Ok(proposal)
}

#[cfg(test)]
mod tests {
    use super::{Consultant, NotAsked};
    use std::collections::VecDeque;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;
    use tokio::time::Instant;
    use watchfire_flow::{Backoff, BreakerSettings};
    use watchfire_http::{Answer, Http, HttpError, Request, Response};

    /// Says what it was told to say, one after another; then nothing, for ever.
    struct Says(Mutex<(VecDeque<Response>, u32)>);

    impl Http for Says {
        fn send(&self, _: Request) -> Answer<'_> {
            let next = {
                let mut says = self.0.lock().unwrap();
                says.1 += 1;
                says.0.pop_front()
            };
            Box::pin(async move {
                match next {
                    Some(response) => Ok(response),
                    None => std::future::pending::<Result<Response, HttpError>>().await,
                }
            })
        }
    }

    fn consultant(answers: &[(u16, &str)]) -> (Consultant, Arc<Says>) {
        let responses = answers.iter().map(|(status, body)| Response {
            status: *status,
            headers: Vec::new(),
            body: body.to_string().into(),
        });
        let says = Arc::new(Says(Mutex::new((responses.collect(), 0))));
        let (breaker, backoff) = (BreakerSettings::default(), Backoff::default());
        let timeout = Duration::from_secs(2);
        (Consultant::new("http://p/".to_owned(), None, says.clone(), timeout, breaker, backoff, 1), says)
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_to_propose_is_not_the_same_as_nobody_to_ask() {
        let (empty, _) = consultant(&[(200, "{}"), (204, "")]);
        for _ in 0..2 {
            assert_eq!(empty.ask("r", "{}", soon()).await.map(|told| told.proposal.next.len()), Ok(0));
        }
        let (broken, says) = consultant(&[(404, "")]);
        assert!(matches!(broken.ask("r", "{}", soon()).await, Err(NotAsked::Failed(_))));
        assert_eq!(says.0.lock().unwrap().1, 1, "what is refused is not asked again");
        let (silent, _) = consultant(&[]);
        let within = Instant::now() + Duration::from_millis(500);
        assert_eq!(silent.ask("r", "{}", within).await, Err(NotAsked::TimedOut));
        assert_eq!(Instant::now(), within);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_that_may_pass_is_tried_again() {
        let answer = r#"{"next":[{"what":"a\u001b[31m","probability":0.2},{"what":"b","technique":"T1110","probability":0.9},
            {"what":"c","probability":7}],"actions":[{"action":"isolate","probability":1.0}]}"#;
        let (consultant, says) = consultant(&[(503, ""), (500, "x"), (200, answer)]);
        let proposal = consultant.ask("r", "{}", soon()).await.unwrap().proposal;
        assert_eq!(says.0.lock().unwrap().1, 3);
        let what: Vec<&str> = proposal.next.iter().map(|next| next.what.as_str()).collect();
        assert_eq!(what.len(), 2, "what can't be a probability is left out");
        assert_eq!((what[0], proposal.next[0].technique), ("b", Some("T1110")));
        assert!(!what[1].contains('\u{1b}'), "{what:?}");
        assert_eq!(proposal.actions[0].action, "isolate");
    }
}
