//! A server that is reached over TLS, and whose certificate is checked.

use super::limits::{config, requests};
use super::provider::Skewed;
use super::server::settings;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use watchfire_flow::Ask;
use watchfire_shared::{Mode, RedisSettings, SharedBudget};

struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_reached_over_tls_if_its_certificate_is_good_and_only_then() {
    let Some(program) = std::env::var_os("WATCHFIRE_REDIS_SERVER") else {
        eprintln!("skipped: checks/redis says where a server is");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (key, certificate) = (folder.path().join("key.pem"), folder.path().join("certificate.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .stderr(Stdio::null())
        .status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("skipped: there is no openssl to make a certificate with");
        return;
    }
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = Command::new(program)
        .args(["--port", "0", "--tls-port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
        .args(["--tls-auth-clients", "no", "--tls-cert-file"])
        .arg(&certificate)
        .arg("--tls-ca-cert-file")
        .arg(&certificate)
        .arg("--tls-key-file")
        .arg(&key)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut server = Ending(server);
    while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        if server.0.try_wait().unwrap().is_some() {
            eprintln!("skipped: this server knows no TLS");
            std::mem::forget(server);
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    let usual =
        RedisSettings { timeout: Duration::from_secs(2), ..settings(format!("rediss://localhost:{port}")) };
    let usual = RedisSettings { lease: Duration::from_secs(4), ..usual };
    let config = config(vec![requests(3)]);
    let strange = SharedBudget::start(&usual, "tls", &config, Skewed::by(0)).unwrap();
    let known = RedisSettings { certificates: Some(certificate), ..usual };
    let worker = SharedBudget::start(&known, "tls", &config, Skewed::by(0)).unwrap();
    timeout(Duration::from_secs(60), worker.acquire(Ask::default())).await.unwrap().unwrap().cancel();
    assert_eq!(strange.mode(), Mode::Away, "nobody it trusts has signed the certificate");
}
