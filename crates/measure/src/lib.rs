//! Measurements of users, judged by filters: what to accept, what to reject, and why.
//!
//! A measurement is a value of a metric of a user at a time. For each user and metric a Kalman filter knows what to expect next
//! ([`filter`]); a value that is too far from it is rejected with a reason, one that stays is believed in the end. All that is known of a user is
//! one value in a store ([`state`]), versioned and the same bytes on every store. Batches of many users are judged with one read
//! and one write ([`batch`]). [`read`] reads NDJSON and CSV. The equations, their sources and units are in `docs/measurements.md`.

pub mod batch;
pub mod filter;
pub mod measurement;
pub mod read;
pub mod settings;
pub mod state;

pub use batch::{Answer, BatchSettings, DeadLetter, Engine, Failure, Judged};
pub use filter::{Band, Judgement, Model, Outcome, Reason};
pub use measurement::Measurement;
pub use settings::{Conversion, MeasureSettings, MetricSettings, Noise, SettingsError};
pub use state::{Point, Series, StateError, UserState};
