//! One cache for several workers.

use super::link::{Link, Way};
use super::server::{Server, settings};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use watchfire_flow::Fresh;
use watchfire_shared::{RedisSettings, SharedCache, SharedCacheSettings};

const LONG: Duration = Duration::from_secs(30);
const TTL: Duration = Duration::from_secs(600);

type Cache = SharedCache<u32, String>;

async fn cache(settings: &RedisSettings, name: &str) -> Arc<Cache> {
    let bounds = SharedCacheSettings { lease: Duration::from_secs(1), ..SharedCacheSettings::default() };
    let cache = Cache::start(settings, name, bounds).unwrap();
    timeout(LONG, cache.connected()).await.unwrap();
    Arc::new(cache)
}

async fn get(cache: &Cache, key: &str, value: u32) -> u32 {
    cache.get(key, || async { Ok(Fresh::new(value, TTL)) }).await.unwrap()
}

/// Waits until a worker sees this value; another one it would load is none.
async fn sees(cache: &Cache, key: &str, value: u32) {
    let seen = async {
        while get(cache, key, 0).await != value {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(LONG, seen).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_is_loaded_once_however_many_tasks_of_however_many_workers_want_it() {
    let Some(server) = Server::start().await else { return };
    let caches = [cache(&server.settings(), "once").await, cache(&server.settings(), "once").await];
    let loads = Arc::new(AtomicU32::new(0));
    let mut tasks = JoinSet::new();
    for task in 0..40 {
        let (cache, loads) = (Arc::clone(&caches[task % 2]), Arc::clone(&loads));
        tasks.spawn(async move {
            let load = || async {
                loads.fetch_add(1, Ordering::Relaxed);
                sleep(Duration::from_millis(200)).await;
                Ok(Fresh::new(7, TTL))
            };
            cache.get("any { text }", load).await.unwrap()
        });
    }
    let values = timeout(LONG, tasks.join_all()).await.unwrap();
    assert!(values.iter().all(|&value| value == 7));
    assert_eq!(loads.load(Ordering::Relaxed), 1);
    // From then on it is at hand.
    let before = caches[0].statistics().hits;
    get(&caches[0], "any { text }", 1).await;
    assert_eq!(caches[0].statistics().hits, before + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_forgets_all_forget_and_what_was_being_loaded_is_not_kept() {
    let Some(server) = Server::start().await else { return };
    let (one, two) = (cache(&server.settings(), "forget").await, cache(&server.settings(), "forget").await);
    assert_eq!(get(&one, "key", 1).await, 1);
    assert_eq!(get(&two, "key", 9).await, 1);
    two.forget("key").await.unwrap();
    assert_eq!(get(&two, "key", 2).await, 2);
    sees(&one, "key", 2).await;
    // A load that began before something was forgotten may have seen what was before.
    let slow = {
        let one = Arc::clone(&one);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let load = || async {
                sleep(Duration::from_millis(500)).await;
                Ok(Fresh::new(3, TTL))
            };
            one.get("other", load).await.unwrap()
        });
        task
    };
    sleep(Duration::from_millis(200)).await;
    two.forget("other").await.unwrap();
    assert_eq!(slow.join_all().await, [3], "who waited for it has it");
    assert_eq!(get(&two, "other", 4).await, 4);
    sees(&one, "other", 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_loads_and_dies_or_fails_holds_nobody_up_for_long() {
    let Some(server) = Server::start().await else { return };
    let (one, two) = (cache(&server.settings(), "dies").await, cache(&server.settings(), "dies").await);
    let never = one.get("key", || async {
        sleep(LONG).await;
        Ok(Fresh::new(1, TTL))
    });
    assert!(timeout(Duration::from_millis(200), never).await.is_err());
    drop(one);
    assert_eq!(timeout(LONG, get(&two, "key", 2)).await.unwrap(), 2);
    let three = cache(&server.settings(), "dies").await;
    let failed: Result<u32, String> = two.get("bad", || async { Err("no answer".to_owned()) }).await;
    assert_eq!(failed.unwrap_err(), "no answer");
    let began = Instant::now();
    assert_eq!(get(&three, "bad", 5).await, 5, "an error is not kept");
    assert!(began.elapsed() < LONG);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_server_each_loads_for_itself_and_copies_end_when_it_is_back() {
    let Some(server) = Server::start().await else { return };
    let link = Link::to(server.port).await;
    let near = cache(&settings(link.url.clone()), "away").await;
    let other = cache(&server.settings(), "away").await;
    assert_eq!(get(&near, "key", 1).await, 1);
    link.set(Way::Cut);
    assert_eq!(get(&near, "key", 2).await, 1, "the copy is there");
    other.forget("key").await.unwrap();
    assert_eq!(get(&other, "key", 3).await, 3);
    let loaded = timeout(LONG, get(&near, "new", 6)).await.unwrap();
    assert_eq!(loaded, 6);
    link.set(Way::Open(Duration::ZERO));
    // What was forgotten meanwhile was not heard of.
    sees(&near, "key", 3).await;
}
