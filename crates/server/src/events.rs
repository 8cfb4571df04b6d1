//! Live events: what changed, gathered over a quarter of a second, and how it goes, once a second.
//!
//! One task listens to the service and makes the text; whoever listens to us gets the same text. So a hundred pages cost what
//! one does, and a page that is slow misses events, is told so, and holds nobody up.

use crate::app::App;
use crate::figures::Statistics;
use crate::problem::Problem;
use crate::shape::{Calculation, hexadecimal};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event as Sse, KeepAlive, Sse as Stream};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::time::{MissedTickBehavior, interval};
use watchfire_engine::articles::{ArticleEvent, ArticleService, Job};
use watchfire_engine::service::Event;

/// How long changes are gathered.
const GATHER: Duration = Duration::from_millis(250);
/// How often figures are told.
const FIGURES: Duration = Duration::from_secs(1);
/// Patterns that are named in one event.
const MOST: usize = 200;
/// Events that a listener may be behind.
const BEHIND: usize = 64;

/// An event as text.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    name: &'static str,
    data: Arc<str>,
}

/// Who listens.
pub(crate) struct Hub {
    sender: broadcast::Sender<Told>,
    listeners: Arc<AtomicUsize>,
    most: usize,
    closed: watch::Sender<bool>,
}

impl Hub {
    pub(crate) fn new(most: usize) -> Self {
        let (sender, _) = broadcast::channel(BEHIND);
        Self { sender, listeners: Arc::default(), most, closed: watch::Sender::new(false) }
    }

    /// How many listen.
    pub(crate) fn listeners(&self) -> usize {
        self.listeners.load(Ordering::Relaxed)
    }

    /// Ends every stream of events.
    pub(crate) fn close(&self) {
        self.closed.send_replace(true);
    }

    /// A place among those who listen, and what tells them that it is over.
    pub(crate) fn seat(&self) -> Result<(Seat, watch::Receiver<bool>), Problem> {
        let seat = Seat(Arc::clone(&self.listeners));
        // The seat is given back if there were none.
        if self.listeners.fetch_add(1, Ordering::Relaxed) >= self.most {
            return Err(Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                format!("{} listen already", self.most),
                "close a page, or raise [server] max_listeners",
            )
            .after(Duration::from_secs(5)));
        }
        Ok((seat, self.closed.subscribe()))
    }

    fn tell(&self, name: &'static str, data: String) {
        // That nobody listens is no failure.
        drop(self.sender.send(Told { name, data: data.into() }));
    }
}

/// Makes events for as long as it runs.
pub(crate) async fn feed(app: App) {
    let mut events = app.service().events();
    let mut news = News::of(app.shared.articles.get());
    let mut changed: BTreeSet<i64> = BTreeSet::new();
    let (mut more, mut dead) = (false, None);
    let mut gather = interval(GATHER);
    let mut figures = interval(FIGURES);
    gather.set_missed_tick_behavior(MissedTickBehavior::Delay);
    figures.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Ok(Event::Patterns(ids)) => {
                    for id in ids.iter() {
                        if changed.len() < MOST {
                            changed.insert(*id);
                        } else {
                            more |= !changed.contains(id);
                        }
                    }
                }
                Ok(Event::Dead(waiting)) => dead = Some(waiting),
                Err(RecvError::Lagged(_)) => more = true,
                Err(RecvError::Closed) => return,
            },
            () = news.gather() => {}
            _ = gather.tick() => {
                let hub = &app.shared.hub;
                news.tell(hub);
                if !changed.is_empty() || more {
                    let ids: Vec<String> = std::mem::take(&mut changed).into_iter().map(hexadecimal).collect();
                    hub.tell("patterns", serde_json::json!({ "ids": ids, "more": more }).to_string());
                    more = false;
                }
                if let Some(waiting) = dead.take() {
                    hub.tell("dead", serde_json::json!({ "waiting": waiting }).to_string());
                }
            }
            _ = figures.tick() => {
                if app.shared.hub.listeners() == 0 {
                    continue;
                }
                let of = app.clone();
                let figures = app.read(move |store| Statistics::of(&of, store)).await;
                if let Ok(text) = figures.map(|figures| serde_json::to_string(&figures).unwrap_or_default()) {
                    app.shared.hub.tell("statistics", text);
                }
            }
        }
    }
}

