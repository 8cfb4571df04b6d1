//! The intelligence services: their answers, complaints and limits.

use super::{get, send, standin, with_key};
use crate::Provider;
use serde_json::{Value, json};
use watchfire_http::Request;

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
