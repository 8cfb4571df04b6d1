//! What librdkafka says goes into the log, and rebalances are noted for the thread that polls.
//!
//! The library would like partitions to be taken and given up inside of its callback. Here they are only noted: where to
//! start is asked of brokers, and what is under way is waited for, both of which take longer than a callback may. Until the
//! answer the library waits, and polling goes on.

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::ProducerContext;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use watchfire_flow::{Clock as _, SystemClock};

/// Characters of a text by the library or a broker that go into the log.
const MOST_LOGGED: usize = 500;

/// A failure of connections that goes on is said again only so long after it was said.
const AGAIN: Duration = Duration::from_secs(30);

/// A consumer as the edge has it.
pub(crate) type Consumer = BaseConsumer<ConsumerNotes>;

/// What the group's coordinator wants.
pub(crate) enum Rebalance {
    /// Take these as well.
    Assign(TopicPartitionList),
    /// Give these up.
    Revoke {
        partitions: TopicPartitionList,
        /// They are gone already.
        lost: bool,
    },
}

/// What happened while the consumer was polled.
#[derive(Default)]
pub(crate) struct ConsumerNotes {
    rebalances: Mutex<VecDeque<Rebalance>>,
    /// The consumer is being closed: whatever is to be given up is, at once.
    pub(crate) closing: AtomicBool,
    said: Said,
}

impl ConsumerNotes {
    pub(crate) fn next_rebalance(&self) -> Option<Rebalance> {
        self.rebalances.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

impl ClientContext for ConsumerNotes {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        log(level, facility, text);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.said.log(&error, reason);
    }
}

impl ConsumerContext for ConsumerNotes {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        kind: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        let assign = kind == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        if self.closing.load(Ordering::SeqCst) {
            let done = if assign {
                consumer.incremental_assign(partitions)
            } else {
                consumer.incremental_unassign(partitions)
            };
            if let Err(error) = done {
                tracing::debug!(error = %plain(&error.to_string()), "a partition was not given up while closing");
            }
            return;
        }
        let partitions = partitions.clone();
        let rebalance = if assign {
            Rebalance::Assign(partitions)
        } else {
            Rebalance::Revoke { partitions, lost: consumer.assignment_lost() }
        };
        self.rebalances.lock().unwrap_or_else(PoisonError::into_inner).push_back(rebalance);
    }
}

/// A producer's, or an administrator's. What became of a message is seen when its transaction is committed.
#[derive(Debug, Default)]
pub(crate) struct Logged {
    said: Said,
}

impl ClientContext for Logged {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        log(level, facility, text);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.said.log(&error, reason);
    }
}

impl ProducerContext for Logged {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &DeliveryResult<'_>, (): Self::DeliveryOpaque) {}
}

fn log(level: RDKafkaLogLevel, facility: &str, text: &str) {
    let text = plain(text);
    match level {
        RDKafkaLogLevel::Emerg
        | RDKafkaLogLevel::Alert
        | RDKafkaLogLevel::Critical
        | RDKafkaLogLevel::Error => tracing::error!(facility, "Kafka client: {text}"),
        RDKafkaLogLevel::Warning => tracing::warn!(facility, "Kafka client: {text}"),
        // That a connection was closed, or made, is what idle ones are for.
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => {
            tracing::debug!(facility, "Kafka client: {text}");
        }
    }
}

/// Which failure of connections was said last, and when: the client tells of one every second or two for as long as it lasts.
#[derive(Debug, Default)]
struct Said {
    clock: SystemClock,
    last: Mutex<Option<(RDKafkaErrorCode, Duration)>>,
}

impl Said {
    fn log(&self, error: &KafkaError, reason: &str) {
        let reason = plain(reason);
        let Some(code) = error.rdkafka_error_code().filter(|code| is_passing(Some(*code))) else {
            tracing::error!("Kafka: {} ({reason})", plain(&error.to_string()));
            return;
        };
        if self.is_news(code) {
            tracing::warn!("Kafka: {reason}; it is tried again");
        } else {
            tracing::debug!("Kafka: {reason}");
        }
    }

    fn is_news(&self, code: RDKafkaErrorCode) -> bool {
        let now = self.clock.elapsed();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = !matches!(*last, Some((said, at)) if said == code && now.saturating_sub(at) < AGAIN);
        if is_news {
            *last = Some((code, now));
        }
        is_news
    }
}

/// Errors of connections, which the client gets over by itself.
pub(crate) fn is_passing(code: Option<RDKafkaErrorCode>) -> bool {
    matches!(
        code,
        Some(
            RDKafkaErrorCode::AllBrokersDown
                | RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::Resolve
                | RDKafkaErrorCode::OperationTimedOut
                | RDKafkaErrorCode::WaitingForCoordinator
                | RDKafkaErrorCode::CoordinatorNotAvailable
                | RDKafkaErrorCode::CoordinatorLoadInProgress
                | RDKafkaErrorCode::NotCoordinator
                | RDKafkaErrorCode::NetworkException
                | RDKafkaErrorCode::RequestTimedOut
        )
    )
}

/// As it may be logged and shown: brokers write some of it.
pub(crate) fn plain(text: &str) -> String {
    text.chars().take(MOST_LOGGED).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::Said;
    use rdkafka::error::RDKafkaErrorCode;

    #[test]
    fn a_failure_that_goes_on_is_said_once_in_a_while_and_another_one_at_once() {
        let said = Said::default();
        assert!(said.is_news(RDKafkaErrorCode::AllBrokersDown));
        assert!(!said.is_news(RDKafkaErrorCode::AllBrokersDown));
        assert!(said.is_news(RDKafkaErrorCode::Resolve));
        assert!(said.is_news(RDKafkaErrorCode::AllBrokersDown));
        assert!(said.is_news(RDKafkaErrorCode::Resolve));
    }
}
