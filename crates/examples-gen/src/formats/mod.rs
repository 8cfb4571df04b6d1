//! One writer per product: the shape of its records, in its own order of keys.
//!
//! A writer knows how the product prints, never what happens; what happens is told by [`crate::noise`] and
//! [`crate::stories`]. The shapes follow the products' documentation; the contents are made up here.

pub mod alertmanager;
pub mod cef;
pub mod cloudtrail;
pub mod ecs;
pub mod falco;
pub mod guardduty;
pub mod hayabusa;
pub mod ocsf;
pub mod suricata;
pub mod wazuh;
pub mod zeek;
