//! How calls come in: over a port, or from the same process.

use crate::config::Config;
use crate::encoding::form;
use crate::exchange::{Call, Reply};
use crate::provider::Provider;
use crate::service::Service;
use crate::tally::{Lookups, Tally};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, Response, StatusCode};
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use watchfire_http::{Answer, Http};

/// The largest request that is read. OpenAI takes files of 200 MB; nothing here needs them.
const MAX_BODY: usize = 64 << 20;

/// Why a stand-in did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is not to be had.
    #[error("can't listen on {address}: {source}\nhint: choose another port, or 127.0.0.1:0 for any")]
    Listen {
        /// The address.
        address: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The ways to start.
#[derive(Debug, Clone, Copy)]
pub struct Standin;

impl Standin {
    /// Listens on a free port of 127.0.0.1. Must be called within a tokio runtime.
    pub async fn start(config: Config) -> Result<Running, StartError> {
        Self::listen("127.0.0.1:0", config).await
    }

    /// Listens on this address. Must be called within a tokio runtime.
    pub async fn listen(address: &str, config: Config) -> Result<Running, StartError> {
        let failed = |source| StartError::Listen { address: address.to_owned(), source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let service = Service::new(config);
        let router = Router::new().fallback(over_http).with_state(service.clone());
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = async move {
            let wanted = async move {
                // Both a word and a dropped sender mean that it is over.
                let _ = stopped.await;
            };
            let _ = axum::serve(listener, router).with_graceful_shutdown(wanted).await;
        };
        let mut task = JoinSet::new();
        task.spawn(serving);
        Ok(Running {
            base_url: format!("http://{address}"),
            address,
            books: Books { service },
            stop: Some(stop),
            task,
        })
    }

    /// No socket at all: calls are answered in the caller's own task, on the runtime's clock, paused or not.
    pub fn in_process(config: Config) -> InProcess {
        InProcess { books: Books { service: Service::new(config) } }
    }
}

/// A stand-in that listens, with its [`Books`]. Dropping it stops it; calls under way may still be
/// answered.
#[derive(Debug)]
pub struct Running {
    /// Where it listens, as `http://127.0.0.1:port`.
    pub base_url: String,
    /// The same as an address.
    pub address: SocketAddr,
    books: Books,
    stop: Option<oneshot::Sender<()>>,
    task: JoinSet<()>,
}

impl Running {
    /// Takes no new calls and waits until those under way are answered, at most five seconds.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        // What is not done by then ends when the set is dropped.
        let _ = tokio::time::timeout(Duration::from_secs(5), self.task.join_next()).await;
    }
}

/// A stand-in without a socket, with its [`Books`]. Copies share it.
#[derive(Debug, Clone)]
pub struct InProcess {
    books: Books,
}

/// The books of all providers, while the stand-in runs and after it. Copies share them.
#[derive(Debug, Clone)]
pub struct Books {
    service: Arc<Service>,
}

impl Books {
    /// Everything so far.
    pub fn tally(&self) -> Tally {
        self.service.tally(None)
    }

    /// When calls arrived at this provider, since the start. The last million are kept.
    pub fn arrivals(&self, provider: Provider) -> Vec<Duration> {
        self.service.arrivals(provider)
    }

    /// What this service was asked about, and how often; calls that were refused or failed count. The first 10,000
    /// indicators are listed. `GET /__standin/lookups` has the same for all services.
    pub fn lookups(&self, provider: Provider) -> Lookups {
        self.service.lookups(provider)
    }

    /// Most calls that ever arrived in one such window, wherever it begins; refused ones count.
    pub fn max_in_any(&self, provider: Provider, window: Duration) -> u64 {
        self.service.most_in_any(provider, window)
    }

    /// Changes the behaviour, as `POST /__standin/behaviour` does: an object with what is to change and, if it is for
    /// one provider alone, `provider`.
    pub fn behave(&self, change: serde_json::Value) -> Result<(), String> {
        self.service.behave(change)
    }
}

impl Deref for Running {
    type Target = Books;

    fn deref(&self) -> &Books {
        &self.books
    }
}

impl Deref for InProcess {
    type Target = Books;

    fn deref(&self) -> &Books {
        &self.books
    }
}

impl Http for InProcess {
    /// Answers as the port would. Dropping the future is going away: what was not answered is not billed.
    fn send(&self, request: watchfire_http::Request) -> Answer<'_> {
        Box::pin(async move {
            let timeout = request.timeout;
            let answer = tokio::time::timeout(timeout, self.books.service.handle(call(&request))).await;
            let reply = answer.map_err(|_| watchfire_http::HttpError::Timeout(timeout))?;
            let headers = reply.headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            Ok(watchfire_http::Response { status: reply.status, headers, body: reply.body.into() })
        })
    }
}

fn call(request: &watchfire_http::Request) -> Call {
    let rest = request.url.split_once("://").map_or(request.url.as_str(), |(_, rest)| rest);
    let (host, target) = rest.find('/').map_or((rest, "/"), |place| rest.split_at(place));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let own = request.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    Call {
        method: match request.method {
            watchfire_http::Method::Get => Method::GET,
            watchfire_http::Method::Post => Method::POST,
            watchfire_http::Method::Delete => Method::DELETE,
        },
        path: path.to_owned(),
        query: form(query),
        headers: own.chain([("host".to_owned(), host.to_owned())]).collect(),
        body: request.body.clone(),
    }
}

async fn over_http(State(service): State<Arc<Service>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return response(Reply::text(413, "text/plain", "the request is too large\n"));
    };
    let headers = parts
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    let call = Call {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: form(parts.uri.query().unwrap_or_default()),
        headers: headers.collect(),
        body,
    };
    response(service.handle(call).await)
}

fn response(reply: Reply) -> Response<Body> {
    let mut builder = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        builder = builder.header(name, value);
    }
    builder.body(Body::from(Bytes::from(reply.body))).unwrap_or_else(|_| {
        let mut broken = Response::new(Body::empty());
        *broken.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        broken
    })
}

#[cfg(test)]
mod tests;
