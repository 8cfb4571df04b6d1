//! A user as an item, and what an item says of a write that did not pass.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use watchfire_store::measurements::{MOST_USER_BYTES, MOST_VALUE_BYTES, StoredUser, UserFailure, UserWrite};

use crate::settings::Expiry;

pub(crate) const USER: &str = "user";
pub(crate) const VERSION: &str = "version";
pub(crate) const VALUE: &str = "value";
pub(crate) const EXPIRES: &str = "expires";

pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) fn key(user: &str) -> Item {
    HashMap::from([(USER.to_owned(), AttributeValue::S(user.to_owned()))])
}

/// The user's name in an item, or in a key.
pub(crate) fn user_of(item: &Item) -> Option<&str> {
    item.get(USER)?.as_s().ok().map(String::as_str)
}

/// What an item holds.
pub(crate) fn read(mut item: Item) -> Result<StoredUser, UserFailure> {
    let version = version_of(&item);
    let value = item.remove(VALUE);
    match (version, value) {
        (Some(version), Some(AttributeValue::B(value))) => {
            Ok(StoredUser { version, value: value.into_inner() })
        }
        _ => Err(UserFailure::Refused(format!(
            "the item has no {VERSION} or no {VALUE}: somebody else's table?"
        ))),
    }
}

fn version_of(item: &Item) -> Option<u64> {
    item.get(VERSION)?.as_n().ok()?.parse().ok()
}

/// Why a write whose condition did not hold did not pass: the same one was done before, or another was.
pub(crate) fn verdict(write: &UserWrite, item: Option<&Item>) -> Result<u64, UserFailure> {
    let Some(item) = item else { return Err(UserFailure::Conflict) };
    let same = item
        .get(VALUE)
        .and_then(|value| value.as_b().ok())
        .is_some_and(|value| value.as_ref() == write.value);
    match version_of(item) {
        Some(version) if same && Some(version) == write.from.checked_add(1) => Ok(version),
        _ => Err(UserFailure::Conflict),
    }
}

/// What no server needs to be asked about a name.
pub(crate) fn check_user(user: &str) -> Result<(), UserFailure> {
    match user.len() {
        0 => Err(UserFailure::Refused("the user's name is empty".to_owned())),
        1..=MOST_USER_BYTES => Ok(()),
        bytes => Err(UserFailure::Refused(format!(
            "the user's name has {bytes} bytes, of {MOST_USER_BYTES} at most"
        ))),
    }
}

/// The same about a write.
pub(crate) fn check_write(write: &UserWrite) -> Result<(), UserFailure> {
    check_user(&write.user)?;
    if write.value.len() > MOST_VALUE_BYTES {
        let bytes = write.value.len();
        return Err(UserFailure::Refused(format!(
            "the value has {bytes} bytes, of {MOST_VALUE_BYTES} at most"
        )));
    }
    if write.from == u64::MAX {
        return Err(UserFailure::Refused("there is no version after this one".to_owned()));
    }
    Ok(())
}

/// What a write sets, and under which condition.
pub(crate) struct Change {
    pub(crate) update: String,
    pub(crate) condition: String,
    pub(crate) names: HashMap<String, String>,
    pub(crate) values: Item,
}

impl Change {
    pub(crate) fn new(write: &UserWrite, expires: Option<i64>) -> Self {
        // All names are replaced, since `user` and `value` are words of the expressions' own.
        let name = |attribute: &str| (format!("#{attribute}"), attribute.to_owned());
        let mut names = HashMap::from([name(VERSION), name(VALUE)]);
        let mut values = HashMap::from([
            (":next".to_owned(), AttributeValue::N(write.from.saturating_add(1).to_string())),
            (":value".to_owned(), AttributeValue::B(write.value.clone().into())),
        ]);
        let condition = if write.from == 0 {
            names.extend([name(USER)]);
            format!("attribute_not_exists(#{USER})")
        } else {
            values.insert(":from".to_owned(), AttributeValue::N(write.from.to_string()));
            format!("#{VERSION} = :from")
        };
        let mut update = format!("SET #{VERSION} = :next, #{VALUE} = :value");
        if let Some(expires) = expires {
            names.extend([name(EXPIRES)]);
            values.insert(":expires".to_owned(), AttributeValue::N(expires.to_string()));
            update.push_str(", #expires = :expires");
        }
        Self { update, condition, names, values }
    }
}

/// When a user who is written now may be dropped, in seconds since 1970.
pub(crate) fn expires(expiry: Option<&Expiry>) -> Option<i64> {
    let Expiry { after, clock } = expiry?;
    let now = Duration::from_millis(u64::try_from(clock.unix_millis()).unwrap_or(0));
    i64::try_from(now.saturating_add(*after).as_secs()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(version: u64, value: &[u8]) -> Item {
        HashMap::from([
            (VERSION.to_owned(), AttributeValue::N(version.to_string())),
            (VALUE.to_owned(), AttributeValue::B(value.to_vec().into())),
        ])
    }

    #[test]
    fn only_the_same_value_at_the_next_version_is_the_same_write() {
        let write = UserWrite { user: "ada".to_owned(), from: 4, value: b"new".to_vec() };
        assert_eq!(verdict(&write, Some(&item(5, b"new"))), Ok(5));
        assert_eq!(verdict(&write, Some(&item(5, b"other"))), Err(UserFailure::Conflict));
        assert_eq!(verdict(&write, Some(&item(6, b"new"))), Err(UserFailure::Conflict));
        assert_eq!(verdict(&write, Some(&item(4, b"new"))), Err(UserFailure::Conflict));
        assert_eq!(verdict(&write, None), Err(UserFailure::Conflict));
    }

    #[test]
    fn an_item_of_somebody_else_is_refused() {
        assert!(matches!(read(key("ada")), Err(UserFailure::Refused(_))));
        let odd = HashMap::from([(VERSION.to_owned(), AttributeValue::N("1e3".to_owned()))]);
        assert!(matches!(read(odd), Err(UserFailure::Refused(_))));
        assert_eq!(read(item(3, b"value")), Ok(StoredUser { version: 3, value: b"value".to_vec() }));
    }

    #[test]
    fn what_can_not_be_stored_is_refused_unasked() {
        let write = |user: String, from, bytes| UserWrite { user, from, value: vec![0; bytes] };
        assert!(check_write(&write("x".repeat(MOST_USER_BYTES), 0, MOST_VALUE_BYTES)).is_ok());
        for refused in [
            write(String::new(), 0, 1),
            write("x".repeat(MOST_USER_BYTES + 1), 0, 1),
            write("ada".to_owned(), 0, MOST_VALUE_BYTES + 1),
            write("ada".to_owned(), u64::MAX, 1),
        ] {
            assert!(matches!(check_write(&refused), Err(UserFailure::Refused(_))));
        }
    }
}
