//! An HTTP proxy before the server: it counts what goes through, and does to each call what a test wants.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// What is done to a call.
pub(crate) enum Deed {
    /// It goes through.
    Pass,
    /// It is answered with an error of this code, and the server does not see it.
    Fail(u16, &'static str),
    /// It is answered with this, and the server does not see it.
    Answer(u16, Value),
    /// The connection ends before the server has seen it.
    CutBefore,
    /// The connection ends when the server has done it.
    CutAfter,
    /// The server has done it, and the answer comes so much later.
    Late(Duration),
    /// The server sees half of the keys, and the rest is given back as unprocessed.
    Half,
    /// All of the keys are given back as unprocessed.
    Nothing,
}

/// Says what is done to a call: its action, how manieth of that action it is (from 0), and its body.
type Plan = Box<dyn FnMut(&str, usize, &Value) -> Deed + Send>;

#[derive(Default)]
struct Inner {
    plan: Option<Plan>,
    calls: Vec<String>,
}

pub(crate) struct Proxy {
    pub(crate) url: String,
    inner: Arc<Mutex<Inner>>,
}

impl Proxy {
    /// Listens until the test's process ends.
    pub(crate) fn start(upstream: Option<&str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let inner = Arc::new(Mutex::new(Inner::default()));
        let upstream = upstream.map(|url| url.trim_start_matches("http://").trim_end_matches('/').to_owned());
        let shared = Arc::clone(&inner);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shared, upstream) = (Arc::clone(&shared), upstream.clone());
                // A connection that breaks off is the other side's to notice.
                thread::spawn(move || drop(serve(stream, upstream.as_deref(), &shared)));
            }
        });
        Self { url, inner }
    }

    /// From now on, with the counts at zero, this is done to calls.
    pub(crate) fn plan(&self, plan: impl FnMut(&str, usize, &Value) -> Deed + Send + 'static) {
        let mut inner = self.inner.lock().unwrap();
        inner.plan = Some(Box::new(plan));
        inner.calls.clear();
    }

    /// The calls since the last plan, by what they are called.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.inner.lock().unwrap().calls.clone()
    }

    /// The calls since the last plan, and counts anew.
    pub(crate) fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.inner.lock().unwrap().calls)
    }
}

fn serve(mut client: TcpStream, upstream: Option<&str>, inner: &Mutex<Inner>) -> std::io::Result<()> {
    // One call a connection: simple, and it tries connecting often.
    let (head, body) = message(&mut client)?;
    let action = header(&head, "x-amz-target").and_then(|target| target.split('.').nth(1).map(str::to_owned));
    let action = action.unwrap_or_default();
    let request: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let deed = {
        let mut inner = inner.lock().unwrap();
        let nth = inner.calls.iter().filter(|call| **call == action).count();
        inner.calls.push(action.clone());
        inner.plan.as_mut().map_or(Deed::Pass, |plan| plan(&action, nth, &request))
    };
    let forward = |body: &[u8]| forwarded(upstream.unwrap(), &head, body);
    let (status, answer) = match deed {
        Deed::Pass => forward(&body)?,
        Deed::Fail(status, code) => (status, error(code)),
        Deed::Answer(status, answer) => (status, answer.to_string().into_bytes()),
        Deed::CutBefore => return client.shutdown(Shutdown::Both),
        Deed::CutAfter => {
            forward(&body)?;
            return client.shutdown(Shutdown::Both);
        }
        Deed::Late(by) => {
            let answer = forward(&body)?;
            // Nothing is ever sent: this waits.
            let (_held, receiver) = mpsc::channel::<()>();
            assert!(receiver.recv_timeout(by).is_err());
            answer
        }
        Deed::Half => half(request, forward)?,
        Deed::Nothing => {
            let answer = json!({"Responses": {}, "UnprocessedKeys": request["RequestItems"]});
            (200, answer.to_string().into_bytes())
        }
    };
    write!(
        client,
        "HTTP/1.1 {status} -\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        answer.len()
    )?;
    client.write_all(&answer)
}

/// An error as DynamoDB writes it.
fn error(code: &str) -> Vec<u8> {
    json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "by the test"})
        .to_string()
        .into_bytes()
}

fn half(
    mut request: Value,
    forward: impl Fn(&[u8]) -> std::io::Result<(u16, Vec<u8>)>,
) -> std::io::Result<(u16, Vec<u8>)> {
    let table = request["RequestItems"].as_object().unwrap().keys().next().unwrap().clone();
    let keys = request["RequestItems"][&table]["Keys"].as_array_mut().unwrap();
    // Of one key, none is left over.
    let rest = keys.split_off(keys.len().div_ceil(2));
    let (status, answer) = forward(request.to_string().as_bytes())?;
    let mut answer: Value = serde_json::from_slice(&answer)?;
    if !rest.is_empty() {
        let mut unprocessed = request["RequestItems"].clone();
        unprocessed[&table]["Keys"] = Value::Array(rest);
        answer["UnprocessedKeys"] = unprocessed;
    }
    Ok((status, answer.to_string().into_bytes()))
}

fn forwarded(upstream: &str, head: &str, body: &[u8]) -> std::io::Result<(u16, Vec<u8>)> {
    let mut server = TcpStream::connect(upstream)?;
    let mut lines = head.lines();
    let mut request = format!("{}\r\n", lines.next().unwrap_or_default());
    for line in lines {
        let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        if !(line.is_empty() || ["connection", "content-length"].contains(&name.as_str())) {
            request.push_str(&format!("{line}\r\n"));
        }
    }
    request.push_str(&format!("Content-Length: {}\r\nConnection: close\r\n\r\n", body.len()));
    server.write_all(request.as_bytes())?;
    server.write_all(body)?;
    let (head, body) = message(&mut server)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok((status.unwrap_or(500), body))
}

/// Head and body of a request or an answer.
fn message(stream: &mut TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 16_384];
    let end = loop {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let from = bytes.len().saturating_sub(3);
        bytes.extend_from_slice(&buffer[..read]);
        if let Some(at) = bytes[from..].windows(4).position(|window| window == b"\r\n\r\n") {
            break from + at + 4;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut body = bytes.split_off(end);
    let length = header(&head, "content-length").and_then(|length| length.parse::<usize>().ok());
    while length.is_none_or(|length| body.len() < length) {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        body.extend_from_slice(&buffer[..read]);
    }
    if header(&head, "transfer-encoding").is_some_and(|coding| coding == "chunked") {
        body = dechunked(&body);
    }
    Ok((head, body))
}

fn dechunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(line) = body.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(str::from_utf8(&body[..line]).unwrap().trim(), 16).unwrap();
        whole.extend_from_slice(&body[line + 2..line + 2 + size]);
        if size == 0 {
            break;
        }
        body = &body[line + 4 + size..];
    }
    whole
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}
