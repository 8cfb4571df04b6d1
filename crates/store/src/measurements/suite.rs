//! What every store of measurements promises, as tests that run on any of them.
//!
//! One function for each promise: it takes an empty store and panics where the promise is broken.
//! [`measurement_store_suite!`](crate::measurement_store_suite) makes a test of each. Stores may say that they are throttled at
//! any time, so each step asks again for a while; nothing else is forgiven.

use super::{
    MOST_USER_BYTES, MOST_USERS, MOST_VALUE_BYTES, MeasurementStore, StoredUser, UserFailure, UserWrite,
};
use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// How often a throttled store is asked again.
const ATTEMPTS: u32 = 50;

/// A store that has no users yet, for one test.
pub struct Fresh {
    /// The store.
    pub store: Arc<dyn MeasurementStore>,
    /// What has to live as long as the test, such as a folder that is removed at the end.
    pub keep: Box<dyn Any + Send>,
}

/// Makes a test of each promise: `measurement_store_suite!(make)`, where `make` is an async function without arguments that
/// returns `Option<`[`Fresh`]`>`: `None`, and a word on standard error, where the server that it needs is not there. The
/// crate needs tokio with `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! measurement_store_suite {
    ($make:path) => {
        $crate::measurement_store_suite!($make:
            who_is_not_there_is_answered_with_none,
            values_of_every_length_come_back_as_they_were,
            names_of_any_characters_are_kept_apart,
            a_write_from_another_version_changes_nothing,
            the_same_write_twice_is_done_once,
            a_thousand_users_are_written_and_read_in_one_call,
            what_is_refused_touches_nobody_else,
            no_increment_of_two_writers_is_lost,
            walking_through_users_meets_each_once,
            who_was_removed_is_new_again,
            any_calls_agree_with_a_map,
        );
    };
    ($make:path: $($promise:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                let made: Option<$crate::measurements::suite::Fresh> = $make().await;
                let Some(fresh) = made else { return };
                $crate::measurements::suite::$promise(&*fresh.store).await;
                drop(fresh.store);
                drop(fresh.keep);
            }
        )+
    };
}

/// A user who was never written is no failure.
pub async fn who_is_not_there_is_answered_with_none(store: &dyn MeasurementStore) {
    assert_eq!(load(store, &[]).await, []);
    assert_eq!(save(store, &[]).await, []);
    assert_eq!(load(store, &names(["one", "two"])).await, [Ok(None), Ok(None)]);
    assert_eq!(walk(store, 10).await, Vec::<String>::new());
    assert_eq!(store.remove("one").await, Ok(false));
}

/// From no byte to the most.
pub async fn values_of_every_length_come_back_as_they_were(store: &dyn MeasurementStore) {
    for (index, bytes) in [0, 1, 255, 1_024, 2_000, 8_192, 100_000, MOST_VALUE_BYTES].into_iter().enumerate()
    {
        let user = format!("user{index}");
        let mut chance = Chance(index as u64);
        let value: Vec<u8> = (0..bytes).map(|_| chance.next() as u8).collect();
        assert_eq!(save(store, &[write(&user, 0, &value)]).await, [Ok(1)], "{bytes} bytes");
        let found = load(store, &[user]).await;
        assert!(found == [Ok(Some(StoredUser { version: 1, value }))], "{bytes} bytes are others now");
    }
}

/// Names are bytes: nothing is folded, trimmed, or read as a pattern or an escape.
pub async fn names_of_any_characters_are_kept_apart(store: &dyn MeasurementStore) {
    let mut users = names([
        "a",
        "A",
        " a",
        "a ",
        "a\u{0}",
        "a\u{0}b",
        "\u{0}",
        "ä",
        "a\u{308}",
        "%",
        "_",
        "a%",
        "'",
        "\"",
        "\\",
        "\\x61",
        "{a,b}",
        "NULL",
        "null",
        "\n",
        "\r\n",
        "\t",
        "日本",
        "🔥",
        "\u{10ffff}",
        "\u{feff}a",
        "#",
        "user#1",
        "1",
        "01",
        "1.0",
    ]);
    users.push("x".repeat(MOST_USER_BYTES));
    users.push("é".repeat(MOST_USER_BYTES / 2));
    let writes: Vec<_> = users.iter().map(|user| write(user, 0, user.as_bytes())).collect();
    assert_eq!(save(store, &writes).await, vec![Ok(1); users.len()]);
    for (user, found) in users.iter().zip(load(store, &users).await) {
        assert_eq!(found, Ok(Some(StoredUser { version: 1, value: user.as_bytes().to_vec() })), "{user:?}");
    }
    let mut walked = walk(store, 4).await;
    walked.sort();
    users.sort();
    assert_eq!(walked, users);
}

