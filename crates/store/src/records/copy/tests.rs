use crate::records::SqliteRecords;
use crate::records::copy::{CopyError, copy};
use crate::records::suite::{copying, made};
use crate::{Location, Store};
use proptest::prelude::*;
use std::sync::Arc;

fn empty() -> SqliteRecords {
    SqliteRecords::new(Arc::new(Store::open(&Location::Memory).unwrap()))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_copy_is_the_same_wherever_it_was_killed(seed: u64, most in 1_u64..25) {
        runtime().block_on(copying::a_copy_is_the_same_wherever_it_was_killed(&empty(), seed, most));
    }
}

#[tokio::test]
async fn a_second_copy_brings_nothing() {
    copying::a_second_copy_brings_nothing(&empty()).await;
}

#[tokio::test]
async fn a_copy_of_another_store_is_left_alone() {
    copying::a_copy_of_another_store_is_left_alone(&empty()).await;
}

#[tokio::test]
async fn what_differs_is_found_and_named() {
    copying::what_differs_is_found_and_named(&empty()).await;
}

#[tokio::test]
async fn a_store_with_records_of_its_own_is_left_alone() {
    let to = SqliteRecords::new(made::store(1, 3));
    let refused = copy(&SqliteRecords::new(made::store(2, 3)), &to, &|_, _| {}).await;
    assert!(matches!(refused, Err(CopyError::Occupied { .. })), "{refused:?}");
}
