//! Delivering to webhooks while the service runs, on a thread of its own, so that nobody who is served waits for a receiver.

use crate::exit::{Problem, Status};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::LocalSet;
use tokio::time::sleep;
use watchfire_engine::service::Service;
use watchfire_engine::service::webhooks::Webhook;
use watchfire_http::{Client, Http, Pool, Reach};
use watchfire_judge::tame;
use watchfire_server::{Watched, WatchedKind};

/// How long delivering waits where the store failed.
const PAUSE: Duration = Duration::from_secs(10);
/// The largest answer that is read: a receiver has nothing to say.
const MAX_ANSWER: usize = 64 << 10;

/// What is watched of webhooks.
pub(super) fn watched(service: &Service) -> Vec<Watched> {
    let of = |webhook: &Arc<Webhook>| {
        let target = webhook.target();
        Watched {
            name: target.name.clone(),
            provider: "webhook".to_owned(),
            limits: vec![format!("{} of {} and above", target.on.name(), target.min_severity.name())],
            kind: WatchedKind::Webhook(Arc::clone(webhook)),
        }
    };
    service.webhooks().iter().map(of).collect()
}

/// Delivers until the process ends. What is on its way then is delivered again by the next one.
pub(super) fn start(service: &Service) -> Result<(), Problem> {
    if service.webhooks().is_empty() {
        return Ok(());
    }
    let client = |reach| {
        let pool = Pool { max_body: MAX_ANSWER, idle: 1, ..Pool::default() };
        Client::reaching(&pool, reach).map_err(|error| {
            Problem::from_error(Status::Failed, &error, "are the system's certificates in place?")
        })
    };
    let (public, anywhere) = (client(Reach::Public)?, client(Reach::Anywhere)?);
    let service = service.clone();
    std::thread::spawn(move || {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                tracing::error!(%error, "nothing is delivered to webhooks");
                return;
            }
        };
        let workers = LocalSet::new();
        for webhook in service.webhooks() {
            let client = match webhook.target().reach() {
                Reach::Public | Reach::PublicWeb => public.clone(),
                Reach::Anywhere => anywhere.clone(),
            };
            workers.spawn_local(work(service.clone(), Arc::clone(webhook), client));
        }
        runtime.block_on(workers);
    });
    Ok(())
}

async fn work(service: Service, webhook: Arc<Webhook>, http: impl Http) {
    loop {
        let Err(error) = service.deliver(&webhook, &http).await;
        service.live().failed("webhooks");
        let error = tame(&error.to_string(), 300);
        tracing::error!(%error, webhook = webhook.target().name, "delivering failed; it goes on in a while");
        sleep(PAUSE).await;
    }
}
