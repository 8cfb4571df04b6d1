//! Against a socket that answers by hand, because what matters here is what a well-behaved server would not send.

use super::{Client, Pool};
use crate::{Http, HttpError, Request};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Answers every connection with these bytes, then closes it, or says nothing more if `hang`.
async fn serve(answer: &'static [u8], hang: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer).await;
            if hang {
                std::future::pending::<()>().await;
            }
        }
    };
    #[expect(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
    tokio::task::spawn(serving);
    format!("http://{address}/x?key=secret")
}

fn client(max_body: usize) -> Client {
    Client::new(&Pool { max_body, ..Pool::default() }).unwrap()
}

#[tokio::test]
async fn any_status_is_an_answer_and_redirects_are_not_followed() {
    let url =
        serve(b"HTTP/1.1 302 Found\r\nlocation: http://203.0.113.1/\r\ncontent-length: 2\r\n\r\nno", false)
            .await;
    let response = client(100).send(Request::get(url)).await.unwrap();
    assert_eq!((response.status, &response.body[..]), (302, &b"no"[..]));
    assert_eq!(response.header("location"), Some("http://203.0.113.1/"));
}

#[tokio::test]
async fn a_body_without_end_is_cut_off() {
    let url = serve(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n01234567890123456789", false).await;
    let error = client(10).send(Request::get(url)).await.unwrap_err();
    assert!(matches!(error, HttpError::TooLarge(10)), "{error}");
}

#[tokio::test]
async fn silence_ends_with_the_timeout() {
    let url = serve(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n0123", true).await;
    let error = client(100).send(Request::get(url).timeout(Duration::from_millis(50))).await.unwrap_err();
    assert!(matches!(error, HttpError::Timeout(_)) && error.was_sent(), "{error}");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_told_from_a_connection_that_never_was() {
    let url = serve(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n0123", false).await;
    let error = client(100).send(Request::get(url)).await.unwrap_err();
    assert!(matches!(error, HttpError::Broken(_)) && error.was_sent(), "{error}");
    let error = client(100).send(Request::get("http://127.0.0.1:1/?key=secret")).await.unwrap_err();
    assert!(matches!(error, HttpError::Connect { .. }) && !error.was_sent(), "{error}");
    assert!(!error.to_string().contains("secret"));
}

#[tokio::test]
async fn an_address_that_is_none_is_told_so() {
    let error = client(100).send(Request::get("no address")).await.unwrap_err();
    assert!(matches!(error, HttpError::Unusable(_)) && !error.is_transient(), "{error}");
}
