//! The intelligence services: their answers, complaints and limits.

use super::{get, send, standin, with_key};
use crate::Provider;
use serde_json::{Value, json};
use std::time::Duration;
use watchfire_http::{Http, Request};

const SETTINGS: &str = "[indicators]\n\"198.51.100.1\" = \"malicious\"\n\"198.51.100.2\" = \"clean\"\n\"198.51.100.3\" = \"unknown\"\n\
    \"bad.example\" = \"malicious\"\n\"http://bad.example/x\" = \"malicious\"\n\
    \"d41d8cd98f00b204e9800998ecf8427e\" = \"malicious\"\n";

fn form(path: &str, body: &str) -> Request {
    let request =
        Request { body: body.to_owned().into(), ..Request::post_json(format!("http://s{path}"), "") };
    with_key(Provider::UrlHaus, request, "test-key")
}

fn search(body: &Value) -> Request {
    with_key(Provider::ThreatFox, Request::post_json("http://s/api/v1/", body.to_string()), "test-key")
}

#[tokio::test(start_paused = true)]
async fn each_service_tells_bad_from_clean_from_unknown_in_its_own_way() {
    let standin = standin(SETTINGS);
    let lookup = async |provider, path: &str| {
        let (response, body) = send(&standin, get(provider, path)).await;
        (response.status, body)
    };
    let abuse = async |address| {
        lookup(Provider::AbuseIpDb, &format!("/api/v2/check?ipAddress={address}&maxAgeInDays=90")).await.1
    };
    assert!(abuse("198.51.100.1").await["data"]["abuseConfidenceScore"].as_u64().unwrap() >= 60);
    assert_eq!(abuse("198.51.100.3").await["data"]["abuseConfidenceScore"], 0);
    assert_eq!(abuse("2001:db8::1").await["data"]["ipVersion"], 6);

    let (_, bad) = lookup(Provider::VirusTotal, "/api/v3/ip_addresses/198.51.100.1").await;
    assert!(bad["data"]["attributes"]["last_analysis_stats"]["malicious"].as_u64().unwrap() > 0);
    assert_eq!(
        lookup(Provider::VirusTotal, "/api/v3/files/d41d8cd98f00b204e9800998ecf8427e").await.1["data"]["type"],
        "file"
    );
    // base64url of http://bad.example/x, without padding
    assert_eq!(
        lookup(Provider::VirusTotal, "/api/v3/urls/aHR0cDovL2JhZC5leGFtcGxlL3g").await.1["data"]["type"],
        "url"
    );
    let (status, unknown) = lookup(Provider::VirusTotal, "/api/v3/ip_addresses/198.51.100.3").await;
    assert_eq!((status, &unknown["error"]["code"]), (404, &json!("NotFoundError")));

    assert_eq!(
        lookup(Provider::Otx, "/api/v1/indicators/IPv4/198.51.100.1/general").await.1["pulse_info"]["count"],
        1
    );
    assert_eq!(
        lookup(Provider::Otx, "/api/v1/indicators/domain/bad.example/general").await.1["type"],
        "domain"
    );
    let url = "/api/v1/indicators/url/http%3A%2F%2Fbad.example%2Fx/general";
    assert_eq!(lookup(Provider::Otx, url).await.1["indicator"], "http://bad.example/x");
    assert_eq!(
        lookup(Provider::Otx, "/api/v1/indicators/IPv4/198.51.100.3/general").await.1["pulse_info"]["count"],
        0
    );

    assert_eq!(
        lookup(Provider::GreyNoise, "/v3/community/198.51.100.1").await.1["classification"],
        "malicious"
    );
    assert_eq!(lookup(Provider::GreyNoise, "/v3/community/198.51.100.2").await.1["riot"], true);
    let (status, quiet) = lookup(Provider::GreyNoise, "/v3/community/198.51.100.3").await;
    assert_eq!((status, &quiet["noise"]), (404, &json!(false)));
}

