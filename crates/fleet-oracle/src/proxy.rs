//! A TCP proxy for one link, which can be cut, or hung.
//!
//! A cut link ends its connections and takes no new ones: both sides know at once. A hung link keeps its connections and
//! carries nothing, as when a machine between falls silent: nobody knows, and what was under way arrives later, or never
//! if the link is cut before it carries again.

use crate::error::OracleError;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Bytes that one direction of a connection holds at most.
const HELD: usize = 64 << 10;

/// How a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Everything passes.
    Open,
    /// There are no connections.
    Cut,
    /// Nothing passes, and nobody is told.
    Hung,
}

/// A proxy in front of one server. Dropping it ends its connections.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    link: watch::Sender<Link>,
    // Held so that it ends with this.
    _task: JoinSet<()>,
}

impl Proxy {
    /// Listens on this port of 127.0.0.1, on any free one for 0. Needs a tokio runtime.
    pub async fn start(port: u16, target: SocketAddr) -> Result<Self, OracleError> {
        let failed = |source| OracleError::Listen { port, source };
        let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let (link, watched) = watch::channel(Link::Open);
        let mut task = JoinSet::new();
        task.spawn(accept(listener, target, watched));
        Ok(Self { port, link, _task: task })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How the link is from now on.
    pub fn set(&self, link: Link) {
        self.link.send_replace(link);
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, link: watch::Receiver<Link>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((client, _)) = accepted {
                    connections.spawn(carry(client, target, link.clone()));
                } else {
                    // Out of descriptors, most likely: others have to end first.
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Carries one connection until one side ends it or the link is cut.
async fn carry(client: TcpStream, target: SocketAddr, mut link: watch::Receiver<Link>) {
    if !opens(&mut link).await {
        return;
    }
    let mut cut = link.clone();
    let carried = async {
        let Ok(server) = TcpStream::connect(target).await else { return };
        // Both sides were written with small packets in mind.
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
        tokio::join!(pump(from_client, to_server, link.clone()), pump(from_server, to_client, link));
    };
    tokio::select! {
        () = carried => {}
        // An error means that the proxy is gone.
        _ = cut.wait_for(|link| *link == Link::Cut) => {}
    }
}

/// Waits until something may pass; `false` if the link is cut.
async fn opens(link: &mut watch::Receiver<Link>) -> bool {
    link.wait_for(|link| *link != Link::Hung).await.is_ok_and(|link| *link == Link::Open)
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut link: watch::Receiver<Link>) {
    let mut held = vec![0; HELD];
    while let Ok(length @ 1..) = from.read(&mut held).await {
        if !opens(&mut link).await || to.write_all(&held[..length]).await.is_err() {
            break;
        }
    }
    // The end travels like everything else.
    if opens(&mut link).await {
        let _ = to.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use super::{Link, Proxy};
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::task::JoinSet;

    /// A server that says everything again.
    async fn echo() -> (std::net::SocketAddr, JoinSet<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut connection, _)) = listener.accept().await {
                connections.spawn(async move {
                    let (mut from, mut to) = connection.split();
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        (address, tasks)
    }

    async fn said(connection: &mut TcpStream, text: &[u8; 4]) -> [u8; 4] {
        connection.write_all(text).await.unwrap();
        let mut again = [0; 4];
        connection.read_exact(&mut again).await.unwrap();
        again
    }

    #[tokio::test]
    async fn an_open_link_carries_and_a_cut_one_ends_and_comes_back() {
        let (target, _server) = echo().await;
        let proxy = Proxy::start(0, target).await.unwrap();
        let mut connection = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
        assert_eq!(&said(&mut connection, b"here").await, b"here");
        proxy.set(Link::Cut);
        assert!(matches!(connection.read(&mut [0; 1]).await, Ok(0) | Err(_)));
        let mut refused = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
        assert!(matches!(refused.read(&mut [0; 1]).await, Ok(0) | Err(_)));
        proxy.set(Link::Open);
        let mut again = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
        assert_eq!(&said(&mut again, b"back").await, b"back");
    }

    #[tokio::test]
    async fn a_hung_link_keeps_what_was_said_until_it_carries_again() {
        let (target, _server) = echo().await;
        let proxy = Proxy::start(0, target).await.unwrap();
        let mut connection = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
        assert_eq!(&said(&mut connection, b"here").await, b"here");
        proxy.set(Link::Hung);
        connection.write_all(b"late").await.unwrap();
        let mut again = [0; 4];
        let waited = tokio::time::timeout(Duration::from_millis(50), connection.read_exact(&mut again)).await;
        assert!(waited.is_err());
        proxy.set(Link::Open);
        connection.read_exact(&mut again).await.unwrap();
        assert_eq!(&again, b"late");
    }

    #[tokio::test]
    async fn a_link_that_was_hung_and_then_cut_loses_what_was_said() {
        let (target, _server) = echo().await;
        let proxy = Proxy::start(0, target).await.unwrap();
        let mut connection = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
        assert_eq!(&said(&mut connection, b"here").await, b"here");
        proxy.set(Link::Hung);
        connection.write_all(b"lost").await.unwrap();
        proxy.set(Link::Cut);
        assert!(matches!(connection.read(&mut [0; 4]).await, Ok(0) | Err(_)));
    }
}
