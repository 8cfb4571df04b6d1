//! `watchfire serve`

use super::forwarding::{self, Forwarder};
use super::{asking, delivering, measuring, newsroom, services};
use crate::cli::{Common, Serve};
use crate::config::{Settings, load};
use crate::exit::{Problem, Status};
use crate::{telemetry, terminal};
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;
use watchfire_engine::articles::{ArticleService, Locator};
use watchfire_engine::service::{Enrichment, Outside, Service, Setup};
use watchfire_engine::{Asker, Enricher, ReputationCache};
use watchfire_flow::{Clock, LaneRunner, SystemClock};
use watchfire_judge::{Asking, tame};
use watchfire_server::{App, ServeError, Stop, Watched, WatchedKind, bind, serve};
use watchfire_store::Store;

/// How often what is too old is cleared away.
const TIDY: Duration = Duration::from_secs(300);
/// How many times that until names and statistics of articles are put in order: once a day.
const DAILY: u64 = 24 * 3600 / TIDY.as_secs();
/// How long a request with a key is known again, in milliseconds.
const REMEMBERED_MS: i64 = 24 * 3_600_000;
/// How long after the start what starting needed is given back: longer than the allocator keeps what is free, a second.
const SETTLED: Duration = Duration::from_millis(1_500);
/// How long asking waits where the store failed.
const PAUSE: Duration = Duration::from_secs(10);

pub(super) fn run(common: &Common, command: &Serve) -> Result<Status, Problem> {
    let loaded = load(common.config.as_deref())?;
    let settings = &loaded.settings;
    let address = command.listen.unwrap_or_else(|| settings.server.address());
    let _telemetry = telemetry::start(command.json_logs);
    let forwarder = forwarding::open(settings)?;
    let (ground, rule_problems) = settings.ground()?;
    let (intel, list_problems) = settings.intel(&command.intel);
    terminal::rule_problems(&rule_problems);
    terminal::list_problems(&list_problems);
    let location = settings.location(common.store.as_deref())?;
    let store = Arc::new(Store::open(&location)?);
    check_tokens(address, &store)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let asker = command.llm.as_deref().map(|name| asker(settings, &store, name, &clock)).transpose()?;
    // Articles that come in while it runs may warn of something.
    let reputations = ReputationCache::open(intel, &store)?.with_services(&store, clock.unix_millis())?;
    let reputations = Arc::new(reputations);
    let articles = newsroom::open(settings, &store, &clock, Arc::clone(&reputations), true)?;
    let turn = asker.as_ref().and_then(|(_, outside)| {
        // One credential, one budget: whoever asks it for places waits for whoever asks it about alerts.
        (settings.feeds.locations.llm == command.llm).then(|| Arc::clone(&outside.turn))
    });
    let locator = newsroom::locator(settings, &store, &clock, turn)?;
    let service = Service::start(Setup {
        asking: asker.as_ref().map_or(Asking::Nobody, |(asker, _)| Asking::Live(asker.mark())),
        history: Settings::history(&store)?,
        learned: settings.learning.learned(&store)?,
        reuse: settings.reuse.policy(),
        store: Arc::clone(&store),
        clock,
        ground,
        mappings: settings.mappings(&command.mapping)?,
        limits: settings.limits(),
        reputations,
        keep_raw: settings.store.keep_raw,
        enriches: !settings.intel.services.is_empty(),
        max_requests: settings.server.max_waiting,
        webhooks: settings.targets()?,
    })?;
    let mut watched: Vec<Watched> = asker
        .iter()
        .map(|(asker, outside)| Watched {
            name: outside.name.clone(),
            provider: asker.provider.name().to_owned(),
            limits: command
                .llm
                .as_deref()
                .and_then(|name| settings.llm.get(name))
                .map_or_else(Vec::new, |llm| {
                    llm.limits.iter().map(crate::config::LimitSettings::words).collect()
                }),
            kind: WatchedKind::Llm(Arc::clone(outside)),
        })
        .collect();
    watched.extend(delivering::watched(&service));
    let seed = u64::try_from(service.clock().unix_millis()).unwrap_or(0);
    let threads = available_parallelism().map_or(2, usize::from).clamp(2, 16);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .max_blocking_threads(32)
        .thread_keep_alive(Duration::from_secs(10))
        .enable_all()
        .build()
        .map_err(|error| {
            Problem::from_error(
                Status::Failed,
                &error,
                "how many threads may this user have? see `ulimit -u`",
            )
        })?;
    let consultant = settings.propositions.consultant(seed)?;
    #[cfg(feature = "redis")]
    let consultant = {
        let _entered = runtime.enter();
        consultant.map(|consultant| super::answers::shared(consultant, settings)).transpose()?
    };
    let app = App::new(service.clone(), settings.server.app(address), watched, consultant)?
        .with_articles(articles.clone());
    let app = match &forwarder {
        Some(forwarder) => app.with_forward(Arc::<Forwarder>::clone(forwarder)),
        None => app,
    };
    let (app, runner) = if settings.measurements.enabled {
        let opened = runtime.block_on(measuring::open(&settings.measurements, &store, service.clock()))?;
        let (served, runner) = opened.served(&settings.measurements);
        (app.with_measurements(served), Some(runner))
    } else {
        (app, None)
    };
    delivering::start(&service)?;
    if let Some((asker, outside)) = asker {
        ask(service.clone(), asker, outside);
    }
    if let Some(enricher) = services::enricher(settings, seed, false)? {
        enrich(service.clone(), enricher);
    }
    let location = location.to_string();
    let forwards = forwarder.is_some();
    let running =
        Running { service, articles, locator, settings, location: &location, lanes: runner, forwarder };
    let ended = runtime.block_on(until_stopped(app, running, address));
    if forwards {
        // A thread that waits for brokers which are away ends with the process.
        runtime.shutdown_timeout(Duration::from_secs(1));
    }
    ended
}

