//! Connections: how many, how slow, and how they end.

use crate::app::App;
use crate::{events, routes};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// The most that the headers of a request may take, in bytes.
const MAX_HEADERS: usize = 16 << 10;
/// How long to wait where no connection can be taken: too many files are open.
const PAUSE: Duration = Duration::from_millis(100);

/// Why the service can't be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address can't be listened on.
    #[error("can't listen on {address}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Tells a service to stop.
#[derive(Debug, Clone)]
pub struct Stop(watch::Sender<bool>);

impl Stop {
    /// Nothing said yet.
    pub fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Takes no more connections, and ends those that are there once their requests are answered.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}

/// Listens on an address.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|source| ServeError::Bind { address, source })
}

/// Serves until it is told to stop, and then until every request that was begun is answered, or the time for that is over.
///
/// Dropping the future breaks every connection off.
pub async fn serve(app: App, listener: TcpListener, stop: &Stop) {
    let settings = app.shared.settings.clone();
    let router = routes::router(app.clone());
    let room = Arc::new(Semaphore::new(settings.max_connections));
    let graceful = GracefulShutdown::new();
    let mut stopped = stop.0.subscribe();
    let mut connections = JoinSet::new();
    connections.spawn(events::feed(app.clone()));
    loop {
        // Whoever comes when there is no room waits in the system's queue.
        let permit = tokio::select! {
            permit = Arc::clone(&room).acquire_owned() => permit,
            _ = stopped.wait_for(|stopped| *stopped) => break,
        };
        let Ok(permit) = permit else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.wait_for(|stopped| *stopped) => break,
        };
        while connections.try_join_next().is_some() {}
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        drop(stream.set_nodelay(true));
        let service = TowerToHyperService::new(router.clone());
        let mut http = hyper::server::conn::http1::Builder::new();
        http.timer(TokioTimer::new())
            // From the first byte of a connection, or the end of its last request, to the end of its headers.
            .header_read_timeout(settings.header_timeout)
            .max_buf_size(MAX_HEADERS.max(64 << 10))
            .max_headers(64);
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        connections.spawn(async move {
            // A connection that breaks off is the other end's affair.
            drop(connection.await);
            drop(permit);
        });
    }
    app.shared.stopping.store(true, Ordering::Relaxed);
    app.shared.hub.close();
    if tokio::time::timeout(settings.grace, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were broken off: the time for them was over");
    }
    connections.shutdown().await;
}
