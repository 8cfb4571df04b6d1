//! The service's promises, on a store in a file.

use super::{Outcome, Refusal, Ruling, Service, Setup};
use crate::reputation::ReputationCache;
use std::sync::Arc;
use watchfire_flow::SystemClock;
use watchfire_intel::Intel;
use watchfire_judge::learning::Learned;
use watchfire_judge::reuse::Policy;
use watchfire_judge::{Asking, Ground, MaterialTable, Network, RuleSet};
use watchfire_signal::Verdict;
use watchfire_signal::frame::Limits;
use watchfire_store::{Location, Search, Store, Wanted};

struct Bed {
    service: Service,
    folder: tempfile::TempDir,
}

fn start(folder: tempfile::TempDir, asking: Asking) -> Bed {
    let store = Arc::new(Store::open(&Location::File(folder.path().join("store.db"))).unwrap());
    let history = crate::decide::history(&store).unwrap();
    let service = Service::start(Setup {
        clock: Arc::new(SystemClock::new()),
        ground: Ground::new(RuleSet::starter(), MaterialTable::shipped(), Network::default()),
        mappings: Arc::from([]),
        limits: Limits::default(),
        reputations: Arc::new(ReputationCache::open(Intel::empty(), &store).unwrap()),
        enriches: false,
        history,
        asking,
        reuse: Policy::default(),
        learned: Learned::default(),
        keep_raw: true,
        max_requests: 64,
        webhooks: Vec::new(),
        store,
    })
    .unwrap();
    Bed { service, folder }
}

fn bed() -> Bed {
    start(tempfile::tempdir().unwrap(), Asking::Nobody)
}

/// An alert of this rule about this machine, `n` seconds after midnight.
fn alert(rule: u32, host: u8, n: u32) -> String {
    format!(
        r#"{{"timestamp":"2026-03-01T{:02}:{:02}:{:02}.000000+0000","event_type":"alert","src_ip":"203.0.113.9","src_port":1,"dest_ip":"10.0.0.{host}","dest_port":22,"proto":"TCP","alert":{{"signature_id":{rule},"signature":"rule {rule}","severity":3,"category":"Misc activity","action":"allowed"}}}}"#,
        n / 3600,
        n / 60 % 60,
        n % 60
    )
}

async fn post(bed: &Bed, body: &str) -> Vec<String> {
    bed.service.accept(body.as_bytes().to_vec(), None, false).await.unwrap().alerts
}

#[tokio::test]
async fn what_is_acknowledged_is_stored_with_its_verdict() {
    let bed = bed();
    let body = [
        alert(1, 1, 0),
        "no record of anybody's".to_owned(),
        r#"{"event_type":"flow"}"#.to_owned(),
        alert(2, 2, 1),
    ]
    .join("\n");
    let accepted = bed.service.accept(body.into_bytes(), None, true).await.unwrap();
    assert_eq!((accepted.received, accepted.alerts.len()), (4, 2));
    assert_eq!(accepted.set_aside + accepted.dead, 2);
    let kinds: Vec<&str> = accepted
        .outcomes
        .iter()
        .map(|outcome| match outcome {
            Outcome::Judged { .. } => "judged",
            Outcome::SetAside { .. } => "aside",
            Outcome::Dead { .. } => "dead",
        })
        .collect();
    assert_eq!((kinds.first(), kinds.last(), kinds.len()), (Some(&"judged"), Some(&"judged"), 4));
    for id in &accepted.alerts {
        let stored = bed.service.store().alert(id).unwrap().expect("it was acknowledged");
        assert!(Verdict::from_id(stored.decision.verdict).is_some());
        assert!(bed.service.record(id).unwrap().expect("its text is kept").raw.contains("signature"));
    }
    let balance = bed.service.live().balance();
    assert!(balance.holds() && balance.received == 4 && balance.pending == 0, "{balance:?}");
}

#[tokio::test]
async fn after_a_restart_ids_go_on_and_decisions_hold() {
    let first = bed();
    let before = post(&first, &alert(1, 1, 0)).await;
    let Bed { service, folder } = first;
    drop(service);
    let second = start(folder, Asking::Nobody);
    let after = post(&second, &alert(1, 1, 60)).await;
    assert_ne!(before, after);
    let decision = |id: &str| second.service.store().alert(id).unwrap().unwrap().decision.id;
    assert_eq!(decision(&before[0]), decision(&after[0]), "the pattern's decision is found again");
}

