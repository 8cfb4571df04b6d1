//! `[server] intake = "kafka"` in a program that was built without Kafka.

use crate::config::{IntakeKind, Settings};
use crate::exit::Problem;
use std::future::Pending;
use std::sync::Arc;
use watchfire_engine::service::{Forward, ForwardRecord, Sending};

/// There is none.
pub(super) enum Forwarder {}

pub(super) fn open(settings: &Settings) -> Result<Option<Arc<Forwarder>>, Problem> {
    match settings.server.intake {
        IntakeKind::Store => Ok(None),
        IntakeKind::Kafka => settings.intake_is_named().and(Err(Problem::usage(
            "[server] intake: this program was built without Kafka",
            "build it with cargo build --release --features kafka, where a C compiler and make are there",
        ))),
    }
}

pub(super) fn described(settings: &Settings) -> Result<Option<String>, Problem> {
    open(settings).map(|_| None)
}

impl Forwarder {
    pub(super) fn connect(&self) -> Pending<()> {
        match *self {}
    }
}

impl Forward for Forwarder {
    fn most_bytes(&self) -> usize {
        match *self {}
    }

    fn is_ready(&self) -> bool {
        match *self {}
    }

    fn send(&self, _: Vec<ForwardRecord>) -> Sending<'_> {
        match *self {}
    }
}
