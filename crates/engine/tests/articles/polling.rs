//! Feeds are asked when it is time, once at a time, and what came of it outlives the process.

use crate::world::{World, paused};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use watchfire_engine::articles::{ArticleService, FeedSettings, FeedState};
use watchfire_feeds::fetch::{FetchSettings, Fetcher};
use watchfire_http::{Answer, Http, Request, Response};
use watchfire_store::articles::FeedId;

/// What a page answers: status, headers, body, and after how long.
type Page = (u16, Vec<(&'static str, String)>, String, Duration);

/// A web in memory.
#[derive(Default)]
struct Web {
    pages: Mutex<HashMap<String, Page>>,
    asked: Mutex<Vec<(Duration, String, bool)>>,
    started: Mutex<Option<Instant>>,
}

impl Web {
    fn put(&self, url: &str, status: u16, headers: &[(&'static str, &str)], body: &str) {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.pages.lock().unwrap().insert(url.to_owned(), (status, headers, body.to_owned(), Duration::ZERO));
    }

    fn slow(&self, url: &str, wait: Duration) {
        self.pages.lock().unwrap().get_mut(url).unwrap().3 = wait;
    }

    /// When this was asked for, and whether on a condition.
    fn asked(&self, url: &str) -> Vec<(Duration, bool)> {
        let asked = self.asked.lock().unwrap();
        asked
            .iter()
            .filter(|(_, known, _)| known == url)
            .map(|(at, _, conditional)| (*at, *conditional))
            .collect()
    }
}

impl Http for Web {
    fn send(&self, request: Request) -> Answer<'_> {
        let header =
            |name| request.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        let condition = header("if-none-match");
        let at = self.started.lock().unwrap().get_or_insert_with(Instant::now).elapsed();
        self.asked.lock().unwrap().push((at, request.url.clone(), condition.is_some()));
        let page = self.pages.lock().unwrap().get(&request.url).cloned();
        Box::pin(async move {
            let (status, headers, body, wait) =
                page.unwrap_or((404, Vec::new(), String::new(), Duration::ZERO));
            sleep(wait).await;
            let tag = headers.iter().find(|(name, _)| *name == "etag").map(|(_, value)| value.clone());
            let is_same = tag.is_some() && tag == condition;
            let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            let (status, body) = if is_same { (304, String::new()) } else { (status, body) };
            Ok(Response { status, headers, body: body.into() })
        })
    }
}

fn rss(titles: &[&str]) -> String {
    let item = |title: &&str| {
        format!("<item><guid>{title}</guid><title>{title}</title><description>x</description></item>")
    };
    let items: String = titles.iter().map(item).collect();
    format!("<rss version=\"2.0\"><channel><title>A feed</title>{items}</channel></rss>")
}

fn service(world: &World, web: &Arc<Web>) -> ArticleService {
    web.started.lock().unwrap().get_or_insert_with(Instant::now);
    let settings = FetchSettings { robots: false, host_pause: Duration::ZERO, ..FetchSettings::default() };
    let http: Arc<dyn Http> = Arc::clone(web) as _;
    world.fetching(Fetcher::over(Arc::clone(&http), http, settings, Arc::clone(&world.clock)))
}

fn add(service: &ArticleService, url: &str) -> FeedId {
    service.add_feed(url, "", "", &FeedSettings::default()).unwrap().0
}

fn state(service: &ArticleService, id: FeedId) -> FeedState {
    service.feed(id).unwrap().unwrap()
}

async fn poll_for(service: &ArticleService, time: Duration) {
    tokio::select! {
        () = service.poll_feeds() => {}
        () = sleep(time) => {}
    }
}

const URL: &str = "https://one.example/feed";

#[test]
fn feeds_are_asked_when_they_are_due_and_on_a_condition_and_only_what_is_new_is_taken() {
    paused(async {
        let (world, web) = (World::new(), Arc::new(Web::default()));
        let service = service(&world, &web);
        web.put(URL, 200, &[("etag", "\"1\"")], &rss(&["one", "two"]));
        let id = add(&service, URL);
        poll_for(&service, Duration::from_hours(12)).await;
        let first = state(&service, id);
        assert_eq!(
            (first.row.articles, first.row.status, first.row.title.as_str()),
            (2, Some(304), "A feed")
        );
        let asked = web.asked(URL);
        assert!(asked.len() > 3 && asked.iter().skip(1).all(|(_, conditional)| *conditional), "{asked:?}");
        assert!(asked.windows(2).all(|two| two[1].0 >= two[0].0 + Duration::from_mins(14)), "{asked:?}");
        web.put(URL, 200, &[("etag", "\"2\"")], &rss(&["zero", "one", "two"]));
        poll_for(&service, Duration::from_hours(48)).await;
        assert_eq!((world.articles().len(), state(&service, id).row.problem.as_str()), (3, ""));
        // A feed that is added is asked at once, while others wait.
        let other = "https://two.example/feed";
        web.put(other, 200, &[], &rss(&["three"]));
        let adding = async {
            sleep(Duration::from_secs(7)).await;
            add(&service, other);
            sleep(Duration::from_secs(1)).await;
            assert_eq!(web.asked(other).len(), 1);
        };
        tokio::select! {
            () = service.poll_feeds() => {}
            () = adding => {}
        }
    });
}

#[test]
fn what_moved_is_remembered_what_is_gone_is_left_alone_and_what_is_no_feed_is_said_so() {
    paused(async {
        let (world, web) = (World::new(), Arc::new(Web::default()));
        let service = service(&world, &web);
        let at = |name: &str| format!("https://{name}.example/feed");
        web.put(&at("moved"), 301, &[("location", "https://new.example/feed")], "");
        web.put(&at("new"), 200, &[], &rss(&["one"]));
        web.put(&at("sold"), 301, &[("location", "https://page.example/feed")], "");
        web.put(
            &at("page"),
            200,
            &[("content-type", "text/html")],
            "<!DOCTYPE html><html><body>Buy this domain</body></html>",
        );
        web.put(&at("gone"), 410, &[], "");
        web.put(&at("broken"), 500, &[], "");
        let [moved, sold, gone, broken] =
            ["moved", "sold", "gone", "broken"].map(|name| add(&service, &at(name)));
        poll_for(&service, Duration::from_hours(24 * 7)).await;
        assert_eq!((state(&service, moved).row.url, world.articles().len()), (at("new"), 1));
        assert_eq!(web.asked(&at("moved")).len(), 1);
        let sold = state(&service, sold);
        assert_eq!(sold.row.url, at("sold"), "a page for sale is not where the feed is from now on");
        assert!(sold.row.problem.contains("web page") && sold.failures > 1, "{}", sold.row.problem);
        assert!((2..40).contains(&web.asked(&at("page")).len()), "{}", web.asked(&at("page")).len());
        let gone = state(&service, gone);
        assert_eq!((web.asked(&at("gone")).len(), gone.next), (1, None));
        let asked = web.asked(&at("broken")).len();
        assert!(asked < 30 && state(&service, broken).row.failures == asked as u64, "{asked}");
        assert!(service.failed_polls() > 4);
    });
}

#[test]
fn a_feed_that_is_being_asked_is_not_asked_a_second_time_and_holds_up_no_other() {
    paused(async {
        let (world, web) = (World::new(), Arc::new(Web::default()));
        let service = service(&world, &web);
        web.put(URL, 200, &[], &rss(&["one"]));
        web.slow(URL, Duration::from_secs(25));
        let slow = add(&service, URL);
        let others: Vec<String> = (0..30).map(|number| format!("https://h{number}.example/feed")).collect();
        let impatient = async {
            for _ in 0..20 {
                sleep(Duration::from_secs(1)).await;
                assert!(service.ask_soon(slow).unwrap());
            }
            for other in &others {
                web.put(other, 200, &[], &rss(&["two"]));
                add(&service, other);
            }
            sleep(Duration::from_secs(1)).await;
            assert!(others.iter().all(|other| web.asked(other).len() == 1));
            assert_eq!(web.asked(URL).len(), 1);
            sleep(Duration::from_secs(60)).await;
        };
        tokio::select! {
            () = service.poll_feeds() => {}
            () = impatient => {}
        }
        assert!(web.asked(URL).len() <= 2, "{:?}", web.asked(URL));
    });
}

#[test]
fn the_schedule_outlives_the_process_and_what_was_missed_is_asked_for_without_a_rush() {
    paused(async {
        let (world, web) = (World::new(), Arc::new(Web::default()));
        let urls: Vec<String> = (0..20).map(|number| format!("https://h{number}.example/feed")).collect();
        let first = service(&world, &web);
        for url in &urls {
            web.put(url, 200, &[("etag", "\"1\"")], &rss(&["one", "two"]));
            add(&first, url);
        }
        poll_for(&first, Duration::from_hours(5)).await;
        let before: Vec<_> =
            first.feeds().unwrap().into_iter().map(|feed| (feed.next, feed.interval)).collect();
        drop(first);
        let second = service(&world, &web);
        let after: Vec<_> =
            second.feeds().unwrap().into_iter().map(|feed| (feed.next, feed.interval)).collect();
        assert_eq!(after, before);
        let asked = || urls.iter().map(|url| web.asked(url).len()).sum::<usize>();
        // Nothing is due at once that was asked a moment ago.
        let due = before.iter().filter(|(next, _)| next.unwrap() <= world.now() + 1_000).count();
        let had = asked();
        poll_for(&second, Duration::from_secs(1)).await;
        assert_eq!(asked() - had, due);
        drop(second);
        // After a week's rest all are overdue; they come over a quarter of an hour, and the conditions still hold.
        sleep(Duration::from_hours(24 * 7)).await;
        let third = service(&world, &web);
        let (had, restarted) = (asked(), web.started.lock().unwrap().unwrap().elapsed());
        poll_for(&third, Duration::from_secs(60)).await;
        assert!(asked() - had < 8, "{} of 20 in the first minute", asked() - had);
        poll_for(&third, Duration::from_mins(31)).await;
        for url in &urls {
            let last = web.asked(url).last().copied().unwrap();
            assert!(last.1 && last.0 > restarted, "{last:?}");
        }
    });
}
