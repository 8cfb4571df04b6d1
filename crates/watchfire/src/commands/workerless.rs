//! `watchfire worker` in a program that was built without Kafka.

use crate::cli::{Common, Worker};
use crate::exit::{Problem, Status};

pub(super) fn run(_: &Common, _: &Worker) -> Result<Status, Problem> {
    Err(Problem::usage(
        "this program was built without Kafka",
        "build it with cargo build --release --features kafka, where a C compiler and make are there",
    ))
}
