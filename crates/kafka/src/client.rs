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

/// Characters of a text by the library or a broker that go into the log.
const MOST_LOGGED: usize = 500;

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
        log_error(&error, reason);
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
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Logged;

impl ClientContext for Logged {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        log(level, facility, text);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        log_error(&error, reason);
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

fn log_error(error: &KafkaError, reason: &str) {
    let reason = plain(reason);
    if is_passing(error.rdkafka_error_code()) {
        tracing::warn!("Kafka: {reason}");
    } else {
        tracing::error!("Kafka: {} ({reason})", plain(&error.to_string()));
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
