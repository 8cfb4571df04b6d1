//! The edge to Kafka: alerts come in from topics, verdicts and dead letters go out to topics, each exactly once.
//!
//! [`Edge`] is one instance's membership in a consumer group. It says what happens as [`Event`]s: which partitions are held
//! and from where on, their records, and when they go. What is made of the records goes out by [`Edge::put_out`], in one
//! Kafka transaction with the offsets that say that they are done (KIP-98, KIP-447): after a kill at any moment, either all
//! of an [`Output`] is there or nothing, and what is there is never read again.
//!
//! [`Watermark`](watchfire_flow::Watermark) says what those offsets are where records get done out of order. [`Intake`] puts records into a topic.
//!
//! The client is librdkafka, which is built with this crate: it needs a C compiler, make and bash, and nothing of the
//! system. The feature `tls` adds TLS and passwords; that needs OpenSSL's headers and pkg-config (Debian: libssl-dev,
//! pkg-config).
//!
//! ```text
//!                    ┌─ kafka-reader ── polls ▸ events, bounded ─▶ whoever holds the edge
//!  brokers ◀─ librdkafka ─ kafka-members                                 │
//!                    └─ kafka-writer ── one transaction at a time ◀──────┘ put_out
//! ```

mod client;
mod edge;
mod failure;
mod holding;
mod intake;
mod members;
mod reading;
mod record;
mod settings;
mod starts;
mod topics;
mod writing;

pub use edge::Edge;
pub use failure::{EdgeError, IntakeError, PutError};
pub use intake::Intake;
pub use record::{DeadLetter, Event, Message, Output, Partition, Record, Start};
pub use settings::{KafkaSettings, Mechanism, Sasl, Security, Tls};
pub use topics::ensure_topics;
