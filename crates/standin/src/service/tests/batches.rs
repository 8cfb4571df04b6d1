//! Batches of all three, from submission to the last line.

use super::{anthropic_body, gemini_body, get, openai_body, post, send, standin, with_key};
use crate::{InProcess, Provider};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use watchfire_http::{Http, Request};

pub(super) const SETTINGS: &str = "seed = 3\n[behaviour]\nbatch_ms = 60000";

pub(super) fn lines(body: &[u8]) -> Vec<Value> {
    String::from_utf8_lossy(body).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub(super) async fn anthropic(standin: &InProcess, count: usize) -> Value {
    let requests: Vec<Value> = (0..count)
        .map(|number| json!({"custom_id": format!("q{number}"), "params": anthropic_body()}))
        .collect();
    let (response, batch) =
        send(standin, post(Provider::Anthropic, "/v1/messages/batches", &json!({"requests": requests})))
            .await;
    assert_eq!(response.status, 200, "{batch}");
    batch
}

#[tokio::test(start_paused = true)]
async fn anthropics_results_come_when_it_has_ended_complete_and_shuffled_at_half_price() {
    let standin = standin(SETTINGS);
    send(&standin, super::question(Provider::Anthropic)).await;
    let single = standin.tally().providers[&Provider::Anthropic].cost_nanos;
    let batch = anthropic(&standin, 20).await;
    assert_eq!((&batch["processing_status"], &batch["results_url"]), (&json!("in_progress"), &Value::Null));
    let path = format!("/v1/messages/batches/{}", batch["id"].as_str().unwrap());
    assert_eq!(send(&standin, get(Provider::Anthropic, &format!("{path}/results"))).await.0.status, 404);
    assert_eq!(standin.tally().providers[&Provider::Anthropic].batch_items, 0);
    tokio::time::advance(Duration::from_secs(60)).await;
    let (_, ended) = send(&standin, get(Provider::Anthropic, &path)).await;
    assert_eq!(
        (&ended["processing_status"], &ended["request_counts"]["succeeded"]),
        (&json!("ended"), &json!(20))
    );
    let url = ended["results_url"].as_str().unwrap();
    let results = standin.send(with_key(Provider::Anthropic, Request::get(url), "test-key")).await.unwrap();
    let ids: Vec<String> =
        lines(&results.body).iter().map(|line| line["custom_id"].as_str().unwrap().to_owned()).collect();
    let asked: Vec<String> = (0..20).map(|number| format!("q{number}")).collect();
    assert_ne!(ids, asked);
    assert_eq!(ids.iter().collect::<BTreeSet<_>>(), asked.iter().collect());
    let tally = &standin.tally().providers[&Provider::Anthropic];
    assert_eq!((tally.batch_items, tally.cost_nanos), (20, single + 10 * single));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_batch_is_not_billed() {
    let standin = standin(SETTINGS);
    let batch = anthropic(&standin, 2).await;
    let path = format!("/v1/messages/batches/{}", batch["id"].as_str().unwrap());
    let (_, cancelled) =
        send(&standin, post(Provider::Anthropic, &format!("{path}/cancel"), &json!({}))).await;
    assert_eq!(cancelled["request_counts"]["canceled"], 2);
    tokio::time::advance(Duration::from_secs(600)).await;
    let results = standin.send(get(Provider::Anthropic, &format!("{path}/results"))).await.unwrap();
    assert!(lines(&results.body).iter().all(|line| line["result"]["type"] == "canceled"));
    assert_eq!(standin.tally().providers[&Provider::Anthropic].cost_nanos, 0);
}

#[tokio::test(start_paused = true)]
async fn gemini_inlines_its_answers_with_their_keys() {
    let standin = standin(SETTINGS);
    let entry = |key: &str| json!({"request": gemini_body(), "metadata": {"key": key}});
    let body = json!({"batch": {"displayName": "night", "inputConfig": {"requests": {"requests": [entry("a"), entry("b")]}}}});
    let (response, batch) =
        send(&standin, post(Provider::Gemini, "/v1beta/models/gemini-2.5-flash:batchGenerateContent", &body))
            .await;
    assert_eq!((response.status, &batch["metadata"]["state"]), (200, &json!("BATCH_STATE_PENDING")));
    let path = format!("/v1beta/{}", batch["name"].as_str().unwrap());
    tokio::time::advance(Duration::from_secs(30)).await;
    assert_eq!(
        send(&standin, get(Provider::Gemini, &path)).await.1["metadata"]["state"],
        "BATCH_STATE_RUNNING"
    );
    tokio::time::advance(Duration::from_secs(30)).await;
    let (_, done) = send(&standin, get(Provider::Gemini, &path)).await;
    assert_eq!((&done["done"], &done["metadata"]["state"]), (&json!(true), &json!("BATCH_STATE_SUCCEEDED")));
    let responses = done["metadata"]["output"]["inlinedResponses"]["inlinedResponses"].as_array().unwrap();
    assert_eq!(
        (&responses[0]["metadata"]["key"], &responses[1]["metadata"]["key"]),
        (&json!("a"), &json!("b"))
    );
    assert!(responses[0]["response"]["usageMetadata"]["promptTokenCount"].as_u64().unwrap() > 0);
    assert_eq!(standin.tally().providers[&Provider::Gemini].batch_items, 2);
    let mut wrong = body.clone();
    wrong["batch"]["inputConfig"]["requests"]["requests"][0]["request"]["contents"] = json!([]);
    assert_eq!(
        send(
            &standin,
            post(Provider::Gemini, "/v1beta/models/gemini-2.5-flash:batchGenerateContent", &wrong)
        )
        .await
        .0
        .status,
        400
    );
}

pub(super) async fn openai(
    standin: &InProcess,
    provider: Provider,
    base: &str,
    model: &str,
    count: usize,
) -> Value {
    let line = |number| {
        json!({"custom_id": format!("q{number}"), "method": "POST", "url": "/v1/chat/completions",
        "body": if number == 0 { json!({"model": model, "messages": []}) } else { openai_body(model) }})
    };
    let file: String = (0..count).map(|number| format!("{}\n", line(number))).collect();
    let batch = openai_file(standin, provider, base, &file, &json!({"night": "1"})).await;
    assert_eq!(batch["status"], "validating", "{batch}");
    batch
}

/// A batch of such lines.
pub(super) async fn openai_file(
    standin: &InProcess,
    provider: Provider,
    base: &str,
    file: &str,
    metadata: &Value,
) -> Value {
    let form = format!(
        "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--b\r\n\
        Content-Disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n\r\n{file}\r\n--b--\r\n"
    );
    let request = Request { body: form.into(), ..get(provider, &format!("{base}/v1/files")) };
    let request = Request { method: watchfire_http::Method::Post, ..request }
        .header("content-type", "multipart/form-data; boundary=b");
    let (response, uploaded) = send(standin, request).await;
    assert_eq!(response.status, 200, "{uploaded}");
    let body = json!({"input_file_id": uploaded["id"], "endpoint": "/v1/chat/completions", "completion_window": "24h",
        "metadata": metadata});
    let (response, batch) = send(standin, post(provider, &format!("{base}/v1/batches"), &body)).await;
    assert_eq!(response.status, 200, "{batch}");
    batch
}

#[tokio::test(start_paused = true)]
async fn openai_writes_two_files_and_moonshot_takes_sixty_percent() {
    for (provider, base, model, percent) in
        [(Provider::OpenAi, "", "gpt-5-mini", 50), (Provider::Moonshot, "/moonshot", "kimi-k2.5", 60)]
    {
        let standin = standin(SETTINGS);
        send(&standin, super::question(provider)).await;
        let single = standin.tally().providers[&provider].cost_nanos;
        let batch = openai(&standin, provider, base, model, 5).await;
        let path = format!("{base}/v1/batches/{}", batch["id"].as_str().unwrap());
        tokio::time::advance(Duration::from_secs(60)).await;
        let (_, done) = send(&standin, get(provider, &path)).await;
        assert_eq!((&done["status"], &done["request_counts"]["failed"]), (&json!("completed"), &json!(1)));
        let file = async |name: &str| {
            let path = format!("{base}/v1/files/{}/content", done[name].as_str().unwrap());
            lines(&standin.send(get(provider, &path)).await.unwrap().body)
        };
        let (good, bad) = (file("output_file_id").await, file("error_file_id").await);
        assert_eq!((good.len(), bad.len()), (4, 1));
        assert!(good.iter().all(|line| line["response"]["status_code"] == 200));
        assert_eq!((&bad[0]["custom_id"], &bad[0]["response"]["status_code"]), (&json!("q0"), &json!(400)));
        let tally = &standin.tally().providers[&provider];
        assert_eq!(tally.cost_nanos, single + 4 * single * percent / 100);
    }
}

#[tokio::test(start_paused = true)]
async fn an_expired_batch_has_what_was_done_and_says_what_was_not() {
    let standin = standin("seed = 3\n[behaviour]\nbatch_expired = 0.5");
    let batch = openai(&standin, Provider::OpenAi, "", "gpt-5-mini", 20).await;
    tokio::time::advance(Duration::from_secs(2)).await;
    let (_, done) =
        send(&standin, get(Provider::OpenAi, &format!("/v1/batches/{}", batch["id"].as_str().unwrap())))
            .await;
    assert_eq!(done["status"], "expired");
    let path = format!("/v1/files/{}/content", done["error_file_id"].as_str().unwrap());
    let bad = lines(&standin.send(get(Provider::OpenAi, &path)).await.unwrap().body);
    assert!(bad.iter().any(|line| line["error"]["code"] == "batch_expired"));
    let answered = standin.tally().providers[&Provider::OpenAi].batch_items;
    assert!((1..19).contains(&answered));
    assert_eq!(answered as usize + bad.len(), 20);
}
