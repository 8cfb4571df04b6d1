//! What can't be used is said before anything is done, with what to do.

use crate::broker::{named, topics};
use watchfire_kafka::{Edge, EdgeError, Intake, IntakeError};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_is_missing_is_named_and_not_made() {
    let Some((_stands, mut settings)) = topics("missing", 1).await else { return };
    settings.verdicts = "verdicts-that-nobody-made".to_owned();
    for _ in 0..2 {
        let error = Edge::connect(settings.clone()).await.unwrap_err();
        assert!(matches!(&error, EdgeError::NoTopic { topic, .. } if *topic == settings.verdicts), "{error}");
        assert!(error.to_string().contains("--create --topic verdicts-that-nobody-made"), "{error}");
    }
    let error = Intake::connect(settings, "nobody-made-this".to_owned()).await.unwrap_err();
    assert!(matches!(error, EdgeError::NoTopic { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_is_too_large_is_refused_with_all_that_come_with_it() {
    let Some((_stands, settings)) = topics("large", 1).await else { return };
    let intake = crate::broker::intake(&settings).await;
    let records = vec![(None, b"small".to_vec()), (None, vec![b'x'; 1_000_001])];
    let error = intake.send(records).await.unwrap_err();
    assert!(matches!(error, IntakeError::TooLarge { place: 1, .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_no_broker_answers_the_address_is_named() {
    let Some(mut settings) = named("nowhere") else { return };
    settings.brokers = "127.0.0.1:9".to_owned();
    settings.connect_timeout = std::time::Duration::from_secs(1);
    let error = Edge::connect(settings).await.unwrap_err();
    assert!(matches!(error, EdgeError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("127.0.0.1:9"), "{error}");
}

#[cfg(not(feature = "tls"))]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_without_tls_says_so() {
    let settings = watchfire_kafka::KafkaSettings {
        security: watchfire_kafka::Security::Tls(watchfire_kafka::Tls::default()),
        ..watchfire_kafka::KafkaSettings::default()
    };
    let error = Edge::connect(settings).await.unwrap_err();
    assert!(matches!(error, EdgeError::WithoutTls), "{error}");
}