/// Who worked from an older version, or from one that nobody ever had, is told so.
pub async fn a_write_from_another_version_changes_nothing(store: &dyn MeasurementStore) {
    let conflict = [Err(UserFailure::Conflict)];
    assert_eq!(save(store, &[write("new", 1, b"x")]).await, conflict, "nobody is there to be replaced");
    assert_eq!(save(store, &[write("new", u64::MAX, b"x")]).await, conflict);
    assert_eq!(load(store, &names(["new"])).await, [Ok(None)]);

    assert_eq!(save(store, &[write("user", 0, b"one")]).await, [Ok(1)]);
    assert_eq!(save(store, &[write("user", 0, b"other")]).await, conflict, "there is one already");
    assert_eq!(save(store, &[write("user", 1, b"two")]).await, [Ok(2)]);
    for from in [0, 1, 3, i64::MAX as u64 - 1, i64::MAX as u64, u64::MAX] {
        assert_eq!(save(store, &[write("user", from, b"late")]).await, conflict, "from {from}");
    }
    assert_eq!(
        save(store, &[write("user", 2, b"three"), write("third", 9, b"")]).await,
        [Ok(3), Err(UserFailure::Conflict)]
    );
    assert_eq!(
        load(store, &names(["user", "third"])).await,
        [Ok(Some(StoredUser { version: 3, value: b"three".to_vec() })), Ok(None)]
    );
}

/// Who lost an answer sends the same again, and finds it done; but not what somebody else wrote since.
pub async fn the_same_write_twice_is_done_once(store: &dyn MeasurementStore) {
    for (from, value) in [(0, b"first".as_slice()), (1, b"second"), (2, b"")] {
        for attempt in 1..=3 {
            assert_eq!(save(store, &[write("user", from, value)]).await, [Ok(from + 1)], "attempt {attempt}");
        }
        assert_eq!(
            load(store, &names(["user"])).await,
            [Ok(Some(StoredUser { version: from + 1, value: value.to_vec() }))]
        );
    }
    assert_eq!(save(store, &[write("user", 0, b"first")]).await, [Err(UserFailure::Conflict)]);
    assert_eq!(save(store, &[write("user", 2, b"x")]).await, [Err(UserFailure::Conflict)]);
}

/// As many as one call may have, and each answer stands at its user's place.
pub async fn a_thousand_users_are_written_and_read_in_one_call(store: &dyn MeasurementStore) {
    let mut users: Vec<String> = (0..MOST_USERS).map(|index| format!("user {index}")).collect();
    Chance(7).shuffle(&mut users);
    let writes: Vec<_> =
        users.iter().map(|user| write(user, 0, user.repeat(user.len()).as_bytes())).collect();
    assert_eq!(save(store, &writes).await, vec![Ok(1); MOST_USERS]);
    Chance(8).shuffle(&mut users);
    for (user, found) in users.iter().zip(load(store, &users).await) {
        let value = user.repeat(user.len()).into_bytes();
        assert_eq!(found, Ok(Some(StoredUser { version: 1, value })), "{user}");
    }
}

/// Names and values that are too long, names that are empty, users that come twice and calls with too many.
pub async fn what_is_refused_touches_nobody_else(store: &dyn MeasurementStore) {
    let refused = |answer: &Result<u64, UserFailure>| matches!(answer, Err(UserFailure::Refused(_)));
    let long = "x".repeat(MOST_USER_BYTES + 1);
    let large = vec![1; MOST_VALUE_BYTES + 1];
    let answers = save(
        store,
        &[
            write("one", 0, b"1"),
            write("", 0, b"nobody"),
            write(&long, 0, b"long"),
            write("large", 0, &large),
            write("one", 0, b"2"),
            write("two", 0, b"2"),
            write("one", 1, b"3"),
        ],
    )
    .await;
    assert_eq!(answers.len(), 7);
    assert_eq!((&answers[0], &answers[5]), (&Ok(1), &Ok(1)));
    for place in [1, 2, 3, 4, 6] {
        assert!(refused(&answers[place]), "{place}: {:?}", answers[place]);
    }
    let found = load(store, &names(["two", "", "large", "two", &long, "one"])).await;
    assert_eq!(found[0], Ok(Some(StoredUser { version: 1, value: b"2".to_vec() })));
    assert!(matches!(found[1], Err(UserFailure::Refused(_))), "{:?}", found[1]);
    assert_eq!(found[2], Ok(None));
    assert!(matches!(found[3], Err(UserFailure::Refused(_))), "{:?}", found[3]);
    assert!(matches!(found[4], Err(UserFailure::Refused(_))), "{:?}", found[4]);
    assert_eq!(
        found[5],
        Ok(Some(StoredUser { version: 1, value: b"1".to_vec() })),
        "the first of the same counts"
    );
    assert!(matches!(store.remove("").await, Err(UserFailure::Refused(_))));
    assert!(matches!(store.remove(&long).await, Err(UserFailure::Refused(_))));

    let many: Vec<_> = (0..MOST_USERS + 2).map(|index| write(&format!("many{index}"), 0, b"m")).collect();
    let answers = save(store, &many).await;
    assert_eq!(answers.len(), MOST_USERS + 2);
    assert!(answers[..MOST_USERS].iter().all(|answer| *answer == Ok(1)));
    assert!(answers[MOST_USERS..].iter().all(refused));
}

