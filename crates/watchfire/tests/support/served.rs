//! `watchfire serve`, as a client sees it.

use super::Workbench;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

/// The longest that an answer may take.
const PATIENCE: Duration = Duration::from_secs(90);

/// A service that is stopped when the test ends, however it ends.
pub struct Served {
    child: Child,
    pub host: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Served {
    pub fn start(bench: &Workbench, settings: &str) -> Self {
        let settings = bench.file("watchfire.toml", settings);
        let mut command = bench.command(["serve", "--listen", "127.0.0.1:0", "--config"]);
        let mut child = command.arg(settings).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        let host = address.trim().strip_prefix("http://").unwrap().to_owned();
        Self { child, host }
    }

    /// Posts to the service: the status, and the whole answer.
    pub fn post(&self, path: &str, body: &[u8]) -> (u16, String) {
        self.ask("POST", path, body)
    }

    /// Asks the service: the status, and the whole answer.
    pub fn ask(&self, method: &str, path: &str, body: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (host, length) = (&self.host, body.len());
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        stream.write_all(body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer)
    }
}