/// Where anybody may come, nobody is served without a token.
fn check_tokens(address: SocketAddr, store: &Store) -> Result<(), Problem> {
    let holds = store.tokens()?.iter().any(|token| token.revoked_at.is_none());
    if address.ip().is_loopback() || holds {
        return Ok(());
    }
    Err(Problem::usage(
        format!("{address} can be reached from elsewhere, and there is no token yet"),
        "make one first: watchfire token new NAME; or listen on 127.0.0.1",
    ))
}

fn asker(
    settings: &Settings,
    store: &Store,
    name: &str,
    clock: &Arc<dyn Clock>,
) -> Result<(Asker, Arc<Outside>), Problem> {
    let seed = u64::try_from(clock.unix_millis()).unwrap_or(0);
    Ok((asking::asker(settings, store, name, seed, false)?, Outside::new(name)))
}

/// Asks the model on a thread of its own, so that nobody who is served waits for it.
fn ask(service: Service, asker: Asker, outside: Arc<Outside>) {
    std::thread::spawn(move || {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                tracing::error!(%error, "no model is asked");
                return;
            }
        };
        runtime.block_on(async {
            loop {
                if let Err(error) = service.ask(&asker, &outside).await {
                    service.live().failed("asking");
                    tracing::error!(error = %tame(&error.to_string(), 300), "asking failed; it goes on in a while");
                }
                sleep(PAUSE).await;
            }
        });
    });
}

/// Asks intelligence services on a thread of their own.
fn enrich(service: Service, enricher: Enricher) {
    std::thread::spawn(move || {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                tracing::error!(%error, "no services are asked");
                return;
            }
        };
        let enrichment = Enrichment::default();
        runtime.block_on(async {
            loop {
                if let Err(error) = service.enrich(&enricher, &enrichment).await {
                    service.live().failed("enriching");
                    tracing::error!(error = %tame(&error.to_string(), 300), "asking services failed; it goes on in a while");
                }
                sleep(PAUSE).await;
            }
        });
    });
}

/// What runs beside the server.
struct Running<'r> {
    service: Service,
    articles: ArticleService,
    locator: Option<Locator>,
    settings: &'r Settings,
    location: &'r str,
    /// The lanes in which users' measurements are judged one after another.
    lanes: Option<LaneRunner<String>>,
    /// Takes alerts to workers, where they are not judged here.
    forwarder: Option<Arc<Forwarder>>,
}

async fn until_stopped(app: App, mut running: Running<'_>, address: SocketAddr) -> Result<Status, Problem> {
    let listener = bind(address).await.map_err(|error| match &error {
        ServeError::Bind { .. } => Problem::from_error(
            Status::Usage,
            &error,
            "is another program listening there? --listen 127.0.0.1:0 takes any free port",
        ),
    })?;
    let address = listener.local_addr().unwrap_or(address);
    terminal::write_out(format!("http://{address}\n").as_bytes())?;
    std::io::stdout().flush().ok();
    tracing::info!(%address, store = %tame(running.location, 300), "serving");
    let stop = Stop::new();
    let on_signal = async {
        let (Ok(mut terminate), Ok(mut interrupt)) =
            (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
        else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: requests that were begun are answered");
        stop.stop();
        // Whoever says so twice means it.
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let tidy = async {
        sleep(SETTLED).await;
        give_back();
        for round in 0_u64.. {
            sleep(TIDY).await;
            tidy(&running.service).await;
            let expired = running.settings.feeds.expired_before(running.service.clock().unix_millis());
            newsroom::tidy(&running.articles, expired, round % DAILY == 0).await;
        }
    };
    let lanes = running.lanes.take();
    let lanes = async {
        match lanes {
            Some(runner) => runner.run().await,
            None => std::future::pending().await,
        }
    };
    let forwarder = running.forwarder.take();
    let reached = async {
        match forwarder {
            Some(forwarder) => forwarder.connect().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = serve(app, listener, &stop) => {}
        () = lanes => {}
        () = reached => {}
        () = on_signal => {}
        () = tidy => {}
        () = newsroom::run(&running.articles, running.locator.as_ref()) => {}
    }
    tracing::info!("stopped");
    Ok(Status::Done)
}

/// Lets the allocator return what is free. It looks for it when a thread that had memory ends, and in an idle service none does.
fn give_back() {
    std::thread::spawn(|| drop(std::hint::black_box(Box::new(0_u64))));
}

/// Clears away what is too old.
async fn tidy(service: &Service) {
    let before = service.clock().unix_millis() - REMEMBERED_MS;
    let (store, reputations) = (Arc::clone(service.store()), Arc::clone(service.reputations()));
    let tidied = tokio::task::spawn_blocking(move || {
        while store.forget_requests(before)? > 0 {}
        reputations.save(&store)?;
        Ok::<_, watchfire_store::StoreError>(())
    });
    match tidied.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "what is too old can't be cleared away"),
        Err(error) => tracing::warn!(%error, "what is too old can't be cleared away"),
    }
    if let Some(problems) = service.reputations().refresh() {
        tracing::info!(problems = problems.len(), "intelligence lists were read again");
    }
}
