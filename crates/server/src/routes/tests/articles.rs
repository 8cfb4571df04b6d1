//! Lists of articles, one of them, and where they are about.

use super::json;
use super::newsroom::{HOSTILE, LIST, ids, newsroom};
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[tokio::test]
async fn a_list_by_relevance_gives_reasons_and_its_pages_lose_and_repeat_nothing() {
    let (bed, _) = newsroom(&[], 40);
    bed.ana().await;
    let whole = bed.get(&format!("{LIST}?user=ana&limit=200")).await;
    let items = whole["items"].as_array().unwrap();
    assert_eq!((items.len(), &whole["next"]), (40, &Value::Null));
    let first = &items[0];
    assert!(first["title"].as_str().unwrap().starts_with("Fortinet"), "{first}");
    assert!(first["reasons"].as_array().unwrap().iter().any(|reason| reason["what"] == "vendor"), "{first}");
    assert_eq!((&first["state"], &first["feed"]["title"]), (&"new".into(), &"News".into()));
    assert_eq!(first["places"][0]["country"], "UA", "{first}");
    assert!(first["entities"].as_array().unwrap().iter().any(|entity| entity["kind"] == "cve"), "{first}");
    let scores: Vec<u64> = items.iter().map(|item| item["score"].as_u64().unwrap()).collect();
    assert!(scores.is_sorted_by(|one, next| one >= next), "{scores:?}");
    for sort in ["relevance", "severity", "published"] {
        for limit in [1, 7, 40] {
            let items = bed.all(&format!("user=ana&sort={sort}&limit={limit}")).await;
            assert_eq!((items.len(), ids(&items).len()), (40, 40), "{sort} {limit}");
        }
    }
    let cves = bed.all("user=ana&entity=cve:cve-2024-4007").await;
    assert_eq!(cves.len(), 1, "a value is found in whatever case");
    assert_eq!(bed.all("country=ua&sort=published").await.len(), 40);
    assert_eq!(bed.all("country=DE&sort=published").await.len(), 0);
}

#[tokio::test]
async fn what_a_user_does_is_seen_by_the_next_list() {
    let (bed, _) = newsroom(&[], 12);
    bed.ana().await;
    let first =
        bed.get(&format!("{LIST}?user=ana&limit=1")).await["items"][0]["id"].as_str().unwrap().to_owned();
    let act = async |action: &str| {
        let path = format!("/api/v1/articles/{first}/action");
        bed.told("POST", &path, &json!({ "user": "ana", "action": action })).await.0
    };
    let state = async |query: &str| {
        let items = bed.all(&format!("user=ana&{query}")).await;
        items.iter().find(|item| item["id"] == first.as_str()).map(|item| item["state"].clone())
    };
    assert_eq!(act("opened").await, 204);
    assert_eq!(state("").await, Some("opened".into()));
    assert_eq!(act("dismissed").await, 204);
    assert_eq!(state("").await, None, "it is hidden if nothing else is said");
    assert_eq!(state("dismissed=show").await, Some("dismissed".into()));
    for query in ["", "&limit=1", "&sort=published", "&sort=severity"] {
        let only = bed.all(&format!("user=ana&dismissed=only{query}")).await;
        assert_eq!(ids(&only), BTreeSet::from([first.clone()]), "{query}");
    }
    assert!(bed.all("dismissed=only&sort=published").await.is_empty(), "nobody dismissed nothing");
    assert_eq!(act("none").await, 204);
    assert_eq!(state("").await, Some("new".into()));
    assert_eq!(
        bed.told("POST", "/api/v1/articles/999/action", &json!({"user": "ana", "action": "none"})).await.0,
        404
    );
    assert_eq!(
        bed.told("POST", "/api/v1/articles/1/action", &json!({"user": "bob", "action": "none"})).await.0,
        404
    );
}

#[tokio::test]
async fn only_the_fields_that_are_asked_for_are_told() {
    let (bed, _) = newsroom(&[], 3);
    let page = bed.get(&format!("{LIST}?fields=title,state")).await;
    let names: Vec<_> = page["items"][0].as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["id", "state", "title"]);
    let whole = bed.get(LIST).await;
    assert_eq!(whole["items"][0]["score"], Value::Null, "nobody reads");
    assert!(whole["items"][0].as_object().unwrap().len() == 14, "{whole}");
    let (status, problem) = bed.told("GET", &format!("{LIST}?fields=title,colour"), &Value::Null).await;
    assert!(status == 400 && problem["detail"].as_str().unwrap().contains("colour"), "{problem}");
}

