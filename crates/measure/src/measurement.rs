//! What comes in.

use watchfire_signal::Timestamp;

/// Bytes of a metric's name at most.
pub const MOST_METRIC_BYTES: usize = 128;
/// Bytes of an id at most.
pub const MOST_ID_BYTES: usize = 256;
/// Bytes of a unit at most.
pub const MOST_UNIT_BYTES: usize = 64;

/// A value of a metric of a user.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// What tells it from all others of its user and metric; without one, time and value do.
    pub id: Option<String>,
    /// Whose: 1 to 256 bytes.
    pub user: String,
    /// Of what: 1 to 128 bytes.
    pub metric: String,
    /// When.
    pub time: Timestamp,
    /// How much.
    pub value: f64,
    /// In what; without one, in the metric's base unit.
    pub unit: Option<String>,
}

impl Measurement {
    /// What is wrong with its names, if anything is.
    pub fn wrong(&self) -> Option<&'static str> {
        let too_long = |text: &Option<String>, most| text.as_ref().is_some_and(|text| text.len() > most);
        if self.user.is_empty() || self.user.len() > watchfire_store::measurements::MOST_USER_BYTES {
            Some("user is empty or longer than 256 bytes")
        } else if self.metric.is_empty() || self.metric.len() > MOST_METRIC_BYTES {
            Some("metric is empty or longer than 128 bytes")
        } else if too_long(&self.id, MOST_ID_BYTES) {
            Some("id is longer than 256 bytes")
        } else if too_long(&self.unit, MOST_UNIT_BYTES) {
            Some("unit is longer than 64 bytes")
        } else {
            None
        }
    }
}
