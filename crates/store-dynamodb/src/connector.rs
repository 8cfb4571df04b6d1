//! Carries the SDK's requests by reqwest, so that there is one HTTP client and one TLS (rustls with aws-lc-rs) in the program.
//!
//! The SDK signs requests and reads answers; between the two it wants somebody who takes a request to the server. What matters
//! here is the kind of failure: a connection that was never made has carried no write, all others may have.

use std::error::Error;
use std::time::Duration;

use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::error::ConnectorError;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::http::StatusCode;
use reqwest::{Client, Method, redirect, retry};

/// Bytes of an answer at most. DynamoDB gives 16 MB of items, which base64 and names make a third longer.
const MOST_ANSWER_BYTES: usize = 48 * 1024 * 1024;
/// How long an idle connection is kept. DynamoDB closes them after a minute or so.
const IDLE: Duration = Duration::from_secs(30);

/// An HTTP client for the SDK.
pub(crate) fn http_client(
    connect: Duration,
    whole: Duration,
    connections: usize,
    endpoint: Option<&str>,
) -> Result<SharedHttpClient, reqwest::Error> {
    let mut builder = Client::builder()
        .connect_timeout(connect)
        .timeout(whole)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(connections)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_gzip()
        .no_deflate();
    // What is not encrypted is on this machine or next to it, where no proxy leads.
    if endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")) {
        builder = builder.no_proxy();
    }
    let connector = SharedHttpConnector::new(Reqwest(builder.build()?));
    Ok(http_client_fn(move |_, _| connector.clone()))
}

#[derive(Debug, Clone)]
struct Reqwest(Client);

impl HttpConnector for Reqwest {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.0.clone();
        HttpConnectorFuture::new(async move { carry(&client, request).await })
    }
}

async fn carry(client: &Client, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let method = Method::from_bytes(request.method().as_bytes())
        .map_err(|error| ConnectorError::user(error.into()).never_connected())?;
    let mut outgoing = client.request(method, request.uri());
    for (name, value) in request.headers() {
        outgoing = outgoing.header(name, value);
    }
    // Every body here is a JSON text in memory.
    let Some(body) = request.body().bytes() else {
        return Err(ConnectorError::user("the request's body is a stream".into()).never_connected());
    };
    let mut answer = outgoing.body(body.to_vec()).send().await.map_err(failed)?;
    let status =
        StatusCode::try_from(answer.status().as_u16()).map_err(|error| ConnectorError::io(error.into()))?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > MOST_ANSWER_BYTES {
            return Err(ConnectorError::io("the answer is too long".into()));
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = HttpResponse::new(status, body.into());
    for (name, value) in answer.headers() {
        // A header that is no text is none that the SDK reads.
        if let Ok(value) = value.to_str() {
            response.headers_mut().append(name.as_str().to_owned(), value.to_owned());
        }
    }
    Ok(response)
}

fn failed(error: reqwest::Error) -> ConnectorError {
    let (never_connected, timeout) = (error.is_connect() || error.is_builder(), error.is_timeout());
    let error: Box<dyn Error + Send + Sync> = Box::new(error);
    let failure = if timeout { ConnectorError::timeout(error) } else { ConnectorError::io(error) };
    if never_connected { failure.never_connected() } else { failure }
}