/// What happened to articles since it was last told.
struct News {
    events: Option<broadcast::Receiver<ArticleEvent>>,
    new: u64,
    /// How calculations stand, by their number.
    jobs: BTreeMap<u64, Job>,
}

impl News {
    fn of(articles: Option<&ArticleService>) -> Self {
        Self { events: articles.map(ArticleService::events), new: 0, jobs: BTreeMap::new() }
    }

    /// Waits for something to happen, and remembers it. Never comes back where there are no articles. May be dropped.
    async fn gather(&mut self) {
        let Some(events) = &mut self.events else { return std::future::pending().await };
        match events.recv().await {
            Ok(ArticleEvent::New(new)) => self.new += new,
            Ok(ArticleEvent::Job(job)) => {
                if self.jobs.len() < MOST || self.jobs.contains_key(&job.id) {
                    self.jobs.insert(job.id, job);
                }
            }
            // Whoever watches a calculation asks for it once more when nothing comes.
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => self.events = None,
        }
    }

    fn tell(&mut self, hub: &Hub) {
        let new = std::mem::take(&mut self.new);
        if new > 0 {
            hub.tell("articles", serde_json::json!({ "new": new }).to_string());
        }
        for job in std::mem::take(&mut self.jobs).into_values() {
            hub.tell("relevance", serde_json::to_string(&Calculation::of(job)).unwrap_or_default());
        }
    }
}

/// A place among those who listen, counted for as long as it is taken.
pub(crate) struct Seat(Arc<AtomicUsize>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One listener.
struct Listener {
    events: broadcast::Receiver<Told>,
    closed: watch::Receiver<bool>,
    greeted: bool,
    _seat: Seat,
}

/// Live events: patterns that changed, dead letters, new articles, calculations, statistics once a second.
///
/// Events are `statistics` (as GET /api/v1/statistics), `patterns` (`{"ids":[…],"more":false}`), `dead` (`{"waiting":3}`),
/// `articles` (`{"new":2}`), `relevance` (as GET /api/v1/relevance/{job}), and `missed` (`{"events":7}`) for a listener that was
/// too slow.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "figures", security(("token" = [])),
    responses(
        (status = 200, body = String, content_type = "text/event-stream"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn stream(State(app): State<App>) -> Response {
    let hub = &app.shared.hub;
    let (seat, closed) = match hub.seat() {
        Ok(seat) => seat,
        Err(problem) => return problem.into_response(),
    };
    let listener = Listener { events: hub.sender.subscribe(), closed, greeted: false, _seat: seat };
    let events = stream::unfold(listener, |mut listener| async move {
        if !listener.greeted {
            listener.greeted = true;
            let hello = Sse::default().retry(Duration::from_secs(2)).comment("watchfire");
            return Some((Ok::<_, Infallible>(hello), listener));
        }
        let told = tokio::select! {
            told = listener.events.recv() => told,
            _ = listener.closed.wait_for(|closed| *closed) => return None,
        };
        let event = match told {
            Ok(told) => Sse::default().event(told.name).data(&*told.data),
            Err(RecvError::Lagged(events)) => {
                Sse::default().event("missed").data(serde_json::json!({ "events": events }).to_string())
            }
            Err(RecvError::Closed) => return None,
        };
        Some((Ok(event), listener))
    });
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(15));
    let mut response = Stream::new(events).keep_alive(keep_alive).into_response();
    response.headers_mut().insert("x-accel-buffering", axum::http::HeaderValue::from_static("no"));
    response
}
