//! What every store of records promises, as tests that run on any of them.
//!
//! One function for each promise: it takes a store that has nothing yet, and panics where the promise is broken.
//! [`records_suite!`](crate::records_suite) makes a test of each. What a store that takes copies promises is in [`copying`].

pub mod asked;
pub mod copying;
pub mod judged;
pub mod kept;
pub mod made;

use super::{RecordError, Records};
use std::any::Any;
use std::future::Future;

/// A store that has nothing yet, for one test.
pub struct Fresh {
    /// The store.
    pub store: Box<dyn Records>,
    /// What has to live as long as the test.
    pub keep: Box<dyn Any + Send>,
}

/// Makes a test of each promise: `records_suite!(make)`, where `make` is an async function without arguments that returns
/// `Option<`[`Fresh`]`>`: `None`, and a word on standard error, where the server that it needs is not there.
#[macro_export]
macro_rules! records_suite {
    ($make:path) => {
        $crate::records_suite!($make:
            judged::a_source_is_known_by_how_it_begins,
            judged::what_was_written_is_found_by_id_by_search_and_in_the_queue,
            judged::the_same_chunk_twice_is_there_once,
            judged::a_source_that_was_edited_says_what_it_says_now,
            judged::pages_of_a_search_meet_each_alert_once,
            judged::pages_of_the_queue_meet_each_pattern_once_in_every_order,
            judged::an_analysts_word_moves_all_alerts_and_can_be_taken_back,
            judged::a_late_answer_moves_its_alerts,
            asked::an_answer_takes_the_decisions_place_and_its_question_away_and_is_paid_for,
            asked::a_batch_ends_once_and_is_paid_for_once,
            asked::secrets_stay_and_budgets_are_found_again,
            asked::what_services_and_lists_said_is_kept_and_forgotten,
            asked::what_is_learned_from_is_told_in_order,
            kept::dead_letters_wait_until_they_are_tried_or_dropped,
            kept::measurements_that_fail_again_are_the_same_letter,
            kept::requests_are_known_again_and_forgotten,
            kept::tokens_hold_until_they_are_revoked,
            kept::runs_and_choices_are_read_back,
            kept::deliveries_go_in_order_within_their_bounds,
        );
    };
    ($make:path: $($group:ident :: $promise:ident),+ $(,)?) => {
        $(
            #[tokio::test]
            async fn $promise() {
                let made: Option<$crate::records::suite::Fresh> = $make().await;
                let Some(fresh) = made else { return };
                $crate::records::suite::$group::$promise(&*fresh.store).await;
                drop(fresh);
            }
        )+
    };
}

/// What a call answered, which must not fail.
pub(crate) async fn ok<T>(call: impl Future<Output = Result<T, RecordError>>) -> T {
    match call.await {
        Ok(answer) => answer,
        Err(error) => panic!("{error}: {error:?}"),
    }
}
