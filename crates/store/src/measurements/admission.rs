//! What of a call a store can be asked for, before it is asked: the same for every store, so that all refuse the same.
//!
//! A name or value that is too long, a user that comes twice, a user beyond the most of one call: each is refused alone, and
//! nobody else notices. Of a user that comes twice, the first counts. What is left is parted by the bytes of its
//! values, so that a call with a thousand of the longest ones does not stand in memory a second time.

use super::{MOST_USER_BYTES, MOST_USERS, MOST_VALUE_BYTES, UserFailure, UserWrite};
use std::collections::HashSet;
use std::ops::Range;

/// Bytes of values that one statement carries at most, unless a single value has more.
pub const MOST_STATEMENT_BYTES: usize = 8 << 20;

/// Which places of a call can be asked for, in their order, and why the others can't.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// Places in the call, ascending.
    pub asked: Vec<usize>,
    /// Places that are refused, ascending, with the reason.
    pub refused: Vec<(usize, UserFailure)>,
}

impl Admission {
    /// What of a reading can be asked for.
    pub fn of_users(users: &[String]) -> Self {
        Self::of(users.iter().map(|user| (user.as_str(), 0)))
    }

    /// What of a writing can be asked for.
    pub fn of_writes(writes: &[UserWrite]) -> Self {
        Self::of(writes.iter().map(|write| (write.user.as_str(), write.value.len())))
    }

    fn of<'a>(users: impl Iterator<Item = (&'a str, usize)>) -> Self {
        let mut seen = HashSet::new();
        let mut admission = Self { asked: Vec::new(), refused: Vec::new() };
        for (place, (user, bytes)) in users.enumerate() {
            let reason = if place >= MOST_USERS {
                Some(format!("a call has at most {MOST_USERS} users"))
            } else if let Err(reason) = check_user(user) {
                Some(reason)
            } else if bytes > MOST_VALUE_BYTES {
                Some(format!("the value has {bytes} bytes, and {MOST_VALUE_BYTES} are the most"))
            } else if !seen.insert(user) {
                Some("the user comes twice in one call".to_owned())
            } else {
                None
            };
            match reason {
                Some(reason) => admission.refused.push((place, UserFailure::Refused(reason))),
                None => admission.asked.push(place),
            }
        }
        admission
    }

    /// One answer for each place of the call: these for what was asked, in its order, and the refusals between them. Where
    /// there are too few, the rest is taken for not done.
    pub fn answers<T>(
        self,
        asked: impl IntoIterator<Item = Result<T, UserFailure>>,
    ) -> Vec<Result<T, UserFailure>> {
        let mut asked = asked.into_iter();
        let mut refused = self.refused.into_iter().peekable();
        let mut answers = Vec::with_capacity(self.asked.len() + refused.len());
        for place in self.asked {
            while let Some((_, failure)) = refused.next_if(|(earlier, _)| *earlier < place) {
                answers.push(Err(failure));
            }
            let missing = || Err(UserFailure::Failed("there is no answer for it".to_owned()));
            answers.push(asked.next().unwrap_or_else(missing));
        }
        answers.extend(refused.map(|(_, failure)| Err(failure)));
        answers
    }
}

/// Whether a store takes such a name; if not, why.
pub fn check_user(user: &str) -> Result<(), String> {
    if user.is_empty() {
        return Err("the user has no name".to_owned());
    }
    if user.len() > MOST_USER_BYTES {
        return Err(format!("the user's name has {} bytes, and {MOST_USER_BYTES} are the most", user.len()));
    }
    Ok(())
}

/// The stretches of writes with values of so many bytes that one statement carries each: as few as the bound allows.
pub fn stretches(lengths: impl IntoIterator<Item = usize>) -> Vec<Range<usize>> {
    let mut stretches = Vec::new();
    let (mut first, mut end, mut bytes) = (0, 0, 0);
    for length in lengths {
        if bytes + length > MOST_STATEMENT_BYTES && end > first {
            stretches.push(first..end);
            (first, bytes) = (end, 0);
        }
        bytes += length;
        end += 1;
    }
    if first < end {
        stretches.push(first..end);
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::{Admission, MOST_STATEMENT_BYTES, stretches};
    use crate::measurements::{MOST_USERS, UserFailure};
    use proptest::prelude::*;

    #[test]
    fn what_is_beyond_the_most_is_refused_and_the_rest_is_asked_for() {
        let users: Vec<String> = (0..MOST_USERS + 3).map(|index| format!("u{index}")).collect();
        let admission = Admission::of_users(&users);
        assert_eq!(admission.asked.len(), MOST_USERS);
        assert_eq!(admission.refused.len(), 3);
    }

    #[test]
    fn a_call_of_long_values_is_parted_and_a_common_one_is_not() {
        assert_eq!(stretches([4_096; 100]), vec![0..100]);
        assert_eq!(stretches([MOST_STATEMENT_BYTES / 2; 5]), vec![0..2, 2..4, 4..5]);
        assert_eq!(stretches([]), Vec::<std::ops::Range<usize>>::new());
    }

    proptest! {
        #[test]
        fn every_place_of_a_call_is_answered_once_and_in_order(
            users in proptest::collection::vec(prop_oneof!["", "[ab]{1,2}", "x{250,260}"], 0..40)
        ) {
            let admission = Admission::of_users(&users);
            let asked: Vec<Result<String, UserFailure>> =
                admission.asked.iter().map(|place| Ok(users[*place].clone())).collect();
            let refused: Vec<usize> = admission.refused.iter().map(|(place, _)| *place).collect();
            let answers = admission.answers(asked);
            prop_assert_eq!(answers.len(), users.len());
            for (place, answer) in answers.iter().enumerate() {
                match answer {
                    Ok(user) => prop_assert_eq!(user, &users[place]),
                    Err(_) => prop_assert!(refused.contains(&place)),
                }
            }
        }
    }
}
