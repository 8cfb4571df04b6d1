//! Batches that end before everything was done, and what of them is billed.

use super::batches::{anthropic, lines, openai};
use super::batches_listed::gemini;
use super::{get, post, send, standin};
use crate::{InProcess, Provider};
use serde_json::{Value, json};
use std::time::Duration;
use watchfire_http::Http;

async fn after(standin: &InProcess, provider: Provider, seconds: u64, path: &str) -> Value {
    tokio::time::advance(Duration::from_secs(seconds)).await;
    send(standin, get(provider, path)).await.1
}

async fn file(standin: &InProcess, batch: &Value, name: &str) -> Vec<Value> {
    // Without a line there is no file.
    let Some(id) = batch[name].as_str() else { return Vec::new() };
    let path = format!("/v1/files/{id}/content");
    lines(&standin.send(get(Provider::OpenAi, &path)).await.unwrap().body)
}

fn path(base: &str, batch: &Value) -> String {
    format!("{base}/{}", batch["id"].as_str().unwrap())
}

#[tokio::test(start_paused = true)]
async fn openai_goes_through_its_states_and_counts_on_the_way() {
    let standin = standin("[behaviour]\nbatch_ms = 100000");
    let batch = openai(&standin, Provider::OpenAi, "", "gpt-5-mini", 20).await;
    let path = path("/v1/batches", &batch);
    let running = after(&standin, Provider::OpenAi, 50, &path).await;
    assert_eq!((&running["status"], &running["output_file_id"]), (&json!("in_progress"), &Value::Null));
    let completed = running["request_counts"]["completed"].as_u64().unwrap();
    assert!((5..15).contains(&completed), "{completed}");
    assert_eq!(after(&standin, Provider::OpenAi, 46, &path).await["status"], "finalizing");
    assert_eq!(standin.tally().providers[&Provider::OpenAi].cost_nanos, 0);
    let done = after(&standin, Provider::OpenAi, 4, &path).await;
    assert_eq!((&done["status"], &done["request_counts"]["completed"]), (&json!("completed"), &json!(19)));
    assert_eq!(done["completed_at"].as_i64().unwrap() - done["created_at"].as_i64().unwrap(), 100);
}

#[tokio::test(start_paused = true)]
async fn openai_keeps_and_bills_what_was_done_before_the_window_closed_or_it_was_cancelled() {
    for cancel in [false, true] {
        let standin =
            standin("[behaviour]\nbatch_ms = 100000\nbatch_expires_ms = 50000\nbatch_cancel_ms = 5000");
        let batch = openai(&standin, Provider::OpenAi, "", "gpt-5-mini", 20).await;
        let path = path("/v1/batches", &batch);
        let (state, wait) = if cancel {
            tokio::time::advance(Duration::from_secs(40)).await;
            let request = post(Provider::OpenAi, &format!("{path}/cancel"), &json!({}));
            let (_, batch) = send(&standin, request).await;
            assert_eq!((&batch["status"], &batch["output_file_id"]), (&json!("cancelling"), &Value::Null));
            ("cancelled", 5)
        } else {
            ("expired", 50)
        };
        let over = after(&standin, Provider::OpenAi, wait, &path).await;
        assert_eq!(over["status"], state);
        assert!(over[format!("{state}_at")].is_i64() && over["completed_at"].is_null());
        let good = file(&standin, &over, "output_file_id").await;
        let bad = file(&standin, &over, "error_file_id").await;
        assert!((5..15).contains(&good.len()), "{}", good.len());
        let expired = bad.iter().filter(|line| line["error"]["code"] == "batch_expired").count();
        // What cancelling did not reach is in neither file.
        assert_eq!(expired, if cancel { 0 } else { 20 - good.len() - (bad.len() - expired) });
        let tally = &standin.tally().providers[&Provider::OpenAi];
        assert_eq!(tally.batch_items as usize, good.len());
        let used = |line: &Value, name: &str| line["response"]["body"]["usage"][name].as_u64().unwrap();
        // 0.25 and 2 dollars per million, at half the price.
        let cost: u64 = good
            .iter()
            .map(|line| used(line, "prompt_tokens") * 125 + used(line, "completion_tokens") * 1000)
            .sum();
        assert!(tally.cost_nanos > 0 && tally.cost_nanos.abs_diff(cost) <= 20, "{tally:?} {cost}");
        // It stays so.
        tokio::time::advance(Duration::from_secs(1000)).await;
        assert_eq!(standin.tally().providers[&Provider::OpenAi].batch_items as usize, good.len());
    }
}