/// Two writers add to the same numbers, each from what it read last.
pub async fn no_increment_of_two_writers_is_lost(store: &dyn MeasurementStore) {
    const ROUNDS: u64 = 25;
    let users = names(["a", "b", "c", "d", "e"]);
    let mut backwards = users.clone();
    backwards.reverse();
    tokio::join!(increments(store, &users, ROUNDS), increments(store, &backwards, ROUNDS));
    for found in load(store, &users).await {
        let Ok(Some(user)) = found else { panic!("{found:?}") };
        assert_eq!((user.version, number(&user.value)), (2 * ROUNDS, 2 * ROUNDS));
    }
}

/// By pages of any length; where the store has an order of names, in it.
pub async fn walking_through_users_meets_each_once(store: &dyn MeasurementStore) {
    let mut users: Vec<String> = (0..103).map(|index| format!("{:x}", index * 7_919)).collect();
    let writes: Vec<_> = users.iter().map(|user| write(user, 0, b"")).collect();
    assert_eq!(save(store, &writes).await, vec![Ok(1); users.len()]);
    users.sort();
    for limit in [1, 10, 103, 104, 1_000] {
        let mut walked = walk(store, limit).await;
        walked.sort();
        assert_eq!(walked, users, "by {limit}");
    }
}

/// Nothing of it is left, neither the value nor the version.
pub async fn who_was_removed_is_new_again(store: &dyn MeasurementStore) {
    assert_eq!(save(store, &[write("user", 0, b"1"), write("other", 0, b"o")]).await, [Ok(1), Ok(1)]);
    assert_eq!(save(store, &[write("user", 1, b"2")]).await, [Ok(2)]);
    assert_eq!(store.remove("user").await, Ok(true));
    assert_eq!(store.remove("user").await, Ok(false));
    assert_eq!(save(store, &[write("user", 2, b"3")]).await, [Err(UserFailure::Conflict)]);
    assert_eq!(load(store, &names(["user"])).await, [Ok(None)]);
    assert_eq!(save(store, &[write("user", 0, b"new")]).await, [Ok(1)]);
    assert_eq!(walk(store, 1).await.len(), 2);
}

/// Calls by chance, some of them late or repeated, on few users, beside what they should come to.
pub async fn any_calls_agree_with_a_map(store: &dyn MeasurementStore) {
    let users = names(["a", "b", "c", "d", "e", "f", "g"]);
    for seed in 0..4 {
        let mut chance = Chance(seed);
        let mut map: HashMap<String, StoredUser> = HashMap::new();
        for user in &users {
            assert!(store.remove(user).await.is_ok());
        }
        for step in 0..60 {
            let mut chosen = users.clone();
            chance.shuffle(&mut chosen);
            chosen.truncate(1 + chance.below(7) as usize);
            if chance.below(8) == 0 {
                assert_eq!(store.remove(&chosen[0]).await, Ok(map.remove(&chosen[0]).is_some()));
            }
            let mut writes = Vec::new();
            let mut expected = Vec::new();
            for user in &chosen {
                let known = map.get(user).map_or(0, |known| known.version);
                let from = (known + chance.below(6).saturating_sub(4))
                    .saturating_sub(u64::from(chance.below(4) == 0));
                let value = vec![chance.below(2) as u8; chance.below(3) as usize];
                let same =
                    map.get(user).is_some_and(|known| known.version == from + 1 && known.value == value);
                expected.push(if known == from || same { Ok(from + 1) } else { Err(UserFailure::Conflict) });
                if known == from {
                    map.insert(user.clone(), StoredUser { version: from + 1, value: value.clone() });
                }
                writes.push(write(user, from, &value));
            }
            assert_eq!(save(store, &writes).await, expected, "seed {seed}, step {step}: {writes:?}");
            let loaded: Vec<_> = users.iter().map(|user| Ok(map.get(user).cloned())).collect();
            assert_eq!(load(store, &users).await, loaded, "seed {seed}, step {step}");
        }
    }
}

