//! Lists of batches, and batches that are refused.

use super::batches::{SETTINGS, anthropic, openai, openai_file};
use super::{anthropic_body, gemini_body, get, openai_body, post, send, standin};
use crate::{InProcess, Provider};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) async fn gemini(standin: &InProcess, name: &str, count: usize) -> (u16, Value) {
    let entries: Vec<Value> = (0..count)
        .map(|number| json!({"request": gemini_body(), "metadata": {"key": format!("q{number}")}}))
        .collect();
    let body = json!({"batch": {"displayName": name, "inputConfig": {"requests": {"requests": entries}}}});
    let path = "/v1beta/models/gemini-2.5-flash:batchGenerateContent";
    let (response, batch) = send(standin, post(Provider::Gemini, path, &body)).await;
    (response.status, batch)
}

fn line(id: &str, model: &str) -> Value {
    json!({"custom_id": id, "method": "POST", "url": "/v1/chat/completions", "body": openai_body(model)})
}

#[tokio::test(start_paused = true)]
async fn geminis_list_has_pages_of_operations_with_their_names() {
    let standin = standin(SETTINGS);
    assert_eq!(send(&standin, get(Provider::Gemini, "/v1beta/batches?pageSize=2")).await.1, json!({}));
    for name in ["one", "two", "three"] {
        gemini(&standin, name, 1).await;
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    anthropic(&standin, 1).await;
    let (_, page) = send(&standin, get(Provider::Gemini, "/v1beta/batches?pageSize=2")).await;
    let names = |page: &Value| {
        let operations = page["operations"].as_array().unwrap();
        operations.iter().map(|batch| batch["metadata"]["displayName"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&page), ["three", "two"]);
    let path = format!("/v1beta/batches?pageSize=2&pageToken={}", page["nextPageToken"].as_str().unwrap());
    let (_, page) = send(&standin, get(Provider::Gemini, &path)).await;
    assert_eq!((names(&page), page.get("nextPageToken")), (vec![json!("one")], None));
    let wrong = get(Provider::Gemini, "/v1beta/batches?pageToken=nothing");
    assert_eq!(send(&standin, wrong).await.0.status, 400);
}

#[tokio::test(start_paused = true)]
async fn openai_lists_the_newest_first_with_their_metadata_and_each_provider_its_own() {
    let standin = standin(SETTINGS);
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(openai(&standin, Provider::OpenAi, "", "gpt-5-mini", 2).await["id"].clone());
    }
    openai(&standin, Provider::Moonshot, "/moonshot", "kimi-k2.5", 2).await;
    let (_, page) = send(&standin, get(Provider::OpenAi, "/v1/batches?limit=2")).await;
    assert_eq!((&page["object"], &page["has_more"]), (&json!("list"), &json!(true)));
    assert_eq!((&page["first_id"], &page["last_id"]), (&ids[2], &ids[1]));
    assert_eq!(page["data"][0]["metadata"], json!({"night": "1"}));
    let path = format!("/v1/batches?limit=2&after={}", ids[1].as_str().unwrap());
    let (_, page) = send(&standin, get(Provider::OpenAi, &path)).await;
    assert_eq!((&page["data"][0]["id"], &page["has_more"]), (&ids[0], &json!(false)));
    for wrong in ["limit=0", "limit=101", "limit=all", "after=batch_nothing"] {
        let (response, _) = send(&standin, get(Provider::OpenAi, &format!("/v1/batches?{wrong}"))).await;
        assert_eq!(response.status, 400, "{wrong}");
    }
}

#[tokio::test(start_paused = true)]
async fn anthropics_list_is_read_in_both_directions() {
    let standin = standin(SETTINGS);
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(anthropic(&standin, 1).await["id"].as_str().unwrap().to_owned());
    }
    let page = async |query: String| {
        let path = format!("/v1/messages/batches?{query}");
        let (_, page) = send(&standin, get(Provider::Anthropic, &path)).await;
        let data = page["data"].as_array().unwrap().iter();
        let data: Vec<String> = data.map(|batch| batch["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!((page["first_id"].as_str(), page["last_id"].as_str()), {
            (data.first().map(String::as_str), data.last().map(String::as_str))
        });
        (data, page["has_more"] == true)
    };
    let newest = [ids[3].clone(), ids[2].clone()];
    assert_eq!(page("limit=2".to_owned()).await, (newest.to_vec(), true));
    let oldest = [ids[1].clone(), ids[0].clone()];
    assert_eq!(page(format!("limit=2&after_id={}", ids[2])).await, (oldest.to_vec(), false));
    assert_eq!(page(format!("limit=1&before_id={}", ids[1])).await, (vec![ids[2].clone()], true));
    assert_eq!(page(format!("limit=9&before_id={}", ids[1])).await, (newest.to_vec(), false));
}