#[tokio::test]
async fn a_request_that_comes_again_changes_nothing() {
    let bed = bed();
    let body = || alert(1, 1, 0).into_bytes();
    let key = Some([7; 32]);
    let first = bed.service.accept(body(), key, false).await.unwrap();
    let again = bed.service.accept(body(), key, false).await.unwrap();
    assert_eq!((first.alerts, first.replayed, again.replayed), (again.alerts, false, true));
    assert_eq!(bed.service.store().alert_count().unwrap(), 1);
    let other = bed.service.accept(alert(2, 1, 0).into_bytes(), key, false).await;
    assert_eq!(other.unwrap_err(), Refusal::KeyReused);
    // Also at the same time.
    let key = Some([8; 32]);
    let (one, other) =
        tokio::join!(bed.service.accept(body(), key, false), bed.service.accept(body(), key, false));
    assert_eq!(one.unwrap().alerts, other.unwrap().alerts);
    assert_eq!(bed.service.store().alert_count().unwrap(), 2);
}

#[tokio::test]
async fn whoever_hangs_up_and_sends_it_again_sends_it_once() {
    let bed = bed();
    let (body, key) = (alert(1, 1, 0), Some([7; 32]));
    for _ in 0..20 {
        let mut first = Box::pin(bed.service.accept(body.clone().into_bytes(), key, false));
        // It is on its way, and whoever sent it is gone.
        let begun =
            std::future::poll_fn(|context| std::task::Poll::Ready(first.as_mut().poll(context).is_pending()));
        begun.await;
        drop(first);
        let again = bed.service.accept(body.clone().into_bytes(), key, false).await.unwrap();
        assert!(again.replayed);
    }
    assert_eq!(bed.service.store().alert_count().unwrap(), 1);
    assert_eq!(bed.service.queue().0, 0, "nothing is held any more");
}

#[tokio::test]
async fn what_the_store_did_not_take_is_refused_and_leaves_nothing_behind() {
    let bed = bed();
    let other = rusqlite::Connection::open(bed.folder.path().join("store.db")).unwrap();
    other.execute_batch("ALTER TABLE requests RENAME TO hidden").unwrap();
    let refused = bed.service.accept(alert(1, 1, 0).into_bytes(), Some([7; 32]), false).await;
    assert!(matches!(refused, Err(Refusal::Store(_))), "{refused:?}");
    // The lookup of the key fails first; then the write itself must.
    other.execute_batch("ALTER TABLE hidden RENAME TO requests; ALTER TABLE intake RENAME TO gone").unwrap();
    let refused = bed.service.accept(alert(1, 1, 0).into_bytes(), None, false).await;
    assert!(matches!(refused, Err(Refusal::Store(_))), "{refused:?}");
    other.execute_batch("ALTER TABLE gone RENAME TO intake").unwrap();
    let ids = post(&bed, &alert(1, 1, 1)).await;
    let stored = bed.service.store().alert(&ids[0]).unwrap();
    assert!(stored.is_some(), "its decision is in the store, though the first to need it was refused");
    assert_eq!(bed.service.store().alert_count().unwrap(), 1);
    let balance = bed.service.live().balance();
    assert!(balance.holds() && balance.received == 1, "{balance:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_at_once_keep_every_alert_with_its_decision() {
    let bed = Arc::new(bed());
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..8_u32 {
        let bed = Arc::clone(&bed);
        tasks.spawn(async move {
            let mut ids = Vec::new();
            for n in 0..25 {
                ids.extend(post(&bed, &alert(n % 5, 1, task * 100 + n)).await);
            }
            ids
        });
    }
    let mut ids = tasks.join_all().await.concat();
    for id in &ids {
        assert!(bed.service.store().alert(id).unwrap().is_some(), "{id}");
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 200);
    assert!(bed.service.live().balance().holds());
}

#[tokio::test]
async fn too_much_at_once_is_refused_not_kept() {
    let bed = bed();
    let body = alert(1, 1, 0);
    // Somebody else writes, so nothing is done for a while.
    let other = rusqlite::Connection::open(bed.folder.path().join("store.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let burst = (0..200).map(|_| bed.service.accept(body.clone().into_bytes(), None, false));
    let release = async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        other.execute_batch("ROLLBACK").unwrap();
    };
    let (outcomes, ()) = tokio::join!(futures(burst), release);
    let refused = outcomes.iter().filter(|outcome| matches!(outcome, Err(Refusal::Busy))).count();
    assert_eq!(refused, 200 - 64, "there is room for 64");
    assert_eq!(bed.service.store().alert_count().unwrap(), 64);
    assert_eq!(bed.service.queue().0, 0);
}

/// Waits for all of them at once.
async fn futures<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut all: Vec<_> = all.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        let mut pending = false;
        for (future, output) in &mut all {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(done) => *output = Some(done),
                    std::task::Poll::Pending => pending = true,
                }
            }
        }
        if pending { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    all.into_iter().filter_map(|(_, output)| output).collect()
}

fn ruling(pattern: i64, verdict: Verdict) -> Ruling {
    Ruling {
        pattern,
        verdict,
        reason: "the backup".to_owned(),
        analyst: "ana".to_owned(),
        alert: None,
        action: String::new(),
        proposed: "[]".to_owned(),
    }
}

