//! The pooled client.

use crate::reach::{NotPublic, PublicOnly};
use crate::{Answer, Http, HttpError, Lookup, Method, Reach, Request, Response, destination};
use bytes::{Bytes, BytesMut};
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tracing::Instrument;

/// Bounds of the pool.
#[derive(Debug, Clone)]
pub struct Pool {
    /// Calls at once, over all services.
    pub connections: usize,
    /// Connections that stay open without a call, per host.
    pub idle: usize,
    /// How long these stay open.
    pub idle_timeout: Duration,
    /// How long a connection may take to come about.
    pub connect_timeout: Duration,
    /// The largest answer that is read, in bytes after decompression.
    pub max_body: usize,
    /// How long an answer that has begun may pause. A request's own timeout bounds the whole.
    pub read_timeout: Duration,
}

impl Default for Pool {
    fn default() -> Self {
        Self {
            connections: 100,
            idle: 20,
            idle_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            max_body: 64 << 20,
            read_timeout: Duration::MAX,
        }
    }
}

/// The pooled client. Copies share the pool.
#[derive(Debug, Clone)]
pub struct Client {
    inner: reqwest::Client,
    calls: Arc<Semaphore>,
    max_body: usize,
    read_timeout: Duration,
    reach: Reach,
}

impl Client {
    /// A client with this pool. Fails if the system's certificates can't be read.
    pub fn new(pool: &Pool) -> Result<Self, HttpError> {
        Self::reaching(pool, Reach::Anywhere)
    }

    /// A client with this pool that goes so far and no further. One that goes to public addresses only uses no proxy: who
    /// looks a name up is who has to check where it leads.
    pub fn reaching(pool: &Pool, reach: Reach) -> Result<Self, HttpError> {
        Self::resolving(pool, reach, PublicOnly::by_the_system())
    }

    /// As [`Client::reaching`], with names looked up in this way. What is found is checked all the same. A client that goes
    /// anywhere asks the system.
    pub fn looking_up(pool: &Pool, reach: Reach, lookup: Lookup) -> Result<Self, HttpError> {
        Self::resolving(pool, reach, PublicOnly::by(lookup))
    }

    pub(crate) fn resolving(pool: &Pool, reach: Reach, names: PublicOnly) -> Result<Self, HttpError> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("watchfire/", env!("CARGO_PKG_VERSION")))
            .pool_max_idle_per_host(pool.idle)
            .pool_idle_timeout(pool.idle_timeout)
            .connect_timeout(pool.connect_timeout)
            .redirect(reqwest::redirect::Policy::none());
        if reach.is_public_only() {
            builder = builder.no_proxy().https_only(reach == Reach::Public).dns_resolver(names);
        }
        let inner = builder.build().map_err(|error| HttpError::Unusable(reason(&error)))?;
        let calls = Arc::new(Semaphore::new(pool.connections));
        Ok(Self { inner, calls, max_body: pool.max_body, read_timeout: pool.read_timeout, reach })
    }

    async fn call(&self, request: Request) -> Result<Response, HttpError> {
        let timeout = request.timeout;
        // Never closed, so that this can't fail; if it did, the call would merely not count.
        let _place = self.calls.acquire().await;
        tokio::time::timeout(timeout, self.exchange(request))
            .await
            .unwrap_or(Err(HttpError::Timeout(timeout)))
    }

    async fn exchange(&self, request: Request) -> Result<Response, HttpError> {
        let timeout = request.timeout;
        let host = host(&request.url).to_owned();
        if self.reach.is_public_only() {
            // An address that stands in the URL is never looked up, so the resolver doesn't see it.
            destination(&request.url, self.reach)
                .map_err(|bad| HttpError::NotPublic { host: host.clone(), reason: bad.to_string() })?;
        }
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut builder = self.inner.request(method, &request.url);
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        let sent = builder.body(request.body).send().await;
        let mut answer = sent.map_err(|error| told_apart(&error, &host, timeout))?;
        let headers = answer
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
            .collect();
        let status = answer.status().as_u16();
        let mut body = BytesMut::new();
        loop {
            let piece = tokio::time::timeout(self.read_timeout, answer.chunk())
                .await
                .map_err(|_| HttpError::Timeout(self.read_timeout))?
                .map_err(|error| told_apart(&error, &host, timeout))?;
            let Some(piece) = piece else { break };
            if body.len() + piece.len() > self.max_body {
                return Err(HttpError::TooLarge(self.max_body));
            }
            body.extend_from_slice(&piece);
        }
        Ok(Response { status, headers, body: Bytes::from(body) })
    }
}

impl Http for Client {
    fn send(&self, request: Request) -> Answer<'_> {
        // What is asked may hold a key or somebody's text; only where it goes is told.
        let span = tracing::debug_span!(
            "call",
            otel.kind = "client",
            http.request.method = request.method.name(),
            server.address = host(&request.url),
            http.response.status_code = tracing::field::Empty,
        );
        let told = span.clone();
        Box::pin(
            async move {
                let answer = self.call(request).await;
                if let Ok(response) = &answer {
                    told.record("http.response.status_code", response.status);
                }
                answer
            }
            .instrument(span),
        )
    }
}

fn told_apart(error: &reqwest::Error, host: &str, timeout: Duration) -> HttpError {
    if let Some(refused) = causes(error).find_map(|cause| cause.downcast_ref::<NotPublic>()) {
        HttpError::NotPublic { host: host.to_owned(), reason: refused.to_string() }
    } else if error.is_connect() {
        HttpError::Connect { host: host.to_owned(), reason: reason(error) }
    } else if error.is_timeout() {
        HttpError::Timeout(timeout)
    } else if error.is_builder() {
        HttpError::Unusable(reason(error))
    } else {
        HttpError::Broken(reason(error))
    }
}

/// The innermost cause: what stands around it repeats the address, where a key may be.
fn reason(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(|| "unknown".to_owned(), ToString::to_string)
}

/// What an error comes from, from the outside in.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source())
}

/// The host and port of an address.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest).rsplit('@').next().unwrap_or(rest)
}

#[cfg(test)]
mod tests;
