//! The way from one worker to the server, which can be slow, cut, or silent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Each way takes so long.
    Open(Duration),
    /// Connections end, and there are no new ones.
    Cut,
    /// Nothing comes through before it is open again; then all of it does.
    Silent,
}

pub struct Link {
    way: watch::Sender<Way>,
    pub url: String,
    port: Arc<AtomicU16>,
    _tasks: JoinSet<()>,
}

impl Link {
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}", listener.local_addr().unwrap());
        let (way, ways) = watch::channel(Way::Open(Duration::ZERO));
        let port = Arc::new(AtomicU16::new(port));
        let to = Arc::clone(&port);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let Ok((near, _)) = listener.accept().await else { continue };
                if *ways.borrow() == Way::Cut {
                    continue;
                }
                let Ok(far) = TcpStream::connect(("127.0.0.1", to.load(Ordering::Relaxed))).await else {
                    continue;
                };
                near.set_nodelay(true).unwrap();
                far.set_nodelay(true).unwrap();
                let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
                connections.spawn(pass(near_read, far_write, ways.clone()));
                connections.spawn(pass(far_read, near_write, ways.clone()));
            }
        });
        Self { way, url, port, _tasks: tasks }
    }

    /// New connections go there.
    pub fn turn(&self, port: u16) {
        self.port.store(port, Ordering::Relaxed);
    }

    pub fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut ways: watch::Receiver<Way>) {
    let mut cuts = ways.clone();
    let forward = async {
        let mut bytes = vec![0; 65_536];
        loop {
            let Ok(read @ 1..) = from.read(&mut bytes).await else { return };
            let open = ways.wait_for(|way| *way != Way::Silent).await.map(|way| *way);
            if let Ok(Way::Open(delay)) = open
                && !delay.is_zero()
            {
                sleep(delay).await;
            }
            if to.write_all(&bytes[..read]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = forward => {}
        _ = cuts.wait_for(|way| *way == Way::Cut) => {}
    }
}
