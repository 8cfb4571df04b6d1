//! How many members the group has: asked of its coordinator now and then, told when it changes.

use crate::client::{Consumer, plain};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use rdkafka::consumer::Consumer as _;
use std::sync::Arc;
use std::time::Duration;

/// For the coordinator's answer.
const ANSWER: Duration = Duration::from_secs(5);

/// Until `stop` is dropped. What can't be found out now may be the next time.
pub(crate) fn watch(
    consumer: Arc<Consumer>,
    group: &str,
    every: Duration,
    stop: &Receiver<()>,
    members: &Sender<usize>,
) {
    let mut last = 0;
    loop {
        match consumer.fetch_group_list(Some(group), ANSWER) {
            Ok(groups) => {
                let now = groups.groups().first().map_or(0, |group| group.members().len());
                // None, since this one has not joined yet, is nothing to act upon.
                if now != last && now > 0 && members.try_send(now).is_ok() {
                    last = now;
                }
            }
            Err(error) => {
                tracing::debug!("the group's members can't be counted: {}", plain(&error.to_string()));
            }
        }
        if stop.recv_timeout(every) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}
