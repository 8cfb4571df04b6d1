//! Traces reach whoever collects them, as parts of what the sender of a request began. Only where the build has them.
#![cfg(feature = "otel")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Reads a request as HTTP/1.1 has it, with its length: its head and its body.
fn read_request(stream: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
        head.push_str(&line);
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some((head, body))
}

/// A collector: what was posted to it, head and body.
fn collector() -> (String, Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let sender = sender.clone();
            std::thread::spawn(move || {
                let mut stream = BufReader::new(stream);
                while let Some(request) = read_request(&mut stream) {
                    drop(sender.send(request));
                    drop(stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
                }
            });
        }
    });
    (address, receiver)
}

/// A service that is stopped when the test ends, however it ends.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn contains(body: &[u8], part: &[u8]) -> bool {
    body.windows(part.len()).any(|window| window == part)
}

#[test]
fn a_request_is_seen_in_the_trace_that_its_sender_began() {
    let (collector, received) = collector();
    let folder = tempfile::tempdir().unwrap();
    let mut served = Served(
        Command::new(env!("CARGO_BIN_EXE_watchfire"))
            .args(["serve", "--listen", "127.0.0.1:0", "--store", ":memory:"])
            .current_dir(folder.path())
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector)
            .env("OTEL_BSP_SCHEDULE_DELAY", "50")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let mut address = String::new();
    BufReader::new(served.0.stdout.take().unwrap()).read_line(&mut address).unwrap();
    let host = address.trim().strip_prefix("http://").unwrap();
    let body = r#"{"timestamp":"2026-11-21T09:14:03.000000+0000","event_type":"alert","src_ip":"203.0.113.7","dest_ip":"10.0.0.5","alert":{"signature_id":1,"signature":"secret-of-the-alert","severity":1}}"#;
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    write!(
        stream,
        "POST /api/v1/alerts HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n\
         traceparent: 00-{TRACE}-00f067aa0ba902b7-01\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");

    let trace: Vec<u8> =
        (0..16).map(|at| u8::from_str_radix(&TRACE[2 * at..2 * at + 2], 16).unwrap()).collect();
    // In the wire's format (opentelemetry/proto/trace/v1) names, attributes and ids stand as they are.
    let mut missing: Vec<&[u8]> =
        vec![b"watchfire", b"POST /api/v1/alerts", b"judge", b"commit", b"http.response.status_code", &trace];
    while !missing.is_empty() {
        let told =
            || format!("{:?}", missing.iter().map(|part| String::from_utf8_lossy(part)).collect::<Vec<_>>());
        let (head, body) =
            received.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("never seen: {}", told()));
        assert!(head.starts_with("POST /v1/traces"), "{head}");
        assert!(!contains(&body, b"secret-of-the-alert"), "what alerts say stays here");
        missing.retain(|part| !contains(&body, part));
    }
}
