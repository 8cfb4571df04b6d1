//! A server that answers one request on each connection.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Duration, Instant, sleep};

/// What a server does with a request.
pub(super) enum Reply {
    /// Sends this and closes.
    Bytes(Vec<u8>),
    /// Sends this, then these bytes again and again until nobody reads them.
    Flood(Vec<u8>, Vec<u8>),
    /// Sends this, then one byte each time that so much has passed.
    Drip(Vec<u8>, Duration),
    /// Waits, then sends this.
    After(Duration, Vec<u8>),
}

/// One request that came.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) path: String,
    /// All of it, in lower case.
    pub(super) head: String,
    pub(super) at: Instant,
    /// How many were being answered, this one included.
    pub(super) at_once: usize,
}

/// A server, and what it was asked.
pub(super) struct Server {
    pub(super) port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    /// How many bytes of floods somebody took.
    pub(super) flooded: Arc<AtomicUsize>,
}

impl Server {
    pub(super) async fn start(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::at("127.0.0.1:0", answer).await
    }

    pub(super) async fn at(address: &str, answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (heard, busy, answer) = (Arc::clone(&asked), Arc::new(AtomicUsize::new(0)), Arc::new(answer));
        let flooded = Arc::new(AtomicUsize::new(0));
        let taken = Arc::clone(&flooded);
        let serving = async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (heard, busy, answer) = (Arc::clone(&heard), Arc::clone(&busy), Arc::clone(&answer));
                let taken = Arc::clone(&taken);
                let one = async move {
                    let Some(head) = head_of(&mut stream).await else { return };
                    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                    let at_once = busy.fetch_add(1, Ordering::SeqCst) + 1;
                    let one = Asked { path, head: head.to_ascii_lowercase(), at: Instant::now(), at_once };
                    heard.lock().unwrap().push(one.clone());
                    let reply = answer(&one);
                    if let Reply::After(wait, _) = &reply {
                        sleep(*wait).await;
                    }
                    // Before the last byte: who has read it may ask again at once.
                    busy.fetch_sub(1, Ordering::SeqCst);
                    let _ = send(stream, reply, &taken).await;
                };
                spawn(one);
            }
        };
        spawn(serving);
        Self { port, asked, flooded }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(super) fn paths(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.path).collect()
    }
}

/// An answer with this status, these headers and a body.
pub(super) fn answer(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Reply {
    let body = body.as_ref();
    let mut bytes = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for header in headers.split('|').filter(|header| !header.is_empty()) {
        bytes.push_str(&format!("{header}\r\n"));
    }
    bytes.push_str("\r\n");
    Reply::Bytes([bytes.as_bytes(), body].concat())
}

async fn head_of(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).await.ok().filter(|read| *read > 0)?;
        head.extend_from_slice(&piece[..read]);
    }
    String::from_utf8(head).ok()
}

async fn send(mut stream: TcpStream, reply: Reply, taken: &AtomicUsize) -> std::io::Result<()> {
    match reply {
        Reply::Bytes(bytes) | Reply::After(_, bytes) => stream.write_all(&bytes).await?,
        Reply::Flood(head, piece) => {
            stream.write_all(&head).await?;
            loop {
                stream.write_all(&piece).await?;
                taken.fetch_add(piece.len(), Ordering::SeqCst);
            }
        }
        Reply::Drip(head, every) => {
            stream.write_all(&head).await?;
            loop {
                sleep(every).await;
                stream.write_all(b" ").await?;
            }
        }
    }
    stream.shutdown().await
}

#[expect(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
fn spawn(work: impl Future<Output = ()> + Send + 'static) {
    tokio::task::spawn(work);
}