#[tokio::test(start_paused = true)]
async fn a_custom_id_that_comes_twice_is_refused() {
    let standin = standin(SETTINGS);
    let entry = json!({"custom_id": "same", "params": anthropic_body()});
    let body = json!({"requests": [entry, entry]});
    let (response, body) = send(&standin, post(Provider::Anthropic, "/v1/messages/batches", &body)).await;
    assert_eq!((response.status, &body["error"]["type"]), (400, &json!("invalid_request_error")));

    // OpenAI takes the batch first, and finds out when it looks at the file.
    let good = line("same", "gpt-5-mini");
    let other = line("other", "gpt-5-nano");
    let file = format!("{good}\n{good}\nno json\n{other}\n");
    let batch = openai_file(&standin, Provider::OpenAi, "", &file, &Value::Null).await;
    assert_eq!((&batch["status"], &batch["errors"]), (&json!("validating"), &Value::Null));
    tokio::time::advance(Duration::from_secs(60)).await;
    let path = format!("/v1/batches/{}", batch["id"].as_str().unwrap());
    let (_, batch) = send(&standin, get(Provider::OpenAi, &path)).await;
    assert_eq!(batch["status"], "failed");
    let data = batch["errors"]["data"].as_array().unwrap();
    let told: Vec<_> = data.iter().map(|error| (error["code"].as_str().unwrap(), &error["line"])).collect();
    let (two, three, four) = (json!(2), json!(3), json!(4));
    assert_eq!(
        told,
        [("duplicate_custom_id", &two), ("invalid_json_line", &three), ("mismatched_model", &four)]
    );
    assert_eq!((&batch["output_file_id"], &batch["error_file_id"]), (&Value::Null, &Value::Null));
    assert_eq!(standin.tally().providers[&Provider::OpenAi].cost_nanos, 0);
}

#[tokio::test(start_paused = true)]
async fn more_than_a_batch_may_have_is_refused_as_each_provider_refuses_it() {
    let few = standin("[behaviour]\nbatch_max_items = 2");
    assert_eq!(gemini(&few, "night", 2).await.0, 200);
    assert_eq!(gemini(&few, "night", 3).await.0, 400);
    let entries: Vec<Value> =
        (0..3).map(|number| json!({"custom_id": format!("q{number}"), "params": anthropic_body()})).collect();
    let body = json!({"requests": entries});
    let (response, _) = send(&few, post(Provider::Anthropic, "/v1/messages/batches", &body)).await;
    assert_eq!(response.status, 400);
    let batch = openai(&few, Provider::OpenAi, "", "gpt-5-mini", 3).await;
    tokio::time::advance(Duration::from_secs(1)).await;
    let path = format!("/v1/batches/{}", batch["id"].as_str().unwrap());
    let (_, batch) = send(&few, get(Provider::OpenAi, &path)).await;
    assert_eq!(batch["errors"]["data"][0]["code"], "too_many_tasks");

    let small = standin("[behaviour]\nbatch_max_bytes = 900");
    let (status, refused) = gemini(&small, "night", 3).await;
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(status == 400 && message.contains("exceeds the limit: 900 bytes"), "{message}");
    let (response, body) = send(&small, post(Provider::Anthropic, "/v1/messages/batches", &body)).await;
    assert_eq!((response.status, &body["error"]["type"]), (413, &json!("request_too_large")));
    // What is documented is the most, whatever is set.
    let large = standin("[behaviour]\nbatch_max_bytes = 99999999999");
    let body = json!({"batch": {"displayName": "x".repeat(21 << 20)}});
    let path = "/v1beta/models/gemini-2.5-flash:batchGenerateContent";
    let (_, refused) = send(&large, post(Provider::Gemini, path, &body)).await;
    assert!(refused["error"]["message"].as_str().unwrap().contains("20971520"));
}

#[tokio::test(start_paused = true)]
async fn metadata_beyond_openais_bounds_is_refused() {
    let standin = standin(SETTINGS);
    for metadata in [json!({"a": 1}), json!({"a": "x".repeat(513)}), json!([]), json!({"k".repeat(65): ""})] {
        let body = json!({"input_file_id": "f", "endpoint": "/v1/chat/completions", "completion_window": "24h",
            "metadata": metadata});
        let (response, refused) = send(&standin, post(Provider::OpenAi, "/v1/batches", &body)).await;
        assert_eq!(response.status, 400);
        assert!(refused["error"]["message"].as_str().unwrap().contains("metadata"), "{refused}");
    }
}