#[tokio::test]
async fn a_hostile_title_is_text_and_nothing_else() {
    let (bed, _) = newsroom(&[], 2);
    let answer = bed.ask("GET", &format!("{LIST}?sort=published"), &[], "").await;
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    let page = json(answer).await;
    let hostile = &page["items"][0];
    assert_eq!(hostile["title"], HOSTILE);
    let detail = bed.get(&format!("/api/v1/articles/{}", hostile["id"].as_str().unwrap())).await;
    assert_eq!(detail["title"], HOSTILE);
    assert_eq!(detail["text"], "CVE-2024-4001 in Kyiv, Ukraine.");
    let quiet = bed.get(&format!("/api/v1/articles/{}", page["items"][1]["id"].as_str().unwrap())).await;
    assert!(
        quiet["severity_reasons"].as_array().unwrap().iter().any(|reason| reason["why"] != ""),
        "{quiet}"
    );
}

#[tokio::test]
async fn a_map_has_each_place_once() {
    let (bed, _) = newsroom(&[], 9);
    let map = bed.get("/api/v1/articles/map").await;
    let places = map["places"].as_array().unwrap();
    let kyiv: Vec<_> =
        places.iter().filter(|place| (place["latitude"].as_f64().unwrap() - 50.45).abs() < 0.1).collect();
    let [kyiv] = kyiv[..] else { panic!("{map}") };
    assert_eq!((&kyiv["articles"], &kyiv["country"]), (&9.into(), &"UA".into()), "{map}");
    assert!(["high", "critical"].contains(&kyiv["severity"].as_str().unwrap()), "the worst of them: {map}");
    assert_eq!(map["more"], false);
    let statistics = bed.get("/api/v1/articles/statistics").await;
    assert_eq!((&statistics["articles"], &statistics["feeds"]["total"]), (&9.into(), &1.into()));
    assert_eq!((&statistics["locations"], &statistics["cache"]["misses"]), (&Value::Null, &1.into()));
}

#[tokio::test]
async fn what_articles_are_asked_with_has_bounds_and_errors_are_problems_with_a_hint() {
    let (bed, _) = newsroom(&[], 1);
    let long = "x".repeat(129);
    for (path, status) in [
        (format!("{LIST}?limit=0"), 400),
        (format!("{LIST}?limit=201"), 400),
        (format!("{LIST}?min_score=1001"), 400),
        (format!("{LIST}?min_severity=awful"), 400),
        (format!("{LIST}?sort=colour"), 400),
        (format!("{LIST}?sort=relevance"), 400),
        (format!("{LIST}?dismissed=maybe"), 400),
        (format!("{LIST}?entity=cve"), 400),
        (format!("{LIST}?country=Ukraine"), 400),
        (format!("{LIST}?since=yesterday"), 400),
        (format!("{LIST}?feed=-1"), 400),
        (format!("{LIST}?cursor=1.2"), 400),
        (format!("{LIST}?user={long}"), 400),
        (format!("{LIST}?colour=red"), 400),
        ("/api/v1/articles/map?limit=1".to_owned(), 400),
        ("/api/v1/articles/0".to_owned(), 404),
        ("/api/v1/articles/01".to_owned(), 404),
        ("/api/v1/articles/99999999999999999999".to_owned(), 404),
        ("/api/v1/articles/x".to_owned(), 404),
        ("/api/v1/relevance/7".to_owned(), 404),
        (format!("{LIST}?cursor=ffffffffffffffff.7fffffffffffffff.0&feed=9223372036854775807&since="), 200),
    ] {
        let answer = bed.ask("GET", &path, &[], "").await;
        assert_eq!(answer.status().as_u16(), status, "{path}");
        if status != 200 {
            assert_eq!(answer.headers()["content-type"], "application/problem+json", "{path}");
            assert!(!json(answer).await["hint"].as_str().unwrap().is_empty(), "{path}");
        }
    }
}