#[tokio::test(start_paused = true)]
async fn abuse_ch_answers_almost_everything_with_a_200() {
    let standin = standin(SETTINGS);
    for (request, status) in [
        (form("/v1/host/", "host=bad.example"), "ok"),
        (form("/v1/host/", "host=198.51.100.3"), "no_results"),
        (form("/v1/host/", "host=not+a+host"), "invalid_host"),
        (form("/v1/url/", "url=http%3A%2F%2Fbad.example%2Fx"), "ok"),
        (form("/v1/payload/", "md5_hash=d41d8cd98f00b204e9800998ecf8427e"), "ok"),
        (form("/v1/payload/", "sha256_hash=beef"), "invalid_sha256"),
        (get(Provider::UrlHaus, "/v1/host/"), "http_post_expected"),
        (search(&json!({"query": "search_ioc", "search_term": "198.51.100.1"})), "ok"),
        (search(&json!({"query": "search_ioc", "search_term": "198.51.100.3"})), "no_result"),
        (search(&json!({"query": "search_hash", "hash": "d41d8cd98f00b204e9800998ecf8427e"})), "ok"),
        (search(&json!({"query": "search_ioc"})), "illegal_search_term"),
        (search(&json!({})), "unknown_operation"),
    ] {
        let (response, body) = send(&standin, request.clone()).await;
        assert_eq!((response.status, &body["query_status"]), (200, &json!(status)), "{request:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn nonsense_is_refused_in_the_services_own_words() {
    let standin = standin("");
    for (provider, path, status, place) in [
        (Provider::AbuseIpDb, "/api/v2/check?ipAddress=nowhere", 422, "/errors/0/source/parameter"),
        (Provider::AbuseIpDb, "/api/v2/check", 422, "/errors/0/detail"),
        (Provider::AbuseIpDb, "/api/v2/check?ipAddress=1.1.1.1&maxAgeInDays=999", 422, "/errors/0/detail"),
        (Provider::VirusTotal, "/api/v3/ip_addresses/nowhere", 400, "/error/code"),
        (Provider::VirusTotal, "/api/v3/files/short", 400, "/error/code"),
        (Provider::VirusTotal, "/api/v3/urls/%21%21", 400, "/error/code"),
        (Provider::Otx, "/api/v1/indicators/IPv4/nowhere/general", 400, "/detail"),
        (Provider::GreyNoise, "/v3/community/2001:db8::1", 400, "/message"),
    ] {
        let (response, body) = send(&standin, get(provider, path)).await;
        assert_eq!(response.status, status, "{path}");
        assert!(body.pointer(place).is_some(), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_are_wanted_everywhere() {
    let standin = standin("");
    for (provider, path, missing, wrong) in [
        (Provider::AbuseIpDb, "/api/v2/check?ipAddress=1.1.1.1", 401, 401),
        (Provider::VirusTotal, "/api/v3/domains/a.example", 401, 401),
        (Provider::Otx, "/api/v1/indicators/IPv4/1.1.1.1/general", 403, 403),
        (Provider::GreyNoise, "/v3/community/1.1.1.1", 401, 401),
        (Provider::UrlHaus, "/v1/host/", 401, 403),
        (Provider::ThreatFox, "/api/v1/", 401, 403),
    ] {
        let bare = Request::get(format!("http://s{path}"));
        assert_eq!(send(&standin, bare.clone()).await.0.status, missing, "{path}");
        assert_eq!(send(&standin, with_key(provider, bare, "wrong")).await.0.status, wrong, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn limits_are_told_as_each_service_tells_them() {
    let standin = standin("[default_limits]\nrequests_per_day = 1");
    for (provider, path) in [
        (Provider::AbuseIpDb, "/api/v2/check?ipAddress=1.1.1.1"),
        (Provider::VirusTotal, "/api/v3/domains/a.example"),
        (Provider::Otx, "/api/v1/indicators/IPv4/1.1.1.1/general"),
        (Provider::GreyNoise, "/v3/community/1.1.1.1"),
    ] {
        send(&standin, get(provider, path)).await;
        let (response, body) = send(&standin, get(provider, path)).await;
        assert_eq!(response.status, 429, "{path}");
        match provider {
            Provider::AbuseIpDb => {
                let detail = body["errors"][0]["detail"].as_str().unwrap();
                assert!(detail.starts_with("Daily rate limit of 1 requests exceeded"), "{detail}");
                assert_eq!(response.header("x-ratelimit-remaining"), Some("0"));
                // 10:00 UTC until midnight.
                assert_eq!(response.header("retry-after"), Some("50400"));
            }
            Provider::VirusTotal => assert_eq!(body["error"]["code"], "QuotaExceededError"),
            Provider::Otx => assert!(response.header("retry-after").is_some()),
            _ => assert_eq!(body["rate-limit"], "1-lookups/day"),
        }
        assert_eq!(standin.tally().providers[&provider].refused, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_private_address_that_leaks_is_noticed() {
    let standin = standin("");
    for address in ["10.0.0.1", "127.0.0.1", "100.64.0.1", "fe80::1", "8.8.8.8"] {
        send(&standin, get(Provider::AbuseIpDb, &format!("/api/v2/check?ipAddress={address}"))).await;
    }
    assert_eq!(standin.tally().providers[&Provider::AbuseIpDb].private_lookups, 4);
}

#[tokio::test(start_paused = true)]
async fn without_settings_each_service_has_its_free_plan() {
    let standin = standin("");
    let ask = async |provider, path: String| send(&standin, get(provider, &path)).await;
    let mut answered = 0;
    for minute in 0..150 {
        for number in 0..4 {
            let path = format!("/api/v3/ip_addresses/198.51.{minute}.{number}");
            answered += u32::from(ask(Provider::VirusTotal, path).await.0.status != 429);
        }
        let fifth = ask(Provider::VirusTotal, "/api/v3/ip_addresses/1.1.1.1".to_owned()).await;
        assert_eq!(fifth.0.status, 429);
        tokio::time::advance(Duration::from_secs(60)).await;
    }
    assert_eq!(answered, 500);
    for number in 0..50 {
        assert_ne!(ask(Provider::GreyNoise, format!("/v3/community/1.1.1.{number}")).await.0.status, 429);
    }
    tokio::time::advance(Duration::from_secs(6 * 86_400)).await;
    let (response, body) = ask(Provider::GreyNoise, "/v3/community/1.1.1.1".to_owned()).await;
    assert_eq!((response.status, &body["rate-limit"]), (429, &json!("50-lookups/week")));
    tokio::time::advance(Duration::from_secs(86_400)).await;
    assert_ne!(ask(Provider::GreyNoise, "/v3/community/1.1.1.1".to_owned()).await.0.status, 429);
    for number in 0..1000 {
        let path = format!("/api/v2/check?ipAddress=1.1.{}.{}", number / 250, number % 250);
        assert_eq!(ask(Provider::AbuseIpDb, path).await.0.status, 200);
    }
    let (response, _) = ask(Provider::AbuseIpDb, "/api/v2/check?ipAddress=8.8.8.8".to_owned()).await;
    assert_eq!((response.status, response.header("x-ratelimit-limit")), (429, Some("1000")));
}

#[tokio::test(start_paused = true)]
async fn it_is_known_what_each_service_was_asked_about_and_how_often() {
    let standin = standin("[behaviours.otx]\ndead = true\n[limits.abuseipdb]\nrequests = \"1/1h\"");
    for address in ["8.8.8.8", "8.8.8.8", "10.0.0.1"] {
        send(&standin, get(Provider::AbuseIpDb, &format!("/api/v2/check?ipAddress={address}"))).await;
    }
    let url = "/api/v1/indicators/url/http%3A%2F%2Fbad.example%2Fx/general";
    assert_eq!(send(&standin, get(Provider::Otx, url)).await.0.status, 503);
    send(&standin, form("/v1/host/", "host=bad.example")).await;
    // Refused and dead ones were told all the same.
    let asked = standin.lookups(Provider::AbuseIpDb).indicators;
    assert_eq!((asked["8.8.8.8"], asked["10.0.0.1"], asked.len()), (2, 1, 2));
    assert!(standin.lookups(Provider::GreyNoise).indicators.is_empty());
    let (_, all) = send(&standin, Request::get("http://s/__standin/lookups")).await;
    assert_eq!(all["otx"]["indicators"], json!({"http://bad.example/x": 1}));
    assert_eq!(all["urlhaus"]["indicators"], json!({"bad.example": 1}));
    assert_eq!(all.get("greynoise"), None);
}

#[tokio::test(start_paused = true)]
async fn services_are_slow_fail_hang_and_answer_garbage_like_everybody() {
    let calls = [
        get(Provider::AbuseIpDb, "/api/v2/check?ipAddress=1.1.1.1"),
        get(Provider::VirusTotal, "/api/v3/domains/a.example"),
        get(Provider::Otx, "/api/v1/indicators/IPv4/1.1.1.1/general"),
        get(Provider::GreyNoise, "/v3/community/1.1.1.1"),
        form("/v1/host/", "host=bad.example"),
        search(&json!({"query": "search_ioc", "search_term": "1.1.1.1"})),
    ];
    for call in calls {
        let slow = standin("[behaviour]\nlatency_ms = [700, 700]");
        let start = tokio::time::Instant::now();
        assert!(send(&slow, call.clone()).await.0.status < 500);
        assert_eq!(start.elapsed().as_millis(), 700);
        let failing = standin("[behaviour]\nserver_errors = 1.0");
        assert!(send(&failing, call.clone()).await.0.status >= 500);
        let hanging = standin("[behaviour]\nhangs = 1.0");
        assert!(hanging.send(call.clone().timeout(Duration::from_secs(9))).await.is_err());
        for kind in ["html", "prose", "truncated_json", "wrong_ids"] {
            let garbage = standin(&format!("[behaviour]\ngarbage = 1.0\ngarbage_kinds = [\"{kind}\"]"));
            let (_, body) = send(&garbage, call.clone()).await;
            assert!(body.is_null() || body == json!({}), "{kind}: {body}");
        }
        let dead = standin("[behaviour]\ndead_for_ms = 60000");
        assert!(send(&dead, call.clone()).await.0.status >= 500);
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(send(&dead, call).await.0.status < 500);
    }
}

#[tokio::test(start_paused = true)]
async fn greynoise_knows_nothing_of_private_addresses() {
    let standin = standin("");
    let (response, body) = send(&standin, get(Provider::GreyNoise, "/v3/community/10.0.0.1")).await;
    assert_eq!((response.status, body["message"].as_str().unwrap().contains("routable")), (400, true));
    assert_eq!(standin.tally().providers[&Provider::GreyNoise].private_lookups, 1);
}
