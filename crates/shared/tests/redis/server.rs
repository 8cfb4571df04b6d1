//! A Redis server of a test's own, that can be killed, stopped and started again with nothing in its memory.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::sleep;
use watchfire_shared::RedisSettings;

pub struct Server {
    program: PathBuf,
    folder: tempfile::TempDir,
    pub port: u16,
    process: Option<Child>,
}

impl Server {
    /// `None`, and a word about it, where no server is to be had.
    pub async fn start() -> Option<Self> {
        let Some(program) = std::env::var_os("WATCHFIRE_REDIS_SERVER") else {
            eprintln!("skipped: checks/redis says where a server is");
            return None;
        };
        for _ in 0..5 {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            drop(listener);
            let folder = tempfile::tempdir().unwrap();
            let mut server = Self { program: program.clone().into(), folder, port, process: None };
            if server.run().await {
                return Some(server);
            }
        }
        panic!("no server starts");
    }

    /// Starts it with an empty memory. False if its port is taken.
    pub async fn run(&mut self) -> bool {
        let port = self.port.to_string();
        let arguments = ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
        let mut process = Command::new(&self.program)
            .args(arguments)
            .args(["--enable-debug-command", "local", "--dir"])
            .arg(self.folder.path())
            .stdout(Stdio::null())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        loop {
            if process.try_wait().unwrap().is_some() {
                return false;
            }
            if TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
        self.process = Some(process);
        true
    }

    /// Ends it at once, as by `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Says something to it.
    pub async fn tell(&self, words: &[&str]) -> redis::Value {
        let client = redis::Client::open(self.url()).unwrap();
        let patient = redis::AsyncConnectionConfig::new().set_response_timeout(Some(Duration::from_secs(30)));
        let mut connection = client.get_multiplexed_async_connection_with_config(&patient).await.unwrap();
        redis::cmd(words[0]).arg(&words[1..]).query_async(&mut connection).await.unwrap()
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn settings(&self) -> RedisSettings {
        settings(self.url())
    }
}

/// Short times, so that everything happens within seconds.
pub fn settings(url: String) -> RedisSettings {
    RedisSettings {
        url,
        timeout: Duration::from_millis(250),
        lease: Duration::from_millis(600),
        silence: Duration::from_millis(800),
        ..RedisSettings::default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
