//! Who is told, of what, and in which words.

use super::world::{
    Receiver, accept, deliver_until, harmless, hostile, memory, outbox, record, service, target,
};
use crate::service::webhooks::{Kind, Occasion, Target};
use crate::service::{Ruling, Service};
use watchfire_signal::{Decider, Severity, Verdict};
use watchfire_store::DecisionRow;

fn waiting(service: &Service) -> Vec<u64> {
    service.webhooks().iter().map(|webhook| outbox(service, &webhook.target().name).waiting).collect()
}

/// What the first target is told.
async fn told(service: &Service, deliveries: usize) -> Vec<serde_json::Value> {
    let receiver = Receiver::default();
    let name = &service.webhooks()[0].target().name;
    // What is on its way still waits.
    let done = || receiver.seen().len() >= deliveries && outbox(service, name).waiting == 0;
    deliver_until(service, &receiver, done).await;
    receiver.seen().iter().map(super::world::Seen::body).collect()
}

#[tokio::test(start_paused = true)]
async fn each_target_is_told_what_it_wants_to_hear() {
    let alerts = Target { on: Occasion::Alerts, ..target("alerts") };
    let worst = Target { min_severity: Severity::Fatal, ..target("worst") };
    let service = service(memory(), vec![target("patterns"), alerts, worst]);
    accept(&service, &[harmless()]).await;
    assert_eq!(waiting(&service), [0, 0, 0]);
    accept(&service, &[hostile(1), hostile(1)]).await;
    assert_eq!(waiting(&service), [1, 2, 0]);
    accept(&service, &[hostile(1), hostile(2)]).await;
    assert_eq!(waiting(&service), [2, 4, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_body_is_the_line_or_the_finding_that_outputs_have() {
    let service_of = |kind| service(memory(), vec![Target { kind, ..target("a") }]);
    let generic = service_of(Kind::Generic);
    let ids = accept(&generic, &[hostile(1)]).await;
    let body = told(&generic, 1).await.remove(0);
    assert_eq!((body["id"].as_str(), body["reused"].as_bool()), (Some(ids[0].as_str()), Some(false)));
    assert_eq!(body["verdict"], "suspicious");
    let ocsf = service_of(Kind::Ocsf);
    accept(&ocsf, &[hostile(1)]).await;
    let body = told(&ocsf, 1).await.remove(0);
    assert_eq!((body["class_uid"].as_u64(), body["verdict_id"].as_u64()), (Some(2004), Some(4)));
}

#[tokio::test(start_paused = true)]
async fn what_an_attacker_writes_is_nothing_but_text_in_a_chat() {
    let service = service(memory(), vec![Target { kind: Kind::Slack, ..target("chat") }]);
    let signature = "Cobalt Strike Beacon <!channel> <https://evil.example|`click`> @here *x* http://evil.example &lt; \u{202e}";
    accept(&service, &[record(1, signature, 1)]).await;
    let body = told(&service, 1).await.remove(0);
    let mut texts = vec![body["text"].as_str().unwrap()];
    let mut blocks: Vec<&serde_json::Value> = body["blocks"].as_array().unwrap().iter().collect();
    while let Some(value) = blocks.pop() {
        match value {
            serde_json::Value::Object(object) => {
                if let Some(text) = object.get("text").and_then(serde_json::Value::as_str) {
                    texts.push(text);
                    let is_marked = object["type"] == "mrkdwn";
                    assert!(!is_marked || object["verbatim"] == true, "{object:?}");
                    assert!(text.chars().count() <= 2000, "what a block takes");
                }
                blocks.extend(object.values());
            }
            serde_json::Value::Array(array) => blocks.extend(array),
            _ => {}
        }
    }
    assert!(texts.len() > 5);
    assert!(texts.iter().any(|text| text.contains("&lt;!channel&gt;")), "{texts:?}");
    for text in texts {
        for forbidden in ["<", ">", "@", "://", "evil.example", "*x*", "`click`", "\u{202e}"] {
            assert!(!text.contains(forbidden), "{forbidden} in {text}");
        }
        assert_eq!(text.matches('`').count() % 2, 0, "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_alert_makes_a_short_body() {
    for kind in [Kind::Slack, Kind::Generic, Kind::Ocsf] {
        let service = service(memory(), vec![Target { kind, ..target("a") }]);
        let long = format!("Cobalt Strike Beacon {}", "\u{7}é<".repeat(300_000));
        accept(&service, &[record(1, &long, 1)]).await;
        let receiver = Receiver::default();
        deliver_until(&service, &receiver, || receiver.seen().len() == 1).await;
        let length = receiver.seen()[0].request.body.len();
        assert!(length < 64 << 10, "{kind:?}: {length} bytes");
    }
}

#[tokio::test(start_paused = true)]
async fn more_than_there_is_room_for_is_counted() {
    let service = service(memory(), vec![Target { on: Occasion::Alerts, ..target("a") }]);
    let filling = "x".repeat(900);
    let records: Vec<String> =
        (0..9_000).map(|_| record(1, &format!("Cobalt Strike Beacon {filling}"), 1)).collect();
    accept(&service, &records).await;
    let counts = outbox(&service, "a");
    assert_eq!(counts.waiting + counts.dropped, 9_000);
    assert!(counts.dropped > 0 && counts.waiting > 1_000, "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn an_analysts_word_that_turns_a_verdict_hostile_is_told_with_the_alert() {
    let service = service(memory(), vec![target("a")]);
    let ids = accept(&service, &[harmless(), hostile(1)]).await;
    told(&service, 1).await;
    let pattern = |id: &str| service.store().alert(id).unwrap().unwrap().pattern;
    let ruling = |id: &str, verdict| Ruling {
        pattern: pattern(id),
        verdict,
        reason: "seen on the box".to_owned(),
        analyst: "ada".to_owned(),
        alert: Some(id.to_owned()),
        action: String::new(),
        proposed: String::new(),
    };
    service.overrule(ruling(&ids[1], Verdict::TruePositive)).await.unwrap().unwrap();
    service.overrule(ruling(&ids[0], Verdict::BenignPositive)).await.unwrap().unwrap();
    assert_eq!(waiting(&service), [0], "it was hostile before, or is not");
    service.overrule(ruling(&ids[0], Verdict::TruePositive)).await.unwrap().unwrap();
    assert_eq!(waiting(&service), [1]);
    let body = told(&service, 1).await.remove(0);
    assert_eq!(
        (body["id"].as_str(), body["verdict"].as_str()),
        (Some(ids[0].as_str()), Some("true_positive"))
    );
    assert_eq!(body["rule"]["name"], "GPL ICMP PING");
    assert!(body["reason"].as_str().unwrap().contains("Decided by ada"), "{body}");
}

#[tokio::test(start_paused = true)]
async fn a_models_answer_that_turns_a_verdict_hostile_is_told_once() {
    let service = service(memory(), vec![target("a")]);
    let ids = accept(&service, &[harmless()]).await;
    let before = service.store().alert(&ids[0]).unwrap().unwrap().decision;
    let answered = |verdict: Verdict| DecisionRow {
        verdict: verdict.id(),
        severity: Severity::High.id(),
        decider: Decider::Llm.id(),
        ..before.clone()
    };
    service.store().keep_decision(&answered(Verdict::BenignPositive)).unwrap();
    service.shared.take_answers(std::slice::from_ref(&before)).unwrap();
    assert_eq!(waiting(&service), [0]);
    service.store().keep_decision(&answered(Verdict::TruePositive)).unwrap();
    service.shared.take_answers(std::slice::from_ref(&before)).unwrap();
    service.shared.take_answers(&[answered(Verdict::TruePositive)]).unwrap();
    let body = told(&service, 1).await.remove(0);
    assert_eq!((body["id"].as_str(), body["decider"].as_str()), (Some(ids[0].as_str()), Some("llm")));
    assert_eq!(
        (body["verdict"].as_str(), body["rule"]["name"].as_str()),
        (Some("true_positive"), Some("GPL ICMP PING"))
    );
    assert_eq!(waiting(&service), [0]);
}
