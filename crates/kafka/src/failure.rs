//! What can go wrong at the edge, and what it means for those who use it.

use rdkafka::error::KafkaError;
use thiserror::Error;

/// Why there is no edge, or why it has ended.
#[derive(Debug, Error)]
pub enum EdgeError {
    /// A setting can't be used. Never again with the same settings.
    #[error("the Kafka setting {name} can't be used: {problem}")]
    Setting {
        /// The field of [`KafkaSettings`](crate::KafkaSettings).
        name: &'static str,
        /// What it should be.
        problem: String,
    },
    /// What the settings ask for is not part of this program. Never again with this program.
    #[error(
        "this program was built without TLS and passwords for Kafka\nhint: build it with OpenSSL's headers there (Debian: libssl-dev) and the feature kafka-tls"
    )]
    WithoutTls,
    /// librdkafka refuses its configuration. Never again with the same settings.
    #[error("the Kafka client can't be made")]
    Client(#[source] KafkaError),
    /// No broker answered, or one answered that it can't. Again later.
    #[error(
        "no Kafka broker of {brokers} answered: {doing}\nhint: is the address right, does the listener there speak what `security` says, and is the password right?"
    )]
    Unreachable {
        /// As the settings name them.
        brokers: String,
        /// What was being done.
        doing: &'static str,
        /// What the client says.
        #[source]
        source: KafkaError,
    },
    /// A topic is missing. Again when somebody has made it.
    #[error(
        "the topic {topic:?} does not exist\nhint: let topics be created, or run: kafka-topics.sh --bootstrap-server {brokers} --create --topic {topic} --partitions 12"
    )]
    NoTopic {
        /// Its name.
        topic: String,
        /// As the settings name them.
        brokers: String,
    },
    /// A topic could not be made. Again when the reason is gone.
    #[error("the topic {topic:?} can't be created: {problem}")]
    NotCreated {
        /// Its name.
        topic: String,
        /// What the broker says.
        problem: String,
    },
    /// The client is at its end: nothing can be read or put out any more. A new edge may do.
    #[error("the Kafka client can't go on: {0}")]
    Fatal(String),
    /// A thread could not be started, or it ended without a word, which is a bug.
    #[error("a thread of the Kafka edge is not there")]
    Thread(#[source] Option<std::io::Error>),
}

/// What became of an output that was not put out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PutError {
    /// Nothing of it is there. Again now.
    #[error("the transaction was withdrawn: {0}")]
    Withdrawn(String),
    /// Nothing of it is there, and this instance no longer holds all its partitions. Never again: whoever holds them reads
    /// the records. An [`Event::Lost`](crate::Event::Lost) or [`Event::Revoked`](crate::Event::Revoked) comes, or came.
    #[error("the partitions are no longer held: {0}")]
    Fenced(String),
    /// Nothing of it is there, and never will be: this message is larger than a message may be. Put something shorter in
    /// its place.
    #[error(
        "a message of {bytes} bytes for {partition} at {offset} is larger than the {limit} that are allowed"
    )]
    TooLarge {
        /// Where its record is.
        partition: crate::Partition,
        /// Where its record is.
        offset: i64,
        /// Its key, value and headers.
        bytes: usize,
        /// As the settings say.
        limit: usize,
    },
    /// Nobody knows whether it is there. Close the edge, and read everything again from the committed offsets.
    #[error("whether the transaction was committed is not known: {0}")]
    Unknown(String),
}

/// What became of records that were sent to an intake topic.
#[derive(Debug, Error)]
pub enum IntakeError {
    /// Never: this record is larger than a message may be. None of the records was sent.
    #[error("a record of {bytes} bytes is larger than the {limit} that are allowed")]
    TooLarge {
        /// Which of them.
        place: usize,
        /// Its key and value.
        bytes: usize,
        /// As the settings say.
        limit: usize,
    },
    /// Some of the records may be there. Again later: what is there twice has different offsets.
    #[error("{missing} of {sent} records were not acknowledged by the brokers")]
    Unacknowledged {
        /// How many were given.
        sent: usize,
        /// How many of them may be missing.
        missing: usize,
        /// Why the first of them is.
        #[source]
        source: KafkaError,
    },
}
