//! TLS and passwords, on the listener that asks for them.

use crate::broker::{fill, intake, topics};
use crate::verdicts::exactly_once;
use crate::worker::Worker;
use std::path::PathBuf;
use std::time::Duration;
use watchfire_kafka::{Edge, EdgeError, KafkaSettings, Mechanism, Sasl, Security, Tls};

/// The settings with TLS and a password, where this program and the broker have both.
fn secured(settings: &KafkaSettings, mechanism: Mechanism, password: &str) -> Option<KafkaSettings> {
    let (Ok(brokers), Ok(certificate)) =
        (std::env::var("WATCHFIRE_KAFKA_SASL_BROKERS"), std::env::var("WATCHFIRE_KAFKA_CERTIFICATE"))
    else {
        eprintln!("skipped: WATCHFIRE_KAFKA_SASL_BROKERS is not set; see checks/kafka");
        return None;
    };
    let security = Security::Sasl(Sasl {
        mechanism,
        user: "watchfire".to_owned(),
        password: password.to_owned(),
        tls: Some(Tls { ca: Some(PathBuf::from(certificate)), ..Tls::default() }),
    });
    Some(KafkaSettings { brokers, security, connect_timeout: Duration::from_secs(10), ..settings.clone() })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verdicts_go_out_over_tls_with_a_password() {
    let Some((_stands, settings)) = topics("secured", 1).await else { return };
    fill(&intake(&settings).await, 0, 50).await;
    for mechanism in [Mechanism::Plain, Mechanism::ScramSha512] {
        let Some(secured) = secured(&settings, mechanism, "watchfire-password") else { return };
        let mut worker = Worker::start(&secured).await;
        tokio::select! {
            () = worker.run() => {}
            () = exactly_once(&settings, 50) => {}
        }
        worker.until_held(1).await;
        worker.edge.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_or_certificate_is_no_connection() {
    let Some((_stands, settings)) = topics("wrong", 1).await else { return };
    let Some(mut secured) = secured(&settings, Mechanism::ScramSha512, "another password") else { return };
    secured.connect_timeout = Duration::from_secs(2);
    let error = Edge::connect(secured.clone()).await.unwrap_err();
    assert!(matches!(error, EdgeError::Unreachable { .. }), "{error}");
    assert!(!format!("{secured:?} {error:?}").contains("another password"));
    // Without the file, the system's certificates know nothing of this broker's.
    let Security::Sasl(sasl) = &mut secured.security else { panic!("it has a password") };
    sasl.password = "watchfire-password".to_owned();
    sasl.tls = Some(Tls::default());
    let error = Edge::connect(secured).await.unwrap_err();
    assert!(matches!(error, EdgeError::Unreachable { .. }), "{error}");
}