/// Adds one to each user's number so often, whoever else does.
async fn increments(store: &dyn MeasurementStore, users: &[String], rounds: u64) {
    let mut left: HashMap<&String, u64> = users.iter().map(|user| (user, rounds)).collect();
    while !left.is_empty() {
        let wanted: Vec<String> = users.iter().filter(|user| left.contains_key(user)).cloned().collect();
        let mut writes = Vec::new();
        for (user, found) in wanted.iter().zip(load(store, &wanted).await) {
            let Ok(found) = found else { panic!("{user}: {found:?}") };
            let (from, count) = found.map_or((0, 0), |found| (found.version, number(&found.value)));
            // The rest of the value is this writer's, so that nobody takes another's write for its own.
            let value = format!("{} {} {from}", count + 1, users[0]);
            writes.push(write(user, from, value.as_bytes()));
        }
        for (user, saved) in wanted.iter().zip(save(store, &writes).await) {
            match saved {
                Ok(_) => {
                    if let Some(count) = left.get_mut(user) {
                        *count -= 1;
                    }
                }
                Err(UserFailure::Conflict) => {}
                Err(failure) => panic!("{user}: {failure}"),
            }
        }
        left.retain(|_, count| *count > 0);
    }
}

/// The number that a value begins with.
fn number(value: &[u8]) -> u64 {
    std::str::from_utf8(value)
        .ok()
        .and_then(|text| text.split(' ').next())
        .and_then(|word| word.parse().ok())
        .unwrap_or_default()
}

/// All users, by pages of this length. A page may be short, but not too long.
async fn walk(store: &dyn MeasurementStore, limit: usize) -> Vec<String> {
    let mut walked = Vec::new();
    let mut after = None;
    for _ in 0..10_000 {
        let mut attempts = 0;
        let (users, next) = loop {
            match store.users(after.clone(), limit).await {
                Ok(page) => break page,
                Err(UserFailure::Throttled { after }) if attempts < ATTEMPTS => {
                    wait(after, &mut attempts).await;
                }
                Err(failure) => panic!("{failure}"),
            }
        };
        assert!(users.len() <= limit, "{} users where {limit} are the most", users.len());
        walked.extend(users);
        match next {
            None => return walked,
            next => after = next,
        }
    }
    panic!("the walk does not end");
}

/// Reads, and again what was throttled.
async fn load(
    store: &dyn MeasurementStore,
    users: &[String],
) -> Vec<Result<Option<StoredUser>, UserFailure>> {
    let mut answers = store.load(users).await;
    assert_eq!(answers.len(), users.len(), "one answer for each");
    let mut attempts = 0;
    while let Some((after, places)) = throttled(&answers, attempts) {
        wait(after, &mut attempts).await;
        let again: Vec<String> = places.iter().map(|place| users[*place].clone()).collect();
        for (place, answer) in places.into_iter().zip(store.load(&again).await) {
            answers[place] = answer;
        }
    }
    answers
}

/// Writes, and again what was throttled.
async fn save(store: &dyn MeasurementStore, writes: &[UserWrite]) -> Vec<Result<u64, UserFailure>> {
    let mut answers = store.save(writes).await;
    assert_eq!(answers.len(), writes.len(), "one answer for each");
    let mut attempts = 0;
    while let Some((after, places)) = throttled(&answers, attempts) {
        wait(after, &mut attempts).await;
        let again: Vec<UserWrite> = places.iter().map(|place| writes[*place].clone()).collect();
        for (place, answer) in places.into_iter().zip(store.save(&again).await) {
            answers[place] = answer;
        }
    }
    answers
}

/// The places that are to be asked for again, and when; `None` if there are none, or that was often enough.
fn throttled<T>(answers: &[Result<T, UserFailure>], attempts: u32) -> Option<(Option<Duration>, Vec<usize>)> {
    let mut longest = None;
    let mut places = Vec::new();
    for (place, answer) in answers.iter().enumerate() {
        if let Err(UserFailure::Throttled { after }) = answer {
            longest = longest.max(*after);
            places.push(place);
        }
    }
    (!places.is_empty() && attempts < ATTEMPTS).then_some((longest, places))
}

async fn wait(after: Option<Duration>, attempts: &mut u32) {
    *attempts += 1;
    tokio::time::sleep(after.unwrap_or(Duration::from_millis(20))).await;
}

fn names<const COUNT: usize>(names: [&str; COUNT]) -> Vec<String> {
    names.map(str::to_owned).to_vec()
}

fn write(user: &str, from: u64, value: &[u8]) -> UserWrite {
    UserWrite { user: user.to_owned(), from, value: value.to_vec() }
}

/// SplitMix64 (Steele, Lea and Flood 2014): chance that is the same on every store, without a crate for it.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for index in (1..items.len()).rev() {
            items.swap(index, self.below(index as u64 + 1) as usize);
        }
    }
}