#[tokio::test]
async fn an_analysts_word_holds_for_what_is_stored_and_what_comes_until_it_is_taken_back() {
    let bed = bed();
    let store = Arc::clone(bed.service.store());
    let old = post(&bed, &alert(1, 1, 0)).await;
    let stored = store.alert(&old[0]).unwrap().unwrap();
    let (pattern, before, priority) = (stored.pattern, stored.decision.clone(), stored.priority);
    let said = bed.service.overrule(ruling(pattern, Verdict::TruePositive)).await.unwrap().unwrap();
    assert_eq!(said.alerts, 1);
    let new = post(&bed, &alert(1, 1, 60)).await;
    let verdict = |id: &str| store.alert(id).unwrap().unwrap().decision.verdict;
    assert_eq!([verdict(&old[0]), verdict(&new[0])], [Verdict::TruePositive.id(); 2]);
    let raised = store.alert(&old[0]).unwrap().unwrap().priority;
    assert!(raised > priority, "{raised} {priority}");
    let queue = |decided| {
        let wanted = Wanted { decided: Some(decided), ..Wanted::default() };
        store.queue(&wanted, None, 10).unwrap().iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!((queue(false), queue(true)), (vec![], vec![pattern]));

    // A second word, then back to the first, then to what the deciders said.
    bed.service.overrule(ruling(pattern, Verdict::BenignPositive)).await.unwrap().unwrap();
    assert_eq!([verdict(&old[0]), verdict(&new[0])], [Verdict::BenignPositive.id(); 2]);
    bed.service.undo(pattern).await.unwrap().unwrap();
    assert_eq!([verdict(&old[0]), verdict(&new[0])], [Verdict::TruePositive.id(); 2]);
    bed.service.undo(pattern).await.unwrap().unwrap();
    let again = store.alert(&old[0]).unwrap().unwrap();
    assert_eq!((again.decision, again.priority), (before, priority), "all is as it was");
    assert_eq!((queue(false), queue(true)), (vec![pattern], vec![]));
    assert_eq!(bed.service.undo(pattern).await.unwrap(), None);
    let newest = post(&bed, &alert(1, 1, 61)).await;
    assert_ne!(verdict(&newest[0]), Verdict::TruePositive.id());
    let words = store.words_on(&store.queued(pattern).unwrap().unwrap().key, 10).unwrap();
    assert_eq!(words.iter().filter(|word| word.undone).count(), 2, "what was taken back stays on record");
    assert_eq!(store.choices_about(&old).unwrap().len() + store.choices_about(&new).unwrap().len(), 2);
}

#[tokio::test]
async fn a_dead_letter_is_judged_once() {
    let bed = bed();
    let broken = "{\"event_type\":\"alert\",";
    let accepted = bed.service.accept(broken.as_bytes().to_vec(), None, false).await.unwrap();
    assert_eq!(accepted.dead, 1);
    let again = bed.service.replay(None).await.unwrap();
    assert_eq!((again.replayed, again.unreadable), (0, 1));
    let letter = bed.service.store().dead_letters(0, 1).unwrap().remove(0);
    assert_eq!(letter.attempts, 1);
    // It was mended by hand.
    let mended = alert(1, 1, 0);
    rusqlite::Connection::open(bed.folder.path().join("store.db"))
        .unwrap()
        .execute("UPDATE dead_letters SET raw = ?1", [&mended])
        .unwrap();
    assert_eq!(bed.service.replay(Some(&[letter.id])).await.unwrap().alerts.len(), 1);
    assert_eq!(bed.service.replay(Some(&[letter.id])).await.unwrap().alerts.len(), 0);
    assert_eq!(bed.service.store().alert_count().unwrap(), 1);
    assert_eq!(bed.service.live().stored().dead, 0);
}

#[tokio::test]
async fn pages_of_the_queue_and_of_alerts_hold_everything_once() {
    let bed = bed();
    let body: Vec<String> = (0..60).map(|n| alert(n % 12, (n % 3) as u8, n)).collect();
    post(&bed, &body.join("\n")).await;
    let store = bed.service.store();
    let wanted = Wanted::default();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.queue(&wanted, after, 5).unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.after(wanted.order));
        seen.extend(
            page.iter()
                .map(|row| (std::cmp::Reverse(row.priority), std::cmp::Reverse(row.last_seen), row.id)),
        );
    }
    assert!(seen.is_sorted());
    assert_eq!(seen.len() as u64, store.queue_count(&wanted).unwrap());
    let search = Search { text: "203.0.113.9".to_owned(), ..Search::default() };
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = store.search(&search, after, 7).unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.place);
        found.extend(page.into_iter().map(|alert| alert.place));
    }
    assert!(found.is_sorted_by(|a, b| a > b));
    assert_eq!(found.len(), 60);
    let by_rule = Search { text: "rule 11".to_owned(), ..Search::default() };
    assert_eq!(store.search(&by_rule, None, 100).unwrap().len(), 5);
}
