//! Where redirects may lead, and which of them are remembered.

use super::server::{Asked, Reply, Server, answer};
use super::{fetch, fetcher, settings};
use crate::fetch::{Exchange, Failure, Outcome, Refusal, Source};
use watchfire_http::{Reach, Response};

/// `/a/301/302/end` answers 301 to `/a/302/end`, and so on.
fn chain(asked: &Asked) -> Reply {
    let mut parts = asked.path.trim_start_matches("/a/").splitn(2, '/');
    match (parts.next().and_then(|status| status.parse().ok()), parts.next()) {
        (Some(status), Some(rest)) => answer(status, &format!("location: /a/{rest}"), ""),
        (Some(status), None) => answer(status, "", ""),
        _ => answer(200, "", "<rss/>"),
    }
}

#[tokio::test]
async fn a_move_is_remembered_only_if_it_is_permanent_all_the_way_and_leads_somewhere() {
    let server = Server::start(chain).await;
    let end = server.url("/a/end");
    for (path, moved) in [
        ("/a/end", false),
        ("/a/301/end", true),
        ("/a/308/end", true),
        ("/a/301/308/301/end", true),
        ("/a/302/end", false),
        ("/a/303/end", false),
        ("/a/307/end", false),
        ("/a/301/302/end", false),
        ("/a/302/301/end", false),
    ] {
        let fetched = fetch(&server.url(path)).await;
        assert_eq!(fetched.moved_to.as_deref(), moved.then_some(&*end), "{path}");
        let Outcome::New(document) = fetched.outcome else { panic!("{path}") };
        assert_eq!(document.final_url, end);
    }
    let lost = fetch(&server.url("/a/301/404")).await;
    assert!(lost.moved_to.is_none() && matches!(lost.outcome, Outcome::Failed(Failure::Status(404))));
}

#[tokio::test]
async fn gone_is_believed_of_where_the_feed_is_and_not_of_where_it_leads_for_now() {
    let server = Server::start(chain).await;
    for (path, gone) in [("/a/410", true), ("/a/301/410", true), ("/a/302/410", false)] {
        let fetched = fetch(&server.url(path)).await;
        assert_eq!(matches!(fetched.outcome, Outcome::Gone), gone, "{path}: {fetched:?}");
    }
}

#[tokio::test]
async fn a_chain_without_end_is_left_after_five_hops() {
    let server = Server::start(|asked| answer(302, &format!("location: {}x", asked.path), "")).await;
    let fetched = fetch(&server.url("/")).await;
    assert!(matches!(fetched.outcome, Outcome::Refused(Refusal::TooManyRedirects(5))), "{fetched:?}");
    assert_eq!(server.asked().len(), 6);
}

#[tokio::test]
async fn a_feed_that_may_be_private_leads_to_nobody_else_who_is() {
    let other = Server::at("127.0.0.2:0", |_| answer(200, "", "secret")).await;
    let port = other.port;
    for to in [
        format!("http://127.0.0.2:{port}/"),
        format!("http://localhost:{port}/"),
        format!("//[::1]:{port}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "file:///etc/passwd".to_owned(),
        format!("http://user:key@127.0.0.1:{port}/"),
    ] {
        let location = format!("location: {to}");
        let server = Server::start(move |_| answer(301, &location, "")).await;
        let fetched = fetch(&server.url("/")).await;
        assert!(matches!(fetched.outcome, Outcome::Refused(Refusal::Address { .. })), "{to}: {fetched:?}");
    }
    assert!(other.asked().is_empty());
}

#[tokio::test]
async fn an_authorisation_stays_with_the_scheme_host_and_port_that_it_is_for() {
    let other = Server::start(|_| answer(200, "", "<rss/>")).await;
    let away = format!("location: {}", other.url("/elsewhere"));
    let server = Server::start(move |asked| match asked.path.as_str() {
        "/first" => answer(302, "location: /second", ""),
        _ => answer(302, &away, ""),
    })
    .await;
    let mut source = Source::feed(server.url("/first")).private();
    source.authorization = Some("Bearer key".to_owned());
    fetcher(settings()).fetch(&source).await;
    let carries = |asked: &Asked| asked.head.contains("authorization: bearer key");
    assert_eq!(server.asked().iter().map(carries).collect::<Vec<_>>(), [true, true]);
    assert_eq!(other.asked().iter().map(carries).collect::<Vec<_>>(), [false]);
    assert_eq!(format!("{source:?}").find("key"), None);
}

fn redirect(to: &str) -> Response {
    let headers = vec![("location".to_owned(), to.to_owned())];
    Response { status: 301, headers, body: bytes::Bytes::new() }
}

#[test]
fn protection_is_given_up_only_where_that_is_allowed() {
    let settings = settings();
    let mut source = Source::feed("https://feed.example/rss?key=secret#part");
    let mut exchange = Exchange::new(&source, &settings).unwrap();
    assert_eq!(exchange.ask().unwrap().request.url, "https://feed.example/rss?key=secret");
    let fetched = exchange.answered(0, Ok(redirect("http://feed.example/rss?key=secret"))).unwrap();
    let Outcome::Refused(refusal @ Refusal::Downgrade(_)) = fetched.outcome else { panic!() };
    assert!(!refusal.to_string().contains("secret"), "{refusal}");

    source.allow_downgrade = true;
    let mut exchange = Exchange::new(&source, &settings).unwrap();
    assert!(exchange.answered(0, Ok(redirect("http://feed.example/rss"))).is_none());
    let ask = exchange.ask().unwrap();
    assert_eq!((ask.request.url.as_str(), ask.reach), ("http://feed.example/rss", Reach::PublicWeb));
}

#[test]
fn a_redirect_that_leads_nowhere_fails_and_one_that_is_too_long_is_refused() {
    let (settings, source) = (settings(), Source::feed("https://feed.example/rss"));
    let outcome = |to: &str| {
        let mut exchange = Exchange::new(&source, &settings).unwrap();
        exchange.answered(0, Ok(redirect(to))).unwrap().outcome
    };
    assert!(matches!(outcome(""), Outcome::Failed(Failure::Nowhere(301))));
    assert!(matches!(outcome("https://["), Outcome::Failed(Failure::Nowhere(301))));
    assert!(matches!(outcome(&format!("/{}", "a".repeat(9000))), Outcome::Refused(Refusal::LongAddress(_))));
}

#[test]
fn an_article_is_private_only_where_its_feed_is() {
    let mut feed = Source::feed("http://10.0.0.5/feed").private();
    feed.authorization = Some("Bearer key".to_owned());
    let at = |url: &str| {
        let article = Source::article(url, &feed);
        (article.allow_private, article.authorization.is_some())
    };
    assert_eq!(at("http://10.0.0.5/article"), (true, true));
    assert_eq!(at("https://10.0.0.5/article"), (true, false));
    assert_eq!(at("http://10.0.0.6/article"), (false, false));
    assert_eq!(at("no address"), (false, false));
}
