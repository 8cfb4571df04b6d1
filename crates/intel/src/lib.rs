//! What is known of an address, a name, a URL, a hash or a CVE, and who says so.
//!
//! An alert names a handful of indicators, and most of what can be said about them is in lists that anyone may keep
//! on disk: block lists, trails of malware, exploited CVEs, and the known-good lists that keep an analyst from
//! chasing a public DNS resolver. Asking those first costs less than a microsecond and no API call, so it is done for
//! every indicator of every alert; services are for what is left.
//!
//! Sources disagree, and some say nothing. So the unit is the [`Statement`]: one source, one reputation, the entry
//! that matched, the evidence, and when. [`merge`] makes one [`Reputation`](watchfire_signal::Reputation) of any
//! number of statements by a table that is short enough to read ([`opinion`](Opinion)); the statements stay, so
//! that a verdict can cite them. A source that is not a list on disk takes part by making statements, with
//! `Limited`, `Failed` or `Stale` where it has no answer.
//!
//! [`Intel`] holds all lists. It is immutable: a changed file makes a new one, and whoever is working with the old
//! one keeps it until done. Lookups take no lock and allocate nothing.
//!
//! ```text
//! folders ─ survey ─→ files ─ lists::{plain, misp, kev} ─→ Builder ─→ Intel ─ lookup  ─→ Opinion
//!                                                                          └ explain ─→ Statements
//! ```

mod address;
mod build;
mod claim;
mod classify;
mod config;
mod defang;
mod entry;
mod intel;
mod lists;
mod lookup;
mod opinion;
pub mod services;
mod stats;
mod survey;
mod table;

pub use classify::classify;
pub use config::{ListConfig, ListProblem};
pub use intel::Intel;
pub use opinion::{Match, Opinion, Statement, merge};
pub use stats::{ListStats, Stats};
