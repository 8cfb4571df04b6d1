//! A write is seen by the next read, always: whatever is written in whatever order, and by several at once.

use crate::readers::{news, profile};
use crate::world::{World, feed_of, paused};
use proptest::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::sleep;
use watchfire_engine::articles::{Act, ArticleService};
use watchfire_store::articles::{ArticleOrder, ArticleQuery, Columns, FeedRow, UserId};

const USERS: [&str; 2] = ["ann", "bob"];

#[derive(Debug, Clone)]
enum Step {
    /// So many articles from this number on, of one of two feeds. Some of them came before.
    Take(usize, usize, usize),
    Act(usize, usize, u8),
    Profile(usize, usize),
    Calculate(usize),
    /// Time passes, in seconds; values become too old.
    Pass(u64),
    RemoveProfile(usize),
    RemoveFeed,
    /// Nobody does anything: what is listed comes out of the cache.
    Nothing,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_usize..30, 1_usize..6, 0_usize..2).prop_map(|(from, count, feed)| Step::Take(from, count, feed)),
        4 => (0_usize..2, 0_usize..40, 0_u8..3).prop_map(|(user, article, act)| Step::Act(user, article, act)),
        2 => (0_usize..2, 0_usize..3).prop_map(|(user, variant)| Step::Profile(user, variant)),
        2 => (0_usize..2).prop_map(Step::Calculate),
        1 => (1_u64..400).prop_map(Step::Pass),
        1 => (0_usize..2).prop_map(Step::RemoveProfile),
        1 => Just(Step::RemoveFeed),
        2 => Just(Step::Nothing),
    ]
}

/// Lists of all kinds: of everybody and of readers, who may be gone.
fn queries(users: &[Option<UserId>]) -> Vec<ArticleQuery> {
    let all = ArticleQuery { columns: Columns::ALL, limit: 50, ..ArticleQuery::default() };
    let mut queries = vec![
        all.clone(),
        ArticleQuery { order: ArticleOrder::Severity, min_severity: 3, ..all.clone() },
        ArticleQuery { country: Some("PL".to_owned()), ..all.clone() },
        ArticleQuery { limit: 3, ..all.clone() },
    ];
    for user in users.iter().flatten() {
        queries.push(ArticleQuery {
            order: ArticleOrder::Relevance(*user),
            hide_dismissed: true,
            ..all.clone()
        });
        queries.push(ArticleQuery { reader: Some(*user), ..all.clone() });
        queries.push(ArticleQuery {
            reader: Some(*user),
            min_score: 100,
            hide_dismissed: true,
            ..all.clone()
        });
    }
    queries
}

struct Desk {
    service: ArticleService,
    world: World,
    feeds: [FeedRow; 2],
    users: [Option<UserId>; 2],
}

impl Desk {
    fn new() -> Self {
        let world = World::new();
        let service = world.embedded();
        let feeds = ["https://one.example/", "https://two.example/"].map(|url| feed_of(&service, url));
        Self { service, world, feeds, users: [None; 2] }
    }

    async fn take(&mut self, step: &Step) {
        let service = &self.service;
        match *step {
            Step::Take(from, count, feed) => {
                service.take_in(&self.feeds[feed], &news(from..from + count), 100).unwrap();
            }
            Step::Act(user, article, act) => {
                let act = [Act::Open, Act::Dismiss, Act::TakeBack][usize::from(act)];
                let articles = self.world.articles();
                if let Some(id) = articles.get(article % articles.len().max(1)) {
                    // Nobody may have this name now.
                    drop(service.act(USERS[user], *id, act));
                }
            }
            Step::Profile(user, variant) => {
                let words = [&["SCADA"][..], &["Rotterdam", "Phishing"], &[]][variant];
                let regions = [&[][..], &["PL"], &["ES"]][variant];
                self.users[user] =
                    Some(service.put_profile(&profile(USERS[user], words, regions)).unwrap().id);
            }
            Step::Calculate(user) => {
                if let Ok(queued) = service.calculate(USERS[user], 0) {
                    let done = async {
                        while service.jobs() != (0, 0) {
                            sleep(Duration::from_millis(1)).await;
                        }
                    };
                    tokio::select! {
                        () = done => {}
                        () = service.calculate_queued() => {}
                    }
                    assert!(service.job(queued.job).is_some());
                }
            }
            Step::Pass(seconds) => sleep(Duration::from_secs(seconds)).await,
            Step::RemoveProfile(user) => drop(service.remove_profile(USERS[user])),
            Step::RemoveFeed => {
                service.remove_feed(self.feeds[1].id).unwrap();
                self.feeds[1] = feed_of(service, "https://two.example/");
            }
            Step::Nothing => {}
        }
    }

    async fn lists_are_the_stores(&self) -> Result<(), TestCaseError> {
        for query in queries(&self.users) {
            let listed = self.service.list(query.clone()).await.unwrap();
            let stored = self.world.store.articles().list(&query).unwrap();
            prop_assert_eq!(&*listed, &stored, "{:?}", query);
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_written_the_next_list_is_what_the_store_has(steps in proptest::collection::vec(step(), 1..40)) {
        paused(async {
            let mut desk = Desk::new();
            for user in 0..2 {
                desk.take(&Step::Profile(user, 0)).await;
            }
            for step in &steps {
                desk.take(step).await;
                desk.lists_are_the_stores().await?;
            }
            // They did come out of the cache.
            let statistics = desk.service.list_statistics();
            if steps.iter().skip(1).any(|step| matches!(step, Step::Nothing)) {
                prop_assert!(statistics.hits > 0, "{statistics:?}");
            }
            Ok(())
        })?;
    }
}

#[test]
fn what_one_thread_has_written_another_reads() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let desk = runtime.block_on(async { Desk::new() });
    let user = desk.service.put_profile(&profile("ann", &["SCADA"], &[])).unwrap().id;
    let (taken, dismissed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let count = 300;
    let (all, mine) = {
        let all = ArticleQuery { limit: 500, ..ArticleQuery::default() };
        let mine = ArticleQuery { order: ArticleOrder::Relevance(user), hide_dismissed: true, ..all.clone() };
        (all, mine)
    };
    std::thread::scope(|threads| {
        threads.spawn(|| {
            for (number, entry) in news(0..count).iter().enumerate() {
                desk.service.take_in(&desk.feeds[0], std::slice::from_ref(entry), 1).unwrap();
                taken.store(number + 1, Ordering::SeqCst);
                if number % 3 == 0 {
                    let last = *desk.world.articles().last().unwrap();
                    desk.service.act("ann", last, Act::Dismiss).unwrap();
                    dismissed.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        for _ in 0..2 {
            threads.spawn(|| {
                while taken.load(Ordering::SeqCst) < count {
                    let least = taken.load(Ordering::SeqCst);
                    let page = runtime.block_on(desk.service.list(all.clone())).unwrap();
                    assert!(page.articles.len() >= least, "{} of {least}", page.articles.len());
                    let (gone, most) = (dismissed.load(Ordering::SeqCst), taken.load(Ordering::SeqCst));
                    let page = runtime.block_on(desk.service.list(mine.clone())).unwrap();
                    let later = taken.load(Ordering::SeqCst) - most;
                    // One may be stored and not yet counted.
                    assert!(
                        page.articles.len() <= most + later + 1 - gone,
                        "{} of {most}",
                        page.articles.len()
                    );
                }
            });
        }
    });
}
