//! Lists whose key does not tell whose they are.
//!
//! Other services' notifications come in `Records` too, as CloudTrail's records do, and Security Hub calls its list
//! `Findings`, as GuardDuty does: so the elements decide.

use super::{Broken, Claim, Item, UNRECOGNISED};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Puts out each element of a list, as `put` reads it. A list of which `put` takes no element is left alone.
pub fn read_list<'a, T: Deserialize<'a>>(
    list: &'a str,
    put: fn(&'a str, T, &mut Vec<Item<'a>>) -> Claim,
    out: &mut Vec<Item<'a>>,
) -> Claim {
    let Ok(list) = serde_json::from_str::<Vec<&'a RawValue>>(list) else { return Claim::NotMine };
    let before = out.len();
    let mut claim = Claim::NotMine;
    for element in list {
        match serde_json::from_str::<T>(element.get()) {
            Ok(read) => match put(element.get(), read, out) {
                Claim::Mine => claim = Claim::Mine,
                Claim::NotMine => out.push(Item::Aside(Cow::Borrowed(UNRECOGNISED))),
            },
            Err(error) => out.push(Item::Broken(Broken::json(&error))),
        }
    }
    if claim == Claim::NotMine {
        out.truncate(before);
    }
    claim
}
