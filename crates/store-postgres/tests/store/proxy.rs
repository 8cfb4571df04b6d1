//! A proxy between the store and the server: counts what is asked, and cuts or freezes the connection at a byte.
//!
//! The messages' format: PostgreSQL's documentation, 55.7.

#![expect(clippy::unwrap_used, reason = "only tests use it")]

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// So many bytes that nothing is cut.
pub const ALL: i64 = i64::MAX >> 1;

#[derive(Debug)]
pub struct State {
    /// Kinds of the messages that clients sent, without what opens a connection.
    asked: Mutex<Vec<u8>>,
    /// Bytes to the server and to the client that still pass before the connection is cut.
    to_server: AtomicI64,
    to_client: AtomicI64,
    frozen: AtomicBool,
}

pub struct Proxy {
    pub url: String,
    state: Arc<State>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// Before the server with this address.
    pub async fn before(url: &str) -> Self {
        let (scheme, rest) = url.rsplit_once('@').unwrap();
        let (address, database) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{scheme}@{}/{database}", listener.local_addr().unwrap());
        let state = Arc::new(State {
            asked: Mutex::default(),
            to_server: AtomicI64::new(ALL),
            to_client: AtomicI64::new(ALL),
            frozen: AtomicBool::new(false),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(listen(listener, address.to_owned(), Arc::clone(&state)));
        Self { url, state, _tasks: tasks }
    }

    /// From now on so many bytes pass each way; then the connection is cut.
    pub fn cut_after(&self, to_server: i64, to_client: i64) {
        self.state.to_server.store(to_server, Ordering::SeqCst);
        self.state.to_client.store(to_client, Ordering::SeqCst);
    }

    /// How many bytes passed each way since [`cut_after`](Self::cut_after) with [`ALL`].
    pub fn passed(&self) -> (i64, i64) {
        let since = |left: &AtomicI64| ALL - left.load(Ordering::SeqCst);
        (since(&self.state.to_server), since(&self.state.to_client))
    }

    /// Answers do not come through any more, and nothing says so; or they do again, on new connections.
    pub fn freeze(&self, frozen: bool) {
        self.state.frozen.store(frozen, Ordering::SeqCst);
    }

    /// Statements that were asked since last time: `Query` and `Execute` messages.
    pub fn take_statements(&self) -> usize {
        let asked = std::mem::take(&mut *self.state.asked.lock().unwrap());
        asked.iter().filter(|kind| matches!(kind, b'Q' | b'E')).count()
    }
}

async fn listen(listener: TcpListener, address: String, state: Arc<State>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let Ok(server) = TcpStream::connect(&address).await else { continue };
        client.set_nodelay(true).unwrap();
        server.set_nodelay(true).unwrap();
        connections.spawn(pass(client, server, Arc::clone(&state)));
    }
}

/// Until one side ends, or the connection is to be cut.
async fn pass(client: TcpStream, server: TcpStream, state: Arc<State>) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = ask(from_client, to_server, &state) => {}
        () = answer(from_server, to_client, &state) => {}
    }
}

async fn ask(mut client: OwnedReadHalf, mut server: OwnedWriteHalf, state: &State) {
    let mut kinds = Kinds::default();
    let mut buffer = vec![0; 16_384];
    while let Ok(read @ 1..) = client.read(&mut buffer).await {
        kinds.of(&buffer[..read], &mut state.asked.lock().unwrap());
        let (some, rest) = share(read, &state.to_server);
        if server.write_all(&buffer[..some]).await.is_err() || !rest {
            return;
        }
    }
}

async fn answer(mut server: OwnedReadHalf, mut client: OwnedWriteHalf, state: &State) {
    let mut buffer = vec![0; 16_384];
    while let Ok(read @ 1..) = server.read(&mut buffer).await {
        if state.frozen.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let (some, rest) = share(read, &state.to_client);
        if client.write_all(&buffer[..some]).await.is_err() || !rest {
            return;
        }
    }
}

/// How many of these bytes pass, and whether the connection lives on.
fn share(bytes: usize, left: &AtomicI64) -> (usize, bool) {
    let before = left.fetch_sub(bytes as i64, Ordering::SeqCst);
    (before.clamp(0, bytes as i64) as usize, before > bytes as i64)
}

/// Reads the kinds of messages out of a stream of them.
#[derive(Default)]
struct Kinds {
    rest: Vec<u8>,
    opened: bool,
}

impl Kinds {
    fn of(&mut self, bytes: &[u8], kinds: &mut Vec<u8>) {
        self.rest.extend_from_slice(bytes);
        loop {
            // The message that opens a connection has no kind.
            let start = usize::from(self.opened);
            let Some(length) = self.rest.get(start..start + 4) else { return };
            let length = start + u32::from_be_bytes(length.try_into().unwrap()) as usize;
            if self.rest.len() < length {
                return;
            }
            if self.opened {
                kinds.push(self.rest[0]);
            }
            self.opened = true;
            self.rest.drain(..length);
        }
    }
}