#[tokio::test(start_paused = true)]
async fn anthropic_says_of_each_request_whether_it_succeeded_was_canceled_or_expired() {
    for (settings, cancel, missed) in
        [("batch_cancel_ms = 5000", true, "canceled"), ("batch_expires_ms = 45000", false, "expired")]
    {
        let standin = standin(&format!("[behaviour]\nbatch_ms = 100000\n{settings}"));
        let batch = anthropic(&standin, 20).await;
        let path = path("/v1/messages/batches", &batch);
        tokio::time::advance(Duration::from_secs(40)).await;
        if cancel {
            let request = post(Provider::Anthropic, &format!("{path}/cancel"), &json!({}));
            let (_, batch) = send(&standin, request).await;
            assert_eq!(batch["processing_status"], "canceling");
            assert_eq!(batch["request_counts"]["processing"], 20);
            assert!(batch["cancel_initiated_at"].is_string() && batch["results_url"].is_null());
        }
        let ended = after(&standin, Provider::Anthropic, 5, &path).await;
        assert_eq!(ended["processing_status"], "ended");
        let results = standin.send(get(Provider::Anthropic, &format!("{path}/results"))).await.unwrap();
        let results = lines(&results.body);
        let count = |kind: &str| results.iter().filter(|line| line["result"]["type"] == kind).count();
        assert!((4..16).contains(&count("succeeded")) && count("succeeded") + count(missed) == 20);
        assert_eq!(ended["request_counts"]["succeeded"], count("succeeded"));
        assert_eq!(ended["request_counts"][missed], count(missed));
        let tally = &standin.tally().providers[&Provider::Anthropic];
        assert_eq!(tally.batch_items as usize, count("succeeded"));
    }
}

#[tokio::test(start_paused = true)]
async fn geminis_cancelled_or_expired_batch_has_what_was_done() {
    for (cancel, state, code) in [(true, "CANCELLED", 1), (false, "EXPIRED", 4)] {
        let standin = standin("[behaviour]\nbatch_ms = 100000\nbatch_expires_ms = 50000");
        let (_, batch) = gemini(&standin, "night", 20).await;
        let path = format!("/v1beta/{}", batch["name"].as_str().unwrap());
        tokio::time::advance(Duration::from_secs(45)).await;
        if cancel {
            let request = post(Provider::Gemini, &format!("{path}:cancel"), &json!({}));
            assert_eq!(send(&standin, request).await.1, json!({}));
        }
        let over = after(&standin, Provider::Gemini, 5, &path).await;
        assert_eq!(over["metadata"]["state"], format!("BATCH_STATE_{state}"));
        assert_eq!(over["done"], true);
        // An operation has a response or an error.
        assert_eq!((over["error"]["code"] == 1, over.get("response").is_some()), (cancel, !cancel));
        let responses =
            over["metadata"]["output"]["inlinedResponses"]["inlinedResponses"].as_array().unwrap();
        let done = responses.iter().filter(|response| response.get("response").is_some()).count();
        let missed = responses.iter().filter(|response| response["error"]["code"] == code).count();
        assert!((4..16).contains(&done) && done + missed == 20, "{done} {missed}");
        assert_eq!(standin.tally().providers[&Provider::Gemini].batch_items as usize, done);
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_can_fail_as_a_whole_and_costs_nothing() {
    let standin = standin("[behaviour]\nbatch_fails = true");
    let openai = openai(&standin, Provider::OpenAi, "", "gpt-5-mini", 3).await;
    let (_, gemini) = gemini(&standin, "night", 3).await;
    let anthropic = anthropic(&standin, 3).await;
    let batch = after(&standin, Provider::OpenAi, 1, &path("/v1/batches", &openai)).await;
    assert_eq!(batch["status"], "failed");
    assert!(batch["errors"]["data"][0]["message"].is_string() && batch["failed_at"].is_i64());
    let name = format!("/v1beta/{}", gemini["name"].as_str().unwrap());
    let batch = after(&standin, Provider::Gemini, 0, &name).await;
    assert_eq!(batch["metadata"]["state"], "BATCH_STATE_FAILED");
    assert!(batch["error"]["message"].is_string() && batch.get("response").is_none());
    let batch = after(&standin, Provider::Anthropic, 0, &path("/v1/messages/batches", &anthropic)).await;
    assert_eq!(batch["request_counts"]["errored"], 3);
    assert!(standin.tally().providers.values().all(|tally| tally.cost_nanos == 0 && tally.batch_items == 0));
}
